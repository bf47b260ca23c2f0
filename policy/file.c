/*
 * Where policies come from: files, built-in groups, and what these extend. Each is read once; the
 * chain of those that are being read is kept, so that a circle can be told from a diamond.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/vec.h"
#include "policy/draft.h"

static enum cd_status add_file(struct pol_draft *draft, const char *path,
			       const struct pol_link *from, struct pol_error *error);

struct reading {
	struct pol_draft *draft;
	const struct pol_link *link;
};

static enum cd_status take(void *context, const struct pol_statement *said, struct pol_error *error)
{
	const struct reading *reading = context;

	return pol_take(reading->draft, reading->link, said, error);
}

static enum cd_status read_text(struct pol_draft *draft, const struct pol_link *link,
				const char *text, size_t len, struct pol_error *error)
{
	struct reading reading = {draft, link};

	return pol_read_document(link->source, text, len, &(struct pol_taker){take, &reading},
				 error);
}

/* --- groups --- */

static const char *group_name(const void *context, size_t i)
{
	(void)context;
	return pol_groups[i].name;
}

static bool find_group(const char *name, size_t *out)
{
	for (size_t i = 0; pol_groups[i].name; i++) {
		if (strcmp(pol_groups[i].name, name) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static enum cd_status fail_no_group(const char *name, const char *what, struct pol_error *error)
{
	const char *near = pol_nearest(name, group_name, NULL);
	char remedy[96];
	struct cd_buf buf;

	cd_buf_init(&buf, remedy, sizeof(remedy));
	if (near)
		cd_buf_fmt(&buf, "did you mean \"%s\"?", near);
	else
		cd_buf_str(&buf, "cordon policy groups lists the groups");
	return pol_failf(error, remedy, "%s \"%.100s\"", what, name);
}

static enum cd_status add_group(struct pol_draft *draft, size_t group, const struct pol_link *from,
				struct pol_error *error)
{
	const struct pol_group *said = &pol_groups[group];
	const struct pol_link link = {.from = from,
				      .name = said->source,
				      .source = said->source,
				      .depth = from ? from->depth + 1 : 1,
				      .is_group = true};
	enum cd_status status = CD_OK;

	if (draft->groups_seen & UINT64_C(1) << group)
		return CD_OK;
	draft->groups_seen |= UINT64_C(1) << group;
	for (size_t i = 0; i < said->count && !status; i++)
		status = pol_take(draft, &link, &said->statements[i], error);
	if (!status || status == CD_ENOMEM || error->file[0])
		return status;
	/* Read again for the place of the error: only the text has lines. */
	return read_text(draft, &link, said->text, strlen(said->text), error);
}

enum cd_status pol_draft_group(struct pol_draft *draft, const char *name, struct pol_error *error)
{
	size_t group;

	*error = (struct pol_error){0};
	if (!find_group(name, &group))
		return fail_no_group(name, "there is no group", error);
	if (!draft->other_name)
		draft->other_name = pol_groups[group].name;
	return add_group(draft, group, NULL, error);
}

/* --- extends --- */

/* The file that `name` means to a file at `from`: relative to the folder of the latter. */
static enum cd_status add_named_file(struct pol_draft *draft, const char *name,
				     const struct pol_link *link, struct pol_error *error)
{
	const char *from = link->name, *slash = strrchr(from, '/');
	size_t folder = name[0] != '/' && slash ? (size_t)(slash - from) + 1 : 0;
	char path[CD_PATH_MAX];

	if (link->is_group)
		return pol_fail(error, "a built-in group can only extend groups", "");
	if (folder + strlen(name) >= sizeof(path))
		return pol_fail(error, "the path is longer than 4095 bytes", "shorten it");
	memcpy(path, from, folder);
	strcpy(path + folder, name);
	if (access(path, F_OK) != 0 && errno == ENOENT && !strchr(name, '/'))
		return fail_no_group(name, "there is no group and no file", error);
	return add_file(draft, path, link, error);
}

enum cd_status pol_add_extended(struct pol_draft *draft, const char *name,
				const struct pol_link *link, struct pol_error *error)
{
	size_t group;

	if (find_group(name, &group))
		return add_group(draft, group, link, error);
	if (!name[0])
		return pol_fail(error, "the name is empty", "name a group or a file");
	return add_named_file(draft, name, link, error);
}

/* --- files --- */

/* A descriptor for a regular file of an acceptable size, or -1 with the error filled in. */
static int open_regular(const char *path, struct stat *info, struct pol_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		(void)!pol_failf(error, "check the name and the permissions",
				 "cannot open \"%.120s\": %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, info) != 0 || !S_ISREG(info->st_mode))
		(void)!pol_failf(error, "name a policy file", "\"%.120s\" is not a regular file",
				 path);
	else if (info->st_size > (off_t)CD_POLICY_SIZE_MAX)
		(void)!pol_failf(error, "split it, or use /** in the place of many rules",
				 "\"%.120s\" is larger than 4 MiB", path);
	else
		return fd;
	close(fd);
	return -1;
}

/*
 * Up to `size` bytes: a file that grows meanwhile is cut, and then is not valid JSON. The caller
 * frees. NULL: errno says why.
 */
static char *read_all(int fd, size_t size, size_t *len)
{
	char *text = malloc(size + 1);
	ssize_t got;

	if (!text)
		return NULL;
	*len = 0;
	do {
		got = read(fd, text + *len, size - *len);
		if (got > 0)
			*len += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got == 0)
		return text;
	free(text);
	return NULL;
}

static bool same_file(const struct pol_seen *a, const struct pol_seen *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static void add_chain(const struct pol_link *link, const struct pol_link *until, struct cd_buf *out)
{
	if (link != until)
		add_chain(link->from, until, out);
	cd_buf_fmt(out, "%s -> ", link->name);
}

/* A file may not be among those that lead to it. */
static enum cd_status check_chain(const struct pol_link *link, struct pol_error *error)
{
	char problem[sizeof(error->problem)];
	struct cd_buf buf;

	for (const struct pol_link *up = link->from; up; up = up->from) {
		if (!same_file(&up->id, &link->id))
			continue;
		cd_buf_init(&buf, problem, sizeof(problem));
		cd_buf_str(&buf, "extends goes in a circle: ");
		add_chain(link->from, up, &buf);
		cd_buf_str(&buf, link->name);
		return pol_fail(error, problem, "take one of them out");
	}
	if (link->depth > CD_POLICY_DEPTH_MAX) {
		(void)!pol_fail(error, "extends is more than 32 files deep",
				"join some of the files");
		return CD_ELIMIT;
	}
	return CD_OK;
}

static enum cd_status note_seen(struct pol_draft *draft, const struct pol_seen *id, bool *before,
				struct pol_error *error)
{
	struct pol_seen *grown;

	*before = false;
	for (size_t i = 0; i < draft->seen_count && !*before; i++)
		*before = same_file(&draft->seen[i], id);
	if (*before)
		return CD_OK;
	grown =
	    cd_vec_grow(draft->seen, &draft->seen_capacity, draft->seen_count + 1, sizeof(*grown));
	if (!grown)
		return pol_fail_memory(error);
	draft->seen = grown;
	grown[draft->seen_count++] = *id;
	return CD_OK;
}

static enum cd_status add_open_file(struct pol_draft *draft, const struct pol_link *link, int fd,
				    size_t size, struct pol_error *error)
{
	enum cd_status status = check_chain(link, error);
	bool before = false;
	char *text;
	size_t len;

	if (!status)
		status = note_seen(draft, &link->id, &before, error);
	if (status || before)
		return status;
	text = read_all(fd, size, &len);
	if (!text)
		return pol_failf(error, "check the file", "cannot read \"%.120s\": %s", link->name,
				 strerror(errno));
	status = read_text(draft, link, text, len, error);
	free(text);
	return status;
}

static enum cd_status add_file(struct pol_draft *draft, const char *path,
			       const struct pol_link *from, struct pol_error *error)
{
	struct pol_link link = {.from = from, .name = path, .depth = from ? from->depth + 1 : 1};
	char shown[4 * CD_PATH_MAX];
	struct cd_buf source;
	enum cd_status status;
	struct stat info;
	int fd = open_regular(path, &info, error);

	if (fd < 0)
		return CD_EINVAL;
	link.id = (struct pol_seen){info.st_dev, info.st_ino};
	/* File names may hold any byte; what is kept of them can be shown and printed as JSON. */
	cd_buf_init(&source, shown, sizeof(shown));
	cd_buf_visible(&source, path, strlen(path));
	link.source = pol_keep(&draft->arena, shown, source.len);
	status = link.source ? add_open_file(draft, &link, fd, (size_t)info.st_size, error)
			     : pol_fail_memory(error);
	close(fd);
	return status;
}

/* Without a name of its own, a policy is called after its outermost file. */
static enum cd_status name_after_file(struct pol_draft *draft, const char *path,
				      struct pol_error *error)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 5 && strcmp(name + len - 5, ".json") == 0)
		len -= 5;
	if (!len || !cd_is_utf8(name, len))
		return CD_OK;
	draft->other_name = pol_keep(&draft->arena, name, len);
	return draft->other_name ? CD_OK : pol_fail_memory(error);
}

enum cd_status pol_draft_file(struct pol_draft *draft, const char *path, struct pol_error *error)
{
	enum cd_status status;

	*error = (struct pol_error){0};
	status = add_file(draft, path, NULL, error);
	if (!status)
		status = name_after_file(draft, path, error);
	if (status && !error->file[0])
		pol_copy(error->file, sizeof(error->file), path);
	return status;
}

/* --- secrets --- */

/*
 * The list is the group's, so that there is one. Patterns whose variables have no value here name
 * nothing, and are passed over. A value with a "*" is taken as a wildcard: that protects more,
 * never less.
 */
static enum cd_status each_secret(struct pol_draft *draft,
				  enum cd_status (*visit)(void *context, const char *pattern),
				  void *context, struct pol_error *error)
{
	const uint64_t all = cd_ops_named("fs.*", 4);
	enum cd_status status = CD_OK;
	size_t group;

	if (!find_group("secrets", &group))
		return pol_fail(error, "there is no group \"secrets\"", "");
	draft->stars_in_values = true;
	for (size_t i = 0; i < pol_groups[group].count && status != CD_ENOMEM; i++) {
		const struct pol_statement *rule = &pol_groups[group].statements[i];
		const char *pattern;

		if (rule->says != POL_SAYS_RULE || rule->choice != MON_DENY || rule->number != all)
			continue;
		status = pol_expand(draft, rule->text, &pattern, error);
		if (!status)
			status = visit(context, pattern);
	}
	draft->stars_in_values = false;
	return status == CD_ENOMEM ? status : CD_OK;
}

static enum cd_status protect(void *context, const char *pattern)
{
	const char *why;

	return mon_builder_protect(context, pattern, &why);
}

enum cd_status pol_protect_secrets(struct pol_draft *draft, struct pol_error *error)
{
	return each_secret(draft, protect, draft->builder, error);
}

enum cd_status pol_each_secret(const struct pol_vars *vars,
			       enum cd_status (*visit)(void *context, const char *pattern),
			       void *context)
{
	struct pol_draft *draft = pol_draft_new(vars);
	struct pol_error error;
	enum cd_status status;

	if (!draft)
		return CD_ENOMEM;
	status = each_secret(draft, visit, context, &error);
	pol_draft_free(draft);
	return status;
}
