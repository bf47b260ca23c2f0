/*
 * The command line's short form.
 *
 * A path on the command line is what a person types: relative, perhaps by way of a symbolic link,
 * and it means everything below it too. Here it is made into what a policy would say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/draft.h"
#include "refmon/pattern.h"

#define OPS_READ    CD_OPBIT(CD_OP_FS_READ)
#define OPS_WRITE   (CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE))
#define OPS_RUN	    (CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_EXEC))
#define OPS_CONNECT (CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_SEND))

struct flag_use;
typedef enum cd_status flag_handler(const struct flag_use *use, const char *value);

struct flag {
	const char *name;
	flag_handler *handle;
	enum mon_verdict verdict;
	uint64_t ops;
};

/* One flag being added. */
struct flag_use {
	const struct flag *flag;
	struct pol_draft *draft;
	struct pol_origin origin;
	struct pol_error *error;
};

/* --- values --- */

/* Calls the handler for each part between commas. */
static enum cd_status each_value(const struct flag_use *use, const char *list, flag_handler *handle)
{
	for (;;) {
		const char *comma = strchrnul(list, ',');
		char *part = pol_keep(&use->draft->arena, list, (size_t)(comma - list));
		enum cd_status status = part ? handle(use, part) : pol_fail_memory(use->error);

		if (status || !*comma)
			return status;
		list = comma + 1;
	}
}

/* "A=B" or "A:B" cut in two, at the first or at the last separator; both parts in the arena. */
static enum cd_status split(const struct flag_use *use, const char *value, const char *at,
			    const char *form, char **left, char **right)
{
	if (!at || at == value || !at[1])
		return pol_failf(use->error, form, "\"%.100s\" is not of this form", value);
	*left = pol_keep(&use->draft->arena, value, (size_t)(at - value));
	*right = pol_keep(&use->draft->arena, at + 1, strlen(at + 1));
	return *left && *right ? CD_OK : pol_fail_memory(use->error);
}

/* --- paths --- */

/* Appends "/NAME" for each component of the tail; "." and empty ones say nothing. False at "..". */
static bool add_tail(struct cd_buf *out, const char *tail)
{
	while (*tail) {
		size_t len = strcspn(tail, "/");

		if (len == 2 && memcmp(tail, "..", 2) == 0)
			return false;
		if (len && !(len == 1 && tail[0] == '.')) {
			if (out->len != 1 || out->data[0] != '/')
				cd_buf_str(out, "/");
			cd_buf_add(out, tail, len);
		}
		tail += len + (tail[len] == '/');
	}
	return true;
}

/*
 * Resolves as much of an absolute path as exists, up to the first "*", and keeps the rest: the
 * longest head that realpath() takes, found by cutting components off the end.
 */
static enum cd_status resolve_path(const struct flag_use *use, const char *path, struct cd_buf *out)
{
	char head[CD_PATH_MAX * 2];
	const char *star = strchr(path, '*');
	size_t len = star ? (size_t)(star - path) : strlen(path);

	while (star && len > 1 && path[len - 1] != '/')
		len--;
	for (;;) {
		char *real;

		memcpy(head, path, len);
		head[len] = '\0';
		real = realpath(len ? head : "/", NULL);
		if (real) {
			cd_buf_str(out, real);
			free(real);
			break;
		}
		if (len == 0)
			return pol_fail(use->error, "the root directory cannot be resolved", "");
		while (len > 0 && path[len - 1] == '/')
			len--;
		while (len > 0 && path[len - 1] != '/')
			len--;
	}
	if (!add_tail(out, path + len))
		return pol_fail(use->error, "\"..\" after a directory that does not exist",
				"write the path out");
	return CD_OK;
}

/* The path as the space will see it, in the arena. */
static enum cd_status absolute_path(const struct flag_use *use, const char *value, bool resolve,
				    char **out)
{
	const char *cwd = use->draft->vars.cwd;
	char path[CD_PATH_MAX * 2], resolved[CD_PATH_MAX * 2];
	struct cd_buf full, real;
	enum cd_status status = CD_OK;

	if (!value[0])
		return pol_fail(use->error, "a path is missing", "name a file or a directory");
	if (value[0] != '/' && !cwd)
		return pol_fail(use->error,
				"there is no working directory to begin a relative path",
				"begin the path with /");
	cd_buf_init(&full, path, sizeof(path));
	cd_buf_init(&real, resolved, sizeof(resolved));
	if (value[0] != '/')
		cd_buf_fmt(&full, "%s/", cwd);
	if (value[0] != '/' && strchr(cwd, '*'))
		return pol_fail(use->error, "the working directory's name holds a \"*\"",
				"no pattern can name it; begin the path with /");
	cd_buf_str(&full, value);
	if (resolve)
		status = resolve_path(use, path, &real);
	else if (cd_buf_str(&real, "/"), !add_tail(&real, path))
		status = pol_fail(use->error, "the path has a \"..\" component",
				  "write the path that it leads to");
	if (status)
		return status;
	if (full.cut || real.cut || real.len >= CD_PATH_MAX)
		return pol_fail(use->error, "the path is longer than 4095 bytes",
				"name a directory above it");
	*out = pol_keep(&use->draft->arena, resolved, real.len);
	return *out ? CD_OK : pol_fail_memory(use->error);
}

