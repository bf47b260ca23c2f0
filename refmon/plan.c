/*
 * The plan of a view.
 *
 * Every rule's pattern is expanded to the places that exist now; each place becomes an entry with the rights that the
 * rules give there. Entries that add nothing to the one above them are dropped.
 */
#include "refmon/plan.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cordon/limits.h"

#define FS_CHANGE (CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE))
#define FS_USE    (FS_CHANGE | CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_EXEC))
/* More files than this in one directory, and the directory is granted instead of each of them. */
#define EXPANSION_MAX 64

struct draft {
	const struct mon_table *table;
	const struct cd_mount *given;
	size_t given_count;
	struct cd_mount *mounts;
	size_t count, capacity;
	bool failed; /* out of memory */
};

static void add_take(struct draft *d, struct cd_mount mount)
{
	if (d->count == d->capacity) {
		size_t capacity = d->capacity ? 2 * d->capacity : 64;
		struct cd_mount *grown = realloc(d->mounts, capacity * sizeof(*grown));

		if (!grown) {
			free((char *)mount.dest);
			free((char *)mount.from);
			d->failed = true;
			return;
		}
		d->mounts = grown;
		d->capacity = capacity;
	}
	d->mounts[d->count++] = mount;
}

static void add(struct draft *d, enum cd_mount_kind kind, const char *dest, const char *from)
{
	struct cd_mount mount = {.kind = kind, .dest = strdup(dest), .from = from ? strdup(from) : NULL};

	if (!mount.dest || (from && !mount.from)) {
		free((char *)mount.dest);
		free((char *)mount.from);
		d->failed = true;
		return;
	}
	add_take(d, mount);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path[1] != '\0';
	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* Places that the view supplies in its own way, whatever a rule says of them. */
static bool is_special(const char *path)
{
	static const char *const special[] = {"/proc", "/dev/pts"};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strcmp(path, special[i]) == 0 || is_below(path, special[i]))
			return true;
	return strcmp(path, "/dev") == 0 || strcmp(path, "/dev/ptmx") == 0;
}

/* Is the place supplied by what was given? Below a private directory a grant shows through; below a bind it means the inside. */
static bool is_given(const struct draft *d, const char *path)
{
	for (size_t i = 0; i < d->given_count; i++) {
		if (strcmp(d->given[i].dest, path) == 0)
			return true;
		if (d->given[i].kind != CD_MOUNT_TMPFS && d->given[i].kind != CD_MOUNT_DIR &&
		    is_below(path, d->given[i].dest))
			return true;
	}
	return false;
}

static bool allows(const struct mon_table *table, uint64_t ops, const char *path)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};

	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		struct cd_decision decision;

		if (!(ops & CD_OPBIT(op)))
			continue;
		mon_decide(table, CD_OPBIT(op), &object, &decision);
		if (decision.verdict != CD_DENY)
			return true; /* ask may become allow while the space runs */
	}
	return false;
}

/* Do the rules allow one of ops on the place, or, for a directory, on what lies directly in it? */
static bool allows_at(const struct mon_table *table, uint64_t ops, const char *path, bool directory)
{
	char inside[CD_PATH_MAX + 16];

	if (allows(table, ops, path))
		return true;
	snprintf(inside, sizeof(inside), "%s/%s", strcmp(path, "/") ? path : "", "any");
	return directory && allows(table, ops, inside);
}

/*
 * Puts the links on the way to path into the view. 1: path itself is there and no link; 0: a link came between (what
 * it leads to needs rules of its own); -1: something is missing, and the part that exists is left in path.
 */
static int add_way(struct draft *d, char *path)
{
	char text[CD_PATH_MAX];
	struct stat st;

	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		ssize_t n;

		if (slash)
			*slash = '\0';
		if (lstat(path, &st)) {
			char *end = strrchr(path, '/');

			end[end == path] = '\0';
			return -1;
		}
		if (S_ISLNK(st.st_mode)) {
			n = readlink(path, text, sizeof(text) - 1);
			if (n > 0) {
				text[n] = '\0';
				add(d, CD_MOUNT_SYMLINK, path, text);
			}
			return 0;
		}
		if (!slash)
			return 1;
		*slash = '/';
	}
}

