/* Static programs: what their copies do, and which are refused. */
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cordon/shim.h"
#include "shim/shim.h"
#include "tests/loader/support.h"

static const struct {
	const char *name, *command;
} kinds[] = {
    {"static", "gcc -w -O1 -g -static -pthread"},
    {"static-pie", "gcc -w -O1 -g -static-pie -pthread"},
    {"musl", "musl-gcc -w -O1 -g -static"},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct loader_parts real_parts(void)
{
	return (struct loader_parts){shim_stub,		shim_stub_size(), shim_image,
				     shim_image_size(), shim_frames,	  shim_frames_size()};
}

/* The file `name` of the folder, made of `source`. False: this machine cannot. */
static bool build(unsigned kind, const char *name, const char *source)
{
	test_write("p.c", source, strlen(source));
	return test_output("cd %s && %s p.c -o %s 2>&1", test_folder(), kinds[kind].command,
			   name) != NULL;
}

static struct test_file read_own(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	return test_read(path);
}

/* Puts the copy in its original's place. */
static struct loader_report put_copy(const char *path, const char *name,
				     const struct loader_parts *parts)
{
	struct test_file file = test_read(path);
	struct loader_report report;
	const char *why = "";
	size_t size;
	void *out;

	cr_assert_eq(loader_rewrite(file.bytes, file.size, parts, &report, &out, &size), CD_OK,
		     "%s: %s", path, report.why);
	cr_assert_eq(loader_verify(file.bytes, file.size, out, size, parts, &why), CD_OK, "%s: %s",
		     path, why);
	cr_assert(report.is_program && !report.is_interpreter);
	unlink(name);
	test_write(name, out, size);
	free(file.bytes);
	free(out);
	return report;
}

static struct loader_report put_own_copy(const char *name, const struct loader_parts *parts)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	return put_copy(path, name, parts);
}

/* --- what they do --- */

