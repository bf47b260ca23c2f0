/*
 * A view without mounts.
 *
 * The folder holds "root", the skeleton, and beside it what is private to the space: an object
 * each, called by its number. The path of an object is known at all times: it is what was walked,
 * link by link and component by component. A descriptor that comes back from a process has the path
 * that leads to the same object, or none.
 *
 * Of /proc there is what the space's own processes have, and of that what tells of nobody else.
 */
#include "host/hops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/process.h"
#include "lib/dir.h"
#include "lib/path.h"

#define FIRST_FD  512	/* of the table's */
#define STEPS_MAX 16384 /* of one name: ".." begins anew from the root */

static struct {
	struct host_hop *at;
	size_t count;
	int root; /* of the skeleton; -1: no such view */
	int home_fd;
	pid_t init;
	char home[CD_PATH_MAX], root_path[CD_PATH_MAX + 8];
} hops = {.root = -1, .home_fd = -1};

bool host_hops_on(void)
{
	return hops.root >= 0;
}

const char *host_hops_home(void)
{
	return hops.home;
}

const struct host_hop *host_hops_entry(size_t i)
{
	return i < hops.count ? &hops.at[i] : NULL;
}

/* ---- the table ---- */

static const struct host_hop *find_exact(const char *path, size_t len)
{
	for (size_t i = hops.count; i-- > 0;) /* the last one covers the others */
		if (hops.at[i].dest_len == len && memcmp(hops.at[i].dest, path, len) == 0)
			return &hops.at[i];
	return NULL;
}

/* The entry that a path of the space lies in. NULL: the skeleton. */
static const struct host_hop *find_around(const char *path, size_t len)
{
	const struct host_hop *best = NULL;

	for (size_t i = 0; i < hops.count; i++)
		if (cd_path_is_within_len(path, len, hops.at[i].dest, hops.at[i].dest_len) &&
		    (!best || hops.at[i].dest_len >= best->dest_len))
			best = &hops.at[i];
	return best;
}

int host_hops_may_change(const char *path, size_t len)
{
	const struct host_hop *hop = find_around(path, len);

	return hop && (hop->writable || hop->dev) ? 0 : -EROFS;
}

/* What is shown here, or lies above something that is, is a mount elsewhere. */
int host_hops_check_place(const struct kern_message *message, const char *path, size_t len)
{
	for (size_t i = 0; i < hops.count; i++)
		if (cd_path_is_within_len(hops.at[i].dest, hops.at[i].dest_len, path, len))
			return message->verb == CD_VERB_UNLINK || message->verb == CD_VERB_RENAME
				   ? -EBUSY
				   : -EEXIST;
	return 0;
}

/* ---- building ---- */

struct builder {
	const struct cd_plan *plan;
	const char *why; /* what mounts alone can do */
};

/* The directory `path` of the skeleton or of a private object, made as needed. -1: there is none.
 */