/* A path that is an existing file is meant alone; anything else with all below it. */
static enum cd_status add_tree(const struct flag_use *use, const char *path, bool is_file)
{
	char pattern[CD_PATH_MAX + 4];
	size_t len = strlen(path);

	if (is_file || (len >= 3 && strcmp(path + len - 3, "/**") == 0))
		return pol_add_rule(use->draft, use->flag->verdict, use->flag->ops, path,
				    &use->origin, use->error);
	snprintf(pattern, sizeof(pattern), "%s/**", strcmp(path, "/") == 0 ? "" : path);
	return pol_add_rule(use->draft, use->flag->verdict, use->flag->ops, pattern, &use->origin,
			    use->error);
}

static bool is_existing_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static enum cd_status add_path(const struct flag_use *use, const char *value)
{
	enum cd_status status;
	char *path;

	status = absolute_path(use, value, true, &path);
	return status ? status : add_tree(use, path, is_existing_file(path));
}

static enum cd_status flag_paths(const struct flag_use *use, const char *value)
{
	return each_value(use, value, add_path);
}

/* --- addresses --- */

static enum cd_status add_address(const struct flag_use *use, const char *value)
{
	return pol_add_rule(use->draft, use->flag->verdict, use->flag->ops, value, &use->origin,
			    use->error);
}

static enum cd_status flag_addresses(const struct flag_use *use, const char *value)
{
	return each_value(use, value, add_address);
}

/* --- OP:PATTERN, as a policy writes it: no list, variables expanded --- */

static enum cd_status flag_rule(const struct flag_use *use, const char *value)
{
	enum cd_status status;
	char *word, *text;
	const char *pattern;
	uint64_t ops;

	status = split(use, value, strchr(value, ':'), "write OP:PATTERN, as in fs.read:/srv/data",
		       &word, &text);
	if (!status)
		status = pol_find_ops(word, &ops, use->error);
	if (!status)
		status = pol_expand(use->draft, text, &pattern, use->error);
	if (status)
		return status;
	return pol_add_rule(use->draft, use->flag->verdict, ops, pattern, &use->origin, use->error);
}

/* --- views: what is mounted is granted too --- */

static enum cd_status add_mount(const struct flag_use *use, const char *from, const char *dest)
{
	const struct pol_view view = {
	    .kind = from ? POL_VIEW_BIND : POL_VIEW_PRIVATE,
	    .writable = from && use->flag->ops & OPS_WRITE,
	    .dest = dest,
	    .from = from,
	    .source = use->origin.source,
	    .pointer = use->origin.pointer,
	};
	/* All of the root is shown because rules grant it: it is not one place that could be shown.
	 */
	bool whole = from && !strcmp(from, "/") && !strcmp(dest, "/");
	enum cd_status status =
	    whole ? CD_OK : pol_add_view(use->draft, view, POL_RANK_FLAG, use->error);

	return status ? status : add_tree(use, dest, from && is_existing_file(from));
}

static enum cd_status flag_mount(const struct flag_use *use, const char *value)
{
	enum cd_status status;
	char *path;

	status = absolute_path(use, value, true, &path);
	return status ? status : add_mount(use, path, path);
}

static enum cd_status flag_bind(const struct flag_use *use, const char *value)
{
	enum cd_status status;
	char *from, *dest;

	status = split(use, value, strrchr(value, ':'), "write SOURCE:DESTINATION", &from, &dest);
	if (!status)
		status = absolute_path(use, from, true, &from);
	if (!status)
		status = absolute_path(use, dest, false, &dest);
	return status ? status : add_mount(use, from, dest);
}

static enum cd_status flag_tmpfs(const struct flag_use *use, const char *value)
{
	enum cd_status status;
	char *dest;

	status = absolute_path(use, value, false, &dest);
	return status ? status : add_mount(use, NULL, dest);
}

/* --- environment --- */

static enum cd_status add_env(const struct flag_use *use, const char *value)
{
	if (use->flag->verdict == MON_DENY)
		return pol_add_env_deny(use->draft, value, use->error);
	return pol_add_env(use->draft, POL_ENV_PASS, value, "", POL_RANK_FLAG, use->error);
}

static enum cd_status flag_env(const struct flag_use *use, const char *value)
{
	return each_value(use, value, add_env);
}

/* The value may be empty: K= sets K to nothing. */
static enum cd_status flag_setenv(const struct flag_use *use, const char *value)
{
	const char *equals = strchr(value, '=');
	char *name;

