/*
 * Bringing a space up.
 *
 * Each process below reports the first thing that fails through one close-on-exec pipe, which
 * reads as end of file once the program has been started (as musl's posix_spawn does). Between the
 * program's filter and its execve nothing may cross the border but that execve: nobody serves yet.
 */
#include "host/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "host/address.h"
#include "host/confine.h"
#include "host/view.h"
#include "kernel/filter.h"
#include "kernel/init.h"
#include "lib/without.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

/* Everything that the processes of one launch share. */
struct launch {
	const struct host_launch *in;
	int fault;   /* write end */
	int status;  /* write end, for init */
	int control; /* the monitor's end */
	int broker;  /* likewise */
	int warden;  /* likewise */
	int insider; /* likewise */
	int proc;
	int queues;
	mode_t umask;
	pid_t init;
	int init_pidfd, init_error;
	bool own_users;	       /* the space is in a user namespace of its own */
	bool no_killable_recv; /* Linux lacks it, or is to do without */
	uid_t uid;
	gid_t gid;
	int main_pipe[2]; /* the program's pid, for init */
	int *listener;	  /* its number, which the program's process writes and the monitor reads */
	int ready_pipe[2]; /* sockets: an empty message says that it is there */
	int go_pipe[2];	   /* for the program of a bare space: init has its own descriptors */
	int proc_pipe[2];  /* for the monitor: a byte when the space's /proc stands, the end when
			      init is out of the program's reach */
	struct sock_filter filter[KERN_FILTER_MAX];
	size_t filter_len;
};

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

static _Noreturn void fail(const struct launch *l, enum host_stage stage, const char *text)
{
	struct host_fault fault = {.stage = stage, .error = errno};

	if (text)
		snprintf(fault.text, sizeof(fault.text), "%s", text);
	while (write(l->fault, &fault, sizeof(fault)) < 0 && errno == EINTR)
		;
	_exit(125);
}

/* ---- the program ---- */

