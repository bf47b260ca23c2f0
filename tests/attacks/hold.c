/*
 * Tries to hold up whoever serves all processes of a space: hold WAY. 0: another process went on
 * meanwhile; 1: its file operations stood still; 2: the attempt itself is broken. The listener's
 * name lies in the working directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLERS	 4
#define SECONDS	 2  /* of trying */
#define PATIENCE 20 /* until standing still is more than a slow machine */

static const struct sockaddr_un busy = {.sun_family = AF_UNIX, .sun_path = "busy"};
static volatile int stop, toggles;
static int type = SOCK_STREAM;
static int callers[CALLERS];

static void interrupted(int signal)
{
	(void)signal;
}

/* A listener that takes nobody, and whose queue is full. */
static int fill(void)
{
	int listener = socket(AF_UNIX, type, 0), fd;

	if (bind(listener, (const struct sockaddr *)&busy, sizeof(busy)) || listen(listener, 0))
		return -1;
	for (int i = 0; i < 10; i++) {
		fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
		if (connect(fd, (const struct sockaddr *)&busy, sizeof(busy)))
			return errno == EAGAIN ? 0 : -1;
	}
	return -1;
}

static void *toggle(void *arg)
{
	while (!stop)
		for (int i = 0; i < CALLERS; i++) {
			fcntl(callers[i], F_SETFL, O_NONBLOCK);
			fcntl(callers[i], F_SETFL, 0);
		}
	return arg;
}

static void *call(void *arg)
{
	while (!stop)
		connect(*(int *)arg, (const struct sockaddr *)&busy, sizeof(busy));
	return arg;
}

static void pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
	volatile unsigned long *count =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sigaction action = {
	    .sa_handler = interrupted}; /* no SA_RESTART: a call that waits begins anew */
	pthread_t threads[CALLERS], toggler;
	unsigned long seen;
	pid_t other;
	int held;

	if (argc < 2)
		return 2;
	toggles = strstr(argv[1], "toggled") != NULL;
	if (strstr(argv[1], "packets"))
		type = SOCK_SEQPACKET;
	sigaction(SIGURG, &action, NULL);
	if (fill()) {
		perror("fill");
		return 2;
	}
	other = fork();
	if (other == 0)
		for (;; ++*count) {
			struct stat st;

			if (stat(".", &st))
				_exit(2);
		}
	for (int i = 0; i < CALLERS; i++) {
		callers[i] = socket(AF_UNIX, type, 0);
		pthread_create(&threads[i], NULL, call, &callers[i]);
	}
	if (toggles)
		pthread_create(&toggler, NULL, toggle, NULL);
	for (int i = 0; i < SECONDS * 100; i++) {
		pause_ms(10);
		for (int k = 0; toggles && k < CALLERS; k++)
			pthread_kill(threads[k], SIGURG);
	}
	seen = *count;
	for (int i = 0; i < PATIENCE * 100 && *count == seen; i++)
		pause_ms(10);
	held = *count == seen;
	if (kill(other, 0) || waitpid(other, NULL, WNOHANG))
		return 2;
	/* Nothing here may ask what stands still: stdio would ask for the status of its stream. */
	if (write(1, held ? "stood still\n" : "went on\n", held ? 12 : 8) < 0)
		held = 2;
	kill(other, SIGKILL);
	/* The callers wait, and threads among them cannot be joined; the end ends them. */
	_exit(held);
}
