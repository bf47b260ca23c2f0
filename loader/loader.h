/*
 * Preparing a copy of an interpreter, a libc or a static program: call sites of border operations
 * lead to the shim.
 * include/cordon/shim.h says what the copy holds.
 *
 * The file is hostile: whatever is not understood is refused. The bytes are never executed here.
 */
#ifndef CORDON_LOADER_LOADER_H
#define CORDON_LOADER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/status.h"

#define LOADER_FILE_MAX	    (32u << 20) /* bytes of a file that is rewritten */
#define LOADER_DATA_MAX	    (4u << 20)	/* bytes of an interpreter's writable data, with its bss */
#define LOADER_BUILD_ID_MAX 64		/* bytes of a build-id */

/* What shim/ provides. The stub stands behind the head, so its first byte is at CD_STUB_CALL. */
struct loader_parts {
	const void *stub;
	size_t stub_size;
	const void *image;
	size_t image_size;
	const void *frames; /* of the stub: .debug_frame, as if the segment stood at address 0 */
	size_t frames_size;
};

/* Why a `syscall` of a call in shim/calls.def was left as it is. */
enum loader_skip {
	LOADER_SKIP_FIXED,  /* what stands before it cannot be copied */
	LOADER_SKIP_FAR,    /* its number is set too far ahead */
	LOADER_SKIP_CANCEL, /* a thread can be cancelled in it, asynchronously */
	LOADER_SKIP_COUNT
};

struct loader_report {
	size_t patched;
	size_t skipped[LOADER_SKIP_COUNT];
	size_t unknown; /* `syscall`s of which the number was not found */
	bool is_interpreter;
	bool is_program;			    /* a static one */
	char build_id[2 * LOADER_BUILD_ID_MAX + 1]; /* hexadecimal; empty: the file has none */
	const char *why; /* of a failure: one clause, static; else NULL */
};

/*
 * Rewrite the ELF file of `size` bytes at `in`. *out is the copy, which the caller frees.
 * CD_EINVAL: not a well-formed file, or already a copy. CD_ENOSUP: well-formed, and not of the kind
 * that can be rewritten. CD_ELIMIT: too large. report->why is set in these cases, the rest of the
 * report on success.
 */
CD_CHECKED enum cd_status loader_rewrite(const void *in, size_t size,
					 const struct loader_parts *parts,
					 struct loader_report *report, void **out,
					 size_t *out_size);

/*
 * Whether a file whose first bytes these are (4 KB will do) can be a static program: a cheap
 * question, so that dynamic ones need not be read as a whole.
 */
bool loader_may_be_static(const void *head, size_t size);

/*
 * Whether a copy differs from its original in what rewriting changes, and in nothing else. Takes
 * nothing from the rewriter but the layout. CD_EINVAL: it does, and *why says where, in one clause,
 * static. Sites that were left alone are no error; a site that must not be patched is.
 */
CD_CHECKED enum cd_status loader_verify(const void *original, size_t original_size,
					const void *copy, size_t copy_size,
					const struct loader_parts *parts, const char **why);

#endif
