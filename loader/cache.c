/* The cache of rewritten files. */
#include "loader/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/hash.h"
#include "loader/helper.h"
#include "shim/shim.h"

#define KEY_MAX	     48
#define BUILD_ID_MAX sizeof(((struct loader_entry *)0)->build_id)

#define LOCK_SECONDS 10		 /* then two make the same, which does no harm */
#define LEFT_SECONDS 600	 /* older than any helper: nobody will finish what lies here */
#define KEPT_SECONDS (7 * 86400) /* for others who see another file under the same name */

/* How a copy looks. */
struct looks {
	uint64_t ino, size;
	int64_t mtime, mtime_ns, ctime, ctime_ns;
};

/* The note beside an entry. A fixed layout, read back by the same program alone: the key has its
 * version. */
struct note {
	uint64_t check; /* of all that follows */
	struct looks looks;
	int64_t made;
	int32_t status; /* enum cd_status. Not CD_OK: there is no copy, and why says why */
	uint32_t patched;
	char build_id[BUILD_ID_MAX + 7];
	char why[LOADER_WHY_MAX];
	char original[CD_PATH_MAX]; /* in the file it ends with its NUL */
};

static size_t note_size(const struct note *note)
{
	return offsetof(struct note, original) + strlen(note->original) + 1;
}

/* ---- keys ---- */

/* What the copy would hold: the shim, and the way in which it is put in, which is this program's.
 */
static uint64_t version(void)
{
	static uint64_t known;

	if (!known) {
		struct stat st;

		known = cd_hash(CD_HASH_START, CORDON_VERSION, strlen(CORDON_VERSION));
		known = cd_hash(known, shim_stub, shim_stub_size());
		known = cd_hash(known, shim_image, shim_image_size());
		known = cd_hash(known, shim_frames, shim_frames_size());
		if (stat("/proc/self/exe", &st) == 0) {
			const int64_t identity[] = {st.st_size, st.st_mtim.tv_sec,
						    st.st_mtim.tv_nsec};

			known = cd_hash(known, identity, sizeof(identity));
		}
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
		 (unsigned long long)cd_hash(CD_HASH_START, identity, sizeof(identity)),
		 (unsigned long long)version());
}

/* ---- the folder ---- */

/* Made only where it is not there: to find that out by making it costs more. */
static int open_folder(int parent, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int dir = openat(parent, name, flags);

	if (dir >= 0 || errno != ENOENT || (mkdirat(parent, name, 0700) && errno != EEXIST))
		return dir;
	return openat(parent, name, flags);
}

/* Nobody else may change what is in it: whoever may could put another folder in its place. */
static bool is_own(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* Where the folder is, if it still is there. */
static bool find_path(int dir, char path[CD_PATH_MAX])
{
	struct stat here, there;

	return cd_file_path(dir, path) && fstat(dir, &here) == 0 && stat(path, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* XDG_CACHE_HOME; false, with errno, when there is none. */
static bool find_base(char path[CD_PATH_MAX])
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n = -1;

	if (base && *base == '/')
		n = snprintf(path, CD_PATH_MAX, "%s", base);
	else if (home && *home == '/')
		n = snprintf(path, CD_PATH_MAX, "%s/.cache", home);
	errno = n < 0 ? ENOENT : ENAMETOOLONG;
	return n >= 0 && n < CD_PATH_MAX - (int)sizeof("/cordon/shim");
}

enum cd_status loader_cache_open(struct loader_cache *cache)
{
	static const char *const folders[] = {"cordon", "shim"};
	char path[CD_PATH_MAX];
	bool own;

	cache->dir = -1;
	if (!find_base(path))
		return CD_ESYS;
	cache->dir = open_folder(AT_FDCWD, path);
	own = cache->dir >= 0 && is_own(cache->dir);
	for (size_t i = 0; own && i < sizeof(folders) / sizeof(folders[0]); i++) {
		int next = open_folder(cache->dir, folders[i]), saved = errno;

		close(cache->dir);
		errno = saved;
		cache->dir = next;
		own = next >= 0 && is_own(next);
	}
	if (cache->dir < 0)
		return CD_ESYS;
	if (own && find_path(cache->dir, cache->path))
		return CD_OK;
	loader_cache_close(cache);
	return CD_EINVAL;
}

void loader_cache_close(struct loader_cache *cache)
{
	if (cache->dir >= 0)
		close(cache->dir);
	cache->dir = -1;
}

/* ---- entries ---- */

static uint64_t check_of(const struct note *note, size_t size)
{
	return cd_hash(CD_HASH_START, &note->looks, size - offsetof(struct note, looks));
}

/* Is there one, and is it as it was written? */
static bool read_note(int dir, const char *name, struct note *note)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0) {
		if (fstat(fd, &st) == 0 && st.st_uid == geteuid())
			n = read(fd, note, sizeof(*note));
		close(fd);
	}
	return n > (ssize_t)offsetof(struct note, original) && !((char *)note)[n - 1] &&
	       note->check == check_of(note, (size_t)n) && !note->build_id[BUILD_ID_MAX - 1] &&
	       !note->why[sizeof(note->why) - 1];
}

