#include "lib/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void cd_buf_init(struct cd_buf *buf, char *data, size_t size)
{
	*buf = (struct cd_buf){.data = data, .size = size};
	data[0] = '\0';
}

void cd_buf_add(struct cd_buf *buf, const char *bytes, size_t len)
{
	size_t room = buf->size - buf->len - 1;

	if (len > room) {
		len = room;
		buf->cut = true;
	}
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void cd_buf_str(struct cd_buf *buf, const char *text)
{
	cd_buf_add(buf, text, strlen(text));
}

void cd_buf_fmt(struct cd_buf *buf, const char *format, ...)
{
	size_t room = buf->size - buf->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf->data + buf->len, room, format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len >= room) {
		buf->cut = true;
		len = (int)room - 1;
	}
	buf->len += (size_t)len;
}

/* Length of the valid UTF-8 sequence at s (RFC 3629), 0 when there is none. */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	size_t need;
	uint32_t c;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2, c = s[0] & 0x1f;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		need = 3, c = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4, c = s[0] & 0x07;
	else
		return 0;
	if (len < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((need == 3 && c < 0x800) || (need == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return need;
}

/* C0, DEL, C1 and the bidirectional controls: what can rewrite a line that a person reads. */
static bool is_unsafe_visible(const unsigned char *s, size_t n)
{
	if (n == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	if (n == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x80)
		return (s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae);
	return n == 3 && s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf;
}

void cd_buf_visible(struct cd_buf *buf, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_len(s + i, len - i);

		if (n && !is_unsafe_visible(s + i, n)) {
			cd_buf_add(buf, bytes + i, n);
		} else {
			n = n ? n : 1;
			for (size_t k = 0; k < n; k++)
				cd_buf_fmt(buf, "\\x%02x", s[i + k]);
		}
		i += n;
	}
}

void cd_buf_json(struct cd_buf *buf, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_len(s + i, len - i);

		if (s[i] == '"' || s[i] == '\\')
			cd_buf_fmt(buf, "\\%c", s[i]);
		else if (n && !is_unsafe_visible(s + i, n))
			cd_buf_add(buf, bytes + i, n);
		else if (n == 3)
			cd_buf_fmt(buf, "\\u%04x",
				   (s[i] & 0x0fu) << 12 | (s[i + 1] & 0x3fu) << 6 |
				       (s[i + 2] & 0x3fu));
		else if (n == 2)
			cd_buf_fmt(buf, "\\u%04x", (s[i] & 0x1fu) << 6 | (s[i + 1] & 0x3fu));
		else
			cd_buf_fmt(buf, "\\u%04x", s[i]);
		i += n ? n : 1;
	}
}

bool cd_is_utf8(const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_len(s + i, len - i);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

static bool is_shell_bare(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_@%+=:,./-", c));
}

/* How a word has to be quoted: 0 not at all, 1 in single quotes, 2 as $'...'. */
static int shell_quoting(const unsigned char *s, size_t len)
{
	int quoting = len ? 0 : 1;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len(s + i, len - i);
		if (!n || is_unsafe_visible(s + i, n))
			return 2;
		if (n > 1 || !is_shell_bare(s[i]))
			quoting = 1;
	}
	return quoting;
}

void cd_buf_shell(struct cd_buf *buf, const char *bytes, size_t len)
{
	static const char *const open[] = {"", "'", "$'"}, *const shut[] = {"", "'", "'"};
	int quoting = shell_quoting((const unsigned char *)bytes, len);

	cd_buf_str(buf, open[quoting]);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_len((const unsigned char *)bytes + i, len - i);

		if (quoting == 1 && bytes[i] == '\'')
			cd_buf_str(buf, "'\\''");
		else if (quoting == 2 && (bytes[i] == '\'' || bytes[i] == '\\'))
			cd_buf_fmt(buf, "\\%c", bytes[i]);
		else
			cd_buf_visible(buf, bytes + i, n ? n : 1);
		i += n ? n : 1;
	}
	cd_buf_str(buf, shut[quoting]);
}
