/*
 * What programs do around calls that may be made by way of the shim, for shadow.c to step
 * through: one PART for each argument, in little, as each instruction takes its time.
 *
 *	shadowed PART...
 *	shadowed by TRACER ARGUMENT...	becomes the tracer
 *
 * The latter for static programs, which have the shim where it is them that a space is made for.
 *
 * Parts that a processor with CET would end: pushed, popped, unmarked, unreturned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define RANGE 0x7ecd00010000 /* an address that is the shim's, for the tracer */

extern char **environ;
static struct stat status;

static void require(int condition, const char *what)
{
	if (!condition) {
		printf("%s: not so\n", what);
		fflush(stdout);
		_exit(1);
	}
}

static int is_absent(const char *name)
{
	return stat(name, &status) == -1 && errno == ENOENT;
}

/* A success, absent for good, absent for who asks again, a link that is not followed natively. */
static void call_all(void)
{
	char text[64];
	int fd;

	require(stat("/usr/bin/env", &status) == 0, "stat");
	require(lstat("link", &status) == 0, "lstat");
	require(is_absent("/usr/none"), "stat of nothing");
	require(is_absent("none/none"), "stat of nothing here");
	require(is_absent("/none/none"), "stat of nothing that is asked about");
	require(access("/usr/bin/env", F_OK) == 0, "access");
	require(readlink("link", text, sizeof(text)) == 4, "readlink");
	require((fd = open("/usr/bin/env", O_RDONLY)) >= 0 && read(fd, text, 4) == 4 &&
		    close(fd) == 0,
		"open");
	require((fd = open("link", O_RDONLY)) >= 0 && close(fd) == 0, "open of a link");
	require(open("/usr/none", O_RDONLY) == -1, "open of nothing");
	require(mkdir("made", 0700) == 0 && rmdir("made") == 0, "mkdir, rmdir");
	require(unlink("none") == -1, "unlink of nothing");
	require(chdir("/usr") == 0 && is_absent("none/none") && chdir("none") == -1, "chdir");
}

static void calls(void)
{
	char here[4096];

	require(getcwd(here, sizeof(here)) != NULL, "getcwd");
	call_all();
	require(chdir(here) == 0, "chdir back");
}

/* ---- signals ---- */

static volatile int rung;
static jmp_buf escape;

static void ring(int signal)
{
	int error = errno;

	(void)signal;
	require(is_absent("/usr/none/handler"), "stat in a handler");
	rung++;
	errno = error;
}

static void leave(int signal)
{
	(void)signal;
	longjmp(escape, 1);
}

static void handle(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	require(sigaction(SIGALRM, &action, NULL) == 0, "sigaction");
}

static void set_timer(long us)
{
	struct itimerval timer = {.it_value.tv_usec = us};

	require(setitimer(ITIMER_REAL, &timer, NULL) == 0, "setitimer");
}

/* Handlers that make calls in the middle of calls. The next signal comes when the last one's
 * handler has ended: stepped through, that takes long. */
static void interrupt(int times)
{
	rung = 0;
	for (int i = 0; i < times; i++) {
		set_timer(2000 + 37 * i);
		while (rung == i) {
			require(is_absent("/usr/none/none"), "stat, interrupted");
			require(access("/usr/bin/env", F_OK) == 0, "access, interrupted");
		}
	}
}

static void alarms(void)
{
	handle(ring, SA_RESTART);
	interrupt(12);
}

static void small_stack(void)
{
	unsigned long least = getauxval(51 /* AT_MINSIGSTKSZ */);
	stack_t stack = {.ss_size = (least > 2048 ? least : 2048) + 1024};

	stack.ss_sp = malloc(stack.ss_size);
	require(sigaltstack(&stack, NULL) == 0, "sigaltstack");
	handle(ring, SA_ONSTACK | SA_RESTART);
	interrupt(12);
	handle(leave, SA_ONSTACK | SA_NODEFER);
	if (_setjmp(escape) == 0) {
		set_timer(2000);
		for (;;)
			require(is_absent("/usr/none/none"), "stat, left");
	}
}

/* Out of calls, at whatever instruction. */
static void jump(void)
{
	handle(leave, SA_NODEFER);
	for (volatile int i = 0; i < 12; i++) {
		if (_setjmp(escape) == 0) {
			set_timer(2000 + 37 * i);
			for (;;)
				require(is_absent("/usr/none/none"), "stat, left");
		}
	}
}

/* A call that waits, at its site or in the shim, and is made again behind the handler. */
static void restart(void)
{
	pid_t child;
	int fd;

	handle(ring, SA_RESTART);
	rung = 0;
	set_timer(200000);
	child = fork();
	if (child == 0) {
		usleep(500000);
		_exit(open("fifo", O_WRONLY) < 0);
	}
	require((fd = open("fifo", O_RDONLY)) >= 0 && close(fd) == 0 && rung == 1,
		"open of a fifo");
	require(waitpid(child, NULL, 0) == child, "waitpid");
}

/* ---- threads ---- */

static volatile int begun;
static int cleaned;

static void clean(void *count)
{
	++*(int *)count;
}

