/*
 * Lints. Each asks the tables themselves, on an object of each class (refmon/classes.h): what is
 * said here is so, and not guessed from how patterns look.
 */
#include "policy/lint.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/path.h"
#include "policy/draft.h"
#include "policy/place.h"
#include "refmon/address.h"
#include "refmon/compare.h"

static const uint64_t change_ops =
    CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE);

struct linting {
	const struct pol_policy *policy;
	const struct pol_vars *vars;
	void (*report)(void *context, const struct pol_finding *finding);
	void *context;
	struct mon_table *all;	   /* the rules, with every secret protected */
	struct mon_table *secrets; /* allows what is a secret */
	bool *said;		   /* by rule: it has been spoken of, by this lint */
	bool *used;		   /* by view: something may be done there */
};

static bool is_own(const struct mon_rule *rule)
{
	return strncmp(rule->source, "group:", 6) != 0;
}

static void say(const struct linting *l, const char *kind, const char *source, const char *pointer,
		const char *format, ...) __attribute__((format(printf, 5, 6)));
static void say(const struct linting *l, const char *kind, const char *source, const char *pointer,
		const char *format, ...)
{
	char text[3 * CD_PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	l->report(l->context, &(struct pol_finding){kind, source, pointer, text});
}

static struct mon_rule rule_at(const struct linting *l, uint32_t index)
{
	struct mon_rule rule;

	mon_table_rule(l->policy->table, index, &rule);
	return rule;
}

/* --- over-broad grants --- */

/* Is all of the home directory, or more, meant by the pattern? */
static bool holds_home(const struct linting *l, const char *pattern)
{
	size_t len = strlen(pattern);

	return l->vars->home && mon_path_cut_subtree(pattern, &len) &&
	       cd_path_is_within_len(l->vars->home, strlen(l->vars->home), pattern, len);
}

static bool is_any_address(const char *pattern)
{
	struct mon_address address;

	return !mon_address_parse(pattern, strlen(pattern), &address) &&
	       (address.host == MON_HOST_ANY ||
		((address.host == MON_HOST_V4 || address.host == MON_HOST_V6) &&
		 address.prefix == 0)) &&
	       address.port_low == 0 && address.port_high == UINT16_MAX;
}

static void lint_broad(const struct linting *l, const struct mon_rule *rule)
{
	const uint64_t net = cd_ops_named("net.*", 5);
	const char *what = NULL;

	if (rule->verdict != MON_ALLOW)
		return;
	if (rule->ops == CD_OPS_ALL)
		what = "every operation";
	else if (rule->pattern[0] == '/' && rule->ops & ~CD_OPBIT(CD_OP_FS_STAT) &&
		 strcmp(rule->pattern, "/**") == 0)
		what = "every file";
	else if (rule->pattern[0] == '/' && rule->ops & change_ops && holds_home(l, rule->pattern))
		what = "changing all of the home directory but its secrets";
	else if (rule->ops & net && is_any_address(rule->pattern))
		what = "every address and port";
	else if (rule->ops & CD_OPBIT(CD_OP_DEV_IOCTL) && strcmp(rule->pattern, "*") == 0)
		what = "every device request";
	if (what)
		say(l, "broad", rule->source, rule->pointer,
		    "\"%s\" allows %s: name what is needed", rule->pattern, what);
}

/* --- rules that never match --- */

struct witness {
	uint64_t ops; /* that count */
	enum mon_verdict verdict;
	bool found, stands; /* stands: no stronger rule is in the way of one */
	uint32_t rule;	    /* what decides on the last */
	const struct mon_table *decides;
};

static bool take_witness(void *context, const struct mon_difference *difference)
{
	struct witness *w = context;
	struct cd_decision decision;

	if (difference->kind != MON_BY_VERDICT || !(w->ops & CD_OPBIT(difference->op)))
		return true;
	mon_decide(w->decides, CD_OPBIT(difference->op), difference->object, &decision);
	w->found = true;
	w->stands = decision.verdict == w->verdict;
	w->rule = decision.rule;
	return !w->stands;
}

/* What one rule says, if it alone was there; the secrets are as they are. */
static enum cd_status table_of_one(const struct linting *l, const struct mon_rule *rule,
				   struct mon_table **out)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_rule one = *rule;
	enum cd_status status = CD_ENOMEM;
	const char *why;

	one.verdict = MON_ALLOW;
	if (builder)
		status = mon_builder_add(builder, &one, &why);
	for (uint32_t i = 0; !status && i < mon_table_protected_count(l->all); i++)
		status = mon_builder_protect(builder, mon_table_protected(l->all, i), &why);
	if (!status)
		status = mon_builder_compile(builder, out);
	mon_builder_free(builder);
	return status;
}

