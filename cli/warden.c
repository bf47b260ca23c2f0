/* Making spaces within spaces. */
#include "cli/warden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fds.h"
#include "cli/living.h"
#include "cli/records.h"
#include "cli/request.h"
#include "cli/view.h"
#include "cordon/nester.h"
#include "host/broker.h"
#include "host/confine.h"
#include "host/gate.h"
#include "host/within.h"
#include "lib/pass.h"
#include "refmon/nest.h"
#include "refmon/plan.h"
#include "refmon/settle.h"

#define ABOVE (REQUEST_FD_MAX + 1) /* descriptors of ours: those below are the program's */

/* ---- a new one ---- */

/* What came with the request, by enum cd_gate_fd; -1: it did not. */
struct given {
	int fd[CD_GATE_FD_COUNT];
};

static _Noreturn void refuse(const struct given *given, int error, const char *why)
{
	struct host_fault fault = {.stage = HOST_STAGE_REQUEST, .error = error};
	ssize_t n;

	snprintf(fault.text, sizeof(fault.text), "%s", why ? why : "");
	n = write(given->fd[CD_GATE_FAULT], &fault, sizeof(fault));
	_exit(n < 0);
}

static int move(int fd)
{
	int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);

	if (fd >= 0 && moved < 0)
		_exit(1);
	return moved;
}

static struct kern_wire move_wire(const struct kern_wire *wire)
{
	struct kern_wire moved = {.socket = fcntl(wire->socket, F_DUPFD_CLOEXEC, ABOVE + 128),
				  .out = fcntl(wire->out, F_DUPFD_CLOEXEC, ABOVE + 128),
				  .in = fcntl(wire->in, F_DUPFD_CLOEXEC, ABOVE + 128)};

	/* The nester waits for all of it, or for nothing. */
	if ((wire->out >= 0) != (moved.out >= 0) || (wire->in >= 0) != (moved.in >= 0))
		kern_wire_close(&moved);
	return moved;
}

/*
 * Of all that the warden holds this keeps what the new space is made of. The numbers below are
 * free then for what its program is to have.
 */
static void keep_own(struct warden *outer, struct given *given, struct host_cgroup *group)
{
	int kept[CD_GATE_FD_COUNT + 1], at = 0;

	for (int i = 0; i < CD_GATE_FD_COUNT; i++)
		kept[at++] = given->fd[i] = move(given->fd[i]);
	outer->init = kept[at++] = move(outer->init);
	host_cgroup_move(group, ABOVE + 128);
	if (outer->run->report >= 0 && outer->run->report < ABOVE + 128)
		outer->run->report = fcntl(outer->run->report, F_DUPFD_CLOEXEC, ABOVE + 128);
	/* Those of the spaces further out are there already. */
	if (outer->run->port.socket >= 0 && outer->run->port.socket < ABOVE + 128)
		outer->run->port = move_wire(&outer->run->port);
	syscall(SYS_close_range, 0, ABOVE - 1, 0);
	for (int fd = ABOVE; fd < ABOVE + 128; fd++) {
		bool ours = false;

		for (int i = 0; i < at; i++)
			ours |= kept[i] == fd;
		if (!ours)
			close(fd);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(given->fd[CD_GATE_IN + i], i) < 0)
			_exit(1);
}

/* The descriptors that --fd names, under their own numbers. */
static bool place_granted(const struct given *given, const struct host_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++) {
		int fd = given->fd[CD_GATE_GRANTED + i];

		if (fd < 0 || cli_fds_flaw(fd) || dup3(fd, fds->fd[i], O_CLOEXEC) < 0)
			return false;
	}
	return true;
}

/* Its own nester's port, and one of each nester of the spaces around. */
static bool take_ports(struct run *run, const struct given *given)
{
	const struct kern_wire wire = {.socket = given->fd[CD_GATE_PORT],
				       .out = given->fd[CD_GATE_PORT_OUT],
				       .in = given->fd[CD_GATE_PORT_IN]};
	size_t depth = 0;

	run->port = KERN_WIRE_NONE;
	if (wire.socket >= 0 && kern_wire_is_sound(&wire))
		run->port = move_wire(&wire);
	for (const struct run *r = run->outer; r; r = r->outer)
		depth++;
	run->outer_ports = calloc(depth + 1, sizeof(run->outer_ports[0]));
	if (!run->outer_ports)
		return false;
	depth = 0;
	/* Where it cannot be had, nothing of what that nester wants to see is let through
	 * (invariant 11). */
	for (const struct run *r = run->outer; r; r = r->outer) {
		struct kern_wire *port = &run->outer_ports[depth++];

		if (!r->port_ops || !kern_wire_announce(&r->port, run->id, port))
			*port = KERN_WIRE_NONE;
	}
	return true;
}

