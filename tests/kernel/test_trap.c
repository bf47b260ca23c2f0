/*
 * Decoding a trap, from a memory that is made up: every form that a call can come in, every way in
 * which it can be malformed, and that no byte of the memory is read twice (invariant 2).
 */
#include "kernel/trap.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#define TID 4711

/* ---- a memory ---- */

struct region {
	uint64_t address;
	size_t len;
	unsigned char
	    *bytes; /* just as many as there are, so that a sanitizer sees a step beyond */
	unsigned char *seen;
};

static struct region regions[64];
static size_t region_count;
static unsigned reads;

static void forget_memory(void)
{
	for (size_t i = 0; i < region_count; i++) {
		free(regions[i].bytes);
		free(regions[i].seen);
	}
	region_count = 0;
}

/* Maps the bytes at an address of its own, with nothing before and behind them. */
static uint64_t map(const void *bytes, size_t len)
{
	struct region *r = &regions[region_count];

	cr_assert_lt(region_count, sizeof(regions) / sizeof(regions[0]));
	*r = (struct region){.address = UINT64_C(0x7f0000000000) + (region_count++ << 24) - len,
			     .len = len,
			     .bytes = malloc(len ? len : 1),
			     .seen = calloc(1, len ? len : 1)};
	r->address += UINT64_C(1) << 24;
	memcpy(r->bytes, bytes, len);
	return r->address;
}

static uint64_t map_text(const char *text)
{
	return map(text, strlen(text) + 1);
}

/* Text of a length, with or without its NUL. */
static uint64_t map_long(size_t len, bool ended)
{
	char *text = malloc(len + 1);
	uint64_t address;

	memset(text, 'a', len);
	text[len] = '\0';
	address = map(text, len + ended);
	free(text);
	return address;
}

static struct region *region_of(uint64_t address)
{
	for (size_t i = 0; i < region_count; i++)
		if (address >= regions[i].address && address - regions[i].address < regions[i].len)
			return &regions[i];
	return NULL;
}

static unsigned char take(struct region *r, uint64_t address)
{
	size_t at = (size_t)(address - r->address);

	cr_assert_eq(r->seen[at]++, 0, "byte %zu of a region of %zu is read twice", at, r->len);
	return r->bytes[at];
}

static int fake_read(pid_t tid, uint64_t address, void *dest, size_t len)
{
	struct region *r = region_of(address);

	cr_assert_eq(tid, TID);
	if (len == 0)
		return 0;
	reads++;
	if (!r || len > r->len - (size_t)(address - r->address))
		return -EFAULT;
	for (size_t i = 0; i < len; i++)
		((unsigned char *)dest)[i] = take(r, address + i);
	return 0;
}

static ssize_t fake_read_string(pid_t tid, uint64_t address, char *dest, size_t size)
{
	cr_assert_eq(tid, TID);
	reads++;
	for (size_t i = 0; i < size; i++) {
		struct region *r = region_of(address + i);

		if (!r)
			return -EFAULT;
		dest[i] = (char)take(r, address + i);
		if (!dest[i])
			return (ssize_t)i;
	}
	return -ENAMETOOLONG;
}

static const struct kern_memory_ops memory = {fake_read, fake_read_string};

/* ---- a trap ---- */

static struct kern_message m;

static void check_message(void)
{
	cr_expect_lt(m.path_len, CD_PATH_MAX);
	cr_expect_lt(m.path2_len, CD_PATH_MAX);
	cr_expect_eq(strlen(m.path), m.path_len);
	cr_expect_eq(strlen(m.path2), m.path2_len);
	cr_expect_leq(m.data_len, KERN_DATA_MAX);
	cr_expect(m.has_path || m.path_len == 0);
	cr_expect(m.has_path2 || m.path2_len == 0);
}

/* The message starts as rubbish: nothing in it may rest on what was there before. */
static int decode_all(int nr, const uint64_t args[6])
{
	struct seccomp_notif trap = {.id = 42, .pid = TID, .data = {.nr = nr}};
	int error;

	memcpy(trap.data.args, args, sizeof(trap.data.args));
	memset(&m, 0xa5, sizeof(m));
	for (size_t i = 0; i < region_count; i++)
		memset(regions[i].seen, 0, regions[i].len);
	reads = 0;
	error = kern_trap_decode_from(&memory, &trap, &m);
	if (!error)
		check_message();
	return error;
}

#define decode(nr, ...) decode_all(nr, (const uint64_t[6]){__VA_ARGS__})

#define HIGH UINT64_C(0xdeadbeef00000000) /* what Linux does not look at in an int */
#define BAD  UINT64_C(0x10)		  /* no region is there */

TestSuite(trap, .fini = forget_memory);

/* ---- what is a message at all ---- */

