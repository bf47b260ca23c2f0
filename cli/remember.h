/* Answers that are kept: in the policy file that the user has given. */
#ifndef CORDON_CLI_REMEMBER_H
#define CORDON_CLI_REMEMBER_H

#include "cordon/object.h"
#include "lib/buf.h"

/* Writes the answer into the file, and says in out what was changed there, or why nothing was. */
void remember_always(const char *path, enum cd_op op, const struct cd_object *object,
		     struct cd_buf *out);

#endif
