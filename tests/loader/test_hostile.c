/* Files that were made to do harm: an error, or a copy that is verified. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/loader/support.h"

static const char sample[] = "function f\n mov $257,%eax\n mov %rdi,%rsi\n syscall\n ret\nend\n"
			     "function g\n call f\n mov $4,%eax\n syscall\n ret\nend\n";

static enum cd_status try_bytes(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct loader_report report;
	enum cd_status status;
	const char *why = "";
	size_t out_size;
	void *out;

	memcpy(exact, bytes, size);
	status = loader_rewrite(exact, size, &test_parts, &report, &out, &out_size);
	if (status == CD_OK) {
		cr_assert_eq(loader_verify(exact, size, out, out_size, &test_parts, &why), CD_OK,
			     "%s", why);
		free(out);
	} else {
		cr_assert_not_null(report.why);
	}
	free(exact);
	return status;
}

Test(loader_hostile, a_file_that_was_cut_is_refused)
{
	struct test_file file = test_read(RTLD);

	for (size_t size = 0; size < 2048; size += size < 128 ? 1 : 64)
		cr_assert_neq(try_bytes(file.bytes, size), CD_OK, "%zu", size);
	for (size_t size = 2048; size + 16384 < file.size; size += 4096)
		cr_assert_neq(try_bytes(file.bytes, size), CD_OK, "%zu", size);
	free(file.bytes);
	file = test_assemble(sample, 1);
	for (size_t size = 0; size < file.size; size += 16)
		try_bytes(file.bytes, size);
	free(file.bytes);
}

/* Each byte of the headers, the notes, the symbols, the frames, to each of a few values. */
Test(loader_hostile, bytes_that_were_changed_do_no_harm)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	struct test_file file = test_assemble(sample, 1);

	for (size_t i = 0; i < file.size; i += i < 0x400 ? 1 : 3) {
		uint8_t was = file.bytes[i];

		for (size_t k = 0; k < sizeof(values); k++) {
			file.bytes[i] = values[k];
			try_bytes(file.bytes, file.size);
		}
		file.bytes[i] = was;
	}
	free(file.bytes);
}

Test(loader_hostile, words_that_were_changed_do_no_harm)
{
	static const uint64_t values[] = {
	    0, 1, 0xfff, 0x1000, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX, UINT64_MAX - 0xfff};
	struct test_file file = test_assemble(sample, 1);

	for (size_t i = 0; i + 8 <= file.size; i += i < 0x400 ? 4 : 24) {
		uint8_t was[8];

		memcpy(was, file.bytes + i, 8);
		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
			memcpy(file.bytes + i, &values[k], 8);
			try_bytes(file.bytes, file.size);
		}
		memcpy(file.bytes + i, was, 8);
	}
	free(file.bytes);
}

/* --- one field each --- */

static struct test_file changed;

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)changed.bytes;
}

static Elf64_Phdr *segment(uint32_t type, int n)
{
	Elf64_Phdr *phdr = (Elf64_Phdr *)(changed.bytes + header()->e_phoff);

	for (unsigned i = 0; i < header()->e_phnum; i++) {
		if (phdr[i].p_type == type && n-- == 0)
			return &phdr[i];
	}
	cr_assert_fail("no such segment");
	return NULL;
}

static Elf64_Phdr *data_segment(void)
{
	return segment(PT_LOAD, 3);
}

static Elf64_Dyn *dynamic(int64_t tag)
{
	Elf64_Dyn *dyn = (Elf64_Dyn *)(changed.bytes + segment(PT_DYNAMIC, 0)->p_offset);

	while (dyn->d_tag != tag) {
		cr_assert_neq(dyn->d_tag, DT_NULL);
		dyn++;
	}
	return dyn;
}