static const char program[] =
    "#include <errno.h>\n#include <fcntl.h>\n#include <pthread.h>\n#include <signal.h>\n"
    "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/auxv.h>\n"
    "#include <sys/stat.h>\n#include <sys/time.h>\n#include <unistd.h>\n#include <elf.h>\n"
    "extern char _start[], _end[];\n"
    "static char big[48 << 20];\n"
    "static char page[4096] __attribute__((aligned(4096))) = {1};\n"
    "static __thread int own = 7; static __thread char none[99];\n"
    "static const char *const relro[] = {\"a\", \"b\"};\n"
    "static volatile int ticks;\n"
    "static void tick(int n) { struct stat s; int e = errno; stat(\"/none\", &s); ticks++;\n"
    "	errno = e; }\n"
    "static void clean(void *arg) { puts(arg); }\n"
    "static void *wait_there(void *arg) { own++; pthread_cleanup_push(clean, \"cleaned\");\n"
    "	open(\"fifo\", O_RDONLY); pthread_cleanup_pop(0); return arg; }\n"
    "static void *look(void *arg) { struct stat s; int n = 0;\n"
    "	for (int i = 0; i < 2000; i++) n += stat(i % 2 ? \"/usr\" : \"/none\", &s);\n"
    "	return (void *)(long)n; }\n"
    "static void show(const char *what) { char line[512]; FILE *f = fopen(\"/proc/self/maps\", "
    "\"r\");\n"
    "	while (fgets(line, sizeof(line), f)) if (strstr(line, what))\n"
    "	printf(\"%s %.4s\\n\", what, strchr(line, ' ') + 1);\n fclose(f); }\n"
    "int main(int argc, char **argv) {\n"
    "	struct itimerval often = {{0, 500}, {0, 500}}, never = {{0}};\n"
    "	const Elf64_Phdr *p = (void *)getauxval(AT_PHDR); int tls = 0, bad = 0; size_t sum = 0;\n"
    "	char name[256], *heap; struct stat s; pthread_t t[5]; void *r;\n"
    "	ssize_t n = readlink(\"/proc/self/exe\", name, sizeof(name) - 1);\n"
    "	name[n > 0 ? n : 0] = 0;\n"
    "	printf(\"%d %s %s\\n\", argc, argv[argc - 1], name);\n"
    "	for (size_t i = 0; i < sizeof(big); i++) sum += big[i];\n"
    "	printf(\"%zu %d %d %d %s\\n\", sum, own, none[50], page[0], relro[argc & 1]);\n"
    "	printf(\"%d\\n\", getauxval(AT_ENTRY) == (unsigned long)_start);\n"
    "	for (int i = 0; i < getauxval(AT_PHNUM); i++) tls += p[i].p_type == PT_TLS;\n"
    "	printf(\"%d\\n\", tls);\n"
    "	heap = sbrk(0); printf(\"%d\\n\", heap >= _end);\n"
    "	if (sbrk(8 << 20) == heap) puts(memset(heap, 1, 8 << 20) ? \"grown\" : \"\");\n"
    "	for (int i = 0; i < 64; i++) memset(malloc(i * 4000), i, i * 4000);\n"
    "	printf(\"%d\\n\", stat(\"/usr\", &s));\n"
    "	n = stat(\"/none\", &s); printf(\"%zd %d\\n\", n, errno);\n"
    "	n = open(\"/none/x\", O_RDONLY); printf(\"%zd %d\\n\", n, errno);\n"
    "	printf(\"%d %d\\n\", access(\"/etc/passwd\", R_OK), open(\"/usr\", O_RDONLY) > 2);\n"
    "	show(\"[stack]\"); show(\"[heap]\");\n"
    "	signal(SIGALRM, tick); setitimer(ITIMER_REAL, &often, 0);\n"
    "	for (int i = 0; i < 20000 || ticks < 9; i++) bad += stat(\"/none\", &s) != -1;\n"
    "	setitimer(ITIMER_REAL, &never, 0); printf(\"%d\\n\", bad);\n"
    "	for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, look, 0);\n"
    "	for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); printf(\"%ld\\n\", (long)r); }\n"
    "	pthread_create(&t[4], 0, wait_there, 0); usleep(50000); pthread_cancel(t[4]);\n"
    "	pthread_join(t[4], &r); puts(r == PTHREAD_CANCELED ? \"cancelled\" : \"ended\");\n"
    "	fflush(stdout);\n"
    "	if (argc < 4) { execl(\"/proc/self/exe\", \"again\", \"x\", argc > 2 ? \"y\" : name, \n"
    "		argc > 2 ? \"z\" : (char *)0, (char *)0); return 9; }\n"
    "	return 3; }\n";

Test(loader_static, programs_do_as_natively, .timeout = 120)
{
	struct loader_parts parts = real_parts();

	for (unsigned i = 0; i < KINDS; i++) {
		static const char run[] = "cd %s && rm -f fifo && mkfifo fifo && (timeout 30 "
					  "./%s one; echo $?) 2>&1";
		struct loader_report report;
		const char *text;
		char *native;

		if (!build(i, kinds[i].name, program))
			continue;
		native = strdup(test_output(run, test_folder(), kinds[i].name));
		cr_assert_not_null(strstr(native, "cancelled\n3"), "%s", native);
		report = put_own_copy(kinds[i].name, &parts);
		cr_expect_geq(report.patched, 5, "%s: %zu", kinds[i].name, report.patched);
		text = test_output(run, test_folder(), kinds[i].name);
		cr_expect_str_eq(text, native, "%s: %s\nnatively: %s", kinds[i].name, text, native);
		cr_assert_not_null(
		    test_output("cd %s && strip -o stripped %s", test_folder(), kinds[i].name));
		text = test_output("cd %s && mv stripped %s && rm fifo && mkfifo fifo && (timeout "
				   "30 ./%s one; echo $?) 2>&1",
				   test_folder(), kinds[i].name, kinds[i].name);
		cr_expect_str_eq(text, native, "stripped %s: %s", kinds[i].name, text);
		free(native);
	}
}

