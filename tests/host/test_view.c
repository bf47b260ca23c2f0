/*
 * A view, from inside: what the plan names is there with its rights, and nothing else is. Only
 * where an ordinary user may make namespaces.
 */
#include "host/view.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cordon/limits.h"

static char root[64];

static void put(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (!text) {
		cr_assert_eq(mkdir(path, 0755), 0);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void begin(void)
{
	strcpy(root, "/tmp/cordon-view-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	chmod(root, 0755);
	put("dir", NULL);
	put("dir/file", "seen");
	put("dir/secret", NULL);
	put("dir/secret/key", "hidden");
	put("dir/secret/shown", "named");
	put("dir/token", "hidden");
	put("other", "not granted");
	put("program", "#!/bin/sh\n");
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	cr_expect_eq(system(command), 0);
}

TestSuite(view, .init = begin, .fini = end, .timeout = 30);

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool enter_namespaces(void)
{
	char text[64];
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	write_text("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	if (!write_text("/proc/self/gid_map", text))
		return false;
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	return write_text("/proc/self/uid_map", text);
}

/* A step that fails says where, on a pipe: no assertion works behind the view. */
static int report;

#define CHECK(truth)                                                                               \
	do {                                                                                       \
		if (!(truth)) {                                                                    \
			dprintf(report, "line %d: %s (errno %d)", __LINE__, #truth, errno);        \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Enters the view in a process of its own and looks around there. */
static void inside(const struct cd_mount *mounts, size_t count, void (*look)(void))
{
	const struct cd_plan plan = {.mounts = (struct cd_mount *)mounts, .count = count};
	char text[512] = "";
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		const char *culprit = "";

		report = ends[1];
		if (!enter_namespaces())
			_exit(77);
		if (host_view_enter(&plan, NULL, NULL, -1, &culprit) != CD_OK) {
			dprintf(report, "no view: %s (errno %d)", culprit, errno);
			_exit(1);
		}
		look();
		_exit(0);
	}
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	(void)n;
	close(ends[0]);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("no user namespaces here");
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s, status %#x", text, status);
}

static const char *at(const char *name)
{
	static char paths[16][128];
	static unsigned next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s%s", root, name);
	return path;
}

/* The names in a directory, in no order, but "." and "..": how many. */
static int count_names(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static unsigned long flags_of(const char *path)
{
	struct statvfs st;

	return statvfs(path, &st) ? 0 : st.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC);
}

#define SEALED (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC)

/* ---- nothing else ---- */

static void look_at_nothing(void)
{
	CHECK(count_names("/") == 0);
	CHECK(flags_of("/") == SEALED);
	CHECK(mkdir("/new", 0755) == -1 && errno == EROFS);
	CHECK(open("/new", O_CREAT | O_WRONLY, 0600) == -1 && errno == EROFS);
	CHECK(access("/.old", F_OK) == -1 && errno == ENOENT);
	CHECK(access("/proc", F_OK) == -1 && access("/etc", F_OK) == -1 &&
	      access("/tmp", F_OK) == -1);
	CHECK(chdir("..") == 0 && count_names(".") == 0);
}

Test(view, of_an_empty_plan_is_an_empty_root_that_cannot_be_changed)
{
	inside(NULL, 0, look_at_nothing);
}

static void look_at_one_grant(void)
{
	CHECK(count_names("/") == 1);
	CHECK(count_names("/tmp") == 1);
	CHECK(count_names(at("")) == 1);
	CHECK(access(at("/dir/file"), R_OK) == 0);
	CHECK(access(at("/other"), F_OK) == -1 && errno == ENOENT);
	CHECK(flags_of(at("/dir")) == SEALED);
	CHECK(open(at("/dir/file"), O_WRONLY) == -1 && errno == EROFS);
	CHECK(open(at("/dir/new"), O_CREAT | O_WRONLY, 0600) == -1 && errno == EROFS);
	CHECK(open(at("/new"), O_CREAT | O_WRONLY, 0600) == -1 && errno == EROFS);
}

Test(view, shows_what_was_granted_and_the_way_to_it)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_BIND, .dest = at("/dir"), .from = at("/dir")}};

	inside(mounts, 1, look_at_one_grant);
}

/* ---- rights ---- */

static void look_at_rights(void)
{
	CHECK(flags_of(at("/dir")) == (ST_NOSUID | ST_NODEV | ST_NOEXEC));
	CHECK(close(open(at("/dir/new"), O_CREAT | O_WRONLY, 0600)) == 0);
	CHECK(flags_of(at("/program")) == (ST_RDONLY | ST_NOSUID | ST_NODEV));
	CHECK(access(at("/program"), X_OK) == 0);
	CHECK(execl(at("/dir/file"), "file", NULL) == -1 && errno == EACCES);
	CHECK(flags_of("/dev/null") == (ST_NOSUID | ST_NOEXEC));
	CHECK(write(open("/dev/null", O_WRONLY), "x", 1) == 1);
	CHECK(flags_of("/dev/zero") == SEALED);
	CHECK(open("/dev/zero", O_RDONLY) == -1 && errno == EACCES);
}

Test(view, gives_each_place_the_rights_of_the_plan_and_no_more)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_BIND,
	     .dest = "/dev/null",
	     .from = "/dev/null",
	     .writable = true,
	     .dev = true},
	    {.kind = CD_MOUNT_BIND, .dest = "/dev/zero", .from = "/dev/zero"},
	    {.kind = CD_MOUNT_BIND, .dest = at("/dir"), .from = at("/dir"), .writable = true},
	    {.kind = CD_MOUNT_BIND, .dest = at("/program"), .from = at("/program"), .exec = true},
	};

	inside(mounts, 4, look_at_rights);
}

