/*
 * The lines of a log, one function for each kind; docs/audit.md says what each key means.
 *
 * Plain structures in, text out: nothing here knows messages, tables or policies.
 */
#ifndef CORDON_AUDIT_RECORD_H
#define CORDON_AUDIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/line.h"
#include "cordon/object.h"

#define AUDIT_VERSION 1

struct audit_file {
	const char *name;
	char digest[AUDIT_DIGEST_SIZE];
};

struct audit_policy {
	const char *space, *name;
	unsigned layer;
	char digest[AUDIT_DIGEST_SIZE];
	const struct audit_file *files;
	size_t file_count;
};

struct audit_head {
	uint64_t time_us; /* since 1970 */
	const char *audit, *space, *cwd, *program /* or NULL */, *home /* or NULL */;
	unsigned long uid;
	char *const *argv;
	const struct audit_policy *policies;
	size_t policy_count;
	bool first;
	struct audit_hash prev;
};
void audit_write_head(struct audit_line *line, const struct audit_head *head);

void audit_write_prog(struct audit_line *line, uint32_t number, const char *path, size_t len);

struct audit_rule {
	const char *file, *pointer, *pattern;
	enum cd_verdict verdict;
};
void audit_write_rule(struct audit_line *line, uint32_t number, const struct audit_rule *rule);

/* Who does something, and when. */
struct audit_actor {
	uint64_t t_us; /* since the head */
	const char *space;
	pid_t pid, tid;
	uint32_t program; /* its number */
	bool unknown;	  /* it cannot be told */
	const char *call;
};

enum audit_how { AUDIT_DECIDED, AUDIT_ABSENT, AUDIT_INSIDE };
/* Where an object is outside. */
enum audit_outside { AUDIT_SAME, AUDIT_ELSEWHERE, AUDIT_NOWHERE };

struct audit_op {
	struct audit_actor actor;
	uint64_t message;
	uint64_t ops;	    /* what was asked for */
	unsigned denied_op; /* enum cd_op; CD_OP_COUNT: none */
	enum cd_verdict verdict;
	enum audit_how how;
	const char *object;
	size_t object_len;
	const char *address; /* the number, of an object that was come to by a name; or NULL */
	enum audit_outside where;
	const char *outside; /* of AUDIT_ELSEWHERE */
	size_t outside_len;
	unsigned layer;
	const char *layer_space;
	uint32_t rule; /* its number; CD_NO_RULE: none */
};
void audit_write_op(struct audit_line *line, const struct audit_op *op);

/* What became of it, at the end of its line. result: NULL when Linux goes on with the call. */
void audit_write_result(struct audit_line *line, const int64_t *result, uint64_t d_us);

void audit_write_call(struct audit_line *line, const struct audit_actor *actor,
		      const uint64_t arguments[6], unsigned count);

struct audit_tail {
	uint64_t t_us;
	int status;
	bool complete;
	uint64_t records, messages, denied, left_out, lost;
};
void audit_write_tail(struct audit_line *line, const struct audit_tail *tail);

const char *audit_verdict_name(enum cd_verdict verdict);

#endif