/* Fails with `status`, and leaves the file as it was. */
#define expect_refused(status, change)                                                             \
	do {                                                                                       \
		struct test_file keep = changed;                                                   \
		enum cd_status is;                                                                 \
		changed.bytes = malloc(keep.size);                                                 \
		memcpy(changed.bytes, keep.bytes, keep.size);                                      \
		change;                                                                            \
		is = try_bytes(changed.bytes, changed.size);                                       \
		cr_expect_eq(is, status, "%s: %s", #change, cd_status_name(is));                   \
		free(changed.bytes);                                                               \
		changed = keep;                                                                    \
	} while (0)

Test(loader_hostile, what_is_not_understood_is_refused)
{
	changed = test_assemble(sample, 1);
	cr_assert_eq(try_bytes(changed.bytes, changed.size), CD_OK);
	expect_refused(CD_EINVAL, header()->e_ident[0] = 0);
	expect_refused(CD_ENOSUP, header()->e_ident[EI_CLASS] = ELFCLASS32);
	expect_refused(CD_ENOSUP, header()->e_machine = EM_AARCH64);
	expect_refused(CD_ENOSUP, header()->e_type = ET_EXEC);
	expect_refused(CD_ENOSUP, header()->e_phnum = 65);
	expect_refused(CD_ENOSUP, header()->e_phnum = 0);
	expect_refused(CD_EINVAL, header()->e_phoff = changed.size - 8);
	expect_refused(CD_EINVAL, header()->e_phoff = UINT64_MAX - 7);
	expect_refused(CD_EINVAL, header()->e_phentsize = 32);
	expect_refused(CD_EINVAL, data_segment()->p_memsz = UINT64_MAX);
	expect_refused(CD_EINVAL, data_segment()->p_memsz = 1);
	expect_refused(CD_EINVAL, data_segment()->p_filesz = UINT64_MAX);
	expect_refused(CD_EINVAL, data_segment()->p_offset = UINT64_MAX - 0xfff);
	expect_refused(CD_EINVAL, data_segment()->p_vaddr = UINT64_MAX - 0xfff);
	expect_refused(CD_EINVAL, data_segment()->p_align = 3);
	expect_refused(CD_EINVAL, data_segment()->p_align = 0);
	expect_refused(CD_ENOSUP, data_segment()->p_flags = PF_R);
	expect_refused(CD_ENOSUP, data_segment()->p_flags = PF_R | PF_W | PF_X);
	expect_refused(CD_ENOSUP, data_segment()->p_vaddr -= 0x2000);
	expect_refused(CD_ENOSUP, segment(PT_LOAD, 1)->p_offset = 0);
	expect_refused(CD_ENOSUP, segment(PT_LOAD, 1)->p_flags = PF_R);
	expect_refused(CD_ENOSUP, segment(PT_NOTE, 0)->p_type = PT_NULL);
	expect_refused(CD_ENOSUP, segment(PT_DYNAMIC, 0)->p_type = PT_NULL);
	expect_refused(CD_ENOSUP, dynamic(DT_HASH)->d_tag = DT_TEXTREL);
	expect_refused(CD_ENOSUP, (dynamic(DT_HASH)->d_tag = DT_FLAGS_1,
				   dynamic(DT_FLAGS_1)->d_un.d_val = DF_1_PIE));
	/* Data of which nothing is in the file. */
	expect_refused(CD_OK, (data_segment()->p_filesz = 0,
			       header()->e_entry = segment(PT_LOAD, 1)->p_vaddr));
	/* An interpreter's bss is written out. */
	data_segment()->p_memsz = 64 << 20;
	cr_assert_eq(try_bytes(changed.bytes, changed.size), CD_OK);
	expect_refused(CD_ELIMIT, header()->e_entry = segment(PT_LOAD, 1)->p_vaddr);
	free(changed.bytes);
}

Test(loader_hostile, a_copy_is_not_rewritten_again)
{
	struct test_file file = test_read(RTLD), copy;
	struct loader_report report;
	size_t size;
	void *out;

	copy = test_rewrite(file, &report);
	cr_assert_eq(loader_rewrite(copy.bytes, copy.size, &test_parts, &report, &out, &size),
		     CD_EINVAL);
	cr_assert_str_eq(report.why, "it was rewritten before");
	free(file.bytes);
	free(copy.bytes);
}

Test(loader_hostile, programs_are_refused)
{
	struct test_file file = test_read("/proc/self/exe");

	cr_assert_eq(try_bytes(file.bytes, file.size), CD_ENOSUP);
	free(file.bytes);
}

Test(loader_hostile, parts_that_do_not_fit_are_refused)
{
	struct test_file file = test_read(RTLD);
	struct loader_parts parts = test_parts;
	struct loader_report report;
	const char *why;
	size_t size;
	void *out;

	parts.image_size = 4097;
	cr_assert_eq(loader_rewrite(file.bytes, file.size, &parts, &report, &out, &size),
		     CD_EINVAL);
	parts = test_parts;
	parts.stub_size = 16;
	cr_assert_eq(loader_rewrite(file.bytes, file.size, &parts, &report, &out, &size),
		     CD_EINVAL);
	parts = test_parts;
	parts.frames_size--;
	cr_assert_eq(loader_rewrite(file.bytes, file.size, &parts, &report, &out, &size),
		     CD_EINVAL);
	cr_assert_eq(loader_verify(file.bytes, file.size, file.bytes, file.size, &parts, &why),
		     CD_EINVAL);
	free(file.bytes);
}
