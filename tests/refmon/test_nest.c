/* What an object of a space is to the spaces around it. */
#include "refmon/nest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/path.h"
#include "refmon/plan.h"

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

	cr_assert_eq(mon_nest_outward(&plan, &ops, &object, text, &out), &out);
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

	cr_assert_eq(mon_nest_outward(&plan, &ops, &object, text, &object), &object);
	cr_assert_str_eq(object.text, "/srv/data/file");
	cr_assert_eq(object.len, strlen("/srv/data/file"));
}

Test(nest, what_is_private_is_nobody_elses)
{
	struct cd_object object = path_object("/tmp/file"), out;
	uint64_t ops = CD_OPBIT(CD_OP_FS_READ);
	char text[CD_PATH_MAX];

	cr_assert_null(mon_nest_outward(&plan, &ops, &object, text, &out));
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
		const struct cd_object *outer = mon_nest_outward(&plan, &ops, &object, text, &out);

		cr_expect_eq(outer != NULL, pairs[i][1] != NULL, "%s", pairs[i][0]);
		if (outer)
			cr_expect_str_eq(outer->text, pairs[i][1]);
	}
}

Test(nest, what_has_the_same_name_is_the_object_itself)
{
	struct cd_mount at[] = {{.kind = CD_MOUNT_BIND, .dest = "/same", .from = "/same"}};
	struct cd_plan one = {.mounts = at, .count = 1};
	struct cd_object object = path_object("/same/file"), out;
	uint64_t ops = CD_OPBIT(CD_OP_FS_READ);
	char text[CD_PATH_MAX];

	mon_plan_index(&one);
	cr_expect_eq(mon_nest_outward(&one, &ops, &object, text, &out), &object);
	free(one.index);
}

/* Where there is no more room for it. */
Test(nest, a_name_that_would_be_too_long_is_none)
{
	static char from[CD_PATH_MAX], path[CD_PATH_MAX];
	struct cd_mount at[] = {{.kind = CD_MOUNT_BIND, .dest = "/d", .from = from}};
	const struct cd_plan one = {.mounts = at, .count = 1};
	struct cd_object object, out;
	uint64_t ops = CD_OPBIT(CD_OP_FS_READ);
	char text[CD_PATH_MAX];

	memset(from, 'a', 3000);
	from[0] = '/';
	memset(path, 'b', 2000);
	memcpy(path, "/d/", 3);
	object = path_object(path);
	cr_assert_eq(mon_nest_outward(&one, &ops, &object, text, &out), &out);
	cr_expect_not(cd_path_is_normal(out.text, out.len));
	path[900] = '\0';
	object = path_object(path);
	cr_assert_eq(mon_nest_outward(&one, &ops, &object, text, &out), &out);
	cr_expect_eq(out.len, 3000 + 898);
	cr_expect(cd_path_is_normal(out.text, out.len));
}

/* ---- against a model ---- */

/* As the sentences in nest.h and plan.h read: place by place on the way up, all mounts are tried.
 * NULL: it is the space's own. */
static const char *slow_outward(const struct cd_plan *in, uint64_t *ops, const char *path,
				char out[256])
{
	const struct cd_mount *shows = NULL;
	char at[64];

	for (strcpy(at, path);;) {
		char *slash = strrchr(at, '/');

		for (size_t i = 0; i < in->count; i++)
			if (strcmp(in->mounts[i].dest, at) == 0)
				shows = &in->mounts[i];
		if ((shows && shows->kind != CD_MOUNT_MASK) || !at[1])
			break;
		shows = NULL;
		slash[slash == at] = '\0';
	}
	if (!shows || (shows->kind != CD_MOUNT_BIND && shows->kind != CD_MOUNT_COW))
		return NULL;
	if (shows->kind == CD_MOUNT_COW)
		*ops &= CD_OPBIT(CD_OP_FS_READ);
	if (!*ops)
		return NULL;
	snprintf(out, 256, "%s%s", shows->from[1] ? shows->from : "",
		 path[1] ? path + (shows->dest[1] ? strlen(shows->dest) : 0) : "");
	return *out ? out : "/";
}

static void draw_place(unsigned *seed, char out[64])
{
	static const char *const words[] = {"/a", "/b", "/ab", "/c"};

	*out = '\0';
	for (int depth = rand_r(seed) % 4; depth; depth--)
		strcat(out, words[rand_r(seed) % 4]);
	if (!*out)
		strcpy(out, "/");
}

static void compare(const struct cd_plan *in, const char *path, bool divided)
{
	static const uint64_t wanted[] = {CD_OPBIT(CD_OP_FS_READ), CD_OPBIT(CD_OP_FS_WRITE),
					  CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE)};

	for (unsigned i = 0; i < 3; i++) {
		struct cd_object object = path_object(path), out;
		uint64_t ops = wanted[i], want_ops = wanted[i];
		char want[256], text[CD_PATH_MAX];
		struct cd_parts parts;
		const char *wants = slow_outward(in, &want_ops, path, want);
		const struct cd_object *outer;

		if (divided)
			object.parts = cd_path_divide(path, object.len, &parts);
		outer = mon_nest_outward(in, &ops, &object, text, &out);
		cr_assert_eq(outer != NULL, wants != NULL, "%s", path);
		if (!outer)
			continue;
		cr_assert_str_eq(outer->text, wants, "%s", path);
		cr_assert_eq(outer->len, strlen(wants));
		cr_assert_eq(ops, want_ops);
		/* What is known of a text is of no other one. */
		cr_assert(outer == &object || !outer->parts);
	}
}

Test(nest, agrees_with_a_model_with_an_index_and_without)
{
	static const enum cd_mount_kind kinds[] = {CD_MOUNT_BIND, CD_MOUNT_BIND, CD_MOUNT_COW,
						   CD_MOUNT_TMPFS, CD_MOUNT_MASK};
	unsigned seed = 11;

	for (int round = 0; round < 3000; round++) {
		static char places[8][2][64];
		struct cd_mount at[8];
		struct cd_plan drawn = {.mounts = at};

		while (drawn.count < 8) {
			char(*names)[64] = places[drawn.count];

			draw_place(&seed, names[0]);
			draw_place(&seed, names[1]);
			at[drawn.count++] = (struct cd_mount){.kind = kinds[rand_r(&seed) % 5],
							      .dest = names[0],
							      .from = names[rand_r(&seed) % 2]};
		}
		for (int i = 0; i < 12; i++) {
			char path[64];

			draw_place(&seed, path);
			compare(&drawn, path, i % 2);
			mon_plan_index(&drawn);
			compare(&drawn, path, i % 2);
			free(drawn.index);
			drawn.index = NULL;
			for (size_t m = 0; m < drawn.count; m++)
				at[m].same_name = false;
		}
	}
}
