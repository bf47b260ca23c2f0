/*
 * What processes of the space hold.
 *
 * Linux is asked, through the monitor's private /proc: nothing is recorded for it when something is
 * handed out. Each step looks at one descriptor, or goes on to the next process, so that it never
 * takes long. Of what has no path in the view, only what Linux calls it is told, and of a file not
 * even that: it would be a name of outside.
 */
#include "host/hold.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/address.h"
#include "host/hops.h"
#include "host/inet.h"
#include "host/resolve.h"
#include "kernel/process.h"
#include "lib/dir.h"

#define ENTRY_NAME 19 /* of struct linux_dirent64 */

/* ---- processes ---- */

/* The smallest number of a directory's entries that is not below least; -1: there is none. */
static long least_entry(int dir, long least)
{
	struct cd_dir entries;
	const char *name;
	long found = -1;

	cd_dir_begin(&entries, dir);
	while ((name = cd_dir_next(&entries))) {
		long number = *name < '0' || *name > '9' ? -1 : atol(name);

		if (number >= least && (found < 0 || number < found))
			found = number;
	}
	return found;
}

static pid_t next_process(const struct kern_space *space, pid_t pid)
{
	int all = openat(space->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long next = least_entry(all, pid + 1);

	if (all >= 0)
		close(all);
	return (pid_t)next;
}

/* The pid namespace of a process, as a text that is one namespace's alone. */
static bool read_namespace(int dir, const char *link, char text[64])
{
	ssize_t n = readlinkat(dir, link, text, 63);

	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

static int number_after(const char *text, const char *key)
{
	const char *field = strstr(text, key);

	return field ? atoi(field + strlen(key)) : -1;
}

static pid_t init_of(const struct kern_space *space)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "%d/fdinfo/%d", getpid(), space->init_pidfd);
	return cd_dir_read(space->proc, path, text, sizeof(text)) ? number_after(text, "\nPid:")
								  : -1;
}

/* Init itself does not let itself be looked at; its children do, and are where it is. */
static void find_namespace(const struct kern_space *space, char own[64])
{
	const pid_t init = init_of(space);
	char path[32], text[4096];

	for (pid_t pid = 0; init > 0 && !*own && (pid = next_process(space, pid)) > 0;) {
		snprintf(path, sizeof(path), "%d/status", pid);
		if (!cd_dir_read(space->proc, path, text, sizeof(text)) ||
		    number_after(text, "\nPPid:") != init)
			continue;
		snprintf(path, sizeof(path), "%d/ns/pid", pid);
		read_namespace(space->proc, path, own);
	}
}

/* Siblings, and spaces within, have other namespaces. */
static bool is_in_space(const struct kern_space *space, int dir)
{
	static char own[64];
	char its[64];

	if (!*own)
		find_namespace(space, own);
	return read_namespace(dir, "ns/pid", its) && strcmp(own, its) == 0;
}

/* The process's number in the space; 0: it is none of its programs. */
static pid_t number_inside(const struct kern_space *space, int dir, pid_t pid)
{
	char text[4096], *end;
	const char *field;
	int inside;

	if (!cd_dir_read(dir, "status", text, sizeof(text)))
		return 0;
	if (space->bare) {
		/* Our own workers are no processes of the space. */
		return number_after(text, "\nPPid:") != getpid() ? pid : 0;
	}
	field = strstr(text, "\nNSpid:");
	if (!field || !is_in_space(space, dir))
		return 0;
	field += 7;
	end = strchrnul(field, '\n');
	*end = '\0';
	field = strrchr(field, '\t');
	inside = field ? atoi(field) : 0;
	return inside > 1 ? inside : 0;
}

/* The directory of a process of the space, which is that process's for good; -1. */
static int open_member(const struct kern_space *space, pid_t pid, pid_t *inside)
{
	char name[16];
	int dir;

	if (space->bare) {
		dir = host_hops_member(pid);
	} else {
		snprintf(name, sizeof(name), "%d", pid);
		dir = openat(space->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	*inside = dir < 0 ? 0 : number_inside(space, dir, pid);
	if (*inside > 0)
		return dir;
	if (dir >= 0)
		close(dir);
	return -1;
}

/* ---- descriptors ---- */

/* The first one that is not below least: Linux finds descriptors by their place in the directory.
 */
static long next_fd(int fds, long least)
{
	char list[256];
	long n;

	if (lseek(fds, least + 2, SEEK_SET) < 0)
		return -1;
	n = syscall(SYS_getdents64, fds, list, sizeof(list));
	return n > 0 ? atol(list + ENTRY_NAME) : -1;
}

const char *host_hold_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFCHR: return "device";
	case S_IFBLK: return "block device";
	case S_IFIFO: return "pipe";
	case S_IFSOCK: return "socket";
	default: return "kernel object";
	}
}

static void tell_rights(struct kern_hold *hold)
{
	const unsigned mode = (unsigned)hold->flags & O_ACCMODE;

	if (hold->flags & O_PATH)
		hold->ops = CD_OPBIT(CD_OP_FS_STAT);
	else
		hold->ops = (mode != O_WRONLY ? CD_OPBIT(CD_OP_FS_READ) : 0) |
			    (mode != O_RDONLY ? CD_OPBIT(CD_OP_FS_WRITE) : 0);
}

