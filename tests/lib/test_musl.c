/* What the static build has in the place of musl's: held against the C library of the tests. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

int musl_memcmp(const void *left, const void *right, size_t n);

#define memcmp musl_memcmp
#include "lib/musl_memcmp.c"
#undef memcmp

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

Test(musl, memcmp_says_what_memcmp_says)
{
	unsigned char a[64], b[64];
	unsigned seed = 3;

	for (int round = 0; round < 200000; round++) {
		size_t n = (size_t)rand_r(&seed) % 40, left = (size_t)rand_r(&seed) % 9,
		       right = (size_t)rand_r(&seed) % 9;

		for (size_t i = 0; i < n; i++)
			a[left + i] = b[right + i] = (unsigned char)rand_r(&seed);
		for (int changes = rand_r(&seed) % 3; n && changes; changes--)
			b[right + (size_t)rand_r(&seed) % n] = (unsigned char)rand_r(&seed);
		/* What lies around has no part in it. */
		a[left + n] = (unsigned char)rand_r(&seed);
		b[right + n] = (unsigned char)rand_r(&seed);
		cr_assert_eq(sign(musl_memcmp(a + left, b + right, n)),
			     sign(memcmp(a + left, b + right, n)), "%zu bytes", n);
	}
}
