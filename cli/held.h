/*
 * What a process holds: its descriptors, as /proc shows them to its user, joined with the rules and
 * the view that its space's keeper tells of.
 */
#ifndef CORDON_CLI_HELD_H
#define CORDON_CLI_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli/spaces.h"
#include "cordon/limits.h"
#include "refmon/table.h"

/* One descriptor. */
struct held {
	int fd;
	const char *kind;		    /* "file", "directory", "socket", ... */
	const char *rights;		    /* "read", "write", "read write", "name" */
	char object[CD_PATH_MAX + 64];	    /* as the space names it */
	char outside[2 * CD_PATH_MAX + 64]; /* where that is outside; "" where it is nowhere */
	char how[2 * CD_PATH_MAX];	    /* how it was got, as far as that can be told */
};

/* The rules of a space's layer, as an answer to `show` has them; NULL: out of memory, or nonsense.
 */
struct mon_table *held_rules(const struct answer *answer, const char *path);

/*
 * An internet socket of our own network, by its number: what it is used for, and the address by
 * which that was granted: its peer, also when it is only about to have it; or where it listens.
 * 0: for nothing.
 */
uint64_t held_use(ino_t inode, struct cd_object *address);

/* Calls visit for each descriptor of the process. False: it cannot be looked at. */
bool held_each(const struct answer *answer, const char *path, const struct mon_table *rules,
	       pid_t pid, void (*visit)(void *context, const struct held *held), void *context);

#endif
