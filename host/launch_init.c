/* The first process of a space: it is forked into the space's pids, and becomes its own image. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/confine.h"
#include "host/launch_own.h"
#include "host/view.h"
#include "kernel/init.h"

/* Without a pid namespace nobody but its parent adopts a program: init forks it while it still
 * shares the monitor's descriptors. */
static void start_program_bare(struct launch *l)
{
	pid_t pid = host_cgroup_fork(l->in->limits->cgroup, HOST_CGROUP_SPACE, CLONE_FILES, NULL);
	char go;

	/* Once it is ready the monitor closes what init needs. */
	if (pid == 0 && read(l->go_pipe[0], &go, 1) == 1)
		launch_run_program(l);
	if (pid <= 0 || syscall(SYS_unshare, CLONE_FILES) || write(l->go_pipe[1], "", 1) != 1 ||
	    write(l->main_pipe[1], &pid, sizeof(pid)) != sizeof(pid))
		launch_fail(l, HOST_STAGE_INIT, NULL);
	close(l->main_pipe[1]);
}

/* l is as it was when this ends: the monitor's, where it runs on the monitor's memory. */
static int run_init(void *context)
{
	struct launch *l = context;
	static char *const argv[] = {"cordon-init", NULL}, *const bare_argv[] = {
							       "cordon-init", KERN_INIT_BARE, NULL};
	static char *const envp[] = {NULL};
	size_t size = (uintptr_t)kern_init_image_end - (uintptr_t)kern_init_image;
	int image, main, status, fault, ready;

	if (l->in->bare)
		start_program_bare(l);
	else if (host_limits_apply_numbers(l->in->limits) != CD_OK)
		launch_fail(l, HOST_STAGE_LIMITS, NULL);
	if ((!l->in->bare && host_view_mount_proc() != CD_OK) || write(l->proc_pipe[1], "", 1) != 1)
		launch_fail(l, HOST_STAGE_PROC, NULL);
	image = (int)syscall(SYS_memfd_create, "cordon-init", MFD_CLOEXEC);
	if (image < 0 || write(image, kern_init_image, size) != (ssize_t)size)
		launch_fail(l, HOST_STAGE_INIT, NULL);
	if (host_drop_capabilities() != CD_OK)
		launch_fail(l, HOST_STAGE_CAPABILITIES, NULL);
	/* Where it is no first process, the monitor's end is not by itself the end of what is below
	 * it. If it has ended already, nothing comes by the pipe, and init ends. */
	if (l->in->within && prctl(PR_SET_PDEATHSIG, SIGKILL))
		launch_fail(l, HOST_STAGE_INIT, NULL);
	/* In the session of the program, if that has a terminal: host/pty.h. */
	if (l->in->pty ? setpgid(0, 0) : setsid() < 0)
		launch_fail(l, HOST_STAGE_INIT, NULL);
	/* Above everything first, so that no number is taken while it is still needed. */
	main = fcntl(l->main_pipe[0], F_DUPFD_CLOEXEC, 100);
	status = fcntl(l->status, F_DUPFD_CLOEXEC, 100);
	image = fcntl(image, F_DUPFD_CLOEXEC, 100);
	fault = fcntl(l->fault, F_DUPFD_CLOEXEC, 100);
	ready = fcntl(l->proc_pipe[1], F_DUPFD_CLOEXEC, 100);
	dup2(main, KERN_INIT_MAIN_FD);
	dup2(status, KERN_INIT_STATUS_FD);
	dup2(ready, KERN_INIT_READY_FD);
	syscall(SYS_close_range, 0, 2, 0);
	syscall(SYS_close_range, KERN_INIT_READY_FD + 1, 99, 0);
	syscall(SYS_execveat, image, "", l->in->bare ? bare_argv : argv, envp, AT_EMPTY_PATH);
	launch_fail_to(fault, HOST_STAGE_INIT, NULL);
}

void launch_return_to_own_pids(const struct launch *l)
{
	int own = openat(l->proc, "self/ns/pid", O_RDONLY | O_CLOEXEC);

	if (own < 0 || syscall(SYS_setns, own, CLONE_NEWPID))
		launch_fail(l, HOST_STAGE_INIT, NULL);
	close(own);
}

/* In the pids of the space around, where alone a namespace within them can be made. */
static int fork_init_there(void *context)
{
	struct launch *l = context;

	l->init =
	    host_cgroup_fork(NULL, HOST_CGROUP_OWN, CLONE_NEWPID | CLONE_PARENT, &l->init_pidfd);
	if (l->init == 0)
		run_init(l);
	l->init_error = errno;
	_exit(0);
}

/*
 * Within the pids of the space around it, so that they end together. Linux nests them 32 deep: what
 * is deeper has its place beside them, and ends with its warden, whose end is that of the space
 * around it.
 */
static bool fork_init_within(struct launch *l)
{
	pid_t there;

	l->init = -1;
	l->init_error = ECHILD; /* somebody in there has killed it */
	if (syscall(SYS_setns, l->in->within->init, CLONE_NEWPID))
		return false;
	there = launch_start_beside(l, fork_init_there);
	launch_return_to_own_pids(l);
	if (there < 0)
		return false;
	while (waitpid(there, NULL, 0) < 0 && errno == EINTR)
		;
	errno = l->init_error;
	if (l->init < 0 && errno == ENOSPC)
		l->init = host_cgroup_fork(NULL, HOST_CGROUP_OWN, CLONE_NEWPID, &l->init_pidfd);
	if (l->init == 0)
		run_init(l);
	/* The monitor is not to have a hold on the space around. */
	close(l->in->within->init);
	return l->init > 0;
}

int launch_start_init(struct launch *l)
{
	/* Among others, who might reach into it, and where it forks the program itself, which takes
	 * a stack of any size, it has memory of its own. */
	if (l->in->within) {
		if (!fork_init_within(l))
			launch_fail(l, HOST_STAGE_INIT, NULL);
	} else if (l->in->bare) {
		l->init = host_cgroup_fork(NULL, HOST_CGROUP_OWN, CLONE_FILES, &l->init_pidfd);
		if (l->init == 0)
			run_init(l);
	} else {
		l->init = launch_start_awaited(l, run_init, CLONE_NEWPID, &l->init_pidfd);
	}
	if (l->init < 0)
		launch_fail(l, HOST_STAGE_INIT, NULL);
	if (l->in->bare)
		return l->init_pidfd;
	/* For what is forked from now on. Before Landlock, under which init could not be referred
	 * to. */
	if (syscall(SYS_setns, l->init_pidfd, CLONE_NEWPID))
		launch_fail(l, HOST_STAGE_INIT, NULL);
	return l->init_pidfd;
}
