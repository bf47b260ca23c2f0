/* O_ASYNC, its signal and leases: on what may have them, and on what may not. */
#include "host/fcntl.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "tests/kernel/support.h"

TestSuite(fcntl, .timeout = 30);

/* Runs body behind a filter, served, with descriptors that it finds as it left them. */
static int serve(int (*body)(void *context), void *context)
{
	struct trapped trapped = trapped_start(NULL, body, context);
	struct kern_border *border = kern_border_new(trapped.space, &host_linux, NULL);
	int status;

	cr_assert_not_null(border);
	cr_assert_eq(host_setup(trapped.space->proc, &(struct host_channels){-1, -1, -1}, 0),
		     CD_OK);
	cr_expect_eq(kern_border_serve(border), CD_OK);
	status = trapped_wait(&trapped);
	kern_border_free(border);
	trapped_free(&trapped);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static long call(long nr, long a, long b, long c)
{
	long result = syscall(nr, a, b, c, 0, 0, 0);

	return result < 0 ? -errno : result;
}

struct ends {
	int mine, other, path;
};

static struct ends terminal(void)
{
	struct ends t = {.other = posix_openpt(O_RDWR | O_NOCTTY)};

	cr_assert_geq(t.other, 0);
	cr_assert_eq(grantpt(t.other) | unlockpt(t.other), 0);
	t.mine = open(ptsname(t.other), O_RDWR | O_NOCTTY);
	cr_assert_geq(t.mine, 0);
	return t;
}

static int ask_of_a_terminal(void *context)
{
	const struct ends *t = context;
	int on = 1;

	return call(SYS_fcntl, t->mine, F_SETFL, O_ASYNC) != -EPERM	 ? 1
	       : call(SYS_ioctl, t->mine, FIOASYNC, (long)&on) != -EPERM ? 2
	       : call(SYS_fcntl, t->mine, F_SETSIG, SIGKILL) != -EPERM	 ? 3
									 : 0;
}

Test(fcntl, a_terminal_signals_nobody)
{
	struct ends t = terminal();

	/* Natively all of it succeeds, or there is nothing to hold. */
	cr_expect_eq(fcntl(t.mine, F_SETFL, O_ASYNC), 0);
	cr_expect_eq(fcntl(t.mine, F_SETFL, 0), 0);
	cr_expect_eq(fcntl(t.mine, F_SETSIG, 0), 0);
	cr_expect_eq(serve(ask_of_a_terminal, &t), 0);
	cr_expect_eq(fcntl(t.mine, F_GETFL) & O_ASYNC, 0);
}

static volatile sig_atomic_t heard;

static void hear(int signal)
{
	heard = signal;
}

static int ask_of_a_socket(void *context)
{
	const struct ends *s = context;
	struct sigaction action = {.sa_handler = hear};
	int on = 1;

	sigaction(SIGUSR2, &action, NULL);
	if (call(SYS_fcntl, s->mine, F_SETOWN, getpid()) ||
	    call(SYS_fcntl, s->mine, F_SETSIG, SIGUSR2) ||
	    call(SYS_ioctl, s->mine, FIOASYNC, (long)&on))
		return 1;
	if (write(s->other, "x", 1) != 1)
		return 2;
	for (int i = 0; i < 1000 && !heard; i++)
		usleep(1000);
	return heard == SIGUSR2 ? 0 : 3;
}

Test(fcntl, a_socket_signals_whom_its_process_names)
{
	int ends[2];
	struct ends s;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	s = (struct ends){ends[0], ends[1], -1};
	cr_expect_eq(serve(ask_of_a_socket, &s), 0);
}

static int ask_of_a_directory(void *context)
{
	const struct ends *d = context;
	struct sigaction action = {.sa_handler = hear};

	sigaction(SIGUSR2, &action, NULL);
	if (call(SYS_fcntl, d->mine, F_SETSIG, SIGUSR2) ||
	    call(SYS_fcntl, d->mine, F_NOTIFY, DN_CREATE | DN_MULTISHOT))
		return 1;
	if (call(SYS_mkdirat, d->mine, (long)"made", 0700))
		return 2;
	for (int i = 0; i < 1000 && !heard; i++)
		usleep(1000);
	/* What is no directory, or only a path, is watched by nobody. */
	return heard != SIGUSR2						    ? 3
	       : call(SYS_fcntl, d->other, F_NOTIFY, DN_CREATE) != -ENOTDIR ? 4
	       : call(SYS_fcntl, d->path, F_NOTIFY, DN_CREATE) != -EBADF
		   ? 5
		   : call(SYS_fcntl, d->mine, F_NOTIFY, 0);
}

Test(fcntl, a_directory_tells_who_holds_it_of_changes)
{
	char dir[] = "/tmp/cordon-watch-XXXXXX", made[64];
	struct ends d;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(made, sizeof(made), "%s/made", dir);
	d = (struct ends){open(dir, O_RDONLY), open("/dev/null", O_RDONLY), open(dir, O_PATH)};
	cr_expect_eq(serve(ask_of_a_directory, &d), 0);
	rmdir(made);
	rmdir(dir);
}

static int ask_of_a_file(void *context)
{
	const struct ends *f = context;

	if (call(SYS_fcntl, f->mine, F_SETFL, O_ASYNC) != -EPERM)
		return 1;
	if (call(SYS_fcntl, f->mine, F_SETLEASE, F_RDLCK))
		return 2;
	if (call(SYS_fcntl, f->mine, F_GETLEASE, 0) != F_RDLCK)
		return 3;
	return call(SYS_fcntl, f->mine, F_SETLEASE, F_UNLCK) ? 4 : 0;
}

Test(fcntl, a_file_that_may_be_written_can_be_leased)
{
	char path[] = "/tmp/cordon-lease-XXXXXX";
	int made = mkstemp(path);
	struct ends f = {open(path, O_RDONLY), -1, -1};

	close(made);
	cr_assert_geq(f.mine, 0);
	cr_expect_eq(serve(ask_of_a_file, &f), 0);
	unlink(path);
}
