/*
 * membrane: stands between a client (descriptor 3) and the first object of a server (4). When it is
 * told "revoke" (5), nothing passes any more that came through it, and it answers "revoked".
 *
 * TODO: it forwards messages, and with them the descriptors that they carry. What passes by those?
 */
#include "lesson.h"

static int forward(int from, int to)
{
	char text[MESSAGE_MAX + 1];
	int fd;
	ssize_t len = recv_message(from, text, &fd);

	if (len > 0)
		send_message(to, text, (size_t)len, fd);
	if (fd >= 0)
		close(fd);
	return len > 0 ? 0 : -1;
}

int main(void)
{
	struct pollfd pollers[3] = {
	    {.fd = 5, .events = POLLIN}, {.fd = 3, .events = POLLIN}, {.fd = 4, .events = POLLIN}};

	while (poll(pollers, 3, -1) > 0) {
		if (pollers[0].revents) {
			close(3);
			close(4);
			send_text(5, "revoked", -1);
			return 0;
		}
		if ((pollers[1].revents && forward(3, 4)) || (pollers[2].revents && forward(4, 3)))
			return 0;
	}
	return 0;
}
