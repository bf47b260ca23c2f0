/*
 * What one table grants and another does not.
 *
 * Each class of objects (classes.h) is decided by both tables, as mon_decide() does it. So the
 * answer is exact, and where "nothing" is said nothing is: on no object and for no operation does
 * the first table say more than the second. More is: allow where the other asks or denies, or ask
 * where it denies.
 */
#ifndef CORDON_REFMON_COMPARE_H
#define CORDON_REFMON_COMPARE_H

#include "refmon/classes.h"
#include "refmon/table.h"

enum mon_difference_kind {
	MON_BY_VERDICT, /* the rules say so */
	MON_BY_PLACE,	/* the rules say the same, but what stands there is another thing */
	MON_BY_NAMES,	/* of an address that is known by both names, the second table denies one */
	MON_BY_LOOKUP,	/* the name may be looked up */
};

struct mon_difference {
	enum mon_difference_kind kind;
	enum cd_op op;
	const struct cd_object *object;
	const char *other_name; /* of MON_BY_NAMES; else NULL */
	struct cd_decision first, second;
};

struct mon_comparison {
	const struct mon_table *first, *second;
	/* A false ends the comparison. */
	bool (*visit)(void *context, const struct mon_difference *difference);
	void *context;
	/* NULL, or: is what the first shows at a path, to this operation, no more than what the
	 * second shows? Asked where the rules agree. places: paths at which the answer changes,
	 * each for all below it. */
	bool (*same_place)(void *context, enum cd_op op, const char *path);
	const struct mon_patterns *places;
};

/* CD_ELIMIT: the rules are too many, or too entangled, to say. */
enum cd_status mon_compare(const struct mon_comparison *comparison) CD_CHECKED;

/* The object as policies and tests write it; appended. */
void mon_object_text(const struct cd_object *object, struct cd_buf *out);

#endif
