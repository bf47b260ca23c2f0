/* Which call sites are patched, and which are left alone. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/loader/support.h"

/*
 * As many of each kind as `text` has. Every sample has one more site, or nothing would be done.
 * least_framed: 0 to read it without .eh_frame, too.
 */
static void expect_framed(int least_framed, const char *text, size_t patched, size_t fixed,
			  size_t far, size_t cancel, size_t unknown)
{
	char source[6000];

	snprintf(source, sizeof(source),
		 "function plain\n mov $257,%%eax\n syscall\n ret\nend\n"
		 "function own\n call switch\n ret\nend\n"
		 "function switch\n mov %%fs:0x10,%%rcx\n mov 0x308(%%rcx),%%edx\n"
		 " lea 0x308(%%rcx),%%rdi\n1: mov %%edx,%%esi\n or $2,%%esi\n mov %%edx,%%eax\n"
		 " lock cmpxchg %%esi,(%%rdi)\n jne 1b\n ret\nend\n"
		 "function tcb\n mov %%fs:0x308,%%eax\n1: mov %%eax,%%edx\n or $2,%%edx\n"
		 " lock cmpxchg %%edx,%%fs:0x308\n jne 1b\n ret\nend\n"
		 "function lock\n mov $1,%%edx\n xor %%eax,%%eax\n lock cmpxchg %%edx,(%%rdi)\n"
		 " ret\nend\n%s",
		 text);
	for (int framed = least_framed; framed < 2; framed++) {
		struct test_file file = test_assemble(source, framed), copy;
		struct loader_report report;

		copy = test_rewrite(file, &report);
		cr_expect_eq(report.patched, patched + 1, "%zu patched: %s", report.patched, text);
		cr_expect_eq(report.skipped[LOADER_SKIP_FIXED], fixed, "fixed: %s", text);
		cr_expect_eq(report.skipped[LOADER_SKIP_FAR], far, "far: %s", text);
		cr_expect_eq(report.skipped[LOADER_SKIP_CANCEL], cancel, "%zu cancel: %s",
			     report.skipped[LOADER_SKIP_CANCEL], text);
		cr_expect_eq(report.unknown, unknown, "unknown: %s", text);
		free(file.bytes);
		free(copy.bytes);
	}
}

#define expect(...) expect_framed(0, __VA_ARGS__)

#define OPENAT " mov $257,%eax\n"
#define CALL   " syscall\n ret\nend\n"

Test(loader_sites, what_can_be_moved_is_patched)
{
	expect("function f\n" OPENAT " mov %rdi,%rsi\n mov $-100,%edi\n xor %r10d,%r10d\n" CALL, 1,
	       0, 0, 0, 0);
	expect("function f\n" OPENAT " mov 8(%rsp),%rdx\n lea 16(%rsp),%rsi\n" CALL, 1, 0, 0, 0, 0);
	expect("function f\n" OPENAT " movslq (%r8),%rdi\n mov %fs:0x28,%rdx\n" CALL, 1, 0, 0, 0,
	       0);
	expect("function f\n test %edi,%edi\n je 1f\n" OPENAT "1:\n" CALL, 1, 0, 0, 0, 0);
	expect("function f\n mov $2,%eax\n" OPENAT CALL, 1, 0, 0, 0, 0);
}

Test(loader_sites, what_cannot_be_moved_is_left_alone)
{
	expect("function f\n" OPENAT " lea 8(%rip),%rsi\n" CALL, 0, 1, 0, 0, 0);
	expect("function f\n" OPENAT " push %rbx\n" CALL, 0, 1, 0, 0, 0);
	expect("function f\n" OPENAT " sub $8,%rsp\n" CALL, 0, 1, 0, 0, 0);
	expect("function f\n" OPENAT " je plain\n" CALL, 0, 1, 0, 0, 0);
	expect("function f\n" OPENAT " rep movsb\n" CALL, 0, 1, 0, 0, 0);
	expect("function f\n" OPENAT ".rept 13\n mov %rdi,%rsi\n .endr\n" CALL, 0, 0, 1, 0, 0);
}

