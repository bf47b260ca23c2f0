/*
 * Spaces: a tree of nested protection domains.
 *
 * A space is created below a parent (the outermost has none), started once, and ends with
 * everything below it (invariant 9). Its layers decide on what crosses its border, innermost first;
 * after them come its parent's, so that authority only ever shrinks on the way in (invariant 4).
 *
 * Owned by the one thread that serves the border; nothing here is locked.
 */
#ifndef CORDON_KERNEL_SPACE_H
#define CORDON_KERNEL_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cordon/limits.h"
#include "cordon/object.h"
#include "cordon/status.h"

enum kern_on_deny { KERN_DENY_ERRNO, KERN_DENY_HIDE, KERN_DENY_KILL };

/* A layer of a border's chain: something that can say no. */
struct kern_layer {
	const char *name;
	void *context;
	enum kern_on_deny on_deny;
	bool silent; /* where it allows, the record does not name it */
	void (*decide)(void *context, uint64_t ops, const struct cd_object *object,
		       struct cd_decision *decision);
	/* May this directory change its name? False when a rule speaks of what lies below. */
	bool (*movable)(void *context, const char *path, size_t len);
};

struct kern_port;

enum kern_state { KERN_CREATED, KERN_RUNNING, KERN_ENDED };

struct kern_space {
	char id[CD_SPACE_ID_MAX]; /* "1", "1.2", ... */
	enum kern_state state;
	struct kern_space *parent, *first_child, *next_sibling;
	unsigned child_count; /* ever made: ids are not used again */
	const struct kern_layer *layers[CD_LAYERS_MAX];
	size_t layer_count;
	struct kern_port *port; /* of its nester (kernel/port.h); NULL: it has none. Borrowed */
	/*
	 * What an object of this space is to the space around it: the object itself, where it is
	 * called the same there; else out, which may borrow from the object and from text
	 * (CD_PATH_MAX bytes), and has no parts. ops: those that it has a say in. NULL: it has
	 * none, the object is this space's own, or is asked of it by other means. Without such a
	 * function all is as it is.
	 */
	const struct cd_object *(*outward)(void *context, uint64_t *ops,
					   const struct cd_object *object, char *text,
					   struct cd_object *out);
	void *outward_context;

	int init_pidfd; /* pid 1 of the space; -1 before the start */
	int listener;	/* of the space's filter; -1 before the start */
	/* For the shim (cordon/shim.h): subtrees in which what is not there is not there for the
	 * monitor either. Borrowed; NULL: nothing is native. */
	const char *settled;
	size_t settled_len;
	/* Filters on each thread that has given itself none; 0: none ever has. */
	unsigned filters;
	int proc; /* the monitor's own /proc, in which thread ids of messages are valid */

	/* Internal calls come to be recorded, and go on. In a space without namespaces (bare) some
	 * that are internal elsewhere are not. */
	bool records_calls, bare;

	/* All of the view may be looked at, by whatever name, and no directory of another view
	 * comes in: what a descriptor is that can only be looked at, Linux may say by itself. */
	bool looks;

	/* What Linux lacks, or is to be done without (lib/without.def). */
	bool no_sync_wakeup, no_thread_pidfds;

	/* Process state that Linux keeps and does not tell cheaply: until a process calls umask(2),
	 * all have the one that the space began with. */
	mode_t umask;
	bool umask_varies;
};

/* NULL: out of memory, or the parent has ended. proc is borrowed. */
struct kern_space *kern_space_new(struct kern_space *parent, int proc);
/*
 * A space that another process serves, for its layers: id is what that one calls it. NULL: out of
 * memory.
 */
struct kern_space *kern_space_stand_in(struct kern_space *parent, const char *id);
/* Adds a layer outside those that are there. The layer is borrowed. */
enum cd_status kern_space_add_layer(struct kern_space *space,
				    const struct kern_layer *layer) CD_CHECKED;
/* Takes both descriptors: from here on the space runs. */
enum cd_status kern_space_start_take(struct kern_space *space, int init_pidfd,
				     int listener) CD_CHECKED;
/* Calls visit for the space and all below it, parents first, until it returns false. */
void kern_space_walk(struct kern_space *space,
		     bool (*visit)(struct kern_space *space, void *context), void *context);
/* Kills every process of the space and of those below. They stay listed, as ended. */
void kern_space_stop(struct kern_space *space);
/* Stops, then frees the space and all below it. NULL is legal. */
void kern_space_free(struct kern_space *space);

#endif
