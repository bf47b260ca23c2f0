/*
 * The view.
 *
 * A tmpfs is the skeleton: directories that lead to what was granted, symbolic links, small
 * texts. What was granted is attached to it as clones of the user's own mounts. The skeleton is
 * read-only once it stands, and pivot_root leaves the old tree behind.
 */
#include "host/view.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cordon/limits.h"
#include "host/mount_api.h"

#define OLD_NAME ".old"
#define OLD	 "/" OLD_NAME
/* While the view is built: before Linux 6.15 no overlay is made of what is detached. */
#define COW_NAME ".cow"
#define COW	 "/" COW_NAME

struct builder {
	const struct cd_plan *plan;
	host_view_shown *shown;
	void *context;
	int root;	 /* the skeleton's root, which is "/" while the view is built */
	int old;	 /* the user's root, at OLD until the end */
	int private_dir; /* upper and work folders of copy-on-write views */
	int parent;	 /* the directory that the mount before this one was put in; -1: none */
	char parent_path[CD_PATH_MAX];
	unsigned cow_count;
};

/* As if the old tree were the root still. What is shown of a space around is known there by this
 * name alone: no link may lead elsewhere, which a program could put there at any time. */
static uint64_t within_old(const struct builder *b)
{
	return RESOLVE_IN_ROOT | (b->plan->within ? RESOLVE_NO_SYMLINKS : 0);
}

/* The object at a path of the old tree. */
static int open_source(const struct builder *b, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = within_old(b)};

	return (int)syscall(SYS_openat2, b->old, path, &how, sizeof(how));
}

/* Nothing there, nothing granted. */
static bool is_absent(void)
{
	return errno == ENOENT || errno == EACCES || errno == ELOOP;
}

static int open_directory(int dir, const char *name)
{
	int next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0 && errno == ENOENT && mkdirat(dir, name, 0755) == 0)
		next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return next;
}

/* Walks from dir, which is consumed, making directories as needed. */
static int walk_directories(int dir, const char *path, size_t len)
{
	char component[CD_NAME_MAX + 1];

	for (const char *at = path, *end = path + len; dir >= 0 && at < end;) {
		size_t n = strcspn(at, "/");
		int next = -1, saved;

		if (n > (size_t)(end - at))
			n = (size_t)(end - at);
		if (n > CD_NAME_MAX) {
			errno = ENAMETOOLONG;
		} else {
			memcpy(component, at, n);
			component[n] = '\0';
			next = open_directory(dir, component);
		}
		saved = errno;
		close(dir);
		errno = saved;
		dir = next;
		at += n + 1;
	}
	return dir;
}

/*
 * Opens dest's parent below the root; name points into dest. Mounts come in the order of their
 * paths: most have the same parent as the one before. It is kept until the next one is asked for,
 * or something is mounted over it.
 */
static int open_parent(struct builder *b, const char *dest, const char **name)
{
	size_t len;

	*name = strrchr(dest, '/') + 1;
	len = (size_t)(*name - dest) - 1;
	if (b->parent >= 0 && strncmp(b->parent_path, dest, len) == 0 && !b->parent_path[len])
		return b->parent;
	if (b->parent >= 0)
		close(b->parent);
	b->parent = walk_directories(openat(b->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC),
				     dest + 1, len ? len - 1 : 0);
	memcpy(b->parent_path, dest, len);
	b->parent_path[len] = '\0';
	return b->parent;
}

/* Makes the place that something will be mounted on. A link or file that is there already is left
 * alone. */
static int make_place(int parent, const char *name, bool directory)
{
	if (!*name) /* the root itself */
		return 0;
	return (directory ? mkdirat(parent, name, 0755)
			  : mknodat(parent, name, S_IFREG | 0444, 0)) &&
		       errno != EEXIST
		   ? -1
		   : 0;
}

static uint64_t attributes(const struct cd_mount *m)
{
	return MOUNT_ATTR_NOSUID | (m->writable ? 0 : MOUNT_ATTR_RDONLY) |
	       (m->exec ? 0 : MOUNT_ATTR_NOEXEC) | (m->dev ? 0 : MOUNT_ATTR_NODEV);
}

