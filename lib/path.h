/* Paths as text: absolute, and without anything that would have to be walked to be understood. */
#ifndef CORDON_LIB_PATH_H
#define CORDON_LIB_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/limits.h"

/* Is it absolute, shorter than CD_PATH_MAX, and equal to its own normal form? */
bool cd_path_is_normal(const char *path, size_t len);

/*
 * A path's components, the outermost first, with what tables are looked up by. "/" has none. Where
 * many decide on one path, it is divided once.
 */
struct cd_part {
	uint32_t hash;	/* of the component: cd_hash32() */
	uint32_t whole; /* of the path from its beginning to the component's end, likewise */
	uint16_t at, len;
};
struct cd_parts {
	unsigned count;
	struct cd_part part[CD_PATH_MAX / 2];
};

/* Returns parts; NULL: the path is not in normal form. */
const struct cd_parts *cd_path_divide(const char *path, size_t len, struct cd_parts *parts);

/* Is the path the directory, or below it? Both are in normal form. */
bool cd_path_is_within(const char *path, const char *dir);
/* The same of paths that do not end with a NUL. */
bool cd_path_is_within_len(const char *path, size_t len, const char *dir, size_t dir_len);

#endif
