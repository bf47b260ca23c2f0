/*
 * Patterns without "*" are words themselves. For the others, and for what none matches, all
 * patterns are run beside each other over words that grow by one byte at a time, breadth first: a
 * state says how far each pattern with "*" has come, and which of the plain ones begin with the
 * word. Bytes that no pattern holds are alike, so one of them stands for all.
 */
#include "refmon/words.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "refmon/pattern.h"

struct state {
	uint32_t parent;
	uint32_t low, high; /* of the plain patterns, sorted: those that begin with the word */
	uint32_t len;
	unsigned char byte; /* its last */
};

struct search {
	bool path;
	struct mon_slice *plain, *globs;
	size_t plain_count, glob_count;
	size_t *first;	 /* of each glob: where its places lie in a set; one more for the end */
	size_t set_size; /* in words of 64 bits */
	unsigned char bytes[256];
	size_t byte_count;
	struct state *states;
	uint64_t *sets; /* one for each state: places that the globs can be at */
	size_t count, state_capacity, set_capacity;
	uint32_t *index, *sorts; /* hash tables of states, their numbers plus one: all; one for
				    each sort that was met */
	char *word;
	bool (*visit)(void *context, const char *word, size_t len);
	void *context;
};

/* --- the patterns --- */

static int compare_slices(const void *left, const void *right)
{
	const struct mon_slice *a = left, *b = right;
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static size_t unique(struct mon_slice *slices, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(slices, count, sizeof(*slices), compare_slices);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_slices(&slices[kept - 1], &slices[i]) != 0)
			slices[kept++] = slices[i];
	return kept;
}

/* One that no pattern holds, a letter if there is one. It comes first, so that words of it are
 * found first. */
static void choose_other(struct search *s, const bool held[256])
{
	static const char readable[] = "xyzabcdefghijklmnopqrstuvw0123456789_";

	for (const char *at = readable; *at; at++) {
		if (!held[(unsigned char)*at]) {
			s->bytes[s->byte_count++] = (unsigned char)*at;
			return;
		}
	}
	for (unsigned byte = 1; byte < 256; byte++) {
		if (!held[byte] && !(s->path && byte == '/')) {
			s->bytes[s->byte_count++] = (unsigned char)byte;
			return;
		}
	}
}

/* One byte for all that the patterns do not hold, and those that they do. A plain "*" is no byte of
 * theirs: no word that is shown should look like a pattern. */
static void choose_bytes(struct search *s, const struct mon_slice *patterns, size_t count)
{
	bool held[256] = {false};

	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; at < patterns[i].len; at++)
			held[(unsigned char)patterns[i].text[at]] = true;
	held['*'] = true;
	choose_other(s, held);
	held['*'] = held['\0'] = false;
	for (unsigned byte = 1; byte < 256; byte++)
		if (held[byte] && !(s->path && byte == '/'))
			s->bytes[s->byte_count++] = (unsigned char)byte;
}

static bool sort_patterns(struct search *s, const struct mon_slice *patterns, size_t count)
{
	/* No component is one of these, and so none is another word that begins like them. */
	static const struct mon_slice dots[] = {{".", 1}, {"..", 2}};

	s->plain = calloc(count + 2, sizeof(*s->plain));
	s->globs = calloc(count + 1, sizeof(*s->globs));
	s->first = calloc(count + 2, sizeof(*s->first));
	if (!s->plain || !s->globs || !s->first)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (mon_is_glob(patterns[i].text, patterns[i].len))
			s->globs[s->glob_count++] = patterns[i];
		else if (patterns[i].len)
			s->plain[s->plain_count++] = patterns[i];
	}
	if (s->path) {
		s->plain[s->plain_count++] = dots[0];
		s->plain[s->plain_count++] = dots[1];
	}
	s->plain_count = unique(s->plain, s->plain_count);
	s->glob_count = unique(s->globs, s->glob_count);
	for (size_t i = 0; i < s->glob_count; i++)
		s->first[i + 1] = s->first[i] + s->globs[i].len / 64 + 1;
	s->set_size = s->first[s->glob_count] + 1; /* never nothing */
	return true;
}

/* --- places --- */

static bool has_place(const uint64_t *set, size_t place)
{
	return set[place / 64] >> place % 64 & 1;
}

