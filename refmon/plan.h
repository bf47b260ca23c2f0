/*
 * The plan of a view, from the rules: what a space finds under its root, and with what rights.
 *
 * Mounts say the part of the rules that mounts can say; the monitor says the rest. Whatever a rule
 * grants is in the view at the same place; what a rule denies, and what is protected, is left out
 * where it lies inside something granted. So the view is at least as large as the grants, and as
 * little larger as can be (invariant 12).
 */
#ifndef CORDON_REFMON_PLAN_H
#define CORDON_REFMON_PLAN_H

#include "cordon/plan.h"
#include "cordon/status.h"
#include "lib/path.h"
#include "refmon/table.h"

/*
 * Makes the plan for the file system as it is now. given: what the policy's "view" and the program
 * add (binds, private directories, texts); they take precedence over rules for the same place, and
 * their `exec` is set here from the rules. The plan and its strings belong to the caller:
 * mon_plan_free().
 */
enum cd_status mon_plan_make(const struct mon_table *table, const struct cd_mount *given,
			     size_t given_count, struct cd_plan **out) CD_CHECKED;
/*
 * Adds a mount that covers what the plan shows at that place; strings are copied. mon_settle() puts
 * mounts in order again. CD_ENOMEM.
 */
enum cd_status mon_plan_add(struct cd_plan *plan, const struct cd_mount *mount) CD_CHECKED;
/* The mount that shows the path: the deepest one, the last of several there. NULL: only the
 * skeleton's root does. */
const struct cd_mount *mon_plan_at(const struct cd_plan *plan, const char *path);
/*
 * The same of the path's first *depth components, of which *depth becomes the number that name the
 * mount's own place: to go on above it, begin with one less.
 */
const struct cd_mount *mon_plan_above(const struct cd_plan *plan, const char *path,
				      const struct cd_parts *parts, unsigned *depth);
/* Makes that fast, for a plan of which no mount changes its place any more. Without memory it stays
 * as slow as it was. */
void mon_plan_index(struct cd_plan *plan);
void mon_plan_free(struct cd_plan *plan);

#endif