static int show(const struct builder *b, const struct cd_mount *m, int fd)
{
	return b && b->shown && b->shown(b->context, m, fd) != CD_OK ? -1 : 0;
}

/*
 * Attaches a detached mount at parent/name; the mount's descriptor is consumed. b, m: of which plan
 * it is which mount; NULL: none.
 */
static int attach_take(const struct builder *b, const struct cd_mount *m, int tree, int parent,
		       const char *name)
{
	int result = sys_move_mount(tree, parent, *name ? name : "."), saved;

	if (result == 0 && m)
		result = show(b, m, tree);
	saved = errno;
	close(tree);
	errno = saved;
	return result;
}

/*
 * The same; but where the view that this one is within has covered a file (put_mask()), nothing can
 * be attached: what covers it has no name any more. It stays covered, and the space gets less.
 */
static int attach_if_can_take(const struct builder *b, const struct cd_mount *m, int tree,
			      int parent, const char *name)
{
	struct stat st;
	int result = attach_take(b, m, tree, parent, name), saved = errno;

	if (result && saved == ENOENT && *name &&
	    fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink == 0)
		return 0;
	errno = saved;
	return result;
}

static int clone_tree(int source, const struct cd_mount *m)
{
	struct mount_attr attr = {.attr_set = attributes(m), .propagation = MS_PRIVATE};
	int tree =
	    sys_open_tree(source, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH | O_CLOEXEC);

	if (tree >= 0 && sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr)) {
		int saved = errno;

		close(tree);
		errno = saved;
		return -1;
	}
	return tree;
}

static bool is_gone(int source)
{
	struct stat st;

	return fstat(source, &st) == 0 && st.st_nlink == 0;
}

static int put_bind(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	int source = open_source(b, m->from), tree = -1, result = -1, saved;
	struct stat st;

	if (source < 0)
		return is_absent() ? 0 : -1;
	if (fstat(source, &st) == 0 && !make_place(parent, name, S_ISDIR(st.st_mode)))
		tree = clone_tree(source, m);
	if (tree >= 0)
		result = attach_if_can_take(b, m, tree, parent, name);
	saved = errno;
	/* Likewise, if it was removed since it was opened, at whatever moment. */
	if (result && (is_gone(source) || (tree < 0 && saved == ENOENT)))
		result = 0;
	close(source);
	errno = saved;
	return result;
}

