/* What was learned, as text: the policy, its explanation, and how it differs from the one before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/learn.h"
#include "lib/buf.h"
#include "lib/files.h"
#include "policy/edit.h"

/* ---- the policy ---- */

static void put_json(FILE *out, const char *text)
{
	size_t size = 6 * strlen(text) + 1;
	char *escaped = malloc(size);
	struct cd_buf buf;

	if (!escaped)
		return;
	cd_buf_init(&buf, escaped, size);
	cd_buf_json(&buf, text, strlen(text));
	fprintf(out, "\"%s\"", escaped);
	free(escaped);
}

/* Names that --allow-env gave, in a list separated by commas. */
static void put_environment(FILE *out, const struct learning *l)
{
	const char *comma = ", ";

	fputs("\"pass\": [\"HOME\", \"TERM\", \"USER\", \"LOGNAME\"", out);
	if (l->exact)
		fputs(", \"PATH\", \"LANG\", \"LANGUAGE\", \"LC_*\", \"TZ\"", out);
	for (size_t i = 0; i < l->environment_count; i++) {
		const char *at = l->environment[i].value;

		while (strcmp(l->environment[i].name, "allow-env") == 0 && at && *at) {
			char *name = strndup(at, strcspn(at, ","));

			fputs(", ", out);
			if (name)
				put_json(out, name);
			free(name);
			at += strcspn(at, ",");
			at += *at == ',';
		}
	}
	fputs("]", out);
	for (size_t i = 0; i < l->environment_count; i++) {
		const char *value = l->environment[i].value;
		char *name;

		if (strcmp(l->environment[i].name, "setenv") != 0 || !strchr(value, '='))
			continue;
		fputs(*comma == ',' ? ", \"set\": {" : "", out);
		fputs(*comma == ',' ? "" : " ,", out);
		comma = " ";
		name = strndup(value, strcspn(value, "="));
		if (name)
			put_json(out, name);
		free(name);
		fputs(": ", out);
		put_json(out, strchr(value, '=') + 1);
	}
	fputs(*comma == ',' ? "" : "}", out);
}

/* What a new policy has besides rules. */
static char *skeleton(const struct learning *l)
{
	const char *name = l->program ? l->program[0] : "learned";
	const char *slash = strrchr(name, '/');
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("{\"version\": 1, \"name\": ", out);
	put_json(out, slash ? slash + 1 : name);
	fprintf(out, ", \"extends\": [%s], \"allow\": {}, \"env\": {",
		l->exact ? "\"tmp\", \"terminal\"" : "\"base\"");
	put_environment(out, l);
	fputs("}}\n", out);
	return fclose(out) ? NULL : text;
}

static char *amend_all(const struct learning *l, char *text)
{
	struct pol_error error;

	for (size_t i = 0; text && i < l->count; i++) {
		char *next = NULL;

		if (pol_amend_written(l->merge ? l->merge : "policy", text, strlen(text), "allow",
				      l->rules[i].op, l->rules[i].pattern, &next,
				      &error) != CD_OK) {
			cli_say_policy_error(&error);
			next = NULL;
		}
		free(text);
		text = next;
	}
	return text;
}

char *learn_policy_text(struct learning *l)
{
	char *text = NULL, *formatted = NULL;
	struct pol_error error;
	size_t len;

	if (!l->merge)
		text = skeleton(l);
	else if (!cd_file_read(l->merge, CD_POLICY_SIZE_MAX, &text, &len))
		text = NULL;
	text = amend_all(l, text);
	if (!text || l->merge)
		return text;
	if (pol_format("policy", text, strlen(text), &formatted, &error) != CD_OK)
		cli_say_policy_error(&error);
	free(text);
	return formatted;
}

/* ---- the explanation ---- */

/* A name between backticks, which none of its bytes ends. */
static void put_code(FILE *out, const char *text)
{
	char shown[4 * CD_PATH_MAX];
	struct cd_buf buf;

	cd_buf_init(&buf, shown, sizeof(shown));
	cd_buf_visible(&buf, text, strlen(text));
	fputc('`', out);
	for (const char *at = shown; *at; at++) {
		if (*at == '|')
			fputc('\\', out);
		fputc(*at == '`' ? '\'' : *at, out);
	}
	fputc('`', out);
}

static const char *reason(const struct pol_learned *rule)
{
	static const char *const reasons[] = {
	    [POL_LEARN_EXACT] = "asked for",
	    [POL_LEARN_TEMPORARY] = "a name that it makes up anew each time",
	    [POL_LEARN_VERSION] = "a library, in whatever version",
	    [POL_LEARN_OWN] = "below a directory that it made itself",
	    [POL_LEARN_MANY] = "more than a few names in one directory",
	};

	return reasons[rule->why];
}

