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

/* A piece at a time: texts may be long, and a character of UTF-8 must not be cut. */
static void put(FILE *out, const char *text, void (*escape)(struct cd_buf *, const char *, size_t))
{
	size_t len = strlen(text);

	while (len) {
		size_t piece = len < CD_PATH_MAX ? len : CD_PATH_MAX;
		char escaped[9 * CD_PATH_MAX];
		struct cd_buf buf;

		while (piece < len && piece > CD_PATH_MAX - 4 && (text[piece] & 0xc0) == 0x80)
			piece--;
		cd_buf_init(&buf, escaped, sizeof(escaped));
		escape(&buf, text, piece);
		fwrite(escaped, 1, buf.len, out);
		text += piece;
		len -= piece;
	}
}

void cli_put_visible(FILE *out, const char *text)
{
	put(out, text, cd_buf_visible);
}

void cli_put_json(FILE *out, const char *text)
{
	putc('"', out);
	put(out, text, cd_buf_json);
	putc('"', out);
}

const char *cli_size_text(char text[16], uint64_t bytes)
{
	static const char units[] = "KMGT";
	double value = (double)bytes / 1024;
	size_t unit = 0;

	while (value >= 999.5 && unit + 2 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 16, value < 9.95 && unit ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return text;
}

const char *cli_time_text(char text[16], uint64_t seconds)
{
	unsigned long long s = seconds;

	if (s < 60)
		snprintf(text, 16, "%llus", s);
	else if (s < 3600)
		snprintf(text, 16, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, 16, "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(text, 16, "%llud%02lluh", s / 86400 % 100000, s / 3600 % 24);
	return text;
}
