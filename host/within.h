/*
 * Where a space within another one is made: in the namespaces of the one around it.
 *
 *   users      those of the outermost space: they own all namespaces of the spaces within, in which
 * nobody has a capability processes  the monitors of all spaces are in the outermost monitor's
 * namespace, where no space sees them; the space itself is in a namespace within the space around
 * it mounts     what is shown comes from the view of the space around it
 */
#ifndef CORDON_HOST_WITHIN_H
#define CORDON_HOST_WITHIN_H

#include "cordon/status.h"

/*
 * For a process of the user's, on its way: enters the users of the space whose first process is
 * init (a pidfd); what it forks is in the process namespace of that space's monitor. errno.
 */
enum cd_status host_within_join(int init) CD_CHECKED;
/* For that child: its root is the space's view from here on. errno. */
enum cd_status host_within_view(int init) CD_CHECKED;

#endif
