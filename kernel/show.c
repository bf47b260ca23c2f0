/*
 * Uses, shown to the nesters that want to see them (kernel/uses.h).
 *
 * Nothing but the number of the call and its registers is certain: the object is what the
 * descriptor stood for a moment ago, and another thread can put another one in its place before
 * Linux looks. So nothing is decided on it here, and Linux performs the call or it is not made.
 */
#include <errno.h>

#include "kernel/border_own.h"

const struct cd_object *kern_border_further_out(struct kern_border *border,
						const struct kern_space *space,
						const struct cd_object *object)
{
	uint64_t ops = CD_OPBIT(CD_OP_FS_READ);

	return object->kind == CD_OBJECT_PATH
		   ? kern_border_outward(space, &ops, object, border->seen)
		   : object;
}

/* Innermost first. */
static int show(struct kern_border *border, const struct cd_object *object)
{
	int said;

	for (const struct kern_space *space = border->space; space && object;
	     space = space->parent) {
		if (space->port && space->port->ops & CD_NESTER_USE) {
			said = kern_border_ask_nester(border, space->port, &border->message,
						      CD_NESTER_USE, object, false);
			border->asking = said == KERN_UNANSWERED;
			if (said)
				return border->asking ? -EACCES : said;
		}
		object = kern_border_further_out(border, space, object);
	}
	return 0;
}

int kern_border_show_uses(struct kern_border *border)
{
	static struct kern_hold hold;
	struct kern_use *use = &border->message.use;
	int error = 0;

	for (use->at = 0; !error && use->at < use->count; use->at++) {
		hold.object = (struct cd_object){.kind = CD_OBJECT_NAME, .text = ""};
		/* Of a descriptor that is none Linux will say so. */
		if (use->fd[use->at] >= 0 &&
		    !border->host->held(border->host->context, &border->message, use->fd[use->at],
					&hold))
			continue;
		error = show(border, &hold.object);
		if (error)
			break;
	}
	return error;
}
