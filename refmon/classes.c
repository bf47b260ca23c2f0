/* Classes of paths and of names. */
#include "refmon/classes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/vec.h"
#include "refmon/address.h"
#include "refmon/pattern.h"
#include "refmon/words.h"

/* --- sets of patterns --- */

enum cd_status mon_patterns_add(struct mon_patterns *patterns, const char *text)
{
	const char **grown =
	    cd_vec_grow(patterns->texts, &patterns->capacity, patterns->count + 1, sizeof(*grown));

	if (!grown)
		return CD_ENOMEM;
	patterns->texts = grown;
	grown[patterns->count++] = text;
	return CD_OK;
}

enum cd_status mon_patterns_add_rules(struct mon_patterns *patterns, const struct mon_table *table,
				      uint64_t ops)
{
	enum cd_status status = CD_OK;

	for (uint32_t i = 0; i < mon_table_count(table) && !status; i++) {
		struct mon_rule rule;

		mon_table_rule(table, i, &rule);
		if (rule.ops & ops)
			status = mon_patterns_add(patterns, rule.pattern);
	}
	return status;
}

void mon_patterns_release(struct mon_patterns *patterns)
{
	free(patterns->texts);
	*patterns = (struct mon_patterns){NULL, 0, 0};
}

/* --- paths --- */

/*
 * A pattern after some components of a path: it has matched all of them so far (its own number of
 * components says where it stands), or it has matched the whole of a directory above, for good.
 */
struct pattern {
	const char *text;
	size_t len; /* without a last "**" */
	size_t depth;
	bool subtree;
};

/* A class of paths that others lie below. The path and the members are in the search's arrays. */
struct place {
	size_t path, path_len, depth;
	size_t members; /* numbers of patterns, each doubled, plus one where it holds for good */
	size_t member_count;
	bool open; /* some of them can still end below */
};

struct search {
	struct pattern *patterns;
	size_t count;
	struct place *places;
	size_t place_count, place_capacity;
	char *text;
	size_t text_len, text_capacity;
	uint32_t *members;
	size_t members_len, members_capacity;
	uint32_t *index;
	size_t index_size;
	struct mon_slice *next; /* of the patterns at hand: their next components */
	bool of_sockets, stopped;
	enum cd_status status;
	size_t from; /* the place at hand */
	mon_class_visit *visit;
	void *context;
};

static size_t depth_of(const char *text, size_t len)
{
	const char *cursor = text, *name;
	size_t depth = 0, size;

	while (mon_path_next(&cursor, text + len, &name, &size))
		depth++;
	return depth;
}

static struct mon_slice component_of(const struct pattern *pattern, size_t number)
{
	const char *cursor = pattern->text;
	struct mon_slice slice = {NULL, 0};

	for (size_t i = 0; i <= number; i++)
		mon_path_next(&cursor, pattern->text + pattern->len, &slice.text, &slice.len);
	return slice;
}

static void add_pattern(struct search *s, const char *text, bool protected)
{
	struct pattern *p = &s->patterns[s->count];
	struct mon_address address;

	if (s->of_sockets && !protected) {
		if (mon_address_parse(text, strlen(text), &address) ||
		    address.host != MON_HOST_UNIX)
			return;
		*p = (struct pattern){.text = address.text, .len = address.text_len};
	} else {
		*p = (struct pattern){.text = text, .len = strlen(text)};
		if (mon_path_flaw(text, p->len))
			return;
	}
	/* What is protected is so with all below it. */
	p->subtree = mon_path_cut_subtree(p->text, &p->len) || protected;
	p->depth = depth_of(p->text, p->len);
	s->count++;
}

static int compare_patterns(const void *left, const void *right)
{
	const struct pattern *a = left, *b = right;
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	order = order ? order : (a->len > b->len) - (a->len < b->len);
	return order ? order : a->subtree - b->subtree;
}

