/* Lines in the form in which records are written. */
#include "audit/scan.h"

#include <string.h>

#define KEY_MAX	   sizeof(uint64_t)
#define DIGITS_MAX 15 /* of which a double holds each number exactly */

static uint64_t key_of(const char *key, size_t len)
{
	uint64_t bytes = 0;

	memcpy(&bytes, key, len);
	return bytes;
}

/* The end of a string that begins at at, after its quote; NULL: it is none of this form. */
static char *end_of_text(char *at, const char *end)
{
	while (at < end && *at != '"') {
		if (*at < 0x20 || *at > 0x7e || *at == '\\')
			return NULL;
		at++;
	}
	return at < end ? at : NULL;
}

static char *scan_digits(char *at, const char *end, uint64_t *value, unsigned *count)
{
	while (at < end && *at >= '0' && *at <= '9' && *count <= DIGITS_MAX) {
		*value = *value * 10 + (uint64_t)(*at++ - '0');
		++*count;
	}
	return *count && *count <= DIGITS_MAX ? at : NULL;
}

static char *scan_number(char *at, const char *end, struct audit_pair *pair)
{
	bool negative = *at == '-';
	uint64_t value = 0;
	unsigned count = 0, whole;
	char *first = at += negative;
	double divisor = 1;

	at = scan_digits(at, end, &value, &count);
	if (!at || (count > 1 && *first == '0'))
		return NULL;
	pair->type = AUDIT_INTEGER;
	pair->integer = negative ? -(int64_t)value : (int64_t)value;
	if (at < end && *at == '.') {
		whole = count;
		at = scan_digits(at + 1, end, &value, &count);
		if (!at || count == whole)
			return NULL;
		for (; whole < count; whole++)
			divisor *= 10;
		pair->type = AUDIT_FRACTION;
	}
	pair->fraction = (negative ? -1 : 1) * ((double)value / divisor);
	return at;
}

static char *scan_value(char *at, const char *end, struct audit_pair *pair)
{
	char *shut;

	if (at >= end)
		return NULL;
	if (*at == '"') {
		shut = end_of_text(at + 1, end);
		pair->type = AUDIT_TEXT;
		pair->text = at + 1;
		return shut ? shut + 1 : NULL;
	}
	if (end - at > 4 && memcmp(at, "null", 4) == 0) {
		pair->type = AUDIT_NULL;
		return at + 4;
	}
	return scan_number(at, end, pair);
}

static bool is_new(const struct audit_pairs *pairs, uint64_t key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->at[i].key == key)
			return false;
	return true;
}

bool audit_scan(char *line, size_t len, struct audit_pairs *pairs)
{
	const char *end = line + len;
	char *at = line;

	pairs->count = 0;
	if (len < 3 || *at != '{')
		return false;
	do {
		struct audit_pair *pair = &pairs->at[pairs->count];
		char *key = ++at + 1, *shut;

		if (pairs->count == AUDIT_PAIRS_MAX || at >= end || *at != '"')
			return false;
		shut = end_of_text(key, end);
		if (!shut || shut == key || (size_t)(shut - key) > KEY_MAX || end - shut < 3 ||
		    shut[1] != ':')
			return false;
		*pair = (struct audit_pair){.key = key_of(key, (size_t)(shut - key))};
		if (!is_new(pairs, pair->key))
			return false;
		at = scan_value(shut + 2, end, pair);
		if (!at || at >= end)
			return false;
		pairs->count++;
	} while (*at == ',');
	if (end - at != 2 || at[0] != '}' || at[1] != '\n')
		return false;
	/* Only now: whoever reads it otherwise finds it whole. */
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->at[i].type == AUDIT_TEXT)
			*strchr((char *)(uintptr_t)pairs->at[i].text, '"') = '\0';
	return true;
}

const struct audit_pair *audit_pair_of(const struct audit_pairs *pairs, const char *key)
{
	const uint64_t bytes = key_of(key, strlen(key));

	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->at[i].key == bytes)
			return &pairs->at[i];
	return NULL;
}
