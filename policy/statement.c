/* What each statement adds to a draft. */
#include "policy/statement.h"

#include <string.h>

#include "policy/draft.h"

static enum cd_status take_name(struct pol_draft *draft, const char *name, struct pol_error *error)
{
	if (!name[0] || strlen(name) > CD_NAME_MAX)
		return pol_fail(error, "a name has 1 to 255 bytes", "choose another");
	draft->name = pol_keep(&draft->arena, name, strlen(name));
	return draft->name ? CD_OK : pol_fail_memory(error);
}

static enum cd_status take_rule(struct pol_draft *draft, const struct pol_link *link,
				const struct pol_statement *rule, struct pol_error *error)
{
	const struct pol_origin origin = {link->source, rule->pointer, POL_RANK_FILE};
	const char *pattern;
	enum cd_status status = pol_expand(draft, rule->text, &pattern, error);

	return status ? status
		      : pol_add_rule(draft, rule->choice, rule->number, pattern, &origin, error);
}

static enum cd_status take_view(struct pol_draft *draft, const struct pol_link *link,
				const struct pol_statement *said, struct pol_error *error)
{
	static const enum pol_view_kind kinds[] = {[POL_MODE_RO] = POL_VIEW_BIND,
						   [POL_MODE_RW] = POL_VIEW_BIND,
						   [POL_MODE_COW] = POL_VIEW_COW,
						   [POL_MODE_PRIVATE] = POL_VIEW_PRIVATE};
	struct pol_view view = {.kind = kinds[said->choice],
				.writable = said->choice == POL_MODE_RW,
				.source = link->source};
	enum cd_status status = pol_expand(draft, said->text, &view.dest, error);

	if (!status && said->value)
		status = pol_expand(draft, said->value, &view.from, error);
	if (status)
		return status;
	view.pointer = pol_keep(&draft->arena, said->pointer, strlen(said->pointer));
	if (!view.pointer)
		return pol_fail_memory(error);
	return pol_add_view(draft, view, POL_RANK_FILE, error);
}

static enum cd_status take_env_value(struct pol_draft *draft, const struct pol_statement *set,
				     struct pol_error *error)
{
	const char *value;
	enum cd_status status = pol_expand(draft, set->value, &value, error);

	return status ? status
		      : pol_add_env(draft, POL_ENV_SET, set->text, value, POL_RANK_FILE, error);
}

static enum cd_status take_test(struct pol_draft *draft, const struct pol_link *link,
				const struct pol_statement *said, struct pol_error *error)
{
	struct pol_test test = {.op = (enum cd_op)__builtin_ctzll(said->number),
				.expect = said->choice,
				.source = link->source};
	struct mon_object parsed;
	enum cd_status status = pol_expand(draft, said->text, &test.object, error);

	if (status)
		return status;
	if (mon_object_parse(test.op, test.object, &parsed))
		return pol_failf(error, "name one object, without wildcards and in full",
				 "\"%.100s\" is not the %s of one object", said->text,
				 pol_object_key(test.op));
	test.object = pol_keep(&draft->arena, test.object, strlen(test.object));
	test.pointer = pol_keep(&draft->arena, said->pointer, strlen(said->pointer));
	if (!test.object || !test.pointer)
		return pol_fail_memory(error);
	return pol_add_test(draft, &test, error);
}

static enum cd_status take_always(struct pol_draft *draft, const struct pol_link *link,
				  const struct pol_statement *said, struct pol_error *error)
{
	struct pol_always always = {.op = (enum cd_op)__builtin_ctzll(said->number),
				    .source = link->source};
	struct mon_object parsed;
	enum cd_status status = pol_expand(draft, said->text, &always.object, error);

	if (status)
		return status;
	if (said->number & (said->number - 1) ||
	    mon_object_parse(always.op, always.object, &parsed))
		return pol_failf(error, "name one operation, and one object without wildcards",
				 "\"%.100s\" is not one object that was asked about", said->text);
	always.object = pol_keep(&draft->arena, always.object, strlen(always.object));
	always.pointer = pol_keep(&draft->arena, said->pointer, strlen(said->pointer));
	if (!always.object || !always.pointer)
		return pol_fail_memory(error);
	return pol_add_always(draft, &always, error);
}

/* Of two documents the later wins, and the command line over both. */
static bool may_set(enum pol_rank *rank)
{
	if (*rank > POL_RANK_FILE)
		return false;
	*rank = POL_RANK_FILE;
	return true;
}

enum cd_status pol_take(struct pol_draft *draft, const struct pol_link *link,
			const struct pol_statement *said, struct pol_error *error)
{
	switch (said->says) {
	case POL_SAYS_EXTENDS: return pol_add_extended(draft, said->text, link, error);
	case POL_SAYS_NAME: return take_name(draft, said->text, error);
	case POL_SAYS_RULE: return take_rule(draft, link, said, error);
	case POL_SAYS_VIEW: return take_view(draft, link, said, error);
	case POL_SAYS_ENV_PASS:
		return pol_add_env(draft, POL_ENV_PASS, said->text, "", POL_RANK_FILE, error);
	case POL_SAYS_ENV_SET: return take_env_value(draft, said, error);
	case POL_SAYS_ENV_DENY: return pol_add_env_deny(draft, said->text, error);
	case POL_SAYS_LIMIT:
		return pol_set_limit(draft, said->choice, said->number, POL_RANK_FILE, error);
	case POL_SAYS_AUDIT:
		if (may_set(&draft->audit_rank))
			draft->audit = said->choice;
		break;
	case POL_SAYS_ON_DENY:
		if (may_set(&draft->on_deny_rank))
			draft->on_deny = said->choice;
		break;
	case POL_SAYS_TEST: return take_test(draft, link, said, error);
	case POL_SAYS_ALWAYS: return take_always(draft, link, said, error);
	}
	return CD_OK;
}
