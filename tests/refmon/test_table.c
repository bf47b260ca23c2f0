/* Deciding on paths and names. */
#include "refmon/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "tests/refmon/support.h"

#define allows(table, question) cr_assert_eq(verdict(table, question), MON_ALLOW, "%s", question)
#define asks(table, question)	cr_assert_eq(verdict(table, question), MON_ASK, "%s", question)
#define denies(table, question) cr_assert_eq(verdict(table, question), MON_DENY, "%s", question)

Test(table, denies_what_no_rule_names)
{
	struct mon_table *table = table_of(NULL, NULL);
	struct mon_decision decision = decide(table, "fs.read /");

	cr_assert_eq(decision.verdict, MON_DENY);
	cr_assert_eq(decision.op, CD_OP_FS_READ);
	cr_assert_eq(decision.rule, MON_NO_RULE);
	denies(table, "fs.stat /");
	denies(table, "net.connect 127.0.0.1:80");
	mon_table_free(table);
}

Test(table, exact_pattern_matches_that_object_only)
{
	struct mon_table *table = table_of("allow fs.read /etc/hosts", NULL);

	allows(table, "fs.read /etc/hosts");
	denies(table, "fs.read /etc/hosts/x");
	denies(table, "fs.read /etc/host");
	denies(table, "fs.read /etc/hostss");
	denies(table, "fs.read /etc");
	denies(table, "fs.write /etc/hosts");
	mon_table_free(table);
}

Test(table, subtree_pattern_matches_the_directory_and_all_below)
{
	struct mon_table *table = table_of("allow fs.read /usr/**", NULL);

	allows(table, "fs.read /usr");
	allows(table, "fs.read /usr/a");
	allows(table, "fs.read /usr/a/b/c/d/e/f");
	denies(table, "fs.read /usr2");
	denies(table, "fs.read /");
	mon_table_free(table);
}

Test(table, root_subtree_matches_everything)
{
	struct mon_table *table = table_of("allow fs.read /**", NULL);

	allows(table, "fs.read /");
	allows(table, "fs.read /a/b");
	mon_table_free(table);
}

Test(table, root_alone_matches_the_root_only)
{
	struct mon_table *table = table_of("allow fs.read /", NULL);

	allows(table, "fs.read /");
	denies(table, "fs.read /a");
	mon_table_free(table);
}

Test(table, star_stays_inside_one_component)
{
	struct mon_table *table = table_of("allow fs.read /home/*/pub/*.txt", NULL);

	allows(table, "fs.read /home/u/pub/a.txt");
	allows(table, "fs.read /home/u/pub/.txt");
	denies(table, "fs.read /home/u/v/pub/a.txt");
	denies(table, "fs.read /home/pub/a.txt");
	denies(table, "fs.read /home/u/pub/a.txt/x");
	denies(table, "fs.read /home/u/pub/a.txtx");
	mon_table_free(table);
}

Test(table, a_file_whose_name_is_a_star_is_only_a_file)
{
	struct mon_table *table = table_of("allow fs.read /a/b", "allow fs.read /c/*", NULL);

	denies(table, "fs.read /a/*");
	denies(table, "fs.read /*/b");
	allows(table, "fs.read /c/*");
	mon_table_free(table);
}

Test(table, overlapping_stars_are_all_followed)
{
	struct mon_table *table = table_of("allow fs.read /a*/x/1", "allow fs.read /*b/x/2",
					   "allow fs.read /ab/y/3", "allow fs.read /*/*/4", NULL);

	allows(table, "fs.read /ab/x/1");
	allows(table, "fs.read /ab/x/2");
	allows(table, "fs.read /ab/y/3");
	allows(table, "fs.read /ab/z/4");
	denies(table, "fs.read /ab/y/1");
	mon_table_free(table);
}

Test(table, deny_wins_over_ask_and_ask_over_allow_in_any_order)
{
	struct mon_table *table = table_of("deny fs.read /d/x/**", "allow fs.read /d/**",
					   "ask fs.read /d/*", "allow fs.read /d/x/y/z", NULL);

	denies(table, "fs.read /d/x/y/z");
	denies(table, "fs.read /d/x");
	asks(table, "fs.read /d/q");
	allows(table, "fs.read /d/q/r");
	allows(table, "fs.read /d");
	mon_table_free(table);
}

