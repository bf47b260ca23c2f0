/*
 * deputy: makes text upper case for its callers, and keeps a ledger of it.
 *
 * usage: deputy LEDGER
 *
 * It serves requests from the socket that is its descriptor 3. A request is two lines, the text and
 * the name of the file for the result; some callers send that file's descriptor along. Each gets
 * one answer. The right to write LEDGER is the deputy's alone.
 *
 * TODO: a caller who names the ledger as the file for the result has the deputy overwrite its own
 * books. There are many names for the ledger. Which question must the deputy not have to ask?
 */
#include <ctype.h>
#include <fcntl.h>

#include "lesson.h"

static const char *serve(const char *text, const char *name, int fd, const char *ledger_path)
{
	int out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	FILE *ledger;

	(void)fd; /* the caller's descriptor, or -1 */
	if (out < 0)
		return "not done: cannot write that file";
	dprintf(out, "%s\n", text);
	close(out);
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
			answer = serve(text, name, fd, argv[1]);
		if (fd >= 0)
			close(fd);
		send_text(3, answer, -1);
	}
	return 0;
}
