/*
 * Collects rules, checked and copied, in the order in which they are added. What can be wrong with
 * a pattern is found here; compile.c may rely on every pattern being valid.
 */
#include "refmon/builder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "lib/vec.h"
#include "refmon/address.h"

struct mon_builder *mon_builder_new(void)
{
	struct mon_builder *builder = malloc(sizeof(*builder));

	if (!builder)
		return NULL;
	builder->rules = builder->first_rules;
	builder->rule_count = 0;
	builder->rule_capacity = MON_FIRST_RULES;
	builder->secrets = NULL;
	builder->secret_count = builder->secret_capacity = 0;
	builder->text = builder->first_text;
	builder->text_len = 0;
	builder->text_capacity = MON_FIRST_TEXT;
	return builder;
}

void mon_builder_free(struct mon_builder *builder)
{
	if (!builder)
		return;
	if (builder->rules != builder->first_rules)
		free(builder->rules);
	free(builder->secrets);
	if (builder->text != builder->first_text)
		free(builder->text);
	free(builder);
}

static enum cd_status copy_text(struct mon_builder *builder, const char *text, uint32_t *offset)
{
	size_t len = strlen(text) + 1;
	char *grown;

	if (builder->text_len + len > UINT32_MAX)
		return CD_ELIMIT;
	grown = cd_vec_grow_first(builder->first_text, builder->text, &builder->text_capacity,
				  builder->text_len + len, 1);
	if (!grown)
		return CD_ENOMEM;
	builder->text = grown;
	memcpy(grown + builder->text_len, text, len);
	*offset = (uint32_t)builder->text_len;
	builder->text_len += len;
	return CD_OK;
}

/* Neighbouring rules mostly come from the same file: its name is kept once. */
static enum cd_status copy_source(struct mon_builder *builder, const char *source, uint32_t *offset)
{
	if (builder->rule_count) {
		uint32_t last = builder->rules[builder->rule_count - 1].source;

		if (strcmp(builder->text + last, source) == 0) {
			*offset = last;
			return CD_OK;
		}
	}
	return copy_text(builder, source, offset);
}

static enum mon_flaw flaw_for_op(enum cd_op op, const char *pattern)
{
	size_t len = strlen(pattern);
	struct mon_address address;

	switch (cd_op_table[op].kind) {
	case CD_OBJECT_PATH: return mon_path_flaw(pattern, len);
	case CD_OBJECT_ADDRESS: return mon_address_parse(pattern, len, &address);
	case CD_OBJECT_NAME: return mon_name_flaw_for(op, pattern, len);
	case CD_OBJECT_NONE: break;
	}
	return MON_FLAW_NONE;
}

/* Valid for one of the operations' kinds is valid; else the flaw is the first kind's. */
static enum mon_flaw flaw_for_ops(uint64_t ops, const char *pattern)
{
	enum mon_flaw first = MON_FLAW_NONE;

	for (; ops; ops &= ops - 1) {
		enum mon_flaw flaw = flaw_for_op((enum cd_op)__builtin_ctzll(ops), pattern);

		if (!flaw)
			return MON_FLAW_NONE;
		if (!first)
			first = flaw;
	}
	return first;
}

enum cd_status mon_builder_add(struct mon_builder *builder, const struct mon_rule *rule,
			       const char **why)
{
	struct mon_added added = {.ops = rule->ops, .verdict = rule->verdict};
	struct mon_added *grown;
	enum mon_flaw flaw;
	size_t text_len = builder->text_len;
	enum cd_status status;

	*why = "";
	if (!rule->ops || rule->ops & ~CD_OPS_ALL || rule->verdict > MON_ALLOW) {
		*why = "no operation or no verdict is named";
		return CD_EINVAL;
	}
	flaw = flaw_for_ops(rule->ops, rule->pattern);
	if (flaw) {
		*why = mon_flaw_text(flaw);
		return CD_EINVAL;
	}
	if (builder->rule_count >= CD_RULES_MAX)
		return CD_ELIMIT;
	grown = cd_vec_grow_first(builder->first_rules, builder->rules, &builder->rule_capacity,
				  builder->rule_count + 1, sizeof(*grown));
	if (!grown)
		return CD_ENOMEM;
	builder->rules = grown;
	status = copy_text(builder, rule->pattern, &added.pattern);
	if (!status)
		status = copy_text(builder, rule->pointer ? rule->pointer : "", &added.pointer);
	if (!status)
		status = copy_source(builder, rule->source ? rule->source : "", &added.source);
	if (status) {
		builder->text_len = text_len;
		return status;
	}
	grown[builder->rule_count++] = added;
	return CD_OK;
}

