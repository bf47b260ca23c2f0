/*
 * The table against a model: many small random sets of rules over a small alphabet, each question
 * answered a second time by trying every rule, one after another, with a matcher that is written as
 * the documentation reads. The seeds are fixed, so a failure can be repeated.
 */
#include "refmon/table.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/path.h"
#include "tests/refmon/support.h"

#define RULES	10
#define SECRETS 2
#define DEPTH	4

struct model {
	struct mon_rule rules[RULES];
	char patterns[RULES][64];
	char secrets[SECRETS][64];
	unsigned rule_count, secret_count;
};

static uint64_t random_state;

static unsigned draw(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

static void draw_path(char *out, bool pattern)
{
	static const char *const words[] = {"a", "b", "ab", "ba", "*", "a*", "*b", "*a*"};
	unsigned depth = draw(DEPTH + 1);
	size_t len = 0;

	for (unsigned i = 0; i < depth; i++)
		len += (size_t)sprintf(out + len, "/%s", words[draw(pattern ? 8 : 4)]);
	if (pattern && draw(3) == 0)
		len += (size_t)sprintf(out + len, "/**");
	if (len == 0)
		strcpy(out, "/");
}

/* --- the model --- */

static bool slow_glob(const char *glob, size_t glob_len, const char *name, size_t len)
{
	if (glob_len == 0)
		return len == 0;
	if (glob[0] == '*')
		return slow_glob(glob + 1, glob_len - 1, name, len) ||
		       (len && slow_glob(glob, glob_len, name + 1, len - 1));
	return len && glob[0] == name[0] && slow_glob(glob + 1, glob_len - 1, name + 1, len - 1);
}

/* Takes the first component off; false at the end of the path. */
static bool take(const char **path, const char **name, size_t *len)
{
	if ((*path)[0] == '\0' || (*path)[1] == '\0')
		return false;
	*name = *path + 1;
	*len = strcspn(*name, "/");
	*path = *name + *len;
	return true;
}

/* Does the pattern match the path? With `lead`, does it match something strictly below the path? */
static bool slow_match(const char *pattern, const char *path, bool lead)
{
	const char *glob, *name;
	size_t glob_len, len;

	for (;;) {
		bool more = take(&path, &name, &len);

		if (strcmp(pattern, "/**") == 0)
			return !lead;
		if (!take(&pattern, &glob, &glob_len))
			return !more && !lead;
		if (!more)
			return lead;
		if (!slow_glob(glob, glob_len, name, len))
			return false;
	}
}

/* Does the pattern spell out the secret on the path, as far as the secret goes? */
static bool spells(const char *pattern, const char *secret)
{
	const char *glob, *name;
	size_t glob_len, len;

	while (strcmp(secret, "/**") != 0 && take(&secret, &name, &len)) {
		if (strcmp(pattern, "/**") == 0 || !take(&pattern, &glob, &glob_len) ||
		    memchr(glob, '*', glob_len))
			return false;
	}
	return true;
}

static bool covers(const char *secret, const char *path)
{
	char with_tail[80];
	size_t len = strlen(secret);
	bool has_tail = len >= 3 && strcmp(secret + len - 3, "/**") == 0;

	snprintf(with_tail, sizeof(with_tail), "%s%s", strcmp(secret, "/") == 0 ? "" : secret,
		 has_tail ? "" : "/**");
	return slow_match(with_tail, path, false);
}

static bool may_grant(const struct model *model, const char *pattern, const char *path)
{
	for (unsigned i = 0; i < model->secret_count; i++) {
		if (covers(model->secrets[i], path) && !spells(pattern, model->secrets[i]))
			return false;
	}
	return true;
}

/* The strength of a rule's word on an operation: lower is stronger; 5 is none. */
static unsigned strength(const struct model *model, const struct mon_rule *rule, enum cd_op op,
			 const char *path)
{
	const uint64_t implying =
	    CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_EXEC);
	bool here = slow_match(rule->pattern, path, false);
	bool implies = op == CD_OP_FS_STAT && rule->ops & implying && rule->verdict != MON_DENY;

	if (rule->verdict != MON_DENY && !may_grant(model, rule->pattern, path))
		return 5;
	if (here && rule->ops & CD_OPBIT(op))
		return (unsigned)rule->verdict;
	if (implies && here)
		return rule->verdict == MON_ALLOW ? 3 : 4;
	if (implies && slow_match(rule->pattern, path, true))
		return 3;
	return 5;
}

