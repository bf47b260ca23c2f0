/* Policy files formatted and added to. */
#include "policy/edit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"
#include "tests/policy/support.h"

static char *formatted(const char *text)
{
	struct pol_error error;
	char *out = NULL;

	cr_assert_eq(pol_format("x.json", text, strlen(text), &out, &error), CD_OK, "%s",
		     error.problem);
	return out;
}

static char *amended(const char *text, const char *key, enum cd_op op, const char *pattern)
{
	struct pol_error error;
	char *out = NULL;

	cr_assert_eq(pol_amend("x.json", text, strlen(text), key, op, pattern, &out, &error), CD_OK,
		     "%s", error.problem);
	return out;
}

Test(format, keys_and_operations_stand_in_order)
{
	char *out =
	    formatted("{\"deny\":{\"net.*\":[\":*\"],\"fs.read\":[\"/b\",\"/a\"],\"*\":[\"/c\"],"
		      "\"fs.*\":[]},\"version\":1}");

	cr_assert_str_eq(out, "{\n"
			      "  \"version\": 1,\n"
			      "  \"deny\": {\n"
			      "    \"*\": [\"/c\"],\n"
			      "    \"fs.*\": [],\n"
			      "    \"fs.read\": [\"/b\", \"/a\"],\n"
			      "    \"net.*\": [\":*\"]\n"
			      "  }\n"
			      "}\n");
	free(out);
}

Test(format, what_is_in_canonical_form_stays)
{
	for (const struct pol_template *t = pol_templates; t->name; t++) {
		char *out = formatted(t->text);

		cr_assert_str_eq(out, t->text, "%s", t->name);
		free(out);
	}
	for (const struct pol_group *g = pol_groups; g->name; g++) {
		char *once = formatted(g->text), *twice = formatted(once);

		cr_assert_str_eq(once, twice, "%s", g->name);
		free(once);
		free(twice);
	}
}

Test(format, long_lists_take_a_line_for_each_item)
{
	char text[2048] = "{\"version\": 1, \"allow\": {\"fs.read\": [", *out;

	for (int i = 0; i < 20; i++)
		strcat(text, "\"/a/long/path\", ");
	strcat(text, "\"/z\"]}}");
	out = formatted(text);
	cr_assert(strstr(out, "    \"fs.read\": [\n      \"/a/long/path\",\n"));
	cr_assert(strstr(out, "      \"/z\"\n    ]\n  }\n}\n"));
	free(out);
}

Test(format, no_text_that_deceives_a_terminal_comes_out)
{
	char *out = formatted("{\"version\": 1, \"name\": \"a\\u001b[2J\\u202e\303\244\"}");

	cr_assert(strstr(out, "\"a\\u001b[2J\\u202e\303\244\""), "%s", out);
	free(out);
}

Test(format, what_is_no_policy_is_an_error)
{
	struct pol_error error;
	const char *text = "{\"version\": 1,\n \"alow\": {}}";
	char *out;

	cr_assert_eq(pol_format("x.json", text, strlen(text), &out, &error), CD_EINVAL);
	cr_assert_eq(error.line, 2);
	cr_assert_str_eq(error.file, "x.json");
}

Test(amend, a_pattern_joins_its_list)
{
	char *out = amended("{ \"version\": 1,\n  \"allow\": {\n    \"fs.read\": [\n      \"/a\"\n"
			    "    ] } }\n",
			    "allow", CD_OP_FS_READ, "/b");

	cr_assert_str_eq(out, "{ \"version\": 1,\n  \"allow\": {\n    \"fs.read\": [\n"
			      "      \"/a\",\n      \"/b\"\n    ] } }\n");
	free(out);
	out = amended("{\"version\": 1, \"allow\": {\"fs.read\": [\"/a\"]}}", "allow",
		      CD_OP_FS_READ, "/b");
	cr_assert_str_eq(out, "{\"version\": 1, \"allow\": {\"fs.read\": [\"/a\", \"/b\"]}}");
	free(out);
	out = amended("{\"version\": 1, \"allow\": {\"fs.read\": [ ]}}", "allow", CD_OP_FS_READ,
		      "/b");
	cr_assert_str_eq(out, "{\"version\": 1, \"allow\": {\"fs.read\": [\"/b\" ]}}");
	free(out);
}

Test(amend, what_is_missing_is_made)
{
	char *out =
	    amended("{\n  \"version\": 1,\n  \"allow\": {}\n}\n", "allow", CD_OP_FS_WRITE, "/b");

	cr_assert_str_eq(out, "{\n  \"version\": 1,\n  \"allow\": {\"fs.write\": [\"/b\"]}\n}\n");
	free(out);
	out = amended("{\n  \"version\": 1\n}\n", "deny", CD_OP_NET_CONNECT, "example.org:443");
	cr_assert_str_eq(out, "{\n  \"version\": 1,\n"
			      "  \"deny\": { \"net.connect\": [\"example.org:443\"] }\n}\n");
	free(out);
}

Test(amend, a_pattern_means_itself)
{
	char *out = amended("{\"version\": 1}", "allow", CD_OP_FS_READ, "/${HOME}/\"}]\n");
	struct pol_policy *policy = policy_of(out);
	struct mon_rule rule;

	cr_assert_eq(mon_table_count(policy->table), 1);
	mon_table_rule(policy->table, 0, &rule);
	cr_assert_str_eq(rule.pattern, "/${HOME}/\"}]\n");
	pol_policy_free(policy);
	free(out);
}

/* Every place of a document in turn: what was in it stays, and one rule more is there. */
Test(amend, nothing_else_changes)
{
	for (const struct pol_group *g = pol_groups; g->name; g++) {
		for (unsigned op = 0; op < CD_OP_COUNT; op++) {
			char *out = amended(g->text, "ask", op, "/x"), *last;
			size_t same = 0, left;

			while (out[same] == g->text[same])
				same++;
			last = strchr(out, '\0');
			left = strlen(g->text) - same;
			while (left && strcmp(last - left, g->text + same) != 0)
				left--;
			cr_assert(strlen(g->text) - same - left < 3, "%s", out);
			free(out);
		}
	}
}
