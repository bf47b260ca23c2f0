/*
 * Giving authority up: capabilities, Landlock, and the monitor's own filter (invariant 12).
 */
#ifndef CORDON_HOST_CONFINE_H
#define CORDON_HOST_CONFINE_H

#include <stdbool.h>

#include "cordon/plan.h"
#include "cordon/status.h"

/* Every capability of this process gone for good, in all sets; new programs gain none either. Sets
 * no_new_privs. */
enum cd_status host_drop_capabilities(void) CD_CHECKED;

/* The Landlock ABI of the running kernel; 0 when there is none. CORDON_WITHOUT=landlock in the
 * environment hides it. */
int host_landlock_abi(void);

/*
 * Restricts this process and its children to what the plan grants, to the descriptors 0 to 2 and to
 * the private /proc. CD_ENOSUP: no Landlock here; the view alone stands.
 */
enum cd_status host_confine_landlock(const struct cd_plan *plan, int proc) CD_CHECKED;

/*
 * The filter of the process that decides: only what serving a border takes. No exec, no ptrace, no
 * new sockets or namespaces; connect and bind only where a policy grants unix addresses.
 */
enum cd_status host_confine_monitor(bool unix_sockets) CD_CHECKED;

#endif
