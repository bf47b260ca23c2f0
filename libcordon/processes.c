/* libcordon: the processes of a space, as /proc tells of them where the nester is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcordon/nester.h"

/* The first process of the space, as we see it: cordon holds a descriptor of it. 0: there is none
 * yet. */
static pid_t first_process(const struct cd_nester *nester)
{
	char path[64], line[256];
	struct dirent *entry;
	int init = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", nester->cordon);
	dir = opendir(path);
	while (dir && init <= 0 && (entry = readdir(dir))) {
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		FILE *info = fd < 0 ? NULL : fdopen(fd, "r");

		while (info && init <= 0 && fgets(line, sizeof(line), info))
			if (sscanf(line, "Pid:\t%d", &init) == 1 && init == nester->cordon)
				init = 0;
		if (info)
			fclose(info);
		else if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	return init > 0 ? init : 0;
}

static bool read_process(pid_t pid, struct cd_process *process)
{
	char path[64], text[1024], *begin, *end;
	unsigned long user, system;
	long pages;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	begin = strchr(text, '(');
	end = strrchr(text, ')');
	if (!begin || !end)
		return false;
	*end = '\0';
	*process = (struct cd_process){.pid = pid};
	snprintf(process->command, sizeof(process->command), "%s", begin + 1);
	if (sscanf(end + 2,
		   "%c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u "
		   "%*u %ld",
		   &process->state, &process->parent, &user, &system, &pages) != 5)
		return false;
	process->memory = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	process->cpu_ms = (uint64_t)(user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	return true;
}

/* Is the process the first one, or below it? What has lost its parent has the first one for it. */
static bool is_below(const struct cd_process *all, size_t count, size_t which, pid_t first)
{
	pid_t at = all[which].pid;

	for (size_t steps = 0; steps <= count; steps++) {
		size_t i = 0;

		if (at == first)
			return true;
		while (i < count && all[i].pid != at)
			i++;
		if (i == count)
			return false;
		at = all[i].parent;
	}
	return false;
}

EXPORT int cd_nester_processes(struct cd_nester *nester, struct cd_process *processes, size_t max)
{
	struct cd_process *all = NULL;
	size_t count = 0, capacity = 0, found = 0;
	pid_t first = first_process(nester);
	struct dirent *entry;
	DIR *dir;

	if (!first)
		return 0;
	dir = opendir("/proc");
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid <= 0)
			continue;
		if (count == capacity) {
			struct cd_process *grown = realloc(all, (capacity + 64) * sizeof(*all));

			if (!grown)
				break;
			all = grown;
			capacity += 64;
		}
		count += read_process(pid, &all[count]);
	}
	closedir(dir);
	for (size_t i = 0; i < count; i++)
		if (is_below(all, count, i, first) && found++ < max)
			processes[found - 1] = all[i];
	free(all);
	return (int)found;
}
