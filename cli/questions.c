/* Questions. */
#include "cli/questions.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remember.h"

#define COMMAND_MS 60000 /* for an answer of the command's */
#define SETTLE_MS  50	 /* for what the space has printed to be on the screen */
#define RETRY_MS   250	 /* until the terminal is ours */
#define BROKER_MS  3000	 /* from an answer for once to the broker being asked */

static const char *const words[] = {[PROMPT_ONCE] = "once",
				    [PROMPT_RUN] = "run",
				    [PROMPT_ALWAYS] = "always",
				    [PROMPT_DENY] = "deny",
				    [PROMPT_NEVER] = "never",
				    [PROMPT_NOTHING] = "nothing",
				    NULL};

bool questions_can_ask(const struct run *run)
{
	return run->ask_command || (run->terminal.own && run->terminal.keyboard);
}

void questions_init(struct questions *q, struct run *run, const struct report_view *view)
{
	*q = (struct questions){.run = run,
				.view = view,
				.answers = run->network.answers_written,
				.prompt.clock = -1,
				.output = -1,
				.clock = -1};
}

static void set_clock(struct questions *q, unsigned ms)
{
	const struct itimerspec time = {
	    .it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}};

	if (q->clock < 0)
		q->clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	timerfd_settime(q->clock, 0, &time, NULL);
}

/* ---- what is asked ---- */

static struct mon_question number_of(const struct report_question *question)
{
	return (struct mon_question){.message = question->message, .part = question->part};
}

static void add_line(struct cd_buf *out, const char *head, const char *text, size_t len)
{
	cd_buf_str(out, head);
	cd_buf_visible(out, text, len);
}

static bool rule_of(const struct questions *q, const struct report_question *question,
		    struct mon_rule *rule)
{
	const struct mon_table *table = q->view->policy->table;

	*rule = (struct mon_rule){.pattern = "", .source = "", .pointer = ""};
	if (question->about.rule >= mon_table_count(table))
		return false;
	mon_table_rule(table, question->about.rule, rule);
	return true;
}

/* The object's name, as it is written. */
static size_t object_of(const struct questions *q, const struct report_question *question,
			char text[2 * CD_PATH_MAX])
{
	struct cd_buf raw;

	cd_buf_init(&raw, text, 2 * CD_PATH_MAX);
	report_field(q->view, &question->about, REPORT_FIELD_OBJECT, &raw);
	return raw.len;
}

static void describe(const struct questions *q, const struct report_question *question,
		     struct cd_buf *out)
{
	char text[2 * CD_PATH_MAX];
	const size_t len = object_of(q, question, text);
	struct mon_rule rule;

	cd_buf_fmt(out, "cordon: asked for %s ", cd_op_name((enum cd_op)question->about.op));
	cd_buf_visible(out, text, len);
	add_line(out, "\n        by ", question->program, question->program_len);
	cd_buf_fmt(out, "%s (process %d)", question->program_len ? "" : "a program", question->pid);
	if (rule_of(q, question, &rule)) {
		add_line(out, ", as rule ", rule.pointer, strlen(rule.pointer));
		add_line(out, " of ", rule.source, strlen(rule.source));
		cd_buf_str(out, " wants");
	}
	cd_buf_str(out, "\n");
}

/* ---- answers ---- */

static void drop(struct questions *q, size_t at)
{
	free(q->queue[at]);
	memmove(&q->queue[at], &q->queue[at + 1], (--q->count - at) * sizeof(q->queue[0]));
}

static bool is_net(enum cd_op op)
{
	return cd_op_table[op].kind == CD_OBJECT_ADDRESS;
}

/* What stands now answers others that wait, too. */
static void settle(struct questions *q)
{
	for (size_t i = 1; i < q->count;) {
		struct report_question *other = q->queue[i];
		struct cd_object object = report_object(&other->about);
		enum mon_verdict verdict = mon_answers_find(
		    q->answers, q->run->network.names, (enum cd_op)other->about.op, &object, false);

		if (verdict == MON_ASK) {
			i++;
			continue;
		}
		mon_question_close(q->answers, number_of(other), verdict == MON_ALLOW);
		drop(q, i);
	}
}

static void say(const struct questions *q, const char *text)
{
	if (q->prompt.shown) {
		prompt_say(&q->prompt, text);
		return;
	}
	for (; *text; text++) {
		if (*text == '\n' && *q->view->raw)
			fputc('\r', stderr);
		fputc(*text, stderr);
	}
}

