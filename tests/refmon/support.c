#include "tests/refmon/support.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_line(struct mon_builder *builder, const char *line)
{
	char verdict_word[16], op[32];
	int at = 0;
	struct mon_rule rule = {.source = "test", .pointer = line};
	const char *why = "";
	enum cd_status status;

	if (strncmp(line, "protect ", 8) == 0) {
		status = mon_builder_protect(builder, line + 8, &why);
	} else {
		cr_assert_eq(sscanf(line, "%15s %31s %n", verdict_word, op, &at), 2, "%s", line);
		rule.verdict = verdict_word[0] == 'd'	? MON_DENY
			       : verdict_word[1] == 's' ? MON_ASK
							: MON_ALLOW;
		rule.ops = cd_ops_named(op, strlen(op));
		rule.pattern = line + at;
		status = mon_builder_add(builder, &rule, &why);
	}
	cr_assert_eq(status, CD_OK, "%s: %s", line, why);
}

struct mon_table *table_of(const char *rule, ...)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table = NULL;
	enum cd_status status;
	va_list args;

	cr_assert_not_null(builder);
	va_start(args, rule);
	for (; rule; rule = va_arg(args, const char *))
		add_line(builder, rule);
	va_end(args);
	status = mon_builder_compile(builder, &table);
	mon_builder_free(builder);
	cr_assert_eq(status, CD_OK);
	return table;
}

struct mon_decision decide(const struct mon_table *table, const char *question)
{
	const char *space = strchr(question, ' ');
	uint64_t ops = cd_ops_named(question, (size_t)(space - question));
	struct mon_decision decision;
	struct mon_object object;

	cr_assert_neq(ops, 0, "%s", question);
	cr_assert_eq(mon_object_parse(__builtin_ctzll(ops), space + 1, &object), CD_OK, "%s",
		     question);
	mon_decide(table, ops, &object, &decision);
	return decision;
}

enum mon_verdict verdict(const struct mon_table *table, const char *question)
{
	return decide(table, question).verdict;
}
