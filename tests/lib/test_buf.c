/* The bounded buffer, and hostile bytes on their way to a terminal, to JSON and to a shell; and
 * growing arrays. */
#include "lib/buf.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"

/* As large as it says and no larger, so that a sanitizer sees a step beyond. */
static struct cd_buf make(size_t size)
{
	struct cd_buf buf;
	char *data = malloc(size);

	cr_assert_not_null(data);
	memset(data, 0x55, size);
	cd_buf_init(&buf, data, size);
	return buf;
}

#define expect_text(buf, text, was_cut)                                                            \
	do {                                                                                       \
		cr_expect_str_eq((buf).data, text);                                                \
		cr_expect_eq((buf).len, strlen(text));                                             \
		cr_expect_eq((buf).cut, was_cut);                                                  \
	} while (0)

/* ---- bounds ---- */

Test(buf, begins_empty)
{
	struct cd_buf buf = make(1);

	expect_text(buf, "", false);
	free(buf.data);
}

Test(buf, takes_what_there_is_room_for_and_remembers_that_there_was_more)
{
	struct cd_buf buf = make(5);

	cd_buf_add(&buf, "ab", 2);
	expect_text(buf, "ab", false);
	cd_buf_str(&buf, "cd");
	expect_text(buf, "abcd", false);
	cd_buf_str(&buf, "");
	expect_text(buf, "abcd", false);
	cd_buf_str(&buf, "e");
	expect_text(buf, "abcd", true);
	cd_buf_add(&buf, "x", 0);
	expect_text(buf, "abcd", true);
	free(buf.data);
}

Test(buf, of_one_byte_holds_nothing)
{
	struct cd_buf buf = make(1);

	cd_buf_add(&buf, "a", 1);
	expect_text(buf, "", true);
	cd_buf_fmt(&buf, "%d", 7);
	expect_text(buf, "", true);
	free(buf.data);
}

Test(buf, formats_within_its_bounds)
{
	for (size_t size = 1; size < 12; size++) {
		struct cd_buf buf = make(size);
		char want[16] = "-12345:xy";

		cd_buf_fmt(&buf, "%d:%s", -12345, "xy");
		if (size <= 9)
			want[size - 1] = '\0';
		expect_text(buf, want, size <= 9);
		cd_buf_fmt(&buf, "%s", "");
		expect_text(buf, want, size <= 9);
		free(buf.data);
	}
}

/* ---- UTF-8 ---- */

/* RFC 3629, said the long way: decode, then see whether the shortest form of that is the same
 * bytes. */
static bool model_is_one(const unsigned char *s, size_t n)
{
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
	uint32_t c = s[0] & mask[n];
	size_t shortest;

	if ((s[0] & ~mask[n] & 0xff) != lead[n])
		return false;
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return false;
		c = c << 6 | (s[i] & 0x3f);
	}
	shortest = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	return shortest == n && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
}

static bool model_is_utf8(const unsigned char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = 1;

		while (n <= 4 && (i + n > len || !model_is_one(s + i, n)))
			n++;
		if (n > 4)
			return false;
		i += n;
	}
	return true;
}

Test(utf8, agrees_with_a_model_on_all_of_up_to_two_bytes_and_on_edges_beyond)
{
	static const unsigned char edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
					      0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
					      0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
	const size_t n = sizeof(edges);
	unsigned char s[4];

	for (unsigned a = 0; a < 65536; a++) {
		s[0] = (unsigned char)(a >> 8);
		s[1] = (unsigned char)a;
		cr_assert_eq(cd_is_utf8((char *)s, 1), model_is_utf8(s, 1), "%02x", s[0]);
		cr_assert_eq(cd_is_utf8((char *)s, 2), model_is_utf8(s, 2), "%02x %02x", s[0],
			     s[1]);
	}
	for (size_t i = 0; i < n * n * n * n; i++) {
		s[0] = edges[i % n];
		s[1] = edges[i / n % n];
		s[2] = edges[i / n / n % n];
		s[3] = edges[i / n / n / n];
		cr_assert_eq(cd_is_utf8((char *)s, 3), model_is_utf8(s, 3), "%02x %02x %02x", s[0],
			     s[1], s[2]);
		cr_assert_eq(cd_is_utf8((char *)s, 4), model_is_utf8(s, 4), "%02x %02x %02x %02x",
			     s[0], s[1], s[2], s[3]);
	}
	cr_expect(cd_is_utf8("", 0));
}

/* ---- for a terminal ---- */

static const char *visible(const char *bytes, size_t len)
{
	static char text[4096];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	cd_buf_visible(&buf, bytes, len);
	return text;
}

#define VISIBLE(bytes) visible(bytes, sizeof(bytes) - 1)

