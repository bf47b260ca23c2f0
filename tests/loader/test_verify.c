/* Any byte of a copy that is not as it has to be is found. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/loader/support.h"

static const char sample[] = "function f\n mov $257,%eax\n mov %rdi,%rsi\n syscall\n ret\nend\n"
			     "function g\n mov $4,%eax\n syscall\n ret\nend\n.data\n.rept "
			     "64\n.quad 7\n.endr\n.bss\n.zero 100\n";

static bool is_verified(struct test_file file, struct test_file copy)
{
	const char *why = NULL;
	enum cd_status status =
	    loader_verify(file.bytes, file.size, copy.bytes, copy.size, &test_parts, &why);

	if (status != CD_OK)
		cr_assert(status == CD_EINVAL && why);
	return status == CD_OK;
}

static void flip(struct test_file file, struct test_file copy, size_t from, size_t to, size_t step)
{
	for (size_t i = from; i < to; i += step) {
		uint8_t mask = (uint8_t)(1u << (i / step % 8));

		copy.bytes[i] ^= mask;
		cr_assert(!is_verified(file, copy), "byte %#zx of %#zx", i, copy.size);
		copy.bytes[i] ^= mask;
	}
	cr_assert(is_verified(file, copy));
}

Test(loader_verify, every_byte_of_a_small_copy_counts)
{
	struct test_file file = test_assemble(sample, 1), copy;
	struct loader_report report;

	copy = test_rewrite(file, &report);
	flip(file, copy, 0, 0x400, 1);
	flip(file, copy, 0x400, 0x1000, 3);
	flip(file, copy, 0x1000, 0x1100, 1);
	flip(file, copy, 0x1100, file.size, 5);
	flip(file, copy, file.size, copy.size, 1);
	free(file.bytes);
	free(copy.bytes);
}

static void flip_some(const char *path)
{
	struct test_file file, copy;
	struct loader_report report;

	if (access(path, R_OK) != 0)
		cr_skip_test("no %s", path);
	file = test_read(path);
	copy = test_rewrite(file, &report);
	flip(file, copy, 0, 0x400, 37);
	flip(file, copy, 0, copy.size, copy.size / 99);
	flip(file, copy, file.size, copy.size, 499);
	free(file.bytes);
	free(copy.bytes);
}

Test(loader_verify, an_interpreters_bytes_count)
{
	flip_some(RTLD);
}

Test(loader_verify, a_libcs_bytes_count)
{
	flip_some(LIBC);
}

Test(loader_verify, a_copy_is_of_one_original_and_of_its_length)
{
	struct test_file file = test_assemble(sample, 1), other = test_read(RTLD), copy, wrong;
	struct loader_report report;

	copy = test_rewrite(file, &report);
	cr_assert(!is_verified(other, copy));
	cr_assert(!is_verified(file, file));
	for (size_t size = 0; size < copy.size; size += 64) {
		wrong = (struct test_file){malloc(size), size};
		memcpy(wrong.bytes, copy.bytes, size);
		cr_assert(!is_verified(file, wrong), "%zu", size);
		free(wrong.bytes);
	}
	wrong = (struct test_file){calloc(1, copy.size + 4096), copy.size + 4096};
	memcpy(wrong.bytes, copy.bytes, copy.size);
	cr_assert(!is_verified(file, wrong));
	free(wrong.bytes);
	free(other.bytes);
	free(file.bytes);
	free(copy.bytes);
}

Test(loader_verify, another_shim_is_found)
{
	struct test_file file = test_assemble(sample, 1), copy;
	struct loader_report report;
	const char *why;

	copy = test_rewrite(file, &report);
	cr_assert_eq(
	    loader_verify(file.bytes, file.size, copy.bytes, copy.size, &test_failing_parts, &why),
	    CD_EINVAL);
	free(file.bytes);
	free(copy.bytes);
}

/* The copy of another original, in which a site's number, or what stands before it, differs. */
static void expect_apart(const char *a, const char *b)
{
	struct test_file one = test_assemble(a, 1), two = test_assemble(b, 1), copy;
	struct loader_report report;

	cr_assert_eq(one.size, two.size);
	copy = test_rewrite(one, &report);
	cr_assert(!is_verified(two, copy));
	free(one.bytes);
	free(two.bytes);
	free(copy.bytes);
}

Test(loader_verify, a_site_of_another_call_is_found)
{
	expect_apart("function f\n mov $257,%eax\n syscall\n ret\nend\n",
		     "function f\n mov $258,%eax\n syscall\n ret\nend\n");
	expect_apart("function f\n mov $257,%eax\n mov %rdi,%rsi\n syscall\n ret\nend\n",
		     "function f\n mov $257,%eax\n mov %rsi,%rdi\n syscall\n ret\nend\n");
}
