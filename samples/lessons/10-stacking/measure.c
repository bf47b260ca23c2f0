/*
 * measure: what opening and closing a file costs.
 *
 * usage: measure FILE...     for each FILE, the nanoseconds of the best of five rounds; "-": it
 * cannot be opened
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 5
#define OPENS  300

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds for one; -1: it cannot be opened. */
static double round_of(const char *path)
{
	double begin = now();

	for (int i = 0; i < OPENS; i++) {
		int fd = open(path, O_RDONLY);

		if (fd < 0)
			return -1;
		close(fd);
	}
	return (now() - begin) / OPENS;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		double best = round_of(argv[i]);

		for (int r = 1; r < ROUNDS && best >= 0; r++) {
			double took = round_of(argv[i]);

			best = took < best ? took : best;
		}
		if (best < 0)
			printf("%s-", i > 1 ? " " : "");
		else
			printf("%s%.0f", i > 1 ? " " : "", best);
	}
	printf("\n");
	return 0;
}
