/*
 * open, in all its forms.
 *
 * An object that is there is resolved, decided on, and opened again through its descriptor. A name
 * that is not there is created with O_EXCL in a directory that was resolved: if something has taken
 * the name meanwhile, everything begins anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/fs.h"
#include "host/hops.h"
#include "host/tty.h"
#include "kernel/process.h"

#ifndef __O_TMPFILE
#define __O_TMPFILE 020000000
#endif

#define RETRIES 16
/* The access mode as Linux keeps it: musl counts O_PATH in. */
#define ACCESS 3

/*
 * A path descriptor is no authority: whatever is done by it is decided on afresh, but looking at
 * what it stands for. Where all of the view may be looked at, Linux gives it: it reads the name
 * again, and nothing rests on where that leads (docs/invariants.md, 3). The flags are a register's;
 * openat2's are not.
 */
static bool is_path_for_linux(const struct kern_message *m)
{
	return m->flags & O_PATH && m->shape->form == KERN_FORM_PLAIN && m->space->looks &&
	       !m->renamed;
}

/* What an open means for an object that is there. */
static uint64_t ops_of(uint64_t flags)
{
	static const uint64_t by_mode[] = {
	    [O_RDONLY] = CD_OPBIT(CD_OP_FS_READ),
	    [O_WRONLY] = CD_OPBIT(CD_OP_FS_WRITE),
	    [O_RDWR] = CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE),
	    [ACCESS] = CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE),
	};

	/* Where Linux does not give it, a path descriptor goes in as a readable one (there is no
	 * other way), so it takes the right to read. */
	if (flags & O_PATH)
		return CD_OPBIT(CD_OP_FS_READ);
	return by_mode[flags & ACCESS] | (flags & O_TRUNC ? CD_OPBIT(CD_OP_FS_WRITE) : 0);
}

/* Does the descriptor that the process came by carry the access it asks for? Then nothing is gained
 * by opening it again. */
static bool is_held(const struct host_object *object, uint64_t flags)
{
	int held = object->held_flags & ACCESS, wanted = (int)(flags & ACCESS);

	/* A mode of 3 carries nothing but requests to devices. */
	if (!object->own_fd || object->held_flags & O_PATH || held == ACCESS)
		return false;
	if (flags & O_TRUNC && held == O_RDONLY)
		return false;
	return held == O_RDWR || held == wanted;
}

/* Opening a FIFO waits for the other side, and of most devices nobody knows: a modem's line waits
 * for a carrier. Of memory (null, zero, random) and terminals one does. */
static bool may_wait(const struct stat *st, uint64_t flags)
{
	unsigned type = major(st->st_rdev);

	if (flags & O_NONBLOCK)
		return false;
	if (S_ISCHR(st->st_mode))
		return type != MEM_MAJOR && type != TTYAUX_MAJOR && type != UNIX98_PTY_SLAVE_MAJOR;
	return S_ISFIFO(st->st_mode) && (flags & ACCESS) != O_RDWR;
}

/* One of the space's own: no other has a name in its /proc. It can be asked about, and not entered:
 * setns is refused. Without namespaces it would be the machine's. */
