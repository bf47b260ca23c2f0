/* Paths as text. */
#include "lib/path.h"

#include <string.h>

#include "cordon/limits.h"

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

bool cd_path_is_normal(const char *path, size_t len)
{
	if (len == 0 || len >= CD_PATH_MAX || path[0] != '/' || memchr(path, '\0', len))
		return false;
	for (size_t at = 1, n; at <= len && len > 1; at += n + 1) {
		const char *end = memchr(path + at, '/', len - at);

		n = end ? (size_t)(end - path) - at : len - at;
		if (n == 0 || is_dots(path + at, n))
			return false;
	}
	return true;
}

bool cd_path_is_within_len(const char *path, size_t len, const char *dir, size_t dir_len)
{
	return len >= dir_len && memcmp(path, dir, dir_len) == 0 &&
	       (len == dir_len || path[dir_len] == '/' || dir_len == 1);
}

bool cd_path_is_within(const char *path, const char *dir)
{
	return cd_path_is_within_len(path, strlen(path), dir, strlen(dir));
}
