/*
 * caretaker: forwards what a client says (descriptor 3) to a counter (4), and the answers back,
 * until it is told "revoke" (5). Then nothing passes any more, and it answers "revoked".
 *
 * TODO: it does not listen to its owner. When it does: who decides when it comes to that?
 */
#include "lesson.h"

static int forward(int from, int to)
{
	char text[MESSAGE_MAX + 1];
	int fd;
	ssize_t len = recv_message(from, text, &fd);

	if (fd >= 0)
		close(fd);
	return len > 0 ? send_message(to, text, (size_t)len, -1) : -1;
}

int main(void)
{
	struct pollfd pollers[2] = {{.fd = 3, .events = POLLIN}, {.fd = 4, .events = POLLIN}};

	while (poll(pollers, 2, -1) > 0) {
		if (pollers[0].revents) {
			if (forward(3, 4))
				return 0;
		} else if (pollers[1].revents) {
			if (forward(4, 3))
				return 0;
		}
	}
	return 0;
}
