/* Reading instructions, with capstone. */
#ifndef CORDON_LOADER_CODE_H
#define CORDON_LOADER_CODE_H

#include <capstone/capstone.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/status.h"
#include "loader/elf.h"

struct loader_code {
	csh handle;
	cs_insn *insn; /* the one last read */
};

CD_CHECKED enum cd_status loader_code_open(struct loader_code *code);
void loader_code_close(struct loader_code *code);

/*
 * Read the instruction at `at`, whose bytes are at `bytes`, into code->insn. False: it is not
 * known.
 */
bool loader_code_read(struct loader_code *code, const uint8_t *bytes, size_t left, uint64_t at);

/*
 * Of the instruction last read. `is_movable`: it does the same at another address, goes on behind
 * itself, and leaves the number of a call and the stack pointer alone.
 */
bool loader_code_is_movable(const struct loader_code *code);
bool loader_code_uses_number(const struct loader_code *code);
bool loader_code_in_group(const struct loader_code *code, uint8_t group);
/* The target of a direct jump or call; false: it is not a direct one. */
bool loader_code_target(const struct loader_code *code, uint64_t *out);

/* Whether call sites of this system call are patched: shim/calls.def. */
bool loader_is_shim_call(uint32_t nr);

#endif
