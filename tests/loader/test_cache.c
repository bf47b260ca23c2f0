/* The copies that are kept, and the process that makes them. */
#include "loader/cache.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/helper.h"
#include "shim/shim.h"
#include "tests/loader/support.h"

/* A helper has no more address space than it needs, and sanitizers want all there is. */
#ifdef __SANITIZE_ADDRESS__
#define SKIP_UNDER_SANITIZERS() cr_skip_test("the helper cannot run under sanitizers")
#else
#define SKIP_UNDER_SANITIZERS() ((void)0)
#endif

/* ---- the helper ---- */

static enum cd_status help(const char *path, int out, struct loader_made *made, const char **why)
{
	int in = open(path, O_RDONLY | O_CLOEXEC);
	enum cd_status status;

	cr_assert_geq(in, 0, "%s", path);
	*why = NULL;
	status = loader_help(in, out, made, why);
	close(in);
	return status;
}

Test(loader_helper, a_copy_is_made_and_is_verified, .timeout = 60)
{
	const struct loader_parts parts = {shim_stub,	      shim_stub_size(), shim_image,
					   shim_image_size(), shim_frames,	shim_frames_size()};
	int out = memfd_create("copy", MFD_CLOEXEC);
	struct test_file original;
	struct loader_made made;
	const char *why;
	struct stat st;
	void *copy;

	SKIP_UNDER_SANITIZERS();
	original = test_read(LIBC);
	cr_assert_eq(help(LIBC, out, &made, &why), CD_OK);
	cr_expect_gt(made.patched, 0);
	cr_expect_eq(strspn(made.build_id, "0123456789abcdef"), strlen(made.build_id));
	cr_assert_eq(fstat(out, &st), 0);
	copy = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, out, 0);
	cr_assert_neq(copy, MAP_FAILED);
	cr_expect_eq(
	    loader_verify(original.bytes, original.size, copy, (size_t)st.st_size, &parts, &why),
	    CD_OK);
	cr_expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "nobody is left");
	free(original.bytes);
}

Test(loader_helper, what_is_no_library_is_refused_in_words, .timeout = 60)
{
	static const char *const texts[] = {"", "text\n", "\177ELF", "\177ELF\2\1\1"};
	struct loader_made made;
	const char *why;
	char path[128];

	SKIP_UNDER_SANITIZERS();
	snprintf(path, sizeof(path), "%s/text", test_folder());
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int out = memfd_create("copy", MFD_CLOEXEC);

		test_write("text", texts[i], strlen(texts[i]));
		cr_expect_eq(help(path, out, &made, &why), CD_EINVAL, "%s", texts[i]);
		cr_expect(why && *why, "%s", texts[i]);
		cr_expect_eq(lseek(out, 0, SEEK_END), 0, "nothing is written");
		close(out);
	}
}

Test(loader_helper, a_file_that_is_too_large_is_not_read, .timeout = 60)
{
	int in = memfd_create("large", MFD_CLOEXEC);
	struct loader_made made;
	const char *why = NULL;

	cr_assert_eq(ftruncate(in, LOADER_FILE_MAX + 1), 0);
	cr_expect_eq(loader_help(in, -1, &made, &why), CD_ELIMIT);
	cr_expect_str_eq(why, "it is too large");
}

Test(loader_helper, errno_says_why_a_copy_could_not_be_written, .timeout = 60)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC),
	    reading = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct loader_made made;
	const char *why;

	SKIP_UNDER_SANITIZERS();
	errno = 0;
	cr_expect_eq(help(LIBC, full, &made, &why), CD_ESYS);
	cr_expect_eq(errno, ENOSPC);
	cr_expect_eq(help(LIBC, reading, &made, &why), CD_ESYS);
	cr_expect_eq(errno, EBADF);
}

/* ---- the cache ---- */

static const char *base(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/base", test_folder());
	return path;
}

static struct loader_cache open_cache(void)
{
	struct loader_cache cache;

