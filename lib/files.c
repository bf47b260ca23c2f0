/* Whole files. */
#include "lib/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "lib/vec.h"

bool cd_file_path(int fd, char path[CD_PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, CD_PATH_MAX);
	if (n <= 0 || n == CD_PATH_MAX)
		return false;
	path[n] = '\0';
	return true;
}

static bool read_all(int fd, size_t max, char **text, size_t *len)
{
	size_t capacity = 0;
	char *all = NULL;
	ssize_t got = 1;

	for (*len = 0; got > 0 || (got < 0 && errno == EINTR); *len += got > 0 ? (size_t)got : 0) {
		char *grown = cd_vec_grow(all, &capacity, *len + 4096, 1);

		if (!grown || *len > max) {
			errno = grown ? EFBIG : ENOMEM;
			free(grown ? grown : all);
			return false;
		}
		all = grown;
		got = read(fd, all + *len, 4095);
	}
	if (got < 0) {
		free(all);
		return false;
	}
	all[*len] = '\0';
	*text = all;
	return true;
}

bool cd_file_read(const char *path, size_t max, char **text, size_t *len)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : STDIN_FILENO;
	struct stat st;
	bool ok = fd >= 0 && fstat(fd, &st) == 0;
	int error;

	if (ok && path && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		ok = false;
	}
	ok = ok && read_all(fd, max, text, len);
	error = errno;
	if (path && fd >= 0)
		close(fd);
	errno = error;
	return ok;
}

static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

bool cd_file_replace(const char *path, const char *text, size_t len)
{
	char real[CD_PATH_MAX], made[CD_PATH_MAX + 16];
	struct stat st;
	int fd, error;
	bool ok;

	if (!realpath(path, real) || stat(real, &st))
		return false;
	snprintf(made, sizeof(made), "%s.XXXXXX", real);
	fd = mkostemp(made, O_CLOEXEC);
	if (fd < 0)
		return false;
	/* The mode after the owner: giving a file away takes rights off it. */
	ok = write_all(fd, text, len) &&
	     ((st.st_uid == geteuid() && st.st_gid == getegid()) ||
	      fchown(fd, st.st_uid, st.st_gid) == 0) &&
	     fchmod(fd, st.st_mode & 07777) == 0 && fsync(fd) == 0 && rename(made, real) == 0;
	error = errno;
	close(fd);
	if (!ok)
		unlink(made);
	errno = error;
	return ok;
}
