/*
 * facet: stands between a client (descriptor 3) and an account (descriptor 4), and lets the client
 * ask for the balance, and no more.
 *
 * What the client sends is understood here, and a message of the facet's own goes to the account.
 * Not one byte of the client's does, so it does not matter how the account would read it.
 */
#include "lesson.h"

int main(void)
{
	struct pollfd pollers[2] = {{.fd = 3, .events = POLLIN}, {.fd = 4, .events = POLLIN}};
	char text[MESSAGE_MAX + 1];
	int fd;

	while (poll(pollers, 2, -1) > 0) {
		if (pollers[0].revents) {
			if (recv_message(3, text, &fd) <= 0)
				return 0;
			if (fd >= 0)
				close(fd);
			if (strcmp(text, "get") == 0)
				send_text(4, "get", -1);
			else
				send_text(3, "not by this facet", -1);
		}
		if (pollers[1].revents) {
			if (recv_message(4, text, &fd) <= 0)
				return 0;
			if (fd >= 0)
				close(fd);
			send_text(3, text, -1);
		}
	}
	return 0;
}
