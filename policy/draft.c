/* The life of a draft: made, filled by file.c and flags.c, finished into a policy. */
#include "policy/draft.h"

#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"

/* Room for a good many strings: most are names. */
#define BLOCK_SIZE 2000

struct pol_block {
	struct pol_block *next;
	size_t used, size; /* of text */
	char text[];
};

char *pol_keep(struct pol_arena *arena, const char *text, size_t len)
{
	struct pol_block *block = arena->blocks;
	char *kept;

	if (!block || len >= block->size - block->used) {
		size_t size = len < BLOCK_SIZE ? BLOCK_SIZE : len + 1;

		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		*block = (struct pol_block){arena->blocks, 0, size};
		arena->blocks = block;
	}
	kept = block->text + block->used;
	memcpy(kept, text, len);
	kept[len] = '\0';
	block->used += len + 1;
	return kept;
}

void pol_arena_release(struct pol_arena *arena)
{
	while (arena->blocks) {
		struct pol_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}

/*
 * Patterns name objects after symbolic links are followed, so a home directory that is reached by a
 * link stands for where it leads.
 */
static enum cd_status keep_real(struct pol_draft *draft, const char *path, const char **out)
{
	size_t len = path ? strlen(path) : 0;
	char *real;

	*out = NULL;
	if (!path || path[0] != '/')
		return CD_OK;
	while (len > 1 && path[len - 1] == '/')
		len--;
	real = realpath(path, NULL);
	*out =
	    real ? pol_keep(&draft->arena, real, strlen(real)) : pol_keep(&draft->arena, path, len);
	free(real);
	return *out ? CD_OK : CD_ENOMEM;
}

struct pol_draft *pol_draft_new(const struct pol_vars *vars)
{
	struct pol_draft *draft = calloc(1, sizeof(*draft));

	if (!draft)
		return NULL;
	draft->vars.uid = vars->uid;
	draft->builder = mon_builder_new();
	if (!draft->builder || keep_real(draft, vars->home, &draft->vars.home) ||
	    keep_real(draft, vars->cwd, &draft->vars.cwd) ||
	    keep_real(draft, vars->tmp, &draft->vars.tmp) ||
	    keep_real(draft, vars->program, &draft->vars.program)) {
		pol_draft_free(draft);
		return NULL;
	}
	return draft;
}

void pol_draft_free(struct pol_draft *draft)
{
	if (!draft)
		return;
	mon_builder_free(draft->builder);
	pol_arena_release(&draft->arena);
	free(draft->views);
	free(draft->view_ranks);
	free(draft->env);
	free(draft->env_deny);
	free(draft->tests);
	free(draft->always);
	free(draft->seen);
	free(draft);
}

/* A policy with what it owns. `shown` comes first, so that a pointer to it is a pointer to all of
 * it. */
struct owned_policy {
	struct pol_policy shown;
	struct pol_arena arena;
	struct pol_view *views;
	struct pol_test *tests;
	struct pol_always *always;
	const char **env_pass, **env_set, **env_deny;
};

void pol_policy_free(struct pol_policy *policy)
{
	struct owned_policy *owned = (struct owned_policy *)policy;

	if (!policy)
		return;
	mon_table_free(policy->table);
	pol_arena_release(&owned->arena);
	free(owned->views);
	free(owned->tests);
	free(owned->always);
	free(owned->env_pass);
	free(owned->env_set);
	free(owned->env_deny);
	free(owned);
}

enum cd_status pol_draft_protect(struct pol_draft *draft, const char *path, struct pol_error *error)
{
	const char *why;
	enum cd_status status;

	/* Where nothing is granted nothing needs protection. */
	if (!mon_builder_reaches(draft->builder, path))
		return CD_OK;
	status = mon_builder_protect(draft->builder, path, &why);
	if (status == CD_OK || status == CD_EINVAL)
		return status == CD_OK ? CD_OK : pol_fail(error, why, mon_remedy(why));
	return pol_fail_memory(error);
}

/* Where nothing is granted nothing needs protection, and reading the list takes time at every
 * start. */
static bool may_reach_secrets(const struct pol_draft *draft)
{
	return (draft->vars.home && mon_builder_reaches(draft->builder, draft->vars.home)) ||
	       mon_builder_reaches(draft->builder, "/run/user");
}

static enum cd_status finish_table(struct pol_draft *draft, struct owned_policy *owned,
				   struct pol_error *error)
{
	enum cd_status status = CD_OK;

	if (may_reach_secrets(draft))
		status = pol_protect_secrets(draft, error);
	if (status)
		return status;
	for (size_t i = 0; !status && i < draft->view_count; i++)
		if (draft->views[i].kind == POL_VIEW_PRIVATE)
			status = mon_builder_protect_below(draft->builder, draft->views[i].dest);
	if (status)
		return pol_fail_memory(error);
	status = mon_builder_compile(draft->builder, &owned->shown.table);
	if (status == CD_ENOMEM)
		return pol_fail_memory(error);
	if (!status)
		return CD_OK;
	(void)!pol_fail(
	    error,
	    "too many patterns with \"*\" in the middle can match one path, or too many rules",
	    "name the directories, or end the patterns in /**");
	return status;
}

/* NAME=value pairs and passed names, one list each; the arrays are at least one long so that NULL
 * means no memory. */
static enum cd_status finish_env(struct pol_draft *draft, struct owned_policy *owned,
				 struct pol_error *error)
{
	size_t pass = 0, set = 0;

	owned->env_pass = calloc(draft->env_count + 1, sizeof(*owned->env_pass));
	owned->env_set = calloc(draft->env_count + 1, sizeof(*owned->env_set));
	if (!owned->env_pass || !owned->env_set)
		return pol_fail_memory(error);
	for (size_t i = 0; i < draft->env_count; i++) {
		const struct pol_env *env = &draft->env[i];

		if (env->action == POL_ENV_PASS)
			owned->env_pass[pass++] = env->name;
		if (env->action == POL_ENV_SET)
			owned->env_set[set++] = env->value;
	}
	owned->env_deny = draft->env_deny;
	draft->env_deny = NULL;
	owned->shown.env_pass = owned->env_pass;
	owned->shown.env_pass_count = pass;
	owned->shown.env_set = owned->env_set;
	owned->shown.env_set_count = set;
	owned->shown.env_deny = owned->env_deny;
	owned->shown.env_deny_count = draft->env_deny_count;
	return CD_OK;
}

/* What can fail comes first; then everything is handed over, and the draft is left empty. */
enum cd_status pol_draft_finish(struct pol_draft *draft, struct pol_policy **out,
				struct pol_error *error)
{
	struct owned_policy *owned = calloc(1, sizeof(*owned));
	enum cd_status status;

	*error = (struct pol_error){0};
	if (!owned)
		return pol_fail_memory(error);
	status = finish_table(draft, owned, error);
	if (!status)
		status = finish_env(draft, owned, error);
	if (status) {
		pol_policy_free(&owned->shown);
		return status;
	}
	owned->arena = draft->arena;
	owned->shown.views = owned->views = draft->views;
	owned->shown.view_count = draft->view_count;
	owned->shown.tests = owned->tests = draft->tests;
	owned->shown.test_count = draft->test_count;
	owned->shown.always = owned->always = draft->always;
	owned->shown.always_count = draft->always_count;
	owned->shown.name = draft->name		? draft->name
			    : draft->other_name ? draft->other_name
						: "unnamed";
	owned->shown.limits = draft->limits;
	owned->shown.audit = draft->audit;
	owned->shown.on_deny = draft->on_deny;
	draft->arena.blocks = NULL;
	draft->views = NULL;
	draft->tests = NULL;
	draft->always = NULL;
	*out = &owned->shown;
	return CD_OK;
}

/* True when a name of the list is the name, or ends in "*" and begins it. */
static bool list_has(const char *const *list, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(list[i]);

		if (size && list[i][size - 1] == '*'
			? len >= size - 1 && !memcmp(list[i], name, size - 1)
			: len == size && !memcmp(list[i], name, len))
			return true;
	}
	return false;
}

bool pol_env_passes(const struct pol_policy *policy, const char *name, size_t len)
{
	for (size_t i = 0; i < policy->env_set_count; i++) {
		if (strncmp(policy->env_set[i], name, len) == 0 && policy->env_set[i][len] == '=')
			return false;
	}
	return list_has(policy->env_pass, policy->env_pass_count, name, len) &&
	       !list_has(policy->env_deny, policy->env_deny_count, name, len);
}
