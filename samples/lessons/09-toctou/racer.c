/*
 * racer: asks for one file, and means another.
 *
 * usage: racer race ALLOWED SECRET SECONDS   two threads: one opens a name, the other exchanges it
 *        racer open FILE                     opens FILE, and prints what is in it
 *
 * ALLOWED and SECRET are names that differ in one byte.
 *
 * Exit status: 0 it read SECRET (or FILE), 1 it did not, 2 the arguments are wrong.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct names {
	const char *allowed, *secret;
};

static char name[256];
static volatile int over;

/* The names differ in one byte, so that it is always one of them that stands there. */
static void *exchange(void *context)
{
	const struct names *names = context;
	size_t at = 0;
	volatile char *byte;

	while (names->allowed[at] && names->allowed[at] == names->secret[at])
		at++;
	byte = name + at;
	while (!over) {
		*byte = names->secret[at];
		*byte = names->allowed[at];
	}
	return NULL;
}

static int race(struct names *names, int seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned long tries = 0;
	char text[64];
	pthread_t thread;
	int won = 0;

	strcpy(name, names->allowed);
	if (pthread_create(&thread, NULL, exchange, names))
		return 0;
	for (; !won && time(NULL) <= end; tries++) {
		int fd = open(name, O_RDONLY);

		if (fd < 0)
			continue;
		won = read(fd, text, sizeof(text)) >= 6 && memcmp(text, "secret", 6) == 0;
		close(fd);
	}
	over = 1;
	pthread_join(thread, NULL);
	printf("%s after %lu tries\n", won ? "the secret" : "nothing", tries);
	return won;
}

int main(int argc, char **argv)
{
	char text[256];
	ssize_t len;
	int fd;

	if (argc == 5 && strcmp(argv[1], "race") == 0 && strlen(argv[2]) == strlen(argv[3]) &&
	    strlen(argv[2]) < sizeof(name))
		return race(&(struct names){argv[2], argv[3]}, atoi(argv[4])) ? 0 : 1;
	if (argc != 3 || strcmp(argv[1], "open") != 0)
		return 2;
	fd = open(argv[2], O_RDONLY);
	if (fd < 0)
		return 1;
	while ((len = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)len, stdout);
	return 0;
}
