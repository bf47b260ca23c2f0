/* A real process's memory, read and written from outside. */
#include "kernel/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/support.h"

#define PAGE 4096u

/*
 * Four pages, the same address here and there; ours are not theirs after the fork.
 *   0 readable and writable   1 the same   2 readable only   3 not mapped
 */
static unsigned char *pages;
static pid_t child;

static void start(void)
{
	pages = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(pages, MAP_FAILED);
	/* The end must be that of a page and of nothing larger: only then does a step too far fall
	 * off it. */
	if ((uintptr_t)(pages + 3 * PAGE) % (2 * PAGE) == 0)
		pages += PAGE;
	for (unsigned i = 0; i < 3 * PAGE; i++)
		pages[i] = (unsigned char)(1 + i % 251);
	cr_assert_eq(mprotect(pages + 2 * PAGE, PAGE, PROT_READ), 0);
	cr_assert_eq(munmap(pages + 3 * PAGE, PAGE), 0);
	close(sleeper(&child));
	/* From here on a look at our own pages would be seen. */
	mprotect(pages + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	memset(pages, 0, 3 * PAGE);
}

static void stop(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

TestSuite(memory, .init = start, .fini = stop);

static uint64_t at(size_t offset)
{
	return (uint64_t)(uintptr_t)pages + offset;
}

static unsigned char expected(size_t offset)
{
	return (unsigned char)(1 + offset % 251);
}

Test(memory, reads_what_the_process_has)
{
	static const struct {
		size_t offset, len;
	} spans[] = {{0, 1}, {5, 100}, {PAGE - 1, 2}, {0, 3 * PAGE}, {3 * PAGE - 1, 1}};
	static unsigned char copy[3 * PAGE + 1];

	for (size_t s = 0; s < sizeof(spans) / sizeof(spans[0]); s++) {
		memset(copy, 0, sizeof(copy));
		cr_assert_eq(kern_memory_read(child, at(spans[s].offset), copy, spans[s].len), 0);
		for (size_t i = 0; i < spans[s].len; i++)
			cr_assert_eq(copy[i], expected(spans[s].offset + i), "%zu", i);
		cr_expect_eq(copy[spans[s].len], 0, "and no more");
	}
}

Test(memory, what_is_not_all_there_is_efault)
{
	unsigned char copy[64];

	cr_expect_eq(kern_memory_read(child, at(3 * PAGE), copy, 1), -EFAULT);
	cr_expect_eq(kern_memory_read(child, at(3 * PAGE - 1), copy, 2), -EFAULT);
	cr_expect_eq(kern_memory_read(child, 0, copy, 1), -EFAULT);
	cr_expect_eq(kern_memory_read(child, UINT64_MAX, copy, 1), -EFAULT);
	cr_expect_eq(kern_memory_read(child, UINT64_MAX - 10, copy, 64), -EFAULT);
	cr_expect_eq(kern_memory_read(child, UINT64_C(0xffffffff80000000), copy, 8), -EFAULT,
		     "the kernel's own");
	cr_expect_eq(kern_memory_read(child, at(0), copy, 0), 0);
	cr_expect_eq(kern_memory_read(child, 0, copy, 0), 0);
}

Test(memory, writes_where_the_process_could)
{
	unsigned char copy[8];

	cr_assert_eq(kern_memory_write(child, at(PAGE - 4), "written", 8), 0);
	cr_assert_eq(kern_memory_read(child, at(PAGE - 4), copy, 8), 0);
	cr_expect_eq(memcmp(copy, "written", 8), 0);
	cr_expect_eq(pages[PAGE - 4], 0, "theirs, not ours");
}

Test(memory, a_page_that_the_process_cannot_write_stays_as_it_is)
{
	unsigned char copy[1];

	cr_expect_eq(kern_memory_write(child, at(2 * PAGE), "x", 1), -EFAULT);
	cr_expect_eq(kern_memory_write(child, at(2 * PAGE - 1), "xx", 2), -EFAULT);
	cr_expect_eq(kern_memory_write(child, at(3 * PAGE), "x", 1), -EFAULT);
	cr_expect_eq(kern_memory_write(child, 0, "x", 1), -EFAULT);
	cr_expect_eq(kern_memory_write(child, 0, "x", 0), 0);
	cr_assert_eq(kern_memory_read(child, at(2 * PAGE), copy, 1), 0);
	cr_expect_eq(copy[0], expected(2 * PAGE));
}

static ssize_t string_at(size_t offset, char *dest, size_t size)
{
	memset(dest, 0x55, size);
	return kern_memory_read_string(child, at(offset), dest, size);
}

/* Puts a NUL behind len bytes from offset on, and looks. */
static void expect_string(size_t offset, size_t len, size_t size, ssize_t want)
{
	static char text[3 * PAGE];
	unsigned char was = expected(offset + len);

	cr_assert_eq(kern_memory_write(child, at(offset + len), "", 1), 0);
	cr_expect_eq(string_at(offset, text, size), want, "%zu bytes at %zu into %zu", len, offset,
		     size);
	for (size_t i = 0; want >= 0 && i < len; i++)
		cr_assert_eq((unsigned char)text[i], expected(offset + i));
	if (want >= 0)
		cr_expect_eq(text[len], 0);
	cr_assert_eq(kern_memory_write(child, at(offset + len), &was, 1), 0);
}

Test(memory, strings_of_every_length_around_the_steps_in_which_they_are_read)
{
	static const size_t lens[] = {0, 1, 254, 255, 256, 257, 511, 4094, 4095};
	static const size_t offsets[] = {0, 1, 3, PAGE - 256, PAGE - 255, PAGE - 2, PAGE - 1};

	for (size_t o = 0; o < sizeof(offsets) / sizeof(offsets[0]); o++)
		for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++)
			expect_string(offsets[o], lens[l], PAGE, (ssize_t)lens[l]);
}

Test(memory, a_string_without_an_end_in_reach_is_too_long)
{
	static char text[3 * PAGE];

	expect_string(0, 4096, PAGE, -ENAMETOOLONG);
	expect_string(0, 255, 255, -ENAMETOOLONG);
	expect_string(0, 254, 255, 254);
	expect_string(0, 0, 1, 0);
	expect_string(0, 1, 1, -ENAMETOOLONG);
	cr_expect_eq(string_at(0, text, 2 * PAGE), -ENAMETOOLONG);
	/* All that there is room for lies just before the end of memory. */
	cr_expect_eq(string_at(2 * PAGE, text, PAGE), -ENAMETOOLONG);
	cr_expect_eq(string_at(2 * PAGE + 1, text, PAGE), -EFAULT);
}

Test(memory, a_string_may_end_with_the_last_byte_that_is_mapped)
{
	char text[PAGE];
	pid_t other;
	int status;

	/* A page whose last bytes are a string, with nothing behind it. */
	status = mprotect(pages + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	cr_assert_eq(status, 0);
	memcpy(pages + 3 * PAGE - 4, "end", 4);
	close(sleeper(&other));
	cr_expect_eq(kern_memory_read_string(other, at(3 * PAGE - 4), text, sizeof(text)), 3);
	cr_expect_str_eq(text, "end");
	cr_expect_eq(kern_memory_read_string(other, at(3 * PAGE - 1), text, sizeof(text)), 0);
	cr_expect_eq(kern_memory_read_string(other, at(3 * PAGE), text, sizeof(text)), -EFAULT);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	/* Without its NUL it runs out of memory. */
	cr_expect_eq(string_at(3 * PAGE - 4, text, sizeof(text)), -EFAULT);
	cr_expect_eq(kern_memory_read_string(child, 0, text, sizeof(text)), -EFAULT);
	cr_expect_eq(kern_memory_read_string(child, UINT64_MAX, text, sizeof(text)), -EFAULT);
}

Test(memory, of_a_process_that_is_gone_there_is_nothing)
{
	char text[16];

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	cr_expect_eq(kern_memory_read(child, at(0), text, 1), -ESRCH);
	cr_expect_eq(kern_memory_write(child, at(0), text, 1), -ESRCH);
	cr_expect_eq(kern_memory_read_string(child, at(0), text, sizeof(text)), -ESRCH);
	child = 0;
}
