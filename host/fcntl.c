/*
 * Requests on a descriptor that reach others than its holder: signals when something can be read or
 * has changed, and leases, which make whoever opens the file wait.
 *
 * The filter cannot see what a descriptor stands for. Here the request is made on a duplicate that
 * was looked at. A terminal may be the user's: with O_ASYNC Linux signals its foreground process
 * group, which may lie outside. A lease is for who may change the file anyway.
 */
#include "host/fcntl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/hops.h"
#include "kernel/process.h"

/* What O_ASYNC is for; of these nobody but the owner whom the process sets is signalled. */
static bool is_private_channel(const struct stat *st)
{
	return S_ISSOCK(st->st_mode) || S_ISFIFO(st->st_mode);
}

/*
 * Who is signalled: whom a process of the space has named, which can only be one of them. What came
 * with the descriptor from outside may name somebody there, whom we cannot see, and who is taken
 * out. tid: who takes the place of nobody; 0: nobody does.
 */
static int claim_signals(int fd, pid_t tid)
{
	struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = tid};
	struct f_owner_ex now;

	if (fcntl(fd, F_GETOWN_EX, &now)) /* EBADF: a path descriptor, which has no owner */
		return -errno;
	if (now.pid)
		return 0;
	return (tid ? fcntl(fd, F_SETOWN_EX, &owner) : fcntl(fd, F_SETOWN, 0)) ? -errno : 0;
}

static int set_lease(struct kern_border *border, const struct kern_message *m, int fd)
{
	static struct host_object object;
	int error = host_find_target(border, m, 0, CD_OPBIT(CD_OP_FS_WRITE), &object);

	if (!error && object.anonymous)
		error = -EACCES;
	host_object_close(&object);
	/* Linux would tell whoever asks for the lease, and that is us. */
	if (!error)
		error = claim_signals(fd, m->tid);
	if (!error && fcntl(fd, F_SETLEASE, (int)m->extra))
		error = -errno;
	return error;
}

/*
 * Of a directory that is held open for reading: what inotify would tell. Linux performs it, for it
 * notes whose descriptor that is. The process could put another one in its place meanwhile: one
 * that it holds open for reading as well, and whose changes it can see by reading it again and
 * again.
 */
static int watch_directory(struct kern_border *border, const struct kern_message *m, int fd,
			   struct kern_reply *reply)
{
	static struct host_object object;
	const bool ends = ((uint32_t)m->extra & ~(uint32_t)DN_MULTISHOT) == 0;
	int error = ends ? 0 : host_find_target(border, m, 0, CD_OPBIT(CD_OP_FS_READ), &object);

	if (!ends)
		host_object_close(&object);
	if (!error)
		error = claim_signals(fd, 0);
	if (!error)
		reply->action = KERN_REPLY_CONTINUE;
	return error;
}

static int set_flags(int fd, int flags)
{
	int error = claim_signals(fd, 0);

	if (!error && fcntl(fd, F_SETFL, flags))
		error = -errno;
	return error;
}

static int perform(struct kern_border *border, const struct kern_message *m, int fd,
		   struct kern_reply *reply)
{
	struct stat st;
	int error;

	if (fstat(fd, &st))
		return -errno;
	switch ((int)m->flags) {
	case F_SETFL: return is_private_channel(&st) ? set_flags(fd, (int)m->extra) : -EPERM;
	case F_SETSIG:
		error =
		    is_private_channel(&st) || S_ISDIR(st.st_mode) ? claim_signals(fd, 0) : -EPERM;
		if (!error && fcntl(fd, F_SETSIG, (int)m->extra))
			error = -errno;
		return error;
	case F_SETLEASE: return S_ISREG(st.st_mode) ? set_lease(border, m, fd) : -EINVAL;
	case F_NOTIFY:
		return S_ISDIR(st.st_mode) ? watch_directory(border, m, fd, reply) : -ENOTDIR;
	default: return -EINVAL;
	}
}

HOST_HANDLER(host_fcntl)
{
	int fd = kern_process_fd_dup(m, m->fd);

	(void)context;
	reply->value = fd < 0 ? fd : perform(border, m, fd, reply);
	if (fd >= 0)
		close(fd);
}

bool host_fioasync(const struct kern_message *m, struct kern_reply *reply)
{
	struct stat st;
	int fd, on = 0, flags;

	if ((uint32_t)m->flags != FIOASYNC)
		return false;
	if (host_hops_on()) { /* whom a signal would reach might be outside */
		reply->value = -EPERM;
		return true;
	}
	fd = kern_process_fd_dup(m, m->fd);
	reply->value = fd < 0 ? fd : kern_border_read(m, m->extra, &on, sizeof(on));
	if (reply->value == 0 && (fstat(fd, &st) || !is_private_channel(&st)))
		reply->value = -EPERM;
	if (reply->value == 0) {
		flags = fcntl(fd, F_GETFL);
		reply->value = set_flags(fd, on ? flags | O_ASYNC : flags & ~O_ASYNC);
	}
	if (fd >= 0)
		close(fd);
	return true;
}
