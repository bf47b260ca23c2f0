/*
 * Control groups: one for a space, where one can be had.
 *
 *   place                  where groups may be made: the machine's root, our own group's parent, or
 * ours └ cordon.PID.N       processor time: limited and counted here ├ own            the monitor,
 * its workers, init └ space          the program and all that it starts: memory and processes are
 * limited here
 *
 * That is version 2. Of version 1 each hierarchy has one group of the same name, below our own;
 * what is limited for the program alone it enters alone. So the kernel never ends the monitor
 * because of what the space uses.
 *
 * A group is locked (flock) for as long as cordon runs. One that nobody holds was left behind by a
 * cordon that was killed: the next one that makes a group there removes it.
 */
#ifndef CORDON_HOST_CGROUP_H
#define CORDON_HOST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cordon/status.h"

enum host_control {
	HOST_CONTROL_MEMORY,	/* bytes */
	HOST_CONTROL_PROCESSES, /* and threads */
	HOST_CONTROL_CPU,	/* percent of one processor, or HOST_CPU_ANY */
	HOST_CONTROL_CPU_TIME,	/* is counted; any value but 0 */
	HOST_CONTROL_COUNT,
};

/* As much as there is; but what runs in the group counts as one when others want the processor. */
#define HOST_CPU_ANY UINT64_MAX

/* What has happened in a group since it was made. */
struct host_cgroup_events {
	uint64_t killed;  /* processes, for want of memory */
	uint64_t refused; /* new processes */
	uint64_t cpu_usec;
};

struct host_cgroup;

/* Makes the groups that can hold what is wanted; 0: is not. NULL when none of it can be held. */
struct host_cgroup *host_cgroup_new(const uint64_t wanted[HOST_CONTROL_COUNT]);
/* Removes them. Whatever is still in there is ended. group may be NULL. */
void host_cgroup_free(struct host_cgroup *group);

/* The version, 2 or 1, of what holds this; 0: nothing does. group may be NULL. */
unsigned host_cgroup_version(const struct host_cgroup *group, enum host_control control);

enum host_cgroup_side { HOST_CGROUP_OWN, HOST_CGROUP_SPACE };
/*
 * clone(2) without a stack, with the child born in that side of the group, where Linux can do so:
 * moving a process takes milliseconds. group may be NULL: the child is where its parent is.
 */
pid_t host_cgroup_fork(const struct host_cgroup *group, enum host_cgroup_side side,
		       unsigned long flags, int *pidfd);
/* In the child of that fork: enters the groups that it could not be born in. group may be NULL. */
enum cd_status host_cgroup_enter(const struct host_cgroup *group,
				 enum host_cgroup_side side) CD_CHECKED;
/* Gives the group's descriptors numbers from `from` on, so that those below can be used otherwise.
 * group may be NULL. */
void host_cgroup_move(struct host_cgroup *group, int from);
/* In the monitor: lets go of the group's descriptors. group may be NULL. */
void host_cgroup_let_go(struct host_cgroup *group);

void host_cgroup_read(const struct host_cgroup *group, struct host_cgroup_events *events);

#endif
