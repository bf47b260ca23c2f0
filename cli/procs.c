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

/* Its parent, its processor time, its threads. Who has ended and is only waited for is not there.
 */
static bool read_stat(struct proc *p)
{
	unsigned long long user, system;
	char path[64], text[1024];
	const char *at;
	char state;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)p->pid);
	if (!read_file(path, text, sizeof(text), NULL) || !(at = strrchr(text, ')')) ||
	    sscanf(at, ") %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %u",
		   &state, &parent, &user, &system, &p->threads) != 5 ||
	    state == 'Z' || state == 'X')
		return false;
	p->parent = parent;
	p->cpu_usec = (user + system) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	return true;
}

bool procs_is_there(pid_t pid)
{
	struct proc p = {.pid = pid};

	return read_stat(&p);
}

/* Its number in the innermost pid namespace that it is in, and how deep that is. 0: not told. */
static pid_t inner_number(pid_t pid, unsigned *depth)
{
	char path[64], text[4096], *at, *end;
	long number = 0;

	*depth = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (!read_file(path, text, sizeof(text), NULL) || !(at = strstr(text, "\nNSpid:")))
		return 0;
	at += strlen("\nNSpid:");
	*strchrnul(at, '\n') = '\0';
	for (long next = strtol(at, &end, 10); end != at; next = strtol(at, &end, 10)) {
		number = next;
		++*depth;
		at = end;
	}
	return (pid_t)number;
}

static void read_rest(struct proc *p)
{
	unsigned long long resident, shared;
	char path[64], text[4096];
	unsigned depth;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)p->pid);
	if (read_file(path, text, sizeof(text), NULL) &&
	    sscanf(text, "%*u %llu %llu", &resident, &shared) == 2 && shared <= resident)
		p->memory = (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
	p->inner = inner_number(p->pid, &depth);
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

/* Calls visit with each process of the machine that can be seen, until it returns false. */
static bool each_process(bool (*visit)(void *context, pid_t pid), void *context)
{
	DIR *list = opendir("/proc");
	struct dirent *entry;
	bool more = list != NULL;

	while (more && (entry = readdir(list)))
		if (isdigit((unsigned char)entry->d_name[0]))
			more = visit(context, atoi(entry->d_name));
	if (list)
		closedir(list);
	return more;
}

/*
 * ---- a space within another: by its warden's number among the monitors ----
 *
 * Of monitors and wardens even their own user may not see the namespaces, but their numbers in them
 * and their parents.
 */

struct warden_search {
	pid_t keeper, number; /* the warden's, among the monitors */
	unsigned depth;	      /* of the monitors' pid namespace */
	pid_t warden;	      /* 0: not found */
	uint64_t namespace;   /* of its space */
};

static bool descends_from(pid_t pid, pid_t from)
{
	struct proc p = {.pid = pid};

	for (unsigned i = 0; i < 1000 && p.pid > 1; i++) {
		if (p.pid == from)
			return true;
		if (!read_stat(&p))
			return false;
		p.pid = p.parent;
	}
	return false;
}

static bool is_warden(void *context, pid_t pid)
{
	struct warden_search *search = context;
	unsigned depth;

	if (inner_number(pid, &depth) == search->number && depth == search->depth &&
	    descends_from(pid, search->keeper))
		search->warden = pid;
	return !search->warden;
}

/* The first process of a space is its monitor's child, and that is the warden's. */
static bool is_init_of_warden(void *context, pid_t pid)
{
	struct warden_search *search = context;
	struct proc init = {.pid = pid}, monitor;
	unsigned depth;

	if (inner_number(pid, &depth) != 1 || depth <= search->depth || !read_stat(&init))
		return true;
	monitor = (struct proc){.pid = init.parent};
	if (!read_stat(&monitor) || monitor.parent != search->warden)
		return true;
	search->namespace = namespace_of(pid);
	return false;
}

static struct warden_search search_for(const struct answer *answer,
				       const struct answer_record *space)
{
	const struct answer_record *run = answer_next(answer, "run", NULL, NULL);
	struct warden_search search = {.keeper = (pid_t)answer_number(run, 1),
				       .number = (pid_t)answer_number(space, 7)};

	if (search.number && inner_number((pid_t)answer_number(run, 2), &search.depth))
		each_process(is_warden, &search);
	return search;
}

pid_t procs_warden(const struct answer *answer, const struct answer_record *space)
{
	return search_for(answer, space).warden;
}

static uint64_t namespace_within(const struct answer *answer, const struct answer_record *space)
{
	struct warden_search search = search_for(answer, space);

	if (search.warden)
		each_process(is_init_of_warden, &search);
	return search.namespace;
}

/* ---- all of a space ---- */

struct gathering {
	struct procs *procs;
	uint64_t wanted; /* pid namespace; 0: any */
};

/* Without cordon's own, which is the first there. */
static bool gather(void *context, pid_t pid)
{
	const struct gathering *g = context;
	unsigned depth;

	if (g->wanted && (namespace_of(pid) != g->wanted || inner_number(pid, &depth) == 1))
		return true;
	return add(g->procs, pid);
}

bool procs_of(const struct answer *answer, const struct answer_record *space, struct procs *out)
{
	pid_t init = (pid_t)answer_number(space, 3);
	struct gathering g = {.procs = out, .wanted = answer_number(space, 4)};
	bool gathered;

	*out = (struct procs){.count = 0};
	if (!g.wanted && !init)
		g.wanted = namespace_within(answer, space);
	if (!g.wanted && !init)
		return true;
	gathered = each_process(gather, &g);
	if (!g.wanted)
		keep_descendants(out, init);
	for (size_t i = 0; i < out->count; i++)
		read_rest(&out->all[i]);
	if (out->count)
		qsort(out->all, out->count, sizeof(*out->all), by_number);
	return gathered;
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
