/*
 * Adding a rule to a policy file. The text around it stays as its author wrote it, so the new text
 * is put in behind the last item of what it belongs to, with the space that the first one has.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"
#include "policy/edit.h"

static enum cd_status take_nothing(void *context, const struct pol_statement *said,
				   struct pol_error *error)
{
	(void)context, (void)said, (void)error;
	return CD_OK;
}

/* A JSON string; malloc'd. */
static char *quoted(const char *written)
{
	size_t size = 6 * strlen(written) + 3;
	char *string = malloc(size);
	struct cd_buf out;

	if (string) {
		cd_buf_init(&out, string, size);
		cd_buf_str(&out, "\"");
		cd_buf_json(&out, written, strlen(written));
		cd_buf_str(&out, "\"");
	}
	return string;
}

/* The text with the item as the last of the object or list that lies at start to end. */
static char *insert_last(const char *text, size_t len, size_t start, size_t end, const char *item)
{
	size_t space = strspn(text + start + 1, " \t\r\n"), at = end - 1;
	bool empty = start + 1 + space >= at;
	char *out = malloc(len + strlen(item) + space + 3);
	struct cd_buf buf;

	if (!out)
		return NULL;
	while (at > start + 1 && strchr(" \t\r\n", text[at - 1]))
		at--;
	cd_buf_init(&buf, out, len + strlen(item) + space + 3);
	cd_buf_add(&buf, text, at);
	if (!empty) {
		cd_buf_str(&buf, ",");
		cd_buf_add(&buf, space ? text + start + 1 : " ", space ? space : 1);
	}
	cd_buf_str(&buf, item);
	cd_buf_add(&buf, text + at, len - at);
	return out;
}

/* Puts the item where the steps lead, or, where these end before, with the missing ones around it.
 */
static char *insert(const char *text, size_t len, const struct pol_step *steps, char *item)
{
	size_t start, end, depth = 2;
	char *out = NULL;

	for (; !pol_value_at(text, len, steps, depth, &start, &end); depth--) {
		char *around = NULL;
		int n = depth == 2 ? asprintf(&around, "\"%s\": [%s]", steps[1].key, item)
				   : asprintf(&around, "\"%s\": { %s }", steps[0].key, item);

		free(item);
		item = n < 0 ? NULL : around;
		if (!item)
			return NULL;
	}
	out = insert_last(text, len, start, end, item);
	free(item);
	return out;
}

enum cd_status pol_amend(const char *source, const char *text, size_t len, const char *key,
			 enum cd_op op, const char *pattern, char **out, struct pol_error *error)
{
	char *written = pol_escape(pattern);
	enum cd_status status;

	if (!written)
		return pol_fail_memory(error);
	status = pol_amend_written(source, text, len, key, op, written, out, error);
	free(written);
	return status;
}

enum cd_status pol_amend_written(const char *source, const char *text, size_t len, const char *key,
				 enum cd_op op, const char *written, char **out,
				 struct pol_error *error)
{
	const struct pol_step steps[] = {{.key = key}, {.key = cd_op_name(op)}};
	const struct pol_taker taker = {take_nothing, NULL};
	enum cd_status status;
	char *item, *amended;

	*error = (struct pol_error){0};
	status = pol_read_document(source, text, len, &taker, error);
	if (status)
		return status;
	item = quoted(written);
	amended = item ? insert(text, len, steps, item) : NULL;
	if (!amended)
		return pol_fail_memory(error);
	status = pol_read_document(source, amended, strlen(amended), &taker, error);
	if (status) {
		free(amended);
		return status;
	}
	*out = amended;
	return CD_OK;
}
