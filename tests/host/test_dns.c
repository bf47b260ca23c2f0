/* DNS messages: what a query may look like, and what of an answer is believed. */
#include "host/dns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "\1a\7example\0" and so on; how many bytes. */
static size_t put_name(unsigned char *at, const char *name)
{
	size_t len = 0;

	while (*name) {
		size_t label = strcspn(name, ".");

		at[len++] = (unsigned char)label;
		memcpy(at + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	at[len++] = 0;
	return len;
}

static size_t put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
	return 2;
}

static unsigned get16(const unsigned char *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static size_t make_query(unsigned char *packet, const char *name, unsigned type)
{
	static const unsigned char header[12] = {0x12, 0x34, 0x01, 0, 0, 1};
	size_t len = sizeof(header);

	memcpy(packet, header, sizeof(header));
	len += put_name(packet + len, name);
	len += put16(packet + len, type);
	return len + put16(packet + len, 1);
}

static size_t put_opt(unsigned char *at, unsigned size, unsigned version)
{
	memset(at, 0, 11);
	put16(at + 1, HOST_DNS_OPT);
	put16(at + 3, size);
	at[6] = (unsigned char)version;
	return 11;
}

/* --- queries --- */

Test(dns, a_query_is_read)
{
	unsigned char packet[600];
	size_t len = make_query(packet, "Www.Example.ORG", HOST_DNS_AAAA);
	struct host_dns_query query;

	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	cr_assert_eq(query.id, 0x1234);
	cr_assert_eq(query.type, HOST_DNS_AAAA);
	cr_assert_str_eq(query.name, "www.example.org");
	cr_assert_eq(query.name_len, 15);
	cr_assert(query.is_host && query.recursion && !query.edns);
	cr_assert_eq(query.room, 512);
	cr_assert_eq(query.question_len, len - 12);
	packet[11] = 1;
	len += put_opt(packet + len, 4096, 0);
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	cr_assert(query.edns);
	cr_assert_eq(query.room, 1232);
	put16(packet + len - 11 + 3, 100);
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	cr_assert_eq(query.room, 512);
	packet[len - 5] = 1;
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_BADVERS);
}

Test(dns, each_malformed_query_is_told_so)
{
	static const struct {
		size_t at;
		unsigned char value;
		enum host_dns_rcode rcode;
	} changes[] = {
	    {2, 0x80, HOST_DNS_IGNORE},	 /* a reply */
	    {2, 0x08, HOST_DNS_NOTIMP},	 /* inverse query */
	    {2, 0x28, HOST_DNS_NOTIMP},	 /* update */
	    {2, 0x03, HOST_DNS_FORMERR}, /* truncated */
	    {4, 1, HOST_DNS_FORMERR},	 /* 257 questions */
	    {5, 0, HOST_DNS_FORMERR},	 /* none */
	    {5, 2, HOST_DNS_FORMERR},	    {7, 1, HOST_DNS_FORMERR},
	    {9, 1, HOST_DNS_FORMERR},	    {11, 1, HOST_DNS_FORMERR},
	    {11, 2, HOST_DNS_FORMERR},	    {12, 0xc0, HOST_DNS_FORMERR}, /* compressed */
	    {12, 0x41, HOST_DNS_FORMERR},   /* a label of a form that never was */
	    {12, 63, HOST_DNS_FORMERR},	    /* beyond the end */
	    {12, 0, HOST_DNS_REFUSED},	    /* the root, then a strange class */
	    {16 + 13, 3, HOST_DNS_REFUSED}, /* class CHAOS */
	};
	unsigned char packet[600], good[600];
	size_t len = make_query(good, "abc.example", HOST_DNS_A);
	struct host_dns_query query;

	cr_assert_eq(len, 12 + 13 + 4);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		size_t end = changes[i].at == 12 && !changes[i].value ? 17 : len;

		memcpy(packet, good, sizeof(packet));
		if (changes[i].at < len)
			packet[changes[i].at] = changes[i].value;
		else
			packet[len - 1] = changes[i].value;
		cr_expect_eq(host_dns_read(packet, end, &query), changes[i].rcode, "change %zu", i);
	}
	for (size_t end = 0; end < len; end++)
		cr_expect_eq(host_dns_read(good, end, &query),
			     end < 12 ? HOST_DNS_IGNORE : HOST_DNS_FORMERR, "%zu bytes", end);
	memcpy(packet, good, sizeof(packet));
	packet[len] = 0;
	cr_expect_eq(host_dns_read(packet, len + 1, &query), HOST_DNS_FORMERR, "a byte too many");
}

