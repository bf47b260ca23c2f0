/* The chain: by which name each layer sees an object that spaces call differently. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/border.h"
#include "lib/path.h"

#define DEPTH 7

/* Of a space: what stands before its names in the one around; "": nothing, they are the same. */
struct fake_space {
	struct kern_space *space;
	struct kern_layer layer;
	const char *before;
	char expected[64]; /* the object's name here */
	unsigned asked;
	bool denies;
};

static struct fake_space fakes[DEPTH]; /* the innermost first */

static const struct cd_object *fake_outward(void *context, uint64_t *ops,
					    const struct cd_object *object, char *text,
					    struct cd_object *out)
{
	const struct fake_space *fake = context;

	(void)ops;
	if (!*fake->before)
		return object;
	/* Nothing of the question is where the answer is made. */
	cr_assert(object->text < text || object->text >= text + CD_PATH_MAX);
	cr_assert_neq(object, out);
	*out = *object;
	out->parts = NULL;
	out->text = text;
	out->len = (size_t)sprintf(text, "%s%s", fake->before, object->text);
	return out;
}

static void check_object(struct fake_space *fake, const struct cd_object *object)
{
	struct cd_parts parts;

	fake->asked++;
	cr_assert_str_eq(object->text, fake->expected);
	cr_assert_eq(object->len, strlen(fake->expected));
	if (!object->parts)
		return;
	cr_assert_not_null(cd_path_divide(object->text, object->len, &parts));
	cr_assert_eq(object->parts->count, parts.count);
	cr_assert_arr_eq(object->parts->part, parts.part, parts.count * sizeof(parts.part[0]));
}

static void fake_decide(void *context, uint64_t ops, const struct cd_object *object,
			struct cd_decision *decision)
{
	struct fake_space *fake = context;

	(void)ops;
	/* Of a name that is the other one, would_widen() asks as well. */
	if (strstr(object->text, "other"))
		return;
	check_object(fake, object);
	*decision = (struct cd_decision){fake->denies ? CD_DENY : CD_ALLOW, CD_OP_FS_READ, 0};
}

static bool fake_movable(void *context, const char *path, size_t len)
{
	const struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = len};

	check_object(context, &object);
	return true;
}

static char seen[64];

static void note(void *context, const struct kern_record *record)
{
	(void)context;
	snprintf(seen, sizeof(seen), "%s", record->seen ? record->seen->text : "as it is");
}

/* names: of a bit that is set, that space calls things differently. */
static struct kern_space *make_spaces(unsigned names)
{
	static const char *const befores[DEPTH] = {"/a", "/b", "/c", "/d", "/e", "/f", "/g"};
	struct kern_space *around = NULL;

	for (int i = DEPTH - 1; i >= 0; i--) {
		struct fake_space *fake = &fakes[i];

		*fake = (struct fake_space){.space = kern_space_new(around, -1),
					    .before = names & 1u << i ? befores[i] : "",
					    .layer = {.name = "fake",
						      .context = fake,
						      .decide = fake_decide,
						      .movable = fake_movable}};
		cr_assert_eq(kern_space_add_layer(fake->space, &fake->layer), CD_OK);
		fake->space->outward = fake_outward;
		fake->space->outward_context = fake;
		around = fake->space;
	}
	strcpy(fakes[0].expected, "/x/y");
	for (int i = 1; i < DEPTH; i++) {
		const size_t len = strlen(fakes[i - 1].before);

		memcpy(fakes[i].expected, fakes[i - 1].before, len);
		strcpy(fakes[i].expected + len, fakes[i - 1].expected);
	}
	return around;
}

static void expect_asked(unsigned times)
{
	for (unsigned i = 0; i < DEPTH; i++)
		cr_expect_eq(fakes[i].asked, times, "space %u", i);
}

/* Whichever of them call it the same. */
Test(chain, each_layer_sees_the_object_as_it_is_called_there)
{
	static const struct kern_host no_host;
	static const struct kern_observer observer = {.record = note};
	static struct kern_message message;
	const struct cd_object x = {.kind = CD_OBJECT_PATH, .text = "/x/y", .len = 4},
			       other = {.kind = CD_OBJECT_PATH, .text = "/other", .len = 6};
	const uint64_t ops = CD_OPBIT(CD_OP_FS_READ);

	for (unsigned names = 0; names < 1u << (DEPTH - 1); names++) {
		struct kern_space *root = make_spaces(names);
		struct kern_border *border = kern_border_new(fakes[0].space, &no_host, &observer);

		cr_assert_not_null(border);
		message.space = fakes[0].space;
		cr_expect_eq(kern_border_decide(border, &message, ops, &x), 0);
		expect_asked(1);
		cr_expect(kern_border_movable(&message, x.text, x.len));
		expect_asked(2);
		cr_expect_not(kern_border_would_widen(&message, ops, &x, &other));
		cr_expect_not(kern_border_would_widen(&message, ops, &other, &x));
		fakes[DEPTH - 1].denies = true;
		cr_expect_eq(kern_border_decide(border, &message, ops, &x), -EACCES);
		cr_expect_str_eq(seen, names ? fakes[DEPTH - 1].expected : "as it is");
		kern_border_free(border);
		kern_space_free(root);
	}
}

/* No layer is told that a name is in order which is not. */
Test(chain, what_is_no_name_is_not_divided)
{
	static const struct kern_host no_host;
	static struct kern_message message;
	const struct cd_object odd = {.kind = CD_OBJECT_PATH, .text = "/x/../y", .len = 7};
	struct kern_space *root = make_spaces(0);
	struct kern_border *border = kern_border_new(fakes[0].space, &no_host, NULL);
	struct cd_decision decision;

	cr_assert_not_null(border);
	message.space = fakes[0].space;
	for (unsigned i = 0; i < DEPTH; i++)
		strcpy(fakes[i].expected, "/x/../y");
	kern_border_weigh(border, &message, CD_OPBIT(CD_OP_FS_READ), &odd, &decision);
	expect_asked(1);
	kern_border_free(border);
	kern_space_free(root);
}