Test(table, reports_the_first_rule_of_the_verdict)
{
	struct mon_table *table = table_of("allow fs.read /a/**", "deny fs.write /a/b",
					   "deny fs.* /a/**", "allow fs.read /a/b", NULL);

	cr_assert_eq(decide(table, "fs.write /a/b").rule, 1);
	cr_assert_eq(decide(table, "fs.read /a/b").rule, 2);
	mon_table_free(table);
	table = table_of("allow fs.read /a/b/c", "allow fs.* /a/**", "allow fs.read /a/*/c", NULL);
	cr_assert_eq(decide(table, "fs.read /a/b/c").rule, 0);
	cr_assert_eq(decide(table, "fs.write /a/b/c").rule, 1);
	cr_assert_eq(decide(table, "fs.read /a/q/c").rule, 1);
	mon_table_free(table);
}

Test(table, several_operations_get_the_lowest_verdict_and_its_first_operation)
{
	struct mon_table *table = table_of("allow fs.read /f", "ask fs.write /f", NULL);
	struct mon_object object;
	struct mon_decision decision;

	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/f", &object), CD_OK);
	mon_decide(table, CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE), &object, &decision);
	cr_assert_eq(decision.verdict, MON_ASK);
	cr_assert_eq(decision.op, CD_OP_FS_WRITE);
	cr_assert_eq(decision.rule, 1);
	mon_decide(table,
		   CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE),
		   &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	cr_assert_eq(decision.op, CD_OP_FS_CREATE);
	cr_assert_eq(decision.rule, MON_NO_RULE);
	mon_table_free(table);
}

