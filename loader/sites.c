/*
 * Finding call sites: a `syscall` whose number is set by `mov $nr,%eax` in the same run of
 * instructions, with nothing between that could not be done elsewhere.
 *
 * A jump from elsewhere to what lies between, or to the `syscall`, does no harm: all of that stays
 * in place. Only the mov is replaced, by a jump of its size, and nothing jumps into its middle.
 */
#include "loader/sites.h"

#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"

/* What has been read since the last mov to eax. */
struct state {
	bool is_set;
	bool is_fixed; /* something was among it that cannot be copied */
	int insns;
	struct loader_site site;
};

static bool is_number_mov(const struct loader_code *code)
{
	return code->insn->size == LOADER_MOV_SIZE && code->insn->bytes[0] == 0xb8;
}

/* The number is lost behind whatever may set eax, and behind what does not go on. */
static bool is_end(const struct loader_code *code)
{
	return loader_code_uses_number(code) || loader_code_in_group(code, X86_GRP_CALL) ||
	       loader_code_in_group(code, X86_GRP_RET) || loader_code_in_group(code, X86_GRP_INT) ||
	       loader_code_in_group(code, X86_GRP_IRET) || code->insn->id == X86_INS_JMP ||
	       code->insn->id == X86_INS_HLT || code->insn->id == X86_INS_UD2;
}

static enum cd_status take_site(struct loader_sites *sites, struct loader_windows *windows,
				const struct state *state, struct loader_report *report)
{
	struct loader_site *grown;

	if (!state->is_set) {
		report->unknown++;
		return CD_OK;
	}
	if (!loader_is_shim_call(state->site.nr))
		return CD_OK;
	if (state->is_fixed || state->insns > LOADER_BETWEEN_INSNS) {
		report->skipped[state->is_fixed ? LOADER_SKIP_FIXED : LOADER_SKIP_FAR]++;
		return CD_OK;
	}
	if (loader_windows_has(windows, state->site.syscall)) {
		report->skipped[LOADER_SKIP_CANCEL]++;
		return CD_OK;
	}
	grown = cd_vec_grow(sites->items, &sites->capacity, sites->count + 1, sizeof(*grown));
	if (!grown)
		return CD_ENOMEM;
	sites->items = grown;
	sites->items[sites->count++] = state->site;
	report->patched++;
	return CD_OK;
}

static enum cd_status read_one(struct loader_code *code, struct state *state,
			       struct loader_windows *windows, struct loader_sites *sites,
			       struct loader_report *report)
{
	enum cd_status status = CD_OK;

	if (is_number_mov(code)) {
		*state = (struct state){.is_set = true, .site.mov = code->insn->address};
		memcpy(&state->site.nr, code->insn->bytes + 1, sizeof(state->site.nr));
	} else if (code->insn->id == X86_INS_SYSCALL) {
		state->site.syscall = code->insn->address;
		state->is_set &= code->insn->size == LOADER_SYSCALL_SIZE; /* not with prefixes */
		status = take_site(sites, windows, state, report);
		*state = (struct state){0};
	} else if (is_end(code)) {
		state->is_set = false;
	} else {
		state->insns++;
		state->is_fixed |= !loader_code_is_movable(code);
	}
	return status;
}

/* What of a piece is worth reading: up to its last 0f 05. */
static size_t last_syscall(const uint8_t *bytes, size_t size)
{
	for (; size >= LOADER_SYSCALL_SIZE; size--) {
		if (bytes[size - 2] == 0x0f && bytes[size - 1] == 0x05)
			return size;
	}
	return 0;
}

static enum cd_status read_piece(struct loader_code *code, const uint8_t *bytes, size_t size,
				 uint64_t at, struct loader_windows *windows,
				 struct loader_sites *sites, struct loader_report *report)
{
	struct state state = {0};
	enum cd_status status = CD_OK;

	size = last_syscall(bytes, size);
	while (size && status == CD_OK) {
		size_t step = 1;

		if (loader_code_read(code, bytes, size, at)) {
			step = code->insn->size;
			status = read_one(code, &state, windows, sites, report);
		} else {
			state = (struct state){0};
		}
		bytes += step, size -= step, at += step;
	}
	return status;
}

enum cd_status loader_find_sites(const struct loader_elf *elf, struct loader_code *code,
				 struct loader_windows *windows, struct loader_sites *out,
				 struct loader_report *report)
{
	enum cd_status status = CD_OK;

	*out = (struct loader_sites){0};
	for (size_t i = 0; i < elf->starts_count && status == CD_OK; i++) {
		uint64_t at = elf->starts[i];
		size_t size;
		const uint8_t *bytes = loader_elf_code(elf, at, &size);

		if (i + 1 < elf->starts_count && elf->starts[i + 1] - at < size)
			size = elf->starts[i + 1] - at;
		status = read_piece(code, bytes, size, at, windows, out, report);
	}
	if (status != CD_OK) {
		free(out->items);
		*out = (struct loader_sites){0};
	}
	return status;
}

bool loader_is_between(struct loader_code *code, const uint8_t *bytes, size_t size)
{
	for (int i = 0; size; i++) {
		if (i == LOADER_BETWEEN_INSNS || !loader_code_read(code, bytes, size, 0) ||
		    !loader_code_is_movable(code))
			return false;
		bytes += code->insn->size;
		size -= code->insn->size;
	}
	return true;
}
