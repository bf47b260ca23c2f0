/*
 * What makes, moves and removes names.
 *
 * A link or a rename must not widen what may be done with a file: rules go by names, and a
 * second name under a more generous rule would undo the first one's. Then the answer is EXDEV, as
 * between two file systems: mv falls back to copying, which meets every rule on its way.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/fs.h"
#include "kernel/process.h"

#define CREATE CD_OPBIT(CD_OP_FS_CREATE)
#define REMOVE CD_OPBIT(CD_OP_FS_REMOVE)
#define STAT   CD_OPBIT(CD_OP_FS_STAT)

static bool is_there(const struct host_place *place)
{
	struct stat st;
	char name[CD_NAME_MAX + 2];
	size_t n = strcspn(place->name, "/");

	memcpy(name, place->name, n);
	name[n] = '\0';
	return fstatat(place->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int find_place(struct kern_border *border, const struct kern_message *m, int dir,
		      const char *path, uint64_t ops, struct host_place *place)
{
	int error = host_resolve_place(m, dir, path, place);

	return error ? host_note_absent(border, m, ops, place->path, place->path_len, error) : 0;
}

/* A place where a new name may be made. What is there already answers EEXIST, whatever the policy
 * says of making it. */
static int find_new(struct kern_border *border, const struct kern_message *m, int dir,
		    const char *path, struct host_place *place)
{
	int error = find_place(border, m, dir, path, CREATE, place);

	if (error)
		return error;
	if (is_there(place) && host_would_allow_path(border, m, STAT, place->path, place->path_len))
		return -EEXIST;
	return host_decide_path(border, m, CREATE, place->path, place->path_len);
}

HOST_HANDLER(host_fs_mkdir)
{
	static struct host_place place;
	int error = find_new(border, m, m->dir, m->path, &place);

	(void)context;
	if (!error &&
	    mkdirat(place.dir, place.name, (mode_t)m->mode & 01777 & ~kern_process_umask(m)))
		error = -errno;
	host_place_close(&place);
	reply->value = error;
}

HOST_HANDLER(host_fs_mknod)
{
	static struct host_place place;
	mode_t type = (mode_t)m->mode & S_IFMT;
	int error;

	(void)context;
	if (type != 0 && type != S_IFREG && type != S_IFIFO && type != S_IFSOCK) {
		reply->value = -EPERM; /* a device node is a way out */
		return;
	}
	error = find_new(border, m, m->dir, m->path, &place);
	if (!error && mknodat(place.dir, place.name,
			      type | ((mode_t)m->mode & 01777 & ~kern_process_umask(m)), 0))
		error = -errno;
	host_place_close(&place);
	reply->value = error;
}

HOST_HANDLER(host_fs_symlink)
{
	static struct host_place place;
	int error = m->path2_len ? find_new(border, m, m->dir, m->path, &place) : -ENOENT;

	(void)context;
	if (!error && symlinkat(m->path2, place.dir, place.name))
		error = -errno;
	if (m->path2_len)
		host_place_close(&place);
	reply->value = error;
}

HOST_HANDLER(host_fs_unlink)
{
	static struct host_place place;
	int error;

	(void)context;
	if (m->flags & ~(uint64_t)AT_REMOVEDIR) {
		reply->value = -EINVAL;
		return;
	}
	error = find_place(border, m, m->dir, m->path, REMOVE, &place);
	if (!error && !is_there(&place))
		error = host_note_absent(border, m, REMOVE, place.path, place.path_len, -ENOENT);
	if (!error)
		error = host_decide_path(border, m, REMOVE, place.path, place.path_len);
	if (!error && unlinkat(place.dir, place.name, (int)m->flags))
		error = -errno;
	host_place_close(&place);
	reply->value = error;
}

/* Rules on sockets go by names, too. */
static struct cd_object object_for(enum cd_op op, const char *path, size_t len)
{
	return (struct cd_object){.kind = op == CD_OP_NET_CONNECT || op == CD_OP_NET_SEND
					      ? CD_OBJECT_ADDRESS
					      : CD_OBJECT_PATH,
				  .proto = CD_UNIX,
				  .text = path,
				  .len = len};
}

/* Would what stands at `from` be open to more under the name `to`? */
static bool would_widen(const struct kern_message *m, const char *from, size_t from_len,
			const char *to, size_t to_len, bool below)
{
	static const enum cd_op ops[] = {CD_OP_FS_STAT,	  CD_OP_FS_READ,     CD_OP_FS_WRITE,
					 CD_OP_FS_EXEC,	  CD_OP_NET_CONNECT, CD_OP_NET_SEND,
					 CD_OP_FS_CREATE, CD_OP_FS_REMOVE,   CD_OP_NET_LISTEN};
	enum { OF_THE_NAME = 3 }; /* the last ones do something to a name, and not to what has it */
	size_t count = sizeof(ops) / sizeof(ops[0]) - (below ? 0 : OF_THE_NAME);

	for (size_t i = 0; i < count; i++) {
		const struct cd_object old = object_for(ops[i], from, from_len),
				       new = object_for(ops[i], to, to_len);

		if (kern_border_would_widen(m, CD_OPBIT(ops[i]), &old, &new))
			return true;
	}
	return false;
}