static void describe(const struct stat *st, struct looks *looks)
{
	*looks = (struct looks){.ino = st->st_ino,
				.size = (uint64_t)st->st_size,
				.mtime = st->st_mtim.tv_sec,
				.mtime_ns = st->st_mtim.tv_nsec,
				.ctime = st->st_ctim.tv_sec,
				.ctime_ns = st->st_ctim.tv_nsec};
}

/* Does the copy look as it did when it was made? Whoever changes a file changes its ctime. */
static bool is_sound(int dir, const char *name, const struct note *note)
{
	struct looks now;
	struct stat st;

	if (note->status != CD_OK)
		return true;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	describe(&st, &now);
	return memcmp(&now, &note->looks, sizeof(now)) == 0;
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

/* A name that nobody else writes under, in whatever process or container. */
#define TEMPORARY_MAX 32
static int make_temporary(int dir, mode_t mode, char name[TEMPORARY_MAX])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -1;
	snprintf(name, TEMPORARY_MAX, ".%016llx", (unsigned long long)random);
	return openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
}

/* Removes what could not be finished; errno stays. */
static void give_up(int dir, const char *temporary)
{
	int saved = errno;

	unlinkat(dir, temporary, 0);
	errno = saved;
}

/* Writes under another name and renames: others see all of it, or nothing. */
static enum cd_status write_note(int dir, const struct names *names, struct note *note)
{
	char temporary[TEMPORARY_MAX];
	int fd = make_temporary(dir, 0600, temporary);
	const size_t size = note_size(note);
	ssize_t n;

	if (fd < 0)
		return CD_ESYS;
	note->made = time(NULL);
	note->check = check_of(note, size);
	errno = ENOSPC;
	n = write(fd, note, size);
	close(fd);
	if (n == (ssize_t)size && renameat(dir, temporary, dir, names->note) == 0)
		return CD_OK;
	give_up(dir, temporary);
	return CD_ESYS;
}

/* The copy is on the disk before it has its name: after a crash it is whole or not there. */
static enum cd_status make_copy(int dir, int original, mode_t mode, const char *name,
				struct note *note, const char **why)
{
	char temporary[TEMPORARY_MAX];
	struct loader_made made;
	enum cd_status status;
	struct stat st;
	int out = make_temporary(dir, 0700, temporary);

	if (out < 0)
		return CD_ESYS;
	status = loader_help(original, out, &made, why);
	/* Programs that look see the original's mode. */
	if (status == CD_OK && (fchmod(out, (mode & 0755) | 0444) || fsync(out) ||
				renameat(dir, temporary, dir, name) || fstat(out, &st)))
		status = CD_ESYS;
	if (status == CD_OK) {
		describe(&st, &note->looks);
		note->patched = made.patched;
		memcpy(note->build_id, made.build_id, sizeof(made.build_id));
	} else {
		give_up(dir, temporary);
	}
	close(out);
	return status;
}

/* A file of which no copy can be made will not be tried again. */
static enum cd_status make_entry(int dir, int original, mode_t mode, const struct names *names,
				 struct note *note, const char **why)
{
	enum cd_status status = make_copy(dir, original, mode, names->copy, note, why), noted;

	if (status != CD_OK && status != CD_EINVAL && status != CD_ENOSUP && status != CD_ELIMIT)
		return status;
	note->status = status;
	snprintf(note->why, sizeof(note->why), "%s", status != CD_OK && *why ? *why : "");
	noted = write_note(dir, names, note);
	return status == CD_OK ? noted : status;
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
	struct stat copy; /* all zero: there is none */
	bool sound, current;
};

static bool is_gone(const char *original)
{
	struct stat st;

	return stat(original, &st) && (errno == ENOENT || errno == ENOTDIR);
}

/* Is it what a run would take for its file now? */
static bool is_current(const struct note *note, const char *name)
{
	char key[KEY_MAX];
	struct names names = {"", ""};
	struct stat st;

	if (stat(note->original, &st))
		return false;
	make_key(&st, key);
	name_entry(&names, key);
	return strcmp(names.copy, name) == 0;
}

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
		if (!scan->sound)
			memset(&scan->note, 0, sizeof(scan->note));
		scan->current = scan->sound && is_current(&scan->note, scan->names.copy);
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

