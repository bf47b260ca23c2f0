/*
 * Messages and replies: what crosses a border.
 *
 * A message is one operation of a process in a space, decoded from its registers and
 * copied once from its memory (invariant 2); from then on it is self-contained. Everything in
 * it except `space`, `id`, `number`, `arrived_ns` and `tid` is chosen by the space and therefore
 * hostile.
 */
#ifndef CORDON_KERNEL_MESSAGE_H
#define CORDON_KERNEL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cordon/limits.h"
#include "kernel/syscalls.h"
#include "kernel/uses.h"

struct kern_space;

/* Bytes that a message can carry besides its names: an xattr's value, a datagram, control data. */
#define KERN_DATA_MAX (CD_XATTR_SIZE_MAX + 8192)

struct kern_message {
	struct kern_space *space;
	uint64_t id;	     /* of the trap: valid as long as the process waits in it */
	uint64_t number;     /* of the message among those of its border */
	uint64_t arrived_ns; /* by the clock that is never set; 0: nobody wants to know */
	pid_t tid;	     /* the waiting thread, in the monitor's pid namespace */
	int nr;
	enum cd_verb verb;
	const struct kern_shape *shape;

	struct kern_use use; /* that is to be shown */

	/* Scalars, as the call passed them; 0 (or AT_FDCWD for dir, dir2) when it has none. */
	int fd, dir, dir2;
	uint64_t flags; /* the call's own, or those that its name says (shape->fixed_flags) */
	uint64_t mode, extra, extra2;

	/* Where results go in the process's memory. */
	uint64_t buf, len;

	/* Copies. A name that the call does not have is empty and its `has` is false. renamed: it
	 * is a nester's, not the process's own. */
	bool has_path, has_path2, renamed;
	size_t path_len, path2_len;
	char path[CD_PATH_MAX], path2[CD_PATH_MAX];
	size_t data_len;
	unsigned char data[KERN_DATA_MAX];
};

enum kern_action {
	KERN_REPLY_VALUE,    /* the call returns value (a negative one is -errno) */
	KERN_REPLY_FD,	     /* the call returns a new descriptor for fd */
	KERN_REPLY_CONTINUE, /* Linux performs it: only where nothing rests on the process's memory
			      */
	KERN_REPLY_KILL,     /* the process is ended */
};

struct kern_reply {
	enum kern_action action;
	int64_t value;
	int fd; /* owned by the reply; -1 when none */
	bool fd_cloexec;
};

#endif
