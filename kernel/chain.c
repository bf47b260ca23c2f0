/*
 * Deciding: what the layers of a message's chain say to it.
 *
 * Invariant upheld here: every message is decided by each layer of its chain (1, 4).
 */
#include <errno.h>

#include "kernel/border_own.h"

static void observe(struct kern_border *border, struct kern_record *record)
{
	record->worker = border->worker;
	if (border->observer && (border->observer->all || record->decision->verdict != CD_ALLOW))
		border->observer->record(border->observer->context, record);
}

const struct cd_object *kern_border_outward(const struct kern_space *space, uint64_t *ops,
					    const struct cd_object *object, struct kern_seen *seen)
{
	struct kern_seen *other = &seen[object == &seen[0].object];

	if (!space->parent || !space->outward)
		return object;
	return space->outward(space->outward_context, ops, object, other->text, &other->object);
}

/* A path is divided once for all layers that call it the same: seen[which] of the border. */
static const struct cd_object *divide(struct kern_border *border, unsigned which)
{
	struct cd_object *object = &border->seen[which].object;

	if (object->kind == CD_OBJECT_PATH)
		object->parts = cd_path_divide(object->text, object->len, &border->parts[which]);
	return object;
}

/*
 * The first layer of the chain that does not allow, or NULL. The record says which it was; when all
 * allow, it holds the decision of the outermost one that has a say.
 *
 * said: not 0 if a nester did not let it pass (kern_port_ask()); NULL: none is asked. asking: what
 * the layers of this space ask about counts as allowed; NULL: of none.
 */
static const struct kern_layer *walk_chain(struct kern_border *border, int *said, uint64_t ops,
					   const struct cd_object *object,
					   struct kern_record *record, struct cd_decision *decision,
					   const struct kern_space *asking)
{
	/* What a nester has changed is its own, not the program's. */
	const struct kern_port *changed_by = border->asked.changed_by;
	const struct cd_object *outer;

	record->seen = NULL;
	border->seen[0].object = *object;
	object = divide(border, 0);
	for (const struct kern_space *space = record->message->space; space;
	     space = space->parent) {
		for (size_t i = 0; !changed_by && i < space->layer_count; i++) {
			const struct kern_layer *layer = space->layers[i];

			layer->decide(layer->context, ops, object, decision);
			if (decision->verdict != CD_ALLOW || !layer->silent) {
				record->space = space;
				record->layer = (unsigned)i;
			}
			if (decision->verdict == CD_ASK && space == asking)
				continue;
			if (decision->verdict != CD_ALLOW)
				return layer;
		}
		if (said && !changed_by && space->port && ops & space->port->ops) {
			*said =
			    kern_border_ask_nester(border, space->port, record->message,
						   ops & space->port->ops, object, record->absent);
			if (*said)
				return NULL;
		}
		if (changed_by == space->port)
			changed_by = NULL;
		outer = kern_border_outward(space, &ops, object, border->seen);
		if (!outer)
			break;
		if (outer != object)
			record->seen = object = divide(border, outer == &border->seen[1].object);
	}
	return NULL;
}

/* Each operation that one of the space's own layers asks about. The first that is not granted. */
static const struct kern_layer *ask_each(struct kern_border *border, struct kern_record *record,
					 struct cd_decision *decision, enum kern_answer *answer)
{
	const struct kern_space *own = record->message->space;
	const uint64_t ops = record->ops;

	record->space = own;
	for (size_t i = 0; i < own->layer_count; i++) {
		const struct kern_layer *layer = own->layers[i];

		record->layer = (unsigned)i;
		for (uint64_t rest = ops; rest; rest &= rest - 1) {
			layer->decide(layer->context, rest & -rest, record->object, decision);
			if (decision->verdict == CD_ALLOW)
				continue;
			*answer = decision->verdict == CD_ASK
				      ? border->asker->ask(border->asker->context, record)
				      : KERN_ANSWER_NO;
			if (*answer != KERN_ANSWER_YES)
				return layer;
			decision->verdict = CD_ALLOW;
		}
	}
	return NULL;
}

/*
 * An answer may take its time, and something be taken away meanwhile: the layers that have said
 * their word are asked again. What denies now, or NULL: nothing is changed then.
 */
static const struct kern_layer *look_again(struct kern_border *border, struct kern_record *record,
					   struct cd_decision *decision)
{
	struct kern_record again = *record;
	struct cd_decision now = *decision;
	const struct kern_layer *layer = walk_chain(border, NULL, record->ops, record->object,
						    &again, &now, record->message->space);

	if (layer) {
		*record = again;
		*decision = now;
	}
	return layer;
}

/*
 * A layer of the space's own asks. What another one denies needs no question; else a worker asks,
 * holding what was looked at, and goes on with it when it is granted. *layer: which one denies.
 */
