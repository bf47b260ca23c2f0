/*
 * A bounded text buffer over storage that the caller owns.
 *
 * Appending past the end truncates and is remembered in `cut`; the text is always
 * NUL-terminated. Nothing here allocates.
 */
#ifndef CORDON_LIB_BUF_H
#define CORDON_LIB_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct cd_buf {
	char *data;
	size_t size; /* of data, with the NUL */
	size_t len;
	bool cut;
};

/* data must hold at least one byte. */
void cd_buf_init(struct cd_buf *buf, char *data, size_t size);
void cd_buf_add(struct cd_buf *buf, const char *bytes, size_t len);
void cd_buf_str(struct cd_buf *buf, const char *text);
void cd_buf_fmt(struct cd_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Append hostile bytes for a terminal: as \xNN what a terminal acts on, what reorders a line or is
 * not seen in it, what is no UTF-8, and each blank after another.
 */
void cd_buf_visible(struct cd_buf *buf, const char *bytes, size_t len);

/* Append hostile bytes as the inside of a JSON string; bytes that are not UTF-8 as \u00NN. */
void cd_buf_json(struct cd_buf *buf, const char *bytes, size_t len);

/*
 * Append hostile bytes as one word of a shell command: bare where it can be, in single quotes where
 * it must be, and as $'...' with \xNN where it holds what a terminal or a line must not show.
 */
void cd_buf_shell(struct cd_buf *buf, const char *bytes, size_t len);

/* True when all of the bytes are UTF-8 (RFC 3629): only such names can be written in JSON. */
bool cd_is_utf8(const char *bytes, size_t len);

#endif