Test(trap, numbers_without_a_verb_are_not_there_and_read_nothing)
{
	static const int numbers[] = {-1,	INT32_MIN, KERN_SYSCALL_MAX, INT32_MAX, 500,
				      SYS_read, SYS_mount, SYS_getpid,	     SYS_socket};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		cr_expect_eq(decode(numbers[i], BAD, BAD, BAD, BAD, BAD, BAD), -ENOSYS, "%d",
			     numbers[i]);
		cr_expect_eq(reads, 0);
	}
}

Test(trap, tells_whose_it_is)
{
	cr_assert_eq(decode(SYS_umask, 022), 0);
	cr_expect_eq(m.id, 42);
	cr_expect_eq(m.tid, TID);
	cr_expect_eq(m.nr, SYS_umask);
	cr_expect_eq(m.verb, CD_VERB_UMASK);
	cr_expect_eq(m.mode, 022);
	cr_expect_eq(m.fd, -1);
	cr_expect_eq(m.dir, AT_FDCWD);
	cr_expect_eq(m.dir2, AT_FDCWD);
	cr_expect(!m.has_path && !m.has_path2);
	cr_expect_eq(m.data_len, 0);
}

Test(trap, an_int_is_the_low_half_of_its_register)
{
	uint64_t a = map_text("a"), b = map_text("b");

	cr_assert_eq(decode(SYS_renameat2, HIGH | 7, a, HIGH | (uint32_t)AT_FDCWD, b, HIGH | 1), 0);
	cr_expect_eq(m.dir, 7);
	cr_expect_eq(m.dir2, AT_FDCWD);
	cr_expect_eq(m.flags, 1);
	cr_expect_str_eq(m.path, "a");
	cr_expect_str_eq(m.path2, "b");
	cr_assert_eq(decode(SYS_fchmod, HIGH | 3, 0644), 0);
	cr_expect_eq(m.fd, 3);
	cr_expect_eq(m.mode, 0644);
}

Test(trap, of_symlink_the_name_is_made_and_the_text_is_the_other)
{
	cr_assert_eq(decode(SYS_symlinkat, map_text("text"), 5, map_text("name")), 0);
	cr_expect_str_eq(m.path, "name");
	cr_expect_str_eq(m.path2, "text");
	cr_expect_eq(m.dir, 5);
}

/* ---- names ---- */

/* Registers of a call whose memory is all as it should be, so that one of them can be spoilt. */
static void sound_arguments(int nr, uint64_t args[6])
{
	static const unsigned char zeros[64];
	static const char address[16];
	const struct kern_shape *s = &kern_syscalls[nr].shape;

	memset(args, 0, 6 * sizeof(args[0]));
	if (s->path)
		args[s->path - 1] = map_text("one");
	if (s->path2)
		args[s->path2 - 1] = map_text("two");
	switch ((enum cd_verb)s->verb) {
	case CD_VERB_OPEN:
		if (s->form == KERN_FORM_OPEN_HOW) {
			args[s->buf - 1] = map(zeros, sizeof(struct open_how));
			args[s->len - 1] = sizeof(struct open_how);
		}
		break;
	case CD_VERB_UTIMES:
		args[s->buf - 1] = map(zeros, s->form == KERN_FORM_UTIMBUF ? 16 : 32);
		break;
	case CD_VERB_SETXATTR:
		args[s->buf - 1] = map("value", 5);
		args[s->len - 1] = 5;
		/* fall through */
	case CD_VERB_GETXATTR:
	case CD_VERB_REMOVEXATTR: args[s->extra - 1] = map_text("user.x"); break;
	case CD_VERB_CONNECT:
	case CD_VERB_BIND:
		args[s->buf - 1] = map(address, sizeof(address));
		args[s->len - 1] = sizeof(address);
		break;
	case CD_VERB_CACHESTAT: args[s->buf - 1] = map(zeros, 16); break;
	case CD_VERB_SENDTO:
		args[s->buf - 1] = map("payload", 7);
		args[s->len - 1] = 7;
		args[s->extra - 1] = map(address, sizeof(address));
		args[5] = sizeof(address);
		break;
	case CD_VERB_SENDMMSG: args[s->len - 1] = 1; /* fall through */
	case CD_VERB_SENDMSG: args[s->buf - 1] = map(zeros, 56); break;
	default: break;
	}
}

static bool is_border(int nr)
{
	return kern_syscalls[nr].shape.verb != CD_VERB_NONE;
}

Test(trap, every_call_of_the_border_can_be_decoded)
{
	unsigned count = 0;

	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		const struct kern_shape *s = &kern_syscalls[nr].shape;
		uint64_t args[6];

		if (!is_border(nr))
			continue;
		sound_arguments(nr, args);
		cr_expect_eq(decode_all(nr, args), 0, "%s", kern_syscall_name(nr));
		cr_expect_eq(m.verb, (enum cd_verb)s->verb);
		cr_expect_eq(m.has_path, s->path != 0, "%s", kern_syscall_name(nr));
		cr_expect_str_eq(m.path, s->path ? "one" : "");
		if (s->path2)
			cr_expect_str_eq(m.path2, "two", "%s", kern_syscall_name(nr));
		forget_memory();
		count++;
	}
	cr_expect_gt(count, 60);
}

