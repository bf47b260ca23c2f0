/*
 * A thread that has left its process's table of descriptors connects a socket by a number that
 * means another file there. What comes of it must be as natively, or an error: never the other's
 * socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int number;
static const char *path;

static void *leave(void *unused)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int mine;

	(void)unused;
	if (unshare(CLONE_FILES))
		return "unshare";
	close(number);
	mine = socket(AF_UNIX, SOCK_STREAM, 0);
	if (mine != number)
		return "another number";
	strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
	/* Bound in this thread's table, or not at all. */
	if (bind(mine, (struct sockaddr *)&name, sizeof(name)) && errno != EBADF)
		return strerror(errno);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	pthread_t thread;
	void *what = NULL;

	path = argc > 1 ? argv[1] : "socket";
	number = socket(AF_UNIX, SOCK_STREAM, 0);
	if (pthread_create(&thread, NULL, leave, NULL) || pthread_join(thread, &what))
		return 2;
	if (what) {
		puts(what);
		return 2;
	}
	unlink(path);
	if (getsockname(number, (struct sockaddr *)&name, &len) || len > sizeof(sa_family_t)) {
		puts("the process's socket was bound");
		return 1;
	}
	puts("the process's socket is as it was");
	return 0;
}
