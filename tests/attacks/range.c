/*
 * What a program gets by calls from the shim's range of addresses (range.h): range WAY
 * [ARGUMENT...]. 0: it worked; 1: it did not; 2: the attack itself is broken. Each way asks Linux
 * from the range first, and the monitor where that is refused.
 */
#include "range.h"

#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static char **args;

static int opened(const char *path, long flags, long mode)
{
	return (int)range_call(SYS_openat, AT_FDCWD, RANGE_P(path), flags, mode, 0);
}

static int leak(int fd)
{
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 1;
	text[n] = '\0';
	return strstr(text, "TOP-SECRET") ? 0 : 1;
}

static int writes(int fd)
{
	return fd < 0 || write(fd, "x", 1) != 1;
}

static off_t length(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

/* ---- each call that may be native, on one name ---- */

static int way_read(void)
{
	return leak(opened(args[0], O_RDONLY, 0));
}
static int way_read_write(void)
{
	int fd = opened(args[0], O_RDWR, 0);

	return writes(fd) && leak(fd);
}
static int way_list(void)
{
	return opened(args[0], O_RDONLY | O_DIRECTORY, 0) < 0;
}
static int way_write(void)
{
	return writes(opened(args[0], O_WRONLY, 0));
}
static int way_append(void)
{
	return writes(opened(args[0], O_WRONLY | O_APPEND, 0));
}
static int way_cut(void)
{
	return opened(args[0], O_RDONLY | O_TRUNC, 0) < 0 &&
	       opened(args[0], O_WRONLY | O_TRUNC, 0) < 0 &&
	       opened(args[0], O_WRONLY | O_TRUNC | O_CREAT, 0644) < 0;
}
static int way_create(void)
{
	return opened(args[0], O_WRONLY | O_CREAT | O_EXCL, 0644) < 0 &&
	       opened(args[0], O_RDONLY | O_CREAT, 0644) < 0;
}
static int way_mkdir(void)
{
	return range_call(SYS_mkdir, RANGE_P(args[0]), 0755, 0, 0, 0) &&
	       range_call(SYS_mkdirat, AT_FDCWD, RANGE_P(args[0]), 0755, 0, 0);
}
static int way_unlink(void)
{
	return range_call(SYS_unlink, RANGE_P(args[0]), 0, 0, 0, 0) &&
	       range_call(SYS_unlinkat, AT_FDCWD, RANGE_P(args[0]), 0, 0, 0);
}
static int way_rmdir(void)
{
	return range_call(SYS_rmdir, RANGE_P(args[0]), 0, 0, 0, 0) &&
	       range_call(SYS_unlinkat, AT_FDCWD, RANGE_P(args[0]), AT_REMOVEDIR, 0, 0);
}
static int run(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		range_exec(path);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	return !WIFEXITED(status) || WEXITSTATUS(status);
}
static int way_run(void)
{
	return run(args[0]);
}
static int way_stat(void)
{
	struct stat st;

	return range_call(SYS_stat, RANGE_P(args[0]), RANGE_P(&st), 0, 0, 0) &&
	       range_call(SYS_newfstatat, AT_FDCWD, RANGE_P(args[0]), RANGE_P(&st), 0, 0);
}
/* That it is there, by what Linux says of a call that it refuses. */
static int way_exists(void)
{
	char *const argv[] = {args[0], NULL};
	const long results[] = {
	    range_only(SYS_open, RANGE_P(args[0]), O_RDONLY | O_NOFOLLOW, 0, 0, 0),
	    range_only(SYS_open, RANGE_P(args[0]), O_WRONLY | O_NOFOLLOW, 0, 0, 0),
	    range_only(SYS_open, RANGE_P(args[0]), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600,
		       0, 0),
	    range_only(SYS_mkdir, RANGE_P(args[0]), 0700, 0, 0, 0),
	    range_only(SYS_execve, RANGE_P(args[0]), RANGE_P(argv), 0, 0, 0),
	    range_only(SYS_chdir, RANGE_P(args[0]), 0, 0, 0, 0),
	    range_only(SYS_access, RANGE_P(args[0]), F_OK, 0, 0, 0),
	    range_only(SYS_readlink, RANGE_P(args[0]), RANGE_P(args), 1, 0, 0),
	};
	char nothing[PATH_MAX];
	long twin;

	/* The same calls on a name that is not there. */
	snprintf(nothing, sizeof(nothing), "%s.nothing", args[0]);
	twin = range_only(SYS_open, RANGE_P(nothing), O_RDONLY | O_NOFOLLOW, 0, 0, 0);
	if (results[0] != twin && results[0] != -ENOSYS)
		return 0;
	for (size_t i = 2; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i] == -EEXIST || results[i] == 0 || results[i] == -EINVAL)
			return 0;
	return 1;
}