Test(loader_sites, a_number_that_may_have_changed_is_not_known)
{
	expect("function f\n" OPENAT " call plain\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " xchg %eax,(%rdi)\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " xor %eax,%eax\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " mov %dl,%al\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " mul %rdx\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " cpuid\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " mov 8(%rax),%rdx\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " jmp 1f\n1:\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " syscall\n" CALL, 1, 0, 0, 0, 1);
	expect("function f\n mov %edi,%eax\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n" OPENAT " .byte 0x4d\n" CALL, 0, 0, 0, 0, 1);
	expect("function f\n movabs $257,%rax\n" CALL, 0, 0, 0, 0, 1);
}

Test(loader_sites, other_calls_are_left_alone)
{
	expect("function f\n mov $202,%eax\n" CALL, 0, 0, 0, 0, 0);
	expect("function f\n mov $0x40000101,%eax\n" CALL, 0, 0, 0, 0, 0);
}

/* As glibc's open(): with one thread, and with several. */
#define WINDOW(call)                                                                               \
	"function f\n cmpb $0,8(%rsi)\n je 1f\n" OPENAT " syscall\n2: ret\n1: call " call          \
	"\n mov %eax,%r8d\n" OPENAT " syscall\n mov %r8d,%edi\n call " call "\n jmp 2b\nend\n"

Test(loader_sites, a_cancellation_window_is_left_alone)
{
	expect(WINDOW("switch"), 1, 0, 0, 1, 0);
	expect(WINDOW("tcb"), 1, 0, 0, 1, 0);
	expect(WINDOW("lock"), 2, 0, 0, 0, 0);
	expect(WINDOW("plain"), 2, 0, 0, 0, 0);
}

Test(loader_sites, a_window_goes_where_the_code_goes)
{
	/* Out of the function, and by a branch. */
	expect("function f\n call switch\n jmp g\nend\nfunction g\n" OPENAT CALL, 0, 0, 0, 1, 0);
	expect("function f\n call tcb\n test %edi,%edi\n jne 1f\n ret\n1:" OPENAT CALL, 0, 0, 0, 1,
	       0);
	/* Through a call of something else. */
	expect("function f\n call switch\n call plain\n" OPENAT CALL, 0, 0, 0, 1, 0);
	/* To where nobody knows. */
	expect("function f\n test %edi,%edi\n je 1f\n call switch\n jmp *%rcx\n1:" OPENAT CALL, 0,
	       0, 0, 1, 0);
	/* Opened in a way that is not known, closed in one that is. */
	expect("function f\n" OPENAT " syscall\n mov %r8d,%edi\n call tcb\n ret\nend\n", 0, 0, 0, 1,
	       0);
}

Test(loader_sites, a_call_that_does_not_return_opens_no_window_behind_it)
{
	expect_framed(1, "function f\n call switch\n call plain\nend\nfunction g\n" OPENAT CALL, 1,
		      0, 0, 0, 0);
}

static void expect_file(const char *path, size_t least, size_t cancel, bool is_interpreter)
{
	struct test_file file, copy;
	struct loader_report report;

	if (access(path, R_OK) != 0)
		cr_skip_test("no %s", path);
	file = test_read(path);
	copy = test_rewrite(file, &report);
	cr_expect_geq(report.patched, least, "%s: %zu", path, report.patched);
	cr_expect_leq(report.skipped[LOADER_SKIP_CANCEL], cancel, "%s", path);
	cr_expect_leq(report.skipped[LOADER_SKIP_FIXED] + report.skipped[LOADER_SKIP_FAR], 2);
	cr_expect_eq(report.is_interpreter, is_interpreter, "%s", path);
	cr_expect_geq(strlen(report.build_id), 16);
	cr_expect_null(report.why);
	free(file.bytes);
	free(copy.bytes);
}

Test(loader_sites, those_of_the_machines_interpreter)
{
	expect_file(RTLD, 6, 0, true);
}

/* Before glibc 2.41, open and openat have a window each. */
Test(loader_sites, those_of_the_machines_libc)
{
	expect_file(LIBC, 18, 4, false);
}

Test(loader_sites, those_of_musl)
{
	expect_file(MUSL, 20, 0, true);
}
