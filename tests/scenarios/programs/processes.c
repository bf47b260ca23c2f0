/* Ways to start and end processes and threads: one per argument, each prints what it saw. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void report(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
	else
		printf("%s: signal %d\n", what, WTERMSIG(status));
	fflush(stdout);
}

static int use_vfork(void)
{
	for (int i = 0; i < 50; i++) {
		int status;
		pid_t pid = vfork();

		if (pid == 0) {
			execl(i % 2 ? "/bin/true" : "/no/such/program", "true", (char *)NULL);
			_exit(errno == ENOENT ? 44 : 45);
		}
		waitpid(pid, &status, 0);
		if (i < 2)
			report("vfork", status);
	}
	return 0;
}

static int use_spawn(void)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *argv[] = {"sh", "-c", "cat a/one; pwd | sed 's,.*/,,'; exit 3", NULL};
	pid_t pid;
	int status, error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC,
					 0644);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(&pid, "sh", &actions, &attributes, argv, environ);
	printf("spawn: %d\n", error);
	waitpid(pid, &status, 0);
	report("spawned", status);
	error = posix_spawn(&pid, "/no/such/program", NULL, NULL, argv, environ);
	printf("no program: %d\n", error);
	error = posix_spawn(&pid, "a/one", NULL, NULL, argv, environ);
	printf("not executable: %d\n", error);
	fflush(stdout);
	status = system("exit 6");
	report("system", status);
	return 0;
}

/* ---- threads ---- */

static void *open_fifo(void *arg)
{
	int fd = open(arg, O_RDONLY);

	printf("unexpected: %d\n", fd);
	return NULL;
}

static void *read_pipe(void *arg)
{
	char c;

	return (void *)read(*(int *)arg, &c, 1);
}

static void *many_opens(void *arg)
{
	for (;;) {
		int fd = open("a/one", O_RDONLY);

		pthread_testcancel();
		close(fd);
	}
	return arg;
}

/* Cancels threads that wait in a border call, in an internal one, and between calls. */
static int use_cancel(void)
{
	int pipes[2];
	pthread_t thread;
	void *result;

	if (pipe(pipes))
		return 1;
	for (int i = 0; i < 10; i++) {
		pthread_create(&thread, NULL, open_fifo, "a/fifo");
		usleep(i * 3000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("fifo: %d\n", result == PTHREAD_CANCELED);
	}
	pthread_create(&thread, NULL, read_pipe, &pipes[0]);
	usleep(20000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("pipe: %d\n", result == PTHREAD_CANCELED);
	for (int i = 0; i < 20; i++) {
		pthread_create(&thread, NULL, many_opens, NULL);
		usleep(2000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		if (result != PTHREAD_CANCELED)
			printf("not cancelled\n");
	}
	return 0;
}

/* ---- signals ---- */

static volatile sig_atomic_t hits;
static void count(int signal)
{
	(void)signal;
	hits++;
}

static int block_all(void)
{
	sigset_t all;
	struct stat st;
	int fd;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGTERM);
	for (int i = 0; i < 200; i++) {
		fd = open("a/one", O_RDONLY);
		if (fd < 0 || stat("a/two", &st))
			return 2;
		close(fd);
	}
	fd = open("written", O_WRONLY | O_CREAT, 0600);
	printf("all blocked: %d\n", fd > 2);
	return 0;
}

/* Timers interrupt border calls all the time: each must restart or finish, none may be done twice.
 */
static int storm(void)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
	struct itimerval timer = {{0, 100}, {0, 100}};
	int bad = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < 2000; i++) {
		char name[32];
		int fd;

		snprintf(name, sizeof(name), "storm-%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || close(fd) || mkdir("storm-dir", 0755) ||
		    rename("storm-dir", "storm-two") || rmdir("storm-two") ||
		    link(name, "storm-link") || unlink(name) || unlink("storm-link")) {
			printf("bad: %s %d\n", name, errno);
			bad = 1;
		}
	}
	timer = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &timer, NULL);
	printf("storm: %d %d\n", bad, hits > 10);
	return bad;
}

static sigjmp_buf escape;
static char *stack_base;
static volatile int on_own_stack;
static void overflowed(int signal, siginfo_t *info, void *context)
{
	char here;
	struct stat st;

	(void)signal, (void)info, (void)context;
	on_own_stack = &here >= stack_base && &here < stack_base + 65536;
	if (stat("a/one", &st) == 0) /* a border call from the other stack */
		siglongjmp(escape, 1);
	_exit(9);
}

