/*
 * Checking a copy against its original.
 *
 * The copy's own headers and jumps are read, and each must be one that rewriting may have made;
 * then they are undone in a scratch copy, and what is left must be the original, byte for byte.
 * Whether a call site may be patched at all is asked again of the original.
 */
#include "loader/loader.h"

#include <stdlib.h>
#include <string.h>

#include "cordon/shim.h"
#include "loader/code.h"
#include "loader/elf.h"
#include "loader/frames.h"
#include "loader/layout.h"
#include "loader/sections.h"
#include "loader/sites.h"
#include "loader/windows.h"

struct check {
	const struct loader_parts *parts;
	struct loader_elf elf;	     /* the original */
	struct loader_layout layout; /* as it has to be */
	struct loader_code code;
	struct loader_windows windows;
	const uint8_t *copy;
	size_t copy_size;
	uint64_t segment_size;
	struct loader_sections sections; /* as they have to be behind a segment of that size */
	struct loader_frames frames;	 /* what has to be said of the trampolines so far */
	uint64_t next; /* offset into the segment: where the next trampoline has to be */
	const char *why;
};

static bool fail(struct check *check, const char *why)
{
	check->why = why;
	return false;
}

static bool is_zero(const uint8_t *bytes, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* --- headers --- */

static bool is_segment(const struct check *check, const Elf64_Phdr *load)
{
	const struct loader_layout *layout = &check->layout;

	return load->p_type == PT_LOAD && load->p_flags == (PF_R | PF_X) &&
	       load->p_offset == layout->offset && load->p_vaddr == layout->segment &&
	       load->p_paddr == layout->segment && load->p_filesz == load->p_memsz &&
	       load->p_align == LOADER_PAGE && load->p_filesz % LOADER_PAGE == 0 &&
	       load->p_filesz > layout->trampolines &&
	       load->p_filesz <= check->copy_size - layout->offset;
}

static bool is_grown_data(const struct check *check, const Elf64_Phdr *data)
{
	const struct loader_layout *layout = &check->layout;
	Elf64_Phdr want = loader_layout_header(&check->elf, check->elf.last_load);

	want.p_memsz = layout->slot + LOADER_PAGE - want.p_vaddr;
	if (check->elf.is_interpreter) {
		want.p_offset = layout->data_offset;
		want.p_filesz = want.p_memsz;
		want.p_align = LOADER_PAGE;
	}
	return memcmp(data, &want, sizeof(want)) == 0;
}

/* In an interpreter, what lies in writable data is where that is now. */
static bool is_same(const struct check *check, const Elf64_Phdr *is, unsigned i)
{
	const GElf_Phdr *data = &check->elf.phdr[check->elf.last_load];
	Elf64_Phdr want = loader_layout_header(&check->elf, i);
	uint64_t within = want.p_vaddr - data->p_vaddr;

	if (i == check->elf.last_load)
		return is_grown_data(check, is);
	if (check->elf.is_interpreter && within < data->p_filesz &&
	    want.p_offset == data->p_offset + within)
		want.p_offset = check->layout.data_offset + within;
	return memcmp(is, &want, sizeof(want)) == 0;
}

/* The copy's table is the original's, with the segment behind, and writable data that has grown. */
static bool check_longer_table(struct check *check, const Elf64_Phdr *table)
{
	unsigned count = check->elf.count;

	for (unsigned i = 0; i < count; i++) {
		if (!is_same(check, &table[i], i))
			return fail(check, "a program header is not the original's");
	}
	if (!is_segment(check, &table[count]))
		return fail(check, "the new segment is not as it has to be");
	check->segment_size = table[count].p_filesz;
	return true;
}

/* The same, where the segment took the place of a note. */
static bool check_table(struct check *check)
{
	const struct loader_elf *elf = &check->elf;
	Elf64_Phdr table[LOADER_PHDRS_MAX];
	unsigned from = 0, loads = 0, notes = 0;

	memcpy(table, check->copy + elf->ehdr.e_phoff, loader_elf_copied(elf) * sizeof(table[0]));
	if (elf->has_room)
		return check_longer_table(check, table);
	for (unsigned i = 0; i < elf->count; i++) {
		if (table[i].p_type == PT_LOAD && table[i].p_vaddr == check->layout.segment) {
			if (!is_segment(check, &table[i]) || loads++ || from <= elf->last_load)
				return fail(check, "the new segment is not as it has to be");
			check->segment_size = table[i].p_filesz;
			/* It took the place of the note that stood here, if none is gone yet. */
			if (!notes) {
				notes++;
				if (from++ != elf->note)
					return fail(check, "a header is gone");
			}
			continue;
		}
		if (from == elf->note && from < elf->last_load) {
			notes++;
			from++;
		}
		if (from == elf->count || !is_same(check, &table[i], from))
			return fail(check, "a program header is not the original's");
		from++;
	}
	if (loads != 1 || notes != 1)
		return fail(check, "the new segment is not there");
	return true;
}

static bool check_headers(struct check *check)
{
	Elf64_Ehdr want = check->elf.ehdr;

	if (check->copy_size < check->layout.offset + LOADER_PAGE)
		return fail(check, "it is too short");
	if (!check_table(check))
		return false;
	loader_sections_make(&check->elf, check->layout.offset + check->segment_size,
			     &check->sections);
	loader_sections_head(&check->sections, &want);
	if (loader_elf_starts(&check->elf))
		want.e_entry = check->layout.segment + CD_STUB_START;
	want.e_phnum = (Elf64_Half)loader_elf_copied(&check->elf);
	if (memcmp(check->copy, &want, sizeof(want)) != 0)
		return fail(check, "the ELF header is not the original's");
	return true;
}

/* --- call sites --- */

static uint64_t target_of(const uint8_t *end, uint64_t address)
{
	int32_t distance;

	memcpy(&distance, end - sizeof(distance), sizeof(distance));
	return address + (uint64_t)(int64_t)distance;
}

/*
 * The trampoline must be the next one, and end with what leads on to the stub for a `syscall` of
 * the original that stands where the bytes between say. Its first bytes are the original's.
 */
static bool check_trampoline(struct check *check, uint64_t offset, uint64_t mov)
{
	const struct loader_layout *layout = &check->layout;
	const uint8_t *at = check->copy + layout->offset + check->next;
	uint64_t address = layout->segment + check->next, room, left, len;
	const uint8_t *original = check->elf.bytes + offset;
	size_t code_left = 0;

	if (!loader_elf_code(&check->elf, mov, &code_left))
		return fail(check, "a jump stands outside of code");
	room = check->segment_size - check->next;
	left = code_left;
	for (len = LOADER_MOV_SIZE; len <= LOADER_MOV_SIZE + LOADER_BETWEEN_SIZE; len++) {
		const uint8_t *tail = at + len;

		if (len + LOADER_LEA_SIZE + LOADER_JUMP_SIZE > room ||
		    len + LOADER_SYSCALL_SIZE > left)
			break;
		if (memcmp(tail, "\x4c\x8d\x1d", 3) != 0 || tail[LOADER_LEA_SIZE] != 0xe9 ||
		    memcmp(original + len, "\x0f\x05", 2) != 0 ||
		    target_of(tail + LOADER_LEA_SIZE, address + len + LOADER_LEA_SIZE) != mov + len)
			continue;
		tail += LOADER_LEA_SIZE + LOADER_JUMP_SIZE;
		if (target_of(tail, address + (uint64_t)(tail - at)) !=
			layout->segment + CD_STUB_CALL ||
		    memcmp(at, original, len) != 0)
			return fail(check, "a trampoline is not as it has to be");
		check->next += len + LOADER_LEA_SIZE + LOADER_JUMP_SIZE;
		if (!loader_is_between(&check->code, original + LOADER_MOV_SIZE,
				       len - LOADER_MOV_SIZE) ||
		    loader_windows_has(&check->windows, mov + len))
			return fail(check, "a call site was patched that must not be");
		return loader_frames_add(&check->frames, address, mov + len) == CD_OK;
	}
	return fail(check, "a trampoline does not lead to its call site");
}

static bool check_jump(struct check *check, uint64_t offset, uint64_t mov)
{
	const uint8_t *was = check->elf.bytes + offset, *is = check->copy + offset;
	uint32_t nr;

	memcpy(&nr, was + 1, sizeof(nr));
	if (was[0] != 0xb8 || is[0] != 0xe9 || !loader_is_shim_call(nr))
		return fail(check, "a byte is not the original's");
	if (target_of(is + LOADER_MOV_SIZE, mov + LOADER_MOV_SIZE) !=
	    check->layout.segment + check->next)
		return fail(check, "a jump does not lead to its trampoline");
	return check_trampoline(check, offset, mov);
}

/* From the front of the file: what differs in the original's bytes has to be a jump. */
static bool check_bytes(struct check *check, uint8_t *scratch)
{
	const struct loader_elf *elf = &check->elf;

	memcpy(scratch, check->copy, elf->size);
	memcpy(scratch, elf->bytes, sizeof(Elf64_Ehdr));
	memcpy(scratch + elf->ehdr.e_phoff, elf->bytes + elf->ehdr.e_phoff,
	       loader_elf_copied(elf) * sizeof(Elf64_Phdr));
	for (unsigned i = 0; i < elf->count; i++) {
		const GElf_Phdr *load = &elf->phdr[i];

		if (load->p_type != PT_LOAD || !(load->p_flags & PF_X))
			continue;
		for (uint64_t k = 0; k + LOADER_MOV_SIZE <= load->p_filesz; k++) {
			uint64_t at = load->p_offset + k;

			if (scratch[at] == elf->bytes[at])
				continue;
			if (!check_jump(check, at, load->p_vaddr + k))
				return false;
			memcpy(scratch + at, elf->bytes + at, LOADER_MOV_SIZE);
			k += LOADER_MOV_SIZE - 1;
		}
	}
	if (memcmp(scratch, elf->bytes, elf->size) != 0)
		return fail(check, "a byte is not the original's");
	return true;
}

/* --- what was appended --- */

static bool check_head(struct check *check, const uint8_t *segment, uint64_t image)
{
	const struct loader_layout *layout = &check->layout;
	struct cd_shim_head want = {
	    .magic = CD_SHIM_MAGIC, .slot = -(int64_t)LOADER_PAGE, .image = image};

	if (image) {
		want.entry = (int64_t)(check->elf.ehdr.e_entry - layout->segment);
		want.image_size = check->parts->image_size;
	}
	if (memcmp(segment, &want, sizeof(want)) != 0)
		return fail(check, "the segment's head is not as it has to be");
	return true;
}

static bool check_segment(struct check *check)
{
	const struct loader_parts *parts = check->parts;
	const uint8_t *segment = check->copy + check->layout.offset;
	uint64_t image = loader_elf_starts(&check->elf) ? loader_align_up(check->next) : 0;
	uint64_t end = image ? image + parts->image_size : check->next;
	uint64_t stub_end = CD_HEAD_SIZE + parts->stub_size;

	if (loader_page_up(end) != check->segment_size)
		return fail(check, "the new segment has not its size");
	if (memcmp(segment + CD_HEAD_SIZE, parts->stub, parts->stub_size) != 0 ||
	    (image && memcmp(segment + image, parts->image, parts->image_size) != 0))
		return fail(check, "the shim is not the one that was given");
	if (!is_zero(segment + stub_end, check->layout.trampolines - stub_end) ||
	    (image && !is_zero(segment + check->next, image - check->next)) ||
	    !is_zero(segment + end, check->segment_size - end))
		return fail(check, "the new segment holds something else");
	return check_head(check, segment, image);
}

/* Between the original's last byte and the segment: zeros, and in interpreters the data. */
static bool check_data(struct check *check)
{
	const struct loader_elf *elf = &check->elf;
	const struct loader_layout *layout = &check->layout;
	const GElf_Phdr *data = &elf->phdr[elf->last_load];
	const uint8_t *copy = check->copy;
	uint64_t zeros = elf->size;

	if (elf->is_interpreter) {
		if (!is_zero(copy + zeros, layout->data_offset - zeros) ||
		    memcmp(copy + layout->data_offset, elf->bytes + data->p_offset,
			   data->p_filesz) != 0)
			return fail(check, "the writable data is not the original's");
		zeros = layout->data_offset + data->p_filesz;
	}
	if (!is_zero(copy + zeros, layout->offset - zeros))
		return fail(check, "something stands before the new segment");
	return true;
}

/* They are made from the original and where its sites are, and so are made once more. */
static bool check_sections(struct check *check, uint8_t *scratch)
{
	uint64_t at = check->sections.at, end;

	if (loader_frames_end(&check->frames, check->layout.segment + check->next) != CD_OK)
		return false;
	end = loader_sections_end(&check->sections, &check->frames);
	if (check->copy_size != end)
		return fail(check, "it has not its length");
	loader_sections_put(&check->sections, &check->elf, &check->layout, check->segment_size,
			    &check->frames, scratch);
	if (memcmp(check->copy + at, scratch + at, end - at) != 0)
		return fail(check, "a section header is not as it has to be");
	return true;
}

static bool open_frames(struct check *check)
{
	return loader_frames_open(&check->frames, check->parts, &check->layout,
				  check->sections.frames_size) == CD_OK;
}

static enum cd_status run(struct check *check)
{
	enum cd_status status = CD_OK;
	uint8_t *scratch = calloc(1, check->elf.size + check->copy_size);

	if (!scratch)
		return CD_ENOMEM;
	loader_layout_make(&check->elf, check->parts, &check->layout);
	check->next = check->layout.trampolines;
	if (!check_headers(check) || !check_data(check) || !open_frames(check) ||
	    !check_bytes(check, scratch) || !check_segment(check) ||
	    !check_sections(check, scratch))
		status = CD_EINVAL;
	loader_frames_close(&check->frames);
	free(scratch);
	return status;
}

enum cd_status loader_verify(const void *original, size_t original_size, const void *copy,
			     size_t copy_size, const struct loader_parts *parts, const char **why)
{
	struct check check = {.parts = parts, .copy = copy, .copy_size = copy_size};
	enum cd_status status;

	check.why = "no memory";
	if (!loader_parts_fit(parts)) {
		*why = "the shim's parts are not as they should be";
		return CD_EINVAL;
	}
	status = loader_elf_open(&check.elf, original, original_size, why);
	if (status != CD_OK)
		return status;
	status = loader_code_open(&check.code);
	if (status == CD_OK) {
		status = loader_windows_open(&check.windows, &check.elf, &check.code);
		if (status == CD_OK) {
			status = run(&check);
			loader_windows_close(&check.windows);
		}
		loader_code_close(&check.code);
	}
	loader_elf_close(&check.elf);
	if (status != CD_OK)
		*why = check.why;
	return status;
}
