/*
 * Making the copy. Everything is found out first (elf.c, windows.c, sites.c), then laid out
 * (layout.c), then written in one pass into a new buffer.
 */
#include "loader/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/shim.h"
#include "loader/code.h"
#include "loader/elf.h"
#include "loader/layout.h"
#include "loader/sections.h"
#include "loader/sites.h"
#include "loader/windows.h"

struct work {
	const struct loader_parts *parts;
	struct loader_elf elf;
	struct loader_sites sites;
	struct loader_layout layout;
	struct loader_sections sections;
	struct loader_frames frames;
	uint64_t image;	       /* offset into the segment; 0: none */
	uint64_t segment_size; /* whole pages */
	uint8_t *out;
	size_t size;
};

static uint64_t file_offset(const struct loader_elf *elf, uint64_t at)
{
	const GElf_Phdr *load = &elf->phdr[loader_elf_segment(elf, at, 1)];

	return load->p_offset + (at - load->p_vaddr);
}

/* --- what goes where --- */

static bool overlaps(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

/* A file can say that its headers are code; what is written to both would be neither. */
static bool is_in_headers(const struct work *work, const struct loader_site *site)
{
	const GElf_Ehdr *ehdr = &work->elf.ehdr;
	uint64_t at = file_offset(&work->elf, site->mov);
	uint64_t len = site->syscall + LOADER_SYSCALL_SIZE - site->mov;

	return overlaps(at, len, 0, sizeof(Elf64_Ehdr)) ||
	       overlaps(at, len, ehdr->e_phoff, loader_elf_copied(&work->elf) * sizeof(Elf64_Phdr));
}

static uint64_t trampoline_size(const struct loader_site *site)
{
	return LOADER_TRAMPOLINE_SIZE + (site->syscall - site->mov - LOADER_MOV_SIZE);
}

static enum cd_status plan_frames(struct work *work)
{
	uint64_t at = work->layout.segment + work->layout.trampolines;
	enum cd_status status = loader_frames_open(&work->frames, work->parts, &work->layout,
						   work->sections.frames_size);

	for (size_t i = 0; i < work->sites.count && status == CD_OK; i++) {
		status = loader_frames_add(&work->frames, at, work->sites.items[i].syscall);
		at += trampoline_size(&work->sites.items[i]);
	}
	return status == CD_OK ? loader_frames_end(&work->frames, at) : status;
}

static enum cd_status plan(struct work *work)
{
	enum cd_status status;
	uint64_t end;

	loader_layout_make(&work->elf, work->parts, &work->layout);
	end = work->layout.trampolines;
	for (size_t i = 0; i < work->sites.count; i++)
		end += trampoline_size(&work->sites.items[i]);
	if (loader_elf_starts(&work->elf)) {
		work->image = loader_align_up(end);
		end = work->image + work->parts->image_size;
	}
	work->segment_size = loader_page_up(end);
	loader_sections_make(&work->elf, work->layout.offset + work->segment_size, &work->sections);
	status = plan_frames(work);
	work->size = loader_sections_end(&work->sections, &work->frames);
	return status;
}

/* --- writing --- */

static uint8_t *put(uint8_t *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return to + len;
}

/* The last four bytes of an instruction that ends at `end`, both being offsets in the copy's
 * memory. */
static uint8_t *put_distance(uint8_t *to, uint64_t end, uint64_t target)
{
	int32_t distance = (int32_t)(int64_t)(target - end);

	return put(to, &distance, sizeof(distance));
}

static uint8_t *put_site(struct work *work, const struct loader_site *site, uint8_t *to)
{
	const struct loader_layout *layout = &work->layout;
	uint8_t *segment = work->out + layout->offset;
	uint64_t address = layout->segment + (uint64_t)(to - segment);
	uint64_t mov = file_offset(&work->elf, site->mov);
	uint64_t len = site->syscall - site->mov;

	to = put(to, work->elf.bytes + mov, len);
	to = put(to, "\x4c\x8d\x1d", 3);
	to = put_distance(to, address + len + LOADER_LEA_SIZE, site->syscall);
	*to++ = 0xe9;
	to = put_distance(to, address + len + LOADER_LEA_SIZE + LOADER_JUMP_SIZE,
			  layout->segment + CD_STUB_CALL);
	work->out[mov] = 0xe9;
	put_distance(work->out + mov + 1, site->mov + LOADER_MOV_SIZE, address);
	return to;
}

static void put_segment(struct work *work)
{
	const struct loader_layout *layout = &work->layout;
	uint8_t *segment = work->out + layout->offset, *to;
	struct cd_shim_head head = {.magic = CD_SHIM_MAGIC, .image = work->image};

	head.slot = (int64_t)(layout->slot - layout->segment);
	if (loader_elf_starts(&work->elf)) {
		head.entry = (int64_t)(work->elf.ehdr.e_entry - layout->segment);
		head.image_size = work->parts->image_size;
		memcpy(segment + work->image, work->parts->image, work->parts->image_size);
	}
	put(put(segment, &head, sizeof(head)), work->parts->stub, work->parts->stub_size);
	to = segment + layout->trampolines;
	for (size_t i = 0; i < work->sites.count; i++)
		to = put_site(work, &work->sites.items[i], to);
}

static void put_data(struct work *work)
{
	const GElf_Phdr *data = &work->elf.phdr[work->elf.last_load];

	if (work->elf.is_interpreter)
		memcpy(work->out + work->layout.data_offset, work->elf.bytes + data->p_offset,
		       data->p_filesz);
}

/* Headers that speak of what is in the writable segment follow it. */
static void move_headers(const struct work *work, GElf_Phdr *phdr)
{
	GElf_Phdr data = phdr[work->elf.last_load];

	for (unsigned i = 0; i < work->elf.count; i++) {
		if (i != work->elf.last_load && phdr[i].p_vaddr >= data.p_vaddr &&
		    phdr[i].p_vaddr - data.p_vaddr < data.p_filesz &&
		    phdr[i].p_offset - data.p_offset == phdr[i].p_vaddr - data.p_vaddr)
			phdr[i].p_offset += work->layout.data_offset - data.p_offset;
	}
}

/*
 * The note becomes the new segment, behind all others that are loaded: their order is relied on.
 * Where there is none, the table grows.
 */
static void put_headers(struct work *work)
{
	const struct loader_layout *layout = &work->layout;
	const struct loader_elf *elf = &work->elf;
	GElf_Ehdr ehdr = elf->ehdr;
	GElf_Phdr phdr[LOADER_PHDRS_MAX] = {0}, *data = &phdr[elf->last_load];
	unsigned at = elf->note;

	for (unsigned i = 0; i < elf->count; i++)
		phdr[i] = loader_layout_header(elf, i);
	move_headers(work, phdr);
	data->p_memsz = layout->segment - data->p_vaddr;
	data->p_filesz = layout->data_size;
	data->p_offset = layout->data_offset;
	if (elf->is_interpreter)
		data->p_align = LOADER_PAGE;
	if (loader_elf_starts(elf))
		ehdr.e_entry = layout->segment + CD_STUB_START;
	ehdr.e_phnum = (GElf_Half)loader_elf_copied(elf);
	for (; at < elf->last_load; at++)
		phdr[at] = phdr[at + 1];
	phdr[at] = (GElf_Phdr){.p_type = PT_LOAD,
			       .p_flags = PF_R | PF_X,
			       .p_offset = layout->offset,
			       .p_vaddr = layout->segment,
			       .p_paddr = layout->segment,
			       .p_filesz = work->segment_size,
			       .p_memsz = work->segment_size,
			       .p_align = LOADER_PAGE};
	loader_sections_head(&work->sections, &ehdr);
	memcpy(work->out, &ehdr, sizeof(ehdr));
	memcpy(work->out + ehdr.e_phoff, phdr, loader_elf_copied(elf) * sizeof(phdr[0]));
}

static enum cd_status make_copy(struct work *work)
{
	enum cd_status status = plan(work);

	if (status != CD_OK)
		return status;
	for (size_t i = 0; i < work->sites.count; i++) {
		if (is_in_headers(work, &work->sites.items[i]))
			return CD_EINVAL;
	}
	work->out = calloc(1, work->size);
	if (!work->out)
		return CD_ENOMEM;
	memcpy(work->out, work->elf.bytes, work->elf.size);
	put_data(work);
	put_segment(work);
	put_headers(work);
	loader_sections_put(&work->sections, &work->elf, &work->layout, work->segment_size,
			    &work->frames, work->out);
	return CD_OK;
}

/* --- finding out --- */

static enum cd_status find_sites(struct work *work, struct loader_report *report)
{
	struct loader_windows windows;
	struct loader_code code;
	enum cd_status status = loader_code_open(&code);

	if (status != CD_OK)
		return status;
	status = loader_windows_open(&windows, &work->elf, &code);
	if (status == CD_OK) {
		status = loader_find_sites(&work->elf, &code, &windows, &work->sites, report);
		loader_windows_close(&windows);
	}
	loader_code_close(&code);
	return status;
}

static void report_file(const struct loader_elf *elf, struct loader_report *report)
{
	report->is_interpreter = elf->is_interpreter;
	report->is_program = elf->is_program;
	for (size_t i = 0; i < elf->build_id_size; i++)
		sprintf(report->build_id + 2 * i, "%02x", elf->bytes[elf->build_id + i]);
}

static enum cd_status rewrite(struct work *work, struct loader_report *report)
{
	enum cd_status status;

	if (work->elf.note == work->elf.count && !work->elf.has_room) {
		report->why = "it has no note whose header could be used";
		return CD_ENOSUP;
	}
	report_file(&work->elf, report);
	status = find_sites(work, report);
	if (status == CD_OK && !work->sites.count && !work->elf.is_interpreter) {
		report->why = "it has no call site to patch";
		status = CD_ENOSUP;
	}
	if (status == CD_OK)
		status = make_copy(work);
	if (status == CD_EINVAL)
		report->why = "its headers are code";
	if (status == CD_ENOMEM)
		report->why = "no memory";
	free(work->sites.items);
	loader_frames_close(&work->frames);
	return status;
}

enum cd_status loader_rewrite(const void *in, size_t size, const struct loader_parts *parts,
			      struct loader_report *report, void **out, size_t *out_size)
{
	struct work work = {.parts = parts};
	enum cd_status status;

	*report = (struct loader_report){0};
	if (!loader_parts_fit(parts)) {
		report->why = "the shim's parts are not as they should be";
		return CD_EINVAL;
	}
	status = loader_elf_open(&work.elf, in, size, &report->why);
	if (status != CD_OK)
		return status;
	status = rewrite(&work, report);
	loader_elf_close(&work.elf);
	if (status != CD_OK)
		return status;
	*out = work.out;
	*out_size = work.size;
	return CD_OK;
}