/* The registers that hold an address that decoding reads from. */
static unsigned pointers_of(int nr, unsigned pointers[3])
{
	const struct kern_shape *s = &kern_syscalls[nr].shape;
	unsigned count = 0;

	if (s->path)
		pointers[count++] = s->path - 1u;
	if (s->path2)
		pointers[count++] = s->path2 - 1u;
	switch ((enum cd_verb)s->verb) {
	case CD_VERB_SETXATTR:
	case CD_VERB_SENDTO:
		pointers[count++] = s->buf - 1u;
		/* fall through */
	case CD_VERB_GETXATTR:
	case CD_VERB_REMOVEXATTR: pointers[count++] = s->extra - 1u; break;
	case CD_VERB_UTIMES:
	case CD_VERB_CONNECT:
	case CD_VERB_BIND:
	case CD_VERB_SENDMSG:
	case CD_VERB_SENDMMSG: pointers[count++] = s->buf - 1u; break;
	default:
		if (s->form == KERN_FORM_OPEN_HOW)
			pointers[count++] = s->buf - 1u;
	}
	return count;
}

/* At no address, at one past the last byte, at the end of the address space, and just below. */
Test(trap, a_bad_pointer_in_any_place_is_efault)
{
	static const uint64_t bad[] = {BAD, UINT64_MAX, UINT64_MAX - 4095, UINT64_C(1) << 63};

	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		unsigned pointers[3], count = is_border(nr) ? pointers_of(nr, pointers) : 0;
		uint64_t args[6];

		if (!count)
			continue;
		sound_arguments(nr, args);
		for (unsigned p = 0; p < count; p++) {
			uint64_t sound = args[pointers[p]];

			for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
				args[pointers[p]] = bad[i];
				cr_expect_eq(decode_all(nr, args), -EFAULT,
					     "%s: argument %u is %#lx", kern_syscall_name(nr),
					     pointers[p], (unsigned long)bad[i]);
			}
			args[pointers[p]] = sound + 3; /* what lies there ends too early */
			if (kern_syscalls[nr].shape.path != pointers[p] + 1 &&
			    kern_syscalls[nr].shape.path2 != pointers[p] + 1 &&
			    kern_syscalls[nr].shape.extra != pointers[p] + 1)
				cr_expect_eq(decode_all(nr, args), -EFAULT, "%s: argument %u",
					     kern_syscall_name(nr), pointers[p]);
			args[pointers[p]] = sound;
		}
		forget_memory();
	}
}

Test(trap, a_name_of_4095_bytes_fits_and_one_of_4096_does_not)
{
	static const struct {
		size_t len;
		int error;
	} edges[] = {{0, 0},
		     {1, 0},
		     {255, 0},
		     {256, 0},
		     {4094, 0},
		     {4095, 0},
		     {4096, -ENAMETOOLONG},
		     {4097, -ENAMETOOLONG}};

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		uint64_t name = map_long(edges[i].len, true), other = map_text("other");

		cr_expect_eq(decode(SYS_rename, name, other), edges[i].error, "%zu", edges[i].len);
		if (!edges[i].error)
			cr_expect_eq(m.path_len, edges[i].len);
		cr_expect_eq(decode(SYS_rename, other, name), edges[i].error, "%zu", edges[i].len);
		if (!edges[i].error)
			cr_expect_eq(m.path2_len, edges[i].len);
	}
}

Test(trap, a_name_without_an_end_is_efault_where_memory_ends_and_too_long_where_it_does_not)
{
	cr_expect_eq(decode(SYS_chdir, map_long(10, false)), -EFAULT);
	cr_expect_eq(decode(SYS_chdir, map_long(4095, false)), -EFAULT);
	cr_expect_eq(decode(SYS_chdir, map_long(4096, false)), -ENAMETOOLONG);
	cr_expect_eq(decode(SYS_chdir, map_long(10000, false)), -ENAMETOOLONG);
}

Test(trap, a_name_keeps_every_byte_but_the_nul)
{
	char all[256];

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	cr_assert_eq(decode(SYS_chdir, map(all, sizeof(all))), 0);
	cr_expect_eq(m.path_len, 255);
	cr_expect_eq(memcmp(m.path, all, sizeof(all)), 0);
}

/* ---- flags ---- */

Test(trap, what_a_name_says_stands_in_for_flags)
{
	cr_assert_eq(decode(SYS_lstat, map_text("a"), 1), 0);
	cr_expect_eq(m.flags, AT_SYMLINK_NOFOLLOW);
	cr_assert_eq(decode(SYS_stat, map_text("a"), 1), 0);
	cr_expect_eq(m.flags, 0);
	cr_assert_eq(decode(SYS_rmdir, map_text("a")), 0);
	cr_expect_eq(m.flags, AT_REMOVEDIR);
	cr_assert_eq(decode(SYS_creat, map_text("a"), 0177644), 0);
	cr_expect_eq(m.flags, O_CREAT | O_WRONLY | O_TRUNC);
	cr_expect_eq(m.mode, 07644);
}