/* ---- masks ---- */

static void look_at_masks(void)
{
	struct stat st;

	CHECK(access(at("/dir/file"), R_OK) == 0);
	CHECK(stat(at("/dir/secret"), &st) == 0 && (st.st_mode & 07777) == 0111);
	CHECK(flags_of(at("/dir/secret")) == SEALED);
	/* Even for who may open it, as this process may: it is empty. */
	CHECK(count_names(at("/dir/secret")) == 0);
	CHECK(access(at("/dir/secret/key"), F_OK) == -1 && errno == ENOENT);
	CHECK(stat(at("/dir/token"), &st) == 0 && st.st_size == 0 && (st.st_mode & 07777) == 0);
	CHECK(flags_of(at("/dir/token")) == SEALED);
	CHECK(open(at("/dir/token"), O_WRONLY) == -1 && errno == EROFS);
	CHECK(mkdir(at("/dir/secret/new"), 0755) == -1 && errno == EROFS);
	CHECK(access("/.masked", F_OK) == -1 && errno == ENOENT);
}

Test(view, masks_cover_files_and_directories_with_nothing)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_BIND, .dest = at("/dir"), .from = at("/dir"), .writable = true},
	    {.kind = CD_MOUNT_MASK, .dest = at("/dir/none")},
	    {.kind = CD_MOUNT_MASK, .dest = at("/dir/secret")},
	    {.kind = CD_MOUNT_MASK, .dest = at("/dir/token")},
	};

	inside(mounts, 4, look_at_masks);
}

static void look_into_a_mask(void)
{
	struct stat st;

	CHECK(stat(at("/dir/secret"), &st) == 0 && (st.st_mode & 07777) == 0111);
	CHECK(flags_of(at("/dir/secret")) == SEALED);
	CHECK(count_names(at("/dir/secret")) == 1);
	CHECK(access(at("/dir/secret/shown"), R_OK) == 0);
	CHECK(stat(at("/dir/secret/shown"), &st) == 0 && st.st_size == 5);
	CHECK(access(at("/dir/secret/key"), F_OK) == -1 && errno == ENOENT);
	CHECK(mkdir(at("/dir/secret/new"), 0755) == -1 && errno == EROFS);
}