static struct mon_decision slow_decide(const struct model *model, enum cd_op op, const char *path)
{
	static const enum mon_verdict verdicts[] = {MON_DENY,  MON_ASK, MON_ALLOW,
						    MON_ALLOW, MON_ASK, MON_DENY};
	unsigned best = 5;
	uint32_t rule = MON_NO_RULE;

	for (unsigned i = 0; i < model->rule_count; i++) {
		unsigned s = strength(model, &model->rules[i], op, path);

		if (s < best) {
			best = s;
			rule = i;
		}
	}
	return (struct mon_decision){verdicts[best], op, rule};
}

static bool slow_below(const struct model *model, const char *path)
{
	for (unsigned i = 0; i < model->rule_count; i++) {
		char bare[64];
		size_t len = strlen(model->rules[i].pattern);

		strcpy(bare, model->rules[i].pattern);
		if (len >= 3 && strcmp(bare + len - 3, "/**") == 0)
			strcpy(bare + len - 3, len == 3 ? "/" : "");
		if (slow_match(bare, path, true))
			return true;
	}
	for (unsigned i = 0; i < model->secret_count; i++) {
		if (slow_match(model->secrets[i], path, true))
			return true;
	}
	return false;
}

/* --- the comparison --- */

static void draw_model(struct model *model, struct mon_builder *builder)
{
	const char *why;

	model->rule_count = draw(RULES) + 1;
	model->secret_count = draw(SECRETS + 1);
	for (unsigned i = 0; i < model->rule_count; i++) {
		draw_path(model->patterns[i], true);
		model->rules[i] =
		    (struct mon_rule){draw(3), draw(63) + 1u, model->patterns[i], "", ""};
		cr_assert_eq(mon_builder_add(builder, &model->rules[i], &why), CD_OK, "%s %s",
			     model->patterns[i], why);
	}
	for (unsigned i = 0; i < model->secret_count; i++) {
		draw_path(model->secrets[i], true);
		if (strstr(model->secrets[i], "**") || strcmp(model->secrets[i], "/") == 0)
			strcpy(model->secrets[i], "/a/b");
		cr_assert_eq(mon_builder_protect(builder, model->secrets[i], &why), CD_OK);
	}
}

static void compare(const struct model *model, const struct mon_table *table, const char *path)
{
	struct mon_object object, known;
	struct cd_parts parts;

	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, path, &object), CD_OK);
	known = object;
	known.parts = cd_path_divide(path, strlen(path), &parts);
	for (unsigned op = CD_OP_FS_STAT; op <= CD_OP_FS_EXEC; op++) {
		struct mon_decision want = slow_decide(model, op, path), got, again;

		mon_decide(table, CD_OPBIT(op), &object, &got);
		cr_assert(
		    got.verdict == want.verdict && got.rule == want.rule,
		    "%s %s: verdict %d by %d, the model says %d by %d (first rule %s, secret %s)",
		    cd_op_name(op), path, got.verdict, (int)got.rule, want.verdict, (int)want.rule,
		    model->patterns[0], model->secret_count ? model->secrets[0] : "none");
		mon_decide(table, CD_OPBIT(op), &known, &again);
		cr_assert(again.verdict == got.verdict && again.rule == got.rule,
			  "%s %s, divided by who asks", cd_op_name(op), path);
	}
	cr_assert_eq(mon_rules_below(table, path, strlen(path)), slow_below(model, path), "%s",
		     path);
}

Test(model, agrees_on_random_rules)
{
	for (unsigned round = 1; round <= 4000; round++) {
		struct mon_builder *builder = mon_builder_new();
		struct mon_table *table;
		struct model model;

		random_state = round * UINT64_C(0x9e3779b97f4a7c15);
		draw_model(&model, builder);
		cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
		for (int i = 0; i < 20; i++) {
			char path[64];

			draw_path(path, false);
			compare(&model, table, path);
		}
		mon_table_free(table);
		mon_builder_free(builder);
	}
}