/* The answer to the first one. */
static void answer(struct questions *q, enum prompt_answer given)
{
	struct report_question *question = q->queue[0];
	struct cd_object object = report_object(&question->about);
	enum cd_op op = (enum cd_op)question->about.op;
	bool allow = given == PROMPT_ONCE || given == PROMPT_RUN || given == PROMPT_ALWAYS;
	bool stands = given == PROMPT_RUN || given == PROMPT_ALWAYS || given == PROMPT_NEVER;
	char text[4 * CD_PATH_MAX];
	struct cd_buf out;

	cd_buf_init(&out, text, sizeof(text));
	if (given == PROMPT_ALWAYS)
		remember_always(q->run->policy_path, op, &object, &out);
	q->mute |= given == PROMPT_NOTHING;
	if (stands && !mon_answers_add(q->answers, op, &object, allow, 0))
		cd_buf_str(&out,
			   "cordon: there is no room for more answers: this one is for once\n");
	if (allow && is_net(op))
		mon_answers_add(q->answers, op, &object, true, BROKER_MS);
	mon_question_close(q->answers, number_of(question), allow);
	if (q->prompt.shown)
		say(q, "\n");
	if (out.len)
		say(q, text);
	if (stands)
		settle(q);
	drop(q, 0);
}

/* ---- a command ---- */

static void add_json(struct cd_buf *out, const char *name, const char *text, size_t len)
{
	cd_buf_fmt(out, "\"%s\":\"", name);
	cd_buf_json(out, text, len);
	cd_buf_str(out, "\",");
}

static void describe_json(const struct questions *q, const struct report_question *question,
			  struct cd_buf *out)
{
	char text[2 * CD_PATH_MAX];
	const size_t len = object_of(q, question, text);
	struct mon_rule rule;

	rule_of(q, question, &rule);
	cd_buf_fmt(out, "{\"v\":1,\"op\":\"%s\",", cd_op_name((enum cd_op)question->about.op));
	add_json(out, "object", text, len);
	add_json(out, "program", question->program, question->program_len);
	add_json(out, "policy", q->view->policy->name, strlen(q->view->policy->name));
	add_json(out, "pattern", rule.pattern, strlen(rule.pattern));
	add_json(out, "source", rule.source, strlen(rule.source));
	add_json(out, "pointer", rule.pointer, strlen(rule.pointer));
	cd_buf_fmt(out,
		   "\"pid\":%d,\"answers\":[\"once\",\"run\",%s\"deny\",\"never\",\"nothing\"]}\n",
		   question->pid, q->run->policy_path ? "\"always\"," : "");
}

static _Noreturn void run_command(const char *command, int input, int output)
{
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0)
		_exit(CLI_FAILED);
	syscall(SYS_close_range, 3, ~0U, 0);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(CLI_NOT_FOUND);
}

static bool start_command(struct questions *q)
{
	static char text[14 * CD_PATH_MAX];
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	struct cd_buf json;
	bool ok = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0;

	cd_buf_init(&json, text, sizeof(text));
	describe_json(q, q->queue[0], &json);
	/* It fits the pipe, so nobody has to read it first. */
	ok = ok && !json.cut && json.len < 65536 &&
	     write(in[1], text, json.len) == (ssize_t)json.len;
	q->pid = ok ? fork() : -1;
	if (q->pid == 0)
		run_command(q->run->ask_command, in[0], out[1]);
	for (int i = 0; i < 2; i++)
		if (in[i] >= 0)
			close(in[i]);
	if (out[1] >= 0)
		close(out[1]);
	if (q->pid < 0) {
		if (out[0] >= 0)
			close(out[0]);
		q->pid = 0;
		return false;
	}
	q->output = out[0];
	q->word_len = 0;
	set_clock(q, COMMAND_MS);
	return true;
}

