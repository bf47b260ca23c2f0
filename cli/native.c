/* Letting programs do natively what the policy settles. */
#include "cli/native.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "host/confine.h"
#include "lib/path.h"
#include "lib/without.h"
#include "loader/cache.h"
#include "loader/loader.h"
#include "loader/musl.h"
#include "refmon/plan.h"
#include "refmon/settle.h"

#define HEAD 4096 /* bytes of a program that are looked at */

/* Interpreters, by the path that the processor's ABI fixes, and the libcs that lie beside them. */
static const struct {
	const char *interpreter;
	const char *libraries[2];
} families[] = {
    {"/lib64/ld-linux-x86-64.so.2", {"libc.so.6", NULL}},
    {"/lib/ld-musl-x86_64.so.1", {NULL}},
};

struct native {
	struct cd_plan *plan;
	struct loader_cache cache;
	bool verbose;
	unsigned count; /* of interpreters */
};

/* Is the file in the view as it is outside, to be mapped as code, and not to be changed there? */
static bool is_shown(const struct cd_plan *plan, const char *path)
{
	const struct cd_mount *mount = mon_plan_at(plan, path);

	return mount && mount->kind == CD_MOUNT_BIND && strcmp(mount->dest, mount->from) == 0 &&
	       mount->exec && !mount->writable;
}

/* What is granted at the place itself, and not from above: who covers it is to have the same. */
static uint8_t granted_at(const struct cd_plan *plan, const char *place)
{
	const struct cd_mount *mount = mon_plan_at(plan, place);

	return mount && strcmp(mount->dest, place) == 0 ? mount->native : 0;
}

static bool cover(struct native *n, const char *path)
{
	struct cd_mount mount = {.kind = CD_MOUNT_BIND, .dest = path, .exec = true, .file = true};
	char copy[CD_PATH_MAX];
	const char *why;
	enum cd_status status;

	if (!is_shown(n->plan, path))
		return false;
	progress_begin("preparing the machine's libraries, once", NULL);
	status = loader_cache_get(&n->cache, path, copy, &why);
	progress_end();
	if (status != CD_OK) {
		if (n->verbose)
			cli_say("%s goes through the monitor for everything: %s", path,
				status == CD_ESYS ? strerror(errno)
				: why		  ? why
						  : "no copy");
		return false;
	}
	mount.from = copy;
	mount.native = granted_at(n->plan, path);
	return mon_plan_add(n->plan, &mount) == CD_OK;
}

static void cover_family(struct native *n, const char *interpreter, const char *const *libraries)
{
	char path[CD_PATH_MAX], *slash;

	if (!realpath(interpreter, path) || !cover(n, path))
		return;
	n->count++;
	slash = strrchr(path, '/');
	for (; *libraries; libraries++) {
		char library[CD_PATH_MAX], real[CD_PATH_MAX];

		if (snprintf(library, sizeof(library), "%.*s/%s", (int)(slash - path), path,
			     *libraries) < (int)sizeof(library) &&
		    realpath(library, real))
			cover(n, real);
	}
}

/* ---- the cache is out of the space's reach ---- */

/* Adds the mount before those below it. */
static bool add_sorted(struct cd_plan *plan, const struct cd_mount *mount)
{
	size_t at = 0;

	if (mon_plan_add(plan, mount) != CD_OK)
		return false;
	while (at + 1 < plan->count && (!cd_path_is_within(plan->mounts[at].dest, mount->dest) ||
					strcmp(plan->mounts[at].dest, mount->dest) == 0))
		at++;
	for (size_t i = plan->count - 1; i > at; i--) {
		struct cd_mount moved = plan->mounts[i];

		plan->mounts[i] = plan->mounts[i - 1];
		plan->mounts[i - 1] = moved;
	}
	return true;
}

/*
 * What leads to the cache could be renamed, and another put in its place: a mount cannot. So each
 * directory between the one that is granted and the cache becomes one, as it is.
 */
