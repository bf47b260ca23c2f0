/*
 * A space within another one: what its plan means to the space around it.
 *
 * A plan's sources are places in the view of the space around. So whatever a space has, the one
 * around has under a name of its own, or it is private to the space; and what both settle is
 * settled.
 */
#ifndef CORDON_REFMON_NEST_H
#define CORDON_REFMON_NEST_H

#include <stdbool.h>
#include <stdint.h>

#include "cordon/limits.h"
#include "cordon/object.h"
#include "cordon/plan.h"
#include "cordon/status.h"

/*
 * What an object is to the space around, as struct kern_space's `outward` has it: the object
 * itself, where it has the same name there. Of the network nothing is said: who connects for the
 * space is a program of the one around it, and is asked there.
 */
const struct cd_object *mon_nest_outward(const struct cd_plan *plan, uint64_t *ops,
					 const struct cd_object *object, char text[CD_PATH_MAX],
					 struct cd_object *out);

/* Takes away what the plan of the space around, which is settled likewise, does not settle. Without
 * memory nothing of the plan is to be used: CD_ENOMEM. */
enum cd_status mon_nest_settle(struct cd_plan *plan, const struct cd_plan *outer) CD_CHECKED;

/*
 * Does a copy on write in the plan show what the space around has covered? A copy is of one mount:
 * what stands on it there does not come with it. The place there, or NULL.
 */
const char *mon_nest_uncovers(const struct cd_plan *plan, const struct cd_plan *outer);

/* Takes away the device requests that the space around does not let through unasked. */
void mon_nest_requests(struct cd_requests *requests, const struct cd_requests *outer);

#endif
