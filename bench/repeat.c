/*
 * A command several times, one after the other, timed from here: inside a space, the start of the
 * space is left out.
 *
 * usage: repeat [-i] TIMES COMMAND [ARGUMENT...]
 *
 * The command's standard output goes to /dev/null. Prints nanoseconds for one run, the median. A
 * command that fails is an error, but with -i.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 1000

extern char **environ;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static double costs[MOST];
	bool ignore = argc > 1 && strcmp(argv[1], "-i") == 0;
	int times;
	posix_spawn_file_actions_t actions;

	argv += ignore;
	times = argc - ignore > 2 ? atoi(argv[1]) : 0;
	if (times < 1 || times > MOST) {
		fprintf(stderr, "usage: repeat [-i] TIMES COMMAND...   (1 to %d times)\n", MOST);
		return 2;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	for (int i = 0; i < times; i++) {
		double start = now();
		int status, error;
		pid_t pid;

		error = posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ);
		if (error || waitpid(pid, &status, 0) != pid || (status && !ignore)) {
			fprintf(stderr, "repeat: %s failed%s%s\n", argv[2], error ? ": " : "",
				error ? strerror(error) : "");
			return 1;
		}
		costs[i] = now() - start;
	}
	qsort(costs, (size_t)times, sizeof(costs[0]), ascending);
	printf("%.0f\n", costs[times / 2]);
	return 0;
}
