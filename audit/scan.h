/*
 * Lines in the form in which records are written, read without building anything: a flat object,
 * short keys, strings of plain ASCII without escapes, whole numbers or decimal fractions, null.
 *
 * Whatever is not in that form is for a JSON reader to judge; nothing is accepted here that it
 * would not accept.
 */
#ifndef CORDON_AUDIT_SCAN_H
#define CORDON_AUDIT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIT_PAIRS_MAX 32

enum audit_value { AUDIT_TEXT, AUDIT_INTEGER, AUDIT_FRACTION, AUDIT_NULL };

struct audit_pair {
	uint64_t key; /* its bytes */
	enum audit_value type;
	const char *text; /* ends with NUL */
	int64_t integer;
	double fraction; /* also of an integer */
};

struct audit_pairs {
	size_t count;
	struct audit_pair at[AUDIT_PAIRS_MAX];
};

/*
 * line: len bytes, the last of them a newline, which the pairs then point into: the ends of its
 * strings are written over. False: it is not in this form, and the line is as it was.
 */
bool audit_scan(char *line, size_t len, struct audit_pairs *pairs);
/* NULL: there is none. */
const struct audit_pair *audit_pair_of(const struct audit_pairs *pairs, const char *key);

#endif