/* What rules that are stronger than the verdict speak of. */
static enum cd_status table_of_stronger(const struct linting *l, enum mon_verdict verdict,
					struct mon_table **out)
{
	struct mon_builder *builder = mon_builder_new();
	enum cd_status status = builder ? CD_OK : CD_ENOMEM;
	const char *why;

	for (uint32_t i = 0; !status && i < mon_table_count(l->policy->table); i++) {
		struct mon_rule rule = rule_at(l, i);

		if (rule.verdict >= verdict)
			continue;
		rule.verdict = MON_ALLOW;
		status = mon_builder_add(builder, &rule, &why);
	}
	if (!status)
		status = mon_builder_compile(builder, out);
	mon_builder_free(builder);
	return status;
}

static enum cd_status find_beyond(const struct linting *l, const struct mon_rule *rule,
				  const struct mon_table *one, const struct mon_table *other,
				  struct witness *out)
{
	const struct mon_comparison comparison = {
	    .first = one, .second = other, .visit = take_witness, .context = out};

	*out = (struct witness){.ops = rule->ops,
				.verdict = rule->verdict,
				.decides = l->policy->table,
				.rule = CD_NO_RULE};
	return mon_compare(&comparison);
}

static void say_never(const struct linting *l, const struct mon_rule *rule,
		      const struct witness *matched)
{
	struct mon_rule by;

	if (!matched->found) {
		say(l, "never", rule->source, rule->pointer,
		    "\"%s\" never matches: a wildcard does not reach what is a secret",
		    rule->pattern);
	} else if (matched->rule != CD_NO_RULE) {
		by = rule_at(l, matched->rule);
		say(l, "never", rule->source, rule->pointer,
		    "\"%s\" never decides: %s \"%s\" (%s %s) wins over it", rule->pattern,
		    pol_verdict_names[by.verdict], by.pattern, by.source, by.pointer);
	}
}

static enum cd_status lint_never(const struct linting *l, const struct mon_rule *rule,
				 const struct mon_table *stronger, const struct mon_table *empty)
{
	struct mon_table *one = NULL;
	struct witness left = {.found = false}, matched = left;
	enum cd_status status = table_of_one(l, rule, &one);

	if (!status)
		status = find_beyond(l, rule, one, empty, &matched);
	/* To look at all that stronger rules leave takes time. */
	if (!status && !matched.stands && matched.found)
		status = find_beyond(l, rule, one, stronger, &left);
	if (!status && !matched.stands && !left.found)
		say_never(l, rule, &matched);
	mon_table_free(one);
	return status;
}

static enum cd_status lint_rules(const struct linting *l)
{
	struct mon_table *stronger[MON_ALLOW + 1] = {NULL};
	enum cd_status status = CD_OK;

	for (int verdict = MON_DENY; verdict <= MON_ALLOW && !status; verdict++)
		status = table_of_stronger(l, verdict, &stronger[verdict]);
	for (uint32_t i = 0; i < mon_table_count(l->policy->table) && !status; i++) {
		struct mon_rule rule = rule_at(l, i);

		if (!is_own(&rule))
			continue;
		lint_broad(l, &rule);
		if (rule.verdict != MON_DENY)
			status = lint_never(l, &rule, stronger[rule.verdict], stronger[MON_DENY]);
	}
	for (int verdict = MON_DENY; verdict <= MON_ALLOW; verdict++)
		mon_table_free(stronger[verdict]);
	return status;
}

/* --- what may be done at a path --- */

/* The rule by which it may, or CD_NO_RULE. */
static uint32_t allowed_by(const struct mon_table *table, enum cd_op op,
			   const struct cd_object *object)
{
	struct cd_decision decision;

	mon_decide(table, CD_OPBIT(op), object, &decision);
	return decision.verdict == CD_DENY ? CD_NO_RULE : decision.rule;
}

/* Once for each rule. */
static bool is_news(const struct linting *l, uint32_t rule)
{
	bool news = rule != CD_NO_RULE && !l->said[rule];

	if (news)
		l->said[rule] = true;
	return news;
}

