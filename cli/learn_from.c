/* From the log of a run to what its policy needs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/learn.h"
#include "lib/files.h"
#include "policy/edit.h"

/* ---- what the policy has anyway, and what it must not have ---- */

static struct pol_policy *make_policy(const struct pol_vars *vars, const char *const *groups,
				      const char *file, const char *const flags[][2])
{
	struct pol_draft *draft = pol_draft_new(vars);
	struct pol_policy *policy = NULL;
	enum cd_status status = draft ? CD_OK : CD_ENOMEM;
	struct pol_error error = {.problem = "out of memory"};

	for (size_t i = 0; status == CD_OK && groups && groups[i]; i++)
		status = pol_draft_group(draft, groups[i], &error);
	if (status == CD_OK && file)
		status = pol_draft_file(draft, file, &error);
	for (size_t i = 0; status == CD_OK && flags && flags[i][0]; i++)
		status = pol_draft_flag(draft, flags[i][0], flags[i][1], &error);
	if (status == CD_OK)
		status = pol_draft_finish(draft, &policy, &error);
	pol_draft_free(draft);
	if (status != CD_OK) {
		cli_say_policy_error(&error);
		return NULL;
	}
	return policy;
}

static const char *const usual_groups[] = {"base", NULL};
static const char *const exact_groups[] = {"tmp", "terminal", NULL};

static bool prepare(struct learning *l)
{
	static const char *const secret_groups[] = {"secrets", NULL};
	static const char *const everything[][2] = {
	    {"allow", "fs.*:/**"}, {"allow", "net.*:unix:/**"}, {NULL, NULL}};

	l->covered = make_policy(&l->vars,
				 l->merge   ? NULL
				 : l->exact ? exact_groups
					    : usual_groups,
				 l->merge, NULL);
	l->secrets = make_policy(&l->vars, secret_groups, NULL, everything);
	return l->covered && l->secrets;
}

enum cd_verdict learn_decide(const struct pol_policy *policy, enum cd_op op, const char *text)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = text, .len = strlen(text)};
	struct cd_decision decision = {.verdict = CD_DENY};

	if (op > CD_OP_FS_EXEC && mon_object_parse(op, text, &object) != CD_OK)
		return CD_DENY;
	mon_decide(policy->table, CD_OPBIT(op), &object, &decision);
	return decision.verdict;
}

/* What is mapped to be run is opened for reading; where it lies, running must be let. */
static bool is_library(const char *object)
{
	const char *name = strrchr(object, '/'), *so = name ? strstr(name, ".so") : NULL;
	size_t len = name ? strlen(name) : 0;

	return (so && (!so[3] || so[3] == '.')) ||
	       (len > 5 && strcmp(name + len - 5, ".node") == 0);
}

/* By its name, by that in the real directory, and by that of what these lead to: every way there
 * has to be in the view. */
static bool add_runnable(struct learning *l, const char *name)
{
	char path[CD_PATH_MAX], directory[CD_PATH_MAX], beside[2 * CD_PATH_MAX];
	const char *slash = strrchr(name, '/'), *const names[] = {name, beside, path};
	char *parent = strndup(name, (size_t)(slash - name));
	bool good = true;

	if (parent && realpath(name, path) && realpath(parent, directory)) {
		snprintf(beside, sizeof(beside), "%s%s", directory, slash);
		for (size_t i = 0; good && i < sizeof(names) / sizeof(names[0]); i++)
			good =
			    pol_learn_add(l->learn, CD_OP_FS_READ, names[i], false, false, NULL) &&
			    pol_learn_add(l->learn, CD_OP_FS_EXEC, names[i], false, false, NULL);
	}
	free(parent);
	return good;
}

/* What Linux loads by itself, before a program's first call, has no record. */
static bool add_interpreter(struct learning *l)
{
	return !l->exact || (add_runnable(l, "/lib64/ld-linux-x86-64.so.2") &&
			     add_runnable(l, "/lib/ld-musl-x86_64.so.1"));
}

/* Nor has what a script names in its first line. */
static bool add_script(struct learning *l, const char *script)
{
	char line[256];
	int fd = open(script, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
	size_t from;

	if (fd >= 0)
		close(fd);
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return true;
	line[n] = '\0';
	from = 2 + strspn(line + 2, " \t");
	line[from + strcspn(line + from, " \t\n")] = '\0';
	return line[from] != '/' || add_runnable(l, line + from);
}

/* What was asked for, as rules. */
static bool add_asked(struct learning *l)
{
	for (size_t i = 0; i < l->asked_count; i++) {
		const struct learn_asked *asked = &l->asked[i];
		const bool made = learn_was_made(l, asked->object);

		if (asked->absent && !made)
			continue;
		if (asked->op == CD_OP_FS_EXEC && l->exact && !add_script(l, asked->object))
			return false;
		if (asked->op == CD_OP_FS_READ && is_library(asked->object) &&
		    !learn_is_covered(l, CD_OP_FS_EXEC, asked->object) &&
		    !pol_learn_add(l->learn, CD_OP_FS_EXEC, asked->object, made, false,
				   asked->program))
			return false;
		if (!pol_learn_add(l->learn, asked->op, asked->object, made,
				   made && asked->directory, asked->program))
			return false;
	}
	return true;
}

/* ---- the end ---- */

/* Does the policy let all of it pass? Says what it does not. */
static size_t count_missing(const struct learning *l, const struct pol_policy *policy)
{
	size_t missing = 0;

	for (size_t i = 0; i < l->asked_count; i++) {
		const struct learn_asked *asked = &l->asked[i];
		char shown[512];
		struct cd_buf text;

		if (asked->absent || learn_decide(policy, asked->op, asked->object) == CD_ALLOW)
			continue;
		cd_buf_init(&text, shown, sizeof(shown));
		cd_buf_visible(&text, asked->object, strlen(asked->object));
		if (missing++ < 10)
			cli_say("not let pass: %s %s", cd_op_name(asked->op), shown);
	}
	return missing;
}

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	bool good = file && fputs(text, file) >= 0;

	if (file && fclose(file))
		good = false;
	if (!good)
		cli_say("cannot write %s: %s", path, strerror(errno));
	return good;
}

