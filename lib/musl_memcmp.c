/*
 * memcmp for the static build.
 *
 * musl's goes byte by byte. What is compared here is short (components of paths): two overlapping
 * words cover each size up to 16 bytes; longer ones go by 8.
 */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t word2 __attribute__((aligned(1), may_alias));
typedef uint32_t word4 __attribute__((aligned(1), may_alias));
typedef uint64_t word8 __attribute__((aligned(1), may_alias));

/* The first byte in memory that differs decides: as numbers, it has to be the highest. */
static int order(uint64_t x, uint64_t y)
{
	x = htobe64(x);
	y = htobe64(y);
	return x < y ? -1 : x > y;
}

#define COMPARE(type, at)                                                                          \
	do {                                                                                       \
		const type x = *(const type *)(a + (at)), y = *(const type *)(b + (at));           \
		if (x != y)                                                                        \
			return order(x, y);                                                        \
	} while (0)

int memcmp(const void *left, const void *right, size_t n)
{
	const unsigned char *a = left, *b = right;

	if (n >= 8) {
		for (size_t at = 0; at < n - 7; at += 8)
			COMPARE(word8, at);
		COMPARE(word8, n - 8);
	} else if (n >= 4) {
		COMPARE(word4, 0);
		COMPARE(word4, n - 4);
	} else if (n >= 2) {
		COMPARE(word2, 0);
		COMPARE(word2, n - 2);
	} else if (n) {
		return *a - *b;
	}
	return 0;
}
