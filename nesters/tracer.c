/*
 * tracer: shows every message that crosses the border of a space, and of the spaces within it.
 *
 * It knows no protocol: the operation, its object, who asks and from where is all that it shows;
 * and of what a reply has handed out, which call it is used by. Of a space that is made within it
 * gets a port as soon as there is one, and so nothing escapes it.
 */
#include <cordon/nester.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const char usage[] =
    "usage: cordon tracer [-o FILE] [--messages] [OPTION OF CORDON RUN...] -- PROGRAM "
    "[ARGUMENT...]\n"
    "\n"
    "Shows every message that crosses the border of a space, and every use of what was handed out, "
    "at any depth.\n"
    "\n"
    "  -o FILE      show it there, and not on standard error\n"
    "  --messages   messages alone: what is used natively stays native\n"
    "\n"
    "example:\n"
    "  cordon tracer -o messages --allow-read=. -- grep -r TODO .\n";

/* The object is what the descriptor stood for when the call came. */
static void show_use(FILE *out, const struct cd_event *event)
{
	fprintf(out, "[%s %d] %s: cap.use ", event->space, event->pid, event->call);
	nester_show_text(out, event->text, event->text_len);
	fprintf(out, " (descriptor %d, %llu)\n", (int)event->mode,
		(unsigned long long)event->flags);
}

static void show(FILE *out, const struct cd_event *event)
{
	const char *comma = "";

	if (event->kind == CD_EVENT_SPACE) {
		fprintf(out, "[%s] a space within\n", event->space);
		return;
	}
	if (event->ops == CD_NESTER_USE) {
		show_use(out, event);
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

struct tracer {
	FILE *out;
	uint64_t ops;
};

static bool own_option(void *context, const char *name, const char *value, bool *took_value)
{
	struct tracer *tracer = context;

	if (strcmp(name, "--messages") == 0) {
		tracer->ops &= ~CD_NESTER_USE;
		return true;
	}
	if (strcmp(name, "-o") != 0 || !value)
		return false;
	*took_value = true;
	tracer->out = fopen(value, "we");
	if (tracer->out)
		return true;
	perror(value);
	exit(125);
}

int main(int argc, char **argv)
{
	struct tracer tracer = {stderr, CD_OPS_ALL | CD_NESTER_USE};
	struct nester_options options;
	struct cd_nester *nester;
	struct cd_event event;
	int kind;

	if (!nester_options_read(&options, argc, argv, usage, own_option, &tracer))
		return 125;
	if (cd_nester_start(&nester, tracer.ops, options.cordon, options.program))
		return 125;
	while ((kind = cd_nester_next(nester, &event, -1)) != CD_EVENT_ENDED && kind >= 0) {
		show(tracer.out, &event);
		if (kind == CD_EVENT_OPERATION)
			cd_nester_pass(nester, &event);
	}
	fflush(tracer.out);
	return cd_nester_end(nester);
}
