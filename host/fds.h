/* Descriptors that the command line grants. */
#ifndef CORDON_HOST_FDS_H
#define CORDON_HOST_FDS_H

#include <stddef.h>

/* Descriptors that the program has besides the standard streams, ascending. Everywhere else they
 * are close-on-exec, and closed when the program has its own. */
#define HOST_FDS_MAX 16
struct host_fds {
	int fd[HOST_FDS_MAX];
	size_t count;
};

#endif
