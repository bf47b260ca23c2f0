/*
 * encryptor: what ransomware does, on decoys.
 *
 * usage: encryptor DIRECTORY
 *
 * Changes every byte of every file of the directory, in place. A second run changes them back. It
 * touches only a directory that holds a file named DECOY, so that a slip of the hand costs nothing.
 *
 * Exit status: 0 every file was changed, 1 some were not, 2 there is nothing to do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY 0x5a

static int encrypt(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_NOFOLLOW);
	unsigned char bytes[4096];
	off_t at = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			bytes[i] ^= KEY;
		if (pwrite(fd, bytes, (size_t)n, at) != n)
			break;
		at += n;
	}
	close(fd);
	return n == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	int changed = 0, spared = 0;
	struct stat st;
	DIR *dir;

	dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (!dir || fstatat(dirfd(dir), "DECOY", &st, AT_SYMLINK_NOFOLLOW)) {
		fputs("usage: encryptor DIRECTORY   (one that holds a file named DECOY)\n", stderr);
		return 2;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode) || strcmp(entry->d_name, "DECOY") == 0)
			continue;
		if (encrypt(dirfd(dir), entry->d_name) == 0) {
			changed++;
			continue;
		}
		printf("spared %s: %s\n", entry->d_name, strerror(errno));
		spared++;
	}
	closedir(dir);
	printf("%d files changed, %d spared\n", changed, spared);
	return spared ? 1 : 0;
}
