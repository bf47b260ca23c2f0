/*
 * The gate, at the monitor: spaces within this one, asked for by its programs (cordon/gate.h).
 *
 * The monitor decides and passes the descriptors on; what makes the space is the warden, a process
 * that has the authority for it (cli/warden.h).
 */
#ifndef CORDON_HOST_GATE_H
#define CORDON_HOST_GATE_H

#include "cordon/gate.h"
#include "host/fs.h"

/* A datagram to the warden. With it come the descriptors of which `held` has the bit. */
struct host_gate_ask {
	uint32_t held; /* 1 << enum cd_gate_fd */
	char name[CD_GATE_NAME_MAX];
};

/* Once in the process that serves. warden: a socket to it; -1: no spaces can be made. */
void host_gate_setup(int warden);
/* prctl(CD_GATE, ...). */
void host_gate(struct kern_border *border, const struct kern_message *m, struct kern_reply *reply);

#endif
