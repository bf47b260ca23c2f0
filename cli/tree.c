/* cordon tree: spaces, their layers, and the processes in them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/procs.h"
#include "cli/spaces.h"

struct tree {
	bool json, ascii;
	const struct answer *answer;
	char indent[512];
};

static const char usage[] =
    "usage: cordon tree [--json] [SPACE...]\n"
    "\n"
    "Spaces and the spaces in them; of each, the layers that decide on what crosses its border,\n"
    "innermost first, what they interpose on, what Linux does without asking them; and its\n"
    "processes. Without SPACE: all of this user's.\n";

static const struct cli_option options[] = {
    {0, "json", NULL, "print it as one JSON object",
     "An array\n.Ql runs\nof objects with\n.Ql id , name , argv\nand\n.Ql spaces ;\na space has\n"
     ".Ql path , state , layers , processes\nand\n.Ql spaces .",
     CLI_OPTIONS, offsetof(struct tree, json)},
    {0, "ascii", NULL, "draw with ASCII characters alone", NULL, CLI_OPTIONS,
     offsetof(struct tree, ascii)},
    {.name = NULL},
};

/* ---- for people ---- */

static void print_indent(const struct tree *t, bool last)
{
	printf("%s%s", t->indent, t->ascii ? (last ? "`- " : "|- ") : (last ? "└─ " : "├─ "));
}

static size_t deeper(struct tree *t, bool last)
{
	size_t before = strlen(t->indent);

	snprintf(t->indent + before, sizeof(t->indent) - before, "%s",
		 last	    ? "   "
		 : t->ascii ? "|  "
			    : "│  ");
	return before;
}

/* "fs.*,net.*,proc.*": a protocol that is there as a whole in one word. */
static void print_ops(const char *text)
{
	uint64_t ops = 0;
	const char *comma = "";

	for (const char *at = text; *at; at += strcspn(at, ","), at += *at == ',')
		ops |= cd_ops_named(at, strcspn(at, ","));
	if (ops == CD_OPS_ALL) {
		printf("everything");
		return;
	}
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		const char *name = cd_op_name((enum cd_op)op);
		char protocol[32];
		uint64_t all;

		if (!(ops & CD_OPBIT(op)))
			continue;
		snprintf(protocol, sizeof(protocol), "%.*s.*", (int)strcspn(name, "."), name);
		all = cd_ops_named(protocol, strlen(protocol));
		printf("%s%s", comma, (all & ~ops) || all == CD_OPBIT(op) ? name : protocol);
		ops &= ~((all & ~ops) ? CD_OPBIT(op) : all);
		comma = ", ";
	}
}

static void print_layer(const struct answer_record *layer)
{
	printf("layer %s: %s%s", answer_field(layer, 1), answer_field(layer, 2),
	       *answer_field(layer, 3) ? " " : "");
	cli_put_visible(stdout, answer_field(layer, 3));
	printf(", on ");
	print_ops(answer_field(layer, 5));
	if (*answer_field(layer, 6))
		printf("; native where settled: %s", answer_field(layer, 6));
	printf("\n");
}

static bool is_child(const struct procs *procs, const struct proc *p, pid_t parent)
{
	if (parent)
		return p->parent == parent;
	for (size_t i = 0; i < procs->count; i++)
		if (procs->all[i].pid == p->parent)
			return false;
	return true;
}

/* The children of a process; 0: those whose parents are not in the space. more: something else of
 * the space follows. */
static void print_processes(struct tree *t, const struct procs *procs, pid_t parent, bool more)
{
	size_t children = 0, seen = 0;

	for (size_t i = 0; i < procs->count; i++)
		children += is_child(procs, &procs->all[i], parent);
	for (size_t i = 0; i < procs->count; i++) {
		const struct proc *p = &procs->all[i];
		bool last;
		size_t before;

		if (!is_child(procs, p, parent))
			continue;
		last = ++seen == children && !more;
		print_indent(t, last);
		printf("%d ", (int)(p->inner ? p->inner : p->pid));
		cli_put_visible(stdout, p->command);
		printf("\n");
		/* A parent's number may be used again between two looks: no circles. */
		before = deeper(t, last);
		if (before < sizeof(t->indent) - 16 && p->pid != parent)
			print_processes(t, procs, p->pid, false);
		t->indent[before] = '\0';
	}
}