/* That nothing fails could mean that nothing was patched, or that nothing was mapped. */
Test(loader_static, the_shim_is_mapped_and_calls_go_by_the_stub, .timeout = 60)
{
	static const char source[] =
	    "#include <stdio.h>\n#include <string.h>\n#include <sys/stat.h>\n"
	    "int main(void) { struct stat s; char line[512]; int is = 0;\n"
	    "int failed = stat(\"/usr\", &s); FILE *f = fopen(\"/proc/self/maps\", \"r\");\n"
	    "while (f && fgets(line, sizeof(line), f)) is |= strncmp(line, \"7ecd00000000-\", 13) "
	    "== 0;\n"
	    "printf(\"%d %d\\n\", failed, is); return 0; }\n";
	struct loader_parts parts = real_parts();

	for (unsigned i = 0; i < KINDS; i++) {
		if (!build(i, "m", source))
			continue;
		cr_expect_str_eq(test_output("%s/m", test_folder()), "0 0");
		put_own_copy("m", &parts);
		cr_expect_str_eq(test_output("%s/m", test_folder()), "0 1");
		cr_assert(build(i, "m", source));
		put_own_copy("m", &test_failing_parts);
		cr_expect_str_eq(test_output("%s/m", test_folder()), "-1 0");
	}
}

Test(loader_static, busybox_does_as_natively, .timeout = 120)
{
	static const char *const scripts[] = {
	    "$B ls -lR /usr/include | $B md5sum",
	    "$B find /etc -type f 2>/dev/null | $B sort | $B md5sum",
	    "$B sh -c 'for i in 1 2 3; do echo $i | cat; done; cd /usr; pwd; cd /none || echo no'",
	    "$B tar cf - /usr/include/linux 2>/dev/null | $B tar tvf - | $B md5sum",
	    "$B sh -c 'f() { return 4; }; f; echo $?; exec $0 false' $B; echo $?",
	    "$B sh -c 'sleep 0.1 & wait; kill -0 $$; ls -l /proc/self/exe | grep -c busybox'",
	    "$B stat -c '%n %s' /usr /bin/sh; $B readlink -f /bin/sh; $B test -r /none; echo $?",
	    "$B mkdir d && $B mkdir d; $B rmdir d; $B rm x; $B awk 'BEGIN { print 1 + 1 }'",
	    "$B timeout 1 $B sleep 9; echo $?; $B vi -h 2>&1 | $B wc -l",
	};
	struct loader_parts parts = real_parts();
	struct loader_report report;
	char path[64];

	strcpy(path, "/bin/busybox");
	if (access(path, X_OK) != 0 || test_output("ldd %s 2>&1", path))
		cr_skip_test("no static busybox");
	report = put_copy(path, "busybox", &parts);
	cr_expect_geq(report.patched, 12, "%zu", report.patched);
	cr_expect_leq(report.skipped[LOADER_SKIP_CANCEL], 4);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		const char *text;
		char *native;

		text = test_output("cd %s; (B=/bin/busybox; %s) 2>&1", test_folder(), scripts[i]);
		native = strdup(text ? text : "failed");
		text = test_output("cd %s; (B=%s/busybox; %s) 2>&1", test_folder(), test_folder(),
				   scripts[i]);
		cr_expect_str_eq(text ? text : "failed", native, "%s: %s", scripts[i], text);
		free(native);
	}
}

Test(loader_static, a_debugger_knows_its_way, .timeout = 60)
{
	static const char source[] = "#define KEEP __attribute__((noipa))\n"
				     "KEEP int inner(int n) { return n + 1; }\n"
				     "KEEP int outer(int n) { return inner(n) + 1; }\n"
				     "int main(int c, char **v) { return outer(c); }\n";
	struct loader_parts parts = real_parts();

	if (!test_output("gdb --version"))
		cr_skip_test("no gdb");
	for (unsigned i = 0; i < 2; i++) {
		const char *text;

		if (!build(i, "g", source))
			continue;
		put_own_copy("g", &parts);
		text = test_output("cd %s && gdb -nx -batch -ex 'break inner' -ex run -ex bt -ex "
				   "continue ./g 2>&1; true",
				   test_folder());
		cr_expect(text && strstr(text, "#1") && strstr(text, " outer (") &&
			      strstr(text, " main (") && strstr(text, "exited with code 03"),
			  "%s: %s", kinds[i].name, text);
	}
}

