/* Changes a file that is granted for reading only: change WAY FILE; FILE stdin: standard input, as
 * it is. 0: it was changed; 1: it was not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *file;
static int fd;
static const struct timespec times[2] = {{1, 0}, {1, 0}};

static int way_fchmod(void)
{
	return fchmod(fd, 0640);
}
/*
 * bind gives the node that it makes a mode, so whoever does it for us touches the mode of what it
 * was handed, which need not be a socket. Linux itself refuses that: that the mode is ours to
 * change shows by fchmod.
 */
static int way_bind(void)
{
	static const char *const names[] = {"bound", "./bound", "/tmp/cordon-bound"};
	struct stat before, after;

	if (fstat(fd, &before))
		return 1;
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};

		strcpy(a.sun_path, names[i]);
		bind(fd, (struct sockaddr *)&a, sizeof(a));
	}
	if (fstat(fd, &after) || before.st_mode != after.st_mode)
		return 0;
	return fchmod(fd, 0640);
}
static int way_chmod(void)
{
	return chmod(file, 0640);
}
static int way_chmod_fd_path(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, 0640);
}
static int way_fchmodat2(void)
{
	return (int)syscall(452, fd, "", 0640, AT_EMPTY_PATH);
}
static int way_fchown(void)
{
	return fchown(fd, getuid(), getgid());
}
static int way_fchownat(void)
{
	return fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH);
}
static int way_futimens(void)
{
	return futimens(fd, times);
}
static int way_utimensat(void)
{
	return utimensat(AT_FDCWD, file, times, 0);
}
static int way_utimensat_fd(void)
{
	return (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}
static int way_futimesat(void)
{
	return (int)syscall(SYS_futimesat, fd, NULL, NULL);
}
static int way_fsetxattr(void)
{
	return fsetxattr(fd, "user.attack", "x", 1, 0);
}
static int way_setxattr(void)
{
	return setxattr(file, "user.attack", "x", 1, 0);
}
static int way_fremovexattr(void)
{
	return fremovexattr(fd, "user.note");
}
static int way_write(void)
{
	return write(open(file, O_WRONLY), "x", 1) == 1 ? 0 : 1;
}
static int way_append(void)
{
	return write(open(file, O_WRONLY | O_APPEND), "x", 1) == 1 ? 0 : 1;
}
static int way_trunc(void)
{
	return open(file, O_RDONLY | O_TRUNC) < 0;
}
static int way_creat(void)
{
	return creat(file, 0644) < 0;
}
static int way_truncate(void)
{
	return truncate(file, 0);
}
static int way_reopen(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return write(open(path, O_RDWR), "x", 1) == 1 ? 0 : 1;
}
static int way_map(void)
{
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open(file, O_RDWR), 0);

	if (m == MAP_FAILED) {
		m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (m == MAP_FAILED || mprotect(m, 4096, PROT_READ | PROT_WRITE))
			return 1;
	}
	m[0] = 'x';
	return 0;
}
static int way_flags(void)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return 1;
	flags ^= FS_NODUMP_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}
static int way_lease(void)
{
	return fcntl(fd, F_SETLEASE, F_RDLCK);
}
static int way_unlink(void)
{
	return unlink(file);
}
static int way_rename(void)
{
	return rename(file, "taken");
}
static int way_replace(void)
{
	close(open("mine", O_WRONLY | O_CREAT, 0644));
	return rename("mine", file);
}
static int way_link(void)
{
	/* A link in a writable directory, and the write through that. */
	unlink("h");
	if (link(file, "h"))
		return 1;
	return write(open("h", O_WRONLY), "x", 1) == 1 ? 0 : 1;
}
static int way_make(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.new", file);
	return open(path, O_WRONLY | O_CREAT, 0644) < 0;
}
static int way_mkdir(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.dir", file);
	return mkdir(path, 0755);
}
static int way_tmpfile(void)
{
	char copy[PATH_MAX];

	strcpy(copy, file);
	return open(dirname(copy), O_TMPFILE | O_RDWR, 0600) < 0;
}
static int way_copy_range(void)
{
	int to = open(file, O_WRONLY), from = open("/bin/true", O_RDONLY);

	return copy_file_range(from, NULL, to, NULL, 100, 0) == 100 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
#define W(name) {#name, way_##name}
	    W(fchmod),	  W(bind),	W(chmod),    W(chmod_fd_path), W(fchmodat2),
	    W(fchown),	  W(fchownat),	W(futimens), W(utimensat),     W(utimensat_fd),
	    W(futimesat), W(fsetxattr), W(setxattr), W(fremovexattr),  W(write),
	    W(append),	  W(trunc),	W(creat),    W(truncate),      W(reopen),
	    W(map),	  W(flags),	W(lease),    W(unlink),	       W(rename),
	    W(replace),	  W(link),	W(make),     W(mkdir),	       W(tmpfile),
	    W(copy_range)};

	if (argc < 3)
		return 2;
	file = argv[2];
	fd = strcmp(file, "stdin") ? open(file, O_RDONLY) : 0;
	if (fd < 0)
		return 2; /* it is granted: the attack itself is broken */
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			return ways[i].go() ? 1 : 0;
	return 2;
}