/* Of spaces within another those that have ended may still be told of. */
static const struct answer_record *next_child(const struct answer *answer, const char *path,
					      const struct answer_record *after)
{
	while ((after = answer_next(answer, "space", NULL, after)))
		if (strcmp(answer_field(after, 1), path) == 0 &&
		    (strcmp(path, "-") == 0 || procs_warden(answer, after)))
			return after;
	return NULL;
}

static void print_space(struct tree *t, const struct answer_record *space, bool last)
{
	const struct answer_record *layer = NULL, *child = NULL, *next;
	const char *path = answer_field(space, 0);
	struct procs procs;
	size_t before;

	print_indent(t, last);
	printf("space %s ", path);
	cli_put_visible(stdout, answer_field(space, 8));
	printf("%s(%s)\n", *answer_field(space, 8) ? " " : "", answer_field(space, 2));
	before = deeper(t, last);
	if (!procs_of(t->answer, space, &procs))
		procs.count = 0;
	next = next_child(t->answer, path, NULL);
	while ((layer = answer_next(t->answer, "layer", path, layer))) {
		print_indent(t, !next && !procs.count &&
				    !answer_next(t->answer, "layer", path, layer));
		print_layer(layer);
	}
	print_processes(t, &procs, 0, next != NULL);
	procs_free(&procs);
	while (before < sizeof(t->indent) - 16 && (child = next)) {
		next = next_child(t->answer, path, child);
		print_space(t, child, !next);
	}
	t->indent[before] = '\0';
}

static void print_run(struct tree *t)
{
	const struct answer_record *run = answer_next(t->answer, "run", NULL, NULL),
				   *argv = answer_next(t->answer, "argv", NULL, NULL), *space,
				   *next = next_child(t->answer, "-", NULL);

	printf("%s", answer_field(run, 0));
	if (*answer_field(run, 4)) {
		printf(" ");
		cli_put_visible(stdout, answer_field(run, 4));
	}
	printf(":");
	for (unsigned i = 0; argv && i < argv->count; i++) {
		printf(" ");
		cli_put_visible(stdout, argv->field[i]);
	}
	printf("\n");
	while ((space = next)) {
		next = next_child(t->answer, "-", space);
		print_space(t, space, !next);
	}
}

/* ---- as JSON ---- */

static void put(const char *comma, const char *name, const char *text)
{
	printf("%s\"%s\":", comma, name);
	cli_put_json(stdout, text);
}

static void put_words(const char *name, const char *list)
{
	printf(",\"%s\":[", name);
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		printf("%s\"%.*s\"", at == list ? "" : ",", (int)strcspn(at, ","), at);
	printf("]");
}

static void put_space(const struct answer *answer, const struct answer_record *space, int depth)
{
	const struct answer_record *layer = NULL, *child = NULL;
	const char *path = answer_field(space, 0), *comma = "";
	struct procs procs;

	put("{", "path", path);
	put(",", "state", answer_field(space, 2));
	put(",", "name", answer_field(space, 8));
	printf(",\"denied\":%llu,\"layers\":[", answer_number(space, 6));
	while ((layer = answer_next(answer, "layer", path, layer))) {
		printf("%s{\"place\":%llu", comma, answer_number(layer, 1));
		comma = ",";
		put(",", "kind", answer_field(layer, 2));
		put(",", "name", answer_field(layer, 3));
		put(",", "on_deny", answer_field(layer, 4));
		put_words("interposes", answer_field(layer, 5));
		put_words("native", answer_field(layer, 6));
		printf("}");
	}
	printf("],\"processes\":[");
	if (!procs_of(answer, space, &procs))
		procs.count = 0;
	for (size_t i = 0; i < procs.count; i++) {
		const struct proc *p = &procs.all[i];

		printf("%s{\"pid\":%d,\"inner\":%d,\"parent\":%d,\"threads\":%u,\"memory\":%llu,"
		       "\"cpu_usec\":%llu",
		       i ? "," : "", (int)p->pid, (int)p->inner, (int)p->parent, p->threads,
		       (unsigned long long)p->memory, (unsigned long long)p->cpu_usec);
		put(",", "command", p->command);
		printf("}");
	}
	procs_free(&procs);
	printf("],\"spaces\":[");
	comma = "";
	while (depth < 64 && (child = next_child(answer, path, child))) {
		printf("%s", comma);
		comma = ",";
		put_space(answer, child, depth + 1);
	}
	printf("]}");
}

