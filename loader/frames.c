/*
 * Of the stub, its assembler has said everything; its addresses count from the start of the new
 * segment. All trampolines are described by one table, with a row for each: no register is changed,
 * the stack pointer is the site's, and the caller goes on behind the site's `syscall`.
 *
 * The form is DWARF's (version 4, 6.4.1): entries of a length, a word that is UINT32_MAX in what
 * is common to others and the offset of that in the others, and then, in those, an address and a
 * size.
 */
#include "loader/frames.h"

#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"

#define FRAMES_MAX 4096u
#define COMMON	   UINT32_MAX
#define ALIGN	   8u

enum { DW_CFA_nop = 0, DW_CFA_advance_loc4 = 4, DW_CFA_val_expression = 0x16, DW_OP_addr = 3 };
enum { RIP = 16 }; /* among DWARF's numbers of registers */

struct entry {
	uint32_t length; /* of what follows this word */
	uint32_t common;
	uint64_t at; /* from here on, only in those that are not common */
	uint64_t size;
};
_Static_assert(sizeof(struct entry) == 24, "as in the file");

/* The entry at an offset, and where the next one is. False: it is not one. */
static bool read_entry(const uint8_t *bytes, size_t size, size_t at, struct entry *out,
		       size_t *next)
{
	size_t left = size - at;

	*out = (struct entry){0};
	if (left < 8)
		return false;
	memcpy(out, bytes + at, left < sizeof(*out) ? left : sizeof(*out));
	*next = at + sizeof(out->length) + out->length;
	return out->length <= left - sizeof(out->length) &&
	       out->length >= (out->common == COMMON ? 4 : sizeof(*out) - sizeof(out->length));
}

bool loader_frames_fit(const void *bytes, size_t size)
{
	struct entry entry;

	if (!bytes || size > FRAMES_MAX)
		return false;
	for (size_t at = 0, next; at < size; at = next) {
		if (!read_entry(bytes, size, at, &entry, &next) ||
		    (at == 0 && entry.common != COMMON))
			return false;
	}
	return size > 0;
}

static enum cd_status put(struct loader_frames *frames, const void *bytes, size_t size)
{
	uint8_t *grown =
	    cd_vec_grow(frames->bytes, &frames->capacity, frames->size + size, sizeof(*grown));

	if (!grown)
		return CD_ENOMEM;
	frames->bytes = grown;
	memcpy(grown + frames->size, bytes, size);
	frames->size += size;
	return CD_OK;
}

enum cd_status loader_frames_open(struct loader_frames *frames, const struct loader_parts *parts,
				  const struct loader_layout *layout, uint64_t base)
{
	enum cd_status status;
	struct entry entry;

	*frames = (struct loader_frames){.base = base};
	status = put(frames, parts->frames, parts->frames_size);
	for (size_t at = 0, next; status == CD_OK && at < frames->size; at = next) {
		if (!read_entry(frames->bytes, frames->size, at, &entry, &next))
			return CD_EINVAL;
		if (entry.common == COMMON)
			continue;
		entry.common += (uint32_t)base;
		entry.at += layout->segment;
		memcpy(frames->bytes + at, &entry, sizeof(entry));
	}
	return status;
}

enum cd_status loader_frames_add(struct loader_frames *frames, uint64_t at, uint64_t site)
{
	uint8_t row[17] = {DW_CFA_advance_loc4}, *rule = row + 5;
	uint32_t forward = (uint32_t)(at - frames->last);
	enum cd_status status = CD_OK;

	memcpy(row + 1, &forward, sizeof(forward));
	memcpy(rule, (const uint8_t[]){DW_CFA_val_expression, RIP, 9, DW_OP_addr}, 4);
	site += 2;
	memcpy(rule + 4, &site, sizeof(site));
	frames->last = at;
	if (frames->table)
		return put(frames, row, sizeof(row));
	frames->table = frames->size;
	frames->first = at;
	status = put(frames, &(struct entry){0}, sizeof(struct entry));
	return status == CD_OK ? put(frames, rule, sizeof(row) - 5) : status;
}

enum cd_status loader_frames_end(struct loader_frames *frames, uint64_t end)
{
	static const uint8_t nops[ALIGN] = {DW_CFA_nop};
	struct entry entry = {.common = (uint32_t)frames->base, .at = frames->first};
	enum cd_status status;

	if (!frames->table)
		return CD_OK;
	status = put(frames, nops, (0 - frames->size) % ALIGN);
	if (status != CD_OK)
		return status;
	entry.size = end - frames->first;
	entry.length = (uint32_t)(frames->size - frames->table - sizeof(entry.length));
	memcpy(frames->bytes + frames->table, &entry, sizeof(entry));
	return CD_OK;
}

void loader_frames_close(struct loader_frames *frames)
{
	free(frames->bytes);
	*frames = (struct loader_frames){0};
}
