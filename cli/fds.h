/*
 * Descriptors that are passed on to the program because the command line says so: --fd=N, and
 * --fd=N:ro for reading alone. All others are closed before anything else is done.
 */
#ifndef CORDON_CLI_FDS_H
#define CORDON_CLI_FDS_H

#include <stdbool.h>

#include "host/fds.h"

/* Those that an argument might mean, as far as letters go: for closing all others first. */
void cli_fds_named(struct host_fds *fds, int argc, char **argv);
/* Adds one to the list, in its order; false: there is no room, or it is there already. */
bool cli_fds_keep(struct host_fds *fds, int fd);
/* What --port names: a socket, or that and two pipes. 1, 3, or 0: neither. */
int cli_fds_of_port(const char *text, int numbers[3]);
/* Closes every descriptor above the standard streams but these. */
void cli_fds_close_others(const struct host_fds *fds);
/* Adds the one that an option's value names, if it may be passed on; else false, and said. */
bool cli_fds_grant(struct host_fds *fds, const char *value);
/* Why it must not be passed on; static storage. NULL: it may. */
const char *cli_fds_flaw(int fd);
/* Replaces standard streams that are directories, or not there: a directory is a way into the
 * user's own tree, past the view. */
void cli_fds_check_standard(void);
/* Is one of them, or of the standard streams, a socket? */
bool cli_fds_have_socket(const struct host_fds *fds);

#endif
