/*
 * The program that runs in the space: makes the calls that its standard input lists, and prints
 *what came of each.
 *
 *	probe ROOT		by the C library, whose calls the shim may take
 *	probe ROOT attack	from a page of its own in the shim's range. What fails there is made
 *again where the monitor answers, so that both ways go on from the same state
 *
 * A line of the list: CALL DIR FLAGS MODE PATH PATH2. DIR is a slot of a descriptor (-1: AT_FDCWD);
 *FLAGS hexadecimal, MODE octal; "-" is an empty path, "!" a pointer to nothing. The last line of
 *the output says which lines succeeded in the shim's range; the lines before it list the tree at
 *ROOT.
 *
 * What is found behind each success is told in full (kind, mode, bytes, names): two verdicts agree
 *only if they lead to the same object.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define RANGE	0x7ecd12340000
#define SLOTS	8
#define MARK	'P' /* the first byte of files that may be written to */
#define LISTING 400 /* names in the last listing, at most */

enum call {
	OPEN,
	OPENAT,
	OPENAT2,
	CREAT,
	STAT,
	LSTAT,
	FSTATAT,
	STATX,
	ACCESS,
	FACCESSAT,
	FACCESSAT2,
	READLINK,
	READLINKAT,
	STATFS,
	MKDIR,
	MKDIRAT,
	RMDIR,
	UNLINK,
	UNLINKAT,
	CHDIR,
	EXECVE,
	EXECVEAT,
	TRUNCATE,
	RENAME,
	LINK,
	SYMLINK,
	CHMOD,
	UMASK,
	CALLS
};
static const char *const names[CALLS] = {
    "open",	"openat",   "openat2",	 "creat",      "stat",	   "lstat",	 "fstatat",
    "statx",	"access",   "faccessat", "faccessat2", "readlink", "readlinkat", "statfs",
    "mkdir",	"mkdirat",  "rmdir",	 "unlink",     "unlinkat", "chdir",	 "execve",
    "execveat", "truncate", "rename",	 "link",       "symlink",  "chmod",	 "umask"};

struct line {
	enum call call;
	int dir; /* a slot */
	unsigned flags, mode;
	const char *path, *path2;
};

static char out[1 << 22];
static size_t out_len;
static int slots[SLOTS];
static bool attacking;
static bool nothing_settled;   /* the filter does not know the range: it makes no difference where a
				  call comes from */
static char attacked[1 << 16]; /* one digit for each line: did it succeed from the range? */

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (out_len < sizeof(out) - 4096)
		out_len += (size_t)vsnprintf(out + out_len, 4096, format, args);
	va_end(args);
}

/* ---- a system call from the shim's range ---- */

extern const char code[], code_end[];
__asm__(".text\n"
	"code:	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n"
	"	mov %r9, %r8\n"
	"	xor %r9d, %r9d\n"
	"	syscall\n"
	"	ret\n"
	"code_end:\n");
typedef long raw_call(long nr, long a, long b, long c, long d, long e);
static raw_call *from_range;

