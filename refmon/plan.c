/*
 * The plan of a view.
 *
 * Every rule's pattern is expanded to the places that exist now; each place becomes an entry with
 * the rights that the rules give there. Entries that add nothing to the one above them are dropped.
 */
#include "refmon/plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "lib/vec.h"
#include "refmon/layout.h"
#include "refmon/pattern.h"

#define FS_CHANGE (CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE))
#define NET_USE	  (CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_SEND))
#define FS_USE	  (FS_CHANGE | CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_EXEC))
/* More files than this in one directory, and the directory is granted instead of each of them. */
#define EXPANSION_MAX 64

struct entry {
	struct cd_mount mount;
	uint64_t ops; /* that the rule behind it grants */
	mode_t type;  /* of the source */
	off_t size;   /* of the source */
	bool own;     /* from what was given */
	bool holds;   /* stands for something missing that may be created in it */
	bool sampled; /* stands for many files in it, and not for what lies deeper */
	bool changes; /* some of them may be changed */
};

/* The names in the directory that was read last: rules come in groups that speak of one directory.
 */
struct listing {
	char path[CD_PATH_MAX + 1];
	char *names; /* each NUL-terminated, the last one empty */
	size_t len, capacity;
	char first[4096]; /* where names begin */
};

static bool listing_add(struct listing *listing, const char *name)
{
	size_t n = strlen(name) + 1;
	char *grown = cd_vec_grow_first(listing->first, listing->names, &listing->capacity,
					listing->len + n, 1);

	if (!grown)
		return false;
	listing->names = grown;
	memcpy(grown + listing->len, name, n);
	listing->len += n;
	return true;
}

/* The names in the directory behind fd. False: out of memory. */
static bool listing_read(struct listing *listing, int fd)
{
	_Alignas(struct dirent) char bytes[8192];
	long got;

	/* By hand: opendir() allocates, and reads little at a time. */
	while ((got = syscall(SYS_getdents64, fd, bytes, sizeof(bytes))) > 0) {
		for (long at = 0; at < got;) {
			const struct dirent *entry = (const void *)(bytes + at);

			at += entry->d_reclen;
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			    !listing_add(listing, entry->d_name))
				return false;
		}
	}
	return true;
}

/* The names in a directory but for "." and "..", ending with an empty one. NULL: out of memory. */
static const char *list(struct listing *listing, const char *path)
{
	bool whole = true;
	int fd;

	if (listing->len && strcmp(listing->path, path) == 0)
		return listing->names;
	listing->len = 0;
	snprintf(listing->path, sizeof(listing->path), "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		whole = listing_read(listing, fd);
		close(fd);
	}
	if (whole && listing_add(listing, ""))
		return listing->names;
	listing->len = 0;
	return NULL;
}

/* What was found at a path: rules speak of the same places, and of the same ways to them, again and
 * again. */
struct known {
	uint32_t hash, path; /* path: where it begins in the draft's texts; 0: a free slot */
	uint32_t bind;	     /* the entry that shows all of it, plus 1; 0: none */
	bool shown;	     /* as a link, or as a directory alone */
	mode_t mode;	     /* 0: nothing is there */
	off_t size;
};

/* Slots of a hash table, and how many of them are used at most. */
#define KNOWN_SLOTS 256
#define KNOWN_MAX   192

struct draft {
	const struct mon_table *table;
	const struct cd_mount *given;
	size_t given_count;
	struct entry *entries;
	size_t count, capacity;
	char way[CD_PATH_MAX]; /* a directory to which no link leads; empty: none seen yet */
	struct known known[KNOWN_SLOTS], unknown; /* unknown: for which there was no room */
	size_t known_count;
	size_t texts_len;
	bool failed; /* out of memory */
	/* From here on nothing is looked at before it is written: see mon_plan_make(). */
	struct listing listing;
	char texts[8192];
	struct entry first[128]; /* where entries begin */
};

static void free_mount(struct cd_mount *mount)
{
	if (mount->from != mount->dest)
		free((char *)mount->from);
	free((char *)mount->dest);
}

