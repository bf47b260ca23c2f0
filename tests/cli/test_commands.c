/* Every command has a page that lists all its options, and is completed in every shell. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* The whole of a file; the test fails when it is not there. */
static char *slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	cr_assert(file, "%s is missing", path);
	cr_assert(text);
	cr_assert(fread(text, 1, (1 << 20) - 1, file) > 0, "%s", path);
	fclose(file);
	return text;
}

static char *page_of(const struct cli_command *command)
{
	char path[128];

	snprintf(path, sizeof(path), "docs/man/cordon-%s.1", command->name);
	return slurp(path);
}

/* What `cordon completions ...` prints. */
static char *completions(const char *first, const char *second, const char *third)
{
	char *argv[] = {"completions", (char *)first, (char *)second, (char *)third, NULL};
	char path[] = "/tmp/cordon-test.XXXXXX", *text;
	int fd = mkstemp(path), out = dup(1), argc = third ? 4 : second ? 3 : 2;

	cr_assert(fd >= 0 && out >= 0);
	fflush(stdout);
	dup2(fd, 1);
	cr_expect_eq(cli_completions.run(argc, argv), 0, "%s %s", first, second ? second : "");
	dup2(out, 1);
	close(out);
	close(fd);
	text = slurp(path);
	unlink(path);
	return text;
}

/* What `cordon run` has as well is in its page, to which the other may point. */
static bool is_told_elsewhere(const struct cli_command *command, const struct cli_option *option,
			      const char *page)
{
	char name[64];

	snprintf(name, sizeof(name), "--%s", option->name);
	return command != &cli_run && option->heading != CLI_OPTIONS &&
	       cli_option_named(&cli_run, name) && strstr(page, "cordon-run 1");
}

Test(commands, each_has_a_summary_a_usage_and_a_name_of_its_own)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		cr_expect(cli_commands[i]->summary && cli_commands[i]->run);
		cr_expect(strstr(cli_commands[i]->usage, cli_commands[i]->name), "%s",
			  cli_commands[i]->name);
		for (size_t j = 0; j < i; j++)
			cr_expect_str_neq(cli_commands[i]->name, cli_commands[j]->name);
	}
}

Test(commands, each_has_a_page_that_lists_its_options_and_verbs)
{
	const struct cli_option *o;
	char text[128];

	for (size_t i = 0; cli_commands[i]; i++) {
		char *page = page_of(cli_commands[i]);

		for (size_t j = 0; (o = cli_option(cli_commands[i], j)); j++) {
			snprintf(text, sizeof(text), "Fl Fl %s", o->name);
			cr_expect(strstr(page, text) || is_told_elsewhere(cli_commands[i], o, page),
				  "cordon-%s.1: --%s is not in it: make man", cli_commands[i]->name,
				  o->name);
		}
		for (const struct cli_verb *v = cli_commands[i]->verbs; v && v->name; v++)
			cr_expect(strstr(page, v->name), "cordon-%s.1: %s is not in it",
				  cli_commands[i]->name, v->name);
		cr_expect(strstr(page, ".Sh EXIT STATUS"), "cordon-%s.1 says no exit status",
			  cli_commands[i]->name);
		cr_expect(strstr(page, ".Sh EXAMPLES"), "cordon-%s.1 has no example",
			  cli_commands[i]->name);
		free(page);
	}
}

Test(commands, the_page_of_cordon_lists_all_of_them)
{
	char *page = slurp("docs/man/cordon.1"), *list = completions("man", NULL, NULL);

	cr_expect(strstr(page, list), "docs/man/cordon.1 is stale: make man");
	free(page);
	free(list);
}

Test(commands, lists_in_pages_are_as_the_tables_have_them)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		char *page = page_of(cli_commands[i]);
		bool has[CLI_HEADING_COUNT] = {false};
		const struct cli_option *o;

		for (size_t j = 0; (o = cli_option(cli_commands[i], j)); j++)
			has[o->heading] |= !is_told_elsewhere(cli_commands[i], o, page);
		for (unsigned h = 0; h < CLI_HEADING_COUNT; h++) {
			char *list;

			if (!has[h])
				continue;
			list = completions("man", cli_commands[i]->name, cli_heading_names[h]);
			cr_expect(strstr(page, list), "cordon-%s.1, %s: stale: make man",
				  cli_commands[i]->name, cli_heading_names[h]);
			free(list);
		}
		free(page);
	}
}

