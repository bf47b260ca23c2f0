/* From requests to rules: exact where it can be, wider with a reason. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/learn.h"
#include "policy/learn_paths.h"

static const struct pol_vars vars = {
    .home = "/home/me", .cwd = "/home/me/work", .tmp = "/tmp", .uid = 1000};
static struct pol_learn *learn;
static const struct pol_learned *rules;
static size_t count;

static void begin(size_t threshold)
{
	learn = pol_learn_new(&vars, threshold);
	cr_assert_not_null(learn);
}

static void ask(enum cd_op op, const char *object)
{
	cr_assert(pol_learn_add(learn, op, object, false, false, "/bin/p"));
}

static void make(enum cd_op op, const char *object, bool directory)
{
	cr_assert(pol_learn_add(learn, op, object, true, directory, NULL));
}

static void finish(void)
{
	cr_assert_eq(pol_learn_finish(learn, &rules, &count), CD_OK);
}

static bool has(enum cd_op op, const char *pattern)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].op == op && strcmp(rules[i].pattern, pattern) == 0)
			return true;
	return false;
}

Test(learn, what_is_asked_for_is_granted_and_no_more)
{
	begin(8);
	ask(CD_OP_FS_READ, "/etc/hosts");
	ask(CD_OP_FS_READ, "/etc/hosts");
	ask(CD_OP_FS_STAT, "/etc/hosts");
	ask(CD_OP_FS_STAT, "/etc");
	ask(CD_OP_FS_WRITE, "/srv/x");
	ask(CD_OP_NET_CONNECT, "example.org:443");
	finish();
	cr_expect_eq(count, 3);
	cr_expect(has(CD_OP_FS_READ, "/etc/hosts"));
	cr_expect(has(CD_OP_FS_WRITE, "/srv/x"));
	cr_expect(has(CD_OP_NET_CONNECT, "example.org:443"));
	cr_expect_eq(rules[0].objects, 2);
	cr_expect_str_eq(rules[0].program, "/bin/p");
	pol_learn_free(learn);
}

Test(learn, paths_of_the_user_begin_with_variables)
{
	begin(8);
	ask(CD_OP_FS_READ, "/home/me/.config/x");
	ask(CD_OP_FS_READ, "/home/me/work/a");
	ask(CD_OP_FS_READ, "/home/me/workshop");
	ask(CD_OP_FS_READ, "/home/meow");
	ask(CD_OP_FS_READ, "/run/user/1000/x");
	ask(CD_OP_FS_READ, "/srv/${HOME}");
	ask(CD_OP_NET_CONNECT, "unix:/home/me/work/s");
	finish();
	cr_expect(has(CD_OP_FS_READ, "${HOME}/.config/x"));
	cr_expect(has(CD_OP_FS_READ, "${CWD}/a"));
	cr_expect(has(CD_OP_FS_READ, "${HOME}/workshop"));
	cr_expect(has(CD_OP_FS_READ, "/home/meow"));
	cr_expect(has(CD_OP_FS_READ, "/run/user/${UID}/x"));
	cr_expect(has(CD_OP_FS_READ, "/srv/$${HOME}"));
	cr_expect(has(CD_OP_NET_CONNECT, "unix:${CWD}/s"));
	pol_learn_free(learn);
}

Test(learn, names_that_are_made_up_are_generalised_only_if_the_program_made_them)
{
	begin(8);
	make(CD_OP_FS_CREATE, "/srv/tmpab12cd_x.txt", false);
	make(CD_OP_FS_CREATE, "/srv/report.txt", false);
	ask(CD_OP_FS_READ, "/srv/data/tmpab12cd_x");
	make(CD_OP_FS_CREATE, "/srv/out.12345", false);
	finish();
	cr_expect(has(CD_OP_FS_CREATE, "/srv/tmp*.txt"));
	cr_expect(has(CD_OP_FS_CREATE, "/srv/report.txt"));
	cr_expect(has(CD_OP_FS_READ, "/srv/data/tmpab12cd_x"));
	cr_expect(has(CD_OP_FS_CREATE, "/srv/out.*"));
	pol_learn_free(learn);
}

Test(learn, below_a_directory_that_the_program_made_all_is_granted)
{
	begin(8);
	make(CD_OP_FS_CREATE, "/srv/out", true);
	make(CD_OP_FS_CREATE, "/srv/out/a", false);
	make(CD_OP_FS_WRITE, "/srv/out/a", false);
	make(CD_OP_FS_CREATE, "/srv/store/ab", true);
	make(CD_OP_FS_CREATE, "/srv/store/ab/cdef0123456789abcdef", false);
	finish();
	cr_expect(has(CD_OP_FS_CREATE, "/srv/out/**"));
	cr_expect(has(CD_OP_FS_WRITE, "/srv/out/**"));
	cr_expect(has(CD_OP_FS_CREATE, "/srv/store/*/**"));
	cr_expect_eq(count, 3);
	pol_learn_free(learn);
}

