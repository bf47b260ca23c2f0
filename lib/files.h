/* Whole files: read, and written so that a reader finds the old text or the new one. */
#ifndef CORDON_LIB_FILES_H
#define CORDON_LIB_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "cordon/limits.h"

/* Where an open file is, with no link on the way, as /proc says. False: it does not, or that is too
 * long. */
bool cd_file_path(int fd, char path[CD_PATH_MAX]);

/*
 * A regular file of at most max bytes; path NULL: standard input, whatever it is. *text is malloc'd
 * and NUL-terminated. False: errno says why; EFBIG for what is too large.
 */
bool cd_file_read(const char *path, size_t max, char **text, size_t *len);

/* Puts the text in the place of the file (of what a link leads to), which keeps its mode and, where
 * that may be, its owner. False: errno says why, and the file is as it was. */
bool cd_file_replace(const char *path, const char *text, size_t len);

#endif
