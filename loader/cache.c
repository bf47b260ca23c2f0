/* The cache of rewritten files. */
#include "loader/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/helper.h"
#include "shim/shim.h"

#define KEY_MAX 48

/* The note beside an entry: how the copy looked when it was made. A fixed layout, read back by the
 * same program alone: the key has its version. */
struct note {
	uint64_t ino, size;
	int64_t mtime, mtime_ns, ctime, ctime_ns;
	uint32_t patched;
	char build_id[129];
	char original[CD_PATH_MAX];
};

/* ---- keys ---- */

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	while (n--)
		h = (h ^ *at++) * UINT64_C(1099511628211);
	return h;
}

#define HASH_START UINT64_C(14695981039346656037)

/* What the copy would hold: the shim, and the way in which it is put in. */
static uint64_t version(void)
{
	static uint64_t known;

	if (!known) {
		known = hash(HASH_START, CORDON_VERSION, strlen(CORDON_VERSION));
		known = hash(known, shim_stub, shim_stub_size());
		known = hash(known, shim_image, shim_image_size());
	}
	return known;
}

static void make_key(const struct stat *st, char key[KEY_MAX])
{
	const uint64_t identity[] = {st->st_dev,
				     st->st_ino,
				     (uint64_t)st->st_size,
				     (uint64_t)st->st_mtim.tv_sec,
				     (uint64_t)st->st_mtim.tv_nsec,
				     (uint64_t)st->st_ctim.tv_sec,
				     (uint64_t)st->st_ctim.tv_nsec};

	snprintf(key, KEY_MAX, "%016llx%016llx",
		 (unsigned long long)hash(HASH_START, identity, sizeof(identity)),
		 (unsigned long long)version());
}

/* ---- the folder ---- */

static int open_folder(int parent, const char *name)
{
	if (mkdirat(parent, name, 0700) && errno != EEXIST)
		return -1;
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_own(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022);
}

enum cd_status loader_cache_open(struct loader_cache *cache)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	static const char *const folders[] = {"cordon", "shim"};
	char path[CD_PATH_MAX];
	int n, saved;

	cache->dir = -1;
	if (base && *base == '/')
		n = snprintf(path, sizeof(path), "%s", base);
	else if (home && *home == '/')
		n = snprintf(path, sizeof(path), "%s/.cache", home);
	else {
		errno = ENOENT;
		return CD_ESYS;
	}
	if (n >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return CD_ESYS;
	}
	cache->dir = open_folder(AT_FDCWD, path);
	for (size_t i = 0; cache->dir >= 0 && i < sizeof(folders) / sizeof(folders[0]); i++) {
		int next = open_folder(cache->dir, folders[i]);

		saved = errno;
		close(cache->dir);
		errno = saved;
		cache->dir = next;
	}
	if (cache->dir < 0)
		return CD_ESYS;
	if (!is_own(cache->dir)) {
		loader_cache_close(cache);
		return CD_EINVAL;
	}
	snprintf(path + n, sizeof(path) - (size_t)n, "/cordon/shim");
	if (!realpath(path, cache->path)) {
		loader_cache_close(cache);
		return CD_ESYS;
	}
	return CD_OK;
}

void loader_cache_close(struct loader_cache *cache)
{
	if (cache->dir >= 0)
		close(cache->dir);
	cache->dir = -1;
}

/* ---- entries ---- */

static bool read_note(int dir, const char *name, struct note *note)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, note, sizeof(*note));
	close(fd);
	note->build_id[sizeof(note->build_id) - 1] = '\0';
	note->original[sizeof(note->original) - 1] = '\0';
	return n == sizeof(*note);
}

static void describe(const struct stat *st, struct note *note)
{
	note->ino = st->st_ino;
	note->size = (uint64_t)st->st_size;
	note->mtime = st->st_mtim.tv_sec;
	note->mtime_ns = st->st_mtim.tv_nsec;
	note->ctime = st->st_ctim.tv_sec;
	note->ctime_ns = st->st_ctim.tv_nsec;
}

/* Does the copy look as it did when it was made? Whoever changes a file changes its ctime. */
static bool is_sound(int dir, const char *name, const struct note *note)
{
	struct note now = *note;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return false;
	describe(&st, &now);
	return memcmp(&now, note, sizeof(now)) == 0;
}

/* The names of an entry's two files. */
struct names {
	char copy[KEY_MAX + 8], note[KEY_MAX + 8];
};

static void name_entry(struct names *names, const char *key)
{
	snprintf(names->copy, sizeof(names->copy), "%s.so", key);
	snprintf(names->note, sizeof(names->note), "%s.note", key);
}

/* Writes under a name of its own and renames: others see all of it, or nothing. */
static int write_note(int dir, const struct names *names, const struct note *note)
{
	char temporary[KEY_MAX + 32];
	int fd;
	bool whole;

	snprintf(temporary, sizeof(temporary), ".%d.%s", getpid(), names->note);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	whole = write(fd, note, sizeof(*note)) == sizeof(*note);
	close(fd);
	if (whole && renameat(dir, temporary, dir, names->note) == 0)
		return 0;
	unlinkat(dir, temporary, 0);
	return -1;
}

