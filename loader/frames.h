/*
 * The copy's .debug_frame: how debuggers find the call site's function from the stub and the
 * trampolines. Nothing that runs the copy reads it.
 */
#ifndef CORDON_LOADER_FRAMES_H
#define CORDON_LOADER_FRAMES_H

#include "loader/layout.h"

struct loader_frames {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
	size_t table;	/* offset of what is said of the trampolines; 0: none was added yet */
	uint64_t first; /* the address of the first one, */
	uint64_t last;	/* and of the last one */
	uint64_t base;	/* the offset into the section at which the bytes will stand */
};

/* What the parts say of the stub. The caller closes it whatever the status. */
CD_CHECKED enum cd_status loader_frames_open(struct loader_frames *frames,
					     const struct loader_parts *parts,
					     const struct loader_layout *layout, uint64_t base);
/* The trampoline at address `at`, of the `syscall` at `site`. They ascend, without gaps. */
CD_CHECKED enum cd_status loader_frames_add(struct loader_frames *frames, uint64_t at,
					    uint64_t site);
/* There are no more; the last one ends at address `end`. */
CD_CHECKED enum cd_status loader_frames_end(struct loader_frames *frames, uint64_t end);
void loader_frames_close(struct loader_frames *frames);

/* Whether the parts' bytes are entries of such a section, the first of them one for all. */
bool loader_frames_fit(const void *bytes, size_t size);

#endif
