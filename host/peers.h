/*
 * What names a process, in a space without a pid namespace: signals, descriptors of processes, how
 * they are scheduled; and the making of processes, which has to stop before the space can end.
 */
#ifndef CORDON_HOST_PEERS_H
#define CORDON_HOST_PEERS_H

#include "host/fs.h"

/* ending: can be written to as long as init reads from its other end. */
void host_peers_setup(int ending);

HOST_HANDLER(host_peers_fork);
HOST_HANDLER(host_peers_signal);
HOST_HANDLER(host_peers_pidfd);
HOST_HANDLER(host_peers_ask);

#endif
