/*
 * Work of a known kind, again and again, and how much of it was done in each slice of time.
 *
 * usage: innocent SLICES MILLISECONDS
 *
 * A piece of work: arithmetic, memory that is asked for and written to, names that are looked up,
 * files that are opened and read. After each slice the number of pieces done in it is written, as a
 * line, to standard output; then a tenth of a slice passes before the next one is counted, for
 * whoever reads that to change the surroundings.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void work(void)
{
	static unsigned sum;
	const size_t size = 1 << 18;
	unsigned *memory =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned round = 0; round < 8; round++)
		for (size_t i = 0; i < size / sizeof(*memory); i++)
			memory[i] = sum = sum * 1664525 + memory[i] + 1013904223;
	munmap(memory, size);
	for (unsigned i = 0; i < 20; i++) {
		struct stat st;
		char text[512];
		int fd = open("/etc/passwd", O_RDONLY);

		stat("/usr/bin", &st);
		if (read(fd, text, sizeof(text)) < 0)
			exit(1);
		close(fd);
	}
}

static unsigned work_for(double seconds)
{
	double end = now() + seconds;
	unsigned count = 0;

	for (; now() < end; count++)
		work();
	return count;
}

int main(int argc, char **argv)
{
	int slices = argc == 3 ? atoi(argv[1]) : 0;
	double seconds = argc == 3 ? atof(argv[2]) / 1000 : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < slices; i++) {
		work_for(seconds / 10);
		printf("%u\n", work_for(seconds));
	}
	return slices > 0 ? 0 : 2;
}