	setenv("XDG_CACHE_HOME", base(), 1);
	cr_assert_eq(loader_cache_open(&cache), CD_OK, "%s", strerror(errno));
	return cache;
}

/* A file of the test's own. */
static const char *put_file(const char *name, const char *from)
{
	static char path[192];
	struct test_file file = test_read(from);

	test_write(name, file.bytes, file.size);
	free(file.bytes);
	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	return path;
}

static ino_t inode(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

static struct loader_entry listed;
static int listed_count;
static void take_entry(void *context, const struct loader_entry *entry)
{
	(void)context;
	listed = *entry;
	listed_count++;
}

static int list(struct loader_cache *cache)
{
	listed_count = 0;
	cr_assert_eq(loader_cache_list(cache, take_entry, NULL), CD_OK);
	return listed_count;
}

Test(loader_cache, is_made_where_XDG_CACHE_HOME_says_and_HOME_else)
{
	struct loader_cache cache = open_cache();
	char want[256];
	struct stat st;

	snprintf(want, sizeof(want), "%s/cordon/shim", base());
	cr_expect_str_eq(cache.path, want);
	cr_expect(stat(want, &st) == 0 && (st.st_mode & 07777) == 0700);
	loader_cache_close(&cache);
	setenv("HOME", test_folder(), 1);
	setenv("XDG_CACHE_HOME", "relative", 1);
	cr_assert_eq(loader_cache_open(&cache), CD_OK);
	snprintf(want, sizeof(want), "%s/.cache/cordon/shim", test_folder());
	cr_expect_str_eq(cache.path, want);
	loader_cache_close(&cache);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	cr_expect_eq(loader_cache_open(&cache), CD_ESYS);
	cr_expect_eq(errno, ENOENT);
}

Test(loader_cache, what_others_may_write_to_is_refused)
{
	static const char *const folders[] = {"", "/cordon", "/cordon/shim"};
	struct loader_cache cache = open_cache();
	char path[256];

	loader_cache_close(&cache);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", base(), folders[i]);
		chmod(path, 0720);
		cr_expect_eq(loader_cache_open(&cache), CD_EINVAL, "%s", path);
		chmod(path, 0702);
		cr_expect_eq(loader_cache_open(&cache), CD_EINVAL, "%s", path);
		chmod(path, 0755);
		cr_expect_eq(loader_cache_open(&cache), CD_OK, "%s", path);
		loader_cache_close(&cache);
	}
}

Test(loader_cache, a_copy_is_made_once_and_again_when_it_was_touched, .timeout = 60)
{
	struct loader_cache cache = open_cache();
	char copy[CD_PATH_MAX], again[CD_PATH_MAX];
	const char *why;
	ino_t first;
	int fd;

	SKIP_UNDER_SANITIZERS();
	cr_assert_eq(loader_cache_get(&cache, LIBC, copy, &why), CD_OK);
	first = inode(copy);
	cr_expect_neq(first, 0);
	cr_assert_eq(loader_cache_get(&cache, LIBC, again, &why), CD_OK);
	cr_expect_str_eq(copy, again);
	cr_expect_eq(inode(again), first);
	cr_expect_eq(list(&cache), 1);
	cr_expect(listed.sound && listed.current && listed.patched && !listed.why[0]);
	cr_expect_str_eq(listed.original, LIBC);
	usleep(20000);
	fd = open(copy, O_RDWR | O_CLOEXEC);
	cr_assert_eq(pwrite(fd, "evil", 4, 4096), 4);
	close(fd);
	list(&cache);
	cr_expect_not(listed.sound);
	cr_assert_eq(loader_cache_get(&cache, LIBC, again, &why), CD_OK);
	cr_expect_str_eq(copy, again);
	cr_expect_neq(inode(again), first);
	list(&cache);
	cr_expect(listed.sound);
	loader_cache_close(&cache);
}