Test(visible, plain_text_stays_as_it_is)
{
	cr_expect_str_eq(VISIBLE("/usr/bin/a b~!\"'\\"), "/usr/bin/a b~!\"'\\");
	cr_expect_str_eq(VISIBLE("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
			 "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	cr_expect_str_eq(VISIBLE(""), "");
}

Test(visible, what_moves_a_cursor_or_a_line_is_spelt_out)
{
	cr_expect_str_eq(VISIBLE("a\nb\x1b[2J\x7f\0c"), "a\\x0ab\\x1b[2J\\x7f\\x00c");
	cr_expect_str_eq(VISIBLE("\xc2\x9b\xc2\x80\xc2\x9f\xc2\xa0"),
			 "\\xc2\\x9b\\xc2\\x80\\xc2\\x9f\xc2\xa0");
	cr_expect_str_eq(
	    VISIBLE("\xe2\x80\xae\xe2\x80\x8b\xe2\x80\xa8\xe2\x81\xa6\xe2\x81\xa9"),
	    "\\xe2\\x80\\xae\\xe2\\x80\\x8b\\xe2\\x80\\xa8\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
}

Test(visible, what_is_not_seen_is_spelt_out)
{
	cr_expect_str_eq(VISIBLE("a\xc2\xad\xef\xbb\xbf\xd8\x9c\xf3\xa0\x81\x81z"),
			 "a\\xc2\\xad\\xef\\xbb\\xbf\\xd8\\x9c\\xf3\\xa0\\x81\\x81z");
}

/* Or they would push what follows to the beginning of the screen's next line. */
Test(visible, many_blanks_are_not_shown_as_such)
{
	cr_expect_str_eq(VISIBLE("a b c"), "a b c");
	cr_expect_str_eq(VISIBLE("a   b"), "a \\x20\\x20b");
	cr_expect_str_eq(VISIBLE(" \xc2\xa0\xe3\x80\x80x"), " \\xc2\\xa0\\xe3\\x80\\x80x");
}

Test(visible, what_is_no_utf8_is_spelt_out_byte_by_byte)
{
	cr_expect_str_eq(VISIBLE("\xff\xc3"), "\\xff\\xc3");
	cr_expect_str_eq(VISIBLE("\xc0\xaf"), "\\xc0\\xaf");
	cr_expect_str_eq(VISIBLE("\xed\xa0\x80x"), "\\xed\\xa0\\x80x");
	cr_expect_str_eq(VISIBLE("\xe2\x82"), "\\xe2\\x82");
	cr_expect_str_eq(visible("\xe2\x82\xac", 2), "\\xe2\\x82",
			 "what follows is not part of it");
}

static uint64_t random_word(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t random_bytes(unsigned char *bytes, size_t max)
{
	static const unsigned char likely[] = {0xe2, 0x80, 0x81, 0xae, 0xc2, 0x9b, 0x1b,
					       '\n', '\'', '"',	 '\\', 0xf0, 0x9f, 'a'};
	size_t len = random_word() % max;

	for (size_t i = 0; i < len; i++)
		bytes[i] = random_word() % 2 ? likely[random_word() % sizeof(likely)]
					     : (unsigned char)random_word();
	return len;
}

Test(visible, nothing_that_comes_out_is_unsafe)
{
	unsigned char bytes[64];

	for (int round = 0; round < 50000; round++) {
		size_t len = random_bytes(bytes, sizeof(bytes));
		const char *text = visible((char *)bytes, len);

		cr_assert(cd_is_utf8(text, strlen(text)));
		for (const char *p = text; *p; p++)
			cr_assert((unsigned char)*p >= 0x20 && *p != 0x7f);
		cr_assert_null(strstr(text, "\xe2\x80\xae"));
		cr_assert_null(strstr(text, "\xc2\x9b"));
	}
}

/* ---- for JSON ---- */

Test(json, escapes_quotes_controls_and_what_is_no_utf8)
{
	static const char bytes[] = "a\"b\\c\n\x1b\x7f\xff\xc3\xbc\xe2\x80\xae\xc2\x9b";
	char text[256];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	cd_buf_json(&buf, bytes, sizeof(bytes) - 1);
	cr_expect_str_eq(text, "a\\\"b\\\\c\\u000a\\u001b\\u007f\\u00ff\xc3\xbc\\u202e\\u009b");
	cd_buf_init(&buf, text, sizeof(text));
	cd_buf_json(&buf, "\xf3\xa0\x81\x81\xf0\x9f\x98\x80  ", 10);
	cr_expect_str_eq(text, "\\udb40\\udc41\xf0\x9f\x98\x80  ");
}

Test(json, of_any_bytes_is_a_string_that_a_parser_takes_and_of_utf8_the_same_one)
{
	unsigned char bytes[64];
	char text[1024];

	for (int round = 0; round < 30000; round++) {
		size_t len = random_bytes(bytes, sizeof(bytes));
		struct cd_buf buf;
		json_t *value;

		cd_buf_init(&buf, text, sizeof(text));
		cd_buf_str(&buf, "\"");
		cd_buf_json(&buf, (char *)bytes, len);
		cd_buf_str(&buf, "\"");
		cr_assert(!buf.cut && cd_is_utf8(text, buf.len));
		value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		cr_assert_not_null(value, "%s", text);
		if (cd_is_utf8((char *)bytes, len)) {
			cr_assert_eq(json_string_length(value), len);
			cr_assert_eq(memcmp(json_string_value(value), bytes, len), 0);
		}
		json_decref(value);
	}
}

/* ---- for a shell ---- */

static const char *shell(const char *bytes, size_t len)
{
	static char text[1024];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	cd_buf_shell(&buf, bytes, len);
	return text;
}

#define SHELL(bytes) shell(bytes, sizeof(bytes) - 1)

Test(shell, is_bare_where_it_can_be_and_quoted_where_it_must_be)
{
	cr_expect_str_eq(SHELL("/usr/bin/x-1_2.so:3,4@5%6+7=8"), "/usr/bin/x-1_2.so:3,4@5%6+7=8");
	cr_expect_str_eq(SHELL(""), "''");
	cr_expect_str_eq(SHELL("a b"), "'a b'");
	cr_expect_str_eq(SHELL("$(rm)"), "'$(rm)'");
	cr_expect_str_eq(SHELL("it's"), "'it'\\''s'");
	cr_expect_str_eq(SHELL("*"), "'*'");
	cr_expect_str_eq(SHELL("~"), "'~'");
	cr_expect_str_eq(SHELL("gr\xc3\xbc\xc3\x9f"), "'gr\xc3\xbc\xc3\x9f'");
	cr_expect_str_eq(SHELL("a\nb"), "$'a\\x0ab'");
	cr_expect_str_eq(SHELL("it's\n\\"), "$'it\\'s\\x0a\\\\'");
	cr_expect_str_eq(SHELL("\xff"), "$'\\xff'");
}

/* The judge is bash itself: it must see one word, of the same bytes. */
Test(shell, bash_reads_back_what_was_quoted)
{
	char command[2048], back[128];
	unsigned char bytes[16];

	for (int round = 0; round < 40; round++) {
		size_t len = random_bytes(bytes, sizeof(bytes)), n;
		FILE *pipe;

		for (size_t i = 0; i < len; i++)
			bytes[i] = bytes[i] ? bytes[i] : 1; /* no word can hold a NUL */
		/* Hexadecimal digits right after an escape would be read as part of it, were it
		 * longer than two. */
		snprintf(command, sizeof(command),
			 "exec bash -c \"$(cat <<'end'\nprintf %%s %s\nend\n)\" 2>&1",
			 shell((char *)bytes, len));
		pipe = popen(command, "r");
		cr_assert_not_null(pipe);
		n = fread(back, 1, sizeof(back), pipe);
		pclose(pipe);
		cr_expect_eq(n, len, "%s", command);
		cr_expect_eq(memcmp(back, bytes, len), 0, "%s", command);
	}
}

/* ---- arrays that grow ---- */

Test(vec, grows_by_doubling_and_keeps_what_is_there)
{
	size_t capacity = 0;
	int *items = NULL;

	for (size_t i = 0; i < 1000; i++) {
		int *grown = cd_vec_grow(items, &capacity, i + 1, sizeof(*items));

		cr_assert_not_null(grown);
		cr_assert_geq(capacity, i + 1);
		cr_assert_leq(capacity, 2 * i + 8);
		items = grown;
		items[i] = (int)i;
	}
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(items[i], i);
	cr_expect_eq(cd_vec_grow(items, &capacity, 10, sizeof(*items)), items,
		     "there is room already");
	free(items);
}

Test(vec, sizes_that_cannot_be_are_refused_and_nothing_changes)
{
	size_t capacity = 0;
	int *items = cd_vec_grow(NULL, &capacity, 1, sizeof(*items));
	size_t before = capacity;

	cr_assert_not_null(items);
	cr_expect_null(cd_vec_grow(items, &capacity, SIZE_MAX, sizeof(*items)));
	cr_expect_null(cd_vec_grow(items, &capacity, SIZE_MAX / 2 + 2, 1));
	cr_expect_null(cd_vec_grow(items, &capacity, SIZE_MAX / 4 + 1, sizeof(*items)));
	cr_expect_eq(capacity, before);
	free(items);
}
