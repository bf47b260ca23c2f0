/*
 * What the last run was denied, kept for `cordon why --last`: a small file of the user's alone,
 * XDG_STATE_HOME/cordon/last, which no space reaches.
 *
 * Its lines: "cordon 1 STATUS TIME", the program and its arguments as a shell would take them, the
 * policy's name, and then one for each denial: operation, object, count, why, flag, policy line,
 * separated by tabs. All are escaped as in JSON strings, so that none holds a tab or a line's end.
 */
#ifndef CORDON_CLI_LAST_H
#define CORDON_CLI_LAST_H

#include <stdbool.h>

#include "cli/report.h"

/* The folder that it is in, made where it is missing; no link is in its path. False: there is none.
 */
bool last_folder(char path[CD_PATH_MAX]);
/* Writes it. Nothing is said of what fails: it is a convenience. */
void last_write(const struct report_view *view, char *const *argv, int status);
/* Prints it; an exit status. */
int last_print(bool json);

#endif
