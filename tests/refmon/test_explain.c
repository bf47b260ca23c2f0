/* Which rules speak of an operation, and what would turn a decision. */
#include "refmon/explain.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/refmon/support.h"

static void note(void *context, uint32_t rule, bool implied)
{
	char *out = context;

	sprintf(out + strlen(out), "%u%s ", rule, implied ? "i" : "");
}

static const char *rules(const struct mon_table *table, enum cd_op op, const char *text)
{
	static char out[256];
	struct mon_object object;

	out[0] = '\0';
	cr_assert_eq(mon_object_parse(op, text, &object), CD_OK);
	cr_assert_eq(mon_explain_rules(table, op, &object, note, out), CD_OK);
	return out;
}

Test(explain, every_rule_that_speaks_of_it_is_found)
{
	struct mon_table *table =
	    table_of("allow fs.read /a/**", "deny fs.* /a/b", "ask fs.write /a/*",
		     "allow net.connect 10.0.0.0/8:80", "deny fs.read /c", NULL);

	cr_assert_str_eq(rules(table, CD_OP_FS_READ, "/a/b"), "0 1 ");
	cr_assert_str_eq(rules(table, CD_OP_FS_WRITE, "/a/b"), "1 2 ");
	cr_assert_str_eq(rules(table, CD_OP_FS_STAT, "/a/b"), "0i 1 2i ");
	cr_assert_str_eq(rules(table, CD_OP_FS_STAT, "/c"), "");
	cr_assert_str_eq(rules(table, CD_OP_FS_READ, "/x"), "");
	cr_assert_str_eq(rules(table, CD_OP_NET_CONNECT, "10.1.1.1:80"), "3 ");
	mon_table_free(table);
}

Test(explain, what_is_protected_is_found)
{
	struct mon_table *table =
	    table_of("allow fs.read /h/**", "protect /h/.ssh", "protect /h/.*rc", NULL);
	struct mon_object object;
	uint32_t found;

	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/h/.ssh/id", &object), CD_OK);
	cr_assert_eq(mon_explain_protected(table, &object, &found), CD_OK);
	cr_assert_eq(found, 0);
	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/h/.bashrc", &object), CD_OK);
	cr_assert_eq(mon_explain_protected(table, &object, &found), CD_OK);
	cr_assert_eq(found, 1);
	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/h/x", &object), CD_OK);
	cr_assert_eq(mon_explain_protected(table, &object, &found), CD_OK);
	cr_assert_eq(found, CD_NO_RULE);
	mon_table_free(table);
}

Test(explain, what_would_deny_is_said_as_what_would_allow)
{
	struct mon_object object;
	char text[256];
	struct cd_buf out;

	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/a ${b}", &object), CD_OK);
	cd_buf_init(&out, text, sizeof(text));
	mon_advise_deny_flag(CD_OP_FS_READ, &object, &out);
	cr_assert_str_eq(text, "--deny='fs.read:/a $${b}'");
	cd_buf_init(&out, text, sizeof(text));
	mon_advise_deny_policy(CD_OP_FS_READ, &object, &out);
	cr_assert_str_eq(text, "\"deny\": {\"fs.read\": [\"/a $${b}\"]}");
	cd_buf_init(&out, text, sizeof(text));
	mon_advise_pattern(CD_OP_FS_READ, &object, &out);
	cr_assert_str_eq(text, "/a ${b}");
	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/*", &object), CD_OK);
	cd_buf_init(&out, text, sizeof(text));
	mon_advise_deny_flag(CD_OP_FS_READ, &object, &out);
	mon_advise_pattern(CD_OP_FS_READ, &object, &out);
	cr_assert_str_eq(text, "");
}
