/*
 * Is a name that Linux does not find one that the monitor would not find either?
 *
 * Runs in the program's own process, on its stack, between any two of its instructions:
 * freestanding, without thread-local data, vector registers or anything of libc. It is never
 * trusted: all it can do is spare the program a question.
 *
 * Invariants:
 * - When in doubt the call is made again, where the monitor answers.
 * - There is no lock, for a signal handler, a vfork child or another thread may be in here at the
 *   same time, and whoever holds a lock may never come back. The table is written once, by the
 *   monitor, before it says so.
 */
#include "shim/image.h"

#include <asm/fcntl.h>
#include <asm/errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "cordon/shim.h"

#define AT_FDCWD (-100) /* <linux/fcntl.h> would bring structures of its own */
/* Of a working directory's path: longer ones are left to the monitor, for the stack may be small.
 */
#define HERE_MAX 192

/* What the monitor has said; zero at first, and then this is not asked. */
struct shim_data {
	struct cd_shim_told told;
	char settled[CD_SHIM_SETTLED];
};
_Static_assert(sizeof(struct shim_data) == CD_SHIM_DATA, "one page");

/* Where a call has the name that it may not find, and its flags: 1 for the first argument; 0: none.
 * Calls without a name here are always made again: chdir, which the monitor wants to know of. */
struct shape {
	uint16_t nr;
	uint8_t path, open_flags;
};

#define NAME(path)	  path, 0
#define OPEN(path, flags) path, flags
#define NONE		  0, 0
#define SHAPE_open	  OPEN(1, 2)
#define SHAPE_stat	  NAME(1)
#define SHAPE_lstat	  NAME(1)
#define SHAPE_access	  NAME(1)
#define SHAPE_chdir	  NONE
#define SHAPE_mkdir	  NAME(1)
#define SHAPE_rmdir	  NAME(1)
#define SHAPE_unlink	  NAME(1)
#define SHAPE_readlink	  NAME(1)
#define SHAPE_statfs	  NAME(1)
#define SHAPE_openat	  OPEN(2, 3)
#define SHAPE_mkdirat	  NAME(2)
#define SHAPE_newfstatat  NAME(2)
#define SHAPE_unlinkat	  NAME(2)
#define SHAPE_readlinkat  NAME(2)
#define SHAPE_faccessat	  NAME(2)
#define SHAPE_statx	  NAME(2)
#define SHAPE_faccessat2  NAME(2)

static const struct shape shapes[] = {
#define SHIM_CALL(nr, name) {nr, SHAPE_##name},
#include "shim/calls.def"
#undef SHIM_CALL
};

static const struct shape *find_shape(long nr)
{
	for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].nr == nr)
			return &shapes[i];
	return 0;
}

/* What follows the subtree in the path, or NULL. */
static const char *strip(const char *path, const char *subtree)
{
	while (*subtree)
		if (*path++ != *subtree++)
			return 0;
	return path;
}

static bool climbs(const char *path)
{
	for (bool first = true; *path; first = *path++ == '/')
		if (first && path[0] == '.' && path[1] == '.' && (!path[2] || path[2] == '/'))
			return true;
	return false;
}

/* Linux has just read the path, and found its end. */
static bool is_settled(const char *path, const char *table)
{
	for (const char *subtree = table; *subtree;) {
		const char *rest = strip(path, subtree);

		if (rest)
			return !climbs(rest);
		while (*subtree++)
			;
	}
	return false;
}

/* The same for a name that begins at the working directory. */
static bool is_settled_here(const char *path, const char *table, const long argument[6])
{
	char here[HERE_MAX];
	long length = shim_getcwd(here, sizeof(here) - 1, argument);

	/* The length counts the NUL, in the place of which the table wants a slash. */
	if (length < 3 || here[0] != '/')
		return false;
	here[length - 1] = '/';
	here[length] = '\0';
	return is_settled(here, table) && !climbs(path);
}

int shim_settles(long nr, const long argument[6])
{
	const struct shape *shape = find_shape(nr);
	const char *path, *table = shim_data.settled;

	if (!shape || !shape->path)
		return 0;
	if (shape->open_flags && (argument[shape->open_flags - 1] & O_CREAT))
		return 0;
	path = (const char *)argument[shape->path - 1];
	if (!path || !*path || (*path != '/' && shape->path == 2 && (int)argument[0] != AT_FDCWD))
		return 0;
	return *path == '/' ? is_settled(path, table) : is_settled_here(path, table, argument);
}
