/* From the log of a run to what its policy needs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/read.h"
#include "cli/learn.h"
#include "lib/files.h"
#include "lib/vec.h"
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

static bool is_secret(const struct learning *l, enum cd_op op, const char *object)
{
	if (op <= CD_OP_FS_EXEC || strncmp(object, "unix:/", 6) == 0)
		return learn_decide(l->secrets, op, object) != CD_ALLOW;
	return false;
}

/* ---- what was there before ---- */

static bool remember(char ***list, size_t *count, size_t *capacity, const char *text)
{
	char **grown = cd_vec_grow(*list, capacity, *count + 1, sizeof(**list));

	if (!grown)
		return false;
	*list = grown;
	grown[*count] = strdup(text);
	return grown[*count] && ++*count;
}

static bool was_made(const struct learning *l, const char *object)
{
	for (size_t i = l->made_count; i > 0; i--)
		if (strcmp(l->made[i - 1], object) == 0)
			return true;
	return false;
}

/* In a directory that spaces have privately: there it is the space's, unless a folder of the user's
 * is shown. */
static bool is_private(const char *object)
{
	static const char *const places[] = {"/tmp/", "/dev/shm/"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i]);
		char first[CD_PATH_MAX];
		struct stat st;

		if (strncmp(object, places[i], len) != 0) {
			if (strncmp(object, places[i], len - 1) == 0 && !object[len - 1])
				return true;
			continue;
		}
		snprintf(first, sizeof(first), "%.*s", (int)(len + strcspn(object + len, "/")),
			 object);
		return i == 1 || lstat(first, &st) != 0;
	}
	return false;
}

/* The rules for what is made in a private directory do not reach the user's own files that are
 * shown inside it. */
static bool is_covered(const struct learning *l, enum cd_op op, const char *text)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = text, .len = strlen(text)};
	struct cd_decision decision;
	struct mon_rule rule;

	if (op > CD_OP_FS_EXEC || strncmp(text, "/tmp/", 5) != 0)
		return learn_decide(l->covered, op, text) == CD_ALLOW;
	mon_decide(l->covered->table, CD_OPBIT(op), &object, &decision);
	if (decision.verdict != CD_ALLOW || decision.rule == CD_NO_RULE)
		return false;
	mon_table_rule(l->covered->table, decision.rule, &rule);
	return strcmp(rule.pattern, "/tmp/**") != 0;
}

/* ---- requests ---- */

static bool refuse(struct learning *l, enum cd_op op, const char *object, const char *why)
{
	struct learn_refusal *list;

	for (size_t i = 0; i < l->refusal_count; i++)
		if (l->refusals[i].op == op && strcmp(l->refusals[i].object, object) == 0) {
			l->refusals[i].times++;
			return true;
		}
	list = cd_vec_grow(l->refusals, &l->refusal_capacity, l->refusal_count + 1, sizeof(*list));
	if (!list)
		return false;
	l->refusals = list;
	list[l->refusal_count] = (struct learn_refusal){op, strdup(object), why, 1};
	return list[l->refusal_count].object && ++l->refusal_count;
}

static const char *program_of(struct learning *l, const struct audit_event *event)
{
	if (!event->running)
		return NULL;
	for (size_t i = 0; i < l->program_count; i++)
		if (strcmp(l->programs[i], event->running) == 0)
			return l->programs[i];
	return remember(&l->programs, &l->program_count, &l->program_capacity, event->running)
		   ? l->programs[l->program_count - 1]
		   : NULL;
}

/* What Linux would have refused the user himself needs no rule. */
static bool failed_anyway(const struct audit_event *event, enum cd_op op)
{
	return op != CD_OP_FS_STAT && event->has_result && !event->continued &&
	       (event->result == -EACCES || event->result == -EPERM || event->result == -EROFS) &&
	       event->verdict == CD_ALLOW;
}

/* What is mapped to be run is opened for reading; where it lies, running must be let. */
static bool is_library(const char *object)
{
	const char *name = strrchr(object, '/'), *so = name ? strstr(name, ".so") : NULL;
	size_t len = name ? strlen(name) : 0;

	return (so && (!so[3] || so[3] == '.')) ||
	       (len > 5 && strcmp(name + len - 5, ".node") == 0);
}

