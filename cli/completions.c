/*
 * cordon completions: what shells and man pages are told of the commands and their options, made
 * from the tables that read them.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* ---- what a value is ---- */

static bool is_kind(const char *value, const char *kinds)
{
	size_t len = strcspn(value, " ");
	const char *at = strstr(kinds, value);

	return len && at && (at == kinds || at[-1] == ' ') && (at[len] == ' ' || !at[len]);
}

static bool is_file(const char *value)
{
	return is_kind(value, "FILE PATH LOG");
}

static bool is_choice(const char *value)
{
	return strchr(value, '|') != NULL;
}

/* In single quotes; mark escapes one that is in there. */
static void print_quoted(const char *text, const char *mark)
{
	putchar('\'');
	for (; *text; text++)
		if (*text == '\'')
			fputs(mark, stdout);
		else
			putchar(*text);
	putchar('\'');
}

/* A verb has a row for each way to use it; shells want it once. */
static bool is_again(const struct cli_command *command, const struct cli_verb *verb)
{
	return verb != command->verbs && strcmp(verb[-1].name, verb->name) == 0;
}

static void print_words(const char *choice)
{
	for (; *choice; choice++)
		putchar(*choice == '|' ? ' ' : *choice);
}

/* Nesters take the options of `cordon run`: those of a command go under any name. */

/* ---- bash ---- */

static const char bash_head[] =
    "# bash completion for cordon; made by `cordon completions bash`\n"
    "\n"
    "# What follows an option, or an operand, by its name in the table.\n"
    "_cordon_value() {\n"
    "\tcase $1 in\n"
    "\tFILE | PATH | LOG | SRC:DEST) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")) "
    ";;\n"
    "\tDIR) compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
    "\tCOMMAND) compopt -o filenames; COMPREPLY=($(compgen -c -- \"$cur\") $(compgen -f -- "
    "\"$cur\")) ;;\n"
    "\tNAME | NAME=VALUE) COMPREPLY=($(compgen -v -- \"$cur\")) ;;\n"
    "\tSPACE) COMPREPLY=($(compgen -W \"$(cordon ps --quiet 2>/dev/null)\" -- \"$cur\")) ;;\n"
    "\t*'|'*) COMPREPLY=($(compgen -W \"${1//|/ }\" -- \"$cur\")) ;;\n"
    "\tesac\n"
    "}\n"
    "\n"
    "_cordon() {\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} option='' operands='' verbs='' at\n"
    "\tlocal -a options=()\n"
    "\tlocal -A values=()\n"
    "\tCOMPREPLY=()\n"
    "\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
    "\t\tCOMPREPLY=($(compgen -W \"$_cordon_commands\" -- \"$cur\"))\n"
    "\t\treturn\n"
    "\tfi\n"
    "\tcase ${COMP_WORDS[1]} in\n";

static const char bash_tail[] = "\tesac\n"
				"\t# Behind the program, its own completion.\n"
				"\tif [ \"$operands\" = COMMAND ]; then\n"
				"\t\tfor ((at = 2; at < COMP_CWORD; at++)); do\n"
				"\t\t\tcase ${COMP_WORDS[at]} in\n"
				"\t\t\t--) ((at++)); break ;;\n"
				"\t\t\t-*)\n"
				"\t\t\t\t[ -n \"${values[${COMP_WORDS[at]}]-}\" ] || continue\n"
				"\t\t\t\t[ \"${COMP_WORDS[at + 1]-}\" != = ] || ((at++))\n"
				"\t\t\t\t((at++)) ;;\n"
				"\t\t\t*) break ;;\n"
				"\t\t\tesac\n"
				"\t\tdone\n"
				"\t\tif [ \"$at\" -lt \"$COMP_CWORD\" ]; then\n"
				"\t\t\tif declare -F _command_offset >/dev/null; then "
				"_command_offset \"$at\"; else _cordon_value FILE; fi\n"
				"\t\t\treturn\n"
				"\t\tfi\n"
				"\tfi\n"
				"\t# bash takes \"=\" for a word.\n"
				"\tif [ \"$cur\" = = ]; then\n"
				"\t\tcur='' option=${COMP_WORDS[COMP_CWORD - 1]}\n"
				"\telif [ \"${COMP_WORDS[COMP_CWORD - 1]}\" = = ]; then\n"
				"\t\toption=${COMP_WORDS[COMP_CWORD - 2]}\n"
				"\telse\n"
				"\t\toption=${COMP_WORDS[COMP_CWORD - 1]}\n"
				"\tfi\n"
				"\tif [ -n \"${values[$option]-}\" ]; then\n"
				"\t\t_cordon_value \"${values[$option]}\"\n"
				"\telif [[ $cur == -* ]]; then\n"
				"\t\tCOMPREPLY=($(compgen -W \"${options[*]}\" -- \"$cur\"))\n"
				"\t\t[[ ${COMPREPLY-} != *= ]] || compopt -o nospace\n"
				"\telif [ \"$COMP_CWORD\" = 2 ] && [ -n \"$verbs\" ]; then\n"
				"\t\tCOMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n"
				"\telse\n"
				"\t\t_cordon_value \"$operands\"\n"
				"\tfi\n"
				"}\n"
				"complete -F _cordon cordon\n";