static bool hold_parents(struct cd_plan *plan, const struct cd_mount *granted, const char *dest,
			 const char *from)
{
	struct cd_mount held = *granted;
	char inside[CD_PATH_MAX], outside[CD_PATH_MAX];
	size_t shared = strlen(dest), start = strlen(granted->dest);

	held.native = 0;
	held.dest = inside;
	held.from = outside;
	for (size_t n = start + 1; n < shared; n++) {
		size_t rest = shared - n, m = strlen(from) - rest;

		if (dest[n] != '/')
			continue;
		snprintf(inside, sizeof(inside), "%.*s", (int)n, dest);
		snprintf(outside, sizeof(outside), "%.*s", (int)m, from);
		if (!add_sorted(plan, &held))
			return false;
	}
	return true;
}

/* Covers the directory where this mount shows it. */
static bool hide_in(struct cd_plan *plan, size_t index, const char *cache)
{
	const struct cd_mount granted = plan->mounts[index];
	struct cd_mount mask = {.kind = CD_MOUNT_MASK};
	const char *rest = cache + (strcmp(granted.from, "/") ? strlen(granted.from) : 0);
	char dest[CD_PATH_MAX];

	if (snprintf(dest, sizeof(dest), "%s%s", strcmp(granted.dest, "/") ? granted.dest : "",
		     rest) >= (int)sizeof(dest))
		return false;
	if (mon_plan_at(plan, dest) != &plan->mounts[index])
		return true;
	mask.dest = dest;
	return (!granted.writable || hold_parents(plan, &granted, dest, cache)) &&
	       add_sorted(plan, &mask);
}

static bool shows_outside(const struct cd_mount *mount)
{
	return mount->kind == CD_MOUNT_BIND || mount->kind == CD_MOUNT_COW;
}

bool cli_shows(const struct cd_plan *plan, const char *directory)
{
	for (size_t i = 0; i < plan->count; i++)
		if (shows_outside(&plan->mounts[i]) &&
		    (cd_path_is_within(directory, plan->mounts[i].from) ||
		     cd_path_is_within(plan->mounts[i].from, directory)))
			return true;
	return false;
}

bool cli_hide(struct cd_plan *plan, const char *directory)
{
	for (size_t i = plan->count; i-- > 0;) {
		struct cd_mount *mount = &plan->mounts[i];

		if (!shows_outside(mount))
			continue;
		if (cd_path_is_within(mount->from, directory))
			mount->writable = mount->exec = false; /* named by the user himself */
		if (cd_path_is_within(directory, mount->from) && !hide_in(plan, i, directory))
			return false;
	}
	return true;
}

/* A space may read the copies that it is shown. What it could write, others would run. */
static bool hide_cache(struct cd_plan *plan, const char *path)
{
	static const char end[] = "/cordon/shim";
	char cache[CD_PATH_MAX];
	size_t n = strlen(path);

	/* The folder above is cordon's, too, unless a link leads here. */
	if (n > strlen(end) && strcmp(path + n - strlen(end), end) == 0)
		n -= strlen("/shim");
	snprintf(cache, sizeof(cache), "%.*s", (int)n, path);
	return cli_hide(plan, cache);
}

/* Opens the cache, and puts it out of the space's reach; whether it can be used. */
static bool open_cache(struct native *n)
{
	enum cd_status status = loader_cache_open(&n->cache);

	if (status == CD_OK) {
		if (hide_cache(n->plan, n->cache.path))
			return true;
		loader_cache_close(&n->cache);
		errno = ENOMEM;
		status = CD_ESYS;
	}
	if (n->verbose)
		cli_say("everything goes through the monitor: no cache for the shim's libraries: "
			"%s",
			status == CD_ESYS ? strerror(errno) : "it is not yours alone");
	return false;
}