static bool add_script(struct learning *l, const char *script);

static bool take_request(struct learning *l, const struct audit_event *event, enum cd_op op,
			 bool made, bool directory)
{
	const char *object = event->object;

	if (is_secret(l, op, object))
		return refuse(l, op, object, "a secret");
	if (event->verdict != CD_ALLOW && !(l->denied && event->verdict == CD_DENY))
		return refuse(l, op, object,
			      op >= CD_OP_NET_CONNECT && op <= CD_OP_NET_SEND && !l->network
				  ? "no network while it was learned (--allow-net=ADDR)"
				  : "it was denied");
	if (failed_anyway(event, op))
		return true;
	l->needed++;
	if (op <= CD_OP_FS_EXEC && is_private(object)) {
		l->by_groups++;
		return true;
	}
	if (is_covered(l, op, object)) {
		l->by_groups++;
		return true;
	}
	if (op <= CD_OP_FS_EXEC && !pol_learn_can_name(object))
		return refuse(l, op, object, "no rule can name it");
	if (op == CD_OP_FS_EXEC && l->exact && !add_script(l, object))
		return false;
	if (op == CD_OP_FS_READ && is_library(object) && !is_covered(l, CD_OP_FS_EXEC, object) &&
	    !pol_learn_add(l->learn, CD_OP_FS_EXEC, object, made, false, program_of(l, event)))
		return false;
	return pol_learn_add(l->learn, op, object, made, directory, program_of(l, event));
}

/*
 * What was not there needs no rule; unless the program made it later, for the next time it may be
 * there before, or it was not in the view, and what was denied is wanted.
 */
