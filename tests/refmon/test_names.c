/* The names of addresses: what is remembered, what hostile memory can do, and deciding by them. */
#include "refmon/names.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/refmon/support.h"

struct shared {
	struct mon_names *writer;
	const struct mon_names *reader;
	int fd;
};

static struct shared share(void)
{
	struct shared s = {.fd = -1};

	s.writer = mon_names_new(&s.fd);
	cr_assert_not_null(s.writer);
	s.reader = mon_names_map(s.fd);
	cr_assert_not_null(s.reader);
	return s;
}

static void unshare_all(struct shared *s)
{
	mon_names_free(s->writer);
	mon_names_free(s->reader);
	close(s->fd);
}

/* Address in text → its family; bytes are written to out. */
static unsigned char address(const char *text, unsigned char out[16])
{
	memset(out, 0, 16);
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	cr_assert_eq(inet_pton(AF_INET6, text, out), 1);
	return 6;
}

static bool add(struct shared *s, const char *where, const char *name)
{
	unsigned char bytes[16];
	unsigned char family = address(where, bytes);

	return mon_names_add(s->writer, family, bytes, name, strlen(name));
}

/* The names of an address in one line: "b a ". */
static const char *names_of(struct shared *s, const char *where)
{
	static char line[MON_NAMES_WAYS * (MON_HOST_MAX + 2)];
	struct mon_name names[MON_NAMES_WAYS];
	unsigned char bytes[16];
	unsigned char family = address(where, bytes);
	size_t count = mon_names_of(s->reader, family, bytes, names), at = 0;

	line[0] = '\0';
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s ", names[i].text);
	return line;
}

/* --- the table --- */

Test(names, an_address_has_the_names_that_it_was_handed_out_for)
{
	struct shared s = share();

	cr_assert_str_eq(names_of(&s, "192.0.2.1"), "");
	cr_assert(add(&s, "192.0.2.1", "Example.ORG."));
	cr_assert(add(&s, "192.0.2.1", "b.example"));
	cr_assert(add(&s, "2001:db8::1", "c.example"));
	cr_assert_str_eq(names_of(&s, "192.0.2.1"), "b.example example.org ");
	cr_assert_str_eq(names_of(&s, "2001:db8::1"), "c.example ");
	cr_assert_str_eq(names_of(&s, "192.0.2.2"), "");
	/* Once more: not twice, and the last one now. */
	cr_assert(add(&s, "192.0.2.1", "example.org"));
	cr_assert_str_eq(names_of(&s, "192.0.2.1"), "example.org b.example ");
	unshare_all(&s);
}

Test(names, mapped_ipv4_is_ipv4)
{
	struct shared s = share();

	cr_assert(add(&s, "::ffff:192.0.2.1", "a.example"));
	cr_assert_str_eq(names_of(&s, "192.0.2.1"), "a.example ");
	cr_assert(add(&s, "192.0.2.2", "b.example"));
	cr_assert_str_eq(names_of(&s, "::ffff:192.0.2.2"), "b.example ");
	/* But an IPv6 address that begins with the same bytes is another. */
	cr_assert_str_eq(names_of(&s, "c000:201::"), "");
	unshare_all(&s);
}

Test(names, what_is_no_name_or_no_address_is_refused)
{
	static const char *const flawed[] = {"", ".", "a..b", "a b", "a\nb", "*.a", "a/b"};
	unsigned char bytes[16] = {192, 0, 2, 1};
	struct shared s = share();
	char text[300];

	for (size_t i = 0; i < sizeof(flawed) / sizeof(flawed[0]); i++)
		cr_expect(!add(&s, "192.0.2.1", flawed[i]), "%s", flawed[i]);
	memset(text, 'a', sizeof(text));
	cr_expect(!mon_names_add(s.writer, 4, bytes, text, sizeof(text)));
	cr_expect(!mon_names_add(s.writer, 4, bytes, "a\0b", 3));
	cr_expect(!mon_names_add(s.writer, 5, bytes, "a", 1));
	cr_expect(!mon_names_add(s.writer, 0, bytes, "a", 1));
	cr_expect_str_eq(names_of(&s, "192.0.2.1"), "");
	/* The longest there is. */
	for (size_t i = 0; i < MON_HOST_MAX; i += 2)
		text[i] = 'a', text[i + 1] = '.';
	cr_expect(mon_names_add(s.writer, 4, bytes, text, MON_HOST_MAX));
	cr_expect_eq(strlen(names_of(&s, "192.0.2.1")), MON_HOST_MAX + 1);
	unshare_all(&s);
}

