/* What changes metadata: chmod, chown, utimes, truncate, xattr, umask. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/fs.h"
#include "kernel/process.h"
#include "kernel/space.h"

static int find_to_change(struct kern_border *border, const struct kern_message *m,
			  struct host_object *object)
{
	unsigned flags = (m->flags & AT_SYMLINK_NOFOLLOW ? HOST_NOFOLLOW : 0) |
			 (m->flags & AT_EMPTY_PATH ? HOST_EMPTY : 0);

	return host_find_target(border, m, flags, CD_OPBIT(CD_OP_FS_WRITE), object);
}

/* A set-user-id file made in a space would give this user's rights to whoever runs it outside. */
static bool would_lend_identity(const struct stat *st, mode_t mode)
{
	return S_ISREG(st->st_mode) && mode & (S_ISUID | S_ISGID);
}

HOST_HANDLER(host_fs_chmod)
{
	static struct host_object object;
	char path[32];
	struct stat st;
	int error = -EINVAL;

	(void)context;
	object.fd = -1;
	if (!(m->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		error = find_to_change(border, m, &object);
	if (!error && fstat(object.fd, &st))
		error = -errno;
	if (!error && S_ISLNK(st.st_mode))
		error = -EOPNOTSUPP;
	if (!error && would_lend_identity(&st, (mode_t)m->mode))
		error = -EPERM;
	if (!error && fchmodat(AT_FDCWD, host_fd_path(object.fd, path), (mode_t)m->mode & 07777, 0))
		error = -errno;
	host_object_close(&object);
	reply->value = error;
}

HOST_HANDLER(host_fs_chown)
{
	static struct host_object object;
	int error = find_to_change(border, m, &object);

	(void)context;
	if (!error && fchownat(object.fd, "", (uid_t)m->mode, (gid_t)m->extra, AT_EMPTY_PATH))
		/* EINVAL: an id that is not mapped here. To the program it is one that it may not
		 * give. */
		error = errno == EINVAL ? -EPERM : -errno;
	host_object_close(&object);
	reply->value = error;
}

HOST_HANDLER(host_fs_utimes)
{
	static struct host_object object;
	int error;

	(void)context;
	if (m->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) {
		reply->value = -EINVAL;
		return;
	}
	error = find_to_change(border, m, &object);
	if (!error &&
	    syscall(SYS_utimensat, object.fd, "", m->data_len ? m->data : NULL, AT_EMPTY_PATH))
		error = -errno;
	host_object_close(&object);
	reply->value = error;
}

/* The monitor has no such limit, but the process may have: then it is to be told as Linux would. */
static bool is_beyond_limit(const struct kern_message *m, uint64_t size)
{
	struct rlimit limit;

	if (syscall(SYS_prlimit64, m->tid, RLIMIT_FSIZE, NULL, &limit))
		return true;
	if (size <= limit.rlim_cur || !kern_message_alive(m))
		return false;
	syscall(SYS_tkill, m->tid, SIGXFSZ);
	return true;
}

HOST_HANDLER(host_fs_truncate)
{
	static struct host_object object;
	struct stat st;
	int fd, error;

	(void)context;
	if ((int64_t)m->extra < 0) {
		reply->value = -EINVAL;
		return;
	}
	error = find_to_change(border, m, &object);
	if (!error && fstat(object.fd, &st))
		error = -errno;
	if (!error && !S_ISREG(st.st_mode))
		error = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (!error && (off_t)m->extra > st.st_size && is_beyond_limit(m, m->extra))
		error = -EFBIG;
	if (!error) {
		fd = host_reopen(object.fd, O_WRONLY);
		error = fd < 0 ? fd : ftruncate(fd, (off_t)m->extra) ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	host_object_close(&object);
	reply->value = error;
}

HOST_HANDLER(host_fs_setxattr)
{
	static struct host_object object;
	char path[32];
	int error = host_find_target(
	    border, m, m->shape->fixed_flags & AT_SYMLINK_NOFOLLOW ? HOST_NOFOLLOW : 0,
	    CD_OPBIT(CD_OP_FS_WRITE), &object);

	(void)context;
	if (!error &&
	    setxattr(host_fd_path(object.fd, path), m->path2, m->data, m->data_len, (int)m->flags))
		error = -errno;
	host_object_close(&object);
	reply->value = error;
}

HOST_HANDLER(host_fs_removexattr)
{
	static struct host_object object;
	char path[32];
	int error = find_to_change(border, m, &object);

	(void)context;
	if (!error && removexattr(host_fd_path(object.fd, path), m->path2))
		error = -errno;
	host_object_close(&object);
	reply->value = error;
}

/* The mask is a register's value and stays the process's own; from now on it has to be asked for.
 */
HOST_HANDLER(host_fs_umask)
{
	(void)context, (void)border;
	m->space->umask_varies = true;
	reply->action = KERN_REPLY_CONTINUE;
}
