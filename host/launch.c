/*
 * Bringing a space up.
 *
 * Each of the processes reports the first thing that fails through one close-on-exec pipe, which
 * reads as end of file once the program has been started (as musl's posix_spawn does).
 */
#include "host/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "host/launch_own.h"
#include "lib/without.h"

static const char *const stage_texts[] = {
    [HOST_STAGE_NONE] = "nothing failed",
    [HOST_STAGE_NAMESPACES] = "cannot make the namespaces of a space",
    [HOST_STAGE_IDENTITY] = "cannot map this user into the space",
    [HOST_STAGE_VIEW] = "cannot build the view at",
    [HOST_STAGE_PROC] = "cannot mount the space's /proc",
    [HOST_STAGE_TERMINAL] = "cannot make a terminal for the space (--no-pty does without)",
    [HOST_STAGE_INIT] = "cannot start the space's first process",
    [HOST_STAGE_LANDLOCK] = "cannot confine the space with Landlock",
    [HOST_STAGE_CAPABILITIES] = "cannot give up capabilities",
    [HOST_STAGE_FILTER] = "cannot install the space's filter",
    [HOST_STAGE_LIMITS] = "cannot set the limits",
    [HOST_STAGE_DIRECTORY] = "cannot enter the directory",
    [HOST_STAGE_CONFINE] = "cannot confine the monitor",
    [HOST_STAGE_EXEC] = "cannot run",
    [HOST_STAGE_REQUEST] = "cannot make a space within this one:",
};

const char *host_fault_text(const struct host_fault *fault)
{
	static char text[512];
	unsigned stage = (unsigned)fault->stage;

	if (stage >= sizeof(stage_texts) / sizeof(stage_texts[0]))
		stage = HOST_STAGE_NONE;
	snprintf(text, sizeof(text), "%s%s%.*s: %s", stage_texts[stage], fault->text[0] ? " " : "",
		 (int)sizeof(fault->text) - 1, fault->text, strerror(fault->error));
	return text;
}

_Noreturn void launch_fail_to(int pipe, enum host_stage stage, const char *text)
{
	struct host_fault fault = {.stage = stage, .error = errno};

	if (text)
		snprintf(fault.text, sizeof(fault.text), "%s", text);
	while (write(pipe, &fault, sizeof(fault)) < 0 && errno == EINTR)
		;
	_exit(125);
}

_Noreturn void launch_fail(const struct launch *l, enum host_stage stage, const char *text)
{
	launch_fail_to(l->fault, stage, text);
}

#define STACK (2 * (CD_PATH_MAX + 8192))

pid_t launch_start_beside(struct launch *l, int (*function)(void *context))
{
	static char stack[STACK] __attribute__((aligned(16)));

	return clone(function, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, l);
}

pid_t launch_start_awaited(struct launch *l, int (*function)(void *context), int flags, int *pidfd)
{
	static char stack[STACK] __attribute__((aligned(16)));

	return clone(function, stack + sizeof(stack),
		     CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | flags, l, pidfd);
}

/*
 * Into namespaces of its own. Where no user namespace can be made, whoever may makes the others
 * without one: root, whose space is no less bounded by that. In a user namespace of its own it
 * would be user 0 without capabilities, too, to whom root's files belong.
 */
static pid_t fork_monitor(struct launch *l, int *pidfd)
{
	const struct host_cgroup *group = l->in->limits->cgroup;
	const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
					 CLONE_NEWNET | (group ? 0 : CLONE_NEWCGROUP);
	pid_t pid = -1;

	if (l->in->bare)
		return host_cgroup_fork(group, HOST_CGROUP_OWN, 0, pidfd);
	if (l->in->within) {
		l->own_users = false;
		return host_cgroup_fork(group, HOST_CGROUP_OWN, namespaces & ~CLONE_NEWPID, pidfd);
	}
	l->own_users = !cd_without(CD_USERNS);
	if (l->own_users)
		pid = host_cgroup_fork(group, HOST_CGROUP_OWN, CLONE_NEWUSER | namespaces, pidfd);
	if (pid >= 0)
		return pid;
	l->own_users = false;
	return host_cgroup_fork(group, HOST_CGROUP_OWN, namespaces, pidfd);
}

