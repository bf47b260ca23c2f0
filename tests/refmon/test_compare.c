/*
 * Comparing tables. By hand, and against the matcher: random tables, and random operations, none of
 * which may contradict what the comparison says. The seeds are fixed, so a failure can be repeated.
 */
#include "refmon/compare.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "refmon/pattern.h"
#include "refmon/words.h"
#include "tests/refmon/support.h"

/* --- words --- */

struct words {
	const struct mon_slice *patterns;
	size_t count;
	uint64_t sorts;
	size_t words;
};

static bool note_word(void *context, const char *word, size_t len)
{
	struct words *w = context;
	unsigned sort = 0;

	for (size_t i = 0; i < w->count; i++)
		sort |= (unsigned)mon_glob_match(w->patterns[i].text, w->patterns[i].len, word, len)
			<< i;
	cr_assert(len > 0 && !memchr(word, '/', len));
	cr_assert_not(len <= 2 && memcmp("..", word, len) == 0);
	w->sorts |= UINT64_C(1) << sort;
	w->words++;
	return true;
}

/* Every word over the alphabet, up to a length, must be of a sort that was found. */
static void check_words(const struct mon_slice *patterns, size_t count)
{
	struct words found = {patterns, count, 0, 0};
	static const char letters[] = "ab.x";
	char word[6];

	cr_assert_eq(mon_words_each(patterns, count, true, note_word, &found), CD_OK);
	for (size_t len = 1; len <= 5; len++) {
		for (unsigned n = 0; n < 1u << 2 * len; n++) {
			unsigned sort = 0;

			for (size_t i = 0; i < len; i++)
				word[i] = letters[n >> 2 * i & 3];
			if (len <= 2 && memcmp("..", word, len) == 0)
				continue;
			for (size_t i = 0; i < count; i++)
				sort |= (unsigned)mon_glob_match(patterns[i].text, patterns[i].len,
								 word, len)
					<< i;
			cr_assert(found.sorts >> sort & 1, "%.*s of sort %u was not found",
				  (int)len, word, sort);
		}
	}
}

static uint64_t random_state;