static bool take_patterns(struct search *s, const struct mon_patterns *patterns,
			  const struct mon_patterns *protected)
{
	size_t kept = 0, all = patterns->count + protected->count;

	s->patterns = calloc(all + 1, sizeof(*s->patterns));
	s->next = calloc(all + 1, sizeof(*s->next));
	if (!s->patterns || !s->next)
		return false;
	for (size_t i = 0; i < patterns->count; i++)
		add_pattern(s, patterns->texts[i], false);
	for (size_t i = 0; i < protected->count; i++)
		add_pattern(s, protected->texts[i], true);
	if (s->count)
		qsort(s->patterns, s->count, sizeof(*s->patterns), compare_patterns);
	for (size_t i = 0; i < s->count; i++)
		if (!kept || compare_patterns(&s->patterns[kept - 1], &s->patterns[i]) != 0)
			s->patterns[kept++] = s->patterns[i];
	s->count = kept;
	return true;
}

static bool visit_path(struct search *s, const char *path, size_t len)
{
	const struct cd_object object = {.kind = s->of_sockets ? CD_OBJECT_ADDRESS : CD_OBJECT_PATH,
					 .proto = s->of_sockets ? CD_UNIX : CD_TCP,
					 .text = path,
					 .len = len};

	s->stopped |= !s->visit(s->context, &object);
	return !s->stopped;
}

static bool same_place(const struct search *s, const struct place *a, const struct place *b)
{
	return a->member_count == b->member_count && a->open == b->open &&
	       (!a->open || a->depth == b->depth) &&
	       memcmp(s->members + a->members, s->members + b->members,
		      a->member_count * sizeof(*s->members)) == 0;
}

