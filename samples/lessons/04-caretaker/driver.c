/*
 * driver: puts a caretaker between a client and a counter, and has it revoke.
 *
 * usage: driver CARETAKER CLIENT...
 *
 * The counter is a server: "add" adds one, "get" answers "count N". CARETAKER gets the client's
 * side as descriptor 3, the counter's as 4, and as 5 the socket by which it is told "revoke", and
 * answers "revoked" when nothing will pass any more. CLIENT gets its own side as descriptor 3.
 *
 * Prints how far the counter was when the driver revoked, when "revoked" came, and a while later.
 */
#include <signal.h>
#include <sys/wait.h>

#include "lesson.h"

static void counter(int caretaker, int own)
{
	struct pollfd pollers[2] = {{.fd = own, .events = POLLIN},
				    {.fd = caretaker, .events = POLLIN}};
	char text[MESSAGE_MAX + 1];
	long count = 0;
	int fd;

	while (poll(pollers, 2, -1) > 0)
		for (int i = 0; i < 2; i++) {
			if (!pollers[i].revents)
				continue;
			if (recv_message(pollers[i].fd, text, &fd) <= 0) {
				pollers[i].fd = -1;
				continue;
			}
			if (fd >= 0)
				close(fd);
			count += strcmp(text, "add") == 0;
			if (strcmp(text, "get") == 0) {
				snprintf(text, sizeof(text), "count %ld", count);
				send_text(pollers[i].fd, text, -1);
			}
		}
}

static void tell(int own, const char *when)
{
	char text[MESSAGE_MAX + 1];
	int fd;

	send_text(own, "get", -1);
	printf("%s: %s\n", when, recv_within(own, text, &fd, 2000) > 0 ? text : "no answer");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int left[2], right[2], own[2], control[2], fd;
	char text[MESSAGE_MAX + 1];
	pid_t server, caretaker, client;

	if (argc < 3)
		return 2;
	make_pair(left);
	make_pair(right);
	make_pair(own);
	make_pair(control);
	server = fork();
	if (server == 0) {
		close(left[0]), close(left[1]), close(right[0]), close(own[0]);
		counter(right[1], own[1]);
		_exit(0);
	}
	caretaker =
	    start_with((char *[]){argv[1], NULL}, (int[]){left[1], right[0], control[1]}, 3);
	close(right[0]), close(right[1]), close(left[1]), close(own[1]), close(control[1]);
	client = start_with(argv + 2, (int[]){left[0]}, 1);
	close(left[0]);
	/* Until the client is well under way. */
	for (int i = 0; i < 20 && !waitpid(caretaker, NULL, WNOHANG); i++) {
		struct pollfd poller = {.fd = own[0], .events = POLLIN};

		rest(100);
		send_text(own[0], "get", -1);
		if (poll(&poller, 1, 2000) != 1 || recv_message(own[0], text, &fd) <= 0 ||
		    strcmp(text, "count 0") != 0)
			break;
	}
	rest(200);
	tell(own[0], "before");
	send_text(control[0], "revoke", -1);
	if (recv_within(control[0], text, &fd, 1000) > 0 && strcmp(text, "revoked") == 0)
		printf("revoked\n");
	rest(100); /* what was let through before has arrived */
	tell(own[0], "after");
	rest(300);
	tell(own[0], "later");
	kill(client, SIGTERM);
	kill(caretaker, SIGKILL);
	kill(server, SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
