/*
 * cordon trace: what a program asks for, as it does, and what is said to it.
 *
 * The program runs as by `cordon run --audit=all`; a process of its own reads the log while it
 * grows. So what is shown is what was recorded, a slow screen holds nobody up, and a log that was
 * kept is shown the same way.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/read.h"
#include "cli/cli.h"
#include "cli/logged.h"
#include "cli/trace_lines.h"

#define LOOK_MS 10 /* between two looks at a log that grows */

struct trace {
	struct trace_filter filter;
	struct trace_style style;
	bool totals, syscalls, follow;
	const char *from, *output, *colour;
	char **program;
	struct logged logged;
};

static const char usage[] =
    "usage: cordon trace [OPTIONS] [--] PROGRAM [ARGUMENT...]\n"
    "       cordon trace [OPTIONS] --from=LOG\n"
    "\n"
    "Runs a program as `cordon run` does, with everything mediated, and shows what it asks for: "
    "one\n"
    "line for each decision, after strace's manner, with the object as the space sees it (-> as it "
    "is\n"
    "outside), the operations, the result, and of what was not allowed the reason. Or shows a log\n"
    "that `cordon run --log` wrote.\n";

static const char notes[] =
    "exit status: as `cordon run`; with --from 0, or 125 when the log cannot be read.\n"
    "\n"
    "examples:\n"
    "  cordon trace ls\n"
    "  cordon trace --verdict=deny,ask -- ./tool\n"
    "  cordon trace -c --protocol=fs -- make\n"
    "  cordon trace --syscalls -o trace.txt -- ./tool\n"
    "  cordon trace --from=run.log --space=1.2\n";

static const struct cli_option options[] = {
    {0, "from", "FILE", "show the log in FILE, and run nothing", NULL, CLI_OPTIONS,
     offsetof(struct trace, from)},
    {'f', "follow", NULL, "with it: wait for more until its run has ended", NULL, CLI_OPTIONS,
     offsetof(struct trace, follow)},
    {'o', "output", "FILE", "write to FILE instead of standard error", NULL, CLI_OPTIONS,
     offsetof(struct trace, output)},
    {'c', "summary", NULL, "a table of calls, errors, denials and time, and no lines", NULL,
     CLI_OPTIONS, offsetof(struct trace, totals)},
    {0, "syscalls", NULL, "internal calls too, with their arguments", NULL, CLI_OPTIONS,
     offsetof(struct trace, syscalls)},
    {0, "protocol", "LIST", "only fs, net, proc, dev, space, call",
     ".Cm call\nstands for internal calls.", CLI_OPTIONS, offsetof(struct trace, filter.protocols)},
    {0, "space", "LIST", "only these spaces, and those within them", NULL, CLI_OPTIONS,
     offsetof(struct trace, filter.spaces)},
    {0, "verdict", "LIST", "only allow, deny, ask, absent, inside",
     ".Cm absent :\nthe name is not there in the view;\n.Cm inside :\ndone within the space alone.",
     CLI_OPTIONS, offsetof(struct trace, filter.verdicts)},
    {'e', "calls", "LIST", "only these system calls", NULL, CLI_OPTIONS,
     offsetof(struct trace, filter.calls)},
    {'t', "times", NULL, "begin each line with its time, in seconds since the start", NULL,
     CLI_OPTIONS, offsetof(struct trace, style.times)},
    {'T', "durations", NULL, "end each line with how long it took", NULL, CLI_OPTIONS,
     offsetof(struct trace, style.durations)},
    {0, "pids", NULL, "say the process even while there is but one", NULL, CLI_OPTIONS,
     offsetof(struct trace, style.pids)},
    {0, "color", "auto|always|never", "colours; auto: on a terminal, unless NO_COLOR is set", NULL,
     CLI_OPTIONS, offsetof(struct trace, colour)},
    {'p', "policy", "FILE", "use the policy in FILE; several add up", NULL, CLI_RULES, 0},
    {0, "chdir", "DIR", "start there", NULL, CLI_FINDS, 0},
    {0, "name", "TEXT", "the space's name, which is also its host name", NULL, CLI_FINDS, 0},
    {.name = NULL}};

