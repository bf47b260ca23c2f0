/*
 * Where what a space sees is outside.
 *
 * Most of a view is shown in its own place. Only what is not, and what is shown again below that,
 * is looked through.
 */
#include "cli/outside.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/path.h"

struct place {
	const char *dest, *from; /* from is NULL: nowhere */
	size_t len;
};

struct outside {
	size_t count;
	struct place places[]; /* the deepest first */
};

static struct place place_of(const struct cd_mount *mount)
{
	struct place place = {.dest = mount->dest, .from = NULL, .len = strlen(mount->dest)};

	switch (mount->kind) {
	case CD_MOUNT_BIND:
	case CD_MOUNT_COW:
	case CD_MOUNT_COPY: place.from = mount->from; break;
	case CD_MOUNT_SYMLINK:
	case CD_MOUNT_DIR:
	case CD_MOUNT_MASK: place.from = mount->dest; break;
	case CD_MOUNT_TMPFS:
	case CD_MOUNT_TEXT:
	case CD_MOUNT_PTS: break;
	}
	return place;
}

static bool is_elsewhere(const struct place *place)
{
	return !place->from || strcmp(place->from, place->dest) != 0;
}

static int deepest_first(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->len < y->len ? 1 : x->len > y->len ? -1 : 0;
}

struct outside *outside_new(const struct cd_plan *plan)
{
	struct outside *outside =
	    calloc(1, sizeof(*outside) + plan->count * sizeof(outside->places[0]));

	if (!outside)
		return NULL;
	for (size_t i = 0; i < plan->count; i++) {
		struct place place = place_of(&plan->mounts[i]);
		bool wanted = is_elsewhere(&place);

		/* Parents come first. */
		for (size_t j = 0; !wanted && j < outside->count; j++)
			wanted = cd_path_is_within_len(
			    place.dest, place.len, outside->places[j].dest, outside->places[j].len);
		if (wanted)
			outside->places[outside->count++] = place;
	}
	qsort(outside->places, outside->count, sizeof(outside->places[0]), deepest_first);
	return outside;
}

void outside_free(struct outside *outside)
{
	free(outside);
}

enum audit_outside outside_find(const struct outside *outside, const char *path, size_t len,
				struct cd_buf *out)
{
	for (size_t i = 0; i < outside->count; i++) {
		const struct place *place = &outside->places[i];

		if (!cd_path_is_within_len(path, len, place->dest, place->len))
			continue;
		if (!place->from)
			return AUDIT_NOWHERE;
		if (!is_elsewhere(place))
			return AUDIT_SAME;
		cd_buf_str(out, place->from);
		cd_buf_add(out, path + place->len, len - place->len);
		return AUDIT_ELSEWHERE;
	}
	return AUDIT_SAME;
}
