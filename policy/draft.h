/*
 * A policy in the making, shared by the files of policy/.
 *
 * Settings (views, environment, limits, ...) follow one rule: what comes later wins over what came
 * earlier, and the command line over both. A file that is extended comes before the file that
 * extends it.
 */
#ifndef CORDON_POLICY_DRAFT_H
#define CORDON_POLICY_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cordon/limits.h"
#include "policy/policy.h"
#include "policy/statement.h"

/* Strings that live as long as the draft, and then as long as the policy. */
struct pol_block;
struct pol_arena {
	struct pol_block *blocks;
};
/* NULL: out of memory. */
char *pol_keep(struct pol_arena *arena, const char *text, size_t len);
void pol_arena_release(struct pol_arena *arena);

/* Who set a setting: of two, the higher wins; of two equal, the later. */
enum pol_rank { POL_RANK_NONE, POL_RANK_FILE, POL_RANK_FLAG };

/* Where something was written. Both strings live in the arena. */
struct pol_origin {
	const char *source, *pointer;
	enum pol_rank rank;
};

enum pol_env_action { POL_ENV_PASS, POL_ENV_SET, POL_ENV_UNSET };

struct pol_env {
	const char *name, *value;
	enum pol_env_action action;
	enum pol_rank rank;
};

enum pol_limit {
	POL_LIMIT_MEMORY,
	POL_LIMIT_PROCESSES,
	POL_LIMIT_CPU_SECONDS,
	POL_LIMIT_CPU_PERCENT,
	POL_LIMIT_WALL_SECONDS,
	POL_LIMIT_OPEN_FILES,
	POL_LIMIT_FILE_SIZE,
	POL_LIMIT_TMP_SIZE,
	POL_LIMIT_LOG_SIZE,
	POL_LIMIT_COUNT
};

struct pol_limit_info {
	const char *name;
	bool is_size;  /* takes "512M" as well as a number */
	size_t offset; /* in struct pol_limits */
};
extern const struct pol_limit_info pol_limit_table[POL_LIMIT_COUNT];

extern const char *const pol_audit_names[];   /* by enum pol_audit, NULL-terminated */
extern const char *const pol_on_deny_names[]; /* by enum pol_on_deny */
extern const char *const pol_verdict_names[]; /* by enum mon_verdict */

/* A file that has been added, so that a diamond of extends adds it once. */
struct pol_seen {
	dev_t device;
	ino_t inode;
};

struct pol_draft {
	struct pol_arena arena;
	struct pol_vars vars;
	bool stars_in_values; /* see pol_protect_secrets() */
	struct mon_builder *builder;
	const char *name; /* as a file says */
	const char
	    *other_name; /* the outermost file's own, or the first group's: for want of a name */
	enum pol_rank audit_rank, on_deny_rank, limit_ranks[POL_LIMIT_COUNT];
	enum pol_audit audit;
	enum pol_on_deny on_deny;
	struct pol_limits limits;
	struct pol_view *views;
	enum pol_rank *view_ranks;
	size_t view_count, view_capacity, view_rank_capacity;
	struct pol_env *env;
	size_t env_count, env_capacity;
	const char **env_deny;
	size_t env_deny_count, env_deny_capacity;
	struct pol_test *tests;
	size_t test_count, test_capacity;
	struct pol_always *always;
	size_t always_count, always_capacity;
	struct pol_seen *seen;
	size_t seen_count, seen_capacity;
	uint64_t groups_seen; /* bit for each entry of pol_groups */
};

/* --- error.c --- */

/* Fills error and returns CD_EINVAL. Values in the texts may be hostile: they are shown by
 * pol_error_text() only. */
enum cd_status pol_fail(struct pol_error *error, const char *problem,
			const char *remedy) CD_CHECKED;
enum cd_status pol_failf(struct pol_error *error, const char *remedy, const char *problem, ...)
    __attribute__((format(printf, 3, 4))) CD_CHECKED;
enum cd_status pol_fail_memory(struct pol_error *error) CD_CHECKED;
/* Copies with truncation. */
void pol_copy(char *out, size_t size, const char *text);
/*
 * The candidate most like the word, or NULL when none is near. next() gives the i-th candidate,
 * NULL at the end.
 */
const char *pol_nearest(const char *word, const char *(*next)(const void *context, size_t i),
			const void *context);

/* --- expand.c --- */

/*
 * Replaces ${...}. The result lies in the arena; where there was nothing to replace, it is text
 * itself. Fails on an unknown variable, on one that has no value here, and on a value that a
 * pattern cannot hold.
 */
