/* Requests on a descriptor that are the monitor's: O_ASYNC, its signal, leases. */
#ifndef CORDON_HOST_FCNTL_H
#define CORDON_HOST_FCNTL_H

#include "host/fs.h"

HOST_HANDLER(host_fcntl);
/* The ioctl that says O_ASYNC in another way. False: it is another one. */
bool host_fioasync(const struct kern_message *m, struct kern_reply *reply);

#endif
