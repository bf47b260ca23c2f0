/*
 * Terminals, as programs of the space see them.
 *
 * What a terminal is asked to do is harmless on one that the space has made itself, and may not be
 * on one that it was given: the user's. The filter sees a number; the monitor looks at the object.
 */
#ifndef CORDON_HOST_TTY_H
#define CORDON_HOST_TTY_H

#include <stdbool.h>

#include "kernel/message.h"

/* Once, when the view has been entered: which terminals are the space's own? */
void host_tty_setup(void);
/* Is the message a request for one of the space's own terminals? Then it is performed, and reply
 * says how that went. */
bool host_tty_ioctl(const struct kern_message *message, struct kern_reply *reply);
/* Opens the terminal that controls the process; -errno. /dev/tty would be the monitor's. */
int host_tty_open_controlling(const struct kern_message *message, int flags);

#endif