static void end_command(struct questions *q)
{
	if (!q->pid)
		return;
	/* With all that it has started. */
	kill(-q->pid, SIGKILL);
	kill(q->pid, SIGKILL);
	while (waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(q->output);
	q->output = -1;
	q->pid = 0;
	set_clock(q, 0);
}

/* Anything but a word that is an answer is a denial. */
static enum prompt_answer answer_of(const struct questions *q)
{
	for (int i = PROMPT_ONCE; i <= PROMPT_NOTHING; i++)
		if (strlen(words[i]) == q->word_len && !memcmp(words[i], q->word, q->word_len))
			return i == PROMPT_ALWAYS && !q->run->policy_path ? PROMPT_DENY : i;
	return PROMPT_DENY;
}

/* ---- one after another ---- */

static void next(struct questions *q)
{
	while (q->count && !q->pid && !q->prompt.shown) {
		if (!q->mute && !q->run->ask_command) {
			set_clock(q, SETTLE_MS);
			return;
		}
		if (q->mute || !start_command(q))
			answer(q, PROMPT_DENY);
	}
}

/* What was printed before the question has come to the screen. */
static void show(struct questions *q)
{
	static char text[12 * CD_PATH_MAX];
	struct cd_buf out;

	cd_buf_init(&out, text, sizeof(text));
	describe(q, q->queue[0], &out);
	if (out.cut) {
		answer(q, PROMPT_DENY);
		next(q);
	} else if (!prompt_show(&q->prompt, &q->run->terminal, text, q->run->policy_path)) {
		set_clock(q, RETRY_MS);
	}
}

static void take_question(struct questions *q, const struct report_question *question, size_t size)
{
	struct report_question *copy;
	struct cd_object object;

	if (size < offsetof(struct report_question, about) ||
	    question->program_len >= sizeof(question->program) ||
	    !report_is_well_formed(&question->about,
				   size - offsetof(struct report_question, about)) ||
	    q->count == MON_QUESTIONS_MAX || !(copy = calloc(1, sizeof(*copy))))
		return;
	memcpy(copy, question, size);
	object = report_object(&copy->about);
	/* Nobody is to be bothered with what the rules do not ask about. */
	if (!network_asks(&q->run->network, (enum cd_op)copy->about.op, &object) ||
	    !mon_question_open(q->answers, number_of(question))) {
		free(copy);
		return;
	}
	q->queue[q->count++] = copy;
	next(q);
}

static void withdraw(struct questions *q, const struct report_question *question)
{
	for (size_t i = 0; i < q->count; i++) {
		if (q->queue[i]->message != question->message ||
		    q->queue[i]->part != question->part)
			continue;
		mon_question_close(q->answers, number_of(question), false);
		if (i == 0) {
			end_command(q);
			if (q->prompt.shown)
				prompt_say(&q->prompt, "\ncordon: it was withdrawn");
			prompt_end(&q->prompt);
		}
		drop(q, i);
		next(q);
		return;
	}
}

void questions_take(struct questions *q, const struct report_question *question, size_t size)
{
	if (!q->answers || size < offsetof(struct report_question, program))
		return;
	if (question->kind == REPORT_QUESTION)
		take_question(q, question, size);
	else
		withdraw(q, question);
}

/* ---- what the keeper waits for ---- */

int questions_output(const struct questions *q)
{
	return q->output;
}

int questions_clock(const struct questions *q)
{
	return q->prompt.shown ? q->prompt.clock : q->clock;
}

int questions_keys(const struct questions *q)
{
	return q->prompt.shown ? q->run->terminal.user : -1;
}

void questions_take_output(struct questions *q)
{
	char bytes[64];
	ssize_t n = read(q->output, bytes, sizeof(bytes));
	const char *end = n > 0 ? memchr(bytes, '\n', (size_t)n) : NULL;
	size_t len = end ? (size_t)(end - bytes) : n > 0 ? (size_t)n : 0;
	enum prompt_answer given;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (q->word_len + len >= sizeof(q->word))
		len = sizeof(q->word) - 1 - q->word_len; /* no answer is as long */
	memcpy(q->word + q->word_len, bytes, len);
	q->word_len += len;
	if (n > 0 && !end && q->word_len + 1 < sizeof(q->word))
		return;
	given = answer_of(q);
	end_command(q);
	answer(q, given);
	next(q);
}

void questions_take_clock(struct questions *q)
{
	uint64_t times;

	if (q->prompt.shown) {
		prompt_take_clock(&q->prompt);
		return;
	}
	if (read(q->clock, &times, sizeof(times)) != sizeof(times))
		return;
	if (q->pid) {
		end_command(q);
		answer(q, PROMPT_DENY);
		next(q);
	} else if (q->count) {
		show(q);
	}
}

void questions_take_keys(struct questions *q)
{
	enum prompt_answer given = prompt_take_keys(&q->prompt);
	bool interrupt = given == PROMPT_INTERRUPT;

	if (given == PROMPT_NONE)
		return;
	answer(q, interrupt ? PROMPT_DENY : given);
	prompt_end(&q->prompt);
	if (interrupt && q->run->terminal.master >= 0 &&
	    write(q->run->terminal.master, "\3", 1) < 0)
		return;
	next(q);
}

void questions_end(struct questions *q)
{
	end_command(q);
	prompt_end(&q->prompt);
	while (q->count) {
		mon_question_close(q->answers, number_of(q->queue[0]), false);
		drop(q, 0);
	}
	q->answers = NULL;
	if (q->clock >= 0)
		close(q->clock);
	q->clock = -1;
}
