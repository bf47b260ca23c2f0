/*
 * One operation in a loop, timed by itself: the same program runs natively and inside a space.
 *
 * usage: loop OPERATION LOOPS FILE [PROCESSES]
 *
 *   stat    stat(2) of FILE
 *   open    open(2) and close(2) of FILE
 *   read    4 KiB of FILE by pread(2), on a descriptor opened once
 *   write   4 KiB by pwrite(2) into a file in memory
 *   mmap    mmap(2) and munmap(2) of one page, untouched
 *   futex   a futex(2) wake-up for which nobody waits
 *   getpid  getpid(2): nothing but the way into Linux and back
 *
 * Prints nanoseconds for one loop. With PROCESSES, that many do the same at once, beginning
 * together; the median of what each of them measured is printed, so processors that they share
 * count.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 64

static int held = -1;
static int memory = -1;
static char bytes[4096];

static int do_stat(const char *path)
{
	struct stat st;

	return stat(path, &st);
}

static int do_open(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd < 0 ? -1 : close(fd);
}

static int do_read(const char *path)
{
	(void)path;
	return pread(held, bytes, sizeof(bytes), 0) < 0 ? -1 : 0;
}

static int do_write(const char *path)
{
	(void)path;
	return pwrite(memory, bytes, sizeof(bytes), 0) < 0 ? -1 : 0;
}

static int do_mmap(const char *path)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)path;
	return page == MAP_FAILED ? -1 : munmap(page, 4096);
}

static int do_futex(const char *path)
{
	static uint32_t word;

	(void)path;
	return syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0 ? -1 : 0;
}

static int do_getpid(const char *path)
{
	(void)path;
	return syscall(SYS_getpid) < 0 ? -1 : 0;
}

static const struct operation {
	const char *name;
	int (*run)(const char *path);
} all[] = {{"stat", do_stat}, {"open", do_open},   {"read", do_read},	 {"write", do_write},
	   {"mmap", do_mmap}, {"futex", do_futex}, {"getpid", do_getpid}};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static bool warm_up(const struct operation *op, const char *path, long loops)
{
	for (long i = 0; i < loops / 10 + 1; i++)
		if (op->run(path)) {
			perror(op->name);
			return false;
		}
	return true;
}

static double measure(const struct operation *op, const char *path, long loops)
{
	double start = now();

	for (long i = 0; i < loops; i++)
		op->run(path);
	return (now() - start) / (double)loops;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* All of them wait for the end of one pipe, and write what they measured into another one. */
static int measure_many(const struct operation *op, const char *path, long loops, int processes)
{
	double costs[MOST];
	int start[2], result[2];
	char byte;

	if (pipe(start) || pipe(result))
		return 1;
	for (int i = 0; i < processes; i++) {
		pid_t pid = fork();
		double cost;

		if (pid < 0)
			return 1;
		if (pid)
			continue;
		close(start[1]);
		if (!warm_up(op, path, loops) || read(start[0], &byte, 1))
			_exit(1);
		cost = measure(op, path, loops);
		_exit(write(result[1], &cost, sizeof(cost)) != sizeof(cost));
	}
	usleep(20000);
	close(start[1]);
	close(result[1]);
	for (int i = 0; i < processes; i++)
		if (read(result[0], &costs[i], sizeof(costs[i])) != sizeof(costs[i]))
			return 1;
	while (wait(NULL) > 0)
		;
	qsort(costs, (size_t)processes, sizeof(costs[0]), ascending);
	printf("%.0f\n", costs[processes / 2]);
	return 0;
}

int main(int argc, char **argv)
{
	const struct operation *op = NULL;
	long loops = argc >= 4 ? atol(argv[2]) : 0;
	int processes = argc == 5 ? atoi(argv[4]) : 1;

	for (size_t i = 0; argc >= 4 && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, argv[1]) == 0)
			op = &all[i];
	if (!op || loops < 1 || argc > 5 || processes < 1 || processes > MOST) {
		fputs("usage: loop stat|open|read|write|mmap|futex|getpid LOOPS FILE [PROCESSES]\n",
		      stderr);
		return 2;
	}
	held = open(argv[3], O_RDONLY);
	memory = memfd_create("loop", MFD_CLOEXEC);
	if (argc == 5)
		return measure_many(op, argv[3], loops, processes);
	if (!warm_up(op, argv[3], loops))
		return 1;
	printf("%.0f\n", measure(op, argv[3], loops));
	return 0;
}