Test(trap, flags_of_lsetxattr_are_its_own)
{
	uint64_t path = map_text("a"), name = map_text("user.x"), value = map("v", 1);

	cr_assert_eq(decode(SYS_lsetxattr, path, name, value, 1, 1), 0);
	cr_expect_eq(m.flags, 1);
	cr_expect_eq(m.shape->fixed_flags, AT_SYMLINK_NOFOLLOW);
	cr_assert_eq(decode(SYS_lsetxattr, path, name, value, 1, 0x100), 0);
	cr_expect_eq(m.flags, 0x100, "an unknown flag is Linux's to refuse");
	cr_assert_eq(decode(SYS_setxattr, path, name, value, 1, 0x100), 0);
	cr_expect_eq(m.flags, 0x100);
	cr_expect_eq(m.shape->fixed_flags, 0);
}

/* ---- open ---- */

Test(trap, open_in_its_plain_forms)
{
	uint64_t path = map_text("/etc/passwd");

	cr_assert_eq(decode(SYS_open, path, HIGH | O_RDWR | O_CREAT, 0170644), 0);
	cr_expect_eq(m.flags, O_RDWR | O_CREAT);
	cr_expect_eq(m.mode, 0644);
	cr_expect_eq(m.dir, AT_FDCWD);
	cr_assert_eq(decode(SYS_openat, 9, path, O_PATH, 0), 0);
	cr_expect_eq(m.flags, O_PATH);
	cr_expect_eq(m.dir, 9);
	cr_expect_str_eq(m.path, "/etc/passwd");
}

static int decode_how(const void *bytes, size_t there, uint64_t said)
{
	return decode(SYS_openat2, 3, map_text("a"), map(bytes, there), said);
}

Test(trap, open_how_in_every_size)
{
	static unsigned char how[5000];
	const struct open_how plain = {.flags = O_RDWR | O_CREAT, .mode = 0644, .resolve = 8};
	static const struct {
		uint64_t size;
		int error;
	} sizes[] = {{0, -EINVAL},
		     {1, -EINVAL},
		     {23, -EINVAL},
		     {24, 0},
		     {25, 0},
		     {32, 0},
		     {4095, 0},
		     {4096, 0},
		     {4097, -E2BIG},
		     {5000, -E2BIG},
		     {UINT32_MAX, -E2BIG},
		     {UINT64_MAX, -E2BIG},
		     {HIGH | 24, -E2BIG}};

	memcpy(how, &plain, sizeof(plain));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cr_expect_eq(decode_how(how, sizeof(how), sizes[i].size), sizes[i].error, "%#lx",
			     (unsigned long)sizes[i].size);
		if (!sizes[i].error) {
			cr_expect_eq(m.flags, plain.flags);
			cr_expect_eq(m.mode, plain.mode);
			cr_expect_eq(m.extra, plain.resolve);
			cr_expect_eq(m.dir, 3);
		}
		forget_memory();
	}
}

Test(trap, open_how_that_makes_no_sense_is_invalid)
{
	static const struct open_how senseless[] = {
	    {.flags = O_RDWR | (UINT64_C(1) << 40)},
	    {.flags = O_RDONLY, .mode = 0200},
	    {.flags = O_CREAT, .mode = UINT64_MAX},
	    {.flags = O_CREAT, .mode = 0644, .resolve = UINT64_MAX},
	    {.flags = O_PATH | O_RDWR},
	    {.resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT},
	};

	for (size_t i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
		cr_expect_eq(decode_how(&senseless[i], sizeof(senseless[i]), sizeof(senseless[i])),
			     -EINVAL, "%zu", i);
		forget_memory();
	}
}

Test(trap, open_how_with_something_unknown_behind_is_too_big)
{
	unsigned char how[64] = {0};

	cr_expect_eq(decode_how(how, sizeof(how), sizeof(how)), 0);
	for (size_t at = sizeof(struct open_how); at < sizeof(how); at++) {
		how[at] = 1;
		cr_expect_eq(decode_how(how, sizeof(how), sizeof(how)), -E2BIG, "%zu", at);
		how[at] = 0;
		forget_memory();
	}
	how[sizeof(struct open_how)] = 1;
	cr_expect_eq(decode_how(how, sizeof(how), sizeof(struct open_how)), 0, "not part of it");
	cr_expect_eq(decode_how(how, sizeof(struct open_how) - 1, sizeof(struct open_how)),
		     -EFAULT);
	cr_expect_eq(decode_how(how, 30, 31), -EFAULT);
}

/* ---- times ---- */

static struct timespec time_at(int i)
{
	struct timespec times[2];

	cr_assert_eq(m.data_len, sizeof(times));
	memcpy(times, m.data, sizeof(times));
	return times[i];
}

