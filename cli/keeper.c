/* The keeper. */
#include "cli/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kernel/init.h"

#define WATCH_NS 100000000 /* between two looks at what the space has used */

static const int forwarded[] = {SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1,
				SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH, SIGALRM};

static void handled_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(set, forwarded[i]);
}

void keeper_prepare(void)
{
	sigset_t set;

	handled_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

struct keeper {
	struct host_space *space;
	struct report_view *view;
	struct network *network;
	struct cli_limits *limits;
	int signals, clock, watch; /* watch: ticks when it is time to look at what is used */
	int proc;		   /* the space's; -1 until the monitor has sent it */
	int init;		   /* pidfd of init; -1 until the monitor has sent it */
	int early;		   /* a signal that came before that */
	bool ended;		   /* the monitor has */
	bool ending;		   /* init was killed: the space is to end */
	struct host_fault fault;
	int32_t status; /* wait status of the program */
	bool has_status;
};

/* Signals from the terminal go to the whole job, as the terminal would send them; others to the
 * program. */
static void forward(struct keeper *k, int signal, bool to_group)
{
	siginfo_t info;

	if (k->init < 0) {
		k->early = signal;
		return;
	}
	memset(&info, 0, sizeof(info));
	info.si_signo = signal;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = to_group ? KERN_INIT_TO_GROUP : 0;
	syscall(SYS_pidfd_send_signal, k->init, signal, &info, 0);
}

static void take_signal(struct keeper *k)
{
	struct signalfd_siginfo info;

	if (read(k->signals, &info, sizeof(info)) != sizeof(info))
		return;
	forward(k, (int)info.ssi_signo, info.ssi_code == SI_KERNEL);
	/* The user's shell waits for us to stop; what it resumes is us, and SIGCONT then goes the
	 * same way. */
	if (info.ssi_signo == SIGTSTP)
		raise(SIGSTOP);
}

/* Keeps what came with the first message of this sort; closes everything else. */
static void take_descriptors(struct keeper *k, const struct cmsghdr *rights, uint32_t held)
{
	int *const places[REPORT_HELD_COUNT] = {
	    [REPORT_HELD_INIT] = &k->init,
	    [REPORT_HELD_PROC] = &k->proc,
	    [REPORT_HELD_RESOLVER_UDP] = &k->network->resolver_sockets[0],
	    [REPORT_HELD_RESOLVER_TCP] = &k->network->resolver_sockets[1],
	};
	size_t at = 0, count;

	if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
		return;
	count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (unsigned i = 0; at < count; i++) {
		int fd;

		while (i < REPORT_HELD_COUNT && !(held & 1u << i))
			i++;
		memcpy(&fd, CMSG_DATA(rights) + at++ * sizeof(int), sizeof(int));
		if (i < REPORT_HELD_COUNT && *places[i] < 0)
			*places[i] = fd;
		else
			close(fd);
	}
	if (k->early)
		forward(k, k->early, false);
	k->early = 0;
}

static void take_report(struct keeper *k)
{
	static struct report report;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(REPORT_HELD_COUNT * sizeof(int))];
	} control;
	struct iovec vector = {&report, sizeof(report)};
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(k->space->control, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	bool started = n >= (ssize_t)offsetof(struct report, text) && report.kind == REPORT_STARTED;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(k->space->control);
		k->space->control = -1;
		return;
	}
	if (CMSG_FIRSTHDR(&header))
		take_descriptors(k, CMSG_FIRSTHDR(&header), started ? report.held : 0);
	if (!started)
		report_take(k->view, &report, (size_t)n);
}

static void take_lookup(struct keeper *k)
{
	static struct report report;
	ssize_t n = recv(k->network->lookups, &report, sizeof(report), MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		report_take(k->view, &report, (size_t)n);
		return;
	}
	close(k->network->lookups);
	k->network->lookups = -1;
}

static void take_fault(struct keeper *k)
{
	struct host_fault fault;
	ssize_t n = read(k->space->fault, &fault, sizeof(fault));

	if (n < 0 && errno == EINTR)
		return;
	if (n == sizeof(fault) && k->fault.stage == HOST_STAGE_NONE) {
		k->fault = fault;
		k->fault.text[sizeof(fault.text) - 1] = '\0';
		return;
	}
	close(k->space->fault);
	k->space->fault = -1;
}

static void take_status(struct keeper *k)
{
	ssize_t n = read(k->space->status, &k->status, sizeof(k->status));

	if (n < 0 && errno == EINTR)
		return;
	k->has_status |= n == sizeof(k->status);
	close(k->space->status);
	k->space->status = -1;
}