static bool enter_range(void)
{
	void *page = mmap((void *)RANGE, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (page == MAP_FAILED)
		return false;
	memcpy(page, code, (size_t)(code_end - code));
	from_range = (raw_call *)(uintptr_t)page;
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
		return false;
	/* More than whether something is there is never settled. */
	nothing_settled = from_range(SYS_access, (long)"", R_OK, 0, 0, 0) != -ENOSYS;
	return true;
}

static int line_number;

static long from_here(long nr, long a, long b, long c, long d, long e)
{
	long result = syscall(nr, a, b, c, d, e, 0);

	return result < 0 ? -errno : result;
}

/* Calls that the filter sends to the monitor wherever they come from: one answer is enough. */
static bool is_always_asked(long nr)
{
	static const short asked[] = {SYS_openat2,  SYS_creat,	SYS_execveat,
				      SYS_truncate, SYS_rename, SYS_link,
				      SYS_symlink,  SYS_chmod,	SYS_umask};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (nr == asked[i])
			return true;
	return false;
}

static long raw(long nr, long a, long b, long c, long d, long e)
{
	if (attacking && (nothing_settled || is_always_asked(nr)))
		return from_range(nr, a, b, c, d, e);
	if (attacking) {
		const long b0 = b, c0 = c;
		long result;

		/* Only so are they settled; it is the same call where the last name is no link, and
		 * fails where it is. */
		if (nr == SYS_open)
			b |= O_NOFOLLOW;
		if (nr == SYS_openat)
			c |= O_NOFOLLOW;
		result = from_range(nr, a, b, c, d, e);

		if (result >= 0) {
			attacked[line_number] = '1';
			return result;
		}
		b = b0, c = c0;
	}
	return from_here(nr, a, b, c, d, e);
}
#define RAW(nr, a, b, c, d, e) raw(SYS_##nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
/* By the C library, where it has a function that makes this very call; an attacker always makes it
 * himself. */
#define LIBC(expression, ...) (attacking ? RAW(__VA_ARGS__) : result_of(expression))

static long result_of(long result)
{
	return result < 0 ? -errno : result;
}

/* ---- what stands behind a success ---- */

static unsigned hash(unsigned h, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const unsigned char *)bytes)[i]) * 16777619u;
	return h;
}

static void say_stat(const struct stat *st)
{
	say(" %o %u:%u", st->st_mode, st->st_uid, st->st_gid);
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		say(" %ld %ld", (long)st->st_nlink, (long)st->st_size);
}

static bool is_proc(int fd)
{
	struct statfs fs;

	return syscall(SYS_fstatfs, fd, &fs) == 0 && fs.f_type == 0x9fa0;
}

/* Names in any order; "." and ".." included. Process numbers are not the same twice. */
static void say_names(int fd)
{
	static char buffer[32768];
	unsigned sum = 0, count = 0;
	long n;

	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			sum += hash(2166136261u, entry->d_name, strlen(entry->d_name));
			count++;
			at += entry->d_reclen;
		}
	say(is_proc(fd) ? " proc" : " names %u %x", count, sum);
}

static void say_bytes(int fd, const struct stat *st)
{
	char bytes[64];
	int access = fcntl(fd, F_GETFL) & O_ACCMODE;
	ssize_t n = -1;

	if (access != O_WRONLY) {
		n = pread(fd, bytes, sizeof(bytes), 0);
		if (n < 0)
			say(" unread %d", errno);
		else if (st->st_size)
			say(" bytes %zd %x", n, hash(2166136261u, bytes, (size_t)n));
	}
	if (access != O_RDONLY && st->st_size < 64 && (n > 0 ? bytes[0] == MARK : st->st_size == 0))
		say(" wrote %zd", write(fd, "P", 1));
}

static void say_open(int fd, int slot)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	syscall(SYS_fstat, fd, &st);
	say_stat(&st);
	say(" fl %x %x",
	    flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_DSYNC),
	    fcntl(fd, F_GETFD));
	if (S_ISREG(st.st_mode))
		say_bytes(fd, &st);
	if (S_ISDIR(st.st_mode)) {
		say_names(fd);
		if (slots[slot] >= 0)
			close(slots[slot]);
		slots[slot] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	}
	close(fd);
}

/* ---- the calls ---- */

static int directory(const struct line *l)
{
	return l->dir < 0 ? AT_FDCWD : slots[l->dir % SLOTS];
}

static void do_open(const struct line *l)
{
	struct open_how how = {.flags = l->flags,
			       .mode = l->flags & (O_CREAT | __O_TMPFILE) ? l->mode : 0};
	long fd;

	switch (l->call) {
	case OPEN: fd = RAW(open, l->path, l->flags, l->mode, 0, 0); break;
	case CREAT: fd = RAW(creat, l->path, l->mode, 0, 0, 0); break;
	case OPENAT2: fd = RAW(openat2, directory(l), l->path, &how, sizeof(how), 0); break;
	default:
		fd = LIBC(openat(directory(l), l->path, (int)l->flags, l->mode), openat,
			  directory(l), l->path, l->flags, l->mode, 0);
	}
	if (fd < 0)
		say("E%ld", -fd);
	else
		say("ok"), say_open((int)fd, line_number % SLOTS);
}

