/* What a draft collects: rules, views, environment, limits. Each is checked and copied here,
 * whoever brings it. */
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "policy/draft.h"
#include "refmon/pattern.h"

const struct pol_limit_info pol_limit_table[POL_LIMIT_COUNT] = {
    [POL_LIMIT_MEMORY] = {"memory", true, offsetof(struct pol_limits, memory)},
    [POL_LIMIT_PROCESSES] = {"processes", false, offsetof(struct pol_limits, processes)},
    [POL_LIMIT_CPU_SECONDS] = {"cpu_seconds", false, offsetof(struct pol_limits, cpu_seconds)},
    [POL_LIMIT_CPU_PERCENT] = {"cpu_percent", false, offsetof(struct pol_limits, cpu_percent)},
    [POL_LIMIT_WALL_SECONDS] = {"wall_seconds", false, offsetof(struct pol_limits, wall_seconds)},
    [POL_LIMIT_OPEN_FILES] = {"open_files", false, offsetof(struct pol_limits, open_files)},
    [POL_LIMIT_FILE_SIZE] = {"file_size", true, offsetof(struct pol_limits, file_size)},
    [POL_LIMIT_TMP_SIZE] = {"tmp_size", true, offsetof(struct pol_limits, tmp_size)},
    [POL_LIMIT_LOG_SIZE] = {"log_size", true, offsetof(struct pol_limits, log_size)},
};

const char *const pol_audit_names[] = {[POL_AUDIT_DENIED] = "denied",
				       [POL_AUDIT_ALL] = "all",
				       [POL_AUDIT_SYSCALLS] = "syscalls",
				       NULL};
const char *const pol_on_deny_names[] = {
    [POL_DENY_ERRNO] = "errno", [POL_DENY_HIDE] = "hide", [POL_DENY_KILL] = "kill", NULL};
const char *const pol_verdict_names[] = {
    [MON_DENY] = "deny", [MON_ASK] = "ask", [MON_ALLOW] = "allow", NULL};

const char *pol_verdict_name(enum mon_verdict verdict)
{
	return pol_verdict_names[verdict];
}

/* --- names --- */

static enum cd_status fail_choice(const char *what, const char *word, const char *near,
				  struct pol_error *error)
{
	char remedy[96];
	struct cd_buf buf;

	cd_buf_init(&buf, remedy, sizeof(remedy));
	if (near)
		cd_buf_fmt(&buf, "did you mean \"%s\"?", near);
	else
		cd_buf_str(&buf, "see docs/policy.md for those there are");
	return pol_failf(error, remedy, "unknown %s \"%.100s\"", what, word);
}

static const char *listed_name(const void *context, size_t i)
{
	const char *const *names = context;

	return names[i];
}

enum cd_status pol_choose(const char *const *names, const char *word, const char *what,
			  unsigned *out, struct pol_error *error)
{
	for (unsigned i = 0; names[i]; i++) {
		if (strcmp(names[i], word) == 0) {
			*out = i;
			return CD_OK;
		}
	}
	return fail_choice(what, word, pol_nearest(word, listed_name, names), error);
}

static const char *op_name(const void *context, size_t i)
{
	(void)context;
	return i < CD_OP_COUNT ? cd_op_name((enum cd_op)i) : NULL;
}

enum cd_status pol_find_ops(const char *word, uint64_t *out, struct pol_error *error)
{
	*out = cd_ops_named(word, strlen(word));
	if (*out)
		return CD_OK;
	return fail_choice("operation", word, pol_nearest(word, op_name, NULL), error);
}

const char *pol_object_key(enum cd_op op)
{
	static const char *const keys[] = {[CD_OBJECT_NONE] = "name",
					   [CD_OBJECT_PATH] = "path",
					   [CD_OBJECT_ADDRESS] = "address",
					   [CD_OBJECT_NAME] = "name"};

	return keys[cd_op_table[op].kind];
}

static const char *limit_name(const void *context, size_t i)
{
	(void)context;
	return i < POL_LIMIT_COUNT ? pol_limit_table[i].name : NULL;
}