static void lint_write_exec(const struct linting *l, const struct cd_object *object,
			    const uint32_t by[CD_OP_COUNT], const struct pol_place *place)
{
	uint32_t change =
	    by[CD_OP_FS_WRITE] != CD_NO_RULE ? by[CD_OP_FS_WRITE] : by[CD_OP_FS_CREATE];
	struct mon_rule write, exec;

	if (change == CD_NO_RULE || by[CD_OP_FS_EXEC] == CD_NO_RULE || place->own ||
	    !place->writable)
		return;
	write = rule_at(l, change);
	exec = rule_at(l, by[CD_OP_FS_EXEC]);
	if (is_own(&write) && is_news(l, change))
		say(l, "write-exec", write.source, write.pointer,
		    "\"%s\" may be changed, and by \"%s\" (%s %s) run, too: %s", write.pattern,
		    exec.pattern, exec.source, exec.pointer, object->text);
	else if (!is_own(&write) && is_own(&exec) && is_news(l, by[CD_OP_FS_EXEC]))
		say(l, "write-exec", exec.source, exec.pointer,
		    "\"%s\" may be run, and by \"%s\" (%s %s) changed, too: %s", exec.pattern,
		    write.pattern, write.source, write.pointer, object->text);
}

static void lint_read_only(const struct linting *l, const uint32_t by[CD_OP_COUNT],
			   const struct pol_place *place)
{
	if (!place->view || place->view->kind != POL_VIEW_BIND || place->view->writable)
		return;
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		struct mon_rule rule;

		if (!(change_ops & CD_OPBIT(op)) || by[op] == CD_NO_RULE)
			continue;
		rule = rule_at(l, by[op]);
		if (is_own(&rule) && is_news(l, by[op]))
			say(l, "view", rule.source, rule.pointer,
			    "\"%s\" allows %s, and \"%s\" is shown read-only (%s %s)", rule.pattern,
			    cd_op_name(op), place->view->dest, place->view->source,
			    place->view->pointer);
	}
}

static void lint_secret(const struct linting *l, const struct cd_object *object,
			const uint32_t by[CD_OP_COUNT])
{
	uint32_t secret = allowed_by(l->secrets, CD_OP_FS_READ, object);

	for (unsigned op = 0; op < CD_OP_COUNT && secret != CD_NO_RULE; op++) {
		struct mon_rule rule, what;

		if (op == CD_OP_FS_STAT || by[op] == CD_NO_RULE || !is_news(l, by[op]))
			continue;
		rule = rule_at(l, by[op]);
		mon_table_rule(l->secrets, secret, &what);
		say(l, "secret", rule.source, rule.pointer,
		    "\"%s\" grants %s of what is a secret: %s", rule.pattern, cd_op_name(op),
		    what.pattern);
	}
}

static bool lint_path(void *context, const struct cd_object *object)
{
	const struct linting *l = context;
	struct pol_place place = pol_place_of(l->policy, object->text);
	uint32_t by[CD_OP_COUNT];
	bool any = false;

	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		by[op] = cd_op_table[op].kind == CD_OBJECT_PATH ? allowed_by(l->all, op, object)
								: CD_NO_RULE;
		any |= op != CD_OP_FS_STAT && by[op] != CD_NO_RULE;
	}
	if (any && place.view)
		l->used[place.view - l->policy->views] = true;
	/* A rule is spoken of once, of the worst. */
	lint_secret(l, object, by);
	lint_read_only(l, by, &place);
	lint_write_exec(l, object, by, &place);
	return true;
}

static void lint_views(const struct linting *l)
{
	for (size_t i = 0; i < l->policy->view_count; i++) {
		const struct pol_view *view = &l->policy->views[i];

		if (strncmp(view->source, "group:", 6) == 0)
			continue;
		if (!l->used[i])
			say(l, "view", view->source, view->pointer,
			    "no rule allows anything at \"%s\": a view is no permission",
			    view->dest);
		if (view->from && access(view->from, F_OK) != 0)
			say(l, "view", view->source, view->pointer,
			    "there is no \"%s\" on this machine", view->from);
	}
}

/* --- answers --- */

static void lint_answers(const struct linting *l)
{
	for (size_t i = 0; i < l->policy->always_count; i++) {
		const struct pol_always *always = &l->policy->always[i];
		struct mon_object object;
		struct cd_decision decision;

		if (mon_object_parse(always->op, always->object, &object) != CD_OK)
			continue;
		mon_decide(l->policy->table, CD_OPBIT(always->op), &object, &decision);
		if (decision.verdict != MON_ASK)
			say(l, "never", always->source, always->pointer,
			    "\"%s\" answers nothing: no rule asks about it", always->object);
	}
}

/* --- the tables --- */

struct secret_tables {
	struct mon_builder *all, *secrets;
};

/* The rules in their order: their numbers are those of the policy's own table. */
static enum cd_status add_rules(const struct linting *l, struct mon_builder *builder)
{
	enum cd_status status = CD_OK;
	const char *why;

