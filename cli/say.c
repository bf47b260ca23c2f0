/* How cordon speaks: one line, on standard error, that begins with its name. Whatever it names is
 * shown so that it cannot make another line of it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cordon/limits.h"
#include "lib/buf.h"

void cli_say(const char *format, ...)
{
	char text[2 * CD_PATH_MAX], line[4 * sizeof(text)];
	struct cd_buf out;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cd_buf_init(&out, line, sizeof(line));
	cd_buf_visible(&out, text, strlen(text));
	fprintf(stderr, "cordon: %s\n", line);
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
	cli_verbs_print(command, stdout);
	cli_options_print(command, stdout);
	if (command->notes)
		printf("\n%s", command->notes);
	return fflush(stdout) ? CLI_FAILED : 0;
}