static void expect_times(int64_t s0, long n0, int64_t s1, long n1)
{
	cr_expect_eq(time_at(0).tv_sec, s0);
	cr_expect_eq(time_at(0).tv_nsec, n0);
	cr_expect_eq(time_at(1).tv_sec, s1);
	cr_expect_eq(time_at(1).tv_nsec, n1);
}

Test(trap, times_in_all_their_forms)
{
	const struct utimbuf seconds = {1, -2};
	const struct timeval micro[2] = {{3, 0}, {INT64_MAX, 999999}};
	const struct timespec nano[2] = {{5, UTIME_NOW}, {6, 1234567890}};

	cr_assert_eq(decode(SYS_utime, map_text("a"), map(&seconds, sizeof(seconds))), 0);
	expect_times(1, 0, -2, 0);
	cr_assert_eq(decode(SYS_utimes, map_text("a"), map(micro, sizeof(micro))), 0);
	expect_times(3, 0, INT64_MAX, 999999000);
	cr_assert_eq(decode(SYS_futimesat, 4, map_text("a"), map(micro, sizeof(micro))), 0);
	expect_times(3, 0, INT64_MAX, 999999000);
	cr_expect_eq(m.dir, 4);
	/* Nanoseconds are Linux's to judge: some values stand for the present, or for no change. */
	cr_assert_eq(
	    decode(SYS_utimensat, 4, map_text("a"), map(nano, sizeof(nano)), AT_SYMLINK_NOFOLLOW),
	    0);
	expect_times(5, UTIME_NOW, 6, 1234567890);
	cr_expect_eq(m.flags, AT_SYMLINK_NOFOLLOW);
}

Test(trap, no_times_are_the_present)
{
	static const int calls[] = {SYS_utime, SYS_utimes};

	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(decode(calls[i], map_text("a"), 0), 0);
		cr_expect_eq(m.data_len, 0);
	}
	cr_expect_eq(decode(SYS_utimensat, 4, map_text("a"), 0, 0), 0);
	cr_expect_eq(m.data_len, 0);
}

Test(trap, microseconds_that_are_none_are_refused)
{
	static const long bad[] = {-1, 1000000, INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct timeval first[2] = {{0, bad[i]}, {0, 0}}, second[2] = {{0, 0}, {0, bad[i]}};

		cr_expect_eq(decode(SYS_utimes, map_text("a"), map(first, sizeof(first))), -EINVAL,
			     "%ld", bad[i]);
		cr_expect_eq(decode(SYS_futimesat, 3, map_text("a"), map(second, sizeof(second))),
			     -EINVAL, "%ld", bad[i]);
		forget_memory();
	}
}

Test(trap, times_of_a_descriptor)
{
	const struct timespec nano[2] = {{1, 2}, {3, 4}};

	cr_assert_eq(decode(SYS_utimensat, HIGH | 7, 0, map(nano, sizeof(nano))), 0);
	cr_expect_eq(m.fd, 7);
	cr_expect(!m.has_path);
	/* Without a descriptor there is nothing that it could mean. */
	cr_expect_eq(decode(SYS_utimensat, HIGH | (uint32_t)AT_FDCWD, 0, map(nano, sizeof(nano))),
		     -EFAULT);
	cr_expect_eq(decode(SYS_utimes, 0, 0), -EFAULT);
	cr_expect_eq(decode(SYS_utime, 0, 0), -EFAULT);
}

/* ---- extended attributes ---- */

Test(trap, names_of_attributes_have_1_to_255_bytes)
{
	static const struct {
		size_t len;
		int error;
	} edges[] = {{0, -ERANGE},   {1, 0},	     {254, 0},	     {255, 0},
		     {256, -ERANGE}, {257, -ERANGE}, {5000, -ERANGE}};
	uint64_t path = map_text("a");

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		uint64_t name = map_long(edges[i].len, true);

		cr_expect_eq(decode(SYS_getxattr, path, name, 1, 1), edges[i].error, "%zu",
			     edges[i].len);
		cr_expect_eq(decode(SYS_removexattr, path, name), edges[i].error, "%zu",
			     edges[i].len);
		cr_expect_eq(decode(SYS_fsetxattr, 3, name, BAD, 0, 0), edges[i].error, "%zu",
			     edges[i].len);
		if (!edges[i].error)
			cr_expect_eq(m.path2_len, edges[i].len);
	}
	cr_expect_eq(decode(SYS_getxattr, path, map_long(100, false), 1, 1), -EFAULT);
}

