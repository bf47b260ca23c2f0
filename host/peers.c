/*
 * What names a process, in a space without a pid namespace.
 *
 * Whom a process names is of the space if the monitor may look at it (host_hops_member), and is
 * held by a descriptor from then on: its number may become another's. Linux itself performs only
 * what cannot reach anybody but the caller's own process or group, be the number anything by then;
 * a group in a space is the space's alone, since it lies in a session that began there.
 */
#include "host/peers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/hops.h"
#include "kernel/process.h"
#include "lib/dir.h"

static int end_pipe = -1;

void host_peers_setup(int ending)
{
	end_pipe = ending;
}

HOST_HANDLER(host_peers_fork)
{
	struct pollfd poller = {.fd = end_pipe, .events = 0};

	(void)context, (void)border, (void)m;
	if (poll(&poller, 1, 0) != 0) /* POLLERR: nobody reads any more */
		reply->value = -EAGAIN;
	else
		reply->action = KERN_REPLY_CONTINUE;
}

/* ---- signals ---- */

/* Linux takes a directory of /proc for a descriptor of its process. */
static int signal_take(int dir, int signal)
{
	int error = syscall(SYS_pidfd_send_signal, dir, signal, NULL, 0) ? -errno : 0;

	close(dir);
	return error;
}

static int signal_process(pid_t pid, int signal)
{
	int dir = host_hops_member(pid);

	return dir < 0 ? dir : signal_take(dir, signal);
}

/* The group of a process; -1. */
static pid_t group_of(int dir)
{
	char text[512], *end;
	int parent, group;

	if (!cd_dir_read(dir, "stat", text, sizeof(text)))
		return -1;
	end = strrchr(text, ')'); /* ") S PPID PGRP" */
	return end && sscanf(end + 1, " %*c %d %d", &parent, &group) == 2 ? group : -1;
}

/* Every process of the space but one, or those of a group (0: of any). */
static int signal_many(pid_t group, pid_t but, int signal)
{
	int error = -ESRCH,
	    all = openat(host_private_proc(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cd_dir entries;
	const char *name;

	cd_dir_begin(&entries, all);
	while ((name = cd_dir_next(&entries))) {
		pid_t pid = atoi(name);
		int dir = pid > 0 && pid != but ? host_hops_member(pid) : -1;

		if (dir < 0)
			continue;
		if (group && group_of(dir) != group)
			close(dir);
		else if (signal_take(dir, signal) == 0)
			error = 0;
	}
	if (all >= 0)
		close(all);
	return error;
}

/* Descriptors of processes come from here, from clone, and from whoever sends one: those of
 * outsiders, too. */
static int signal_held(const struct kern_message *m, int signal)
{
	int pidfd = kern_process_fd_dup(m, m->fd), info = -1, dir, error;
	char path[40], text[512];
	const char *line = NULL;
	ssize_t n = -1;

	if (pidfd < 0)
		return pidfd;
	snprintf(path, sizeof(path), "%d/fdinfo/%d", getpid(), pidfd);
	info = openat(host_private_proc(), path, O_RDONLY | O_CLOEXEC);
	if (info >= 0)
		n = read(info, text, sizeof(text) - 1);
	if (n > 0) {
		text[n] = '\0';
		line = strstr(text, "\nPid:\t");
	}
	dir = !line ? -EBADF : host_hops_member(atoi(line + 6));
	error = dir < 0 ? dir : 0;
	/* Whoever has that number now, what is signalled is the one that the descriptor is of; if
	 * that has ended, nobody. */
	if (!error && syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0))
		error = -errno;
	if (dir >= 0)
		close(dir);
	if (info >= 0)
		close(info);
	close(pidfd);
	return error;
}

static int own_group(const struct kern_ids *ids)
{
	int dir = host_hops_member(ids->tgid), group;

	if (dir < 0)
		return -1;
	group = group_of(dir);
	close(dir);
	return group;
}

/* 1: Linux is to do it; else what the process is told. */
static int signal_by_number(const struct kern_message *m, const struct kern_ids *ids, int signal)
{
	int target = (int)m->extra, thread = (int)m->len;

	switch ((enum kern_form)m->shape->form) {
	case KERN_FORM_THREAD: /* as one of its own threads, or none */
		return syscall(SYS_tgkill, ids->tgid, target, signal) ? -errno : 0;
	case KERN_FORM_GROUP_THREAD:
		if (target == ids->tgid)
			return 1;
		return target <= 0 || thread <= 0 ? -EINVAL : signal_process(target, signal);
	case KERN_FORM_INFO: return target == ids->tgid ? 1 : -EPERM;
	case KERN_FORM_PIDFD: return signal_held(m, signal);
	default: break;
	}
	if (target == ids->tgid || target == 0)
		return 1;
	if (target > 0)
		return signal_process(target, signal);
	if (target == -1)
		return signal_many(0, ids->tgid, signal);
	return target == INT32_MIN ? -ESRCH : signal_many(-target, -1, signal);
}

HOST_HANDLER(host_peers_signal)
{
	struct kern_ids ids;
	int signal = (int)m->mode, result;

	(void)context, (void)border;
	if (signal < 0 || signal > 64)
		result = -EINVAL;
	else if (!kern_process_ids(m, &ids))
		result = -ESRCH;
	else
		result = signal_by_number(m, &ids, signal);
	if (result == 1)
		reply->action = KERN_REPLY_CONTINUE;
	else
		reply->value = result;
}

/* ---- the rest ---- */

HOST_HANDLER(host_peers_pidfd)
{
	unsigned flags = (unsigned)m->flags;
	int dir, fd = -1, error = 0;

	(void)context, (void)border;
	if (flags & ~(unsigned)O_NONBLOCK) { /* threads have none here */
		reply->value = -EINVAL;
		return;
	}
	dir = (int)m->extra <= 0 ? -EINVAL : host_hops_member((int)m->extra);
	if (dir >= 0) {
		fd = (int)syscall(SYS_pidfd_open, (int)m->extra, flags);
		error = fd < 0 ? -errno : 0;
		/* As long as it lives, its number is no other's. */
		if (!error && syscall(SYS_pidfd_send_signal, dir, 0, NULL, 0))
			error = -ESRCH;
		close(dir);
	} else {
		error = dir;
	}
	if (error) {
		if (fd >= 0)
			close(fd);
		reply->value = error;
		return;
	}
	reply->action = KERN_REPLY_FD;
	reply->fd = fd;
	reply->fd_cloexec = true;
}

/* Its own process and group, and no other. */
HOST_HANDLER(host_peers_ask)
{
	enum { PROCESS, GROUP };
	int which = m->shape->form == KERN_FORM_WHO	 ? (int)m->mode
		    : m->shape->form == KERN_FORM_IOPRIO ? (int)m->mode - 1
							 : PROCESS;
	int who = (int)m->extra;
	struct kern_ids ids;

	(void)context, (void)border;
	if (which == GROUP && who != 0 && kern_process_ids(m, &ids) && own_group(&ids) == who)
		who = 0; /* its group does not end while it is in there */
	else if (which == PROCESS && who != 0 && kern_process_ids(m, &ids) &&
		 (who == ids.tgid || who == ids.tid))
		who = 0;
	if (which == PROCESS || which == GROUP) {
		if (who == 0)
			reply->action = KERN_REPLY_CONTINUE;
		else
			reply->value = -ESRCH;
	} else {
		reply->value = which == 2 ? -EPERM : -EINVAL;
	}
}
