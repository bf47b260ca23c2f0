/*
 * The section headers of a copy. What cannot be understood is left as it is: loaders do not read
 * it.
 */
#include "loader/sections.h"

#include <string.h>

#define COUNT_MAX   4096u
#define STRINGS_MAX (1u << 20)
#define FRAMES_MAX  (8u << 20)
#define ADDED	    2u /* and .debug_frame, if the original has none */

static const char names[] = ".cordon\0.cordon.slot\0.debug_frame";
#define SLOT_NAME   8 /* offsets into the above */
#define FRAMES_NAME 21

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

static bool is_named(const struct loader_elf *elf, const GElf_Shdr *strings,
		     const GElf_Shdr *section, const char *name)
{
	uint64_t len = strlen(name) + 1;

	return section->sh_name < strings->sh_size && len <= strings->sh_size - section->sh_name &&
	       memcmp(elf->bytes + strings->sh_offset + section->sh_name, name, len) == 0;
}

/* The original's .debug_frame is added to, as debuggers read one only; if it cannot be, it stays.
 */
static void find_frames(const struct loader_elf *elf, struct loader_sections *out)
{
	out->is_framed = true;
	out->framed = elf->ehdr.e_shnum + ADDED;
	for (unsigned i = 0; i < elf->ehdr.e_shnum; i++) {
		GElf_Shdr section = section_of(elf, i);

		if (!is_named(elf, &out->strings, &section, names + FRAMES_NAME))
			continue;
		out->is_framed = out->framed >= elf->ehdr.e_shnum &&
				 section.sh_type == SHT_PROGBITS &&
				 !(section.sh_flags & (SHF_ALLOC | SHF_COMPRESSED)) &&
				 section.sh_size <= FRAMES_MAX &&
				 is_in_file(elf, section.sh_offset, section.sh_size);
		out->framed = i;
		out->frames_offset = section.sh_offset;
		out->frames_size = section.sh_size;
	}
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
	find_frames(elf, out);
	out->count = ehdr->e_shnum + ADDED + (out->framed >= ehdr->e_shnum);
	out->end = out->table + out->count * sizeof(GElf_Shdr);
}

uint64_t loader_sections_end(const struct loader_sections *sections,
			     const struct loader_frames *frames)
{
	return sections->end + (sections->is_framed ? sections->frames_size + frames->size : 0);
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

static void put_frames(const struct loader_sections *sections, const struct loader_elf *elf,
		       const struct loader_frames *frames, uint8_t *copy)
{
	uint8_t *header = copy + sections->table + sections->framed * sizeof(GElf_Shdr);
	GElf_Shdr section = {.sh_name = (uint32_t)sections->strings.sh_size + FRAMES_NAME,
			     .sh_type = SHT_PROGBITS,
			     .sh_addralign = 1};

	if (sections->framed < elf->ehdr.e_shnum)
		section = section_of(elf, sections->framed);
	section.sh_offset = sections->end;
	section.sh_size = sections->frames_size + frames->size;
	memcpy(header, &section, sizeof(section));
	memcpy(copy + sections->end, elf->bytes + sections->frames_offset, sections->frames_size);
	memcpy(copy + sections->end + sections->frames_size, frames->bytes, frames->size);
}

void loader_sections_put(const struct loader_sections *sections, const struct loader_elf *elf,
			 const struct loader_layout *layout, uint64_t segment_size,
			 const struct loader_frames *frames, uint8_t *copy)
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
	if (sections->is_framed)
		put_frames(sections, elf, frames, copy);
}
