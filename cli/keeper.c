/* The keeper. */
#include "cli/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/control.h"
#include "cli/questions.h"
#include "cli/revoked.h"
#include "cli/warden.h"
#include "kernel/init.h"
#include "lib/pass.h"

#define WATCH_NS   100000000 /* between two looks at what the space has used */
#define REAP_MS	   20	     /* between two looks at whether wardens have ended */
#define CONTROL_MS 25	     /* until a space gets its socket: what is over sooner needs none */

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
	struct terminal *terminal;
	struct warden warden;
	struct questions questions;
	int signals, clock, watch; /* watch: ticks when it is time to look at what is used */
	int proc;		   /* the space's; -1 until the monitor has sent it */
	int init;		   /* pidfd of init; -1 until the monitor has sent it */
	int early;		   /* a signal that came before that */
	bool ended;		   /* the monitor has, */
	bool killed;		   /* by a signal */
	bool ending;		   /* init was killed: the space is to end */
	struct control *control;   /* NULL: not yet, or none could be made */
	struct timespec due;	   /* when it is to be made; 0: not any more */
	time_t started;
	struct host_fault fault;
	int32_t status; /* wait status of the program */
	bool has_status;
};

/* to: KERN_INIT_TO_..., or 0. */
static void forward(struct keeper *k, int signal, int to)
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
	info.si_value.sival_int = to;
	syscall(SYS_pidfd_send_signal, k->init, signal, &info, 0);
}

static void resume(struct keeper *k)
{
	terminal_return(k->terminal);
	forward(k, SIGCONT, KERN_INIT_TO_JOB);
}

/*
 * The program has stopped, by ^Z most likely, which the user's terminal would have sent to all of
 * his job. Where nobody is there to let it go on, Linux does not stop it, and so neither do we.
 */
