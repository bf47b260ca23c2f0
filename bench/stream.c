/* Connections over the loopback: stream sink PORT | send PORT MEGABYTES | connect PORT COUNT.
 * Prints MB, or connections, a second. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[65536];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Takes what comes, until the other side ends; serves one after the other, and for ten minutes. */
static int take(int s, struct sockaddr_in *a)
{
	int on = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)a, sizeof(*a)) || listen(s, 1000))
		return 1;
	alarm(600);
	for (;;) {
		int c = accept(s, NULL, NULL);

		while (read(c, buffer, sizeof(buffer)) > 0)
			;
		close(c);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct linger at_once = {1, 0};
	int s = socket(AF_INET, SOCK_STREAM, 0), count;
	double began = now();

	if (argc < 3)
		return 2;
	a.sin_port = htons((unsigned short)atoi(argv[2]));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (strcmp(argv[1], "sink") == 0)
		return take(s, &a);
	count = argc > 3 ? atoi(argv[3]) : 1;
	if (strcmp(argv[1], "send") == 0) {
		if (connect(s, (struct sockaddr *)&a, sizeof(a)))
			return 1;
		for (int i = 0; i < count * 16; i++)
			for (size_t done = 0; done < sizeof(buffer);) {
				ssize_t n = send(s, buffer + done, sizeof(buffer) - done, 0);

				if (n <= 0)
					return 1;
				done += (size_t)n;
			}
	} else {
		for (int i = 0; i < count; i++) {
			close(s);
			s = socket(AF_INET, SOCK_STREAM, 0);
			setsockopt(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
			if (connect(s, (struct sockaddr *)&a, sizeof(a)))
				return 1;
		}
	}
	printf("%d\n", (int)(count / (now() - began)));
	return 0;
}
