/* Growing an array that its owner keeps as pointer, count and capacity. */
#ifndef CORDON_LIB_VEC_H
#define CORDON_LIB_VEC_H

#include <stddef.h>

/*
 * Room for at least `need` items of `size` bytes. Returns the array, perhaps moved, with *capacity
 * brought up to date; NULL when there is no memory, and then items and *capacity are as before.
 */
void *cd_vec_grow(void *items, size_t *capacity, size_t need, size_t size);
/*
 * The same for an array that may still be `first`: storage of the owner's own, which holds what is
 * needed most of the time, so that nothing is allocated then. Only what is not `first` is to be
 * freed.
 */
void *cd_vec_grow_first(void *first, void *items, size_t *capacity, size_t need, size_t size);

#endif