/* Empty files and directories take memory, too, which the size does not bound. */
static int make_tmpfs(uint64_t size, uint64_t attr, const char *mode)
{
	char text[32], files[32];
	int fs = sys_fsopen("tmpfs"), tree = -1;

	if (fs < 0)
		return -1;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
	snprintf(files, sizeof(files), "%llu", (unsigned long long)(1024 + size / 4096));
	if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode) == 0 &&
	    (size == 0 || (sys_fsconfig(fs, FSCONFIG_SET_STRING, "size", text) == 0 &&
			   sys_fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", files) == 0)) &&
	    sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		tree = sys_fsmount(fs, (unsigned)attr);
	close(fs);
	return tree;
}

static int put_tmpfs(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	int tree;

	(void)b;
	if (make_place(parent, name, true))
		return -1;
	tree = make_tmpfs(m->size, attributes(m), "1777");
	return tree < 0 ? -1 : attach_take(b, m, tree, parent, name);
}

/* Where copy-on-write views keep what is written. */
static int make_private_dir(struct builder *b, uint64_t size)
{
	int tree = make_tmpfs(size, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "1777");

	if (tree < 0 || make_place(b->root, COW_NAME, true) ||
	    attach_take(b, NULL, tree, b->root, COW_NAME))
		return -1;
	b->private_dir = open(COW, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return b->private_dir < 0 ? -1 : 0;
}

/* What it lets us do, as its owner: in the space nobody else exists. */
static mode_t mode_of_copy(int source)
{
	struct stat st;
	mode_t ours;

	if (fstat(source, &st))
		return 0;
	if (st.st_uid == geteuid())
		return st.st_mode & 07777;
	ours = st.st_gid == getegid() ? st.st_mode >> 3 & 7 : st.st_mode & 7;
	return (ours << 6) | (st.st_mode & 01077);
}

/* Copy on write: an overlay whose upper folder is private and vanishes with the space. */
static int put_cow(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	char upper[32], work[32], upper_path[64], work_path[64];
	int fs, source, tree = -1;

	if (b->private_dir < 0 && make_private_dir(b, m->size))
		return -1;
	snprintf(upper, sizeof(upper), "u%u", b->cow_count);
	snprintf(work, sizeof(work), "w%u", b->cow_count++);
	if (mkdirat(b->private_dir, upper, 0755) || mkdirat(b->private_dir, work, 0755) ||
	    make_place(parent, name, true))
		return -1;
	if (m->place) {
		int made, dir = openat(b->private_dir, upper, O_PATH | O_DIRECTORY | O_CLOEXEC);

		made = dir < 0 ? -1 : make_place(dir, m->place, false);
		if (dir >= 0)
			close(dir);
		if (made)
			return -1;
	}
	snprintf(upper_path, sizeof(upper_path), COW "/%s", upper);
	snprintf(work_path, sizeof(work_path), COW "/%s", work);
	/* From within: what is said here, the space can read in its mountinfo, and a path may hold
	 * what overlayfs takes for separators. */
	source = open_source(b, m->from);
	/* The folder that is seen has the mode of the upper one. */
	if (source >= 0 && fchmodat(b->private_dir, upper, mode_of_copy(source), 0)) {
		close(source);
		return -1;
	}
	fs = source < 0 ? -1 : sys_fsopen("overlay");
	if (fs >= 0 && fchdir(source) == 0 &&
	    sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", ".") == 0 &&
	    sys_fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", upper_path) == 0 &&
	    sys_fsconfig(fs, FSCONFIG_SET_STRING, "workdir", work_path) == 0 &&
	    sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL) == 0 &&
	    sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		tree = sys_fsmount(fs, (unsigned)attributes(m));
	if (source >= 0)
		close(source);
	if (fs >= 0)
		close(fs);
	if (chdir("/") && tree >= 0) {
		close(tree);
		return -1;
	}
	return tree < 0 ? -1 : attach_take(b, m, tree, parent, name);
}

/* An instance of its own: no terminal of anybody else has a name in it. */
static int put_pts(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	char max[16];
	int fs, tree = -1;

	(void)b;
	if (make_place(parent, name, true))
		return -1;
	/* Where this cannot be had, the space makes no terminals. */
	fs = sys_fsopen("devpts");
	if (fs < 0)
		return 0;
	snprintf(max, sizeof(max), "%d", CD_TERMINALS_MAX);
	if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "ptmxmode", "0666") == 0 &&
	    sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0620") == 0 &&
	    sys_fsconfig(fs, FSCONFIG_SET_STRING, "max", max) == 0 &&
	    sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		tree = sys_fsmount(fs, (unsigned)attributes(m));
	close(fs);
	return tree < 0 ? 0 : attach_take(b, m, tree, parent, name);
}

static int put_symlink(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	(void)b;
	return symlinkat(m->from, parent, name) && errno != EEXIST ? -1 : 0;
}

/* The contents of a file of the skeleton; its descriptor is consumed. */
static int write_take(const struct builder *b, const struct cd_mount *m, int fd, const char *bytes,
		      size_t len)
{
	int result = write(fd, bytes, len) == (ssize_t)len ? show(b, m, fd) : -1;

	close(fd);
	return result;
}

static int put_text(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	size_t len = strlen(m->from);
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	return write_take(b, m, fd, m->from, len);
}

/* Cheaper than a mount, and the file itself is out of reach. What cannot be read is not there. */
static int put_copy(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			       .resolve = within_old(b)};
	int from = (int)syscall(SYS_openat2, b->old, m->from, &how, sizeof(how)), to;
	char bytes[CD_COPY_MAX];
	ssize_t n;

	if (from < 0)
		return is_absent() ? 0 : -1;
	n = read(from, bytes, sizeof(bytes));
	close(from);
	to = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	if (n < 0 || to < 0)
		return -1;
	return write_take(b, m, to, bytes, (size_t)n);
}

