/*
 * Finding the line of a JSON pointer. jansson keeps no positions, so the text is scanned a second
 * time, and only when there is an error to report. The text has been parsed already: it is valid
 * JSON.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"

struct scan {
	const char *at, *end;
};

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end && strchr(" \t\r\n", *scan->at))
		scan->at++;
}

/* Over a string, which begins here. */
static void skip_string(struct scan *scan)
{
	for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++) {
		if (*scan->at == '\\')
			scan->at++;
	}
	scan->at++;
}

/* Over a value of any kind; nesting is counted, not recursed into. */
static void skip_value(struct scan *scan)
{
	size_t depth = 0;

	for (; scan->at < scan->end; scan->at++) {
		char c = *scan->at;

		if (depth == 0 && strchr(",]}", c))
			return;
		if (c == '"') {
			skip_string(scan);
			scan->at--;
		}
		depth += c == '[' || c == '{';
		depth -= c == ']' || c == '}';
	}
}

static bool key_is(const char *start, const char *end, const char *key)
{
	json_t *decoded = json_loadb(start, (size_t)(end - start), JSON_DECODE_ANY, NULL);
	bool same = decoded && strcmp(json_string_value(decoded), key) == 0;

	json_decref(decoded);
	return same;
}

/* From an object's "{" to the member's value; *place is where its key begins. */
static bool enter_key(struct scan *scan, const char *key, const char **place)
{
	for (scan->at++;; scan->at++) {
		const char *start;
		bool same;

		skip_space(scan);
		if (scan->at >= scan->end || *scan->at != '"')
			return false;
		start = scan->at;
		skip_string(scan);
		same = key_is(start, scan->at, key);
		skip_space(scan);
		scan->at++; /* the colon */
		skip_space(scan);
		if (same) {
			*place = start;
			return true;
		}
		skip_value(scan);
		if (scan->at >= scan->end || *scan->at != ',')
			return false;
	}
}

static bool enter_index(struct scan *scan, size_t index, const char **place)
{
	for (scan->at++;; scan->at++) {
		skip_space(scan);
		if (index-- == 0) {
			*place = scan->at;
			return scan->at < scan->end && *scan->at != ']';
		}
		skip_value(scan);
		if (scan->at >= scan->end || *scan->at != ',')
			return false;
	}
}

/* As far as the steps lead: true when all of them do. *place is where the last begins, with its
 * key. */
static bool follow(struct scan *scan, const struct pol_step *steps, size_t count,
		   const char **place)
{
	skip_space(scan);
	*place = scan->at;
	for (size_t i = 0; i < count; i++) {
		const char *found = *place;
		bool inside =
		    scan->at < scan->end &&
		    (steps[i].key ? *scan->at == '{' && enter_key(scan, steps[i].key, &found)
				  : *scan->at == '[' && enter_index(scan, steps[i].index, &found));

		if (!inside)
			return false;
		*place = found;
	}
	return true;
}

bool pol_value_at(const char *text, size_t len, const struct pol_step *steps, size_t count,
		  size_t *start, size_t *end)
{
	struct scan scan = {text, text + len};
	const char *place;

	if (!follow(&scan, steps, count, &place))
		return false;
	*start = (size_t)(scan.at - text);
	skip_value(&scan);
	while (scan.at > text + *start && strchr(" \t\r\n", scan.at[-1]))
		scan.at--;
	*end = (size_t)(scan.at - text);
	return true;
}

unsigned pol_line_of(const char *text, size_t len, const struct pol_step *steps, size_t count)
{
	struct scan scan = {text, text + len};
	const char *place;
	unsigned line = 1;

	follow(&scan, steps, count, &place);
	for (const char *c = text; c < place; c++)
		line += *c == '\n';
	return line;
}

/* RFC 6901: "~" is written ~0 and "/" ~1. */
void pol_pointer_text(const struct pol_step *steps, size_t count, struct cd_buf *out)
{
	for (size_t i = 0; i < count; i++) {
		cd_buf_str(out, "/");
		if (!steps[i].key) {
			cd_buf_fmt(out, "%zu", steps[i].index);
			continue;
		}
		for (const char *c = steps[i].key; *c; c++)
			cd_buf_add(out,
				   *c == '~'   ? "~0"
				   : *c == '/' ? "~1"
					       : c,
				   *c == '~' || *c == '/' ? 2 : 1);
	}
}
