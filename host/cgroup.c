/* Control groups. */
#include "host/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "lib/without.h"

#define NAME_START "cordon."
#define REST	   NAME_START "rest" /* takes what was in a group that is to have groups in it */
#define DIRECTORY  (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A directory that we made, and hold locked. */
struct group {
	int dir;    /* -1: there is none */
	int parent; /* the directory it was made in */
	int procs;  /* to enter it by: Landlock would not let the program open this */
	char name[48];
};

struct host_cgroup {
	struct group v2, v1[HOST_CONTROL_COUNT];
	struct side {
		int dir, procs; /* -1: there is none */
	} side[2];		/* below v2; enum host_cgroup_side */
	unsigned version[HOST_CONTROL_COUNT];
};

/* controller: its name in version 2 and 1; NULL: none is needed. */
static const struct {
	const char *v2, *v1;
	enum host_cgroup_side side; /* who enters the group of version 1 */
} controls[HOST_CONTROL_COUNT] = {
    [HOST_CONTROL_MEMORY] = {"memory", "memory", HOST_CGROUP_SPACE},
    [HOST_CONTROL_PROCESSES] = {"pids", "pids", HOST_CGROUP_SPACE},
    [HOST_CONTROL_CPU] = {"cpu", "cpu", HOST_CGROUP_OWN},
    [HOST_CONTROL_CPU_TIME] = {NULL, "cpuacct", HOST_CGROUP_OWN},
};

/* ---- files of a group ---- */

static bool write_text(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? write(fd, text, strlen(text)) : -1;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return n >= 0;
}

static bool write_number(int dir, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return write_text(dir, name, text);
}

/* The file's beginning, as a string. */
static bool read_text(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = -1;

	while (fd >= 0 && len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return n >= 0;
}

/* Of lines "KEY NUMBER"; an empty key: of a lone number. 0 when there is none. */
static uint64_t read_number(int dir, const char *name, const char *key)
{
	char text[4096];
	size_t n = strlen(key);

	if (dir < 0 || !read_text(dir, name, text, sizeof(text)))
		return 0;
	for (const char *at = text; at && *at; at = strchr(at, '\n'), at += at != NULL)
		if (strncmp(at, key, n) == 0 && (!n || at[n] == ' '))
			return strtoull(at + n, NULL, 10);
	return 0;
}

/* Is the word one of those that the separators part? */
static bool has_word(const char *text, const char *word, const char *separators)
{
	size_t n = strlen(word);

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);

		if (len == n && memcmp(text, word, n) == 0)
			return true;
		text += len;
	}
	return false;
}

/* ---- where we are ---- */

/* A hierarchy as it is mounted here, and our own group in it. */
struct hierarchy {
	char mount[CD_PATH_MAX / 4]; /* empty: it is not mounted */
	char own[CD_PATH_MAX / 4];   /* below mount: "/a/b"; "" for the root */
};