/* One existing or missing place that a rule grants. subtree: it and all below. */
static void add_place(struct draft *d, const char *place, uint64_t ops, bool subtree)
{
	char path[CD_PATH_MAX];
	struct stat st;
	int there;

	if (snprintf(path, sizeof(path), "%s", place) >= (int)sizeof(path))
		return;
	if (is_special(path) || is_given(d, path))
		return;
	there = strcmp(path, "/") == 0 ? 1 : add_way(d, path);
	if (there == 0)
		return;
	if (there < 0) {
		/* What may be created needs a real directory to be created in. */
		if (!(ops & CD_OPBIT(CD_OP_FS_CREATE)) || strcmp(path, "/") == 0 || is_special(path) ||
		    is_given(d, path))
			return;
		subtree = true;
	}
	if (lstat(path, &st))
		return;
	if (S_ISDIR(st.st_mode) && !subtree)
		add(d, CD_MOUNT_DIR, path, NULL);
	else
		add(d, CD_MOUNT_BIND, path, path);
}

/* ---- patterns ---- */

/* fnmatch knows more wildcards than the policy language: all but "*" are taken literally. */
static bool component_matches(const char *pattern, size_t len, const char *name)
{
	char escaped[2 * CD_NAME_MAX + 3];
	size_t n = 0;

	if (len > CD_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (strchr("?[]\\", pattern[i]))
			escaped[n++] = '\\';
		escaped[n++] = pattern[i];
	}
	escaped[n] = '\0';
	return fnmatch(escaped, name, 0) == 0;
}

struct expansion {
	struct draft *d;
	void (*visit)(struct draft *d, const char *place, uint64_t ops, bool subtree);
	uint64_t ops;
	bool subtree;
	bool whole; /* too many files match in one directory: the directory stands for them */
};

static void expand(struct expansion *e, char *path, size_t len, const char *rest);

static size_t count_matches(const char *path, const char *component, size_t n)
{
	DIR *dir = opendir(*path ? path : "/");
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)))
		count += component_matches(component, n, entry->d_name);
	if (dir)
		closedir(dir);
	return count;
}

/* Every entry of the directory `path` that matches the component, and what follows it. */
static void expand_component(struct expansion *e, char *path, size_t len, const char *component, size_t n)
{
	const char *rest = component + n;
	DIR *dir;
	struct dirent *entry;

	if (!*rest && !e->subtree && e->whole && count_matches(path, component, n) > EXPANSION_MAX) {
		e->visit(e->d, *path ? path : "/", e->ops, true);
		return;
	}
	dir = opendir(*path ? path : "/");
	while (dir && (entry = readdir(dir))) {
		size_t name = strlen(entry->d_name);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    !component_matches(component, n, entry->d_name) || len + name + 2 > CD_PATH_MAX)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, entry->d_name, name + 1);
		expand(e, path, len + 1 + name, rest);
		path[len] = '\0';
	}
	if (dir)
		closedir(dir);
}

/* path: what is expanded so far, without a slash at the end; rest: what follows, with one at its start. */
static void expand(struct expansion *e, char *path, size_t len, const char *rest)
{
	const char *component = rest + 1;
	size_t n;

	if (!*rest || !*component) {
		e->visit(e->d, len ? path : "/", e->ops, e->subtree);
		return;
	}
	n = strcspn(component, "/");
	if (memchr(component, '*', n)) {
		expand_component(e, path, len, component, n);
		return;
	}
	if (len + n + 2 > CD_PATH_MAX)
		return;
	path[len] = '/';
	memcpy(path + len + 1, component, n);
	path[len + 1 + n] = '\0';
	expand(e, path, len + 1 + n, component + n);
	path[len] = '\0';
}

static void expand_pattern(struct expansion *e, const char *pattern)
{
	char path[CD_PATH_MAX + 1] = "", text[CD_PATH_MAX];
	size_t n = strlen(pattern);

	if (pattern[0] != '/' || n >= sizeof(text))
		return;
	memcpy(text, pattern, n + 1);
	e->subtree = n >= 3 && strcmp(text + n - 3, "/**") == 0;
	if (e->subtree)
		text[n - 3] = '\0';
	expand(e, path, 0, text);
}

/* ---- what is taken away ---- */

