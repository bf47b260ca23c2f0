/*
 * fence: takes what thieves bring. The demonstration's own listener, on this machine's loopback
 * alone.
 *
 * usage: fence FILE
 *
 * Prints the port that it listens on, and appends to FILE all that anybody sends there, until it is
 * killed or its standard input ends.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void receive(int listener, int file)
{
	int fd = accept(listener, NULL, NULL);
	char bytes[4096];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(file, bytes, (size_t)n) != n)
			break;
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd pollers[2] = {{.fd = listener, .events = POLLIN},
				    {.fd = 0, .events = POLLIN}};
	int file;

	if (argc != 2) {
		fputs("usage: fence FILE\n", stderr);
		return 2;
	}
	file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (file < 0 || listener < 0 || bind(listener, (struct sockaddr *)&address, len) ||
	    listen(listener, 8) || getsockname(listener, (struct sockaddr *)&address, &len)) {
		perror("fence");
		return 1;
	}
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	while (poll(pollers, 2, -1) >= 0 && !pollers[1].revents)
		if (pollers[0].revents)
			receive(listener, file);
	return 0;
}
