/* Paths as text: absolute, and without anything that would have to be walked to be understood. */
#ifndef CORDON_LIB_PATH_H
#define CORDON_LIB_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Is it absolute, shorter than CD_PATH_MAX, and equal to its own normal form? */
bool cd_path_is_normal(const char *path, size_t len);

/* Is the path the directory, or below it? Both are in normal form. */
bool cd_path_is_within(const char *path, const char *dir);
/* The same of paths that do not end with a NUL. */
bool cd_path_is_within_len(const char *path, size_t len, const char *dir, size_t dir_len);

#endif