static void reset_signals(void)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signal = 1; signal < 65; signal++)
		sigaction(signal, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

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
		fail(l, HOST_STAGE_DIRECTORY, l->in->directory);
	if (chdir("/"))
		fail(l, HOST_STAGE_DIRECTORY, "/");
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
		fail(l, HOST_STAGE_TERMINAL, NULL);
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

/*
 * Shares the monitor's descriptors until the listener is in its table, then has its own: 0, 1, 2,
 * what was granted and, until the exec, the fault pipe.
 */
static _Noreturn void run_program(struct launch *l)
{
	int listener;

	take_terminal(l);
	umask(l->umask);
	if (host_limits_apply(l->in->limits) != CD_OK)
		fail(l, HOST_STAGE_LIMITS, NULL);
	/* Here it begins; outside of it one could not be born in one of its groups. */
	if (!l->in->bare && l->in->limits->cgroup && syscall(SYS_unshare, CLONE_NEWCGROUP))
		fail(l, HOST_STAGE_NAMESPACES, NULL);
	enter_directory(l);
	if (host_drop_capabilities() != CD_OK)
		fail(l, HOST_STAGE_CAPABILITIES, NULL);
	if ((l->in->native && host_confine_native(l->in->plan, l->queues) != CD_OK) ||
	    (l->in->bare && host_confine_bare(true, NULL, -1) != CD_OK))
		fail(l, HOST_STAGE_LANDLOCK, NULL);
	listener = install_filter(l);
	if (listener < 0)
		fail(l, HOST_STAGE_FILTER, NULL);
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
		fail(l, HOST_STAGE_LIMITS, NULL);
	exec_program(l);
	fail(l, HOST_STAGE_EXEC, l->in->argv[0]);
}

/* ---- init ---- */

/* Without a pid namespace nobody but its parent adopts a program: init forks it while it still
 * shares the monitor's descriptors. */
static void start_program_bare(struct launch *l)
{
	pid_t pid = host_cgroup_fork(l->in->limits->cgroup, HOST_CGROUP_SPACE, CLONE_FILES, NULL);
	char go;

	/* Once it is ready the monitor closes what init needs. */
	if (pid == 0 && read(l->go_pipe[0], &go, 1) == 1)
		run_program(l);
	if (pid <= 0 || syscall(SYS_unshare, CLONE_FILES) || write(l->go_pipe[1], "", 1) != 1 ||
	    write(l->main_pipe[1], &pid, sizeof(pid)) != sizeof(pid))
		fail(l, HOST_STAGE_INIT, NULL);
	close(l->main_pipe[1]);
}

static _Noreturn void run_init(struct launch *l)
{
	static char *const argv[] = {"cordon-init", NULL}, *const bare_argv[] = {
							       "cordon-init", KERN_INIT_BARE, NULL};
	static char *const envp[] = {NULL};
	size_t size = (uintptr_t)kern_init_image_end - (uintptr_t)kern_init_image;
	int image;

	if (l->in->bare)
		start_program_bare(l);
	else if (host_limits_apply_numbers(l->in->limits) != CD_OK)
		fail(l, HOST_STAGE_LIMITS, NULL);
	if ((!l->in->bare && host_view_mount_proc() != CD_OK) || write(l->proc_pipe[1], "", 1) != 1)
		fail(l, HOST_STAGE_PROC, NULL);
	image = (int)syscall(SYS_memfd_create, "cordon-init", MFD_CLOEXEC);
	if (image < 0 || write(image, kern_init_image, size) != (ssize_t)size)
		fail(l, HOST_STAGE_INIT, NULL);
	if (host_drop_capabilities() != CD_OK)
		fail(l, HOST_STAGE_CAPABILITIES, NULL);
	/* Where it is no first process, the monitor's end is not by itself the end of what is below
	 * it. If it has ended already, nothing comes by the pipe, and init ends. */
	if (l->in->within && prctl(PR_SET_PDEATHSIG, SIGKILL))
		fail(l, HOST_STAGE_INIT, NULL);
	/* In the session of the program, if that has a terminal: host/pty.h. */
	if (l->in->pty ? setpgid(0, 0) : setsid() < 0)
		fail(l, HOST_STAGE_INIT, NULL);
	/* Above everything first, so that no number is taken while it is still needed. */
	l->main_pipe[0] = fcntl(l->main_pipe[0], F_DUPFD, 100);
	l->status = fcntl(l->status, F_DUPFD, 100);
	image = fcntl(image, F_DUPFD_CLOEXEC, 100);
	l->fault = fcntl(l->fault, F_DUPFD_CLOEXEC, 100);
	l->proc_pipe[1] = fcntl(l->proc_pipe[1], F_DUPFD, 100);
	dup2(l->main_pipe[0], KERN_INIT_MAIN_FD);
	dup2(l->status, KERN_INIT_STATUS_FD);
	dup2(l->proc_pipe[1], KERN_INIT_READY_FD);
	syscall(SYS_close_range, 0, 2, 0);
	syscall(SYS_close_range, KERN_INIT_READY_FD + 1, 99, 0);
	close(l->main_pipe[0]);
	close(l->status);
	close(l->proc_pipe[1]);
	fcntl(l->fault, F_SETFD, FD_CLOEXEC);
	syscall(SYS_execveat, image, "", l->in->bare ? bare_argv : argv, envp, AT_EMPTY_PATH);
	fail(l, HOST_STAGE_INIT, NULL);
}

/* ---- the monitor ---- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

/* This user alone, under the same number. */
static void map_identity(const struct launch *l)
{
	char text[64];

	if (write_file("/proc/self/setgroups", "deny") && errno != ENOENT)
		fail(l, HOST_STAGE_IDENTITY, NULL);
	snprintf(text, sizeof(text), "%u %u 1", l->gid, l->gid);
	if (write_file("/proc/self/gid_map", text))
		fail(l, HOST_STAGE_IDENTITY, NULL);
	snprintf(text, sizeof(text), "%u %u 1", l->uid, l->uid);
	if (write_file("/proc/self/uid_map", text))
		fail(l, HOST_STAGE_IDENTITY, NULL);
}

static void put_address(struct sockaddr *to, in_addr_t address)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};

	memcpy(to, &in, sizeof(in));
}

