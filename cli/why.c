/* cordon why: how a policy decides on one operation, and what would turn that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/last.h"
#include "cordon/limits.h"
#include "policy/place.h"
#include "refmon/compare.h"
#include "refmon/explain.h"

static const char usage[] =
    "usage: cordon why [-p FILE] [RULES] OPERATION OBJECT\n"
    "       cordon why --last\n"
    "\n"
    "Explains how a policy decides on one operation: by which rules, in which file, and what\n"
    "would turn it. Takes the policy and the rules that `cordon run` takes; without a policy it\n"
    "is `base`. A path may be relative; links are followed, as rules name what they lead to.\n";

struct why {
	struct pol_draft *draft;
	struct pol_policy *policy;
	bool has_policy, json, last;
	const char *operands[2];
	int count;
};

static const struct cli_option options[] = {
    {'p', "policy", "FILE", "explain the policy in FILE; several add up", NULL, CLI_RULES, 0},
    {0, "last", NULL, "what the last run was denied, and what would allow it",
     "The last\n.Ql cordon run\nof this user that was denied something, or was not.", CLI_OPTIONS,
     offsetof(struct why, last)},
    {0, "json", NULL, "one JSON object", NULL, CLI_REPORTS, offsetof(struct why, json)},
    {.name = NULL},
};

static const char notes[] =
    "exit status: 0 allowed; 1 denied, or the user is asked; 125 cordon cannot say.\n"
    "\n"
    "examples:\n"
    "  cordon why -p tool.json fs.read /etc/shadow\n"
    "  cordon why --allow-write=out fs.exec out/a\n"
    "  cordon why -p tool.json net.connect example.org:443\n"
    "  cordon why --last\n";

/* ---- the object ---- */

/* One operation on one object, with all that is found out about it. */
struct question {
	const struct pol_policy *policy;
	enum cd_op op;
	char path[CD_PATH_MAX], outer[2 * CD_PATH_MAX];
	const char *given; /* the name that was typed, where it leads elsewhere; else NULL */
	struct cd_object object;
	struct cd_decision decision;
	struct pol_place place;
	bool is_answered;		    /* for good */
	bool is_path, is_there, is_refused; /* refused: by what is shown, whatever the rules say */
	uint32_t secret;
};

static bool make_absolute(const char *text, char *out)
{
	char cwd[CD_PATH_MAX], joined[2 * CD_PATH_MAX];
	struct cd_buf path;

	if (text[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return false;
	snprintf(joined, sizeof(joined), "%s%s%s", text[0] == '/' ? "" : cwd,
		 text[0] == '/' ? "" : "/", text);
	cd_buf_init(&path, out, CD_PATH_MAX);
	for (const char *at = joined; *at;) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 2 && memcmp(at, "..", 2) == 0) {
			while (path.len && path.data[--path.len] != '/')
				;
		} else if (len && !(len == 1 && *at == '.')) {
			cd_buf_str(&path, "/");
			cd_buf_add(&path, at, len);
		}
		path.data[path.len] = '\0';
		at += len;
	}
	if (!path.len)
		cd_buf_str(&path, "/");
	return !path.cut;
}

/* Where names are as outside, rules are about what they lead to. */
static bool find_path(struct question *q, const char *text)
{
	char *real;

	if (!make_absolute(text, q->path))
		return false;
	q->is_path = true;
	q->place = pol_place_of(q->policy, q->path);
	real = q->place.view ? NULL : realpath(q->path, NULL);
	if (real && strcmp(real, q->path) != 0 && strlen(real) < sizeof(q->path)) {
		q->given = text;
		strcpy(q->path, real);
		q->place = pol_place_of(q->policy, q->path);
	}
	free(real);
	pol_place_outer(&q->place, q->path, q->outer, sizeof(q->outer));
	q->is_there = q->place.own || access(q->outer, F_OK) == 0;
	return true;
}

