/* Spaces: the tree, its chain of layers, and its end. */
#include "kernel/space.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kern_space *kern_space_new(struct kern_space *parent, int proc)
{
	struct kern_space *space;

	if (parent && parent->state == KERN_ENDED)
		return NULL;
	space = calloc(1, sizeof(*space));
	if (!space)
		return NULL;
	if (!parent)
		snprintf(space->id, sizeof(space->id), "1");
	else if (snprintf(space->id, sizeof(space->id), "%s.%u", parent->id,
			  ++parent->child_count) >= (int)sizeof(space->id)) {
		free(space);
		return NULL;
	}
	space->init_pidfd = space->listener = -1;
	space->proc = proc;
	space->parent = parent;
	if (parent) {
		space->next_sibling = parent->first_child;
		parent->first_child = space;
	}
	return space;
}

struct kern_space *kern_space_stand_in(struct kern_space *parent, const char *id)
{
	struct kern_space *space = kern_space_new(parent, -1);

	if (!space)
		return NULL;
	snprintf(space->id, sizeof(space->id), "%s", id);
	space->state = KERN_RUNNING;
	return space;
}

enum cd_status kern_space_add_layer(struct kern_space *space, const struct kern_layer *layer)
{
	if (space->layer_count == CD_LAYERS_MAX)
		return CD_ELIMIT;
	space->layers[space->layer_count++] = layer;
	return CD_OK;
}

enum cd_status kern_space_start_take(struct kern_space *space, int init_pidfd, int listener)
{
	if (space->state != KERN_CREATED ||
	    (space->parent && space->parent->state != KERN_RUNNING)) {
		close(init_pidfd);
		close(listener);
		return CD_EINVAL;
	}
	space->init_pidfd = init_pidfd;
	space->listener = listener;
	space->state = KERN_RUNNING;
	return CD_OK;
}

/* The next space after this one within root's subtree, parents before children. */
static struct kern_space *next_in(struct kern_space *root, struct kern_space *space)
{
	if (space->first_child)
		return space->first_child;
	while (space != root) {
		if (space->next_sibling)
			return space->next_sibling;
		space = space->parent;
	}
	return NULL;
}

void kern_space_walk(struct kern_space *space,
		     bool (*visit)(struct kern_space *space, void *context), void *context)
{
	for (struct kern_space *at = space; at; at = next_in(space, at))
		if (!visit(at, context))
			return;
}

static bool stop_one(struct kern_space *space, void *context)
{
	(void)context;
	/* The end of a pid namespace's first process is the end of the namespace: Linux kills the
	 * rest. */
	if (space->state == KERN_RUNNING && space->init_pidfd >= 0)
		syscall(SYS_pidfd_send_signal, space->init_pidfd, SIGKILL, NULL, 0);
	space->state = KERN_ENDED;
	return true;
}

void kern_space_stop(struct kern_space *space)
{
	kern_space_walk(space, stop_one, NULL);
}

static void unlink_from_parent(struct kern_space *space)
{
	struct kern_space **link;

	if (!space->parent)
		return;
	for (link = &space->parent->first_child; *link != space; link = &(*link)->next_sibling)
		;
	*link = space->next_sibling;
}

void kern_space_free(struct kern_space *space)
{
	if (!space)
		return;
	kern_space_stop(space);
	unlink_from_parent(space);
	/* Free leaves until the root itself is one: no recursion, so that depth costs no stack. */
	for (struct kern_space *at = space;;) {
		struct kern_space *up = at->parent;
		bool last = at == space;

		if (at->first_child) {
			at = at->first_child;
			continue;
		}
		if (!last)
			up->first_child = at->next_sibling;
		if (at->init_pidfd >= 0)
			close(at->init_pidfd);
		if (at->listener >= 0)
			close(at->listener);
		free(at);
		if (last)
			return;
		at = up;
	}
}
