/*
 * driver: puts a facet between a client and an account.
 *
 * usage: driver FACET CLIENT...
 *
 * The account is a server. A message to it holds one or more lines, and it does what each says:
 *
 *   get        answers "balance N"
 *   put N      sets the balance; no answer
 *
 * FACET gets the client's side as descriptor 3 and the account's as 4. CLIENT gets its own side as
 * descriptor 3, and nothing else. At the end the driver, who has the account itself, prints what is
 * in it. Exit status: the client's.
 */
#include <signal.h>
#include <sys/wait.h>

#include "lesson.h"

static void account(int facet, int own)
{
	struct pollfd pollers[2] = {{.fd = facet, .events = POLLIN}, {.fd = own, .events = POLLIN}};
	char text[MESSAGE_MAX + 1], answer[64];
	long balance = 100;
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
			for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
				sscanf(line, "put %ld", &balance);
				snprintf(answer, sizeof(answer), "balance %ld", balance);
				if (strncmp(line, "get", 3) == 0)
					send_text(pollers[i].fd, answer, -1);
			}
		}
}

int main(int argc, char **argv)
{
	int left[2], right[2], own[2], fd, status;
	char answer[MESSAGE_MAX + 1];
	pid_t server, facet, client;

	if (argc < 3)
		return 2;
	make_pair(left);
	make_pair(right);
	make_pair(own);
	server = fork();
	if (server == 0) {
		close(left[0]), close(left[1]), close(right[0]), close(own[0]);
		account(right[1], own[1]);
		_exit(0);
	}
	facet = start_with((char *[]){argv[1], NULL}, (int[]){left[1], right[0]}, 2);
	close(right[0]), close(right[1]), close(left[1]), close(own[1]);
	client = start_with(argv + 2, (int[]){left[0]}, 1);
	close(left[0]);
	waitpid(client, &status, 0);
	rest(50); /* what the client sent last is on its way */
	send_text(own[0], "get", -1);
	if (recv_within(own[0], answer, &fd, 2000) > 0)
		printf("finally: %s\n", answer);
	kill(facet, SIGKILL);
	kill(server, SIGKILL);
	while (wait(NULL) > 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
