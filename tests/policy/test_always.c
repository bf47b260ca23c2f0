/* Answers for good: they answer what a rule asks about, and nothing else. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compare.h"
#include "tests/policy/support.h"

static enum mon_verdict verdict_of(const struct pol_policy *policy, enum cd_op op, const char *text)
{
	struct mon_decision decision;
	struct mon_object object;

	cr_assert_eq(mon_object_parse(op, text, &object), CD_OK);
	mon_decide(policy->table, CD_OPBIT(op), &object, &decision);
	return pol_verdict_of(policy, op, &object, decision.verdict);
}

#define P(...) "{\"version\": 1, " __VA_ARGS__ "}"

Test(always, answers_what_is_asked_and_nothing_else)
{
	struct pol_policy *policy =
	    policy_of(P("\"ask\": {\"fs.read\": [\"/a/**\"], \"net.connect\": [\":443\"]},"
			"\"deny\": {\"fs.read\": [\"/a/d\"]},"
			"\"always\": {\"fs.read\": [\"/a/x\", \"/a/d\", \"/b\"],"
			"\"net.connect\": [\"example.org:443\"]}"));

	cr_expect_eq(verdict_of(policy, CD_OP_FS_READ, "/a/x"), MON_ALLOW);
	cr_expect_eq(verdict_of(policy, CD_OP_FS_STAT, "/a/x"), MON_ALLOW);
	cr_expect_eq(verdict_of(policy, CD_OP_FS_READ, "/a/y"), MON_ASK);
	cr_expect_eq(verdict_of(policy, CD_OP_FS_READ, "/a/d"), MON_DENY);
	cr_expect_eq(verdict_of(policy, CD_OP_FS_READ, "/b"), MON_DENY);
	cr_expect_eq(verdict_of(policy, CD_OP_FS_WRITE, "/a/x"), MON_DENY);
	cr_expect_eq(verdict_of(policy, CD_OP_NET_CONNECT, "example.org:443"), MON_ALLOW);
	cr_expect_eq(verdict_of(policy, CD_OP_NET_CONNECT, "example.com:443"), MON_ASK);
	pol_policy_free(policy);
}

Test(always, is_shown_and_read_again)
{
	struct pol_policy *policy =
	    policy_of(P("\"ask\": {\"fs.read\": [\"/a/**\"]},"
			"\"always\": {\"fs.read\": [\"${HOME}/x\", \"/a/$${b}\"]}"));
	char *text = pol_policy_json(policy, false);
	struct pol_policy *again = policy_of(text);

	cr_assert_eq(again->always_count, 2);
	cr_expect_str_eq(again->always[0].object, "/home/u/x");
	cr_expect_str_eq(again->always[1].object, "/a/${b}");
	free(text);
	pol_policy_free(policy);
	pol_policy_free(again);
}

Test(always, is_one_object_of_one_operation)
{
	struct pol_error error =
	    error_of(P("\n\"always\": {\"fs.read\": [\"/a\",\n\"relative\"]}"));

	check_error(&error, 3, "/always/fs.read/1", "is not one object", "without wildcards");
	error = error_of(P("\"always\": {\"fs.*\": [\"/a\"]}"));
	check_error(&error, 1, "/always/fs.*/0", "is not one object", "name one operation");
	error = error_of(P("\"always\": {\"net.connect\": [\":443\"]}"));
	check_error(&error, 1, "/always/net.connect/0", "is not one object", "");
	error = error_of(P("\"always\": [\"/a\"]"));
	check_error(&error, 1, "/always", "this is a list", "write an object");
}

Test(always, counts_in_tests)
{
	struct pol_policy *policy = policy_of(
	    P("\"ask\": {\"fs.read\": [\"/a/**\"]}, \"always\": {\"fs.read\": [\"/a/x\"]},"
	      "\"tests\": [{\"op\": \"fs.read\", \"path\": \"/a/x\", \"expect\": \"allow\"},"
	      "{\"op\": \"fs.read\", \"path\": \"/a/y\", \"expect\": \"ask\"}]"));

	cr_assert_eq(pol_policy_test(policy, NULL, NULL), 0);
	pol_policy_free(policy);
}

static bool note(void *context, const struct pol_difference *difference)
{
	(void)difference;
	*(bool *)context = true;
	return false;
}

static bool is_more(const char *first, const char *second)
{
	struct pol_policy *a = policy_of(first), *b = policy_of(second);
	bool more = false;

	cr_assert_eq(pol_compare(a, b, note, &more), CD_OK);
	pol_policy_free(a);
	pol_policy_free(b);
	return more;
}

Test(always, is_more_than_to_ask)
{
	const char *asks = P("\"ask\": {\"fs.create\": [\"/a\"]}");
	const char *answered =
	    P("\"ask\": {\"fs.create\": [\"/a\"]}, \"always\": {\"fs.create\": [\"/a\"]}");

	cr_expect(is_more(answered, asks));
	cr_expect_not(is_more(asks, answered));
	cr_expect_not(is_more(answered, answered));
	cr_expect_not(is_more(answered, P("\"allow\": {\"fs.create\": [\"/a\"]}")));
	/* What may be read may be looked at. */
	cr_expect(
	    is_more(P("\"ask\": {\"fs.read\": [\"/a\"]}, \"always\": {\"fs.read\": [\"/a\"]}"),
		    P("\"allow\": {\"fs.read\": [\"/a\"]}, \"ask\": {\"fs.stat\": [\"/a\"]}")));
	cr_expect_not(is_more(P("\"always\": {\"fs.create\": [\"/a\"]}"), P("\"allow\": {}")));
}
