/* How cordon speaks: one line, on standard error, that begins with its name. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/cli.h"

void cli_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("cordon: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

int cli_say_policy_error(const struct pol_error *error)
{
	char text[4096];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	pol_error_text(error, &buf);
	cli_say("%s", text);
	return CLI_FAILED;
}

int cli_help(const struct cli_command *command)
{
	printf("cordon %s: %s\n\n%s", command->name, command->summary, command->usage);
	return fflush(stdout) ? CLI_FAILED : 0;
}
