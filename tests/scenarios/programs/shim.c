/* What programs do to the calls that the shim makes for them: one per argument, each prints what it
 * saw. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define SHIM ((void *)0x7ecd00000000)

extern char **environ;

/* ---- every call that the shim makes, with names of each kind: what it answers ---- */

static void say(const char *call, const char *name, long result)
{
	/* A descriptor's number is the same natively, or else something was left open. */
	printf("%s %.40s: %ld %s\n", call, name ? name : "NULL", result,
	       result < 0 ? strerror(errno) : "");
}

static int calls(void)
{
	static char longest[5000], component[300];
	const char *const names[] = {"a/one",
				     "a/none",
				     "none/one",
				     "a/one/x",
				     "a/link",
				     "a/dangling",
				     "linkdir/numbers",
				     "linkdir/",
				     "",
				     ".",
				     "..",
				     "a/fifo",
				     "loop",
				     "/usr",
				     "/usr/bin/env",
				     "/usr/none",
				     "/usr/none/none",
				     "/usr/../usr/none",
				     "/usr/bin/../none",
				     "/usr/bin/env/x",
				     "/none/none",
				     "/proc/self/cwd/a/one",
				     "/proc/self/none",
				     "/dev/null",
				     "/dev/none",
				     "/etc/passwd/",
				     "//usr//none",
				     "/usr/./none",
				     component,
				     longest,
				     NULL,
				     (char *)16};

	memset(longest, 'x', sizeof(longest) - 1);
	memset(component, 'y', sizeof(component) - 1);
	for (char *c = longest; c < longest + sizeof(longest) - 2; c += 100)
		*c = '/';
	if (symlink("loop", "loop"))
		return 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *volatile n = names[i]; /* or the compiler knows that it is not NULL */
		const char *shown = n == (char *)16 ? "16" : n;
		char text[512];
		struct stat st;
		struct statfs fs;
		int fd;

		say("open", shown, fd = open(n, O_RDONLY | O_NONBLOCK));
		if (fd >= 0)
			close(fd);
		say("open dir", shown, fd = open(n, O_RDONLY | O_DIRECTORY));
		if (fd >= 0)
			close(fd);
		say("open nofollow", shown, fd = open(n, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
		if (fd >= 0)
			close(fd);
		say("openat bad", shown, fd = openat(99, n, O_RDONLY | O_NONBLOCK));
		if (fd >= 0)
			close(fd);
		say("stat", shown, stat(n, &st));
		say("lstat", shown, lstat(n, &st));
		/* Through the libc's syscall(): musl has no other way. */
		say("statx", shown, syscall(SYS_statx, AT_FDCWD, n, 0, 0, text));
		say("statfs", shown, statfs(n, &fs));
		say("access r", shown, access(n, R_OK));
		say("access f", shown, access(n, F_OK));
		say("faccessat", shown,
		    faccessat(AT_FDCWD, n, F_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW));
		if (!n || *shown)
			say("readlink", shown, readlink(n, text, sizeof(text)));
		say("rmdir", "a/one", rmdir("a/one"));
	}
	say("mkdir", "new", mkdir("new", 0750));
	say("mkdir", "new", mkdir("new", 0750));
	say("mkdir", "none/new", mkdir("none/new", 0750));
	say("mkdirat", "new/x", mkdirat(AT_FDCWD, "new/x", 01777));
	say("rmdir", "new", rmdir("new"));
	say("unlinkat", "new/x", unlinkat(AT_FDCWD, "new/x", 0));
	say("unlinkat", "new/x", unlinkat(AT_FDCWD, "new/x", AT_REMOVEDIR));
	say("unlink", "new", unlink("new"));
	say("unlink", "loop", unlink("loop"));
	say("chdir", "a", chdir("a"));
	say("chdir", "one", chdir("one"));
	say("chdir", "none", chdir("none"));
	say("stat", "one", stat("one", &(struct stat){0}));
	say("chdir", "..", chdir(".."));
	umask(027);
	say("open", "made", open("made", O_RDWR | O_CREAT | O_EXCL, 0666));
	say("open", "made", open("made", O_RDWR | O_CREAT | O_EXCL, 0666));
	say("open", "made", open("made", O_RDONLY | O_CREAT, 0666));
	say("open", "a tmpfile", open(".", O_RDWR | O_TMPFILE, 0600));
	say("open", "none", open("none/none", O_RDWR | O_CREAT, 0600));
	return 0;
}

/* No descriptor left, no memory left. */
static int exhausted(void)
{
	struct rlimit none = {3, 3}, old;
	struct stat st;

	getrlimit(RLIMIT_NOFILE, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	say("open", "a/one", open("a/one", O_RDONLY));
	say("open", "a/none", open("a/none", O_RDONLY));
	say("stat", "a/one", stat("a/one", &st));
	setrlimit(RLIMIT_NOFILE, &old);
	setrlimit(RLIMIT_AS, &(struct rlimit){1, 1});
	say("open", "a/one", open("a/one", O_RDONLY));
	say("stat", "/usr/none", stat("/usr/none", &st));
	say("mkdir", "m", mkdir("m", 0755));
	setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0});
	say("rmdir", "m", rmdir("m"));
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0});
	say("open", "f", open("f", O_RDWR | O_CREAT, 0644));
	return 0;
}

