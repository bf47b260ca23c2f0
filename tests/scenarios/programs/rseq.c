/*
 * Restartable sequences beside calls that may be made by way of the shim: counters of each processor that are
 * changed without atomic instructions, in threads that are moved, interrupted and preempted all the time. Whatever
 * was lost or counted twice shows in the sum.
 *
 *	rseq	with what the C library has registered, or else with an area of its own
 *
 * With -DUNSAFE, Linux is not told of the sequences, and the sum must be wrong: the test can fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNATURE 0x53053053 /* before each place to abort to; glibc registers the same */
#define THREADS	  6
#define ROUNDS	  30000
#define CPUS	  1024

#ifdef __GLIBC__
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned __rseq_size __attribute__((weak));
#define REGISTERED (&__rseq_size && __rseq_size)
#define OFFSET	   __rseq_offset
#else
#define REGISTERED 0
#define OFFSET	   0
#endif

static struct {
	uint64_t count;
} __attribute__((aligned(64))) counters[CPUS];
static __thread struct rseq own __attribute__((aligned(32)));
static uint64_t interrupted; /* how often the handler has counted */
static int cpus[CPUS], cpus_count;

static void require(int condition, const char *what)
{
	if (!condition) {
		printf("%s: not so\n", what);
		fflush(stdout);
		_exit(1);
	}
}

static struct rseq *area(void)
{
	if (REGISTERED)
		return (struct rseq *)((char *)__builtin_thread_pointer() + OFFSET);
	return &own;
}

static void mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	require(pthread_sigmask(how, &set, NULL) == 0, "pthread_sigmask");
}

/* A thread is interrupted by the handler, which counts, only while its area is registered. */
static void enter(void)
{
	if (!REGISTERED)
		require(syscall(SYS_rseq, &own, sizeof(own), 0, SIGNATURE) == 0, "rseq");
	mask(SIG_UNBLOCK);
}

static void leave(void)
{
	mask(SIG_BLOCK);
	if (!REGISTERED)
		require(syscall(SYS_rseq, &own, sizeof(own), RSEQ_FLAG_UNREGISTER, SIGNATURE) == 0,
			"rseq, the end");
}

#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)
#ifdef UNSAFE
#define TELL
#else
#define TELL "mov %%rax, %c[cs](%[area])\n"
#endif
/* begin, end and abort are 1, 2 and 4. */
#define SECTION                                                                                    \
	".pushsection .data.rel.ro.sections, \"aw\"\n.balign 32\n"                                 \
	"3: .long 0, 0\n.quad 1f, 2f - 1f, 4f\n.popsection\n"                                      \
	".pushsection .text.aborts, \"ax\"\n.byte 0x0f, 0xb9, 0x3d\n.long " TEXT(SIGNATURE) "\n"   \
	"4: jmp %l[aborted]\n.popsection\n"                                                        \
	"lea 3b(%%rip), %%rax\n" TELL "1:\n"

/* False: it began again, or is on another processor. */
static int count_one(struct rseq *rseq, uint32_t cpu)
{
	__asm__ goto(SECTION "cmp %[cpu], %c[id](%[area])\n"
			     "jne %l[aborted]\n"
			     "mov (%[count]), %%rax\n"
			     "mov $40, %%ecx\n"
			     "5: pause\n"
			     "dec %%ecx\n"
			     "jnz 5b\n"
			     "inc %%rax\n"
			     "mov %%rax, (%[count])\n"
			     "2:\n"
		     :
		     : [area] "r"(rseq), [cpu] "r"(cpu), [count] "r"(&counters[cpu].count),
		       [cs] "i"(offsetof(struct rseq, rseq_cs)),
		       [id] "i"(offsetof(struct rseq, cpu_id))
		     : "rax", "rcx", "memory", "cc"
		     : aborted);
	return 1;
aborted:
	return 0;
}

/* Goes on for ever, but for the abort. */
static int wait_for_abort(struct rseq *rseq)
{
	__asm__ goto(SECTION "5: pause\n"
			     "jmp 5b\n"
			     "2:\n"
		     :
		     : [area] "r"(rseq), [cs] "i"(offsetof(struct rseq, rseq_cs))
		     : "rax", "memory", "cc"
		     : aborted);
	return 0;
aborted:
	return 1;
}