static void do_stat(const struct line *l)
{
	struct stat st = {0};
	int flags = (int)l->flags;
	long error;

	switch (l->call) {
	case STAT: error = RAW(stat, l->path, &st, 0, 0, 0); break;
	case LSTAT: error = RAW(lstat, l->path, &st, 0, 0, 0); break;
	default:
		error = LIBC(fstatat(directory(l), l->path, &st, flags), newfstatat, directory(l),
			     l->path, &st, flags, 0);
	}
	if (error)
		say("E%ld", -error);
	else
		say("ok"), say_stat(&st);
}

static void do_statx(const struct line *l)
{
	struct statx stx = {0};
	int flags = (int)l->flags;
	long error = LIBC(statx(directory(l), l->path, flags, STATX_BASIC_STATS, &stx), statx,
			  directory(l), l->path, flags, STATX_BASIC_STATS, &stx);

	if (error)
		say("E%ld", -error);
	else
		say("ok %o %u", stx.stx_mode, S_ISREG(stx.stx_mode) ? (unsigned)stx.stx_size : 0);
}

static void do_statfs(const struct line *l)
{
	struct statfs fs = {0};
	long error = LIBC(statfs(l->path, &fs), statfs, l->path, &fs, 0, 0, 0);

	if (error)
		say("E%ld", -error);
	else
		say("ok %lx %lx", (long)fs.f_type, (long)fs.f_flags);
}

static void do_readlink(const struct line *l)
{
	char text[512] = "";
	size_t size = l->flags & 1 ? 3 : sizeof(text) - 1;
	long n = l->call == READLINK
		     ? LIBC(readlink(l->path, text, size), readlink, l->path, text, size, 0, 0)
		     : LIBC(readlinkat(directory(l), l->path, text, size), readlinkat, directory(l),
			    l->path, text, size, 0);

	if (n < 0)
		say("E%ld", -n);
	else
		say("ok %ld %.*s", n, (int)n, text);
}

static void do_exec(const struct line *l)
{
	static char *const argv[] = {"program", "argument", NULL}, *const envp[] = {NULL};
	volatile long error = 0;
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		error = l->call == EXECVE
			    ? LIBC(execve(l->path, argv, envp), execve, l->path, argv, envp, 0, 0)
			    : RAW(execveat, directory(l), l->path, argv, envp,
				  l->flags & AT_SYMLINK_NOFOLLOW);
		_exit(99);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		say("no process: %d", errno);
	else if (error)
		say("E%ld", -error);
	else
		say("ok ran %x", status);
}

static void do_plain(const struct line *l)
{
	char where[4096] = "";
	int flags = (int)l->flags;
	long n;

	switch (l->call) {
	case ACCESS:
		n = LIBC(access(l->path, (int)l->mode), access, l->path, l->mode, 0, 0, 0);
		break;
	case FACCESSAT: n = RAW(faccessat, directory(l), l->path, l->mode, 0, 0); break;
	case FACCESSAT2: n = RAW(faccessat2, directory(l), l->path, l->mode, flags, 0); break;
	case MKDIR: n = LIBC(mkdir(l->path, l->mode), mkdir, l->path, l->mode, 0, 0, 0); break;
	case MKDIRAT:
		n = LIBC(mkdirat(directory(l), l->path, l->mode), mkdirat, directory(l), l->path,
			 l->mode, 0, 0);
		break;
	case RMDIR: n = LIBC(rmdir(l->path), rmdir, l->path, 0, 0, 0, 0); break;
	case UNLINK: n = LIBC(unlink(l->path), unlink, l->path, 0, 0, 0, 0); break;
	case UNLINKAT:
		n = LIBC(unlinkat(directory(l), l->path, flags), unlinkat, directory(l), l->path,
			 flags, 0, 0);
		break;
	case CHDIR:
		n = LIBC(chdir(l->path), chdir, l->path, 0, 0, 0, 0);
		if (n == 0 && syscall(SYS_getcwd, where, sizeof(where)) < 0)
			snprintf(where, sizeof(where), "E%d", errno);
		break;
	case TRUNCATE: n = RAW(truncate, l->path, l->mode, 0, 0, 0); break;
	case RENAME: n = RAW(rename, l->path, l->path2, 0, 0, 0); break;
	case LINK: n = RAW(link, l->path, l->path2, 0, 0, 0); break;
	case SYMLINK: n = RAW(symlink, l->path2, l->path, 0, 0, 0); break;
	case CHMOD: n = RAW(chmod, l->path, l->mode, 0, 0, 0); break;
	default: n = RAW(umask, l->mode, 0, 0, 0, 0);
	}
	if (n < 0)
		say("E%ld", -n);
	else
		say("ok %ld%s%s", n, *where ? " " : "", where);
}

