/* What one policy grants and another does not. The rules are compared by refmon/compare.c. */
#include "policy/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/draft.h"
#include "policy/place.h"

struct comparing {
	const struct pol_policy *first, *second;
	bool (*visit)(void *context, const struct pol_difference *difference);
	void *context;
	bool stopped;
};

static bool say(struct comparing *c, const struct pol_difference *difference)
{
	c->stopped |= !c->visit(c->context, difference);
	return !c->stopped;
}

/* --- rules --- */

static bool same_place(void *context, enum cd_op op, const char *path)
{
	static const uint64_t changes =
	    CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE);
	const struct comparing *c = context;
	struct pol_place a = pol_place_of(c->first, path), b = pol_place_of(c->second, path);

	if (a.own)
		return true; /* nothing of the user's */
	if (b.own || !pol_places_alike(&a, &b, path))
		return false;
	return !(CD_OPBIT(op) & changes) || !a.writable || b.writable;
}

static bool take_rule(void *context, const struct mon_difference *difference)
{
	return say(context, &(struct pol_difference){.rule = difference});
}

static enum cd_status add_places(struct mon_patterns *places, const struct pol_policy *policy)
{
	enum cd_status status = CD_OK;

	for (size_t i = 0; i < policy->view_count && !status; i++)
		status = mon_patterns_add(places, policy->views[i].dest);
	return status;
}

static enum cd_status compare_rules(struct comparing *c)
{
	struct mon_patterns places = {0};
	const struct mon_comparison comparison = {.first = c->first->table,
						  .second = c->second->table,
						  .visit = take_rule,
						  .context = c,
						  .same_place = same_place,
						  .places = &places};
	enum cd_status status = add_places(&places, c->first);

	if (!status)
		status = add_places(&places, c->second);
	if (!status)
		status = mon_compare(&comparison);
	mon_patterns_release(&places);
	return status;
}

/* --- answers --- */

static bool compare_answer(struct comparing *c, const struct pol_always *always, enum cd_op op)
{
	struct cd_decision first, second;
	struct mon_object object;
	char what[2 * CD_PATH_MAX];

	if (mon_object_parse(op, always->object, &object) != CD_OK)
		return true;
	mon_decide(c->first->table, CD_OPBIT(op), &object, &first);
	mon_decide(c->second->table, CD_OPBIT(op), &object, &second);
	if (first.verdict != MON_ASK ||
	    pol_verdict_of(c->first, op, &object, first.verdict) != MON_ALLOW ||
	    pol_verdict_of(c->second, op, &object, second.verdict) == MON_ALLOW)
		return true;
	snprintf(what, sizeof(what), "%s %s", cd_op_name(op), always->object);
	return say(c, &(struct pol_difference){.what = what,
					       .first = "allow, as answered for good",
					       .second = pol_verdict_name(second.verdict)});
}

/* What the first has answered for good it allows, where the second may only ask. With a file's
 * contents goes that it may be looked at. */
static bool compare_answers(struct comparing *c)
{
	for (size_t i = 0; i < c->first->always_count; i++) {
		const struct pol_always *always = &c->first->always[i];

		if (!compare_answer(c, always, always->op) ||
		    (cd_op_table[always->op].kind == CD_OBJECT_PATH &&
		     !compare_answer(c, always, CD_OP_FS_STAT)))
			return false;
	}
	return true;
}

/* --- the environment --- */

static bool sets(const struct pol_policy *policy, const char *name, size_t len)
{
	for (size_t i = 0; i < policy->env_set_count; i++)
		if (strncmp(policy->env_set[i], name, len) == 0 && policy->env_set[i][len] == '=')
			return true;
	return false;
}

static bool compare_variable(struct comparing *c, const char *name, size_t len)
{
	char what[CD_NAME_MAX + 16];

	if (!len || !pol_env_passes(c->first, name, len) || pol_env_passes(c->second, name, len))
		return true;
	snprintf(what, sizeof(what), "env %.*s", (int)len, name);
	return say(c, &(struct pol_difference){.what = what,
					       .first = "passed on",
					       .second = sets(c->second, name, len)
							     ? "set by the policy"
							     : "not passed on"});
}

struct lists {
	const char *const *list;
	size_t count;
};

/* Does a name of the lists go on with this letter after these bytes? */
static bool goes_on(const struct lists lists[4], const char *head, size_t len, char letter)
{
	for (size_t list = 0; list < 4; list++)
		for (size_t i = 0; i < lists[list].count; i++)
			if (strncmp(lists[list].list[i], head, len) == 0 &&
			    lists[list].list[i][len] == letter)
				return true;
	return false;
}

/* The name itself, and one that begins so and goes on as no other does: of all that begin like one
 * of the names, others are decided on alike. */
static bool compare_entry(struct comparing *c, const struct lists lists[4], const char *entry)
{
	static const char letters[] =
	    "XYZABCDEFGHIJKLMNOPQRSTUVWabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strcspn(entry, "*");
	char name[CD_NAME_MAX + 2];
	const char *letter = letters;

	if (len > CD_NAME_MAX)
		return true;
	memcpy(name, entry, len);
	while (*letter && goes_on(lists, name, len, *letter))
		letter++;
	name[len] = *letter ? *letter : 'X';
	return compare_variable(c, name, len) && compare_variable(c, name, len + 1);
}

static bool compare_env(struct comparing *c)
{
	const struct lists lists[4] = {{c->first->env_pass, c->first->env_pass_count},
				       {c->first->env_deny, c->first->env_deny_count},
				       {c->second->env_pass, c->second->env_pass_count},
				       {c->second->env_deny, c->second->env_deny_count}};

	for (size_t list = 0; list < 4; list++)
		for (size_t i = 0; i < lists[list].count; i++)
			if (!compare_entry(c, lists, lists[list].list[i]))
				return false;
	/* What the second sets itself it does not pass. */
	for (size_t i = 0; i < c->second->env_set_count; i++)
		if (!compare_variable(c, c->second->env_set[i],
				      strcspn(c->second->env_set[i], "=")))
			return false;
	return true;
}

/* --- limits --- */

static void limit_text(uint64_t value, char text[32])
{
	if (value)
		snprintf(text, 32, "%" PRIu64, value);
	else
		strcpy(text, "none");
}

static bool compare_limits(struct comparing *c)
{
	for (int i = 0; i < POL_LIMIT_COUNT; i++) {
		const struct pol_limit_info *info = &pol_limit_table[i];
		uint64_t a = *(const uint64_t *)((const char *)&c->first->limits + info->offset);
		uint64_t b = *(const uint64_t *)((const char *)&c->second->limits + info->offset);
		char what[48], first[32], second[32];

		if (!b || (a && a <= b))
			continue;
		snprintf(what, sizeof(what), "limit %s", info->name);
		limit_text(a, first);
		limit_text(b, second);
		if (!say(c,
			 &(struct pol_difference){.what = what, .first = first, .second = second}))
			return false;
	}
	return true;
}

enum cd_status pol_compare(const struct pol_policy *first, const struct pol_policy *second,
			   bool (*visit)(void *context, const struct pol_difference *difference),
			   void *context)
{
	struct comparing c = {first, second, visit, context, false};
	enum cd_status status = compare_rules(&c);

	if (!status && !c.stopped && compare_answers(&c) && compare_env(&c))
		compare_limits(&c);
	return status;
}