Test(dns, names_have_at_most_255_bytes_and_labels_63)
{
	unsigned char packet[600];
	char name[300];
	struct host_dns_query query;
	size_t len;

	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < 253; i += 64)
		name[i] = '.';
	name[253] = '\0';
	len = make_query(packet, name, HOST_DNS_A);
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	cr_assert_str_eq(query.name, name);
	cr_assert_eq(query.name_len, 253);
	name[253] = 'a';
	name[254] = '\0';
	len = make_query(packet, name, HOST_DNS_A);
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_FORMERR);
	/* As many labels as there can be. */
	for (size_t i = 0; i < 253; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = '\0';
	len = make_query(packet, name, HOST_DNS_A);
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	cr_assert_eq(query.name_len, 253);
}

Test(dns, what_is_no_host_name_is_shown_and_is_none)
{
	static const char *const names[] = {"a b", "a\xff", "a\x1b[m", "*", "a/b", "\\"};
	unsigned char packet[600];
	struct host_dns_query query;
	size_t len;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = make_query(packet, names[i], HOST_DNS_A);
		cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
		cr_expect(!query.is_host && strchr(query.name, '?'), "%s", query.name);
		cr_expect_eq(strspn(query.name, "abm?"), query.name_len);
	}
	/* A dot within a label is not one between two. */
	len = make_query(packet, "wwwXexample.org", HOST_DNS_A);
	packet[12 + 1 + 3] = '.';
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	cr_expect(!query.is_host);
	cr_expect_str_eq(query.name, "www?example.org");
	/* The root is no host. */
	len = make_query(packet, "", HOST_DNS_NS);
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	cr_expect(!query.is_host && query.name_len == 0);
}

/* --- replies --- */

static struct host_dns_query query_for(const char *name, unsigned type, bool edns)
{
	unsigned char packet[600];
	size_t len = make_query(packet, name, type);
	struct host_dns_query query;

	if (edns) {
		packet[11] = 1;
		len += put_opt(packet + len, 4096, 0);
	}
	cr_assert_eq(host_dns_read(packet, len, &query), HOST_DNS_OK);
	return query;
}

