/*
 * Where instructions begin. Disassembly has to start somewhere that is known: a function that
 * .eh_frame describes, or one that is exported. What lies between is taken as further pieces, so a
 * file with neither (musl has no .eh_frame to speak of) is read as one run of code. All of this is
 * a hint: a wrong start makes a wrong reading of some instructions, which then match nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "loader/elf.h"

/* How .eh_frame_hdr is written by every linker there is: DW_EH_PE_pcrel|sdata4, udata4,
 * DW_EH_PE_datarel|sdata4. Another is left unread. */
#define ENC_POINTER 0x1b
#define ENC_COUNT   0x03
#define ENC_TABLE   0x3b
#define HDR_SIZE    12

static enum cd_status add_start(struct loader_elf *elf, uint64_t at)
{
	uint64_t *grown;
	size_t left;

	if (!loader_elf_code(elf, at, &left))
		return CD_OK;
	grown = cd_vec_grow(elf->starts, &elf->starts_capacity, elf->starts_count + 1,
			    sizeof(*elf->starts));
	if (!grown)
		return CD_ENOMEM;
	elf->starts = grown;
	elf->starts[elf->starts_count++] = at;
	return CD_OK;
}

static uint32_t read32(const uint8_t *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return n;
}

static uint64_t relative(uint64_t base, const uint8_t *bytes)
{
	return base + (uint64_t)(int64_t)(int32_t)read32(bytes);
}

/*
 * The end of the function that starts at `start` and is described at `fde`; 0: not known. The
 * encoding is the CIE's to say; that the start comes out right under the usual one shows it is
 * that.
 */
static uint64_t end_of(const struct loader_elf *elf, uint64_t start, uint64_t fde)
{
	unsigned segment = loader_elf_segment(elf, fde, 16);
	const uint8_t *bytes;

	if (segment == elf->count)
		return 0;
	bytes = elf->bytes + elf->phdr[segment].p_offset + (fde - elf->phdr[segment].p_vaddr);
	if (relative(fde + 8, bytes + 8) != start)
		return 0;
	return start + read32(bytes + 12);
}

static enum cd_status add_frames(struct loader_elf *elf, const GElf_Phdr *frames)
{
	const uint8_t *header = elf->bytes + frames->p_offset;
	enum cd_status status = CD_OK;
	size_t count;

	if (frames->p_filesz < HDR_SIZE || header[0] != 1 || header[1] != ENC_POINTER ||
	    header[2] != ENC_COUNT || header[3] != ENC_TABLE)
		return CD_OK;
	count = read32(header + 8);
	if (count > (frames->p_filesz - HDR_SIZE) / 8)
		count = (frames->p_filesz - HDR_SIZE) / 8;
	for (size_t i = 0; i < count && status == CD_OK; i++) {
		const uint8_t *entry = header + HDR_SIZE + 8 * i;
		uint64_t start = relative(frames->p_vaddr, entry), end;

		status = add_start(elf, start);
		end = end_of(elf, start, relative(frames->p_vaddr, entry + 4));
		if (end && status == CD_OK)
			status = add_start(elf, end);
	}
	return status;
}

/* --- without a header: static programs, as most linkers make them --- */

#define ENTRIES_MAX (1u << 20)

struct cursor {
	const uint8_t *at, *end;
};

static uint8_t take_byte(struct cursor *cursor)
{
	return cursor->at < cursor->end ? *cursor->at++ : 0;
}

/* Enough of it for what is small. */
static uint64_t take_leb(struct cursor *cursor)
{
	uint64_t n = 0;
	uint8_t byte = 0x80;

	for (unsigned shift = 0; (byte & 0x80) && shift < 63; shift += 7) {
		byte = take_byte(cursor);
		n |= (uint64_t)(byte & 0x7f) << shift;
	}
	return n;
}

static unsigned pointer_size(uint8_t encoding)
{
	static const uint8_t sizes[] = {8, 0, 2, 4, 8, 0, 0, 0, 0, 0, 2, 4, 8, 0, 0, 0};

	return sizes[encoding & 0x0f];
}

/* Whether addresses are as in most files: `body` is what follows a CIE's id. */
static bool is_usual(struct cursor body)
{
	uint8_t version = take_byte(&body);
	const char *letter = (const char *)body.at;

	if (!memchr(body.at, 0, (size_t)(body.end - body.at)) || (version != 1 && version != 3) ||
	    *letter++ != 'z')
		return false;
	body.at += strlen((const char *)body.at) + 1;
	take_leb(&body);
	take_leb(&body);
	if (version == 1)
		take_byte(&body);
	else
		take_leb(&body);
	take_leb(&body);
	for (; *letter; letter++) {
		unsigned size;

		if (*letter == 'R')
			return take_byte(&body) == ENC_POINTER;
		if (*letter == 'L') {
			take_byte(&body);
		} else if (*letter == 'P') {
			size = pointer_size(take_byte(&body));
			if (!size || (size_t)(body.end - body.at) < size)
				return false;
			body.at += size;
		} else if (*letter != 'S' && *letter != 'B') {
			return false;
		}
	}
	return false;
}

