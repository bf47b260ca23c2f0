/* The call sites that are patched. */
#ifndef CORDON_LOADER_SITES_H
#define CORDON_LOADER_SITES_H

#include "loader/code.h"
#include "loader/elf.h"
#include "loader/loader.h"
#include "loader/windows.h"

#define LOADER_MOV_SIZE	     5 /* mov $nr,%eax: b8 imm32; and the jump that replaces it: e9 rel32 */
#define LOADER_SYSCALL_SIZE  2 /* 0f 05 */
#define LOADER_BETWEEN_INSNS 12 /* between the two, at most */
#define LOADER_BETWEEN_SIZE  (LOADER_BETWEEN_INSNS * 15)

struct loader_site {
	uint64_t mov;	  /* addresses: of the mov, */
	uint64_t syscall; /* and of the syscall that follows it */
	uint32_t nr;
};

struct loader_sites {
	struct loader_site *items; /* ascending */
	size_t count;
	size_t capacity;
};

/* Fills in what the report says of sites. The caller frees out->items. */
CD_CHECKED enum cd_status loader_find_sites(const struct loader_elf *elf, struct loader_code *code,
					    struct loader_windows *windows,
					    struct loader_sites *out, struct loader_report *report);

/* Whether what lies between the two of a site can stand in a trampoline as it is. */
bool loader_is_between(struct loader_code *code, const uint8_t *bytes, size_t size);

#endif
