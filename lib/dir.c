/* Directories that are open. */
#include "lib/dir.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct entry { /* as getdents64 writes it */
	uint64_t inode, offset;
	unsigned short len;
	unsigned char type;
	char name[];
};

void cd_dir_begin(struct cd_dir *dir, int fd)
{
	dir->fd = fd;
	dir->at = dir->len = 0;
	lseek(fd, 0, SEEK_SET);
}

const char *cd_dir_next(struct cd_dir *dir)
{
	for (;;) {
		const struct entry *entry = (const struct entry *)(dir->list + dir->at);

		if (dir->at >= dir->len) {
			dir->at = 0;
			dir->len = syscall(SYS_getdents64, dir->fd, dir->list, sizeof(dir->list));
			if (dir->len <= 0)
				return NULL;
			continue;
		}
		dir->at += entry->len;
		if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
			return entry->name;
	}
}

bool cd_dir_read(int fd, const char *name, char *text, size_t size)
{
	int file = openat(fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (file < 0)
		return false;
	n = read(file, text, size - 1);
	close(file);
	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}
