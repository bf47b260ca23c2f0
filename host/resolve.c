/*
 * From a name to an object.
 *
 * The monitor's root is the view's, so that Linux itself resolves names for us, links and ".."
 * included. Three attempts, cheapest first:
 *   1. without following any symbolic link: most names; the name as given is then the object's own
 * path;
 *   2. following links: the object's path is asked of Linux;
 *   3. step by step, where /proc is involved: "self" means another process to the monitor than to
 * the one that asked, and magic links (fd, exe, cwd) are followed only here.
 */
#include "host/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/hops.h"
#include "kernel/process.h"
#include "lib/dir.h"

static int self_fds = -1; /* the monitor's own /proc/PID/fd */
static int private_proc = -1;

enum cd_status host_resolve_setup(int proc)
{
	char path[32];

	private_proc = proc;
	snprintf(path, sizeof(path), "%d/fd", getpid());
	if (self_fds >= 0)
		close(self_fds);
	self_fds = openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* So that "N" is a path of the object behind descriptor N, for calls that take a path only.
	 */
	return self_fds >= 0 && fchdir(self_fds) == 0 ? CD_OK : CD_ESYS;
}

int host_private_proc(void)
{
	return private_proc;
}

void host_resolve_return(void)
{
	if (fchdir(self_fds))
		_exit(125); /* every path of a descriptor would mean something else now */
}

int host_may_block(struct kern_border *border, const struct kern_message *message)
{
	int result = kern_border_may_block(border, message);

	/* A worker is another process: it has descriptors of its own. */
	if (result == 0 && host_resolve_setup(private_proc) != CD_OK)
		return -EAGAIN;
	return result;
}

static int open_at(int dir, const char *path, unsigned flags, uint64_t resolve)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | flags, .resolve = resolve};
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static const char *number(int value, char text[12])
{
	char *at = text + 11;

	*at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	return at;
}

const char *host_fd_path(int fd, char *text)
{
	/* The working directory is /proc/PID/fd of this process (host_resolve_setup). */
	snprintf(text, 32, "%d", fd);
	return text;
}

int host_reopen(int fd, int flags)
{
	char text[12];
	int opened = openat(self_fds, number(fd, text), flags | O_CLOEXEC | O_NOCTTY);

	return opened < 0 ? -errno : opened;
}

/* What Linux calls the object. */
size_t host_ask_path(int fd, char *path, size_t size)
{
	char text[12];
	ssize_t n = readlinkat(self_fds, number(fd, text), path, size - 1);

	if (n < 0)
		n = 0;
	path[n] = '\0';
	return (size_t)n;
}

/* Absolute, without empty, "." and ".." components, but for one slash at the end: its own normal
 * form. */
static bool is_normal(const char *path, size_t *len)
{
	const char *at = path;

	if (*at != '/')
		return false;
	while (*at == '/') {
		const char *component = at + 1;
		size_t n = strcspn(component, "/");

		if (n == 0) {
			if (*component || at == path)
				return at == path && !*component ? (*len = 1, true) : false;
			*len = (size_t)(at - path);
			return true;
		}
		if (component[0] == '.' && (n == 1 || (n == 2 && component[1] == '.')))
			return false;
		at = component + n;
	}
	*len = (size_t)(at - path);
	return true;
}

/* base + "/" + name by their letters alone: right wherever no link is involved, and for what is not
 * there. */
size_t host_join(char *out, size_t size, const char *base, const char *name)
{
	size_t len = 0;

	if (*name != '/') {
		len = strlen(base);
		if (len >= size)
			return 0;
		memcpy(out, base, len);
		if (len == 1)
			len = 0; /* the root */
	}
	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.') {
			while (len && out[len - 1] != '/')
				len--;
			if (len)
				len--;
		} else if (n && !(n == 1 && name[0] == '.')) {
			if (len + n + 2 > size)
				return 0;
			out[len++] = '/';
			memcpy(out + len, name, n);
			len += n;
		}
		name += n + (name[n] == '/');
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return len;
}

/*
 * The space's /proc has its own processes and nothing else (host/view.c). Of the machine programs
 * need to know this much to run; the monitor's private /proc has it. Nothing here depends on the
 * policy.
 */
