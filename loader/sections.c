/*
 * The section headers of a copy. What cannot be understood is left as it is: loaders do not read
 * it.
 */
#include "loader/sections.h"

#include <string.h>

#define COUNT_MAX   4096u
#define STRINGS_MAX (1u << 20)
#define ADDED	    2u

static const char names[] = ".cordon\0.cordon.slot";
#define SLOT_NAME 8 /* offset into the above */

static GElf_Shdr section_of(const struct loader_elf *elf, unsigned i)
{
	GElf_Shdr section;

	memcpy(&section, elf->bytes + elf->ehdr.e_shoff + (uint64_t)i * sizeof(section),
	       sizeof(section));
	return section;
}

static bool is_in_file(const struct loader_elf *elf, uint64_t offset, uint64_t len)
{
	return offset <= elf->size && len <= elf->size - offset;
}

void loader_sections_make(const struct loader_elf *elf, uint64_t at, struct loader_sections *out)
{
	const GElf_Ehdr *ehdr = &elf->ehdr;

	*out = (struct loader_sections){.at = at, .end = at};
	if (!ehdr->e_shoff || ehdr->e_shentsize != sizeof(GElf_Shdr) || ehdr->e_shnum > COUNT_MAX ||
	    ehdr->e_shstrndx >= ehdr->e_shnum ||
	    !is_in_file(elf, ehdr->e_shoff, (uint64_t)ehdr->e_shnum * sizeof(GElf_Shdr)))
		return;
	out->strings = section_of(elf, ehdr->e_shstrndx);
	if (out->strings.sh_type != SHT_STRTAB || !out->strings.sh_size ||
	    out->strings.sh_size > STRINGS_MAX ||
	    !is_in_file(elf, out->strings.sh_offset, out->strings.sh_size))
		return;
	out->is_there = true;
	out->table = (at + out->strings.sh_size + sizeof(names) + 7) & ~UINT64_C(7);
	out->count = ehdr->e_shnum + ADDED;
	out->end = out->table + out->count * sizeof(GElf_Shdr);
}

void loader_sections_head(const struct loader_sections *sections, GElf_Ehdr *ehdr)
{
	if (!sections->is_there)
		return;
	ehdr->e_shoff = sections->table;
	ehdr->e_shnum = (uint16_t)sections->count;
}

/* A section of the writable segment is where that one is now. */
static void move(const struct loader_elf *elf, const struct loader_layout *layout,
		 GElf_Shdr *section)
{
	const GElf_Phdr *data = &elf->phdr[elf->last_load];

	if ((section->sh_flags & SHF_ALLOC) && section->sh_addr >= data->p_vaddr &&
	    section->sh_addr - data->p_vaddr <= data->p_memsz &&
	    section->sh_offset == data->p_offset + (section->sh_addr - data->p_vaddr))
		section->sh_offset += layout->data_offset - data->p_offset;
}

void loader_sections_put(const struct loader_sections *sections, const struct loader_elf *elf,
			 const struct loader_layout *layout, uint64_t segment_size, uint8_t *copy)
{
	uint64_t strings = sections->strings.sh_size;
	uint8_t *to = copy + sections->table;
	GElf_Shdr section;

	if (!sections->is_there)
		return;
	memcpy(copy + sections->at, elf->bytes + sections->strings.sh_offset, strings);
	memcpy(copy + sections->at + strings, names, sizeof(names));
	for (unsigned i = 0; i < elf->ehdr.e_shnum; i++) {
		section = section_of(elf, i);
		move(elf, layout, &section);
		if (i == elf->ehdr.e_shstrndx) {
			section.sh_offset = sections->at;
			section.sh_size += sizeof(names);
		}
		memcpy(to, &section, sizeof(section));
		to += sizeof(section);
	}
	section = (GElf_Shdr){.sh_name = (uint32_t)strings + SLOT_NAME,
			      .sh_type = SHT_NOBITS,
			      .sh_flags = SHF_ALLOC | SHF_WRITE,
			      .sh_addr = layout->slot,
			      .sh_offset = layout->data_offset + layout->data_size,
			      .sh_size = LOADER_PAGE,
			      .sh_addralign = LOADER_PAGE};
	memcpy(to, &section, sizeof(section));
	section = (GElf_Shdr){.sh_name = (uint32_t)strings,
			      .sh_type = SHT_PROGBITS,
			      .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
			      .sh_addr = layout->segment,
			      .sh_offset = layout->offset,
			      .sh_size = segment_size,
			      .sh_addralign = LOADER_PAGE};
	memcpy(to + sizeof(section), &section, sizeof(section));
}