/*
 * The same for what is in it, if it is a directory. One name stands for all: where a rule speaks of
 * some of them, the directory cannot be moved anyway.
 */
static bool would_widen_below(const struct kern_message *m, const char *from, const char *to)
{
	char from_inside[CD_PATH_MAX + 8], to_inside[CD_PATH_MAX + 8];
	int from_len = snprintf(from_inside, sizeof(from_inside), "%s/any", from),
	    to_len = snprintf(to_inside, sizeof(to_inside), "%s/any", to);

	if (from_len > CD_PATH_MAX || to_len > CD_PATH_MAX)
		return true;
	return would_widen(m, from_inside, (size_t)from_len, to_inside, (size_t)to_len, true);
}

/* One direction of a rename: may what is at `from` go to `to`? */
static int may_move(struct kern_border *border, const struct kern_message *m,
		    const struct host_object *from, const struct host_place *to)
{
	int error = host_decide_path(border, m, REMOVE, from->path, from->path_len);

	if (!error)
		error = host_decide_path(border, m, CREATE, to->path, to->path_len);
	if (error)
		return error;
	if (would_widen(m, from->path, from->path_len, to->path, to->path_len, false) ||
	    would_widen_below(m, from->path, to->path))
		return -EXDEV;
	/* Whether it is a directory now does not matter: it may be one by the time it is moved. */
	if (!kern_border_movable(m, from->path, from->path_len) ||
	    !kern_border_movable(m, to->path, to->path_len))
		return -EXDEV;
	return 0;
}

static int rename_places(struct kern_border *border, const struct kern_message *m,
			 const struct host_place *from, const struct host_place *to)
{
	static struct host_object old, new;
	unsigned flags = (unsigned)m->flags;
	int error = host_place_object(from, &old);

	if (error)
		return error == -ENOENT
			   ? host_note_absent(border, m, REMOVE, from->path, from->path_len, error)
			   : error;
	error = host_place_object(to, &new);
	if (error == 0 && flags & RENAME_NOREPLACE)
		error = -EEXIST;
	else if (error == -ENOENT && !(flags & RENAME_EXCHANGE))
		error = 0;
	if (!error)
		error = may_move(border, m, &old, to);
	if (!error && new.fd >= 0)
		error = flags & RENAME_EXCHANGE
			    ? may_move(border, m, &new, from)
			    : host_decide_path(border, m, REMOVE, to->path, to->path_len);
	/* If the names were exchanged since, the same rules hold for both: nothing is widened. */
	if (!error && syscall(SYS_renameat2, from->dir, from->name, to->dir, to->name, flags))
		error = -errno;
	host_object_close(&old);
	host_object_close(&new);
	return error;
}

HOST_HANDLER(host_fs_rename)
{
	static struct host_place from, to;
	int error;

	(void)context;
	if (m->flags & ~(uint64_t)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    m->flags == (RENAME_NOREPLACE | RENAME_EXCHANGE)) {
		reply->value = -EINVAL;
		return;
	}
	to.dir = -1;
	error = find_place(border, m, m->dir, m->path, REMOVE, &from);
	if (!error)
		error = find_place(border, m, m->dir2, m->path2, CREATE, &to);
	if (!error)
		error = rename_places(border, m, &from, &to);
	host_place_close(&from);
	host_place_close(&to);
	reply->value = error;
}

/* A file that was made without a name (O_TMPFILE) gets its first one: it has no rules yet that
 * could be undone. */
static bool is_unnamed(const struct host_object *object)
{
	struct stat st;

	return object->anonymous && object->own_fd && fstat(object->fd, &st) == 0 &&
	       st.st_nlink == 0;
}

HOST_HANDLER(host_fs_link)
{
	static struct host_object old;
	static struct host_place place;
	char path[32];
	unsigned flags = (m->flags & AT_SYMLINK_FOLLOW ? 0 : HOST_NOFOLLOW) |
			 (m->flags & AT_EMPTY_PATH ? HOST_EMPTY : 0);
	int error;

	(void)context;
	if (m->flags & ~(uint64_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) {
		reply->value = -EINVAL;
		return;
	}
	place.dir = -1;
	error = host_find(border, m, flags, STAT, &old);
	if (!error)
		error = find_new(border, m, m->dir2, m->path2, &place);
	if (!error && old.anonymous && !is_unnamed(&old))
		error = -EXDEV;
	if (!error && !old.anonymous &&
	    would_widen(m, old.path, old.path_len, place.path, place.path_len, false))
		error = -EXDEV;
	/* What the program wrote without a name, it may write under this one. */
	if (!error && old.anonymous)
		error = host_decide_path(border, m, CD_OPBIT(CD_OP_FS_WRITE), place.path,
					 place.path_len);
	if (!error &&
	    linkat(AT_FDCWD, host_fd_path(old.fd, path), place.dir, place.name, AT_SYMLINK_FOLLOW))
		error = -errno;
	host_object_close(&old);
	host_place_close(&place);
	reply->value = error;
}
