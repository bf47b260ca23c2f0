/*
 * What processes of the space hold: the capabilities behind their descriptors, in the space's own
 * names.
 */
#ifndef CORDON_HOST_HOLD_H
#define CORDON_HOST_HOLD_H

#include "kernel/border.h"

/* For struct kern_host. */
void host_hold_next(void *context, const struct kern_space *space, struct kern_hold *hold);

#endif
