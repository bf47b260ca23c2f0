/* Mechanisms that may be missing. */
#include "lib/without.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cd_mechanism_entry cd_mechanisms[CD_MECHANISM_COUNT] = {
#define MECHANISM(id, word, since_major, since_minor, what, absence)                               \
	[CD_##id] = {word, what, absence, since_major, since_minor},
#include "lib/without.def"
#undef MECHANISM
};

/* Calls test on each word of CORDON_WITHOUT until it says yes. */
static bool any_word(bool (*test)(const char *word, size_t len, const void *context),
		     const void *context)
{
	const char *at = getenv("CORDON_WITHOUT");

	while (at && *at) {
		size_t len = strcspn(at, ",");

		if (test(at, len, context))
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

static bool is_name(const char *word, size_t len, const void *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

static bool is_missing(const char *word, size_t len, const void *context)
{
	const struct cd_mechanism_entry *m = context;
	int major, minor;

	if (sscanf(word, "linux%d.%d", &major, &minor) == 2)
		return m->major > major || (m->major == major && m->minor > minor);
	/* Without one revision of Landlock there is no later one. */
	if (len == 9 && strncmp(word, "landlock", 8) == 0 && strncmp(m->name, word, 8) == 0)
		return m->name[8] >= word[8];
	if (is_name(word, len, "landlock"))
		return strncmp(m->name, word, len) == 0;
	return is_name(word, len, m->name);
}

bool cd_without(enum cd_mechanism mechanism)
{
	return any_word(is_missing, &cd_mechanisms[mechanism]);
}

bool cd_without_name(const char *name)
{
	return any_word(is_name, name);
}