static void add_hole(struct draft *d, const char *place, uint64_t ops, bool subtree)
{
	struct stat st;

	(void)ops, (void)subtree;
	if (is_special(place) || is_given(d, place) || lstat(place, &st) || S_ISLNK(st.st_mode))
		return;
	if (allows_at(d->table, FS_USE, place, S_ISDIR(st.st_mode)))
		add(d, CD_MOUNT_BIND, place, place); /* less than what lies above it, but something */
	else
		add(d, CD_MOUNT_MASK, place, NULL);
}

/* ---- all together ---- */

static void add_rules(struct draft *d)
{
	for (uint32_t i = 0; i < mon_table_count(d->table); i++) {
		struct expansion e = {.d = d, .whole = true};
		struct mon_rule rule;

		mon_table_rule(d->table, i, &rule);
		e.ops = rule.ops;
		e.visit = rule.verdict == CD_DENY ? add_hole : add_place;
		e.whole = rule.verdict != CD_DENY;
		expand_pattern(&e, rule.pattern);
	}
	for (uint32_t i = 0; i < mon_table_protected_count(d->table); i++) {
		struct expansion e = {.d = d, .visit = add_hole};

		expand_pattern(&e, mon_table_protected(d->table, i));
	}
}

static void add_given(struct draft *d)
{
	for (size_t i = 0; i < d->given_count; i++) {
		add(d, d->given[i].kind, d->given[i].dest, d->given[i].from);
		if (d->failed)
			return;
		d->mounts[d->count - 1].writable = d->given[i].writable;
		d->mounts[d->count - 1].size = d->given[i].size;
	}
}

/* Of two entries for one place the one that shows less comes first, and stands. */
static int compare(const void *a, const void *b)
{
	static const int weight[] = {
		[CD_MOUNT_MASK] = 0, [CD_MOUNT_TEXT] = 1, [CD_MOUNT_TMPFS] = 2, [CD_MOUNT_COW] = 3,
		[CD_MOUNT_BIND] = 4, [CD_MOUNT_SYMLINK] = 5, [CD_MOUNT_DIR] = 6,
	};
	const struct cd_mount *x = a, *y = b;
	int order = strcmp(x->dest, y->dest);

	return order ? order : weight[x->kind] - weight[y->kind];
}

static void set_rights(const struct draft *d, struct cd_mount *mount)
{
	bool bind = mount->kind == CD_MOUNT_BIND && strcmp(mount->dest, mount->from) == 0;
	struct stat st;
	bool directory;

	if (mount->kind != CD_MOUNT_BIND && mount->kind != CD_MOUNT_TMPFS && mount->kind != CD_MOUNT_COW)
		return;
	if (lstat(mount->from ? mount->from : mount->dest, &st))
		st.st_mode = S_IFDIR;
	directory = S_ISDIR(st.st_mode);
	mount->exec = allows_at(d->table, CD_OPBIT(CD_OP_FS_EXEC), mount->dest, directory);
	mount->dev = bind && S_ISCHR(st.st_mode) && is_below(mount->dest, "/dev");
	if (bind && !is_given(d, mount->dest))
		mount->writable = allows_at(d->table, FS_CHANGE, mount->dest, directory);
}

/*
 * A bind for which its rules alone would not say why it is there (the parent of what may be created) must be
 * writable: a rule below it is.
 */
static void widen_for_rules_below(const struct draft *d, struct cd_mount *mount)
{
	if (mount->kind != CD_MOUNT_BIND || mount->writable || is_given(d, mount->dest))
		return;
	for (uint32_t i = 0; i < mon_table_count(d->table); i++) {
		struct mon_rule rule;

		mon_table_rule(d->table, i, &rule);
		if (rule.verdict != CD_DENY && rule.ops & CD_OPBIT(CD_OP_FS_CREATE) &&
		    is_below(rule.pattern, mount->dest)) {
			char parent[CD_PATH_MAX];
			struct stat st;

			if (snprintf(parent, sizeof(parent), "%.*s", (int)strcspn(rule.pattern, "*"),
				     rule.pattern) >= (int)sizeof(parent))
				continue;
			if (lstat(parent, &st)) /* it is missing: its place is here */
				mount->writable = true;
		}
	}
}

static bool same_rights(const struct cd_mount *a, const struct cd_mount *b)
{
	return a->writable == b->writable && a->exec == b->exec && a->dev == b->dev;
}

