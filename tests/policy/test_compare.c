/* Policies compared: what is not a rule counts, too. */
#include "policy/compare.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/policy/support.h"

static bool keep(void *context, const struct pol_difference *difference)
{
	struct cd_buf *out = context;

	if (difference->rule) {
		cd_buf_fmt(out, "%s%s ", difference->rule->kind == MON_BY_PLACE ? "place " : "",
			   cd_op_name(difference->rule->op));
		mon_object_text(difference->rule->object, out);
	} else {
		cd_buf_fmt(out, "%s: %s, %s", difference->what, difference->first,
			   difference->second);
	}
	return false;
}

/* What the first grants and the second does not; "" for nothing. */
static const char *beyond(const char *first, const char *second)
{
	static char text[4096];
	struct pol_policy *a = policy_of(first), *b = policy_of(second);
	struct cd_buf out;

	cd_buf_init(&out, text, sizeof(text));
	cr_assert_eq(pol_compare(a, b, keep, &out), CD_OK);
	pol_policy_free(a);
	pol_policy_free(b);
	return text;
}

#define READS	"\"allow\": {\"fs.read\": [\"/data/**\"]}"
#define WRITES	"\"allow\": {\"fs.write\": [\"/data/**\"]}"
#define P(...)	"{\"version\": 1, " __VA_ARGS__ "}"
#define NOTHING "{\"version\": 1}"

Test(policy_compare, the_same_is_no_more)
{
	cr_assert_str_eq(beyond(P(READS), P(READS)), "");
	cr_assert_str_eq(beyond(NOTHING, P(READS)), "");
}

Test(policy_compare, rules_count)
{
	cr_assert_str_eq(beyond(P(READS), NOTHING), "fs.stat /");
}

Test(policy_compare, what_is_shown_in_the_place_counts)
{
	const char *other = P(READS ", \"view\": {\"/data\": {\"from\": \"/srv\"}}");
	const char *deeper = P(READS ", \"view\": {\"/data/x\": {\"from\": \"/srv/x\"}}");

	cr_assert_str_eq(beyond(other, P(READS)), "place fs.stat /data");
	cr_assert_str_eq(beyond(P(READS), other), "place fs.stat /data");
	cr_assert_str_eq(beyond(other, other), "");
	cr_assert_str_eq(beyond(P(READS), deeper), "place fs.stat /data/x");
	cr_assert_str_eq(beyond(other, P(READS ", \"view\": {\"/data\": {\"from\": \"/srv\"},"
					       "\"/data/x\": {\"from\": \"/srv/x\"}}")),
			 "");
}

Test(policy_compare, what_is_of_the_space_s_own_is_nobody_s)
{
	const char *of_own = P(WRITES ", \"view\": {\"/data\": {\"private\": true}}");

	cr_assert_str_eq(beyond(of_own, P(WRITES)), "");
	cr_assert_str_eq(beyond(P(WRITES), of_own), "place fs.stat /data");
}

Test(policy_compare, a_mount_that_refuses_changes_counts_for_changes_alone)
{
	const char *ro = P(WRITES ", \"view\": {\"/data\": {\"from\": \"/data\"}}");
	const char *cow =
	    P(WRITES ", \"view\": {\"/data\": {\"from\": \"/data\", \"mode\": \"cow\"}}");
	const char *rw =
	    P(WRITES ", \"view\": {\"/data\": {\"from\": \"/data\", \"mode\": \"rw\"}}");

	cr_assert_str_eq(beyond(P(WRITES), ro), "place fs.write /data");
	cr_assert_str_eq(beyond(rw, cow), "place fs.write /data");
	cr_assert_str_eq(beyond(ro, P(WRITES)), "");
	cr_assert_str_eq(beyond(cow, ro), "");
	cr_assert_str_eq(beyond(cow, rw), "");
	cr_assert_str_eq(beyond(P(WRITES), rw), "");
}

Test(policy_compare, variables_that_are_passed_on_count)
{
	cr_assert_str_eq(beyond(P("\"env\": {\"pass\": [\"FOO\"]}"), NOTHING),
			 "env FOO: passed on, not passed on");
	cr_assert_str_eq(
	    beyond(P("\"env\": {\"pass\": [\"FOO\"]}"), P("\"env\": {\"pass\": [\"F*\"]}")), "");
	cr_assert_str_eq(beyond(P("\"env\": {\"pass\": [\"F*\"]}"),
				P("\"env\": {\"pass\": [\"F*\"], \"deny\": [\"FO*\"]}")),
			 "env FO: passed on, not passed on");
	cr_assert_str_eq(beyond(P("\"env\": {\"pass\": [\"F*\"]}"),
				P("\"env\": {\"pass\": [\"F*\"], \"set\": {\"FOO\": \"1\"}}")),
			 "env FOO: passed on, set by the policy");
	cr_assert_str_eq(
	    beyond(P("\"env\": {\"pass\": [\"F*\"]}"), P("\"env\": {\"pass\": [\"F\", \"FX*\"]}")),
	    "env FY: passed on, not passed on");
	cr_assert_str_eq(beyond(P("\"env\": {\"set\": {\"FOO\": \"1\"}}"), NOTHING), "");
}

Test(policy_compare, limits_count)
{
	cr_assert_str_eq(beyond(NOTHING, P("\"limits\": {\"processes\": 3}")),
			 "limit processes: none, 3");
	cr_assert_str_eq(
	    beyond(P("\"limits\": {\"processes\": 4}"), P("\"limits\": {\"processes\": 3}")),
	    "limit processes: 4, 3");
	cr_assert_str_eq(
	    beyond(P("\"limits\": {\"processes\": 3}"), P("\"limits\": {\"processes\": 3}")), "");
	cr_assert_str_eq(beyond(P("\"limits\": {\"processes\": 3}"), NOTHING), "");
}