static int __attribute__((noinline)) recurse(int depth)
{
	volatile char room[4096];

	room[0] = (char)depth;
	return recurse(depth + 1) + room[0];
}

static int use_altstack(void)
{
	struct sigaction action = {.sa_sigaction = overflowed, .sa_flags = SA_ONSTACK | SA_SIGINFO};
	stack_t stack = {.ss_size = 65536};

	stack.ss_sp = stack_base = malloc(65536);
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (!sigsetjmp(escape, 1))
		recurse(0);
	printf("overflow handled: %d\n", on_own_stack);
	return 0;
}

/* ---- many at once ---- */

static int two_hundred(void)
{
	int status, good = 0;

	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			printf("fork: %d\n", errno);
			return 1;
		}
		if (pid == 0) {
			char name[32];
			struct stat st;

			snprintf(name, sizeof(name), "p-%d", i);
			for (int n = 0; n < 20; n++) {
				int fd = open(name, O_RDWR | O_CREAT, 0644);

				if (fd < 0 || stat(name, &st) || close(fd) || unlink(name))
					_exit(1);
			}
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	printf("200 processes: %d\n", good);
	return good != 200;
}

static void *thread_work(void *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "t-%d", (int)(long)arg);
	for (int n = 0; n < 50; n++) {
		int fd = open(name, O_RDWR | O_CREAT, 0644);

		if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) || rename(name, "t-renamed"))
			return (void *)1L;
		unlink(name);
	}
	return NULL;
}

static int many_threads(void)
{
	pthread_t threads[64];
	void *result;
	long bad = 0;

	for (long i = 0; i < 64; i++)
		pthread_create(&threads[i], NULL, thread_work, (void *)i);
	for (int i = 0; i < 64; i++) {
		pthread_join(threads[i], &result);
		bad += (long)result;
	}
	unlink("t-renamed");
	printf("64 threads: %ld\n", bad);
	return bad != 0;
}

/* ---- FIFOs ---- */

static int fifo(void)
{
	struct sigaction action = {.sa_handler = count};
	struct itimerval timer = {{0, 0}, {0, 50000}};
	char text[16] = "";
	int fd, status;
	pid_t pid;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	fd = open("a/fifo", O_RDONLY);
	printf("interrupted: %d %d\n", fd, fd < 0 && errno == EINTR);
	fd = open("a/fifo", O_WRONLY | O_NONBLOCK);
	printf("no reader: %d\n", fd < 0 && errno == ENXIO);
	fflush(stdout);
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	pid = fork();
	if (pid == 0) {
		usleep(200000);
		fd = open("a/fifo", O_WRONLY);
		_exit(write(fd, "through", 7) != 7);
	}
	fd = open("a/fifo", O_RDONLY); /* interrupted once, restarted, then opened */
	if (read(fd, text, sizeof(text) - 1) < 0)
		return 1;
	wait(&status);
	close(fd);
	printf("restarted: %s\n", text);
	for (int i = 0; i < 20; i++) {
		/* One each: what a killed process was about to open may be given up a moment after
		 * its end. */
		char name[32];

		snprintf(name, sizeof(name), "fifo-%d", i);
		mkfifo(name, 0600);
		pid = fork();
		if (pid == 0) {
			open(name, i % 2 ? O_RDONLY : O_WRONLY);
			_exit(1);
		}
		usleep(i * 1000);
		kill(pid, i % 3 ? SIGKILL : SIGTERM);
		waitpid(pid, &status, 0);
		report("killed while opening", status);
	}
	return 0;
}

/* ---- ends ---- */

static int orphan(void)
{
	if (fork() == 0) {
		usleep(100000);
		printf("the orphan ends, its parent is %s\n", getppid() == 1 ? "init" : "another");
		fflush(stdout);
		_exit(0);
	}
	return 0;
}

static int zombies(void)
{
	for (int i = 0; i < 100; i++)
		if (fork() == 0) {
			if (fork() == 0)
				_exit(0);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	printf("reaped\n");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} parts[] = {{"vfork", use_vfork},  {"spawn", use_spawn},      {"cancel", use_cancel},
		     {"block", block_all},  {"storm", storm},	       {"altstack", use_altstack},
		     {"many", two_hundred}, {"threads", many_threads}, {"fifo", fifo},
		     {"orphan", orphan},    {"zombies", zombies}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (argc > 1 && strcmp(argv[1], parts[i].name) == 0)
			return parts[i].run();
	return 99;
}
