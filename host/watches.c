/* epoll sets, found by /proc and put right from outside. */
#include "host/watches.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/process.h"
#include "kernel/space.h"

#define NUMBERS_MAX 4096 /* descriptors that are looked at */

static bool is_set(int folder, const char *number)
{
	char target[32];
	ssize_t n = readlinkat(folder, number, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	return strcmp(target, "anon_inode:[eventpoll]") == 0;
}

/* Is the socket in this set? The lines read "tfd: 5 events: 19 data: 5 pos:0 ino:2f sdev:8". */
static bool holds(const struct kern_message *m, int set, int number, ino_t inode,
		  struct epoll_event *event)
{
	char path[48], line[256];
	bool found = false;
	FILE *lines;
	int fd;

	snprintf(path, sizeof(path), "%d/fdinfo/%d", m->tid, set);
	fd = openat(m->space->proc, path, O_RDONLY | O_CLOEXEC);
	lines = fd < 0 ? NULL : fdopen(fd, "r");
	while (lines && !found && fgets(line, sizeof(line), lines)) {
		unsigned long long data, ino;
		unsigned events;
		int tfd;

		if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &tfd, &events,
			   &data, &ino) != 4)
			continue;
		found = tfd == number && ino == inode;
		event->events = events;
		event->data.u64 = data;
	}
	if (lines)
		fclose(lines);
	else if (fd >= 0)
		close(fd);
	return found;
}

void host_watches_find(const struct kern_message *m, int number, int socket,
		       struct host_watches *out)
{
	struct dirent *entry;
	struct stat st;
	char path[24];
	DIR *folder;
	int fd;

	out->count = 0;
	snprintf(path, sizeof(path), "%d/fd", m->tid);
	/* Whoever waits for many sockets does not block on one. */
	if (!(fcntl(socket, F_GETFL) & O_NONBLOCK) || fstat(socket, &st))
		return;
	fd = openat(m->space->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (int i = 0; i < NUMBERS_MAX && (entry = readdir(folder)); i++) {
		int set = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || out->count == HOST_WATCHES_MAX ||
		    !is_set(dirfd(folder), entry->d_name) ||
		    !holds(m, set, number, st.st_ino, &out->at[out->count].event))
			continue;
		set = kern_process_fd_dup(m, set);
		if (set >= 0)
			out->at[out->count++].set = set;
	}
	closedir(folder);
}

/* Linux compares the number, too: it has to be ours for the moment, in a table of descriptors that
 * nobody needs. */
static _Noreturn void renew_all(const struct host_watches *watches, int socket, int number)
{
	int sets[HOST_WATCHES_MAX];

	for (size_t i = 0; i < watches->count; i++)
		sets[i] = fcntl(watches->at[i].set, F_DUPFD_CLOEXEC, number + 1);
	if (socket != number && dup3(socket, number, O_CLOEXEC) != number)
		_exit(1);
	for (size_t i = 0; i < watches->count; i++) {
		struct epoll_event event = watches->at[i].event;

		if (sets[i] >= 0)
			epoll_ctl(sets[i], EPOLL_CTL_ADD, number, &event);
	}
	_exit(0);
}

void host_watches_renew(const struct host_watches *watches, int socket, int number)
{
	pid_t child;

	if (watches->count == 0)
		return;
	child = fork();
	if (child == 0)
		renew_all(watches, socket, number);
	if (child > 0)
		waitpid(child, NULL, 0);
}

void host_watches_close(struct host_watches *watches)
{
	for (size_t i = 0; i < watches->count; i++)
		close(watches->at[i].set);
	watches->count = 0;
}