Test(trap, values_of_attributes_have_65536_bytes_at_most)
{
	static unsigned char value[CD_XATTR_SIZE_MAX + 1];
	uint64_t path = map_text("a"), name = map_text("user.x");

	memset(value, 7, sizeof(value));
	cr_assert_eq(
	    decode(SYS_setxattr, path, name, map(value, CD_XATTR_SIZE_MAX), CD_XATTR_SIZE_MAX, 1),
	    0);
	cr_expect_eq(m.data_len, CD_XATTR_SIZE_MAX);
	cr_expect_eq(memcmp(m.data, value, CD_XATTR_SIZE_MAX), 0);
	cr_expect_str_eq(m.path2, "user.x");
	cr_expect_eq(decode(SYS_setxattr, path, name, map(value, sizeof(value)), sizeof(value)),
		     -E2BIG);
	cr_expect_eq(decode(SYS_setxattr, path, name, map(value, 9), UINT64_MAX), -E2BIG);
	cr_expect_eq(decode(SYS_setxattr, path, name, map(value, 9), HIGH | 9), -E2BIG);
	cr_expect_eq(decode(SYS_setxattr, path, name, map(value, 9), 10), -EFAULT);
	cr_expect_eq(decode(SYS_setxattr, path, name, BAD, 0), 0,
		     "of an empty one nothing is read");
	cr_expect_eq(m.data_len, 0);
}

/* ---- addresses and what is sent ---- */

Test(trap, addresses_have_128_bytes_at_most)
{
	static const unsigned char address[129] = {1, 2, 3};
	static const int calls[] = {SYS_connect, SYS_bind};
	static const struct {
		uint64_t len;
		int error;
	} lens[] = {{0, 0},
		    {1, 0},
		    {127, 0},
		    {128, 0},
		    {129, -EINVAL},
		    {UINT32_MAX, -EINVAL},
		    {INT32_MAX, -EINVAL},
		    {0x80000000, -EINVAL},
		    {HIGH | 16, 0}};

	for (size_t c = 0; c < 2; c++)
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			cr_expect_eq(
			    decode(calls[c], 3, map(address, sizeof(address)), lens[i].len),
			    lens[i].error, "%#lx", (unsigned long)lens[i].len);
			if (!lens[i].error)
				cr_expect_eq(m.data_len, (uint32_t)lens[i].len);
			forget_memory();
		}
}

static struct kern_send head(void)
{
	struct kern_send h;

	cr_assert_geq(m.data_len, sizeof(h));
	memcpy(&h, m.data, sizeof(h));
	cr_expect_eq(m.data_len, sizeof(h) + h.address_len + h.control_len + h.payload_len);
	cr_expect_leq(h.payload_len, h.total_len);
	return h;
}

static const unsigned char *behind_head(void)
{
	return m.data + sizeof(struct kern_send);
}

Test(trap, sendto_brings_address_and_payload)
{
	cr_assert_eq(decode(SYS_sendto, HIGH | 5, map("hello", 5), 5, MSG_DONTWAIT,
			    map("address", 7), HIGH | 7),
		     0);
	cr_expect_eq(m.fd, 5);
	cr_expect_eq(m.flags, MSG_DONTWAIT);
	cr_expect_eq(head().address_len, 7);
	cr_expect_eq(head().control_len, 0);
	cr_expect_eq(head().payload_len, 5);
	cr_expect_eq(head().total_len, 5);
	cr_expect_eq(memcmp(behind_head(), "addresshello", 12), 0);
	/* Without an address, its length means nothing. */
	cr_assert_eq(decode(SYS_sendto, 5, map("hello", 5), 5, 0, 0, UINT32_MAX), 0);
	cr_expect_eq(head().address_len, 0);
	cr_expect_eq(decode(SYS_sendto, 5, BAD, 1, 0, 0, 0), -EFAULT);
	cr_expect_eq(decode(SYS_sendto, 5, BAD, 0, 0, 0, 0), 0);
}

Test(trap, sendto_refuses_address_lengths_that_are_none)
{
	static unsigned char address[256];

	cr_expect_eq(decode(SYS_sendto, 5, map("x", 1), 1, 0, map(address, 128), 128), 0);
	cr_expect_eq(decode(SYS_sendto, 5, map("x", 1), 1, 0, map(address, 129), 129), -EINVAL);
	cr_expect_eq(decode(SYS_sendto, 5, map("x", 1), 1, 0, map(address, 129), UINT32_MAX),
		     -EINVAL);
	cr_expect_eq(decode(SYS_sendto, 5, map("x", 1), 1, 0, map(address, 5), 6), -EFAULT);
}

Test(trap, of_a_large_payload_as_much_as_fits_is_taken_and_all_is_counted)
{
	static unsigned char bytes[CD_XATTR_SIZE_MAX + 100];
	static const uint64_t lens[] = {CD_XATTR_SIZE_MAX - 1,
					CD_XATTR_SIZE_MAX,
					CD_XATTR_SIZE_MAX + 1,
					INT32_MAX,
					UINT32_MAX,
					UINT64_C(1) << 32,
					INT64_MAX,
					UINT64_MAX};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint64_t taken = lens[i] < CD_XATTR_SIZE_MAX ? lens[i] : CD_XATTR_SIZE_MAX;
		uint64_t total = lens[i] < 0x7ffff000 ? lens[i] : 0x7ffff000;

		cr_assert_eq(decode(SYS_sendto, 5, map(bytes, sizeof(bytes)), lens[i], 0, 0, 0), 0);
		cr_expect_eq(head().payload_len, taken, "%#lx", (unsigned long)lens[i]);
		cr_expect_eq(head().total_len, total, "%#lx", (unsigned long)lens[i]);
		forget_memory();
	}
}

