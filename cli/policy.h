/* The verbs of `cordon policy`, each in a file with its like. */
#ifndef CORDON_CLI_POLICY_H
#define CORDON_CLI_POLICY_H

#include <stdbool.h>

#include "policy/policy.h"

/* The command line after the verb. */
struct policy_args {
	bool origins, plan, json, strict, check, to_stdout, force;
	const char *template, *policy;
	int count;
	char **operands;
};

int policy_show_plan(int argc, char **argv, bool json);
int policy_fmt(const struct policy_args *args);
int policy_init(const struct policy_args *args);
int policy_schema(const struct policy_args *args);
int policy_diff(const struct policy_args *args);
int policy_subset(const struct policy_args *args);
int policy_replay(const struct policy_args *args);

/* All of the files as one; none: the group base. A name that is a group's and no file's is the
 * group. NULL, and said, when one is no policy. */
struct pol_policy *policy_load(int count, char *const *paths);
/* Names of files may be meant to deceive a terminal. */
void policy_print_visible(const char *text, int width);
/* "name":"text", escaped. */
void policy_print_json(const char *name, const char *text);

#endif
