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

/* Where it leads from the path. Not for a place of the space's own. */
void pol_place_outer(const struct pol_place *place, const char *path, char *out, size_t size);

/* Do both lead from the path to the same one outside? Neither may be the space's own. */
bool pol_places_alike(const struct pol_place *a, const struct pol_place *b, const char *path);

#endif