static void bash_options(const char *name, const struct cli_command *command)
{
	const struct cli_option *o;

	printf("\t%s)\n\t\toptions=(--help", name);
	for (size_t i = 0; (o = cli_option(command, i)); i++)
		printf(" --%s%s", o->name, o->value ? "=" : "");
	printf(")\n\t\toperands='%s' verbs='", command->operands ? command->operands : "");
	for (const struct cli_verb *v = command->verbs; v && v->name; v++)
		if (!is_again(command, v))
			printf("%s%s", v == command->verbs ? "" : " ", v->name);
	printf("'\n");
	for (size_t i = 0; (o = cli_option(command, i)); i++) {
		if (!o->value)
			continue;
		printf("\t\tvalues[--%s]='%s'\n", o->name, o->value);
		if (o->brief)
			printf("\t\tvalues[-%c]='%s'\n", o->brief, o->value);
	}
	printf("\t\t;;\n");
}

static void print_bash(void)
{
	fputs(bash_head, stdout);
	for (size_t i = 0; cli_commands[i]; i++)
		if (!cli_commands[i]->hidden)
			bash_options(cli_commands[i]->name, cli_commands[i]);
	for (const struct cli_verb *nester = cli_nesters; nester->name; nester++)
		bash_options(nester->name, &cli_run);
	fputs(bash_tail, stdout);
	printf("_cordon_commands='--help --version");
	for (size_t i = 0; cli_commands[i]; i++)
		if (!cli_commands[i]->hidden)
			printf(" %s", cli_commands[i]->name);
	for (const struct cli_verb *nester = cli_nesters; nester->name; nester++)
		printf(" %s", nester->name);
	printf("'\n");
}

/* ---- zsh ---- */

/* A description inside single quotes, and inside [] and between colons. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			putchar('\\');
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
}

static void zsh_value(const char *value)
{
	putchar(':');
	zsh_text(value);
	putchar(':');
	if (is_choice(value)) {
		putchar('(');
		print_words(value);
		putchar(')');
	} else if (is_file(value)) {
		printf("_files");
	} else if (strcmp(value, "DIR") == 0) {
		printf("_files -/");
	} else if (strcmp(value, "NAME") == 0) {
		printf("_parameters");
	} else if (strcmp(value, "SPACE") == 0) {
		printf("_cordon_spaces");
	} else {
		putchar(' ');
	}
}

static void zsh_option(const struct cli_option *o)
{
	printf(" \\\n\t\t\t'*--%s%s[", o->name, o->value ? "=" : "");
	zsh_text(o->help);
	putchar(']');
	if (o->value)
		zsh_value(o->value);
	putchar('\'');
	if (!o->brief)
		return;
	printf(" \\\n\t\t\t'*-%c%s[", o->brief, o->value ? "+" : "");
	zsh_text(o->help);
	putchar(']');
	if (o->value)
		zsh_value(o->value);
	putchar('\'');
}

static void zsh_options(const char *name, const struct cli_command *command)
{
	const struct cli_option *o;

	printf("\t\t%s)\n\t\t\t_arguments -s '--help[how it is used]'", name);
	for (size_t i = 0; (o = cli_option(command, i)); i++)
		zsh_option(o);
	if (command->verbs) {
		printf(" \\\n\t\t\t'1:what:((");
		for (const struct cli_verb *v = command->verbs; v->name; v++) {
			if (is_again(command, v))
				continue;
			printf("%s%s\\:\"", v == command->verbs ? "" : " ", v->name);
			zsh_text(v->help);
			putchar('"');
		}
		printf("))'");
	}
	if (command->operands && strcmp(command->operands, "COMMAND") == 0) {
		printf(" \\\n\t\t\t'(-)1:program: _command_names -e' '*::argument:_normal'");
	} else if (command->operands) {
		printf(" \\\n\t\t\t'*");
		zsh_value(command->operands);
		putchar('\'');
	}
	printf("\n\t\t\t;;\n");
}

static void print_zsh(void)
{
	fputs("#compdef cordon\n"
	      "# zsh completion for cordon; made by `cordon completions zsh`\n"
	      "\n"
	      "_cordon_spaces() {\n"
	      "\tlocal -a spaces\n"
	      "\tspaces=(${(f)\"$(cordon ps --quiet 2>/dev/null)\"})\n"
	      "\t_describe space spaces\n"
	      "}\n"
	      "\n"
	      "_cordon() {\n"
	      "\tlocal curcontext=$curcontext state line\n"
	      "\ttypeset -A opt_args\n"
	      "\tlocal -a commands\n"
	      "\tcommands=(",
	      stdout);
	for (size_t i = 0; cli_commands[i]; i++) {
		if (cli_commands[i]->hidden)
			continue;
		printf("\n\t\t'%s:", cli_commands[i]->name);
		zsh_text(cli_commands[i]->summary);
		putchar('\'');
	}
	for (const struct cli_verb *nester = cli_nesters; nester->name; nester++) {
		printf("\n\t\t'%s:", nester->name);
		zsh_text(nester->help);
		putchar('\'');
	}
	fputs("\n\t)\n"
	      "\t_arguments -C '1:command:->command' '*::argument:->argument'\n"
	      "\tcase $state in\n"
	      "\tcommand) _describe command commands ;;\n"
	      "\targument)\n"
	      "\t\tcase $words[1] in\n",
	      stdout);
	for (size_t i = 0; cli_commands[i]; i++)
		if (!cli_commands[i]->hidden)
			zsh_options(cli_commands[i]->name, cli_commands[i]);
	for (const struct cli_verb *nester = cli_nesters; nester->name; nester++)
		zsh_options(nester->name, &cli_run);
	fputs("\t\tesac ;;\n\tesac\n}\n\n_cordon \"$@\"\n", stdout);
}

/* ---- fish ---- */