enum cd_status pol_find_limit(const char *word, enum pol_limit *out, struct pol_error *error)
{
	for (unsigned i = 0; i < POL_LIMIT_COUNT; i++) {
		if (strcmp(pol_limit_table[i].name, word) == 0) {
			*out = i;
			return CD_OK;
		}
	}
	return fail_choice("limit", word, pol_nearest(word, limit_name, NULL), error);
}

/* --- rules --- */

enum cd_status pol_add_rule(struct pol_draft *draft, enum mon_verdict verdict, uint64_t ops,
			    const char *pattern, const struct pol_origin *origin,
			    struct pol_error *error)
{
	const struct mon_rule rule = {verdict, ops, pattern, origin->source, origin->pointer};
	const char *why;
	enum cd_status status = mon_builder_add(draft->builder, &rule, &why);

	if (status == CD_ENOMEM)
		return pol_fail_memory(error);
	if (status == CD_ELIMIT) {
		(void)!pol_fail(error, "too many rules", "a policy holds at most 1048576");
		return status;
	}
	if (status)
		return pol_failf(error, mon_remedy(why), "\"%.100s\": %s", pattern, why);
	return CD_OK;
}

/* --- views --- */

static enum cd_status check_view_path(const char *path, const char *what, struct pol_error *error)
{
	enum mon_flaw flaw = mon_path_flaw(path, strlen(path));
	const char *why = mon_flaw_text(flaw);

	if (flaw)
		return pol_failf(error, mon_remedy(why), "%s \"%.100s\": %s", what, path, why);
	if (mon_is_glob(path, strlen(path)))
		return pol_failf(error, "name one directory or file", "%s \"%.100s\" holds a \"*\"",
				 what, path);
	return CD_OK;
}

static enum cd_status grow_views(struct pol_draft *draft)
{
	struct pol_view *views =
	    cd_vec_grow(draft->views, &draft->view_capacity, draft->view_count + 1, sizeof(*views));
	enum pol_rank *ranks;

	if (!views)
		return CD_ENOMEM;
	draft->views = views;
	ranks = cd_vec_grow(draft->view_ranks, &draft->view_rank_capacity, draft->view_count + 1,
			    sizeof(*ranks));
	if (!ranks)
		return CD_ENOMEM;
	draft->view_ranks = ranks;
	return CD_OK;
}

enum cd_status pol_add_view(struct pol_draft *draft, struct pol_view view, enum pol_rank rank,
			    struct pol_error *error)
{
	enum cd_status status = check_view_path(view.dest, "the view's path", error);
	size_t i = 0;

	/* It has to hold /proc, /dev and what is private. */
	if (!status && strcmp(view.dest, "/") == 0)
		return pol_failf(error, "show what is in it, each in its place",
				 "the view's path \"/\": the root itself is made for each space");
	if (!status && view.from)
		status = check_view_path(view.from, "\"from\"", error);
	if (status)
		return status;
	view.dest = pol_keep(&draft->arena, view.dest, strlen(view.dest));
	if (view.from)
		view.from = pol_keep(&draft->arena, view.from, strlen(view.from));
	if (!view.dest || (view.kind != POL_VIEW_PRIVATE && !view.from) || grow_views(draft))
		return pol_fail_memory(error);
	while (i < draft->view_count && strcmp(draft->views[i].dest, view.dest) != 0)
		i++;
	if (i < draft->view_count && draft->view_ranks[i] > rank)
		return CD_OK;
	draft->view_count += i == draft->view_count;
	draft->views[i] = view;
	draft->view_ranks[i] = rank;
	return CD_OK;
}

/* --- environment --- */

static enum cd_status check_env_name(const char *name, bool prefix_too, struct pol_error *error)
{
	size_t len = strlen(name);
	const char *star = strchr(name, '*');

	if (len == 0 || len > CD_NAME_MAX || strchr(name, '=') || (star && star + 1 < name + len) ||
	    (star && !prefix_too))
		return pol_failf(error,
				 prefix_too ? "write NAME, or PREFIX* for all that begin so"
					    : "write NAME",
				 "\"%.100s\" is not the name of an environment variable", name);
	return CD_OK;
}

/* What is kept for an entry: "NAME=value" for one that is set. */
static const char *keep_env_value(struct pol_draft *draft, const char *name, const char *value)
{
	size_t name_len = strlen(name), len = name_len + 1 + strlen(value);
	char *text = malloc(len + 1), *kept;

	if (!text)
		return NULL;
	memcpy(text, name, name_len);
	text[name_len] = '=';
	strcpy(text + name_len + 1, value);
	kept = pol_keep(&draft->arena, text, len);
	free(text);
	return kept;
}

