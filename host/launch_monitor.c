/* The monitor's process, from its fork until it serves. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/address.h"
#include "host/confine.h"
#include "host/launch_own.h"
#include "host/view.h"

static void reset_signals(void)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signal = 1; signal < 65; signal++)
		sigaction(signal, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

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
		launch_fail(l, HOST_STAGE_IDENTITY, NULL);
	snprintf(text, sizeof(text), "%u %u 1", l->gid, l->gid);
	if (write_file("/proc/self/gid_map", text))
		launch_fail(l, HOST_STAGE_IDENTITY, NULL);
	snprintf(text, sizeof(text), "%u %u 1", l->uid, l->uid);
	if (write_file("/proc/self/uid_map", text))
		launch_fail(l, HOST_STAGE_IDENTITY, NULL);
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
			   l->go_pipe[0],    l->go_pipe[1]};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		close(all[i]);
}

static int make_terminal(const struct launch *l)
{
	int master = l->in->pty ? host_pty_open(l->in->pty) : -1;

	if (l->in->pty && master < 0) {
		errno = -master;
		launch_fail(l, HOST_STAGE_TERMINAL, NULL);
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
		launch_fail(l, HOST_STAGE_CAPABILITIES, NULL);
	if (host_confine_monitor(l->in->unix_sockets) != CD_OK)
		launch_fail(l, HOST_STAGE_CONFINE, NULL);
}

/* Into the view, by way of namespaces that are the space's. */
static void enter_view(struct launch *l, struct host_monitor *monitor)
{
	const char *culprit;
	int queues;

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
		launch_fail(l, HOST_STAGE_PROC, NULL);
	}
	queues = host_view_queues();
	if (host_domains_make(&l->domains, l->in->plan, l->in->native, queues) != CD_OK)
		launch_fail(l, HOST_STAGE_LANDLOCK, NULL);
	if (host_view_enter(l->in->plan, host_domains_grant, &l->domains, queues, &culprit) !=
	    CD_OK)
		launch_fail(l, HOST_STAGE_VIEW, culprit);
	if (queues >= 0)
		close(queues);
	if (host_view_lend_proc(l->proc) != CD_OK)
		launch_fail(l, HOST_STAGE_PROC, NULL);
	monitor->terminal = make_terminal(l);
	if (l->in->within && monitor->terminal >= 0)
		monitor->slave = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* The monitor's domain, and the program inside it as a child of init's, whose namespace it is in.
 */
static void start_all(struct launch *l, struct host_monitor *monitor)
{
	pid_t between;

	monitor->init_pidfd = launch_start_init(l);
	if (host_domains_enter_monitor(&l->domains, l->in->fds, l->proc) != CD_OK)
		launch_fail(l, HOST_STAGE_LANDLOCK, NULL);
	between = launch_start_program(l);
	/* As leader of the session we would be told that its terminal is gone. */
	signal(SIGHUP, SIG_IGN);
	/* The program's process gets itself ready meanwhile, and shares our descriptors until it
	 * is. */
	launch_return_to_own_pids(l);
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
		launch_fail(l, HOST_STAGE_PROC, NULL);
	if (host_confine_bare(false, l->in->fds, l->proc) != CD_OK)
		launch_fail(l, HOST_STAGE_LANDLOCK, NULL);
	monitor->init_pidfd = launch_start_init(l);
	monitor->ending = l->main_pipe[1];
	monitor->init = l->init;
	confine_monitor(l);
}

_Noreturn void launch_run_monitor(struct launch *l)
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
		launch_fail(l, HOST_STAGE_LIMITS, NULL);
	l->umask = umask(0);
	if (!l->in->bare)
		enter_view(l, &monitor);
	if (pipe2(l->main_pipe, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->ready_pipe) ||
	    pipe2(l->proc_pipe, O_CLOEXEC) || pipe2(l->go_pipe, O_CLOEXEC))
		launch_fail(l, HOST_STAGE_INIT, NULL);
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