static void fish_value(const char *value)
{
	if (is_choice(value)) {
		printf(" -x -a '");
		print_words(value);
		putchar('\'');
	} else if (is_file(value)) {
		printf(" -r -F");
	} else if (strcmp(value, "DIR") == 0) {
		printf(" -x -a '(__fish_complete_directories)'");
	} else if (strcmp(value, "NAME") == 0) {
		printf(" -x -a '(set -n)'");
	} else if (strcmp(value, "SPACE") == 0) {
		printf(" -x -a '(cordon ps --quiet 2>/dev/null)'");
	} else if (strcmp(value, "COMMAND") == 0) {
		printf(" -r -F -a '(__fish_complete_subcommand)'");
	} else {
		printf(" -x");
	}
}

static void fish_options(const char *name, const struct cli_command *command)
{
	const char *seen = "complete -c cordon -n '__fish_seen_subcommand_from";
	const struct cli_option *o;

	for (size_t i = 0; (o = cli_option(command, i)); i++) {
		printf("%s %s' -l %s", seen, name, o->name);
		if (o->brief)
			printf(" -s %c", o->brief);
		printf(" -d ");
		print_quoted(o->help, "\\'");
		if (o->value)
			fish_value(o->value);
		putchar('\n');
	}
	for (const struct cli_verb *v = command->verbs; v && v->name; v++) {
		if (is_again(command, v))
			continue;
		printf("%s %s' -a %s -d ", seen, name, v->name);
		print_quoted(v->help, "\\'");
		putchar('\n');
	}
	if (command->operands) {
		printf("%s %s'", seen, name);
		fish_value(command->operands);
		putchar('\n');
	}
}

static void print_fish(void)
{
	printf("# fish completion for cordon; made by `cordon completions fish`\n"
	       "complete -c cordon -f\n"
	       "complete -c cordon -l help -d 'how it is used'\n"
	       "complete -c cordon -n __fish_use_subcommand -l version -d 'which one this is'\n");
	for (size_t i = 0; cli_commands[i]; i++) {
		if (cli_commands[i]->hidden)
			continue;
		printf("complete -c cordon -n __fish_use_subcommand -a %s -d ",
		       cli_commands[i]->name);
		print_quoted(cli_commands[i]->summary, "\\'");
		putchar('\n');
		fish_options(cli_commands[i]->name, cli_commands[i]);
	}
	for (const struct cli_verb *nester = cli_nesters; nester->name; nester++) {
		printf("complete -c cordon -n __fish_use_subcommand -a %s -d ", nester->name);
		print_quoted(nester->help, "\\'");
		putchar('\n');
		fish_options(nester->name, &cli_run);
	}
}

/* ---- man pages ---- */

/* A dash of an option is written so that it can be copied out of the page. */
static void man_value(const char *value)
{
	printf(" Ns = Ns %s ", is_choice(value) ? "Cm" : "Ar");
	for (; *value; value++)
		if (*value == '|')
			printf(" | ");
		else
			putchar(*value);
}

static void man_sentence(const char *text)
{
	printf("%c%s.\n", toupper((unsigned char)*text), text + 1);
}

