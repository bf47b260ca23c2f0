/* A question on the terminal. */
#include "cli/prompt.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define QUIET_MS 400  /* without a byte, before keys count */
#define FENCE_MS 1500 /* for a terminal that gives no sign */
#define ENTER	 '\r'

/*
 * Whatever state the space has left the terminal in: an escape sequence that has no end, a string
 * that swallows text, another set of characters, invisible writing, a part of the screen that
 * scrolls. Ends in a new line.
 */
static const char reset[] = "\x18\x1b\\" /* what has begun ends */
			    "\x1b"
			    "7\x1b[r\x1b"
			    "8" /* the whole screen, where we are */
			    "\x0f\x1b(B\x1b[0m\x1b[?25h\x1b[?7h\r\n"; /* plain and visible */
/* Terminals answer in order: what comes before this sign was sent for others. */
static const char ask_sign[] = "\x1b[5n";
static const char sign[] = "\x1b[0n";

static const struct {
	char letter;
	enum prompt_answer answer;
	const char *echo;
} choices[] = {
    {'o', PROMPT_ONCE, "once"},
    {'r', PROMPT_RUN, "in this run"},
    {'a', PROMPT_ALWAYS, "always"},
    {'d', PROMPT_DENY, "deny"},
    {'n', PROMPT_NEVER, "never in this run"},
    {'q', PROMPT_NOTHING, "nothing more in this run"},
};

static void print(const struct prompt *prompt, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(prompt->terminal->user, text, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

static void print_text(const struct prompt *prompt, const char *text)
{
	print(prompt, text, strlen(text));
}

void prompt_say(const struct prompt *prompt, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		print(prompt, text, n);
		print_text(prompt, "\r\n");
		text += n + (text[n] == '\n');
	}
}

static void set_clock(const struct prompt *prompt, unsigned ms)
{
	const struct itimerspec time = {
	    .it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}};

	timerfd_settime(prompt->clock, 0, &time, NULL);
}

/* From the beginning: keys count when it has been quiet. */
static void disarm(struct prompt *prompt)
{
	prompt->quiet = false;
	prompt->letter = 0;
	set_clock(prompt, prompt->fenced ? QUIET_MS : FENCE_MS);
}

bool prompt_show(struct prompt *prompt, struct terminal *terminal, const char *text, bool always)
{
	struct pollfd poller = {.fd = terminal->user, .events = POLLOUT};

	if (terminal->user < 0 || poll(&poller, 1, 0) != 1 || !(poller.revents & POLLOUT) ||
	    !terminal_hold(terminal))
		return false;
	*prompt = (struct prompt){.terminal = terminal, .shown = true, .always = always};
	prompt->clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	print(prompt, reset, sizeof(reset) - 1);
	prompt_say(prompt, text);
	print_text(prompt, "        [o]nce  in this [r]un  ");
	print_text(prompt, always ? "[a]lways  " : "");
	prompt_say(prompt, "[d]eny  [n]ever in this run  [q]uiet: nothing more in this run");
	print_text(prompt, "        a letter, and Enter: ");
	print_text(prompt, ask_sign);
	disarm(prompt);
	return true;
}

/* Does the byte go on with the sign? */
static void watch_for_sign(struct prompt *prompt, char byte)
{
	if (prompt->fenced)
		return;
	prompt->sign = byte == sign[prompt->sign] ? prompt->sign + 1 : byte == sign[0];
	prompt->fenced = prompt->sign == sizeof(sign) - 1;
}

static enum prompt_answer take_key(struct prompt *prompt, char key)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		bool offered = choices[i].answer != PROMPT_ALWAYS || prompt->always;

		if (prompt->letter && (key == ENTER || key == '\n') &&
		    choices[i].letter == prompt->letter)
			return choices[i].answer;
		if (!prompt->letter && key == choices[i].letter && offered) {
			prompt->letter = key;
			print_text(prompt, choices[i].echo);
			return PROMPT_NONE;
		}
	}
	if (prompt->letter)
		print_text(prompt, "\r\n        a letter, and Enter: ");
	disarm(prompt);
	return PROMPT_NONE;
}

enum prompt_answer prompt_take_keys(struct prompt *prompt)
{
	char keys[256];
	ssize_t n = read(prompt->terminal->user, keys, sizeof(keys));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return PROMPT_NONE;
	if (n <= 0)
		return PROMPT_DENY; /* it is gone */
	if (n == 1 && keys[0] == 3)
		return PROMPT_INTERRUPT;
	for (ssize_t i = 0; i < n; i++)
		watch_for_sign(prompt, keys[i]);
	/* More than a byte at once was pasted, or sent by a key that is none of ours, or by the
	 * terminal. */
	if (prompt->quiet && n == 1)
		return take_key(prompt, keys[0]);
	disarm(prompt);
	return PROMPT_NONE;
}

void prompt_take_clock(struct prompt *prompt)
{
	uint64_t times;

	if (read(prompt->clock, &times, sizeof(times)) != sizeof(times))
		return;
	if (!prompt->fenced) {
		/* It gives none. */
		prompt->fenced = true;
		disarm(prompt);
		return;
	}
	prompt->quiet = true;
}

void prompt_end(struct prompt *prompt)
{
	if (!prompt->shown)
		return;
	prompt->shown = false;
	if (prompt->clock >= 0)
		close(prompt->clock);
	prompt->clock = -1;
	terminal_release(prompt->terminal);
}