static void say_result(const struct learning *l)
{
	fprintf(stderr, "cordon: %zu rule%s for what %s does not grant (%zu of %zu requests)",
		l->count, l->count == 1 ? "" : "s",
		l->merge   ? "the policy"
		: l->exact ? "the group tmp"
			   : "the group base",
		l->needed - l->by_groups, l->needed);
	if (l->output)
		fprintf(stderr, ": %s, explained in %s", l->output, l->why);
	fputs("\n", stderr);
	if (l->refusal_count)
		fprintf(stderr, "cordon: %zu request%s not granted%s%s\n", l->refusal_count,
			l->refusal_count == 1 ? " was" : "s were",
			l->why ? "; why is said in " : "", l->why ? l->why : "");
	if (l->status > 0)
		fprintf(
		    stderr,
		    "cordon: the program ended with status %d: what it would do when all is well "
		    "may be missing\n",
		    l->status);
	if (l->output && l->program)
		fprintf(stderr, "cordon: to run under it: cordon run -p %s -- %s ...\n", l->output,
			l->program[0]);
}

/* The text as a policy; beside the one that it adds to, for it may name others beside it. */
static struct pol_policy *compile(const struct learning *l, const char *text)
{
	const char *slash = l->merge ? strrchr(l->merge, '/') : NULL;
	struct pol_policy *policy = NULL;
	char path[CD_PATH_MAX];
	int fd = -1;

	if (!l->merge)
		fd = logged_temporary("cordon-learn", ".json", path);
	else if (snprintf(path, sizeof(path), "%.*s.cordon-learn.XXXXXX",
			  slash ? (int)(slash + 1 - l->merge) : 0, l->merge) < (int)sizeof(path))
		fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		policy = make_policy(&l->vars, NULL, path, NULL);
	else
		cli_say("cannot write %s: %s", path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	return policy;
}

static int finish(struct learning *l, const char *text, const struct pol_policy *policy)
{
	size_t missing, len;
	char *old = NULL, *why;
	bool good;

	if (l->merge && cd_file_read(l->merge, CD_POLICY_SIZE_MAX, &old, &len)) {
		learn_show_diff(l->merge, old, text);
		free(old);
	}
	missing = count_missing(l, policy);
	if (l->output) {
		why = learn_why_text(l);
		good = why && write_file(l->output, text) && write_file(l->why, why);
		free(why);
		if (!good)
			return CLI_FAILED;
	}
	say_result(l);
	return missing ? 1 : 0;
}

static void begin_again(struct learning *l)
{
	pol_learn_free(l->learn);
	l->learn = pol_learn_new(&l->vars, l->threshold);
}

static bool add_extras(struct learning *l)
{
	bool good = true;

	for (size_t i = 0; good && i < l->extra_count; i++) {
		const struct learn_extra *extra = &l->extras[i];
		char below[CD_PATH_MAX + 8];

		snprintf(below, sizeof(below), "%s/any", extra->object);
		if (learn_is_secret(l, extra->op, extra->object))
			continue;
		/* Of the directory itself there is nothing to add but that it is one of the
		 * program's. */
		good = pol_learn_add(l->learn, extra->op, extra->below ? below : extra->object,
				     learn_was_made(l, extra->object), false, NULL) &&
		       (!extra->below || pol_learn_own(l->learn, extra->object));
	}
	return good;
}

#define ROUNDS_MAX 5 /* what moves need may be widened, and then needs more */

int learn_from(struct learning *l, int fd)
{
	struct pol_policy *policy = NULL;
	char *text = NULL;
	int status = CLI_FAILED;

	if (!prepare(l) || !learn_read_log(l, fd))
		return CLI_FAILED;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		pol_policy_free(policy);
		free(text);
		policy = NULL;
		text = NULL;
		begin_again(l);
		if (!l->learn || !add_asked(l) || !add_extras(l) || !add_interpreter(l) ||
		    pol_learn_finish(l->learn, &l->rules, &l->count) != CD_OK)
			return CLI_FAILED;
		text = learn_policy_text(l);
		policy = text ? compile(l, text) : NULL;
		if (!policy || !learn_moves(l, policy))
			break;
	}
	if (policy)
		status = finish(l, text, policy);
	pol_policy_free(policy);
	free(text);
	return status;
}

void learn_free(struct learning *l)
{
	pol_learn_free(l->learn);
	pol_policy_free(l->covered);
	pol_policy_free(l->secrets);
	for (size_t i = 0; i < l->refusal_count; i++)
		free(l->refusals[i].object);
	for (size_t i = 0; i < l->program_count; i++)
		free(l->programs[i]);
	for (size_t i = 0; i < l->made_count; i++)
		free(l->made[i]);
	for (size_t i = 0; i < l->move_count; i++) {
		free(l->moves[i].from);
		free(l->moves[i].to);
	}
	for (size_t i = 0; i < l->extra_count; i++)
		free(l->extras[i].object);
	for (size_t i = 0; i < l->asked_count; i++)
		free(l->asked[i].object);
	free(l->asked);
	free(l->moves);
	free(l->extras);
	free(l->moving_from);
	free(l->refusals);
	free(l->programs);
	free(l->made);
	free(l->made_output);
	free(l->why);
	free(l->environment);
}
