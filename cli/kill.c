/* cordon kill: ends spaces, or sends their programs a signal. */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/procs.h"
#include "cli/spaces.h"

struct kill_options {
	const char *signal;
	bool json;
};

static const char usage[] =
    "usage: cordon kill [--signal=SIGNAL] [--json] SPACE...\n"
    "\n"
    "Ends a space: every process in it and in the spaces below it, at once. With a signal, the\n"
    "program is sent that one alone, as if the user had sent it to `cordon run`.\n"
    "SPACE is an id of `cordon ps`, or the name that --name gave it; SPACE/1.2 is a space in it.\n";

static const struct cli_option options[] = {
    {'s', "signal", "SIGNAL", "send the program this signal, and end nothing else",
     "By name, as\n.Ql TERM ,\nor by number.", CLI_OPTIONS, offsetof(struct kill_options, signal)},
    {0, "json", NULL, "print what was done as one JSON object",
     "An array\n.Ql ended\nor\n.Ql signalled\nof ids, and an array\n.Ql failed\nof what was asked "
     "for "
     "in vain.",
     CLI_OPTIONS, offsetof(struct kill_options, json)},
    {.name = NULL},
};

/* Those that people send. 0: no such signal. */
static int signal_named(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {{"HUP", SIGHUP},	{"INT", SIGINT},   {"QUIT", SIGQUIT},	{"KILL", SIGKILL},
		     {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"ALRM", SIGALRM},	{"TERM", SIGTERM},
		     {"CONT", SIGCONT}, {"TSTP", SIGTSTP}, {"WINCH", SIGWINCH}, {"STOP", SIGSTOP}};
	char *end;
	long number = strtol(name, &end, 10);

	if (isdigit((unsigned char)*name) && !*end)
		return number > 0 && number <= SIGRTMAX ? (int)number : 0;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].number;
	return 0;
}

/*
 * A space within another ends with its warden, which nobody else can end for us: it is a process of
 * this user. That it still is the one is looked at again when it is held.
 */
static bool end_within(const struct answer *answer, const struct answer_record *space)
{
	pid_t warden = procs_warden(answer, space);
	int pidfd = warden ? (int)syscall(SYS_pidfd_open, warden, 0) : -1;
	bool ended = pidfd >= 0 && procs_warden(answer, space) == warden &&
		     syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;

	if (pidfd >= 0)
		close(pidfd);
	return ended;
}

static bool kill_within(const char *name, const char *id, const char *path, int signal)
{
	const struct answer_record *space;
	struct answer answer;
	const char *why;
	bool ended = false;

	if (signal && signal != SIGKILL) {
		cli_say("space %s: only the program of an outermost space is sent signals", name);
		return false;
	}
	if (spaces_ask(id, "brief", &answer, &why)) {
		space = answer_next(&answer, "space", path, NULL);
		ended = space && end_within(&answer, space);
		why = "there is no such space in it; `cordon tree` shows them";
		answer_free(&answer);
	}
	if (!ended)
		cli_say("space %s: %s", name, why);
	return ended;
}

static bool kill_one(const char *name, int signal)
{
	char id[CONTROL_ID_MAX], path[CD_SPACE_ID_MAX], request[CD_SPACE_ID_MAX + 64];
	struct answer answer;
	const char *why;
	int len;

	if (!spaces_find(name, id, path))
		return false;
	if (strcmp(path, "1") != 0)
		return kill_within(name, id, path, signal);
	len = snprintf(request, sizeof(request), "kill\t%s", path);
	if (signal)
		snprintf(request + len, sizeof(request) - (size_t)len, "\t%d", signal);
	if (!spaces_ask(id, request, &answer, &why)) {
		cli_say("space %s: %s", name, why);
		return false;
	}
	answer_free(&answer);
	return true;
}

/* One pass for what was done, one for what was not. */
static void print_json(const char *done, char *const *names, const bool *killed, size_t count)
{
	for (int pass = 1; pass >= 0; pass--) {
		const char *comma = "";

		printf("%s\"%s\":[", pass ? "{" : ",", pass ? done : "failed");
		for (size_t i = 0; i < count; i++)
			if (killed[i] == pass) {
				printf("%s", comma);
				cli_put_json(stdout, names[i]);
				comma = ",";
			}
		printf("]");
	}
	puts("}");
}

static int kill_command(int argc, char **argv)
{
	struct cli_args args = {.command = &cli_kill, .argc = argc, .argv = argv, .at = 1};
	struct kill_options asked = {.signal = NULL};
	char **names = calloc((size_t)argc + 1, sizeof(char *));
	bool *killed = calloc((size_t)argc + 1, sizeof(bool));
	int status = CLI_FAILED, signal = 0;
	size_t count = 0;

	while (names && killed && cli_args_next(&args))
		if (args.option)
			cli_args_store(&args, &asked);
		else
			names[count++] = (char *)args.value;
	if (!args.bad && asked.signal && !(signal = signal_named(asked.signal))) {
		cli_say("there is no signal \"%s\"", asked.signal);
	} else if (!args.bad && !count) {
		cli_say("which space? `cordon ps` lists them");
	} else if (!args.bad) {
		status = 0;
		for (size_t i = 0; i < count; i++) {
			killed[i] = kill_one(names[i], signal);
			status |= !killed[i];
		}
		if (asked.json)
			print_json(signal ? "signalled" : "ended", names, killed, count);
	}
	free(names);
	free(killed);
	return status;
}

const struct cli_command cli_kill = {
    .name = "kill",
    .summary = "end a space, or signal its program",
    .usage = usage,
    .run = kill_command,
    .options = options,
    .operands = "SPACE",
    .notes = "exit status: 0; 1 a space was not found or did not answer; 125 otherwise.\n"
	     "\n"
	     "examples:\n"
	     "  cordon kill web\n"
	     "  cordon kill --signal=HUP 4711\n"};
