/*
 * Mechanisms of Linux that may be missing, and can be said to be: CORDON_WITHOUT in the environment
 * names some, separated by commas, so that what stands in for them can be tried on machines that
 * have them. "linux5.15" names all that came after that version. It only ever takes away.
 */
#ifndef CORDON_LIB_WITHOUT_H
#define CORDON_LIB_WITHOUT_H

#include <stdbool.h>
#include <stddef.h>

enum cd_mechanism {
#define MECHANISM(id, name, major, minor, title, cost) CD_##id,
#include "lib/without.def"
#undef MECHANISM
	CD_MECHANISM_COUNT
};

struct cd_mechanism_entry {
	const char *name, *title, *cost;
	int major, minor; /* the Linux that brought it */
};

extern const struct cd_mechanism_entry cd_mechanisms[CD_MECHANISM_COUNT];

/* Is the mechanism to be done without? */
bool cd_without(enum cd_mechanism mechanism);
/* Is the name, of no mechanism of Linux's ("shim", "musl"), among those in CORDON_WITHOUT? */
bool cd_without_name(const char *name);

#endif