static int make_directories(int from, const char *path, size_t len)
{
	int dir = openat(from, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *end = path + len;

	while (dir >= 0 && path < end) {
		char name[CD_NAME_MAX + 1];
		size_t n = strcspn(path, "/");
		int next;

		if (n > (size_t)(end - path))
			n = (size_t)(end - path);
		if (n > CD_NAME_MAX)
			n = CD_NAME_MAX;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n + 1;
		if (n == 0)
			continue;
		mkdirat(dir, name, 0755);
		next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		dir = next;
	}
	return dir;
}

/* Is what lies there the skeleton's, or an object of our own, to which a name can be added? */
static int open_parent(const char *dest, const char **name)
{
	size_t len;
	const struct host_hop *around;

	*name = strrchr(dest, '/') + 1;
	len = (size_t)(*name - dest) - 1;
	around = find_around(len ? dest : "/", len ? len : 1);
	if (!around)
		return make_directories(hops.root, dest, len);
	if (strncmp(around->source, hops.home, strlen(hops.home)) != 0)
		return -1; /* the user's own: it has the name, or has not */
	return make_directories(around->fd, dest + around->dest_len, len - around->dest_len);
}

/* So that the name is listed. */
static void put_placeholder(const char *dest, bool directory)
{
	const char *name;
	int parent = open_parent(dest, &name), fd;

	if (parent < 0)
		return;
	if (directory) {
		mkdirat(parent, name, 0755);
	} else {
		fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
		if (fd >= 0)
			close(fd);
	}
	close(parent);
}

/* Out of the way of a limit on descriptors that the program is to have, and of what it needs then.
 */
static int move_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

/* fd and source are taken. */
static int add_take(const struct cd_mount *m, int fd, char *source)
{
	struct stat st;

	if (fd < 0 || !source || fstat(fd, &st)) {
		if (fd >= 0)
			close(fd);
		free(source);
		return -1;
	}
	put_placeholder(m->dest, S_ISDIR(st.st_mode));
	hops.at[hops.count++] = (struct host_hop){.dest = m->dest,
						  .source = source,
						  .dest_len = strlen(m->dest),
						  .source_len = strlen(source),
						  .fd = move_high(fd),
						  .writable = m->writable,
						  .exec = m->exec,
						  .dev = m->dev};
	return 0;
}

static int add_own(const struct cd_mount *m, const char *number)
{
	char *source = NULL;

	if (asprintf(&source, "%s/%s", hops.home, number) < 0)
		return -1;
	return add_take(m, openat(hops.home_fd, number, O_PATH | O_NOFOLLOW | O_CLOEXEC), source);
}

static int put_bind(struct builder *b, const struct cd_mount *m)
{
	int fd;

	if (strcmp(m->from, m->dest) != 0) {
		b->why = "something else shown in its place";
		return -1;
	}
	fd = open(m->from, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -1;
	return add_take(m, fd, strdup(m->from));
}

static void number_of(char number[24])
{
	snprintf(number, 24, "%zu", hops.count);
}

static int put_tmpfs(struct builder *b, const struct cd_mount *m)
{
	char number[24];

	(void)b;
	number_of(number);
	if (mkdirat(hops.home_fd, number, 0700) || fchmodat(hops.home_fd, number, 01777, 0))
		return -1;
	return add_own(m, number);
}

static int put_file(const struct cd_mount *m, const char *bytes, size_t len, mode_t mode)
{
	char number[24];
	ssize_t n;
	int fd;

	number_of(number);
	fd = openat(hops.home_fd, number, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	n = write(fd, bytes, len);
	fchmod(fd, mode);
	close(fd);
	return n == (ssize_t)len ? add_own(m, number) : -1;
}

static int put_text(struct builder *b, const struct cd_mount *m)
{
	(void)b;
	return put_file(m, m->from, strlen(m->from), 0444);
}

static int put_copy(struct builder *b, const struct cd_mount *m)
{
	char bytes[CD_COPY_MAX];
	int from = open(m->from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;

	(void)b;
	if (from < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -1;
	n = read(from, bytes, sizeof(bytes));
	close(from);
	return n < 0 ? -1 : put_file(m, bytes, (size_t)n, 0444);
}

/* A terminal of its own takes a mount. Programs do without. */
static int put_none(struct builder *b, const struct cd_mount *m)
{
	(void)b, (void)m;
	return 0;
}

static int put_cow(struct builder *b, const struct cd_mount *m)
{
	(void)m;
	b->why = "a copy on write";
	return -1;
}

static int put_symlink(struct builder *b, const struct cd_mount *m)
{
	const char *name;
	int parent = open_parent(m->dest, &name);

	(void)b;
	if (parent < 0)
		return 0;
	if (symlinkat(m->from, parent, name) && errno != EEXIST) {
		close(parent);
		return -1;
	}
	close(parent);
	return 0;
}

static int put_dir(struct builder *b, const struct cd_mount *m)
{
	(void)b;
	put_placeholder(m->dest, true);
	return 0;
}

/* Closed to listing in the end, when the places for what they hold have been made. */
static int put_mask(struct builder *b, const struct cd_mount *m)
{
	struct cd_mount cover = *m;
	char number[24];
	struct stat st;

	(void)b;
	cover.writable = cover.exec = cover.dev = false;
	if (lstat(m->dest, &st) || S_ISLNK(st.st_mode) || !find_around(m->dest, strlen(m->dest)))
		return 0;
	if (!S_ISDIR(st.st_mode))
		return put_file(&cover, "", 0, 0);
	number_of(number);
	if (mkdirat(hops.home_fd, number, 0711))
		return -1;
	return add_own(&cover, number);
}

static void close_masks(const struct cd_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct cd_mount *m = &plan->mounts[i];
		const struct host_hop *hop =
		    m->kind == CD_MOUNT_MASK ? find_exact(m->dest, strlen(m->dest)) : NULL;
		struct stat st;

		if (hop && fstat(hop->fd, &st) == 0 && S_ISDIR(st.st_mode))
			fchmodat(hops.home_fd, strrchr(hop->source, '/') + 1, 0111, 0);
	}
}

bool host_hops_excepts(const char *path, bool *exactly)
{
	size_t len = strlen(path);
	bool any = false;

	*exactly = false;
	for (size_t i = 0; i < hops.count; i++) {
		const struct host_hop *hop = &hops.at[i];

		if ((hop->exec && strcmp(hop->source, hop->dest) == 0) ||
		    !cd_path_is_within_len(hop->dest, hop->dest_len, path, len))
			continue;
		any = true;
		*exactly |= hop->dest_len == len;
	}
	return any;
}

static int make_home(const char *base)
{
	snprintf(hops.home, sizeof(hops.home), "%s/cordon-XXXXXX", base);
	if (!mkdtemp(hops.home))
		return -1;
	snprintf(hops.root_path, sizeof(hops.root_path), "%s/root", hops.home);
	hops.home_fd = open(hops.home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (hops.home_fd < 0 || mkdirat(hops.home_fd, "root", 0755))
		return -1;
	hops.root = openat(hops.home_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return hops.root < 0 ? -1 : 0;
}

static int (*const put[])(struct builder *b, const struct cd_mount *m) = {
    [CD_MOUNT_BIND] = put_bind,	      [CD_MOUNT_TMPFS] = put_tmpfs, [CD_MOUNT_COW] = put_cow,
    [CD_MOUNT_SYMLINK] = put_symlink, [CD_MOUNT_TEXT] = put_text,   [CD_MOUNT_DIR] = put_dir,
    [CD_MOUNT_MASK] = put_mask,	      [CD_MOUNT_COPY] = put_copy,   [CD_MOUNT_PTS] = put_none,
};

enum cd_status host_hops_make(const struct cd_plan *plan, const char *base, const char **culprit,
			      const char **why)
{
	struct builder b = {.plan = plan};
	mode_t mask = umask(0);
	int error = 0;

	*culprit = base;
	hops.at = calloc(plan->count + 1, sizeof(*hops.at));
	if (!hops.at || make_home(base))
		error = errno;
	for (size_t i = 0; !error && i < plan->count; i++) {
		*culprit = plan->mounts[i].dest;
		if (put[plan->mounts[i].kind](&b, &plan->mounts[i]))
			error = b.why ? ENOTSUP : errno ? errno : EIO;
	}
	if (!error)
		close_masks(plan);
	umask(mask);
	if (!error)
		return CD_OK;
	host_hops_remove();
	hops.root = -1;
	*why = b.why;
	errno = error;
	return b.why ? CD_ENOSUP : CD_ESYS;
}

/* ---- removing ---- */

/*
 * The space may have made trees of any depth, which no recursion survives: the directories found in
 * a directory are moved to the top, so that one level at a time is removed.
 */
static bool empty_directory(int top, const char *name, unsigned long *moved)
{
	struct cd_dir entries;
	const char *entry;
	bool more = false;
	char fresh[32];
	int dir;

	fchmodat(top, name, 0700, 0);
	dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return false;
	cd_dir_begin(&entries, dir);
	while ((entry = cd_dir_next(&entries))) {
		if (unlinkat(dir, entry, 0) == 0 || unlinkat(dir, entry, AT_REMOVEDIR) == 0)
			continue;
		/* What cannot be searched cannot be moved, either. */
		fchmodat(dir, entry, 0700, 0);
		snprintf(fresh, sizeof(fresh), ".moved-%lu", (*moved)++);
		more |= renameat(dir, entry, top, fresh) == 0;
	}
	close(dir);
	return more;
}

void host_hops_remove(void)
{
	unsigned long moved = 0;
	bool more = hops.home_fd >= 0;
	struct cd_dir entries;
	const char *entry;

	while (more) {
		more = false;
		cd_dir_begin(&entries, hops.home_fd);
		while ((entry = cd_dir_next(&entries))) {
			if (unlinkat(hops.home_fd, entry, 0) == 0)
				continue;
			more |= empty_directory(hops.home_fd, entry, &moved);
			more |= unlinkat(hops.home_fd, entry, AT_REMOVEDIR) == 0;
		}
	}
	if (hops.home_fd >= 0)
		close(hops.home_fd);
	hops.home_fd = -1;
	if (*hops.home)
		rmdir(hops.home);
}

/* ---- /proc ---- */

void host_hops_except(pid_t pid)
{
	hops.init = pid;
}

int host_hops_member(pid_t pid)
{
	char name[16], text[8];
	int dir, error;

	snprintf(name, sizeof(name), "%d", pid);
	dir = openat(host_private_proc(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/*
	 * Linux lets a process under Landlock look at those of its own domain and of what is nested
	 * in that: at the space's. (A program that has ended has no file any more.) The monitor
	 * would find itself.
	 */
	error = readlinkat(dir, "exe", text, sizeof(text)) < 0 && errno != ENOENT ? -ESRCH : 0;
	if (pid <= 0 || pid == getpid() || pid == hops.init)
		error = -ESRCH;
	if (error) {
		close(dir);
		return error;
	}
	return dir;
}

static bool is_number(const char *name)
{
	return *name >= '1' && *name <= '9' && name[strspn(name, "0123456789")] == '\0' &&
	       strlen(name) < 10;
}

/* Of a process or thread, what tells of it alone. */
static bool may_show(const char *name)
{
	static const char *const names[] = {
	    "auxv",	    "cmdline",	   "comm",    "cwd",	   "environ",
	    "exe",	    "fd",	   "fdinfo",  "io",	   "limits",
	    "maps",	    "mem",	   "oom_adj", "oom_score", "oom_score_adj",
	    "pagemap",	    "personality", "sched",   "schedstat", "smaps",
	    "smaps_rollup", "stack",	   "stat",    "statm",	   "status",
	    "syscall",	    "wchan"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* What stands after /proc/PID, or /proc/PID/task/TID; *task: which. NULL: the path is neither's. */
static const char *after_process(const char *path, bool *task)
{
	size_t n;

	*task = false;
	if (strncmp(path, "/proc/", 6) != 0)
		return NULL;
	path += 6;
	path += strcspn(path, "/");
	n = strspn(path, "/") ? strcspn(path + 1, "/") + 1 : 0;
	if (n == 5 && memcmp(path, "/task", 5) == 0 && path[5] == '/') {
		*task = true;
		path += 6;
		path += strcspn(path, "/");
	}
	return path;
}

static bool may_pass(const char *path, const char *name)
{
	bool task;
	const char *rest = after_process(path, &task);

	if (!rest)
		return false;
	if (!*rest)
		return may_show(name) || (!task && strcmp(name, "task") == 0);
	if (strcmp(rest, "/task") == 0 || strcmp(rest, "/fdinfo") == 0 || strcmp(rest, "/fd") == 0)
		return is_number(name) || (strcmp(name, "0") == 0 && rest[1] == 'f');
	return false;
}

/* ---- walking ---- */

struct walk {
	const struct kern_message *message;
	struct host_object *object; /* NULL: nothing is followed, and nothing is asked of it */
	int at;
	size_t len;
	unsigned steps;
	int links;
	bool outside;		/* `at` was reached by a magic link, and has no path */
	char path[CD_PATH_MAX]; /* of `at`; "" the root */
	char rest[2 * CD_PATH_MAX];
};

static void move_take(struct walk *w, int fd)
{
	close(w->at);
	w->at = fd;
}

static int go_to_root(struct walk *w)
{
	int fd = fcntl(hops.root, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return -errno;
	if (w->at >= 0)
		close(w->at);
	w->at = fd;
	w->len = 0;
	w->path[0] = '\0';
	w->outside = false;
	return 0;
}

/*
 * What is private to the space is known by where it lies outside, too: that is what Linux calls it,
 * to processes that work in there.
 */
static const struct host_hop *find_own(const char *path, const char **rest)
{
	size_t len = strlen(path);

	if (strncmp(path, hops.home, strlen(hops.home)) != 0)
		return NULL;
	for (size_t i = 0; i < hops.count; i++)
		if (cd_path_is_within_len(path, len, hops.at[i].source, hops.at[i].source_len)) {
			*rest = path + hops.at[i].source_len;
			return &hops.at[i];
		}
	return NULL;
}

/* Puts text, and a slash, before what is left to walk. */
static int push(struct walk *w, const char *text, const char *rest)
{
	const struct host_hop *own = find_own(text, &text);
	size_t own_len = own ? own->dest_len : 0, n = own_len + strlen(text),
	       rest_len = strlen(rest);

	if (n + rest_len + 2 > sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + n + 1, rest, rest_len + 1);
	memcpy(w->rest, own ? own->dest : "", own_len);
	memcpy(w->rest + own_len, text, n - own_len);
	w->rest[n] = '/';
	if (rest_len == 0)
		w->rest[n] = '\0';
	return own || *text == '/' ? go_to_root(w) : 0;
}

/* The directory above is found from the root: where a hop leads, Linux's own ".." does not. */
static int go_up(struct walk *w, const char *rest)
{
	char above[CD_PATH_MAX];
	char *slash;

	snprintf(above, sizeof(above), "%s", w->path);
	slash = strrchr(above, '/');
	if (slash)
		*slash = '\0';
	snprintf(above + strlen(above), sizeof(above) - strlen(above), "%s", *above ? "" : "/");
	return push(w, above, rest);
}

static int open_child(struct walk *w, const char *name)
{
	const struct host_hop *hop = find_exact(w->path, w->len); /* the child's path by now */
	int fd = hop ? fcntl(hop->fd, F_DUPFD_CLOEXEC, 3)
		     : openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The child of a directory of /proc; w->path is the child's by now, `above` the directory's. */
static int open_proc_child(struct walk *w, const char *above, const char *name)
{
	int fd;

	if (strcmp(above, "/proc") == 0) {
		fd = is_number(name) ? host_hops_member(atoi(name)) : -ENOENT;
		return fd == -ESRCH ? -ENOENT : fd;
	}
	if (!may_pass(above, name))
		return -ENOENT;
	fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A magic link leads to the object itself, which may have a path of the space. */
static int follow_magic(struct walk *w, const char *name)
{
	char info[32], path[CD_PATH_MAX];
	size_t len;
	int fd = openat(w->at, name, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(info, sizeof(info), "../fdinfo/%.12s", name);
	host_take_flags(w->object, w->at, info, fd);
	move_take(w, fd);
	w->outside = !host_hops_name(w->message, fd, path, &len);
	w->len = 0;
	w->path[0] = '\0';
	if (!w->outside) {
		memcpy(w->path, path, len + 1);
		w->len = len == 1 ? 0 : len;
		w->path[w->len] = '\0';
	}
	return 0;
}

/* One component. 1: the walk goes on; 0: it has arrived; else -errno. */
static int step(struct walk *w, bool follow)
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(start, "/"), above_len = w->len;
	const char *rest = start + n;
	bool slash = *rest == '/', last = rest[strspn(rest, "/")] == '\0', proc, magic;
	char name[CD_NAME_MAX + 1], above[CD_PATH_MAX], text[CD_PATH_MAX];
	struct stat st;
	ssize_t got;
	int fd;

	if (n == 0)
		return 0;
	if (n > CD_NAME_MAX)
		return -ENAMETOOLONG;
	if (++w->steps > STEPS_MAX)
		return -ELOOP;
	memcpy(name, start, n);
	name[n] = '\0';
	if (w->outside)
		return -EACCES;
	if (fstat(w->at, &st) || !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (strcmp(name, ".") == 0) {
		memmove(w->rest, rest, strlen(rest) + 1);
		return 1;
	}
	if (strcmp(name, "..") == 0) {
		fd = go_up(w, rest);
		return fd ? fd : 1;
	}
	memcpy(above, w->path, w->len + 1);
	if (w->len + n + 2 > sizeof(w->path))
		return -ENAMETOOLONG;
	w->path[w->len++] = '/';
	memcpy(w->path + w->len, name, n + 1);
	w->len += n;
	proc = strncmp(above, "/proc", 5) == 0 && (above[5] == '/' || !above[5]);
	/* "self" is the one that asks. */
	if (proc && !above[5] && (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0)) {
		if (last && !follow && !slash) {
			fd = openat(host_private_proc(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
			if (fd < 0)
				return -errno;
			move_take(w, fd);
			w->rest[0] = '\0';
			return 1;
		}
		if (!w->object || ++w->links > CD_SYMLINK_MAX)
			return -ELOOP;
		got = host_self_text(w->message, name[0] == 't', text, sizeof(text));
		w->len = above_len;
		w->path[w->len] = '\0';
		fd = got < 0 ? (int)got : push(w, text, rest);
		return fd ? fd : 1;
	}
	fd = proc ? open_proc_child(w, above, name) : open_child(w, name);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st)) {
		close(fd);
		return -EIO;
	}
	if (S_ISLNK(st.st_mode) && (!last || follow || slash)) {
		magic = proc;
		got = readlinkat(fd, "", text, sizeof(text) - 1);
		close(fd);
		if (!w->object || ++w->links > CD_SYMLINK_MAX)
			return -ELOOP;
		if (magic) {
			fd = follow_magic(w, name);
			if (!fd)
				memmove(w->rest, rest, strlen(rest) + 1);
			return fd ? fd : 1;
		}
		if (got < 0)
			return -EIO;
		text[got] = '\0';
		w->len = above_len;
		w->path[w->len] = '\0';
		fd = push(w, text, rest);
		return fd ? fd : 1;
	}
	if (slash && !S_ISDIR(st.st_mode)) {
		close(fd);
		return -ENOTDIR;
	}
	move_take(w, fd);
	memmove(w->rest, rest, strlen(rest) + 1);
	return 1;
}

/* From a path of the space on. The result's descriptor is w->at, whatever comes of it. */
static int walk(struct walk *w, const char *from, const char *path, bool follow)
{
	const struct host_hop *own = find_own(path, &path);
	int result = go_to_root(w);

	if (result)
		return result;
	if (snprintf(w->rest, sizeof(w->rest), "%s/%s",
		     own	    ? own->dest
		     : *path == '/' ? ""
				    : from,
		     path) >= (int)sizeof(w->rest))
		return -ENAMETOOLONG;
	while ((result = step(w, follow)) > 0)
		;
	return result;
}

/* ---- names of what is held ---- */

static size_t translate(const char *real, char *path, size_t size)
{
	size_t len = strlen(real), best = 0;
	const struct host_hop *hop = NULL;
	int n;

	if (strncmp(real, "/proc/", 6) == 0)
		n = snprintf(path, size, "%s", real);
	else if (cd_path_is_within_len(real, len, hops.root_path, strlen(hops.root_path)))
		n = snprintf(path, size, "%s",
			     real[strlen(hops.root_path)] ? real + strlen(hops.root_path) : "/");
	else {
		for (size_t i = 0; i < hops.count; i++)
			if (hops.at[i].source_len >= best &&
			    cd_path_is_within_len(real, len, hops.at[i].source,
						  hops.at[i].source_len)) {
				hop = &hops.at[i];
				best = hop->source_len;
			}
		if (!hop)
			return 0;
		n = snprintf(path, size, "%s%s", hop->dest, real + hop->source_len);
	}
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* Does the path, followed nowhere, lead to this object? */
static bool leads_to(const struct kern_message *message, const char *path, const struct stat *st)
{
	struct walk w = {.message = message, .at = -1};
	struct stat found;
	bool same = walk(&w, "", path, false) == 0 && fstat(w.at, &found) == 0 &&
		    found.st_dev == st->st_dev && found.st_ino == st->st_ino;

	if (w.at >= 0)
		close(w.at);
	return same;
}

bool host_hops_name(const struct kern_message *message, int fd, char *path, size_t *len)
{
	char real[CD_PATH_MAX];
	struct stat st;

	if (fstat(fd, &st) || host_ask_path(fd, real, sizeof(real)) == 0 || *real != '/')
		return false;
	*len = translate(real, path, CD_PATH_MAX);
	return *len && leads_to(message, path, &st);
}

/*
 * The working directory is no authority, and it was entered natively: of a directory of the
 * skeleton Linux entered the one outside that is called the same.
 */
static bool name_directory(const struct kern_message *message, int fd, bool working, char *path)
{
	struct walk w = {.message = message, .at = -1};
	struct stat st;
	size_t len;
	bool good;

	if (host_hops_name(message, fd, path, &len))
		return true;
	if (!working || host_ask_path(fd, path, CD_PATH_MAX) == 0 || *path != '/')
		return false;
	good = walk(&w, "", path, false) == 0 && fstat(w.at, &st) == 0 && S_ISDIR(st.st_mode);
	if (w.at >= 0)
		close(w.at);
	return good;
}

/* Where a name starts from, as a path of the space. */
static int find_start(const struct kern_message *message, int dir, const char *path,
		      char start[CD_PATH_MAX])
{
	struct stat st;
	int fd, error = 0;

	start[0] = '\0';
	if (*path == '/')
		return 0;
	fd = dir == AT_FDCWD ? kern_process_cwd(message) : kern_process_fd_object(message, dir);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !S_ISDIR(st.st_mode))
		error = -ENOTDIR;
	else if (!name_directory(message, fd, dir == AT_FDCWD, start))
		error = dir == AT_FDCWD ? -ENOENT : -EACCES;
	close(fd);
	return error;
}

int host_hops_resolve(const struct kern_message *message, int dir, const char *path, bool follow,
		      struct host_object *object)
{
	static struct walk w; /* too large for a stack that is deep already */
	char start[CD_PATH_MAX];
	int error = find_start(message, dir, path, start);

	if (error)
		return error;
	w = (struct walk){.message = message, .object = object, .at = -1};
	/* For the record, should it not be there. */
	object->path_len = host_join(object->path, sizeof(object->path), start, path);
	error = walk(&w, start, path, follow);
	if (error) {
		if (w.at >= 0)
			close(w.at);
		return error;
	}
	if (w.outside) {
		object->path_len = host_ask_path(w.at, object->path, sizeof(object->path));
		object->anonymous = true;
	} else {
		if (!w.len)
			w.path[w.len++] = '/';
		memcpy(object->path, w.path, w.len);
		object->path[w.len] = '\0';
		object->path_len = w.len;
		if (!w.links)
			object->own_fd = false;
	}
	object->fd = w.at;
	return 0;
}

/* The directory that Linux would find: its own root, and the process's working directory. */
static int open_natively(const struct kern_message *message, int dir, const char *path, int flags)
{
	int base = AT_FDCWD, fd;

	if (*path != '/')
		base = dir == AT_FDCWD ? kern_process_cwd(message)
				       : kern_process_fd_object(message, dir);
	if (*path != '/' && base < 0)
		return base;
	fd = openat(base, *path ? path : ".", O_PATH | O_CLOEXEC | flags);
	if (base >= 0)
		close(base);
	return fd;
}

bool host_hops_can_enter(const struct kern_message *message, const char *path,
			 const struct host_object *object)
{
	int fd = open_natively(message, AT_FDCWD, path, O_DIRECTORY);
	char known[CD_PATH_MAX];
	bool same =
	    fd >= 0 && name_directory(message, fd, true, known) && strcmp(known, object->path) == 0;

	if (fd >= 0)
		close(fd);
	return same;
}

bool host_hops_is_same_natively(const struct kern_message *message, int dir, const char *path,
				bool follow, const struct host_object *object)
{
	int fd = open_natively(message, dir, path, follow ? 0 : O_NOFOLLOW);
	struct stat mine, there;
	bool same;

	same = fd >= 0 && fstat(fd, &there) == 0 && fstat(object->fd, &mine) == 0 &&
	       mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
	if (fd >= 0)
		close(fd);
	return same;
}