/* --- sites --- */

/* The same that the C library alone has: each part that cancels is there, or none is. */
Test(loader_static, windows_are_found_without_a_header_of_frames, .timeout = 60)
{
	static const char source[] =
	    "#include <fcntl.h>\n#include <pthread.h>\nint main(void) { pthread_t t;\n"
	    "pthread_create(&t, 0, (void *)openat, 0); return open(\"/\", 0) + openat(0, \"\", 0); "
	    "}\n";

	for (unsigned i = 0; i < 2; i++) {
		struct loader_report report, libc;
		struct test_file file = test_read(LIBC), copy = test_rewrite(file, &libc);

		free(file.bytes);
		free(copy.bytes);
		if (!build(i, "w", source))
			continue;
		file = read_own("w");
		copy = test_rewrite(file, &report);
		cr_expect_eq(report.skipped[LOADER_SKIP_CANCEL], libc.skipped[LOADER_SKIP_CANCEL],
			     "%s: %zu", kinds[i].name, report.skipped[LOADER_SKIP_CANCEL]);
		free(file.bytes);
		free(copy.bytes);
	}
}

/* --- which are refused --- */

static enum cd_status try_file(struct test_file file, struct loader_report *report)
{
	enum cd_status status;
	const char *why = "";
	size_t size;
	void *out;

	status = loader_rewrite(file.bytes, file.size, &test_parts, report, &out, &size);
	if (status == CD_OK) {
		cr_assert_eq(loader_verify(file.bytes, file.size, out, size, &test_parts, &why),
			     CD_OK, "%s", why);
		free(out);
	}
	return status;
}

static const char sample[] =
    "function _start\n mov $257,%eax\n mov %rdi,%rsi\n syscall\n ret\nend\n"
    "function g\n mov $4,%eax\n syscall\n ret\nend\n"
    ".data\n.rept 64\n.quad 7\n.endr\n.bss\n.zero 100\n";

static void expect(const char *flags, const char *more, const char *why)
{
	char text[2048];
	struct loader_report report;
	struct test_file file;
	enum cd_status status;

	snprintf(text, sizeof(text), "%s%s", sample, more);
	file = test_assemble_program(text, flags);
	status = try_file(file, &report);
	if (why) {
		cr_expect_eq(status, CD_ENOSUP, "%s%s: %s", flags, more, cd_status_name(status));
		cr_expect(report.why && strcmp(report.why, why) == 0, "%s%s: %s", flags, more,
			  report.why);
	} else {
		cr_expect_eq(status, CD_OK, "%s%s: %s", flags, more, report.why);
		cr_expect_eq(report.patched, 2);
		cr_expect(report.is_program);
	}
	free(file.bytes);
}

#define STATIC "-static -Wl,--build-id"
#define GO     "Go's stacks are too small for it"

Test(loader_static, what_is_understood_is_rewritten)
{
	expect(STATIC, "", NULL);
	expect("-static-pie -Wl,--build-id", "", NULL);
	expect("-static-pie -Wl,--build-id,--no-eh-frame-hdr", "", NULL);
	expect(STATIC ",-z,noseparate-code", "", NULL);
	expect(STATIC ",-z,max-page-size=0x200000", "", NULL);
	expect(STATIC ",-s", "", NULL);
	/* Without a note: behind the headers is room. */
	expect("-static -Wl,--build-id=none", "", NULL);
	expect("-static -Wl,--build-id=none,-z,max-page-size=0x10000", "", NULL);
	/* What looks for Go's mark is not made of Go. */
	expect(STATIC, ".data\n.asciz \"\\377 Go buildinf:\"\n", NULL);
	/* Large bss stays what it is. */
	expect(STATIC, ".bss\n.zero 500000000\n", NULL);
}