static bool is_namespace(const struct host_object *object)
{
	struct statfs fs;

	return !host_hops_on() && fstatfs(object->fd, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

static void reply_with(struct kern_reply *reply, int fd, uint64_t flags)
{
	if (fd < 0) {
		reply->value = fd == -EINTR ? KERN_RESTART : fd;
		return;
	}
	reply->action = KERN_REPLY_FD;
	reply->fd = fd;
	reply->fd_cloexec = (flags & O_CLOEXEC) != 0;
}

static int open_object(struct kern_border *border, const struct kern_message *m,
		       const struct host_object *object, uint64_t flags)
{
	const uint64_t passed = ACCESS | O_APPEND | O_ASYNC | O_DIRECT | O_DIRECTORY | O_DSYNC |
				O_LARGEFILE | O_NOATIME | O_NONBLOCK | O_SYNC | O_TRUNC;
	struct stat st;
	int error;

	if (!is_held(object, flags) && !(object->anonymous && is_namespace(object))) {
		if (object->anonymous)
			return -EACCES;
		error = host_decide_path(border, m, ops_of(flags), object->path, object->path_len);
		if (error)
			return error;
	}
	if (fstat(object->fd, &st))
		return -errno;
	/*
	 * A path descriptor of a link cannot be given here: ELOOP would claim that none exists.
	 * glibc's chmod of a link passes this on, and programs that restore modes (tar) know what
	 * it means there.
	 */
	if (S_ISLNK(st.st_mode))
		return flags & O_PATH ? -EOPNOTSUPP : -ELOOP;
	if (flags & O_PATH)
		return host_reopen(object->fd, O_RDONLY | O_NONBLOCK | (int)(flags & O_DIRECTORY));
	if (flags & O_CREAT && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (may_wait(&st, flags)) {
		error = host_may_block(border, m);
		if (error)
			return error;
	}
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 0))
		return host_tty_open_controlling(m, (int)(flags & passed));
	return host_reopen(object->fd, (int)(flags & passed));
}

/* The name behind a dangling link: Linux creates what it points to. */
static int follow_dangling(const struct kern_message *m, struct host_place *place)
{
	static struct host_place next;
	char text[CD_PATH_MAX], target[2 * CD_PATH_MAX];
	size_t base = place->path_len - strcspn(place->name, "/");
	ssize_t n;
	int error;

	for (int links = 0; links < CD_SYMLINK_MAX; links++) {
		n = readlinkat(place->dir, place->name, text, sizeof(text) - 1);
		if (n < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : -errno;
		text[n] = '\0';
		base = place->path_len - strcspn(place->name, "/");
		if (text[0] == '/')
			base = 0;
		if (base + (size_t)n >= CD_PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(target, place->path, base);
		memcpy(target + base, text, (size_t)n + 1);
		error = host_resolve_place(m, AT_FDCWD, target, &next);
		if (error)
			return error;
		host_place_close(place);
		*place = next;
	}
	return -ELOOP;
}

static int create(struct kern_border *border, const struct kern_message *m, uint64_t flags)
{
	static struct host_place place;
	const uint64_t ops = CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_WRITE);
	mode_t mode = (mode_t)m->mode & 01777;
	int fd, error;

	error = host_resolve_place(m, m->dir, m->path, &place);
	if (error)
		return host_note_absent(border, m, ops, place.path, place.path_len, error);
	if (!(flags & (O_EXCL | O_NOFOLLOW)) && !host_is_restricted(m))
		error = follow_dangling(m, &place);
	if (!error && strchr(place.name, '/'))
		error = -EISDIR;
	/* What is there answers EEXIST whatever the policy says of making it. */
	if (!error && flags & O_EXCL &&
	    faccessat(place.dir, place.name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    host_would_allow_path(border, m, CD_OPBIT(CD_OP_FS_STAT), place.path, place.path_len))
		error = -EEXIST;
	if (!error)
		error = host_decide_path(border, m, ops, place.path, place.path_len);
	if (!error) {
		fd = openat(place.dir, place.name,
			    (int)(flags & ~(uint64_t)(O_TRUNC | O_DIRECTORY | O_ASYNC)) | O_CREAT |
				O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
			    mode & ~kern_process_umask(m));
		error = fd < 0 ? -errno : fd;
	}
	host_place_close(&place);
	return error;
}

static int open_temporary(struct kern_border *border, const struct kern_message *m, uint64_t flags)
{
	const uint64_t ops = CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_WRITE);
	static struct host_object object;
	int fd, error = host_find(border, m, 0, ops, &object);

	if (!error) {
		fd = openat(object.fd, ".", (int)flags | O_CLOEXEC,
			    (mode_t)m->mode & 01777 & ~kern_process_umask(m));
		error = fd < 0 ? -errno : fd;
	}
	host_object_close(&object);
	return error;
}

static int open_once(struct kern_border *border, const struct kern_message *m, uint64_t flags)
{
	static struct host_object object;
	unsigned how = flags & O_NOFOLLOW ? HOST_NOFOLLOW : 0;
	int fd;

	if ((flags & O_CREAT) && (flags & O_EXCL))
		return create(border, m, flags);
	if (host_is_restricted(m))
		fd = host_resolve_restricted(m, m->dir, m->path, how, m->extra, &object);
	else
		fd = host_resolve(m, m->dir, m->path, how, &object);
	if (fd == -ENOENT && flags & O_CREAT)
		return create(border, m, flags);
	if (fd)
		return host_note_absent(border, m, ops_of(flags), object.path, object.path_len, fd);
	fd = open_object(border, m, &object, flags);
	host_object_close(&object);
	return fd;
}

/* Of a path descriptor that is Linux's to give. 0: what it gives would not be the object. */
static int leave_path(struct kern_border *border, const struct kern_message *m,
		      struct kern_reply *reply)
{
	static struct host_object object;
	int error = host_find(border, m, m->flags & O_NOFOLLOW ? HOST_NOFOLLOW : 0,
			      CD_OPBIT(CD_OP_FS_STAT), &object);

	if (!error && !object.machine)
		reply->action = KERN_REPLY_CONTINUE;
	host_object_close(&object);
	return error;
}

HOST_HANDLER(host_fs_open)
{
	uint64_t flags = m->flags;
	int fd = -EEXIST;

	(void)context;
	if (is_path_for_linux(m)) {
		reply->value = leave_path(border, m, reply);
		if (reply->value || reply->action == KERN_REPLY_CONTINUE)
			return;
	}
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	else if ((flags & __O_TMPFILE) ? !(flags & (O_WRONLY | O_RDWR))
				       : (flags & O_CREAT) && (flags & O_DIRECTORY)) {
		reply->value = -EINVAL;
		return;
	}
	if ((flags & __O_TMPFILE) && !(flags & O_PATH)) {
		reply_with(reply, open_temporary(border, m, flags), flags);
		return;
	}
	/* EEXIST without O_EXCL: the name was taken between the look and the making. */
	for (int i = 0; i < RETRIES && fd == -EEXIST; i++) {
		fd = open_once(border, m, flags);
		if (flags & O_EXCL)
			break;
	}
	reply_with(reply, fd, flags);
}
