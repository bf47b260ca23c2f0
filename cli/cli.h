/* What the commands share. */
#ifndef CORDON_CLI_CLI_H
#define CORDON_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/options.h"
#include "policy/policy.h"

/* Exit statuses that are cordon's own, after env(1) and timeout(1). */
enum { CLI_FAILED = 125, CLI_NOT_EXECUTABLE = 126, CLI_NOT_FOUND = 127 };

/*
 * A command: its name, what it does in a line, how it is called and what it is for, and its
 * function, whose argv[0] is the name. The rest is for reading the command line, --help, the man
 * page and completions (cli/options.h).
 */
struct cli_command {
	const char *name, *summary, *usage;
	int (*run)(int argc, char **argv);
	const struct cli_option *options; /* ends with one without a name; NULL: none */
	const struct cli_verb *verbs;	  /* likewise */
	const char *operands;		  /* "FILE": how they complete (cli_option's value) */
	const char *notes;		  /* what ends its help: exit status, examples */
	bool policy_flags;		  /* takes those of policy/flags.def */
	bool hidden;			  /* `cordon --help` does not list it */
};

#define CLI_COMMAND(name) extern const struct cli_command cli_##name;
#include "cli/commands.def"
#undef CLI_COMMAND
/* All of them; ends with NULL. */
extern const struct cli_command *const cli_commands[];
/* Those that are programs of their own; ends with one without a name. */
extern const struct cli_verb cli_nesters[];

/* Hostile text for a person, and as a JSON string with its quotes. */
void cli_put_visible(FILE *out, const char *text);
void cli_put_json(FILE *out, const char *text);
/* "12.3M", "2h05m": for people. */
const char *cli_size_text(char text[16], uint64_t bytes);
const char *cli_time_text(char text[16], uint64_t seconds);

/* One line to standard error: "cordon: ...". */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a policy's fault; returns CLI_FAILED. */
int cli_say_policy_error(const struct pol_error *error);
/* Prints a command's help. Returns 0. */
int cli_help(const struct cli_command *command);

/* The values of ${HOME} and so on for this user. program may be NULL. */
void cli_vars(struct pol_vars *vars, const char *program);

#endif