static void count(void)
{
	struct rseq *rseq = area();
	uint32_t cpu;

	do {
		cpu = *(volatile uint32_t *)&rseq->cpu_id_start;
		require(cpu < CPUS, "a processor's number");
	} while (!count_one(rseq, cpu));
}

/* Calls that are native, where they are settled. */
static void call(int i)
{
	struct stat status;
	int fd;

	switch (i % 3) {
	case 0: require(stat("/usr/bin/env", &status) == 0, "stat"); break;
	case 1:
		fd = open("/usr/bin/env", O_RDONLY);
		require(fd >= 0 && close(fd) == 0, "open");
		break;
	default: require(stat("/usr/lib/none", &status) == -1 && errno == ENOENT, "stat of nothing");
	}
}

static void ring(int signal)
{
	int error = errno;

	(void)signal;
	call((int)interrupted);
	count();
	__atomic_add_fetch(&interrupted, 1, __ATOMIC_RELAXED);
	errno = error;
}

static void move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	require(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

static void *work(void *argument)
{
	int number = (int)(intptr_t)argument;

	if (number)
		enter();
	for (int i = 0; i < ROUNDS; i++) {
		count();
		if (i % 16 == 0)
			call(i / 16 + number);
		if (i % 64 == number)
			move_to(cpus[(i / 64 + number) % cpus_count]);
	}
	if (number)
		leave();
	return NULL;
}

/* The threads are gone, and the timer. */
static uint64_t sum(void)
{
	uint64_t all = 0;

	for (int i = 0; i < CPUS; i++) {
		all += counters[i].count;
		counters[i].count = 0;
	}
	return all;
}

static void set_timer(long us)
{
	struct itimerval timer = {{0, us}, {0, us}};

	require(setitimer(ITIMER_REAL, &timer, NULL) == 0, "setitimer");
}

/* With a handler that counts as well. */
static void run_threads(void)
{
	pthread_t threads[THREADS];
	uint64_t is, all;

	mask(SIG_BLOCK);
	for (intptr_t i = 1; i < THREADS; i++)
		require(pthread_create(&threads[i], NULL, work, (void *)i) == 0, "a thread");
	mask(SIG_UNBLOCK);
	work(0);
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	set_timer(0);
	is = sum(), all = (uint64_t)THREADS * ROUNDS + interrupted;
	if (is != all)
		printf("%ld counted, of %ld\n", (long)is, (long)all);
	require(is == all, "the sum");
	interrupted = 0;
}

int main(void)
{
	struct sigaction action = {.sa_handler = ring, .sa_flags = SA_RESTART};
	cpu_set_t set;
	pid_t child;
	int status;

	if (!REGISTERED && syscall(SYS_rseq, &own, sizeof(own), 0, SIGNATURE) != 0) {
		printf("no rseq: %d\n", errno);
		return 0;
	}
	printf("registered by %s\n", REGISTERED ? "the C library" : "the program");
	require(sched_getaffinity(0, sizeof(set), &set) == 0, "sched_getaffinity");
	for (int i = 0; i < CPUS; i++)
		if (CPU_ISSET(i, &set))
			cpus[cpus_count++] = i;
	for (int i = 0; i < cpus_count; i++) {
		move_to(cpus[i]);
		call(i);
		require(area()->cpu_id == (uint32_t)cpus[i] &&
			    area()->cpu_id_start == (uint32_t)cpus[i],
			"the processor's number");
	}
	puts("knows its processor");

	require(sigaction(SIGALRM, &action, NULL) == 0, "sigaction");
	set_timer(2000);
#ifndef UNSAFE
	for (int i = 0; i < 50; i++)
		require(wait_for_abort(area()), "aborted");
	puts("is aborted by signals");
#endif
	run_threads();
	puts("threads: the sum is right");

	child = fork();
	if (child == 0) {
		set_timer(700);
		run_threads();
		_exit(0);
	}
	require(waitpid(child, &status, 0) == child && status == 0, "a forked child");
	puts("a forked child: the sum is right");
	return 0;
}