enum cd_status mon_builder_protect(struct mon_builder *builder, const char *pattern,
				   const char **why)
{
	enum mon_flaw flaw = mon_path_flaw(pattern, strlen(pattern));
	uint32_t offset, *grown;
	enum cd_status status;

	*why = flaw ? mon_flaw_text(flaw) : "";
	if (flaw)
		return CD_EINVAL;
	if (strcmp(pattern, "/") == 0 || strcmp(pattern, "/**") == 0) {
		*why = "the root directory cannot be protected from wildcards";
		return CD_EINVAL;
	}
	grown = cd_vec_grow(builder->secrets, &builder->secret_capacity, builder->secret_count + 1,
			    sizeof(*grown));
	if (!grown)
		return CD_ENOMEM;
	builder->secrets = grown;
	status = copy_text(builder, pattern, &offset);
	if (status)
		return status;
	grown[builder->secret_count++] = offset;
	return CD_OK;
}

/*
 * Can a pattern with a wildcard match the directory, something below it or something that leads to
 * it? As far as what stands before the first wildcard says. The slash before it does not count:
 * "/x/" and a star match "/x" itself, too.
 */
static bool may_reach(const char *pattern, const char *directory)
{
	size_t same = 0;

	while (pattern[same] && pattern[same] != '*' && pattern[same] == directory[same])
		same++;
	if (!directory[same])
		return strchr(pattern + same, '*');
	return pattern[same] == '*' || (same && pattern[same] == '/' && pattern[same + 1] == '*');
}

bool mon_builder_reaches(const struct mon_builder *builder, const char *directory)
{
	for (size_t i = 0; i < builder->rule_count; i++) {
		if (builder->rules[i].verdict != MON_DENY &&
		    may_reach(builder->text + builder->rules[i].pattern, directory))
			return true;
	}
	return false;
}

/* Does a rule that allows all of a place strictly below the directory reach the spelled one, too?
 * It is then shown as a part of that place. */
static bool is_within_shown(const struct mon_builder *builder, const char *directory,
			    const char *spelled)
{
	size_t above = strlen(directory), len = strlen(spelled);

	for (size_t i = 0; i < builder->rule_count; i++) {
		const char *pattern = builder->text + builder->rules[i].pattern;
		size_t n = strcspn(pattern, "*");

		if (builder->rules[i].verdict == MON_ALLOW && n > above + 2 && n - 1 < len &&
		    strcmp(pattern + n, "**") == 0 && strncmp(pattern, directory, above) == 0 &&
		    pattern[above] == '/' && memcmp(spelled, pattern, n) == 0)
			return true;
	}
	return false;
}

enum cd_status mon_builder_protect_below(struct mon_builder *builder, const char *directory)
{
	size_t above = strlen(directory), count = builder->rule_count;

	for (size_t i = 0; i < count; i++) {
		const char *pattern = builder->text + builder->rules[i].pattern, *why;
		char spelled[CD_PATH_MAX];
		enum cd_status status;
		size_t len;

		if (builder->rules[i].verdict == MON_DENY ||
		    strncmp(pattern, directory, above) != 0 || pattern[above] != '/')
			continue;
		len = strcspn(pattern, "*");
		/* Up to the last whole component before a wildcard. */
		if (pattern[len])
			while (len && pattern[--len] != '/')
				;
		if (len <= above + 1 || len >= sizeof(spelled))
			continue;
		memcpy(spelled, pattern, len); /* protecting moves the text that pattern lies in */
		spelled[len] = '\0';
		/* What is to be made, and is not there, brings the directory that it is made in,
		 * which may be any of those that lead there. */
		if (builder->rules[i].ops & CD_OPBIT(CD_OP_FS_CREATE) && access(spelled, F_OK))
			spelled[above + 1 + strcspn(spelled + above + 1, "/")] = '\0';
		if (is_within_shown(builder, directory, spelled))
			continue;
		status = mon_builder_protect(builder, spelled, &why);
		if (status && status != CD_EINVAL)
			return status;
	}
	return CD_OK;
}