/* The plan of the view, and what of it programs may use without being asked. */
static const char *plan(struct run *run, const struct run *outer)
{
	const uint64_t most = outer->limits.host.value[HOST_LIMIT_TMP_SIZE];

	/* What is private is not more than it may be in the space around. */
	if (most && (!run->policy->limits.tmp_size || run->policy->limits.tmp_size > most))
		run->policy->limits.tmp_size = most;
	run->plan = cli_plan(run->policy, run_hostname(run));
	if (!run->plan || !run_add_terminal(run))
		return "its view cannot be planned";
	run->plan->within = true;
	if (mon_nest_uncovers(run->plan, outer->plan))
		return "a copy on write of its view would show what the space around has covered";
	if (run->policy->audit == POL_AUDIT_DENIED) {
		mon_settled_requests(run->policy->table, &run->requests);
		mon_nest_requests(&run->requests, &outer->requests);
	}
	if (run->policy->audit != POL_AUDIT_DENIED || !outer->native ||
	    !host_can_confine_native() || cli_fds_have_socket(&run->fds) ||
	    mon_grants_outer_socket(run->policy->table, run->plan)) {
		mon_settle_looks(run->policy->table, run->plan, cli_fds_have_socket(&run->fds));
	} else {
		if (mon_settle(run->policy->table, run->plan) != CD_OK ||
		    mon_nest_settle(run->plan, outer->plan) != CD_OK)
			return "out of memory";
		run->native = run->plan->native;
	}
	run->plan->looks &= outer->plan->looks;
	return NULL;
}

/* Whoever asked has opened it. */
static bool open_log(struct run *run, int fd)
{
	if (fd < 0)
		return true;
	run->records = records_adopt(fd, run->limits.host.value[HOST_LIMIT_LOG_SIZE]);
	return run->records && records_begin(run->records, run);
}

static const char *prepare(struct run *run, const struct run *outer, struct given *given)
{
	const char *why;

	if (request_read(run, given->fd[CD_GATE_REQUEST], &why) != CD_OK)
		return why ? why : "out of memory";
	if (!place_granted(given, &run->fds))
		return "a descriptor that it passes on is no file, pipe, socket or device";
	run->outer = outer;
	run->no_sync_wakeup = outer->no_sync_wakeup;
	run->no_thread_pidfds = outer->no_thread_pidfds;
	why = plan(run, outer);
	if (why)
		return why;
	run_leave_to_nester(run);
	if (!take_ports(run, given))
		return "out of memory";
	run->asks = given->fd[CD_GATE_ANSWERS] >= 0;
	run->network = (struct network){.table = run->policy->table,
					.space = run->id,
					.revoked = outer->network.revoked,
					.names_fd = given->fd[CD_GATE_NAMES],
					.answers_fd = given->fd[CD_GATE_ANSWERS],
					.resolver_sockets = {-1, -1},
					.lookups = -1};
	/* Here too: for spaces within, this one's rules hold as well. */
	given->fd[CD_GATE_NAMES] = given->fd[CD_GATE_ANSWERS] = -1;
	network_only_read(&run->network);
	cli_limits_within(&run->limits, &run->policy->limits, given->fd[CD_GATE_LOG] >= 0,
			  &outer->limits);
	return open_log(run, given->fd[CD_GATE_LOG]) ? NULL : "its log cannot be written";
}

/* ---- a warden's life ---- */

/* Its monitor's first word, before anything of the space runs: the pidfd of init. */
static void take_init(struct warden *warden)
{
	size_t count;
	ssize_t n;

	do {
		count = 1;
		n = cd_pass_receive(warden->ask, &warden->network, sizeof(warden->network),
				    &warden->init, &count, 0);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(warden->network) || count != 1)
		_exit(1); /* it has ended, and has said why */
}

