/* Where a thread can be cancelled asynchronously: there no call site may be patched. */
#ifndef CORDON_LOADER_WINDOWS_H
#define CORDON_LOADER_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "cordon/status.h"
#include "loader/code.h"
#include "loader/elf.h"

struct loader_windows {
	const struct loader_elf *elf;
	struct loader_code *code;
	uint8_t *inside; /* one bit for each byte of the file: an instruction in a window */
	uint8_t *asked;	 /* the same: whether it begins a switch was asked, and `is_switch` says */
	uint8_t *is_switch;
	uint64_t *todo; /* addresses that the walk has yet to follow */
	size_t todo_count;
	size_t todo_capacity;
};

/* Find the windows. Both arguments must outlive them. */
CD_CHECKED enum cd_status loader_windows_open(struct loader_windows *windows,
					      const struct loader_elf *elf,
					      struct loader_code *code);
void loader_windows_close(struct loader_windows *windows);

/* Whether the `syscall` at address `at` is in a window. */
bool loader_windows_has(struct loader_windows *windows, uint64_t at);

#endif