static const char *const machine_files[] = {
    "cpuinfo",
    "filesystems",
    "loadavg",
    "meminfo",
    "stat",
    "uptime",
    "version",
    "sys/fs/inotify/max_queued_events",
    "sys/fs/inotify/max_user_instances",
    "sys/fs/inotify/max_user_watches",
    "sys/fs/pipe-max-size",
    "sys/fs/pipe-user-pages-hard",
    "sys/fs/pipe-user-pages-soft",
    "sys/kernel/cap_last_cap",
    "sys/kernel/core_pattern",
    "sys/kernel/domainname",
    "sys/kernel/hostname", /* the space's, and so with all that has a namespace */
    "sys/kernel/ngroups_max",
    "sys/kernel/osrelease",
    "sys/kernel/ostype",
    "sys/kernel/overflowgid",
    "sys/kernel/overflowuid",
    "sys/kernel/pid_max",
    "sys/kernel/random/entropy_avail",
    "sys/kernel/random/poolsize",
    "sys/kernel/shmall",
    "sys/kernel/shmmax",
    "sys/kernel/shmmni",
    "sys/kernel/tainted",
    "sys/kernel/version",
    "sys/net/core/somaxconn",
    "sysvipc/msg",
    "sysvipc/sem",
    "sysvipc/shm",
    "sys/vm/max_map_count",
    "sys/vm/overcommit_memory",
};

/* Is the object's path the path of the object? Not for what was deleted, is no file, or came from
 * outside the view. */
static bool is_in_view(int fd, const char *path)
{
	struct stat mine, there;
	int found;
	bool same;

	if (*path != '/')
		return false;
	found = open_at(AT_FDCWD, path, O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	if (found < 0)
		return false;
	same = fstat(fd, &mine) == 0 && fstat(found, &there) == 0 && mine.st_dev == there.st_dev &&
	       mine.st_ino == there.st_ino;
	close(found);
	return same;
}

/*
 * May names be walked from here? Not from a directory of another view: it was passed on by a
 * program of the space around, within, or outside, and what Linux calls what lies in it says where
 * that is there. Mounts of the view stay as long as it does: what is known of one stays true.
 */
static int check_ours(int fd)
{
	static uint64_t ours[64];
	static unsigned next;
	char path[CD_PATH_MAX];
	struct statx mine, there;
	int found, error;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, &mine))
		return -errno;
	if (!S_ISDIR(mine.stx_mode))
		return 0; /* Linux will say so */
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (ours[i] == mine.stx_mnt_id && mine.stx_mnt_id)
			return 0;
	if (host_ask_path(fd, path, sizeof(path)) == 0 || *path != '/')
		return -EACCES;
	found = open_at(AT_FDCWD, path, O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	if (found < 0)
		return found;
	error = syscall(SYS_statx, found, "", AT_EMPTY_PATH, STATX_MNT_ID, &there) ||
			there.stx_mnt_id != mine.stx_mnt_id
		    ? -EACCES
		    : 0;
	close(found);
	if (!error)
		ours[next++ % (sizeof(ours) / sizeof(ours[0]))] = mine.stx_mnt_id;
	return error;
}

void host_name_held(const struct kern_message *message, int fd, struct host_object *object)
{
	if (host_hops_on() && host_hops_name(message, fd, object->path, &object->path_len)) {
		object->anonymous = false;
		return;
	}
	object->path_len = host_ask_path(fd, object->path, sizeof(object->path));
	object->anonymous = host_hops_on() || !is_in_view(fd, object->path);
}

/* Have two fdinfo texts the same line that begins with key? */
static bool same_line(const char *a, const char *b, const char *key)
{
	size_t n;

	a = strstr(a, key);
	b = strstr(b, key);
	if (!a || !b)
		return false;
	n = strcspn(a, "\n") + 1;
	return strncmp(a, b, n) == 0;
}

/*
 * How the descriptor was opened that `object` was reached through: info is its fdinfo. Flags and
 * object are asked for one after the other, and the process may put another file under the number
 * in between: then the flags are not those of this object, and count as O_PATH, which permits
 * nothing.
 */
