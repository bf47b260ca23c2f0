/*
 * What else a process has of a socket that is being replaced: other numbers (dup), and sets of
 * descriptors that it waits for (epoll).
 *
 * Linux files a descriptor in a set under its number and its open file, and forgets it when that
 * file is closed. A program that has put a socket into a set before it connects would wait for
 * ever.
 */
#ifndef CORDON_HOST_WATCHES_H
#define CORDON_HOST_WATCHES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "kernel/message.h"

#define HOST_WATCHES_MAX 8 /* numbers, and places in sets, that a new socket is put into */

struct host_watches {
	size_t number_count, count;
	int numbers[HOST_WATCHES_MAX];
	struct {
		int set;    /* our own duplicate */
		int number; /* under which the socket is in it */
		struct epoll_event event;
	} at[HOST_WATCHES_MAX];
};

/* The numbers of the process that are this socket, and its sets that hold it. */
void host_watches_find(const struct kern_message *m, int socket, struct host_watches *out);
/* Puts the socket replacement into each set, in old's place. */
void host_watches_renew(const struct host_watches *watches, int old, int replacement);
void host_watches_close(struct host_watches *watches);

#endif
