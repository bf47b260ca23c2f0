/*
 * Calls from the shim's range of addresses: what a program gets that maps code of its own there, or
 * jumps to the shim. range_call() tries both, and where both are refused makes the call once more
 * from where the monitor answers: an attacker takes the best of the three. Included before a
 * program's text (-include), it makes those calls of the program that may be native such.
 */
#ifndef RANGE_H
#define RANGE_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define RANGE_SHIM 0x7ecd00000000
#define RANGE_PAGE 0x7ecd00010000

typedef long range_function(long nr, const long arguments[6]);
range_function range_here, range_by_shim;
extern const char range_here_end[];

/* range_here is copied into the range; range_by_shim calls the shim as the stub does
 * (shim/arch/x86_64/abi.h), and has the site that it goes back to. */
#define RANGE_LOAD                                                                                 \
	"mov %rdi, %rax\n"                                                                         \
	"mov %rsi, %r11\n"                                                                         \
	"mov (%r11), %rdi\n"                                                                       \
	"mov 8(%r11), %rsi\n"                                                                      \
	"mov 16(%r11), %rdx\n"                                                                     \
	"mov 24(%r11), %r10\n"                                                                     \
	"mov 32(%r11), %r8\n"                                                                      \
	"mov 40(%r11), %r9\n"
__asm__(".pushsection .text\n"
	"range_here:\n" RANGE_LOAD "syscall\n"
	"ret\n"
	"range_here_end:\n"
	"range_by_shim:\n" RANGE_LOAD "movabs $0x7ecd00000000, %rcx\n"
	"lea 1f(%rip), %r11\n"
	"push %r11\n" /* a word for the shim */
	"push %r11\n"
	"push %rax\n"
	"call *%rcx\n"
	"lea 24(%rsp), %rsp\n"
	"jmp *%rcx\n"
	"1: syscall\n"
	"ret\n"
	".popsection\n");

static int range_has_shim;

__attribute__((constructor)) static void range_map(void)
{
	void *page = mmap((void *)RANGE_PAGE, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	unsigned char resident;

	if (page != (void *)RANGE_PAGE)
		_exit(3);
	memcpy(page, (const void *)(uintptr_t)range_here,
	       (size_t)(range_here_end - (const char *)(uintptr_t)range_here));
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
		_exit(3);
	range_has_shim = mincore((void *)RANGE_SHIM, 4096, &resident) == 0;
}

/* From the range alone; -errno. */
static inline long range_only(long nr, long a, long b, long c, long d, long e)
{
	const long arguments[6] = {a, b, c, d, e, 0};

	return ((range_function *)RANGE_PAGE)(nr, arguments);
}

static inline long range_call(long nr, long a, long b, long c, long d, long e)
{
	const long arguments[6] = {a, b, c, d, e, 0};
	long result = range_only(nr, a, b, c, d, e);

	/* Opening may be native only where a link in the last place is not followed. */
	if (result < 0 && nr == SYS_open)
		result = range_only(nr, a, b | O_NOFOLLOW, c, d, e);
	if (result < 0 && nr == SYS_openat)
		result = range_only(nr, a, b, c | O_NOFOLLOW, d, e);
	if (result < 0 && range_has_shim)
		result = range_by_shim(nr, arguments);
	return result >= 0 ? result : syscall(nr, a, b, c, d, e, 0);
}

#define RANGE_P(pointer) ((long)(uintptr_t)(pointer))

static inline int range_exec(const char *path)
{
	extern char **environ;
	char *argv[] = {(char *)path, NULL};

	return (int)range_call(SYS_execve, RANGE_P(path), RANGE_P(argv), RANGE_P(environ), 0, 0);
}

#ifdef RANGE_FOR_ALL
static inline int range_open(int dir, const char *path, int flags, int mode)
{
	return (int)(dir == AT_FDCWD ? range_call(SYS_open, RANGE_P(path), flags, mode, 0, 0)
				     : range_call(SYS_openat, dir, RANGE_P(path), flags, mode, 0));
}
static inline int range_path(long nr, const char *path, long second)
{
	return (int)range_call(nr, RANGE_P(path), second, 0, 0, 0);
}
#define RANGE_OPEN(dir, path, flags, mode, ...) range_open(dir, path, flags, mode)
#define open(...)				RANGE_OPEN(AT_FDCWD, __VA_ARGS__, 0, 0)
#define openat(...)				RANGE_OPEN(__VA_ARGS__, 0, 0)
#define creat(path, mode)			range_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode)
#define stat(path, to)				range_path(SYS_stat, path, RANGE_P(to))
#define lstat(path, to)				range_path(SYS_lstat, path, RANGE_P(to))
#define access(path, mode)			range_path(SYS_access, path, mode)
#define readlink(path, to, size)                                                                   \
	range_call(SYS_readlink, RANGE_P(path), RANGE_P(to), (long)(size), 0, 0)
#define chdir(path)	  range_path(SYS_chdir, path, 0)
#define mkdir(path, mode) range_path(SYS_mkdir, path, mode)
#define unlink(path)	  range_path(SYS_unlink, path, 0)
#define rmdir(path)	  range_path(SYS_rmdir, path, 0)
#define execl(path, ...)  range_exec(path)
#endif

#endif
