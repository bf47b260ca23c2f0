/*
 * memcpy for the static build.
 *
 * musl's begins with `rep movsq`, whose start-up costs tens of nanoseconds on virtual machines; our
 * copies are short (jansson appends byte by byte: copying was 43% of reading a policy). Two
 * overlapping moves cover each size up to 32 bytes; longer copies go by 16.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t word2 __attribute__((aligned(1), may_alias));
typedef uint32_t word4 __attribute__((aligned(1), may_alias));
typedef uint64_t word8 __attribute__((aligned(1), may_alias));
typedef uint64_t word16 __attribute__((vector_size(16), aligned(1), may_alias));

#define COPY(type, at) (*(type *)(to + (at)) = *(const type *)(from + (at)))

/* Or the compiler would see what the loop is, and call memcpy for it. */
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *
memcpy(void *restrict dest, const void *restrict source, size_t n)
{
	unsigned char *to = dest;
	const unsigned char *from = source;

	if (n >= 16) {
		for (size_t at = 0; at < n - 15; at += 16)
			COPY(word16, at);
		COPY(word16, n - 16);
	} else if (n >= 8) {
		COPY(word8, 0);
		COPY(word8, n - 8);
	} else if (n >= 4) {
		COPY(word4, 0);
		COPY(word4, n - 4);
	} else if (n >= 2) {
		COPY(word2, 0);
		COPY(word2, n - 2);
	} else if (n) {
		*to = *from;
	}
	return dest;
}

/* Debian's musl ends memmove here when it copies forwards, the two possibly overlapping: one byte
 * after the other. */
void *__memcpy_fwd(void *dest, const void *source, size_t n);
void *__memcpy_fwd(void *dest, const void *source, size_t n)
{
	void *to = dest;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(n) : : "memory");
	return dest;
}