void host_take_flags(struct host_object *object, int dir, const char *info, int fd)
{
	char theirs[512], ours[512], path[32];
	const char *field;

	object->held_flags = O_PATH;
	object->own_fd = cd_dir_read(dir, info, theirs, sizeof(theirs));
	snprintf(path, sizeof(path), "../fdinfo/%d", fd);
	if (!object->own_fd || !cd_dir_read(self_fds, path, ours, sizeof(ours)))
		return;
	field = strstr(theirs, "flags:");
	if (field && same_line(theirs, ours, "mnt_id:") && same_line(theirs, ours, "ino:"))
		object->held_flags = (int)strtoul(field + 6, NULL, 8);
}

int host_resolve_fd(const struct kern_message *message, int fd, struct host_object *object)
{
	int opened = kern_process_fd_object(message, fd);
	char info[64];

	if (opened < 0)
		return opened;
	object->anonymous = object->own_fd = object->machine = false;
	host_name_held(message, opened, object);
	snprintf(info, sizeof(info), "%d/fdinfo/%d", message->tid, fd);
	host_take_flags(object, private_proc, info, opened);
	object->own_fd = true;
	object->fd = opened;
	return 0;
}

/* ---- the third attempt ---- */

struct walk {
	const struct kern_message *message;
	struct host_object *object;
	int at;			    /* the directory reached so far */
	int links;		    /* followed so far */
	bool jumped;		    /* `at` was reached by a magic link */
	char rest[2 * CD_PATH_MAX]; /* what is still to be walked */
};

static bool is_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static bool is_proc_root(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == 1 && is_proc(fd);
}

static void move_to_take(struct walk *w, int fd)
{
	close(w->at);
	w->at = fd;
	w->jumped = false;
}

ssize_t host_self_text(const struct kern_message *message, bool thread, char *text, size_t size)
{
	struct kern_ids ids;

	if (!kern_process_ids(message, &ids))
		return -ESRCH;
	return thread ? snprintf(text, size, "%d/task/%d", ids.tgid, ids.tid)
		      : snprintf(text, size, "%d", ids.tgid);
}

/* The text of a link, with "self" as the process that asked would read it. */
static ssize_t read_link(const struct kern_message *message, int dir, const char *name, int link,
			 char *text, size_t size)
{
	ssize_t n;

	if (is_proc_root(dir) && (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0))
		return host_self_text(message, name[0] == 't', text, size);
	n = readlinkat(link, "", text, size - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return n;
}

/* A magic link leads to the object itself. One of /proc/PID/fd also tells how the descriptor was
 * opened. */
static int follow_magic(struct walk *w, const char *name)
{
	char info[32];
	int fd = openat(w->at, name, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(info, sizeof(info), "../fdinfo/%.12s", name);
	host_take_flags(w->object, w->at, info, fd);
	move_to_take(w, fd);
	w->jumped = true;
	return 0;
}

/* Follows the link `name` in w->at, which is open as `link`: its text goes before what is left to
 * walk. */
static int follow_link(struct walk *w, const char *name, int link, const char *rest)
{
	char text[2 * CD_PATH_MAX];
	size_t rest_len = strlen(rest);
	ssize_t n;

	if (++w->links > CD_SYMLINK_MAX)
		return -ELOOP;
	if (is_proc(link) && !is_proc_root(w->at)) {
		int plain = open_at(w->at, name, 0, RESOLVE_NO_MAGICLINKS);

		if (plain >= 0)
			close(plain);
		if (plain == -ELOOP) {
			memmove(w->rest, rest, rest_len + 1);
			return follow_magic(w, name);
		}
	}
	n = read_link(w->message, w->at, name, link, text, CD_PATH_MAX);
	if (n < 0)
		return (int)n;
	if ((size_t)n + rest_len + 2 > sizeof(text))
		return -ENAMETOOLONG;
	text[n] = '/';
	memcpy(text + n + (rest_len > 0), rest, rest_len + 1);
	text[n + (rest_len > 0) + (ssize_t)rest_len] = '\0';
	memcpy(w->rest, text, sizeof(w->rest));
	if (text[0] == '/') {
		int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (root < 0)
			return -errno;
		move_to_take(w, root);
	}
	return 0;
}

/* One component. 1: the walk goes on; 0: w->at is the object; else -errno. */
static int walk_step(struct walk *w, bool follow)
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(start, "/");
	const char *rest = start + n;
	bool last = rest[strspn(rest, "/")] == '\0';
	bool slash = *rest == '/';
	char name[CD_NAME_MAX + 1];
	struct stat st;
	int fd, error;

	if (n == 0)
		return 0;
	if (n > CD_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, start, n);
	name[n] = '\0';
	error = w->jumped ? check_ours(w->at) : 0;
	if (error)
		return error;
	fd = open_at(w->at, name, O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode) && (!last || follow || slash)) {
		error = follow_link(w, name, fd, rest);
		close(fd);
		return error ? error : 1;
	}
	if (slash && !S_ISDIR(st.st_mode)) {
		close(fd);
		return -ENOTDIR;
	}
	move_to_take(w, fd);
	memmove(w->rest, rest, strlen(rest) + 1);
	return 1;
}

