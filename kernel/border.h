/*
 * The border of a space: receives its messages, has them decided and performed, answers.
 *
 * One process serves a border. What may block is handed to a worker, a forked copy of that process
 * which shares no memory with it and ends with the one operation, so that pending work never holds
 * the receiver.
 */
#ifndef CORDON_KERNEL_BORDER_H
#define CORDON_KERNEL_BORDER_H

#include "kernel/message.h"
#include "kernel/pending.h"
#include "kernel/space.h"

struct kern_border;

/* One thing that a process of the space holds, for its nesters. */
struct kern_hold {
	uint64_t next; /* where to go on looking: 0 at first; and when there is no more */
	pid_t pid; /* the process, as its space numbers it; 0: nothing was found in this place */
	int fd;	   /* its descriptor */
	uint64_t flags; /* as it was opened with: O_ACCMODE, O_PATH, ... */
	uint64_t
	    ops; /* what was granted by it, as far as that can be told; 0: it is the space's own */
	const char *kind; /* "file", "socket", ... */
	struct cd_object object;
	char text[2 * CD_PATH_MAX];
};

/* The parent that performs operations: one function a verb; a verb without one is refused with
 * ENOSYS. */
struct kern_host {
	void *context;
	/*
	 * Performs the message and fills reply: value (or -errno), a descriptor, or another action.
	 * Called once for each message. It decides through kern_border_decide().
	 */
	void (*perform[CD_VERB_COUNT])(void *context, struct kern_border *border,
				       const struct kern_message *message,
				       struct kern_reply *reply);
	/* What one of the descriptors of the process that asks is for; false: it has no such. */
	bool (*held)(void *context, const struct kern_message *message, int fd,
		     struct kern_hold *hold);
	/* What the space's processes hold, one after the other: from hold->next on. */
	void (*hold)(void *context, const struct kern_space *space, struct kern_hold *hold);
};

/* How a decision came about, for the record. */
struct kern_record {
	const struct kern_message *message;
	const struct cd_object *object;
	const struct cd_decision *decision;
	const struct kern_space *space; /* whose layer decided */
	const struct cd_object *seen;	/* the object as that space sees it; NULL: as object */
	unsigned layer;			/* its place in that space's chain */
	uint64_t ops;
	bool absent; /* the object is not in the view: answered with ENOENT whatever the verdict */
	bool nester; /* denied, and by the nester of a space */
	bool inside; /* done all the same, but within the space, where nothing outside sees it */
	bool worker; /* it was decided in a worker, which shares no memory with the receiver */
};

struct kern_observer {
	void *context;
	bool all; /* also what was allowed */
	void (*record)(void *context, const struct kern_record *record);
	/* What follows may be NULL. */
	/* The message was answered, with the result (NULL: Linux goes on with the call). Not called
	 * for what a worker answers. */
	void (*answered)(void *context, const struct kern_message *message, const int64_t *result);
	/* An internal call begins: of the message only space, id, tid and nr are known. */
	void (*called)(void *context, const struct kern_message *message,
		       const uint64_t arguments[6]);
};

/*
 * Who can be asked, where the space's own layers say CD_ASK. Called in a worker, which may wait:
 * the receiver goes on meanwhile. The record says which layer asks, for which one operation.
 */
enum kern_answer { KERN_ANSWER_NO, KERN_ANSWER_YES, KERN_ANSWER_INTERRUPTED };
struct kern_asker {
	void *context;
	enum kern_answer (*ask)(void *context, const struct kern_record *record);
};

struct kern_border *kern_border_new(struct kern_space *space, const struct kern_host *host,
				    const struct kern_observer *observer);
void kern_border_free(struct kern_border *border);
/* Without one, what is asked is denied. Borrowed. */
void kern_border_set_asker(struct kern_border *border, const struct kern_asker *asker);

/* Serves until no process of the space is left, or the listener fails. */
enum cd_status kern_border_serve(struct kern_border *border) CD_CHECKED;

/*
 * Asks every layer of the chain, innermost first. 0 when all allow; else what the process is to be
 * told: -EACCES or -ENOENT, as the layer that denied wants it, or KERN_DENIED_KILL. KERN_PENDING,
 * where there is an asker and a layer asks: unwind with it, as with kern_border_may_block().
 */
#define KERN_DENIED_KILL (-4096)
/* ERESTARTSYS, for who waits and has a signal: Linux makes it EINTR or a restart, as the handler
 * wants. */
#define KERN_RESTART (-512)
int kern_border_decide(struct kern_border *border, const struct kern_message *message, uint64_t ops,
		       const struct cd_object *object);

/* The same for a name that is not there: what matters is the record; the process is told ENOENT. */
void kern_border_note_absent(struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object);

/* The same for what is done within the space, since it was not granted outside. */
void kern_border_note_inside(struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object);

/* What the layers say, the first that does not allow before all others. Nothing is recorded. */
void kern_border_weigh(const struct kern_border *border, const struct kern_message *message,
		       uint64_t ops, const struct cd_object *object, struct cd_decision *decision);

/* Would all layers allow it? Nothing is recorded. */
bool kern_border_would_allow(const struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object);

/*
 * Would what stands under one name be open to more under another, in any layer's eyes? Each is
 * asked by itself: what an inner one refuses anyway must not hide that a space further out would
 * gain.
 */
bool kern_border_would_widen(const struct kern_message *message, uint64_t ops,
			     const struct cd_object *from, const struct cd_object *to);

/* May this directory change its name, as far as the layers are concerned? */
bool kern_border_movable(const struct kern_message *message, const char *path, size_t len);

/*
 * The operation is about to block. In the worker it returns 0: block there. In the receiver it
 * returns KERN_PENDING: unwind with that value, the worker answers. -EAGAIN: too many are pending
 * already.
 */
int kern_border_may_block(struct kern_border *border, const struct kern_message *message);

/*
 * Puts a duplicate of fd in the place of the process's own descriptor `number`, while it waits for
 * its answer. 0 or -errno.
 */
int kern_border_replace(struct kern_border *border, const struct kern_message *message, int number,
			int fd, bool cloexec);

/* Writes results into the process's memory; 0 or -EFAULT. */
int kern_border_write(const struct kern_message *message, uint64_t address, const void *bytes,
		      size_t len);

/* Reads a value that no decision rests on; 0, -EFAULT or -ESRCH. */
int kern_border_read(const struct kern_message *message, uint64_t address, void *bytes, size_t len);

/* Counters of this border, for reports. */
struct kern_counters {
	uint64_t messages, denied, blocked;
};
const struct kern_counters *kern_border_counters(const struct kern_border *border);

#endif
