/* What a space has as its root, for the commands that start one or speak of it. */
#ifndef CORDON_CLI_VIEW_H
#define CORDON_CLI_VIEW_H

#include "cordon/plan.h"
#include "policy/policy.h"

/*
 * The plan of a policy's view, with what cordon supplies of its own: users and groups, the names of
 * the network. hostname: what the space is called. NULL, and said, when it cannot be had. The
 * caller frees it with mon_plan_free(); some of its texts live as long as the process, and a second
 * plan has the same.
 */
struct cd_plan *cli_plan(const struct pol_policy *policy, const char *hostname);

#endif
