/*
 * `cordon run` with a log that a command reads: of `cordon trace`, which shows it as it grows, and
 * of `cordon learn`.
 *
 * The log is a file of its own, made for this run and gone with it.
 */
#ifndef CORDON_CLI_LOGGED_H
#define CORDON_CLI_LOGGED_H

#include <stdbool.h>

#include "cli/options.h"
#include "cordon/limits.h"

struct logged {
	char path[CD_PATH_MAX]; /* of the log; empty: there is none any more */
	char **argv;		/* for `cordon run` */
	int argc;
};

/* A new file of the user's in the directory for such: a descriptor, or -1, and errno says why.
 * path: CD_PATH_MAX bytes. */
int logged_temporary(const char *name, const char *suffix, char *path);

/* Makes the log. room: for arguments, as many as a command line has. False, and said, when it
 * cannot. */
bool logged_begin(struct logged *logged, int room);
/* One argument for `cordon run`, before the program: "--name=value", or "--name" without. */
bool logged_option(struct logged *logged, const char *name, const char *value);
/* Runs the program, and returns what `cordon run` does. */
int logged_run(struct logged *logged, char **program);
/* A descriptor of the log, for reading; -1. */
int logged_open(const struct logged *logged);
/* The log is read, or open: it needs no name any more. */
void logged_unlink(struct logged *logged);
void logged_end(struct logged *logged);

#endif
