/*
 * caller: has a deputy do something, or try to.
 *
 * usage: caller TEXT NAME FILE COMMAND...
 *
 * Starts COMMAND, the deputy, with a socket as its descriptor 3, and sends one request: TEXT and
 * NAME, a line each, with FILE's descriptor, opened for writing with the caller's own right ("-":
 * none is sent). Then it waits for the answer, prints it, and ends the deputy by closing the
 * socket.
 *
 * Exit status: 0 there was an answer, 1 there was none, 2 the arguments are wrong.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "lesson.h"

int main(int argc, char **argv)
{
	char request[MESSAGE_MAX], answer[MESSAGE_MAX + 1];
	int pair[2], fd = -1, none;
	ssize_t len;

	if (argc < 5) {
		fputs("usage: caller TEXT NAME FILE COMMAND...\n", stderr);
		return 2;
	}
	if (strcmp(argv[3], "-") != 0) {
		fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0) {
			perror(argv[3]);
			return 1;
		}
	}
	make_pair(pair);
	start_with(argv + 4, (int[]){pair[1]}, 1);
	close(pair[1]);
	snprintf(request, sizeof(request), "%s\n%s\n", argv[1], argv[2]);
	send_text(pair[0], request, fd);
	len = recv_within(pair[0], answer, &none, 10000);
	if (len > 0)
		printf("%s\n", answer);
	close(pair[0]);
	while (wait(NULL) > 0)
		;
	return len > 0 ? 0 : 1;
}
