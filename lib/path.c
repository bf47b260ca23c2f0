/* Paths as text. */
#include "lib/path.h"

#include <string.h>

#include "lib/hash.h"

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

static bool begins_as_path(const char *path, size_t len)
{
	return len > 0 && len < CD_PATH_MAX && path[0] == '/';
}

/* Where the component at `at` ends; 0: none of a path in normal form is there. By hand: most are
 * shorter than what memchr() is good at. */
static size_t component_end(const char *path, size_t len, size_t at)
{
	size_t end = at;

	for (; end < len && path[end] != '/'; end++)
		if (!path[end])
			return 0;
	return end == at || is_dots(path + at, end - at) ? 0 : end;
}

bool cd_path_is_normal(const char *path, size_t len)
{
	size_t end;

	if (!begins_as_path(path, len))
		return false;
	for (size_t at = 1; at <= len && len > 1; at = end + 1) {
		end = component_end(path, len, at);
		if (!end)
			return false;
	}
	return true;
}

const struct cd_parts *cd_path_divide(const char *path, size_t len, struct cd_parts *parts)
{
	uint32_t whole = CD_HASH32_START, hash;
	size_t end;

	if (!begins_as_path(path, len))
		return NULL;
	parts->count = 0;
	for (size_t at = 1; at <= len && len > 1; at = end + 1) {
		end = component_end(path, len, at);
		if (!end)
			return NULL;
		whole = cd_hash32_byte(whole, '/');
		hash = CD_HASH32_START;
		for (size_t i = at; i < end; i++) {
			hash = cd_hash32_byte(hash, path[i]);
			whole = cd_hash32_byte(whole, path[i]);
		}
		parts->part[parts->count++] = (struct cd_part){
		    cd_hash32_mix(hash), cd_hash32_mix(whole), (uint16_t)at, (uint16_t)(end - at)};
	}
	return parts;
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