static void put_run(const struct answer *answer)
{
	const struct answer_record *run = answer_next(answer, "run", NULL, NULL),
				   *argv = answer_next(answer, "argv", NULL, NULL), *space = NULL;
	const char *comma = "";

	put("{", "id", answer_field(run, 0));
	put(",", "name", answer_field(run, 4));
	printf(",\"argv\":[");
	for (unsigned i = 0; argv && i < argv->count; i++) {
		fputs(i ? "," : "", stdout);
		cli_put_json(stdout, argv->field[i]);
	}
	printf("],\"spaces\":[");
	while ((space = next_child(answer, "-", space))) {
		printf("%s", comma);
		comma = ",";
		put_space(answer, space, 0);
	}
	printf("]}");
}

/* ---- the command ---- */

static bool one(struct tree *t, const char *id, const char **comma)
{
	struct answer answer;
	const char *why;

	if (!spaces_ask(id, "layers", &answer, &why)) {
		/* It was there when it was looked for. */
		if (strcmp(why, SPACES_ENDED) == 0)
			return true;
		cli_say("space %s: %s", id, why);
		return false;
	}
	/* cppcheck-suppress autoVariables ; it is used no longer than this */
	t->answer = &answer;
	printf("%s", *comma);
	*comma = t->json ? ",\n" : "";
	if (t->json)
		put_run(&answer);
	else
		print_run(t);
	answer_free(&answer);
	return true;
}

static int all(struct tree *t, const char **comma)
{
	struct spaces_id *ids;
	int count = spaces_list(&ids), status = 0;

	if (count < 0) {
		cli_say("cannot look for running spaces: %s", strerror(errno));
		return CLI_FAILED;
	}
	for (int i = 0; i < count; i++)
		status |= !one(t, ids[i].text, comma);
	free(ids);
	return status;
}

static int tree_command(int argc, char **argv)
{
	struct cli_args args = {.command = &cli_tree, .argc = argc, .argv = argv, .at = 1};
	struct tree tree = {.json = false};
	char id[CONTROL_ID_MAX], path[CD_SPACE_ID_MAX];
	const char *comma = "";
	bool any = false;
	int status = 0;

	/* Options may come behind spaces. */
	while (cli_args_next(&args))
		if (args.option)
			cli_args_store(&args, &tree);
	if (args.bad)
		return CLI_FAILED;
	if (tree.json)
		printf("{\"runs\":[");
	args.at = 1;
	args.only_operands = false;
	while (cli_args_next(&args)) {
		if (args.option)
			continue;
		any = true;
		status |= !spaces_find(args.value, id, path) || !one(&tree, id, &comma);
	}
	if (!any)
		status = all(&tree, &comma);
	if (tree.json)
		puts("]}");
	return fflush(stdout) ? CLI_FAILED : status;
}

const struct cli_command cli_tree = {
    .name = "tree",
    .summary = "show spaces, their layers and their processes",
    .usage = usage,
    .run = tree_command,
    .options = options,
    .operands = "SPACE",
    .notes = "exit status: 0; 1 a space was not found or did not answer; 125 otherwise.\n"
	     "\n"
	     "examples:\n"
	     "  cordon tree\n"
	     "  cordon tree --json web | jq '.runs[].spaces'\n"};
