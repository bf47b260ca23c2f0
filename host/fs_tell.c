/*
 * What tells of a file what few ask for: its handle, its flags, how much of it is in memory, how
 * much room its file system has; and what is looked up and decided on like any other name, and then
 * done for nobody: file_setattr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/fs.h"
#include "kernel/arch/x86_64/numbers.h"
#include "kernel/process.h"

/* Newer than the headers of the machines that cordon is built on. */
#define HANDLE_UNIQUE_MOUNT 0x001 /* AT_HANDLE_MNT_ID_UNIQUE */
#define HANDLE_CONNECTABLE  0x002 /* AT_HANDLE_CONNECTABLE */
#define HANDLE_FID	    0x200 /* AT_HANDLE_FID */

#define HANDLE_MAX   128 /* bytes of a handle, without its head */
#define FILE_ATTR_V0 24	 /* bytes of the first struct file_attr */
#define PAGE	     4096

struct handle {
	uint32_t bytes;
	int32_t type;
	unsigned char id[HANDLE_MAX];
};

static unsigned find_flags(const struct kern_message *m)
{
	return (m->flags & AT_SYMLINK_NOFOLLOW ? HOST_NOFOLLOW : 0) |
	       (m->flags & AT_EMPTY_PATH ? HOST_EMPTY : 0);
}

/* ---- handles ---- */

/* The handle of the object, into the process's memory. What it could be opened by is refused. */
static int give_handle(const struct kern_message *m, const struct host_object *object)
{
	const size_t head = offsetof(struct handle, id), mount_size = m->flags & HANDLE_UNIQUE_MOUNT
									  ? sizeof(uint64_t)
									  : sizeof(int32_t);
	struct handle handle = {0};
	uint64_t mount = 0;
	int error, result = 0;

	/* How much room there is, is no argument of a decision. */
	error = kern_border_read(m, m->buf, &handle, head);
	if (!error && handle.bytes > HANDLE_MAX)
		error = -EINVAL;
	if (error)
		return error;
	if (syscall(SYS_name_to_handle_at, object->fd, "", &handle, &mount,
		    (m->flags & (HANDLE_UNIQUE_MOUNT | HANDLE_FID)) | AT_EMPTY_PATH))
		result = -errno;
	/* Of too little room it says how much it takes. */
	if (result && result != -EOVERFLOW)
		return result;
	error = kern_border_write(m, m->extra, &mount, mount_size);
	if (!error)
		error = kern_border_write(m, m->buf, &handle, head + (result ? 0 : handle.bytes));
	return error ? error : result;
}

HOST_HANDLER(host_fs_handle)
{
	const uint64_t known = AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | HANDLE_FID |
			       HANDLE_UNIQUE_MOUNT | HANDLE_CONNECTABLE;
	static struct host_object object;
	int error = -EINVAL;

	(void)context;
	object.fd = -1;
	if (!(m->flags & ~known) && !(m->flags & HANDLE_FID && m->flags & HANDLE_CONNECTABLE))
		error = host_find(border, m,
				  (m->flags & AT_SYMLINK_FOLLOW ? 0 : HOST_NOFOLLOW) |
				      (m->flags & AT_EMPTY_PATH ? HOST_EMPTY : 0),
				  CD_OPBIT(CD_OP_FS_STAT), &object);
	/* Linux makes it of a name alone, and ours is a descriptor. */
	if (!error && m->flags & HANDLE_CONNECTABLE)
		error = -EOPNOTSUPP;
	reply->value = error ? error : give_handle(m, &object);
	host_object_close(&object);
}

/* ---- flags ---- */