Test(table, no_operation_is_allowed_and_an_unknown_one_is_not)
{
	struct mon_table *table = table_of("allow * /f", NULL);
	struct mon_object object;
	struct mon_decision decision;

	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/f", &object), CD_OK);
	mon_decide(table, 0, &object, &decision);
	cr_assert_eq(decision.verdict, MON_ALLOW);
	mon_decide(table, CD_OPBIT(CD_OP_COUNT), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	mon_table_free(table);
}

Test(table, an_operation_for_another_kind_of_object_is_denied)
{
	struct mon_table *table = table_of("allow * /f", "allow net.* unix:/f", NULL);
	struct mon_object object;
	struct mon_decision decision;

	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "/f", &object), CD_OK);
	mon_decide(table, CD_OPBIT(CD_OP_NET_CONNECT), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	cr_assert_eq(mon_object_parse(CD_OP_NET_CONNECT, "unix:/f", &object), CD_OK);
	mon_decide(table, CD_OPBIT(CD_OP_FS_READ), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	object.kind = CD_OBJECT_NONE;
	mon_decide(table, CD_OPBIT(CD_OP_NET_CONNECT), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	mon_table_free(table);
}

Test(table, paths_out_of_form_are_denied_even_where_all_is_allowed)
{
	static const char *const bad[] = {"",	    "a",     "a/b",   "//", "/a//b", "/a/",
					  "/a/./b", "/a/..", "/../a", "/.", "/..",   "/a/b/"};
	struct mon_table *table = table_of("allow fs.* /**", NULL);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mon_object object = {
		    .kind = CD_OBJECT_PATH, .text = bad[i], .len = strlen(bad[i])};
		struct mon_decision decision;

		mon_decide(table, CD_OPBIT(CD_OP_FS_READ), &object, &decision);
		cr_assert_eq(decision.verdict, MON_DENY, "%s", bad[i]);
		cr_assert_eq(decision.rule, MON_NO_RULE, "%s", bad[i]);
	}
	allows(table, "fs.read /a/...");
	allows(table, "fs.read /.a/..b");
	mon_table_free(table);
}

Test(table, a_nul_inside_a_path_is_denied)
{
	struct mon_table *table = table_of("allow fs.* /**", NULL);
	struct mon_object object = {.kind = CD_OBJECT_PATH, .text = "/a\0b", .len = 4};
	struct mon_decision decision;

	mon_decide(table, CD_OPBIT(CD_OP_FS_READ), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	mon_table_free(table);
}

Test(table, an_overlong_path_is_denied)
{
	struct mon_table *table = table_of("allow fs.* /**", NULL);
	char path[CD_PATH_MAX + 1];
	struct mon_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = CD_PATH_MAX};
	struct mon_decision decision;

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	mon_decide(table, CD_OPBIT(CD_OP_FS_READ), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	object.len = CD_PATH_MAX - 1;
	mon_decide(table, CD_OPBIT(CD_OP_FS_READ), &object, &decision);
	cr_assert_eq(decision.verdict, MON_ALLOW);
	mon_table_free(table);
}

/* --- implied fs.stat --- */

Test(table, read_write_and_exec_imply_stat_here_and_on_the_way)
{
	static const char *const ops[] = {"fs.read", "fs.write", "fs.exec"};

	for (size_t i = 0; i < 3; i++) {
		char rule[64];
		struct mon_table *table;

		snprintf(rule, sizeof(rule), "allow %s /a/b/c", ops[i]);
		table = table_of(rule, NULL);
		allows(table, "fs.stat /a/b/c");
		allows(table, "fs.stat /a/b");
		allows(table, "fs.stat /a");
		allows(table, "fs.stat /");
		denies(table, "fs.stat /a/b/d");
		denies(table, "fs.stat /a/b/c/d");
		denies(table, "fs.stat /b");
		cr_assert_eq(decide(table, "fs.stat /a").rule, 0);
		mon_table_free(table);
	}
}

Test(table, create_and_remove_imply_nothing)
{
	struct mon_table *table = table_of("allow fs.create /a/b", "allow fs.remove /a/b", NULL);

	denies(table, "fs.stat /a/b");
	denies(table, "fs.stat /a");
	mon_table_free(table);
}

Test(table, a_subtree_implies_stat_on_all_of_it)
{
	struct mon_table *table = table_of("allow fs.read /a/*/c/**", NULL);

	allows(table, "fs.stat /a/x/c/d/e");
	allows(table, "fs.stat /a/x");
	allows(table, "fs.stat /a");
	denies(table, "fs.stat /a/x/d");
	mon_table_free(table);
}

Test(table, deny_of_read_leaves_the_implied_stat_and_deny_of_stat_does_not)
{
	struct mon_table *table = table_of("allow fs.read /a/**", "deny fs.read /a/b/**",
					   "deny fs.stat /a/c/**", "deny fs.* /a/d/**", NULL);

	allows(table, "fs.stat /a/b/x");
	denies(table, "fs.read /a/b/x");
	denies(table, "fs.stat /a/c/x");
	allows(table, "fs.read /a/c/x");
	denies(table, "fs.stat /a/d");
	mon_table_free(table);
}

Test(table, deny_implies_no_stat)
{
	struct mon_table *table = table_of("deny fs.read /a/b", NULL);

	denies(table, "fs.stat /a/b");
	denies(table, "fs.stat /a");
	mon_table_free(table);
}

Test(table, implied_stat_of_allow_is_stronger_than_that_of_ask_and_weaker_than_a_rule)
{
	struct mon_table *table =
	    table_of("ask fs.read /a/**", "allow fs.write /a/b", "ask fs.stat /c",
		     "allow fs.read /c", "ask fs.write /d/e", NULL);

	asks(table, "fs.stat /a/x");
	allows(table, "fs.stat /a/b");
	allows(table, "fs.stat /a/b");
	asks(table, "fs.stat /c");
	asks(table, "fs.stat /d/e");
	allows(table, "fs.stat /d");
	mon_table_free(table);
}

/* --- protected paths --- */

Test(table, a_wildcard_does_not_reach_a_protected_path)
{
	struct mon_table *table = table_of("protect /home/u/.ssh/**", "allow fs.* /home/u/**",
					   "allow fs.read /home/*/.ssh/id",
					   "ask fs.exec /home/u/*/id", "allow fs.read /**", NULL);

	denies(table, "fs.read /home/u/.ssh");
	denies(table, "fs.stat /home/u/.ssh");
	denies(table, "fs.read /home/u/.ssh/id");
	denies(table, "fs.stat /home/u/.ssh/id");
	denies(table, "fs.exec /home/u/.ssh/id");
	cr_assert_eq(decide(table, "fs.read /home/u/.ssh/id").rule, MON_NO_RULE);
	allows(table, "fs.read /home/u/.sshx");
	allows(table, "fs.read /home/u");
	allows(table, "fs.read /home/v/.ssh/id");
	mon_table_free(table);
}

Test(table, naming_a_protected_path_grants_it)
{
	struct mon_table *table =
	    table_of("protect /home/u/.ssh", "allow fs.* /home/u/**",
		     "allow fs.read /home/u/.ssh/config", "allow fs.read /home/u/.ssh/*.pub", NULL);

	allows(table, "fs.read /home/u/.ssh/config");
	allows(table, "fs.stat /home/u/.ssh/config");
	allows(table, "fs.read /home/u/.ssh/id.pub");
	allows(table, "fs.stat /home/u/.ssh");
	denies(table, "fs.read /home/u/.ssh");
	denies(table, "fs.read /home/u/.ssh/id");
	denies(table, "fs.write /home/u/.ssh/config");
	mon_table_free(table);
	table = table_of("protect /home/u/.ssh", "allow fs.read /home/u/.ssh/**", NULL);
	allows(table, "fs.read /home/u/.ssh/a/b");
	mon_table_free(table);
}

Test(table, a_protected_pattern_may_hold_a_star)
{
	struct mon_table *table = table_of("protect /h/.*_history", "allow fs.read /h/**",
					   "allow fs.read /h/.zsh_history", NULL);

	denies(table, "fs.read /h/.bash_history");
	allows(table, "fs.read /h/.zsh_history");
	allows(table, "fs.read /h/bash_history");
	mon_table_free(table);
}

Test(table, a_protected_path_below_another_needs_to_be_named_itself)
{
	struct mon_table *table =
	    table_of("protect /h/.a", "protect /h/.a/deep", "allow fs.read /h/.a/**", NULL);

	allows(table, "fs.read /h/.a/x");
	denies(table, "fs.read /h/.a/deep/x");
	mon_table_free(table);
}

Test(table, denials_reach_protected_paths_by_any_wildcard)
{
	struct mon_table *table = table_of("protect /h/.a", "deny fs.write /h/**",
					   "deny fs.exec /*/.a/x", "allow fs.* /h/.a/**", NULL);

	cr_assert_eq(decide(table, "fs.write /h/.a/x").rule, 0);
	cr_assert_eq(decide(table, "fs.exec /h/.a/x").rule, 1);
	allows(table, "fs.read /h/.a/x");
	mon_table_free(table);
}

Test(table, unix_sockets_below_a_protected_path_are_protected_too)
{
	struct mon_table *table = table_of("protect /h/.gnupg", "allow net.connect unix:/h/**",
					   "allow net.connect unix:/h/.gnupg/S.agent", NULL);

	denies(table, "net.connect unix:/h/.gnupg/S.other");
	allows(table, "net.connect unix:/h/.gnupg/S.agent");
	allows(table, "net.connect unix:/h/x");
	mon_table_free(table);
}

Test(table, protected_paths_can_be_listed)
{
	struct mon_table *table = table_of("protect /h/.a/**", "protect /h/.b", NULL);

	cr_assert_eq(mon_table_protected_count(table), 2);
	cr_assert_str_eq(mon_table_protected(table, 0), "/h/.a/**");
	cr_assert_str_eq(mon_table_protected(table, 1), "/h/.b");
	mon_table_free(table);
}

/* --- names --- */

Test(table, names_match_as_one_word)
{
	struct mon_table *table = table_of("allow dev.ioctl T.*", "deny dev.ioctl T.0x5412",
					   "allow space.create worker-*", NULL);

	allows(table, "dev.ioctl T.0x5413");
	denies(table, "dev.ioctl T.0x5412");
	denies(table, "dev.ioctl d.0xc02064b2");
	allows(table, "space.create worker-1");
	denies(table, "proc.signal worker-1");
	mon_table_free(table);
}

Test(table, a_rule_for_all_operations_is_split_by_kind)
{
	struct mon_table *table =
	    table_of("allow * *", "deny * /etc/**", "allow * 10.0.0.1:80", NULL);

	allows(table, "proc.signal 42");
	denies(table, "fs.read /etc");
	denies(table, "fs.read /usr");
	allows(table, "net.connect 10.0.0.1:80");
	mon_table_free(table);
}

/* --- directories that must keep their names --- */

static bool below(const struct mon_table *table, const char *path)
{
	return mon_rules_below(table, path, strlen(path));
}

Test(table, rules_below_a_directory_are_found)
{
	struct mon_table *table = table_of("deny fs.read /a/b/c", "allow fs.read /d/**",
					   "allow fs.read /e/*/f", "protect /g/.ssh", NULL);

	cr_assert(below(table, "/"));
	cr_assert(below(table, "/a"));
	cr_assert(below(table, "/a/b"));
	cr_assert_not(below(table, "/a/b/c"));
	cr_assert_not(below(table, "/a/x"));
	cr_assert_not(below(table, "/d"));
	cr_assert_not(below(table, "/d/x"));
	cr_assert(below(table, "/e"));
	cr_assert(below(table, "/e/any"));
	cr_assert_not(below(table, "/e/any/f"));
	cr_assert(below(table, "/g"));
	cr_assert_not(below(table, "/g/.ssh"));
	cr_assert(below(table, "not/absolute"));
	mon_table_free(table);
	table = table_of("allow fs.read /**", NULL);
	cr_assert_not(below(table, "/"));
	cr_assert_not(below(table, "/a"));
	mon_table_free(table);
}

/* --- bounds --- */

Test(table, too_many_stars_at_once_are_refused_when_compiled)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table;
	const char *why;
	char pattern[32];
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), pattern, "", ""};

	for (int i = 0; i < MON_WIDTH_MAX; i++) {
		snprintf(pattern, sizeof(pattern), "/*%d*/x", i);
		cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	}
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	mon_table_free(table);
	snprintf(pattern, sizeof(pattern), "/*/x");
	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &table), CD_ELIMIT);
	mon_builder_free(builder);
}