/* The mount that shows the hierarchy, and which of its groups is the mount's root. */
static bool find_mount(const char *controller, char *mount, char *root, size_t size)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t capacity = 0;
	bool found = false;

	while (file && !found && getline(&line, &capacity, file) > 0) {
		char *from = line, *place, *type, *options;

		for (int i = 0; from && i < 3; i++)
			from = strchr(from, ' ') ? strchr(from, ' ') + 1 : NULL;
		place = from ? strchr(from, ' ') : NULL;
		type = place ? strstr(place, " - ") : NULL;
		if (!type)
			continue;
		*place++ = '\0';
		type += 3;
		place[strcspn(place, " ")] = '\0';
		type[strcspn(type, "\n")] = '\0';
		options = strrchr(type, ' ');
		found = controller ? strncmp(type, "cgroup ", 7) == 0 && options &&
					 has_word(options + 1, controller, ",")
				   : strncmp(type, "cgroup2 ", 8) == 0;
		if (found && (strlen(place) >= size || strlen(from) >= size))
			found = false;
		if (found) {
			strcpy(mount, place);
			strcpy(root, strcmp(from, "/") ? from : "");
		}
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* Of lines "NUMBER:CONTROLLERS:PATH": the path in that hierarchy. */
static bool find_own(const char *controller, char *own, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t capacity = 0;
	bool found = false;

	while (file && !found && getline(&line, &capacity, file) > 0) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		found = controller ? has_word(names + 1, controller, ",") : !names[1];
		if (found && strlen(path) >= size)
			break;
		if (found)
			strcpy(own, strcmp(path, "/") ? path : "");
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* controller: of version 1; NULL: version 2. */
static bool find_hierarchy(const char *controller, struct hierarchy *h)
{
	char root[sizeof(h->own)];
	size_t n;

	if (!find_mount(controller, h->mount, root, sizeof(root)) ||
	    !find_own(controller, h->own, sizeof(h->own)))
		return false;
	n = strlen(root);
	/* In a container the mount may begin further down than the path does. */
	if (n && (strncmp(h->own, root, n) || (h->own[n] && h->own[n] != '/')))
		return false;
	memmove(h->own, h->own + n, strlen(h->own + n) + 1);
	return !strstr(h->own, "/..");
}

static int open_group(const struct hierarchy *h, const char *path, size_t len)
{
	char whole[CD_PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%.*s", h->mount, (int)len, path);
	return open(whole, DIRECTORY);
}

/* ---- making and removing ---- */

static void remove_tree(int parent, const char *name, int dir)
{
	unlinkat(dir, "own", AT_REMOVEDIR);
	unlinkat(dir, "space", AT_REMOVEDIR);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* Removes what nobody holds any more. */
static void sweep(int place)
{
	int fd = openat(place, ".", DIRECTORY);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!list && fd >= 0)
		close(fd);
	while (list && (entry = readdir(list))) {
		int dir;

		if (strncmp(entry->d_name, NAME_START, strlen(NAME_START)) != 0 ||
		    strcmp(entry->d_name, REST) == 0)
			continue;
		dir = openat(place, entry->d_name, DIRECTORY);
		if (dir >= 0 && flock(dir, LOCK_EX | LOCK_NB) == 0)
			remove_tree(place, entry->d_name, dir);
		if (dir >= 0)
			close(dir);
	}
	if (list)
		closedir(list);
}

/* Makes a group in the place, which is consumed if that succeeds. */
static bool make_group(int place, struct group *group)
{
	struct stat st;

	for (unsigned i = 0; i < 16; i++) {
		snprintf(group->name, sizeof(group->name), NAME_START "%d.%u", getpid(), i);
		if (mkdirat(place, group->name, 0755)) {
			if (errno == EEXIST)
				continue;
			return false;
		}
		group->dir = openat(place, group->name, DIRECTORY);
		/* Until it is locked a sweep may take it away. */
		if (group->dir >= 0 && flock(group->dir, LOCK_EX | LOCK_NB) == 0 &&
		    fstatat(place, group->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			group->parent = place;
			group->procs = openat(group->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
			return true;
		}
		if (group->dir >= 0)
			close(group->dir);
		group->dir = -1;
	}
	return false;
}

static void close_group(struct group *group)
{
	if (group->dir >= 0) {
		close(group->dir);
		close(group->parent);
		close(group->procs);
	}
	group->dir = -1;
}

static void close_sides(struct host_cgroup *group)
{
	for (unsigned i = 0; i < 2; i++) {
		close(group->side[i].dir);
		close(group->side[i].procs);
		group->side[i] = (struct side){-1, -1};
	}
}

/* ---- version 2 ---- */

/* Hands the controllers down to the groups below. Linux refuses while processes are in this one. */
static bool hand_down(int dir, const bool use[HOST_CONTROL_COUNT], enum host_control first,
		      enum host_control last)
{
	char there[512], text[32];

	if (!read_text(dir, "cgroup.subtree_control", there, sizeof(there)))
		return false;
	for (unsigned i = first; i <= last; i++) {
		if (!use[i] || !controls[i].v2 || has_word(there, controls[i].v2, " \n"))
			continue;
		snprintf(text, sizeof(text), "+%s", controls[i].v2);
		if (!write_text(dir, "cgroup.subtree_control", text))
			return false;
	}
	return true;
}

/* Moves every process of a group, ours among them, into one below it. */
static bool move_out(int own)
{
	char list[16384];
	int rest;

	if (mkdirat(own, REST, 0755) && errno != EEXIST)
		return false;
	rest = openat(own, REST, DIRECTORY);
	if (rest < 0)
		return false;
	/* A fork in the meantime leaves one behind: look again. */
	for (unsigned i = 0; i < 8 && read_text(own, "cgroup.procs", list, sizeof(list)) && *list;
	     i++)
		for (char *save, *pid = strtok_r(list, "\n", &save); pid;
		     pid = strtok_r(NULL, "\n", &save))
			write_text(rest, "cgroup.procs", pid);
	close(rest);
	return true;
}

static bool may_change(int dir)
{
	return faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0 &&
	       faccessat(dir, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
	       faccessat(dir, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
}

/* Whether this is a place for groups that have what is wanted, or what there is of it. */
static bool is_place(int dir, const uint64_t *wanted, bool *use)
{
	char there[512];
	bool any = false;

	if (dir < 0 || !may_change(dir) ||
	    !read_text(dir, "cgroup.controllers", there, sizeof(there)))
		return false;
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++) {
		use[i] = wanted[i] && (!controls[i].v2 || has_word(there, controls[i].v2, " \n"));
		any |= use[i];
	}
	return any;
}

/* Not the root of all, in which processes are no hindrance. */
static bool is_below_root(int dir)
{
	return faccessat(dir, "cgroup.type", F_OK, 0) == 0;
}

/*
 * A group cannot hold both processes and groups with controllers. So ours go beside our own group:
 * for root right below the root of all, where neither systemd nor a session's end removes them.
 * Where what is delegated to us begins with our own group, what is in that moves down.
 */
static int find_place(const uint64_t *wanted, bool *use)
{
	struct hierarchy h;
	size_t up;
	int dir;

	if (!find_hierarchy(NULL, &h))
		return -1;
	up = strlen(h.own);
	while (up && h.own[up] != '/')
		up--;
	const size_t candidates[] = {geteuid() == 0 ? 0 : up, up};

	for (size_t i = 0; i < 2; i++) {
		dir = open_group(&h, h.own, candidates[i]);
		if (is_place(dir, wanted, use) && hand_down(dir, use, 0, HOST_CONTROL_CPU))
			return dir;
		if (dir >= 0)
			close(dir);
	}
	dir = open_group(&h, h.own, strlen(h.own));
	if (is_place(dir, wanted, use) && is_below_root(dir) &&
	    (hand_down(dir, use, 0, HOST_CONTROL_CPU) ||
	     (move_out(dir) && hand_down(dir, use, 0, HOST_CONTROL_CPU))))
		return dir;
	if (dir >= 0)
		close(dir);
	return -1;
}

static bool make_side(struct host_cgroup *group, enum host_cgroup_side side, const char *name)
{
	if (mkdirat(group->v2.dir, name, 0755))
		return false;
	group->side[side].dir = openat(group->v2.dir, name, DIRECTORY);
	group->side[side].procs =
	    openat(group->side[side].dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	return group->side[side].dir >= 0 && group->side[side].procs >= 0;
}

static bool set_v2(const struct host_cgroup *group, const uint64_t *wanted, const bool *use)
{
	int space = group->side[HOST_CGROUP_SPACE].dir;
	char text[48];

	if (use[HOST_CONTROL_MEMORY]) {
		if (!write_number(space, "memory.max", wanted[HOST_CONTROL_MEMORY]))
			return false;
		/* Not there without swap; and what remains is not to be a half of a space. */
		write_text(space, "memory.swap.max", "0");
		write_text(space, "memory.oom.group", "1");
	}
	if (use[HOST_CONTROL_PROCESSES] &&
	    !write_number(space, "pids.max", wanted[HOST_CONTROL_PROCESSES]))
		return false;
	snprintf(text, sizeof(text), "%llu 100000",
		 (unsigned long long)wanted[HOST_CONTROL_CPU] * 1000);
	return !use[HOST_CONTROL_CPU] || wanted[HOST_CONTROL_CPU] == HOST_CPU_ANY ||
	       write_text(group->v2.dir, "cpu.max", text);
}

static void make_v2(struct host_cgroup *group, const uint64_t *wanted)
{
	bool use[HOST_CONTROL_COUNT];
	int place = find_place(wanted, use);

	if (place < 0)
		return;
	sweep(place);
	if (!make_group(place, &group->v2)) {
		close(place);
		return;
	}
	if (hand_down(group->v2.dir, use, 0, HOST_CONTROL_PROCESSES) &&
	    make_side(group, HOST_CGROUP_OWN, "own") &&
	    make_side(group, HOST_CGROUP_SPACE, "space") && set_v2(group, wanted, use)) {
		for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++)
			group->version[i] = use[i] ? 2 : 0;
		return;
	}
	remove_tree(place, group->v2.name, group->v2.dir);
	close_group(&group->v2);
}

/* ---- version 1 ---- */

static bool set_v1(int dir, enum host_control control, uint64_t value)
{
	switch (control) {
	case HOST_CONTROL_MEMORY:
		if (!write_number(dir, "memory.limit_in_bytes", value))
			return false;
		write_number(dir, "memory.memsw.limit_in_bytes", value); /* if there is swap */
		return true;
	case HOST_CONTROL_PROCESSES: return write_number(dir, "pids.max", value);
	case HOST_CONTROL_CPU:
		return value == HOST_CPU_ANY ||
		       (write_text(dir, "cpu.cfs_period_us", "100000") &&
			write_number(dir, "cpu.cfs_quota_us", value * 1000));
	default: return true;
	}
}

/* Controllers that are mounted together have one group. */
static bool share_v1(struct host_cgroup *group, enum host_control control, int place)
{
	struct stat mine, other;

	for (unsigned i = 0; i < control; i++)
		if (group->v1[i].dir >= 0 && fstat(group->v1[i].parent, &other) == 0 &&
		    fstat(place, &mine) == 0 && mine.st_dev == other.st_dev &&
		    mine.st_ino == other.st_ino) {
			if (controls[i].side == controls[control].side &&
			    set_v1(group->v1[i].dir, control, 0)) {
				group->v1[control].dir =
				    fcntl(group->v1[i].dir, F_DUPFD_CLOEXEC, 0);
				group->v1[control].parent = place;
				group->v1[control].procs = -1; /* it is entered already */
				strcpy(group->v1[control].name, group->v1[i].name);
			}
			return true;
		}
	return false;
}

static void make_v1(struct host_cgroup *group, enum host_control control, uint64_t value)
{
	struct group *made = &group->v1[control];
	struct hierarchy h;
	int place;

	if (!find_hierarchy(controls[control].v1, &h))
		return;
	place = open_group(&h, h.own, strlen(h.own));
	if (place < 0)
		return;
	if (share_v1(group, control, place)) {
		if (made->dir >= 0)
			group->version[control] = 1;
		else
			close(place);
		return;
	}
	sweep(place);
	if (!make_group(place, made)) {
		close(place);
	} else if (made->procs >= 0 && set_v1(made->dir, control, value)) {
		group->version[control] = 1;
	} else {
		remove_tree(place, made->name, made->dir);
		close_group(made);
	}
}

/* ---- the whole ---- */

struct host_cgroup *host_cgroup_new(const uint64_t wanted[HOST_CONTROL_COUNT])
{
	struct host_cgroup *group = cd_without_name("cgroup") ? NULL : calloc(1, sizeof(*group));
	bool any = false;

	if (!group)
		return NULL;
	group->v2.dir = -1;
	for (unsigned i = 0; i < 2; i++)
		group->side[i] = (struct side){-1, -1};
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++)
		group->v1[i].dir = -1;
	if (!cd_without_name("cgroup2"))
		make_v2(group, wanted);
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++) {
		if (wanted[i] && !group->version[i] && !cd_without_name("cgroup1"))
			make_v1(group, i, wanted[i]);
		any |= group->version[i] != 0;
	}
	if (any)
		return group;
	host_cgroup_free(group);
	return NULL;
}

/* The kernel may take a moment to let a process that has ended go. What remains is for the next
 * sweep. */
static void remove_group(struct group *group)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct stat st;

	for (unsigned i = 0; group->dir >= 0 && i < 50; i++) {
		remove_tree(group->parent, group->name, group->dir);
		if (fstatat(group->parent, group->name, &st, AT_SYMLINK_NOFOLLOW))
			break;
		nanosleep(&moment, NULL);
	}
	close_group(group);
}

void host_cgroup_free(struct host_cgroup *group)
{
	if (!group)
		return;
	if (group->v2.dir >= 0)
		write_text(group->v2.dir, "cgroup.kill", "1");
	close_sides(group);
	remove_group(&group->v2);
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++)
		remove_group(&group->v1[i]);
	free(group);
}

unsigned host_cgroup_version(const struct host_cgroup *group, enum host_control control)
{
	return group ? group->version[control] : 0;
}

pid_t host_cgroup_fork(const struct host_cgroup *group, enum host_cgroup_side side,
		       unsigned long flags, int *pidfd)
{
	int dir = group ? group->side[side].dir : -1;
	struct clone_args args = {.flags = flags | CLONE_INTO_CGROUP | (pidfd ? CLONE_PIDFD : 0),
				  .pidfd = (uintptr_t)pidfd,
				  .exit_signal = SIGCHLD,
				  .cgroup = (unsigned)dir};
	pid_t pid;

	if (dir >= 0) {
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (pid >= 0 || errno != ENOSYS)
			return pid;
	}
	pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD | (pidfd ? CLONE_PIDFD : 0), NULL, pidfd,
			     NULL, 0);
	/* Somebody's filter hides clone3. */
	if (pid == 0 && dir >= 0 && write(group->side[side].procs, "0", 1) != 1)
		_exit(125);
	return pid;
}

enum cd_status host_cgroup_enter(const struct host_cgroup *group, enum host_cgroup_side side)
{
	for (unsigned i = 0; group && i < HOST_CONTROL_COUNT; i++)
		if (group->v1[i].dir >= 0 && group->v1[i].procs >= 0 && controls[i].side == side &&
		    write(group->v1[i].procs, "0", 1) != 1)
			return CD_ESYS;
	return CD_OK;
}

static void move(int *fd, int from)
{
	int moved = *fd < 0 || *fd >= from ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, from);

	if (moved == *fd)
		return;
	close(*fd);
	*fd = moved;
}

