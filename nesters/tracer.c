/*
 * tracer: shows every message that crosses the border of a space, and of the spaces within it.
 *
 * It knows no protocol: the operation, its object, who asks and from where is all that it shows. Of
 * a space that is made within it gets a port as soon as there is one, and so nothing escapes it.
 */
#include <cordon/nester.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const char usage[] =
    "usage: cordon tracer [-o FILE] [OPTION OF CORDON RUN...] -- PROGRAM [ARGUMENT...]\n"
    "\n"
    "Shows every message that crosses the border of a space, at any depth.\n"
    "\n"
    "  -o FILE   show it there, and not on standard error\n"
    "\n"
    "example:\n"
    "  cordon tracer -o messages --allow-read=. -- grep -r TODO .\n";

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
	nester_show_text(out, event->text, event->text_len);
	fputs(event->absent ? " (not there)\n" : "\n", out);
}

static bool own_option(void *context, const char *name, const char *value, bool *took_value)
{
	FILE **out = context;

	if (strcmp(name, "-o") != 0 || !value)
		return false;
	*took_value = true;
	*out = fopen(value, "we");
	if (*out)
		return true;
	perror(value);
	exit(125);
}

int main(int argc, char **argv)
{
	struct nester_options options;
	struct cd_nester *nester;
	struct cd_event event;
	FILE *out = stderr;
	int kind;

	if (!nester_options_read(&options, argc, argv, usage, own_option, &out))
		return 125;
	if (cd_nester_start(&nester, CD_OPS_ALL, options.cordon, options.program))
		return 125;
	while ((kind = cd_nester_next(nester, &event, -1)) != CD_EVENT_ENDED && kind >= 0) {
		show(out, &event);
		if (kind == CD_EVENT_OPERATION)
			cd_nester_pass(nester, &event);
	}
	fflush(out);
	return cd_nester_end(nester);
}
