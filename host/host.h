/* The host: performs the verbs of the common protocols on the real Linux system, for one border. */
#ifndef CORDON_HOST_HOST_H
#define CORDON_HOST_HOST_H

#include "cordon/status.h"
#include "kernel/border.h"

/* The table of handlers; immutable. */
extern const struct kern_host host_linux;
/*
 * Once in the process that serves: proc is the monitor's private /proc; network, broker and insider
 * are for host/inet.h, warden is for host/gate.h. A channel of -1: nobody is there.
 */
struct host_channels {
	int broker, insider, warden;
};
enum cd_status host_setup(int proc, const struct host_channels *channels,
			  uint64_t network) CD_CHECKED;

#endif
