/* What stands at a path of a space, by the policy's view: for tools that reason about policies. */
#ifndef CORDON_POLICY_PLACE_H
#define CORDON_POLICY_PLACE_H

#include "policy/policy.h"

struct pol_place {
	const struct pol_view *view; /* the one that the path lies in; NULL: the path itself */
	bool own;		     /* the space's own: nothing of the user's */
	bool writable;		     /* what is changed there is changed outside */
};

struct pol_place pol_place_of(const struct pol_policy *policy, const char *path);

/* Do both lead from the path to the same one outside? Neither may be the space's own. */
bool pol_places_alike(const struct pol_place *a, const struct pol_place *b, const char *path);

#endif
