/*
 * The cache of rewritten files: XDG_CACHE_HOME/cordon/shim, the user's own.
 *
 * An entry is made from one file, as it was then (device, inode, size, times), by a confined helper
 * that has no authority but the two descriptors, and serves for that file alone: what a hostile
 * file makes of its helper harms nobody who does not run that file anyway. A second file notes how
 * the entry looked when it was made; one that looks otherwise now is made again.
 */
#ifndef CORDON_LOADER_CACHE_H
#define CORDON_LOADER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cordon/limits.h"
#include "cordon/status.h"

#define LOADER_WHY_MAX	 160
#define LOADER_CACHE_MAX (UINT64_C(64) << 20) /* bytes; the oldest entries make room */

struct loader_cache {
	int dir;
	char path[CD_PATH_MAX]; /* no link in it */
};

/* Opens the cache, making it where it is missing. CD_ESYS, with errno; CD_EINVAL: it, or a folder
 * that it is in, is not this user's alone. */
CD_CHECKED enum cd_status loader_cache_open(struct loader_cache *cache);
void loader_cache_close(struct loader_cache *cache);

/*
 * The path of the copy of a file (absolute, no link), made now if need be. CD_ENOSUP, CD_EINVAL,
 * CD_ELIMIT: the file cannot be rewritten, why says so in one clause, static, until the next call;
 * CD_ESYS: with errno.
 */
CD_CHECKED enum cd_status loader_cache_get(struct loader_cache *cache, const char *original,
					   char copy[CD_PATH_MAX], const char **why);

/*
 * The path of a file in the cache that holds these bytes, written now unless it does already. name:
 * of its own, unlike those of entries. CD_ESYS: with errno.
 */
CD_CHECKED enum cd_status loader_cache_keep(struct loader_cache *cache, const char *name,
					    const void *bytes, size_t size, char path[CD_PATH_MAX]);

struct loader_entry {
	char original[CD_PATH_MAX];
	char build_id[129];	  /* hexadecimal; empty: none */
	char why[LOADER_WHY_MAX]; /* why there is no copy; empty: there is one */
	uint64_t size;
	time_t made;
	uint32_t patched; /* call sites */
	bool sound;   /* it looks as it did when it was made; if not, of the rest only the size is
			 known */
	bool current; /* it is what a run would use now */
};

/* Every entry, in no order. */
CD_CHECKED enum cd_status
loader_cache_list(struct loader_cache *cache,
		  void (*visit)(void *context, const struct loader_entry *entry), void *context);
/* Removes all; how many, or -1 with errno when some could not be. */
int loader_cache_clear(struct loader_cache *cache);

#endif