static int put_dir(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	int fd, result = make_place(parent, name, true);

	if (result || !m->native)
		return result;
	fd = openat(parent, *name ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return is_absent() ? 0 : -1;
	result = show(b, m, fd);
	close(fd);
	return result;
}

/* Is something granted by name inside this mask? */
static bool holds_something(const struct cd_plan *plan, const struct cd_mount *mask)
{
	size_t n = strlen(mask->dest);

	for (const struct cd_mount *m = mask + 1; m < plan->mounts + plan->count; m++)
		if (strncmp(m->dest, mask->dest, n) == 0 && m->dest[n] == '/')
			return true;
	return false;
}

/* The places for what they hold are made by now: they can be closed. */
static int close_masks(const struct cd_plan *plan)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	for (size_t i = 0; i < plan->count; i++) {
		const struct cd_mount *m = &plan->mounts[i];
		int fd, result;

		if (m->kind != CD_MOUNT_MASK || !holds_something(plan, m))
			continue;
		fd = open(m->dest, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue; /* it was not there to be covered */
		result = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr);
		close(fd);
		if (result && errno != EINVAL) /* likewise: no mount is here */
			return -1;
	}
	return 0;
}

/* Covers what stands there with something empty that nobody may read. */
static int put_mask(struct builder *b, const struct cd_mount *m, int parent, const char *name)
{
	const struct cd_mount cover = {.kind = CD_MOUNT_MASK};
	struct mount_attr attr = {.attr_set = attributes(&cover)};
	struct stat st;
	int tree;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT || errno == EACCES ? 0 : -1;
	if (S_ISLNK(st.st_mode))
		return 0; /* it grants nothing by itself; where it leads has rules of its own */
	/* The space around has covered it, with a file that has no name any more. */
	if (b->plan->within && S_ISREG(st.st_mode) && !st.st_nlink && !st.st_size &&
	    !(st.st_mode & 0777))
		return 0;
	if (S_ISDIR(st.st_mode)) {
		bool open = holds_something(b->plan, m);

		/* It can be passed through, so that what is not in it is not there, and not be
		 * listed. */
		tree = make_tmpfs(
		    4096, attributes(&cover) & ~(open ? MOUNT_ATTR_RDONLY : UINT64_C(0)), "111");
	} else {
		int fd = openat(b->root, ".masked", O_WRONLY | O_CREAT | O_CLOEXEC, 0);

		if (fd >= 0)
			close(fd);
		fchmodat(b->root, ".masked", 0, 0);
		tree = sys_open_tree(b->root, ".masked", OPEN_TREE_CLONE | O_CLOEXEC);
		if (tree >= 0 && sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr)) {
			close(tree);
			return -1;
		}
	}
	return tree < 0 ? -1 : attach_if_can_take(b, m, tree, parent, name);
}

static int (*const put[])(struct builder *b, const struct cd_mount *m, int parent,
			  const char *name) = {
    [CD_MOUNT_BIND] = put_bind,	      [CD_MOUNT_TMPFS] = put_tmpfs, [CD_MOUNT_COW] = put_cow,
    [CD_MOUNT_SYMLINK] = put_symlink, [CD_MOUNT_TEXT] = put_text,   [CD_MOUNT_DIR] = put_dir,
    [CD_MOUNT_MASK] = put_mask,	      [CD_MOUNT_COPY] = put_copy,   [CD_MOUNT_PTS] = put_pts,
};

static int put_mount(struct builder *b, const struct cd_mount *m)
{
	const char *name;
	int parent = open_parent(b, m->dest, &name);

	if (parent < 0)
		return m->kind == CD_MOUNT_MASK &&
			       (errno == ENOTDIR || errno == EACCES || errno == EROFS)
			   ? 0
			   : -1;
	return put[m->kind](b, m, parent, name);
}

/*
 * Puts an empty tmpfs under this process as its root, the old root at OLD. pivot_root wants the new
 * root to be a mount point of the old tree: any directory will do, and is uncovered again by the
 * pivot.
 */
static const char *const places[] = {"/tmp", "/mnt", "/run", "/var", "/usr", "/proc"};
#define PLACES (sizeof(places) / sizeof(places[0]))