/* Does an entry that is kept already show this one, with the same rights? */
static bool is_redundant(const struct cd_mount *kept, size_t count, const struct cd_mount *mount)
{
	for (size_t i = count; i-- > 0;) {
		const struct cd_mount *above = &kept[i];
		bool bind = above->kind == CD_MOUNT_BIND || above->kind == CD_MOUNT_COW;

		if (strcmp(above->dest, mount->dest) == 0)
			return true;
		if (!is_below(mount->dest, above->dest) || above->kind == CD_MOUNT_DIR)
			continue;
		if (above->kind == CD_MOUNT_MASK)
			return mount->kind == CD_MOUNT_MASK || mount->kind == CD_MOUNT_DIR;
		if (!bind)
			return mount->kind == CD_MOUNT_MASK && above->kind == CD_MOUNT_TMPFS;
		if (mount->kind == CD_MOUNT_DIR || mount->kind == CD_MOUNT_SYMLINK)
			return true;
		return mount->kind == CD_MOUNT_BIND && above->kind == CD_MOUNT_BIND &&
		       strcmp(above->dest, above->from) == 0 && strcmp(mount->dest, mount->from) == 0 &&
		       same_rights(above, mount);
	}
	/* Nothing above shows it: there is nothing to cover. */
	return mount->kind == CD_MOUNT_MASK;
}

static void free_mount(struct cd_mount *mount)
{
	free((char *)mount->dest);
	free((char *)mount->from);
}

/*
 * Rights of a place under a directory that grants single files by a wildcard ("/usr/bin/" with one star): what lies deeper in
 * it was not granted, so directories that the rules do not let run get a mount of their own.
 */
static void add_deeper(struct draft *d, size_t index)
{
	const char *top = d->mounts[index].dest;
	struct dirent *entry;
	DIR *dir;

	if (d->mounts[index].kind != CD_MOUNT_BIND || !d->mounts[index].exec)
		return;
	dir = opendir(top);
	while (dir && (entry = readdir(dir))) {
		char path[CD_PATH_MAX], inside[CD_PATH_MAX + 16];
		struct stat st;

		if (entry->d_name[0] == '.' && (!entry->d_name[1] || strcmp(entry->d_name, "..") == 0))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", strcmp(top, "/") ? top : "", entry->d_name) >=
			    (int)sizeof(path) ||
		    lstat(path, &st) || !S_ISDIR(st.st_mode))
			continue;
		snprintf(inside, sizeof(inside), "%s/any", path);
		if (!allows(d->table, CD_OPBIT(CD_OP_FS_EXEC), inside))
			add(d, CD_MOUNT_BIND, path, path);
		top = d->mounts[index].dest;
	}
	if (dir)
		closedir(dir);
}

static void settle(struct draft *d)
{
	size_t kept = 0, before = d->count;

	for (size_t i = 0; i < d->count; i++)
		set_rights(d, &d->mounts[i]);
	for (size_t i = 0; i < before; i++)
		add_deeper(d, i);
	for (size_t i = 0; i < d->count; i++) {
		set_rights(d, &d->mounts[i]);
		widen_for_rules_below(d, &d->mounts[i]);
	}
	qsort(d->mounts, d->count, sizeof(*d->mounts), compare);
	for (size_t i = 0; i < d->count; i++) {
		if (is_redundant(d->mounts, kept, &d->mounts[i])) {
			free_mount(&d->mounts[i]);
			continue;
		}
		d->mounts[kept++] = d->mounts[i];
	}
	d->count = kept;
}

enum cd_status mon_plan_make(const struct mon_table *table, const struct cd_mount *given, size_t given_count,
			     struct cd_plan **out)
{
	struct draft d = {.table = table, .given = given, .given_count = given_count};
	struct cd_plan *plan = malloc(sizeof(*plan));

	if (!plan)
		return CD_ENOMEM;
	add_given(&d);
	add_rules(&d);
	if (!d.failed)
		settle(&d);
	*plan = (struct cd_plan){d.mounts, d.count};
	if (d.failed) {
		mon_plan_free(plan);
		return CD_ENOMEM;
	}
	*out = plan;
	return CD_OK;
}

void mon_plan_free(struct cd_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++)
		free_mount(&plan->mounts[i]);
	free(plan->mounts);
	free(plan);
}
