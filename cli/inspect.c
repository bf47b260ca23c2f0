/* cordon inspect: a running space, whole: its policy, its view, what it uses, what it holds. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/held.h"
#include "cli/procs.h"
#include "cli/spaces.h"

struct inspect {
	bool json, rules, view;
	const char *comma; /* between descriptors */
};

static const char usage[] =
    "usage: cordon inspect [--json | --rules --view] SPACE...\n"
    "\n"
    "What a space is, what bounds it, and which capabilities it holds: each process's\n"
    "descriptors, with their rights, the object as the space names it, and how it was got.\n"
    "SPACE is an id of `cordon ps`, or the name that --name gave it.\n";

static const struct cli_option options[] = {
    {0, "rules", NULL, "the rules of its policy as well", NULL, CLI_OPTIONS,
     offsetof(struct inspect, rules)},
    {0, "view", NULL, "what it finds under its root as well", NULL, CLI_OPTIONS,
     offsetof(struct inspect, view)},
    {0, "json", NULL, "print all of it as JSON",
     "An array\n.Ql spaces\nof objects with\n.Ql run , path , state , layers , limits , usage , "
     "rules , view\nand\n.Ql processes ,\neach with\n.Ql holds :\nan array of\n.Ql fd , kind , "
     "rights , object , outside\nand\n.Ql how .",
     CLI_OPTIONS, offsetof(struct inspect, json)},
    {.name = NULL},
};

/* ---- for people ---- */

static void line(const char *title, const char *text)
{
	if (!*text)
		return;
	printf("  %-12s ", title);
	cli_put_visible(stdout, text);
	printf("\n");
}

static void print_held(void *context, const struct held *held)
{
	(void)context;
	printf("    %4d  %-11s %-14s ", held->fd, held->rights, held->kind);
	cli_put_visible(stdout, held->object);
	if (*held->outside && strcmp(held->outside, held->object) != 0) {
		printf(" = ");
		cli_put_visible(stdout, held->outside);
		printf(" outside");
	}
	printf("\n            ");
	cli_put_visible(stdout, held->how);
	printf("\n");
}

static void print_run(const struct answer *a)
{
	const struct answer_record *run = answer_next(a, "run", NULL, NULL),
				   *argv = answer_next(a, "argv", NULL, NULL);
	time_t started = (time_t)answer_number(run, 5);
	char when[64];
	struct tm tm;

	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %z", localtime_r(&started, &tm));
	printf("%s", answer_field(run, 0));
	for (unsigned i = 0; argv && i < argv->count; i++) {
		fputs(i ? " " : ": ", stdout);
		cli_put_visible(stdout, argv->field[i]);
	}
	printf("\n");
	line("name", answer_field(run, 4));
	line("program", answer_field(run, 8));
	line("directory", answer_field(run, 9));
	line("started", when);
	line("keeper", answer_field(run, 1));
	line("monitor", answer_field(run, 2));
	line("audit", answer_field(run, 6));
	line("log", answer_field(run, 10));
	if (strcmp(answer_field(run, 7), "bare") == 0)
		line("namespaces", "none: this machine lets this user make none");
}

static void print_usage(const struct procs *procs)
{
	char memory[16], cpu[16];
	struct usage use;

	procs_usage(procs, &use);
	printf("  uses         %llu processes, %s of memory, %s of processor time%s\n",
	       (unsigned long long)use.processes, cli_size_text(memory, use.memory),
	       cli_time_text(cpu, use.cpu_usec / 1000000),
	       use.whole ? " (by its control group)" : "");
}

static void print_lists(const struct inspect *in, const struct answer *a, const char *path)
{
	const struct answer_record *r = NULL;

	if (in->view)
		printf("  view\n");
	while (in->view && (r = answer_next(a, "mount", path, r))) {
		printf("    %-9s %s %-4s ", answer_field(r, 1), answer_field(r, 4),
		       answer_field(r, 5));
		cli_put_visible(stdout, answer_field(r, 2));
		if (*answer_field(r, 3) && strcmp(answer_field(r, 3), answer_field(r, 2)) != 0) {
			printf(" = ");
			cli_put_visible(stdout, answer_field(r, 3));
			printf(" outside");
		}
		printf("\n");
	}
	r = NULL;
	if (in->rules)
		printf("  rules\n");
	while (in->rules && (r = answer_next(a, "rule", path, r))) {
		printf("    %-5s %s ", answer_field(r, 2), answer_field(r, 3));
		cli_put_visible(stdout, answer_field(r, 4));
		printf("  (");
		cli_put_visible(stdout, answer_field(r, 6));
		printf(" of ");
		cli_put_visible(stdout, answer_field(r, 5));
		printf(")\n");
	}
}