void cli_native_hide(struct cd_plan *plan, const struct mon_table *table, bool socket)
{
	struct native n = {.plan = plan};

	if (open_cache(&n))
		loader_cache_close(&n.cache);
	mon_settle_looks(table, plan, socket);
}

/* The beginning of a program's file: how much of it there is, 0 if it cannot be read. */
static size_t read_head(const char *path, unsigned char head[HEAD])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd >= 0 ? pread(fd, head, HEAD, 0) : -1;

	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* A first look, so that no helper is asked in vain about a program that has an interpreter. */
static bool may_be_static(const char *path)
{
	unsigned char head[HEAD];
	size_t n = read_head(path, head);

	return n && loader_may_be_static(head, n);
}

/* Does the program name musl's dynamic linker, which this machine does not have? */
static bool needs_musl(const char *path)
{
	static const char interpreter[] = "/lib/" LOADER_MUSL_NAME;
	unsigned char head[HEAD];

	if (!cd_without_name("musl") && access(interpreter, F_OK) == 0)
		return false;
	return memmem(head, read_head(path, head), interpreter, sizeof(interpreter));
}

/*
 * Shows the musl that cordon carries where the program looks for it. No mount can be put in a place
 * that does not exist, so that the folder is shown by way of another layer, which has that place.
 */
void cli_lend_musl(struct cd_plan *plan, const char *program, bool native)
{
	struct cd_mount folder = {.kind = CD_MOUNT_COW, .exec = true, .place = LOADER_MUSL_NAME},
			file = {.kind = CD_MOUNT_BIND, .exec = true, .file = true};
	char directory[CD_PATH_MAX], dest[CD_PATH_MAX], path[CD_PATH_MAX], copy[CD_PATH_MAX];
	struct loader_cache cache;
	const char *why;

	if (!needs_musl(program) || !realpath("/lib", directory) || !is_shown(plan, directory) ||
	    snprintf(dest, sizeof(dest), "%s/%s", directory, LOADER_MUSL_NAME) >=
		(int)sizeof(dest) ||
	    loader_cache_open(&cache) != CD_OK)
		return;
	folder.dest = folder.from = directory;
	folder.native = granted_at(plan, directory);
	file.dest = dest;
	file.from = path;
	/* cppcheck-suppress comparePointers ; the linker put one behind the other */
	if (loader_cache_keep(&cache, "musl", loader_musl, (size_t)(loader_musl_end - loader_musl),
			      path) == CD_OK) {
		if (native && loader_cache_get(&cache, path, copy, &why) == CD_OK)
			file.from = copy;
		if (add_sorted(plan, &folder) && mon_plan_add(plan, &file) != CD_OK)
			cli_say("out of memory");
	}
	loader_cache_close(&cache);
}

unsigned cli_native(struct cd_plan *plan, const struct mon_table *table, const char *program,
		    bool socket, bool verbose)
{
	struct native n = {.plan = plan, .verbose = verbose};

	if (cd_without_name("shim") || !host_can_confine_native()) {
		cli_native_hide(plan, table, socket);
		return 0;
	}
	/* Descriptors of directories may come in from outside by it, and lead past the view. */
	if (socket || mon_grants_outer_socket(table, plan)) {
		if (verbose)
			cli_say("everything goes through the monitor: a socket to the outside may "
				"bring directories in");
		cli_native_hide(plan, table, socket);
		return 0;
	}
	if (!open_cache(&n)) {
		mon_settle_looks(table, plan, socket);
		return 0;
	}
	if (mon_settle(table, plan) != CD_OK)
		plan->native = 0;
	for (size_t i = 0; plan->native && i < sizeof(families) / sizeof(families[0]); i++)
		cover_family(&n, families[i].interpreter, families[i].libraries);
	if (plan->native && program && may_be_static(program) && cover(&n, program))
		n.count++;
	if (!n.count)
		plan->native = 0;
	loader_cache_close(&n.cache);
	return plan->native;
}
