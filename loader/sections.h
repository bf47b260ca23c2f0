/*
 * The section headers of a copy: the original's, and two more. Nothing that runs the copy reads
 * them; strip and objcopy make a segment anew of its sections, and so would drop what has none.
 */
#ifndef CORDON_LOADER_SECTIONS_H
#define CORDON_LOADER_SECTIONS_H

#include "loader/elf.h"
#include "loader/layout.h"

struct loader_sections {
	bool is_there;	   /* the original has a table, and it is understood */
	GElf_Shdr strings; /* of the names */
	uint64_t at;	   /* in the copy: where the names stand, */
	uint64_t table;	   /* and the headers */
	unsigned count;	   /* of headers */
	uint64_t end;	   /* of both; `at` when there is no table */
};

/* For a copy whose new segment ends at `at` in the file. */
void loader_sections_make(const struct loader_elf *elf, uint64_t at, struct loader_sections *out);
/* Write both, if there are any; `copy` is the whole file, and its bytes there are zero. */
void loader_sections_put(const struct loader_sections *sections, const struct loader_elf *elf,
			 const struct loader_layout *layout, uint64_t segment_size, uint8_t *copy);
/* What the ELF header says of them. */
void loader_sections_head(const struct loader_sections *sections, GElf_Ehdr *ehdr);

#endif