/* The space's own loopback works; it reaches nothing outside. That it might fail is no loss of
 * safety. The network's number, or 0. */
static uint64_t raise_loopback(void)
{
	uint64_t network;
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	struct rtentry groups = {.rt_flags = RTF_UP, .rt_dev = request.ifr_name};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	ioctl(fd, SIOCSIFFLAGS, &request);
	/* Or groups could be joined by those alone who name an interface. */
	put_address(&groups.rt_dst, INADDR_UNSPEC_GROUP);
	put_address(&groups.rt_genmask, 0xf0000000);
	ioctl(fd, SIOCADDRT, &groups);
	network = host_socket_network(fd);
	close(fd);
	return network;
}

/* A socket on port 53 of the space's loopback; -1: it cannot be had. */
static int bind_resolver(int type)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(53),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && (bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
			(type == SOCK_STREAM && listen(fd, 64)))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The environment and the command line hold the user's secrets, and what decides on hostile input
 * needs neither. */
void host_forget_environment(void)
{
	extern char **environ;

	for (char **entry = environ; entry && *entry; entry++)
		explicit_bzero(*entry, strlen(*entry));
	clearenv();
}

/* Workers are the monitor's own: they belong outside the space. */
static void return_to_own_pids(const struct launch *l)
{
	int own = openat(l->proc, "self/ns/pid", O_RDONLY | O_CLOEXEC);

	if (own < 0 || syscall(SYS_setns, own, CLONE_NEWPID))
		fail(l, HOST_STAGE_INIT, NULL);
	close(own);
}

/* A process on this one's memory, beside it: see fork_program(). */
static pid_t start_beside(struct launch *l, int (*function)(void *context))
{
	static char stack[2 * (CD_PATH_MAX + 8192)] __attribute__((aligned(16)));

	return clone(function, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, l);
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
	there = start_beside(l, fork_init_there);
	return_to_own_pids(l);
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

static int start_init(struct launch *l)
{
	if (l->in->within) {
		if (!fork_init_within(l))
			fail(l, HOST_STAGE_INIT, NULL);
	} else {
		l->init =
		    host_cgroup_fork(NULL, HOST_CGROUP_OWN,
				     l->in->bare ? CLONE_FILES : CLONE_NEWPID, &l->init_pidfd);
		if (l->init == 0)
			run_init(l);
		if (l->init < 0)
			fail(l, HOST_STAGE_INIT, NULL);
	}
	if (l->in->bare)
		return l->init_pidfd;
	/* For what is forked from now on. Before Landlock, under which init could not be referred
	 * to. */
	if (syscall(SYS_setns, l->init_pidfd, CLONE_NEWPID))
		fail(l, HOST_STAGE_INIT, NULL);
	return l->init_pidfd;
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
		run_program(l);
	if (pid < 0 || write(l->main_pipe[1], &pid, sizeof(pid)) != sizeof(pid))
		fail(l, HOST_STAGE_INIT, NULL);
	_exit(0);
}

/*
 * Forks the program into the space by way of a process that ends at once: its parent is then init.
 * Returns that process, to be waited for.
 */
static pid_t start_program(struct launch *l)
{
	pid_t between = start_beside(l, fork_program);

	if (between < 0)
		fail(l, HOST_STAGE_INIT, NULL);
	return between;
}

static void let_go_of_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup3(null, fd, O_CLOEXEC) < 0)
			close(fd);
	if (null > 2)
		close(null);
}

/*
 * Nothing of the space runs before it has its own /proc, where the monitor's was until then, and
 * before init is a program of its own: as a copy of the monitor it would show the user's command
 * line, and until it has said that nobody may trace it, it could be traced. init says the first
 * with a byte, and the second by closing its end.
 */
