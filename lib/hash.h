/* FNV-1a, 64 bits: for tables and names, not against whoever looks for collisions. */
#ifndef CORDON_LIB_HASH_H
#define CORDON_LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

#define CD_HASH_START UINT64_C(0xcbf29ce484222325)

/* The hash of what came before, which begins as CD_HASH_START, and of these bytes. */
static inline uint64_t cd_hash(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

#endif
