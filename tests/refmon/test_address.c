/* Addresses: their syntax, and deciding on them. */
#include "refmon/address.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "refmon/table.h"
#include "tests/refmon/support.h"

#define allows(table, question) cr_assert_eq(verdict(table, question), MON_ALLOW, "%s", question)
#define denies(table, question) cr_assert_eq(verdict(table, question), MON_DENY, "%s", question)

static struct mon_address parse(const char *text)
{
	struct mon_address address;
	enum mon_flaw flaw = mon_address_parse(text, strlen(text), &address);

	cr_assert_eq(flaw, MON_FLAW_NONE, "%s: %s", text, mon_flaw_text(flaw));
	return address;
}

static enum mon_flaw flaw_of(const char *text)
{
	struct mon_address address;

	return mon_address_parse(text, strlen(text), &address);
}

Test(address, without_scheme_means_tcp_and_udp_and_without_port_all_of_them)
{
	struct mon_address address = parse("example.org");

	cr_assert(address.tcp && address.udp);
	cr_assert_eq(address.port_low, 0);
	cr_assert_eq(address.port_high, 65535);
	address = parse("udp://[::1]");
	cr_assert(!address.tcp && address.udp);
	address = parse("tcp://10.0.0.1:*");
	cr_assert(address.tcp && !address.udp);
	cr_assert_eq(address.port_high, 65535);
}

Test(address, forms_are_told_apart)
{
	cr_assert_eq(parse(":443").host, MON_HOST_ANY);
	cr_assert_eq(parse("192.0.2.1:1").host, MON_HOST_V4);
	cr_assert_eq(parse("10.0.0.0/8:8000-8999").prefix, 8);
	cr_assert_eq(parse("[2001:db8::/32]:443").prefix, 32);
	cr_assert_eq(parse("[2001:db8::1]").host, MON_HOST_V6);
	cr_assert_eq(parse("*.example.org:443").host, MON_HOST_DOMAIN);
	cr_assert_eq(parse("1.2.example").host, MON_HOST_NAME);
	cr_assert_eq(parse("unix:/run/*.sock").host, MON_HOST_UNIX);
	cr_assert_eq(parse("unix:@bus-*").host, MON_HOST_ABSTRACT);
	cr_assert_str_eq(parse("EXAMPLE.org.:1").name, "example.org");
}

Test(address, mapped_ipv4_is_ipv4)
{
	struct mon_address address = parse("[::ffff:10.0.0.0/104]");

	cr_assert_eq(address.host, MON_HOST_V4);
	cr_assert_eq(address.prefix, 8);
	cr_assert_eq(address.bytes[0], 10);
}

