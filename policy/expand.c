/* Variables: ${HOME} ${CWD} ${TMP} ${UID} ${PROGRAM}; and $${, which stands for the two bytes ${.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"

#define EXPANDED_MAX (2 * CD_PATH_MAX)

static const char *variable_name(const void *context, size_t i)
{
	static const char *const names[] = {"HOME", "CWD", "TMP", "UID", "PROGRAM", NULL};

	(void)context;
	return names[i];
}

static bool is_name(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && memcmp(name, text, len) == 0;
}

/* The value of a variable; uid_text has room for the one that is a number. NULL: has none here. */
static const char *variable_value(const struct pol_vars *vars, const char *name, char uid_text[24])
{
	const struct {
		const char *name, *value;
	} table[] = {{"HOME", vars->home},
		     {"CWD", vars->cwd},
		     {"TMP", vars->tmp},
		     {"PROGRAM", vars->program},
		     {"UID", uid_text}};

	snprintf(uid_text, 24, "%lu", vars->uid);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, name) == 0)
			return table[i].value;
	}
	return NULL;
}

static enum cd_status fail_unknown(const char *text, size_t len, struct pol_error *error)
{
	char word[64];
	const char *near;

	snprintf(word, sizeof(word), "%.*s", (int)(len < 60 ? len : 60), text);
	near = pol_nearest(word, variable_name, NULL);
	return pol_failf(error,
			 near ? "did you mean one of ${HOME} ${CWD} ${TMP} ${UID} ${PROGRAM}?"
			      : "use ${HOME}, ${CWD}, ${TMP}, ${UID} or ${PROGRAM}",
			 "unknown variable ${%s}", word);
}

/* Appends the value of the variable named text[0, len), with what follows it in view: "/" + "/x" is
 * "/x". */
static enum cd_status add_variable(const struct pol_draft *draft, const char *text, size_t len,
				   struct cd_buf *out, struct pol_error *error)
{
	const char *name, *value;
	char uid_text[24];

	for (size_t i = 0; (name = variable_name(NULL, i)); i++) {
		if (is_name(name, text, len))
			break;
	}
	if (!name)
		return fail_unknown(text, len, error);
	value = variable_value(&draft->vars, name, uid_text);
	if (!value)
		return pol_failf(error, "write the path out, or set it", "${%s} has no value here",
				 name);
	if (strchr(value, '*') && !draft->stars_in_values)
		return pol_failf(
		    error, "no pattern can name such a path; write it out with care, or rename it",
		    "the value of ${%s} holds a \"*\"", name);
	if (strcmp(value, "/") == 0 && text[len + 1] == '/')
		value = "";
	cd_buf_str(out, value);
	return CD_OK;
}

/* Apart from pol_expand(), so that texts without variables do not pay for the room. */
static enum cd_status expand_variables(struct pol_draft *draft, const char *text, const char **out,
				       struct pol_error *error)
{
	char expanded[EXPANDED_MAX];
	struct cd_buf buf;

	cd_buf_init(&buf, expanded, sizeof(expanded));
	while (*text) {
		const char *shut;
		enum cd_status status;

		if (strncmp(text, "$${", 3) == 0) {
			cd_buf_str(&buf, "${");
			text += 3;
			continue;
		}
		if (strncmp(text, "${", 2) != 0) {
			cd_buf_add(&buf, text++, 1);
			continue;
		}
		shut = strchr(text, '}');
		if (!shut)
			return pol_fail(
			    error, "\"${\" without \"}\"",
			    "close the variable: ${HOME}; or write $${ for the bytes themselves");
		status = add_variable(draft, text + 2, (size_t)(shut - text) - 2, &buf, error);
		if (status)
			return status;
		text = shut + 1;
	}
	if (buf.cut)
		return pol_fail(error, "the text is too long", "shorten it to at most 8191 bytes");
	*out = pol_keep(&draft->arena, expanded, buf.len);
	return *out ? CD_OK : pol_fail_memory(error);
}

enum cd_status pol_expand(struct pol_draft *draft, const char *text, const char **out,
			  struct pol_error *error)
{
	if (strchr(text, '$') || strlen(text) >= EXPANDED_MAX)
		return expand_variables(draft, text, out, error);
	*out = text;
	return CD_OK;
}

char *pol_escape(const char *text)
{
	char *escaped = malloc(2 * strlen(text) + 1), *end = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (text[0] == '$' && text[1] == '{')
			*end++ = '$';
		*end++ = *text;
	}
	*end = '\0';
	return escaped;
}