static bool ask(struct question *q, const char *text)
{
	const uint64_t changes =
	    CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE);
	bool is_path = cd_op_table[q->op].kind == CD_OBJECT_PATH;

	if ((is_path && !find_path(q, text)) ||
	    mon_object_parse(q->op, is_path ? q->path : text, &q->object) != CD_OK) {
		cli_say("\"%s\" is not what %s is decided on: write %s", text, cd_op_name(q->op),
			is_path					       ? "a path"
			: cd_op_table[q->op].kind == CD_OBJECT_ADDRESS ? "HOST:PORT or unix:/PATH"
								       : "a name");
		return false;
	}
	mon_decide(q->policy->table, CD_OPBIT(q->op), &q->object, &q->decision);
	q->is_answered = q->decision.verdict == CD_ASK;
	q->decision.verdict = pol_verdict_of(q->policy, q->op, &q->object, q->decision.verdict);
	q->is_answered &= q->decision.verdict == CD_ALLOW;
	q->is_refused = is_path && CD_OPBIT(q->op) & changes && q->place.view &&
			q->place.view->kind == POL_VIEW_BIND && !q->place.view->writable;
	if (mon_explain_protected(q->policy->table, &q->object, &q->secret) != CD_OK) {
		cli_say("out of memory");
		return false;
	}
	return true;
}

/* ---- what is said ---- */

#define TEXT_MAX (4 * CD_PATH_MAX)

static void print_buf(const struct cd_buf *text)
{
	char visible[4 * TEXT_MAX];
	struct cd_buf out;

	cd_buf_init(&out, visible, sizeof(visible));
	cd_buf_visible(&out, text->data, text->len);
	fputs(visible, stdout);
}

static void add_rule(const struct question *q, uint32_t index, struct cd_buf *out)
{
	struct mon_rule rule;

	mon_table_rule(q->policy->table, index, &rule);
	cd_buf_fmt(out, "%s \"%s\" (%s %s)", pol_verdict_name(rule.verdict), rule.pattern,
		   rule.source, rule.pointer);
}

static void print_line(const char *head, const struct question *q, uint32_t rule, const char *tail)
{
	char text[TEXT_MAX];
	struct cd_buf out;

	cd_buf_init(&out, text, sizeof(text));
	add_rule(q, rule, &out);
	fputs(head, stdout);
	print_buf(&out);
	puts(tail);
}

struct matching {
	const struct question *q;
	uint32_t in_the_way; /* how many deny it, or ask */
	bool print;
	struct mon_builder *without; /* the policy's rules but for those */
	uint32_t taken;		     /* so many rules are in there, or left out */
	bool failed;
};

static void take_rules(struct matching *m, uint32_t end)
{
	const char *why;

	for (; m->taken < end; m->taken++) {
		struct mon_rule rule;

		mon_table_rule(m->q->policy->table, m->taken, &rule);
		m->failed |= mon_builder_add(m->without, &rule, &why) != CD_OK;
	}
}

static void take_match(void *context, uint32_t index, bool implied)
{
	struct matching *m = context;
	struct mon_rule rule;

	mon_table_rule(m->q->policy->table, index, &rule);
	take_rules(m, index + (rule.verdict == MON_ALLOW));
	if (rule.verdict != MON_ALLOW) {
		m->taken++;
		m->in_the_way++;
	}
	if (m->print && index != m->q->decision.rule)
		print_line("    also: ", m->q, index, implied ? ", which implies it" : "");
}

/* The flag and the policy line; nothing, where no rule can name the object alone. */
static void print_advice(const struct question *q, bool allow)
{
	/* To see that something is there is seldom all that is wanted. */
	enum cd_op op = allow && q->op == CD_OP_FS_STAT ? CD_OP_FS_READ : q->op;
	char flag_text[TEXT_MAX], line_text[TEXT_MAX];
	struct cd_buf flag, line;

	cd_buf_init(&flag, flag_text, sizeof(flag_text));
	cd_buf_init(&line, line_text, sizeof(line_text));
	(allow ? mon_advise_flag : mon_advise_deny_flag)(op, &q->object, &flag);
	(allow ? mon_advise_policy : mon_advise_deny_policy)(op, &q->object, &line);
	if (!flag.len) {
		puts("  no rule can name it and nothing else: name the directory");
		return;
	}
	printf("  to %s it: ", allow ? "allow" : "deny");
	print_buf(&flag);
	printf("\n        or in a policy: ");
	print_buf(&line);
	puts("");
}

static void print_verdict(const struct question *q)
{
	char text[TEXT_MAX];
	struct cd_buf out;

	cd_buf_init(&out, text, sizeof(text));
	cd_buf_fmt(&out, "%s ", cd_op_name(q->op));
	mon_object_text(&q->object, &out);
	printf("%s: ", q->decision.verdict == CD_DENY || q->is_refused ? "denied"
		       : q->decision.verdict == CD_ASK		       ? "asked about"
								       : "allowed");
	print_buf(&out);
	puts("");
	if (q->given)
		puts("  (which the name leads to; rules are about that)");
}

