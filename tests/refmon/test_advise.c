/* Advice for a denial. */
#include "refmon/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char flag_text[8192], policy_text[8192];

static void advise_object(enum cd_op op, const struct mon_object *object)
{
	struct cd_buf flag, policy;

	cd_buf_init(&flag, flag_text, sizeof(flag_text));
	cd_buf_init(&policy, policy_text, sizeof(policy_text));
	mon_advise_flag(op, object, &flag);
	mon_advise_policy(op, object, &policy);
}

static void advise(enum cd_op op, const char *text)
{
	struct mon_object object;

	cr_assert_eq(mon_object_parse(op, text, &object), CD_OK, "%s", text);
	advise_object(op, &object);
}

Test(advise, names_the_flag_and_the_policy_line)
{
	static const struct {
		enum cd_op op;
		const char *object, *flag, *policy;
	} cases[] = {
	    {CD_OP_FS_READ, "/etc/shadow", "--allow-read=/etc/shadow",
	     "\"allow\": {\"fs.read\": [\"/etc/shadow\"]}"},
	    {CD_OP_FS_REMOVE, "/x", "--allow-write=/x", "\"allow\": {\"fs.remove\": [\"/x\"]}"},
	    {CD_OP_FS_EXEC, "/bin/sh", "--allow-run=/bin/sh",
	     "\"allow\": {\"fs.exec\": [\"/bin/sh\"]}"},
	    {CD_OP_FS_STAT, "/x", "--allow=fs.stat:/x", "\"allow\": {\"fs.stat\": [\"/x\"]}"},
	    {CD_OP_NET_CONNECT, "Example.org:443", "--allow-net=example.org:443",
	     "\"allow\": {\"net.connect\": [\"example.org:443\"]}"},
	    {CD_OP_NET_LISTEN, "[::1]:80", "--allow-listen='[::1]:80'",
	     "\"allow\": {\"net.listen\": [\"[::1]:80\"]}"},
	    {CD_OP_NET_SEND, "1.1.1.1:53", "--allow-net=udp://1.1.1.1:53",
	     "\"allow\": {\"net.send\": [\"udp://1.1.1.1:53\"]}"},
	    {CD_OP_NET_CONNECT, "unix:/run/x", "--allow-net=unix:/run/x",
	     "\"allow\": {\"net.connect\": [\"unix:/run/x\"]}"},
	    {CD_OP_DEV_IOCTL, "T.0x5413", "--allow=dev.ioctl:T.0x5413",
	     "\"allow\": {\"dev.ioctl\": [\"T.0x5413\"]}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		advise(cases[i].op, cases[i].object);
		cr_assert_str_eq(flag_text, cases[i].flag);
		cr_assert_str_eq(policy_text, cases[i].policy);
	}
}

Test(advise, quotes_for_the_shell_and_for_json)
{
	advise(CD_OP_FS_READ, "/a b/$(rm -rf)/\"q\"");
	cr_assert_str_eq(flag_text, "--allow-read='/a b/$(rm -rf)/\"q\"'");
	cr_assert_str_eq(policy_text, "\"allow\": {\"fs.read\": [\"/a b/$(rm -rf)/\\\"q\\\"\"]}");
	advise(CD_OP_FS_READ, "/it's");
	cr_assert_str_eq(flag_text, "--allow-read='/it'\\''s'");
	advise(CD_OP_FS_READ, "/a\nb\\'\x1b[31m");
	cr_assert_str_eq(flag_text, "--allow-read=$'/a\\x0ab\\\\\\'\\x1b[31m'");
	cr_assert_str_eq(policy_text, "\"allow\": {\"fs.read\": [\"/a\\u000ab\\\\'\\u001b[31m\"]}");
	advise(CD_OP_FS_READ, "/\xc3\xa9t\xc3\xa9");
	cr_assert_str_eq(flag_text, "--allow-read='/\xc3\xa9t\xc3\xa9'");
}

Test(advise, a_name_with_a_comma_gets_the_flag_that_takes_no_list)
{
	advise(CD_OP_FS_READ, "/a,/etc");
	cr_assert_str_eq(flag_text, "--allow=fs.read:/a,/etc");
}

Test(advise, what_would_be_read_as_a_variable_is_escaped)
{
	advise(CD_OP_FS_STAT, "/a${HOME}");
	cr_assert_str_eq(flag_text, "--allow='fs.stat:/a$${HOME}'");
	cr_assert_str_eq(policy_text, "\"allow\": {\"fs.stat\": [\"/a$${HOME}\"]}");
	advise(CD_OP_FS_READ, "/a${HOME}");
	cr_assert_str_eq(flag_text, "--allow-read='/a${HOME}'");
}

Test(advise, offers_nothing_that_would_grant_more_than_the_object)
{
	struct mon_object object;

	advise(CD_OP_FS_READ, "/home/*");
	cr_assert_str_empty(flag_text);
	cr_assert_str_empty(policy_text);
	advise(CD_OP_FS_READ, "/x/**");
	cr_assert_str_empty(flag_text);
	advise(CD_OP_FS_READ, "/not\xff"
			      "utf8");
	cr_assert_str_empty(flag_text);
	cr_assert_str_empty(policy_text);
	object = (struct mon_object){.kind = CD_OBJECT_ADDRESS, .family = 0, .port = 80};
	advise_object(CD_OP_NET_CONNECT, &object);
	cr_assert_str_empty(flag_text);
	object = (struct mon_object){.kind = CD_OBJECT_PATH, .text = "/a", .len = 2};
	advise_object(CD_OP_NET_CONNECT, &object);
	cr_assert_str_empty(flag_text);
}

Test(advise, a_host_name_that_is_none_gives_way_to_the_address)
{
	struct mon_object object = {.kind = CD_OBJECT_ADDRESS,
				    .family = 4,
				    .address = {192, 0, 2, 1},
				    .port = 80,
				    .text = "x y",
				    .len = 3};

	advise_object(CD_OP_NET_CONNECT, &object);
	cr_assert_str_eq(flag_text, "--allow-net=192.0.2.1:80");
}

Test(advise, what_is_advised_does_allow_the_object)
{
	static const char *const questions[] = {"fs.read /a/b c",
						"fs.exec /bin/x",
						"net.connect example.org:443",
						"net.connect [2001:db8::1]:1",
						"net.send 192.0.2.1:53",
						"net.connect unix:/run/s",
						"net.connect unix:@abs",
						"proc.signal 12"};

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct mon_builder *builder = mon_builder_new();
		const char *space = strchr(questions[i], ' '), *start, *why;
		enum cd_op op =
		    __builtin_ctzll(cd_ops_named(questions[i], (size_t)(space - questions[i])));
		struct mon_rule rule = {MON_ALLOW, CD_OPBIT(op), NULL, "", ""};
		struct mon_decision decision;
		struct mon_object object;
		struct mon_table *table;
		char pattern[256];

		advise(op, space + 1);
		start = strstr(policy_text, "[\"") + 2;
		snprintf(pattern, sizeof(pattern), "%.*s", (int)(strstr(start, "\"]}") - start),
			 start);
		rule.pattern = pattern;
		cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK, "%s: %s", pattern, why);
		cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
		cr_assert_eq(mon_object_parse(op, space + 1, &object), CD_OK);
		mon_decide(table, CD_OPBIT(op), &object, &decision);
		cr_assert_eq(decision.verdict, MON_ALLOW, "%s", questions[i]);
		mon_table_free(table);
		mon_builder_free(builder);
	}
}