static unsigned count_of(const struct answer *a, const char *kind, const char *path)
{
	const struct answer_record *r = NULL;
	unsigned count = 0;

	while ((r = answer_next(a, kind, path, r)))
		count++;
	return count;
}

static void print_space(struct inspect *in, const struct answer *a, const char *path)
{
	const struct answer_record *space = answer_next(a, "space", path, NULL), *r = NULL;
	struct mon_table *rules = held_rules(a, path);
	struct procs procs;

	print_run(a);
	printf("  space        %s, %s; %llu distinct denials so far\n", path,
	       answer_field(space, 2), answer_number(space, 6));
	while ((r = answer_next(a, "layer", path, r))) {
		printf("  layer %-6s %s%s", answer_field(r, 1), answer_field(r, 2),
		       *answer_field(r, 3) ? " " : "");
		cli_put_visible(stdout, answer_field(r, 3));
		if (strcmp(answer_field(r, 2), "policy") != 0) {
			printf(", on %s\n", answer_field(r, 5));
			continue;
		}
		/* The rules of a space within are told to nobody but its monitor. */
		if (count_of(a, "rule", path))
			printf(": %u rules", count_of(a, "rule", path));
		printf(", a denial is %s; native: %s\n", answer_field(r, 4),
		       *answer_field(r, 6) ? answer_field(r, 6) : "nothing");
	}
	for (r = NULL; (r = answer_next(a, "limit", path, r));)
		printf("  limit        %s %s, held for %s\n", answer_field(r, 1),
		       answer_field(r, 2), answer_field(r, 3));
	if (!procs_of(a, space, &procs))
		cli_say("cannot list its processes");
	print_usage(&procs);
	print_lists(in, a, path);
	for (size_t i = 0; i < procs.count; i++) {
		printf("  process %d (%d outside): ", (int)procs.all[i].inner,
		       (int)procs.all[i].pid);
		cli_put_visible(stdout, procs.all[i].command);
		printf("\n");
		if (!held_each(a, path, rules, procs.all[i].pid, print_held, in))
			printf("    (cannot be looked at, or has ended)\n");
	}
	if (a->cut)
		printf("  (there was more than the keeper tells)\n");
	procs_free(&procs);
	mon_table_free(rules);
}

/* ---- as JSON ---- */

static void put(const char *comma, const char *name, const char *text)
{
	printf("%s\"%s\":", comma, name);
	cli_put_json(stdout, text);
}

/* The records of a kind as an array of objects; names: of the fields from the second on. */
static void put_records(const struct answer *a, const char *array, const char *kind,
			const char *path, const char *const *names)
{
	const struct answer_record *r = NULL;
	bool first = true;

	printf(",\"%s\":[", array);
	while ((r = answer_next(a, kind, path, r))) {
		fputs(first ? "" : ",", stdout);
		for (unsigned i = 0; names[i]; i++)
			put(i ? "," : "{", names[i], answer_field(r, i + 1));
		printf("}");
		first = false;
	}
	printf("]");
}

static void put_held(void *context, const struct held *held)
{
	struct inspect *in = context;

	printf("%s{\"fd\":%d", in->comma, held->fd);
	put(",", "kind", held->kind);
	put(",", "rights", held->rights);
	put(",", "object", held->object);
	put(",", "outside", held->outside);
	put(",", "how", held->how);
	printf("}");
	in->comma = ",";
}

static void put_processes(struct inspect *in, const struct answer *a, const char *path,
			  const struct procs *procs)
{
	struct mon_table *rules = held_rules(a, path);

	printf(",\"processes\":[");
	for (size_t i = 0; i < procs->count; i++) {
		const struct proc *p = &procs->all[i];

		printf("%s{\"pid\":%d,\"inner\":%d,\"parent\":%d,\"threads\":%u,\"memory\":%llu,"
		       "\"cpu_usec\":%llu",
		       i ? "," : "", (int)p->pid, (int)p->inner, (int)p->parent, p->threads,
		       (unsigned long long)p->memory, (unsigned long long)p->cpu_usec);
		put(",", "command", p->command);
		printf(",\"holds\":[");
		in->comma = "";
		held_each(a, path, rules, p->pid, put_held, in);
		printf("]}");
	}
	printf("]");
	mon_table_free(rules);
}