static void print_place(const struct question *q)
{
	char text[TEXT_MAX];
	struct cd_buf out;

	if (!q->is_path || (!q->place.view && q->is_there))
		return;
	cd_buf_init(&out, text, sizeof(text));
	if (q->place.own)
		cd_buf_fmt(&out, "\"%s\" is a private directory of the space's own",
			   q->place.view->dest);
	else if (q->place.view)
		cd_buf_fmt(&out, "\"%s\" shows \"%s\", %s", q->place.view->dest,
			   q->place.view->from,
			   q->place.view->kind == POL_VIEW_COW ? "and keeps changes inside"
			   : q->place.writable		       ? "writable"
							       : "read-only");
	if (q->place.view)
		cd_buf_fmt(&out, " (%s %s)", q->place.view->source, q->place.view->pointer);
	if (!q->is_there)
		cd_buf_fmt(&out, "%sthere is no %s outside", q->place.view ? "; " : "", q->outer);
	printf("  view: ");
	print_buf(&out);
	puts("");
}

static void print_layer(const struct question *q)
{
	printf("  policy \"");
	print_buf(
	    &(struct cd_buf){.data = (char *)q->policy->name, .len = strlen(q->policy->name)});
	printf("\": %s", pol_verdict_name(q->decision.verdict));
	if (q->decision.rule == CD_NO_RULE)
		puts(", as no rule that holds names it");
	else
		print_line(", by ", q, q->decision.rule,
			   q->is_answered ? ", which was answered for good (\"always\")" : "");
	if (q->secret != CD_NO_RULE && q->decision.rule == CD_NO_RULE) {
		printf("    only a rule that spells it out holds at ");
		print_buf(&(struct cd_buf){
		    .data = (char *)mon_table_protected(q->policy->table, q->secret),
		    .len = strlen(mon_table_protected(q->policy->table, q->secret))});
		puts("");
	}
}

/* What would the verdict be without the rules that are in the way? */
static enum cd_verdict verdict_without(struct matching *m)
{
	const struct mon_table *table = m->q->policy->table;
	struct cd_decision decision = {.verdict = CD_DENY};
	struct mon_table *without;
	const char *why;

	take_rules(m, mon_table_count(table));
	for (uint32_t i = 0; i < mon_table_protected_count(table); i++)
		m->failed |=
		    mon_builder_protect(m->without, mon_table_protected(table, i), &why) != CD_OK;
	if (m->failed || mon_builder_compile(m->without, &without) != CD_OK)
		return CD_DENY;
	mon_decide(without, CD_OPBIT(m->q->op), &m->q->object, &decision);
	mon_table_free(without);
	return decision.verdict;
}

/* What is in the way is taken out; then it may still need to be granted. */
static void print_turn(const struct question *q, struct matching *m)
{
	if (q->decision.verdict == CD_ALLOW && !q->is_refused) {
		print_advice(q, false);
		return;
	}
	if (q->decision.rule != CD_NO_RULE && q->decision.verdict != CD_ALLOW) {
		bool then = verdict_without(m) == CD_ALLOW;
		const char *it = m->in_the_way > 1 ? "them" : "it";

		printf("  no grant wins over %s: take %s out, or narrow %s; %s\n", it, it, it,
		       then ? "then it is allowed" : "and then");
		if (then)
			return;
	}
	if (q->decision.verdict != CD_ALLOW)
		print_advice(q, true);
	if (q->is_refused)
		puts("  and the view is to say \"mode\": \"rw\" there");
}

static void print_json(const struct question *q)
{
	char object[TEXT_MAX], flag[TEXT_MAX] = "", line[6 * TEXT_MAX];
	struct mon_rule rule = {.source = "", .pointer = "", .pattern = ""};
	struct cd_buf out, text;
	bool allow = q->decision.verdict != CD_ALLOW;

	cd_buf_init(&text, object, sizeof(object));
	mon_object_text(&q->object, &text);
	cd_buf_init(&text, flag, sizeof(flag));
	if (q->decision.rule == CD_NO_RULE || !allow)
		(allow ? mon_advise_flag : mon_advise_deny_flag)(q->op, &q->object, &text);
	if (q->decision.rule != CD_NO_RULE)
		mon_table_rule(q->policy->table, q->decision.rule, &rule);
	cd_buf_init(&out, line, sizeof(line));
	{
		const struct {
			const char *name, *value;
		} members[] = {{"op", cd_op_name(q->op)},
			       {"object", object},
			       {"verdict", pol_verdict_name(q->decision.verdict)},
			       {"policy", q->policy->name},
			       {"pattern", rule.pattern},
			       {"source", rule.source},
			       {"pointer", rule.pointer},
			       {allow ? "to_allow" : "to_deny", flag}};

		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			cd_buf_fmt(&out, "%s\"%s\":\"", i ? "," : "{", members[i].name);
			cd_buf_json(&out, members[i].value, strlen(members[i].value));
			cd_buf_str(&out, "\"");
		}
	}
	printf("%s,\"refused_by_view\":%s,\"secret\":%s}\n", line, q->is_refused ? "true" : "false",
	       q->secret != CD_NO_RULE ? "true" : "false");
}

