#include "lib/vec.h"

#include <stdint.h>
#include <stdlib.h>

void *cd_vec_grow(void *items, size_t *capacity, size_t need, size_t size)
{
	size_t want = *capacity ? *capacity : 8;
	void *grown;

	if (items && need <= *capacity)
		return items;
	while (want < need) {
		if (want > SIZE_MAX / 2)
			return NULL;
		want *= 2;
	}
	if (want > SIZE_MAX / size)
		return NULL;
	grown = realloc(items, want * size);
	if (grown)
		*capacity = want;
	return grown;
}