/* Those that `cordon run` is to have. */
static bool is_for_run(const struct cli_option *option)
{
	return cli_option_is_policy(option) || option->heading != CLI_OPTIONS;
}

/* ---- reading ---- */

struct showing {
	const struct trace *trace;
	FILE *out;
	struct trace_lines *lines;
	struct trace_totals *totals;
	bool ended; /* the last line was a tail */
};

static bool wants_colour(const struct trace *trace, FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (trace->colour && strcmp(trace->colour, "auto") != 0)
		return strcmp(trace->colour, "always") == 0;
	return isatty(fileno(out)) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

static void show(struct showing *showing, const struct audit_event *event)
{
	if (event->kind == AUDIT_TAIL) {
		showing->ended = true;
		if (event->left_out + event->lost && !showing->trace->totals)
			fprintf(showing->out, "--- %llu records were left out, %llu lost ---\n",
				(unsigned long long)event->left_out,
				(unsigned long long)event->lost);
		return;
	}
	showing->ended = false;
	if (!trace_filter_takes(&showing->trace->filter, event))
		return;
	if (showing->trace->totals)
		trace_totals_add(showing->totals, event);
	else
		trace_lines_print(showing->lines, event);
}

static void pause_a_little(void)
{
	const struct timespec time = {.tv_nsec = LOOK_MS * 1000000L};

	nanosleep(&time, NULL);
}

/*
 * Between the run and the process that shows it, which is nobody's child: where no namespace ends a
 * space, whatever is the keeper's child at its end is ended with it. Descriptors are closed by the
 * run; memory stays.
 */
struct shared {
	pid_t run, shower;
	atomic_bool over; /* nothing comes any more */
	atomic_bool done; /* all is shown */
};

static bool has_ended(const struct shared *shared)
{
	return atomic_load(&shared->over) || (kill(shared->run, 0) && errno == ESRCH);
}

/* Shows what is there; wait: and what comes, until the run has ended. */
static bool read_log(struct showing *showing, int fd, bool wait, const struct shared *shared)
{
	struct audit_reader *reader = audit_reader_new(fd);
	enum cd_status status = CD_ENOMEM;
	struct audit_event event;

	while (reader) {
		/* What came before that is there now. */
		const bool last = shared && has_ended(shared);

		while ((status = audit_reader_next(reader, &event)) == CD_OK)
			show(showing, &event);
		fflush(showing->out);
		if (status != CD_ENOENT || !wait || showing->ended || last)
			break;
		pause_a_little();
	}
	audit_reader_free(reader);
	return status == CD_ENOENT;
}

static bool open_showing(struct showing *showing, struct trace *trace)
{
	*showing = (struct showing){.trace = trace, .out = stderr};
	if (trace->output)
		showing->out = fopen(trace->output, "we");
	else if (trace->from)
		showing->out = stdout;
	if (!showing->out) {
		cli_say("cannot write %s: %s", trace->output, strerror(errno));
		return false;
	}
	trace->style.colour = wants_colour(trace, showing->out);
	showing->lines = trace_lines_new(showing->out, &trace->style);
	showing->totals = trace_totals_new();
	return showing->lines && showing->totals;
}

static bool close_showing(struct showing *showing)
{
	bool good;

	if (showing->trace->totals)
		trace_totals_print(showing->totals, showing->out);
	trace_lines_free(showing->lines);
	trace_totals_free(showing->totals);
	good = fflush(showing->out) == 0;
	if (showing->out != stderr && showing->out != stdout)
		good &= fclose(showing->out) == 0;
	return good;
}

static int show_file(struct trace *trace)
{
	struct showing showing;
	int fd = open(trace->from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool good;

	if (fd < 0) {
		cli_say("cannot read %s: %s", trace->from, strerror(errno));
		return CLI_FAILED;
	}
	if (!open_showing(&showing, trace))
		return CLI_FAILED;
	good = read_log(&showing, fd, trace->follow, NULL);
	if (!good)
		cli_say("cannot read %s: %s", trace->from, strerror(errno));
	close(fd);
	return close_showing(&showing) && good ? 0 : CLI_FAILED;
}

/* ---- running ---- */

/* The process that shows: until the run has its last line, or never will have. */
static _Noreturn void follow(struct trace *trace, int fd, struct shared *shared)
{
	struct showing showing;
	bool shown = false;

	shared->shower = getpid();
	/* ^C is for the program: what it does about it is to be seen. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	if (open_showing(&showing, trace)) {
		shown = read_log(&showing, fd, true, shared);
		close_showing(&showing);
	}
	atomic_store(&shared->done, true);
	_exit(!shown);
}

/* Forks it by way of a process that ends at once. */
static struct shared *begin_showing(struct trace *trace, int fd)
{
	struct shared *shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t between;

	if (shared == MAP_FAILED)
		return NULL;
	shared->run = getpid();
	between = fork();
	if (between == 0) {
		pid_t shower = fork();

		if (shower == 0)
			follow(trace, fd, shared);
		if (shower < 0)
			atomic_store(&shared->done, true);
		_exit(0);
	}
	while (between > 0 && waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
	return shared;
}

/* A screen may be slow; but nobody waits for one that has ended. */
static void end_showing(struct shared *shared)
{
	atomic_store(&shared->over, true);
	while (!atomic_load(&shared->done) && (!shared->shower || kill(shared->shower, 0) == 0))
		pause_a_little();
}

static int run_traced(struct trace *trace)
{
	int fd = logged_open(&trace->logged), status;
	struct shared *shared;

	if (fd < 0 ||
	    !logged_option(&trace->logged, "audit", trace->syscalls ? "syscalls" : "all") ||
	    !logged_option(&trace->logged, "quiet", NULL) ||
	    !logged_option(&trace->logged, "no-pty", NULL))
		return CLI_FAILED;
	shared = begin_showing(trace, fd);
	close(fd);
	if (!shared) {
		cli_say("out of memory");
		return CLI_FAILED;
	}
	status = logged_run(&trace->logged, trace->program);
	end_showing(shared);
	return status;
}

static bool parse(struct trace *trace, int argc, char **argv)
{
	struct cli_args args = {.command = &cli_trace, .argc = argc, .argv = argv, .at = 1};
	const char *fault;

	while (cli_args_next(&args)) {
		if (!args.option) {
			trace->program = argv + args.at - 1;
			break;
		}
		if (!is_for_run(args.option))
			cli_args_store(&args, trace);
		else if (!logged_option(&trace->logged, args.option->name, args.value))
			return false;
	}
	if (args.bad)
		return false;
	fault = trace_filter_fault(&trace->filter);
	if (fault)
		cli_say("%s", fault);
	else if (!trace->from == !trace->program)
		cli_say("a program, or a log by --from; `cordon trace --help` shows how");
	else
		return true;
	return false;
}

static int trace_command(int argc, char **argv)
{
	static struct trace trace;
	int status = CLI_FAILED;

	if (!logged_begin(&trace.logged, argc))
		return CLI_FAILED;
	if (parse(&trace, argc, argv))
		status = trace.from ? show_file(&trace) : run_traced(&trace);
	logged_end(&trace.logged);
	return status;
}

const struct cli_command cli_trace = {.name = "trace",
				      .summary = "show what a program asks for, as it does",
				      .usage = usage,
				      .run = trace_command,
				      .options = options,
				      .operands = "COMMAND",
				      .notes = notes,
				      .policy_flags = true};
