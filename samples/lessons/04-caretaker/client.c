/*
 * client: adds to a counter for as long as it can, ten seconds at most.
 *
 * usage: client polite|flood     every 10 ms; or four processes, without a pause
 */
#include <signal.h>
#include <sys/prctl.h>

#include "lesson.h"

int main(int argc, char **argv)
{
	int flood = argc > 1 && strcmp(argv[1], "flood") == 0;
	time_t end = time(NULL) + 10;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; flood && i < 3; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			break;
		}
	while (time(NULL) < end && write(3, "add", 3) == 3)
		if (!flood)
			rest(10);
	return 0;
}
