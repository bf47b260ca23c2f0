/*
 * Runs while cordon is built: reads the built-in groups, policy/groups/NAME.json, and prints them
 * as C, each with its text as it was reviewed and with the statements that it makes (groups.c).
 * With
 * --templates, the texts of policy/templates/NAME.json alone (templates.c).
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"

/* This program has none itself. */
const struct pol_group pol_groups[] = {{NULL, NULL, NULL, NULL, 0}};

static void print_string(const char *text)
{
	if (!text) {
		fputs("NULL", stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n\"\n\"", stdout);
		else if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if (*text < ' ' || *text > '~')
			printf("\\%03o", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static enum cd_status print_statement(void *context, const struct pol_statement *said,
				      struct pol_error *error)
{
	(void)context, (void)error;
	printf("\t{%d, %u, %#llx, ", (int)said->says, said->choice,
	       (unsigned long long)said->number);
	print_string(said->text);
	fputs(", ", stdout);
	print_string(said->value);
	fputs(", ", stdout);
	print_string(said->pointer);
	puts("},");
	return CD_OK;
}

/* The text of a file; these files are small. */
static const char *read_file(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "r");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (len == 0 || !feof(file) || fclose(file)) {
		perror(path);
		exit(1);
	}
	text[len] = '\0';
	return text;
}

static void read_document(const char *path,
			  enum cd_status (*take)(void *context, const struct pol_statement *said,
						 struct pol_error *error))
{
	const char *text = read_file(path);
	char line[2048];
	struct pol_error error = {0};
	struct cd_buf buf;

	if (pol_read_document(path, text, strlen(text), &(struct pol_taker){take, NULL}, &error) ==
	    CD_OK)
		return;
	cd_buf_init(&buf, line, sizeof(line));
	pol_error_text(&error, &buf);
	fprintf(stderr, "%s\n", line);
	exit(1);
}

static void print_statements(const char *path, int number)
{
	printf("static const struct pol_statement statements_%d[] = {\n", number);
	read_document(path, print_statement);
	puts("};");
}

static void print_group(char *path, int number)
{
	const char *text = read_file(path);
	char *name = basename(path);

	name[strcspn(name, ".")] = '\0';
	printf("\t{\"%s\", \"group:%s\",\n", name, name);
	print_string(text);
	printf(",\n\t statements_%d, sizeof(statements_%d) / sizeof(statements_%d[0])},\n", number,
	       number, number);
}

static enum cd_status take_nothing(void *context, const struct pol_statement *said,
				   struct pol_error *error)
{
	(void)context, (void)said, (void)error;
	return CD_OK;
}

/* Templates are read by nobody before they have been written to a file, so the text is all. */
static int print_templates(int count, char **paths)
{
	puts("/* Made by policy/make_groups.c. */\n#include \"policy/edit.h\"\n\n"
	     "const struct pol_template pol_templates[] = {");
	for (int i = 0; i < count; i++) {
		char *name = strdup(paths[i]);

		read_document(paths[i], take_nothing);
		name = basename(name);
		name[strcspn(name, ".")] = '\0';
		printf("\t{\"%s\",\n", name);
		print_string(read_file(paths[i]));
		puts("},");
	}
	puts("\t{NULL, NULL}};");
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--templates") == 0)
		return print_templates(argc - 2, argv + 2);
	puts("/* Made by policy/make_groups.c. */\n#include \"policy/statement.h\"\n");
	for (int i = 1; i < argc; i++)
		print_statements(argv[i], i);
	puts("const struct pol_group pol_groups[] = {");
	for (int i = 1; i < argc; i++)
		print_group(argv[i], i);
	puts("\t{NULL, NULL, NULL, NULL, 0}};");
	return fflush(stdout) ? 1 : 0;
}
