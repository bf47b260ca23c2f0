/*
 * Files that get another name. A move must not widen what may be done with a file (host/fs_name.c):
 * the old name needs what the new one has, or Linux is never asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/learn.h"
#include "lib/vec.h"

static bool is_move(const char *call)
{
	return strncmp(call, "rename", 6) == 0 || strcmp(call, "link") == 0 ||
	       strcmp(call, "linkat") == 0;
}

static bool add_move(struct learning *l, const char *from, const char *to)
{
	struct learn_move *moves;

	for (size_t i = 0; i < l->move_count; i++)
		if (strcmp(l->moves[i].from, from) == 0 && strcmp(l->moves[i].to, to) == 0)
			return true;
	moves = cd_vec_grow(l->moves, &l->move_capacity, l->move_count + 1, sizeof(*moves));
	if (!moves)
		return false;
	l->moves = moves;
	moves[l->move_count] = (struct learn_move){strdup(from), strdup(to)};
	return moves[l->move_count].from && moves[l->move_count].to && ++l->move_count;
}

/* The two names are decided on one after the other, in one message. */
bool learn_take_move(struct learning *l, uint64_t message, const char *call, const char *object,
		     uint64_t ops)
{
	bool good = true;

	if (!is_move(call))
		return true;
	if (l->moving_from && l->moving == message && ops & CD_OPBIT(CD_OP_FS_CREATE))
		good = add_move(l, l->moving_from, object);
	free(l->moving_from);
	l->moving = message;
	l->moving_from = strdup(object);
	return good && l->moving_from;
}

static bool add_extra(struct learning *l, enum cd_op op, const char *object, bool below)
{
	struct learn_extra *extras;

	for (size_t i = 0; i < l->extra_count; i++)
		if (l->extras[i].op == op && l->extras[i].below == below &&
		    strcmp(l->extras[i].object, object) == 0)
			return false;
	extras = cd_vec_grow(l->extras, &l->extra_capacity, l->extra_count + 1, sizeof(*extras));
	if (!extras)
		return false;
	l->extras = extras;
	extras[l->extra_count] = (struct learn_extra){op, strdup(object), below};
	return extras[l->extra_count].object && ++l->extra_count;
}

static bool lacks(const struct pol_policy *policy, enum cd_op op, const char *from, const char *to)
{
	return learn_decide(policy, op, to) == CD_ALLOW &&
	       learn_decide(policy, op, from) != CD_ALLOW;
}

bool learn_moves(struct learning *l, const struct pol_policy *policy)
{
	static const enum cd_op of_file[] = {CD_OP_FS_STAT, CD_OP_FS_READ, CD_OP_FS_WRITE,
					     CD_OP_FS_EXEC};
	static const enum cd_op of_below[] = {CD_OP_FS_STAT, CD_OP_FS_READ,   CD_OP_FS_WRITE,
					      CD_OP_FS_EXEC, CD_OP_FS_CREATE, CD_OP_FS_REMOVE};
	bool any = false;

	for (size_t i = 0; i < l->move_count; i++) {
		const struct learn_move *move = &l->moves[i];
		char from[CD_PATH_MAX + 8], to[CD_PATH_MAX + 8];

		for (size_t j = 0; j < sizeof(of_file) / sizeof(of_file[0]); j++)
			if (lacks(policy, of_file[j], move->from, move->to))
				any |= add_extra(l, of_file[j], move->from, false);
		snprintf(from, sizeof(from), "%s/any", move->from);
		snprintf(to, sizeof(to), "%s/any", move->to);
		for (size_t j = 0; j < sizeof(of_below) / sizeof(of_below[0]); j++)
			if (lacks(policy, of_below[j], from, to))
				any |= add_extra(l, of_below[j], move->from, true);
	}
	return any;
}