static void take_end(struct keeper *k)
{
	int status;

	while (waitpid(k->space->monitor, &status, 0) < 0 && errno == EINTR)
		;
	k->ended = true;
}

static void take_need(struct keeper *k)
{
	network_start(k->network, k->space->broker);
	k->space->broker = -1;
}

static void set_timer(int *timer, time_t seconds, long every_ns)
{
	struct itimerspec time = {{0, every_ns}, {seconds, every_ns}};

	if (*timer < 0)
		*timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	timerfd_settime(*timer, 0, &time, NULL);
}

/* With init the space ends; the monitor then has a second to say what it knows. */
static void end_space(struct keeper *k)
{
	int target = k->ending || k->init < 0 ? k->space->monitor_pidfd : k->init;

	k->ending = true;
	syscall(SYS_pidfd_send_signal, target, SIGKILL, NULL, 0);
	set_timer(&k->clock, 1, 0);
}

static void take_time(struct keeper *k)
{
	uint64_t times;

	if (read(k->clock, &times, sizeof(times)) != sizeof(times))
		return;
	if (!k->ending)
		cli_limits_out_of_time(k->limits);
	end_space(k);
}

static void take_tick(struct keeper *k)
{
	uint64_t times;

	if (read(k->watch, &times, sizeof(times)) != sizeof(times) || k->ending)
		return;
	if (cli_limits_exceeded(k->limits, k->proc))
		end_space(k);
}

static void watch(struct keeper *k)
{
	struct source {
		int fd;
		void (*take)(struct keeper *k);
	};

	/*
	 * What is still in the pipes and the socket when the monitor has ended is read to the end.
	 * Once it has sent its totals the space is empty, and its own remains need no waiting for.
	 */
	while (!(k->has_status && k->view->complete) &&
	       (!k->ended || k->space->control >= 0 || k->space->fault >= 0 ||
		k->space->status >= 0)) {
		struct source sources[] = {
		    {k->space->control, take_report},
		    {k->space->fault, take_fault},
		    {k->space->status, take_status},
		    {k->signals, take_signal},
		    {k->clock, take_time},
		    {k->watch, take_tick},
		    {k->space->broker, take_need},
		    {k->network->lookups, take_lookup},
		    {k->ended ? -1 : k->space->monitor_pidfd, take_end},
		};
		const size_t count = sizeof(sources) / sizeof(sources[0]);
		struct pollfd pollers[sizeof(sources) / sizeof(sources[0])];

		for (size_t i = 0; i < count; i++)
			pollers[i] = (struct pollfd){.fd = sources[i].fd, .events = POLLIN};
		if (poll(pollers, count, -1) < 0)
			continue;
		for (size_t i = 0; i < count; i++)
			if (pollers[i].revents)
				sources[i].take(k);
	}
}

static int exit_status(const struct keeper *k)
{
	if (k->ending)
		return 128 + SIGKILL;
	if (k->fault.stage == HOST_STAGE_EXEC) {
		cli_say("%s", host_fault_text(&k->fault));
		return k->fault.error == ENOENT || k->fault.error == ENOTDIR ? CLI_NOT_FOUND
									     : CLI_NOT_EXECUTABLE;
	}
	if (k->fault.stage != HOST_STAGE_NONE) {
		cli_say("%s", host_fault_text(&k->fault));
		return CLI_FAILED;
	}
	if (k->has_status)
		return WIFEXITED(k->status) ? WEXITSTATUS(k->status) : 128 + WTERMSIG(k->status);
	cli_say("the monitor ended before the program did; the space was ended with it");
	return CLI_FAILED;
}

int keeper_run(struct host_space *space, struct report_view *view, struct network *network,
	       struct cli_limits *limits)
{
	struct keeper k = {.space = space,
			   .view = view,
			   .network = network,
			   .limits = limits,
			   .init = -1,
			   .proc = -1,
			   .clock = -1,
			   .watch = -1};
	sigset_t set;

	handled_signals(&set);
	k.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (limits->host.value[HOST_LIMIT_WALL_SECONDS])
		set_timer(&k.clock, (time_t)limits->host.value[HOST_LIMIT_WALL_SECONDS], 0);
	if (host_limits_need_watch(&limits->host))
		set_timer(&k.watch, 0, WATCH_NS);
	watch(&k);
	cli_limits_finish(limits, k.has_status ? k.status : -1);
	network_end(network);
	if (space->broker >= 0)
		close(space->broker);
	close(space->monitor_pidfd);
	if (k.signals >= 0)
		close(k.signals);
	if (k.clock >= 0)
		close(k.clock);
	if (k.watch >= 0)
		close(k.watch);
	if (k.init >= 0)
		close(k.init);
	if (k.proc >= 0)
		close(k.proc);
	return exit_status(&k);
}