/* The new entry, or NULL when there is no memory for it. from may be dest. */
static struct entry *add(struct draft *d, enum cd_mount_kind kind, const char *dest,
			 const char *from)
{
	struct cd_mount mount = {.kind = kind, .dest = strdup(dest)};
	struct entry *grown =
	    cd_vec_grow_first(d->first, d->entries, &d->capacity, d->count + 1, sizeof(*grown));

	mount.from = from == dest ? mount.dest : from ? strdup(from) : NULL;
	if (grown)
		d->entries = grown;
	if (!grown || !mount.dest || (from && !mount.from)) {
		d->failed = true;
		free_mount(&mount);
		return NULL;
	}
	d->entries[d->count] = (struct entry){.mount = mount};
	return &d->entries[d->count++];
}

static bool is_below(const char *path, const char *dir)
{
	if (!dir[1])
		return path[1] != '\0';
	for (; *dir; path++, dir++)
		if (*path != *dir)
			return false;
	return *path == '/';
}

/* Places that the view supplies in its own way, whatever a rule says of them. */
static bool is_special(const char *path)
{
	static const char *const special[] = {"/proc", "/dev/pts"};

	if (strncmp(path, "/proc", 5) != 0 && strncmp(path, "/dev", 4) != 0)
		return false;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strcmp(path, special[i]) == 0 || is_below(path, special[i]))
			return true;
	return strcmp(path, "/dev") == 0 || strcmp(path, "/dev/ptmx") == 0;
}

/* Is the place supplied by what was given? Below a private directory a grant shows through; below a
 * bind it means the inside. */
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

/* Those of ops that are allowed on the place; what is to be asked may become so while the space
 * runs. */
static uint64_t allowed(const struct mon_table *table, uint64_t ops, const char *path)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};
	uint64_t asked, allowed = mon_decide_each(table, ops, &object, &asked);

	return allowed | asked;
}

/* Those that are allowed on what lies directly in the directory. */
static uint64_t allowed_in(const struct mon_table *table, uint64_t ops, const char *directory)
{
	size_t n = strcmp(directory, "/") ? strlen(directory) : 0;
	char inside[CD_PATH_MAX + 16];

	if (n >= CD_PATH_MAX)
		return 0;
	memcpy(inside, directory, n);
	memcpy(inside + n, "/any", sizeof("/any"));
	return allowed(table, ops, inside);
}

/* Do the rules allow one of ops on the place, or, for a directory, on what lies directly in it? */
static bool allows_at(const struct mon_table *table, uint64_t ops, const char *path, bool directory)
{
	return allowed(table, ops, path) || (directory && allowed_in(table, ops, path));
}

/* Do the rules let the programs in the directory run? */
static bool lets_run_in(const struct mon_table *table, const char *directory)
{
	return allowed_in(table, CD_OPBIT(CD_OP_FS_EXEC), directory);
}

/* ---- what is there ---- */

/* Remembers the path; false: there is no room. */
static bool remember(struct draft *d, const char *path, size_t len, struct known *known)
{
	if (d->known_count == KNOWN_MAX || len >= sizeof(d->texts) - d->texts_len)
		return false;
	memcpy(d->texts + d->texts_len, path, len + 1);
	known->path = (uint32_t)d->texts_len;
	d->texts_len += len + 1;
	d->known_count++;
	return true;
}

/* What is at path. It may be changed until the next call. */
static struct known *look(struct draft *d, const char *path)
{
	size_t len = strlen(path), slot;
	struct known found = {.hash = cd_hash32(path, len)};
	struct stat st;

	for (slot = found.hash % KNOWN_SLOTS; d->known[slot].path; slot = (slot + 1) % KNOWN_SLOTS)
		if (d->known[slot].hash == found.hash &&
		    strcmp(d->texts + d->known[slot].path, path) == 0)
			return &d->known[slot];
	if (lstat(path, &st) == 0) {
		found.mode = st.st_mode;
		found.size = st.st_size;
	}
	if (remember(d, path, len, &found)) {
		d->known[slot] = found;
		return &d->known[slot];
	}
	d->unknown = found;
	return &d->unknown;
}

/* Where to begin looking for links: what lies in the directory looked at last needs no second look
 * at the way there. */
