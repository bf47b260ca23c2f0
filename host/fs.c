/* What the handlers of the file system protocol share. */
#include "host/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "host/hops.h"

static struct cd_object path_object(const char *path, size_t len)
{
	return (struct cd_object){.kind = CD_OBJECT_PATH, .text = path, .len = len};
}

int host_decide_path(struct kern_border *border, const struct kern_message *m, uint64_t ops,
		     const char *path, size_t len)
{
	struct cd_object object = path_object(path, len);

	int error = kern_border_decide(border, m, ops, &object);

	/* What a mount would say, once the rules have spoken. */
	if (!error && host_hops_on() &&
	    ops &
		(CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE)))
		error = host_hops_may_change(path, len);
	return error;
}

bool host_would_allow_path(const struct kern_border *border, const struct kern_message *m,
			   uint64_t ops, const char *path, size_t len)
{
	struct cd_object object = path_object(path, len);

	return kern_border_would_allow(border, m, ops, &object);
}

int host_note_absent(struct kern_border *border, const struct kern_message *m, uint64_t ops,
		     const char *path, size_t len, int error)
{
	struct cd_object object = path_object(path, len);

	/* Other errors (ENOTDIR, ELOOP, ENAMETOOLONG) are about the question, not about what the
	 * policy withholds. */
	if (len && (error == -ENOENT || error == -EACCES))
		kern_border_note_absent(border, m, ops, &object);
	return error;
}

/*
 * What has no path in the view has no rules: its descriptor alone speaks for it. Linux would let
 * the owner of a file change its mode through a descriptor that is open for reading only. Here that
 * takes one that is open for writing, or a file that no name leads to any more; and devices (the
 * user's terminal) stay as they are.
 */
static int decide_anonymous(const struct host_object *object, uint64_t ops)
{
	int held = object->held_flags & 3;
	struct stat st;

	if (!object->own_fd)
		return -EACCES;
	/* A path descriptor brings no right to read. */
	if (object->held_flags & O_PATH && ops & CD_OPBIT(CD_OP_FS_READ))
		return -EACCES;
	if (!(ops & (CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE))))
		return 0;
	if (fstat(object->fd, &st))
		return -errno;
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return -EPERM;
	return st.st_nlink == 0 || held == O_WRONLY || held == O_RDWR ? 0 : -EPERM;
}

int host_find(struct kern_border *border, const struct kern_message *m, unsigned flags,
	      uint64_t ops, struct host_object *object)
{
	int error = host_resolve(m, m->dir, m->path, flags, object);

	if (error)
		return host_note_absent(border, m, ops, object->path, object->path_len, error);
	if (object->anonymous)
		return decide_anonymous(object, ops);
	return host_decide_path(border, m, ops, object->path, object->path_len);
}

int host_find_target(struct kern_border *border, const struct kern_message *m, unsigned flags,
		     uint64_t ops, struct host_object *object)
{
	int error;

	if (m->has_path)
		return host_find(border, m, flags, ops, object);
	object->fd = -1;
	error = host_resolve_fd(m, m->fd, object);
	/* Through a path descriptor Linux changes nothing, but by a name that it stands for. */
	if (!error && object->held_flags & O_PATH)
		error = -EBADF;
	if (error)
		return error;
	if (object->anonymous)
		return decide_anonymous(object, ops);
	return host_decide_path(border, m, ops, object->path, object->path_len);
}