static void await_init_exec(const struct launch *l)
{
	char byte;
	ssize_t n, mounted = 0;

	close(l->proc_pipe[1]);
	while ((n = read(l->proc_pipe[0], &byte, 1)) != 0) {
		if (n > 0)
			mounted = n;
		else if (errno != EINTR)
			break;
	}
	if (!mounted)
		_exit(125); /* init said why */
}

/*
 * The number of the listener, which the program's process makes in the descriptor table that both
 * share until it says so. Until then nothing may be closed here: it would be closed there. If that
 * process ends, so does init.
 */
static int await_listener(const struct launch *l, int init_pidfd)
{
	struct pollfd pollers[] = {{.fd = l->ready_pipe[0], .events = POLLIN},
				   {.fd = init_pidfd, .events = POLLIN}};

	while (poll(pollers, 2, -1) < 0 && errno == EINTR)
		;
	if (!(pollers[0].revents & POLLIN) || *l->listener < 0)
		_exit(125); /* the program's process said why */
	await_init_exec(l);
	return *l->listener;
}

static void close_pipes(const struct launch *l)
{
	/* In a bare space the monitor keeps its end, to see whether init still reads. */
	const int all[] = {l->main_pipe[0],  l->in->bare ? -1 : l->main_pipe[1],
			   l->ready_pipe[0], l->ready_pipe[1],
			   l->proc_pipe[0],  l->status,
			   l->go_pipe[0],    l->go_pipe[1],
			   l->queues};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		close(all[i]);
}

static int make_terminal(const struct launch *l)
{
	int master = l->in->pty ? host_pty_open(l->in->pty) : -1;

	if (l->in->pty && master < 0) {
		errno = -master;
		fail(l, HOST_STAGE_TERMINAL, NULL);
	}
	return master;
}

static void run_out_of_time(int signal)
{
	(void)signal;
	_exit(125);
}

/* The keeper ends a space in time. But he stops with his job, which a program on a terminal of its
 * own can bring about
 * (^Z), and then somebody else has to. */
static void end_in_time(const struct host_limits *limits)
{
	const struct sigaction action = {.sa_handler = run_out_of_time};
	const uint64_t seconds = limits->value[HOST_LIMIT_WALL_SECONDS];

	if (!seconds)
		return;
	sigaction(SIGALRM, &action, NULL);
	alarm(seconds < INT32_MAX - 2 ? (unsigned)seconds + 2 : INT32_MAX);
}

static void confine_monitor(struct launch *l)
{
	if (host_drop_capabilities() != CD_OK)
		fail(l, HOST_STAGE_CAPABILITIES, NULL);
	if (host_confine_monitor(l->in->unix_sockets) != CD_OK)
		fail(l, HOST_STAGE_CONFINE, NULL);
}