static int resolve_walking(const struct kern_message *message, int base, const char *path,
			   bool follow, struct host_object *object)
{
	struct walk w = {.message = message, .object = object};
	int result;

	w.at = *path == '/' ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)
			    : fcntl(base, F_DUPFD_CLOEXEC, 3);
	if (w.at < 0)
		return -errno;
	snprintf(w.rest, sizeof(w.rest), "%s", path);
	while ((result = walk_step(&w, follow)) > 0)
		;
	if (result < 0) {
		close(w.at);
		return result;
	}
	if (w.jumped) {
		host_name_held(message, w.at, object);
	} else {
		object->own_fd = false;
		object->path_len = host_ask_path(w.at, object->path, sizeof(object->path));
	}
	object->fd = w.at;
	return 0;
}

/* ---- all three ---- */

/* The directory that a relative name starts from, or -errno. Borrowed AT_FDCWD for an absolute one.
 */
static int open_base(const struct kern_message *message, int dir, const char *path)
{
	int base, error;

	if (*path == '/')
		return AT_FDCWD;
	base = dir == AT_FDCWD ? kern_process_cwd(message) : kern_process_fd_object(message, dir);
	error = base < 0 ? 0 : check_ours(base);
	if (!error)
		return base;
	close(base);
	return error;
}

static void close_base(int base)
{
	if (base >= 0)
		close(base);
}

/* For the record: which name was not there. */
static void name_absent(struct host_object *object, int base, const char *path)
{
	char start[CD_PATH_MAX];

	start[0] = '\0';
	if (*path != '/')
		host_ask_path(base, start, sizeof(start));
	object->path_len = *path == '/' || start[0] == '/'
			       ? host_join(object->path, sizeof(object->path), start, path)
			       : 0;
	object->path[object->path_len] = '\0';
}

bool host_is_restricted(const struct kern_message *message)
{
	return message->verb == CD_VERB_OPEN && message->shape->form == KERN_FORM_OPEN_HOW &&
	       message->extra;
}

/*
 * Linux alone resolves here, and takes "self" for the monitor: in a name that begins with it, it is
 * put in by its number. own: the name with it. 0; 1: it is none of those; or -errno.
 */
static int name_self(const struct kern_message *message, const char *path, uint64_t resolve,
		     char own[CD_PATH_MAX])
{
	static const char *const selves[] = {"/proc/self/", "/proc/thread-self/"};
	char text[32];
	ssize_t n;

	for (size_t i = 0; !(resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) && i < 2; i++) {
		size_t len = strlen(selves[i]);

		if (strncmp(path, selves[i], len) != 0)
			continue;
		if (resolve & RESOLVE_NO_SYMLINKS)
			return resolve & RESOLVE_NO_XDEV ? -EXDEV : -ELOOP;
		n = host_self_text(message, i, text, sizeof(text));
		if (n < 0)
			return (int)n;
		return snprintf(own, CD_PATH_MAX, "/proc/%s/%s", text, path + len) >= CD_PATH_MAX
			   ? -ENAMETOOLONG
			   : 0;
	}
	return 1;
}

