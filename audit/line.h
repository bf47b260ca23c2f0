/*
 * One line of a log in the making: a JSON object, written front to back into a buffer of its own.
 *
 * printf is slow enough to be seen in the cost of a message, so numbers are written here. What does
 * not fit is left out as a whole and remembered in `cut`: such a line is never written.
 */
#ifndef CORDON_AUDIT_LINE_H
#define CORDON_AUDIT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "audit/chain.h"

#define AUDIT_LINE_MAX	65536 /* with its seal */
#define AUDIT_LINE_ROOM (AUDIT_LINE_MAX - AUDIT_SEAL_LEN)

struct audit_line {
	size_t len;
	bool cut, odd; /* odd: a text in it is not UTF-8 */
	char text[AUDIT_LINE_MAX];
};

/* {"k":"KIND" */
void audit_line_begin(struct audit_line *line, const char *kind);

/* Bytes as they are. Here, so that what is known when this is compiled becomes a few stores. */
static inline void audit_put(struct audit_line *line, const char *bytes, size_t len)
{
	if (len > AUDIT_LINE_ROOM - line->len) {
		line->cut = true;
		return;
	}
	memcpy(line->text + line->len, bytes, len);
	line->len += len;
}
/* The same for what is known when this is compiled. */
#define AUDIT_PUT(line, literal) audit_put(line, literal, sizeof(literal) - 1)

void audit_put_number(struct audit_line *line, uint64_t value);
void audit_put_hex(struct audit_line *line, uint64_t value);
/* 12.000345 */
void audit_put_seconds(struct audit_line *line, uint64_t microseconds);

/*
 * The inside of a JSON string. What is not UTF-8 has each byte from 80 to FF as \u00NN: the line
 * then says so ("b"). What is UTF-8 and would act on a terminal is escaped, too.
 */
void audit_put_text(struct audit_line *line, const char *bytes, size_t len);

/* ,"KEY":"TEXT" and ,"KEY":NUMBER, for keys that are known when this is compiled. */
#define AUDIT_PUT_STRING(line, key, bytes, len)                                                    \
	do {                                                                                       \
		AUDIT_PUT(line, ",\"" key "\":\"");                                                \
		audit_put_text(line, bytes, len);                                                  \
		AUDIT_PUT(line, "\"");                                                             \
	} while (0)
#define AUDIT_PUT_FIELD(line, key, value)                                                          \
	do {                                                                                       \
		AUDIT_PUT(line, ",\"" key "\":");                                                  \
		audit_put_number(line, value);                                                     \
	} while (0)

#endif
