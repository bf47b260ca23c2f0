/*
 * hog: takes memory, a megabyte at a time, up to a number given, and touches all of it.
 *
 * usage: hog MEGABYTES      (at most 4,096)
 *
 * Exit status: 0 it got all, 1 memory was refused, 2 the argument is wrong.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST	 4096
#define MEGABYTE (1 << 20)

int main(int argc, char **argv)
{
	int number = argc == 2 ? atoi(argv[1]) : 0, got;

	if (number < 1 || number > MOST) {
		fprintf(stderr, "usage: hog MEGABYTES   (1 to %d)\n", MOST);
		return 2;
	}
	for (got = 0; got < number; got++) {
		char *block = malloc(MEGABYTE);

		if (!block)
			break;
		memset(block, 1, MEGABYTE);
		__asm__ volatile("" : : "r"(block) : "memory"); /* it is to be kept */
	}
	printf("%d of %d megabytes taken", got, number);
	if (got < number)
		printf("; then: %s", strerror(errno));
	printf("\n");
	return got < number ? 1 : 0;
}