Test(loader_static, what_is_not_is_refused)
{
	expect("-static -Wl,--build-id=none,-z,noseparate-code", "",
	       "it has no note whose header could be used");
	expect("-static -Wl,--build-id=none",
	       ".section .rodata.x,\"a\"\n.quad 1\n.section .note.x,\"a\",@note\n.long 4, 4, "
	       "9\n.asciz \"abc\"\n.long 1\n",
	       "it has no note whose header could be used");
	expect(STATIC,
	       ".section .note.go.buildid,\"a\",@note\n.long 4, 4, 4\n.asciz "
	       "\"Go\\0\"\n.long 1\n",
	       GO);
	expect(STATIC, ".section .go.buildinfo,\"aw\"\n.quad 1\n", GO);
	expect(STATIC, ".section .gopclntab,\"a\"\n.quad 1\n", GO);
	expect(STATIC ",-s", ".data\n.ascii \"\\377 Go buildinf:\\10\"\n", GO);
	expect(STATIC ",-s", ".section .rodata\n.long 0xfffffff1, 0x08010000\n", GO);
	expect(STATIC, ".section .data.x,\"awx\"\n.quad 1\n", "it has writable code");
	expect(STATIC ",-e,0", "", "a program without an entry point");
}

Test(loader_static, what_is_too_far_away_is_refused)
{
	struct test_file file =
	    test_assemble_program(sample, STATIC ",-Ttext-segment=0x7f0000000000");
	struct loader_report report;

	cr_expect_eq(try_file(file, &report), CD_ENOSUP);
	cr_expect_str_eq(report.why, "its addresses are too high");
	free(file.bytes);
}

Test(loader_static, the_first_bytes_tell_what_is_worth_a_try)
{
	struct test_file file = test_assemble_program(sample, STATIC), other = test_read("/bin/sh");

	cr_expect(loader_may_be_static(file.bytes, 4096));
	cr_expect(!loader_may_be_static(other.bytes, 4096));
	for (size_t size = 0; size < 512; size++) {
		uint8_t *exact = malloc(size ? size : 1);

		memcpy(exact, file.bytes, size);
		cr_expect_eq(loader_may_be_static(exact, size),
			     size >= 64 + ((Elf64_Ehdr *)file.bytes)->e_phnum * sizeof(Elf64_Phdr),
			     "%zu", size);
		free(exact);
	}
	free(file.bytes);
	free(other.bytes);
}

Test(loader_static, programs_with_an_interpreter_are_refused)
{
	static const char *const commands[] = {"gcc -no-pie", "gcc -pie", "musl-gcc",
					       "musl-gcc -no-pie"};
	struct loader_report report;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct test_file file;

		test_write("d.c", "int main(void) { return 0; }\n", 29);
		if (!test_output("cd %s && %s d.c -o d 2>&1", test_folder(), commands[i]))
			continue;
		file = read_own("d");
		cr_expect_eq(try_file(file, &report), CD_ENOSUP, "%s", commands[i]);
		cr_expect_str_eq(report.why, "a program that is not static");
		free(file.bytes);
	}
}

Test(loader_static, those_of_go_are_refused, .timeout = 120)
{
	static const char source[] = "package main\nimport \"os\"\n"
				     "func main() { os.Stat(\"/none\") }\n";
	struct loader_report report;
	struct test_file file;

	test_write("h.go", source, sizeof(source) - 1);
	if (!test_output("cd %s && HOME=$PWD GOCACHE=$PWD/cache GO111MODULE=off CGO_ENABLED=0 "
			 "timeout 100 go build -ldflags '-s -w -buildid=' -o h h.go 2>&1",
			 test_folder()))
		cr_skip_test("no go");
	file = read_own("h");
	cr_expect_eq(try_file(file, &report), CD_ENOSUP);
	cr_expect_str_eq(report.why, GO);
	free(file.bytes);
}