static void perform(const struct line *l)
{
	static void (*const by_call[CALLS])(const struct line *l) = {
	    [OPEN] = do_open,	      [OPENAT] = do_open,	  [OPENAT2] = do_open,
	    [CREAT] = do_open,	      [STAT] = do_stat,		  [LSTAT] = do_stat,
	    [FSTATAT] = do_stat,      [STATX] = do_statx,	  [STATFS] = do_statfs,
	    [READLINK] = do_readlink, [READLINKAT] = do_readlink, [EXECVE] = do_exec,
	    [EXECVEAT] = do_exec};

	say("%d ", line_number);
	(by_call[l->call] ? by_call[l->call] : do_plain)(l);
	say("\n");
}

/* ---- the list, and the listing at the end ---- */

static const char *path_of(const char *word)
{
	return strcmp(word, "-") == 0 ? "" : strcmp(word, "!") == 0 ? (const char *)8 : word;
}

static bool parse(char *text, struct line *l)
{
	char call[32], path[2048], path2[2048];
	static char kept[2][2048];

	if (sscanf(text, "%31s %d %x %o %2047s %2047s", call, &l->dir, &l->flags, &l->mode, path,
		   path2) != 6)
		return false;
	for (l->call = 0; l->call < CALLS && strcmp(names[l->call], call) != 0; l->call++)
		;
	l->path = path_of(strcpy(kept[0], path));
	l->path2 = path_of(strcpy(kept[1], path2));
	return l->call < CALLS;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path, int depth)
{
	char *entries[64], below[2048];
	int count = 0,
	    fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		say("listing %s E%d\n", path, errno);
	while (dir && count < 64 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			entries[count++] = strdup(entry->d_name);
	if (dir)
		closedir(dir);
	qsort(entries, (size_t)count, sizeof(*entries), compare);
	for (int i = 0; i < count; i++) {
		snprintf(below, sizeof(below), "%s/%s", path, entries[i]);
		free(entries[i]);
		say("listing %s", below);
		if (syscall(SYS_lstat, below, &st)) {
			say(" E%d\n", errno);
			continue;
		}
		say_stat(&st), say("\n");
		if (S_ISDIR(st.st_mode) && depth < 6)
			list(below, depth + 1);
	}
}

static bool read_list(char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(0, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return n == 0;
}

int main(int argc, char **argv)
{
	static char text[1 << 22];
	struct line l;

	attacking = argc > 2;
	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
	if (!read_list(text, sizeof(text)) || (attacking && !enter_range()))
		return 2;
	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"), line_number++) {
		attacked[line_number] = '0';
		if (!parse(at, &l))
			return 3;
		perform(&l);
	}
	attacking = false;
	list(argv[1], 0);
	if (argc > 2)
		say("attacked %s\n", nothing_settled ? "in vain" : attacked);
	for (size_t done = 0; done < out_len;) {
		ssize_t n = write(1, out + done, out_len - done);

		if (n < 0)
			return 4;
		done += (size_t)n;
	}
	return 0;
}
