/* FNV-1a: for tables and names, not against whoever looks for collisions. */
#ifndef CORDON_LIB_HASH_H
#define CORDON_LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

#define CD_HASH_START UINT64_C(0xcbf29ce484222325)

/* 64 bits: the hash of what came before, which begins as CD_HASH_START, and of these bytes. */
static inline uint64_t cd_hash(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

#define CD_HASH32_START 2166136261u

/* 32 bits: likewise, of one byte more. */
static inline uint32_t cd_hash32_byte(uint32_t hash, char c)
{
	return (hash ^ (unsigned char)c) * 16777619u;
}

/* To end with: now low bits depend on all. */
static inline uint32_t cd_hash32_mix(uint32_t hash)
{
	hash = (hash ^ hash >> 16) * 0x85ebca6bu;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

static inline uint32_t cd_hash32(const char *bytes, size_t len)
{
	uint32_t hash = CD_HASH32_START;

	for (size_t i = 0; i < len; i++)
		hash = cd_hash32_byte(hash, bytes[i]);
	return cd_hash32_mix(hash);
}

#endif