Test(names, of_too_many_names_the_ones_handed_out_longest_ago_go)
{
	struct shared s = share();
	char name[32];

	for (int i = 0; i < MON_NAMES_WAYS; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		cr_assert(add(&s, "192.0.2.1", name));
	}
	cr_assert(add(&s, "192.0.2.1", "n0.example"));
	cr_assert(add(&s, "192.0.2.1", "new.example"));
	cr_assert(strstr(names_of(&s, "192.0.2.1"), "new.example n0.example n15.example") ==
		  names_of(&s, "192.0.2.1"));
	cr_assert_null(strstr(names_of(&s, "192.0.2.1"), "n1.example"));
	cr_assert_not_null(strstr(names_of(&s, "192.0.2.1"), "n2.example"));
	unshare_all(&s);
}

Test(names, a_thousand_addresses_are_all_remembered)
{
	struct shared s = share();
	char where[32], name[32], line[40];

	for (int i = 0; i < 1000; i++) {
		snprintf(where, sizeof(where), "198.51.%d.%d", i / 250, i % 250);
		snprintf(name, sizeof(name), "n%d.example", i);
		cr_assert(add(&s, where, name));
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(where, sizeof(where), "198.51.%d.%d", i / 250, i % 250);
		snprintf(line, sizeof(line), "n%d.example ", i);
		cr_assert_str_eq(names_of(&s, where), line);
	}
	unshare_all(&s);
}

/* --- who may do what --- */