/* ---- flags and modes ---- */

/* Both bits of the access mode: Linux opens it for nothing at all, and Landlock minds nothing. */
static int way_no_access(void)
{
	char path[64];
	int fd = opened(args[0], O_WRONLY | O_RDWR, 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0)
		opened(path, O_WRONLY | O_RDWR | O_TRUNC, 0);
	return fd < 0 || length(args[0]) != 0;
}
/* Halves of arguments that Linux ignores. */
static int way_rubbish(void)
{
	const long high = 0x5eadbeef00000000;

	return leak(opened(args[0], O_RDONLY | high, 0)) &&
	       writes(opened(args[0], O_WRONLY | high, 0)) &&
	       opened(args[0], O_RDONLY | O_TRUNC | high, 0) < 0 &&
	       opened(args[0], O_PATH | high, 0) < 0 &&
	       leak((int)range_call(SYS_openat, AT_FDCWD | high, RANGE_P(args[0]), O_RDONLY, 0, 0));
}
static int way_tmpfile(void)
{
	return opened(args[0], O_TMPFILE | O_RDWR, 0600) < 0;
}
static int way_path_flag(void)
{
	char path[64];
	int fd = opened(args[0], O_PATH, 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 || (leak(opened(path, O_RDONLY, 0)) && writes(opened(path, O_WRONLY, 0)));
}
/* Bits that lend authority, on what is made. */
static int way_bits(void)
{
	const long high = 0x1234500000000,
		   modes[] = {04755, 02755, 06777, 06777 | 0xffff0000, 06755 | high};
	struct stat st;

	umask(0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		unlink("bits");
		opened("bits", O_WRONLY | O_CREAT, modes[i]);
		if (stat("bits", &st) == 0 && st.st_mode & (S_ISUID | S_ISGID))
			return 0;
		rmdir("bits.d");
		range_call(SYS_mkdir, RANGE_P("bits.d"), modes[i], 0, 0, 0);
		if (stat("bits.d", &st) == 0 && st.st_mode & (S_ISUID | S_ISGID))
			return 0;
	}
	return 1;
}

/* ---- what came in by a descriptor ---- */

/* More than standard input was opened for. */
static int way_stdin_more(void)
{
	struct stat before, after;

	if (fstat(0, &before))
		return 2;
	if (!writes(opened("/proc/self/fd/0", O_WRONLY, 0)) ||
	    !writes(opened("/proc/self/fd/0", O_RDWR, 0)) ||
	    !writes(opened("/dev/stdin", O_WRONLY, 0)) ||
	    !writes(opened("/proc/thread-self/fd/0", O_WRONLY | O_APPEND, 0)))
		return 0;
	opened("/proc/self/fd/0", O_RDONLY | O_TRUNC, 0);
	opened("/proc/self/fd/0", O_WRONLY | O_RDWR | O_TRUNC, 0);
	return fstat(0, &after) || before.st_size == after.st_size;
}
static int way_stdin_run(void)
{
	return run("/proc/self/fd/0");
}
static int receive(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec piece = {&byte, 1};
	struct msghdr message = {.msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = room,
				 .msg_controllen = sizeof(room)};
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(s, (struct sockaddr *)&address, sizeof(address)) ||
	    recvmsg(s, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		exit(2);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}
/* args: socket, name from the directory whose descriptor comes by it */
static int way_received_read(void)
{
	int fd = receive(args[0]);

	return leak((int)range_call(SYS_openat, fd, RANGE_P(args[1]), O_RDONLY, 0, 0));
}
static int way_received_write(void)
{
	int fd = receive(args[0]);

	return writes((int)range_call(SYS_openat, fd, RANGE_P(args[1]), O_WRONLY, 0, 0)) &&
	       range_call(SYS_openat, fd, RANGE_P(args[1]), O_RDONLY | O_TRUNC, 0, 0) < 0 &&
	       range_call(SYS_unlinkat, fd, RANGE_P(args[1]), 0, 0, 0);
}
static volatile int flipped;
static int flips[2];
#define FLIPPED 70

static void *flip(void *arg)
{
	for (unsigned i = 0; !flipped; i++)
		dup2(flips[i % 2], FLIPPED);
	return arg;
}

/* A path descriptor by way of a number that means now a directory of ours, now that one. */
static int way_received_path(void)
{
	int fd = receive(args[0]), found = openat(fd, args[1], O_PATH);
	struct stat ours, there;
	pthread_t thread;

	if (fd < 0 || found >= 0)
		return fd < 0 || fstat(found, &there);
	mkdir(".ssh", 0755);
	close(open(args[1], O_WRONLY | O_CREAT, 0600));
	flips[0] = open(".", O_RDONLY | O_DIRECTORY);
	flips[1] = fd;
	if (stat(args[1], &ours) || dup2(fd, FLIPPED) < 0 ||
	    pthread_create(&thread, NULL, flip, NULL))
		return 1;
	for (int i = 0; i < 20000 && !flipped; i++) {
		found = openat(FLIPPED, args[1], O_PATH);
		flipped = found >= 0 && fstat(found, &there) == 0 && there.st_ino != ours.st_ino;
		close(found);
	}
	found = flipped;
	flipped = 1;
	pthread_join(thread, NULL);
	return !found;
}
static int way_received_stat(void)
{
	struct stat st;
	int fd = receive(args[0]);

	return range_call(SYS_newfstatat, fd, RANGE_P(args[1]), RANGE_P(&st), 0, 0) &&
	       range_call(SYS_faccessat, fd, RANGE_P(args[1]), F_OK, 0, 0);
}

/* ---- programs ---- */

static int way_run_memory(void)
{
	char path[64], text[65536];
	int fd = memfd_create("program", 0), from = open("/bin/true", O_RDONLY);
	ssize_t n;

	while ((n = read(from, text, sizeof(text))) > 0)
		if (write(fd, text, (size_t)n) != n)
			return 2;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return run(path);
}

/* ---- what moves ---- */

/* args: a file that another process outside replaces, and one to say that we are ready */
static int way_replaced(void)
{
	const struct timespec tick = {0, 10000000};

	close(open(args[1], O_WRONLY | O_CREAT, 0644));
	for (int i = 0; i < 150; i++) {
		if (!leak(opened(args[0], O_RDONLY, 0)))
			return 0;
		nanosleep(&tick, NULL);
	}
	return 1;
}
/* A directory above something denied is moved away, and the denied place made anew. args:
 * directory, name in it */
static int way_moved(void)
{
	char away[PATH_MAX], path[PATH_MAX];

	snprintf(away, sizeof(away), "%s.away", args[0]);
	snprintf(path, sizeof(path), "%s/%s", args[0], args[1]);
	if (rename(args[0], away))
		return 1;
	for (char *at = path + strlen(args[0]) - 1; (at = strchr(at + 1, '/'));) {
		*at = '\0';
		range_call(SYS_mkdir, RANGE_P(path), 0700, 0, 0, 0);
		*at = '/';
	}
	return writes(opened(path, O_WRONLY | O_CREAT, 0644));
}

/* ---- descriptors of the space's first process ---- */

static int way_init_descriptors(void)
{
	char path[64];

	for (int fd = 0; fd < 200; fd++) {
		snprintf(path, sizeof(path), "/proc/1/fd/%d", fd);
		if (opened(path, O_RDONLY | O_NONBLOCK, 0) >= 0 ||
		    opened(path, O_WRONLY | O_NONBLOCK, 0) >= 0)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
#define W(name) {#name, way_##name}
	    W(read),	      W(read_write),
	    W(list),	      W(write),
	    W(append),	      W(cut),
	    W(create),	      W(mkdir),
	    W(unlink),	      W(rmdir),
	    W(run),	      W(stat),
	    W(exists),	      W(no_access),
	    W(rubbish),	      W(tmpfile),
	    W(path_flag),     W(bits),
	    W(stdin_more),    W(stdin_run),
	    W(received_read), W(received_write),
	    W(received_stat), W(received_path),
	    W(run_memory),    W(replaced),
	    W(moved),	      W(init_descriptors)};

	if (argc < 2)
		return 2;
	args = argv + 2;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			int result = ways[i].go();

			return result == 2 ? 2 : result ? 1 : 0;
		}
	return 2;
}
