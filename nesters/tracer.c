/*
 * tracer: shows every message that crosses the border of a space, and of the spaces within it.
 *
 *   tracer [-o FILE] [OPTION OF CORDON RUN...] -- PROGRAM [ARGUMENT...]
 *
 * It knows no protocol: an operation, its object, who asks and from where is all that it shows. Of
 * a space that is made within it gets a port as soon as there is one, and so nothing escapes it.
 */
#include <cordon/nester.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name may hold anything: what a terminal would act on is shown as a number. */
static void show_text(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

static void show(FILE *out, const struct cd_event *event)
{
	const char *comma = "";

	if (event->kind == CD_EVENT_SPACE) {
		fprintf(out, "[%s] a space within\n", event->space);
		return;
	}
	fprintf(out, "[%s %d] %s: ", event->space, event->pid, event->call);
	for (unsigned op = 0; op < CD_OP_COUNT; op++)
		if (event->ops & CD_OPBIT(op)) {
			fprintf(out, "%s%s", comma, cd_op_name((enum cd_op)op));
			comma = ",";
		}
	fputc(' ', out);
	show_text(out, event->text, event->text_len);
	fputc('\n', out);
}

int main(int argc, char **argv)
{
	const char *options[64];
	size_t count = 0;
	struct cd_nester *nester;
	struct cd_event event;
	FILE *out = stderr;
	int at = 1, kind;

	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (strcmp(argv[at], "-o") == 0 && at + 1 < argc) {
			out = fopen(argv[++at], "we");
			if (!out) {
				perror(argv[at]);
				return 125;
			}
		} else if (count < 63) {
			options[count++] = argv[at];
		}
	}
	options[count] = NULL;
	if (at + 1 >= argc) {
		fputs(
		    "usage: tracer [-o FILE] [OPTION OF CORDON RUN...] -- PROGRAM [ARGUMENT...]\n",
		    stderr);
		return 125;
	}
	if (cd_nester_start(&nester, CD_OPS_ALL, options, (const char *const *)argv + at + 1)) {
		perror("tracer");
		return 125;
	}
	while ((kind = cd_nester_next(nester, &event, -1)) != CD_EVENT_ENDED && kind >= 0) {
		show(out, &event);
		if (kind == CD_EVENT_OPERATION)
			cd_nester_pass(nester, &event);
	}
	fflush(out);
	return cd_nester_end(nester);
}