Test(names, who_has_the_descriptor_reads_and_no_more)
{
	struct shared s = share();
	size_t size;
	struct stat st;

	cr_assert_eq(fstat(s.fd, &st), 0);
	size = (size_t)st.st_size;
	cr_expect_eq(ftruncate(s.fd, 0), -1);
	cr_expect_eq(ftruncate(s.fd, (off_t)size * 2), -1);
	cr_expect_eq(pwrite(s.fd, "x", 1, 0), -1);
	cr_expect_eq(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0), MAP_FAILED);
	cr_expect_eq(mprotect((void *)(uintptr_t)s.reader, size, PROT_READ | PROT_WRITE), -1);
	cr_expect_eq(fcntl(s.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	/* And the writer still writes. */
	cr_expect(add(&s, "192.0.2.1", "a.example"));
	cr_expect_str_eq(names_of(&s, "192.0.2.1"), "a.example ");
	unshare_all(&s);
}

Test(names, what_is_not_a_table_is_not_mapped)
{
	struct shared s = share();
	struct stat st;
	int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_eq(fstat(s.fd, &st), 0);
	cr_expect_null(mon_names_map(-1));
	cr_assert_eq(ftruncate(fd, st.st_size), 0);
	cr_expect_null(mon_names_map(fd), "it could shrink");
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	cr_assert_eq(ftruncate(fd, st.st_size + 4096), 0);
	cr_expect_null(mon_names_map(fd), "another size");
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cr_expect_null(mon_names_map(fd));
	close(fd);
	mon_names_free(NULL);
	unshare_all(&s);
}

/* --- hostile memory --- */

static bool is_good(const struct mon_name *name)
{
	char folded[MON_HOST_MAX + 1];
	size_t len;

	return name->len <= MON_HOST_MAX && strlen(name->text) == name->len &&
	       mon_host_fold(name->text, name->len, folded, &len) && len == name->len &&
	       memcmp(folded, name->text, len) == 0;
}

/* Fills the table with bytes and reads all of the addresses that a byte can begin. */
static void read_hostile(struct shared *s, int (*byte)(size_t))
{
	unsigned char *raw = (unsigned char *)s->writer, bytes[16];
	struct mon_name names[MON_NAMES_WAYS];
	struct stat st;

	cr_assert_eq(fstat(s->fd, &st), 0);
	for (size_t i = 0; i < (size_t)st.st_size; i++)
		raw[i] = (unsigned char)byte(i);
	for (unsigned i = 0; i < 256; i++) {
		for (unsigned char family = 4; family <= 6; family += 2) {
			size_t count;

			memset(bytes, (int)i, sizeof(bytes));
			count = mon_names_of(s->reader, family, bytes, names);
			cr_assert_leq(count, MON_NAMES_WAYS);
			for (size_t n = 0; n < count; n++)
				cr_assert(is_good(&names[n]));
		}
	}
}

static int all_ones(size_t at)
{
	(void)at;
	return 0xff;
}

static int drawn(size_t at)
{
	(void)at;
	return rand();
}

static int counted(size_t at)
{
	return (int)at;
}

static int letters(size_t at)
{
	(void)at;
	return 0x04;
}

Test(names, whatever_the_table_holds_reading_it_ends_and_gives_names)
{
	struct shared s = share();

	read_hostile(&s, all_ones);
	read_hostile(&s, counted);
	read_hostile(&s, letters);
	for (int i = 0; i < 10; i++)
		read_hostile(&s, drawn);
	unshare_all(&s);
}

/* One byte after another of a good record is changed: nothing comes of it but a good name. */
Test(names, each_byte_of_a_record_may_be_wrong)
{
	struct shared s = share();
	unsigned char *raw = (unsigned char *)s.writer;
	struct mon_name names[MON_NAMES_WAYS];
	unsigned char bytes[16];
	struct stat st;
	size_t first = 4;

	cr_assert_eq(fstat(s.fd, &st), 0);
	cr_assert(add(&s, "192.0.2.1", "a-name.of-some.length.example"));
	while (first < (size_t)st.st_size && !raw[first])
		first++;
	address("192.0.2.1", bytes);
	cr_assert_eq(mon_names_of(s.reader, 4, bytes, names), 1);
	for (size_t at = first & ~(size_t)3; at < first + 300 && at < (size_t)st.st_size; at++) {
		unsigned char good = raw[at];

		for (unsigned value = 0; value < 256; value++) {
			size_t count;

			raw[at] = (unsigned char)value;
			count = mon_names_of(s.reader, 4, bytes, names);
			for (size_t n = 0; n < count; n++)
				cr_assert(is_good(&names[n]), "byte %zu is %u", at, value);
		}
		raw[at] = good;
	}
	unshare_all(&s);
}

struct race {
	struct shared shared;
	bool stop;
};

/* The same few slots, written over and over: the name always says what the address is. */
static void *write_on(void *argument)
{
	struct race *race = argument;
	char name[64];

	for (unsigned i = 0; !__atomic_load_n(&race->stop, __ATOMIC_RELAXED); i++) {
		unsigned char bytes[4] = {192, 0, 2, (unsigned char)(i % 3)};

		snprintf(name, sizeof(name), "%.*s.%u.of-%u.example", (int)(i % 30),
			 "abcdefghijklmnopqrstuvwxyzabcdefghijk", i, i % 3);
		mon_names_add(race->shared.writer, 4, bytes, name + (name[0] == '.'),
			      strlen(name) - (name[0] == '.'));
	}
	return NULL;
}

Test(names, what_is_read_while_it_is_written_is_whole, .timeout = 30)
{
	struct race race = {.shared = share()};
	struct mon_name names[MON_NAMES_WAYS];
	size_t seen = 0;
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, write_on, &race), 0);
	/* On a busy machine the writer may come late. */
	for (unsigned i = 0; i < 100000 || (!seen && i < 100000000); i++) {
		unsigned char bytes[4] = {192, 0, 2, (unsigned char)(i % 3)};
		size_t count = mon_names_of(race.shared.reader, 4, bytes, names);
		char tail[32];

		snprintf(tail, sizeof(tail), ".of-%u.example", i % 3);
		for (size_t n = 0; n < count; n++, seen++)
			cr_assert(is_good(&names[n]) && strstr(names[n].text, tail), "%s",
				  names[n].text);
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_assert_gt(seen, 0);
	unshare_all(&race.shared);
}

