/* What the files of libcordon share. */
#ifndef CORDON_LIBCORDON_NESTER_H
#define CORDON_LIBCORDON_NESTER_H

#include <stdbool.h>

#include "cordon/nester.h"

#define PORTS_MAX 256
#define EXPORT	  __attribute__((visibility("default")))

struct port {
	int fd[CD_PORT_ENDS]; /* by enum cd_port_end; -1: there are no pipes */
	uint64_t number;      /* never used again */
	char space[256];      /* empty: not said yet */
	bool listing;	      /* has been asked for what is held, and not said all */
};

struct cd_nester {
	pid_t cordon; /* the process that keeps the space */
	int pidfd;
	struct port ports[PORTS_MAX];
	size_t count, pending;
	uint64_t ops; /* subscribed to */
	bool listing; /* CD_EVENT_LISTED is still to come */
	uint64_t numbers;
	int cpu;   /* where we stay; -1: anywhere */
	int watch; /* an epoll set of the ports, by twice their numbers, and one more
		      for their pipes; and of pidfd, which is 0 */
};

#endif
