/* What only looks: stat, access, readlink, getxattr, statfs, chdir, chroot, inotify. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/fs.h"
#include "host/hops.h"
#include "kernel/process.h"

#ifndef AT_STATX_SYNC_TYPE
#define AT_STATX_SYNC_TYPE 0x6000
#endif

/* Room for what a call returns; one message is served at a time. */
static char results[CD_XATTR_SIZE_MAX];

/*
 * The object of a call of the stat family. The C library asks for its own descriptors in this way
 * (an empty name): that needs neither a path nor a decision, the descriptor is held.
 */
static int find_for_stat(struct kern_border *border, const struct kern_message *m,
			 struct host_object *object)
{
	unsigned flags = (m->flags & AT_SYMLINK_NOFOLLOW ? HOST_NOFOLLOW : 0) |
			 (m->flags & AT_EMPTY_PATH ? HOST_EMPTY : 0);

	if (!*m->path && m->flags & AT_EMPTY_PATH) {
		object->fd =
		    m->dir == AT_FDCWD ? kern_process_cwd(m) : kern_process_fd_object(m, m->dir);
		return object->fd < 0 ? object->fd : 0;
	}
	return host_find(border, m, flags, CD_OPBIT(CD_OP_FS_STAT), object);
}

HOST_HANDLER(host_fs_stat)
{
	static struct host_object object;
	struct stat st;
	int error;

	(void)context;
	if (m->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
				   AT_STATX_SYNC_TYPE)) {
		reply->value = -EINVAL;
		return;
	}
	error = find_for_stat(border, m, &object);
	if (!error && syscall(SYS_newfstatat, object.fd, "", &st, AT_EMPTY_PATH))
		error = -errno;
	if (!error)
		error = kern_border_write(m, m->buf, &st, sizeof(st));
	host_object_close(&object);
	reply->value = error;
}

HOST_HANDLER(host_fs_statx)
{
	static struct host_object object;
	unsigned char stx[256];
	int error;

	(void)context;
	if (m->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
				   AT_STATX_SYNC_TYPE)) {
		reply->value = -EINVAL;
		return;
	}
	error = find_for_stat(border, m, &object);
	if (!error &&
	    syscall(SYS_statx, object.fd, "", AT_EMPTY_PATH | (m->flags & AT_STATX_SYNC_TYPE),
		    (unsigned)m->extra, stx))
		error = -errno;
	if (!error)
		error = kern_border_write(m, m->buf, stx, sizeof(stx));
	host_object_close(&object);
	reply->value = error;
}

HOST_HANDLER(host_fs_access)
{
	static struct host_object object;
	unsigned flags = (m->flags & AT_SYMLINK_NOFOLLOW ? HOST_NOFOLLOW : 0) |
			 (m->flags & AT_EMPTY_PATH ? HOST_EMPTY : 0);
	uint64_t ops = CD_OPBIT(CD_OP_FS_STAT);
	struct stat st;
	int error;

	(void)context;
	if (m->mode & ~(uint64_t)(R_OK | W_OK | X_OK) ||
	    m->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_EACCESS)) {
		reply->value = -EINVAL;
		return;
	}
	error = host_resolve(m, m->dir, m->path, flags, &object);
	if (error) {
		reply->value =
		    host_note_absent(border, m, ops, object.path, object.path_len, error);
		return;
	}
	if (m->mode & R_OK)
		ops |= CD_OPBIT(CD_OP_FS_READ);
	if (m->mode & W_OK)
		ops |= CD_OPBIT(CD_OP_FS_WRITE);
	if (m->mode & X_OK && fstat(object.fd, &st) == 0 && S_ISREG(st.st_mode))
		ops |= CD_OPBIT(CD_OP_FS_EXEC);
	if (!object.anonymous)
		error = host_decide_path(border, m, ops, object.path, object.path_len);
	if (!error && syscall(SYS_faccessat2, object.fd, "", m->mode, AT_EMPTY_PATH | AT_EACCESS))
		error = -errno;
	host_object_close(&object);
	reply->value = error;
}

/* /proc/self and /proc/thread-self name the one that reads them, which must not be the monitor. */
static ssize_t read_link(const struct kern_message *m, const struct host_object *object, char *text,
			 size_t size)
{
	ssize_t n;

	if (strcmp(object->path, "/proc/self") == 0 ||
	    strcmp(object->path, "/proc/thread-self") == 0)
		return host_self_text(m, object->path[6] == 't', text, size);
	n = readlinkat(object->fd, "", text, size);
	return n < 0 ? -(errno == ENOENT ? EINVAL : errno) : n;
}