static bool matters(const struct learning *l, const struct audit_event *event)
{
	const uint64_t looking = CD_OPBIT(CD_OP_FS_STAT) | CD_OPBIT(CD_OP_FS_READ);
	struct stat st;

	if (event->verdict == CD_ALLOW)
		return !(event->ops & ~looking) && was_made(l, event->object);
	return l->denied &&
	       (event->ops & CD_OPBIT(CD_OP_FS_CREATE) || lstat(event->object, &st) == 0);
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

static bool take_event(struct learning *l, const struct audit_event *event)
{
	bool good = true, made, directory;

	if (event->kind != AUDIT_OP || event->inside)
		return true;
	if (event->absent && !matters(l, event))
		return true;
	directory = strncmp(event->call, "mkdir", 5) == 0;
	if (event->ops & CD_OPBIT(CD_OP_FS_CREATE) && event->verdict == CD_ALLOW &&
	    (!event->has_result || event->continued || event->result >= 0) &&
	    !was_made(l, event->object))
		good = remember(&l->made, &l->made_count, &l->made_capacity, event->object);
	good = good && (event->verdict != CD_ALLOW ||
			learn_take_move(l, event->message, event->call, event->object, event->ops));
	made = was_made(l, event->object);
	for (unsigned op = 0; good && op < CD_OP_COUNT; op++)
		if (event->ops & CD_OPBIT(op))
			good = take_request(l, event, (enum cd_op)op, made, made && directory);
	return good;
}

/* The log's last run. False, and said, when it cannot be read. */
static bool read_log(struct learning *l, int fd, bool first)
{
	struct audit_reader *reader = audit_reader_new(fd);
	struct audit_event event;
	enum cd_status status = CD_ENOMEM;
	bool broken = false, any = false;

	l->status = l->from ? -1 : l->status;
	while (reader && (status = audit_reader_next(reader, &event)) == CD_OK) {
		broken |= event.broken != NULL;
		any |= event.kind == AUDIT_OP;
		if (first && event.kind == AUDIT_HEAD && l->from && event.audit &&
		    strcmp(event.audit, "denied") == 0)
			cli_say("%s has what was denied alone (--audit=denied): what was allowed "
				"cannot be "
				"learned from it",
				l->from);
		if (!take_event(l, &event)) {
			status = CD_ENOMEM;
			break;
		}
	}
	audit_reader_free(reader);
	if (status != CD_ENOENT) {
		cli_say("cannot read the log: %s",
			status == CD_ENOMEM ? "out of memory" : strerror(errno));
		return false;
	}
	if (broken && first)
		cli_say("%s is not as it was written; `cordon audit verify` says where",
			l->from ? l->from : "the log");
	if (!any && l->from && broken) {
		cli_say("%s holds no records", l->from);
		return false;
	}
	return true;
}

/* ---- the end ---- */

/* Does the policy let all of it pass? Says what it does not. */
static size_t count_missing(const struct learning *l, int fd, const struct pol_policy *policy)
{
	struct audit_reader *reader = audit_reader_new(fd);
	struct audit_event event;
	size_t missing = 0;

	while (reader && audit_reader_next(reader, &event) == CD_OK) {
		if (event.kind != AUDIT_OP || event.absent || event.inside ||
		    (event.verdict != CD_ALLOW && !l->denied) || is_private(event.object))
			continue;
		for (unsigned op = 0; op < CD_OP_COUNT; op++) {
			char shown[512];
			struct cd_buf text;

			if (!(event.ops & CD_OPBIT(op)) || is_secret(l, op, event.object) ||
			    failed_anyway(&event, op) ||
			    learn_decide(policy, (enum cd_op)op, event.object) == CD_ALLOW)
				continue;
			cd_buf_init(&text, shown, sizeof(shown));
			cd_buf_visible(&text, event.object, strlen(event.object));
			if (missing++ < 10)
				cli_say("not let pass: %s %s", cd_op_name((enum cd_op)op), shown);
		}
	}
	audit_reader_free(reader);
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
	char *path;
	int fd;

	if (asprintf(&path, "%.*s.cordon-learn.XXXXXX", slash ? (int)(slash + 1 - l->merge) : 0,
		     slash ? l->merge : "") < 0)
		return NULL;
	if (!l->merge) {
		free(path);
		path = strdup("/tmp/cordon-learn.XXXXXX");
	}
	fd = path ? mkostemp(path, O_CLOEXEC) : -1;
	if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		policy = make_policy(&l->vars, NULL, path, NULL);
	else
		cli_say("cannot write %s: %s", path ? path : "", strerror(errno));
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	free(path);
	return policy;
}

static int finish(struct learning *l, int fd, const char *text, const struct pol_policy *policy)
{
	size_t missing, len;
	char *old = NULL, *why;
	bool good;

	if (l->merge && cd_file_read(l->merge, CD_POLICY_SIZE_MAX, &old, &len)) {
		learn_show_diff(l->merge, old, text);
		free(old);
	}
	missing = count_missing(l, fd, policy);
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
	l->needed = l->by_groups = 0;
	for (size_t i = 0; i < l->refusal_count; i++)
		l->refusals[i].times = 0;
}

static bool add_extras(struct learning *l)
{
	bool good = true;

	for (size_t i = 0; good && i < l->extra_count; i++) {
		const struct learn_extra *extra = &l->extras[i];
		char below[CD_PATH_MAX + 8];

		snprintf(below, sizeof(below), "%s/any", extra->object);
		if (is_secret(l, extra->op, extra->object))
			continue;
		/* Of the directory itself there is nothing to add but that it is one of the
		 * program's. */
		good = pol_learn_add(l->learn, extra->op, extra->below ? below : extra->object,
				     was_made(l, extra->object), false, NULL) &&
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

	if (!prepare(l))
		return CLI_FAILED;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		pol_policy_free(policy);
		free(text);
		policy = NULL;
		text = NULL;
		begin_again(l);
		if (!l->learn || !read_log(l, fd, round == 0) || !add_extras(l) ||
		    !add_interpreter(l) ||
		    pol_learn_finish(l->learn, &l->rules, &l->count) != CD_OK)
			return CLI_FAILED;
		text = learn_policy_text(l);
		policy = text ? compile(l, text) : NULL;
		/* What the program made is known after the first one. */
		if (!policy || (round && !learn_moves(l, policy)))
			break;
	}
	if (policy)
		status = finish(l, fd, text, policy);
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
