/* cordon policy: check, show and test policy files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const char usage[] =
    "usage: cordon policy check FILE...    is it well-formed? and do its own tests pass?\n"
    "       cordon policy show [--origins] FILE\n"
    "                                      the result of all that it extends, as JSON\n"
    "       cordon policy test FILE...     run its tests, and say each result\n"
    "       cordon policy groups [NAME]    the built-in groups, or the text of one\n"
    "\n"
    "exit status: 0 all is well; 1 a test failed; 125 a file is not a policy.\n"
    "\n"
    "examples:\n"
    "  cordon policy check tool.json\n"
    "  cordon policy show --origins tool.json\n";

/* NULL, and said, when the file is no policy. */
static struct pol_policy *load(const char *path)
{
	struct pol_policy *policy = NULL;
	struct pol_draft *draft;
	struct pol_error error;
	struct pol_vars vars;

	cli_vars(&vars, "/usr/bin/program");
	draft = pol_draft_new(&vars);
	if (!draft) {
		cli_say("out of memory");
		return NULL;
	}
	if (pol_draft_file(draft, path, &error) != CD_OK ||
	    pol_draft_finish(draft, &policy, &error) != CD_OK)
		cli_say_policy_error(&error);
	pol_draft_free(draft);
	return policy;
}

static const char *verdict_name(enum cd_verdict verdict)
{
	return verdict == CD_ALLOW ? "allow" : verdict == CD_ASK ? "ask" : "deny";
}

static void report_failure(void *context, const struct pol_test *test,
			   const struct mon_decision *got)
{
	const struct pol_policy *policy = context;
	struct mon_rule rule = {.source = "no rule", .pointer = ""};

	if (got->rule != CD_NO_RULE)
		mon_table_rule(policy->table, got->rule, &rule);
	fprintf(stderr, "cordon: %s: %s: %s %s is %s (%s %s), not %s\n", test->source,
		test->pointer, cd_op_name(test->op), test->object, verdict_name(got->verdict),
		rule.source, rule.pointer, verdict_name(test->expect));
}

static int check_file(const char *path, bool tell)
{
	struct pol_policy *policy = load(path);
	size_t failed;

	if (!policy)
		return CLI_FAILED;
	failed = pol_policy_test(policy, report_failure, policy);
	if (tell)
		printf("%s: %zu of %zu tests passed\n", path, policy->test_count - failed,
		       policy->test_count);
	else
		printf("%s: %s: %u rules, %zu tests%s\n", path, policy->name,
		       mon_table_count(policy->table), policy->test_count,
		       failed ? ", some failed" : "");
	pol_policy_free(policy);
	return failed ? 1 : 0;
}

static int check_files(int argc, char **argv, bool tell)
{
	int worst = 0;

	for (int i = 0; i < argc; i++) {
		int status = check_file(argv[i], tell);

		worst = status > worst ? status : worst;
	}
	return worst;
}

static int show(const char *path, bool origins)
{
	struct pol_policy *policy = load(path);
	char *text = policy ? pol_policy_json(policy, origins) : NULL;

	if (text)
		fputs(text, stdout);
	free(text);
	pol_policy_free(policy);
	return text && fflush(stdout) == 0 ? 0 : CLI_FAILED;
}

static int groups(const char *name)
{
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

static int policy_command(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "groups") == 0)
		return groups(argv[2]);
	if (argc > 2 && strcmp(verb, "check") == 0)
		return check_files(argc - 2, argv + 2, false);
	if (argc > 2 && strcmp(verb, "test") == 0)
		return check_files(argc - 2, argv + 2, true);
	if (argc == 3 && strcmp(verb, "show") == 0)
		return show(argv[2], false);
	if (argc == 4 && strcmp(verb, "show") == 0 && strcmp(argv[2], "--origins") == 0)
		return show(argv[3], true);
	fputs(usage, stderr);
	return CLI_FAILED;
}

const struct cli_command cli_policy = {"policy", "check, show and test policies", usage,
				       policy_command};
