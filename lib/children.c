/* Ending children. */
#include "lib/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct entry { /* as getdents64 writes it */
	uint64_t inode, offset;
	unsigned short len;
	unsigned char type;
	char name[];
};

static pid_t parent_of(int proc, const char *name)
{
	char path[32], text[512], *end;
	size_t n = strlen(name);
	ssize_t got;
	int fd;

	memcpy(path, name, n);
	strcpy(path + n, "/stat");
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	end = strrchr(text, ')'); /* a program's name may hold anything; then ") S PPID" */
	return end && end[1] && end[2] && end[3] ? atoi(end + 4) : -1;
}

static void kill_children(int proc, pid_t self)
{
	char list[4096] __attribute__((aligned(8)));
	long n;

	lseek(proc, 0, SEEK_SET);
	while ((n = syscall(SYS_getdents64, proc, list, sizeof(list))) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *entry = (const struct entry *)(list + at);

			at += entry->len;
			if (entry->name[0] < '1' || entry->name[0] > '9' ||
			    strlen(entry->name) > 12)
				continue;
			if (parent_of(proc, entry->name) == self)
				kill(atoi(entry->name), SIGKILL);
		}
	}
}

void cd_children_end(int proc)
{
	const pid_t self = getpid();

	for (;;) {
		int flags = 0;
		pid_t pid;

		kill_children(proc, self);
		/* One at least, which has been killed, then whatever else is there. */
		while ((pid = waitpid(-1, NULL, flags)) > 0 || (pid < 0 && errno == EINTR))
			flags = WNOHANG;
		if (pid < 0)
			return;
	}
}
