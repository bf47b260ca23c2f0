/*
 * client: sends one message to descriptor 3 and prints the answers.
 *
 * usage: client LINE...     the message's lines
 */
#include "lesson.h"

int main(int argc, char **argv)
{
	char text[MESSAGE_MAX + 1] = "";
	size_t len = 0;
	int fd;

	for (int i = 1; i < argc && len < MESSAGE_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 1 ? "\n" : "",
					argv[i]);
	send_text(3, text, -1);
	while (recv_within(3, text, &fd, 300) > 0)
		printf("%s\n", text);
	return 0;
}