int host_resolve_restricted(const struct kern_message *message, int dir, const char *path,
			    unsigned flags, uint64_t resolve, struct host_object *object)
{
	char own[CD_PATH_MAX];
	int base, fd, error;

	*object = (struct host_object){.fd = -1};
	if (!*path)
		return -ENOENT;
	/* As before Linux 5.6: programs go on without. */
	if (host_hops_on())
		return -ENOSYS;
	error = name_self(message, path, resolve, own);
	if (error < 0)
		return error;
	if (!error)
		path = own;
	/* With RESOLVE_IN_ROOT an absolute name begins at the directory, too; ours would be the
	 * monitor's own. */
	base = open_base(message, dir, resolve & RESOLVE_IN_ROOT ? "." : path);
	if (base < 0 && base != AT_FDCWD)
		return base;
	fd = open_at(base, path, flags & HOST_NOFOLLOW ? O_NOFOLLOW : 0,
		     resolve | RESOLVE_NO_MAGICLINKS);
	close_base(base);
	if (fd < 0)
		return fd;
	object->path_len = host_ask_path(fd, object->path, sizeof(object->path));
	object->fd = fd;
	return 0;
}

/*
 * A name that is not in the view, and is object->path by its letters: one of those in /proc that
 * tell of the machine, or that Linux keeps for the process that asks?
 */
static int resolve_machine(const struct kern_message *message, struct host_object *object)
{
	const char *name = object->path + 6;
	char own[CD_PATH_MAX];

	if (strncmp(object->path, "/proc/", 6) != 0)
		return -ENOENT;
	object->machine = true;
	for (size_t i = 0; i < sizeof(machine_files) / sizeof(machine_files[0]); i++)
		if (strcmp(name, machine_files[i]) == 0) {
			/* Whose would that be, without a namespace? */
			if (host_hops_on() && strncmp(name, "sysvipc/", 8) == 0)
				return -ENOENT;
			object->fd = open_at(private_proc, name, O_NOFOLLOW, 0);
			return object->fd < 0 ? object->fd : 0;
		}
	/* Those would be the machine's. */
	if (host_hops_on())
		return -ENOENT;
	if (strcmp(name, "mounts") != 0 && strcmp(name, "net") != 0 &&
	    strncmp(name, "net/", 4) != 0)
		return -ENOENT;
	snprintf(own, sizeof(own), "/proc/self/%.*s", CD_PATH_MAX - 12, name);
	return resolve_walking(message, AT_FDCWD, own, true, object);
}

/* A name that is not there may be that of a link to such a file. */
static int follow_to_machine(const struct kern_message *message, int base, const char *path,
			     struct host_object *object)
{
	char text[CD_PATH_MAX], absent[CD_PATH_MAX];
	const size_t absent_len = object->path_len;
	int link = open_at(base, path, O_NOFOLLOW, RESOLVE_NO_MAGICLINKS);
	ssize_t n = link < 0 ? -1 : readlinkat(link, "", text, sizeof(text) - 1);
	int error;

	if (link >= 0)
		close(link);
	if (n < 0)
		return -ENOENT;
	text[n] = '\0';
	if (strncmp(text, "/proc/", 6) != 0 || absent_len >= sizeof(absent))
		return -ENOENT;
	memcpy(absent, object->path, absent_len + 1);
	object->path_len = host_join(object->path, sizeof(object->path), "/", text);
	error = resolve_machine(message, object);
	/* It is that name which was not there. */
	if (error == -ENOENT) {
		memcpy(object->path, absent, absent_len + 1);
		object->path_len = absent_len;
	}
	return error;
}

/* by_link: there is a link in the name, and so what is not there may be what that leads to. */
static int resolve_from(const struct kern_message *message, int base, const char *path, bool follow,
			struct host_object *object, bool *by_link)
{
	unsigned flags = follow ? 0 : O_NOFOLLOW;
	int fd = open_at(base, path, flags, RESOLVE_NO_SYMLINKS);

	if (fd >= 0) {
		size_t len;

		if (is_normal(path, &len)) {
			memcpy(object->path, path, len);
			object->path[len] = '\0';
			object->path_len = len;
		} else {
			object->path_len = host_ask_path(fd, object->path, sizeof(object->path));
		}
		object->fd = fd;
		return 0;
	}
	*by_link = fd == -ELOOP;
	if (!*by_link)
		return fd;
	fd = open_at(base, path, flags, RESOLVE_NO_MAGICLINKS);
	if (fd >= 0) {
		object->path_len = host_ask_path(fd, object->path, sizeof(object->path));
		object->fd = fd;
		return 0;
	}
	if (fd != -ENOENT && fd != -ELOOP)
		return fd;
	return resolve_walking(message, base, path, follow, object);
}

