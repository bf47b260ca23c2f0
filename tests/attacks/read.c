/*
 * Reads a file that the policy does not grant: read WAY SECRET. 0: it came out; 1: it did not.
 * The working directory is granted, with everything below it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *secret;

/* 0 when the descriptor gives the secret away. */
static int leak(int fd)
{
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 1;
	text[n] = '\0';
	return strstr(text, "TOP-SECRET") ? 0 : 1;
}

static int try(const char *format, const char *a, const char *b)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), format, a, b);
	return leak(open(path, O_RDONLY));
}

static int up(const char *prefix)
{
	char path[2 * PATH_MAX] = "";

	strcpy(path, prefix);
	for (int i = 0; i < 30; i++)
		strcat(path, "../");
	strcat(path, secret + 1);
	return leak(open(path, O_RDONLY));
}

static int way_plain(void)
{
	return leak(open(secret, O_RDONLY));
}
static int way_anything(void)
{
	char c;

	return read(open(secret, O_RDONLY), &c, 1) != 1;
}
static int way_rdwr(void)
{
	return leak(open(secret, O_RDWR));
}
static int way_old_open(void)
{
	return leak((int)syscall(SYS_open, secret, O_RDONLY, 0));
}
static int way_slashes(void)
{
	return try("////%s%s", secret, "");
}
static int way_dots(void)
{
	return try("/./usr/../usr/.././%s%s", secret, "");
}
static int way_relative(void)
{
	return up("./");
}
static int way_proc_root(void)
{
	return try("/proc/self/root%s%s", secret, "");
}
static int way_proc_one(void)
{
	return try("/proc/1/root%s%s", secret, "");
}
static int way_proc_cwd(void)
{
	return up("/proc/self/cwd/");
}
static int way_thread_root(void)
{
	return try("/proc/thread-self/root%s%s", secret, "");
}
static int way_dev_fd(void)
{
	char path[64];
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	snprintf(path, sizeof(path), "/dev/fd/%d/", fd);
	return up(path);
}
static int way_all_roots(void)
{
	for (int pid = 1; pid < 40000; pid++) {
		char number[64];

		snprintf(number, sizeof(number), "/proc/%d/root", pid);
		if (!try("%s%s", number, secret))
			return 0;
		snprintf(number, sizeof(number), "/proc/%d/cwd/", pid);
		if (!access(number, F_OK) && !up(number))
			return 0;
	}
	return 1;
}
static int way_symlink(void)
{
	unlink("l");
	return symlink(secret, "l") ? 1 : leak(open("l", O_RDONLY));
}
static int way_symlink_dir(void)
{
	char copy[PATH_MAX], name[PATH_MAX];

	strcpy(copy, secret);
	strcpy(name, secret);
	unlink("d");
	return symlink(dirname(copy), "d") ? 1 : try("d/%s%s", basename(name), "");
}
static int way_symlink_chain(void)
{
	char name[16], target[16];

	unlink("c0");
	if (symlink(secret, "c0"))
		return 1;
	for (int i = 1; i < 30; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(target, sizeof(target), "./c%d", i - 1);
		unlink(name);
		if (symlink(target, name))
			return 1;
	}
	return leak(open("c29", O_RDONLY));
}
static int way_create(void)
{
	unlink("l");
	return symlink(secret, "l") ? 1 : leak(open("l", O_RDWR | O_CREAT, 0600));
}
static int way_dirfd(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	return leak(openat(fd, secret + 1, O_RDONLY));
}
static int way_dirfd_path(void)
{
	char copy[PATH_MAX], name[PATH_MAX];
	int fd;

	strcpy(copy, secret);
	strcpy(name, secret);
	fd = open(dirname(copy), O_PATH);
	return leak(openat(fd, basename(name), O_RDONLY));
}
static int way_dirfd_up(void)
{
	char path[2 * PATH_MAX] = "";
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < 30; i++)
		strcat(path, "../");
	strcat(path, secret + 1);
	return leak(openat(fd, path, O_RDONLY));
}
static int way_openat2(void)
{
	struct open_how how = {.flags = O_RDONLY};
	struct open_how in_root = {.flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT};
	int root = open("/", O_PATH);

	return leak((int)syscall(SYS_openat2, AT_FDCWD, secret, &how, sizeof(how))) &
	       leak((int)syscall(SYS_openat2, root, secret, &in_root, sizeof(in_root)));
}
static int way_chdir(void)
{
	char copy[PATH_MAX], name[PATH_MAX];

	strcpy(copy, secret);
	strcpy(name, secret);
	return chdir(dirname(copy)) ? 1 : leak(open(basename(name), O_RDONLY));
}
static int way_chdir_up(void)
{
	for (int i = 0; i < 30; i++)
		if (chdir(".."))
			return 1;
	return leak(open(secret + 1, O_RDONLY));
}
static int way_hard_link(void)
{
	unlink("h");
	return link(secret, "h") ? 1 : leak(open("h", O_RDONLY));
}
static int way_linkat(void)
{
	char path[64];
	int fd = open(secret, O_PATH);

	unlink("h");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, AT_FDCWD, "h", AT_SYMLINK_FOLLOW) &&
	    linkat(fd, "", AT_FDCWD, "h", AT_EMPTY_PATH))
		return 1;
	return leak(open("h", O_RDONLY));
}
static int way_rename(void)
{
	int result;

	unlink("r");
	if (rename(secret, "r"))
		return 1;
	result = leak(open("r", O_RDONLY));
	if (rename("r", secret))
		return 3;
	return result;
}
static int way_rename_dir(void)
{
	char copy[PATH_MAX], name[PATH_MAX], path[PATH_MAX];
	char *dir;
	int result;

	strcpy(copy, secret);
	strcpy(name, secret);
	dir = dirname(copy);
	if (rename(dir, "moved"))
		return 1;
	snprintf(path, sizeof(path), "moved/%s", basename(name));
	result = leak(open(path, O_RDONLY));
	if (rename("moved", dir))
		return 3;
	return result;
}
static int way_exchange(void)
{
	int fd = open("mine", O_WRONLY | O_CREAT, 0600), result;

	close(fd);
	if (syscall(SYS_renameat2, AT_FDCWD, secret, AT_FDCWD, "mine", 2))
		return 1;
	result = leak(open("mine", O_RDONLY));
	if (syscall(SYS_renameat2, AT_FDCWD, secret, AT_FDCWD, "mine", 2))
		return 3;
	return result;
}
static int way_path_fd(void)
{
	char path[64];
	int fd = open(secret, O_PATH);

	if (fd < 0)
		return 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return leak(open(path, O_RDONLY)) && leak(fd);
}
static int way_write_fd(void)
{
	char path[64];
	int fd = open(secret, O_WRONLY);

	if (fd < 0)
		return 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return leak(open(path, O_RDONLY));
}
static int way_handle(void)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + 128];
	} h = {.handle.handle_bytes = 128};
	int mount, at = open(".", O_RDONLY | O_DIRECTORY);

	if (name_to_handle_at(AT_FDCWD, secret, &h.handle, &mount, 0)) {
		/* Its number may be guessed: any inode of the file system that the working
		 * directory lies on. */
		struct stat st;

		h.handle.handle_bytes = 128;
		if (name_to_handle_at(AT_FDCWD, ".", &h.handle, &mount, 0) || stat(secret, &st))
			return 1;
		memcpy(h.handle.f_handle, &st.st_ino, 4);
	}
	return leak(open_by_handle_at(at, &h.handle, O_RDONLY));
}
static int way_xattr(void)
{
	char text[256] = "";

	/* Natively the tester put the secret's text into an attribute, too. */
	return getxattr(secret, "user.note", text, sizeof(text) - 1) > 0 &&
		       strstr(text, "TOP-SECRET")
		   ? 0
		   : 1;
}
static int way_exec(void)
{
	/* The file is a script that prints itself; its output is the tester's to see. */
	execl(secret, secret, (char *)NULL);
	return 1;
}
static int way_map(void)
{
	int fd = open(secret, O_RDONLY);
	char *text = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	return text != MAP_FAILED && strstr(text, "TOP-SECRET") ? 0 : 1;
}
/* Signals when something changes in its directory. */
static int way_notify(void)
{
	char copy[PATH_MAX], path[64];
	int fd;

	strcpy(copy, secret);
	fd = open(dirname(copy), O_PATH | O_DIRECTORY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fcntl(fd, F_NOTIFY, DN_ACCESS) == 0)
		return 0;
	strcpy(copy, secret);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY);
	return fcntl(fd < 0 ? open(path, O_RDONLY) : fd, F_NOTIFY, DN_ACCESS) ? 1 : 0;
}
/* What others have read of it lately. */
static int way_cached(void)
{
	uint64_t range[2] = {0, 4096}, counts[5];
	int fd = open(secret, O_RDONLY);

	return syscall(451, fd, range, counts, 0) ? 1 : 0;
}
static int way_stat(void)
{
	struct stat st;

	return stat(secret, &st);
}
static int way_list(void)
{
	char copy[PATH_MAX], command[2 * PATH_MAX];

	strcpy(copy, secret);
	snprintf(command, sizeof(command), "ls -a '%s' | grep -q id_secret", dirname(copy));
	return system(command) ? 1 : 0;
}
static int way_truncate(void)
{
	return truncate(secret, 4096) ? 1 : 0;
}
static int way_unlink(void)
{
	return unlink(secret) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
#define W(name) {#name, way_##name}
	    W(plain),	      W(anything),   W(rdwr),	   W(old_open),	  W(slashes),
	    W(dots),	      W(relative),   W(proc_root), W(proc_one),	  W(proc_cwd),
	    W(thread_root),   W(dev_fd),     W(all_roots), W(symlink),	  W(symlink_dir),
	    W(symlink_chain), W(create),     W(dirfd),	   W(dirfd_path), W(dirfd_up),
	    W(openat2),	      W(chdir),	     W(chdir_up),  W(hard_link),  W(linkat),
	    W(rename),	      W(rename_dir), W(exchange),  W(path_fd),	  W(write_fd),
	    W(handle),	      W(xattr),	     W(exec),	   W(map),	  W(stat),
	    W(notify),	      W(cached),     W(list),	   W(truncate),	  W(unlink)};

	if (argc < 3)
		return 2;
	secret = argv[2];
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			return ways[i].go() ? 1 : 0;
	return 2;
}
