/*
 * cordon-init: the first process of a space.
 *
 * It adopts and reaps every orphan, forwards signals to the main program, passes its status on and
 * exits last: with it, Linux ends every process of the space (invariant 9). It reads nothing from
 * the space but exit statuses, and confines itself to the few system calls that it needs.
 *
 * In a space without namespaces it is no first process. It adopts and reaps all the same, and at
 * the end it kills by itself what Linux would have killed.
 */
#include "kernel/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/arch/x86_64/numbers.h"
#include "lib/children.h"

static int proc = -1; /* in a space without namespaces: the machine's /proc */

static void confine(void)
{
#define KILL	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_CALL                                                                                  \
	LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KERN_AUDIT_ARCH, 1, 0), KILL, LOAD(nr)
#define ALLOW(nr)                                                                                  \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	/* Linux runs it for every number of each architecture when it is installed: most are to end
	 * soon. */
	static struct sock_filter usual[] = {
	    LOAD_CALL,
	    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_kill, 2 * 4 + 1, 0),
	    ALLOW(SYS_read),
	    ALLOW(SYS_write),
	    ALLOW(SYS_wait4),
	    ALLOW(SYS_kill),
	    KILL,
	    ALLOW(SYS_rt_sigtimedwait),
	    ALLOW(SYS_exit_group),
	    KILL,
	};
	/* In a space without namespaces, to find its children. */
	static struct sock_filter bare[] = {
	    LOAD_CALL,
	    ALLOW(SYS_rt_sigtimedwait),
	    ALLOW(SYS_wait4),
	    ALLOW(SYS_kill),
	    ALLOW(SYS_read),
	    ALLOW(SYS_write),
	    ALLOW(SYS_exit_group),
	    ALLOW(SYS_openat),
	    ALLOW(SYS_open),
	    ALLOW(SYS_getdents64),
	    ALLOW(SYS_lseek),
	    ALLOW(SYS_close),
	    ALLOW(SYS_getpid),
	    KILL,
	};
#undef ALLOW
#undef LOAD_CALL
#undef LOAD
#undef KILL
	const struct sock_fprog program =
	    proc < 0 ? (struct sock_fprog){sizeof(usual) / sizeof(usual[0]), usual}
		     : (struct sock_fprog){sizeof(bare) / sizeof(bare[0]), bare};

	prctl(PR_SET_NAME, "cordon-init"); /* it was started from memory */
	/* From here on no process of the space can trace this one, and so none runs earlier. */
	prctl(PR_SET_DUMPABLE, 0);
	close(KERN_INIT_READY_FD);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(125);
}

static int32_t read_main(void)
{
	int32_t pid = 0;

	/* A pipe delivers four bytes at once; anything else means that the launch failed. */
	while (read(KERN_INIT_MAIN_FD, &pid, sizeof(pid)) < 0 && errno == EINTR)
		;
	return pid;
}

static void report(int status)
{
	int32_t word = status;

	if (proc >= 0 && !WIFSTOPPED(status)) {
		close(KERN_INIT_MAIN_FD);
		cd_children_end(proc);
	}
	while (write(KERN_INIT_STATUS_FD, &word, sizeof(word)) < 0 && errno == EINTR)
		;
	if (WIFSTOPPED(status))
		return;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void reap(pid_t main_pid)
{
	int status;
	pid_t pid;

	/* Who asks to be traced by us stops, too: we do not trace. */
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0)
		if (pid == main_pid)
			report(status);
}

static void forward(const siginfo_t *info, pid_t main_pid)
{
	/* Everybody, or the main program's group where that would be the whole machine. */
	const pid_t all = proc < 0 ? -1 : -main_pid;
	int to = info->si_code == SI_QUEUE ? info->si_value.sival_int : 0;

	if (to == KERN_INIT_TO_JOB) {
		kill(-main_pid, info->si_signo);
		return;
	}
	switch (info->si_signo) {
	case SIGTSTP: /* the main program's group is an orphaned one, which SIGTSTP would not stop
		       */
		kill(all, SIGSTOP);
		break;
	case SIGCONT: kill(all, SIGCONT); break;
	default:
		if (to == KERN_INIT_TO_GROUP)
			kill(-main_pid, info->si_signo);
		else
			kill(main_pid, info->si_signo);
	}
}

/* What the monitor's own pid namespace would see to. */
static void prepare_bare(void)
{
	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) ||
	    prctl(PR_SET_PDEATHSIG, KERN_INIT_MONITOR_DIED))
		_exit(125);
}

int main(int argc, char **argv)
{
	sigset_t all;
	pid_t main_pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (argc > 1 && strcmp(argv[1], KERN_INIT_BARE) == 0)
		prepare_bare();
	confine();
	main_pid = read_main();
	if (main_pid <= 0) {
		if (proc >= 0)
			cd_children_end(proc);
		_exit(125);
	}
	reap(main_pid);
	for (;;) {
		siginfo_t info;

		if (sigwaitinfo(&all, &info) < 0)
			continue;
		if (info.si_signo == SIGCHLD)
			reap(main_pid);
		else if (proc >= 0 && info.si_signo == KERN_INIT_MONITOR_DIED)
			report(SIGKILL);
		else
			forward(&info, main_pid);
	}
}