Test(dns, a_reply_echoes_the_question_in_its_case)
{
	struct host_dns_query query = query_for("ExAmple.org", HOST_DNS_A, false);
	struct host_dns_address address = {4, {192, 0, 2, 1}, 300};
	unsigned char out[512];
	size_t len = host_dns_reply_addresses(&query, &address, 1, out, sizeof(out));

	cr_assert_eq(len, 12 + query.question_len + 16);
	cr_expect_eq(get16(out), 0x1234);
	cr_expect_eq(get16(out + 2), 0x8180);
	cr_expect_eq(get16(out + 4), 1);
	cr_expect_eq(get16(out + 6), 1);
	cr_expect_eq(get16(out + 8) | get16(out + 10), 0);
	cr_expect_eq(memcmp(out + 12, query.question, query.question_len), 0);
	cr_expect_eq(memcmp(out + 13, "ExAmple", 7), 0);
	cr_expect_eq(memcmp(out + len - 16, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1", 16), 0);
}

Test(dns, what_does_not_fit_is_left_out_and_marked)
{
	struct host_dns_address addresses[HOST_DNS_ADDRESS_MAX];
	struct host_dns_query query = query_for("example.org", HOST_DNS_AAAA, true);
	unsigned char out[1232];

	for (size_t i = 0; i < HOST_DNS_ADDRESS_MAX; i++)
		addresses[i] = (struct host_dns_address){6, {0x20, 1, [15] = (unsigned char)i}, 1};
	for (size_t room = 512; room <= sizeof(out); room++) {
		size_t len =
		    host_dns_reply_addresses(&query, addresses, HOST_DNS_ADDRESS_MAX, out, room);
		size_t fits = (room - 12 - query.question_len - 11) / 28;

		cr_assert_leq(len, room);
		cr_assert_eq(get16(out + 6), fits);
		cr_assert(get16(out + 2) & 0x0200);
		cr_assert_eq(get16(out + 10), 1);
	}
	host_dns_reply_addresses(&query, addresses, 2, out, 512);
	cr_assert(!(get16(out + 2) & 0x0200));
}

Test(dns, the_longest_name_fits_every_reply)
{
	struct host_dns_query query;
	unsigned char out[512];
	char name[254];

	for (size_t i = 0; i < 253; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = '\0';
	query = query_for(name, HOST_DNS_PTR, true);
	cr_expect_leq(host_dns_reply_name(&query, name, out, sizeof(out)), sizeof(out));
	cr_expect_leq(host_dns_reply_blocked(&query, out, sizeof(out)), sizeof(out));
	cr_expect_eq(get16(out + 2) & 15, HOST_DNS_NXDOMAIN);
	cr_expect_eq(get16(out + 10), 1);
	query = query_for("x.example", HOST_DNS_PTR, false);
	cr_expect_leq(host_dns_reply_name(&query, name, out, sizeof(out)), sizeof(out));
	cr_expect_eq(get16(out + 6), 1);
}

Test(dns, a_raw_answer_is_passed_on_under_our_header)
{
	struct host_dns_query query = query_for("Example.org", HOST_DNS_TXT, false);
	unsigned char answer[2000] = {0}, out[2000];
	size_t len = make_query(answer, "example.org", HOST_DNS_TXT);

	put16(answer, 0x9999);
	put16(answer + 2, 0x8583 | 0x0040);
	cr_assert_eq(host_dns_reply_raw(&query, answer, len, out, 512), len);
	cr_expect_eq(get16(out), 0x1234);
	cr_expect_eq(get16(out + 2), 0x8183, "our flags, its code");
	cr_expect_eq(memcmp(out + 13, "Example", 7), 0);
	cr_expect_eq(host_dns_reply_raw(&query, answer, 600, out, 512), 12 + query.question_len);
	cr_expect(get16(out + 2) & 0x0200);
	cr_expect_eq(host_dns_reply_raw(&query, answer, 600, out, 2000), 600);
	/* To another question, or cut short: nothing of it. */
	answer[13] = 'x';
	cr_expect_eq(host_dns_reply_raw(&query, answer, len, out, 512), 12 + query.question_len);
	cr_expect_eq(get16(out + 2) & 15, HOST_DNS_SERVFAIL);
	answer[13] = 'e';
	cr_expect_eq(host_dns_reply_raw(&query, answer, len - 1, out, 512),
		     12 + query.question_len);
	cr_expect_eq(get16(out + 2) & 15, HOST_DNS_SERVFAIL);
}

/* --- answers --- */

struct answer {
	unsigned char bytes[2000];
	size_t len;
};

static struct answer answer_for(const char *name, unsigned type)
{
	struct answer answer = {0};

	answer.len = make_query(answer.bytes, name, type);
	put16(answer.bytes + 2, 0x8180);
	return answer;
}

/* section: 6 answer, 8 authority, 10 additional */
static void add_record(struct answer *answer, size_t section, const char *owner, unsigned type,
		       const void *data, size_t len)
{
	unsigned char *at = answer->bytes;

	put16(at + section, get16(at + section) + 1);
	at += answer->len;
	at += put_name(at, owner);
	at += put16(at, type);
	at += put16(at, 1);
	at += put16(at, 0);
	at += put16(at, 60);
	at += put16(at, (unsigned)len);
	memcpy(at, data, len);
	answer->len = (size_t)(at - answer->bytes) + len;
}

static void add_v4(struct answer *answer, size_t section, const char *owner, const char *address)
{
	unsigned char bytes[4];

	cr_assert_eq(inet_pton(AF_INET, address, bytes), 1);
	add_record(answer, section, owner, HOST_DNS_A, bytes, 4);
}

static void add_cname(struct answer *answer, const char *owner, const char *name)
{
	unsigned char bytes[256];

	add_record(answer, 6, owner, HOST_DNS_CNAME, bytes, put_name(bytes, name));
}

/* The addresses that are believed, in one line. */
static const char *believed(const struct answer *answer)
{
	static char line[HOST_DNS_ADDRESS_MAX * 20];
	struct host_dns_query query = query_for("example.org", HOST_DNS_A, false);
	struct host_dns_address found[HOST_DNS_ADDRESS_MAX];
	size_t count, at = 0;

	line[0] = '\0';
	if (!host_dns_addresses(&query, answer->bytes, answer->len, found, &count))
		return "malformed";
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%u.%u.%u.%u ",
				       found[i].bytes[0], found[i].bytes[1], found[i].bytes[2],
				       found[i].bytes[3]);
	return line;
}

Test(dns, addresses_of_the_name_and_of_its_aliases_are_believed)
{
	struct answer answer = answer_for("EXAMPLE.org", HOST_DNS_A);

	cr_expect_str_eq(believed(&answer), "");
	add_v4(&answer, 6, "Example.Org", "192.0.2.1");
	add_v4(&answer, 6, "example.org", "192.0.2.2");
	cr_expect_str_eq(believed(&answer), "192.0.2.1 192.0.2.2 ");
	answer = answer_for("example.org", HOST_DNS_A);
	add_cname(&answer, "example.org", "a.CDN.example");
	add_cname(&answer, "a.cdn.example", "b.cdn.example");
	add_v4(&answer, 6, "b.cdn.example", "192.0.2.3");
	cr_expect_str_eq(believed(&answer), "192.0.2.3 ");
}

Test(dns, nothing_else_in_an_answer_is_believed)
{
	struct answer answer = answer_for("example.org", HOST_DNS_A);
	unsigned char v6[16] = {0x20};

	add_v4(&answer, 6, "bank.example", "192.0.2.9"); /* another name's */
	add_v4(&answer, 6, "www.example.org", "192.0.2.9");
	add_cname(&answer, "bank.example", "b.example"); /* another name's alias */
	add_v4(&answer, 6, "b.example", "192.0.2.9");
	add_record(&answer, 6, "example.org", HOST_DNS_AAAA, v6, 16); /* another type */
	add_record(&answer, 6, "example.org", HOST_DNS_A, v6, 5);     /* another length */
	add_record(&answer, 6, "example.org", HOST_DNS_TXT, "\3abc", 4);
	add_v4(&answer, 6, "example.org", "192.0.2.1");
	add_v4(&answer, 8, "example.org", "192.0.2.9"); /* another section */
	add_v4(&answer, 10, "example.org", "192.0.2.9");
	cr_expect_str_eq(believed(&answer), "192.0.2.1 ");
	/* An alias that leads away leads away for good. */
	answer = answer_for("example.org", HOST_DNS_A);
	add_cname(&answer, "example.org", "a.example");
	add_v4(&answer, 6, "example.org", "192.0.2.9");
	cr_expect_str_eq(believed(&answer), "");
	/* And one to what is no host name, nowhere. */
	answer = answer_for("example.org", HOST_DNS_A);
	add_cname(&answer, "example.org", "a b");
	add_v4(&answer, 6, "", "192.0.2.9");
	add_v4(&answer, 6, "a b", "192.0.2.9");
	cr_expect_str_eq(believed(&answer), "");
	/* To another question, nothing at all. */
	answer = answer_for("example.net", HOST_DNS_A);
	add_v4(&answer, 6, "example.org", "192.0.2.9");
	cr_expect_str_eq(believed(&answer), "malformed");
}

Test(dns, an_answer_that_is_cut_anywhere_does_no_harm)
{
	struct answer answer = answer_for("example.org", HOST_DNS_A);
	size_t whole;

	add_cname(&answer, "example.org", "a.example");
	add_v4(&answer, 6, "a.example", "192.0.2.1");
	whole = answer.len;
	for (answer.len = 0; answer.len < whole; answer.len++)
		cr_expect_str_eq(believed(&answer), "malformed", "%zu bytes", answer.len);
	/* And with each byte changed it says something or nothing. */
	for (size_t at = 0; at < whole; at++)
		for (unsigned value = 0; value < 256; value += 3) {
			struct answer changed = answer;

			changed.bytes[at] = (unsigned char)value;
			cr_assert_not_null(believed(&changed));
		}
}

Test(dns, more_addresses_than_are_taken)
{
	struct answer answer = answer_for("example.org", HOST_DNS_A);
	struct host_dns_query query = query_for("example.org", HOST_DNS_A, false);
	struct host_dns_address found[HOST_DNS_ADDRESS_MAX];
	size_t count;

	for (int i = 0; i < HOST_DNS_ADDRESS_MAX + 5; i++)
		add_v4(&answer, 6, "example.org", "192.0.2.1");
	cr_assert(host_dns_addresses(&query, answer.bytes, answer.len, found, &count));
	cr_assert_eq(count, HOST_DNS_ADDRESS_MAX);
}

/* --- names and addresses --- */

Test(dns, reverse_names_are_addresses)
{
	static const struct {
		const char *name, *address;
	} table[] = {
	    {"1.2.0.192.in-addr.arpa", "192.0.2.1"},
	    {"255.255.255.255.in-addr.arpa", "255.255.255.255"},
	    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	     "2001:db8::1"},
	    {"2.0.192.in-addr.arpa", NULL},
	    {"256.2.0.192.in-addr.arpa", NULL},
	    {"1.2.3.4.5.in-addr.arpa", NULL},
	    {"1.2..4.in-addr.arpa", NULL},
	    {"x.2.3.4.in-addr.arpa", NULL},
	    {"in-addr.arpa", NULL},
	    {".in-addr.arpa", NULL},
	    {"1.2.0.192.in-addr.arpa.example", NULL},
	    {"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL},
	    {"g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", NULL},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct host_dns_address address;
		bool is = host_dns_reverse(table[i].name, strlen(table[i].name), &address);
		char text[INET6_ADDRSTRLEN];

		cr_expect_eq(is, table[i].address != NULL, "%s", table[i].name);
		if (is && table[i].address) {
			inet_ntop(address.family == 4 ? AF_INET : AF_INET6, address.bytes, text,
				  sizeof(text));
			cr_expect_str_eq(text, table[i].address);
		}
	}
}

static bool is_public(const char *text)
{
	unsigned char bytes[16] = {0};

	if (inet_pton(AF_INET, text, bytes) == 1)
		return host_dns_is_public(4, bytes);
	cr_assert_eq(inet_pton(AF_INET6, text, bytes), 1, "%s", text);
	return host_dns_is_public(6, bytes);
}

Test(dns, addresses_that_a_name_has_no_business_to_lead_to)
{
	static const char *const inner[] = {"0.0.0.0",
					    "10.0.0.1",
					    "100.64.0.1",
					    "100.127.255.255",
					    "127.0.0.1",
					    "127.255.255.255",
					    "169.254.169.254",
					    "172.16.0.1",
					    "172.31.255.255",
					    "192.0.0.1",
					    "192.168.0.1",
					    "198.18.0.1",
					    "224.0.0.1",
					    "240.0.0.1",
					    "255.255.255.255",
					    "::",
					    "::1",
					    "::127.0.0.1",
					    "::ffff:127.0.0.1",
					    "::ffff:10.0.0.1",
					    "64:ff9b::7f00:1",
					    "64:ff9b:1::1",
					    "2002:7f00:1::",
					    "2002:a00:1::1",
					    "fc00::1",
					    "fdff::1",
					    "fe80::1",
					    "febf::1",
					    "fec0::1",
					    "ff02::1",
					    "100::1"};
	static const char *const outer[] = {
	    "1.1.1.1",	      "9.255.255.255",	  "11.0.0.0",	     "100.63.255.255",
	    "100.128.0.0",    "126.255.255.255",  "128.0.0.0",	     "169.253.0.1",
	    "172.15.0.1",     "172.32.0.1",	  "192.167.0.1",     "192.169.0.1",
	    "198.17.0.1",     "198.20.0.1",	  "223.255.255.255", "2606:2800::1",
	    "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1", "fbff::1"};

	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		cr_expect(!is_public(inner[i]), "%s", inner[i]);
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++)
		cr_expect(is_public(outer[i]), "%s", outer[i]);
}
