/* cordon audit: is a log as it was written? */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/read.h"
#include "cli/cli.h"

static const char usage[] =
    "usage: cordon audit verify [OPTIONS] FILE...\n"
    "\n"
    "Says whether each log that `cordon run --log` wrote is as it was written: each line carries "
    "a\n"
    "hash of itself and of the line before, so that one that was changed, taken out, put in or\n"
    "moved shows; a run without its last line was cut off.\n"
    "\n"
    "The hashes have no key: who may write the file can make all of them anew. The last one, "
    "which\n"
    "is printed, can be kept elsewhere and asked for again.\n";

static const char notes[] = "exit status: 0 as written; 1 not so; 125 a file cannot be read.\n"
			    "\n"
			    "examples:\n"
			    "  cordon audit verify run.log\n"
			    "  cordon audit verify --head=20cc3f0a91... run.log\n";

static const struct cli_verb verbs[] = {
    {"verify", "FILE...", "say the first bad line of each, or that there is none"}, {.name = NULL}};

struct asked {
	const char *head;
	bool json;
};

static const struct cli_option options[] = {{.name = "head",
					     .value = "HASH",
					     .help = "one of the lines must have this hash",
					     .at = offsetof(struct asked, head)},
					    {.name = "json",
					     .help = "the result as one JSON object for each file",
					     .at = offsetof(struct asked, json)},
					    {.name = NULL}};

struct verdict {
	unsigned long line, runs, records; /* line: the first that is bad; 0: none */
	const char *problem;
	bool head_seen, unfinished;
	struct audit_hash last;
};

static void find_fault(struct verdict *v, unsigned long line, const char *problem)
{
	if (v->problem)
		return;
	v->line = line;
	v->problem = problem;
}

static void look_at(struct verdict *v, const struct audit_event *event, bool *open)
{
	if (event->broken)
		find_fault(v, event->line, event->broken);
	switch (event->kind) {
	case AUDIT_HEAD:
		if (*open)
			find_fault(v, event->line,
				   "the run before it has no last line: it was cut off there");
		*open = true;
		v->runs++;
		break;
	case AUDIT_TAIL:
		if (!*open)
			find_fault(v, event->line, "it ends a run that does not begin");
		*open = false;
		break;
	case AUDIT_OP:
	case AUDIT_CALL: v->records++; /* fallthrough */
	default:
		if (!*open)
			find_fault(v, event->line, "it belongs to no run: there is no first line");
	}
}

/* Reads all of it. False: it cannot be read, and errno says why. */
static bool verify(int fd, const char *head, struct verdict *v)
{
	struct audit_reader *reader = audit_reader_new(fd);
	struct audit_event event = {.line = 0};
	enum cd_status status = CD_ENOMEM;
	bool open = false;

	errno = ENOMEM;
	while (reader && (status = audit_reader_next(reader, &event)) == CD_OK) {
		look_at(v, &event, &open);
		v->last = audit_reader_hash(reader);
		v->head_seen |= head && strlen(head) == AUDIT_HASH_LEN &&
				memcmp(head, v->last.text, AUDIT_HASH_LEN) == 0;
	}
	if (status == CD_ENOENT) {
		if (audit_reader_is_partial(reader))
			find_fault(v, event.line + 1, "it was cut off in the middle");
		else if (event.line == 0)
			find_fault(v, 1, "the log is empty");
		else if (open)
			find_fault(v, event.line,
				   "the run's last line is missing: it was cut off "
				   "after this one, or is still going on");
		if (head && !v->head_seen)
			find_fault(v, event.line, "none of the lines has the hash of --head");
	}
	audit_reader_free(reader);
	return status == CD_ENOENT;
}

static void say(const char *name, const struct verdict *v, bool json)
{
	char text[1024];
	struct cd_buf shown;

	cd_buf_init(&shown, text, sizeof(text));
	if (json)
		cd_buf_json(&shown, name, strlen(name));
	else
		cd_buf_visible(&shown, name, strlen(name));
	if (json && v->problem)
		printf("{\"file\":\"%s\",\"ok\":false,\"line\":%lu,\"problem\":\"%s\"}\n", text,
		       v->line, v->problem);
	else if (json)
		printf("{\"file\":\"%s\",\"ok\":true,\"runs\":%lu,\"records\":%lu,\"head\":\"%.*"
		       "s\"}\n",
		       text, v->runs, v->records, AUDIT_HASH_LEN, v->last.text);
	else if (v->problem)
		printf("%s:%lu: %s\n", text, v->line, v->problem);
	else
		printf("%s: as written: %lu run%s, %lu record%s; its last hash is %.*s\n", text,
		       v->runs, v->runs == 1 ? "" : "s", v->records, v->records == 1 ? "" : "s",
		       AUDIT_HASH_LEN, v->last.text);
}

static int verify_file(const char *name, const char *head, bool json)
{
	struct verdict v = {.line = 0};
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || !verify(fd, head, &v)) {
		cli_say("cannot read %s: %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CLI_FAILED;
	}
	close(fd);
	say(name, &v, json);
	return v.problem ? 1 : 0;
}

static int audit_command(int argc, char **argv)
{
	struct cli_args args = {.command = &cli_audit, .argc = argc, .argv = argv, .at = 1};
	struct asked asked = {.head = NULL};
	int status = 0, files = 0;
	bool verb = false;
	const char **names = calloc((size_t)argc + 1, sizeof(*names));

	while (names && cli_args_next(&args)) {
		if (args.option)
			cli_args_store(&args, &asked);
		else if (!verb && strcmp(args.value, "verify") == 0)
			verb = true;
		else
			names[files++] = args.value;
	}
	if (!names || args.bad || !verb || !files) {
		if (!args.bad)
			cli_say("cordon audit verify FILE; `cordon audit --help` says more");
		free(names);
		return CLI_FAILED;
	}
	for (int i = 0; i < files; i++) {
		int one = verify_file(names[i], asked.head, asked.json);

		status = one > status ? one : status;
	}
	free(names);
	return status;
}

const struct cli_command cli_audit = {.name = "audit",
				      .summary = "check that a log is as it was written",
				      .usage = usage,
				      .run = audit_command,
				      .options = options,
				      .verbs = verbs,
				      .operands = "FILE",
				      .notes = notes};
