/* Processes of a space, as its user sees them from outside in /proc. */
#ifndef CORDON_CLI_PROCS_H
#define CORDON_CLI_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/spaces.h"

struct proc {
	pid_t pid, parent; /* outside */
	pid_t inner;	   /* as the space numbers it; 0: it cannot be told */
	unsigned threads;
	uint64_t memory; /* bytes that are not a file's */
	uint64_t cpu_usec;
	char command[256]; /* its arguments, as it shows them itself */
};

struct procs {
	struct proc *all; /* by number */
	size_t count;
};

/* Those of one space of an answer (a record `space` of it), without cordon's own init. */
bool procs_of(const struct answer *answer, const struct answer_record *space, struct procs *out);
/* The process that a space within another ends with; 0: it is not there any more, or it is the
 * outermost. */
pid_t procs_warden(const struct answer *answer, const struct answer_record *space);
/* Has this process not ended? */
bool procs_is_there(pid_t pid);
void procs_free(struct procs *procs);

struct usage {
	uint64_t processes, memory, cpu_usec;
	bool whole; /* a control group says so; else it is the sum over processes */
};
void procs_usage(const struct procs *procs, struct usage *out);

#endif
