/* cordon policy: check, show and test policy files. The other verbs have files of their own. */
#include "cli/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cordon/limits.h"
#include "policy/lint.h"

static const char usage[] = "usage: cordon policy VERB [OPTIONS] [FILE...]\n";

static const struct cli_verb verbs[] = {
    {"check", "FILE...", "is it well-formed? what is probably not meant? do its own tests pass?"},
    {"show", "FILE", "the result of all that it extends, as JSON"},
    {"show", "--plan [FILE...]", "for each rule, what enforces it, and whether it is native"},
    {"test", "FILE...", "run its tests, and say each result"},
    {"diff", "A B", "what B grants and A does not, and the reverse"},
    {"subset", "A B", "does A grant no more than B? if not, an operation that shows it"},
    {"replay", "LOG", "which operations of a log would --policy decide otherwise?"},
    {"fmt", "FILE...", "rewrite it in canonical form; -: from standard input to standard output"},
    {"init", "[FILE]", "write a policy to begin with, with tests in it (policy.json)"},
    {"schema", "", "a JSON Schema of the language, for editors"},
    {"groups", "[NAME]", "the built-in groups, or the text of one"},
    {.name = NULL},
};

static const struct cli_option options[] = {
    {0, "origins", NULL, "with show: where each rule came from", NULL, CLI_OPTIONS,
     offsetof(struct policy_args, origins)},
    {0, "plan", NULL, "with show: what enforces each rule; without a file, of base", NULL,
     CLI_OPTIONS, offsetof(struct policy_args, plan)},
    {0, "json", NULL, "with check, diff, subset, replay, show --plan: JSON", NULL, CLI_OPTIONS,
     offsetof(struct policy_args, json)},
    {0, "strict", NULL, "with check: what is probably not meant is a failure", NULL, CLI_OPTIONS,
     offsetof(struct policy_args, strict)},
    {0, "check", NULL, "with fmt: change nothing, say which files would change", NULL, CLI_OPTIONS,
     offsetof(struct policy_args, check)},
    {0, "stdout", NULL, "with fmt: print the result, and leave the files as they are", NULL,
     CLI_OPTIONS, offsetof(struct policy_args, to_stdout)},
    {'p', "policy", "FILE", "with replay: the policy to decide by", NULL, CLI_OPTIONS,
     offsetof(struct policy_args, policy)},
    {0, "template", "untrusted|ask|tool|build|client|server",
     "with init: what to begin with; without it they are listed", NULL, CLI_OPTIONS,
     offsetof(struct policy_args, template)},
    {0, "force", NULL, "with init: write over a file that is there", NULL, CLI_OPTIONS,
     offsetof(struct policy_args, force)},
    {.name = NULL},
};

static const char notes[] =
    "exit status: 0 all is well, or yes; 1 a test failed, files differ, or no; 125 a file is\n"
    "not a policy, or something else kept cordon from saying.\n"
    "\n"
    "examples:\n"
    "  cordon policy init --template tool tool.json && cordon policy check tool.json\n"
    "  cordon policy show --origins tool.json\n"
    "  cordon policy subset mine.json theirs.json || echo mine grants more\n"
    "  cordon policy diff old.json new.json\n"
    "  cordon policy replay --policy new.json run.log\n"
    "  cordon policy fmt --check *.json\n";

/* A group's name stands for the group, where there is no such file. */
static enum cd_status add(struct pol_draft *draft, const char *path, struct pol_error *error)
{
	for (const struct pol_group *group = pol_groups; group->name; group++)
		if (strcmp(group->name, path) == 0 && access(path, F_OK) != 0)
			return pol_draft_group(draft, path, error);
	return pol_draft_file(draft, path, error);
}

struct pol_policy *policy_load(int count, char *const *paths)
{
	struct pol_policy *policy = NULL;
	struct pol_draft *draft;
	struct pol_error error;
	struct pol_vars vars;
	enum cd_status status = CD_OK;

	cli_vars(&vars, "/usr/bin/program");
	draft = pol_draft_new(&vars);
	if (!draft) {
		cli_say("out of memory");
		return NULL;
	}
	if (!count)
		status = pol_draft_group(draft, "base", &error);
	for (int i = 0; i < count && status == CD_OK; i++)
		status = add(draft, paths[i], &error);
	if (status != CD_OK || pol_draft_finish(draft, &policy, &error) != CD_OK)
		cli_say_policy_error(&error);
	pol_draft_free(draft);
	return policy;
}

void policy_print_visible(const char *text, int width)
{
	char visible[9 * CD_PATH_MAX];
	struct cd_buf buf;

	cd_buf_init(&buf, visible, sizeof(visible));
	cd_buf_visible(&buf, text, strlen(text));
	printf("%-*s", width, visible);
}

void policy_print_json(const char *name, const char *text)
{
	char escaped[14 * CD_PATH_MAX];
	struct cd_buf buf;

	cd_buf_init(&buf, escaped, sizeof(escaped));
	cd_buf_json(&buf, text, strlen(text));
	printf("\"%s\":\"%s\"", name, escaped);
}

/* ---- check and test ---- */

struct checking {
	const struct pol_policy *policy;
	bool json;
	size_t findings;
};

static void report_failure(void *context, const struct pol_test *test,
			   const struct mon_decision *got)
{
	const struct checking *checking = context;
	struct mon_rule rule = {.source = "no rule", .pointer = ""};

	if (got->rule != CD_NO_RULE)
		mon_table_rule(checking->policy->table, got->rule, &rule);
	cli_say("%s: %s: %s %s is %s (%s %s), not %s", test->source, test->pointer,
		cd_op_name(test->op), test->object, pol_verdict_name(got->verdict), rule.source,
		rule.pointer, pol_verdict_name(test->expect));
}

