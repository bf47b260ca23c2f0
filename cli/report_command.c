/* cordon report: a log as a page to look at. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/page.h"
#include "cli/progress.h"

struct report_options {
	const char *output;
};

static const char usage[] =
    "usage: cordon report [-p POLICY] LOG -o FILE\n"
    "\n"
    "Makes one page of a log that `cordon run --log` wrote: the spaces and processes, when what\n"
    "was asked for, files by directory, hosts, denials with what would allow them, and every\n"
    "record, with search and filters. The page is one file; it loads nothing from anywhere.\n";

static const struct cli_option options[] = {
    {'o', "output", "FILE", "where the page goes; - is standard output",
     "Without it the page goes to standard output, unless that is a terminal.\n"
     "It can be read by its owner alone, as the log is.",
     CLI_OPTIONS, offsetof(struct report_options, output)},
    {'p', "policy", "FILE", "say which of its grants nothing used; several add up",
     "That can be told of logs that were written with\n.Ql --audit=all .", CLI_OPTIONS, 0},
    {.name = NULL},
};

/* ---- reading ---- */

static int read_log(const char *path, struct digest *digest)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct audit_reader *reader = fd >= 0 ? audit_reader_new(fd) : NULL;
	enum cd_status status = CD_OK;
	struct audit_event event;
	struct stat st;

	if (!reader || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		cli_say("cannot read %s: %s", path,
			fd < 0	 ? strerror(errno)
			: reader ? "not a regular file"
				 : "out of memory");
		audit_reader_free(reader);
		if (fd >= 0)
			close(fd);
		return CLI_FAILED;
	}
	progress_begin("reading the log", " lines");
	while (status == CD_OK && (status = audit_reader_next(reader, &event)) == CD_OK) {
		if (!digest_add(digest, &event))
			status = CD_ENOMEM;
		progress_count(digest->lines);
	}
	progress_end();
	if (status == CD_ENOENT && audit_reader_is_partial(reader) && !digest->broken) {
		digest->broken = "it was cut off, or is being written";
		digest->broken_line = digest->lines + 1;
	}
	audit_reader_free(reader);
	close(fd);
	if (status == CD_ENOENT)
		return 0;
	cli_say("cannot read %s: %s", path,
		status == CD_ENOMEM ? "out of memory" : strerror(errno));
	return CLI_FAILED;
}

/* ---- writing ---- */

static int say_write(const char *path)
{
	cli_say("cannot write %s: %s", path, strerror(errno));
	return CLI_FAILED;
}

/* Aside first: what was there stays until the new page is whole. */
static int write_file(const char *path, const struct digest *digest, const char *title,
		      const struct pol_policy *policy)
{
	char *aside = NULL;
	int fd = asprintf(&aside, "%s.XXXXXX", path) < 0 ? -1 : mkostemp(aside, O_CLOEXEC);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool written = out && page_write(digest, title, policy, out);
	int status = 0;

	if (out && fclose(out))
		written = false;
	if (!written || rename(aside, path)) {
		status = say_write(path);
		if (fd >= 0)
			unlink(aside);
	}
	free(aside);
	return status;
}

static int write_page(const char *output, const struct digest *digest, const char *title,
		      const struct pol_policy *policy)
{
	if (output && strcmp(output, "-") != 0)
		return write_file(output, digest, title, policy);
	if (!output && isatty(1)) {
		cli_say("where is the page to go? -o FILE says it");
		return CLI_FAILED;
	}
	if (!page_write(digest, title, policy, stdout) || fflush(stdout))
		return say_write("standard output");
	return 0;
}

/* ---- the command ---- */

static int take_options(struct cli_args *args, struct report_options *options_out,
			struct pol_draft *draft, bool *has_policy, const char **log)
{
	struct pol_error error;

	while (cli_args_next(args)) {
		if (!args->option && *log) {
			cli_say("one log at a time; `cordon report --help` shows how");
			return CLI_FAILED;
		}
		if (!args->option) {
			*log = args->value;
		} else if (strcmp(args->option->name, "policy") != 0) {
			cli_args_store(args, options_out);
		} else if (pol_draft_file(draft, args->value, &error) != CD_OK) {
			return cli_say_policy_error(&error);
		} else {
			*has_policy = true;
		}
	}
	if (!args->bad && !*log)
		cli_say("which log? `cordon report --help` shows how");
	return args->bad || !*log ? CLI_FAILED : 0;
}

static int report_command(int argc, char **argv)
{
	struct cli_args args = {.command = &cli_report, .argc = argc, .argv = argv, .at = 1};
	struct report_options asked = {.output = NULL};
	struct pol_policy *policy = NULL;
	struct digest digest = {.records = 0};
	struct pol_error error;
	struct pol_draft *draft;
	struct pol_vars vars;
	const char *log = NULL;
	bool has_policy = false;
	int status;

	cli_vars(&vars, "/usr/bin/program");
	draft = pol_draft_new(&vars);
	if (!draft) {
		cli_say("out of memory");
		return CLI_FAILED;
	}
	status = take_options(&args, &asked, draft, &has_policy, &log);
	if (status == 0 && has_policy && pol_draft_finish(draft, &policy, &error) != CD_OK)
		status = cli_say_policy_error(&error);
	if (status == 0)
		status = read_log(log, &digest);
	if (status == 0)
		status = write_page(asked.output, &digest, log, policy);
	digest_free(&digest);
	pol_policy_free(policy);
	pol_draft_free(draft);
	return status;
}

const struct cli_command cli_report = {
    .name = "report",
    .summary = "make a page of a log, to look at",
    .usage = usage,
    .run = report_command,
    .options = options,
    .operands = "FILE",
    .notes = "exit status: 0; 125 the log cannot be read, or the page not be written.\n"
	     "\n"
	     "examples:\n"
	     "  cordon run --audit=all --log=run.log -- ./tool\n"
	     "  cordon report run.log -o run.html\n"};
