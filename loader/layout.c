/*
 * The layout of a copy.
 *
 *	the original file, with call sites, headers changed
 *	an interpreter's writable data, once more, with its bss as zeros
 *	the new segment
 *
 * In memory, the writable segment, which is the last, grows by a page of zeros of its own behind
 *the page in which it ended: the slot's. (glibc's rtld hands out what is left of the page in which
 *its bss ends, and musl's gives it to malloc.) The new segment stands behind that.
 *
 * Why data is moved in interpreters: Linux before 6.7 takes an interpreter's bss to stand behind
 *the last of its segments, wherever it is, and so leaves it unmapped, or filled with what follows
 *in the file, when another segment stands behind it. With no bss, there is nothing to get wrong.
 *For the same reason the new segment ends at the end of a page in the file, as those kernels clear
 *the rest of that page, and fail where it cannot be written.
 *
 * A program's data stays where it is. All kernels map its bss before the segment behind it, and
 *none clears anything behind the last one, which has no bss. The heap begins behind that, or
 *elsewhere.
 */
#include "loader/layout.h"

#include "cordon/shim.h"
#include "loader/frames.h"

#define STUB_MAX (16u * LOADER_PAGE)

bool loader_parts_fit(const struct loader_parts *parts)
{
	return parts->stub && parts->stub_size > CD_STUB_START - CD_HEAD_SIZE &&
	       parts->stub_size <= STUB_MAX && parts->image && parts->image_size &&
	       parts->image_size <= CD_SHIM_CODE &&
	       loader_frames_fit(parts->frames, parts->frames_size);
}

GElf_Phdr loader_layout_header(const struct loader_elf *elf, unsigned i)
{
	uint64_t end = elf->ehdr.e_phoff + elf->count * sizeof(GElf_Phdr);
	GElf_Phdr phdr = elf->phdr[i];

	if (elf->has_room && (phdr.p_type == PT_LOAD || phdr.p_type == PT_PHDR) &&
	    phdr.p_offset <= elf->ehdr.e_phoff && phdr.p_offset + phdr.p_filesz == end) {
		phdr.p_filesz += sizeof(phdr);
		phdr.p_memsz += sizeof(phdr);
	}
	return phdr;
}

void loader_layout_make(const struct loader_elf *elf, const struct loader_parts *parts,
			struct loader_layout *out)
{
	const GElf_Phdr *data = &elf->phdr[elf->last_load];

	out->slot = loader_page_up(data->p_vaddr + data->p_memsz);
	out->segment = out->slot + LOADER_PAGE;
	out->data_offset = data->p_offset;
	out->data_size = data->p_filesz;
	out->offset = loader_page_up(elf->size);
	if (elf->is_interpreter) {
		out->data_offset = out->offset + data->p_vaddr % LOADER_PAGE;
		out->data_size = out->segment - data->p_vaddr;
		out->offset = out->data_offset + out->data_size;
	}
	out->trampolines = loader_align_up(CD_HEAD_SIZE + parts->stub_size);
}
