/* The directory of control sockets. */
#include "cli/control_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of ours, no link to one, that nobody else may enter. */
static bool is_ours(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return false;
	errno = EPERM;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077);
}

/* Whoever may write to the directory above could put another in its place; in /tmp he may not. */
static bool is_safe_above(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	errno = EPERM;
	return S_ISDIR(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == 0) &&
	       (!(st.st_mode & 022) || st.st_mode & S_ISVTX);
}

static bool name_below(const char *above, const char *name, char path[CD_PATH_MAX])
{
	char real[CD_PATH_MAX];

	if (!realpath(above, real) || !is_safe_above(real))
		return false;
	if (snprintf(path, CD_PATH_MAX, "%s/%s", strcmp(real, "/") ? real : "", name) < CD_PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* Whatever the umask: it may leave out rights of its owner's. */
static bool make_own(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return chmod(path, 0700) == 0 && is_ours(path);
	return errno == EEXIST && is_ours(path);
}

bool control_dir(enum control_dir_use use, char path[CD_PATH_MAX])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char name[32];

	/* What is not there, or not his, as after su, is as good as none. */
	if (runtime && *runtime == '/' && name_below(runtime, "cordon", path) &&
	    (use == CONTROL_DIR_MAKE ? make_own(path) : is_ours(path) || errno == ENOENT) &&
	    access(runtime, W_OK) == 0)
		return use != CONTROL_DIR_FIND || is_ours(path);
	snprintf(name, sizeof(name), "cordon-%u", geteuid());
	if (!name_below("/tmp", name, path))
		return false;
	return use == CONTROL_DIR_MAKE ? make_own(path) : use == CONTROL_DIR_NAME || is_ours(path);
}
