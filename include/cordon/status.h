/*
 * Status codes: what every fallible function inside cordon returns.
 *
 * 0 is success, failures are negative. A denial by policy is not a failure: it is a
 * verdict (refmon/table.h). Errno values meant for the space travel separately, as
 * negative errno in a reply; CD_ERRNO(e) carries one where a function needs both.
 */
#ifndef CORDON_STATUS_H
#define CORDON_STATUS_H

enum cd_status {
	CD_OK = 0,
	CD_ENOMEM = -1, /* out of memory */
	CD_EINVAL = -2, /* the caller's argument or the user's input is not valid */
	CD_ENOENT = -3, /* it is not there */
	CD_ELIMIT = -4, /* a documented maximum was reached (limits.h) */
	CD_ESYS = -5,	/* a system call failed; errno says how */
	CD_EPROTO = -6, /* a peer sent what it must not send */
	CD_EGONE = -7,	/* the process or the space has ended */
	CD_ENOSUP = -8, /* this machine lacks the mechanism */
};

#define CD_CHECKED __attribute__((warn_unused_result))

/* A short English name, never NULL; static storage. */
const char *cd_status_name(enum cd_status status);

#endif
