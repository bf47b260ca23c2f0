/* What the monitor asks Linux about the process behind a message. */
#include "kernel/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/space.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

bool kern_message_alive(const struct kern_message *message)
{
	return ioctl(message->space->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &message->id) == 0;
}

/* Decimal digits of a number that is not negative; returns the end. snprintf is slow enough to be
 * seen. */
static char *put_number(char *at, unsigned value)
{
	char digits[12];
	int n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		*at++ = digits[--n];
	return at;
}

static int open_checked(const struct kern_message *message, const char *path)
{
	int fd = openat(message->space->proc, path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!kern_message_alive(message)) {
		close(fd);
		return -ESRCH;
	}
	return fd;
}

int kern_process_fd_object(const struct kern_message *message, int fd)
{
	char path[40], *at;
	int object;

	if (fd < 0)
		return -EBADF;
	at = put_number(path, (unsigned)message->tid);
	memcpy(at, "/fd/", 4);
	at = put_number(at + 4, (unsigned)fd);
	*at = '\0';
	object = open_checked(message, path);
	return object == -ENOENT ? -EBADF : object;
}

int kern_process_cwd(const struct kern_message *message)
{
	char path[40], *at = put_number(path, (unsigned)message->tid);

	memcpy(at, "/cwd", 5);
	return open_checked(message, path);
}

/* The first lines of a /proc file; its length, or -errno. */
static ssize_t read_text(int proc, const char *path, char *text, size_t size)
{
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	else
		text[n] = '\0';
	close(fd);
	return n;
}

/* What follows "key" at the start of a line. */
static const char *find_field(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0)
			return line + len;
	}
	return NULL;
}

static bool read_status(const struct kern_message *message, char *text, size_t size)
{
	char path[40];

	snprintf(path, sizeof(path), "%d/status", message->tid);
	return read_text(message->space->proc, path, text, size) > 0 && kern_message_alive(message);
}

/* A descriptor of the thread that asked, or of its process: then it says so. */
static int open_pidfd(const struct kern_message *message, bool *of_process)
{
	char text[4096];
	const char *field;
	int pidfd = -1;

	*of_process = false;
	if (!message->space->no_thread_pidfds)
		pidfd = (int)syscall(SYS_pidfd_open, message->tid, PIDFD_THREAD);
	if (pidfd < 0)
		pidfd = (int)syscall(SYS_pidfd_open, message->tid, 0);
	if (pidfd >= 0)
		return pidfd;
	/* Before Linux 6.9 only a process has one. */
	field = read_status(message, text, sizeof(text)) ? find_field(text, "Tgid:") : NULL;
	*of_process = true;
	return field ? (int)syscall(SYS_pidfd_open, atoi(field), 0) : -1;
}

/* All threads of a process usually share its descriptors; one that does not has others by these
 * numbers. */
static bool is_of_thread(const struct kern_message *message, int fd, int dup)
{
	int object = kern_process_fd_object(message, fd);
	struct stat mine, its;
	bool same = object >= 0 && fstat(object, &its) == 0 && fstat(dup, &mine) == 0 &&
		    its.st_dev == mine.st_dev && its.st_ino == mine.st_ino;

	if (object >= 0)
		close(object);
	return same;
}

int kern_process_fd_dup(const struct kern_message *message, int fd)
{
	bool of_process;
	int pidfd, dup;

	if (fd < 0)
		return -EBADF;
	pidfd = open_pidfd(message, &of_process);
	if (pidfd < 0)
		return -ESRCH;
	dup = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (dup < 0)
		dup = errno == EBADF ? -EBADF : -EACCES;
	close(pidfd);
	if (dup >= 0 && of_process && !is_of_thread(message, fd, dup)) {
		close(dup);
		return -EBADF;
	}
	if (dup >= 0 && !kern_message_alive(message)) {
		close(dup);
		return -ESRCH;
	}
	return dup;
}

bool kern_process_fd_cloexec(const struct kern_message *message, int fd)
{
	char path[48], text[512];
	const char *field;

	snprintf(path, sizeof(path), "%d/fdinfo/%d", message->tid, fd);
	if (read_text(message->space->proc, path, text, sizeof(text)) <= 0)
		return true;
	field = find_field(text, "flags:");
	return !field || strtoul(field, NULL, 8) & O_CLOEXEC;
}

/* The last number of a line: the id in the innermost namespace that the process lives in. */
static pid_t last_number(const char *field)
{
	const char *end = strchr(field, '\n');

	if (!end)
		return -1;
	while (end > field && end[-1] != '\t' && end[-1] != ' ')
		end--;
	return atoi(end);
}

bool kern_process_ids(const struct kern_message *message, struct kern_ids *ids)
{
	char text[4096];
	const char *tgid, *tid;

	if (!read_status(message, text, sizeof(text)))
		return false;
	tgid = find_field(text, "NStgid:");
	tid = find_field(text, "NSpid:");
	if (!tgid || !tid)
		return false;
	ids->tgid = last_number(tgid);
	ids->tid = last_number(tid);
	return ids->tgid > 0 && ids->tid > 0;
}

ssize_t kern_process_program(const struct kern_message *message, char *path, size_t size)
{
	char link[40], *at = put_number(link, (unsigned)message->tid);
	ssize_t n;

	memcpy(at, "/exe", 5);
	n = readlinkat(message->space->proc, link, path, size - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	return kern_message_alive(message) ? n : -ESRCH;
}

mode_t kern_process_umask(const struct kern_message *message)
{
	char text[4096];
	const char *field;

	if (!message->space->umask_varies)
		return message->space->umask;
	field = read_status(message, text, sizeof(text)) ? find_field(text, "Umask:") : NULL;
	return field ? (mode_t)strtoul(field, NULL, 8) & 0777 : 077;
}

static uint64_t hex_field(const char *text, const char *key)
{
	const char *field = find_field(text, key);

	return field ? strtoull(field, NULL, 16) : 0;
}

bool kern_process_interrupted(const struct kern_message *message)
{
	char text[4096];
	uint64_t pending;

	if (!read_status(message, text, sizeof(text)))
		return true;
	pending = hex_field(text, "SigPnd:") | hex_field(text, "ShdPnd:");
	return (pending & ~hex_field(text, "SigBlk:") & ~hex_field(text, "SigIgn:")) != 0;
}

unsigned kern_process_filters(const struct kern_message *message)
{
	char text[4096];
	const char *field =
	    read_status(message, text, sizeof(text)) ? find_field(text, "Seccomp_filters:") : NULL;

	return field ? (unsigned)atoi(field) : 0;
}
