/*
 * From what a program was seen to do to rules.
 *
 * Each request becomes a pattern of its own; then patterns are widened, one reason after another,
 * and at the end those that another one covers are dropped. Widening a directory never reaches what
 * is protected: wildcards grant no secrets.
 */
#include "policy/learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/buf.h"
#include "lib/vec.h"
#include "policy/learn_paths.h"

struct pol_learn {
	const struct pol_vars *vars;
	size_t threshold;
	struct pol_learned *rules;
	size_t count, capacity;
	char **own; /* directories that the program made */
	size_t own_count, own_capacity;
};

struct pol_learn *pol_learn_new(const struct pol_vars *vars, size_t threshold)
{
	struct pol_learn *learn = calloc(1, sizeof(*learn));

	if (!learn)
		return NULL;
	learn->vars = vars;
	learn->threshold = threshold < 2 ? 2 : threshold;
	return learn;
}

static void drop(struct pol_learned *rule)
{
	free(rule->pattern);
	free(rule->plain);
	rule->pattern = rule->plain = NULL;
}

void pol_learn_free(struct pol_learn *learn)
{
	if (!learn)
		return;
	for (size_t i = 0; i < learn->count; i++)
		drop(&learn->rules[i]);
	for (size_t i = 0; i < learn->own_count; i++)
		free(learn->own[i]);
	free(learn->rules);
	free(learn->own);
	free(learn);
}

bool pol_learn_can_name(const char *object)
{
	return object[0] && !strchr(object, '*') && cd_is_utf8(object, strlen(object));
}

static bool is_path_op(enum cd_op op)
{
	return op <= CD_OP_FS_EXEC;
}

bool pol_learn_own(struct pol_learn *learn, const char *directory)
{
	char **own;

	for (size_t i = 0; i < learn->own_count; i++)
		if (strcmp(learn->own[i], directory) == 0)
			return true;
	own = cd_vec_grow(learn->own, &learn->own_capacity, learn->own_count + 1, sizeof(*own));
	if (!own)
		return false;
	learn->own = own;
	learn->own[learn->own_count] = strdup(directory);
	return learn->own[learn->own_count] && ++learn->own_count;
}

/* The last component's pattern, if it is one that will be another. Only what the program made may
 * be temporary: the user's own files keep their names. */
static enum pol_learn_why generalise_name(const char *object, bool made, bool directory,
					  char out[CD_PATH_MAX])
{
	const char *slash = strrchr(object, '/');
	size_t dir = slash ? (size_t)(slash + 1 - object) : 0, len = strlen(object) - dir;
	char name[CD_PATH_MAX];
	enum pol_learn_why why = POL_LEARN_EXACT;

	if (pol_learn_version(object + dir, len, name, sizeof(name)))
		why = POL_LEARN_VERSION;
	else if (made && pol_learn_temporary(object + dir, len, directory, name, sizeof(name)))
		why = POL_LEARN_TEMPORARY;
	if (why == POL_LEARN_EXACT ||
	    snprintf(out, CD_PATH_MAX, "%.*s%s", (int)dir, object, name) >= CD_PATH_MAX) {
		snprintf(out, CD_PATH_MAX, "%s", object);
		return POL_LEARN_EXACT;
	}
	return why;
}

static bool add_rule(struct pol_learn *learn, enum cd_op op, const char *plain,
		     enum pol_learn_why why, size_t objects, const char *program)
{
	struct pol_learned *rules;

	for (size_t i = 0; i < learn->count; i++)
		if (learn->rules[i].op == op && strcmp(learn->rules[i].plain, plain) == 0) {
			learn->rules[i].objects += objects;
			return true;
		}
	rules = cd_vec_grow(learn->rules, &learn->capacity, learn->count + 1, sizeof(*rules));
	if (!rules)
		return false;
	learn->rules = rules;
	rules[learn->count] = (struct pol_learned){
	    .op = op, .plain = strdup(plain), .why = why, .objects = objects, .program = program};
	return rules[learn->count].plain && ++learn->count;
}

bool pol_learn_add(struct pol_learn *learn, enum cd_op op, const char *object, bool made,
		   bool directory, const char *program)
{
	char plain[CD_PATH_MAX];
	enum pol_learn_why why = POL_LEARN_EXACT;

	if (!pol_learn_can_name(object) || strlen(object) >= sizeof(plain))
		return true;
	if (!is_path_op(op))
		return add_rule(learn, op, object, why, 1, program);
	if (made && directory && !pol_learn_own(learn, object))
		return false;
	why = generalise_name(object, made, directory, plain);
	return add_rule(learn, op, plain, why, 1, program);
}

/* ---- widening ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* What is in a directory that the program made is the program's: it makes others the next time. */
static bool widen_own(struct pol_learn *learn)
{
	for (size_t i = 0; i < learn->own_count; i++) {
		char pattern[CD_PATH_MAX + 4], named[CD_PATH_MAX];

		generalise_name(learn->own[i], true, true, named);
		snprintf(pattern, sizeof(pattern), "%s/**", named);
		for (size_t j = 0; j < learn->count; j++) {
			struct pol_learned *rule = &learn->rules[j];

			if (!is_path_op(rule->op) || !is_below(rule->plain, learn->own[i]))
				continue;
			free(rule->plain);
			rule->plain = strdup(pattern);
			if (!rule->plain)
				return false;
			rule->why = POL_LEARN_OWN;
		}
	}
	return true;
}