/* Where it leads, or where it listens. Linux wants no more room than the address takes. */
static bool get_address(int socket, bool listens, union host_address *address, socklen_t *len)
{
	*len = sizeof(*address);
	if (listens)
		return getsockname(socket, &address->any, len) == 0;
	*len = host_socket_int(socket, SO_DOMAIN, 0) == AF_INET6 ? sizeof(address->in6)
								 : sizeof(address->in4);
	return getsockopt(socket, SOL_SOCKET, SO_PEERNAME, address, len) == 0;
}

/* Is it a way outside, and to where? */
static void name_socket(int socket, struct kern_hold *hold)
{
	const bool listens = host_socket_int(socket, SO_ACCEPTCONN, 0) == 1;
	const enum cd_proto proto = host_socket_proto(socket);
	union host_address address = {0};
	socklen_t len;

	if (!host_inet_is_outside(socket) || !get_address(socket, listens, &address, &len) ||
	    !host_address_is_inet(&address) ||
	    !host_address_object(&address, len, proto, &hold->object, hold->text))
		return;
	hold->ops = CD_OPBIT(listens	       ? CD_OP_NET_LISTEN
			     : proto == CD_UDP ? CD_OP_NET_SEND
					       : CD_OP_NET_CONNECT);
}

static void look_at_socket(pid_t pid, int fd, ino_t inode, struct kern_hold *hold)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int socket = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	struct stat st;

	/* By now it may be another one, or another process. */
	if (socket >= 0 && fstat(socket, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == inode)
		name_socket(socket, hold);
	if (socket >= 0)
		close(socket);
	if (pidfd >= 0)
		close(pidfd);
}

/* What it is called: fd is a descriptor of ours for the same. True: it may be a socket outside. */
static bool name_object(const struct kern_message *message, int fd, const struct stat *st,
			struct kern_hold *hold)
{
	static struct host_object object;

	host_name_held(message, fd, &object);
	if (object.path_len >= sizeof(hold->text))
		object.path_len = 0;
	memcpy(hold->text, object.path, object.path_len);
	if (object.anonymous && (hold->text[0] == '/' || hold->text[0] == '('))
		object.path_len = 0;
	hold->text[object.path_len] = '\0';
	hold->object =
	    (struct cd_object){.kind = object.anonymous ? CD_OBJECT_NAME : CD_OBJECT_PATH,
			       .text = hold->text,
			       .len = object.path_len};
	return object.anonymous && S_ISSOCK(st->st_mode);
}

static bool look(const struct kern_space *space, pid_t pid, int fds, long number,
		 struct kern_hold *hold)
{
	static struct kern_message probe;
	char name[40], text[512];
	const char *field;
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "%ld", number);
	fd = openat(fds, name, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	probe.space = (struct kern_space *)(uintptr_t)space;
	probe.tid = pid;
	snprintf(name, sizeof(name), "../fdinfo/%ld", number);
	field = cd_dir_read(fds, name, text, sizeof(text)) ? strstr(text, "flags:") : NULL;
	hold->fd = (int)number;
	hold->flags = field ? strtoul(field + 6, NULL, 8) : O_PATH;
	hold->kind = host_hold_kind(st.st_mode);
	if (name_object(&probe, fd, &st, hold))
		look_at_socket(pid, (int)number, st.st_ino, hold);
	else if (hold->object.kind == CD_OBJECT_PATH)
		tell_rights(hold);
	close(fd);
	return true;
}

bool host_hold_named(void *context, const struct kern_message *message, int fd,
		     struct kern_hold *hold)
{
	int object = kern_process_fd_object(message, fd), socket = -1;
	struct stat st;
	bool found = object >= 0 && fstat(object, &st) == 0;

	(void)context;
	if (found && name_object(message, object, &st, hold))
		socket = kern_process_fd_dup(message, fd);
	if (socket >= 0) {
		name_socket(socket, hold);
		close(socket);
	}
	if (object >= 0)
		close(object);
	return found;
}

/* ---- one after the other ---- */

void host_hold_next(void *context, const struct kern_space *space, struct kern_hold *hold)
{
	pid_t pid = (pid_t)(hold->next >> 32 & INT32_MAX), inside, next;
	long least = (long)(hold->next & INT32_MAX), number = -1;
	int dir = open_member(space, pid, &inside);
	int fds = dir < 0 ? -1 : openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)context;
	*hold = (struct kern_hold){.object.kind = CD_OBJECT_NAME, .kind = ""};
	if (fds >= 0)
		number = next_fd(fds, least);
	if (number >= 0) {
		if (look(space, pid, fds, number, hold))
			hold->pid = inside;
		hold->next = (uint64_t)(uint32_t)pid << 32 | (uint32_t)(number + 1);
	} else {
		next = next_process(space, pid);
		hold->next = next > 0 ? (uint64_t)(uint32_t)next << 32 : 0;
	}
	if (fds >= 0)
		close(fds);
	if (dir >= 0)
		close(dir);
}
