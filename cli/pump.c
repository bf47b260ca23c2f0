/* A pump. */
#include "cli/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/confine.h"

enum { FROM = 0, TO = 1 };

static void write_all(const unsigned char *bytes, size_t len)
{
	struct pollfd poller = {.fd = TO, .events = POLLOUT};

	while (len) {
		ssize_t n = write(TO, bytes, len);

		/* Somebody may have made the user's terminal one that does not wait. */
		if (n < 0 && errno == EAGAIN)
			poll(&poller, 1, -1);
		else if (n < 0 && errno != EINTR)
			_exit(1);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
}

static _Noreturn void copy(bool *holding, unsigned char at_end)
{
	static unsigned char bytes[65536];
	struct pollfd poller = {.fd = FROM, .events = POLLIN};
	unsigned char last = '\n';
	ssize_t n;

	do {
		__atomic_store_n(holding, false, __ATOMIC_SEQ_CST);
		poll(&poller, 1, -1);
		__atomic_store_n(holding, true, __ATOMIC_SEQ_CST);
		n = read(FROM, bytes, sizeof(bytes));
		if (n > 0) {
			write_all(bytes, (size_t)n);
			last = bytes[n - 1];
		}
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	/* In the middle of a line the first one ends that. */
	if (at_end && last != '\n')
		write_all(&at_end, 1);
	if (at_end)
		write_all(&at_end, 1);
	_exit(0);
}

static _Noreturn void run(int from, int to, bool *holding, unsigned char at_end)
{
	static const int calls[] = {SYS_read, SYS_write, SYS_poll, SYS_exit_group,
				    SYS_restart_syscall};
	int above_from = fcntl(from, F_DUPFD, 10), above_to = fcntl(to, F_DUPFD, 10);
	sigset_t all;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "cordon-pump");
	sigfillset(&all);
	sigdelset(&all, SIGTTOU);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (dup2(above_from, FROM) < 0 || dup2(above_to, TO) < 0 ||
	    syscall(SYS_close_range, TO + 1, ~0U, 0) ||
	    host_confine_service(calls, sizeof(calls) / sizeof(calls[0]), false) != CD_OK)
		_exit(1);
	copy(holding, at_end);
}

enum cd_status pump_start(struct pump *pump, int from, int to, unsigned char at_end)
{
	pump->pidfd = -1;
	if (!pump->holding) {
		pump->holding = mmap(NULL, sizeof(bool), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (pump->holding == MAP_FAILED) {
			pump->holding = NULL;
			return CD_ESYS;
		}
	}
	pump->pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pump->pidfd, NULL, 0);
	if (pump->pid == 0)
		run(from, to, pump->holding, at_end);
	return pump->pid < 0 ? CD_ESYS : CD_OK;
}

bool pump_is_empty(const struct pump *pump)
{
	return pump->pidfd < 0 || !__atomic_load_n(pump->holding, __ATOMIC_SEQ_CST);
}

void pump_pause(const struct pump *pump, bool pause)
{
	if (pump->pidfd >= 0)
		kill(pump->pid, pause ? SIGSTOP : SIGCONT);
}

void pump_stop(struct pump *pump)
{
	if (pump->pidfd < 0)
		return;
	kill(pump->pid, SIGKILL);
	while (waitpid(pump->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(pump->pidfd);
	pump->pidfd = -1;
}
