/* Network interfaces, for who asks a socket in the old way. */
#ifndef CORDON_HOST_INTERFACES_H
#define CORDON_HOST_INTERFACES_H

#include <stdbool.h>

#include "kernel/message.h"

/* Answers a request (ioctl) that asks for the interfaces of a socket's network; false: it is none.
 */
bool host_interfaces(const struct kern_message *m, struct kern_reply *reply);

#endif
