/*
 * A seccomp filter of the simplest sort, for processes of ours: some system calls, and no other.
 *
 *	host_allow_begin(&allowed);
 *	host_allow_values(&allowed, SYS_ioctl, 1, requests, count);	calls with conditions first
 *	host_allow_only(&allowed, calls, count);			the rest; and enters it
 */
#ifndef CORDON_HOST_ALLOW_H
#define CORDON_HOST_ALLOW_H

#include <linux/filter.h>
#include <stddef.h>

#include "cordon/status.h"

#define HOST_ALLOW_MAX 160 /* calls in one filter */

struct host_allowed {
	struct sock_filter
	    code[5 * HOST_ALLOW_MAX + 64]; /* a call takes five instructions at most */
	unsigned short len;
};

void host_allow_begin(struct host_allowed *allowed);
/* The call, when that argument (its low half) is one of the values; else EPERM. At most 100. */
void host_allow_values(struct host_allowed *allowed, int nr, unsigned argument,
		       const unsigned long *values, size_t count);
/* The call, when that argument has none of the bits; else EPERM. */
void host_allow_without(struct host_allowed *allowed, int nr, unsigned argument, unsigned bits);
/* These calls unconditionally, every other one EPERM (other architectures: killed); enters the
 * filter, for this process and its children. CD_ELIMIT: too many. */
enum cd_status host_allow_only(struct host_allowed *allowed, const int *calls,
			       size_t count) CD_CHECKED;

#endif
