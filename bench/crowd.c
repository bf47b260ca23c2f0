/*
 * Work for a monitor whose memory is watched: 100,000 operations and 1,000 processes, in ten equal
 * parts.
 *
 * usage: crowd FILE
 *
 * Between the parts, and before and after them, it writes a letter to standard output and waits for
 * one on standard input.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTS	   10
#define PROCESSES  100 /* in each part, of which a tenth at the same time */
#define OPERATIONS 10000

static void pause_here(void)
{
	char letter = 'p';

	if (write(1, &letter, 1) != 1 || read(0, &letter, 1) != 1)
		_exit(1);
}

/* Every tenth name is not there, and every process has names of its own: all that could be
 * remembered is. */
static void operate(const char *path, int part, int process)
{
	char other[4096];
	struct stat st;

	for (int i = 0; i < OPERATIONS / PROCESSES; i++) {
		snprintf(other, sizeof(other), "%s.%d.%d.%d", path, part, process, i);
		if (i % 10 == 0) {
			stat(other, &st);
		} else if (i % 2) {
			stat(path, &st);
		} else {
			close(open(path, O_RDONLY));
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	pause_here();
	for (int part = 0; part < PARTS; part++) {
		for (int process = 0; process < PROCESSES; process++) {
			pid_t pid = fork();

			if (pid == 0) {
				operate(argv[1], part, process);
				_exit(0);
			}
			if (pid < 0)
				return 1;
			if (process % 10 == 9)
				while (wait(NULL) > 0)
					;
		}
		pause_here();
	}
	return 0;
}