/* The copy is on the disk before it has its name: after a crash it is whole or not there. */
static enum cd_status make_entry(struct loader_cache *cache, int original,
				 const struct names *names, struct note *note, const char **why)
{
	char temporary[KEY_MAX + 32];
	struct loader_made made;
	enum cd_status status;
	struct stat st;
	int out;

	snprintf(temporary, sizeof(temporary), ".%d.%s", getpid(), names->copy);
	unlinkat(cache->dir, temporary, 0);
	out =
	    openat(cache->dir, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0700);
	if (out < 0)
		return CD_ESYS;
	status = loader_help(original, out, &made, why);
	if (status == CD_OK &&
	    (fchmod(out, 0555) || fsync(out) ||
	     renameat(cache->dir, temporary, cache->dir, names->copy) || fstat(out, &st)))
		status = CD_ESYS;
	if (status != CD_OK)
		unlinkat(cache->dir, temporary, 0);
	close(out);
	if (status != CD_OK)
		return status;
	describe(&st, note);
	note->patched = made.patched;
	memcpy(note->build_id, made.build_id, sizeof(note->build_id));
	return write_note(cache->dir, names, note) ? CD_ESYS : CD_OK;
}

/* ---- all of them ---- */

static bool is_note(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".note") == 0;
}

struct scan {
	DIR *dir;
	struct names names;
	struct note note;
	struct stat copy;
	bool sound;
};

static bool scan_start(struct scan *scan, const struct loader_cache *cache)
{
	int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	scan->dir = fd < 0 ? NULL : fdopendir(fd);
	if (!scan->dir && fd >= 0)
		close(fd);
	return scan->dir != NULL;
}

static bool scan_next(struct scan *scan, const struct loader_cache *cache)
{
	struct dirent *entry;

	while ((entry = readdir(scan->dir))) {
		char key[KEY_MAX];
		size_t n = strlen(entry->d_name);

		if (!is_note(entry->d_name) || n - 5 >= sizeof(key))
			continue;
		memcpy(key, entry->d_name, n - 5);
		key[n - 5] = '\0';
		name_entry(&scan->names, key);
		memset(&scan->note, 0, sizeof(scan->note));
		scan->sound = read_note(cache->dir, scan->names.note, &scan->note) &&
			      is_sound(cache->dir, scan->names.copy, &scan->note);
		if (fstatat(cache->dir, scan->names.copy, &scan->copy, AT_SYMLINK_NOFOLLOW))
			memset(&scan->copy, 0, sizeof(scan->copy));
		return true;
	}
	closedir(scan->dir);
	return false;
}

static void drop(const struct loader_cache *cache, const struct names *names)
{
	unlinkat(cache->dir, names->note, 0);
	unlinkat(cache->dir, names->copy, 0);
}

/* The oldest go until the rest fits. */
static void make_room(const struct loader_cache *cache, const char *keep)
{
	static struct scan scan;

	for (;;) {
		struct names oldest = {"", ""};
		struct timespec when = {0};
		uint64_t total = 0;

		if (!scan_start(&scan, cache))
			return;
		while (scan_next(&scan, cache)) {
			total += (uint64_t)scan.copy.st_size;
			if (strcmp(scan.names.copy, keep) == 0 ||
			    (oldest.copy[0] && scan.copy.st_mtim.tv_sec >= when.tv_sec))
				continue;
			oldest = scan.names;
			when = scan.copy.st_mtim;
		}
		if (total <= LOADER_CACHE_MAX || !oldest.copy[0])
			return;
		drop(cache, &oldest);
	}
}

/* What a file's entry is called, and where its copy is. */
static enum cd_status find_names(const struct loader_cache *cache, const struct stat *st,
				 struct names *names, char copy[CD_PATH_MAX])
{
	char key[KEY_MAX];

	make_key(st, key);
	name_entry(names, key);
	return snprintf(copy, CD_PATH_MAX, "%s/%s", cache->path, names->copy) < CD_PATH_MAX
		   ? CD_OK
		   : CD_ELIMIT;
}

enum cd_status loader_cache_get(struct loader_cache *cache, const char *original,
				char copy[CD_PATH_MAX], const char **why)
{
	enum cd_status status;
	struct names names;
	struct note note;
	struct stat st;
	int fd;

	*why = NULL;
	if (stat(original, &st))
		return CD_ESYS;
	status = find_names(cache, &st, &names, copy);
	if (status != CD_OK ||
	    (read_note(cache->dir, names.note, &note) && is_sound(cache->dir, names.copy, &note)))
		return status;
	fd = open(original, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return CD_ESYS;
	/* The key stands for what is read. */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		status = CD_EINVAL;
	if (status == CD_OK)
		status = find_names(cache, &st, &names, copy);
	if (status == CD_OK) {
		memset(&note, 0, sizeof(note));
		snprintf(note.original, sizeof(note.original), "%s", original);
		status = make_entry(cache, fd, &names, &note, why);
	}
	close(fd);
	if (status == CD_OK)
		make_room(cache, names.copy);
	return status;
}

enum cd_status loader_cache_list(struct loader_cache *cache,
				 void (*visit)(void *context, const struct loader_entry *entry),
				 void *context)
{
	static struct scan scan;
	static struct loader_entry entry;

	if (!scan_start(&scan, cache))
		return CD_ESYS;
	while (scan_next(&scan, cache)) {
		memcpy(entry.original, scan.note.original, sizeof(entry.original));
		memcpy(entry.build_id, scan.note.build_id, sizeof(entry.build_id));
		entry.size = (uint64_t)scan.copy.st_size;
		entry.made = scan.note.mtime;
		entry.patched = scan.note.patched;
		entry.sound = scan.sound;
		visit(context, &entry);
	}
	return CD_OK;
}

int loader_cache_clear(struct loader_cache *cache)
{
	int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		count += is_note(entry->d_name);
		unlinkat(cache->dir, entry->d_name, 0);
	}
	closedir(dir);
	return count;
}
