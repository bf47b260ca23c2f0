/*
 * What the rules settle for good: where every operation of one kind on everything in a subtree gets
 * the same answer, Linux can give it, and the monitor need not be asked.
 *
 * A subtree is settled for an operation when a rule allows it there and on all below, and no rule
 * that denies or asks, and no protected path, can match anything below, now or later, but for what
 * an entry of the plan of its own covers. What a mount refuses anyway (changes, where it is
 * read-only; starting programs, where it is noexec) is settled, too: the refusal comes back to the
 * monitor, which records it.
 */
#ifndef CORDON_REFMON_SETTLE_H
#define CORDON_REFMON_SETTLE_H

#include "cordon/plan.h"
#include "cordon/status.h"
#include "refmon/table.h"

/*
 * Fills in `native` of the plan and of its mounts. Without memory nothing is settled: CD_ENOMEM.
 */
enum cd_status mon_settle(const struct mon_table *table, struct cd_plan *plan) CD_CHECKED;

/*
 * The subtrees of a settled plan in which a name that Linux does not find is one that the monitor
 * would not find either: strings that begin and end with a slash, each NUL-terminated, the last one
 * empty. As many as fit; returns their length, with the last NUL. size is 2 at least.
 */
size_t mon_settled_subtrees(const struct cd_plan *plan, char *text, size_t size);

#endif