/* The directory of a pattern; of one for all below a directory, what that is in. */
static size_t directory_of(const char *plain)
{
	size_t len = strlen(plain);

	if (len > 3 && strcmp(plain + len - 3, "/**") == 0)
		len -= 3;
	while (len && plain[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

static bool is_whole(const char *plain)
{
	size_t len = strlen(plain);

	return len > 3 && strcmp(plain + len - 3, "/**") == 0;
}

static bool is_in(const struct pol_learned *rule, enum cd_op op, const char *path, size_t dir,
		  bool whole)
{
	return rule->op == op && rule->plain && is_whole(rule->plain) == whole &&
	       directory_of(rule->plain) == dir && strncmp(rule->plain, path, dir) == 0;
}

/*
 * Rules for one operation in one directory, if they are many: "dir/" and any name takes their
 * place; of rules that each grant all below a directory, all below the one that these are in.
 */
static bool widen_directory(struct pol_learn *learn, size_t first, bool *changed)
{
	const struct pol_learned was = learn->rules[first];
	const size_t dir = directory_of(was.plain);
	const bool whole = is_whole(was.plain);
	size_t names = 0, objects = 0;
	char path[CD_PATH_MAX], pattern[CD_PATH_MAX + 4];

	if (!dir || dir >= sizeof(path))
		return true;
	memcpy(path, was.plain, dir);
	path[dir] = '\0';
	if (strchr(path, '*') || !pol_learn_may_widen(path, learn->vars))
		return true;
	for (size_t i = first; i < learn->count; i++)
		if (is_in(&learn->rules[i], was.op, path, dir, whole)) {
			names++;
			objects += learn->rules[i].objects;
		}
	if (names < learn->threshold)
		return true;
	for (size_t i = first; i < learn->count; i++)
		if (is_in(&learn->rules[i], was.op, path, dir, whole))
			drop(&learn->rules[i]);
	snprintf(pattern, sizeof(pattern), whole ? "%s/**" : "%s/*", path);
	*changed = true;
	learn->rules[first] = (struct pol_learned){.op = was.op,
						   .plain = strdup(pattern),
						   .why = POL_LEARN_MANY,
						   .objects = objects,
						   .program = was.program};
	return learn->rules[first].plain != NULL;
}

static bool widen_directories(struct pol_learn *learn)
{
	bool changed = true;

	/* What was widened may be one of many in the directory above. */
	while (changed) {
		changed = false;
		for (size_t i = 0; i < learn->count; i++) {
			const struct pol_learned *rule = &learn->rules[i];

			if (rule->plain && is_path_op(rule->op) &&
			    !widen_directory(learn, i, &changed))
				return false;
		}
	}
	return true;
}

/* ---- dropping ---- */

/* "*" within one component. */
static bool component_matches(const char *pattern, size_t n, const char *name, size_t len)
{
	if (n == 0)
		return len == 0;
	if (*pattern == '*')
		return component_matches(pattern + 1, n - 1, name, len) ||
		       (len && component_matches(pattern, n, name + 1, len - 1));
	return len && *pattern == *name && component_matches(pattern + 1, n - 1, name + 1, len - 1);
}

/* Does the wide pattern cover the narrow one? Only what is certain. lead: also what leads there. */
static bool covers(const char *wide, const char *narrow, bool lead)
{
	while (*wide && *narrow) {
		size_t n = strcspn(wide + 1, "/"), len = strcspn(narrow + 1, "/");

		if (strcmp(wide, "/**") == 0)
			return true;
		if (len == 2 && memcmp(narrow + 1, "**", 2) == 0)
			return false;
		if (!component_matches(wide + 1, n, narrow + 1, len))
			return false;
		wide += n + 1;
		narrow += len + 1;
	}
	if (*narrow)
		return false;
	return !*wide || strcmp(wide, "/**") == 0 || lead;
}

/* A rule for reading, writing or running lets one look, too, at the object and at what leads there.
 */
static bool makes_needless(const struct pol_learned *by, const struct pol_learned *rule)
{
	bool looks =
	    rule->op == CD_OP_FS_STAT &&
	    (by->op == CD_OP_FS_READ || by->op == CD_OP_FS_WRITE || by->op == CD_OP_FS_EXEC);

	if (by == rule || !by->plain || (by->op != rule->op && !looks))
		return false;
	if (!is_path_op(rule->op))
		return strcmp(by->plain, rule->plain) == 0;
	return covers(by->plain, rule->plain, looks && !strchr(rule->plain, '*'));
}

static int in_order(const void *a, const void *b)
{
	const struct pol_learned *x = a, *y = b;

	if (!x->plain || !y->plain)
		return !x->plain - !y->plain;
	if (x->op != y->op)
		return (int)x->op - (int)y->op;
	return strcmp(x->plain, y->plain);
}

static void drop_needless(struct pol_learn *learn)
{
	for (size_t i = 0; i < learn->count; i++) {
		struct pol_learned *rule = &learn->rules[i];

		for (size_t j = 0; rule->plain && j < learn->count; j++) {
			struct pol_learned *by = &learn->rules[j];

			if (!makes_needless(by, rule) || (makes_needless(rule, by) && j > i))
				continue;
			by->objects += by->op == rule->op ? rule->objects : 0;
			drop(rule);
		}
	}
	qsort(learn->rules, learn->count, sizeof(learn->rules[0]), in_order);
	while (learn->count && !learn->rules[learn->count - 1].plain)
		learn->count--;
}

enum cd_status pol_learn_finish(struct pol_learn *learn, const struct pol_learned **out,
				size_t *count)
{
	if (!widen_own(learn) || !widen_directories(learn))
		return CD_ENOMEM;
	drop_needless(learn);
	for (size_t i = 0; i < learn->count; i++) {
		learn->rules[i].pattern = pol_learn_written(learn->rules[i].plain, learn->vars);
		if (!learn->rules[i].pattern)
			return CD_ENOMEM;
	}
	*out = learn->rules;
	*count = learn->count;
	return CD_OK;
}