enum cd_status pol_add_env(struct pol_draft *draft, enum pol_env_action action, const char *name,
			   const char *value, enum pol_rank rank, struct pol_error *error)
{
	struct pol_env env = {.action = action, .rank = rank}, *grown;
	enum cd_status status = check_env_name(name, action == POL_ENV_PASS, error);
	size_t i = 0;

	if (status)
		return status;
	env.name = pol_keep(&draft->arena, name, strlen(name));
	if (action == POL_ENV_SET)
		env.value = keep_env_value(draft, name, value);
	grown = cd_vec_grow(draft->env, &draft->env_capacity, draft->env_count + 1, sizeof(*grown));
	if (grown)
		draft->env = grown;
	if (!env.name || !grown || (action == POL_ENV_SET && !env.value))
		return pol_fail_memory(error);
	while (i < draft->env_count && strcmp(grown[i].name, name) != 0)
		i++;
	if (i < draft->env_count && grown[i].rank > rank)
		return CD_OK;
	draft->env_count += i == draft->env_count;
	grown[i] = env;
	return CD_OK;
}

enum cd_status pol_add_env_deny(struct pol_draft *draft, const char *name, struct pol_error *error)
{
	enum cd_status status = check_env_name(name, true, error);
	const char **grown;

	if (status)
		return status;
	name = pol_keep(&draft->arena, name, strlen(name));
	grown = cd_vec_grow(draft->env_deny, &draft->env_deny_capacity, draft->env_deny_count + 1,
			    sizeof(*grown));
	if (grown)
		draft->env_deny = grown;
	if (!name || !grown)
		return pol_fail_memory(error);
	grown[draft->env_deny_count++] = name;
	return CD_OK;
}

/* --- limits and tests --- */

enum cd_status pol_parse_size(const char *text, uint64_t *out, struct pol_error *error)
{
	static const char units[] = "KMGT";
	const char *at = text, *unit, *digits_end;
	uint64_t value = 0;
	unsigned shift = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return pol_failf(error, "it must fit 63 bits", "\"%.100s\" is too large",
					 text);
	}
	digits_end = at;
	unit = *at ? strchr(units, *at) : NULL;
	if (unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		at++;
	}
	if (*at || digits_end == text)
		return pol_failf(error, "write a number, or a number and K, M, G or T: \"512M\"",
				 "\"%.100s\" is not a size", text);
	if (value > (uint64_t)INT64_MAX >> shift)
		return pol_failf(error, "it must fit 63 bits", "\"%.100s\" is too large", text);
	*out = value << shift;
	return CD_OK;
}

enum cd_status pol_set_limit(struct pol_draft *draft, enum pol_limit limit, uint64_t value,
			     enum pol_rank rank, struct pol_error *error)
{
	const struct pol_limit_info *info = &pol_limit_table[limit];

	if (value == 0)
		return pol_failf(error, "leave it out for no limit", "the limit \"%s\" is 0",
				 info->name);
	if (draft->limit_ranks[limit] > rank)
		return CD_OK;
	draft->limit_ranks[limit] = rank;
	*(uint64_t *)((char *)&draft->limits + info->offset) = value;
	return CD_OK;
}

enum cd_status pol_add_test(struct pol_draft *draft, const struct pol_test *test,
			    struct pol_error *error)
{
	struct pol_test *grown =
	    cd_vec_grow(draft->tests, &draft->test_capacity, draft->test_count + 1, sizeof(*grown));

	if (!grown)
		return pol_fail_memory(error);
	draft->tests = grown;
	grown[draft->test_count++] = *test;
	return CD_OK;
}

enum cd_status pol_add_always(struct pol_draft *draft, const struct pol_always *always,
			      struct pol_error *error)
{
	struct pol_always *grown = cd_vec_grow(draft->always, &draft->always_capacity,
					       draft->always_count + 1, sizeof(*grown));

	if (!grown)
		return pol_fail_memory(error);
	draft->always = grown;
	grown[draft->always_count++] = *always;
	return CD_OK;
}
