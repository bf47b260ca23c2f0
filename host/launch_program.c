/*
 * The program's process, from its fork to its execve. Between its filter and that nothing may cross
 * the border but the execve: nobody serves yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "host/confine.h"
#include "host/launch_own.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
/* By no magic link: this process still has the monitor's descriptors, and of a space within another
 * one the name comes from a program. */
static bool enter(const char *path)
{
	const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				     .resolve = RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	bool entered = fd >= 0 && fchdir(fd) == 0;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return entered;
}

static void enter_directory(const struct launch *l)
{
	if (enter(l->in->directory))
		return;
	if (l->in->directory_must)
		launch_fail(l, HOST_STAGE_DIRECTORY, l->in->directory);
	if (chdir("/"))
		launch_fail(l, HOST_STAGE_DIRECTORY, "/");
}

/* From here on every border call waits for the monitor. Returns the listener's number. */
static int install_filter(const struct launch *l)
{
	struct sock_fprog program = {(unsigned short)l->filter_len,
				     (struct sock_filter *)l->filter};
	unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long listener = -1;

	if (!l->no_killable_recv)
		listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	/* Before Linux 5.19 a signal may restart a call that the monitor has half done. */
	if (l->no_killable_recv || (listener < 0 && errno == EINVAL))
		listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				   SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return (int)listener;
}

static bool is_final(int error)
{
	return error != ENOENT && error != ENOTDIR && error != EACCES;
}

/* As execvpe(3), with the space's PATH; the program's own view decides what is there. */
static void exec_program(const struct launch *l)
{
	const char *name = l->in->argv[0];
	int worst = ENOENT;

	if (strchr(name, '/')) {
		execve(name, l->in->argv, l->in->envp);
		return;
	}
	for (const char *at = l->in->search; at;
	     at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		char path[CD_PATH_MAX];
		int len = (int)strcspn(at, ":");

		if (snprintf(path, sizeof(path), "%.*s/%s", len, at, name) >= (int)sizeof(path) ||
		    len == 0)
			continue;
		execve(path, l->in->argv, l->in->envp);
		if (is_final(errno))
			return;
		if (errno == EACCES)
			worst = EACCES;
	}
	errno = worst;
}

/* A terminal that others use does not control the program; one of its own does. */
static void take_terminal(const struct launch *l)
{
	if (!l->in->pty)
		setsid();
	else if (host_pty_foreground() != CD_OK)
		launch_fail(l, HOST_STAGE_TERMINAL, NULL);
}

static void close_between(unsigned first, unsigned next)
{
	if (first < next)
		syscall(SYS_close_range, first, next - 1, 0);
}

/* Closes all but the standard streams, what was granted, and the fault pipe, which the exec closes.
 */
static void keep_granted(const struct launch *l)
{
	const struct host_fds *fds = l->in->fds;
	unsigned from = 3, fault = (unsigned)l->fault;

	for (size_t i = 0; fds && i < fds->count; i++) {
		unsigned next = (unsigned)fds->fd[i];

		if (fault < next && fault >= from) {
			close_between(from, fault);
			from = fault + 1;
		}
		close_between(from, next);
		syscall(SYS_fcntl, next, F_SETFD, 0);
		from = next + 1;
	}
	if (fault >= from) {
		close_between(from, fault);
		from = fault + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0);
}

_Noreturn void launch_run_program(struct launch *l)
{
	int listener;

	take_terminal(l);
	umask(l->umask);
	if (host_limits_apply(l->in->limits) != CD_OK)
		launch_fail(l, HOST_STAGE_LIMITS, NULL);
	/* Here it begins; outside of it one could not be born in one of its groups. */
	if (!l->in->bare && l->in->limits->cgroup && syscall(SYS_unshare, CLONE_NEWCGROUP))
		launch_fail(l, HOST_STAGE_NAMESPACES, NULL);
	enter_directory(l);
	if (host_drop_capabilities() != CD_OK)
		launch_fail(l, HOST_STAGE_CAPABILITIES, NULL);
	if ((l->in->bare ? host_confine_bare(true, NULL, -1)
			 : host_domains_enter_program(&l->domains)) != CD_OK)
		launch_fail(l, HOST_STAGE_LANDLOCK, NULL);
	listener = install_filter(l);
	if (listener < 0)
		launch_fail(l, HOST_STAGE_FILTER, NULL);
	if (syscall(SYS_unshare, CLONE_FILES))
		_exit(125);
	*l->listener = listener;
	/* A call that never waits for the monitor, even where internal ones are recorded, and those
	 * on what is held shown: it is empty. */
	while (send(l->ready_pipe[1], "", 0, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	/* Internal calls only, until the monitor serves. */
	keep_granted(l);
	if (host_limits_apply_descriptors(l->in->limits) != CD_OK)
		launch_fail(l, HOST_STAGE_LIMITS, NULL);
	exec_program(l);
	launch_fail(l, HOST_STAGE_EXEC, l->in->argv[0]);
}

/*
 * Runs on the monitor's memory, beside it: system calls that succeed and nothing else, so that they
 * do not meet. Only what it forks has a copy.
 */
static int fork_program(void *context)
{
	struct launch *l = context;
	pid_t pid = host_cgroup_fork(l->in->limits->cgroup, HOST_CGROUP_SPACE, CLONE_FILES, NULL);

	if (pid == 0)
		launch_run_program(l);
	if (pid < 0 || write(l->main_pipe[1], &pid, sizeof(pid)) != sizeof(pid))
		launch_fail(l, HOST_STAGE_INIT, NULL);
	_exit(0);
}

pid_t launch_start_program(struct launch *l)
{
	pid_t between = launch_start_beside(l, fork_program);

	if (between < 0)
		launch_fail(l, HOST_STAGE_INIT, NULL);
	return between;
}