/* ---- signals ---- */

static sigjmp_buf escape;
static void leave(int signal)
{
	siglongjmp(escape, signal);
}

/* Out of an open that waits, fifty times; what is called afterwards works, the stack is where it
 * was. */
static int jump(void)
{
	struct sigaction action = {.sa_handler = leave};
	struct itimerval timer = {{0, 0}, {0, 3000}};
	volatile int out = 0;
	struct stat st;

	sigaction(SIGALRM, &action, NULL);
	for (volatile int i = 0; i < 50; i++) {
		if (sigsetjmp(escape, 1) == 0) {
			timer.it_value.tv_usec = 1000 + i * 100;
			setitimer(ITIMER_REAL, &timer, NULL);
			printf("unexpected: %d\n", open("a/fifo", O_RDONLY));
		} else {
			out += stat("a/one", &st) == 0;
		}
	}
	printf("left %d times\n", out);
	/* And out of calls that do not wait, at any instruction. */
	timer.it_value.tv_usec = 50;
	out = 0;
	for (volatile int i = 0; i < 2000; i++) {
		if (sigsetjmp(escape, 1) == 0) {
			timer.it_value.tv_usec = 1 + i % 60;
			setitimer(ITIMER_REAL, &timer, NULL);
			for (;;)
				if (stat("/usr/none/none", &st) == 0 || errno != ENOENT ||
				    access("a/one", R_OK))
					printf("wrong: %d\n", errno);
		}
		out++;
	}
	printf("left %d times more\n", out);
	return 0;
}

static volatile int inside_wrong, inside_count;
static void call_inside(int signal)
{
	int saved = errno;
	struct stat st;

	(void)signal;
	if (stat("/usr/none", &st) == 0 || errno != ENOENT || stat("a/one", &st))
		inside_wrong++;
	inside_count++;
	errno = saved;
}

/* Handlers that make such calls in the middle of such calls, on a small stack of their own. */
static int nested(void)
{
	struct sigaction action = {.sa_handler = call_inside, .sa_flags = SA_ONSTACK | SA_RESTART};
	struct itimerval timer = {{0, 200}, {0, 200}};
	unsigned long least = getauxval(51 /* AT_MINSIGSTKSZ */);
	stack_t stack = {.ss_size = (least > 2048 ? least : 2048) + 1024};
	struct stat st;
	unsigned char *room = malloc(stack.ss_size + 8192);
	int wrong = 0, touched = 0;

	memset(room, 0x5a, stack.ss_size + 8192);
	stack.ss_sp = room + 4096;
	printf("small stack: %d\n", sigaltstack(&stack, NULL));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < 20000 || (inside_count < 20 && i < 2000000); i++) {
		errno = 0;
		if (stat("/usr/none", &st) == 0 || errno != ENOENT || access("a/one", R_OK))
			wrong++;
	}
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < 4096; i++)
		touched += room[i] != 0x5a;
	printf("wrong: %d, inside: %d, below the stack: %d, often: %d\n", wrong, inside_wrong,
	       touched, inside_count >= 20);
	return 0;
}

