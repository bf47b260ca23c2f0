/* A finished policy as JSON text, in the language itself: reading it again gives the same policy.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"

/* Adds value under key, and lets go of it in any case. jansson takes NULL and says no, so errors
 * are passed on. */
static bool put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

/* A string in which variables would be expanded. */
static json_t *literal(const char *text)
{
	char *escaped = pol_escape(text);
	json_t *string = escaped ? json_string(escaped) : NULL;

	free(escaped);
	return string;
}

/* The list at object.key, made where there is none; borrowed. */
static json_t *list_at(json_t *object, const char *key)
{
	json_t *list = json_object_get(object, key);

	if (!list && put(object, key, json_array()))
		list = json_object_get(object, key);
	return list;
}

static json_t *object_at(json_t *object, const char *key)
{
	json_t *inner = json_object_get(object, key);

	if (!inner && put(object, key, json_object()))
		inner = json_object_get(object, key);
	return inner;
}

/* The next name that covers part of *ops, "*" and "fs.*" before single operations; what it covers
 * is taken off. */
static const char *take_ops_name(uint64_t *ops, char name[32])
{
	unsigned op = (unsigned)__builtin_ctzll(*ops);
	struct cd_buf buf;
	uint64_t all;

	cd_buf_init(&buf, name, 32);
	if (*ops == CD_OPS_ALL) {
		*ops = 0;
		return "*";
	}
	cd_buf_fmt(&buf, "%s.*", cd_op_table[op].protocol);
	all = cd_ops_named(name, buf.len);
	if ((*ops & all) == all && (all & (all - 1))) {
		*ops &= ~all;
		return name;
	}
	*ops &= ~CD_OPBIT(op);
	return cd_op_name((enum cd_op)op);
}

static bool show_rule(json_t *root, const struct mon_rule *rule)
{
	json_t *verdict = object_at(root, pol_verdict_names[rule->verdict]);
	uint64_t rest = rule->ops;

	while (rest) {
		char name[32];
		const char *ops = take_ops_name(&rest, name);

		if (json_array_append_new(list_at(verdict, ops), literal(rule->pattern)))
			return false;
	}
	return true;
}

static bool show_origin(json_t *origins, const struct mon_rule *rule)
{
	json_t *ops = json_array();
	uint64_t rest = rule->ops;
	bool ok = ops != NULL;

	while (rest && ok) {
		char name[32];

		ok = json_array_append_new(ops, json_string(take_ops_name(&rest, name))) == 0;
	}
	return json_array_append_new(origins, json_pack("{s:s, s:o, s:s, s:s, s:s}", "verdict",
							pol_verdict_names[rule->verdict], "ops",
							ops, "pattern", rule->pattern, "source",
							rule->source, "pointer", rule->pointer)) ==
		   0 &&
	       ok;
}

static bool show_rules(json_t *root, const struct pol_policy *policy, bool with_origins)
{
	bool ok = true;

	for (uint32_t i = 0; i < mon_table_count(policy->table) && ok; i++) {
		struct mon_rule rule;

		mon_table_rule(policy->table, i, &rule);
		ok = show_rule(root, &rule);
		if (ok && with_origins)
			ok = show_origin(list_at(root, "origins"), &rule);
	}
	return ok;
}

static json_t *show_view(const struct pol_view *view)
{
	const char *mode = view->kind == POL_VIEW_COW ? "cow" : view->writable ? "rw" : "ro";

	if (view->kind == POL_VIEW_PRIVATE)
		return json_pack("{s:b}", "private", 1);
	return json_pack("{s:o, s:s}", "from", literal(view->from), "mode", mode);
}

static bool show_views(json_t *root, const struct pol_policy *policy)
{
	bool ok = true;

	for (size_t i = 0; i < policy->view_count && ok; i++) {
		char *dest = pol_escape(policy->views[i].dest);

		ok = dest && put(object_at(root, "view"), dest, show_view(&policy->views[i]));
		free(dest);
	}
	return ok;
}

static bool show_names(json_t *root, const char *key, const char *const *names, size_t count)
{
	bool ok = true;

	for (size_t i = 0; i < count && ok; i++)
		ok = json_array_append_new(list_at(object_at(root, "env"), key),
					   json_string(names[i])) == 0;
	return ok;
}

static bool show_env(json_t *root, const struct pol_policy *policy)
{
	bool ok = show_names(root, "pass", policy->env_pass, policy->env_pass_count) &&
		  show_names(root, "deny", policy->env_deny, policy->env_deny_count);

	for (size_t i = 0; i < policy->env_set_count && ok; i++) {
		const char *entry = policy->env_set[i], *value = strchr(entry, '=') + 1;
		char name[CD_NAME_MAX + 1];

		pol_copy(name, (size_t)(value - entry), entry);
		ok = put(object_at(object_at(root, "env"), "set"), name, literal(value));
	}
	return ok;
}

