/* Names that will be others the next time, and the variables that paths begin with. */
#ifndef CORDON_POLICY_LEARN_PATHS_H
#define CORDON_POLICY_LEARN_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

/*
 * A name that looks as if it were made up anew each time (mkstemp's, a number of a process, a
 * digest): its pattern, with "*" for that part. directory: of one, two hexadecimal digits are
 * enough (stores by digest have such). False: it does not.
 */
bool pol_learn_temporary(const char *name, size_t len, bool directory, char *out, size_t size);
/* "libx.so.6.0.30": "libx.so*". */
bool pol_learn_version(const char *name, size_t len, char *out, size_t size);
/* May all below it be granted because of a number of names? Not what is everybody's, and no home.
 */
bool pol_learn_may_widen(const char *path, const struct pol_vars *vars);
/* As policies write it: "${" escaped, and the longest variable in the place of what it stands for.
 * malloc'd. */
char *pol_learn_written(const char *plain, const struct pol_vars *vars);

#endif
