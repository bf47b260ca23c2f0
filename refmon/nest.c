/* Plans of spaces within spaces. */
#include "refmon/nest.h"

#include <stdlib.h>
#include <string.h>

#include "lib/path.h"
#include "refmon/plan.h"
#include "refmon/settle.h"

#define CHANGES (CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE))

/* Does the mount show something of the space around? */
static bool is_shown(const struct cd_mount *mount)
{
	return mount->kind == CD_MOUNT_BIND || mount->kind == CD_MOUNT_COW ||
	       mount->kind == CD_MOUNT_COPY;
}

/*
 * The mount that shows what is at the path. What covers a place is the space's own; that there is
 * something to be covered is not, and is what the mount around it shows.
 */
static const struct cd_mount *shown_at(const struct cd_plan *plan, const char *path,
				       const struct cd_parts *parts)
{
	unsigned depth = parts->count;
	const struct cd_mount *mount = mon_plan_above(plan, path, parts, &depth);

	while (mount && mount->kind == CD_MOUNT_MASK && depth) {
		depth--;
		mount = mon_plan_above(plan, path, parts, &depth);
	}
	return mount && is_shown(mount) ? mount : NULL;
}

/* Where what the mount shows at the path comes from. The length. */
static size_t outer_path(const struct cd_mount *mount, const char *path, size_t len,
			 char text[CD_PATH_MAX])
{
	size_t from = strcmp(mount->from, "/") ? strlen(mount->from) : 0,
	       dest = strcmp(mount->dest, "/") ? strlen(mount->dest) : 0,
	       rest = path[1] ? len - dest : 0; /* a root ends with its slash */

	if (from + rest + 1 >= CD_PATH_MAX) {
		/* No such name: no rule allows it. */
		memcpy(text, "//", 3);
		return 2;
	}
	memcpy(text, mount->from, from);
	memcpy(text + from, path + dest, rest);
	len = from + rest;
	if (len == 0)
		text[len++] = '/';
	text[len] = '\0';
	return len;
}

static const struct cd_object *path_outward(const struct cd_plan *plan, uint64_t *ops,
					    const struct cd_object *object,
					    const struct cd_parts *parts, char text[CD_PATH_MAX],
					    struct cd_object *out)
{
	const struct cd_mount *mount = shown_at(plan, object->text, parts);

	if (!mount)
		return NULL;
	if (mount->kind == CD_MOUNT_COW)
		*ops &= ~CHANGES;
	if (!*ops)
		return NULL;
	if (mount->same_name)
		return object;
	*out = *object;
	out->parts = NULL;
	out->len = outer_path(mount, object->text, object->len, text);
	out->text = text;
	return out;
}

/* By itself, for what it takes on the stack. */
__attribute__((noinline)) static const struct cd_object *
undivided_outward(const struct cd_plan *plan, uint64_t *ops, const struct cd_object *object,
		  char text[CD_PATH_MAX], struct cd_object *out)
{
	struct cd_parts parts;

	/* What is no name here is none there: no rule allows it. */
	return cd_path_divide(object->text, object->len, &parts)
		   ? path_outward(plan, ops, object, &parts, text, out)
		   : object;
}

const struct cd_object *mon_nest_outward(const struct cd_plan *plan, uint64_t *ops,
					 const struct cd_object *object, char text[CD_PATH_MAX],
					 struct cd_object *out)
{
	bool is_path = object->kind == CD_OBJECT_PATH ||
		       (object->kind == CD_OBJECT_ADDRESS && object->proto == CD_UNIX &&
			object->text && object->text[0] == '/');

	if (!is_path)
		return object->kind == CD_OBJECT_ADDRESS ? NULL : object;
	return object->parts ? path_outward(plan, ops, object, object->parts, text, out)
			     : undivided_outward(plan, ops, object, text, out);
}

/* What is granted at a place of the plan, there and on all below. */
static uint8_t granted_at(const struct cd_plan *plan, const char *path)
{
	uint8_t native = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (cd_path_is_within(path, plan->mounts[i].dest))
			native |= plan->mounts[i].native;
	return native;
}

/* What may be granted at the mount and all below it within the same mount. */
static uint8_t both_grant(const struct cd_plan *plan, const struct cd_plan *outer, size_t mount)
{
	const struct cd_mount *m = &plan->mounts[mount];
	uint8_t native = granted_at(plan, m->dest);

	return is_shown(m) ? native & granted_at(outer, m->from) : native;
}

enum cd_status mon_nest_settle(struct cd_plan *plan, const struct cd_plan *outer)
{
	/* Bits that are not among these are there to let programs run, and not be read. */
	const uint8_t before = plan->native & outer->native, everywhere = before & CD_NATIVE_LOOK,
		      open = CD_NATIVE_READ | CD_NATIVE_WRITE;
	uint8_t *kept = calloc(plan->count + 1, 1);

	if (!kept)
		return CD_ENOMEM;
	plan->reads_all &= outer->reads_all;
	for (size_t i = 0; i < plan->count; i++) {
		kept[i] = outer->native ? both_grant(plan, outer, i) : 0;
		/* What is granted at a place is granted in what is mounted below it. */
		for (size_t j = i + 1; j < plan->count; j++)
			if (cd_path_is_within(plan->mounts[j].dest, plan->mounts[i].dest))
				kept[i] &= outer->native ? both_grant(plan, outer, j) : 0;
		/* As mon_settle() has it: what is made must be such that it can be opened. */
		if ((kept[i] & open) != open)
			kept[i] &= (uint8_t)~CD_NATIVE_CREATE;
	}
	plan->native = everywhere;
	for (size_t i = 0; i < plan->count; i++) {
		plan->mounts[i].native = kept[i];
		plan->native |= kept[i];
	}
	free(kept);
	plan->native &= before;
	if (plan->native)
		mon_settle_lend(plan);
	return CD_OK;
}

const char *mon_nest_uncovers(const struct cd_plan *plan, const struct cd_plan *outer)
{
	for (size_t i = 0; i < plan->count; i++)
		for (size_t j = 0; plan->mounts[i].kind == CD_MOUNT_COW && j < outer->count; j++) {
			const struct cd_mount *on = &outer->mounts[j];

			/* The skeleton's own files and links are in the copy as they are. */
			if (on->kind != CD_MOUNT_SYMLINK && on->kind != CD_MOUNT_TEXT &&
			    on->kind != CD_MOUNT_COPY && on->kind != CD_MOUNT_DIR &&
			    strcmp(on->dest, plan->mounts[i].from) != 0 &&
			    cd_path_is_within(on->dest, plan->mounts[i].from))
				return on->dest;
		}
	return NULL;
}

void mon_nest_requests(struct cd_requests *requests, const struct cd_requests *outer)
{
	size_t kept = 0;

	for (size_t i = 0; i < requests->count; i++) {
		bool both = false;

		for (size_t j = 0; j < outer->count; j++)
			both |= requests->at[i].value == outer->at[j].value &&
				requests->at[i].mask == outer->at[j].mask;
		if (both)
			requests->at[kept++] = requests->at[i];
	}
	requests->count = kept;
}