/* ---- threads ---- */

static void clean(void *arg)
{
	printf("cleaned %s\n", (char *)arg);
}

static void *wait_in_open(void *arg)
{
	int old;

	if (*(char *)arg == 'n')
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	pthread_cleanup_push(clean, arg);
	printf("unexpected: %d\n", open("a/fifo", O_RDONLY));
	pthread_cleanup_pop(0);
	return NULL;
}

static void *call_all_the_time(void *arg)
{
	struct stat st;

	for (;;) {
		if (stat("/usr/none", &st) == 0 || errno != ENOENT)
			*(int *)arg = 1;
		close(open("a/one", O_RDONLY));
		pthread_testcancel();
	}
	return NULL;
}

static int cancel(void)
{
	static const char *const texts[] = {"deferred", "now"};
	pthread_t threads[4];
	int wrong = 0, cancelled = 0;
	void *result;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < 10; i++) {
		pthread_create(&threads[0], NULL, wait_in_open, (void *)texts[i % 2]);
		usleep(20000 + i * 1000);
		pthread_cancel(threads[0]);
		pthread_join(threads[0], &result);
		cancelled += result == PTHREAD_CANCELED;
	}
	printf("cancelled: %d\n", cancelled);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, call_all_the_time, &wrong);
		usleep(5000);
		for (int i = 0; i < 4; i++)
			pthread_cancel(threads[i]);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], &result);
	}
	printf("wrong: %d\n", wrong);
	return 0;
}

/* ---- processes ---- */

static void *spawn_many(void *arg)
{
	static char *const argv[] = {"true", NULL};
	long bad = 0;

	(void)arg;
	for (int i = 0; i < 60; i++) {
		int status;
		pid_t pid;

		if (i % 3 == 0) {
			bad += posix_spawn(&pid, "/usr/none", NULL, NULL, argv, environ) != ENOENT;
			continue;
		}
		if (i % 3 == 1) {
			if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ)) {
				bad++;
				continue;
			}
		} else if ((pid = vfork()) == 0) {
			execve("/bin/true", argv, environ);
			_exit(1);
		}
		bad += waitpid(pid, &status, 0) != pid || status != 0;
	}
	return (void *)bad;
}

static int storm(void)
{
	pthread_t threads[6];
	void *result;
	long bad = 0;

	for (int i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, spawn_many, NULL);
	for (int i = 0; i < 6; i++) {
		pthread_join(threads[i], &result);
		bad += (long)result;
	}
	printf("bad: %ld\n", bad);
	return 0;
}

/* Starts itself again by each of its names. */
static int again(char **argv)
{
	int way = argv[2] ? atoi(argv[2]) : 0;
	char next[16], real[4096];

	printf("%d: %s\n", way, argv[0]);
	fflush(stdout);
	snprintf(next, sizeof(next), "%d", way + 1);
	if (way == 0)
		execl("/proc/self/exe", argv[0], "again", next, NULL);
	if (way == 1)
		execl(argv[0], argv[0], "again", next, NULL);
	if (way == 2 && readlink("/proc/self/exe", real, sizeof(real)) > 0)
		execl(realpath(argv[0], NULL), argv[0], "again", next, NULL);
	if (way == 3)
		fexecve(open(argv[0], O_RDONLY | O_CLOEXEC),
			(char *[]){argv[0], "again", next, NULL}, environ);
	return way == 4 ? 0 : 1;
}

