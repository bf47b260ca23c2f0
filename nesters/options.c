#include "options.h"

#include <stdio.h>
#include <string.h>

bool nester_options_read(struct nester_options *options, int argc, char **argv, const char *usage,
			 nester_option *own, void *context)
{
	size_t count = 0;
	int at = 1;

	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		bool took_value = false;

		if (strcmp(argv[at], "--help") == 0)
			break;
		if (own &&
		    own(context, argv[at], at + 1 < argc ? argv[at + 1] : NULL, &took_value)) {
			at += took_value;
			continue;
		}
		if (count + 1 == OPTIONS_MAX)
			break;
		options->cordon[count++] = argv[at];
	}
	options->cordon[count] = NULL;
	if (at + 1 >= argc || strcmp(argv[at], "--") != 0) {
		fputs(usage, stderr);
		return false;
	}
	options->program = (const char *const *)argv + at + 1;
	return true;
}

void nester_show_text(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}