Test(address, each_malformed_form_has_its_flaw)
{
	static const struct {
		const char *text;
		enum mon_flaw flaw;
	} cases[] = {
	    {"", MON_FLAW_EMPTY},
	    {"http://example.org", MON_FLAW_SCHEME},
	    {"tcp://", MON_FLAW_HOST},
	    {"unix:", MON_FLAW_UNIX},
	    {"unix:relative", MON_FLAW_UNIX},
	    {"unix:@", MON_FLAW_UNIX},
	    {"unix:/a/../b", MON_FLAW_DOTS},
	    {"unix:@a**", MON_FLAW_STARS},
	    {"::1", MON_FLAW_BRACKETS},
	    {"2001:db8::1:443", MON_FLAW_BRACKETS},
	    {"[::1", MON_FLAW_BRACKETS},
	    {"[::1]443", MON_FLAW_PORT},
	    {"[::g]", MON_FLAW_IPV6},
	    {"[]", MON_FLAW_IPV6},
	    {"[10.0.0.1]", MON_FLAW_IPV6},
	    {"[::/129]", MON_FLAW_PREFIX},
	    {"[2001:db8::1/32]", MON_FLAW_HOST_BITS},
	    {"256.0.0.1", MON_FLAW_IPV4},
	    {"1.2.3", MON_FLAW_IPV4},
	    {"0x7f.1/8", MON_FLAW_IPV4},
	    {"10.0.0.0/33", MON_FLAW_PREFIX},
	    {"10.0.0.0/", MON_FLAW_PREFIX},
	    {"10.0.0.0/08", MON_FLAW_PREFIX},
	    {"10.0.0.1/8", MON_FLAW_HOST_BITS},
	    {"*:80", MON_FLAW_ANY_HOST},
	    {"a*.example.org", MON_FLAW_HOST},
	    {"*.*.org", MON_FLAW_HOST},
	    {"*.", MON_FLAW_HOST},
	    {"a..b", MON_FLAW_HOST},
	    {".a", MON_FLAW_HOST},
	    {"b\xc3\xbc"
	     "cher.example",
	     MON_FLAW_HOST},
	    {"a b", MON_FLAW_HOST},
	    {"a:", MON_FLAW_PORT},
	    {"a:65536", MON_FLAW_PORT},
	    {"a:-1", MON_FLAW_PORT},
	    {"a:1-", MON_FLAW_PORT},
	    {"a:2-1", MON_FLAW_PORT},
	    {"a:080", MON_FLAW_PORT},
	    {"a:http", MON_FLAW_PORT},
	    {"a:1-2-3", MON_FLAW_PORT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(flaw_of(cases[i].text), cases[i].flaw, "\"%s\": %s", cases[i].text,
			     mon_flaw_text(flaw_of(cases[i].text)));
}

Test(address, a_label_has_at_most_63_bytes_and_a_name_253)
{
	char text[300];

	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	cr_assert_eq(flaw_of(text), MON_FLAW_NONE);
	text[63] = 'a';
	text[64] = '\0';
	cr_assert_eq(flaw_of(text), MON_FLAW_HOST);
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i - 1] = 'a', text[i] = '.';
	text[253] = '\0';
	cr_assert_eq(flaw_of(text), MON_FLAW_NONE);
	text[253] = '.', text[254] = 'a', text[255] = '\0';
	cr_assert_eq(flaw_of(text), MON_FLAW_HOST);
}

/* --- deciding --- */

Test(address, host_and_port_both_have_to_match)
{
	struct mon_table *table = table_of("allow net.connect example.org:443", NULL);

	allows(table, "net.connect example.org:443");
	allows(table, "net.connect EXAMPLE.ORG.:443");
	denies(table, "net.connect example.org:80");
	denies(table, "net.connect www.example.org:443");
	denies(table, "net.connect xexample.org:443");
	denies(table, "net.connect 192.0.2.1:443");
	denies(table, "net.listen example.org:443");
	mon_table_free(table);
}

Test(address, a_domain_is_every_name_below_it_and_not_itself)
{
	struct mon_table *table = table_of("allow net.connect *.example.org:443", NULL);

	allows(table, "net.connect a.example.org:443");
	allows(table, "net.connect a.b.example.org:443");
	denies(table, "net.connect example.org:443");
	denies(table, "net.connect badexample.org:443");
	denies(table, "net.connect a.example.org.evil.net:443");
	mon_table_free(table);
}

Test(address, prefixes_of_every_length_match_as_they_should)
{
	for (unsigned bits = 0; bits <= 32; bits++) {
		uint32_t mask = bits ? ~UINT32_C(0) << (32 - bits) : 0, base = 0xa5c3965au & mask;
		char rule[64], inside[64], outside[64];
		uint32_t last = base | ~mask,
			 other = bits ? base ^ (UINT32_C(1) << (32 - bits)) : 0;
		struct mon_table *table;

		snprintf(rule, sizeof(rule), "allow net.connect %u.%u.%u.%u/%u:80", base >> 24,
			 base >> 16 & 255, base >> 8 & 255, base & 255, bits);
		snprintf(inside, sizeof(inside), "net.connect %u.%u.%u.%u:80", last >> 24,
			 last >> 16 & 255, last >> 8 & 255, last & 255);
		snprintf(outside, sizeof(outside), "net.connect %u.%u.%u.%u:80", other >> 24,
			 other >> 16 & 255, other >> 8 & 255, other & 255);
		table = table_of(rule, NULL);
		allows(table, inside);
		if (bits)
			denies(table, outside);
		mon_table_free(table);
	}
}

Test(address, ipv6_prefixes_match)
{
	struct mon_table *table =
	    table_of("allow net.connect [2001:db8::/33]:443", "deny net.connect [2001:db8::1]",
		     "allow net.connect [::/0]:80", NULL);

	allows(table, "net.connect [2001:db8:7fff::]:443");
	denies(table, "net.connect [2001:db8:8000::]:443");
	denies(table, "net.connect [2001:db8::1]:443");
	allows(table, "net.connect [fe80::1]:80");
	denies(table, "net.connect [fe80::1]:81");
	mon_table_free(table);
}

Test(address, mapped_addresses_are_decided_as_ipv4)
{
	struct mon_table *table =
	    table_of("allow net.connect [::/0]", "deny net.connect 10.0.0.0/8",
		     "allow net.connect :443", NULL);
	struct mon_object object = {.kind = CD_OBJECT_ADDRESS,
				    .proto = MON_TCP,
				    .family = 6,
				    .address = {[10] = 0xff, [11] = 0xff, 10, 1, 2, 3},
				    .port = 443};
	struct mon_decision decision;

	mon_decide(table, CD_OPBIT(CD_OP_NET_CONNECT), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	cr_assert_eq(decision.rule, 1);
	mon_table_free(table);
}

Test(address, every_port_range_matches_exactly_its_ports)
{
	static const uint16_t ranges[][2] = {
	    {0, 0},	   {0, 65535},	   {1, 65535},	   {0, 65534}, {1, 65534},  {8000, 8999},
	    {1024, 65535}, {65535, 65535}, {32767, 32768}, {3, 5},     {4096, 8191}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		char rule[64];
		struct mon_table *table;
		struct mon_object object;

		snprintf(rule, sizeof(rule), "allow net.connect 10.0.0.1:%u-%u", ranges[i][0],
			 ranges[i][1]);
		table = table_of(rule, NULL);
		cr_assert_eq(mon_object_parse(CD_OP_NET_CONNECT, "10.0.0.1:1", &object), CD_OK);
		for (unsigned port = 0; port <= UINT16_MAX; port++) {
			struct mon_decision decision;
			bool inside = port >= ranges[i][0] && port <= ranges[i][1];

			object.port = (uint16_t)port;
			mon_decide(table, CD_OPBIT(CD_OP_NET_CONNECT), &object, &decision);
			cr_assert_eq(decision.verdict, inside ? MON_ALLOW : MON_DENY, "%s, port %u",
				     rule, port);
		}
		mon_table_free(table);
	}
}

Test(address, schemes_keep_protocols_apart_and_their_absence_does_not)
{
	struct mon_table *table =
	    table_of("allow net.connect udp://1.1.1.1:53", "allow net.connect tcp://1.1.1.1:80",
		     "allow net.connect 1.1.1.1:443", "allow net.send :123", NULL);

	allows(table, "net.connect udp://1.1.1.1:53");
	denies(table, "net.connect tcp://1.1.1.1:53");
	denies(table, "net.connect udp://1.1.1.1:80");
	allows(table, "net.connect 1.1.1.1:80");
	allows(table, "net.connect udp://1.1.1.1:443");
	allows(table, "net.connect tcp://1.1.1.1:443");
	allows(table, "net.send 192.0.2.1:123");
	mon_table_free(table);
}

Test(address, deny_by_address_wins_over_allow_by_name)
{
	struct mon_table *table = table_of("allow net.connect *.example.org:443",
					   "deny net.connect 169.254.0.0/16", NULL);
	struct mon_object object = {.kind = CD_OBJECT_ADDRESS,
				    .proto = MON_TCP,
				    .text = "a.example.org",
				    .len = 13,
				    .family = 4,
				    .address = {169, 254, 169, 254},
				    .port = 443};
	struct mon_decision decision;

	mon_decide(table, CD_OPBIT(CD_OP_NET_CONNECT), &object, &decision);
	cr_assert_eq(decision.verdict, MON_DENY);
	cr_assert_eq(decision.rule, 1);
	object.address[0] = 93;
	mon_decide(table, CD_OPBIT(CD_OP_NET_CONNECT), &object, &decision);
	cr_assert_eq(decision.verdict, MON_ALLOW);
	mon_table_free(table);
}

Test(address, localhost_is_the_name_and_both_loopback_addresses)
{
	struct mon_table *table = table_of("allow net.connect localhost:8080", NULL);

	allows(table, "net.connect localhost:8080");
	allows(table, "net.connect 127.0.0.1:8080");
	allows(table, "net.connect [::1]:8080");
	denies(table, "net.connect 127.0.0.2:8080");
	denies(table, "net.connect 127.0.0.1:80");
	mon_table_free(table);
}

Test(address, any_host_is_not_any_unix_socket)
{
	struct mon_table *table = table_of("allow net.* :*", NULL);

	allows(table, "net.connect 192.0.2.1:1");
	allows(table, "net.connect [2001:db8::1]:65535");
	allows(table, "net.connect any.example:0");
	allows(table, "net.listen 0.0.0.0:0");
	denies(table, "net.connect unix:/run/x");
	denies(table, "net.connect unix:@x");
	mon_table_free(table);
}

Test(address, unix_paths_are_patterns_and_abstract_names_are_words)
{
	struct mon_table *table =
	    table_of("allow net.connect unix:/run/app/**", "deny net.connect unix:/run/app/*.ctl",
		     "allow net.connect unix:@app-*", NULL);

	allows(table, "net.connect unix:/run/app/a/b");
	denies(table, "net.connect unix:/run/app/x.ctl");
	denies(table, "net.connect unix:/run/other");
	allows(table, "net.connect unix:@app-1/x");
	denies(table, "net.connect unix:@other");
	mon_table_free(table);
}

Test(address, malformed_objects_are_denied_even_where_all_is_allowed)
{
	struct mon_table *table =
	    table_of("allow net.* :*", "allow net.* unix:/**", "allow net.* unix:@*", NULL);
	struct mon_object objects[] = {
	    {.kind = CD_OBJECT_ADDRESS, .proto = MON_TCP, .family = 5, .port = 1},
	    {.kind = CD_OBJECT_ADDRESS, .proto = MON_TCP, .family = 0, .port = 1},
	    {.kind = CD_OBJECT_ADDRESS,
	     .proto = MON_TCP,
	     .family = 4,
	     .port = 1,
	     .text = "a b",
	     .len = 3},
	    {.kind = CD_OBJECT_ADDRESS, .proto = MON_UNIX},
	    {.kind = CD_OBJECT_ADDRESS, .proto = MON_UNIX, .text = "", .len = 0},
	    {.kind = CD_OBJECT_ADDRESS, .proto = MON_UNIX, .text = "a", .len = 1},
	    {.kind = CD_OBJECT_ADDRESS, .proto = MON_UNIX, .text = "/a/../b", .len = 7},
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct mon_decision decision;

		mon_decide(table, CD_OPBIT(CD_OP_NET_CONNECT), &objects[i], &decision);
		cr_assert_eq(decision.verdict, MON_DENY, "object %zu", i);
	}
	mon_table_free(table);
}

Test(address, objects_are_one_host_and_one_port)
{
	static const char *const bad[] = {
	    "example.org",	"example.org:1-2", "10.0.0.0/8:80", "[::/0]:1", ":80",
	    "*.example.org:80", "unix:/a/*/../b",  "unix:rel",	    "x y:1",	""};
	struct mon_object object;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(mon_object_parse(CD_OP_NET_CONNECT, bad[i], &object), CD_EINVAL, "%s",
			     bad[i]);
	cr_assert_eq(mon_object_parse(CD_OP_COUNT, "/a", &object), CD_EINVAL);
	cr_assert_eq(mon_object_parse(CD_OP_FS_READ, "a", &object), CD_EINVAL);
	cr_assert_eq(mon_object_parse(CD_OP_PROC_SIGNAL, "", &object), CD_EINVAL);
	cr_assert_eq(mon_object_parse(CD_OP_NET_SEND, "10.1.2.3:53", &object), CD_OK);
	cr_assert_eq(object.proto, MON_UDP);
	cr_assert_eq(object.family, 4);
	cr_assert_eq(object.port, 53);
	cr_assert_eq(mon_object_parse(CD_OP_NET_CONNECT, "Example.org:53", &object), CD_OK);
	cr_assert_eq(object.proto, MON_TCP);
	cr_assert_eq(object.len, 11);
}

Test(address, very_many_rules_still_answer_right)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table;
	const char *why;
	char text[64];
	struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_NET_CONNECT), text, "", ""};

	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.0/24:%d-%d", i / 256, i % 256, 1000 + i % 50,
			 2000 + i % 50);
		cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	}
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	for (int i = 0; i < 20000; i += 13) {
		snprintf(text, sizeof(text), "net.connect 10.%d.%d.9:%d", i / 256, i % 256,
			 2000 + i % 50);
		cr_assert_eq(decide(table, text).rule, (uint32_t)i);
		snprintf(text, sizeof(text), "net.connect 10.%d.%d.9:%d", i / 256, i % 256,
			 2001 + i % 50);
		denies(table, text);
	}
	mon_table_free(table);
	mon_builder_free(builder);
}
