/*
 * What a nester answers other than that a message may pass (kernel/port.h). It may be anything:
 * each function says whether it is an answer at all.
 */
#ifndef CORDON_KERNEL_ANSWER_H
#define CORDON_KERNEL_ANSWER_H

#include "kernel/port.h"

/* What is replied instead of what would have been done. fd came with the answer; -1: none did. */
bool kern_answer_reply(const struct kern_message *message, const struct cd_port_answer *answer,
		       int fd, struct kern_reply *reply);

/* Another object takes the place of the one that was asked for. */
bool kern_answer_change(struct kern_asked *asked, const struct kern_port *port,
			const struct cd_port_answer *answer);

#endif