Test(learn, many_names_in_a_directory_make_it_one_but_not_what_is_below_it)
{
	char path[64];

	begin(5);
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "/srv/data/n%d.h", i);
		ask(CD_OP_FS_READ, path);
		snprintf(path, sizeof(path), "/srv/few/n%d.h", i % 4);
		ask(CD_OP_FS_READ, path);
	}
	finish();
	cr_expect(has(CD_OP_FS_READ, "/srv/data/*"));
	cr_expect_eq(rules[0].why, POL_LEARN_MANY);
	cr_expect_eq(rules[0].objects, 5);
	cr_expect(has(CD_OP_FS_READ, "/srv/few/n3.h"));
	cr_expect_eq(count, 5);
	pol_learn_free(learn);
}

Test(learn, what_is_everybodys_and_the_home_are_never_widened)
{
	static const char *const places[] = {"", "/etc", "/srv", "/home", "/home/me"};
	char path[64];

	begin(3);
	for (size_t place = 0; place < sizeof(places) / sizeof(places[0]); place++)
		for (int i = 0; i < 20; i++) {
			snprintf(path, sizeof(path), "%s/name-%c", places[place], 'a' + i);
			ask(CD_OP_FS_READ, path);
			make(CD_OP_FS_CREATE, path, false);
		}
	finish();
	for (size_t i = 0; i < count; i++)
		cr_expect_null(strchr(rules[i].pattern, '*'), "%s", rules[i].pattern);
	cr_expect_eq(count, 200);
	pol_learn_free(learn);
}

Test(learn, libraries_are_granted_in_any_version)
{
	begin(8);
	ask(CD_OP_FS_READ, "/opt/x/libfoo.so.6.0.30");
	ask(CD_OP_FS_READ, "/opt/x/libbar.so");
	ask(CD_OP_FS_READ, "/opt/x/notes.so.txt");
	finish();
	cr_expect(has(CD_OP_FS_READ, "/opt/x/libfoo.so*"));
	cr_expect(has(CD_OP_FS_READ, "/opt/x/libbar.so"));
	cr_expect(has(CD_OP_FS_READ, "/opt/x/notes.so.txt"));
	pol_learn_free(learn);
}

Test(learn, what_no_rule_can_name_is_left_out)
{
	begin(8);
	ask(CD_OP_FS_READ, "/srv/a*b");
	ask(CD_OP_FS_READ, "/srv/\377");
	finish();
	cr_expect_eq(count, 0);
	cr_expect_not(pol_learn_can_name(""));
	cr_expect(pol_learn_can_name("/srv/ordinary name"));
	pol_learn_free(learn);
}

Test(learn_paths, made_up_names)
{
	static const struct {
		const char *name, *pattern; /* NULL: it is a name like others */
	} names[] = {
	    {"tmpab12cd_x", "tmp*"},
	    {"ccXy12Zq.s", "cc*.s"},
	    {".goutputstream-A1B2C3", ".goutputstream-*"},
	    {"4b825dc642cb6eb9a060e54bf8d69288fbee4904", "*"},
	    {"x.pyc.140234567890", "x.pyc.*"},
	    {"550e8400-e29b-41d4-a716-446655440000", "*"},
	    {"main.o", NULL},
	    {"README", NULL},
	    {"index.lock", NULL},
	    {"COMMIT_EDITMSG", NULL},
	    {"module.cpython-311.pyc", NULL},
	    {"camelCase", NULL},
	    {"utf8", NULL},
	    {"x86_64", NULL},
	    {"", NULL},
	};
	char out[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool made_up = pol_learn_temporary(names[i].name, strlen(names[i].name), false, out,
						   sizeof(out));

		cr_expect_eq(made_up, names[i].pattern != NULL, "%s: %s", names[i].name, out);
		if (made_up && names[i].pattern)
			cr_expect_str_eq(out, names[i].pattern);
	}
}
