#include "lib/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

void *cd_vec_grow_first(void *first, void *items, size_t *capacity, size_t need, size_t size)
{
	size_t grown_capacity = 0;
	void *grown;

	if (need <= *capacity)
		return items;
	if (items != first)
		return cd_vec_grow(items, capacity, need, size);
	grown = cd_vec_grow(NULL, &grown_capacity, need, size);
	if (grown) {
		memcpy(grown, first, *capacity * size);
		*capacity = grown_capacity;
	}
	return grown;
}
