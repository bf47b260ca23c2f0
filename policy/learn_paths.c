/* Names that will be others the next time, and variables. */
#include "policy/learn_paths.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/path.h"
#include "policy/draft.h"

#define RANDOM_LEAST 6	/* characters of mkstemp's template */
#define DIGEST_LEAST 16 /* hexadecimal digits that are no word and no number of a version */

/* A run of letters and digits: could nobody have thought of it? */
static bool looks_made_up(const char *run, size_t len)
{
	size_t digits = 0, upper = 0, lower = 0, hex = 0, changes = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)run[i];

		digits += isdigit(c) != 0;
		upper += isupper(c) != 0;
		lower += islower(c) != 0;
		hex += isxdigit(c) != 0;
		changes += i && !isdigit(c) != !isdigit((unsigned char)run[i - 1]);
		changes += i && islower((unsigned char)run[i - 1]) && isupper(c);
	}
	if (hex == len && len >= DIGEST_LEAST)
		return true;
	if (digits == len)
		return len >= RANDOM_LEAST - 2; /* a process, a time */
	if (len < RANDOM_LEAST)
		return false;
	/* Letters of both cases that are no words in camel's case; of one case, digits amid
	 * letters, and more of them than "x86_64" has. */
	if (upper && lower)
		return changes >= 2 || digits;
	return digits && (changes >= 4 || (len >= RANDOM_LEAST + 2 && changes >= 3));
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? name[i] != '-'
							    : !isxdigit((unsigned char)name[i]))
			return false;
	return len == 36;
}

static size_t run_at(const char *name, size_t len, size_t at)
{
	size_t n = 0;

	while (at + n < len && (isalnum((unsigned char)name[at + n]) || name[at + n] == '_'))
		n++;
	return n;
}

/* tempfile's and the compiler's: a word, and then eight or six characters of anything. */
static size_t known_prefix(const char *run, size_t len)
{
	static const struct {
		const char *prefix;
		size_t rest;
	} known[] = {{"tmp", 8},       {"cc", 6},	{"tmp_obj_", 6},
		     {"tmp_pack_", 6}, {"tmp_idx_", 6}, {"tmp", 6}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].prefix);

		if (len == n + known[i].rest && memcmp(run, known[i].prefix, n) == 0)
			return n;
	}
	return 0;
}

bool pol_learn_temporary(const char *name, size_t len, bool directory, char *out, size_t size)
{
	bool found = false;
	struct cd_buf text;

	if (directory && len == 2 && isxdigit((unsigned char)name[0]) &&
	    isxdigit((unsigned char)name[1]))
		return snprintf(out, size, "*") < (int)size;

	if (is_uuid(name, len))
		return snprintf(out, size, "*") < (int)size;
	cd_buf_init(&text, out, size);
	for (size_t at = 0; at < len;) {
		size_t run = run_at(name, len, at), prefix = known_prefix(name + at, run);

		if (run && (prefix || looks_made_up(name + at, run))) {
			cd_buf_add(&text, name + at, prefix);
			if (!text.len || out[text.len - 1] != '*')
				cd_buf_str(&text, "*");
			found = true;
		} else {
			cd_buf_add(&text, name + at, run ? run : 1);
		}
		at += run ? run : 1;
	}
	return found && !text.cut;
}

bool pol_learn_version(const char *name, size_t len, char *out, size_t size)
{
	static const char mark[] = ".so.";

	for (size_t i = 1; i + sizeof(mark) - 1 < len; i++) {
		if (memcmp(name + i, mark, sizeof(mark) - 1) != 0)
			continue;
		for (size_t j = i + sizeof(mark) - 1; j < len; j++)
			if (!isdigit((unsigned char)name[j]) && name[j] != '.')
				return false;
		return snprintf(out, size, "%.*s.so*", (int)i, name) < (int)size;
	}
	return false;
}

bool pol_learn_may_widen(const char *path, const struct pol_vars *vars)
{
	size_t depth = 0;

	for (const char *at = path; *at; at++)
		depth += *at == '/' && at[1];
	/* Others' files lie beside the user's: the home, and whatever leads to it. */
	if (vars->home && cd_path_is_within(vars->home, path))
		return false;
	return depth >= 2;
}

static bool begins_with(const char *path, const char *value)
{
	return value && value[0] == '/' && value[1] && cd_path_is_within(path, value);
}

char *pol_learn_written(const char *plain, const struct pol_vars *vars)
{
	const struct {
		const char *name, *value;
	} variables[] = {{"${CWD}", vars->cwd}, {"${HOME}", vars->home}};
	const char *scheme = strncmp(plain, "unix:/", 6) == 0 ? "unix:" : "";
	const char *path = plain + strlen(scheme), *variable = "";
	char own[64], *escaped, *out = NULL;
	size_t best = 0;

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t len = variables[i].value ? strlen(variables[i].value) : 0;

		if (len > best && begins_with(path, variables[i].value)) {
			best = len;
			variable = variables[i].name;
		}
	}
	snprintf(own, sizeof(own), "/run/user/%lu", vars->uid);
	if (!best && begins_with(path, own)) {
		best = strlen(own);
		variable = "/run/user/${UID}";
	}
	escaped = pol_escape(path + best);
	if (!escaped || asprintf(&out, "%s%s%s", scheme, variable, escaped) < 0)
		out = NULL;
	free(escaped);
	return out;
}
