/*
 * cordon inside a space of cordon's: it asks for a space instead of making one (cordon/gate.h).
 *
 * It is a program like any other there, and nobody trusts it. It keeps the new space as it would
 * keep one of its own: what its monitor reports, its terminal, its names and its way to the network
 * are kept by processes of the space around, for which that one's rules hold.
 */
#ifndef CORDON_CLI_NESTED_H
#define CORDON_CLI_NESTED_H

#include <stdbool.h>

#include "cli/run.h"

/* Are we inside a space? */
bool nested_is(void);
/* Asks for the space, and returns without waiting. On failure fault says why: EACCES, the policy
 * around does not let it be made. */
enum cd_status nested_launch(const struct run *run, struct host_space *space,
			     struct host_fault *fault) CD_CHECKED;

#endif
