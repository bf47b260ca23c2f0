/* extends: what is merged, what wins, and what is refused. */
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "tests/policy/support.h"

static struct pol_policy *read_policy(const char *path)
{
	struct pol_draft *draft = new_draft();
	struct pol_policy *policy;
	struct pol_error error;

	cr_assert_eq(pol_draft_file(draft, path, &error), CD_OK, "%s:%u: %s", error.file,
		     error.line, error.problem);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	pol_draft_free(draft);
	return policy;
}

static struct pol_error read_error(const char *path, enum cd_status status)
{
	struct pol_draft *draft = new_draft();
	struct pol_error error;

	cr_assert_eq(pol_draft_file(draft, path, &error), status);
	pol_draft_free(draft);
	return error;
}

Test(extends, rules_are_united_and_settings_of_the_outer_file_win)
{
	struct pol_policy *policy;

	write_text(
	    "inner.json",
	    "{\"version\": 1, \"name\": \"inner\", \"allow\": {\"fs.read\": [\"/in\"]},"
	    "\"view\": {\"/v\": {\"private\": true}, \"/w\": {\"private\": true}},"
	    "\"env\": {\"pass\": [\"P\", \"Q\"], \"set\": {\"S\": \"inner\", \"T\": \"inner\"}},"
	    "\"limits\": {\"memory\": 1, \"processes\": 1}, \"audit\": \"all\", \"on_deny\": "
	    "\"kill\","
	    "\"tests\": [{\"op\": \"fs.read\", \"path\": \"/in\", \"expect\": \"allow\"}]}");
	policy = read_policy(write_text(
	    "outer.json",
	    "{\"version\": 1, \"name\": \"outer\", \"extends\": [\"inner.json\"], \"allow\": "
	    "{\"fs.read\": [\"/out\"]},"
	    "\"view\": {\"/v\": {\"from\": \"/x\"}}, \"env\": {\"set\": {\"S\": \"outer\", \"P\": "
	    "\"outer\"}, \"pass\": [\"T\"]},"
	    "\"limits\": {\"memory\": 2}, \"audit\": \"denied\","
	    "\"tests\": [{\"op\": \"fs.read\", \"path\": \"/out\", \"expect\": \"allow\"}]}"));
	cr_assert_str_eq(policy->name, "outer");
	cr_assert_eq(policy_verdict(policy, "fs.read /in"), MON_ALLOW);
	cr_assert_eq(policy_verdict(policy, "fs.read /out"), MON_ALLOW);
	cr_assert_eq(policy->view_count, 2);
	cr_assert_eq(policy->views[0].kind, POL_VIEW_BIND);
	cr_assert_str_eq(policy->views[0].from, "/x");
	cr_assert_eq(policy->limits.memory, 2);
	cr_assert_eq(policy->limits.processes, 1);
	cr_assert_eq(policy->audit, POL_AUDIT_DENIED);
	cr_assert_eq(policy->on_deny, POL_DENY_KILL);
	cr_assert_eq(policy->test_count, 2);
	cr_assert_not(pol_env_passes(policy, "P", 1));
	cr_assert(pol_env_passes(policy, "Q", 1));
	cr_assert(pol_env_passes(policy, "T", 1));
	cr_assert_eq(policy->env_set_count, 2);
	pol_policy_free(policy);
}

Test(extends, a_denial_of_the_inner_file_cannot_be_lifted)
{
	struct pol_policy *policy;

	write_text("inner.json", "{\"version\": 1, \"deny\": {\"fs.read\": [\"/a/secret\"]}}");
	policy = read_policy(write_text("outer.json",
					"{\"version\": 1, \"extends\": [\"inner.json\"], "
					"\"allow\": {\"fs.read\": [\"/a/secret\", \"/a/**\"]}}"));
	cr_assert_eq(policy_verdict(policy, "fs.read /a/secret"), MON_DENY);
	cr_assert_eq(policy_verdict(policy, "fs.read /a/x"), MON_ALLOW);
	pol_policy_free(policy);
}

Test(extends, names_are_relative_to_the_file_that_names_them)
{
	char sub[128];
	struct pol_policy *policy;

	snprintf(sub, sizeof(sub), "%s/sub", test_dir());
	cr_assert_eq(mkdir(sub, 0700), 0);
	write_text("sub/a.json", "{\"version\": 1, \"extends\": [\"b.json\", \"../c.json\"]}");
	write_text("sub/b.json", "{\"version\": 1, \"allow\": {\"fs.read\": [\"/b\"]}}");
	write_text("c.json", "{\"version\": 1, \"allow\": {\"fs.read\": [\"/c\"]}}");
	policy =
	    read_policy(write_text("p.json", "{\"version\": 1, \"extends\": [\"sub/a.json\"]}"));
	cr_assert_eq(policy_verdict(policy, "fs.read /b"), MON_ALLOW);
	cr_assert_eq(policy_verdict(policy, "fs.read /c"), MON_ALLOW);
	pol_policy_free(policy);
}

Test(extends, a_group_goes_before_a_file_of_the_same_name)
{
	struct pol_policy *policy;

	write_text("tls", "{\"version\": 1, \"allow\": {\"fs.read\": [\"/mine\"]}}");
	policy = read_policy(write_text("p.json", "{\"version\": 1, \"extends\": [\"tls\"]}"));
	cr_assert_eq(policy_verdict(policy, "fs.read /mine"), MON_DENY);
	cr_assert_eq(policy_verdict(policy, "fs.read /etc/ssl/certs/x"), MON_ALLOW);
	pol_policy_free(policy);
	policy = read_policy(write_text("p.json", "{\"version\": 1, \"extends\": [\"./tls\"]}"));
	cr_assert_eq(policy_verdict(policy, "fs.read /mine"), MON_ALLOW);
	pol_policy_free(policy);
}

