/* Calls from some way down, for a debugger that stops in them: backtraces calls|here|link|fifo */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define KEEP __attribute__((noipa))

static struct stat status;

KEEP void rung(int signal)
{
	(void)signal;
}

static int do_stat(void)
{
	return stat("/usr/bin/env", &status);
}

static int do_open(void)
{
	return open("/usr/bin/env", O_RDONLY);
}

/* A link in the last place: the shim leaves it to the site. */
static int do_link(void)
{
	return open("link", O_RDONLY);
}

static int do_mkdir(void)
{
	return mkdir("made", 0700);
}

static int do_absent(void)
{
	return stat("/usr/none/none", &status);
}

static int do_absent_here(void)
{
	return stat("none/none", &status);
}

static int do_fifo(void)
{
	return open("fifo", O_RDONLY);
}

KEEP int one(int (*call)(void))
{
	return call() + 1;
}

KEEP int two(int (*call)(void))
{
	return one(call) + 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = rung};
	struct itimerval soon = {.it_value.tv_usec = 400000};
	const char *what = argc > 1 ? argv[1] : "calls";

	do_absent(); /* what is settled is told with the answer to a message */
	if (strcmp(what, "fifo") == 0) {
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &soon, NULL);
		two(do_fifo);
	} else if (strcmp(what, "here") == 0) {
		if (chdir("/usr/lib"))
			return 1;
		two(do_absent_here);
	} else if (strcmp(what, "link") == 0) {
		two(do_link);
	} else {
		two(do_stat);
		two(do_open);
		two(do_mkdir);
		two(do_absent);
	}
	return 0;
}
