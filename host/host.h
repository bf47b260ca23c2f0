/* The host: performs the verbs of the common protocols on the real Linux system, for one border. */
#ifndef CORDON_HOST_HOST_H
#define CORDON_HOST_HOST_H

#include "cordon/status.h"
#include "kernel/border.h"

/* The table of handlers; immutable. */
extern const struct kern_host host_linux;
/*
 * Once in the process that serves: proc is the monitor's private /proc; broker and network are for
 * host/inet.h, warden for host/gate.h.
 */
enum cd_status host_setup(int proc, int broker, int warden, uint64_t network) CD_CHECKED;

#endif
