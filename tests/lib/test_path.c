/* Paths as text. */
#include "lib/path.h"

#include <criterion/criterion.h>
#include <string.h>

#include "cordon/limits.h"

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