/* What nobody will finish, and copies whose note is missing. */
static void drop_leftovers(const struct loader_cache *cache)
{
	int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char note[NAME_MAX + 8];
		size_t n = strlen(entry->d_name);
		struct stat st;

		snprintf(note, sizeof(note), "%.*s.note", n > 3 ? (int)n - 3 : 0, entry->d_name);
		if (fstatat(cache->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode) || st.st_ctim.tv_sec + LEFT_SECONDS > time(NULL) ||
		    is_note(entry->d_name) ||
		    (entry->d_name[0] != '.' && faccessat(cache->dir, note, F_OK, 0) == 0))
			continue;
		unlinkat(cache->dir, entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

/* Of a file that is gone, or of another time. */
static bool is_stale(const struct scan *scan)
{
	return !scan->sound || is_gone(scan->note.original) ||
	       (!scan->current && scan->note.made + KEPT_SECONDS < time(NULL));
}

/* What is stale goes, then the oldest until the rest fits. */
static void make_room(const struct loader_cache *cache, const char *keep)
{
	static struct scan scan;
	bool first = true;

	drop_leftovers(cache);
	for (;; first = false) {
		struct names oldest = {"", ""};
		struct timespec when = {0};
		uint64_t total = 0;

		if (!scan_start(&scan, cache))
			return;
		while (scan_next(&scan, cache)) {
			if (strcmp(scan.names.copy, keep) != 0 && first && is_stale(&scan)) {
				drop(cache, &scan.names);
				continue;
			}
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

/* One process makes and drops at a time; the others wait, to find it made. */
static void lock(const struct loader_cache *cache)
{
	const struct timespec pause = {0, 10000000};

	for (int i = 0; i < LOCK_SECONDS * 100; i++) {
		if (flock(cache->dir, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return;
		nanosleep(&pause, NULL);
	}
}

static void unlock(const struct loader_cache *cache)
{
	int saved = errno;

	flock(cache->dir, LOCK_UN);
	errno = saved;
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

/* Is it known what becomes of the file? Then status and why say so. */
static bool is_known(const struct loader_cache *cache, const struct names *names,
		     enum cd_status *status, const char **why)
{
	static struct note note;

	if (!read_note(cache->dir, names->note, &note) ||
	    !is_sound(cache->dir, names->copy, &note) || note.status > CD_OK ||
	    note.status < CD_ENOSUP)
		return false;
	*status = (enum cd_status)note.status;
	*why = *status == CD_OK ? NULL : note.why;
	return true;
}

/* With the lock held, or after having waited long enough. */
static enum cd_status make_anew(struct loader_cache *cache, const char *original,
				char copy[CD_PATH_MAX], const char **why)
{
	static struct note note;
	enum cd_status status = CD_EINVAL;
	struct names names = {"", ""};
	struct stat st;
	int fd = open(original, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), saved;

	if (fd < 0)
		return CD_ESYS;
	/* The key stands for what is read. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		status = find_names(cache, &st, &names, copy);
	if (status == CD_OK && !is_known(cache, &names, &status, why)) {
		memset(&note, 0, sizeof(note));
		snprintf(note.original, sizeof(note.original), "%s", original);
		status = make_entry(cache->dir, fd, st.st_mode, &names, &note, why);
		saved = errno;
		make_room(cache, names.copy);
		errno = saved;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return status;
}

enum cd_status loader_cache_get(struct loader_cache *cache, const char *original,
				char copy[CD_PATH_MAX], const char **why)
{
	enum cd_status status;
	struct names names = {"", ""};
	struct stat st;

	*why = NULL;
	if (stat(original, &st))
		return CD_ESYS;
	status = find_names(cache, &st, &names, copy);
	if (status != CD_OK || is_known(cache, &names, &status, why))
		return status;
	lock(cache);
	status = make_anew(cache, original, copy, why);
	unlock(cache);
	return status;
}

static bool holds(int dir, const char *name, const void *bytes, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	void *have = MAP_FAILED;
	bool same;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == size &&
	    st.st_uid == geteuid())
		have = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	same = have != MAP_FAILED && memcmp(have, bytes, size) == 0;
	if (have != MAP_FAILED)
		munmap(have, size);
	return same;
}

enum cd_status loader_cache_keep(struct loader_cache *cache, const char *name, const void *bytes,
				 size_t size, char path[CD_PATH_MAX])
{
	char temporary[64];
	bool whole;
	int fd;

	if (snprintf(path, CD_PATH_MAX, "%s/%s", cache->path, name) >= CD_PATH_MAX)
		return CD_ELIMIT;
	if (holds(cache->dir, name, bytes, size))
		return CD_OK;
	snprintf(temporary, sizeof(temporary), ".%d.keep", getpid());
	unlinkat(cache->dir, temporary, 0);
	fd = openat(cache->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0700);
	if (fd < 0)
		return CD_ESYS;
	whole = write(fd, bytes, size) == (ssize_t)size && fchmod(fd, 0755) == 0 && fsync(fd) == 0;
	close(fd);
	if (whole && renameat(cache->dir, temporary, cache->dir, name) == 0)
		return CD_OK;
	unlinkat(cache->dir, temporary, 0);
	return CD_ESYS;
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
		memcpy(entry.why, scan.note.why, sizeof(entry.why));
		entry.made = (time_t)scan.note.made;
		entry.patched = scan.note.patched;
		entry.sound = scan.sound;
		entry.current = scan.current;
		visit(context, &entry);
	}
	return CD_OK;
}

int loader_cache_clear(struct loader_cache *cache)
{
	int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0, failed = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	lock(cache);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(cache->dir, entry->d_name, 0) == 0)
			count += is_note(entry->d_name);
		else if (errno != ENOENT)
			failed = errno;
	}
	unlock(cache);
	closedir(dir);
	errno = failed;
	return failed ? -1 : count;
}
