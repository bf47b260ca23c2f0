/*
 * Ports: where the nester of a space is asked about what crosses its border (cordon/nester.h).
 *
 * The monitor waits for a nester only as long as there is nothing else to do, and two milliseconds
 * at most. A message that has to wait for longer is put aside; when the answer comes, or a signal
 * for the process that waits, it is taken up again from its beginning, and now there is an answer.
 * So whatever is done is done on an object that is held while the nester speaks, or was resolved
 * and decided on after that, and the nester's word holds for that object and those operations
 * alone.
 *
 * Answers are a program's of the space around, and may be anything. At worst they deny.
 */
#ifndef CORDON_KERNEL_PORT_H
#define CORDON_KERNEL_PORT_H

#include "cordon/limits.h"
#include "cordon/nester.h"
#include "cordon/object.h"
#include "kernel/message.h"
#include "kernel/wire.h"

struct kern_port {
	struct kern_wire wire; /* no socket: what is subscribed to is denied */
	uint64_t ops;	       /* subscribed to */
};

/* One message that has been put aside, with what has been answered so far. */
#define KERN_QUESTIONS_MAX 16 /* of one message: the layers that are asked, times its objects */
struct kern_asked {
	uint64_t id; /* of the trap */
	size_t count;
	struct kern_question {
		const struct kern_port *port;
		uint64_t ops, hash; /* of the object */
		bool answered;
		int error; /* 0: it may pass */
	} questions[KERN_QUESTIONS_MAX];
	const struct kern_port
	    *changed_by;	      /* layers up to this one have had their say; NULL: none */
	struct kern_message *message; /* a copy; owned */
	size_t room;		      /* bytes that were had for it */
};

struct kern_asks {
	size_t count;
	struct kern_asked *all[CD_PENDING_MAX];
	struct kern_asked
	    *spare;    /* the last one that was dropped, for the next: most come one by one */
	uint64_t next; /* ids of what is sent */
};

/*
 * What the nester says to it: 0, it may pass; -errno; KERN_UNANSWERED: it has been asked just now,
 * or could not be. asked: the message's own, or a fresh one.
 */
#define KERN_UNANSWERED (-4098)
int kern_port_ask(struct kern_port *port, struct kern_asked *asked,
		  const struct kern_message *message, uint64_t ops, const struct cd_object *object,
		  bool absent);

/* Puts a message aside; asked is copied. -EAGAIN: too many are already. */
int kern_asks_keep(struct kern_asks *asks, const struct kern_asked *asked,
		   const struct kern_message *message);
/* The one with this id, or NULL. */
struct kern_asked *kern_asks_find(struct kern_asks *asks, uint64_t id);
void kern_asks_drop(struct kern_asks *asks, struct kern_asked *asked);

/* Tells what a process holds; what finds no room is not told. object: as the nester's space has it;
 * NULL: it has no name there. */
struct kern_hold;
void kern_port_tell(struct kern_port *port, const struct kern_space *space,
		    const struct kern_hold *hold, const struct cd_object *object);

/* What has come from a port, and is to be acted on. */
struct kern_heard {
	struct kern_port *port; /* NULL: nothing has */
	int received, fd;	/* as of kern_port_receive() */
	struct cd_port_answer answer;
};

/* As kern_wire_hear(); of the pipe alone where fd is NULL. Who is gone, or does not keep to the
 * form, is not listened to any more. */
int kern_port_receive(struct kern_port *port, struct cd_port_answer *answer, int *fd);

#endif
