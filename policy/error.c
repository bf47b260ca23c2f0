/* Errors in the user's input: filled in where they are found, made into one line at the end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/draft.h"

void pol_copy(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memmove(out, text, len);
	out[len] = '\0';
}

enum cd_status pol_fail(struct pol_error *error, const char *problem, const char *remedy)
{
	pol_copy(error->problem, sizeof(error->problem), problem);
	pol_copy(error->remedy, sizeof(error->remedy), remedy);
	return CD_EINVAL;
}

enum cd_status pol_failf(struct pol_error *error, const char *remedy, const char *problem, ...)
{
	va_list args;

	pol_copy(error->remedy, sizeof(error->remedy), remedy);
	va_start(args, problem);
	vsnprintf(error->problem, sizeof(error->problem), problem, args);
	va_end(args);
	return CD_EINVAL;
}

enum cd_status pol_fail_memory(struct pol_error *error)
{
	pol_copy(error->problem, sizeof(error->problem), "out of memory");
	error->remedy[0] = '\0';
	return CD_ENOMEM;
}

static void add_part(struct cd_buf *out, const char *text, const char *before)
{
	if (!text[0])
		return;
	cd_buf_str(out, before);
	cd_buf_visible(out, text, strlen(text));
}

void pol_error_text(const struct pol_error *error, struct cd_buf *out)
{
	add_part(out, error->file, "");
	if (error->line)
		cd_buf_fmt(out, ":%u", error->line);
	if (error->file[0])
		cd_buf_str(out, ": ");
	cd_buf_visible(out, error->pointer, strlen(error->pointer));
	if (error->pointer[0])
		cd_buf_str(out, ": ");
	add_part(out, error->problem, "");
	add_part(out, error->remedy, "; ");
}

/* Levenshtein distance; words longer than the row are not compared at all. */
#define WORD_MAX 32

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

static size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_len];
}

const char *pol_nearest(const char *word, const char *(*next)(const void *context, size_t i),
			const void *context)
{
	size_t len = strnlen(word, WORD_MAX + 1), best = len / 3 + 1;
	const char *candidate, *found = NULL;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; (candidate = next(context, i)); i++) {
		size_t size = strlen(candidate), distance;

		if (size > WORD_MAX)
			continue;
		distance = word_distance(word, len, candidate, size);
		if (distance < best || (distance == best && !found)) {
			best = distance;
			found = candidate;
		}
	}
	return found;
}