static char *first_slash(const struct draft *d, char *path)
{
	size_t n = strlen(d->way);

	if (n && strncmp(path, d->way, n) == 0 && path[n] == '/')
		return strchr(path + n + 1, '/');
	return strchr(path + 1, '/');
}

static void remember_way(struct draft *d, const char *path)
{
	const char *end = strrchr(path, '/');

	memcpy(d->way, path, (size_t)(end - path));
	d->way[end - path] = '\0';
}

static void add_link(struct draft *d, const char *path, struct known *link)
{
	char text[CD_PATH_MAX];
	ssize_t n;

	if (link->shown)
		return;
	n = readlink(path, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	add(d, CD_MOUNT_SYMLINK, path, text);
	link->shown = true;
}

/*
 * Puts the links on the way to path into the view. 1: path itself is there, no link, and *found
 * says what it is; 0: a link came between (what it leads to needs rules of its own); -1: something
 * is missing, and the part that exists is left in path.
 */
static int add_way(struct draft *d, char *path, struct known **found)
{
	for (char *slash = first_slash(d, path);; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		*found = look(d, path);
		if (!(*found)->mode) {
			char *end = strrchr(path, '/');

			end[end == path] = '\0';
			return -1;
		}
		if (S_ISLNK((*found)->mode)) {
			add_link(d, path, *found);
			return 0;
		}
		if (!slash) {
			remember_way(d, path);
			return 1;
		}
		*slash = '/';
	}
}

static void add_place(struct draft *d, const char *place, uint64_t ops, bool subtree, bool sampled);

/* All of the root is all that is in it but for the special places, which the view has of its own.
 */
static void add_all(struct draft *d, uint64_t ops)
{
	DIR *dir = opendir("/");
	struct dirent *entry;
	char path[CD_NAME_MAX + 2];

	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "/%s", entry->d_name);
		add_place(d, path, ops, true, false);
	}
	if (dir)
		closedir(dir);
}

/* What is found at path is granted: alone, or with all below it. */
static void add_found(struct draft *d, const char *path, struct known *found, uint64_t ops,
		      bool subtree, bool sampled, bool holds)
{
	struct entry *entry;

	if (S_ISDIR(found->mode) && !subtree) {
		if (!found->shown)
			add(d, CD_MOUNT_DIR, path, NULL);
		found->shown = true;
		return;
	}
	if (found->bind && !sampled) {
		entry = &d->entries[found->bind - 1];
	} else {
		entry = add(d, CD_MOUNT_BIND, path, path);
		if (!entry)
			return;
		if (!sampled)
			found->bind = (uint32_t)d->count;
	}
	entry->ops |= ops;
	entry->type = found->mode & S_IFMT;
	entry->size = found->size;
	entry->holds |= holds;
	entry->sampled = sampled;
	entry->changes = sampled && ops & FS_CHANGE;
}

/* One existing or missing place that a rule grants. subtree: it and all below. */
static void add_place(struct draft *d, const char *place, uint64_t ops, bool subtree, bool sampled)
{
	size_t len = strlen(place);
	struct known *found;
	char path[CD_PATH_MAX];
	int there;

	if (len >= sizeof(path) || is_special(place) || is_given(d, place))
		return;
	memcpy(path, place, len + 1);
	if (strcmp(path, "/") == 0 && subtree) {
		add_all(d, ops);
		return;
	}
	if (strcmp(path, "/") == 0) {
		found = look(d, path);
		there = found->mode ? 1 : 0;
	} else {
		there = add_way(d, path, &found);
	}
	if (there == 0)
		return;
	if (there < 0) {
		/* What may be created needs a real directory to be created in. */
		if (!(ops & CD_OPBIT(CD_OP_FS_CREATE)) || strcmp(path, "/") == 0 ||
		    is_special(path) || is_given(d, path))
			return;
		subtree = true;
		found = look(d, path);
		if (!found->mode)
			return;
	}
	add_found(d, path, found, ops, subtree, sampled, there < 0 || ops & NET_USE);
}

/* ---- patterns ---- */

struct expansion {
	struct draft *d;
	void (*visit)(struct draft *d, const char *place, uint64_t ops, bool subtree, bool sampled);
	uint64_t ops;
	bool subtree;
	bool whole; /* too many files match in one directory: the directory stands for them */
};