static void report_finding(void *context, const struct pol_finding *finding)
{
	struct checking *checking = context;

	checking->findings++;
	if (!checking->json) {
		cli_say("%s: %s: %s [%s]", finding->source, finding->pointer, finding->text,
			finding->kind);
		return;
	}
	printf("{");
	policy_print_json("kind", finding->kind);
	printf(",");
	policy_print_json("source", finding->source);
	printf(",");
	policy_print_json("pointer", finding->pointer);
	printf(",");
	policy_print_json("text", finding->text);
	printf("}\n");
}

static bool lint(struct checking *checking, const char *path)
{
	struct pol_vars vars;
	enum cd_status status;

	cli_vars(&vars, "/usr/bin/program");
	status = pol_lint(checking->policy, &vars, access(path, R_OK) == 0 ? path : NULL,
			  report_finding, checking);
	if (status != CD_OK)
		cli_say("%s: its rules cannot be looked at all together: %s", path,
			cd_status_name(status));
	return status == CD_OK;
}

/* What check and test print of a file in which nothing is amiss. */
static void print_sum(const char *path, const struct checking *checking, size_t failed, bool tests)
{
	const struct pol_policy *policy = checking->policy;

	policy_print_visible(path, 0);
	if (tests) {
		printf(": %zu of %zu tests passed\n", policy->test_count - failed,
		       policy->test_count);
		return;
	}
	printf(": ");
	policy_print_visible(policy->name, 0);
	printf(": %u rules, %zu tests%s", mon_table_count(policy->table), policy->test_count,
	       failed ? ", some failed" : "");
	if (checking->findings)
		printf(", %zu warning%s", checking->findings, checking->findings == 1 ? "" : "s");
	printf("\n");
}

static int check_file(char *path, const struct policy_args *args, bool tests)
{
	struct pol_policy *policy = policy_load(1, &path);
	struct checking checking = {policy, args->json, 0};
	int status = 0;
	size_t failed;

	if (!policy)
		return CLI_FAILED;
	failed = pol_policy_test(policy, report_failure, &checking);
	if (!tests && !lint(&checking, path))
		status = CLI_FAILED;
	else if (failed || (args->strict && checking.findings))
		status = 1;
	if (!args->json)
		print_sum(path, &checking, failed, tests);
	pol_policy_free(policy);
	return status;
}

static int check_files(const struct policy_args *args, bool tests)
{
	int worst = 0;

	for (int i = 0; i < args->count; i++) {
		int status = check_file(args->operands[i], args, tests);

		worst = status > worst ? status : worst;
	}
	return worst;
}

static int check(const struct policy_args *args)
{
	return check_files(args, false);
}

static int test(const struct policy_args *args)
{
	return check_files(args, true);
}

/* ---- show and groups ---- */

static int show(const struct policy_args *args)
{
	struct pol_policy *policy;
	char *text;

	if (args->plan)
		return policy_show_plan(args->count, args->operands, args->json);
	if (args->count != 1) {
		cli_say("name one file to show; `cordon policy --help` shows how");
		return CLI_FAILED;
	}
	policy = policy_load(1, args->operands);
	text = policy ? pol_policy_json(policy, args->origins) : NULL;
	if (text)
		fputs(text, stdout);
	free(text);
	pol_policy_free(policy);
	return text && fflush(stdout) == 0 ? 0 : CLI_FAILED;
}

static int groups(const struct policy_args *args)
{
	const char *name = args->count ? args->operands[0] : NULL;

	for (const struct pol_group *group = pol_groups; group->name; group++) {
		if (!name) {
			puts(group->name);
		} else if (strcmp(name, group->name) == 0) {
			fputs(group->text, stdout);
			return 0;
		}
	}
	if (name)
		cli_say("there is no group \"%s\"; `cordon policy groups` lists them", name);
	return name ? CLI_FAILED : 0;
}

/* ---- the verbs ---- */

static const struct {
	const char *name;
	int least, most; /* operands */
	int (*run)(const struct policy_args *args);
} table[] = {
    {"check", 1, INT32_MAX, check},  {"test", 1, INT32_MAX, test},
    {"show", 0, INT32_MAX, show},    {"groups", 0, 1, groups},
    {"diff", 2, 2, policy_diff},     {"subset", 2, 2, policy_subset},
    {"replay", 1, 1, policy_replay}, {"fmt", 1, INT32_MAX, policy_fmt},
    {"init", 0, 1, policy_init},     {"schema", 0, 0, policy_schema},
};

static bool parse(int argc, char **argv, struct policy_args *out)
{
	struct cli_args args = {.command = &cli_policy, .argc = argc, .argv = argv, .at = 1};

	out->operands = argv;
	while (cli_args_next(&args)) {
		if (args.option)
			cli_args_store(&args, out);
		else
			out->operands[out->count++] = (char *)args.value;
	}
	return !args.bad;
}

static int policy_command(int argc, char **argv)
{
	struct policy_args args = {0};
	const char *verb = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, verb) != 0)
			continue;
		if (!parse(argc - 1, argv + 1, &args))
			return CLI_FAILED;
		if (args.count >= table[i].least && args.count <= table[i].most)
			return table[i].run(&args);
		cli_say("policy %s: wrong number of files; `cordon policy --help` shows how", verb);
		return CLI_FAILED;
	}
	if (*verb)
		cli_say("there is no `cordon policy %s`; `cordon policy --help` lists the verbs",
			verb);
	else
		fputs(usage, stderr);
	return CLI_FAILED;
}

const struct cli_command cli_policy = {.name = "policy",
				       .summary = "check, compare, format and test policies",
				       .usage = usage,
				       .run = policy_command,
				       .options = options,
				       .verbs = verbs,
				       .operands = "FILE",
				       .notes = notes};
