/*
 * Where the control sockets of a user's spaces are: $XDG_RUNTIME_DIR/cordon, or a directory below
 * /tmp that is his alone. Each has the name of its space's id.
 */
#ifndef CORDON_CLI_CONTROL_DIR_H
#define CORDON_CLI_CONTROL_DIR_H

#include <stdbool.h>

#include "cordon/limits.h"

#define CONTROL_ID_MAX 32

enum control_dir_use {
	CONTROL_DIR_NAME, /* where it would be */
	CONTROL_DIR_FIND, /* it is there */
	CONTROL_DIR_MAKE, /* it is made where it is not */
};

/*
 * The directory, without links. False: there is none that is ours alone; errno says why (EPERM:
 * it is another's, or others may write to it).
 */
bool control_dir(enum control_dir_use use, char path[CD_PATH_MAX]);

#endif
