/* Paths as text. */
#include "lib/path.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/hash.h"

Test(path, is_within_a_directory_by_whole_components)
{
	cr_expect(cd_path_is_within("/a/b", "/a"));
	cr_expect(cd_path_is_within("/a", "/a"));
	cr_expect(cd_path_is_within("/a", "/"));
	cr_expect(cd_path_is_within("/", "/"));
	cr_expect_not(cd_path_is_within("/ab", "/a"));
	cr_expect_not(cd_path_is_within("/", "/a"));
	cr_expect_not(cd_path_is_within("pipe:[1]", "/"));
	cr_expect(cd_path_is_within_len("/a/bc", 2, "/ab", 2), "no more than the lengths say");
	cr_expect_not(cd_path_is_within_len("/a/b", 1, "/a", 2));
}

Test(path, is_normal_without_dots_and_empty_components)
{
	static const char *const normal[] = {"/", "/a", "/a/b", "/...", "/a/.b", "/a/..b"},
				 *const others[] = {"",	      "a",     "//",	 "/a/",	 "/a//b",
						    "/.",     "/..",   "/a/.",	 "/./a", "/a/../b",
						    "/a/b/.", "./a/b", "/a/b//", "/../"};
	char text[CD_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof(normal) / sizeof(normal[0]); i++)
		cr_expect(cd_path_is_normal(normal[i], strlen(normal[i])), "%s", normal[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		cr_expect_not(cd_path_is_normal(others[i], strlen(others[i])), "%s", others[i]);
	cr_expect_not(cd_path_is_normal("/a\0b", 4), "a NUL byte");
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	cr_expect(cd_path_is_normal(text, CD_PATH_MAX - 1));
	cr_expect_not(cd_path_is_normal(text, CD_PATH_MAX));
}

/* The parts, put together again; and what tables are looked up by. */
static void check_parts(const char *path, size_t len)
{
	struct cd_parts parts;
	char text[CD_PATH_MAX] = "/";
	size_t at = 1;

	if (!cd_path_is_normal(path, len)) {
		cr_expect_null(cd_path_divide(path, len, &parts), "%.*s", (int)len, path);
		return;
	}
	cr_assert_eq(cd_path_divide(path, len, &parts), &parts, "%.*s", (int)len, path);
	for (unsigned i = 0; i < parts.count; i++) {
		const struct cd_part *part = &parts.part[i];

		if (i)
			text[at++] = '/';
		memcpy(text + at, path + part->at, part->len);
		at += part->len;
		cr_assert_eq(part->at + part->len, at);
		cr_assert_eq(part->hash, cd_hash32(path + part->at, part->len));
		cr_assert_eq(part->whole, cd_hash32(path, at));
	}
	cr_assert(at == len && memcmp(text, path, len) == 0, "%.*s", (int)len, path);
}

Test(path, is_divided_where_it_is_normal_and_nowhere_else)
{
	static const char *const pieces[] = {"/", "a", ".", "..", "//", "/bc", "/...", "/d/e"};
	char text[CD_PATH_MAX + 1];
	struct cd_parts parts;
	unsigned seed = 5;

	for (int round = 0; round < 20000; round++) {
		size_t len = 0;

		for (int n = rand_r(&seed) % 6; n; n--)
			len += (size_t)sprintf(text + len, "%s", pieces[rand_r(&seed) % 8]);
		check_parts(text, len);
	}
	check_parts("/a\0b", 4);
	cr_expect_eq(cd_path_divide("/", 1, &parts)->count, 0);
	/* As many as there can be, and as long a one. */
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? 'a' : '/';
	for (size_t len = CD_PATH_MAX - 2; len <= CD_PATH_MAX; len++)
		check_parts(text, len);
	cr_expect_eq(cd_path_divide(text, CD_PATH_MAX - 2, &parts)->count, CD_PATH_MAX / 2 - 1);
	memset(text + 1, 'a', sizeof(text) - 1);
	check_parts(text, CD_PATH_MAX - 1);
	check_parts(text, CD_PATH_MAX);
}
