/* What is probably not meant in a policy that is valid. */
#ifndef CORDON_POLICY_LINT_H
#define CORDON_POLICY_LINT_H

#include "policy/policy.h"

struct pol_finding {
	const char *kind; /* "broad", "never", "write-exec", "secret", "view", "empty" */
	const char *source, *pointer;
	const char *text;
};

/*
 * The built-in groups are taken to be meant. file: the outermost, to look for what says nothing in
 * it; NULL: none. CD_ELIMIT: too many rules to say; CD_ENOMEM.
 */
enum cd_status pol_lint(const struct pol_policy *policy, const struct pol_vars *vars,
			const char *file,
			void (*report)(void *context, const struct pol_finding *finding),
			void *context) CD_CHECKED;

#endif
