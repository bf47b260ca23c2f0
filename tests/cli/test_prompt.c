/* The prompt, with a pseudo-terminal as the user's: which bytes are an answer, and which are not.
 */
#include "cli/prompt.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct terminal terminal;
static struct prompt prompt;
static int person = -1; /* the terminal's other side */
static char screen[8192];

static int open_terminal(int *slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios raw;

	cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	*slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	cr_assert(*slave >= 0 && tcgetattr(*slave, &raw) == 0);
	cfmakeraw(&raw);
	cr_assert_eq(tcsetattr(*slave, TCSANOW, &raw), 0);
	return master;
}

/* Reads until that has come: a terminal may hand on what is written in pieces. */
static void read_screen(const char *wanted)
{
	struct pollfd poller = {.fd = person, .events = POLLIN};
	size_t len = 0;

	memset(screen, 0, sizeof(screen));
	while (!strstr(screen, wanted) && poll(&poller, 1, 5000) > 0) {
		ssize_t n = read(person, screen + len, sizeof(screen) - 1 - len);

		cr_assert(n > 0);
		len += (size_t)n;
	}
}

static void show(bool always)
{
	int spare;

	terminal = (struct terminal){.own = true, .keyboard = true, .raw = true, .clock = -1};
	terminal.in.pidfd = terminal.out.pidfd = terminal.slave = -1;
	person = open_terminal(&terminal.user);
	terminal.master = open_terminal(&spare);
	cr_assert_eq(write(person, "o\r", 2), 2, "typed before");
	usleep(20000);
	cr_assert(prompt_show(&prompt, &terminal, "cordon: asked for x\n", always));
	read_screen("asked for x\r\n");
}

static void end(void)
{
	close(terminal.master);
	terminal.master = -1; /* no pump is to be started */
	prompt_end(&prompt);
	cr_assert_not(terminal.held);
	close(terminal.user);
	close(person);
}

/* Lets time pass as the keeper does; the answer of whatever comes. */
static enum prompt_answer pass(int ms)
{
	enum prompt_answer answer = PROMPT_NONE;

	for (; ms > 0 && answer == PROMPT_NONE; ms -= 10) {
		struct pollfd pollers[2] = {{.fd = terminal.user, .events = POLLIN},
					    {.fd = prompt.clock, .events = POLLIN}};

		if (poll(pollers, 2, 10) <= 0)
			continue;
		if (pollers[1].revents)
			prompt_take_clock(&prompt);
		if (pollers[0].revents)
			answer = prompt_take_keys(&prompt);
	}
	return answer;
}

static enum prompt_answer types(const char *bytes)
{
	cr_assert_eq(write(person, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	return pass(50);
}

/* A terminal that gives its sign, and is quiet. */
static void settle(void)
{
	cr_assert_eq(types("\x1b[0n"), PROMPT_NONE);
	cr_assert_eq(pass(500), PROMPT_NONE);
}

Test(prompt, a_letter_and_enter_are_an_answer, .timeout = 20)
{
	static const struct {
		const char *letter;
		enum prompt_answer answer;
	} cases[] = {{"o", PROMPT_ONCE}, {"r", PROMPT_RUN},   {"a", PROMPT_ALWAYS},
		     {"d", PROMPT_DENY}, {"n", PROMPT_NEVER}, {"q", PROMPT_NOTHING}};

	for (unsigned i = 0; i < 6; i++) {
		show(true);
		settle();
		cr_expect_eq(types(cases[i].letter), PROMPT_NONE);
		cr_expect_eq(types("\r"), cases[i].answer, "%s", cases[i].letter);
		end();
	}
}

Test(prompt, what_was_typed_before_is_thrown_away, .timeout = 20)
{
	show(true);
	cr_expect_eq(pass(2500), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_NONE);
	end();
}

Test(prompt, nothing_counts_before_the_terminal_is_quiet, .timeout = 20)
{
	show(true);
	cr_expect_eq(types("o"), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_NONE);
	cr_expect_eq(types("\x1b[0n"), PROMPT_NONE);
	cr_expect_eq(types("o"), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_NONE);
	cr_expect_eq(pass(500), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_NONE, "the letter was before");
	end();
}

Test(prompt, a_terminal_without_a_sign_is_waited_for, .timeout = 20)
{
	show(true);
	cr_expect_eq(pass(1000), PROMPT_NONE);
	cr_expect_eq(types("o"), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_NONE, "too soon");
	cr_expect_eq(pass(2200), PROMPT_NONE);
	cr_expect_eq(types("o"), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_ONCE);
	end();
}

Test(prompt, what_comes_at_once_is_no_answer, .timeout = 20)
{
	static const char *const bursts[] = {"o\r", "oo\r", "\x1b]lo\r\x1b\\", "o\ro\r", "yes\r"};

	for (unsigned i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		show(true);
		settle();
		cr_expect_eq(types(bursts[i]), PROMPT_NONE, "%u", i);
		cr_expect_eq(types("\r"), PROMPT_NONE, "%u", i);
		end();
	}
}

Test(prompt, other_keys_are_no_answer, .timeout = 20)
{
	show(false);
	settle();
	cr_expect_eq(types("y"), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_NONE);
	cr_expect_eq(pass(500), PROMPT_NONE);
	cr_expect_eq(types("a"), PROMPT_NONE, "not offered");
	cr_expect_eq(types("\r"), PROMPT_NONE);
	cr_expect_eq(pass(500), PROMPT_NONE);
	cr_expect_eq(types("o"), PROMPT_NONE);
	cr_expect_eq(types("x"), PROMPT_NONE);
	cr_expect_eq(types("\r"), PROMPT_NONE, "taken back");
	cr_expect_eq(types("\3"), PROMPT_INTERRUPT);
	end();
}

Test(prompt, is_plain_whatever_the_space_has_left, .timeout = 20)
{
	char *text;

	show(true);
	text = strstr(screen, "cordon: asked for x\r\n");
	cr_assert_not_null(text);
	cr_assert_eq(screen[0], '\x18', "what has begun ends");
	cr_assert(strstr(screen, "\x1b\\") < text);
	cr_assert(strstr(screen, "\x1b[0m") < text);
	cr_assert(strstr(screen, "\x1b(B") < text);
	end();
}

Test(prompt, is_not_shown_where_the_space_has_no_terminal_of_its_own)
{
	terminal = (struct terminal){.user = 0, .keyboard = true};
	cr_assert_not(terminal_hold(&terminal));
}