static void *call_for_ever(void *argument)
{
	int old;

	(void)argument;
	pthread_cleanup_push(clean, &cleaned);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	for (;;) {
		stat("/usr/none/none", &status);
		begun++;
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void *wait_for_ever(void *argument)
{
	(void)argument;
	pthread_cleanup_push(clean, &cleaned);
	begun = 1;
	open("fifo", O_RDONLY);
	pthread_cleanup_pop(0);
	return NULL;
}

/* In what is made natively, and in what waits for the monitor. */
static void cancel(void)
{
	void *(*const ways[])(void *) = {call_for_ever, wait_for_ever, call_for_ever};
	pthread_t thread;
	void *result;

	cleaned = 0;
	for (int i = 0; i < 3; i++) {
		begun = 0;
		require(pthread_create(&thread, NULL, ways[i], NULL) == 0, "a thread");
		while (begun < (i == 1 ? 1 : 3))
			usleep(1000 + i);
		if (i == 1)
			usleep(50000);
		require(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 &&
			    result == PTHREAD_CANCELED,
			"cancelled");
	}
	require(cleaned == 3, "cleaned");
}

static void *call_some(void *argument)
{
	(void)argument;
	for (int i = 0; i < 10; i++)
		require(is_absent("/usr/none/none"), "stat in a thread");
	return NULL;
}

static void many(void)
{
	pthread_t all[3];

	for (int i = 0; i < 3; i++)
		require(pthread_create(&all[i], NULL, call_some, NULL) == 0, "a thread");
	for (int i = 0; i < 3; i++)
		require(pthread_join(all[i], NULL) == 0, "pthread_join");
}

/* ---- processes ---- */

static void end_well(pid_t child, const char *what)
{
	int is;

	require(child > 0 && waitpid(child, &is, 0) == child && is == 0, what);
}

static void forked(void)
{
	pid_t child = fork();

	if (child == 0) {
		call_some(NULL);
		_exit(0);
	}
	end_well(child, "fork");
}

static void vforked(void)
{
	char *const argv[] = {(char *)"./child", (char *)"nothing", NULL};
	pid_t child = vfork();

	if (child == 0) {
		if (is_absent("/usr/none/none"))
			execve(argv[0], argv, environ);
		_exit(1);
	}
	call_some(NULL);
	end_well(child, "vfork");
}

static void spawned(void)
{
	char *const argv[] = {(char *)"./child", (char *)"nothing", NULL};
	pid_t child;

	require(posix_spawn(&child, "/usr/none", NULL, NULL, argv, environ) == ENOENT,
		"posix_spawn of nothing");
	require(posix_spawn(&child, argv[0], NULL, NULL, argv, environ) == 0, "posix_spawn");
	end_well(child, "posix_spawn");
}

static void nothing(void)
{
	require(access("/usr/bin/env", F_OK) == 0, "access");
}

/* ---- what CET is against ---- */

/* To an address that no call has pushed. */
static void pushed(void)
{
	__asm__ volatile("lea 1f(%%rip), %%rax\n"
			 "push %%rax\n"
			 "ret\n"
			 "1:" ::
			     : "rax", "memory");
}

/* To the caller's caller. */
static void popped(void)
{
	__asm__ volatile("sub $128, %%rsp\n"
			 "call 1f\n"
			 "jmp 3f\n"
			 "1: call 2f\n"
			 "ud2\n"
			 "2: lea 8(%%rsp), %%rsp\n"
			 "ret\n"
			 "3: add $128, %%rsp" ::
			     : "memory");
}

/* As the shim's code, which it is not: at an address that is the shim's. */
static void call_code(const char *code, size_t size)
{
	void *page = mmap((void *)RANGE, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	require(page == (void *)RANGE, "mmap");
	memcpy(page, code, size);
	require(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0, "mprotect");
	((void (*)(void))page)();
}

static void marked(void)
{
	call_code("\xf3\x0f\x1e\xfa\xc3", 5); /* endbr64; ret */
}

static void unmarked(void)
{
	call_code("\x90\xc3", 2); /* nop; ret */
}

/* Goes back without its ret, as a shim must not. */
static void unreturned(void)
{
	call_code("\xf3\x0f\x1e\xfa\x59\x3e\xff\xe1", 8); /* endbr64; pop %rcx; notrack jmp *%rcx */
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
	    {"calls", calls},	    {"alarms", alarms},
	    {"stack", small_stack}, {"jump", jump},
	    {"restart", restart},   {"cancel", cancel},
	    {"threads", many},	    {"fork", forked},
	    {"vfork", vforked},	    {"spawn", spawned},
	    {"nothing", nothing},   {"pushed", pushed},
	    {"popped", popped},	    {"marked", marked},
	    {"unmarked", unmarked}, {"unreturned", unreturned},
	};

	if (argc > 2 && strcmp(argv[1], "by") == 0) {
		execv(argv[2], argv + 2);
		return 98;
	}
	for (int i = 1; i < argc; i++) {
		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
			if (strcmp(argv[i], parts[k].name) == 0)
				parts[k].run();
		puts(argv[i]);
	}
	return 0;
}
