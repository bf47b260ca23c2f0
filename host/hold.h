/*
 * What processes of the space hold: the capabilities behind their descriptors, in the space's own
 * names.
 */
#ifndef CORDON_HOST_HOLD_H
#define CORDON_HOST_HOLD_H

#include <sys/types.h>

#include "kernel/border.h"

/* All for struct kern_host. */
bool host_hold_named(void *context, const struct kern_message *message, int fd,
		     struct kern_hold *hold);
void host_hold_next(void *context, const struct kern_space *space, struct kern_hold *hold);

/* "file", "directory", "socket", ...; "kernel object" where there is no type. */
const char *host_hold_kind(mode_t mode);

#endif
