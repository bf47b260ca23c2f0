/*
 * The helper that rewrites: a process that reads one descriptor, writes another, and can do nothing
 * else. The files that it parses may be hostile.
 */
#ifndef CORDON_LOADER_HELPER_H
#define CORDON_LOADER_HELPER_H

#include <stdint.h>

#include "cordon/status.h"

struct loader_made {
	uint32_t patched;   /* call sites */
	char build_id[129]; /* hexadecimal; empty: none */
};

/*
 * Rewrites the file open for reading at `in` into the empty one at `out`, and verifies the copy.
 * CD_EINVAL, CD_ENOSUP, CD_ELIMIT: it cannot be done; why says so in one clause, static. CD_ESYS:
 * the helper failed.
 */
CD_CHECKED enum cd_status loader_help(int in, int out, struct loader_made *made, const char **why);

#endif
