/* cordon policy fmt, init and schema: policies as files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/policy.h"
#include "cordon/limits.h"
#include "lib/files.h"
#include "policy/edit.h"

/* ---- fmt ---- */

static int format_one(const char *path, const struct policy_args *args)
{
	bool is_stdin = strcmp(path, "-") == 0, same;
	struct pol_error error;
	char *text = NULL, *made = NULL;
	size_t len;
	int result = CLI_FAILED;

	if (!cd_file_read(is_stdin ? NULL : path, CD_POLICY_SIZE_MAX, &text, &len)) {
		cli_say("cannot read %s: %s", path, strerror(errno));
		return CLI_FAILED;
	}
	if (pol_format(is_stdin ? "standard input" : path, text, len, &made, &error) != CD_OK) {
		cli_say_policy_error(&error);
		goto out;
	}
	same = strlen(made) == len && memcmp(made, text, len) == 0;
	result = 0;
	if (args->check) {
		result = !same;
		if (!same)
			cli_say("%s is not in canonical form", path);
	} else if (is_stdin || args->to_stdout) {
		fputs(made, stdout);
	} else if (!same && !cd_file_replace(path, made, strlen(made))) {
		cli_say("cannot write %s: %s", path, strerror(errno));
		result = CLI_FAILED;
	}
out:
	free(text);
	free(made);
	return result;
}

int policy_fmt(const struct policy_args *args)
{
	int worst = 0;

	for (int i = 0; i < args->count; i++) {
		int status = format_one(args->operands[i], args);

		worst = status > worst ? status : worst;
	}
	return fflush(stdout) ? CLI_FAILED : worst;
}

/* ---- init ---- */

static const struct pol_template *find_template(const char *name)
{
	for (const struct pol_template *t = pol_templates; t->name; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

static int list_templates(void)
{
	for (const struct pol_template *t = pol_templates; t->name; t++)
		puts(t->name);
	return fflush(stdout) ? CLI_FAILED : 0;
}

int policy_init(const struct policy_args *args)
{
	const char *path = args->count ? args->operands[0] : "policy.json";
	const struct pol_template *template;
	FILE *file;
	int fd;

	if (!args->template)
		return list_templates();
	template = find_template(args->template);
	if (!template) {
		cli_say("there is no template \"%s\"; `cordon policy init` lists them",
			args->template);
		return CLI_FAILED;
	}
	if (strcmp(path, "-") == 0)
		return fputs(template->text, stdout) < 0 || fflush(stdout) ? CLI_FAILED : 0;
	fd =
	    open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (args->force ? O_TRUNC : O_EXCL),
		 0666);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file || fputs(template->text, file) < 0 || fclose(file)) {
		cli_say(errno == EEXIST ? "%s is there already (--force writes over it)"
					: "cannot write %s: %m",
			path);
		return CLI_FAILED;
	}
	policy_print_visible(path, 0);
	printf(": template %s; `cordon policy check` checks it, `cordon run -p` uses it\n",
	       template->name);
	return fflush(stdout) ? CLI_FAILED : 0;
}

/* ---- schema ---- */

int policy_schema(const struct policy_args *args)
{
	char *text = pol_schema();

	(void)args;
	if (!text) {
		cli_say("out of memory");
		return CLI_FAILED;
	}
	puts(text);
	free(text);
	return fflush(stdout) ? CLI_FAILED : 0;
}