Test(loader_cache, a_refusal_is_remembered_with_its_reason, .timeout = 60)
{
	struct loader_cache cache = open_cache();
	char copy[CD_PATH_MAX], first[LOADER_WHY_MAX];
	const char *path = put_file("script", "/etc/passwd"), *why;

	SKIP_UNDER_SANITIZERS();
	cr_assert_eq(loader_cache_get(&cache, path, copy, &why), CD_EINVAL);
	snprintf(first, sizeof(first), "%s", why);
	cr_expect_eq(list(&cache), 1);
	cr_expect_str_eq(listed.why, first);
	cr_expect_eq(listed.size, 0);
	cr_expect_eq(loader_cache_get(&cache, path, copy, &why), CD_EINVAL);
	cr_expect_str_eq(why, first);
	/* Another file under the name is another question. */
	usleep(20000);
	path = put_file("script", LIBC);
	cr_expect_eq(loader_cache_get(&cache, path, copy, &why), CD_OK);
	loader_cache_close(&cache);
}

Test(loader_cache, what_is_no_file_is_refused, .timeout = 60)
{
	struct loader_cache cache = open_cache();
	char copy[CD_PATH_MAX], path[192];
	const char *why;

	snprintf(path, sizeof(path), "%s/fifo", test_folder());
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_eq(loader_cache_get(&cache, path, copy, &why), CD_EINVAL);
	cr_expect_eq(loader_cache_get(&cache, "/", copy, &why), CD_EINVAL);
	cr_expect_eq(loader_cache_get(&cache, "/dev/null", copy, &why), CD_EINVAL);
	cr_expect_eq(loader_cache_get(&cache, "/none", copy, &why), CD_ESYS);
	cr_expect_eq(errno, ENOENT);
	cr_expect_eq(list(&cache), 0);
	loader_cache_close(&cache);
}

Test(loader_cache, the_copy_of_a_file_that_is_gone_goes_when_another_is_made, .timeout = 60)
{
	struct loader_cache cache = open_cache();
	char copy[CD_PATH_MAX], path[192];
	const char *why;

	SKIP_UNDER_SANITIZERS();
	snprintf(path, sizeof(path), "%s", put_file("libc", LIBC));
	cr_assert_eq(loader_cache_get(&cache, path, copy, &why), CD_OK);
	unlink(path);
	list(&cache);
	cr_expect(listed.sound && !listed.current);
	cr_assert_eq(loader_cache_get(&cache, RTLD, copy, &why), CD_OK);
	cr_expect_eq(list(&cache), 1);
	cr_expect_str_eq(listed.original, RTLD);
	cr_expect_eq(loader_cache_clear(&cache), 1);
	cr_expect_eq(list(&cache), 0);
	cr_expect_eq(inode(copy), 0);
	loader_cache_close(&cache);
}

/* Whatever a note holds, it is either as it was written or no note. */
Test(loader_cache, a_note_of_which_any_byte_differs_is_none, .timeout = 120)
{
	struct loader_cache cache = open_cache();
	char copy[CD_PATH_MAX], path[CD_PATH_MAX];
	unsigned char byte;
	const char *why;
	off_t size;
	int fd;

	SKIP_UNDER_SANITIZERS();
	cr_assert_eq(loader_cache_get(&cache, RTLD, copy, &why), CD_OK);
	snprintf(path, sizeof(path), "%.*s.note", (int)strlen(copy) - 3, copy);
	fd = open(path, O_RDWR | O_CLOEXEC);
	size = lseek(fd, 0, SEEK_END);
	for (off_t at = 0; at < size; at += at < 400 ? 1 : 97) {
		cr_assert_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 0x40;
		cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
		list(&cache);
		cr_expect_not(listed.sound, "byte %ld", (long)at);
		byte ^= 0x40;
		cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
	}
	list(&cache);
	cr_expect(listed.sound);
	close(fd);
	loader_cache_close(&cache);
}
