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

#include "lib/dir.h"

static pid_t parent_of(int proc, const char *name)
{
	char path[32], text[512], *end;
	size_t n = strlen(name);

	memcpy(path, name, n);
	strcpy(path + n, "/stat");
	if (!cd_dir_read(proc, path, text, sizeof(text)))
		return -1;
	end = strrchr(text, ')'); /* a program's name may hold anything; then ") S PPID" */
	return end && end[1] && end[2] && end[3] ? atoi(end + 4) : -1;
}

static void kill_children(int proc, pid_t self)
{
	struct cd_dir entries;
	const char *name;

	cd_dir_begin(&entries, proc);
	while ((name = cd_dir_next(&entries))) {
		if (name[0] < '1' || name[0] > '9' || strlen(name) > 12)
			continue;
		if (parent_of(proc, name) == self)
			kill(atoi(name), SIGKILL);
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
