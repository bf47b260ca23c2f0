/* Running spaces, asked over their control sockets (cli/control.h). */
#ifndef CORDON_CLI_SPACES_H
#define CORDON_CLI_SPACES_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/control.h"
#include "cli/control_dir.h"

#define ANSWER_FIELDS_MAX (CONTROL_ARGV_MAX + 1)

struct answer_record {
	const char *kind;
	unsigned count;
	const char *field[ANSWER_FIELDS_MAX];
};

/* What a keeper answered. */
struct answer {
	char *text; /* that the records point into */
	struct answer_record *records;
	size_t count;
	bool cut; /* there was more */
};

/* The next record of this kind, and of this space if path is not NULL (its first field). after: the
 * one before; NULL: the first. */
const struct answer_record *answer_next(const struct answer *answer, const char *kind,
					const char *path, const struct answer_record *after);
/* "" where there is none. record may be NULL. */
const char *answer_field(const struct answer_record *record, unsigned i);
unsigned long long answer_number(const struct answer_record *record, unsigned i);
void answer_free(struct answer *answer);
/* Text as it came, changed. False when it is no answer, or the answer is an error: why, in it. */
bool answer_parse(char *text, size_t size, struct answer *out, const char **why);

/*
 * Asks the space of that id. request: "show", or more words with tabs between them. False, and
 * why, when it does not answer, or answers that it cannot.
 */
#define SPACES_ENDED "it has ended" /* why, where nobody is there any more */
bool spaces_ask(const char *id, const char *request, struct answer *out, const char **why);

/* The ids of all that run, oldest first; sockets that were left behind are removed. Returns how
 * many; -1: errno says why. *out is to be freed. */
struct spaces_id {
	char text[CONTROL_ID_MAX];
};
int spaces_list(struct spaces_id **out);

/*
 * Finds a space by its id, or by the name it was given if only one has it; "ID/1.2" is a space in
 * it, path. False, and said.
 */
bool spaces_find(const char *name, char id[CONTROL_ID_MAX], char path[CD_SPACE_ID_MAX]);

#endif