/* The first number in a file; otherwise if there is none. */
static long read_number(const char *path, long otherwise)
{
	char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return otherwise;
	text[n] = '\0';
	return atol(text);
}

/* Some machines let anybody make a user namespace and give nobody a right in it. */
static bool has_rights_in_own_users(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS) ||
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

bool host_must_be_bare(void)
{
	if (geteuid() == 0)
		return false;
	return cd_without(CD_USERNS) || read_number("/proc/sys/user/max_user_namespaces", 1) == 0 ||
	       read_number("/proc/sys/kernel/unprivileged_userns_clone", 1) == 0 ||
	       (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) == 1 &&
		!has_rights_in_own_users());
}

/* The two ends of everything that the monitor and its keeper share. */
struct ends {
	int fault[2], status[2], control[2], broker[2], warden[2],
	    insider[2]; /* 1: the monitor's */
};

static void close_ends(const struct ends *ends, int side)
{
	const int all[] = {ends->fault[side],  ends->status[side], ends->control[side],
			   ends->broker[side], ends->warden[side], ends->insider[side]};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			close(all[i]);
}

static bool make_ends(const struct host_launch *in, struct ends *ends)
{
	const struct host_within *w = in->within;

	memset(ends, -1, sizeof(*ends));
	if (w) {
		ends->fault[1] = w->fault;
		ends->status[1] = w->status;
		ends->control[1] = w->control;
		ends->broker[1] = w->broker;
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->insider))
			return false;
	} else if (pipe2(ends->fault, O_CLOEXEC) || pipe2(ends->status, O_CLOEXEC) ||
		   socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->control) ||
		   socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->broker)) {
		return false;
	}
	return in->bare || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->warden) == 0;
}

enum cd_status host_launch(const struct host_launch *in, struct host_space *space,
			   struct host_fault *fault)
{
	/* The monitor, the program's process and init go on below this frame, each in its copy. */
	struct sock_filter filter[KERN_FILTER_MAX];
	struct launch l;
	struct ends ends;

	*fault = (struct host_fault){.stage = HOST_STAGE_NAMESPACES};
	l = (struct launch){
	    .in = in, .uid = geteuid(), .gid = getegid(), .proc = -1, .filter = filter};
	if (kern_filter_build(in->native | (in->outer_sockets ? 0 : CD_NATIVE_LISTEN) |
				  (in->records_calls ? CD_RECORD_CALLS : 0) |
				  (in->shows_uses ? CD_SHOW_USES : 0),
			      in->bare, in->requests, filter, &l.filter_len) != CD_OK)
		return CD_ELIMIT;
	l.listener = mmap(NULL, sizeof(*l.listener), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l.listener == MAP_FAILED)
		return CD_ESYS;
	*l.listener = -1;
	if (!make_ends(in, &ends))
		goto fail;
	/* A user's supplementary groups are authority; only root can let go of them. */
	if (l.uid == 0 && syscall(SYS_setgroups, 0, NULL) && errno != EPERM)
		goto fail;
	l.fault = ends.fault[1];
	l.status = ends.status[1];
	l.control = ends.control[1];
	l.broker = ends.broker[1];
	l.warden = ends.warden[1];
	l.insider = in->within ? ends.insider[1] : l.broker;
	l.no_killable_recv = cd_without(CD_KILLABLE_RECV);
	space->monitor = fork_monitor(&l, &space->monitor_pidfd);
	if (space->monitor == 0) {
		close_ends(&ends, 0);
		launch_run_monitor(&l);
	}
	if (space->monitor < 0)
		goto fail;
	munmap(l.listener, sizeof(*l.listener));
	close_ends(&ends, 1);
	space->fault = ends.fault[0];
	space->status = ends.status[0];
	space->control = ends.control[0];
	space->broker = ends.broker[0];
	space->warden = ends.warden[0];
	space->insider = ends.insider[0];
	space->bare = in->bare;
	space->within = false;
	return CD_OK;
fail:
	fault->error = errno;
	munmap(l.listener, sizeof(*l.listener));
	close_ends(&ends, 0);
	close_ends(&ends, 1);
	return CD_ESYS;
}