/* ---- filters of the program's own ---- */

static int install(const struct sock_filter *code, size_t count)
{
	struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static volatile int trapped;
static void trap(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	trapped = info->si_syscall;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -EXDEV;
}

static int filter(void)
{
	struct sigaction action = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO};
	const struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rmdir, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unlink, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_filter fatal[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readlink, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	char text[8];
	int status;

	sigaction(SIGSYS, &action, NULL);
	printf("installed: %d\n", install(code, sizeof(code) / sizeof(code[0])));
	say("mkdir", "m", mkdir("m", 0755));
	say("rmdir", "empty", rmdir("empty"));
	printf("trapped: %d\n", trapped == SYS_rmdir);
	say("unlink", "a/one", unlink("a/one"));
	say("access", "a/one", access("a/one", F_OK));
	fflush(stdout);
	if (fork() == 0) {
		install(fatal, sizeof(fatal) / sizeof(fatal[0]));
		_exit((int)readlink("a/link", text, sizeof(text)));
	}
	wait(&status);
	printf("killed by %d\n", WTERMSIG(status));
	return 0;
}

/* ---- what is mapped where ---- */

/* The shim is not there any more: the process ends by it, or does without. */
static int unmap(const char *way)
{
	struct stat st;

	if (*way == 'u')
		munmap(SHIM, 8192);
	else
		mmap(SHIM, 8192, *way == 'z' ? PROT_READ | PROT_WRITE | PROT_EXEC : PROT_NONE,
		     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stat("a/one", &st);
}

/* Is it there? For scenarios that rely on it. */
static int mapped(void)
{
	char line[256];
	FILE *maps = fopen("/proc/self/maps", "r");
	int found = 0;

	while (maps && fgets(line, sizeof(line), maps))
		found |= strncmp(line, "7ecd00000000", 12) == 0;
	printf("%s\n", found ? "mapped" : "not mapped");
	return 0;
}

/* ---- libraries ---- */

static int library(void)
{
	void *m = dlopen("libm.so.6", RTLD_NOW), *none = dlopen("libnone.so.9", RTLD_NOW);
	double (*cosine)(double) = m ? (double (*)(double))dlsym(m, "cos") : NULL;
#ifdef LM_ID_NEWLM
	void *other = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
#else
	void *other = NULL;
#endif
	int (*other_open)(const char *, int, ...) =
	    other ? (int (*)(const char *, int, ...))dlsym(other, "open") : NULL;
	int (*other_access)(const char *, int) =
	    other ? (int (*)(const char *, int))dlsym(other, "access") : NULL;

	printf("%d %d %s\n", cosine ? (int)cosine(0) : -1, none != NULL, none ? "" : dlerror());
	printf("%d %d\n", other_open ? other_open("a/one", O_RDONLY) > 0 : -1,
	       other_access ? other_access("/usr/none", F_OK) : -2);
	return 0;
}

static int names(void)
{
	const struct passwd *user = getpwuid(getuid());

	printf("%s\n", user ? user->pw_name : "nobody knows");
	user = user ? getpwnam(strdup(user->pw_name)) : NULL;
	printf("%d\n", user ? (int)user->pw_uid : -1);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} parts[] = {{"calls", calls},	 {"exhausted", exhausted}, {"jump", jump},
		     {"nested", nested}, {"cancel", cancel},	   {"storm", storm},
		     {"filter", filter}, {"mapped", mapped},	   {"library", library},
		     {"names", names}};

	if (argc > 1 && strcmp(argv[1], "again") == 0)
		return again(argv);
	if (argc > 2 && strcmp(argv[1], "unmap") == 0)
		return unmap(argv[2]);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (argc > 1 && strcmp(argv[1], parts[i].name) == 0)
			return parts[i].run();
	return 99;
}
