/*
 * Policies: the JSON language of docs/policy.md, and the command line's short form of it, made into
 * a rule table and the few things that are not rules (view, environment, limits).
 *
 * Everything here runs before a space starts, with the user's authority, on the user's own
 * input. Nothing here is linked into the path that decides.
 */
#ifndef CORDON_POLICY_POLICY_H
#define CORDON_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/status.h"
#include "lib/buf.h"
#include "refmon/table.h"

enum pol_view_kind { POL_VIEW_BIND, POL_VIEW_PRIVATE, POL_VIEW_COW };

/* One entry of "view", or of --ro, --rw, --bind, --tmpfs. */
struct pol_view {
	enum pol_view_kind kind;
	bool writable;	    /* of a bind */
	const char *dest;   /* absolute, normal form */
	const char *from;   /* absolute, normal form; NULL for a private directory */
	const char *source; /* as in struct mon_rule */
	const char *pointer;
};

enum pol_audit { POL_AUDIT_DENIED, POL_AUDIT_ALL, POL_AUDIT_SYSCALLS };
enum pol_on_deny { POL_DENY_ERRNO, POL_DENY_HIDE, POL_DENY_KILL };

/* 0 means: no limit was set. Bytes, seconds, counts. */
struct pol_limits {
	uint64_t memory, processes, cpu_seconds, cpu_percent, wall_seconds, open_files, file_size,
	    tmp_size, log_size;
};

struct pol_test {
	enum cd_op op;
	const char *object; /* the text of "path" or "address" */
	enum mon_verdict expect;
	const char *source, *pointer;
};

/* An answer that the user has given for good, to what a rule asks about. */
struct pol_always {
	enum cd_op op;
	const char *object;
	const char *source, *pointer;
};

/* A policy, complete. All that it points to belongs to it. */
struct pol_policy {
	const char *name;
	struct mon_table *table;
	const struct pol_view *views;
	size_t view_count;
	const char *const *env_pass; /* names; one that ends in "*" is a prefix */
	size_t env_pass_count;
	const char *const *env_deny; /* likewise: never passed; see pol_env_passes() */
	size_t env_deny_count;
	const char *const *env_set; /* "NAME=value" */
	size_t env_set_count;
	struct pol_limits limits;
	enum pol_audit audit;
	enum pol_on_deny on_deny;
	const struct pol_test *tests;
	size_t test_count;
	const struct pol_always *always;
	size_t always_count;
};

/*
 * The policy's answer where its rules say `ask`: MON_ALLOW if the user has said so for good
 * ("always"), else the verdict as it is.
 */
enum mon_verdict pol_verdict_of(const struct pol_policy *policy, enum cd_op op,
				const struct mon_object *object, enum mon_verdict verdict);

/*
 * Does the policy pass this variable of the caller's environment on? Not when it is denied, and not
 * when the policy sets it itself. env_set is to be added to what passes.
 */
bool pol_env_passes(const struct pol_policy *policy, const char *name, size_t len);

/* What ${...} stands for. Each absolute, or NULL where there is none (its use is then an error). */
struct pol_vars {
	const char *home, *cwd, *tmp, *program;
	unsigned long uid;
};

/* Where and what is wrong: one line for a person is built from it by pol_error_text(). */
struct pol_error {
	char file[512];
	unsigned line;	   /* 1-based; 0 when unknown */
	char pointer[256]; /* JSON pointer; empty for the whole file */
	char problem[256];
	char remedy[256];
};
/* "FILE:LINE: POINTER: PROBLEM; REMEDY", hostile bytes made visible. */
void pol_error_text(const struct pol_error *error, struct cd_buf *out);

/*
 * A policy in the making: files and flags are added in any order, then finished once.
 */
struct pol_draft;
struct pol_draft *pol_draft_new(const struct pol_vars *vars); /* NULL: out of memory */
void pol_draft_free(struct pol_draft *draft);
/* Add a policy file ("-" is not special). */
enum cd_status pol_draft_file(struct pol_draft *draft, const char *path,
			      struct pol_error *error) CD_CHECKED;
/* Add a built-in group by name ("base"). */
enum cd_status pol_draft_group(struct pol_draft *draft, const char *name,
			       struct pol_error *error) CD_CHECKED;
/*
 * Nothing but a rule that spells the path out grants it or what is below it, and nothing above it
 * can be moved away (mon_builder_protect).
 */
enum cd_status pol_draft_protect(struct pol_draft *draft, const char *path,
				 struct pol_error *error) CD_CHECKED;
/*
 * Add one command-line flag; name without dashes ("allow-read", "deny-net", "ro", "bind", "tmpfs",
 * "setenv", ...), value as given. "allow-read=P" means P and all below it. Relative paths are taken
 * from ${CWD}, symbolic links resolved where the path exists. --ro and --rw also grant what they
 * mount (read and exec; and write, create, remove). CD_ENOENT: no such flag.
 */
enum cd_status pol_draft_flag(struct pol_draft *draft, const char *name, const char *value,
			      struct pol_error *error) CD_CHECKED;
/* Names of the flags that pol_draft_flag knows, NULL-terminated; for the option table of the
 * command line. */
extern const char *const pol_flag_names[];
enum cd_status pol_draft_finish(struct pol_draft *draft, struct pol_policy **out,
				struct pol_error *error) CD_CHECKED;
void pol_policy_free(struct pol_policy *policy);

/* "allow", "ask" or "deny". */
const char *pol_verdict_name(enum mon_verdict verdict);

/* The merged policy as JSON text (indented), each rule with where it came from when origins is set.
 * malloc'd; NULL: out of memory. */
char *pol_policy_json(const struct pol_policy *policy, bool origins);

/* Run the policy's own tests: returns how many failed; each failure is reported to the callback. */
size_t pol_policy_test(const struct pol_policy *policy,
		       void (*report)(void *context, const struct pol_test *test,
				      const struct mon_decision *got),
		       void *context);

/* The built-in groups; ends with a NULL name. At most 64. */
struct pol_statement;
struct pol_group {
	const char *name, *source;		/* "base", "group:base" */
	const char *text;			/* the JSON, for people */
	const struct pol_statement *statements; /* what it says */
	size_t count;
};
extern const struct pol_group pol_groups[];

#endif
