/* What is probably not meant. */
#include "policy/lint.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/policy/support.h"

static char found[8192];

static void note(void *context, const struct pol_finding *finding)
{
	struct cd_buf *out = context;

	cd_buf_fmt(out, "%s %s;", finding->kind, finding->pointer);
	cr_assert_str_not_empty(finding->text);
	cr_assert_str_not_empty(finding->source);
}

static const char *lints(const char *text)
{
	struct pol_policy *policy = policy_of(text);
	struct cd_buf out;

	cd_buf_init(&out, found, sizeof(found));
	cr_assert_eq(pol_lint(policy, &test_vars, write_text("lint.json", text), note, &out),
		     CD_OK);
	pol_policy_free(policy);
	return found;
}
#define P(...) "{\"version\": 1, " __VA_ARGS__ "}"

Test(lint, nothing_is_said_of_what_is_meant)
{
	cr_assert_str_eq(lints(P("\"extends\": [\"base\"], \"allow\": {\"fs.read\": [\"/srv/**\"],"
				 "\"fs.write\": [\"/srv/out/**\"],"
				 "\"net.connect\": [\"example.org:443\"]},"
				 "\"deny\": {\"fs.write\": [\"/srv/out/x\"]}")),
			 "");
}

Test(lint, grants_of_everything_are_found)
{
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.read\": [\"/**\"]}")),
			 "broad /allow/fs.read/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.write\": [\"/home/**\"]}")),
			 "broad /allow/fs.write/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.write\": [\"${HOME}/x/**\"]}")), "");
	cr_assert_str_eq(lints(P("\"allow\": {\"net.connect\": [\":*\"]}")),
			 "broad /allow/net.connect/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"net.connect\": [\"0.0.0.0/0:*\", \":443\"]}")),
			 "broad /allow/net.connect/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"dev.ioctl\": [\"*\"]}")),
			 "broad /allow/dev.ioctl/0;");
}

Test(lint, rules_that_never_decide_are_found)
{
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.read\": [\"/a/b\", \"/a/*\"]},"
				 "\"deny\": {\"fs.read\": [\"/a/b\"]}")),
			 "never /allow/fs.read/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.read\": [\"/a/b\"]},"
				 "\"ask\": {\"fs.read\": [\"/a/**\"]}")),
			 "never /allow/fs.read/0;");
	cr_assert_str_eq(
	    lints(P("\"allow\": {\"fs.read\": [\"${HOME}/.config/google-chrome*/x\"]}")),
	    "never /allow/fs.read/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"net.connect\": [\"10.1.0.0/16:80\"]},"
				 "\"deny\": {\"net.*\": [\"10.0.0.0/8:1-100\"]}")),
			 "never /allow/net.connect/0;");
}

Test(lint, answers_to_nothing_are_found)
{
	cr_assert_str_eq(lints(P("\"ask\": {\"fs.read\": [\"/a\"]},"
				 "\"always\": {\"fs.read\": [\"/a\", \"/b\"]}")),
			 "never /always/fs.read/1;");
}

Test(lint, what_may_be_changed_and_run_is_found)
{
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.write\": [\"/a/*\"], \"fs.exec\": [\"/a/b\"]}")),
			 "write-exec /allow/fs.write/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.write\": [\"/a/*.c\"],"
				 "\"fs.exec\": [\"/a/*.sh\"]}")),
			 "");
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.write\": [\"/a/*\"], \"fs.exec\": [\"/a/b\"]},"
				 "\"view\": {\"/a\": {\"private\": true}}")),
			 "");
}

Test(lint, secrets_that_are_granted_are_found)
{
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.read\": [\"${HOME}/.ssh/id_rsa\"]}")),
			 "secret /allow/fs.read/0;");
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.read\": [\"${HOME}/**\"]}")), "");
}

Test(lint, views_that_say_otherwise_than_rules_are_found)
{
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.write\": [\"/a/x\"]},"
				 "\"view\": {\"/a\": {\"from\": \"/usr\"}}")),
			 "view /allow/fs.write/0;");
	cr_assert_str_eq(lints(P("\"view\": {\"/a\": {\"from\": \"/usr\"}}")), "view /view/~1a;");
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.read\": [\"/a/x\"]},"
				 "\"view\": {\"/a\": {\"from\": \"/no/such\"}}")),
			 "view /view/~1a;");
}

Test(lint, what_is_empty_is_found)
{
	cr_assert_str_eq(lints(P("\"allow\": {\"fs.read\": []}, \"tests\": []")),
			 "empty /allow/fs.read;empty /tests;");
}
