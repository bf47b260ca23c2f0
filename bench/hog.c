/*
 * A program that takes all it can get of one thing, until it is ended.
 *
 * usage: hog processes|memory|disk|descriptors|records
 *
 * disk: in the working directory. records: names that nobody may make. Never to be run without
 * limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEGABYTE (1 << 20)

static void take_processes(void)
{
	for (;;)
		fork();
}

/* Children do, and new ones take the place of those that are ended. */
static void take_memory(void)
{
	for (;;) {
		while (fork() > 0)
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
		for (;;) {
			char *block = malloc(MEGABYTE);

			if (!block)
				_exit(1);
			memset(block, 1, MEGABYTE);
			__asm__ volatile("" : : "r"(block) : "memory");
		}
	}
}

static void take_disk(void)
{
	static char block[MEGABYTE];

	for (;;) {
		int fd = open("hog", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		while (write(fd, block, sizeof(block)) > 0)
			;
		close(fd);
	}
}

static void take_descriptors(void)
{
	while (fork() > 0)
		;
	for (;;) {
		int ends[2];

		if (pipe(ends))
			for (int fd = 3; fd < 65536; fd++)
				close(fd);
	}
}

static void take_records(void)
{
	char name[64];

	for (unsigned i = 0;; i++) {
		snprintf(name, sizeof(name), "/usr/bin/hog-%u", i);
		open(name, O_WRONLY | O_CREAT, 0600);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*take)(void);
	} kinds[] = {{"processes", take_processes},
		     {"memory", take_memory},
		     {"disk", take_disk},
		     {"descriptors", take_descriptors},
		     {"records", take_records}};

	for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			kinds[i].take();
	fprintf(stderr, "usage: hog processes|memory|disk|descriptors|records\n");
	return 2;
}