/* Programs find by the end of their file what was attached to it. */
Test(loader_static, what_is_attached_is_refused)
{
	struct test_file file = test_assemble_program(sample, STATIC), longer;
	struct loader_report report;

	longer = (struct test_file){calloc(1, file.size + 100), file.size + 100};
	memcpy(longer.bytes, file.bytes, file.size);
	cr_expect_eq(try_file(longer, &report), CD_OK);
	longer.bytes[file.size + 99] = 1;
	cr_expect_eq(try_file(longer, &report), CD_ENOSUP);
	cr_expect_str_eq(report.why, "something is attached to it");
	free(longer.bytes);
	free(file.bytes);
}

/* --- hostile ones --- */

static void try_exact(struct test_file file)
{
	struct test_file exact = {malloc(file.size ? file.size : 1), file.size};
	struct loader_report report;

	memcpy(exact.bytes, file.bytes, file.size);
	if (try_file(exact, &report) != CD_OK)
		cr_assert_not_null(report.why);
	free(exact.bytes);
}

static const char *const flags[] = {STATIC, "-static -Wl,--build-id=none",
				    "-static-pie -Wl,--build-id,--no-eh-frame-hdr"};

Test(loader_static, files_that_were_changed_do_no_harm, .timeout = 240)
{
	static const uint64_t values[] = {
	    0, 1, 0xfff, 0x1000, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX, UINT64_MAX - 0xfff};

	for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
		struct test_file file = test_assemble_program(sample, flags[k]);
		size_t size = file.size;

		for (file.size = 0; file.size < size; file.size += 16)
			try_exact(file);
		file.size = size;
		for (size_t i = 0; i + 8 <= file.size; i += i < 0x400 ? 4 : 12) {
			uint8_t was[8];

			memcpy(was, file.bytes + i, 8);
			for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
				memcpy(file.bytes + i, &values[v], 8);
				try_exact(file);
				memcpy(file.bytes + i, was, 8);
				file.bytes[i] = (uint8_t)values[v];
				try_exact(file);
				file.bytes[i] = was[0];
			}
		}
		free(file.bytes);
	}
}

static bool is_verified(struct test_file file, struct test_file copy)
{
	const char *why = NULL;

	return loader_verify(file.bytes, file.size, copy.bytes, copy.size, &test_parts, &why) ==
	       CD_OK;
}

static void flip(struct test_file file, struct test_file copy, size_t from, size_t step)
{
	for (size_t i = from; i < copy.size; i += step) {
		uint8_t mask = (uint8_t)(1u << (i / step % 8));

		copy.bytes[i] ^= mask;
		cr_assert(!is_verified(file, copy), "byte %#zx of %#zx", i, copy.size);
		copy.bytes[i] ^= mask;
	}
	cr_assert(is_verified(file, copy));
}

Test(loader_static, every_byte_of_a_copy_counts, .timeout = 240)
{
	struct loader_report report;
	struct test_file file, copy;

	for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
		file = test_assemble_program(sample, flags[k]);
		copy = test_rewrite(file, &report);
		flip(file, copy, 0, 1);
		cr_assert(!is_verified(file, file));
		free(file.bytes);
		free(copy.bytes);
	}
	for (unsigned i = 0; i < KINDS; i++) {
		if (!build(i, "v", program))
			continue;
		file = read_own("v");
		copy = test_rewrite(file, &report);
		flip(file, copy, 0, copy.size / 99);
		flip(file, copy, file.size, 499);
		free(file.bytes);
		free(copy.bytes);
	}
}

Test(loader_static, a_copy_is_not_rewritten_again)
{
	for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
		struct test_file file = test_assemble_program(sample, flags[k]), copy;
		struct loader_report report;

		copy = test_rewrite(file, &report);
		cr_expect_eq(try_file(copy, &report), CD_EINVAL);
		cr_expect_str_eq(report.why, "it was rewritten before");
		free(file.bytes);
		free(copy.bytes);
	}
}
