/*
 * The section headers of a copy: the original's, and three more. Nothing that runs the copy reads
 * them; strip and objcopy make a segment anew of its sections, and so would drop what has none.
 *
 * .debug_frame, which is in no segment, stands behind the table: the original's, if it has one, and
 * what is said of the new segment.
 */
#ifndef CORDON_LOADER_SECTIONS_H
#define CORDON_LOADER_SECTIONS_H

#include "loader/elf.h"
#include "loader/frames.h"
#include "loader/layout.h"

struct loader_sections {
	bool is_there;	   /* the original has a table, and it is understood */
	GElf_Shdr strings; /* of the names */
	bool is_framed;	   /* there is a .debug_frame with what is said of the new segment */
	unsigned framed;   /* its header's number, and how many bytes of the original are in it */
	uint64_t frames_size, frames_offset;
	uint64_t at;	/* in the copy: where the names stand, */
	uint64_t table; /* the headers, */
	unsigned count; /* of headers */
	uint64_t end;	/* and .debug_frame; `at` when there is no table */
};

/* For a copy whose new segment ends at `at` in the file. */
void loader_sections_make(const struct loader_elf *elf, uint64_t at, struct loader_sections *out);
/* The length of a copy that ends with them, and with these frames. */
uint64_t loader_sections_end(const struct loader_sections *sections,
			     const struct loader_frames *frames);
/* Write all, if there is any; `copy` is the whole file, and its bytes there are zero. */
void loader_sections_put(const struct loader_sections *sections, const struct loader_elf *elf,
			 const struct loader_layout *layout, uint64_t segment_size,
			 const struct loader_frames *frames, uint8_t *copy);
/* What the ELF header says of them. */
void loader_sections_head(const struct loader_sections *sections, GElf_Ehdr *ehdr);

#endif