static size_t slot_of(const struct search *s, const struct place *place)
{
	uint64_t hash = place->open ? place->depth : 0;

	for (size_t i = 0; i < place->member_count; i++) {
		hash = (hash ^ s->members[place->members + i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 31;
	}
	return hash & (s->index_size - 1);
}

static enum cd_status index_grow(struct search *s)
{
	size_t size = s->index_size ? s->index_size * 2 : 1024;

	free(s->index);
	s->index = calloc(size, sizeof(*s->index));
	if (!s->index)
		return CD_ENOMEM;
	s->index_size = size;
	for (size_t i = 0; i < s->place_count; i++) {
		size_t slot = slot_of(s, &s->places[i]);

		while (s->index[slot])
			slot = (slot + 1) & (size - 1);
		s->index[slot] = (uint32_t)i + 1;
	}
	return CD_OK;
}

/* Keeps the place, unless one like it is known. */
static enum cd_status add_place(struct search *s, const struct place *place)
{
	enum cd_status status = CD_OK;
	struct place *grown;
	size_t slot;

	if (2 * s->place_count >= s->index_size)
		status = index_grow(s);
	if (status)
		return status;
	for (slot = slot_of(s, place); s->index[slot]; slot = (slot + 1) & (s->index_size - 1)) {
		if (same_place(s, &s->places[s->index[slot] - 1], place)) {
			s->members_len = place->members;
			s->text_len = place->path;
			return CD_OK;
		}
	}
	if (s->place_count == MON_CLASSES_MAX)
		return CD_ELIMIT;
	grown = cd_vec_grow(s->places, &s->place_capacity, s->place_count + 1, sizeof(*grown));
	if (!grown)
		return CD_ENOMEM;
	s->places = grown;
	grown[s->place_count++] = *place;
	s->index[slot] = (uint32_t)s->place_count;
	return CD_OK;
}

/* The text of a path, its first part a copy of what is there already. */
static enum cd_status add_path(struct search *s, size_t above, size_t above_len, const char *word,
			       size_t len)
{
	size_t size = above_len + 1 + len + 1;
	char *grown = cd_vec_grow(s->text, &s->text_capacity, s->text_len + size, 1), *to;

	if (!grown)
		return CD_ENOMEM;
	s->text = grown;
	to = grown + s->text_len;
	memcpy(to, grown + above, above_len);
	to[above_len] = '/';
	memcpy(to + above_len + 1, word, len);
	to[size - 1] = '\0';
	s->text_len += size;
	return CD_OK;
}

/* Which patterns of the place at hand go on with this component? */
static enum cd_status gather(struct search *s, const char *word, size_t len, struct place *to)
{
	const struct place *from = &s->places[s->from];
	uint32_t *grown = cd_vec_grow(s->members, &s->members_capacity,
				      s->members_len + from->member_count, sizeof(*grown));

	if (!grown)
		return CD_ENOMEM;
	s->members = grown;
	to->members = s->members_len;
	to->depth = from->depth + 1;
	for (size_t i = 0; i < from->member_count; i++) {
		uint32_t member = grown[from->members + i];
		const struct pattern *p = &s->patterns[member / 2];
		struct mon_slice own;

		if (!(member & 1)) {
			own = component_of(p, from->depth);
			if (!mon_glob_match(own.text, own.len, word, len))
				continue;
			if (p->depth == to->depth && !p->subtree)
				continue; /* it ends here, and says nothing of what is below */
			member |= p->depth == to->depth;
		}
		to->open |= !(member & 1);
		grown[s->members_len++] = member;
	}
	to->member_count = s->members_len - to->members;
	return CD_OK;
}

static bool take_word(void *context, const char *word, size_t len)
{
	struct search *s = context;
	const struct place *from = &s->places[s->from];
	size_t above = from->path_len == 1 ? 0 : from->path_len;
	struct place to = {.path = s->text_len, .path_len = above + 1 + len};

	/* A class without a path that Linux takes is none, but there may be a shorter one. */
	s->status =
	    to.path_len < CD_PATH_MAX ? add_path(s, from->path, above, word, len) : CD_ELIMIT;
	if (s->status)
		return false;
	if (!visit_path(s, s->text + to.path, to.path_len))
		return false;
	s->status = gather(s, word, len, &to);
	if (!s->status)
		s->status = add_place(s, &to);
	return !s->status;
}

static enum cd_status start(struct search *s)
{
	struct place root = {.path = 0, .path_len = 1};
	enum cd_status status = add_path(s, 0, 0, "", 0);

	s->members = cd_vec_grow(NULL, &s->members_capacity, s->count + 1, sizeof(*s->members));
	if (status || !s->members)
		return CD_ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		bool ends = s->patterns[i].depth == 0;

		if (ends && !s->patterns[i].subtree)
			continue;
		s->members[s->members_len++] = (uint32_t)(2 * i + ends);
		root.open |= !ends;
	}
	root.member_count = s->members_len;
	return visit_path(s, "/", 1) ? add_place(s, &root) : CD_OK;
}

static enum cd_status go_below(struct search *s)
{
	const struct place *from = &s->places[s->from];
	size_t count = 0;
	enum cd_status status;

	for (size_t i = 0; i < from->member_count; i++) {
		uint32_t member = s->members[from->members + i];

		if (!(member & 1))
			s->next[count++] = component_of(&s->patterns[member / 2], from->depth);
	}
	status = mon_words_each(s->next, count, true, take_word, s);
	return status ? status : s->status;
}

enum cd_status mon_classes_paths(const struct mon_patterns *patterns,
				 const struct mon_patterns *protected, bool of_sockets,
				 mon_class_visit *visit, void *context)
{
	struct search s = {.of_sockets = of_sockets, .visit = visit, .context = context};
	enum cd_status status = CD_ENOMEM;

	if (take_patterns(&s, patterns, protected))
		status = start(&s);
	for (; s.from < s.place_count && !status && !s.stopped; s.from++)
		status = go_below(&s);
	free(s.patterns);
	free(s.places);
	free(s.text);
	free(s.members);
	free(s.index);
	free(s.next);
	return status;
}

/* --- names --- */

struct names {
	struct cd_object object;
	mon_class_visit *visit;
	void *context;
	char text[CD_PATH_MAX];
	size_t prefix; /* bytes of the text that stay */
	bool stopped;
	enum cd_status status;
};

static bool take_name(void *context, const char *word, size_t len)
{
	struct names *n = context;

	if (n->prefix + len >= sizeof(n->text)) {
		n->status = CD_ELIMIT;
		return false;
	}
	memcpy(n->text + n->prefix, word, len);
	n->text[n->prefix + len] = '\0';
	n->object.text = n->text;
	n->object.len = n->prefix + len;
	n->stopped = !n->visit(n->context, &n->object);
	return !n->stopped;
}

static enum cd_status each_name(struct names *n, const struct mon_slice *slices, size_t count)
{
	enum cd_status status = mon_words_each(slices, count, false, take_name, n);

	return status ? status : n->status;
}

/* The patterns that name requests as rules do; false when one does otherwise. */
static bool are_requests(const struct mon_slice *slices, size_t count)
{
	struct cd_request request;

	for (size_t i = 0; i < count; i++)
		if (!mon_request_parse(slices[i].text, slices[i].len, &request))
			return false;
	return true;
}

static bool is_request_of(const struct mon_slice *slices, size_t count, uint32_t number)
{
	struct cd_request request;

	for (size_t i = 0; i < count; i++)
		if (mon_request_parse(slices[i].text, slices[i].len, &request) &&
		    request.mask == UINT32_MAX && request.value == number)
			return true;
	return false;
}

static bool take_request(struct names *n, uint32_t number)
{
	char text[CD_REQUEST_TEXT];
	unsigned long len = cd_request_name(number, text);

	return take_name(n, text, len);
}

/* Each request that a rule names, and of each type one that none does. */
static void each_request(struct names *n, const struct mon_slice *slices, size_t count)
{
	struct cd_request request;

	for (size_t i = 0; i < count; i++)
		if (mon_request_parse(slices[i].text, slices[i].len, &request) &&
		    request.mask == UINT32_MAX && !take_request(n, request.value))
			return;
	for (uint32_t type = 0; type < 256; type++) {
		uint32_t rest = 0, number = type << 8;

		/* There are more of a type than rules in a table. */
		while (is_request_of(slices, count, number)) {
			rest++;
			number = (rest >> 8) << 16 | type << 8 | (rest & 0xff);
		}
		if (!take_request(n, number))
			return;
	}
}

enum cd_status mon_classes_names(const struct mon_patterns *patterns, enum cd_op op,
				 mon_class_visit *visit, void *context)
{
	struct names n = {
	    .object.kind = CD_OBJECT_NAME, .visit = visit, .context = context, .status = CD_OK};
	struct mon_slice *slices = calloc(patterns->count + 1, sizeof(*slices));
	enum cd_status status = CD_OK;
	size_t count = 0;

	if (!slices)
		return CD_ENOMEM;
	for (size_t i = 0; i < patterns->count; i++) {
		size_t len = strlen(patterns->texts[i]);

		if (!mon_name_flaw(patterns->texts[i], len))
			slices[count++] = (struct mon_slice){patterns->texts[i], len};
	}
	if (op == CD_OP_PROC_TRACE)
		take_name(&n, CD_TRACE_SPACE, strlen(CD_TRACE_SPACE));
	else if (op == CD_OP_DEV_IOCTL && are_requests(slices, count))
		each_request(&n, slices, count);
	else
		status = each_name(&n, slices, count);
	free(slices);
	return status;
}

enum cd_status mon_classes_abstract(const struct mon_patterns *patterns, mon_class_visit *visit,
				    void *context)
{
	struct names n = {.object = {.kind = CD_OBJECT_ADDRESS, .proto = CD_UNIX},
			  .visit = visit,
			  .context = context,
			  .text = "@",
			  .prefix = 1};
	struct mon_slice *slices = calloc(patterns->count + 1, sizeof(*slices));
	enum cd_status status;
	size_t count = 0;

	if (!slices)
		return CD_ENOMEM;
	/* Each begins with the "@", which stays out of the words. */
	for (size_t i = 0; i < patterns->count; i++) {
		struct mon_address address;
		const char *text = patterns->texts[i];

		if (!mon_address_parse(text, strlen(text), &address) &&
		    address.host == MON_HOST_ABSTRACT)
			slices[count++] =
			    (struct mon_slice){address.text + 1, address.text_len - 1};
	}
	status = each_name(&n, slices, count);
	free(slices);
	return status;
}
