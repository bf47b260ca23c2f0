/* A shared object or a static program in memory, checked: what rewriting and verifying need of it.
 */
#ifndef CORDON_LOADER_ELF_H
#define CORDON_LOADER_ELF_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/status.h"

#define LOADER_PAGE	 4096u
#define LOADER_PHDRS_MAX 64
/* Addresses stay below, so that each is within a 32-bit displacement of every other. */
#define LOADER_VADDR_MAX (UINT64_C(1) << 30)

struct loader_elf {
	const uint8_t *bytes; /* borrowed */
	size_t size;
	GElf_Ehdr ehdr;
	GElf_Phdr phdr[LOADER_PHDRS_MAX];
	unsigned count;
	unsigned last_load;   /* the PT_LOAD of the highest address: the writable one */
	bool is_interpreter;  /* what the kernel starts in a program's stead */
	bool is_program;      /* a static one, which nothing else starts */
	unsigned note;	      /* the PT_NOTE that can be done without; `count`: none */
	bool has_room;	      /* none, but behind the program headers there is room for one more */
	size_t build_id;      /* its offset in the file */
	size_t build_id_size; /* 0: none */
	uint64_t *starts;     /* where functions, or what is between them, begin; ascending */
	size_t starts_count;
	size_t starts_capacity;
};

/*
 * Parse and check. On failure *why is one clause, static. loader_elf_close() is wanted after
 * success only.
 */
CD_CHECKED enum cd_status loader_elf_open(struct loader_elf *elf, const void *bytes, size_t size,
					  const char **why);
void loader_elf_close(struct loader_elf *elf);

/* The index of the segment that has `len` bytes from address `at` in the file; `count`: none. */
unsigned loader_elf_segment(const struct loader_elf *elf, uint64_t at, uint64_t len);
/* The bytes in the file from address `at` to the end of its executable segment; NULL: none. */
const uint8_t *loader_elf_code(const struct loader_elf *elf, uint64_t at, size_t *left);

/* Whether nothing but the file itself can map the shim. */
static inline bool loader_elf_starts(const struct loader_elf *elf)
{
	return elf->is_interpreter || elf->is_program;
}

/* How many program headers a copy has. */
static inline unsigned loader_elf_copied(const struct loader_elf *elf)
{
	return elf->count + elf->has_room;
}

static inline uint64_t loader_page_up(uint64_t n)
{
	return (n + LOADER_PAGE - 1) & ~(uint64_t)(LOADER_PAGE - 1);
}

/* Collects elf->starts: functions.c. */
CD_CHECKED enum cd_status loader_find_functions(struct loader_elf *elf, Elf *handle);

#endif