static void move_group(struct group *group, int from)
{
	move(&group->dir, from);
	move(&group->parent, from);
	move(&group->procs, from);
}

void host_cgroup_move(struct host_cgroup *group, int from)
{
	if (!group)
		return;
	for (unsigned i = 0; i < 2; i++) {
		move(&group->side[i].dir, from);
		move(&group->side[i].procs, from);
	}
	move_group(&group->v2, from);
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++)
		move_group(&group->v1[i], from);
}

void host_cgroup_let_go(struct host_cgroup *group)
{
	if (!group)
		return;
	close_sides(group);
	close_group(&group->v2);
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++)
		close_group(&group->v1[i]);
}

void host_cgroup_read(const struct host_cgroup *group, struct host_cgroup_events *events)
{
	bool v2[HOST_CONTROL_COUNT];

	*events = (struct host_cgroup_events){0};
	if (!group)
		return;
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++)
		v2[i] = group->version[i] == 2;
	events->killed =
	    v2[HOST_CONTROL_MEMORY]
		? read_number(group->side[HOST_CGROUP_SPACE].dir, "memory.events", "oom_kill")
		: read_number(group->v1[HOST_CONTROL_MEMORY].dir, "memory.oom_control", "oom_kill");
	events->refused =
	    read_number(v2[HOST_CONTROL_PROCESSES] ? group->side[HOST_CGROUP_SPACE].dir
						   : group->v1[HOST_CONTROL_PROCESSES].dir,
			"pids.events", "max");
	events->cpu_usec =
	    v2[HOST_CONTROL_CPU_TIME]
		? read_number(group->v2.dir, "cpu.stat", "usage_usec")
		: read_number(group->v1[HOST_CONTROL_CPU_TIME].dir, "cpuacct.usage", "") / 1000;
}