/* The kernel's layout of struct msghdr and struct iovec. */
struct header {
	uint64_t name;
	int32_t name_len, pad;
	uint64_t vector, vector_len, control, control_len;
	uint32_t flags, pad2;
};
struct vector {
	uint64_t base, len;
};

static int decode_header(const struct header *h)
{
	return decode(SYS_sendmsg, 6, map(h, sizeof(*h)), HIGH | MSG_NOSIGNAL);
}

Test(trap, sendmsg_brings_address_control_and_payload_in_this_order)
{
	const struct vector vector[] = {{map("one", 3), 3}, {BAD, 0}, {map("two", 3), 3}};
	const struct header h = {.name = map("name", 4),
				 .name_len = 4,
				 .vector = map(vector, sizeof(vector)),
				 .vector_len = 3,
				 .control = map("control", 7),
				 .control_len = 7,
				 .flags = UINT32_MAX};

	cr_assert_eq(decode_header(&h), 0);
	cr_expect_eq(m.flags, MSG_NOSIGNAL, "the call's, not the header's");
	cr_expect_eq(head().address_len, 4);
	cr_expect_eq(head().control_len, 7);
	cr_expect_eq(head().payload_len, 6);
	cr_expect_eq(head().total_len, 6);
	cr_expect_eq(memcmp(behind_head(), "namecontrolonetwo", 17), 0);
}

Test(trap, sendmsg_of_nothing_is_one)
{
	const struct header h = {.vector = BAD, .control = BAD, .name = BAD};

	cr_assert_eq(decode_header(&h), 0);
	cr_expect_eq(head().total_len, 0);
	cr_expect_eq(m.data_len, sizeof(struct kern_send));
}

Test(trap, sendmsg_takes_1024_pieces_and_no_more)
{
	static struct vector vector[1025];
	struct header h = {.vector = map(vector, 0)};

	forget_memory();
	for (size_t i = 0; i < 1024; i++)
		vector[i] = (struct vector){BAD, 0};
	vector[0] = (struct vector){map("first", 5), 5};
	vector[1023] = (struct vector){map("last", 4), 4};
	h.vector = map(vector, sizeof(vector));
	for (uint64_t len = 1; len <= 1024; len += len < 20 ? 1 : 251) {
		h.vector_len = len;
		cr_expect_eq(decode_header(&h), 0, "%lu", (unsigned long)len);
		cr_expect_eq(head().payload_len, len == 1024 ? 9 : 5);
	}
	h.vector_len = 1024;
	cr_expect_eq(decode_header(&h), 0);
	cr_expect_eq(memcmp(behind_head(), "firstlast", 9), 0);
	h.vector_len = 1025;
	cr_expect_eq(decode_header(&h), -EMSGSIZE);
	h.vector_len = UINT64_MAX;
	cr_expect_eq(decode_header(&h), -EMSGSIZE);
	h.vector_len = HIGH | 1;
	cr_expect_eq(decode_header(&h), -EMSGSIZE);
}

Test(trap, a_vector_that_is_not_all_there_is_efault)
{
	const struct vector vector[9] = {{BAD, 0}};
	struct header h = {.vector = map(vector, sizeof(vector)), .vector_len = 9};

	cr_expect_eq(decode_header(&h), 0);
	h.vector_len = 10;
	cr_expect_eq(decode_header(&h), -EFAULT);
	h.vector = map(vector, sizeof(vector[0]) * 8 - 1);
	h.vector_len = 8;
	cr_expect_eq(decode_header(&h), -EFAULT);
	h.vector = UINT64_MAX - 15; /* the second piece would be at address 0 */
	h.vector_len = 2;
	cr_expect_eq(decode_header(&h), -EFAULT);
}

