/*
 * The inside of a border, for the files that are it: border.c takes messages and answers them,
 * chain.c decides, nester.c asks nesters and hears them, show.c shows them what is used, reply.c is
 * what reaches who waits.
 */
#ifndef CORDON_KERNEL_BORDER_OWN_H
#define CORDON_KERNEL_BORDER_OWN_H

#include <linux/seccomp.h>

#include "kernel/border.h"
#include "kernel/pending.h"
#include "kernel/port.h"
#include "lib/path.h"

#define KERN_SWEEP_MS 20 /* how often what waits is looked at */

struct kern_processors {
	long size; /* bytes of the mask that Linux knows */
	unsigned long mask[16];
};

/* An object as a space sees it. A chain is walked with two: what is seen further out is made in the
 * other one. */
struct kern_seen {
	struct cd_object object;
	char text[CD_PATH_MAX];
};

struct kern_border {
	struct kern_space *space;
	const struct kern_host *host;
	const struct kern_observer *observer;
	const struct kern_asker *asker; /* NULL: nobody */
	bool worker;			/* this process answers one message and ends */
	bool sync_wakeup; /* Linux 6.6; there NOTIF_RECV itself notices the end of the space, too */
	pid_t held_for;	  /* the thread for which this process stays where it is; 0: none */
	struct kern_processors all, here;
	pid_t taught; /* the thread whose program has been told what it may do; 0: none */
	struct kern_counters counters;
	struct kern_pending pending;
	/* The object at hand as the spaces around see it, and divided: as long as the decision is.
	 */
	struct kern_seen seen[2];
	struct cd_parts parts[2];
	struct kern_asks asks;	 /* messages that wait for a nester */
	struct kern_asked asked; /* what has been asked of the message at hand */
	bool shows_uses;	 /* to a nester */
	bool may_list;		 /* a nester may ask what is held, at any time */
	bool asking;		 /* it has to wait for an answer: nothing more is done for it */
	struct kern_heard
	    heard; /* an answer that was not for the message at hand, or no plain one */
	struct seccomp_notif *trap; /* as large as the running kernel's */
	size_t trap_size;
	struct kern_message message;
};

/* ---- border.c ---- */

/* Has the message at hand performed; error: it cannot be, and this is the answer. */
void kern_border_perform(struct kern_border *border, int error);
/* Answers, unless a worker or a nester does, and lets go of what the reply holds. */
void kern_border_finish(struct kern_border *border, struct kern_reply *reply);

/* ---- chain.c ---- */

/* What an object of the space is to the one around it, as the space's `outward` says. seen: two, of
 * which one may be the object as it is now. */
const struct cd_object *kern_border_outward(const struct kern_space *space, uint64_t *ops,
					    const struct cd_object *object, struct kern_seen *seen);

/* ---- nester.c ---- */

/* As kern_port_ask(), of the message at hand. */
int kern_border_ask_nester(struct kern_border *border, struct kern_port *port,
			   const struct kern_message *message, uint64_t ops,
			   const struct cd_object *object, bool absent);
/* 1: a trap may be there; 0: look again; -1: the space has ended. */
int kern_border_wait_with_ports(struct kern_border *border);
/* What the nesters of the space, and of those around it, have subscribed to. */
uint64_t kern_border_ports_ops(const struct kern_space *space);

/* ---- show.c ---- */

/* What a process holds, as the space around calls it; NULL: it is the inner space's own. */
const struct cd_object *kern_border_further_out(struct kern_border *border,
						const struct kern_space *space,
						const struct cd_object *object);
/* Shows what the message at hand uses, to who wants to see it; 0: it goes on. */
int kern_border_show_uses(struct kern_border *border);

/* ---- reply.c ---- */

/* Once, before any other of these. */
void kern_border_begin_here(struct kern_border *border);
/* Holds the monitor on its processor, until a trap comes from another thread. */
bool kern_border_hold_here(struct kern_border *border, pid_t tid);
void kern_border_let_go(struct kern_border *border);
/* Sends the reply. Nobody may be waiting any more: that is no error. The result; of
 * KERN_REPLY_CONTINUE nothing. */
int64_t kern_border_answer(struct kern_border *border, struct kern_reply *reply);

#endif
