/*
 * Policies compared by what they grant: rules, what stands at a path, environment, limits.
 *
 * What a policy sets (variables, a private directory of the space's own) grants nothing of the
 * user's, and does not count; nor does what is recorded, or what a denied program is told.
 */
#ifndef CORDON_POLICY_COMPARE_H
#define CORDON_POLICY_COMPARE_H

#include "policy/policy.h"
#include "refmon/compare.h"

/* One thing that the first policy grants and the second does not. */
struct pol_difference {
	const struct mon_difference
	    *rule;		    /* NULL: it is about something else, which `what` names */
	const char *what;	    /* "env FOO", "limit memory" */
	const char *first, *second; /* how it stands with both, for people */
};

/* A false from visit ends it. CD_ELIMIT: the policies are too entangled to say. */
enum cd_status pol_compare(const struct pol_policy *first, const struct pol_policy *second,
			   bool (*visit)(void *context, const struct pol_difference *difference),
			   void *context) CD_CHECKED;

#endif
