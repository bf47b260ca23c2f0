/*
 * membrane: stands between a client (descriptor 3) and the first object of a server (4). When it is
 * told "revoke" (5), nothing passes any more that came through it, and it answers "revoked".
 *
 * No descriptor passes. For each that comes, in either direction, the membrane makes a pair of
 * sockets, lets one end pass in its stead, and stands between the other end and what came: that is
 * a wire, and what comes through it is treated the same. To revoke is to let go of every wire.
 */
#include "lesson.h"

#define WIRES 128

/* Two entries for each wire, 2k and 2k + 1; the last entry is the owner. */
static struct pollfd ends[2 * WIRES + 1];
static int wires;

static int add_wire(int one, int other)
{
	if (wires == WIRES)
		return -1;
	ends[2 * wires] = (struct pollfd){.fd = one, .events = POLLIN};
	ends[2 * wires + 1] = (struct pollfd){.fd = other, .events = POLLIN};
	wires++;
	return 0;
}

static void cut_wire(int wire)
{
	for (int i = 2 * wire; i < 2 * wire + 2; i++) {
		if (ends[i].fd >= 0)
			close(ends[i].fd);
		ends[i].fd = -1;
	}
}

/* What passes in fd's stead; -1: nothing does. fd is the membrane's from here on. */
static int wrap(int fd)
{
	int pair[2];

	if (fd < 0)
		return -1;
	make_pair(pair);
	if (add_wire(pair[0], fd) == 0)
		return pair[1];
	close(fd), close(pair[0]), close(pair[1]);
	return -1;
}

static void forward(int i)
{
	char text[MESSAGE_MAX + 1];
	int fd, passes;
	ssize_t len = recv_message(ends[i].fd, text, &fd);

	passes = wrap(fd);
	if (len <= 0 || send_message(ends[i ^ 1].fd, text, (size_t)len, passes))
		cut_wire(i / 2);
	if (passes >= 0)
		close(passes);
}

int main(void)
{
	struct pollfd owner = {.fd = 5, .events = POLLIN};

	add_wire(3, 4);
	for (;;) {
		/* The owner comes first; the table may grow while it is gone through. */
		int known = wires;

		ends[2 * known] = owner;
		if (poll(ends, 2 * (nfds_t)known + 1, -1) < 0)
			return 1;
		if (ends[2 * known].revents)
			break;
		for (int i = 0; i < 2 * known; i++)
			if (ends[i].revents && ends[i].fd >= 0)
				forward(i);
	}
	for (int wire = 0; wire < wires; wire++)
		cut_wire(wire);
	send_text(5, "revoked", -1);
	return 0;
}