static bool man_options(const struct cli_command *command, unsigned heading)
{
	const struct cli_option *o;
	bool any = false;

	for (size_t i = 0; (o = cli_option(command, i)); i++) {
		if (o->heading != heading)
			continue;
		if (!any)
			puts(".Bl -tag -width Ds");
		any = true;
		printf(".It ");
		if (o->brief && o->value)
			printf("Fl %c Ar %s , ", o->brief, o->value);
		else if (o->brief)
			printf("Fl %c , ", o->brief);
		printf("Fl Fl %s", o->name);
		if (o->value)
			man_value(o->value);
		putchar('\n');
		man_sentence(o->help);
		if (o->more)
			puts(o->more);
	}
	if (any)
		puts(".El");
	return any;
}

static void man_commands(void)
{
	puts(".Bl -tag -width completions");
	for (size_t i = 0; cli_commands[i]; i++) {
		if (cli_commands[i]->hidden)
			continue;
		printf(".It Ic %s\n", cli_commands[i]->name);
		man_sentence(cli_commands[i]->summary);
		printf("See\n.Xr cordon-%s 1 .\n", cli_commands[i]->name);
	}
	puts(".El");
}

static void man_operations(void)
{
	static const char *const kinds[] = {[CD_OBJECT_PATH] = "a path",
					    [CD_OBJECT_ADDRESS] = "an address",
					    [CD_OBJECT_NAME] = "a name"};

	puts(".Bl -tag -width space.create -compact");
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		const char *kind = cd_op_table[op].kind < sizeof(kinds) / sizeof(kinds[0])
				       ? kinds[cd_op_table[op].kind]
				       : NULL;

		printf(".It Cm %s\n%s\n.Pq %s\n", cd_op_table[op].name, cd_op_table[op].text,
		       kind ? kind : "nothing");
	}
	puts(".El");
}

static void man_groups(void)
{
	const char *comma = "";

	for (const struct pol_group *group = pol_groups; group->name; group++) {
		printf("%s.Cm %s", comma, group->name);
		comma = " ,\n";
	}
	puts(" .");
}

/* Lists that are of no command. */
static const struct {
	const char *name;
	void (*print)(void);
} man_lists[] = {
    {"commands", man_commands}, {"operations", man_operations}, {"groups", man_groups}};

/* A list to be put into a page: one of these, or a command's options under a heading. */
static int print_man(const char *name, const char *heading)
{
	for (size_t i = 0; i < sizeof(man_lists) / sizeof(man_lists[0]); i++)
		if (strcmp(name ? name : "commands", man_lists[i].name) == 0) {
			man_lists[i].print();
			return 0;
		}
	for (size_t i = 0; cli_commands[i]; i++) {
		if (strcmp(cli_commands[i]->name, name) != 0)
			continue;
		for (unsigned h = 0; h < CLI_HEADING_COUNT; h++)
			if (strcmp(heading ? heading : "Options", cli_heading_names[h]) == 0 &&
			    man_options(cli_commands[i], h))
				return 0;
		cli_say("command %s has no options under that heading", name);
		return CLI_FAILED;
	}
	cli_say("there is no command \"%s\"", name);
	return CLI_FAILED;
}

/* ---- the command ---- */

static const char usage[] =
    "usage: cordon completions bash|zsh|fish\n"
    "       cordon completions man [COMMAND [HEADING]]\n"
    "\n"
    "Prints what makes a shell complete cordon's command line. `make install` puts it where the\n"
    "shells look; without that:\n"
    "\n"
    "  bash    source <(cordon completions bash)\n"
    "  zsh     cordon completions zsh >~/.zfunc/_cordon, where ~/.zfunc is in $fpath\n"
    "  fish    cordon completions fish >~/.config/fish/completions/cordon.fish\n"
    "\n"
    "`man` prints the lists that are in the man pages.\n";

static const struct cli_verb verbs[] = {
    {"bash", "", "for bash"}, {"zsh", "", "for zsh"},
    {"fish", "", "for fish"}, {"man", "[COMMAND [HEADING]]", "a list for a man page"},
    {.name = NULL},
};

static int completions_command(int argc, char **argv)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
	const char *what = argc > 1 ? argv[1] : "";
	int status = CLI_FAILED;

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].shell, what) == 0 && argc == 2) {
			shells[i].print();
			status = 0;
		}
	if (strcmp(what, "man") == 0 && argc <= 4)
		status = print_man(argv[2], argc > 3 ? argv[3] : NULL);
	else if (status)
		cli_say("which shell? bash, zsh or fish");
	return fflush(stdout) ? CLI_FAILED : status;
}

const struct cli_command cli_completions = {.name = "completions",
					    .summary = "complete the command line in a shell",
					    .usage = usage,
					    .run = completions_command,
					    .verbs = verbs};