/* --- deciding --- */

/* "allow 1 name": the verdict, the rule's number or -, the name. */
static const char *verdict_of(const struct mon_table *table, struct shared *s, const char *where,
			      uint16_t port, const char *text)
{
	static const char *const words[] = {"deny", "ask", "allow"};
	static char line[MON_HOST_MAX + 32];
	struct mon_object object = {.kind = CD_OBJECT_ADDRESS,
				    .proto = MON_TCP,
				    .text = text,
				    .len = text ? strlen(text) : 0,
				    .port = port};
	struct mon_decision decision;
	char name[MON_HOST_MAX + 1];

	object.family = address(where, object.address);
	mon_decide_named(table, s->reader, CD_OPBIT(CD_OP_NET_CONNECT), &object, name, &decision);
	cr_assert_eq(decision.op, CD_OP_NET_CONNECT);
	if (decision.rule == MON_NO_RULE)
		snprintf(line, sizeof(line), "%s - %s", words[decision.verdict], name);
	else
		snprintf(line, sizeof(line), "%s %u %s", words[decision.verdict], decision.rule,
			 name);
	return line;
}

Test(names, a_name_grants_the_addresses_that_it_was_looked_up_as)
{
	struct mon_table *table = table_of("allow net.connect example.org:443",
					   "allow net.connect *.example.net:80", NULL);
	struct shared s = share();

	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, NULL), "deny - ");
	add(&s, "192.0.2.1", "example.org");
	add(&s, "2001:db8::1", "www.example.net");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, NULL), "allow 0 example.org");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 80, NULL), "deny - example.org");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.2", 443, NULL), "deny - ");
	cr_expect_str_eq(verdict_of(table, &s, "2001:db8::1", 80, NULL), "allow 1 www.example.net");
	cr_expect_str_eq(verdict_of(table, &s, "::ffff:192.0.2.1", 443, NULL),
			 "allow 0 example.org");
	/* Without a table, as mon_decide(). */
	mon_names_free(s.reader);
	s.reader = NULL;
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, NULL), "deny - ");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, "Example.org."),
			 "allow 0 example.org");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, "no name"), "deny - ");
	unshare_all(&s);
	mon_table_free(table);
}

Test(names, of_two_names_for_one_address_the_granted_one_decides)
{
	struct mon_table *table = table_of("allow net.connect good.example:443",
					   "ask net.connect asked.example:443", NULL);
	struct shared s = share();

	add(&s, "192.0.2.1", "good.example");
	add(&s, "192.0.2.1", "nobodys.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, NULL), "allow 0 good.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 80, NULL), "deny - nobodys.example");
	add(&s, "192.0.2.1", "asked.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, NULL), "allow 0 good.example");
	add(&s, "192.0.2.2", "nobodys.example");
	add(&s, "192.0.2.2", "asked.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.2", 443, NULL), "ask 1 asked.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.2", 443, "good.example"),
			 "allow 0 good.example");
	unshare_all(&s);
	mon_table_free(table);
}

