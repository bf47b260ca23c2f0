/*
 * The seccomp filter of a space, generated from the system call table.
 *
 * The number is tested first, by binary search and without loading anything else, so that
 * the kernel's per-number bitmap (seccomp_cache_prepare) answers internal calls without running the
 * program.
 */
#ifndef CORDON_KERNEL_FILTER_H
#define CORDON_KERNEL_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "cordon/plan.h"
#include "cordon/status.h"

#define KERN_FILTER_MAX 2048 /* instructions; the kernel takes 4096 */

/*
 * Writes the program into code; count gets its length. CD_ELIMIT when it does not fit.
 * Other architectures' calls and x32 numbers: ENOSYS. Numbers not in the table: ENOSYS.
 *
 * native (enum cd_native): what border calls from the shim's range of addresses may do without a
 * message; those that are not settled fail there with CD_SHIM_UNSETTLED, so that the shim makes
 * them again elsewhere. 0: no range is special. With CD_NATIVE_LISTEN, listen(2) is native
 * everywhere. With CD_RECORD_CALLS, internal calls wait for the monitor, too, to be recorded; what
 * the filter itself decides from registers does not. With CD_SHOW_USES, calls on what is held wait.
 *
 * bare: the space has no namespaces; what they bound otherwise crosses the border or is refused.
 * requests: of those that the table sends over the border, ioctl's that are native; NULL: none.
 */
enum cd_status kern_filter_build(unsigned native, bool bare, const struct cd_requests *requests,
				 struct sock_filter code[KERN_FILTER_MAX],
				 size_t *count) CD_CHECKED;

#endif