Test(view, a_mask_can_hold_what_was_granted_by_name)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_BIND, .dest = at("/dir"), .from = at("/dir")},
	    {.kind = CD_MOUNT_MASK, .dest = at("/dir/secret")},
	    {.kind = CD_MOUNT_BIND,
	     .dest = at("/dir/secret/shown"),
	     .from = at("/dir/secret/shown")},
	};

	inside(mounts, 3, look_into_a_mask);
}

/* ---- terminals ---- */

static void look_at_terminals(void)
{
	int master, zero = 0;
	char name[32] = "";
	struct stat st;

	CHECK(flags_of("/dev/pts") == (ST_NOSUID | ST_NOEXEC));
	CHECK(count_names("/dev/pts") == 1);
	master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
	CHECK(master >= 0 && ioctl(master, TIOCSPTLCK, &zero) == 0);
	CHECK(ptsname_r(master, name, sizeof(name)) == 0 && strcmp(name, "/dev/pts/0") == 0);
	CHECK(stat(name, &st) == 0 && (st.st_mode & 07777) == 0620);
	CHECK(open(name, O_RDWR | O_NOCTTY) >= 0);
	CHECK(open("/dev/pts/new", O_CREAT | O_RDWR, 0600) == -1);
	CHECK(unlink(name) == -1);
	/* Of all that the machine has, the space can use up so many. */
	for (int i = 1; i < CD_TERMINALS_MAX; i++)
		CHECK(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY) >= 0);
	CHECK(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY) == -1 && errno == ENOSPC);
}

Test(view, terminals_are_the_spaces_own)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_PTS, .dest = "/dev/pts", .writable = true, .dev = true}};
	int mine = posix_openpt(O_RDWR | O_NOCTTY);

	inside(mounts, 1, look_at_terminals);
	close(mine);
}

/* ---- the other kinds ---- */

static void look_at_the_rest(void)
{
	char text[64] = "";
	struct statvfs st;
	int fd;

	CHECK(count_names("/private") == 0);
	CHECK(flags_of("/private") == (ST_NOSUID | ST_NODEV | ST_NOEXEC));
	CHECK(statvfs("/private", &st) == 0 && st.f_blocks * st.f_frsize == 65536);
	CHECK(mkdir("/private/new", 0700) == 0);
	CHECK(readlink("/link", text, sizeof(text) - 1) == 7 && strcmp(text, "private") == 0);
	fd = open("/etc/text", O_RDONLY);
	memset(text, 0, sizeof(text));
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) == 5 && strcmp(text, "words") == 0);
	CHECK(open("/etc/text", O_WRONLY) == -1 && errno == EROFS);
	CHECK(count_names("/empty/dir") == 0);
	CHECK(mkdir("/empty/dir/new", 0700) == -1 && errno == EROFS);
	CHECK(access("/moved/file", R_OK) == 0);
	CHECK(access("/gone", F_OK) == -1 && errno == ENOENT);
}

Test(view, has_private_directories_links_texts_and_what_was_moved)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_DIR, .dest = "/empty/dir"},
	    {.kind = CD_MOUNT_TEXT, .dest = "/etc/text", .from = "words"},
	    {.kind = CD_MOUNT_BIND, .dest = "/gone", .from = "/no-such-cordon-place"},
	    {.kind = CD_MOUNT_SYMLINK, .dest = "/link", .from = "private"},
	    {.kind = CD_MOUNT_BIND, .dest = "/moved", .from = at("/dir")},
	    {.kind = CD_MOUNT_TMPFS, .dest = "/private", .writable = true, .size = 65536},
	};

	inside(mounts, 6, look_at_the_rest);
}

/* A source that turns out to be a link is not followed: where it leads was not granted. */
static void look_at_a_link(void)
{
	CHECK(access("/shown/file", F_OK) == -1);
	CHECK(open("/shown", O_RDONLY | O_DIRECTORY) == -1);
}

Test(view, a_source_that_became_a_link_is_not_followed)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_BIND, .dest = "/shown", .from = at("/link")}};

	cr_assert_eq(symlink(at("/dir"), at("/link")), 0);
	inside(mounts, 1, look_at_a_link);
}