static void put_space(struct inspect *in, const struct answer *a, const char *path)
{
	static const char *const run_fields[] = {"id",	    "pid",	 "monitor", "uid",
						 "name",    "started",	 "audit",   "view",
						 "program", "directory", "log"};
	const struct answer_record *run = answer_next(a, "run", NULL, NULL),
				   *argv = answer_next(a, "argv", NULL, NULL),
				   *space = answer_next(a, "space", path, NULL);
	struct procs procs;
	struct usage use;

	printf("{\"run\":");
	for (unsigned i = 0; i < sizeof(run_fields) / sizeof(run_fields[0]); i++)
		put(i ? "," : "{", run_fields[i], answer_field(run, i));
	printf(",\"argv\":[");
	for (unsigned i = 0; argv && i < argv->count; i++) {
		fputs(i ? "," : "", stdout);
		cli_put_json(stdout, argv->field[i]);
	}
	printf("]}");
	put(",", "path", path);
	put(",", "state", answer_field(space, 2));
	put(",", "policy", answer_field(space, 5));
	printf(",\"denied\":%llu,\"complete\":%s", answer_number(space, 6),
	       a->cut ? "false" : "true");
	put_records(a, "layers", "layer", path,
		    (const char *const[]){"place", "kind", "name", "on_deny", "interposes",
					  "native", NULL});
	put_records(a, "limits", "limit", path,
		    (const char *const[]){"name", "value", "means", NULL});
	put_records(a, "rules", "rule", path,
		    (const char *const[]){"layer", "verdict", "operations", "pattern", "source",
					  "pointer", NULL});
	put_records(a, "view", "mount", path,
		    (const char *const[]){"kind", "place", "from", "write", "exec", NULL});
	if (!procs_of(a, space, &procs))
		cli_say("cannot list its processes");
	procs_usage(&procs, &use);
	printf(",\"usage\":{\"processes\":%llu,\"memory\":%llu,\"cpu_usec\":%llu,\"by\":\"%s\"}",
	       (unsigned long long)use.processes, (unsigned long long)use.memory,
	       (unsigned long long)use.cpu_usec, use.whole ? "control group" : "processes");
	put_processes(in, a, path, &procs);
	procs_free(&procs);
	printf("}");
}

/* ---- the command ---- */

static bool one(struct inspect *in, const char *name, bool first)
{
	char id[CONTROL_ID_MAX], path[CD_SPACE_ID_MAX];
	struct answer answer;
	const char *why;
	bool found;

	if (!spaces_find(name, id, path))
		return false;
	if (!spaces_ask(id, "show", &answer, &why)) {
		cli_say("space %s: %s", name, why);
		return false;
	}
	found = answer_next(&answer, "space", path, NULL) != NULL;
	if (!found)
		cli_say("there is no space %s in %s; `cordon tree` shows them", path, id);
	else
		printf("%s", first ? "" : in->json ? ",\n" : "\n");
	if (found)
		(in->json ? put_space : print_space)(in, &answer, path);
	answer_free(&answer);
	return found;
}

static int inspect_command(int argc, char **argv)
{
	struct cli_args args = {.command = &cli_inspect, .argc = argc, .argv = argv, .at = 1};
	struct inspect in = {.json = false};
	const char **names = calloc((size_t)argc + 1, sizeof(char *));
	bool found = true, first = true;
	size_t count = 0;

	while (names && cli_args_next(&args))
		if (args.option)
			cli_args_store(&args, &in);
		else
			names[count++] = args.value;
	if (args.bad || !count) {
		if (!args.bad)
			cli_say("which space? `cordon ps` lists them");
		free(names);
		return CLI_FAILED;
	}
	if (in.json)
		printf("{\"spaces\":[");
	for (size_t i = 0; i < count; i++) {
		bool is = one(&in, names[i], first);

		first &= !is;
		found &= is;
	}
	if (in.json)
		puts("]}");
	free(names);
	return fflush(stdout) ? CLI_FAILED : found ? 0 : 1;
}

const struct cli_command cli_inspect = {
    .name = "inspect",
    .summary = "show a space's policy, use and capabilities",
    .usage = usage,
    .run = inspect_command,
    .options = options,
    .operands = "SPACE",
    .notes = "exit status: 0; 1 a space was not found or did not answer; 125 otherwise.\n"
	     "\n"
	     "examples:\n"
	     "  cordon inspect web\n"
	     "  cordon inspect --json web | jq '.spaces[].processes[].holds[].object'\n"};
