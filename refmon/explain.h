/* Why a table decides as it does: for people, so it may take its time. */
#ifndef CORDON_REFMON_EXPLAIN_H
#define CORDON_REFMON_EXPLAIN_H

#include "refmon/table.h"

/*
 * Calls visit for each rule that speaks of this operation on this object, whatever comes of it, in
 * the order of the table. implied: it does so because it speaks of another operation (fs.stat, with
 * fs.read). CD_ENOMEM.
 */
enum cd_status mon_explain_rules(const struct mon_table *table, enum cd_op op,
				 const struct mon_object *object,
				 void (*visit)(void *context, uint32_t rule, bool implied),
				 void *context) CD_CHECKED;

/* The protected path that the object is, or lies in, by its index; CD_NO_RULE: in none. */
enum cd_status mon_explain_protected(const struct mon_table *table, const struct mon_object *object,
				     uint32_t *out) CD_CHECKED;

#endif