	if (!equals || equals == value)
		return pol_failf(use->error, "write NAME=VALUE", "\"%.100s\" is not of this form",
				 value);
	name = pol_keep(&use->draft->arena, value, (size_t)(equals - value));
	if (!name)
		return pol_fail_memory(use->error);
	return pol_add_env(use->draft, POL_ENV_SET, name, equals + 1, POL_RANK_FLAG, use->error);
}

static enum cd_status flag_unsetenv(const struct flag_use *use, const char *value)
{
	enum cd_status status =
	    pol_add_env(use->draft, POL_ENV_UNSET, value, "", POL_RANK_FLAG, use->error);

	return status ? status : pol_add_env_deny(use->draft, value, use->error);
}

/* --- the rest --- */

static enum cd_status flag_limit(const struct flag_use *use, const char *value)
{
	enum cd_status status;
	enum pol_limit limit = POL_LIMIT_COUNT;
	char *name, *text;
	uint64_t number;

	status = split(use, value, strchr(value, '='), "write NAME=VALUE, as in memory=512M", &name,
		       &text);
	if (!status)
		status = pol_find_limit(name, &limit, use->error);
	if (!status)
		status = pol_parse_size(text, &number, use->error);
	if (!status && !pol_limit_table[limit].is_size &&
	    strspn(text, "0123456789") != strlen(text))
		status = pol_failf(use->error, "write a whole number", "\"%.100s\" is not a number",
				   text);
	if (status)
		return status;
	return pol_set_limit(use->draft, limit, number, POL_RANK_FLAG, use->error);
}

static enum cd_status flag_audit(const struct flag_use *use, const char *value)
{
	unsigned choice;
	enum cd_status status =
	    pol_choose(pol_audit_names, value, "kind of audit", &choice, use->error);

	if (!status) {
		use->draft->audit_rank = POL_RANK_FLAG;
		use->draft->audit = choice;
	}
	return status;
}

static enum cd_status flag_on_deny(const struct flag_use *use, const char *value)
{
	unsigned choice;
	enum cd_status status = pol_choose(pol_on_deny_names, value, "answer", &choice, use->error);

	if (!status) {
		use->draft->on_deny_rank = POL_RANK_FLAG;
		use->draft->on_deny = choice;
	}
	return status;
}

/* --- the table --- */

static const struct flag flags[] = {
#define POL_FLAG(name, handler, verdict, ops, value, heading, help, more)                          \
	{name, handler, verdict, ops},
#include "policy/flags.def"
#undef POL_FLAG
};

const char *const pol_flag_names[] = {
#define POL_FLAG(name, handler, verdict, ops, value, heading, help, more) name,
#include "policy/flags.def"
#undef POL_FLAG
    NULL};

/* The flag as it was typed, for messages and as the rule's pointer. */
static enum cd_status flag_origin(struct flag_use *use, const char *value)
{
	size_t size = strlen(use->flag->name) + strlen(value) + 4;
	char *text = malloc(size);

	if (!text)
		return pol_fail_memory(use->error);
	snprintf(text, size, "--%s=%s", use->flag->name, value);
	use->origin = (struct pol_origin){
	    .source = "command line",
	    .pointer = pol_keep(&use->draft->arena, text, size - 1),
	    .rank = POL_RANK_FLAG,
	};
	free(text);
	return use->origin.pointer ? CD_OK : pol_fail_memory(use->error);
}

static enum cd_status run_flag(struct flag_use *use, const char *value)
{
	enum cd_status status;

	/* --allow-net alone is any host, as in Deno. */
	if (!value && use->flag->handle == flag_addresses)
		value = ":*";
	if (!value)
		return pol_fail(use->error, "a value is missing", "write it after \"=\"");
	status = flag_origin(use, value);
	if (status)
		return status;
	/* A policy is JSON, and the command line says nothing that a policy cannot. */
	if (!cd_is_utf8(value, strlen(value)))
		return pol_fail(use->error, "the value is not UTF-8",
				"rename the file, or name its directory");
	return use->flag->handle(use, value);
}

enum cd_status pol_draft_flag(struct pol_draft *draft, const char *name, const char *value,
			      struct pol_error *error)
{
	struct flag_use use = {.draft = draft, .error = error};
	enum cd_status status;

	*error = (struct pol_error){0};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].name, name) == 0)
			use.flag = &flags[i];
	}
	if (!use.flag) {
		(void)!pol_failf(error, "cordon run --help lists the flags",
				 "there is no flag --%.100s", name);
		return CD_ENOENT;
	}
	status = run_flag(&use, value);
	if (status) {
		pol_copy(error->file, sizeof(error->file), "command line");
		snprintf(error->pointer, sizeof(error->pointer), "--%s%s%s", name, value ? "=" : "",
			 value ? value : "");
	}
	return status;
}