static void expand(struct expansion *e, char *path, size_t len, const char *rest);

static char *memcpy_new(const char *bytes, size_t len)
{
	char *copy = malloc(len);

	return copy ? memcpy(copy, bytes, len) : NULL;
}

static size_t count_matches(const char *names, const char *component, size_t n)
{
	size_t count = 0;

	for (; *names; names += strlen(names) + 1)
		count += mon_glob_match(component, n, names, strlen(names));
	return count;
}

/* Every entry of the directory `path` that matches the component, and what follows it. */
static void expand_component(struct expansion *e, char *path, size_t len, const char *component,
			     size_t n)
{
	const char *rest = component + n, *names = list(&e->d->listing, *path ? path : "/");
	/* A directory that lets programs run lets all in it run: it can stand for all of them, and
	 * not for some. */
	bool whole = e->whole && (n == 1 || !(e->ops & CD_OPBIT(CD_OP_FS_EXEC)));
	char *copy = NULL;

	/* A further wildcard reads another directory into the same place. */
	if (names && strchr(rest, '*'))
		names = copy = memcpy_new(names, e->d->listing.len);
	if (!names) {
		e->d->failed = true;
		return;
	}
	if (!*rest && !e->subtree && whole && count_matches(names, component, n) > EXPANSION_MAX) {
		e->visit(e->d, *path ? path : "/", e->ops, true, true);
		free(copy);
		return;
	}
	/* What may be made there takes the directory, whatever is in it now. */
	if (!*rest && *path && e->ops & CD_OPBIT(CD_OP_FS_CREATE) && e->visit == add_place)
		e->visit(e->d, path, e->ops & ~(n == 1 ? 0 : CD_OPBIT(CD_OP_FS_EXEC)), true, true);
	for (; *names; names += strlen(names) + 1) {
		size_t name = strlen(names);

		if ((*component != '*' && *component != *names) ||
		    !mon_glob_match(component, n, names, name) || len + name + 2 > CD_PATH_MAX)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, names, name + 1);
		expand(e, path, len + 1 + name, rest);
		path[len] = '\0';
	}
	free(copy);
}

/* path: what is expanded so far, without a slash at the end; rest: what follows, with one at its
 * start. */
