/* What the nesters' command lines have in common: their own options, then those of `cordon run`,
 * then "--" and a program. */
#ifndef NESTERS_OPTIONS_H
#define NESTERS_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#define OPTIONS_MAX 128

struct nester_options {
	const char *cordon[OPTIONS_MAX]; /* for cd_nester_start() */
	const char *const *program;
};

/* An option of the nester's own: true if it is; value: what follows it, if it takes one. */
typedef bool nester_option(void *context, const char *name, const char *value, bool *took_value);

/* False, and said: there is no program, or an option is wrong. */
bool nester_options_read(struct nester_options *options, int argc, char **argv, const char *usage,
			 nester_option *own, void *context);

/* A name may hold anything: what a terminal would act on is shown as a number. */
void nester_show_text(FILE *out, const char *text, size_t len);

#endif
