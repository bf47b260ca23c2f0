/* Memory that one process writes and others, which do not trust it or are not trusted, only read.
 */
#ifndef CORDON_LIB_SHARED_H
#define CORDON_LIB_SHARED_H

#include <stddef.h>

/*
 * Zeroed memory, mapped for writing here and in every process that is forked from here until
 * cd_shared_free(). *fd, the caller's, can be mapped for reading and no more. NULL: errno says why.
 */
void *cd_shared_new(const char *name, size_t size, int *fd);
/* The same for reading; NULL when the descriptor is not of this size and sort. */
const void *cd_shared_map(int fd, size_t size);
/* Unmaps; NULL is fine. */
void cd_shared_free(const void *memory, size_t size);

#endif