static void suspend(struct keeper *k)
{
	sigset_t stop, pending;

	terminal_let_out(k->terminal);
	terminal_leave(k->terminal);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	kill(0, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here we stop */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	sigpending(&pending);
	if (!sigismember(&pending, SIGCONT))
		resume(k);
}

/* The user is gone, or nobody takes what is printed: the program is told, as Linux would. */
static void hang_up(struct keeper *k)
{
	terminal_hang_up(k->terminal);
	forward(k, SIGHUP, KERN_INIT_TO_JOB);
	forward(k, SIGCONT, KERN_INIT_TO_JOB);
}

/* Signals while the space has a terminal of its own: the user's, in raw mode, sends none but that
 * its size has changed, and that it is gone. */
static void take_signal_of_own(struct keeper *k, int signal, bool from_terminal)
{
	switch (signal) {
	case SIGWINCH: terminal_resize(k->terminal); break;
	case SIGCONT: resume(k); break;
	case SIGTSTP: forward(k, signal, KERN_INIT_TO_JOB); break;
	default:
		if (k->terminal->ending)
			terminal_hang_up(k->terminal);
		else if (signal == SIGHUP && from_terminal)
			hang_up(k);
		else
			forward(k, signal, from_terminal ? KERN_INIT_TO_GROUP : 0);
	}
}

static void take_signal(struct keeper *k)
{
	struct signalfd_siginfo info;

	if (read(k->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (k->terminal->own) {
		take_signal_of_own(k, (int)info.ssi_signo, info.ssi_code == SI_KERNEL);
		return;
	}
	/* Signals from the terminal go to the whole job, as the terminal would send them; others to
	 * the program. */
	forward(k, (int)info.ssi_signo, info.ssi_code == SI_KERNEL ? KERN_INIT_TO_GROUP : 0);
	/* The user's shell waits for us to stop; what it resumes is us, and SIGCONT then goes the
	 * same way. */
	if (info.ssi_signo == SIGTSTP)
		raise(SIGSTOP);
}

/* Keeps what came with the first message of this sort; closes everything else. */
static void take_descriptors(struct keeper *k, const int *fds, size_t count, uint32_t held)
{
	int unwanted = 0;
	int *const places[REPORT_HELD_COUNT] = {
	    [REPORT_HELD_TERMINAL] =
		k->terminal->own && k->init < 0 ? &k->terminal->master : &unwanted,
	    [REPORT_HELD_SLAVE] = k->terminal->own && k->init < 0 ? &k->terminal->slave : &unwanted,
	    [REPORT_HELD_INIT] = &k->init,
	    [REPORT_HELD_PROC] = &k->proc,
	    [REPORT_HELD_RESOLVER_UDP] = &k->network->resolver_sockets[0],
	    [REPORT_HELD_RESOLVER_TCP] = &k->network->resolver_sockets[1],
	};
	bool first = k->init < 0;
	size_t at = 0;

	for (unsigned i = 0; at < count; i++) {
		int fd = fds[at++];

		while (i < REPORT_HELD_COUNT && !(held & 1u << i))
			i++;
		if (i < REPORT_HELD_COUNT && *places[i] < 0)
			*places[i] = fd;
		else
			close(fd);
	}
	if (k->early)
		forward(k, k->early, 0);
	k->early = 0;
	if (first && k->terminal->master >= 0)
		terminal_begin(k->terminal);
}

static void take_report(struct keeper *k)
{
	static union {
		struct report report;
		struct report_question question;
	} got;
	int fds[REPORT_HELD_COUNT];
	size_t count = REPORT_HELD_COUNT;
	ssize_t n =
	    cd_pass_receive(k->space->control, &got, sizeof(got), fds, &count, MSG_DONTWAIT);
	bool started =
	    n >= (ssize_t)offsetof(struct report, text) && got.report.kind == REPORT_STARTED;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(k->space->control);
		k->space->control = -1;
		return;
	}
	if (count)
		take_descriptors(k, fds, count, started ? got.report.held : 0);
	if (started && !k->network->inside)
		k->network->inside = got.report.network;
	if (started || n < (ssize_t)sizeof(got.report.kind))
		return;
	if (got.report.kind == REPORT_QUESTION || got.report.kind == REPORT_WITHDRAWN)
		questions_take(&k->questions, &got.question, (size_t)n);
	else
		report_take(k->view, &got.report, (size_t)n);
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
	if (n == sizeof(k->status) && WIFSTOPPED(k->status)) {
		if (k->terminal->own)
			suspend(k);
		return;
	}
	k->has_status |= n == sizeof(k->status);
	/* Init is gone, and nobody else would end them. */
	if (k->space->bare && !k->has_status)
		syscall(SYS_pidfd_send_signal, k->space->monitor_pidfd, SIGKILL, NULL, 0);
	close(k->space->status);
	k->space->status = -1;
}

static void take_end(struct keeper *k)
{
	int status;

	while (waitpid(k->space->monitor, &status, 0) < 0 && errno == EINTR)
		;
	k->ended = true;
	k->killed = WIFSIGNALED(status);
}

static void take_need(struct keeper *k)
{
	network_start(k->network, &k->limits->host, k->space->broker);
	k->space->broker = -1;
}

/* Of the monitors of spaces within this one: what this one's policy denied there. */
static void take_report_within(struct keeper *k)
{
	static struct report report;
	ssize_t n = recv(k->warden.reports, &report, sizeof(report), MSG_DONTWAIT);

	if (n >= (ssize_t)offsetof(struct report, text) && report.kind == REPORT_DENIAL)
		report_take(k->view, &report, (size_t)n);
}

/* Of a space within another one, whose programs reach its own network without the broker. */
static void take_name(struct keeper *k)
{
	network_start_names(k->network, &k->limits->host);
}

static void take_ask(struct keeper *k)
{
	k->warden.init = k->init;
	warden_take(&k->warden);
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
	/* Where its end is not theirs, init is to end them first. */
	int signal = k->space->bare && target == k->init ? KERN_INIT_MONITOR_DIED : SIGKILL;

	k->ending = true;
	/* Not ours to end: that nobody keeps it any more does. */
	if (target < 0 && k->space->control >= 0) {
		close(k->space->control);
		k->space->control = -1;
	}
	syscall(SYS_pidfd_send_signal, target, signal, NULL, 0);
	set_timer(&k->clock, 1, 0);
	if (k->terminal->ending)
		terminal_hang_up(k->terminal);
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

/* ---- what is asked on the control socket ---- */

static void take_request(struct keeper *k)
{
	control_take(k->control);
}

static void asked_end(void *context)
{
	struct keeper *k = context;

	if (!k->ending && !*k->view->raw && !k->view->quiet && !k->view->json)
		cli_say("the space is ended: `cordon kill` asked for it");
	end_space(k);
}

/* As if it had come to us: init passes on what we do, and no others. */
static bool asked_signal(void *context, int signal)
{
	struct keeper *k = context;

	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		if (forwarded[i] == signal) {
			if (k->terminal->own)
				take_signal_of_own(k, signal, false);
			else
				forward(k, signal, 0);
			return true;
		}
	return false;
}

/* What a pidfd stands for is told in its file of /proc alone. */
static pid_t init_pid(void *context)
{
	const struct keeper *k = context;
	char path[64], line[256];
	int pid = 0, found;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", k->init);
	file = k->init >= 0 ? fopen(path, "re") : NULL;
	while (file && !pid && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pid: %d", &found) == 1)
			pid = found;
	if (file)
		fclose(file);
	return pid > 0 ? pid : 0;
}

static size_t denied(void *context)
{
	return ((const struct keeper *)context)->view->count;
}

static bool asked_revoke(void *context, const char *space, const char *rule, const char **why)
{
	const struct keeper *k = context;

	*why = "here spaces are made by the cordon around this one";
	return k->warden.run->revoked && revoked_add(k->warden.run->revoked, space, rule, why);
}

static void open_control(struct keeper *k)
{
	const struct run *run = k->warden.run;
	const struct control_facts facts = {.name = run->name,
					    .program = run->program,
					    .directory = run->cwd,
					    .log = run->log,
					    .argv = run->argv,
					    .policy = run->policy,
					    .plan = run->plan,
					    .fds = &run->fds,
					    .limits = &run->limits,
					    .native = run->native,
					    .nester_ops = run->port_ops,
					    .bare = run->bare,
					    .started = k->started,
					    .monitor = k->space->monitor,
					    .context = k,
					    .end = asked_end,
					    .revoke = asked_revoke,
					    .signal = asked_signal,
					    .init = init_pid,
					    .denied = denied,
					    .within = living_at};

	k->due.tv_sec = 0;
	k->control = control_new(&facts);
	if (!k->control && k->view->verbose)
		cli_say("`cordon ps` will not show this space: %s", strerror(errno));
}

/* Milliseconds to wait; -1: until something happens. Who has ended before nobody needs to ask. */
static int until_control(struct keeper *k)
{
	struct timespec now;
	long left;

	if (!k->due.tv_sec)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (k->due.tv_sec - now.tv_sec) * 1000 + (k->due.tv_nsec - now.tv_nsec) / 1000000;
	if (left > 0)
		return (int)left;
	open_control(k);
	return -1;
}

/* The same, while the space is about to end: what it waits for has no descriptor. */
static int until_end(struct keeper *k)
{
	if (!k->warden.count || !(k->ending || k->space->control < 0 || k->space->status < 0))
		return until_control(k);
	warden_reap(&k->warden);
	return REAP_MS;
}

/* A space within another one is told of by the keeper of the outermost. */
static void begin_control(struct keeper *k)
{
	if (k->space->within)
		return;
	k->started = time(NULL);
	clock_gettime(CLOCK_MONOTONIC, &k->due);
	k->due.tv_nsec += CONTROL_MS * 1000000L;
	if (k->due.tv_nsec >= 1000000000L) {
		k->due.tv_nsec -= 1000000000L;
		k->due.tv_sec++;
	}
}

static void take_keyboard(struct keeper *k)
{
	if (!terminal_take_in(k->terminal))
		hang_up(k);
}

static void take_screen(struct keeper *k)
{
	if (!terminal_take_out(k->terminal))
		hang_up(k);
}

static void take_look(struct keeper *k)
{
	terminal_take_clock(k->terminal);
}

static void take_answer(struct keeper *k)
{
	questions_take_output(&k->questions);
}

static void take_question_time(struct keeper *k)
{
	questions_take_clock(&k->questions);
}

static void take_keys(struct keeper *k)
{
	questions_take_keys(&k->questions);
}

/*
 * What is still in the pipes and the socket when the monitor has ended is read to the end. Once it
 * has sent its totals the space is empty, and its own remains need no waiting for; what the space
 * has printed on a terminal of its own does.
 */
static bool is_over(struct keeper *k)
{
	if (!(k->has_status && k->view->complete) &&
	    (!k->ended || k->space->control >= 0 || k->space->fault >= 0 || k->space->status >= 0))
		return false;
	questions_end(&k->questions);
	if (!k->terminal->ending)
		terminal_drain(k->terminal);
	return k->terminal->out.pidfd < 0;
}

static void watch(struct keeper *k)
{
	struct source {
		int fd;
		void (*take)(struct keeper *k);
	};

	begin_control(k);
	while (!is_over(k)) {
		const int wait = until_end(k), *names = k->network->resolver_sockets;
		struct source sources[] = {
		    {k->space->control, take_report},
		    {k->space->fault, take_fault},
		    {k->space->status, take_status},
		    {k->signals, take_signal},
		    {k->clock, take_time},
		    {k->watch, take_tick},
		    {k->terminal->in.pidfd, take_keyboard},
		    {k->terminal->out.pidfd, take_screen},
		    {k->terminal->clock, take_look},
		    {k->space->broker, take_need},
		    {k->space->within ? names[0] : -1, take_name},
		    {k->space->within ? names[1] : -1, take_name},
		    {k->network->lookups, take_lookup},
		    {k->warden.ask, take_ask},
		    {k->warden.reports, take_report_within},
		    {questions_output(&k->questions), take_answer},
		    {questions_clock(&k->questions), take_question_time},
		    {questions_keys(&k->questions), take_keys},
		    {control_fd(k->control), take_request},
		    {k->ended ? -1 : k->space->monitor_pidfd, take_end},
		};
		const size_t count = sizeof(sources) / sizeof(sources[0]);
		struct pollfd pollers[sizeof(sources) / sizeof(sources[0])];

		for (size_t i = 0; i < count; i++)
			pollers[i] = (struct pollfd){.fd = sources[i].fd, .events = POLLIN};
		if (poll(pollers, count, wait) <= 0)
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
	/* What the program's status is once Linux ends it in the monitor's wake says nothing. */
	if (k->has_status && !(k->killed && !k->view->complete))
		return WIFEXITED(k->status) ? WEXITSTATUS(k->status) : 128 + WTERMSIG(k->status);
	cli_say("the monitor ended before the program did; the space was ended with it");
	return CLI_FAILED;
}

int keeper_run(struct run *run, struct host_space *space, struct report_view *view)
{
	struct network *network = &run->network;
	struct cli_limits *limits = &run->limits;
	struct terminal *terminal = &run->terminal;
	struct keeper k = {
	    .space = space,
	    .view = view,
	    .network = network,
	    .limits = limits,
	    .terminal = terminal,
	    .warden = {.run = run, .reports = -1, .ask = space->warden, .outside = true},
	    .ended = space->within,
	    .init = -1,
	    .proc = -1,
	    .clock = -1,
	    .watch = -1};
	sigset_t set;

	questions_init(&k.questions, run, view);
	handled_signals(&set);
	k.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (limits->host.value[HOST_LIMIT_WALL_SECONDS])
		set_timer(&k.clock, (time_t)limits->host.value[HOST_LIMIT_WALL_SECONDS], 0);
	/* A bare space has no /proc that shows it alone. */
	if (host_limits_need_watch(&limits->host) && !space->bare && !space->within)
		set_timer(&k.watch, 0, WATCH_NS);
	watch(&k);
	control_free(k.control);
	terminal_end(terminal);
	cli_limits_finish(limits, k.has_status ? k.status : -1);
	network_end(network);
	if (space->broker >= 0)
		close(space->broker);
	if (space->monitor_pidfd >= 0)
		close(space->monitor_pidfd);
	if (k.warden.ask >= 0)
		close(k.warden.ask);
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
