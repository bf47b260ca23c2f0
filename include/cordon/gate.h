/*
 * The gate: how a program inside a space asks the kernel for what Linux has no call for.
 *
 *   prctl(CD_GATE, CD_GATE_ASK)              the version of this interface. Outside of any space
 *                                            Linux says EINVAL: that is how one finds out
 *   prctl(CD_GATE, CD_GATE_CREATE, &create)  asks for a space within this one; 0 or -1 and errno.
 *                                            EACCES: the policy refuses space.create. EAGAIN: as
 *                                            many are being made, or are there, as may be
 *
 * What comes of a CREATE is told on the descriptors that go with it: a fault, or end of file on
 * that descriptor once the program has been started.
 */
#ifndef CORDON_GATE_H
#define CORDON_GATE_H

#include <stdint.h>

#define CD_GATE		0x43444e47 /* an option that prctl(2) does not have */
#define CD_GATE_VERSION 1

enum cd_gate_call { CD_GATE_ASK, CD_GATE_CREATE };

/* The descriptors that a new space takes. The caller's own: duplicates are made of them. */
enum cd_gate_fd {
	CD_GATE_REQUEST, /* a file: what the space is to be (cli/request.h) */
	CD_GATE_IN,	 /* its program's standard streams */
	CD_GATE_OUT,
	CD_GATE_ERR,
	CD_GATE_CONTROL, /* what its monitor reports on. When the other end is closed, it ends */
	CD_GATE_FAULT,
	CD_GATE_STATUS,
	CD_GATE_BROKER,
	CD_GATE_NAMES,	  /* of addresses (refmon/names.h) */
	CD_GATE_PORT,	  /* of a nester (cordon/nester.h); -1: none; so may be all behind it */
	CD_GATE_PORT_OUT, /* the pipes beside that */
	CD_GATE_PORT_IN,
	CD_GATE_ANSWERS, /* of its user's (refmon/answers.h); -1: nobody is asked */
	CD_GATE_LOG,	 /* the granted ones behind it, ascending */
	CD_GATE_GRANTED,
	CD_GATE_FD_COUNT = CD_GATE_GRANTED + 16,
};

#define CD_GATE_NAME_MAX 64

struct cd_gate_create {
	uint32_t size; /* of this struct */
	int32_t fd[CD_GATE_FD_COUNT];
	char name[CD_GATE_NAME_MAX]; /* with a NUL: what space.create is decided on */
};

#endif