static void expand(struct expansion *e, char *path, size_t len, const char *rest)
{
	const char *component = rest + 1;
	size_t n;

	if (!*rest || !*component) {
		e->visit(e->d, len ? path : "/", e->ops, e->subtree, false);
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
	char path[CD_PATH_MAX + 1], text[CD_PATH_MAX];
	size_t n = strlen(pattern);

	if (pattern[0] != '/' || n >= sizeof(text))
		return;
	memcpy(text, pattern, n + 1);
	e->subtree = n >= 3 && strcmp(text + n - 3, "/**") == 0;
	if (e->subtree)
		text[n - 3] = '\0';
	path[0] = '\0';
	if (strchr(text, '*'))
		expand(e, path, 0, text);
	else
		e->visit(e->d, *text ? text : "/", e->ops, e->subtree, false);
}

/* ---- what is taken away ---- */

/* Is the place shown by what was given, as itself? Then a rule that denies it takes it from that,
 * too. */
static bool is_given_as_itself(const struct draft *d, const char *path)
{
	size_t deepest = 0;
	bool itself = false;

	for (size_t i = 0; i < d->given_count; i++) {
		const struct cd_mount *given = &d->given[i];

		if (strcmp(given->dest, path) == 0)
			return false;
		if (!is_below(path, given->dest) || strlen(given->dest) < deepest)
			continue;
		deepest = strlen(given->dest);
		itself = given->kind == CD_MOUNT_BIND && strcmp(given->dest, given->from) == 0;
	}
	return itself;
}

static void add_hole(struct draft *d, const char *place, uint64_t ops, bool subtree, bool sampled)
{
	bool given = is_given(d, place);
	struct stat st;

	(void)ops, (void)subtree, (void)sampled;
	if (is_special(place) || (given && !is_given_as_itself(d, place)) || lstat(place, &st) ||
	    S_ISLNK(st.st_mode))
		return;
	/* What is left of a given place keeps the rights that it was given with: rules may name
	 * more. */
	if (given && allows_at(d->table, FS_USE, place, S_ISDIR(st.st_mode)))
		return;
	if (allows_at(d->table, FS_USE, place, S_ISDIR(st.st_mode)))
		add(d, CD_MOUNT_BIND, place,
		    place); /* less than what lies above it, but something */
	else
		add(d, CD_MOUNT_MASK, place, NULL);
}

/* ---- all together ---- */

/* A device comes into the view by a rule that says which, and be it a family: "/dev/video*". As a
 * whole /dev never does (is_special). */
static bool is_all_of_dev(const char *pattern)
{
	return strncmp(pattern, "/dev/*", 6) == 0 && (!pattern[6] || pattern[6] == '/');
}

static void add_grants(struct draft *d)
{
	for (uint32_t i = 0; i < mon_table_count(d->table); i++) {
		struct expansion e = {.d = d, .visit = add_place, .whole = true};
		struct mon_rule rule;

		mon_table_rule(d->table, i, &rule);
		e.ops = rule.ops;
		/* A unix socket is talked to through a place in the view, which has to be writable.
		 */
		if (rule.verdict != CD_DENY && !is_all_of_dev(rule.pattern))
			expand_pattern(&e,
				       rule.pattern + (strncmp(rule.pattern, "unix:/", 6) ? 0 : 5));
	}
}

/* Can the pattern speak of something that an entry shows? Most secrets lie where nothing was
 * granted. */
static bool is_shown(const struct draft *d, size_t grants, const char *pattern)
{
	char start[CD_PATH_MAX];
	size_t n = strcspn(pattern, "*");

	while (n > 1 && pattern[n - 1] != '/')
		n--;
	if (pattern[strcspn(pattern, "*")] == '\0')
		n = strlen(pattern);
	else if (n > 1)
		n--;
	if (n >= sizeof(start))
		return true;
	memcpy(start, pattern, n);
	start[n] = '\0';
	for (size_t i = 0; i < grants; i++) {
		const struct cd_mount *mount = &d->entries[i].mount;

		if ((mount->kind == CD_MOUNT_BIND || mount->kind == CD_MOUNT_COW) &&
		    (strcmp(start, mount->dest) == 0 || is_below(start, mount->dest) ||
		     is_below(mount->dest, start)))
			return true;
	}
	return false;
}

static void add_hole_pattern(struct draft *d, size_t grants, const char *pattern)
{
	struct expansion e = {.d = d, .visit = add_hole};

	if (is_shown(d, grants, pattern))
		expand_pattern(&e, pattern);
}

static void add_holes(struct draft *d)
{
	size_t grants = d->count;

	for (uint32_t i = 0; i < mon_table_count(d->table); i++) {
		struct mon_rule rule;

		mon_table_rule(d->table, i, &rule);
		if (rule.verdict == CD_DENY)
			add_hole_pattern(d, grants, rule.pattern);
	}
	for (uint32_t i = 0; i < mon_table_protected_count(d->table); i++)
		add_hole_pattern(d, grants, mon_table_protected(d->table, i));
}

static void add_given(struct draft *d)
{
	for (size_t i = 0; i < d->given_count; i++) {
		struct entry *entry = add(d, d->given[i].kind, d->given[i].dest, d->given[i].from);

		if (!entry)
			return;
		entry->own = true;
		entry->mount.writable = d->given[i].writable;
		entry->mount.size = d->given[i].size;
	}
}

/* The space's own terminals, where rules let it open one. */
static void add_terminals(struct draft *d)
{
	const uint64_t both = CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE);

	if (is_given(d, "/dev/pts") || allowed(d->table, both, "/dev/pts/ptmx") != both)
		return;
	add(d, CD_MOUNT_PTS, "/dev/pts", NULL);
	add(d, CD_MOUNT_SYMLINK, "/dev/ptmx", "pts/ptmx");
}

/*
 * Of two entries for one place the one that shows less comes first, and stands; of the same kind,
 * the one that some rule needs writable.
 */
