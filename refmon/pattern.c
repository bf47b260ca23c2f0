/* The syntax of path and name patterns, and the matching of one component. */
#include "refmon/pattern.h"

#include <stdint.h>
#include <stdlib.h>
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

bool mon_request_parse(const char *pattern, size_t len, struct cd_request *out)
{
	char name[CD_REQUEST_TEXT], number[CD_REQUEST_TEXT];
	const char *dot = memchr(pattern, '.', len), *digits;
	size_t type = dot ? (size_t)(dot - pattern) : 0, digits_len = len - type - 1;
	bool any_type = *pattern == '*' && (type == 1 || len == 1), any_number;
	unsigned long request;

	if (len == 1 && any_type) {
		*out = (struct cd_request){0, 0};
		return true;
	}
	if (!type || digits_len >= sizeof(number))
		return false;
	memcpy(number, dot + 1, digits_len);
	number[digits_len] = '\0';
	any_number = strcmp(number, "*") == 0;
	/* Of all of a type, any. */
	request = !any_number ? strtoul(number, NULL, 16)
		  : type == 1 ? (unsigned long)(unsigned char)*pattern << 8
			      : strtoul(pattern, NULL, 16) << 8;
	if (request > UINT32_MAX)
		return false;
	cd_request_name((uint32_t)request, name);
	digits = strchr(name, '.');
	if (!any_number && strcmp(number, digits + 1) != 0)
		return false;
	if (!any_type && (type != (size_t)(digits - name) || memcmp(pattern, name, type) != 0))
		return false;
	out->mask = !any_number ? UINT32_MAX : any_type ? 0 : 0xff00;
	out->value = (uint32_t)request & out->mask;
	return true;
}

enum mon_flaw mon_name_flaw_for(enum cd_op op, const char *pattern, size_t len)
{
	enum mon_flaw flaw = mon_name_flaw(pattern, len);
	struct cd_request request;

	if (flaw)
		return flaw;
	if (op == CD_OP_DEV_IOCTL && !mon_request_parse(pattern, len, &request))
		return MON_FLAW_REQUEST;
	if (op == CD_OP_PROC_TRACE &&
	    !mon_glob_match(pattern, len, CD_TRACE_SPACE, strlen(CD_TRACE_SPACE)))
		return MON_FLAW_TRACE;
	return MON_FLAW_NONE;
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