Test(table, many_stars_in_last_components_are_no_trouble)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table;
	const char *why;
	char pattern[32];
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), pattern, "", ""};

	for (int i = 0; i < 1000; i++) {
		snprintf(pattern, sizeof(pattern), "/d/*.ext%d", i);
		cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	}
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	allows(table, "fs.read /d/a.ext999");
	denies(table, "fs.read /d/a.ext");
	mon_table_free(table);
	mon_builder_free(builder);
}

Test(table, the_widest_walk_there_can_be_finds_every_rule)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table;
	const char *why;
	char pattern[16 + MON_WIDTH_MAX];
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), pattern, "", ""};

	for (int i = 0; i < MON_WIDTH_MAX; i++) {
		snprintf(pattern, sizeof(pattern), "/%.*s*/x%d", i,
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", i);
		cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	}
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	for (int i = 0; i < MON_WIDTH_MAX; i++) {
		char question[128];

		snprintf(question, sizeof(question), "fs.read /%s/x%d",
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", i);
		allows(table, question);
	}
	mon_table_free(table);
	mon_builder_free(builder);
}

Test(table, a_table_of_very_many_rules_still_answers_right)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table;
	const char *why;
	char text[64];
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), text, "", ""};

	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "/srv/%d/%d", i % 317, i);
		cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	}
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	cr_assert_eq(mon_table_count(table), 100000);
	for (int i = 0; i < 100000; i += 97) {
		snprintf(text, sizeof(text), "fs.read /srv/%d/%d", i % 317, i);
		cr_assert_eq(decide(table, text).rule, (uint32_t)i);
		snprintf(text, sizeof(text), "fs.read /srv/%d/%d", (i + 1) % 317, i);
		denies(table, text);
	}
	mon_table_free(table);
	mon_builder_free(builder);
}
