/*
 * bomb: makes as many processes as it may, up to a number, and keeps them for a while.
 *
 * usage: bomb NUMBER SECONDS
 *
 * NUMBER is at most 1,000. Says how many there are, and exits when the time is over; all of them
 * with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int number = argc == 3 ? atoi(argv[1]) : 0, seconds = argc == 3 ? atoi(argv[2]) : 0;
	int made = 1, error = 0;

	if (number < 1 || number > 1000 || seconds < 1 || seconds > 30) {
		fputs("usage: bomb NUMBER SECONDS   (at most 1000 and 30)\n", stderr);
		return 2;
	}
	alarm((unsigned)seconds + 5);
	for (; made < number; made++) {
		pid_t pid = fork();

		if (pid < 0) {
			error = errno;
			break;
		}
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			alarm((unsigned)seconds + 5);
			for (;;)
				pause();
		}
	}
	printf("bomb: %d of %d processes%s%s\n", made, number, error ? "; then: " : "",
	       error ? strerror(error) : "");
	fflush(stdout);
	sleep((unsigned)seconds);
	return 0;
}