static unsigned draw(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

Test(compare, words_of_every_sort_are_found)
{
	static const char *const texts[] = {"a",   "b",	   "ab", "*",  "a*", "*b", "*a*",
					    "a*b", "*a*b", ".*", "aa", "*.", "a*a"};

	for (unsigned round = 1; round <= 300; round++) {
		struct mon_slice patterns[5];
		size_t count;

		random_state = round * UINT64_C(0x9e3779b97f4a7c15);
		count = draw(6);
		for (size_t i = 0; i < count; i++) {
			patterns[i].text = texts[draw(sizeof(texts) / sizeof(texts[0]))];
			patterns[i].len = strlen(patterns[i].text);
		}
		check_words(patterns, count);
	}
}

Test(compare, words_that_cannot_be_told_apart_in_time_are_said_to_be)
{
	char texts[24][4];
	struct mon_slice patterns[24];
	struct words none = {NULL, 0, 0, 0};

	for (int i = 0; i < 24; i++) {
		sprintf(texts[i], "*%c*", 'a' + i);
		patterns[i] = (struct mon_slice){texts[i], 3};
	}
	cr_assert_eq(mon_words_each(patterns, 24, true, note_word, &none), CD_ELIMIT);
}

/* --- by hand --- */

struct found {
	unsigned count;
	enum mon_difference_kind kind;
	char text[512];
};

static bool keep_first(void *context, const struct mon_difference *difference)
{
	struct found *found = context;
	struct cd_buf out;

	if (!found->count++) {
		cd_buf_init(&out, found->text, sizeof(found->text));
		cd_buf_fmt(&out, "%s ", cd_op_name(difference->op));
		mon_object_text(difference->object, &out);
		if (difference->other_name)
			cd_buf_fmt(&out, " and %s", difference->other_name);
		found->kind = difference->kind;
	}
	if (difference->kind == MON_BY_VERDICT)
		cr_assert_gt(difference->first.verdict, difference->second.verdict);
	return false;
}

static struct found compare(const struct mon_table *a, const struct mon_table *b)
{
	struct found found = {0};
	const struct mon_comparison comparison = {
	    .first = a, .second = b, .visit = keep_first, .context = &found};

	cr_assert_eq(mon_compare(&comparison), CD_OK);
	return found;
}

/* What the first grants beyond the second; "" for nothing. Both are freed. */
static const char *beyond(struct mon_table *a, struct mon_table *b)
{
	static struct found found;

	found = compare(a, b);
	mon_table_free(a);
	mon_table_free(b);
	return found.count ? found.text : "";
}
#define T(...) table_of(__VA_ARGS__, NULL)

Test(compare, an_equal_table_grants_nothing_more)
{
	cr_assert_str_eq(beyond(T("allow fs.read /a/**", "deny fs.* /a/b/*"),
				T("deny fs.* /a/b/*", "allow fs.read /a/**")),
			 "");
}

Test(compare, what_is_granted_elsewhere_is_found)
{
	cr_assert_str_eq(beyond(T("allow fs.read /a/**", "allow fs.write /b"),
				T("allow fs.read /a/**", "allow fs.stat /b", "allow fs.stat /")),
			 "fs.write /b");
}

Test(compare, what_is_granted_below_and_around_wildcards_is_found)
{
	cr_assert_str_eq(
	    beyond(T("allow fs.exec /a/*"), T("allow fs.exec /a/*.sh", "allow fs.stat /a/*")),
	    "fs.exec /a/x");
	cr_assert_str_eq(beyond(T("allow fs.exec /a/*.sh"), T("allow fs.exec /a/*")), "");
	cr_assert_str_eq(beyond(T("allow fs.exec /a/*.sh"), T("allow fs.exec /a/**")), "");
	cr_assert_str_eq(
	    beyond(T("allow fs.create /a/**"), T("allow fs.create /a/*", "allow fs.create /a")),
	    "fs.create /a/x/x");
}

Test(compare, a_union_covers_what_none_of_its_rules_does)
{
	cr_assert_str_eq(
	    beyond(T("allow fs.create /a/*"), T("allow fs.create /a/b*", "allow fs.create /a/*")),
	    "");
	cr_assert_str_eq(beyond(T("deny fs.create /a/b*", "allow fs.create /a/*"),
				T("allow fs.create /a/*", "deny fs.create /a/bb*")),
			 "");
	cr_assert_str_eq(beyond(T("allow fs.create /a/*", "deny fs.create /a/bb*"),
				T("deny fs.create /a/b*", "allow fs.create /a/*")),
			 "fs.create /a/b");
}

Test(compare, allow_is_more_than_ask_and_ask_than_deny)
{
	cr_assert_str_eq(beyond(T("allow fs.create /a"), T("ask fs.create /a")), "fs.create /a");
	cr_assert_str_eq(beyond(T("ask fs.create /a"), T("deny fs.create /a")), "fs.create /a");
	cr_assert_str_eq(beyond(T("ask fs.create /a"), T("allow fs.create /a")), "");
}

Test(compare, what_is_protected_counts)
{
	cr_assert_str_eq(
	    beyond(T("allow fs.create /h/**", "protect /h/.ssh"), T("allow fs.create /h/**")), "");
	cr_assert_str_eq(
	    beyond(T("allow fs.create /h/**"), T("allow fs.create /h/**", "protect /h/.ssh")),
	    "fs.create /h/.ssh");
}

Test(compare, addresses_are_sets)
{
	cr_assert_str_eq(
	    beyond(T("allow net.connect 10.0.0.0/8:80"), T("allow net.connect 10.0.0.0/7:1-100")),
	    "");
	cr_assert_str_eq(
	    beyond(T("allow net.connect 10.0.0.0/7:80"), T("allow net.connect 10.0.0.0/8:80")),
	    "net.connect tcp://11.0.0.0:80");
	cr_assert_str_eq(
	    beyond(T("allow net.connect 10.0.0.0/7:80"),
		   T("allow net.connect 10.0.0.0/8:80", "allow net.connect 11.0.0.0/8:*")),
	    "");
	cr_assert_str_eq(
	    beyond(T("allow net.connect 192.0.2.1:80"), T("allow net.connect tcp://192.0.2.1:80")),
	    "net.connect udp://192.0.2.1:80");
	cr_assert_str_eq(beyond(T("allow net.connect [2001:db8::]:80"),
				T("allow net.connect [2001:db8::/32]:80-81")),
			 "");
	cr_assert_str_eq(
	    beyond(T("allow net.connect localhost:80"),
		   T("allow net.connect 127.0.0.0/8:80", "allow net.connect [::1]:80")),
	    "net.connect tcp://localhost:80");
}

Test(compare, names_and_domains_are_sets)
{
	cr_assert_str_eq(beyond(T("allow net.connect a.example.org:443"),
				T("allow net.connect *.example.org:443")),
			 "");
	cr_assert_str_eq(beyond(T("allow net.connect *.example.org:443"),
				T("allow net.connect x.example.org:443")),
			 "net.connect tcp://x1.example.org:443");
	cr_assert_str_eq(
	    beyond(T("allow net.connect *.example.org:443"), T("allow net.connect :443")), "");
}

Test(compare, an_address_denied_whatever_its_name_counts)
{
	struct mon_table *a = T("allow net.connect example.org:443"),
			 *b = T("allow net.connect example.org:443",
				"deny net.connect 10.0.0.0/8:*");

	cr_assert_str_eq(compare(b, a).text, "");
	cr_assert_str_eq(compare(a, b).text, "net.connect tcp://example.org = 10.0.0.0:443");
	mon_table_free(a);
	mon_table_free(b);
}

Test(compare, a_denied_name_of_a_granted_address_counts)
{
	struct mon_table *a = T("allow net.connect one.org:443"),
			 *b = T("allow net.connect one.org:443", "deny net.connect two.org:443");
	struct found found = compare(a, b);

	cr_assert_eq(found.kind, MON_BY_NAMES);
	cr_assert_str_eq(found.text, "net.connect tcp://one.org = 0.0.0.0:443 and two.org");
	mon_table_free(a);
	mon_table_free(b);
}

Test(compare, looking_a_name_up_counts)
{
	struct mon_table *a = T("allow net.connect one.org:443", "deny net.connect one.org:443"),
			 *b = T("allow net.connect two.org:443");

	cr_assert_eq(compare(a, b).kind, MON_BY_LOOKUP);
	mon_table_free(a);
	mon_table_free(b);
}

Test(compare, sockets_of_the_machine_are_sets)
{
	cr_assert_str_eq(
	    beyond(T("allow net.connect unix:/run/a/*"), T("allow net.connect unix:/run/**")), "");
	cr_assert_str_eq(
	    beyond(T("allow net.connect unix:/run/**"), T("allow net.connect unix:/run/a/**")),
	    "net.connect unix:/run");
	cr_assert_str_eq(beyond(T("allow net.connect unix:@app-*"),
				T("allow net.connect unix:@app-1", "allow net.connect :*")),
			 "net.connect unix:@app-");
}

Test(compare, names_of_things_are_sets)
{
	cr_assert_str_eq(beyond(T("allow dev.ioctl T.*"), T("allow dev.ioctl *")), "");
	cr_assert_str_eq(beyond(T("allow dev.ioctl T.*"), T("allow dev.ioctl T.0x5400")),
			 "dev.ioctl T.0x5401");
	cr_assert_str_eq(beyond(T("allow dev.ioctl *.0x5413"), T("allow dev.ioctl T.0x5413")), "");
	cr_assert_str_eq(beyond(T("allow proc.trace *"), T("allow proc.trace s*")), "");
	cr_assert_str_eq(beyond(T("allow proc.signal a*"), T("allow proc.signal *b")),
			 "proc.signal a");
}

/* --- against the matcher --- */

#define RULES 6

static void draw_text(char *out, bool pattern)
{
	static const char *const words[] = {"a", "b",  "ab", "ba",  "abc", "x",	   "zz",
					    "*", "a*", "*b", "*a*", "a*c", "*a*b*"};
	unsigned depth = draw(5);
	size_t len = 0;

	for (unsigned i = 0; i < depth; i++)
		len += (size_t)sprintf(out + len, "/%s", words[draw(pattern ? 13 : 7)]);
	if (pattern && draw(3) == 0)
		len += (size_t)sprintf(out + len, "/**");
	if (len == 0)
		strcpy(out, "/");
}

static void draw_address(char *out, bool pattern)
{
	static const char *const hosts[] = {"10.1.2.3",
					    "10.1.2.4",
					    "11.0.0.1",
					    "192.0.2.1",
					    "[2001:db8::1]",
					    "[2001:db9::1]",
					    "[::1]",
					    "127.0.0.1",
					    "a.org",
					    "b.a.org",
					    "c.b.a.org",
					    "localhost",
					    "d.net",
					    "10.0.0.0/8",
					    "10.1.2.0/24",
					    "10.0.0.0/7",
					    "0.0.0.0/0",
					    "[2001:db8::/32]",
					    "[::/0]",
					    "*.a.org",
					    "*.org",
					    "*.b.a.org",
					    ""};
	static const char *const ports[] = {":1",     ":80",	 ":443",       ":65535", ":8000",
					    ":1-100", ":80-443", ":443-65535", ":*"};
	static const char *const schemes[] = {"tcp://", "udp://", ""};

	sprintf(out, "%s%s%s", schemes[draw(pattern ? 3 : 2)], hosts[draw(pattern ? 23 : 13)],
		ports[draw(pattern ? 9 : 5)]);
}

struct written {
	struct mon_rule rules[RULES];
	char patterns[RULES][128];
	char secret[128];
	unsigned count;
};

typedef void drawing(char *out, bool pattern);

static void draw_rules(struct written *out, const struct written *like, drawing *text, uint64_t ops)
{
	*out = *like;
	if (!out->count || draw(2)) {
		out->count = out->count < RULES ? out->count + 1 : RULES;
		for (unsigned i = like->count ? out->count - 1 : 0; i < out->count; i++) {
			text(out->patterns[i], true);
			do
				out->rules[i].ops = ops & ((uint64_t)draw(1u << CD_OP_COUNT));
			while (!out->rules[i].ops);
			out->rules[i].verdict = draw(3);
		}
	} else {
		out->count -= out->count > 1;
		out->rules[draw(out->count)].verdict = draw(3);
	}
	for (unsigned i = 0; i < out->count; i++)
		out->rules[i].pattern = out->patterns[i];
	if (draw(3) == 0)
		sprintf(out->secret, "/%s/%s", draw(2) ? "a" : "a*", draw(2) ? "b" : "*b");
}

static struct mon_table *made(const struct written *written)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table = NULL;
	const char *why;

	for (unsigned i = 0; i < written->count; i++)
		cr_assert_eq(mon_builder_add(builder, &written->rules[i], &why), CD_OK, "%s: %s",
			     written->patterns[i], why);
	if (written->secret[0])
		cr_assert_eq(mon_builder_protect(builder, written->secret, &why), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	mon_builder_free(builder);
	return table;
}

static void dump(const struct written *written)
{
	for (unsigned i = 0; i < written->count; i++)
		fprintf(stderr, "  %u %#llx %s\n", written->rules[i].verdict,
			(unsigned long long)written->rules[i].ops, written->patterns[i]);
	fprintf(stderr, "  protect %s\n", written->secret);
}

static enum cd_verdict decide_op(const struct mon_table *table, enum cd_op op,
				 const struct cd_object *object)
{
	struct cd_decision decision;

	mon_decide(table, CD_OPBIT(op), object, &decision);
	return decision.verdict;
}

/* One drawn operation must not be granted by the first and not by the second. */
static bool contradicts(const struct mon_table *a, const struct mon_table *b, const char *text,
			const char *name, uint64_t ops)
{
	for (; ops; ops &= ops - 1) {
		enum cd_op op = (enum cd_op)__builtin_ctzll(ops);
		struct cd_object object;

		if (mon_object_parse(op, text, &object) != CD_OK)
			continue;
		if (object.family && name) {
			object.text = name;
			object.len = strlen(name);
		}
		if (decide_op(a, op, &object) > decide_op(b, op, &object))
			return true;
	}
	return false;
}

static unsigned check_rounds(drawing *text, uint64_t ops, unsigned rounds)
{
	static const char *const names[] = {NULL, "a.org", "b.a.org", "c.b.a.org", "d.net"};
	unsigned subsets = 0;

	for (unsigned round = 1; round <= rounds; round++) {
		struct written first = {0}, second = {0}, nothing = {0};
		struct mon_table *a, *b;
		struct found found;

		random_state = round * UINT64_C(0x9e3779b97f4a7c15);
		draw_rules(&first, &nothing, text, ops);
		draw_rules(&second, &first, text, ops);
		a = made(&first);
		b = made(&second);
		found = compare(a, b);
		subsets += !found.count;
		for (int i = 0; i < 60 && !found.count; i++) {
			char drawn[128];
			const char *name = names[draw(5)];

			text(drawn, false);
			if (!contradicts(a, b, drawn, name, ops))
				continue;
			dump(&first);
			dump(&second);
			cr_assert_fail("round %u: %s (%s) contradicts", round, drawn,
				       name ? name : "-");
		}
		mon_table_free(a);
		mon_table_free(b);
	}
	return subsets;
}

Test(compare, no_drawn_path_contradicts)
{
	unsigned subsets = check_rounds(draw_text, cd_ops_named("fs.*", 4), 4000);

	cr_assert(subsets > 500 && subsets < 3500, "%u", subsets);
}

Test(compare, no_drawn_address_contradicts)
{
	unsigned subsets = check_rounds(draw_address, cd_ops_named("net.*", 5), 3000);

	cr_assert(subsets > 300 && subsets < 2700, "%u", subsets);
}
