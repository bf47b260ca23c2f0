/* What an object of a space is to the spaces around it. */
#include "refmon/nest.h"

#include <criterion/criterion.h>
#include <string.h>

static struct cd_mount mounts[] = {
    {.kind = CD_MOUNT_BIND, .dest = "/data", .from = "/srv/data"},
    {.kind = CD_MOUNT_MASK, .dest = "/data/secret"},
    {.kind = CD_MOUNT_MASK, .dest = "/data/secret/in"},
    {.kind = CD_MOUNT_TMPFS, .dest = "/tmp", .from = "/tmp"},
    {.kind = CD_MOUNT_MASK, .dest = "/tmp/covered"},
    {.kind = CD_MOUNT_BIND, .dest = "/same", .from = "/same"},
    {.kind = CD_MOUNT_MASK, .dest = "/"},
};
static const struct cd_plan plan = {.mounts = mounts, .count = sizeof(mounts) / sizeof(mounts[0])};

static struct cd_object path_object(const char *path)
{
	return (struct cd_object){.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};
}

Test(nest, an_object_is_what_it_comes_from)
{
	struct cd_object object = path_object("/data/file"), out;
	uint64_t ops = CD_OPBIT(CD_OP_FS_READ);
	char text[CD_PATH_MAX];

	cr_assert(mon_nest_outward(&plan, &ops, &object, text, &out));
	cr_assert_str_eq(out.text, "/srv/data/file");
	cr_assert_eq(out.len, strlen("/srv/data/file"));
	cr_assert_str_eq(object.text, "/data/file");
}

/* As whoever walks through many layers has it. */
Test(nest, the_result_may_be_where_the_question_was)
{
	struct cd_object object = path_object("/data/file");
	uint64_t ops = CD_OPBIT(CD_OP_FS_READ);
	char text[CD_PATH_MAX] = "";

	cr_assert(mon_nest_outward(&plan, &ops, &object, text, &object));
	cr_assert_str_eq(object.text, "/srv/data/file");
	cr_assert_eq(object.len, strlen("/srv/data/file"));
}

Test(nest, what_is_private_is_nobody_elses)
{
	struct cd_object object = path_object("/tmp/file"), out;
	uint64_t ops = CD_OPBIT(CD_OP_FS_READ);
	char text[CD_PATH_MAX];

	cr_assert_not(mon_nest_outward(&plan, &ops, &object, text, &out));
}

/* That there is something to be covered says what is there. */
Test(nest, what_is_covered_is_what_the_space_around_shows)
{
	static const char *const pairs[][2] = {{"/data/secret", "/srv/data/secret"},
					       {"/data/secret/in/x", "/srv/data/secret/in/x"},
					       {"/same/file", "/same/file"},
					       {"/tmp/covered", NULL},
					       {"/nothing", NULL}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct cd_object object = path_object(pairs[i][0]), out;
		uint64_t ops = CD_OPBIT(CD_OP_FS_STAT);
		char text[CD_PATH_MAX];
		bool shown = mon_nest_outward(&plan, &ops, &object, text, &out);

		cr_expect_eq(shown, pairs[i][1] != NULL, "%s", pairs[i][0]);
		if (shown)
			cr_expect_str_eq(out.text, pairs[i][1]);
	}
}
