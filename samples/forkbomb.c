/*
 * forkbomb: makes processes that make processes, up to a number given.
 *
 * usage: forkbomb NUMBER
 *
 * Every process forks for as long as fewer than NUMBER (at most 2,000) have been made by all of
 * them. All wait until the first one has counted them, and end. So it is harmless natively, for a
 * NUMBER that the machine can bear.
 *
 * Exit status: 0 all were made, 1 fork was refused, 2 the argument is wrong.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MOST 2000

struct shared {
	atomic_int made, failed, error;
};

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Forks until the number is reached or fork fails ten times in a row. Children do the same. */
static void multiply(struct shared *shared, int number)
{
	for (int refused = 0; refused < 10;) {
		pid_t pid;

		if (atomic_fetch_add(&shared->made, 1) >= number) {
			atomic_fetch_sub(&shared->made, 1);
			return;
		}
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			refused = 0;
		} else if (pid < 0) {
			atomic_store(&shared->error, errno);
			atomic_fetch_sub(&shared->made, 1);
			atomic_fetch_add(&shared->failed, 1);
			refused++;
			rest();
		}
	}
}

int main(int argc, char **argv)
{
	int number = argc == 2 ? atoi(argv[1]) : 0, before = -1;
	struct shared *shared =
	    mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t first = getpid();

	if (number < 1 || number > MOST || shared == MAP_FAILED) {
		fprintf(stderr, "usage: forkbomb NUMBER   (1 to %d)\n", MOST);
		return 2;
	}
	multiply(shared, number);
	if (getpid() != first)
		for (;;)
			pause(); /* ends with its parent */
	/* Done when a tenth of a second brings no more. */
	while (before != atomic_load(&shared->made)) {
		before = atomic_load(&shared->made);
		for (int i = 0; i < 100; i++)
			rest();
	}
	printf("%d of %d processes made", before, number);
	if (atomic_load(&shared->failed))
		printf("; then: %s", strerror(atomic_load(&shared->error)));
	printf("\n");
	return before < number ? 1 : 0;
}
