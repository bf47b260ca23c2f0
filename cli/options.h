/*
 * Options: one table for each command, from which the reading of its command line, its --help, the
 * lists in its man page and its completions are made.
 */
#ifndef CORDON_CLI_OPTIONS_H
#define CORDON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Under which heading an option is listed; CLI_OPTIONS has none. */
enum cli_heading { CLI_OPTIONS, CLI_RULES, CLI_FINDS, CLI_BOUNDS, CLI_REPORTS, CLI_HEADING_COUNT };
extern const char *const cli_heading_names[CLI_HEADING_COUNT];

/*
 * value: what follows the option, as --help names it; NULL: nothing does. It also says how to
 * complete it: "a|b" is one of these words; FILE, PATH, DIR, COMMAND, NAME (of a variable) and
 * SPACE what they say; a list of "NAME=VALUE" and whatever else is typed by hand.
 */
struct cli_option {
	char brief; /* a letter; 0: none */
	const char *name;
	const char *value;
	const char *help; /* one line, without a capital and without a period */
	const char *more; /* what else the man page says, in mdoc; NULL: nothing */
	enum cli_heading heading;
	size_t at; /* where cli_args_store() puts it in the command's own struct: a bool, or with a
		      value a const char * */
};

/* A word that says what a command is to do: "check" of `cordon policy check FILE`. */
struct cli_verb {
	const char *name, *arguments, *help;
};

struct cli_command;

/* The command's own options, then those of policies if it takes them; NULL after the last. */
const struct cli_option *cli_option(const struct cli_command *command, size_t i);
/* "--name" or "--name=...", or "-x"; NULL: there is none. */
const struct cli_option *cli_option_named(const struct cli_command *command, const char *text);
/* Is it one of the flags that speak of policy (policy/flags.def)? */
bool cli_option_is_policy(const struct cli_option *option);

/*
 * Reads a command line. Options may stand before and after operands; after "--" nothing is one.
 * A command whose operands have options of their own stops at the first.
 */
struct cli_args {
	const struct cli_command *command;
	int argc;
	char **argv;
	int at;				 /* of what is read next; begins as 1 */
	bool quiet;			 /* says nothing of what is wrong */
	bool only_operands, bad;	 /* after "--"; something was wrong, and has been said */
	const struct cli_option *option; /* NULL: value is an operand */
	const char *value;
};
/* The next one; false at the end, or when it is bad. */
bool cli_args_next(struct cli_args *args);
/* Puts the option just read to its place in base. */
void cli_args_store(const struct cli_args *args, void *base);

/* The lists of verbs and of options for --help. */
void cli_verbs_print(const struct cli_command *command, FILE *out);
void cli_options_print(const struct cli_command *command, FILE *out);

#endif
