/*
 * cordon learn: a policy from what a program does.
 *
 * The program runs with everything mediated, and is let do what it asks for in copies that vanish:
 * nothing outside changes. What it asked for is then read from the log of that run (or of another
 * one) and made into rules.
 */
#include "cli/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/logged.h"

static const char usage[] =
    "usage: cordon learn [OPTIONS] [--] PROGRAM [ARGUMENT...]\n"
    "       cordon learn [OPTIONS] --from=LOG\n"
    "\n"
    "Runs a program and writes the policy that lets it do what it did. While it runs it may read "
    "all\n"
    "that is yours but secrets, and changes copies that vanish with it: nothing outside changes, "
    "and\n"
    "there is no network but with --allow-net. Or learns from a log that `cordon run --audit=all\n"
    "--log` wrote.\n"
    "\n"
    "Beside NAME.json it writes NAME.why.md, which says where each rule comes from and what was "
    "not\n"
    "granted. Keys, credentials, shell history and the like (the group `secrets`) never are.\n";

static const char notes[] =
    "exit status: 0 a policy was written, or there is nothing to add; 1 it does not let all of "
    "the\n"
    "run pass again; 125 cordon failed. What the program's own was, is said.\n"
    "\n"
    "examples:\n"
    "  cordon learn -o tool.json -- ./tool in.csv\n"
    "  cordon learn --allow-net=:* -- curl -O https://example.org/file\n"
    "  cordon learn --from=run.log --denied --merge=tool.json -o tool.json --force\n";

static const struct cli_option options[] = {
    {'o', "output", "FILE", "write the policy there (default: the program's name, .json)",
     "The explanation goes beside it: of\n.Pa tool.json\nto\n.Pa tool.why.md .", CLI_OPTIONS,
     offsetof(struct learning, output)},
    {0, "force", NULL, "even where there is a file already", NULL, CLI_OPTIONS,
     offsetof(struct learning, force)},
    {0, "from", "FILE", "learn from the log in FILE, and run nothing", NULL, CLI_OPTIONS,
     offsetof(struct learning, from)},
    {0, "denied", NULL, "with it: grant what was denied then, too", NULL, CLI_OPTIONS,
     offsetof(struct learning, denied)},
    {0, "merge", "POLICY", "add to POLICY what it lacks, and show what changes",
     "Nothing is written without\n.Fl Fl output .", CLI_OPTIONS, offsetof(struct learning, merge)},
    {0, "threshold", "N", "grant a directory for N names in it (default: 8)", NULL, CLI_OPTIONS,
     offsetof(struct learning, threshold_text)},
    {0, "exact", NULL, "say each file of the system that it used, without the group base", NULL,
     CLI_OPTIONS, offsetof(struct learning, exact)},
    {0, "chdir", "DIR", "start there", NULL, CLI_FINDS, 0},
    {.name = NULL}};

/* ---- the command line ---- */

static bool keep_flag(struct learning *learning, const struct cli_args *args)
{
	const char *name = args->option->name, *value = args->value;

	/* What no record tells of: it is the policy's as it was given here. */
	if (strcmp(name, "allow-env") == 0 || strcmp(name, "setenv") == 0)
		learning->environment[learning->environment_count++] =
		    (struct learn_flag){name, value};
	learning->network |= strncmp(name, "allow-net", 9) == 0;
	return logged_option(&learning->logged, name, value);
}

static bool parse(struct learning *learning, int argc, char **argv)
{
	struct cli_args args = {.command = &cli_learn, .argc = argc, .argv = argv, .at = 1};
	char *end;

	while (cli_args_next(&args)) {
		if (!args.option) {
			learning->program = argv + args.at - 1;
			break;
		}
		if (args.option->heading == CLI_OPTIONS && !cli_option_is_policy(args.option))
			cli_args_store(&args, learning);
		else if (!keep_flag(learning, &args))
			return false;
	}
	if (args.bad)
		return false;
	learning->threshold = 8;
	if (learning->threshold_text) {
		learning->threshold = strtoul(learning->threshold_text, &end, 10);
		if (*end || learning->threshold < 2 || learning->threshold > 1000000) {
			cli_say("--threshold is a number from 2 on");
			return false;
		}
	}
	if (!learning->from == !learning->program) {
		cli_say("a program, or a log by --from; `cordon learn --help` shows how");
		return false;
	}
	return true;
}

/* NAME.json; of --merge nothing without being told. */
static bool choose_output(struct learning *learning)
{
	const char *name = learning->program ? learning->program[0] : "learned";
	const char *slash = strrchr(name, '/');
	size_t len;

	if (!learning->output && learning->merge)
		return true;
	if (!learning->output) {
		if (asprintf(&learning->made_output, "%s.json", slash ? slash + 1 : name) < 0)
			return false;
		learning->output = learning->made_output;
	}
	len = strlen(learning->output);
	if (len > 5 && strcmp(learning->output + len - 5, ".json") == 0)
		len -= 5;
	if (asprintf(&learning->why, "%.*s.why.md", (int)len, learning->output) < 0)
		return false;
	if (learning->force)
		return true;
	for (int i = 0; i < 2; i++) {
		const char *path = i ? learning->why : learning->output;

		if (access(path, F_OK) == 0) {
			cli_say("%s is there already; --force writes over it, -o FILE elsewhere",
				path);
			return false;
		}
	}
	return true;
}

static int learn_command(int argc, char **argv)
{
	static struct learning learning;
	int status = CLI_FAILED, fd = -1;

	learning.environment = calloc((size_t)argc + 1, sizeof(*learning.environment));
	if (!learning.environment || !logged_begin(&learning.logged, argc))
		return CLI_FAILED;
	cli_vars(&learning.vars, NULL);
	if (!parse(&learning, argc, argv) || !choose_output(&learning))
		goto out;
	if (learning.from) {
		fd = open(learning.from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			cli_say("cannot read %s: %s", learning.from, strerror(errno));
			goto out;
		}
	} else if (!learn_run(&learning, &fd)) {
		goto out;
	}
	status = learn_from(&learning, fd);
out:
	if (fd >= 0)
		close(fd);
	logged_end(&learning.logged);
	learn_free(&learning);
	return status;
}

const struct cli_command cli_learn = {.name = "learn",
				      .summary = "write a policy from what a program does",
				      .usage = usage,
				      .run = learn_command,
				      .options = options,
				      .operands = "COMMAND",
				      .notes = notes,
				      .policy_flags = true};
