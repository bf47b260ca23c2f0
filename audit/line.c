/* Lines of a log. */
#include "audit/line.h"

#include <string.h>

#include "lib/buf.h"

void audit_line_begin(struct audit_line *line, const char *kind)
{
	line->len = 0;
	line->cut = line->odd = false;
	AUDIT_PUT(line, "{\"k\":\"");
	audit_put(line, kind, strlen(kind));
	AUDIT_PUT(line, "\"");
}

/* Base ten is divided by a constant: that is several times as fast. */
static void put_decimal(struct audit_line *line, uint64_t value, int least)
{
	char text[24];
	char *at = text + sizeof(text);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value || text + sizeof(text) - at < least);
	audit_put(line, at, (size_t)(text + sizeof(text) - at));
}

static void put_hexadecimal(struct audit_line *line, uint64_t value, int least)
{
	static const char digits[] = "0123456789abcdef";
	char text[24];
	char *at = text + sizeof(text);

	do {
		*--at = digits[value & 15];
		value >>= 4;
	} while (value || text + sizeof(text) - at < least);
	audit_put(line, at, (size_t)(text + sizeof(text) - at));
}

void audit_put_number(struct audit_line *line, uint64_t value)
{
	put_decimal(line, value, 1);
}

void audit_put_hex(struct audit_line *line, uint64_t value)
{
	put_hexadecimal(line, value, 1);
}

void audit_put_seconds(struct audit_line *line, uint64_t microseconds)
{
	put_decimal(line, microseconds / 1000000, 1);
	AUDIT_PUT(line, ".");
	put_decimal(line, microseconds % 1000000, 6);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_bytes(struct audit_line *line, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (is_plain(c)) {
			audit_put(line, bytes + i, 1);
			continue;
		}
		AUDIT_PUT(line, "\\u00");
		put_hexadecimal(line, c, 2);
	}
}

void audit_put_text(struct audit_line *line, const char *bytes, size_t len)
{
	size_t plain = 0;
	struct cd_buf rest;

	while (plain < len && is_plain((unsigned char)bytes[plain]))
		plain++;
	audit_put(line, bytes, plain);
	bytes += plain;
	len -= plain;
	if (len == 0)
		return;
	if (!cd_is_utf8(bytes, len)) {
		line->odd = true;
		put_bytes(line, bytes, len);
		return;
	}
	cd_buf_init(&rest, line->text + line->len, AUDIT_LINE_ROOM - line->len + 1);
	cd_buf_json(&rest, bytes, len);
	line->len += rest.len;
	line->cut |= rest.cut;
}