static int begin(void)
{

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	for (size_t i = 0; i < PLACES; i++) {
		if (mount("cordon", places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"))
			continue;
		return chdir(places[i]) || mkdir(OLD_NAME, 0700) ||
			       syscall(SYS_pivot_root, ".", OLD_NAME) || chdir("/")
			   ? -1
			   : 0;
	}
	return -1;
}

/* Puts a detached mount somewhere into the old tree. */
static void put_aside(int mount)
{
	char place[sizeof(OLD) + 16];

	for (size_t i = 0; i < PLACES; i++) {
		snprintf(place, sizeof(place), OLD "%s", places[i]);
		if (sys_move_mount(mount, AT_FDCWD, place) == 0)
			return;
	}
}

/* Lets go of the old tree, with what is not wanted any more, and closes the skeleton to changes. */
static int finish(int unwanted)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					      MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};

	if (unwanted >= 0)
		put_aside(unwanted);
	return umount2(OLD, MNT_DETACH) || rmdir(OLD) || sys_mount_setattr(AT_FDCWD, "/", 0, &attr)
		   ? -1
		   : 0;
}

enum cd_status host_view_enter(const struct cd_plan *plan, host_view_shown *shown, void *context,
			       int unwanted, const char **culprit)
{
	struct builder b = {.plan = plan,
			    .shown = shown,
			    .context = context,
			    .root = -1,
			    .old = -1,
			    .private_dir = -1,
			    .parent = -1};
	enum cd_status status = CD_ESYS;

	*culprit = "/";
	if (begin())
		return CD_ESYS;
	b.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	b.old = open(OLD, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b.root < 0 || b.old < 0)
		goto out;
	for (size_t i = 0; i < plan->count; i++) {
		*culprit = plan->mounts[i].dest;
		if (put_mount(&b, &plan->mounts[i]))
			goto out;
	}
	*culprit = "/";
	unlinkat(b.root, ".masked", 0);
	if (close_masks(plan))
		goto out;
	close(b.old);
	b.old = -1;
	/* The overlays hold on to it. */
	if (b.private_dir >= 0 && (umount2(COW, MNT_DETACH) || rmdir(COW)))
		goto out;
	if (finish(unwanted) == 0)
		status = CD_OK;
out:
	if (b.private_dir >= 0)
		close(b.private_dir);
	if (b.parent >= 0)
		close(b.parent);
	if (b.old >= 0)
		close(b.old);
	if (b.root >= 0)
		close(b.root);
	return status;
}

static int proc_mount(bool processes_only, unsigned attr)
{
	int fs = sys_fsopen("proc"), tree = -1;

	if (fs < 0)
		return -1;
	if ((!processes_only || sys_fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid") == 0) &&
	    sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		tree = sys_fsmount(fs,
				   attr | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	close(fs);
	return tree;
}

int host_view_writable_proc(void)
{
	return proc_mount(false, 0);
}

int host_view_private_proc(void)
{
	int tree = proc_mount(false, MOUNT_ATTR_RDONLY);

	return tree < 0 ? -errno : tree;
}

int host_view_queues(void)
{
	int fs = sys_fsopen("mqueue"), tree = -1;

	if (fs >= 0 && sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) == 0)
		tree = sys_fsmount(fs, 0);
	if (fs >= 0)
		close(fs);
	return tree;
}

enum cd_status host_view_lend_proc(int proc)
{
	/* Itself, and no clone of it: before Linux 6.15 what is detached cannot be cloned. */
	return sys_move_mount(proc, AT_FDCWD, "/proc") == 0 ? CD_OK : CD_ESYS;
}

enum cd_status host_view_mount_proc(void)
{
	/* What it tells of the machine, the monitor tells: some of it. */
	int tree = proc_mount(true, MOUNT_ATTR_RDONLY);

	/* Over the one lent, which nothing in the space can uncover: taking that away would cost a
	 * grace period. */
	return tree >= 0 && attach_take(NULL, NULL, tree, AT_FDCWD, "/proc") == 0 ? CD_OK : CD_ESYS;
}