Test(extends, a_diamond_adds_its_foot_once)
{
	struct pol_policy *policy;

	write_text("foot.json", "{\"version\": 1, \"allow\": {\"fs.read\": [\"/foot\"]}}");
	write_text("left.json", "{\"version\": 1, \"extends\": [\"foot.json\", \"tls\"]}");
	write_text("right.json", "{\"version\": 1, \"extends\": [\"foot.json\", \"tls\"]}");
	policy = read_policy(
	    write_text("top.json",
		       "{\"version\": 1, \"extends\": [\"left.json\", \"right.json\", \"base\"]}"));
	cr_assert_eq(policy_verdict(policy, "fs.read /foot"), MON_ALLOW);
	for (uint32_t i = 0, feet = 0; i < mon_table_count(policy->table); i++) {
		struct mon_rule rule;

		mon_table_rule(policy->table, i, &rule);
		feet += strcmp(rule.pattern, "/foot") == 0;
		cr_assert_leq(feet, 1);
	}
	pol_policy_free(policy);
}

Test(extends, a_circle_is_an_error_that_names_it)
{
	struct pol_error error;

	write_text("b.json", "{\"version\": 1,\n\"extends\": [\"c.json\"]}");
	write_text("c.json", "{\"version\": 1,\n\n\"extends\": [\n\"b.json\"]}");
	error = read_error(write_text("a.json", "{\"version\": 1, \"extends\": [\"b.json\"]}"),
			   CD_EINVAL);
	check_error(&error, 4, "/extends/0", "circle", "take one of them out");
	cr_assert(strstr(error.file, "c.json"));
	cr_assert(strstr(error.problem, "b.json -> "));
	cr_assert(strstr(error.problem, "c.json -> "));
	error = read_error(
	    write_text("self.json", "{\"version\": 1, \"extends\": [\"./self.json\"]}"), CD_EINVAL);
	check_error(&error, 1, "/extends/0", "circle", "");
}

Test(extends, a_circle_through_a_symbolic_link_is_a_circle)
{
	char link[128];
	struct pol_error error;

	snprintf(link, sizeof(link), "%s/other-name.json", test_dir());
	cr_assert_eq(symlink("a.json", link), 0);
	error =
	    read_error(write_text("a.json", "{\"version\": 1, \"extends\": [\"other-name.json\"]}"),
		       CD_EINVAL);
	check_error(&error, 1, "/extends/0", "circle", "");
}

Test(extends, a_missing_file_is_reported_where_it_is_named)
{
	struct pol_error error =
	    error_of("{\"version\": 1, \"extends\": [\n\"base\",\n\"./gone.json\"]}");

	check_error(&error, 3, "/extends/1", "No such file", "");
	error = error_of("{\"version\": 1, \"extends\": [\"bsae\"]}");
	check_error(&error, 1, "/extends/0", "no group and no file \"bsae\"", "\"base\"");
	error = error_of("{\"version\": 1, \"extends\": [\"\"]}");
	check_error(&error, 1, "/extends/0", "empty", "");
	error = error_of("{\"version\": 1, \"extends\": \"base\"}");
	check_error(&error, 1, "/extends", "a string, not a list", "");
}

Test(extends, a_loop_of_symbolic_links_is_an_error)
{
	char link[128];
	struct pol_error error;

	snprintf(link, sizeof(link), "%s/x.json", test_dir());
	cr_assert_eq(symlink("x.json", link), 0);
	error = error_of("{\"version\": 1, \"extends\": [\"x.json\"]}");
	check_error(&error, 1, "/extends/0", "symbolic links", "");
}

Test(extends, a_mistake_in_an_extended_file_is_reported_in_that_file)
{
	struct pol_error error;

	write_text("bad.json", "{\"version\": 1,\n\"limits\": {\"memory\": 0}}");
	error = error_of("{\"version\": 1,\n\n\n\"extends\": [\"bad.json\"]}");
	check_error(&error, 2, "/limits/memory", "is 0", "");
	cr_assert(strstr(error.file, "bad.json"));
	write_text("bad.json", "{");
	error = error_of("{\"version\": 1, \"extends\": [\"bad.json\"]}");
	cr_assert(strstr(error.file, "bad.json"));
}

static const char *write_chain(unsigned length)
{
	const char *path = write_text("f0.json", "{\"version\": 1}");

	for (unsigned i = 1; i < length; i++) {
		char name[32], text[64];

		snprintf(name, sizeof(name), "f%u.json", i);
		snprintf(text, sizeof(text), "{\"version\": 1, \"extends\": [\"f%u.json\"]}",
			 i - 1);
		path = write_text(name, text);
	}
	return path;
}

Test(extends, a_chain_has_a_bound)
{
	struct pol_error error;

	pol_policy_free(read_policy(write_chain(CD_POLICY_DEPTH_MAX)));
	error = read_error(write_chain(CD_POLICY_DEPTH_MAX + 1), CD_ELIMIT);
	check_error(&error, 1, "/extends/0", "deep", "join");
}
