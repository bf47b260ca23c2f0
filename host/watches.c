/* Duplicates and epoll sets, found by /proc and put right from outside. */
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

/* The socket's places in one set. Its lines read "tfd: 5 events: 19 data: 5 pos:0 ino:2f sdev:8".
 */
static void look_into(const struct kern_message *m, int set, ino_t inode, struct host_watches *out)
{
	char path[48], line[256], its[32];
	FILE *lines;
	int fd;

	snprintf(path, sizeof(path), "%d/fdinfo/%d", m->tid, set);
	snprintf(its, sizeof(its), " ino:%lx ", (unsigned long)inode);
	fd = openat(m->space->proc, path, O_RDONLY | O_CLOEXEC);
	lines = fd < 0 ? NULL : fdopen(fd, "r");
	while (lines && out->count < HOST_WATCHES_MAX && fgets(line, sizeof(line), lines)) {
		unsigned long long data;
		unsigned events;
		int number;

		if (!strstr(line, its) ||
		    sscanf(line, "tfd: %d events: %x data: %llx", &number, &events, &data) != 3)
			continue;
		out->at[out->count].set = kern_process_fd_dup(m, set);
		if (out->at[out->count].set < 0)
			continue;
		out->at[out->count].number = number;
		out->at[out->count++].event =
		    (struct epoll_event){.events = events, .data.u64 = data};
	}
	if (lines)
		fclose(lines);
	else if (fd >= 0)
		close(fd);
}

/* What the number is, as the link in /proc says. */
static void look_at(const struct kern_message *m, int folder, const char *number, ino_t inode,
		    struct host_watches *out)
{
	char target[32], its[32];
	ssize_t n = readlinkat(folder, number, target, sizeof(target) - 1);

	if (n < 0)
		return;
	target[n] = '\0';
	snprintf(its, sizeof(its), "socket:[%lu]", (unsigned long)inode);
	if (strcmp(target, "anon_inode:[eventpoll]") == 0)
		look_into(m, atoi(number), inode, out);
	else if (strcmp(target, its) == 0 && out->number_count < HOST_WATCHES_MAX)
		out->numbers[out->number_count++] = atoi(number);
}

void host_watches_find(const struct kern_message *m, int socket, struct host_watches *out)
{
	struct dirent *entry;
	struct stat st;
	char path[24];
	DIR *folder;
	int fd;

	out->count = out->number_count = 0;
	if (fstat(socket, &st))
		return;
	snprintf(path, sizeof(path), "%d/fd", m->tid);
	fd = openat(m->space->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (int i = 0; i < NUMBERS_MAX && (entry = readdir(folder)); i++)
		if (entry->d_name[0] != '.')
			look_at(m, dirfd(folder), entry->d_name, st.st_ino, out);
	closedir(folder);
}

/* Linux goes by number and file: the socket has to have that number here, for the moment. */
static void renew(int set, int number, const struct epoll_event *event, int old, int replacement)
{
	struct epoll_event copy = *event;

	if (dup3(old, number, O_CLOEXEC) != number)
		return;
	epoll_ctl(set, EPOLL_CTL_DEL, number, NULL);
	if (dup3(replacement, number, O_CLOEXEC) == number)
		epoll_ctl(set, EPOLL_CTL_ADD, number, &copy);
}

/* In a table of descriptors that nobody needs. */
static _Noreturn void renew_all(const struct host_watches *watches, int old, int replacement)
{
	int above = 0, sets[HOST_WATCHES_MAX];

	for (size_t i = 0; i < watches->count; i++)
		if (watches->at[i].number >= above)
			above = watches->at[i].number + 1;
	/* Out of the way of all numbers that are needed. */
	old = fcntl(old, F_DUPFD_CLOEXEC, above);
	replacement = fcntl(replacement, F_DUPFD_CLOEXEC, above);
	for (size_t i = 0; i < watches->count; i++)
		sets[i] = fcntl(watches->at[i].set, F_DUPFD_CLOEXEC, above);
	for (size_t i = 0; i < watches->count; i++)
		renew(sets[i], watches->at[i].number, &watches->at[i].event, old, replacement);
	_exit(0);
}

void host_watches_renew(const struct host_watches *watches, int old, int replacement)
{
	pid_t child;

	if (watches->count == 0)
		return;
	child = fork();
	if (child == 0)
		renew_all(watches, old, replacement);
	if (child > 0)
		waitpid(child, NULL, 0);
}

void host_watches_close(struct host_watches *watches)
{
	for (size_t i = 0; i < watches->count; i++)
		close(watches->at[i].set);
	watches->count = 0;
}
