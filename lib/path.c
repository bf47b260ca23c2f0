/* Paths as text. */
#include "lib/path.h"

#include <string.h>

#include "cordon/limits.h"

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

/* By hand: most components are shorter than what memchr() is good at. */
bool cd_path_is_normal(const char *path, size_t len)
{
	size_t name = 1;

	if (len == 0 || len >= CD_PATH_MAX || path[0] != '/')
		return false;
	for (size_t at = 1; at <= len && len > 1; at++) {
		if (at < len && path[at] == '\0')
			return false;
		if (at < len && path[at] != '/')
			continue;
		if (at == name || is_dots(path + name, at - name))
			return false;
		name = at + 1;
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
	size_t n = 0;

	/* Most differ in their first bytes: their lengths are not needed. */
	while (dir[n] && dir[n] == path[n])
		n++;
	return !dir[n] && (!path[n] || path[n] == '/' || n == 1);
}
