/*
 * The Landlock domains of a space that has a view: the monitor's, and within it the program's.
 *
 * They are made before the view, and filled in while that is built: each object is granted by the
 * descriptor by which it comes into the view, so that no name is looked up for it again, and what
 * is granted is what is shown.
 */
#ifndef CORDON_HOST_DOMAINS_H
#define CORDON_HOST_DOMAINS_H

#include <stdbool.h>

#include "cordon/plan.h"
#include "cordon/status.h"
#include "host/fds.h"
#include "host/landlock.h"

struct host_domains {
	struct host_rules monitor, program; /* fd -1: there is none */
};

/*
 * Empty ones. The monitor's changes and runs what the plan says; where this Landlock cannot say
 * that, there is none, and the view alone stands. settled: the program has one, to what is settled,
 * so that what the filter lets it do natively is no more than the rules say. queues:
 * host_view_queues(), which both may use.
 */
enum cd_status host_domains_make(struct host_domains *domains, const struct cd_plan *plan,
				 bool settled, int queues) CD_CHECKED;

/* What the plan says of the mount, on the object behind fd: a host_view_shown of host/view.h. */
enum cd_status host_domains_grant(void *domains, const struct cd_mount *mount, int fd) CD_CHECKED;

/*
 * Restricts this process and its children to the monitor's, to the descriptors 0 to 2, to those in
 * fds (NULL: none), and to the private /proc.
 */
enum cd_status host_domains_enter_monitor(struct host_domains *domains, const struct host_fds *fds,
					  int proc) CD_CHECKED;

/* Restricts this process, the space's first program, and its children further. What the monitor
 * does for them is not affected. */
enum cd_status host_domains_enter_program(struct host_domains *domains) CD_CHECKED;

#endif