Test(commands, each_shell_completes_each_command_and_option)
{
	static const struct {
		const char *shell, *option;
	} shells[] = {{"bash", "--%s"}, {"zsh", "--%s"}, {"fish", "-l %s "}};

	for (size_t s = 0; s < 3; s++) {
		char *text = completions(shells[s].shell, NULL, NULL), wanted[128];
		const struct cli_option *o;

		for (size_t i = 0; cli_commands[i]; i++) {
			if (cli_commands[i]->hidden)
				continue;
			cr_expect(strstr(text, cli_commands[i]->name), "%s: %s", shells[s].shell,
				  cli_commands[i]->name);
			for (size_t j = 0; (o = cli_option(cli_commands[i], j)); j++) {
				snprintf(wanted, sizeof(wanted), shells[s].option, o->name);
				cr_expect(strstr(text, wanted), "%s: %s --%s", shells[s].shell,
					  cli_commands[i]->name, o->name);
			}
		}
		free(text);
	}
}

/* ---- reading command lines ---- */

struct taken {
	const char *text;
	bool flag;
};

static const struct cli_option some[] = {
    {'t', "text", "TEXT", "a text", NULL, CLI_OPTIONS, offsetof(struct taken, text)},
    {'f', "flag", NULL, "a flag", NULL, CLI_OPTIONS, offsetof(struct taken, flag)},
    {.name = NULL},
};
static const struct cli_command some_command = {.name = "some", .options = some};

/* Reads a line of words; returns the operands, joined by commas, or "bad". */
static const char *taken_from(char **argv, struct taken *taken)
{
	static char operands[64];
	struct cli_args args = {.command = &some_command, .argv = argv, .at = 1, .quiet = true};

	operands[0] = '\0';
	*taken = (struct taken){NULL, false};
	while (argv[args.argc])
		args.argc++;
	while (cli_args_next(&args)) {
		if (args.option) {
			cli_args_store(&args, taken);
			continue;
		}
		strcat(operands, args.value);
		strcat(operands, ",");
	}
	return args.bad ? "bad" : operands;
}
#define TAKE(taken, ...) taken_from((char *[]){"some", __VA_ARGS__, NULL}, taken)

Test(args, values_follow_an_equals_sign_or_as_the_next_word)
{
	struct taken t;

	cr_expect_str_eq(TAKE(&t, "--text=a"), "");
	cr_expect_str_eq(t.text, "a");
	cr_expect_str_eq(TAKE(&t, "--text", "-b"), "");
	cr_expect_str_eq(t.text, "-b");
	cr_expect_str_eq(TAKE(&t, "-t", "c"), "");
	cr_expect_str_eq(t.text, "c");
	cr_expect_str_eq(TAKE(&t, "-td"), "");
	cr_expect_str_eq(t.text, "d");
	cr_expect_str_eq(TAKE(&t, "--text="), "");
	cr_expect_str_eq(t.text, "");
}

Test(args, options_and_operands_mix_until_two_dashes)
{
	struct taken t;

	cr_expect_str_eq(TAKE(&t, "a", "-f", "-", "b"), "a,-,b,");
	cr_expect(t.flag);
	cr_expect_str_eq(TAKE(&t, "a", "--", "-f", "--", "b"), "a,-f,--,b,");
	cr_expect_not(t.flag);
	cr_expect_str_eq(TAKE(&t, "--"), "");
}

Test(args, what_is_no_option_or_lacks_or_has_a_value_is_bad)
{
	struct taken t;

	cr_expect_str_eq(TAKE(&t, "--texts=a"), "bad");
	cr_expect_str_eq(TAKE(&t, "--tex=a"), "bad");
	cr_expect_str_eq(TAKE(&t, "-x"), "bad");
	cr_expect_str_eq(TAKE(&t, "-fx"), "bad");
	cr_expect_str_eq(TAKE(&t, "--text"), "bad");
	cr_expect_str_eq(TAKE(&t, "-t"), "bad");
	cr_expect_str_eq(TAKE(&t, "--flag=1"), "bad");
	cr_expect_str_eq(TAKE(&t, "---flag"), "bad");
}