static void put_rules(FILE *out, const struct learning *l)
{
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		bool any = false;

		for (size_t i = 0; i < l->count; i++) {
			const struct pol_learned *rule = &l->rules[i];

			if (rule->op != op)
				continue;
			if (!any)
				fprintf(out,
					"\n## %s\n\n%s.\n\n| pattern | requests | because | first "
					"asked by "
					"|\n| --- | --- | --- | --- |\n",
					cd_op_name((enum cd_op)op), cd_op_table[op].text);
			any = true;
			fputs("| ", out);
			put_code(out, rule->pattern);
			fprintf(out, " | %zu | %s | ", rule->objects, reason(rule));
			if (rule->program)
				put_code(out, rule->program);
			fputs(" |\n", out);
		}
	}
}

static void put_refusals(FILE *out, const struct learning *l)
{
	if (!l->refusal_count)
		return;
	fputs("\n## Not granted\n\n| operation | object | times | because |\n| --- | --- | --- | "
	      "--- |\n",
	      out);
	for (size_t i = 0; i < l->refusal_count; i++) {
		fprintf(out, "| %s | ", cd_op_name(l->refusals[i].op));
		put_code(out, l->refusals[i].object);
		fprintf(out, " | %zu | %s |\n", l->refusals[i].times, l->refusals[i].why);
	}
}

char *learn_why_text(const struct learning *l)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("# Why this policy is as it is\n\nLearned by `cordon learn` from ", out);
	if (l->from) {
		fputs("the log ", out);
		put_code(out, l->from);
	} else {
		fputs("a run of ", out);
		for (char **word = l->program; *word; word++) {
			fputs(word == l->program ? "" : " ", out);
			put_code(out, *word);
		}
		fprintf(out, ", which ended with status %d", l->status);
	}
	fprintf(out,
		".\n\nOf %zu requests, %s %zu; the rules below are for the others. With %zu names "
		"or more in a "
		"directory, it is granted as a whole.\nSecrets (the group `secrets`) are never "
		"granted: "
		"wildcards do not reach them.\n",
		l->needed,
		l->merge   ? "the policy that this adds to granted"
		: l->exact ? "the groups `tmp` and `terminal` grant"
			   : "the group `base` grants",
		l->by_groups, l->threshold);
	if (!l->from && !l->copies)
		fputs(
		    "\nNothing could be changed while it was learned: what the program changes is "
		    "missing.\n",
		    out);
	put_rules(out, l);
	put_refusals(out, l);
	return fclose(out) ? NULL : text;
}

/* ---- the difference ---- */

#define LINES_MAX 4096

static size_t split(char *text, char **lines)
{
	size_t count = 0;

	while (*text && count < LINES_MAX) {
		char *newline = strchr(text, '\n');

		lines[count++] = text;
		if (!newline)
			break;
		*newline = '\0';
		text = newline + 1;
	}
	return count;
}

static void show_line(char sign, const char *line)
{
	char shown[4096];
	struct cd_buf buf;
	const size_t indent = strspn(line, " \t");

	cd_buf_init(&buf, shown, sizeof(shown));
	cd_buf_visible(&buf, line + indent, strlen(line + indent));
	printf("%c%.*s%s\n", sign, (int)indent, line, shown);
}

/* Lines that are in both in the same order stay; only what was put in or taken out is shown. */
void learn_show_diff(const char *name, const char *old, const char *new)
{
	static char *before[LINES_MAX], *after[LINES_MAX];
	char *one = strdup(old), *two = strdup(new);
	size_t n = one ? split(one, before) : 0, m = two ? split(two, after) : 0;
	unsigned short *common = calloc((n + 1) * (m + 1), sizeof(*common));
	size_t i = 0, j = 0;
	bool any = false;

#define COMMON(a, b) common[(a) * (m + 1) + (b)]
	for (size_t a = n; common && a-- > 0;)
		for (size_t b = m; b-- > 0;)
			COMMON(a, b) = strcmp(before[a], after[b]) == 0
					   ? (unsigned short)(COMMON(a + 1, b + 1) + 1)
				       : COMMON(a + 1, b) > COMMON(a, b + 1) ? COMMON(a + 1, b)
									     : COMMON(a, b + 1);
	while (common && (i < n || j < m)) {
		if (i < n && j < m && strcmp(before[i], after[j]) == 0) {
			i++, j++;
			continue;
		}
		if (!any)
			printf("--- %s\n+++ %s, learned\n", name, name);
		any = true;
		if (j == m || (i < n && COMMON(i + 1, j) >= COMMON(i, j + 1)))
			show_line('-', before[i++]);
		else
			show_line('+', after[j++]);
	}
#undef COMMON
	if (!any)
		printf("%s grants all of it already\n", name);
	fflush(stdout);
	free(common);
	free(one);
	free(two);
}