static int compare(const void *a, const void *b)
{
	static const int weight[] = {
	    [CD_MOUNT_MASK] = 0,    [CD_MOUNT_TEXT] = 1, [CD_MOUNT_TMPFS] = 2,
	    [CD_MOUNT_COW] = 3,	    [CD_MOUNT_COPY] = 4, [CD_MOUNT_BIND] = 5,
	    [CD_MOUNT_SYMLINK] = 6, [CD_MOUNT_DIR] = 7,	 [CD_MOUNT_PTS] = 3,
	};
	const struct cd_mount *x = &((const struct entry *)a)->mount,
			      *y = &((const struct entry *)b)->mount;
	int order = strcmp(x->dest, y->dest);

	order = order ? order : weight[x->kind] - weight[y->kind];
	return order ? order : y->writable - x->writable;
}

/*
 * A rule for a private directory speaks of what is made there, not of the user's own files that
 * other rules show inside it: their rights come from those rules alone. All, outside of private
 * directories.
 */
static uint64_t ops_named(const struct draft *d, const struct entry *entry)
{
	const char *private = NULL;
	uint64_t ops = 0;

	for (size_t i = 0; i < d->given_count; i++)
		if (d->given[i].kind == CD_MOUNT_TMPFS &&
		    is_below(entry->mount.dest, d->given[i].dest))
	private = d->given[i].dest;
	if (!private)
		return CD_OPS_ALL;
	for (size_t i = 0; i < d->count; i++)
		if (is_below(d->entries[i].mount.dest, private) &&
		    (strcmp(d->entries[i].mount.dest, entry->mount.dest) == 0 ||
		     is_below(entry->mount.dest, d->entries[i].mount.dest)))
			ops |= d->entries[i].ops;
	return ops;
}

static void set_rights(const struct draft *d, struct entry *entry)
{
	struct cd_mount *mount = &entry->mount;
	uint64_t named, at, in;
	bool directory;
	struct stat st;

	if (mount->kind == CD_MOUNT_PTS)
		mount->writable = mount->dev = true;
	if (mount->kind != CD_MOUNT_BIND && mount->kind != CD_MOUNT_TMPFS &&
	    mount->kind != CD_MOUNT_COW)
		return;
	if (!entry->type)
		entry->type =
		    mount->from && lstat(mount->from, &st) == 0 ? st.st_mode & S_IFMT : S_IFDIR;
	directory = S_ISDIR(entry->type);
	mount->file = !directory;
	named = entry->own ? CD_OPS_ALL : ops_named(d, entry);
	at = allowed(d->table, FS_CHANGE | CD_OPBIT(CD_OP_FS_EXEC), mount->dest);
	in =
	    directory ? allowed_in(d->table, FS_CHANGE | CD_OPBIT(CD_OP_FS_EXEC), mount->dest) : at;
	mount->exec = named & in & CD_OPBIT(CD_OP_FS_EXEC);
	mount->dev = (directory || S_ISCHR(entry->type) || S_ISBLK(entry->type)) &&
		     mount->kind == CD_MOUNT_BIND && is_below(mount->dest, "/dev") &&
		     strcmp(mount->dest, mount->from) == 0;
	if (entry->own)
		return;
	mount->writable = entry->holds || entry->changes || named & (at | in) & FS_CHANGE;
}

static bool same_rights(const struct cd_mount *a, const struct cd_mount *b)
{
	return a->writable == b->writable && a->exec == b->exec && a->dev == b->dev;
}

/* Does an entry that is kept already show this one, with the same rights? */
static bool is_redundant(const struct entry *kept, size_t count, const struct cd_mount *mount)
{
	/* They are sorted: what is at the same place comes right before. */
	if (count && strcmp(kept[count - 1].mount.dest, mount->dest) == 0)
		return true;
	for (size_t i = count; i-- > 0;) {
		const struct cd_mount *above = &kept[i].mount;
		bool bind = above->kind == CD_MOUNT_BIND || above->kind == CD_MOUNT_COW;

		if (!is_below(mount->dest, above->dest) || above->kind == CD_MOUNT_DIR)
			continue;
		if (above->kind == CD_MOUNT_MASK)
			return mount->kind == CD_MOUNT_MASK || mount->kind == CD_MOUNT_DIR;
		if (!bind)
			return mount->kind == CD_MOUNT_MASK && above->kind == CD_MOUNT_TMPFS;
		if (mount->kind == CD_MOUNT_DIR || mount->kind == CD_MOUNT_SYMLINK)
			return true;
		return mount->kind == CD_MOUNT_BIND && above->kind == CD_MOUNT_BIND &&
		       strcmp(above->dest, above->from) == 0 &&
		       strcmp(mount->dest, mount->from) == 0 && same_rights(above, mount);
	}
	/* Nothing above shows it: there is nothing to cover. */
	return mount->kind == CD_MOUNT_MASK;
}

