/*
 * What openat2 makes where a program guards itself by RESOLVE_ flags: resolve. One line for each
 * combination: where the new file landed, or that none was made. In the working directory stand
 * `jail`, which is the root of all names here, and `outside`.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[] = {"new",
				    "sub/new",
				    "sub/../new",
				    "./sub/./new",
				    "../outside/new",
				    "sub/../../outside/new",
				    "../jail/new",
				    "out/new",
				    "out_absolute/new",
				    "in/new",
				    "up/outside/new",
				    "/new",
				    "/sub/new",
				    "out_dangling",
				    "out_dangling_absolute",
				    "proc/new",
				    "old",
				    "in_old",
				    "out_old",
				    "sub/",
				    "missing/new",
				    "..",
				    ".",
				    "out/../new",
				    "in/../new"};
static const struct {
	const char *name;
	unsigned long long flags;
} guards[] = {{"beneath", RESOLVE_BENEATH},
	      {"in_root", RESOLVE_IN_ROOT},
	      {"no_symlinks", RESOLVE_NO_SYMLINKS},
	      {"no_magiclinks", RESOLVE_NO_MAGICLINKS},
	      {"no_xdev", RESOLVE_NO_XDEV},
	      {"beneath, no_symlinks", RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS},
	      {"in_root, no_xdev", RESOLVE_IN_ROOT | RESOLVE_NO_XDEV}};
static const struct {
	const char *name;
	unsigned long long flags;
} ways[] = {
    {"create", O_CREAT}, {"exclusive", O_CREAT | O_EXCL}, {"nofollow", O_CREAT | O_NOFOLLOW}};

static void make_link(const char *target, const char *name)
{
	if (symlink(target, name))
		exit(2);
}

int main(void)
{
	char here[4096], path[8192];
	int jail;

	if (!getcwd(here, sizeof(here)) || mkdir("jail", 0755) || mkdir("outside", 0755) ||
	    mkdir("jail/sub", 0755))
		return 2;
	make_link("../outside", "jail/out");
	make_link("sub", "jail/in");
	make_link("..", "jail/up");
	make_link("../outside/made", "jail/out_dangling");
	snprintf(path, sizeof(path), "%s/outside", here);
	make_link(path, "jail/out_absolute");
	snprintf(path, sizeof(path), "%s/outside/made", here);
	make_link(path, "jail/out_dangling_absolute");
	snprintf(path, sizeof(path), "/proc/self/root%s/outside", here);
	make_link(path, "jail/proc");
	close(open("jail/old", O_CREAT | O_WRONLY, 0644));
	close(open("outside/old", O_CREAT | O_WRONLY, 0644));
	make_link("old", "jail/in_old");
	make_link("../outside/old", "jail/out_old");
	jail = open("jail", O_RDONLY | O_DIRECTORY);
	/* No name begins here; if one does all the same, it leads everywhere. */
	if (jail < 0 || chdir("/"))
		return 2;
	for (size_t g = 0; g < sizeof(guards) / sizeof(guards[0]); g++)
		for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++)
			for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
				const int rooted =
				    (guards[g].flags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0;
				struct open_how how = {.flags = O_WRONLY | ways[w].flags,
						       .mode = 0644,
						       .resolve = guards[g].flags};
				char self[64], where[4096];
				ssize_t len;
				int fd;

				/* What these flags leave alone is not theirs to guard; the monitor
				 * makes less there. */
				if (!rooted && (names[n][0] == '/' || strstr(names[n], "dangling")))
					continue;
				fd = (int)syscall(SYS_openat2, jail, names[n], &how, sizeof(how));
				/* Which error it is differs: what counts is whether anything is
				 * made, and where. */
				printf("%s: %s %s: ", guards[g].name, ways[w].name, names[n]);
				if (fd < 0) {
					printf("nothing\n");
					continue;
				}
				snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
				len = readlink(self, where, sizeof(where) - 1);
				where[len < 0 ? 0 : len] = '\0';
				printf("%s\n", where);
				close(fd);
				if (!strstr(where, "/old"))
					unlink(where);
			}
	return 0;
}
