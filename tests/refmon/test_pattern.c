/* The syntax of path and name patterns, and matching within a component. */
#include "refmon/pattern.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cordon/limits.h"
#include "refmon/table.h"

static bool matches(const char *glob, const char *name)
{
	return mon_glob_match(glob, strlen(glob), name, strlen(name));
}

Test(pattern, star_stands_for_any_bytes)
{
	cr_assert(matches("*", ""));
	cr_assert(matches("*", "anything"));
	cr_assert(matches("a*", "a"));
	cr_assert(matches("a*c", "ac"));
	cr_assert(matches("a*c", "abbc"));
	cr_assert(matches("*a*b*", "xaybz"));
	cr_assert(matches("*ab*ab*", "abab"));
	cr_assert(matches("*.tar.*", "x.tar.gz"));
	cr_assert_not(matches("a*c", "a"));
	cr_assert_not(matches("a*a", "a"));
	cr_assert_not(matches("*ab*ab*", "aba"));
	cr_assert_not(matches("*a*b*", "ba"));
	cr_assert_not(matches("ab*", "a"));
	cr_assert_not(matches("abc", "ab"));
}

Test(pattern, matching_a_hostile_name_is_linear)
{
	char glob[512], name[4097];
	struct timespec start, end;
	double seconds;

	for (size_t i = 0; i + 1 < sizeof(glob); i += 2)
		glob[i] = '*', glob[i + 1] = 'a';
	glob[sizeof(glob) - 2] = 'b';
	glob[sizeof(glob) - 1] = '\0';
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 1000; i++)
		cr_assert_not(matches(glob, name));
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	cr_assert_lt(seconds, 1.0, "a thousand took %f s", seconds);
}

Test(pattern, each_malformed_path_has_its_flaw)
{
	static const struct {
		const char *text;
		enum mon_flaw flaw;
	} cases[] = {
	    {"", MON_FLAW_EMPTY},	  {"a/b", MON_FLAW_RELATIVE}, {"**", MON_FLAW_RELATIVE},
	    {"*", MON_FLAW_RELATIVE},	  {"~/x", MON_FLAW_RELATIVE}, {"//", MON_FLAW_SLASHES},
	    {"/a//b", MON_FLAW_SLASHES},  {"/a/", MON_FLAW_SLASHES},  {"//**", MON_FLAW_SLASHES},
	    {"/a//**", MON_FLAW_SLASHES}, {"/.", MON_FLAW_DOTS},      {"/a/./b", MON_FLAW_DOTS},
	    {"/a/../b", MON_FLAW_DOTS},	  {"/a/..", MON_FLAW_DOTS},   {"/../**", MON_FLAW_DOTS},
	    {"/**/a", MON_FLAW_STARS},	  {"/a**", MON_FLAW_STARS},   {"/a/**b", MON_FLAW_STARS},
	    {"/***", MON_FLAW_STARS},	  {"/**/**", MON_FLAW_STARS}, {"/a/***", MON_FLAW_STARS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(mon_path_flaw(cases[i].text, strlen(cases[i].text)), cases[i].flaw,
			     "\"%s\"", cases[i].text);
	cr_assert_eq(mon_path_flaw("/a\0b", 4), MON_FLAW_CONTROL);
}

Test(pattern, well_formed_paths_have_none)
{
	static const char *const good[] = {"/",		"/**",	"/a",  "/*",   "/*/**",
					   "/a*b*c/**", "/...", "/.a", "/a b", "/\xff"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_assert_eq(mon_path_flaw(good[i], strlen(good[i])), MON_FLAW_NONE, "%s", good[i]);
}

Test(pattern, components_and_paths_have_the_kernels_bounds)
{
	char text[CD_PATH_MAX + 1];

	memset(text, 'a', sizeof(text));
	text[0] = '/';
	cr_assert_eq(mon_path_flaw(text, 1 + CD_NAME_MAX), MON_FLAW_NONE);
	cr_assert_eq(mon_path_flaw(text, 2 + CD_NAME_MAX), MON_FLAW_LONG_NAME);
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = '/';
	cr_assert_eq(mon_path_flaw(text, CD_PATH_MAX - 2), MON_FLAW_NONE);
	cr_assert_eq(mon_path_flaw(text, CD_PATH_MAX), MON_FLAW_LONG_PATH);
}

Test(pattern, names_are_words)
{
	cr_assert_eq(mon_name_flaw("TIOC*", 5), MON_FLAW_NONE);
	cr_assert_eq(mon_name_flaw("1.2_3@x+y-z", 11), MON_FLAW_NONE);
	cr_assert_eq(mon_name_flaw("", 0), MON_FLAW_EMPTY);
	cr_assert_eq(mon_name_flaw("a b", 3), MON_FLAW_NAME);
	cr_assert_eq(mon_name_flaw("a/b", 3), MON_FLAW_NAME);
	cr_assert_eq(mon_name_flaw("a\0b", 3), MON_FLAW_NAME);
	cr_assert_eq(mon_name_flaw("a**", 3), MON_FLAW_STARS);
}

Test(pattern, every_flaw_has_a_remedy)
{
	for (enum mon_flaw flaw = MON_FLAW_NONE + 1; flaw < MON_FLAW_COUNT; flaw++)
		cr_assert_gt(strlen(mon_remedy(mon_flaw_text(flaw))), 0);
	cr_assert_str_empty(mon_remedy("something else"));
}

/* A rule that can never match is a mistake, and must not pass for a denial that holds. */
Test(pattern, a_device_request_is_written_in_one_way)
{
	static const char *const good[] = {"*",	       "*.*",	  "T.*",	 "T.0x5413",
					   "*.0x5413", "0xae.*",  "0xae.0xae80", "d.0xc02064b2",
					   "0x00.0x2", "0.0x3001"};
	static const char *const bad[] = {"TIOCSTI",  "T*",	     "0x5413",	  "T.",
					  ".0x5413",  "T.0X5413",    "T.5413",	  "T.0x05413",
					  "d.0x5413", "0x54.0x5413", "0xAE.*",	  "0xae",
					  "0x64.*",   "TT.*",	     "T.0x5413.", "T.0x15413000000",
					  "T.0x541*", "-.*",	     "T.0x-5413"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect_eq(mon_name_flaw_for(CD_OP_DEV_IOCTL, good[i], strlen(good[i])),
			     MON_FLAW_NONE, "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(mon_name_flaw_for(CD_OP_DEV_IOCTL, bad[i], strlen(bad[i])),
			     MON_FLAW_REQUEST, "%s", bad[i]);
}

Test(pattern, tracing_is_decided_on_one_name)
{
	static const char *const good[] = {"space", "*", "s*"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect_eq(mon_name_flaw_for(CD_OP_PROC_TRACE, good[i], strlen(good[i])),
			     MON_FLAW_NONE, "%s", good[i]);
	cr_expect_eq(mon_name_flaw_for(CD_OP_PROC_TRACE, "self", 4), MON_FLAW_TRACE);
}