static bool nothing(void *context, uint64_t ops, const struct cd_object *object)
{
	(void)context, (void)ops, (void)object;
	return false;
}

/* The broker of the space's own network, started when it is first asked. */
static void start_insider(struct warden *warden)
{
	struct host_broker broker = {.channel = 3, .inside = warden->network, .granted = nothing};

	if (fork() == 0) {
		if (warden->insider != broker.channel &&
		    dup3(warden->insider, broker.channel, O_CLOEXEC) < 0)
			_exit(1);
		syscall(SYS_close_range, 4, ~0U, 0);
		host_broker_run(&broker);
	}
	close(warden->insider);
	warden->insider = -1;
}

/* Until the space has ended, or nobody is there any more for whom it is. */
static _Noreturn void serve(struct warden *warden, int monitor, int asker)
{
	take_init(warden);
	for (;;) {
		struct pollfd pollers[] = {
		    {.fd = monitor, .events = POLLIN},
		    {.fd = asker}, /* that it is closed is told in any case */
		    {.fd = warden->ask, .events = POLLIN},
		    {.fd = warden->insider, .events = POLLIN},
		};

		if (poll(pollers, 4, -1) < 0)
			continue;
		/* The monitor, and all that was made within, end with us: PR_SET_PDEATHSIG. */
		if (pollers[0].revents || pollers[1].revents & (POLLHUP | POLLERR))
			_exit(0);
		if (pollers[2].revents)
			warden_take(warden);
		if (pollers[3].revents)
			start_insider(warden);
	}
}

static void let_go(struct given *given, const struct run *run)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < CD_GATE_FD_COUNT; i++)
		if (given->fd[i] >= 0 && i != CD_GATE_CONTROL)
			close(given->fd[i]);
	for (size_t i = 0; i < run->fds.count; i++)
		close(run->fds.fd[i]);
	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup3(null, fd, O_CLOEXEC) < 0)
			close(fd);
	if (null >= 0)
		close(null);
}

/*
 * What this process was called with holds the user's secrets, and what is forked from it is seen
 * for a moment by the space around: init, before it is a program of its own.
 */
static void forget_arguments(const struct run *run)
{
	while (run->outer)
		run = run->outer;
	for (char **argument = run->arguments; argument && *argument; argument++)
		explicit_bzero(*argument, strlen(*argument));
}

/* The new space's warden, from its first moment on. */
static _Noreturn void begin(struct warden *outer, struct given *given, unsigned number)
{
	struct run *run = calloc(1, sizeof(*run)); /* the outer one is in our memory, too */
	struct host_within within = {.init = -1};
	struct warden own = {.run = run, .init = -1};
	struct host_launch in;
	struct host_space space;
	struct host_fault fault;
	const char *why;
	size_t depth = 0;
	int asker;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The outermost warden is the keeper, who writes what others only read. */
	network_only_read((struct network *)&outer->run->network);
	keep_own(outer, given, outer->run->limits.host.cgroup);
	/* What is forked into the space is in the sight of the one around it, and it is Landlock
	 * that keeps its programs from taking that over. */
	if (host_landlock_abi() < 1)
		refuse(given, ENOSYS, "without Landlock (Linux 5.13) there are none");
	host_forget_environment();
	forget_arguments(outer->run);
	if (!run)
		refuse(given, ENOMEM, NULL);
	if (!living_claim())
		refuse(given, EAGAIN, "there are too many");
	if (host_within_view(outer->init) != CD_OK)
		refuse(given, errno, "its view cannot be entered");
	for (int i = 0; i < 3; i++)
		if (cli_fds_flaw(i))
			close(i);
	cli_fds_check_standard();
	if (snprintf(run->id, sizeof(run->id), "%s.%u", outer->run->id, number) >=
	    (int)sizeof(run->id))
		refuse(given, EMLINK, "it would be too deep");
	why = prepare(run, outer->run, given);
	if (why)
		refuse(given, EINVAL, why);
	living_tell(run);
	/* What host_launch() closes here is kept by the monitor; the asker's end tells us of him.
	 */
	asker = move(given->fd[CD_GATE_CONTROL]);
	run->report = fcntl(asker, F_DUPFD_CLOEXEC, ABOVE + 128);
	within.init = outer->init;
	within.fault = given->fd[CD_GATE_FAULT];
	within.status = given->fd[CD_GATE_STATUS];
	within.control = given->fd[CD_GATE_CONTROL];
	within.broker = given->fd[CD_GATE_BROKER];
	run_describe(run, &in);
	in.within = &within;
	given->fd[CD_GATE_STATUS] = given->fd[CD_GATE_CONTROL] = given->fd[CD_GATE_BROKER] = -1;
	given->fd[CD_GATE_FAULT] = -1;
	if (host_launch(&in, &space, &fault) != CD_OK)
		_exit(1);
	let_go(given, run);
	for (const struct run *r = run->outer; r; r = r->outer)
		kern_wire_close(&run->outer_ports[depth++]);
	own.ask = space.warden;
	own.insider = space.insider;
	serve(&own, space.monitor_pidfd, asker);
}

