/* Operations that block, each in a worker process of its own. */
#ifndef CORDON_KERNEL_PENDING_H
#define CORDON_KERNEL_PENDING_H

#include "kernel/message.h"

struct kern_pending {
	size_t count;
	struct kern_pending_work {
		pid_t worker;
		uint64_t id;
		pid_t tid;
	} work[CD_PENDING_MAX];
};

/* Once, before the first fork: the signal that interrupts a worker. */
void kern_pending_setup(void);

/* What a handler returns in the receiver when a worker has taken over; no errno. */
#define KERN_PENDING (-4097)

/* Forks. 0 in the worker, KERN_PENDING in the caller, -EAGAIN when there are too many. */
int kern_pending_fork(struct kern_pending *pending, const struct kern_message *message);

/* In a worker, before it answers: from here on nothing interrupts it. */
void kern_pending_settle(void);

/* Reaps workers that are done; interrupts those whose process is gone or has a signal to handle. */
void kern_pending_sweep(struct kern_pending *pending, struct kern_space *space);

/* Ends all. */
void kern_pending_end(struct kern_pending *pending);

#endif
