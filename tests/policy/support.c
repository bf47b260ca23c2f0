#include "tests/policy/support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct pol_vars test_vars = {"/home/u", "/home/u/work", "/tmp", "/opt/prog", 1000};

static char folder[64];

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info, (void)kind, (void)walk;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_dir(void)
{
	if (!folder[0]) {
		strcpy(folder, "/tmp/cordon-policy-XXXXXX");
		cr_assert_not_null(mkdtemp(folder));
		atexit(remove_folder);
	}
	return folder;
}

const char *write_file(const char *name, const char *text, size_t len)
{
	static char paths[64][160];
	static int next;
	char *path = paths[next++ % 64];
	int fd;

	snprintf(path, sizeof(paths[0]), "%s/%s", test_dir(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0, "%s", path);
	cr_assert_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
	return path;
}

const char *write_text(const char *name, const char *text)
{
	return write_file(name, text, strlen(text));
}

struct pol_draft *new_draft(void)
{
	struct pol_draft *draft = pol_draft_new(&test_vars);

	cr_assert_not_null(draft);
	return draft;
}

static struct pol_policy *finish(struct pol_draft *draft)
{
	struct pol_policy *policy = NULL;
	struct pol_error error;

	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK, "%s", error.problem);
	pol_draft_free(draft);
	return policy;
}

struct pol_policy *policy_of(const char *text)
{
	struct pol_draft *draft = new_draft();
	struct pol_error error;

	cr_assert_eq(pol_draft_file(draft, write_text("policy.json", text), &error), CD_OK,
		     "%s: %u: %s: %s", error.file, error.line, error.pointer, error.problem);
	return finish(draft);
}

struct pol_error error_of(const char *text)
{
	struct pol_draft *draft = new_draft();
	struct pol_error error;

	cr_assert_neq(pol_draft_file(draft, write_text("policy.json", text), &error), CD_OK, "%s",
		      text);
	pol_draft_free(draft);
	return error;
}

static void add_flag(struct pol_draft *draft, const char *flag)
{
	const char *equals = strchr(flag, '=');
	char name[32];
	struct pol_error error;

	snprintf(name, sizeof(name), "%.*s", (int)(equals ? equals - flag : (long)strlen(flag)),
		 flag);
	cr_assert_eq(pol_draft_flag(draft, name, equals ? equals + 1 : NULL, &error), CD_OK,
		     "%s: %s", flag, error.problem);
}

struct pol_policy *policy_of_flags(const char *flag, ...)
{
	struct pol_draft *draft = new_draft();
	va_list args;

	va_start(args, flag);
	for (; flag; flag = va_arg(args, const char *))
		add_flag(draft, flag);
	va_end(args);
	return finish(draft);
}

struct pol_error flag_error(const char *name, const char *value)
{
	struct pol_draft *draft = new_draft();
	struct pol_error error;

	cr_assert_neq(pol_draft_flag(draft, name, value, &error), CD_OK, "--%s=%s", name, value);
	pol_draft_free(draft);
	return error;
}

void check_error(const struct pol_error *error, unsigned line, const char *pointer,
		 const char *problem, const char *remedy)
{
	char text[2048];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	pol_error_text(error, &buf);
	cr_assert_eq(error->line, line, "line %u, not %u: %s", error->line, line, text);
	cr_assert_str_eq(error->pointer, pointer, "%s", text);
	cr_assert(strstr(error->problem, problem), "no \"%s\" in: %s", problem, text);
	cr_assert(strstr(error->remedy, remedy), "no \"%s\" in: %s", remedy, text);
	cr_assert_str_not_empty(error->file);
	cr_assert_not(strchr(text, '\n'));
}

enum mon_verdict policy_verdict(const struct pol_policy *policy, const char *question)
{
	const char *space = strchr(question, ' ');
	uint64_t ops = cd_ops_named(question, (size_t)(space - question));
	struct mon_decision decision;
	struct mon_object object;

	cr_assert_eq(mon_object_parse(__builtin_ctzll(ops), space + 1, &object), CD_OK, "%s",
		     question);
	mon_decide(policy->table, ops, &object, &decision);
	return decision.verdict;
}
