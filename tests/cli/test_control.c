/* The control socket's requests and answers, as text: hostile ones too. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/control_answer.h"
#include "cli/spaces.h"

struct seen {
	bool ended;
	int signal;
};

static void end(void *context)
{
	((struct seen *)context)->ended = true;
}

static bool send_signal(void *context, int number)
{
	((struct seen *)context)->signal = number;
	return number == SIGTERM;
}

static pid_t init(void *context)
{
	(void)context;
	return 0;
}

static size_t denied(void *context)
{
	(void)context;
	return 7;
}

/* Asks; the answer is parsed. argument0: of the program. */
static bool ask_about(const char *argument0, const char *request, struct seen *seen,
		      struct answer *answer, const char **why)
{
	static struct pol_policy policy = {.name = "some\tpolicy"};
	static struct cli_limits limits = {.host = {.value = {[HOST_LIMIT_MEMORY] = 4096}}};
	static struct host_fds fds = {.fd = {9}, .count = 1};
	struct cd_mount mount = {.kind = CD_MOUNT_BIND, .dest = "/a\nb", .from = "/c"};
	struct cd_plan plan = {.mounts = &mount, .count = 1};
	char *const argv[] = {(char *)argument0, NULL};
	struct mon_builder *builder = mon_builder_new();
	struct mon_rule rule = {.verdict = CD_ALLOW,
				.ops = CD_OPBIT(CD_OP_FS_READ),
				.pattern = "/usr/**",
				.source = "tool.json",
				.pointer = "/allow/fs.read/0"};
	struct control_facts facts = {.name = "n",
				      .program = "/p",
				      .directory = "/",
				      .argv = argv,
				      .policy = &policy,
				      .plan = &plan,
				      .fds = &fds,
				      .limits = &limits,
				      .context = seen,
				      .end = end,
				      .signal = send_signal,
				      .init = init,
				      .denied = denied};
	char line[CONTROL_REQUEST_MAX], *text = NULL;
	const char *problem;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool parsed;

	*seen = (struct seen){false, 0};
	cr_assert(builder && out);
	cr_assert_eq(mon_builder_add(builder, &rule, &problem), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &policy.table), CD_OK);
	mon_builder_free(builder);
	snprintf(line, sizeof(line), "%s", request);
	control_answer(&facts, "123", line, out);
	fclose(out);
	parsed = answer_parse(text, size, answer, why);
	mon_table_free(policy.table);
	return parsed;
}

static bool ask(const char *request, struct seen *seen, struct answer *answer, const char **why)
{
	return ask_about("prog", request, seen, answer, why);
}

Test(control, show_tells_what_there_is)
{
	struct answer a;
	struct seen seen;
	const char *why;

	cr_assert(ask("cordon 1 show", &seen, &a, &why));
	cr_expect_str_eq(answer_field(answer_next(&a, "run", NULL, NULL), 0), "123");
	cr_expect_str_eq(answer_field(answer_next(&a, "argv", NULL, NULL), 0), "prog");
	cr_expect_eq(answer_number(answer_next(&a, "space", "1", NULL), 6), 7);
	cr_expect_str_eq(answer_field(answer_next(&a, "layer", "1", NULL), 3), "some\tpolicy");
	cr_expect_str_eq(answer_field(answer_next(&a, "rule", "1", NULL), 4), "/usr/**");
	cr_expect_str_eq(answer_field(answer_next(&a, "mount", "1", NULL), 2), "/a\nb");
	cr_expect_str_eq(answer_field(answer_next(&a, "limit", "1", NULL), 1), "memory");
	cr_expect_null(answer_next(&a, "space", "1.2", NULL));
	cr_expect_not(a.cut);
	answer_free(&a);
}

Test(control, hostile_names_come_back_as_they_were)
{
	static const char hostile[] = "a\tb\nend\nc\\x09\x1b[1m\x7f\\\xff";
	struct answer a;
	struct seen seen;
	const char *why;

	cr_assert(ask_about(hostile, "cordon 1 brief", &seen, &a, &why));
	cr_expect_eq(answer_next(&a, "argv", NULL, NULL)->count, 1);
	cr_expect_str_eq(answer_field(answer_next(&a, "argv", NULL, NULL), 0), hostile);
	cr_expect(answer_next(&a, "space", "1", NULL));
	answer_free(&a);
}

Test(control, kill_ends_or_signals)
{
	struct answer a;
	struct seen seen;
	const char *why;

	cr_expect(ask("cordon 1 kill\t1", &seen, &a, &why));
	cr_expect(seen.ended && !seen.signal);
	answer_free(&a);
	cr_expect(ask("cordon 1 kill\t1\t9", &seen, &a, &why));
	cr_expect(seen.ended && !seen.signal);
	answer_free(&a);
	cr_expect(ask("cordon 1 kill\t1\t15", &seen, &a, &why));
	cr_expect(!seen.ended && seen.signal == SIGTERM);
	answer_free(&a);
}