HOST_HANDLER(host_fs_readlink)
{
	static struct host_object object;
	int32_t room = (int32_t)m->len;
	int error = room <= 0 ? -EINVAL
			      : host_find(border, m, HOST_NOFOLLOW | HOST_EMPTY,
					  CD_OPBIT(CD_OP_FS_STAT), &object);
	ssize_t n = error;

	(void)context;
	if (room <= 0) {
		reply->value = error;
		return;
	}
	if (!error)
		n = read_link(m, &object, results, CD_PATH_MAX);
	/* An empty name is one of a link, or of nothing. */
	if (!*m->path && n == -EINVAL)
		n = -ENOENT;
	if (n > room)
		n = room;
	if (n > 0) {
		error = kern_border_write(m, m->buf, results, (size_t)n);
		n = error ? error : n;
	}
	host_object_close(&object);
	reply->value = n;
}

/* Writes what an xattr call found, or says how large it is. */
static int64_t give(const struct kern_message *m, ssize_t n)
{
	int error;

	if (n < 0)
		return -errno;
	if (m->len == 0)
		return n;
	if ((uint64_t)n > m->len)
		return -ERANGE;
	error = kern_border_write(m, m->buf, results, (size_t)n);
	return error ? error : n;
}

static unsigned link_flag(const struct kern_message *m)
{
	return m->flags & AT_SYMLINK_NOFOLLOW ? HOST_NOFOLLOW : 0;
}

HOST_HANDLER(host_fs_getxattr)
{
	static struct host_object object;
	char path[32];
	int error = host_find(border, m, link_flag(m), CD_OPBIT(CD_OP_FS_STAT), &object);

	(void)context;
	reply->value = error ? error
			     : give(m, getxattr(host_fd_path(object.fd, path), m->path2, results,
						sizeof(results)));
	host_object_close(&object);
}

HOST_HANDLER(host_fs_listxattr)
{
	static struct host_object object;
	char path[32];
	int error = host_find(border, m, link_flag(m), CD_OPBIT(CD_OP_FS_STAT), &object);

	(void)context;
	reply->value =
	    error ? error
		  : give(m, listxattr(host_fd_path(object.fd, path), results, sizeof(results)));
	host_object_close(&object);
}

HOST_HANDLER(host_fs_statfs)
{
	static struct host_object object;
	struct statfs fs;
	int error = host_find(border, m, 0, CD_OPBIT(CD_OP_FS_STAT), &object);

	(void)context;
	if (!error && syscall(SYS_fstatfs, object.fd, &fs))
		error = -errno;
	if (!error)
		error = kern_border_write(m, m->buf, &fs, sizeof(fs));
	host_object_close(&object);
	reply->value = error;
}

/* A directory that the process may enter. *object is to be closed whatever comes. */
static int find_enterable(struct kern_border *border, const struct kern_message *m,
			  struct host_object *object)
{
	struct stat st;
	int error = host_find(border, m, 0, CD_OPBIT(CD_OP_FS_STAT), object);

	if (!error && (fstat(object->fd, &st) || !S_ISDIR(st.st_mode)))
		error = -ENOTDIR;
	if (!error && syscall(SYS_faccessat2, object->fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS))
		error = -errno;
	return error;
}

/* What is wrong with the name, Linux says before it asks for a capability that nobody here has. */
HOST_HANDLER(host_fs_chroot)
{
	static struct host_object object;
	int error = find_enterable(border, m, &object);

	(void)context;
	host_object_close(&object);
	reply->value = error ? error : -EPERM;
}

/*
 * The working directory is no authority: every name that starts from it is resolved and decided on
 * afresh. So Linux may change it, and a process that exchanges the name after the decision gains
 * nothing (docs/invariants.md, 3).
 */
HOST_HANDLER(host_fs_chdir)
{
	static struct host_object object;
	int error = find_enterable(border, m, &object);

	(void)context;
	/* Without mounts, where Linux would go to must be known here by the same path. */
	if (!error && host_hops_on() && !host_hops_can_enter(m, m->path, &object))
		error = -EACCES;
	host_object_close(&object);
	if (error)
		reply->value = error;
	else
		reply->action = KERN_REPLY_CONTINUE;
}

HOST_HANDLER(host_fs_watch)
{
	static struct host_object object;
	char path[32];
	int error = host_find(border, m, m->flags & IN_DONT_FOLLOW ? HOST_NOFOLLOW : 0,
			      CD_OPBIT(CD_OP_FS_READ), &object);
	int watcher = -1, watch = -1;

	(void)context;
	if (!error) {
		watcher = kern_process_fd_dup(m, m->fd);
		error = watcher < 0 ? watcher : 0;
	}
	if (!error) {
		watch = inotify_add_watch(watcher, host_fd_path(object.fd, path),
					  (uint32_t)m->flags & ~(uint32_t)IN_DONT_FOLLOW);
		error = watch < 0 ? -errno : watch;
	}
	if (watcher >= 0)
		close(watcher);
	host_object_close(&object);
	reply->value = error;
}
