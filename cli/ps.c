/* cordon ps: the spaces that run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/procs.h"
#include "cli/spaces.h"

struct ps {
	bool json, quiet;
};

static const char usage[] =
    "usage: cordon ps [--quiet | --json]\n"
    "\n"
    "The spaces that this user runs: their ids, names and policies, and what "
    "they use.\n"
    "MEMORY is what is no file's; CPU is that of the processes there now, "
    "unless a control\n"
    "group counts it.\n";

static const struct cli_option options[] = {
    {'q', "quiet", NULL, "ids alone, one in each line", NULL, CLI_OPTIONS,
     offsetof(struct ps, quiet)},
    {0, "json", NULL, "print it as one JSON object",
     "An array\n.Ql spaces\nof objects with\n.Ql id , name , policy , program , argv , directory "
     ",\n"
     ".Ql started , pid , monitor , processes , memory , cpu_usec\nand\n.Ql denied :\n"
     "how many distinct denials there were so far.",
     CLI_OPTIONS, offsetof(struct ps, json)},
    {.name = NULL},
};

/* All spaces of a run together. */
static void usage_of(const struct answer *answer, struct usage *total)
{
	const struct answer_record *space = NULL;

	*total = (struct usage){.whole = true};
	while ((space = answer_next(answer, "space", NULL, space))) {
		struct procs procs;
		struct usage one;

		if (!procs_of(answer, space, &procs))
			continue;
		procs_usage(&procs, &one);
		total->processes += one.processes;
		total->memory += one.memory;
		total->cpu_usec += one.cpu_usec;
		total->whole &= one.whole;
		procs_free(&procs);
	}
}

static unsigned long long denied_in(const struct answer *answer)
{
	const struct answer_record *space = NULL;
	unsigned long long count = 0;

	while ((space = answer_next(answer, "space", NULL, space)))
		count += answer_number(space, 6);
	return count;
}

/* As much as fits beside the rest; --json has all of it. */
static void print_program(const struct answer_record *argv)
{
	char text[100] = "";
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	for (unsigned i = 0; argv && i < argv->count && !buf.cut; i++) {
		cd_buf_str(&buf, i ? " " : "");
		cd_buf_visible(&buf, argv->field[i], strlen(argv->field[i]));
	}
	/* Cut in the middle of a character it would be none. */
	while (buf.cut && buf.len && (text[buf.len - 1] & 0x80))
		text[--buf.len] = '\0';
	printf("%s%s", text, buf.cut ? "..." : "");
}

static void print_row(const struct answer *answer)
{
	const struct answer_record *run = answer_next(answer, "run", NULL, NULL),
				   *argv = answer_next(answer, "argv", NULL, NULL),
				   *space = answer_next(answer, "space", NULL, NULL);
	char memory[16], cpu[16], up[16];
	const char *name = answer_field(run, 4);
	struct usage use;
	time_t age = time(NULL) - (time_t)answer_number(run, 5);

	usage_of(answer, &use);
	printf("%-8s ", answer_field(run, 0));
	/* Names are the user's own; what is too wide for its column shifts the rest. */
	cli_put_visible(stdout, *name ? name : "-");
	printf("%*s ", strlen(name) < 12 ? (int)(12 - (*name ? strlen(name) : 1)) : 0, "");
	cli_put_visible(stdout, answer_field(space, 5));
	printf("%*s %5llu %7s %7s %7s %6llu  ",
	       strlen(answer_field(space, 5)) < 12 ? (int)(12 - strlen(answer_field(space, 5))) : 0,
	       "", (unsigned long long)use.processes, cli_size_text(memory, use.memory),
	       cli_time_text(cpu, use.cpu_usec / 1000000),
	       cli_time_text(up, age > 0 ? (uint64_t)age : 0), denied_in(answer));
	print_program(argv);
	printf("\n");
}

static void print_text(const char *name, const char *text)
{
	printf("\"%s\":", name);
	cli_put_json(stdout, text);
	printf(",");
}

static void print_json(const struct answer *answer)
{
	const struct answer_record *run = answer_next(answer, "run", NULL, NULL),
				   *argv = answer_next(answer, "argv", NULL, NULL),
				   *space = answer_next(answer, "space", NULL, NULL);
	struct usage use;

	usage_of(answer, &use);
	printf("{");
	print_text("id", answer_field(run, 0));
	print_text("name", answer_field(run, 4));
	print_text("policy", answer_field(space, 5));
	print_text("program", answer_field(run, 8));
	printf("\"argv\":[");
	for (unsigned i = 0; argv && i < argv->count; i++) {
		fputs(i ? "," : "", stdout);
		cli_put_json(stdout, argv->field[i]);
	}
	printf("],");
	print_text("directory", answer_field(run, 9));
	printf("\"started\":%llu,\"pid\":%llu,\"monitor\":%llu,\"processes\":%llu,\"memory\":%llu,"
	       "\"cpu_usec\":%llu,\"denied\":%llu}",
	       answer_number(run, 5), answer_number(run, 1), answer_number(run, 2),
	       (unsigned long long)use.processes, (unsigned long long)use.memory,
	       (unsigned long long)use.cpu_usec, denied_in(answer));
}

static int list(const struct ps *ps, const struct spaces_id *ids, int count)
{
	const char *comma = "", *why;
	struct answer answer;
	int status = 0;

	if (ps->json)
		printf("{\"spaces\":[");
	else if (!ps->quiet)
		printf("%-8s %-12s %-12s %5s %7s %7s %7s %6s  %s\n", "ID", "NAME", "POLICY",
		       "PROCS", "MEMORY", "CPU", "UP", "DENIED", "PROGRAM");
	for (int i = 0; i < count; i++) {
		if (ps->quiet) {
			puts(ids[i].text);
			continue;
		}
		if (!spaces_ask(ids[i].text, "brief", &answer, &why)) {
			/* Between the two looks it may have ended. */
			if (strcmp(why, SPACES_ENDED) != 0) {
				cli_say("space %s: %s", ids[i].text, why);
				status = 1;
			}
			continue;
		}
		fputs(ps->json ? comma : "", stdout);
		comma = ",\n";
		(ps->json ? print_json : print_row)(&answer);
		answer_free(&answer);
	}
	if (ps->json)
		puts("]}");
	return fflush(stdout) ? CLI_FAILED : status;
}

static int ps_command(int argc, char **argv)
{
	struct cli_args args = {.command = &cli_ps, .argc = argc, .argv = argv, .at = 1};
	struct ps ps = {.json = false};
	struct spaces_id *ids;
	int count, status;

	while (cli_args_next(&args)) {
		if (!args.option) {
			cli_say("what is \"%s\"? `cordon ps --help` shows how", args.value);
			return CLI_FAILED;
		}
		cli_args_store(&args, &ps);
	}
	if (args.bad)
		return CLI_FAILED;
	count = spaces_list(&ids);
	if (count < 0) {
		cli_say("cannot look for running spaces: %s", strerror(errno));
		return CLI_FAILED;
	}
	status = list(&ps, ids, count);
	free(ids);
	return status;
}

const struct cli_command cli_ps = {.name = "ps",
				   .summary = "list the spaces that run",
				   .usage = usage,
				   .run = ps_command,
				   .options = options,
				   .notes =
				       "exit status: 0; 1 a space did not answer; 125 otherwise.\n"
				       "\n"
				       "examples:\n"
				       "  cordon ps\n"
				       "  cordon ps --json | jq '.spaces[] | {id, memory}'\n"};
