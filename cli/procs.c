/* Processes. */
#include "cli/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_file(const char *path, char *text, size_t size, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (len)
		*len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static uint64_t namespace_of(pid_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* Its parent, its processor time, its threads. */
static bool read_stat(struct proc *p)
{
	unsigned long long user, system;
	char path[64], text[1024];
	const char *at;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)p->pid);
	if (!read_file(path, text, sizeof(text), NULL) || !(at = strrchr(text, ')')) ||
	    sscanf(at, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %u",
		   &parent, &user, &system, &p->threads) != 4)
		return false;
	p->parent = parent;
	p->cpu_usec = (user + system) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	return true;
}

static void read_rest(struct proc *p)
{
	unsigned long long resident, shared;
	char path[64], text[4096];
	const char *at;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)p->pid);
	if (read_file(path, text, sizeof(text), NULL) &&
	    sscanf(text, "%*u %llu %llu", &resident, &shared) == 2 && shared <= resident)
		p->memory = (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
	if (read_file(path, text, sizeof(text), NULL) && (at = strstr(text, "\nNSpid:"))) {
		const char *end = strchrnul(at + 1, '\n');

		while (end > at && !isspace((unsigned char)end[-1]))
			end--;
		p->inner = atoi(end);
	}
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)p->pid);
	if (read_file(path, p->command, sizeof(p->command), &len)) {
		for (size_t i = 0; i + 1 < len; i++)
			if (!p->command[i])
				p->command[i] = ' ';
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)p->pid);
	read_file(path, p->command, sizeof(p->command), NULL);
	p->command[strcspn(p->command, "\n")] = '\0';
}

static bool add(struct procs *procs, pid_t pid)
{
	struct proc *more;

	if ((procs->count & (procs->count - 1)) == 0) {
		more = realloc(procs->all, (procs->count ? 2 * procs->count : 1) * sizeof(*more));
		if (!more)
			return false;
		procs->all = more;
	}
	procs->all[procs->count] = (struct proc){.pid = pid};
	procs->count += read_stat(&procs->all[procs->count]);
	return true;
}

/* Without a pid namespace: whoever descends from init. Parents may have higher numbers. */
static void keep_descendants(struct procs *procs, pid_t init)
{
	bool *kept = calloc(procs->count + 1, sizeof(bool));
	size_t count = 0;

	for (bool again = kept != NULL; again;) {
		again = false;
		for (size_t i = 0; i < procs->count; i++) {
			bool is = procs->all[i].parent == init;

			for (size_t j = 0; !is && !kept[i] && j < procs->count; j++)
				is = kept[j] && procs->all[j].pid == procs->all[i].parent;
			again |= is && !kept[i];
			kept[i] |= is;
		}
	}
	for (size_t i = 0; kept && i < procs->count; i++)
		if (kept[i])
			procs->all[count++] = procs->all[i];
	procs->count = count;
	free(kept);
}

static int by_number(const void *a, const void *b)
{
	return ((const struct proc *)a)->pid - ((const struct proc *)b)->pid;
}

bool procs_of(const struct answer_record *space, struct procs *out)
{
	pid_t init = (pid_t)answer_number(space, 3);
	uint64_t wanted = answer_number(space, 4);
	struct dirent *entry;
	bool added = true;
	DIR *list;

	*out = (struct procs){.count = 0};
	if (!init)
		return true;
	list = opendir("/proc");
	while (added && list && (entry = readdir(list))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && pid != init && (!wanted || namespace_of(pid) == wanted))
			added = add(out, pid);
	}
	if (list)
		closedir(list);
	if (!wanted)
		keep_descendants(out, init);
	for (size_t i = 0; i < out->count; i++)
		read_rest(&out->all[i]);
	if (out->count)
		qsort(out->all, out->count, sizeof(*out->all), by_number);
	return added && list;
}

void procs_free(struct procs *procs)
{
	free(procs->all);
	*procs = (struct procs){.count = 0};
}

/* ---- what they use ---- */

static bool read_number(const char *directory, const char *name, const char *key, uint64_t *out)
{
	char path[512], text[1024];
	const char *at = text;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (!read_file(path, text, sizeof(text), NULL) || (key && !(at = strstr(text, key))))
		return false;
	*out = strtoull(at + (key ? strlen(key) : 0), NULL, 10);
	return true;
}

/* Of cordon's own group (host/cgroup.h), version 2: what is in there is this space's alone. */
static bool usage_of_group(pid_t pid, struct usage *out)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char path[64], text[2048], directory[400];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (!read_file(path, text, sizeof(text), NULL) || !(at = strstr(text, "0::/")) ||
	    !memmem(at, strcspn(at, "\n"), "/cordon.", 8))
		return false;
	for (size_t i = 0; i < 2; i++) {
		snprintf(directory, sizeof(directory), "%s%.*s", places[i],
			 (int)strcspn(at + 3, "\n"), at + 3);
		if (read_number(directory, "memory.current", NULL, &out->memory) &&
		    read_number(directory, "pids.current", NULL, &out->processes) &&
		    read_number(directory, "cpu.stat", "usage_usec ", &out->cpu_usec))
			return true;
	}
	return false;
}

void procs_usage(const struct procs *procs, struct usage *out)
{
	*out = (struct usage){.processes = procs->count};
	for (size_t i = 0; i < procs->count; i++) {
		out->memory += procs->all[i].memory;
		out->cpu_usec += procs->all[i].cpu_usec;
	}
	if (procs->count) {
		struct usage group = {.whole = true};

		if (usage_of_group(procs->all[0].pid, &group)) {
			group.processes = out->processes;
			*out = group;
		}
	}
}