/*
 * Rights of a place under a directory that grants single files by a wildcard ("/usr/bin/" with one
 * star): what lies deeper in it was not granted, so directories that the rules do not let run get a
 * mount of their own.
 */
static void add_deeper(struct draft *d, const char *top)
{
	DIR *dir = opendir(top);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[CD_PATH_MAX];
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", strcmp(top, "/") ? top : "",
			     entry->d_name) >= (int)sizeof(path) ||
		    lstat(path, &st) || !S_ISDIR(st.st_mode))
			continue;
		if (!lets_run_in(d->table, path))
			add(d, CD_MOUNT_BIND, path, path);
	}
	if (dir)
		closedir(dir);
}

/*
 * The system's settings are small files, many of them, that do not change while a program runs:
 * they are copied. Only into the skeleton: in a directory of the user's, a copy would be a file of
 * the user's.
 */
static void prefer_copy(const struct entry *kept, size_t count, struct entry *entry)
{
	struct cd_mount *mount = &entry->mount;

	if (mount->kind != CD_MOUNT_BIND || entry->own || !S_ISREG(entry->type) ||
	    entry->size > CD_COPY_MAX || mount->writable || mount->exec ||
	    (!is_below(mount->dest, "/etc") && !is_below(mount->dest, "/sys")))
		return;
	for (size_t i = 0; i < count; i++)
		if (kept[i].mount.kind != CD_MOUNT_DIR && is_below(mount->dest, kept[i].mount.dest))
			return;
	mount->kind = CD_MOUNT_COPY;
}

/* Rights for every entry; then, in order, only those that show something that the ones above do
 * not. */
static void settle(struct draft *d)
{
	size_t kept = 0, before = d->count;

	for (size_t i = 0; i < before; i++)
		if (d->entries[i].sampled && lets_run_in(d->table, d->entries[i].mount.dest))
			add_deeper(d, d->entries[i].mount.dest);
	for (size_t i = 0; i < d->count; i++)
		set_rights(d, &d->entries[i]);
	if (d->count)
		qsort(d->entries, d->count, sizeof(*d->entries), compare);
	for (size_t i = 0; i < d->count; i++) {
		if (is_redundant(d->entries, kept, &d->entries[i].mount))
			free_mount(&d->entries[i].mount);
		else {
			prefer_copy(d->entries, kept, &d->entries[i]);
			d->entries[kept++] = d->entries[i];
		}
	}
	d->count = kept;
}

static void free_entries(const struct draft *d)
{
	if (d->entries != d->first)
		free(d->entries);
}

enum cd_status mon_plan_make(const struct mon_table *table, const struct cd_mount *given,
			     size_t given_count, struct cd_plan **out)
{
	struct draft d;
	struct cd_plan *plan = NULL;

	memset(&d, 0, offsetof(struct draft, listing));
	d.table = table;
	d.given = given;
	d.given_count = given_count;
	d.texts_len = 1; /* 0 is no place */
	d.entries = d.first;
	d.capacity = sizeof(d.first) / sizeof(d.first[0]);
	d.listing.names = d.listing.first;
	d.listing.capacity = sizeof(d.listing.first);
	d.listing.len = 0;
	add_given(&d);
	add_grants(&d);
	add_terminals(&d);
	add_holes(&d);
	if (d.listing.names != d.listing.first)
		free(d.listing.names);
	if (!d.failed)
		settle(&d);
	if (!d.failed)
		plan = malloc(sizeof(*plan));
	if (plan) {
		*plan = (struct cd_plan){.mounts = calloc(d.count + 1, sizeof(*plan->mounts))};
		for (; plan->mounts && plan->count < d.count; plan->count++)
			plan->mounts[plan->count] = d.entries[plan->count].mount;
	}
	if (!plan || !plan->mounts) {
		for (size_t i = 0; i < d.count; i++)
			free_mount(&d.entries[i].mount);
		free_entries(&d);
		free(plan);
		return CD_ENOMEM;
	}
	free_entries(&d);
	*out = plan;
	return CD_OK;
}