Test(names, a_denial_of_the_address_or_of_any_of_its_names_holds)
{
	struct mon_table *table =
	    table_of("allow net.connect :443", "deny net.connect bad.example:443",
		     "deny net.connect 198.51.100.0/24", "allow net.connect good.example", NULL);
	struct shared s = share();

	add(&s, "192.0.2.1", "bad.example");
	add(&s, "192.0.2.1", "good.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, NULL), "deny 1 bad.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 80, NULL), "allow 3 good.example");
	add(&s, "198.51.100.1", "good.example");
	cr_expect_str_eq(verdict_of(table, &s, "198.51.100.1", 443, NULL), "deny 2 good.example");
	cr_expect_str_eq(verdict_of(table, &s, "198.51.100.2", 443, NULL), "deny 2 ");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.1", 443, "good.example"),
			 "deny 1 bad.example");
	cr_expect_str_eq(verdict_of(table, &s, "192.0.2.9", 443, NULL), "allow 0 ");
	unshare_all(&s);
	mon_table_free(table);
}

Test(names, of_many_operations_the_lowest_verdict_holds)
{
	struct mon_table *table =
	    table_of("allow net.connect a.example", "ask net.send b.example", NULL);
	struct shared s = share();
	struct mon_object object = {.kind = CD_OBJECT_ADDRESS, .proto = MON_UDP, .port = 53};
	struct mon_decision decision;
	char name[MON_HOST_MAX + 1];

	object.family = address("192.0.2.1", object.address);
	add(&s, "192.0.2.1", "a.example");
	add(&s, "192.0.2.1", "b.example");
	mon_decide_named(table, s.reader, CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_SEND),
			 &object, name, &decision);
	cr_expect(decision.verdict == MON_ASK && decision.op == CD_OP_NET_SEND);
	cr_expect_str_eq(name, "b.example");
	mon_decide_named(table, s.reader, CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_LISTEN),
			 &object, name, &decision);
	cr_expect(decision.verdict == MON_DENY && decision.op == CD_OP_NET_LISTEN);
	mon_decide_named(table, s.reader, 0, &object, name, &decision);
	cr_expect_eq(decision.verdict, MON_ALLOW);
	mon_decide_named(table, s.reader, UINT64_MAX, &object, name, &decision);
	cr_expect_eq(decision.verdict, MON_DENY);
	unshare_all(&s);
	mon_table_free(table);
}

Test(names, what_is_not_an_inet_address_is_decided_as_ever)
{
	struct mon_table *table =
	    table_of("allow net.connect unix:/run/x", "allow net.connect a.example:80",
		     "allow fs.read /x", NULL);
	struct shared s = share();
	struct mon_object object = {
	    .kind = CD_OBJECT_ADDRESS, .proto = MON_UNIX, .text = "/run/x", .len = 6};
	struct mon_decision decision;
	char name[MON_HOST_MAX + 1];

	mon_decide_named(table, s.reader, CD_OPBIT(CD_OP_NET_CONNECT), &object, name, &decision);
	cr_expect(decision.verdict == MON_ALLOW && !name[0]);
	object = (struct mon_object){.kind = CD_OBJECT_PATH, .text = "/x", .len = 2};
	mon_decide_named(table, s.reader, CD_OPBIT(CD_OP_FS_READ), &object, name, &decision);
	cr_expect(decision.verdict == MON_ALLOW && !name[0]);
	object = (struct mon_object){
	    .kind = CD_OBJECT_ADDRESS, .proto = MON_TCP, .text = "a.example", .len = 9, .port = 80};
	mon_decide_named(table, s.reader, CD_OPBIT(CD_OP_NET_CONNECT), &object, name, &decision);
	cr_expect(decision.verdict == MON_ALLOW);
	cr_expect_str_eq(name, "a.example");
	unshare_all(&s);
	mon_table_free(table);
}

/* --- which names may be looked up --- */

static bool looks_up(const struct mon_table *table, const char *name)
{
	return mon_allows_name(table, name, strlen(name));
}

