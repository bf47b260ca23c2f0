/* Descriptors that are passed on with a datagram. */
#ifndef CORDON_LIB_PASS_H
#define CORDON_LIB_PASS_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define CD_PASS_MAX 64 /* with one */

/* As sendmsg() does, with count descriptors, which may be none; no signal says that nobody is
 * there. */
ssize_t cd_pass_send(int socket, const struct iovec *parts, size_t part_count, const int *fds,
		     size_t count, int flags);

/*
 * As recvmsg() does, with at most *count descriptors; *count: how many have come, all the caller's
 * and closed on exec. What else was sent along is closed.
 */
ssize_t cd_pass_receive(int socket, void *bytes, size_t size, int *fds, size_t *count, int flags);

#endif