/* A glob at a star is also behind it, and what comes before a star that was reached says nothing
 * more. */
static void add_place(uint64_t *set, const struct mon_slice *glob, size_t place)
{
	set[place / 64] |= UINT64_C(1) << place % 64;
	if (place < glob->len && glob->text[place] == '*')
		add_place(set, glob, place + 1);
}

static void drop_before_star(uint64_t *set, const struct mon_slice *glob)
{
	size_t star = 0;

	for (size_t i = 0; i < glob->len; i++)
		if (glob->text[i] == '*' && has_place(set, i))
			star = i;
	for (size_t i = 0; i < star; i++)
		set[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static void step_glob(const struct mon_slice *glob, const uint64_t *from, unsigned char byte,
		      uint64_t *to)
{
	for (size_t i = 0; i < glob->len; i++) {
		if (!has_place(from, i))
			continue;
		if (glob->text[i] == '*')
			add_place(to, glob, i);
		else if ((unsigned char)glob->text[i] == byte)
			add_place(to, glob, i + 1);
	}
	drop_before_star(to, glob);
}

/* --- states --- */

static uint64_t *set_of(const struct search *s, size_t state)
{
	return s->sets + state * s->set_size;
}

static bool accepts(const struct search *s, const uint64_t *set, size_t glob)
{
	return has_place(set + s->first[glob], s->globs[glob].len);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static bool same_state(const struct search *s, size_t a, size_t b)
{
	const struct state *x = &s->states[a], *y = &s->states[b];
	bool plain_x = x->low < x->high, plain_y = y->low < y->high;

	if (plain_x != plain_y ||
	    (plain_x && (x->low != y->low || x->high != y->high || x->len != y->len)))
		return false;
	/* The empty word is none, so where it was is never where another word is. */
	return !x->len == !y->len &&
	       memcmp(set_of(s, a), set_of(s, b), s->set_size * sizeof(uint64_t)) == 0;
}

static uint64_t hash_state(const struct search *s, size_t at)
{
	const struct state *state = &s->states[at];
	uint64_t hash = !state->len;

	if (state->low < state->high)
		hash = mix(mix(mix(hash, state->low), state->high), state->len);
	for (size_t i = 0; i < s->set_size; i++)
		hash = mix(hash, set_of(s, at)[i]);
	return hash;
}

static bool same_sort(const struct search *s, size_t a, size_t b)
{
	for (size_t i = 0; i < s->glob_count; i++)
		if (accepts(s, set_of(s, a), i) != accepts(s, set_of(s, b), i))
			return false;
	return true;
}

static uint64_t hash_sort(const struct search *s, size_t at)
{
	uint64_t hash = 1;

	for (size_t i = 0; i < s->glob_count; i++)
		hash = mix(hash, accepts(s, set_of(s, at), i));
	return hash;
}

/* False when one like it is in the table already. The tables are twice as large as they may get. */
static bool is_new(const struct search *s, uint32_t *table, size_t at, uint64_t hash,
		   bool (*same)(const struct search *s, size_t a, size_t b))
{
	size_t slot = hash % (2 * MON_WORDS_MAX);

	for (; table[slot]; slot = (slot + 1) % (2 * MON_WORDS_MAX))
		if (same(s, table[slot] - 1, at))
			return false;
	table[slot] = (uint32_t)at + 1;
	return true;
}

/* Room for one more state, its set empty. */
static enum cd_status reserve(struct search *s)
{
	struct state *states;
	uint64_t *sets;

	if (s->count == MON_WORDS_MAX)
		return CD_ELIMIT;
	states = cd_vec_grow(s->states, &s->state_capacity, s->count + 1, sizeof(*states));
	if (!states)
		return CD_ENOMEM;
	s->states = states;
	sets = cd_vec_grow(s->sets, &s->set_capacity, (s->count + 1) * s->set_size, sizeof(*sets));
	if (!sets)
		return CD_ENOMEM;
	s->sets = sets;
	memset(set_of(s, s->count), 0, s->set_size * sizeof(*sets));
	return CD_OK;
}

/* Of the plain patterns that begin with the word, those that go on with the byte. */
static void narrow(const struct search *s, const struct state *from, unsigned char byte,
		   struct state *to)
{
	uint32_t low = from->low;

	to->low = to->high = 0;
	for (; low < from->high; low++) {
		const struct mon_slice *plain = &s->plain[low];

		if (plain->len <= from->len || (unsigned char)plain->text[from->len] != byte)
			continue;
		if (to->high == 0)
			to->low = low;
		to->high = low + 1;
	}
}

static enum cd_status step(struct search *s, size_t from, unsigned char byte)
{
	enum cd_status status = reserve(s);
	struct state *to;

	if (status)
		return status;
	to = &s->states[s->count];
	*to =
	    (struct state){.parent = (uint32_t)from, .byte = byte, .len = s->states[from].len + 1};
	narrow(s, &s->states[from], byte, to);
	for (size_t i = 0; i < s->glob_count; i++)
		step_glob(&s->globs[i], set_of(s, from) + s->first[i], byte,
			  set_of(s, s->count) + s->first[i]);
	if (is_new(s, s->index, s->count, hash_state(s, s->count), same_state))
		s->count++;
	return CD_OK;
}

static bool is_plain(const struct search *s, const struct state *state)
{
	return state->low < state->high && s->plain[state->low].len == state->len;
}

static bool visit_state(struct search *s, size_t at)
{
	size_t len = s->states[at].len;

	for (size_t i = at; s->states[i].len; i = s->states[i].parent)
		s->word[s->states[i].len - 1] = (char)s->states[i].byte;
	return s->visit(s->context, s->word, len);
}

static bool visit_plain(struct search *s)
{
	for (size_t i = 0; i < s->plain_count; i++) {
		const struct mon_slice *plain = &s->plain[i];

		if (s->path && plain->len <= 2 && memcmp(plain->text, "..", plain->len) == 0)
			continue;
		if (!s->visit(s->context, plain->text, plain->len))
			return false;
	}
	return true;
}

static enum cd_status visit_others(struct search *s)
{
	enum cd_status status = reserve(s);

	if (status)
		return status;
	s->states[0] = (struct state){.high = (uint32_t)s->plain_count};
	for (size_t i = 0; i < s->glob_count; i++)
		add_place(set_of(s, 0) + s->first[i], &s->globs[i], 0);
	s->count = 1;
	for (size_t at = 0; at < s->count && !status; at++) {
		if (at && !is_plain(s, &s->states[at]) &&
		    is_new(s, s->sorts, at, hash_sort(s, at), same_sort) && !visit_state(s, at))
			return CD_OK;
		for (size_t i = 0; i < s->byte_count && !status; i++)
			status = step(s, at, s->bytes[i]);
	}
	return status;
}

/* Without globs there is one other sort, and a word that is not in the list is soon found. */
static void visit_another(struct search *s)
{
	char text[24] = "x";
	struct mon_slice word = {text, 1};

	for (size_t i = 0; s->plain_count && bsearch(&word, s->plain, s->plain_count,
						     sizeof(*s->plain), compare_slices);
	     i++)
		word.len = (size_t)snprintf(text, sizeof(text), "x%zu", i);
	s->visit(s->context, word.text, word.len);
}

enum cd_status mon_words_each(const struct mon_slice *patterns, size_t count, bool path,
			      bool (*visit)(void *context, const char *word, size_t len),
			      void *context)
{
	struct search s = {.path = path, .visit = visit, .context = context};
	enum cd_status status = CD_ENOMEM;

	choose_bytes(&s, patterns, count);
	if (!sort_patterns(&s, patterns, count))
		goto out;
	status = CD_OK;
	if (!visit_plain(&s))
		goto out;
	if (!s.glob_count) {
		visit_another(&s);
		goto out;
	}
	status = CD_ENOMEM;
	s.index = calloc(2 * MON_WORDS_MAX, sizeof(*s.index));
	s.sorts = calloc(2 * MON_WORDS_MAX, sizeof(*s.sorts));
	s.word = malloc(MON_WORDS_MAX);
	if (s.index && s.sorts && s.word)
		status = visit_others(&s);
out:
	free(s.plain);
	free(s.globs);
	free(s.first);
	free(s.states);
	free(s.sets);
	free(s.index);
	free(s.sorts);
	free(s.word);
	return status;
}
