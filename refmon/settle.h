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

#include "cordon/limits.h"
#include <stdbool.h>

#include "cordon/plan.h"
#include "cordon/status.h"
#include "refmon/table.h"

/*
 * Fills in `native` of the plan and of its mounts, and `looks`. No descriptors may come in from
 * outside. Without memory nothing is settled: CD_ENOMEM.
 */
enum cd_status mon_settle(const struct mon_table *table, struct cd_plan *plan) CD_CHECKED;

/*
 * Fills in `looks` alone, of a plan that nothing is to be settled in. socket: descriptors may come
 * in from outside.
 */
void mon_settle_looks(const struct mon_table *table, struct cd_plan *plan, bool socket);

/*
 * To start a program is to open it for reading, as Landlock sees it. Where rules let programs run
 * that may not be read, Landlock must let them be read, and the filter nothing. A part of
 * mon_settle(), and of whoever takes away from what that has settled.
 */
void mon_settle_lend(struct cd_plan *plan);

/* What keeps something from being settled. */
enum mon_obstacle_kind {
	MON_SETTLED,	 /* nothing does */
	MON_BY_RULE,	 /* a rule denies or asks about something there; index: of the rule */
	MON_BY_SECRET,	 /* a protected path; index: of that */
	MON_TOO_NARROW,	 /* no rule allows it for all of the place */
	MON_BY_DEVICE,	 /* opening the device may do something */
	MON_SHOWN_TWICE, /* another place shows the same, where it is not settled */
	MON_NOT_OPENED,	 /* what is made there could not be opened both ways */
	MON_LENT,	 /* a place where programs may be run and not read */
};

struct mon_obstacle {
	enum mon_obstacle_kind kind;
	uint32_t index;
	char place[CD_PATH_MAX]; /* where; of what holds for the whole view, this is where it does
				    not */
};

/*
 * Why is this bit of enum cd_native not settled at a mount of a plan that mon_settle() has settled?
 * For LOOK and EXEC, which hold for the whole view or not at all, the mount is no matter.
 * CD_ENOMEM.
 */
enum cd_status mon_settle_why(const struct mon_table *table, struct cd_plan *plan, size_t mount,
			      enum cd_native bit, struct mon_obstacle *out) CD_CHECKED;

/*
 * The subtrees of a settled plan in which a name that Linux does not find is one that the monitor
 * would not find either: strings that begin and end with a slash, each NUL-terminated, the last one
 * empty. As many as fit; returns their length, with the last NUL. size is 2 at least.
 */
size_t mon_settled_subtrees(const struct cd_plan *plan, char *text, size_t size);

/*
 * Can the rules reach a unix socket of the outside? Descriptors of directories may come in by it,
 * and lead past the view: then nothing may be native. In a private directory are the space's own
 * sockets.
 */
bool mon_grants_outer_socket(const struct mon_table *table, const struct cd_plan *plan);

/*
 * The device requests that the rules allow, whatever the descriptor: none, where a rule denies some
 * or wants to be asked, or where there are too many to tell.
 */
void mon_settled_requests(const struct mon_table *table, struct cd_requests *out);

#endif
