/* Where things go in a copy. */
#ifndef CORDON_LOADER_LAYOUT_H
#define CORDON_LOADER_LAYOUT_H

#include "loader/elf.h"
#include "loader/loader.h"

#define LOADER_ALIGN 16u /* of what follows the stub, and of the image */

/*
 * Each trampoline: mov $nr,%eax; what stood between; lea site(%rip),%r11; jmp stub. Its size is
 * without what stood between.
 */
#define LOADER_LEA_SIZE	 7
#define LOADER_JUMP_SIZE 5
#define LOADER_TRAMPOLINE_SIZE                                                                     \
	(5 + LOADER_LEA_SIZE + LOADER_JUMP_SIZE) /* and what stood between                         \
						  */

struct loader_layout {
	uint64_t slot;	      /* addresses: of the word that says where the shim is, */
	uint64_t segment;     /* and of the new segment */
	uint64_t data_offset; /* in the file: the writable segment's bytes, */
	uint64_t data_size;
	uint64_t offset;      /* and the new segment */
	uint64_t trampolines; /* offset into the segment */
};

/* For one original and the parts; both checked. */
void loader_layout_make(const struct loader_elf *elf, const struct loader_parts *parts,
			struct loader_layout *out);
/* A program header of the original, as it has to be when there is one more behind it. */
GElf_Phdr loader_layout_header(const struct loader_elf *elf, unsigned i);
bool loader_parts_fit(const struct loader_parts *parts);

static inline uint64_t loader_align_up(uint64_t n)
{
	return (n + LOADER_ALIGN - 1) & ~(uint64_t)(LOADER_ALIGN - 1);
}

#endif
