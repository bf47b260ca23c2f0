/*
 * Directories that are open: what is in them, and small files in them, as /proc has them. Without
 * memory of its own, so that a process with few system calls left can look.
 */
#ifndef CORDON_LIB_DIR_H
#define CORDON_LIB_DIR_H

#include <stdbool.h>
#include <stddef.h>

struct cd_dir {
	int fd;
	long at, len;
	char list[4096] __attribute__((aligned(8)));
};

/* From the first entry on; fd is borrowed. */
void cd_dir_begin(struct cd_dir *dir, int fd);
/* The name of the next one but "." and "..", until the next call; NULL: that was all. */
const char *cd_dir_next(struct cd_dir *dir);

/* The first size - 1 bytes of a file, as far as one read gives them, and a NUL. False: there are
 * none. */
bool cd_dir_read(int fd, const char *name, char *text, size_t size);

#endif