/* ---- being asked ---- */

/* From where the user is to where the monitors are, by way of a process that ends at once. */
static pid_t fork_inward(struct warden *warden, struct given *given, unsigned number)
{
	int report[2];
	pid_t between, child = -1;

	if (pipe2(report, O_CLOEXEC))
		return -1;
	between = host_cgroup_fork(warden->run->limits.host.cgroup, HOST_CGROUP_OWN, 0, NULL);
	if (between == 0) {
		/* By yet another one: who asked may not be reading, and we are waited for. */
		if (host_within_join(warden->init) != CD_OK) {
			const int error = errno;

			if (fork() == 0)
				refuse(given, error, "its namespaces cannot be entered");
			_exit(1);
		}
		child = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);
		if (child == 0)
			begin(warden, given, number);
		_exit(write(report[1], &child, sizeof(child)) != sizeof(child));
	}
	close(report[1]);
	if (read(report[0], &child, sizeof(child)) != sizeof(child))
		child = -1;
	close(report[0]);
	while (between > 0 && waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
	return child;
}

void warden_reap(struct warden *warden)
{
	for (size_t i = 0; i < warden->count;) {
		if (waitpid(warden->children[i], NULL, WNOHANG) != 0)
			warden->children[i] = warden->children[--warden->count];
		else
			i++;
	}
}

/* The keeper's own socket is its monitor's alone: that it is closed says that the monitor has
 * ended. */
static void open_reports(struct warden *warden)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return;
	warden->reports = ends[0];
	warden->run->report = ends[1];
}

static void create(struct warden *warden, struct given *given)
{
	unsigned number;
	pid_t child;

	warden_reap(warden);
	if (warden->outside && warden->run->report < 0)
		open_reports(warden);
	if (!living_begin() || warden->init < 0 || warden->count == CD_SPACES_MAX)
		return;
	number = ++warden->ever;
	if (warden->outside) {
		child = fork_inward(warden, given, number);
	} else {
		child = fork();
		if (child == 0)
			begin(warden, given, number);
	}
	if (child > 0)
		warden->children[warden->count++] = child;
}

/* By place; what does not fit what was said is closed. False: it is not what it should be. */
static bool sort(const int *fds, size_t count, const struct host_gate_ask *ask, struct given *given)
{
	int i = 0;

	for (int j = 0; j < CD_GATE_FD_COUNT; j++)
		given->fd[j] = -1;
	for (size_t at = 0; at < count; at++) {
		while (i < CD_GATE_FD_COUNT && !(ask->held & 1u << i))
			i++;
		if (i < CD_GATE_FD_COUNT)
			given->fd[i++] = fds[at];
		else
			close(fds[at]);
	}
	for (i = 0; i < CD_GATE_PORT; i++)
		if (given->fd[i] < 0)
			return false;
	return true;
}

void warden_take(struct warden *warden)
{
	struct host_gate_ask ask = {0};
	int fds[CD_GATE_FD_COUNT];
	size_t count = CD_GATE_FD_COUNT;
	ssize_t n = cd_pass_receive(warden->ask, &ask, sizeof(ask), fds, &count, MSG_DONTWAIT);
	struct given given;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(warden->ask);
		warden->ask = -1;
		return;
	}
	if (sort(fds, count, &ask, &given) && n == sizeof(ask))
		create(warden, &given);
	for (int i = 0; i < CD_GATE_FD_COUNT; i++)
		if (given.fd[i] >= 0)
			close(given.fd[i]);
}