	for (uint32_t i = 0; !status && i < mon_table_count(l->policy->table); i++) {
		struct mon_rule rule = rule_at(l, i);

		status = mon_builder_add(builder, &rule, &why);
	}
	for (uint32_t i = 0; !status && i < mon_table_protected_count(l->policy->table); i++)
		status =
		    mon_builder_protect(builder, mon_table_protected(l->policy->table, i), &why);
	return status;
}

static enum cd_status take_secret(void *context, const char *pattern)
{
	struct secret_tables *tables = context;
	const struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), pattern, "secrets", ""};
	size_t len = strlen(pattern);
	char below[CD_PATH_MAX + 4];
	struct mon_rule subtree = rule;
	enum cd_status status;
	const char *why;

	status = mon_builder_protect(tables->all, pattern, &why);
	if (!status && mon_path_cut_subtree(pattern, &len))
		return mon_builder_add(tables->secrets, &rule, &why);
	snprintf(below, sizeof(below), "%s/**", pattern);
	subtree.pattern = below;
	return status ? status : mon_builder_add(tables->secrets, &subtree, &why);
}

static enum cd_status make_tables(struct linting *l)
{
	struct secret_tables tables = {mon_builder_new(), mon_builder_new()};
	enum cd_status status = tables.all && tables.secrets ? CD_OK : CD_ENOMEM;

	if (!status)
		status = add_rules(l, tables.all);
	if (!status)
		status = pol_each_secret(l->vars, take_secret, &tables);
	if (!status)
		status = mon_builder_compile(tables.all, &l->all);
	if (!status)
		status = mon_builder_compile(tables.secrets, &l->secrets);
	mon_builder_free(tables.all);
	mon_builder_free(tables.secrets);
	return status;
}

static enum cd_status lint_paths(const struct linting *l)
{
	const uint64_t fs = cd_ops_named("fs.*", 4);
	struct mon_patterns patterns = {0}, protected = {0};
	enum cd_status status = mon_patterns_add_rules(&patterns, l->all, fs);

	if (!status)
		status = mon_patterns_add_rules(&patterns, l->secrets, fs);
	for (uint32_t i = 0; !status && i < mon_table_protected_count(l->all); i++)
		status = mon_patterns_add(&protected, mon_table_protected(l->all, i));
	for (size_t i = 0; !status && i < l->policy->view_count; i++)
		status = mon_patterns_add(&protected, l->policy->views[i].dest);
	if (!status)
		status = mon_classes_paths(&patterns, &protected, false, lint_path, (void *)l);
	mon_patterns_release(&patterns);
	mon_patterns_release(&protected);
	return status;
}

/* --- what says nothing --- */

static void lint_empty_list(const struct linting *l, const char *file, const char *key,
			    const char *op, const json_t *list)
{
	char pointer[256];

	snprintf(pointer, sizeof(pointer), op ? "/%s/%s" : "/%s", key, op);
	if (json_is_array(list) ? !json_array_size(list)
				: json_is_object(list) && !json_object_size(list))
		say(l, "empty", file, pointer, "it is empty, and says nothing");
}

static void lint_file(const struct linting *l, const char *file)
{
	static const char *const keys[] = {"extends", "allow",	"ask",	 "deny", "view",
					   "env",     "limits", "tests", NULL};
	json_t *root = json_load_file(file, 0, NULL), *list;
	const char *op;

	for (const char *const *key = keys; *key; key++) {
		json_t *value = json_object_get(root, *key);

		lint_empty_list(l, file, *key, NULL, value);
		if (strcmp(*key, "view") == 0)
			continue;
		json_object_foreach(value, op, list)
		{
			lint_empty_list(l, file, *key, op, list);
		}
	}
	json_decref(root);
}

enum cd_status pol_lint(const struct pol_policy *policy, const struct pol_vars *vars,
			const char *file,
			void (*report)(void *context, const struct pol_finding *finding),
			void *context)
{
	struct linting l = {.policy = policy, .vars = vars, .report = report, .context = context};
	enum cd_status status = CD_ENOMEM;

	l.said = calloc(mon_table_count(policy->table) + 1, sizeof(*l.said));
	l.used = calloc(policy->view_count + 1, sizeof(*l.used));
	if (l.said && l.used)
		status = make_tables(&l);
	if (!status)
		status = lint_rules(&l);
	if (!status)
		status = lint_paths(&l);
	if (!status)
		lint_views(&l);
	if (!status)
		lint_answers(&l);
	if (!status && file)
		lint_file(&l, file);
	mon_table_free(l.all);
	mon_table_free(l.secrets);
	free(l.said);
	free(l.used);
	return status;
}
