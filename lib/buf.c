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

/* Length of the valid UTF-8 sequence at s (RFC 3629), 0 when there is none; its character in c. */
static size_t utf8_decode(const unsigned char *s, size_t len, uint32_t *c)
{
	size_t need;

	*c = s[0];
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2, *c = s[0] & 0x1f;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		need = 3, *c = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4, *c = s[0] & 0x07;
	else
		return 0;
	if (len < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if ((need == 3 && *c < 0x800) || (need == 4 && (*c < 0x10000 || *c > 0x10ffff)) ||
	    (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return need;
}

struct range {
	uint32_t first, last;
};

static bool is_within(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* What a terminal acts on, what changes the order of a line that a person reads, and what is not
 * seen at all. */
static bool is_unsafe(uint32_t c)
{
	static const struct range unsafe[] = {
	    {0x00, 0x1f},     {0x7f, 0x9f},			  /* C0, DEL, C1 */
	    {0x061c, 0x061c}, {0x200e, 0x200f},			  /* bidirectional */
	    {0x202a, 0x202e}, {0x2066, 0x2069}, {0x2028, 0x2029}, /* ends of lines and paragraphs */
	    {0x00ad, 0x00ad}, {0x115f, 0x1160},			  /* not seen */
	    {0x180e, 0x180e}, {0x200b, 0x200d}, {0x2060, 0x2065},
	    {0x206a, 0x206f}, {0x3164, 0x3164}, {0xfeff, 0xfeff},
	    {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
	};

	return is_within(unsafe, sizeof(unsafe) / sizeof(unsafe[0]), c);
}

static bool is_blank(uint32_t c)
{
	static const struct range blanks[] = {{0x20, 0x20},	{0xa0, 0xa0},	  {0x1680, 0x1680},
					      {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f},
					      {0x2800, 0x2800}, {0x3000, 0x3000}};

	return is_within(blanks, sizeof(blanks) / sizeof(blanks[0]), c);
}

/*
 * The next character of bytes that a person is to read. Many blanks would push what follows to the
 * beginning of the screen's next line, where it would look like one of ours.
 */
struct reader {
	const unsigned char *at, *end;
	bool after_blank;
	size_t len; /* of the character; or 1, when there is none */
	bool spell; /* it has to be spelt out */
};

static bool read_next(struct reader *r)
{
	uint32_t c;
	bool blank;

	r->at += r->len;
	if (r->at == r->end)
		return false;
	r->len = utf8_decode(r->at, (size_t)(r->end - r->at), &c);
	blank = r->len && is_blank(c);
	r->spell = !r->len || is_unsafe(c) || (blank && r->after_blank);
	r->after_blank = blank;
	r->len = r->len ? r->len : 1;
	return true;
}

static struct reader read_from(const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	return (struct reader){.at = s, .end = s + len};
}

static void add_shown(struct cd_buf *buf, const struct reader *r)
{
	if (!r->spell)
		cd_buf_add(buf, (const char *)r->at, r->len);
	for (size_t k = 0; r->spell && k < r->len; k++)
		cd_buf_fmt(buf, "\\x%02x", r->at[k]);
}

void cd_buf_visible(struct cd_buf *buf, const char *bytes, size_t len)
{
	struct reader r = read_from(bytes, len);

	while (read_next(&r))
		add_shown(buf, &r);
}

void cd_buf_json(struct cd_buf *buf, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_decode(s + i, len - i, &c);

		if (s[i] == '"' || s[i] == '\\')
			cd_buf_fmt(buf, "\\%c", s[i]);
		else if (n && !is_unsafe(c))
			cd_buf_add(buf, bytes + i, n);
		else if (n == 4)
			cd_buf_fmt(buf, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
		else
			cd_buf_fmt(buf, "\\u%04x", n ? c : s[i]);
		i += n ? n : 1;
	}
}

bool cd_is_utf8(const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	uint32_t c;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_decode(s + i, len - i, &c);

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
static int shell_quoting(const char *bytes, size_t len)
{
	struct reader r = read_from(bytes, len);
	int quoting = len ? 0 : 1;

	while (read_next(&r)) {
		if (r.spell)
			return 2;
		if (r.len > 1 || !is_shell_bare(*r.at))
			quoting = 1;
	}
	return quoting;
}

void cd_buf_shell(struct cd_buf *buf, const char *bytes, size_t len)
{
	static const char *const open[] = {"", "'", "$'"}, *const shut[] = {"", "'", "'"};
	struct reader r = read_from(bytes, len);
	int quoting = shell_quoting(bytes, len);

	cd_buf_str(buf, open[quoting]);
	while (read_next(&r)) {
		if (quoting == 1 && *r.at == '\'')
			cd_buf_str(buf, "'\\''");
		else if (quoting == 2 && (*r.at == '\'' || *r.at == '\\'))
			cd_buf_fmt(buf, "\\%c", *r.at);
		else
			add_shown(buf, &r);
	}
	cd_buf_str(buf, shut[quoting]);
}
