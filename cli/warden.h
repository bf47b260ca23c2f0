/*
 * The warden of a space: makes the spaces within it, when its monitor asks on behalf of a program.
 *
 * The warden of the outermost space is the keeper. That of a space within is the process that made
 * it: it stands beside the monitors, has the capabilities of the spaces' user namespace and the
 * view of the space around, and its memory holds what all the spaces around decide by. So a space
 * costs the same at every depth, and nothing of what it rests on comes from a process that has
 * served.
 *
 *   keeper                               warden of "1"
 *     ├ monitor of "1"
 *     └ warden of "1.1"                  parent of
 *         ├ monitor of "1.1"
 *         └ warden of "1.1.1" ...
 *
 * A warden ends with its space, when the one who asked for it has ended, or when the warden of the
 * space around does; and all that it has made ends with it.
 */
#ifndef CORDON_CLI_WARDEN_H
#define CORDON_CLI_WARDEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/run.h"
#include "cordon/limits.h"

struct warden {
	struct run *run;  /* of the space in which it makes others */
	int reports;	  /* in the keeper: struct report, of spaces within; -1: none yet */
	int ask;	  /* struct host_gate_ask come by it; -1: none come any more */
	int insider;	  /* the channel of the broker for the space's own network; -1: started */
	uint64_t network; /* that network */
	int init;	  /* pidfd of the space's first process; -1: not known yet */
	bool outside;	  /* in the user's namespaces, and not beside the monitors */
	pid_t children[CD_SPACES_MAX];
	size_t count;
	unsigned ever; /* ids are not used again */
};

/* Something can be read from `ask`. Returns when the new space's warden has been forked. */
void warden_take(struct warden *warden);

/*
 * Waits for those of its children that have ended. They are of the monitors' pid namespace, which
 * cannot end, nor can its first monitor, before somebody has.
 */
void warden_reap(struct warden *warden);

#endif
