/*
 * client: gets all it can through descriptor 3, and looks what of it outlives the revocation.
 *
 * It makes an object, an object by that object, passes a socket of its own in to be called on, and
 * uses each. Then it says so on descriptor 4, waits for the word, and tries again.
 *
 * Prints "used NAME" and "alive NAME". Exit status: 0 it could use all of it before, 1 it could
 * not.
 */
#include "lesson.h"

/* Does the object answer? */
static int answers(int object)
{
	char text[MESSAGE_MAX + 1];
	int fd;

	return object >= 0 && send_text(object, "get", -1) == 0 &&
	       recv_within(object, text, &fd, 300) > 0 && strncmp(text, "count ", 6) == 0;
}

static int make(int object)
{
	char text[MESSAGE_MAX + 1];
	int fd = -1;

	if (object >= 0 && send_text(object, "new", -1) == 0)
		recv_within(object, text, &fd, 1000);
	return fd;
}

/* Is anything said on it? */
static int called(int callback)
{
	char text[MESSAGE_MAX + 1];
	int fd;

	return recv_within(callback, text, &fd, 300) > 0;
}

int main(void)
{
	int child = make(3), grandchild = make(child), pair[2], fd, used = 0;
	char text[MESSAGE_MAX + 1];

	make_pair(pair);
	send_text(child, "take", pair[1]);
	close(pair[1]);
	send_text(grandchild, "tell hello", -1);
	used += answers(child) && printf("used child\n");
	used += answers(grandchild) && printf("used grandchild\n");
	used += called(pair[0]) && printf("used callback\n");
	fflush(stdout);
	send_text(4, "ready", -1);
	recv_within(4, text, &fd, 5000);
	if (answers(3))
		printf("alive first\n");
	if (answers(child))
		printf("alive child\n");
	if (answers(grandchild))
		printf("alive grandchild\n");
	if (called(pair[0]))
		printf("alive callback\n");
	return used == 3 ? 0 : 1;
}
