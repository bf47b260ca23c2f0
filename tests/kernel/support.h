/* A process behind a filter, and what it takes to serve it. */
#ifndef CORDON_TESTS_KERNEL_SUPPORT_H
#define CORDON_TESTS_KERNEL_SUPPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/border.h"

/*
 * Forks a process that installs the filter of a space and then runs body, whose result is its exit
 * status. In body only internal calls, and what is to be served; raw, for the C library may make
 * calls of its own.
 */
struct trapped {
	pid_t pid;
	struct kern_space *space; /* running; its own, with no layers */
};
struct trapped trapped_start(struct kern_space *parent, int (*body)(void *context), void *context);

/* The wait status; fails the test when it does not end in time. */
int trapped_wait(const struct trapped *trapped);
void trapped_free(struct trapped *trapped);

/* A process that waits to be killed, as a space's first one: its pidfd. */
int sleeper(pid_t *pid);
/* Waits, for some seconds at most, for the process to end; its wait status, or -1. */
int wait_bounded(pid_t pid);

/* Memory that a test, its children and the workers of a border share; zeros. */
void *shared(size_t size);

#endif
