/* The syntax of path and name patterns, and the matching of one component. */
#include "refmon/pattern.h"

#include <string.h>

#include "cordon/limits.h"
#include "refmon/table.h"

static const struct {
	const char *why, *remedy;
} flaws[MON_FLAW_COUNT] = {
#define MON_FLAW(id, problem, cure) [MON_FLAW_##id] = {problem, cure},
    MON_FLAWS
#undef MON_FLAW
};

const char *mon_flaw_text(enum mon_flaw flaw)
{
	return flaws[flaw].why;
}

const char *mon_remedy(const char *why)
{
	for (size_t i = MON_FLAW_NONE + 1; i < MON_FLAW_COUNT; i++) {
		if (flaws[i].why == why)
			return flaws[i].remedy;
	}
	return "";
}

static bool is_dots(const char *name, size_t len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

bool mon_path_next(const char **cursor, const char *end, const char **name, size_t *len)
{
	const char *start = *cursor, *at;

	if (start == end || start + 1 == end)
		return false;
	start++;
	/* Most components are shorter than what memchr() is good at. */
	for (at = start; at < end && *at != '/'; at++)
		;
	*name = start;
	*cursor = at;
	*len = (size_t)(at - start);
	return true;
}

bool mon_path_cut_subtree(const char *pattern, size_t *len)
{
	if (*len < 3 || memcmp(pattern + *len - 3, "/**", 3) != 0)
		return false;
	*len = *len == 3 ? 1 : *len - 3;
	return true;
}

static enum mon_flaw component_flaw(const char *name, size_t len)
{
	if (len == 0)
		return MON_FLAW_SLASHES;
	if (is_dots(name, len))
		return MON_FLAW_DOTS;
	if (len > CD_NAME_MAX)
		return MON_FLAW_LONG_NAME;
	return memmem(name, len, "**", 2) ? MON_FLAW_STARS : MON_FLAW_NONE;
}

enum mon_flaw mon_path_flaw(const char *pattern, size_t len)
{
	const char *cursor = pattern, *name;
	size_t size, whole = len;

	if (len == 0)
		return MON_FLAW_EMPTY;
	if (pattern[0] != '/')
		return MON_FLAW_RELATIVE;
	if (len >= CD_PATH_MAX)
		return MON_FLAW_LONG_PATH;
	if (memchr(pattern, '\0', len))
		return MON_FLAW_CONTROL;
	/* What is cut off must have stood after a component, or alone. */
	if (mon_path_cut_subtree(pattern, &len) && pattern[len - 1] == '/' && whole > 3)
		return MON_FLAW_SLASHES;
	if (len > 1 && pattern[len - 1] == '/')
		return MON_FLAW_SLASHES;
	while (mon_path_next(&cursor, pattern + len, &name, &size)) {
		enum mon_flaw flaw = component_flaw(name, size);

		if (flaw)
			return flaw;
	}
	return MON_FLAW_NONE;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._@+-*", c));
}

enum mon_flaw mon_name_flaw(const char *pattern, size_t len)
{
	if (len == 0)
		return MON_FLAW_EMPTY;
	if (len > CD_NAME_MAX)
		return MON_FLAW_LONG_NAME;
	for (size_t i = 0; i < len; i++) {
		if (!is_word_byte(pattern[i]))
			return MON_FLAW_NAME;
	}
	return memmem(pattern, len, "**", 2) ? MON_FLAW_STARS : MON_FLAW_NONE;
}

bool mon_path_is_normal(const char *path, size_t len)
{
	const char *cursor = path, *name;
	size_t size;

	if (len == 0 || len >= CD_PATH_MAX || path[0] != '/' || memchr(path, '\0', len))
		return false;
	if (len > 1 && path[len - 1] == '/')
		return false;
	while (mon_path_next(&cursor, path + len, &name, &size)) {
		if (size == 0 || is_dots(name, size))
			return false;
	}
	return true;
}

bool mon_is_glob(const char *text, size_t len)
{
	return memchr(text, '*', len) != NULL;
}

/*
 * The text before the first star and after the last are fixed to the two ends; what stands between
 * stars is taken at its first occurrence, which is never worse than a later one. So nothing is
 * tried twice.
 */
bool mon_glob_match(const char *glob, size_t glob_len, const char *name, size_t len)
{
	const char *glob_end = glob + glob_len, *end = name + len;
	const char *star = memchr(glob, '*', glob_len);
	const char *last = star ? memrchr(glob, '*', glob_len) : NULL;
	size_t head, tail;

	if (!star)
		return glob_len == len && memcmp(glob, name, len) == 0;
	head = (size_t)(star - glob);
	tail = (size_t)(glob_end - last) - 1;
	if (head + tail > len || memcmp(glob, name, head) != 0 ||
	    memcmp(last + 1, end - tail, tail) != 0)
		return false;
	name += head;
	end -= tail;
	while (star < last) {
		const char *piece = star + 1, *at;

		star = memchr(piece, '*', (size_t)(glob_end - piece));
		at = memmem(name, (size_t)(end - name), piece, (size_t)(star - piece));
		if (!at)
			return false;
		name = at + (star - piece);
	}
	return true;
}