Test(control, what_is_no_request_does_nothing)
{
	static const char *const requests[] = {
	    "",
	    "cordon",
	    "cordon 2 show",
	    "cordon 1 ",
	    "cordon 1 shows",
	    "cordon 1 show me",
	    "cordon 1 kill",
	    "cordon 1 kill\t",
	    "cordon 1 kill\t2",
	    "cordon 1 kill\t1\t0",
	    "cordon 1 kill\t1\t-1",
	    "cordon 1 kill\t1\tx",
	    "cordon 1 kill\t1\t15x",
	    "cordon 1 kill\t1\t99999999999999999999",
	    "cordon 1 kill\t1\t19",
	    "cordon 1 kill\t1\\x",
	    "cordon 1 \t\t\t\t\t\t\t\t\t\t\t\t\t\t",
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct answer a;
		struct seen seen;
		const char *why;

		cr_expect_not(ask(requests[i], &seen, &a, &why), "%s", requests[i]);
		cr_expect_not(seen.ended, "%s", requests[i]);
		cr_expect(strlen(why) > 0);
		answer_free(&a);
	}
}

Test(control, answers_that_make_no_sense_are_none)
{
	static const char *const texts[] = {
	    "",
	    "\n",
	    "cordon 1 ok\n",
	    "cordon 1",
	    "cordon 2 ok\nend\n",
	    "HTTP/1.1 200 OK\nend\n",
	    "cordon 1 ok\nrun\t1",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *text = strdup(texts[i]);
		struct answer a;
		const char *why;

		cr_expect_not(answer_parse(text, strlen(text), &a, &why), "%s", texts[i]);
		answer_free(&a);
	}
}

Test(control, many_fields_and_records_are_bounded)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	struct answer a;
	const char *why;

	fputs("cordon 1 ok\nrun", out);
	for (int i = 0; i < 1000; i++)
		fprintf(out, "\t%d", i);
	fputs("\n\n\t\t\nend\n", out);
	fclose(out);
	cr_assert(answer_parse(text, size, &a, &why));
	cr_expect_eq(answer_next(&a, "run", NULL, NULL)->count, ANSWER_FIELDS_MAX);
	cr_expect_str_eq(answer_field(answer_next(&a, "run", NULL, NULL), 2000), "");
	answer_free(&a);
}

/* ---- the directory ---- */

static char runtime[] = "/tmp/cordon-test.XXXXXX";

static void make_runtime(void)
{
	cr_assert(mkdtemp(runtime));
	setenv("XDG_RUNTIME_DIR", runtime, 1);
}

static void remove_runtime(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/cordon", runtime);
	unlink(path);
	rmdir(path);
	rmdir(runtime);
}

Test(control_dir, is_made_for_its_user_alone, .init = make_runtime, .fini = remove_runtime)
{
	char path[CD_PATH_MAX], again[CD_PATH_MAX];
	struct stat st;

	cr_expect(control_dir(CONTROL_DIR_NAME, path));
	cr_expect_neq(stat(path, &st), 0);
	umask(0777);
	cr_assert(control_dir(CONTROL_DIR_MAKE, path));
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	cr_expect_eq(strncmp(path, runtime, strlen(runtime)), 0);
	cr_expect(control_dir(CONTROL_DIR_FIND, again));
	cr_expect_str_eq(path, again);
}

Test(control_dir, is_not_what_others_may_enter_nor_a_link, .init = make_runtime,
     .fini = remove_runtime)
{
	char path[CD_PATH_MAX], own[64];

	snprintf(own, sizeof(own), "%s/cordon", runtime);
	cr_assert_eq(mkdir(own, 0700), 0);
	cr_assert_eq(chmod(own, 0755), 0);
	if (control_dir(CONTROL_DIR_MAKE, path))
		cr_expect_str_neq(path, own);
	rmdir(own);
	cr_assert_eq(symlink("/tmp", own), 0);
	if (control_dir(CONTROL_DIR_MAKE, path))
		cr_expect_str_neq(path, own);
	if (control_dir(CONTROL_DIR_FIND, path))
		cr_expect_str_neq(path, own);
}

Test(control_dir, is_not_below_what_others_may_write, .init = make_runtime, .fini = remove_runtime)
{
	char path[CD_PATH_MAX];

	cr_assert_eq(chmod(runtime, 0777), 0);
	if (control_dir(CONTROL_DIR_MAKE, path))
		cr_expect_neq(strncmp(path, runtime, strlen(runtime)), 0);
}
