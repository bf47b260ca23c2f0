#include "tests/kernel/support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/filter.h"

#define PATIENCE_MS 20000

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(memory, MAP_FAILED);
	return memory;
}

int wait_bounded(pid_t pid)
{
	int64_t end = now_ms() + PATIENCE_MS;
	int status;

	while (now_ms() < end) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(2000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

int sleeper(pid_t *pid)
{
	int pidfd;

	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	pidfd = (int)syscall(SYS_pidfd_open, *pid, 0);
	cr_assert_geq(pidfd, 0);
	return pidfd;
}

static int run_trapped(const struct sock_fprog *program, int ready, int (*body)(void *context),
		       void *context)
{
	int listener;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 120;
	listener = (int)syscall(
	    SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
	if (listener < 0)
		listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
					SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
	if (write(ready, &listener, sizeof(listener)) != sizeof(listener))
		return 121;
	/* Until the other side has taken it: it says so by closing its end. */
	if (listener < 0 || read(ready, &listener, sizeof(listener)) != 0)
		return 122;
	return body(context);
}

struct trapped trapped_start(struct kern_space *parent, int (*body)(void *context), void *context)
{
	static struct sock_filter code[KERN_FILTER_MAX];
	struct trapped t = {
	    .space = kern_space_new(parent, open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC))};
	struct sock_fprog program = {.filter = code};
	int number = -1, ends[2], pidfd, listener;
	size_t len;

	cr_assert_not_null(t.space);
	cr_assert_eq(kern_filter_build(0, false, NULL, code, &len), CD_OK);
	program.len = (unsigned short)len;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	t.pid = fork();
	if (t.pid == 0) {
		close(ends[0]);
		_exit(run_trapped(&program, ends[1], body, context));
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &number, sizeof(number)), (ssize_t)sizeof(number));
	cr_assert_geq(number, 0, "no listener");
	pidfd = (int)syscall(SYS_pidfd_open, t.pid, 0);
	listener = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	cr_assert_geq(listener, 0, "pidfd_getfd: errno %d", errno);
	cr_assert_eq(kern_space_start_take(t.space, pidfd, listener), CD_OK);
	close(ends[0]);
	return t;
}

int trapped_wait(const struct trapped *trapped)
{
	int status = wait_bounded(trapped->pid);

	cr_assert_neq(status, -1, "it did not end");
	return status;
}

void trapped_free(struct trapped *trapped)
{
	close(trapped->space->proc);
	kern_space_free(trapped->space);
}