/* As Linux says it of both calls before it looks at the name. */
static int check_attributes(const struct kern_message *m)
{
	if (m->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (m->len > PAGE)
		return -E2BIG;
	return m->len < FILE_ATTR_V0 ? -EINVAL : 0;
}

HOST_HANDLER(host_fs_getattr)
{
	static struct host_object object;
	static unsigned char attributes[PAGE];
	char path[32];
	int error = check_attributes(m);

	(void)context;
	object.fd = -1;
	if (!error)
		error = host_find(border, m, find_flags(m), CD_OPBIT(CD_OP_FS_STAT), &object);
	if (!error && syscall(KERN_NR_FILE_GETATTR, AT_FDCWD, host_fd_path(object.fd, path),
			      attributes, (size_t)m->len, 0))
		error = -errno;
	if (!error)
		error = kern_border_write(m, m->buf, attributes, (size_t)m->len);
	host_object_close(&object);
	reply->value = error;
}

HOST_HANDLER(host_fs_setattr)
{
	static struct host_object object;
	int error = check_attributes(m);

	(void)context;
	object.fd = -1;
	if (!error)
		error = host_find(border, m, find_flags(m), CD_OPBIT(CD_OP_FS_WRITE), &object);
	host_object_close(&object);
	reply->value = error ? error : -EOPNOTSUPP;
}

/* ---- memory ---- */

/*
 * How much of a file others keep in memory, Linux tells whoever could write it. Before 6.14 it told
 * all who may read it, who thereby see what others read: here that takes a descriptor that is open
 * for writing.
 */
HOST_HANDLER(host_fs_cachestat)
{
	uint64_t counts[5];
	int fd = kern_process_fd_dup(m, m->fd), flags, error = fd < 0 ? fd : 0;

	(void)context, (void)border;
	flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);
	if (!error && (flags < 0 || flags & O_PATH))
		error = -EBADF;
	if (!error && (flags & O_ACCMODE) != O_WRONLY && (flags & O_ACCMODE) != O_RDWR)
		error = -EPERM;
	if (!error && syscall(KERN_NR_CACHESTAT, fd, m->data, counts, (unsigned)m->flags))
		error = -errno;
	if (!error)
		error = kern_border_write(m, m->extra, counts, sizeof(counts));
	if (fd >= 0)
		close(fd);
	reply->value = error;
}

/* ---- file systems, by their devices ---- */

/* As Linux has it in this call. */
struct ustat {
	int32_t free;
	uint64_t free_inodes;
	char name[6], pack[6];
};

/* In mountinfo blanks and their like are three octal digits behind a backslash. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++)
		if (at[0] == '\\' && at[1] && at[2] && at[3]) {
			*to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		} else {
			*to++ = *at;
		}
	*to = '\0';
}

/* A mount of the device in the view, that may be looked at: open; or -EINVAL: there is none. */
static int open_mount(struct kern_border *border, const struct kern_message *m, dev_t device)
{
	char path[32], line[2 * CD_PATH_MAX], place[CD_PATH_MAX];
	unsigned major_number, minor_number;
	int found = -EINVAL, fd;
	FILE *lines;

	snprintf(path, sizeof(path), "%d/mountinfo", getpid());
	fd = openat(host_private_proc(), path, O_RDONLY | O_CLOEXEC);
	lines = fd < 0 ? NULL : fdopen(fd, "r");
	while (lines && found < 0 && fgets(line, sizeof(line), lines)) {
		if (sscanf(line, "%*d %*d %u:%u %*s %4095s", &major_number, &minor_number, place) !=
			3 ||
		    makedev(major_number, minor_number) != device)
			continue;
		unescape(place);
		if (host_would_allow_path(border, m, CD_OPBIT(CD_OP_FS_STAT), place,
					  strlen(place)) &&
		    !host_decide_path(border, m, CD_OPBIT(CD_OP_FS_STAT), place, strlen(place)))
			found = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	if (lines)
		fclose(lines);
	else if (fd >= 0)
		close(fd);
	return found < 0 ? -EINVAL : found;
}

HOST_HANDLER(host_fs_ustat)
{
	/* As Linux takes numbers of devices from programs. */
	const uint32_t number = (uint32_t)m->extra;
	const dev_t device =
	    makedev(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
	struct ustat told = {0};
	struct statfs fs;
	int error, fd = open_mount(border, m, device);

	(void)context;
	error = fd < 0 ? fd : fstatfs(fd, &fs) ? -errno : 0;
	if (!error) {
		told.free = (int32_t)fs.f_bfree;
		told.free_inodes = fs.f_ffree;
		error = kern_border_write(m, m->buf, &told, sizeof(told));
	}
	if (fd >= 0)
		close(fd);
	reply->value = error;
}
