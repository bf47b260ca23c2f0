/*
 * Giving authority up: capabilities, Landlock, and the monitor's own filter (invariant 12).
 */
#ifndef CORDON_HOST_CONFINE_H
#define CORDON_HOST_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/plan.h"
#include "cordon/status.h"
#include "host/fds.h"

/* No program that is started from here on gains a capability that this process has now. */
void host_bound_capabilities(void);
/* Every capability of this process gone for good; new programs gain none either. Sets no_new_privs.
 */
enum cd_status host_drop_capabilities(void) CD_CHECKED;

/* The Landlock ABI of the running kernel, or of one that CORDON_WITHOUT makes it out to be; 0 when
 * there is none. */
int host_landlock_abi(void);

/*
 * Where there is no view that could bound it (host/hops.h): the monitor to what the entries grant,
 * or with program, further, the space's first program to the running of programs. Signals and
 * abstract sockets reach nobody outside of the domain, where this Landlock can say that.
 */
enum cd_status host_confine_bare(bool program, const struct host_fds *fds, int proc) CD_CHECKED;
/* Can it on this machine? */
bool host_can_confine_bare(void);

/* Can a program be held to what is settled, on this machine? (host/domains.h) */
bool host_can_confine_native(void);

/*
 * The filter of the process that decides: only what serving a border takes. No exec, no ptrace, no
 * new sockets or namespaces; connect and bind only where a policy grants unix addresses.
 */
enum cd_status host_confine_monitor(bool unix_sockets) CD_CHECKED;

/*
 * From here on this process makes TCP connections to these ports alone. CD_ENOSUP: this Linux
 * cannot hold it to that.
 */
enum cd_status host_confine_connect(const uint16_t *ports, size_t count) CD_CHECKED;

/*
 * For a process of ours that serves a space with sockets and nothing else, after the calls that it
 * needs have been listed: no files, no capability (may_bind: but that to bind ports below 1024, if
 * the user has it), no new code, and only those calls; new sockets are of the internet.
 */
enum cd_status host_confine_service(const int *calls, size_t count, bool may_bind) CD_CHECKED;

#endif