/* Into the view, by way of namespaces that are the space's. */
static void enter_view(struct launch *l, struct host_monitor *monitor)
{
	const char *culprit;

	if (l->own_users)
		map_identity(l);
	host_bound_capabilities();
	sethostname(l->in->hostname, strlen(l->in->hostname));
	monitor->network = raise_loopback();
	monitor->resolver[0] = bind_resolver(SOCK_DGRAM);
	monitor->resolver[1] = bind_resolver(SOCK_STREAM);
	l->proc = host_view_private_proc();
	if (l->proc < 0) {
		errno = -l->proc;
		fail(l, HOST_STAGE_PROC, NULL);
	}
	if (host_view_enter(l->in->plan, &culprit) != CD_OK)
		fail(l, HOST_STAGE_VIEW, culprit);
	if (host_view_lend_proc(l->proc) != CD_OK)
		fail(l, HOST_STAGE_PROC, NULL);
	monitor->terminal = make_terminal(l);
	if (l->in->within && monitor->terminal >= 0)
		monitor->slave = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* The monitor's domain, and the program inside it as a child of init's, whose namespace it is in.
 */
static void start_all(struct launch *l, struct host_monitor *monitor)
{
	enum cd_status status;
	pid_t between;

	monitor->init_pidfd = start_init(l);
	l->queues = host_view_queues();
	status = host_confine_landlock(l->in->plan, l->in->fds, l->proc, l->queues);
	if (status != CD_OK && status != CD_ENOSUP)
		fail(l, HOST_STAGE_LANDLOCK, NULL);
	between = start_program(l);
	/* As leader of the session we would be told that its terminal is gone. */
	signal(SIGHUP, SIG_IGN);
	/* The program's process gets itself ready meanwhile, and shares our descriptors until it
	 * is. */
	return_to_own_pids(l);
	confine_monitor(l);
	/* Before init is looked at: init cannot end while this one, which is in its namespace, is
	 * not reaped. */
	while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
}

/*
 * Without namespaces: init, which forks the program, is in the domain from the start. By that
 * domain the monitor tells the processes of the space from others (host_hops_member).
 */
static void start_all_bare(struct launch *l, struct host_monitor *monitor)
{
	l->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->proc < 0)
		fail(l, HOST_STAGE_PROC, NULL);
	if (host_confine_bare(false, l->in->fds, l->proc) != CD_OK)
		fail(l, HOST_STAGE_LANDLOCK, NULL);
	monitor->init_pidfd = start_init(l);
	monitor->ending = l->main_pipe[1];
	monitor->init = l->init;
	confine_monitor(l);
}

static _Noreturn void run_monitor(struct launch *l)
{
	struct host_monitor monitor = {.control = l->control,
				       .broker = l->broker,
				       .warden = l->warden,
				       .insider = l->insider,
				       .terminal = -1,
				       .slave = -1,
				       .resolver = {-1, -1},
				       .ending = -1};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	reset_signals();
	end_in_time(l->in->limits);
	if (host_limits_apply_own(l->in->limits) != CD_OK)
		fail(l, HOST_STAGE_LIMITS, NULL);
	l->umask = umask(0);
	if (!l->in->bare)
		enter_view(l, &monitor);
	if (pipe2(l->main_pipe, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->ready_pipe) ||
	    pipe2(l->proc_pipe, O_CLOEXEC) || pipe2(l->go_pipe, O_CLOEXEC))
		fail(l, HOST_STAGE_INIT, NULL);
	(l->in->bare ? start_all_bare : start_all)(l, &monitor);
	/* Not before: the program's process was forked from this memory, and is to be readable. */
	prctl(PR_SET_DUMPABLE, 0);
	host_forget_environment();
	monitor.launch = l;
	monitor.proc = l->proc;
	monitor.umask = l->umask;
	l->in->serve(l->in->context, &monitor);
	_exit(0);
}

int host_await_program(const struct host_monitor *monitor)
{
	const struct launch *l = monitor->launch;
	int listener = await_listener(l, monitor->init_pidfd);

	fcntl(listener, F_SETFD, FD_CLOEXEC);
	close_pipes(l);
	host_cgroup_let_go(l->in->limits->cgroup);
	let_go_of_standard_streams();
	for (size_t i = 0; l->in->fds && i < l->in->fds->count; i++)
		close(l->in->fds->fd[i]);
	close(l->fault);
	return listener;
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
	static struct launch
	    l; /* too large for a stack, and the monitor's copy lives as long as the monitor */
	struct ends ends;

	*fault = (struct host_fault){.stage = HOST_STAGE_NAMESPACES};
	l = (struct launch){.in = in, .uid = geteuid(), .gid = getegid(), .proc = -1, .queues = -1};
	if (kern_filter_build(in->native | (in->outer_sockets ? 0 : CD_NATIVE_LISTEN) |
				  (in->records_calls ? CD_RECORD_CALLS : 0) |
				  (in->shows_uses ? CD_SHOW_USES : 0),
			      in->bare, in->requests, l.filter, &l.filter_len) != CD_OK)
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
		run_monitor(&l);
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
