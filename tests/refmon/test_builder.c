/* Building tables. */
#include "refmon/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/refmon/support.h"

Test(builder, copies_what_it_is_given)
{
	struct mon_builder *builder = mon_builder_new();
	char pattern[] = "/usr/**", source[] = "a.json", pointer[] = "/allow/fs.read/0";
	struct mon_rule rule = {MON_ASK, CD_OPBIT(CD_OP_FS_READ), pattern, source, pointer}, got;
	struct mon_table *table;
	const char *why;

	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	memset(pattern, 'x', sizeof(pattern) - 1);
	memset(source, 'x', sizeof(source) - 1);
	memset(pointer, 'x', sizeof(pointer) - 1);
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	mon_builder_free(builder);
	cr_assert_eq(mon_table_count(table), 1);
	mon_table_rule(table, 0, &got);
	cr_assert_eq(got.verdict, MON_ASK);
	cr_assert_eq(got.ops, CD_OPBIT(CD_OP_FS_READ));
	cr_assert_str_eq(got.pattern, "/usr/**");
	cr_assert_str_eq(got.source, "a.json");
	cr_assert_str_eq(got.pointer, "/allow/fs.read/0");
	mon_table_free(table);
}

/* More rules, nodes, entries and text than there is room for at first. */
Test(builder, grows)
{
	struct mon_builder *builder = mon_builder_new();
	char pattern[128], question[160];
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), pattern, "a.json", "/x"};
	struct mon_table *table;
	const char *why;

	for (int i = 0; i < 1000; i++) {
		snprintf(pattern, sizeof(pattern), "/some/directory/number-%d/and/below/**", i);
		cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
		if (i % 100 == 0)
			cr_assert_eq(mon_builder_protect(builder, "/some/directory/secret", &why),
				     CD_OK);
	}
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	mon_builder_free(builder);
	cr_assert_eq(mon_table_count(table), 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(question, sizeof(question),
			 "fs.read /some/directory/number-%d/and/below/x", i);
		cr_assert_eq(decide(table, question).rule, i);
	}
	cr_assert_eq(verdict(table, "fs.read /some/directory/number-1000/and/below/x"), MON_DENY);
	mon_table_free(table);
}

Test(builder, refuses_a_pattern_that_is_valid_for_none_of_the_operations)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), "usr", "", ""};
	struct mon_table *table;
	const char *why = NULL;

	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_EINVAL);
	cr_assert_str_eq(why, "the path is not absolute");
	rule.ops = CD_OPBIT(CD_OP_NET_CONNECT);
	rule.pattern = "/usr";
	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_EINVAL);
	cr_assert_str_not_empty(why);
	rule.ops = CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_NET_CONNECT);
	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	cr_assert_eq(mon_table_count(table), 1);
	mon_table_free(table);
	mon_builder_free(builder);
}

Test(builder, refuses_rules_without_operations_or_with_unknown_ones)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_rule rule = {MON_ALLOW, 0, "/a", "", ""};
	const char *why;

	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_EINVAL);
	rule.ops = CD_OPBIT(CD_OP_COUNT);
	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_EINVAL);
	rule.ops = CD_OPBIT(CD_OP_FS_READ);
	rule.verdict = (enum mon_verdict)7;
	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_EINVAL);
	cr_assert_eq(mon_builder_protect(builder, "relative", &why), CD_EINVAL);
	cr_assert_str_not_empty(why);
	cr_assert_eq(mon_builder_protect(builder, "/**", &why), CD_EINVAL);
	cr_assert_eq(mon_builder_protect(builder, "/", &why), CD_EINVAL);
	mon_builder_free(builder);
}

Test(builder, can_be_compiled_again_after_more_rules)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), "/a", "s", "p"};
	struct mon_table *first, *second;
	const char *why;

	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &first), CD_OK);
	rule.pattern = "/b";
	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &second), CD_OK);
	mon_builder_free(builder);
	cr_assert_eq(verdict(first, "fs.read /b"), MON_DENY);
	cr_assert_eq(verdict(second, "fs.read /b"), MON_ALLOW);
	cr_assert_eq(verdict(second, "fs.read /a"), MON_ALLOW);
	cr_assert_gt(mon_table_size(second), mon_table_size(first));
	mon_table_free(first);
	mon_table_free(second);
}

