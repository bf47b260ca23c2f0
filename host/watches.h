/*
 * Sets of descriptors that a process waits for (epoll), when a socket in them is replaced.
 *
 * Linux files a descriptor there under its number and its open file, and forgets it when that file
 * is closed. A program that has put a socket into a set before it connects would wait for ever.
 */
#ifndef CORDON_HOST_WATCHES_H
#define CORDON_HOST_WATCHES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "kernel/message.h"

#define HOST_WATCHES_MAX 8 /* sets that one socket is carried over in */

struct host_watches {
	size_t count;
	struct {
		int set; /* our own duplicate */
		struct epoll_event event;
	} at[HOST_WATCHES_MAX];
};

/* The sets of the process that hold its descriptor `number`, which is this socket. */
void host_watches_find(const struct kern_message *m, int number, int socket,
		       struct host_watches *out);
/* Puts another socket, which has that number now, into each. */
void host_watches_renew(const struct host_watches *watches, int socket, int number);
void host_watches_close(struct host_watches *watches);

#endif