/* `at` is the offset of an entry that names its CIE `back` bytes before its second word. */
static bool has_usual_cie(const uint8_t *frames, size_t at, uint32_t back)
{
	size_t cie = at + 4 - back, size;

	if (back < 12 || back > at + 4)
		return false;
	size = read32(frames + cie);
	if (size < 8 || size > back - 4 || read32(frames + cie + 4) != 0)
		return false;
	return is_usual((struct cursor){frames + cie + 8, frames + cie + 4 + size});
}

static enum cd_status add_entries(struct loader_elf *elf, const GElf_Shdr *section)
{
	const uint8_t *frames = elf->bytes + section->sh_offset;
	enum cd_status status = CD_OK;
	size_t at = 0, last = SIZE_MAX;
	bool is_known = false;

	for (unsigned n = 0; n < ENTRIES_MAX && section->sh_size - at >= 8; n++) {
		uint32_t size = read32(frames + at), back = read32(frames + at + 4);
		uint64_t start;

		if (size < 4 || size > section->sh_size - at - 4)
			break;
		if (back && size >= 12) {
			if (at + 4 - back != last) {
				last = at + 4 - back;
				is_known = has_usual_cie(frames, at, back);
			}
			start = relative(section->sh_addr + at + 8, frames + at + 8);
			if (is_known)
				status = add_start(elf, start);
			if (is_known && status == CD_OK)
				status = add_start(elf, start + read32(frames + at + 12));
		}
		if (status != CD_OK)
			return status;
		at += 4 + (size_t)size;
	}
	return status;
}

static enum cd_status add_plain_frames(struct loader_elf *elf, Elf *handle)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	size_t names;

	if (elf_getshdrstrndx(handle, &names) != 0)
		return CD_OK;
	while ((section = elf_nextscn(handle, section)) != NULL) {
		const char *name;

		if (!gelf_getshdr(section, &shdr) || !(shdr.sh_flags & SHF_ALLOC) ||
		    shdr.sh_type == SHT_NOBITS || shdr.sh_offset > elf->size ||
		    shdr.sh_size > elf->size - shdr.sh_offset)
			continue;
		name = elf_strptr(handle, names, shdr.sh_name);
		if (name && strcmp(name, ".eh_frame") == 0)
			return add_entries(elf, &shdr);
	}
	return CD_OK;
}

static enum cd_status add_symbols(struct loader_elf *elf, Elf *handle)
{
	enum cd_status status = CD_OK;
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	GElf_Sym sym;

	while ((section = elf_nextscn(handle, section)) != NULL) {
		Elf_Data *data;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_DYNSYM)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && status == CD_OK && gelf_getsym(data, i, &sym); i++) {
			if (GELF_ST_TYPE(sym.st_info) == STT_FUNC)
				status = add_start(elf, sym.st_value);
		}
		break; /* there is one; a file that has many only wants to take our time */
	}
	return status;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

enum cd_status loader_find_functions(struct loader_elf *elf, Elf *handle)
{
	enum cd_status status = CD_OK;
	bool is_framed = false;
	size_t kept = 0;

	for (unsigned i = 0; i < elf->count && status == CD_OK; i++) {
		if (elf->phdr[i].p_type == PT_LOAD && (elf->phdr[i].p_flags & PF_X))
			status = add_start(elf, elf->phdr[i].p_vaddr);
		if (elf->phdr[i].p_type == PT_GNU_EH_FRAME && !is_framed && status == CD_OK) {
			status = add_frames(elf, &elf->phdr[i]);
			is_framed = true;
		}
	}
	if (status == CD_OK && !is_framed && elf->is_program)
		status = add_plain_frames(elf, handle);
	if (status == CD_OK)
		status = add_start(elf, elf->ehdr.e_entry);
	if (status == CD_OK)
		status = add_symbols(elf, handle);
	if (status != CD_OK || !elf->starts)
		return status;
	qsort(elf->starts, elf->starts_count, sizeof(*elf->starts), compare);
	for (size_t i = 0; i < elf->starts_count; i++) {
		if (!kept || elf->starts[i] != elf->starts[kept - 1])
			elf->starts[kept++] = elf->starts[i];
	}
	elf->starts_count = kept;
	return CD_OK;
}
