/* The canonical form of a policy file. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"
#include "policy/edit.h"

#define COLUMNS 100

struct member {
	const char *key;
	const json_t *value;
	int rank;
};

static const char *const document_order[] = {"version", "name",	  "extends", "allow",  "ask",
					     "deny",	"view",	  "env",     "limits", "audit",
					     "on_deny", "always", "tests",   NULL};
static const char *const env_order[] = {"pass", "set", "deny", NULL};
static const char *const view_order[] = {"private", "from", "mode", NULL};
static const char *const test_order[] = {"op", "path", "address", "name", "expect", NULL};

/* --- the order of members --- */

static int rank_in(const char *const *order, const char *key)
{
	int rank = 0;

	while (order[rank] && strcmp(order[rank], key) != 0)
		rank++;
	return rank;
}

/* "*", then each protocol: all of it, and its operations. */
static int rank_op(const char *key)
{
	uint64_t ops = cd_ops_named(key, strlen(key));
	size_t len = strlen(key);

	return strcmp(key, "*") == 0 ? 0 : 2 * (__builtin_ctzll(ops) + 1) - (key[len - 1] == '*');
}

static int rank_limit(const char *key)
{
	int rank = 0;

	while (rank < POL_LIMIT_COUNT && strcmp(pol_limit_table[rank].name, key) != 0)
		rank++;
	return rank;
}

/* parent: the key that the object stands under, and the one above that; NULL for the document's. */
static int rank_of(const char *parent, const char *above, const char *key)
{
	if (!parent)
		return rank_in(document_order, key);
	if (above)
		return strcmp(above, "view") == 0    ? rank_in(view_order, key)
		       : strcmp(above, "tests") == 0 ? rank_in(test_order, key)
						     : 0; /* variables */
	if (strcmp(parent, "env") == 0)
		return rank_in(env_order, key);
	if (strcmp(parent, "limits") == 0)
		return rank_limit(key);
	return strcmp(parent, "view") == 0 ? 0 : rank_op(key);
}

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;

	return a->rank != b->rank ? a->rank - b->rank : strcmp(a->key, b->key);
}

/* malloc'd, one more than there are. */
static struct member *sorted(const json_t *object, const char *parent, const char *above)
{
	struct member *members = calloc(json_object_size(object) + 1, sizeof(*members));
	const char *key;
	json_t *value;
	size_t count = 0;

	if (!members)
		return NULL;
	json_object_foreach((json_t *)object, key, value)
	{
		members[count++] = (struct member){key, value, rank_of(parent, above, key)};
	}
	qsort(members, count, sizeof(*members), compare_members);
	return members;
}

/* --- writing --- */

static bool write_string(FILE *out, const char *text)
{
	size_t size = 6 * strlen(text) + 1;
	char *escaped = malloc(size);
	struct cd_buf buf;

	if (!escaped)
		return false;
	cd_buf_init(&buf, escaped, size);
	cd_buf_json(&buf, text, strlen(text));
	fprintf(out, "\"%s\"", escaped);
	free(escaped);
	return true;
}

static bool write_scalar(FILE *out, const json_t *value)
{
	if (json_is_string(value))
		return write_string(out, json_string_value(value));
	if (json_is_integer(value))
		return fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) > 0;
	return fputs(json_is_true(value) ? "true" : "false", out) >= 0;
}

static bool write_line(FILE *out, const json_t *value, const char *parent, const char *above)
{
	const char *comma = "";
	struct member *members;
	bool ok = true;

	if (json_is_array(value)) {
		fputs("[", out);
		for (size_t i = 0; i < json_array_size(value) && ok; i++, comma = ", ") {
			fputs(comma, out);
			ok = write_line(out, json_array_get(value, i), "", parent);
		}
		return fputs("]", out) >= 0 && ok;
	}
	if (!json_is_object(value))
		return write_scalar(out, value);
	members = sorted(value, parent, above);
	fputs(json_object_size(value) ? "{ " : "{", out);
	for (size_t i = 0; members && members[i].key && ok; i++, comma = ", ") {
		fputs(comma, out);
		ok = write_string(out, members[i].key) && fputs(": ", out) >= 0 &&
		     write_line(out, members[i].value, members[i].key, parent);
	}
	free(members);
	return fputs(json_object_size(value) ? " }" : "}", out) >= 0 && members && ok;
}

/* In characters, as an editor shows it. SIZE_MAX: out of memory. */
static size_t line_width(const json_t *value, const char *parent, const char *above)
{
	char *text = NULL;
	size_t size = 0, width = 0;
	FILE *out = open_memstream(&text, &size);
	bool ok = out && write_line(out, value, parent, above);

	if (out && fclose(out))
		ok = false;
	for (size_t i = 0; i < size; i++)
		width += (text[i] & 0xc0) != 0x80;
	free(text);
	return ok ? width : SIZE_MAX;
}

/* used: columns before the value. What stands right in the document has lines of its own. */
static bool write_value(FILE *out, const json_t *value, const char *parent, const char *above,
			unsigned depth, size_t used)
{
	bool is_list = json_is_array(value), ok = true;
	size_t count = is_list ? json_array_size(value) : json_object_size(value);
	bool spread = count && (depth == 0 || (depth == 1 && json_is_object(value)) ||
				(parent && strcmp(parent, "tests") == 0));
	size_t width = spread || !count ? 0 : line_width(value, parent, above);
	struct member *members = NULL;

	if (width == SIZE_MAX)
		return false;
	if (!spread && (!count || used + width + 1 <= COLUMNS))
		return write_line(out, value, parent, above);
	if (!is_list && !(members = sorted(value, parent, above)))
		return false;
	fputs(is_list ? "[\n" : "{\n", out);
	for (size_t i = 0; i < count && ok; i++) {
		const json_t *item = is_list ? json_array_get(value, i) : members[i].value;
		const char *key = is_list ? "" : members[i].key;
		size_t before = 2 * depth + 2;

		fprintf(out, "%*s", (int)before, "");
		if (!is_list) {
			ok = write_string(out, key) && fputs(": ", out) >= 0;
			before += strlen(key) + 4;
		}
		ok = ok && write_value(out, item, key, parent, depth + 1, before);
		fputs(i + 1 < count ? ",\n" : "\n", out);
	}
	free(members);
	return fprintf(out, "%*s%s", (int)(2 * depth), "", is_list ? "]" : "}") > 0 && ok;
}

static enum cd_status take_nothing(void *context, const struct pol_statement *said,
				   struct pol_error *error)
{
	(void)context, (void)said, (void)error;
	return CD_OK;
}

enum cd_status pol_format(const char *source, const char *text, size_t len, char **out,
			  struct pol_error *error)
{
	const struct pol_taker taker = {take_nothing, NULL};
	enum cd_status status;
	char *made = NULL;
	size_t size = 0;
	FILE *stream;
	json_t *root;
	bool ok;

	*error = (struct pol_error){0};
	status = pol_read_document(source, text, len, &taker, error);
	if (status)
		return status;
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	stream = open_memstream(&made, &size);
	ok = root && stream && write_value(stream, root, NULL, NULL, 0, 0) &&
	     fputs("\n", stream) >= 0;
	if (stream && fclose(stream))
		ok = false;
	json_decref(root);
	if (!ok) {
		free(made);
		return pol_fail_memory(error);
	}
	*out = made;
	return CD_OK;
}
