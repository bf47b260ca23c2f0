/*
 * Uses: calls on what a process holds. They cannot reach outside, and Linux performs them without a
 * question; but a nester can have them shown (CD_NESTER_USE). Then the filter lets them wait.
 */
#ifndef CORDON_KERNEL_USES_H
#define CORDON_KERNEL_USES_H

#include <stdbool.h>
#include <stdint.h>

struct kern_use {
	unsigned count; /* of descriptors; 0: it is no use */
	int fd[2];	/* -1: not in a register */
	uint64_t extra; /* the call's third argument: of most, how many bytes */
	unsigned at;	/* which descriptor is being shown */
	bool is_native; /* Linux performs it; nothing else is decided about it */
};

/* Does the filter let it wait, where uses are shown? Of two calls its arguments decide: mmap of no
 * file, and sendto of nothing or to an address, are none. */
bool kern_is_use(int nr);
/* Is the call one, with these arguments? Fills use. */
bool kern_use_of(int nr, const uint64_t arguments[6], struct kern_use *use);

#endif
