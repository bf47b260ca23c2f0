/* The namespaces of a space, made beside the caller. */
#include "host/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/arch/x86_64/raw.h"

#define RAW(nr, ...) RAW_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_(nr, a, b, c, d, e, f, ...)                                                            \
	host_raw(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c),                   \
		 (unsigned long)(d), (unsigned long)(e), (unsigned long)(f))

enum step { MAKING, MADE, FORK, FORKED, FAILED };

/* Both processes have this memory. Each step is taken by one of them, and waited for by the other.
 */
static struct {
	uint32_t step; /* enum step; a futex */
	pid_t caller, maker;
	char uid_map[64], gid_map[64];
	struct host_namespaces_fault fault;
	void (*run)(void *context);
	void *context;
	pid_t child;
	int pidfd;
} shared;

/* The maker's; the child goes on with a copy of it. */
static char stack[512 * 1024] __attribute__((aligned(16)));
static char network_stack[16 * 1024] __attribute__((aligned(16)));

static void take_step(enum step step)
{
	__atomic_store_n(&shared.step, step, __ATOMIC_SEQ_CST);
	RAW(SYS_futex, &shared.step, FUTEX_WAKE_PRIVATE, 1);
}

static enum step get_step(void)
{
	return __atomic_load_n(&shared.step, __ATOMIC_SEQ_CST);
}

/* ---- the maker: no call of libc's that keeps anything anywhere, errno included ---- */

static _Noreturn void fail(long error, bool in_identity)
{
	shared.fault = (struct host_namespaces_fault){(int)-error, in_identity};
	take_step(FAILED);
	for (;;)
		RAW(SYS_exit, 125);
}

static long write_file(const char *path, const char *text)
{
	long fd = RAW(SYS_open, path, O_WRONLY | O_CLOEXEC), n;

	if (fd < 0)
		return fd;
	n = RAW(SYS_write, fd, text, strlen(text));
	RAW(SYS_close, fd);
	return n < 0 ? n : 0;
}

/* This user alone, under the same number. */
static void map_identity(void)
{
	long error = write_file("/proc/self/setgroups", "deny");

	if (error && error != -ENOENT)
		fail(error, true);
	error = write_file("/proc/self/gid_map", shared.gid_map);
	if (!error)
		error = write_file("/proc/self/uid_map", shared.uid_map);
	if (error)
		fail(error, true);
}

static int make(void *unused)
{
	static const uint64_t all = UINT64_MAX;
	long error;

	(void)unused;
	/* What the terminal sends is for the caller. */
	RAW(SYS_rt_sigprocmask, SIG_BLOCK, &all, 0, sizeof(all));
	error = RAW(SYS_unshare,
		    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP);
	if (error)
		fail(error, false);
	/* Nobody needs this process when nobody is left who would. */
	RAW(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (RAW(SYS_getppid, 0) != shared.caller)
		RAW(SYS_exit_group, 125);
	map_identity();
	while (get_step() == MAKING)
		RAW(SYS_futex, &shared.step, FUTEX_WAIT_PRIVATE, MAKING, 0);
	error =
	    RAW(SYS_clone, CLONE_NEWPID | CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0, &shared.pidfd);
	if (error == 0) {
		shared.run(shared.context);
		for (;;)
			RAW(SYS_exit_group, 125);
	}
	if (error < 0)
		fail(error, false);
	shared.child = (pid_t)error;
	take_step(FORKED);
	return 0;
}

/* ---- the caller ---- */

/* The maker ends when it has failed or forked, and might be killed before. */
static enum step await_step(enum step now)
{
	const struct timespec while_waiting = {.tv_nsec = 100000000};
	enum step step;

	while ((step = get_step()) == now) {
		RAW(SYS_futex, &shared.step, FUTEX_WAIT_PRIVATE, now, &while_waiting);
		if (get_step() == now && waitpid(shared.maker, NULL, WNOHANG) == shared.maker) {
			shared.maker = -1;
			if (get_step() != now)
				continue;
			shared.fault.error = ECHILD;
			return FAILED;
		}
	}
	return step;
}

void host_namespaces_begin(void)
{
	if (shared.maker)
		return;
	snprintf(shared.uid_map, sizeof(shared.uid_map), "%u %u 1", geteuid(), geteuid());
	snprintf(shared.gid_map, sizeof(shared.gid_map), "%u %u 1", getegid(), getegid());
	shared.step = MAKING;
	shared.caller = getpid();
	/* A user's supplementary groups are authority; only root can let go of them. */
	if (geteuid() == 0 && syscall(SYS_setgroups, 0, NULL) && errno != EPERM) {
		shared.fault.error = errno;
		shared.step = FAILED;
		return;
	}
	shared.maker = clone(make, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
	if (shared.maker < 0) {
		shared.fault.error = errno;
		shared.step = FAILED;
	}
}

pid_t host_namespaces_fork(void (*run)(void *context), void *context, int *pidfd,
			   struct host_namespaces_fault *fault)
{
	uint32_t making = MAKING;
	enum step step;

	host_namespaces_begin();
	shared.run = run;
	shared.context = context;
	/* Unless it has failed before. */
	if (shared.maker > 0)
		__atomic_compare_exchange_n(&shared.step, &making, FORK, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
	RAW(SYS_futex, &shared.step, FUTEX_WAKE_PRIVATE, 1);
	step = await_step(FORK);
	while (shared.maker > 0 && waitpid(shared.maker, NULL, 0) < 0 && errno == EINTR)
		;
	*fault = shared.fault;
	*pidfd = shared.pidfd;
	return step == FORKED ? shared.child : -1;
}

/* ---- the network ---- */

static struct {
	pid_t maker;
	int error; /* errno; 0: it is made */
	int proc, fd;
} network;

/* That it might fail is no loss of safety. */
static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	long fd = RAW(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	RAW(SYS_ioctl, fd, SIOCSIFFLAGS, &request);
	RAW(SYS_close, fd);
}

static int make_network(void *unused)
{
	long result = RAW(SYS_unshare, CLONE_NEWNET);

	(void)unused;
	if (result == 0) {
		raise_loopback();
		result = RAW(SYS_openat, network.proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	}
	if (result < 0)
		network.error = (int)-result;
	else
		network.fd = (int)result;
	return 0;
}

void host_network_begin(int proc)
{
	network.proc = proc;
	network.fd = -1;
	network.maker = clone(make_network, network_stack + sizeof(network_stack),
			      CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
	if (network.maker < 0)
		network.error = errno;
}

int host_network_enter(void)
{
	int result;

	while (network.maker > 0 && waitpid(network.maker, NULL, 0) < 0 && errno == EINTR)
		;
	/* It ended without a word. */
	if (network.fd < 0 && !network.error)
		network.error = ECHILD;
	if (network.error) {
		errno = network.error;
		return -1;
	}
	result = setns(network.fd, CLONE_NEWNET);
	close(network.fd);
	return result;
}
