/*
 * sandboxed WAY: what programs do to confine themselves, by filters that do not forgive a call that
 * the program itself does not make. Prints what each step came to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD(at)	  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, at))
#define GIVE(verdict)	  BPF_STMT(BPF_RET | BPF_K, verdict)
#define CALL(nr, verdict) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), GIVE(verdict)

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
	fflush(stdout);
}

static long install(struct sock_filter *code, size_t count, unsigned flags)
{
	struct sock_fprog program = {(unsigned short)count, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return flags == ~0u ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
			    : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
#define INSTALL(flags, ...)                                                                        \
	({                                                                                         \
		struct sock_filter code[] = {LOAD(nr), __VA_ARGS__};                               \
		install(code, sizeof(code) / sizeof(code[0]), flags);                              \
	})

/* What libc itself needs, and the calls that are tried below. The rest kills. */
#define OF_LIBC                                                                                    \
	CALL(SYS_read, SECCOMP_RET_ALLOW), CALL(SYS_write, SECCOMP_RET_ALLOW),                     \
	    CALL(SYS_close, SECCOMP_RET_ALLOW), CALL(SYS_fstat, SECCOMP_RET_ALLOW),                \
	    CALL(SYS_newfstatat, SECCOMP_RET_ALLOW), CALL(SYS_exit_group, SECCOMP_RET_ALLOW),      \
	    CALL(SYS_exit, SECCOMP_RET_ALLOW), CALL(SYS_brk, SECCOMP_RET_ALLOW),                   \
	    CALL(SYS_mmap, SECCOMP_RET_ALLOW), CALL(SYS_munmap, SECCOMP_RET_ALLOW),                \
	    CALL(SYS_mprotect, SECCOMP_RET_ALLOW), CALL(SYS_getrandom, SECCOMP_RET_ALLOW),         \
	    CALL(SYS_rt_sigprocmask, SECCOMP_RET_ALLOW)
#define OF_START                                                                                   \
	CALL(SYS_execve, SECCOMP_RET_ALLOW), CALL(SYS_access, SECCOMP_RET_ALLOW),                  \
	    CALL(SYS_pread64, SECCOMP_RET_ALLOW), CALL(SYS_arch_prctl, SECCOMP_RET_ALLOW),         \
	    CALL(SYS_set_tid_address, SECCOMP_RET_ALLOW),                                          \
	    CALL(SYS_set_robust_list, SECCOMP_RET_ALLOW), CALL(SYS_rseq, SECCOMP_RET_ALLOW),       \
	    CALL(SYS_prlimit64, SECCOMP_RET_ALLOW), CALL(SYS_futex, SECCOMP_RET_ALLOW)

static void look(void)
{
	struct stat st;

	say("a file", open("/etc/passwd", O_RDONLY));
	say("a name that is not there", open("/usr/none", O_RDONLY));
	say("a relative one", open("none", O_RDONLY));
	say("looked at", stat("/usr/none/none", &st));
	say("a link", open("link", O_RDONLY));
}

/* Like file(1) and like the filters of libseccomp: what is not named kills. */
static void strict(unsigned flags)
{
	say("filter", INSTALL(flags, OF_LIBC, CALL(SYS_openat, SECCOMP_RET_ALLOW),
			      GIVE(SECCOMP_RET_KILL_PROCESS)));
	look();
}

/* Each open as the program makes it, flags and all, or death. */
static void exact(void)
{
	say("filter", INSTALL(~0u, OF_LIBC, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
			      GIVE(SECCOMP_RET_KILL_PROCESS), LOAD(args[2]),
			      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, O_RDONLY, 1, 0),
			      GIVE(SECCOMP_RET_KILL_PROCESS), GIVE(SECCOMP_RET_ALLOW)));
	look();
}

/* Like OpenSSH's: opening is an error, and the rest death. */
static void refusing(void)
{
	struct rlimit none = {0, 0};

	say("limits", setrlimit(RLIMIT_NPROC, &none) | setrlimit(RLIMIT_NOFILE, &none));
	say("filter",
	    INSTALL(~0u, OF_LIBC, CALL(SYS_openat, SECCOMP_RET_ERRNO | EACCES),
		    CALL(SYS_stat, SECCOMP_RET_ERRNO | EACCES), GIVE(SECCOMP_RET_KILL_PROCESS)));
	look();
}

static int trapped;
static void on_trap(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	trapped += info->si_syscall == SYS_openat;
}
/* Like Chromium's: a handler answers, once for each call. */
static void handled(void)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	sigaction(SIGSYS, &action, NULL);
	INSTALL(0, CALL(SYS_openat, SECCOMP_RET_TRAP), GIVE(SECCOMP_RET_ALLOW));
	open("/etc/passwd", O_RDONLY);
	open("/usr/none", O_RDONLY);
	printf("trapped %d times\n", trapped);
}

/* A filter stays when another program is started. */
static void passed_on(char *self)
{
	say("filter", INSTALL(~0u, OF_LIBC, OF_START, CALL(SYS_openat, SECCOMP_RET_ALLOW),
			      GIVE(SECCOMP_RET_KILL_PROCESS)));
	execl(self, self, "look", NULL);
	say("exec", -1);
}

static void *idle(void *unused)
{
	(void)unused;
	for (;;)
		stat("/usr/none", &(struct stat){0});
}
/* Over threads that are at it. */
static void threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, idle, NULL);
	usleep(20000);
	say("filter",
	    INSTALL(SECCOMP_FILTER_FLAG_TSYNC, OF_LIBC, OF_START,
		    CALL(SYS_openat, SECCOMP_RET_ALLOW),
		    CALL(SYS_clock_nanosleep, SECCOMP_RET_ALLOW),
		    CALL(SYS_madvise, SECCOMP_RET_ALLOW), GIVE(SECCOMP_RET_KILL_PROCESS)));
	usleep(20000);
	look();
	exit(0);
}

static void only_asked(void)
{
	unsigned action = SECCOMP_RET_KILL_PROCESS;

	say("filters", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL));
	say("actions", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
	say("for all threads",
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, NULL));
	look();
}

/* The checks of sandboxes that want namespaces, and of those that want Landlock: clear errors. */
static void namespaces(void)
{
	pid_t pid;

	say("user namespace", unshare(CLONE_NEWUSER));
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | SIGCHLD, 0, 0,
			     0, 0);
	if (pid == 0)
		_exit(0);
	say("child in namespaces", pid);
	say("chroot", chroot("/usr"));
	say("uid map", open("/proc/self/uid_map", O_WRONLY));
}
static void landlock(void)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};

	say("version",
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION));
	say("ruleset", syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0));
	say("restrict", syscall(SYS_landlock_restrict_self, -1, 0));
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (!strcmp(way, "look"))
		look();
	else if (!strcmp(way, "strict"))
		strict(~0u);
	else if (!strcmp(way, "seccomp"))
		strict(0);
	else if (!strcmp(way, "exact"))
		exact();
	else if (!strcmp(way, "refusing"))
		refusing();
	else if (!strcmp(way, "handled"))
		handled();
	else if (!strcmp(way, "passed"))
		passed_on(argv[0]);
	else if (!strcmp(way, "threads"))
		threads();
	else if (!strcmp(way, "asked"))
		only_asked();
	else if (!strcmp(way, "namespaces"))
		namespaces();
	else if (!strcmp(way, "landlock"))
		landlock();
	else
		return 2;
	return 0;
}
