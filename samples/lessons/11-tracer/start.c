/*
 * tracer: a nester that writes down what a program asks for.
 *
 * usage: tracer FILE DIRECTORY PROGRAM [ARGUMENT...]
 *
 * PROGRAM runs in a space that has DIRECTORY. FILE gets a line for each message that crosses its
 * border: the operations, and the object. Whatever is asked is let through.
 *
 * TODO: what does it not hear of? And whose are the bytes that it writes?
 */
#include <cordon/nester.h>
#include <stdio.h>

static void write_line(FILE *out, const struct cd_event *event)
{
	const char *comma = "";

	for (unsigned op = 0; op < CD_OP_COUNT; op++)
		if (event->ops & CD_OPBIT(op)) {
			fprintf(out, "%s%s", comma, cd_op_name((enum cd_op)op));
			comma = ",";
		}
	fprintf(out, " %s\n", event->text);
}

int main(int argc, char **argv)
{
	const char *options[] = {"-q", "--rw", argv[1] ? argv[2] : NULL, NULL};
	struct cd_nester *nester;
	struct cd_event event;
	FILE *out;
	int kind;

	if (argc < 4) {
		fputs("usage: tracer FILE DIRECTORY PROGRAM [ARGUMENT...]\n", stderr);
		return 125;
	}
	out = fopen(argv[1], "we");
	if (!out || cd_nester_start(&nester, CD_OPBIT(CD_OP_FS_READ), options,
				    (const char *const *)argv + 3)) {
		perror("tracer");
		return 125;
	}
	while ((kind = cd_nester_next(nester, &event, -1)) != CD_EVENT_ENDED && kind >= 0)
		if (kind == CD_EVENT_OPERATION) {
			write_line(out, &event);
			cd_nester_pass(nester, &event);
		}
	fclose(out);
	return cd_nester_end(nester);
}
