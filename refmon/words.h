/*
 * Words for all that patterns of one component can tell apart.
 *
 * Finitely many patterns cut the words into finitely many sorts: two words are of one sort when the
 * same patterns match both. Here one word of each sort is found. Whoever compares sets of rules
 * decides on these, and so has decided on all words.
 */
#ifndef CORDON_REFMON_WORDS_H
#define CORDON_REFMON_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "cordon/status.h"

struct mon_slice {
	const char *text;
	size_t len;
};

/* How far the search goes for one set of patterns, before it says CD_ELIMIT. */
#define MON_WORDS_MAX (1u << 16)

/*
 * Calls visit with a word of each sort, and perhaps more than one of some; each has one byte at
 * least. path: words are components of a path, so that none holds a slash or is "." or "..".
 * A false from visit ends it, with CD_OK. CD_ELIMIT, CD_ENOMEM: not all were found.
 */
enum cd_status mon_words_each(const struct mon_slice *patterns, size_t count, bool path,
			      bool (*visit)(void *context, const char *word, size_t len),
			      void *context) CD_CHECKED;

#endif
