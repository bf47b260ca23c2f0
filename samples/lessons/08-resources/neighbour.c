/*
 * neighbour: a program that needs some processes to do its work.
 *
 * usage: neighbour NUMBER
 *
 * Starts NUMBER of them at once and waits for each. Exit status: 0 all were started, 1 not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int number = argc == 2 ? atoi(argv[1]) : 0, made = 0;

	for (; made < number; made++) {
		pid_t pid = fork();

		if (pid < 0) {
			printf("neighbour: %d of %d; then: %s\n", made, number, strerror(errno));
			break;
		}
		if (pid == 0) {
			usleep(200000);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	if (made == number)
		printf("neighbour: %d of %d\n", made, number);
	return made == number ? 0 : 1;
}
