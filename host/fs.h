/* What the handlers of the file system protocol share. */
#ifndef CORDON_HOST_FS_H
#define CORDON_HOST_FS_H

#include "host/resolve.h"
#include "kernel/border.h"

/* The signature of a verb's handler, as in struct kern_host. */
#define HOST_HANDLER(name)                                                                         \
	void name(void *context, struct kern_border *border, const struct kern_message *m,         \
		  struct kern_reply *reply)

/* Asks the chain about a path. 0, or what the process is to be told. */
int host_decide_path(struct kern_border *border, const struct kern_message *m, uint64_t ops,
		     const char *path, size_t len);
bool host_would_allow_path(const struct kern_border *border, const struct kern_message *m,
			   uint64_t ops, const char *path, size_t len);

/*
 * Resolves the message's first name and asks for ops on what it finds. A name that is not there is
 * noted and answered with Linux's errno. The caller closes the object, on failure too.
 */
int host_find(struct kern_border *border, const struct kern_message *m, unsigned flags,
	      uint64_t ops, struct host_object *object);
/* The same for an object that the message names by a descriptor or by a name. Of something that has
 * no path in the view nothing is asked: what may be done with it depends on how its descriptor was
 * opened. */
int host_find_target(struct kern_border *border, const struct kern_message *m, unsigned flags,
		     uint64_t ops, struct host_object *object);
/* Notes a name that is not there, and passes the errno on. */
int host_note_absent(struct kern_border *border, const struct kern_message *m, uint64_t ops,
		     const char *path, size_t len, int error);

/* The handlers, by file. */
HOST_HANDLER(host_fs_open); /* fs_open.c */
HOST_HANDLER(host_fs_exec); /* fs_exec.c */
HOST_HANDLER(host_fs_stat); /* fs_stat.c: what only looks */
HOST_HANDLER(host_fs_statx);
HOST_HANDLER(host_fs_access);
HOST_HANDLER(host_fs_readlink);
HOST_HANDLER(host_fs_getxattr);
HOST_HANDLER(host_fs_listxattr);
HOST_HANDLER(host_fs_statfs);
HOST_HANDLER(host_fs_chdir);
HOST_HANDLER(host_fs_watch);
HOST_HANDLER(host_fs_handle); /* fs_tell.c: what tells more */
HOST_HANDLER(host_fs_getattr);
HOST_HANDLER(host_fs_setattr);
HOST_HANDLER(host_fs_cachestat);
HOST_HANDLER(host_fs_ustat);
HOST_HANDLER(host_fs_chroot);
HOST_HANDLER(host_fs_chmod); /* fs_meta.c: what changes metadata */
HOST_HANDLER(host_fs_chown);
HOST_HANDLER(host_fs_utimes);
HOST_HANDLER(host_fs_truncate);
HOST_HANDLER(host_fs_setxattr);
HOST_HANDLER(host_fs_removexattr);
HOST_HANDLER(host_fs_umask);
HOST_HANDLER(host_fs_mkdir); /* fs_name.c: what makes, moves and removes names */
HOST_HANDLER(host_fs_mknod);
HOST_HANDLER(host_fs_symlink);
HOST_HANDLER(host_fs_unlink);
HOST_HANDLER(host_fs_rename);
HOST_HANDLER(host_fs_link);

#endif
