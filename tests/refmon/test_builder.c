/* Building tables. */
#include "refmon/table.h"

#include <criterion/criterion.h>
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

Test(builder, freeing_nothing_is_allowed)
{
	mon_builder_free(NULL);
	mon_table_free(NULL);
}
