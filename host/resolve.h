/*
 * From a name in a message to an object: a descriptor, and the path that the space knows it by.
 *
 * A name is resolved once, to an O_PATH descriptor under the view's root; what is decided on and
 * acted on afterwards is that descriptor (invariant 3).
 */
#ifndef CORDON_HOST_RESOLVE_H
#define CORDON_HOST_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/limits.h"
#include "cordon/status.h"
#include "kernel/border.h"
#include "kernel/message.h"

struct host_object {
	int fd;		/* O_PATH; -1: the name is not there */
	bool anonymous; /* it has no path in the view: a pipe, a socket, a deleted or inherited file
			 */
	bool machine;	/* the view does not have it: it is the monitor's to show */
	bool own_fd;	/* reached through /proc/PID/fd: held_flags are the flags that it was opened
			   with */
	int held_flags;
	size_t path_len;
	char path[2 * CD_PATH_MAX]; /* absolute, normal form; of what is anonymous: what Linux calls
				       it */
};

/* A name in a directory: what mkdir, unlink and their like work on. */
struct host_place {
	int dir; /* O_PATH descriptor of the directory */
	char name[CD_NAME_MAX +
		  2]; /* last component as given, with its trailing slash if it had one */
	size_t path_len;
	char path[2 * CD_PATH_MAX]; /* of the name itself */
};

enum {
	HOST_NOFOLLOW = 1, /* do not follow a symbolic link in the last place */
	HOST_EMPTY = 2,	   /* an empty name stands for the directory descriptor itself */
};

/*
 * Resolves (dir, path) of the message's process. 0, or -errno as Linux would say it. When the name
 * is not there (-ENOENT), object->path still says, as well as can be told, which name that is, or
 * is empty.
 */
int host_resolve(const struct kern_message *message, int dir, const char *path, unsigned flags,
		 struct host_object *object);
/* The object behind one of the process's descriptors. */
int host_resolve_fd(const struct kern_message *message, int fd, struct host_object *object);
/* What the space calls the object behind fd, which is a descriptor of ours: path, path_len and
 * anonymous. */
void host_name_held(const struct kern_message *message, int fd, struct host_object *object);
/* Resolves all but the last component. 0 or -errno. */
int host_resolve_place(const struct kern_message *message, int dir, const char *path,
		       struct host_place *place);
void host_object_close(struct host_object *object);
void host_place_close(struct host_place *place);

/* What `name`, an entry of the place's directory, is now; as host_resolve, for one component, never
 * following a link. */
int host_place_object(const struct host_place *place, struct host_object *object);

/* As host_resolve, under openat2's RESOLVE_ flags; Linux alone resolves, so /proc/self is not
 * there. */
int host_resolve_restricted(const struct kern_message *message, int dir, const char *path,
			    unsigned flags, uint64_t resolve, struct host_object *object);

/* Has the message RESOLVE_ flags? Then they hold for host_resolve_place, too. */
bool host_is_restricted(const struct kern_message *message);

/*
 * The text of /proc/self, or with thread of /proc/thread-self, as the process that asked would read
 * it: to the monitor they name the monitor. Its length, or -ESRCH.
 */
ssize_t host_self_text(const struct kern_message *message, bool thread, char *text, size_t size);

/* For host/hops.c. The monitor's private /proc; what Linux calls the object; base and name in one,
 * lexically (0: too long); how the descriptor was opened that `object` was reached through. */
int host_private_proc(void);
size_t host_ask_path(int fd, char *path, size_t size);
size_t host_join(char *out, size_t size, const char *base, const char *name);
void host_take_flags(struct host_object *object, int dir, const char *info, int fd);

/* A path of the object behind a descriptor, for calls that take a path only. text must hold 32
 * bytes. */
const char *host_fd_path(int fd, char *text);
/* Once in each process that serves, with the monitor's private /proc. Sets the working directory.
 */
enum cd_status host_resolve_setup(int proc) CD_CHECKED;
/* Back to that working directory, for who has left it. */
void host_resolve_return(void);
/* kern_border_may_block, and what a new worker needs to set up. */
int host_may_block(struct kern_border *border, const struct kern_message *message);
/* Opens the object behind an O_PATH descriptor again, with other flags; -errno. */
int host_reopen(int fd, int flags);

#endif