Test(builder, a_table_can_be_copied_as_bytes)
{
	struct mon_table *table =
			     table_of("allow fs.read /a/*/c", "deny net.connect 10.0.0.0/8", NULL),
			 *copy;

	copy = malloc(mon_table_size(table));
	cr_assert_not_null(copy);
	memcpy(copy, table, mon_table_size(table));
	memset(table, 0xaa, mon_table_size(table));
	cr_assert_eq(verdict(copy, "fs.read /a/b/c"), MON_ALLOW);
	cr_assert_eq(decide(copy, "net.connect 10.1.1.1:1").rule, 1);
	mon_table_free(table);
	mon_table_free(copy);
}

/* A rule for what is to be made shows the directory that it is made in. */
Test(builder, what_is_made_within_a_private_directory_opens_nothing_else_there)
{
	static const struct mon_rule rules[] = {
	    {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_CREATE), "/tmp/**", "f", "/1"},
	    {MON_ALLOW, CD_OPBIT(CD_OP_FS_CREATE), "/tmp/a/b/new", "f", "/2"},
	    {MON_ALLOW, CD_OPBIT(CD_OP_FS_CREATE), "/tmp/c/*.o", "f", "/3"},
	    {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), "/tmp/d/e/file", "f", "/4"}};
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table;
	const char *why;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		cr_assert_eq(mon_builder_add(builder, &rules[i], &why), CD_OK);
	cr_assert_eq(mon_builder_protect_below(builder, "/tmp"), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	mon_builder_free(builder);
	cr_expect_eq(verdict(table, "fs.read /tmp/other"), MON_ALLOW);
	cr_expect_eq(verdict(table, "fs.create /tmp/a/b/new"), MON_ALLOW);
	cr_expect_eq(verdict(table, "fs.create /tmp/c/x.o"), MON_ALLOW);
	cr_expect_eq(verdict(table, "fs.read /tmp/a/b/secret"), MON_DENY);
	cr_expect_eq(verdict(table, "fs.read /tmp/a/secret"), MON_DENY);
	cr_expect_eq(verdict(table, "fs.create /tmp/a/b/other"), MON_DENY);
	cr_expect_eq(verdict(table, "fs.read /tmp/c/x.c"), MON_DENY);
	cr_expect_eq(verdict(table, "fs.read /tmp/d/e/file"), MON_ALLOW);
	mon_table_free(table);
}

Test(builder, freeing_nothing_is_allowed)
{
	mon_builder_free(NULL);
	mon_table_free(NULL);
}

Test(table, operations_are_decided_each_by_itself_in_one_walk)
{
	struct mon_table *table =
	    table_of("allow fs.* /a/**", "ask fs.write /a/b/**", "deny fs.exec /a/*",
		     "allow fs.read /c/d", "protect /a/s", "allow net.connect 10.0.0.0/8:80", NULL);
	static const char *const objects[] = {"/",    "/a",	"/a/b",	      "/a/b/c",
					      "/a/s", "/a/s/t", "/c",	      "/c/d",
					      "/c/e", "c//",	"10.1.2.3:80"};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		bool address = objects[i][0] == '1';
		struct mon_object object = {
		    .kind = CD_OBJECT_PATH, .text = objects[i], .len = strlen(objects[i])};
		uint64_t asked, allowed;

		if (address)
			cr_assert_eq(mon_object_parse(CD_OP_NET_CONNECT, objects[i], &object),
				     CD_OK);
		allowed = mon_decide_each(table, CD_OPS_ALL, &object, &asked);
		for (unsigned op = 0; op < CD_OP_COUNT; op++) {
			enum mon_verdict each = allowed & CD_OPBIT(op) ? MON_ALLOW
						: asked & CD_OPBIT(op) ? MON_ASK
								       : MON_DENY;
			struct mon_decision one;

			mon_decide(table, CD_OPBIT(op), &object, &one);
			cr_assert_eq(each, one.verdict, "%s %s", cd_op_name(op), objects[i]);
		}
		cr_assert_eq(mon_decide_each(table, ~UINT64_C(0), &object, &asked) | asked, 0);
	}
	mon_table_free(table);
}
