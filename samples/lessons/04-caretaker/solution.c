/*
 * caretaker: forwards what a client says (descriptor 3) to a counter (4), and the answers back,
 * until it is told "revoke" (5). Then nothing passes any more, and it answers "revoked".
 *
 * The owner comes first, before every message. Revoking means letting go of both ends, so what the
 * client has queued goes nowhere; only then is it called done. And it never waits for the counter
 * to take a message, or it would not hear its owner meanwhile.
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

/* A message from one to the other, if there is one and the other has room. -1: somebody is gone. */
static int pass(int from, int to, int came)
{
	struct pollfd room = {.fd = to, .events = POLLOUT};

	if (!came)
		return 0;
	if (poll(&room, 1, 0) == 1)
		return forward(from, to);
	rest(1);
	return 0;
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
		if (pass(3, 4, pollers[1].revents) || pass(4, 3, pollers[2].revents))
			return 0;
	}
	return 0;
}