int host_resolve(const struct kern_message *message, int dir, const char *path, unsigned flags,
		 struct host_object *object)
{
	bool by_link = false;
	int base, error;

	object->fd = -1;
	object->anonymous = object->own_fd = object->machine = false;
	object->held_flags = 0;
	object->path_len = 0;
	object->path[0] = '\0';
	if (!*path && !(flags & HOST_EMPTY))
		return -ENOENT;
	if (!*path && dir != AT_FDCWD)
		return host_resolve_fd(message, dir, object);
	if (host_hops_on()) {
		error = host_hops_resolve(message, dir, *path ? path : ".",
					  !(flags & HOST_NOFOLLOW), object);
		return error == -ENOENT ? resolve_machine(message, object) : error;
	}
	base = open_base(message, dir, *path ? path : ".");
	if (base < 0 && base != AT_FDCWD)
		return base;
	error = resolve_from(message, base, *path ? path : ".", !(flags & HOST_NOFOLLOW), object,
			     &by_link);
	if (error)
		name_absent(object, base, path);
	if (error == -ENOENT)
		error = resolve_machine(message, object);
	if (error == -ENOENT && by_link && !(flags & HOST_NOFOLLOW))
		error = follow_to_machine(message, base, path, object);
	close_base(base);
	return error;
}

/* Splits off the last component: what stands before it, and where it begins. */
static int split(const char *path, char *parent, const char **last)
{
	size_t len = strlen(path), end = len;

	while (end > 0 && path[end - 1] == '/')
		end--;
	while (end > 0 && path[end - 1] != '/')
		end--;
	*last = path + end;
	if (len - end > CD_NAME_MAX + 1 || strcspn(path + end, "/") > CD_NAME_MAX)
		return -ENAMETOOLONG;
	if (end == 0) {
		snprintf(parent, CD_PATH_MAX, ".");
	} else {
		memcpy(parent, path, end);
		parent[end] = '\0';
	}
	return 0;
}

int host_resolve_place(const struct kern_message *message, int dir, const char *path,
		       struct host_place *place)
{
	static struct host_object parent; /* one at a time; too large to be on the stack twice */
	char before[CD_PATH_MAX];
	const char *last;
	size_t n;
	int error;

	place->dir = -1;
	place->path_len = 0;
	place->path[0] = '\0';
	if (!*path)
		return -ENOENT;
	error = split(path, before, &last);
	if (error)
		return error;
	/* What is created is held to the caller's RESOLVE_ flags as what is opened. */
	error = host_is_restricted(message)
		    ? host_resolve_restricted(message, dir, before, 0, message->extra, &parent)
		    : host_resolve(message, dir, before, 0, &parent);
	if (error) {
		/* For the record. */
		if (parent.path_len)
			place->path_len =
			    host_join(place->path, sizeof(place->path), parent.path, last);
		return error;
	}
	n = strcspn(last, "/");
	/* More than one slash at the end says no more than one. "" is the root itself. */
	snprintf(place->name, sizeof(place->name), "%.*s%s", (int)n, last, last[n] ? "/" : "");
	if (n == 0)
		snprintf(place->name, sizeof(place->name), ".");
	place->dir = parent.fd;
	place->path_len = host_join(place->path, sizeof(place->path), parent.path,
				    n <= 2 && strspn(last, ".") >= n ? "" : place->name);
	error = host_hops_on() ? host_hops_check_place(message, place->path, place->path_len) : 0;
	if (error)
		host_place_close(place);
	return error;
}

int host_place_object(const struct host_place *place, struct host_object *object)
{
	char name[CD_NAME_MAX + 2];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(place->name, "/"), place->name);
	object->anonymous = object->own_fd = object->machine = false;
	object->fd = open_at(place->dir, name, O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	if (object->fd < 0)
		return object->fd;
	memcpy(object->path, place->path, place->path_len + 1);
	object->path_len = place->path_len;
	return 0;
}

void host_object_close(struct host_object *object)
{
	if (object->fd >= 0)
		close(object->fd);
	object->fd = -1;
}

void host_place_close(struct host_place *place)
{
	if (place->dir >= 0)
		close(place->dir);
	place->dir = -1;
}