Test(names, a_name_is_looked_up_where_a_rule_grants_it_on_some_port)
{
	struct mon_table *table = table_of(
	    "allow net.connect example.org:443", "allow net.connect tcp://*.example.net:8000-8999",
	    "ask net.send udp://asked.example:53", "allow net.listen here.example:80",
	    "allow net.connect 192.0.2.0/24:443", "allow net.connect localhost:80", NULL);

	cr_expect(looks_up(table, "example.org"));
	cr_expect(looks_up(table, "EXAMPLE.org."));
	cr_expect(looks_up(table, "a.b.example.net"));
	cr_expect(looks_up(table, "asked.example"));
	cr_expect(looks_up(table, "here.example"));
	cr_expect(looks_up(table, "localhost"));
	cr_expect(!looks_up(table, "www.example.org"));
	cr_expect(!looks_up(table, "example.net"), "the domain is what is below it");
	cr_expect(!looks_up(table, "org"));
	cr_expect(!looks_up(table, "192.0.2.1"), "a name that looks like an address is a name");
	cr_expect(!looks_up(table, ""));
	cr_expect(!looks_up(table, "."));
	cr_expect(!looks_up(table, "example.org\n"));
	cr_expect(!mon_allows_name(table, "example.org\0", 12));
	cr_expect(!mon_allows_name(table, NULL, 0));
	mon_table_free(table);
}

Test(names, rules_for_any_host_allow_every_name_and_those_for_networks_none)
{
	struct mon_table *any = table_of("allow net.connect :443", NULL);
	struct mon_table *net =
	    table_of("allow net.connect 0.0.0.0/0", "allow net.connect [::/0]", NULL);
	struct mon_table *file = table_of("allow fs.* /**", "allow net.connect unix:/**", NULL);

	cr_expect(looks_up(any, "any.example"));
	cr_expect(!looks_up(any, "no name"));
	cr_expect(!looks_up(net, "any.example"));
	cr_expect(!looks_up(file, "any.example"));
	mon_table_free(any);
	mon_table_free(net);
	mon_table_free(file);
}

Test(names, a_denial_takes_the_name_away_where_it_covers_all_that_is_granted)
{
	struct mon_table *table =
	    table_of("allow net.connect :443", "deny net.* all.example",
		     "deny net.* *.all.example:1-65535", "deny net.* some.example:443",
		     "deny net.connect tcp://tcp.example", "deny net.connect udp://both.example",
		     "deny net.connect tcp://both.example", "deny net.send sends.example", NULL);

	cr_expect(!looks_up(table, "all.example"));
	cr_expect(!looks_up(table, "a.all.example"));
	cr_expect(looks_up(table, "some.example"), "of one port: the others could be granted");
	cr_expect(looks_up(table, "tcp.example"), "UDP remains");
	cr_expect(!looks_up(table, "both.example"));
	cr_expect(looks_up(table, "sends.example"), "connecting remains");
	mon_table_free(table);
}

static bool has_address(const struct mon_table *table, const char *where)
{
	unsigned char bytes[16];
	unsigned char family = address(where, bytes);

	return mon_allows_address(table, family, bytes);
}

Test(names, an_address_is_granted_by_its_network_or_any_host_and_by_no_name)
{
	struct mon_table *table =
	    table_of("allow net.connect 10.1.0.0/16:5432", "deny net.connect 10.1.2.0/24",
		     "deny net.connect 10.1.3.0/24:22", "allow net.connect example.org",
		     "allow net.connect localhost:80", "ask net.connect [fd00::/8]", NULL);
	struct mon_table *any = table_of("allow net.connect :443", NULL);

	cr_expect(has_address(table, "10.1.1.1"));
	cr_expect(has_address(table, "::ffff:10.1.1.1"));
	cr_expect(!has_address(table, "10.1.2.1"));
	cr_expect(has_address(table, "10.1.3.1"));
	cr_expect(!has_address(table, "10.2.1.1"));
	cr_expect(has_address(table, "127.0.0.1"));
	cr_expect(!has_address(table, "127.0.0.2"));
	cr_expect(has_address(table, "fd00::1"));
	cr_expect(!has_address(table, "fe80::1"));
	cr_expect(has_address(any, "169.254.169.254"));
	cr_expect(!mon_allows_address(any, 5, (const unsigned char *)"0123456789abcdef"));
	mon_table_free(table);
	mon_table_free(any);
}
