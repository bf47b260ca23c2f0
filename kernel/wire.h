/*
 * What a port is made of: a socket, and two pipes beside it.
 *
 * A pipe costs a third of what a datagram does, so what fits goes there: questions out, padded to
 * units, so that who reads a unit has read one question or the beginning of a long one; answers in.
 * Descriptors, and what is longer than Linux writes in one piece, go by the socket. A nester may
 * have no pipes; then everything does.
 *
 * The other ends are a program's, and so may these be: it can hold the same files, change how they
 * wait, fill them and empty them. So no call here waits, whatever it did, and what has been read is
 * looked at for its form and no more than once.
 */
#ifndef CORDON_KERNEL_WIRE_H
#define CORDON_KERNEL_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "cordon/nester.h"

struct kern_wire {
	int socket;  /* -1: nobody is there */
	int out, in; /* of questions, and of answers; -1: there are no pipes */
};

#define KERN_WIRE_NONE ((struct kern_wire){-1, -1, -1})

/* Are these a socket and, if there are any, two pipes that can be used without waiting? */
bool kern_wire_is_sound(const struct kern_wire *wire);
/*
 * A wire of its own for a space within: *ours; what the nester is to have is sent to it on this
 * one. False: it could not be.
 */
bool kern_wire_announce(const struct kern_wire *wire, const char *space, struct kern_wire *ours);
void kern_wire_close(struct kern_wire *wire);

/* Sends message, whose bytes behind its text may be written to. False: there is no room, or nobody.
 */
bool kern_wire_send(const struct kern_wire *wire, struct cd_port_message *message);

/*
 * One answer, if there is one. 1: in *answer; 0: none; -1: nobody is there any more, or not in this
 * form. The pipe's comes first.
 */
int kern_wire_hear_pipe(const struct kern_wire *wire, struct cd_port_answer *answer);
/* fd: what came with it, owned by the caller, or -1. */
int kern_wire_hear(const struct kern_wire *wire, struct cd_port_answer *answer, int *fd);

#endif
