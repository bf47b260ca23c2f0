/* A policy as JSON text again. */
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/policy/support.h"

static struct pol_policy *many_things(void)
{
	struct pol_draft *draft = new_draft();
	struct pol_policy *policy;
	struct pol_error error;

	for (size_t i = 0; pol_groups[i].name; i++)
		cr_assert_eq(pol_draft_group(draft, pol_groups[i].name, &error), CD_OK);
	cr_assert_eq(
	    pol_draft_file(draft,
			   write_text("p.json",
				      "{\"version\": 1, \"name\": \"n\\\"\\u00e9\", \"ask\": "
				      "{\"*\": [\"/q/**\"], \"net.*\": [\"a.example\"]},"
				      "\"view\": {\"/c\": {\"from\": \"/d\", \"mode\": \"cow\"}, "
				      "\"/e\": {\"from\": \"/d\", \"mode\": \"rw\"}},"
				      "\"env\": {\"deny\": [\"X*\"], \"set\": {\"A\": \"b=c\"}}, "
				      "\"limits\": {\"memory\": \"3G\", \"open_files\": 9},"
				      "\"on_deny\": \"hide\", \"tests\": [{\"op\": \"fs.read\", "
				      "\"path\": \"/q\", \"expect\": \"ask\"}]}"),
			   &error),
	    CD_OK, "%s", error.problem);
	cr_assert_eq(pol_draft_flag(draft, "allow-write", "/data", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "allow-write", "/odd${HOME}", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "bind", "/odd/$${x:/dest${y", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "setenv", "ODD=${$${${HOME}", &error), CD_OK);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	pol_draft_free(draft);
	return policy;
}

Test(show, what_is_printed_reads_back_as_the_same_policy)
{
	struct pol_policy *first = many_things(), *second;
	char *printed = pol_policy_json(first, false), *again;

	cr_assert_not_null(printed);
	second = policy_of(printed);
	again = pol_policy_json(second, false);
	cr_assert_str_eq(printed, again);
	cr_assert_eq(policy_verdict(second, "fs.create /data/x"), MON_ALLOW);
	cr_assert_eq(policy_verdict(second, "fs.read /q/x"), MON_ASK);
	cr_assert_eq(policy_verdict(second, "fs.create /odd${HOME}/x"), MON_ALLOW);
	cr_assert_eq(policy_verdict(second, "fs.create /dest${y/x"), MON_ALLOW);
	cr_assert_eq(second->view_count, first->view_count);
	cr_assert_eq(second->limits.memory, UINT64_C(3) << 30);
	cr_assert_eq(pol_policy_test(second, NULL, NULL), 0);
	cr_assert_not(pol_env_passes(second, "XY", 2));
	free(printed);
	free(again);
	pol_policy_free(first);
	pol_policy_free(second);
}

Test(show, sets_of_operations_are_named_as_sets)
{
	struct pol_policy *policy = many_things();
	char *printed = pol_policy_json(policy, false);

	cr_assert(strstr(printed, "\"*\": [\n      \"/q/**\""));
	cr_assert(strstr(printed, "\"net.*\": [\n      \"a.example\""));
	cr_assert_not(strstr(printed, "origins"));
	free(printed);
	pol_policy_free(policy);
}

Test(show, a_policy_from_a_file_of_any_name_can_be_printed)
{
	struct pol_draft *draft = new_draft();
	struct pol_policy *policy;
	struct pol_error error;
	char *printed;

	cr_assert_eq(
	    pol_draft_file(
		draft,
		write_text("odd\xff\n.json", "{\"version\": 1, \"allow\": {\"fs.read\": [\"/\"]}}"),
		&error),
	    CD_OK);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	printed = pol_policy_json(policy, true);
	cr_assert_not_null(printed);
	cr_assert(strstr(printed, "odd\\\\xff\\\\x0a.json"));
	free(printed);
	pol_policy_free(policy);
	pol_draft_free(draft);
}

Test(show, origins_say_where_each_rule_came_from)
{
	struct pol_policy *policy = many_things();
	char *printed = pol_policy_json(policy, true);

	cr_assert(strstr(printed, "\"source\": \"group:base\""));
	cr_assert(strstr(printed, "\"source\": \"command line\""));
	cr_assert(strstr(printed, "\"pointer\": \"--allow-write=/data\""));
	cr_assert(strstr(printed, "\"pointer\": \"/ask/*/0\""));
	free(printed);
	pol_policy_free(policy);
}
