/*
 * What a file can do with shadow stacks and indirect branch tracking is marked in a note; a dynamic
 * linker, or a static program, turns these off for the whole process where one file's mark is not
 * found. A copy has the original's.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/loader/support.h"

#define NO_PROPERTY 0xffffffff
#define IBT_SHSTK   3

static const char marked[] = "function f\n mov $257,%eax\n mov %rdi,%rsi\n syscall\n ret\nend\n"
			     ".section .note.gnu.property,\"a\",@note\n.balign 8\n"
			     ".long 4, 16, 5\n.asciz \"GNU\"\n.long 0xc0000002, 4, 3, 0\n"
			     ".data\n.quad 7\n.bss\n.zero 100\n";

/* Of one property note: the word for IBT and SHSTK, as glibc's dynamic linker reads it. */
static uint32_t read_property(const uint8_t *bytes, size_t size)
{
	Elf64_Nhdr nhdr;
	uint32_t word[3];

	if (size < sizeof(nhdr) + 4 + sizeof(word))
		return NO_PROPERTY;
	memcpy(&nhdr, bytes, sizeof(nhdr));
	memcpy(word, bytes + sizeof(nhdr) + 4, sizeof(word));
	return nhdr.n_type == 5 && word[0] == 0xc0000002 && word[1] == 4 ? word[2] : NO_PROPERTY;
}

/* Where there is a PT_GNU_PROPERTY, in that; else in a PT_NOTE. */
static uint32_t marks_of(struct test_file file)
{
	static const uint32_t types[] = {PT_GNU_PROPERTY, PT_NOTE};
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	memcpy(&ehdr, file.bytes, sizeof(ehdr));
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < ehdr.e_phnum; i++) {
			uint32_t marks;

			memcpy(&phdr, file.bytes + ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
			if (phdr.p_type != types[k])
				continue;
			marks = read_property(file.bytes + phdr.p_offset, phdr.p_filesz);
			if (marks != NO_PROPERTY || !k)
				return marks;
		}
	}
	return NO_PROPERTY;
}

static unsigned count_headers(struct test_file file, uint32_t type, uint32_t becomes)
{
	unsigned count = 0;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	memcpy(&ehdr, file.bytes, sizeof(ehdr));
	for (int i = 0; i < ehdr.e_phnum; i++) {
		uint8_t *at = file.bytes + ehdr.e_phoff + i * sizeof(phdr);

		memcpy(&phdr, at, sizeof(phdr));
		if (phdr.p_type != type)
			continue;
		count++;
		memcpy(at, &becomes, sizeof(becomes));
	}
	return count;
}

static void expect_kept(struct test_file file, const char *what)
{
	struct loader_report report;
	struct test_file copy;

	cr_expect_eq(marks_of(file), IBT_SHSTK, "%s: %#x", what, marks_of(file));
	copy = test_rewrite(file, &report);
	cr_expect_eq(marks_of(copy), IBT_SHSTK, "%s: %#x", what, marks_of(copy));
	free(copy.bytes);
	free(file.bytes);
}

Test(loader_marks, a_copy_keeps_them)
{
	static const char *const programs[] = {
	    "-static -Wl,--build-id", "-static -Wl,--build-id=none", "-static-pie -Wl,--build-id"};
	static const char *const libraries[] = {"-shared -Wl,--build-id,-e,0",
						"-shared -Wl,--build-id=none,-e,0",
						"-shared -Wl,--build-id,-e,f"};

	for (int i = 0; i < 3; i++) {
		char text[1024];

		snprintf(text, sizeof(text), ".globl _start\n_start:\n%s", marked);
		expect_kept(test_assemble_program(text, programs[i]), programs[i]);
		expect_kept(test_assemble_program(marked, libraries[i]), libraries[i]);
	}
}

/* As linkers made them that knew no PT_GNU_PROPERTY. */
Test(loader_marks, another_note_is_given_up_where_they_are_in_a_note_alone)
{
	struct test_file file = test_assemble(marked, 1);

	cr_assert_eq(count_headers(file, PT_GNU_PROPERTY, PT_NULL), 1);
	cr_assert_eq(count_headers(file, PT_NOTE, PT_NOTE), 2);
	expect_kept(file, "two notes");
}

Test(loader_marks, a_file_without_another_note_is_refused)
{
	struct test_file file = test_assemble_program(marked, "-shared -Wl,--build-id=none,-e,0");
	struct loader_report report;
	size_t size;
	void *out;

	cr_assert_eq(count_headers(file, PT_GNU_PROPERTY, PT_NULL), 1);
	cr_assert_eq(loader_rewrite(file.bytes, file.size, &test_parts, &report, &out, &size),
		     CD_ENOSUP);
	cr_assert_str_eq(report.why, "it has no note whose header could be used");
	free(file.bytes);
}

/* A copy that has given up another one of the original's notes. */
Test(loader_marks, a_copy_without_them_is_found)
{
	struct test_file file = test_assemble(marked, 1), copy;
	struct loader_report report;
	const char *why;
	Elf64_Phdr note[2], phdr;
	unsigned notes = 0;
	Elf64_Ehdr ehdr;

	count_headers(file, PT_GNU_PROPERTY, PT_NULL);
	copy = test_rewrite(file, &report);
	memcpy(&ehdr, file.bytes, sizeof(ehdr));
	for (int i = 0; i < ehdr.e_phnum; i++) {
		memcpy(&phdr, file.bytes + ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type == PT_NOTE && notes < 2)
			note[notes++] = phdr;
	}
	cr_assert_eq(notes, 2);
	for (int i = 0; i < ehdr.e_phnum; i++) {
		uint8_t *at = copy.bytes + ehdr.e_phoff + i * sizeof(phdr);

		memcpy(&phdr, at, sizeof(phdr));
		if (phdr.p_type == PT_NOTE)
			memcpy(at, &note[memcmp(&phdr, &note[0], sizeof(phdr)) == 0], sizeof(phdr));
	}
	cr_assert_neq(marks_of(copy), IBT_SHSTK);
	cr_assert_eq(loader_verify(file.bytes, file.size, copy.bytes, copy.size, &test_parts, &why),
		     CD_EINVAL);
	free(file.bytes);
	free(copy.bytes);
}
