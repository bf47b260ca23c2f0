/*
 * driver: puts a membrane between a client and a server of many objects, and has it revoke.
 *
 * usage: driver MEMBRANE CLIENT...
 *
 * Each object is a socket. To any of them one can say:
 *
 *   get          answers "count N"
 *   add          adds one; no answer
 *   new          answers "new", with a new object's socket
 *   take         with a socket: the server keeps it, to call back on
 *   tell TEXT    the server says TEXT on every socket that it has taken
 *
 * MEMBRANE gets the client's side as descriptor 3, the first object as 4, and as 5 the socket by
 * which it is told "revoke"; it answers "revoked". CLIENT gets its own side as descriptor 3. When
 * CLIENT has said "ready" on what it took out, the driver revokes, and has the server call back
 * once more. Exit status: the client's.
 */
#include <signal.h>
#include <sys/wait.h>

#include "lesson.h"

#define OBJECTS 64

struct server {
	struct pollfd object[OBJECTS]; /* the first is the driver's own */
	long count[OBJECTS];
	int objects, taken[OBJECTS], takes;
};

static int add_object(struct server *s, int fd)
{
	if (s->objects == OBJECTS)
		return -1;
	s->object[s->objects++] = (struct pollfd){.fd = fd, .events = POLLIN};
	return 0;
}

static void answer(struct server *s, int i, char *text, int fd)
{
	int pair[2];

	if (strcmp(text, "add") == 0) {
		s->count[i]++;
	} else if (strcmp(text, "get") == 0) {
		snprintf(text, MESSAGE_MAX, "count %ld", s->count[i]);
		send_text(s->object[i].fd, text, -1);
	} else if (strcmp(text, "new") == 0) {
		make_pair(pair);
		if (add_object(s, pair[0]) == 0)
			send_text(s->object[i].fd, "new", pair[1]);
		close(pair[1]);
	} else if (strncmp(text, "tell ", 5) == 0) {
		for (int t = 0; t < s->takes; t++)
			send_text(s->taken[t], text + 5, -1);
	} else if (strcmp(text, "take") == 0 && fd >= 0 && s->takes < OBJECTS) {
		s->taken[s->takes++] = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void serve(int own, int first)
{
	struct server s = {0};
	char text[MESSAGE_MAX + 1];
	int fd;

	add_object(&s, own);
	add_object(&s, first);
	while (poll(s.object, (nfds_t)s.objects, -1) > 0)
		for (int i = 0, known = s.objects; i < known; i++) {
			if (!s.object[i].revents)
				continue;
			if (recv_message(s.object[i].fd, text, &fd) > 0)
				answer(&s, i, text, fd);
			else
				s.object[i].fd = -1;
		}
}

int main(int argc, char **argv)
{
	int left[2], right[2], own[2], control[2], ready[2], fd, status;
	char text[MESSAGE_MAX + 1];
	pid_t server, membrane, client;

	if (argc < 3)
		return 2;
	make_pair(left);
	make_pair(right);
	make_pair(own);
	make_pair(control);
	make_pair(ready);
	server = fork();
	if (server == 0) {
		close(left[0]), close(left[1]), close(right[0]), close(own[0]);
		serve(own[1], right[1]);
		_exit(0);
	}
	membrane = start_with((char *[]){argv[1], NULL}, (int[]){left[1], right[0], control[1]}, 3);
	close(left[1]), close(right[0]), close(right[1]), close(own[1]), close(control[1]);
	client = start_with(argv + 2, (int[]){left[0], ready[1]}, 2);
	close(left[0]), close(ready[1]);
	if (recv_within(ready[0], text, &fd, 10000) > 0) {
		send_text(control[0], "revoke", -1);
		if (recv_within(control[0], text, &fd, 1000) <= 0)
			printf("not revoked\n");
		fflush(stdout);
		send_text(own[0], "tell late", -1);
		rest(50);
		send_text(ready[0], "revoked", -1);
	}
	waitpid(client, &status, 0);
	kill(membrane, SIGKILL);
	kill(server, SIGKILL);
	while (wait(NULL) > 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