/* Lengths that together come to little in 32 bits, or in 64. */
Test(trap, lengths_of_pieces_never_wrap_around)
{
	static unsigned char bytes[CD_XATTR_SIZE_MAX];
	const uint64_t at = map(bytes, sizeof(bytes));
	const struct {
		struct vector vector[4];
		int error;
	} cases[] = {
	    {{{at, CD_XATTR_SIZE_MAX}, {BAD, UINT32_MAX}, {BAD, 1}, {BAD, 0}}, 0},
	    {{{at, CD_XATTR_SIZE_MAX}, {BAD, INT32_MAX}, {BAD, INT32_MAX}, {BAD, 2}}, 0},
	    {{{at, CD_XATTR_SIZE_MAX}, {BAD, INT64_MAX}, {BAD, INT64_MAX}, {BAD, 2}}, 0},
	    {{{at, 1}, {BAD, UINT64_MAX}, {BAD, 0}, {BAD, 0}}, -EINVAL},
	    {{{BAD, UINT64_C(1) << 63}, {at, 1}, {BAD, 0}, {BAD, 0}}, -EINVAL},
	    {{{at, UINT64_MAX - 3}, {at, 4}, {BAD, 0}, {BAD, 0}}, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct header h = {.vector = map(cases[i].vector, sizeof(cases[i].vector)),
					 .vector_len = 4};

		cr_expect_eq(decode_header(&h), cases[i].error, "case %zu", i);
		if (!cases[i].error) {
			cr_expect_eq(head().payload_len, CD_XATTR_SIZE_MAX);
			cr_expect_eq(head().total_len, 0x7ffff000, "case %zu: %#x", i,
				     head().total_len);
		}
	}
}

Test(trap, sendmsg_control_has_4096_bytes_at_most)
{
	static unsigned char control[5000];
	struct header h = {.control = map(control, sizeof(control)), .control_len = 4096};

	cr_expect_eq(decode_header(&h), 0);
	cr_expect_eq(head().control_len, 4096);
	h.control_len = 4097;
	cr_expect_eq(decode_header(&h), -ENOBUFS);
	h.control_len = UINT64_MAX;
	cr_expect_eq(decode_header(&h), -ENOBUFS);
	h.control_len = HIGH | 8;
	cr_expect_eq(decode_header(&h), -ENOBUFS);
	h = (struct header){.control = map(control, 8), .control_len = 9};
	cr_expect_eq(decode_header(&h), -EFAULT);
	h = (struct header){.control = 0, .control_len = 9};
	cr_expect_eq(decode_header(&h), 0);
	cr_expect_eq(head().control_len, 0);
}

Test(trap, sendmsg_cuts_a_long_name_and_refuses_a_negative_length)
{
	static unsigned char name[200];
	struct header h = {.name = map(name, sizeof(name)), .name_len = 129};

	cr_expect_eq(decode_header(&h), 0);
	cr_expect_eq(head().address_len, 128);
	h.name_len = INT32_MAX;
	cr_expect_eq(decode_header(&h), 0);
	cr_expect_eq(head().address_len, 128);
	h.name_len = -1;
	cr_expect_eq(decode_header(&h), -EINVAL);
	h.name_len = INT32_MIN;
	cr_expect_eq(decode_header(&h), -EINVAL);
	h.name = 0;
	cr_expect_eq(decode_header(&h), 0, "as Linux: no name has no length");
	cr_expect_eq(head().address_len, 0);
}

Test(trap, all_that_fits_at_once_fits)
{
	static unsigned char bytes[CD_XATTR_SIZE_MAX];
	const struct vector vector = {map(bytes, sizeof(bytes)), sizeof(bytes)};
	const struct header h = {.name = map(bytes, 128),
				 .name_len = 128,
				 .vector = map(&vector, sizeof(vector)),
				 .vector_len = 1,
				 .control = map(bytes, 4096),
				 .control_len = 4096};

	cr_assert_eq(decode_header(&h), 0);
	cr_expect_eq(head().payload_len, CD_XATTR_SIZE_MAX);
	cr_expect_eq(head().total_len, CD_XATTR_SIZE_MAX);
}

Test(trap, sendmmsg_is_its_first_message)
{
	const struct vector vector = {map("one", 3), 3};
	const struct header h = {.vector = map(&vector, sizeof(vector)), .vector_len = 1};

	cr_assert_eq(decode(SYS_sendmmsg, 6, map(&h, sizeof(h)), 3, 0), 0);
	cr_expect_eq(head().payload_len, 3);
	cr_expect_eq(m.len, 3);
	cr_assert_eq(decode(SYS_sendmmsg, 6, BAD, HIGH, 0), 0, "none at all");
	cr_expect_eq(m.data_len, 0);
	cr_expect_eq(reads, 0);
}

/* ---- what must never happen, whatever comes ---- */

static uint64_t random_word(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

Test(trap, any_registers_at_all_end_in_a_message_or_an_errno)
{
	static const uint64_t odd[] = {0,
				       1,
				       BAD,
				       255,
				       4096,
				       INT32_MAX,
				       UINT32_MAX,
				       INT64_MAX,
				       UINT64_MAX,
				       UINT64_MAX - 7,
				       UINT64_C(1) << 63};
	unsigned char bytes[512];
	uint64_t at[4];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)random_word();
	for (int i = 0; i < 4; i++)
		at[i] = map(bytes + 100 * i, sizeof(bytes) - 100 * (size_t)i);
	for (unsigned round = 0; round < 200000; round++) {
		uint64_t args[6];
		int error;

		for (int i = 0; i < 6; i++) {
			uint64_t r = random_word();

			/* One region a register, so that none is read for two of them. */
			args[i] = r & 1 && i < 4 ? at[i] + r / 2 % 600
				  : r & 2	 ? odd[r / 4 % (sizeof(odd) / sizeof(odd[0]))]
						 : r >> (r / 4 % 64);
		}
		error = decode_all((int)(random_word() % KERN_SYSCALL_MAX), args);
		cr_assert(error <= 0 && error > -4096, "%d", error);
	}
}
