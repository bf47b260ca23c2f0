/*
 * Reading a log: line by line, with its chain checked, numbers put back into names.
 *
 * A log may come from anywhere: nothing in it is believed beyond its form. What is read from it is
 * for people and for tools that run with the user's own authority, never for who decides.
 */
#ifndef CORDON_AUDIT_READ_H
#define CORDON_AUDIT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/chain.h"
#include "cordon/object.h"
#include "cordon/status.h"

enum audit_kind {
	AUDIT_OTHER, /* of a later version, or not in the form of its kind: to be skipped */
	AUDIT_HEAD,
	AUDIT_PROG,
	AUDIT_RULE,
	AUDIT_OP,
	AUDIT_CALL,
	AUDIT_TAIL,
};

/* What is not in the line is NULL, 0 or false. Texts hold until the next line is read, and may hold
 * any byte but NUL. */
struct audit_event {
	enum audit_kind kind;
	unsigned long line; /* its number in the file, from 1 */
	/* Of the chain: NULL when the line follows the one before, else what is wrong, static. */
	const char *broken;

	double time;			  /* head: since 1970; op, call, tail: since the head */
	const char *cordon, *audit, *cwd; /* head */
	const char *program, *home,
	    *name;	   /* head: the program outside; the innermost policy's name */
	unsigned long uid; /* head */
	char *const *argv; /* head: ends with NULL */

	const char *space, *call, *running; /* op, call: running is the program's path */
	long pid, tid;
	const char *arguments; /* call */

	uint64_t message, ops; /* op */
	enum cd_op denied_op;
	const char *object, *address, *outside;
	bool nowhere, absent, inside;
	enum cd_verdict verdict;
	bool has_rule, has_result, continued;
	unsigned layer;
	const char *layer_space;
	const char *rule_file, *rule_pointer, *rule_pattern;
	int64_t result;
	uint64_t duration_us; /* with has_result */

	bool complete; /* tail */
	int status;
	uint64_t records, messages, denied, left_out, lost;
};

struct audit_reader;
/* NULL: out of memory. The descriptor is borrowed. */
struct audit_reader *audit_reader_new(int fd);
void audit_reader_free(struct audit_reader *reader);

/*
 * The next line. CD_ENOENT: there is none, now; one that is being written may come. CD_ESYS,
 * CD_ENOMEM.
 */
enum cd_status audit_reader_next(struct audit_reader *reader, struct audit_event *event) CD_CHECKED;

/* Bytes after the last whole line: a line that was cut off, or is being written. */
bool audit_reader_is_partial(const struct audit_reader *reader);
/* Of the last line that was read. */
struct audit_hash audit_reader_hash(const struct audit_reader *reader);

#endif
