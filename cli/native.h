/* Letting programs do natively what the policy settles. */
#ifndef CORDON_CLI_NATIVE_H
#define CORDON_CLI_NATIVE_H

#include <stdbool.h>

#include "cordon/plan.h"
#include "refmon/table.h"

/*
 * Puts copies of the machine's interpreters and libcs that lead to the shim into the plan, and of
 * the program (without links; NULL: none) if it is a static one, and settles it: enum cd_native,
 * what programs may do by themselves. 0: nothing, and the plan shows nothing new; everything goes
 * through the monitor then, which is slower and confines the same; so it is where the program is
 * given a socket. verbose: says why that is.
 */
unsigned cli_native(struct cd_plan *plan, const struct mon_table *table, const char *program,
		    bool socket, bool verbose);

/*
 * Puts the musl that cordon carries into the plan, when the program needs one and the machine has
 * none: as it is, or, native, as a copy that leads to the shim. Behind cli_native().
 */
void cli_lend_musl(struct cd_plan *plan, const char *program, bool native);

/*
 * Covers a directory of ours, which is there, wherever the plan shows it, and keeps what leads to
 * it from being renamed. False: out of memory.
 */
bool cli_hide(struct cd_plan *plan, const char *directory);
/* Does the plan show any of it? */
bool cli_shows(const struct cd_plan *plan, const char *directory);

/*
 * Covers the cache wherever the plan shows it, and keeps what leads there from being renamed: what
 * a space could write there, others would run. Then fills in what may be looked at: `looks` of the
 * plan. cli_native() does both, too, whatever it returns.
 */
void cli_native_hide(struct cd_plan *plan, const struct mon_table *table, bool socket);

#endif
