/* trace WAY: what a process does to another one of its own, by each of the calls that there are;
 * prints what came of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long word = 42;

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		word = 7;
		for (;;)
			pause();
	}
	usleep(50000);
	return pid;
}

int main(void)
{
	pid_t pid = child(), traced;
	long value = 0;
	struct iovec local = {&value, sizeof(value)}, remote = {(void *)&word, sizeof(value)};
	int status, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	say("read", process_vm_readv(pid, &local, 1, &remote, 1, 0));
	printf("%ld\n", value);
	value = 8;
	say("write", process_vm_writev(pid, &local, 1, &remote, 1, 0));
	say("descriptor", syscall(SYS_pidfd_getfd, pidfd, 1, 0));
	say("compare", syscall(SYS_kcmp, getpid(), pid, 1 /* KCMP_VM */, 0, 0));
	say("attach", ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	if (waitpid(pid, &status, WNOHANG | __WALL) == 0 && errno != EPERM)
		waitpid(pid, &status, __WALL);
	errno = 0;
	say("peek", (value = ptrace(PTRACE_PEEKDATA, pid, &word, NULL)) == -1 && errno ? -1 : 0);
	printf("%ld\n", value);
	say("options",
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL)));
	say("detach", ptrace(PTRACE_DETACH, pid, NULL, NULL));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* Whose parent does not know of it. */
	traced = fork();
	if (traced == 0) {
		say("be traced", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		fflush(stdout);
		_exit(0);
	}
	waitpid(traced, NULL, 0);
	return 0;
}
