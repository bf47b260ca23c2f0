/* Which rules match: each is asked alone. */
#include "refmon/explain.h"

#include <stdio.h>
#include <string.h>

#include "cordon/limits.h"
#include "refmon/pattern.h"

/* Does this rule, as the only one of a table, say something of the operation on the object? */
static enum cd_status speaks_of(const struct mon_rule *rule, enum cd_op op,
				const struct mon_object *object, bool *out)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table = NULL;
	struct mon_decision decision;
	struct mon_rule one = *rule;
	enum cd_status status = CD_ENOMEM;
	const char *why;

	/* A denial implies nothing. */
	if (one.verdict == MON_DENY)
		one.ops &= CD_OPBIT(op);
	one.verdict = MON_ALLOW;
	if (!one.ops) {
		mon_builder_free(builder);
		*out = false;
		return CD_OK;
	}
	if (builder)
		status = mon_builder_add(builder, &one, &why);
	if (status == CD_EINVAL) { /* it is valid for other kinds of objects */
		mon_builder_free(builder);
		*out = false;
		return CD_OK;
	}
	if (!status)
		status = mon_builder_compile(builder, &table);
	mon_builder_free(builder);
	if (status)
		return status;
	mon_decide(table, CD_OPBIT(op), object, &decision);
	*out = decision.verdict == MON_ALLOW;
	mon_table_free(table);
	return CD_OK;
}

enum cd_status mon_explain_rules(const struct mon_table *table, enum cd_op op,
				 const struct mon_object *object,
				 void (*visit)(void *context, uint32_t rule, bool implied),
				 void *context)
{
	enum cd_status status = CD_OK;

	for (uint32_t i = 0; i < mon_table_count(table) && !status; i++) {
		struct mon_rule rule;
		bool matches = false;

		mon_table_rule(table, i, &rule);
		status = speaks_of(&rule, op, object, &matches);
		if (!status && matches)
			visit(context, i, !(rule.ops & CD_OPBIT(op)));
	}
	return status;
}

enum cd_status mon_explain_protected(const struct mon_table *table, const struct mon_object *object,
				     uint32_t *out)
{
	enum cd_status status = CD_OK;
	const struct mon_object path = {
	    .kind = CD_OBJECT_PATH, .text = object->text, .len = object->len};

	*out = CD_NO_RULE;
	if (object->kind != CD_OBJECT_PATH &&
	    !(object->kind == CD_OBJECT_ADDRESS && object->proto == MON_UNIX))
		return CD_OK;
	for (uint32_t i = 0; i < mon_table_protected_count(table) && !status; i++) {
		const char *pattern = mon_table_protected(table, i);
		size_t len = strlen(pattern);
		char below[CD_PATH_MAX + 4];
		struct mon_rule rule = {
		    .verdict = MON_ALLOW, .ops = CD_OPBIT(CD_OP_FS_CREATE), .pattern = pattern};
		bool matches = false;

		if (!mon_path_cut_subtree(pattern, &len)) {
			snprintf(below, sizeof(below), "%s/**", pattern);
			rule.pattern = below;
		}
		status = speaks_of(&rule, CD_OP_FS_CREATE, &path, &matches);
		if (!status && matches) {
			*out = i;
			break;
		}
	}
	return status;
}
