/*
 * Every border call with each pointer argument bad in turn. Prints the error of each, which must be
 * what Linux says natively: EFAULT, mostly.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define P (-1L) /* the place of the pointer that is tried */

static long good_path, good_buf;

static const struct {
	const char *name;
	long nr;
	long args[6];
	int pointer; /* which argument is bad */
} calls[] = {
#define C(nr, pointer, ...)                                                                        \
	{                                                                                          \
#nr "/" #pointer, SYS_##nr, {__VA_ARGS__ }, pointer                                \
	}
    C(open, 0, P, O_RDONLY, 0),
    C(open, 0, P, O_RDWR | O_CREAT, 0600),
    C(stat, 0, P, -3),
    C(stat, 1, -2, P),
    C(lstat, 0, P, -3),
    C(lstat, 1, -2, P),
    C(access, 0, P, R_OK),
    C(truncate, 0, P, 0),
    C(chdir, 0, P),
    C(rename, 0, P, -2),
    C(rename, 1, -2, P),
    C(mkdir, 0, P, 0700),
    C(rmdir, 0, P),
    C(creat, 0, P, 0600),
    C(link, 0, P, -2),
    C(link, 1, -2, P),
    C(unlink, 0, P),
    C(symlink, 0, P, -2),
    C(symlink, 1, -2, P),
    C(readlink, 0, P, -3, 64),
    C(chmod, 0, P, 0600),
    C(chown, 0, P, -1, -1),
    C(lchown, 0, P, -1, -1),
    C(utime, 0, P, 0),
    C(utime, 1, -2, P),
    C(utimes, 0, P, 0),
    C(utimes, 1, -2, P),
    C(mknod, 0, P, S_IFIFO | 0600, 0),
    C(statfs, 0, P, -3),
    C(statfs, 1, -2, P),
    C(execve, 0, P, 0, 0),
    C(execve, 1, -2, P, 0),
    C(setxattr, 0, P, -4, -3, 1, 0),
    C(setxattr, 1, -2, P, -3, 1, 0),
    C(getxattr, 0, P, -4, -3, 1),
    C(getxattr, 1, -2, P, -3, 1),
    C(listxattr, 0, P, -3, 64),
    C(removexattr, 0, P, -4),
    C(removexattr, 1, -2, P),
    C(openat, 1, AT_FDCWD, P, O_RDONLY, 0),
    C(openat2, 1, AT_FDCWD, P, -5, 24),
    C(openat2, 2, AT_FDCWD, -2, P, 24),
    C(mkdirat, 1, AT_FDCWD, P, 0700),
    C(mknodat, 1, AT_FDCWD, P, S_IFIFO | 0600, 0),
    C(fchownat, 1, AT_FDCWD, P, -1, -1, 0),
    C(futimesat, 1, AT_FDCWD, P, 0),
    C(newfstatat, 1, AT_FDCWD, P, -3, 0),
    C(newfstatat, 2, AT_FDCWD, -2, P, 0),
    C(unlinkat, 1, AT_FDCWD, P, 0),
    C(renameat, 1, AT_FDCWD, P, AT_FDCWD, -2),
    C(renameat, 3, AT_FDCWD, -2, AT_FDCWD, P),
    C(renameat2, 1, AT_FDCWD, P, AT_FDCWD, -2, 0),
    C(linkat, 1, AT_FDCWD, P, AT_FDCWD, -2, 0),
    C(symlinkat, 0, P, AT_FDCWD, -2),
    C(symlinkat, 2, -2, AT_FDCWD, P),
    C(readlinkat, 1, AT_FDCWD, P, -3, 64),
    C(fchmodat, 1, AT_FDCWD, P, 0600),
    C(faccessat, 1, AT_FDCWD, P, R_OK),
    C(faccessat2, 1, AT_FDCWD, P, R_OK, 0),
    C(utimensat, 1, AT_FDCWD, P, -3, 0),
    C(utimensat, 2, AT_FDCWD, -2, P, 0),
    C(statx, 1, AT_FDCWD, P, 0, STATX_ALL, -3),
    C(statx, 4, AT_FDCWD, -2, 0, STATX_ALL, P),
    C(execveat, 1, AT_FDCWD, P, 0, 0, 0),
};

static void try_sockets(const char *which, const void *bad)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), pair[2];
	struct msghdr message = {.msg_name = (void *)bad,
				 .msg_namelen = sizeof(struct sockaddr_un)};
	struct iovec vector = {(void *)bad, 16};

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return;
	printf("%s connect %d\n", which, connect(fd, bad, sizeof(struct sockaddr_un)) ? errno : 0);
	printf("%s bind %d\n", which, bind(fd, bad, sizeof(struct sockaddr_un)) ? errno : 0);
	printf("%s sendto %d\n", which,
	       sendto(fd, "x", 1, 0, bad, sizeof(struct sockaddr_un)) < 0 ? errno : 0);
	printf("%s sendmsg %d\n", which, sendmsg(fd, (void *)bad, 0) < 0 ? errno : 0);
	printf("%s sendmsg name %d\n", which, sendmsg(fd, &message, 0) < 0 ? errno : 0);
	message = (struct msghdr){.msg_iov = (void *)bad, .msg_iovlen = 1};
	printf("%s sendmsg vector %d\n", which, sendmsg(pair[0], &message, 0) < 0 ? errno : 0);
	message = (struct msghdr){.msg_iov = &vector, .msg_iovlen = 1};
	printf("%s sendmsg data %d\n", which, sendmsg(pair[0], &message, 0) < 0 ? errno : 0);
	message = (struct msghdr){.msg_control = (void *)bad, .msg_controllen = 32};
	printf("%s sendmsg control %d\n", which, sendmsg(pair[0], &message, 0) < 0 ? errno : 0);
	printf("%s sendmmsg %d\n", which, sendmmsg(pair[0], (void *)bad, 1, 0) < 0 ? errno : 0);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	static char buffer[4096];
	static uint64_t how[3];
	char *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long bad[4];
	const char *names[] = {"null", "kernel", "none", "edge"};

	munmap(hole + 4096, 4096);
	bad[0] = 0;
	bad[1] = (long)0xffffffff81000000UL;
	bad[2] = (long)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bad[3] = (long)(hole + 4096 - 3); /* a path that runs into the hole */
	good_path = (long)"a/no-such-name";
	good_buf = (long)buffer;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (int b = 0; b < 4; b++) {
			long args[6], result;

			memset(hole, 'p', 4096); /* what was written to the edge before */

			for (int a = 0; a < 6; a++) {
				args[a] = calls[i].args[a];
				if (a == calls[i].pointer)
					args[a] = bad[b];
				else if (args[a] == -2)
					args[a] = (long)"a/one";
				else if (args[a] == -3)
					args[a] = good_buf;
				else if (args[a] == -4)
					args[a] = (long)"user.x";
				else if (args[a] == -5)
					args[a] = (long)how;
			}
			/* A null time means now, a null argv is none: what is legal is left out. */
			if (b == 0 &&
			    (strstr(calls[i].name, "utime") ||
			     strncmp(calls[i].name, "execve/1", 8) == 0) &&
			    calls[i].pointer > 0 && strcmp(calls[i].name, "utimensat/1"))
				continue;
			result = syscall(calls[i].nr, args[0], args[1], args[2], args[3], args[4],
					 args[5]);
			printf("%s %s %d\n", calls[i].name, names[b], result < 0 ? errno : 0);
		}
	for (int b = 1; b < 3; b++)
		try_sockets(names[b], (void *)bad[b]);
	return 0;
}
