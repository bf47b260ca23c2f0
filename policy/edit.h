/* Policy files as texts: formatted, added to, described for editors. */
#ifndef CORDON_POLICY_EDIT_H
#define CORDON_POLICY_EDIT_H

#include "policy/policy.h"

/*
 * The document in canonical form: keys and operations in the order of their tables, lists and small
 * objects in one line where they fit 100 columns. Its meaning, and the order of patterns, stay as
 * they are. out: malloc'd. source: the file's name, for the error.
 */
enum cd_status pol_format(const char *source, const char *text, size_t len, char **out,
			  struct pol_error *error) CD_CHECKED;

/*
 * The document with one pattern, or object, more under a key ("allow", "always"), and nothing else
 * changed. It is taken literally: a "${" in it is written as "$${". out: malloc'd.
 */
enum cd_status pol_amend(const char *source, const char *text, size_t len, const char *key,
			 enum cd_op op, const char *pattern, char **out,
			 struct pol_error *error) CD_CHECKED;

/* The same with a pattern as policies write it, variables and all. */
enum cd_status pol_amend_written(const char *source, const char *text, size_t len, const char *key,
				 enum cd_op op, const char *written, char **out,
				 struct pol_error *error) CD_CHECKED;

/* A JSON Schema (draft 2020-12) of the language, made of its tables. malloc'd; NULL: out of memory.
 */
char *pol_schema(void);

/* Policies to begin with; ends with a NULL name. */
struct pol_template {
	const char *name, *text;
};
extern const struct pol_template pol_templates[];

#endif
