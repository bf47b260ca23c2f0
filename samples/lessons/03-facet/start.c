/*
 * facet: stands between a client (descriptor 3) and an account (descriptor 4), and lets the client
 * ask for the balance, and no more.
 *
 * TODO: it looks at what a message begins with. What does the account look at?
 */
#include "lesson.h"

int main(void)
{
	struct pollfd pollers[2] = {{.fd = 3, .events = POLLIN}, {.fd = 4, .events = POLLIN}};
	char text[MESSAGE_MAX + 1];
	ssize_t len;
	int fd;

	while (poll(pollers, 2, -1) > 0) {
		if (pollers[0].revents) {
			len = recv_message(3, text, &fd);
			if (len <= 0)
				return 0;
			if (strncmp(text, "get", 3) == 0)
				send_message(4, text, (size_t)len, fd);
			else
				send_text(3, "not by this facet", -1);
			if (fd >= 0)
				close(fd);
		}
		if (pollers[1].revents) {
			len = recv_message(4, text, &fd);
			if (len <= 0)
				return 0;
			send_message(3, text, (size_t)len, fd);
			if (fd >= 0)
				close(fd);
		}
	}
	return 0;
}