enum cd_status pol_expand(struct pol_draft *draft, const char *text, const char **out,
			  struct pol_error *error) CD_CHECKED;
/* The opposite: text that expands to what is given, malloc'd; NULL: out of memory. */
char *pol_escape(const char *text);

/* --- settings.c: each adds one thing; strings other than those in origin are copied --- */

enum cd_status pol_add_rule(struct pol_draft *draft, enum mon_verdict verdict, uint64_t ops,
			    const char *pattern, const struct pol_origin *origin,
			    struct pol_error *error) CD_CHECKED;
/* dest and from are checked: absolute, normal, no wildcard. */
enum cd_status pol_add_view(struct pol_draft *draft, struct pol_view view, enum pol_rank rank,
			    struct pol_error *error) CD_CHECKED;
/* value counts for POL_ENV_SET only. */
enum cd_status pol_add_env(struct pol_draft *draft, enum pol_env_action action, const char *name,
			   const char *value, enum pol_rank rank,
			   struct pol_error *error) CD_CHECKED;
enum cd_status pol_add_env_deny(struct pol_draft *draft, const char *name,
				struct pol_error *error) CD_CHECKED;
enum cd_status pol_add_test(struct pol_draft *draft, const struct pol_test *test,
			    struct pol_error *error) CD_CHECKED;
enum cd_status pol_add_always(struct pol_draft *draft, const struct pol_always *always,
			      struct pol_error *error) CD_CHECKED;
/* "512M", "1G", "4096". */
enum cd_status pol_parse_size(const char *text, uint64_t *out, struct pol_error *error) CD_CHECKED;
enum cd_status pol_set_limit(struct pol_draft *draft, enum pol_limit limit, uint64_t value,
			     enum pol_rank rank, struct pol_error *error) CD_CHECKED;
/* The index of word in a NULL-terminated list; fails with the nearest one, calling the thing
 * `what`. */
enum cd_status pol_choose(const char *const *names, const char *word, const char *what,
			  unsigned *out, struct pol_error *error) CD_CHECKED;
/* The limit of this name; fails with the nearest one. */
enum cd_status pol_find_limit(const char *word, enum pol_limit *out,
			      struct pol_error *error) CD_CHECKED;
/* The key of a test that holds the object of an operation. */
const char *pol_object_key(enum cd_op op);
/* The mask for an operation's name as policies write it; fails with the nearest one. */
enum cd_status pol_find_ops(const char *word, uint64_t *out, struct pol_error *error) CD_CHECKED;

/* --- text.c --- */

/* One step of a JSON pointer: a key, or an index where key is NULL. */
struct pol_step {
	const char *key;
	size_t index;
};
/* Line of what the steps lead to, within text that is valid JSON; of the deepest step that is
 * there. */
unsigned pol_line_of(const char *text, size_t len, const struct pol_step *steps, size_t count);
/* Where in such a text the value lies that the steps lead to. False: it is not there. */
bool pol_value_at(const char *text, size_t len, const struct pol_step *steps, size_t count,
		  size_t *start, size_t *end);
void pol_pointer_text(const struct pol_step *steps, size_t count, struct cd_buf *out);

/* --- statement.c and file.c --- */

/* A file or group that is being read, and the one that extends it. */
struct pol_link {
	const struct pol_link *from; /* NULL for the outermost */
	const char *name;	     /* the path, or "group:base" */
	const char *source;	     /* the name as it can be shown; lives as long as the policy */
	struct pol_seen id;	     /* of a file */
	unsigned depth;		     /* 1 for the outermost */
	bool is_group;
};

/* Adds what the document at link says. */
enum cd_status pol_take(struct pol_draft *draft, const struct pol_link *link,
			const struct pol_statement *said, struct pol_error *error) CD_CHECKED;
/* Adds the group or file that the document at link extends by this name. */
enum cd_status pol_add_extended(struct pol_draft *draft, const char *name,
				const struct pol_link *link, struct pol_error *error) CD_CHECKED;
/* The patterns of fs.* in the group `secrets`, each protected in the draft's builder. */
enum cd_status pol_protect_secrets(struct pol_draft *draft, struct pol_error *error) CD_CHECKED;
/* The same patterns for this user, each handed over. */
enum cd_status pol_each_secret(const struct pol_vars *vars,
			       enum cd_status (*visit)(void *context, const char *pattern),
			       void *context) CD_CHECKED;

#endif
