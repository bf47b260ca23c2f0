/*
 * deputy: makes text upper case for its callers, and keeps a ledger of it.
 *
 * usage: deputy LEDGER
 *
 * It serves requests from the socket that is its descriptor 3. A request is two lines, the text and
 * the name of the file for the result; some callers send that file's descriptor along. Each gets
 * one answer. The right to write LEDGER is the deputy's alone.
 *
 * The name is not used for anything. The caller opens the file, by the caller's right, and what was
 * not sent open is not written: the deputy has no question to ask about names.
 */
#include <ctype.h>
#include <fcntl.h>

#include "lesson.h"

static const char *serve(const char *text, int fd, const char *ledger_path)
{
	FILE *ledger;

	if (fd < 0)
		return "not done: send the file along, opened by you";
	if (dprintf(fd, "%s\n", text) < 0)
		return "not done: cannot write to what was sent";
	ledger = fopen(ledger_path, "a");
	if (!ledger)
		return "not done: no ledger";
	fprintf(ledger, "%zu bytes made for a caller\n", strlen(text));
	fclose(ledger);
	return "done";
}

int main(int argc, char **argv)
{
	char request[MESSAGE_MAX + 1];
	int fd;

	if (argc != 2) {
		fputs("usage: deputy LEDGER\n", stderr);
		return 2;
	}
	while (recv_message(3, request, &fd) > 0) {
		char *text = strtok(request, "\n"), *name = strtok(NULL, "\n");
		const char *answer = "not done: a request is two lines";

		for (char *c = text; c && *c; c++)
			*c = (char)toupper((unsigned char)*c);
		if (text && name)
			answer = serve(text, fd, argv[1]);
		if (fd >= 0)
			close(fd);
		send_text(3, answer, -1);
	}
	return 0;
}
