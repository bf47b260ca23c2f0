/*
 * One operation in a loop, timed by itself: the same program runs natively and inside a space.
 *
 * usage: loop stat|open|read LOOPS FILE
 *
 * stat: stat(2) of FILE; open: open(2) and close(2) of FILE; read: FILE is opened once, and 4,096
 * bytes of it are read in each loop. Prints nanoseconds for one loop.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int held = -1;

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
	static char bytes[4096];

	(void)path;
	return pread(held, bytes, sizeof(bytes), 0) < 0 ? -1 : 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const char *path);
	} all[] = {{"stat", do_stat}, {"open", do_open}, {"read", do_read}};
	int (*run)(const char *path) = NULL;
	long loops = argc == 4 ? atol(argv[2]) : 0;
	double start;

	for (size_t i = 0; argc == 4 && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, argv[1]) == 0)
			run = all[i].run;
	if (!run || loops < 1) {
		fputs("usage: loop stat|open|read LOOPS FILE\n", stderr);
		return 2;
	}
	held = open(argv[3], O_RDONLY);
	for (long i = 0; i < loops / 10 + 1; i++)
		if (run(argv[3])) {
			perror(argv[3]);
			return 1;
		}
	start = now();
	for (long i = 0; i < loops; i++)
		run(argv[3]);
	printf("%.0f\n", (now() - start) / (double)loops);
	return 0;
}