static int ask(struct kern_border *border, struct kern_record *record, struct cd_decision *decision,
	       const struct kern_layer **layer, int *said)
{
	const struct kern_message *message = record->message;
	const struct cd_decision asked = *decision;
	const struct kern_layer *asking = *layer;
	enum kern_answer answer = KERN_ANSWER_YES;
	int error;

	*layer =
	    walk_chain(border, said, record->ops, record->object, record, decision, message->space);
	if (*layer || *said)
		return 0;
	error = kern_border_may_block(border, message);
	if (error == KERN_PENDING)
		return error;
	if (error) { /* too many wait already */
		*decision = asked;
		*layer = asking;
		return 0;
	}
	*layer = ask_each(border, record, decision, &answer);
	if (answer == KERN_ANSWER_INTERRUPTED)
		return KERN_RESTART;
	if (!*layer)
		*layer = look_again(border, record, decision);
	return 0;
}

int kern_border_decide(struct kern_border *border, const struct kern_message *message, uint64_t ops,
		       const struct cd_object *object)
{
	struct cd_decision decision = {CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};
	struct kern_record record = {
	    .message = message, .object = object, .decision = &decision, .ops = ops};
	const struct kern_layer *layer;
	int said = 0, error = 0;

	if (border->asking)
		return -EACCES;
	layer = walk_chain(border, &said, ops, object, &record, &decision, NULL);
	if (layer && decision.verdict == CD_ASK && border->asker && record.space == message->space)
		error = ask(border, &record, &decision, &layer, &said);
	if (error)
		return error;
	/* A worker is answered by nobody. */
	if (said == KERN_UNANSWERED && !border->worker) {
		border->asking = true;
		return -EACCES;
	}
	if (said)
		decision = (struct cd_decision){CD_DENY, CD_OP_COUNT, CD_NO_RULE};
	for (unsigned op = 0; said && decision.op == CD_OP_COUNT && op < CD_OP_COUNT; op++)
		if (ops & CD_OPBIT(op))
			decision.op = op;
	record.nester = said != 0;
	observe(border, &record);
	if (!layer && !said)
		return 0;
	border->counters.denied++;
	if (said)
		return said == KERN_UNANSWERED ? -EACCES : said;
	switch (layer->on_deny) {
	case KERN_DENY_HIDE: return -ENOENT;
	case KERN_DENY_KILL: return KERN_DENIED_KILL;
	case KERN_DENY_ERRNO: break;
	}
	return -EACCES;
}

/* For the record alone: the answer does not rest on it. said: as of walk_chain(). */
static void note(struct kern_border *border, struct kern_record *record,
		 struct cd_decision *decision, int *said)
{
	if (border->asking)
		return;
	*decision = (struct cd_decision){CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};
	walk_chain(border, said, record->ops, record->object, record, decision, NULL);
	if (said && *said == KERN_UNANSWERED && !border->worker)
		border->asking = true;
	else
		observe(border, record);
}

void kern_border_note_absent(struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;
	struct kern_record record = {.message = message,
				     .object = object,
				     .decision = &decision,
				     .ops = ops,
				     .absent = true};
	int said = 0;

	/* A nester may know such a name. */
	note(border, &record, &decision, &said);
}

void kern_border_note_inside(struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;
	struct kern_record record = {.message = message,
				     .object = object,
				     .decision = &decision,
				     .ops = ops,
				     .inside = true};

	note(border, &record, &decision, NULL);
}

void kern_border_weigh(const struct kern_border *border, const struct kern_message *message,
		       uint64_t ops, const struct cd_object *object, struct cd_decision *decision)
{
	struct kern_record record = {.message = message};

	*decision = (struct cd_decision){CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};
	/* Nobody is asked, and so nothing of it changes. */
	walk_chain((struct kern_border *)(uintptr_t)border, NULL, ops, object, &record, decision,
		   NULL);
}

bool kern_border_would_allow(const struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;

	kern_border_weigh(border, message, ops, object, &decision);
	return decision.verdict == CD_ALLOW;
}

/* One layer's word; nothing is recorded, and nobody asked. */
static bool layer_allows(const struct kern_layer *layer, uint64_t ops,
			 const struct cd_object *object)
{
	struct cd_decision decision = {CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};

	layer->decide(layer->context, ops, object, &decision);
	return decision.verdict == CD_ALLOW;
}

bool kern_border_would_widen(const struct kern_message *message, uint64_t ops,
			     const struct cd_object *from, const struct cd_object *to)
{
	struct kern_seen seen[2][2];

	for (const struct kern_space *space = message->space; space; space = space->parent) {
		uint64_t asked = ops;

		for (size_t i = 0; i < space->layer_count; i++)
			if (layer_allows(space->layers[i], ops, to) &&
			    !layer_allows(space->layers[i], ops, from))
				return true;
		from = kern_border_outward(space, &asked, from, seen[0]);
		to = kern_border_outward(space, &asked, to, seen[1]);
		if (!from || !to || asked != ops)
			return false;
	}
	return false;
}

bool kern_border_movable(const struct kern_message *message, const char *path, size_t len)
{
	const struct cd_object named = {.kind = CD_OBJECT_PATH, .text = path, .len = len},
			       *object = &named;
	struct kern_seen seen[2];
	uint64_t ops = CD_OPBIT(CD_OP_FS_REMOVE);

	for (const struct kern_space *space = message->space; space && object;
	     space = space->parent) {
		for (size_t i = 0; i < space->layer_count; i++)
			if (!space->layers[i]->movable(space->layers[i]->context, object->text,
						       object->len))
				return false;
		object = kern_border_outward(space, &ops, object, seen);
	}
	return true;
}