static bool show_limits(json_t *root, const struct pol_policy *policy)
{
	bool ok = true;

	for (int i = 0; i < POL_LIMIT_COUNT && ok; i++) {
		const struct pol_limit_info *info = &pol_limit_table[i];
		uint64_t value = *(const uint64_t *)((const char *)&policy->limits + info->offset);

		if (value)
			ok = put(object_at(root, "limits"), info->name,
				 json_integer((json_int_t)value));
	}
	return ok;
}

static bool show_tests(json_t *root, const struct pol_policy *policy)
{
	bool ok = true;

	for (size_t i = 0; i < policy->test_count && ok; i++) {
		const struct pol_test *test = &policy->tests[i];

		ok = json_array_append_new(list_at(root, "tests"),
					   json_pack("{s:s, s:o, s:s}", "op", cd_op_name(test->op),
						     pol_object_key(test->op),
						     literal(test->object), "expect",
						     pol_verdict_names[test->expect])) == 0;
	}
	return ok;
}

static bool show_always(json_t *root, const struct pol_policy *policy)
{
	bool ok = true;

	for (size_t i = 0; i < policy->always_count && ok; i++)
		ok = json_array_append_new(
			 list_at(object_at(root, "always"), cd_op_name(policy->always[i].op)),
			 literal(policy->always[i].object)) == 0;
	return ok;
}

/* A policy may come from anywhere, and be shown on a terminal. What is no ASCII stands in strings
 * only. */
static char *spell_out_take(char *text)
{
	size_t size = text ? 6 * strlen(text) + 1 : 0;
	char *shown = text ? malloc(size) : NULL;
	struct cd_buf buf;

	if (shown)
		cd_buf_init(&buf, shown, size);
	for (const char *at = text; shown && *at;) {
		size_t plain = 0, other = 0;

		while (at[plain] > 0 && at[plain] < 0x7f)
			plain++;
		cd_buf_add(&buf, at, plain);
		at += plain;
		while (at[other] < 0 || at[other] == 0x7f)
			other++;
		cd_buf_json(&buf, at, other);
		at += other;
	}
	free(text);
	return shown;
}

char *pol_policy_json(const struct pol_policy *policy, bool origins)
{
	json_t *root = json_object();
	char *text = NULL;

	if (root && put(root, "version", json_integer(1)) &&
	    put(root, "name", json_string(policy->name)) && show_rules(root, policy, origins) &&
	    show_always(root, policy) && show_views(root, policy) && show_env(root, policy) &&
	    show_limits(root, policy) &&
	    put(root, "audit", json_string(pol_audit_names[policy->audit])) &&
	    put(root, "on_deny", json_string(pol_on_deny_names[policy->on_deny])) &&
	    show_tests(root, policy))
		text = spell_out_take(json_dumps(root, JSON_INDENT(2)));
	json_decref(root);
	return text;
}

static bool same_object(const struct mon_object *a, const struct mon_object *b)
{
	size_t a_len = a->text ? a->len : 0, b_len = b->text ? b->len : 0;

	return a->kind == b->kind && a->proto == b->proto && a->family == b->family &&
	       a->port == b->port && memcmp(a->address, b->address, sizeof(a->address)) == 0 &&
	       a_len == b_len && (!a_len || memcmp(a->text, b->text, a_len) == 0);
}

enum mon_verdict pol_verdict_of(const struct pol_policy *policy, enum cd_op op,
				const struct mon_object *object, enum mon_verdict verdict)
{
	const uint64_t more =
	    CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_EXEC);

	if (verdict != MON_ASK)
		return verdict;
	for (size_t i = 0; i < policy->always_count; i++) {
		const struct pol_always *always = &policy->always[i];
		struct mon_object answered;

		if ((always->op == op || (op == CD_OP_FS_STAT && CD_OPBIT(always->op) & more)) &&
		    mon_object_parse(always->op, always->object, &answered) == CD_OK &&
		    same_object(&answered, object))
			return MON_ALLOW;
	}
	return verdict;
}

static void decide(const struct pol_policy *policy, enum cd_op op, const struct mon_object *object,
		   struct mon_decision *out)
{
	mon_decide(policy->table, CD_OPBIT(op), object, out);
	out->verdict = pol_verdict_of(policy, op, object, out->verdict);
}

size_t pol_policy_test(const struct pol_policy *policy,
		       void (*report)(void *context, const struct pol_test *test,
				      const struct mon_decision *got),
		       void *context)
{
	size_t failed = 0;

	for (size_t i = 0; i < policy->test_count; i++) {
		const struct pol_test *test = &policy->tests[i];
		struct mon_decision got = {MON_DENY, test->op, MON_NO_RULE};
		struct mon_object object;

		if (!mon_object_parse(test->op, test->object, &object))
			decide(policy, test->op, &object, &got);
		if (got.verdict == test->expect)
			continue;
		failed++;
		if (report)
			report(context, test, &got);
	}
	return failed;
}
