/* Options. */
#include "cli/options.h"

#include <string.h>

#include "cli/cli.h"

#define HELP_COLUMN 28

const char *const cli_heading_names[CLI_HEADING_COUNT] = {
    [CLI_OPTIONS] = "Options", [CLI_RULES] = "Rules",	  [CLI_FINDS] = "What the program finds",
    [CLI_BOUNDS] = "Bounds",   [CLI_REPORTS] = "Reports",
};

static const struct cli_option policy_flags[] = {
#define POL_FLAG(name, handler, verdict, ops, value, heading, help, more)                          \
	{0, name, value, help, more, CLI_##heading, 0},
#include "policy/flags.def"
#undef POL_FLAG
};

#define POLICY_FLAGS (sizeof(policy_flags) / sizeof(policy_flags[0]))

const struct cli_option *cli_option(const struct cli_command *command, size_t i)
{
	size_t own = 0;

	for (const struct cli_option *o = command->options; o && o->name; o++, own++)
		if (own == i)
			return o;
	return command->policy_flags && i - own < POLICY_FLAGS ? &policy_flags[i - own] : NULL;
}

bool cli_option_is_policy(const struct cli_option *option)
{
	return option >= policy_flags && option < policy_flags + POLICY_FLAGS;
}

const struct cli_option *cli_option_named(const struct cli_command *command, const char *text)
{
	bool brief = text[0] == '-' && text[1] != '-';
	size_t len = strcspn(text, "=");
	const struct cli_option *option;

	for (size_t i = 0; (option = cli_option(command, i)); i++)
		if (brief ? option->brief && option->brief == text[1] && (option->value || !text[2])
			  : len == strlen(option->name) + 2 && !memcmp(text, "--", 2) &&
				!memcmp(text + 2, option->name, len - 2))
			return option;
	return NULL;
}

/* ---- reading ---- */

static bool refuse(struct cli_args *args, const char *text, const char *problem)
{
	args->bad = true;
	if (!args->quiet)
		cli_say("%s %.200s; `cordon %s --help` shows how", problem, text,
			args->command->name);
	return false;
}

static bool take_option(struct cli_args *args, const char *text)
{
	const struct cli_option *option = cli_option_named(args->command, text);
	const char *equals = strchr(text, '=');

	if (!option)
		return refuse(args, text, "unknown option");
	args->option = option;
	if (text[1] != '-' && text[2])
		args->value = text + 2 + (text[2] == '=');
	else if (equals)
		args->value = equals + 1;
	else if (option->value && args->at < args->argc)
		args->value = args->argv[args->at++];
	if (option->value && !args->value)
		return refuse(args, text, "a value is missing after");
	if (!option->value && args->value)
		return refuse(args, text, "there is no value for this option:");
	return true;
}

bool cli_args_next(struct cli_args *args)
{
	const char *text;

	args->option = NULL;
	args->value = NULL;
	if (args->bad || args->at >= args->argc)
		return false;
	text = args->argv[args->at++];
	if (!args->only_operands && strcmp(text, "--") == 0) {
		args->only_operands = true;
		if (args->at >= args->argc)
			return false;
		text = args->argv[args->at++];
	}
	if (!args->only_operands && text[0] == '-' && text[1])
		return take_option(args, text);
	args->value = text;
	return true;
}

void cli_args_store(const struct cli_args *args, void *base)
{
	char *place = (char *)base + args->option->at;

	if (args->option->value)
		*(const char **)place = args->value;
	else
		*(bool *)place = true;
}

/* ---- --help ---- */

void cli_verbs_print(const struct cli_command *command, FILE *out)
{
	for (const struct cli_verb *v = command->verbs; v && v->name; v++) {
		int width = fprintf(out, "%s  %s %s", v == command->verbs ? "\n" : "", v->name,
				    v->arguments);

		width -= v == command->verbs;
		fprintf(out, "%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", v->help);
	}
}

static void print_option(const struct cli_option *option, FILE *out)
{
	int width = option->brief ? fprintf(out, "  -%c, ", option->brief) : fprintf(out, "      ");

	width += fprintf(out, "--%s%s%s", option->name, option->value ? "=" : "",
			 option->value ? option->value : "");
	if (width > HELP_COLUMN - 2)
		width = fprintf(out, "\n") - 1;
	fprintf(out, "%*s%s\n", HELP_COLUMN - width, "", option->help);
}

void cli_options_print(const struct cli_command *command, FILE *out)
{
	const struct cli_option *option;

	for (unsigned heading = 0; heading < CLI_HEADING_COUNT; heading++) {
		bool any = false;

		for (size_t i = 0; (option = cli_option(command, i)); i++) {
			if (option->heading != heading)
				continue;
			if (!any)
				fprintf(out, "\n%s:\n", cli_heading_names[heading]);
			any = true;
			print_option(option, out);
		}
	}
}
