/* What the commands share. */
#ifndef CORDON_CLI_CLI_H
#define CORDON_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

/* Exit statuses that are cordon's own, after env(1) and timeout(1). */
enum { CLI_FAILED = 125, CLI_NOT_EXECUTABLE = 126, CLI_NOT_FOUND = 127 };

/* A command: its name, what it does in a line, its help, and its function. */
struct cli_command {
	const char *name, *summary, *usage;
	int (*run)(int argc, char **argv);
};

extern const struct cli_command cli_run, cli_policy, cli_cache, cli_doctor;

/* One line to standard error: "cordon: ...". */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a policy's fault; returns CLI_FAILED. */
int cli_say_policy_error(const struct pol_error *error);
/* Prints a command's help. Returns 0. */
int cli_help(const struct cli_command *command);

/* The values of ${HOME} and so on for this user. program may be NULL. */
void cli_vars(struct pol_vars *vars, const char *program);

#endif