enum cd_status mon_plan_add(struct cd_plan *plan, const struct cd_mount *mount)
{
	struct cd_mount *grown = realloc(plan->mounts, (plan->count + 1) * sizeof(*grown)), *added;

	if (!grown)
		return CD_ENOMEM;
	plan->mounts = grown;
	free(plan->index);
	plan->index = NULL;
	added = &grown[plan->count];
	*added = *mount;
	added->dest = strdup(mount->dest);
	added->from = mount->from ? strdup(mount->from) : NULL;
	if (!added->dest || (mount->from && !added->from)) {
		free_mount(added);
		return CD_ENOMEM;
	}
	plan->count++;
	return CD_OK;
}

/* ---- finding ---- */

void mon_plan_index(struct cd_plan *plan)
{
	size_t size = 16;

	while (size < 2 * plan->count)
		size *= 2;
	free(plan->index);
	plan->index = calloc(size, sizeof(*plan->index));
	plan->index_mask = size - 1;
	for (size_t i = 0; plan->index && i < plan->count; i++) {
		struct cd_mount *mount = &plan->mounts[i];
		const uint32_t len = (uint32_t)strlen(mount->dest),
			       hash = cd_hash32(mount->dest, len);
		size_t slot;

		mount->same_name = mount->from && strcmp(mount->from, mount->dest) == 0;
		/* Of two at one place the later one counts. */
		for (slot = hash & plan->index_mask; plan->index[slot].mount;
		     slot = (slot + 1) & plan->index_mask)
			if (strcmp(plan->mounts[plan->index[slot].mount - 1].dest, mount->dest) ==
			    0)
				break;
		plan->index[slot] = (struct cd_plan_slot){hash, len, (uint32_t)i + 1};
	}
}

/* The mount at exactly this place, or NULL. */
static const struct cd_mount *indexed(const struct cd_plan *plan, const char *path, size_t len,
				      uint32_t hash)
{
	for (size_t at = hash & plan->index_mask; plan->index[at].mount;
	     at = (at + 1) & plan->index_mask) {
		const struct cd_plan_slot *slot = &plan->index[at];
		const struct cd_mount *mount = &plan->mounts[slot->mount - 1];

		if (slot->hash == hash && slot->len == len && memcmp(mount->dest, path, len) == 0)
			return mount;
	}
	return NULL;
}

static const struct cd_mount *listed(const struct cd_plan *plan, const char *path, size_t len)
{
	for (size_t i = plan->count; i-- > 0;) {
		const char *dest = plan->mounts[i].dest;

		if (strncmp(dest, path, len) == 0 && !dest[len])
			return &plan->mounts[i];
	}
	return NULL;
}

const struct cd_mount *mon_plan_above(const struct cd_plan *plan, const char *path,
				      const struct cd_parts *parts, unsigned *depth)
{
	const struct cd_mount *mount;

	for (;; --*depth) {
		const struct cd_part *last = *depth ? &parts->part[*depth - 1] : NULL;
		const size_t len = last ? (size_t)last->at + last->len : 1;

		mount = plan->index
			    ? indexed(plan, path, len, last ? last->whole : cd_hash32(path, 1))
			    : listed(plan, path, len);
		if (mount || !last)
			return mount;
	}
}

const struct cd_mount *mon_plan_at(const struct cd_plan *plan, const char *path)
{
	const struct cd_mount *deepest = NULL;

	for (size_t i = 0; i < plan->count; i++) {
		const char *dest = plan->mounts[i].dest;

		if ((strcmp(path, dest) == 0 || is_below(path, dest)) &&
		    (!deepest || strlen(dest) >= strlen(deepest->dest)))
			deepest = &plan->mounts[i];
	}
	return deepest;
}

void mon_plan_free(struct cd_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++)
		free_mount(&plan->mounts[i]);
	free(plan->mounts);
	free(plan->index);
	free(plan);
}