static int explain(const struct why *why, enum cd_op op)
{
	static struct question q;
	struct matching matching = {.q = &q, .print = true};
	enum cd_status status;

	q = (struct question){.policy = why->policy, .op = op};
	if (!ask(&q, why->operands[1]))
		return CLI_FAILED;
	if (why->json) {
		print_json(&q);
		goto out;
	}
	matching.without = mon_builder_new();
	status = matching.without ? CD_OK : CD_ENOMEM;
	print_verdict(&q);
	print_layer(&q);
	if (!status)
		status = mon_explain_rules(q.policy->table, op, &q.object, take_match, &matching);
	if (!status) {
		print_place(&q);
		print_turn(&q, &matching);
	}
	mon_builder_free(matching.without);
	if (status) {
		cli_say("out of memory");
		return CLI_FAILED;
	}
out:
	return q.decision.verdict == CD_ALLOW && !q.is_refused ? 0 : 1;
}

/* ---- the command line ---- */

static int take_option(struct why *why, const struct cli_args *args)
{
	struct pol_error error;
	enum cd_status status = CD_OK;

	if (strcmp(args->option->name, "policy") == 0) {
		why->has_policy = true;
		status = pol_draft_file(why->draft, args->value, &error);
	} else if (cli_option_is_policy(args->option)) {
		status = pol_draft_flag(why->draft, args->option->name, args->value, &error);
	} else {
		cli_args_store(args, why);
	}
	return status == CD_OK ? 0 : cli_say_policy_error(&error);
}

static int parse(struct why *why, int argc, char **argv)
{
	struct cli_args args = {.command = &cli_why, .argc = argc, .argv = argv, .at = 1};

	while (cli_args_next(&args)) {
		if (args.option && take_option(why, &args))
			return CLI_FAILED;
		if (!args.option && why->count < 2)
			why->operands[why->count] = args.value;
		why->count += !args.option;
	}
	return args.bad ? CLI_FAILED : 0;
}

static int explain_each(struct why *why)
{
	uint64_t ops = cd_ops_named(why->operands[0], strlen(why->operands[0]));
	struct pol_error error;
	int worst = 0;

	if (!ops) {
		cli_say("there is no operation \"%s\"; docs/policy.md lists them",
			why->operands[0]);
		return CLI_FAILED;
	}
	if ((!why->has_policy && pol_draft_group(why->draft, "base", &error) != CD_OK) ||
	    pol_draft_finish(why->draft, &why->policy, &error) != CD_OK)
		return cli_say_policy_error(&error);
	for (; ops; ops &= ops - 1) {
		int status = explain(why, (enum cd_op)__builtin_ctzll(ops));

		worst = status > worst ? status : worst;
	}
	return fflush(stdout) ? CLI_FAILED : worst;
}

static int why_command(int argc, char **argv)
{
	struct why why = {.count = 0};
	struct pol_vars vars;
	int status;

	cli_vars(&vars, "/usr/bin/program");
	why.draft = pol_draft_new(&vars);
	if (!why.draft) {
		cli_say("out of memory");
		return CLI_FAILED;
	}
	status = parse(&why, argc, argv);
	if (!status && why.last && !why.count)
		status = last_print(why.json);
	else if (!status && (why.last || why.count != 2)) {
		cli_say("name an operation and an object; `cordon why --help` shows how");
		status = CLI_FAILED;
	} else if (!status) {
		status = explain_each(&why);
	}
	pol_policy_free(why.policy);
	pol_draft_free(why.draft);
	return status;
}

const struct cli_command cli_why = {.name = "why",
				    .summary = "explain a decision, and what would turn it",
				    .usage = usage,
				    .run = why_command,
				    .options = options,
				    .notes = notes,
				    .policy_flags = true};
