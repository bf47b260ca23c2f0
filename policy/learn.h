/*
 * From what a program was seen to do to the rules that let it: as few as say it, and no wider than
 * they need to be to hold the next time, too.
 *
 * Nothing here looks at the machine or grants anything: requests in, patterns out, each with its
 * reason.
 */
#ifndef CORDON_POLICY_LEARN_H
#define CORDON_POLICY_LEARN_H

#include <stdbool.h>
#include <stddef.h>

#include "cordon/object.h"
#include "cordon/status.h"
#include "policy/policy.h"

/* Why a pattern is as it is. */
enum pol_learn_why {
	POL_LEARN_EXACT,     /* it is what was asked for */
	POL_LEARN_TEMPORARY, /* a name that is another each time */
	POL_LEARN_VERSION,   /* a library's version */
	POL_LEARN_OWN,	     /* below a directory that the program made */
	POL_LEARN_MANY,	     /* more than a number of names in a directory */
};

struct pol_learned {
	enum cd_op op;
	char *pattern; /* as a policy writes it, with variables */
	char *plain;   /* the same without */
	enum pol_learn_why why;
	size_t objects;	     /* requests that it stands for */
	const char *program; /* the first one that asked; NULL: unknown. Borrowed */
};

struct pol_learn;
/* threshold: with as many names in a directory it is granted as a whole. vars are borrowed. */
struct pol_learn *pol_learn_new(const struct pol_vars *vars, size_t threshold);
void pol_learn_free(struct pol_learn *learn);

/*
 * One operation on one object: a path in normal form, an address as policies write it, or a name.
 * made: the program made it, and it was not there before; directory: as a directory. program,
 * borrowed, may be NULL. False: out of memory.
 */
bool pol_learn_add(struct pol_learn *learn, enum cd_op op, const char *object, bool made,
		   bool directory, const char *program);

/* A directory that the program made: what is below it is its own, also the next time. */
bool pol_learn_own(struct pol_learn *learn, const char *directory);

/* What lets all of that pass, sorted; belongs to learn. CD_ENOMEM. */
enum cd_status pol_learn_finish(struct pol_learn *learn, const struct pol_learned **out,
				size_t *count) CD_CHECKED;

/* Can a rule name it: is it UTF-8, without "*"? */
bool pol_learn_can_name(const char *object);

#endif
