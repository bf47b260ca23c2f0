/* What a copy tells debuggers: readelf reads it, and gdb in tests/scenarios/backtraces.sh. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/shim.h"
#include "loader/frames.h"
#include "shim/shim.h"
#include "tests/loader/support.h"

static const char sample[] =
    ".globl here\nfunction f\n mov $257,%eax\n mov %rdi,%rsi\n here: syscall\n ret\nend\n"
    "function g\n mov $4,%eax\n syscall\n ret\nend\n.data\n.rept 64\n.quad 7\n.endr\n";

static struct loader_parts real_parts(void)
{
	return (struct loader_parts){shim_stub,		shim_stub_size(), shim_image,
				     shim_image_size(), shim_frames,	  shim_frames_size()};
}

/* What readelf makes of the copy's section. */
static const char *frames_of(struct test_file file)
{
	struct loader_parts parts = real_parts();
	struct loader_report report;
	const char *why, *text;
	size_t size;
	void *out;

	cr_assert_eq(loader_rewrite(file.bytes, file.size, &parts, &report, &out, &size), CD_OK);
	cr_assert_eq(loader_verify(file.bytes, file.size, out, size, &parts, &why), CD_OK);
	test_write("copy", out, size);
	free(out);
	text = test_output("cd %s && readelf -wf copy 2>&1 | sed -n '/debug_frame/,$p'",
			   test_folder());
	cr_assert_not_null(text);
	cr_expect_null(strstr(text, "arning"), "%s", text);
	return text;
}

static unsigned long segment_of_copy(void)
{
	const char *text = test_output(
	    "cd %s && readelf -SW copy | sed -nE 's/.* \\.cordon +PROGBITS +([0-9a-f]+).*/\\1/p'",
	    test_folder());

	cr_assert_not_null(text);
	return strtoul(text, NULL, 16);
}

static bool has(const char *text, const char *format, unsigned long a)
{
	char want[128];

	snprintf(want, sizeof(want), format, a);
	return strstr(text, want) != NULL;
}

Test(loader_frames, each_trampoline_leads_behind_its_site)
{
	struct test_file file = test_assemble(sample, 1);
	char *text = strdup(frames_of(file));
	unsigned long segment = segment_of_copy(), here;

	here = strtoul(test_output("nm %s/copy | sed -n 's/ . here$//p'", test_folder()), NULL, 16);
	cr_assert(segment && here);
	cr_expect(has(text, "pc=%016lx..", segment + CD_STUB_CALL), "%s", text);
	cr_expect(
	    has(text, "pc=%016lx..", segment + ((CD_HEAD_SIZE + shim_stub_size() + 15) & ~15ul)),
	    "%s", text);
	cr_expect(has(text, "r16 (rip) (DW_OP_addr: %lx)", here + 2), "%s", text);
	cr_expect(strstr(strstr(text, "DW_OP_addr") + 1, "DW_OP_addr"), "%s", text);
	free(text);
	free(file.bytes);
}

/* Debuggers read one section only. */
Test(loader_frames, what_a_file_says_itself_is_kept)
{
	char own[sizeof(sample) + 64];
	struct test_file file;
	char *text;

	snprintf(own, sizeof(own), ".cfi_sections .debug_frame\n%s", sample);
	file = test_assemble(own, 1);
	text = strdup(frames_of(file));
	cr_expect_eq(
	    strtoul(test_output("readelf -SW %s/copy | grep -c debug_frame", test_folder()), NULL,
		    10),
	    1);
	cr_expect(has(text, "pc=%016lx..", segment_of_copy() + CD_STUB_CALL), "%s", text);
	cr_expect(
	    has(text, "pc=%016lx..",
		strtoul(test_output("nm %s/copy | sed -n 's/ . g$//p'", test_folder()), NULL, 16)),
	    "%s", text);
	free(text);
	free(file.bytes);
}

Test(loader_frames, what_is_cut_is_not_taken)
{
	uint8_t bytes[4097] = {0};
	size_t whole = 0;

	cr_assert_leq(shim_frames_size(), 4096);
	for (size_t size = 0; size < shim_frames_size(); size++)
		whole += loader_frames_fit(shim_frames, size);
	cr_expect_leq(whole, 4); /* where one entry ends */
	cr_expect(loader_frames_fit(shim_frames, shim_frames_size()));
	cr_expect_not(loader_frames_fit(NULL, 24));
	cr_expect_not(loader_frames_fit(bytes, 24));
	memset(bytes, 0xff, sizeof(bytes));
	cr_expect_not(loader_frames_fit(bytes, 4096));
}
