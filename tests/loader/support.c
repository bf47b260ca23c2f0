#include "tests/loader/support.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START                                                                                      \
	0x48, 0x8d, 0x05, 0xa9, 0xff, 0xff, 0xff, /* lea head(%rip),%rax */                        \
	    0x48, 0x03, 0x40, 0x10,		  /* add entry(%rax),%rax */                       \
	    0xff, 0xe0				  /* jmp *%rax */

static const uint8_t stub[32] = {0x41, 0xff, 0xe3, /* jmp *%r11 */
				 [16] = START};
static const uint8_t failing_stub[32] = {0x49,	      0x8d, 0x4b, 0x02, /* lea 2(%r11),%rcx */
					 0x48,	      0xc7, 0xc0, 0xda,
					 0xff,	      0xff, 0xff, /* mov $-ENOSYS,%rax */
					 0xff,	      0xe1,	  /* jmp *%rcx */
					 [16] = START};
static const uint8_t image[100] = {1, 2, 3, [99] = 4};

/* What is common: the stack pointer is the caller's. And the stub: its caller is not known. */
static const uint8_t frames[48] = {
    0x0c, 0, 0, 0,  0xff, 0xff, 0xff, 0xff, 1, 0, 1, 0x78, 16, 0x0c, 7, 0, 0x1c, 0, 0, 0, 0,
    0,	  0, 0, 64, 0,	  0,	0,    0,    0, 0, 0, 32,   0,  0,    0, 0, 0,	 0, 0, 7, 16};

const struct loader_parts test_parts = {stub,	       sizeof(stub), image,
					sizeof(image), frames,	     sizeof(frames)};
const struct loader_parts test_failing_parts = {
    failing_stub, sizeof(failing_stub), image, sizeof(image), frames, sizeof(frames)};

static char folder[64];

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info, (void)kind, (void)walk;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_folder(void)
{
	if (!folder[0]) {
		strcpy(folder, "/tmp/cordon-loader-XXXXXX");
		cr_assert_not_null(mkdtemp(folder));
		atexit(remove_folder);
	}
	return folder;
}

struct test_file test_read(const char *path)
{
	struct test_file file = {0};
	FILE *in = fopen(path, "rb");
	struct stat info;

	cr_assert(in && fstat(fileno(in), &info) == 0, "%s", path);
	file.size = (size_t)info.st_size;
	file.bytes = malloc(file.size);
	cr_assert(file.bytes && fread(file.bytes, 1, file.size, in) == file.size, "%s", path);
	fclose(in);
	return file;
}

void test_write(const char *name, const void *bytes, size_t size)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	out = fopen(path, "wb");
	cr_assert(out && fwrite(bytes, 1, size, out) == size && fclose(out) == 0, "%s", path);
	cr_assert_eq(chmod(path, 0755), 0);
}

const char *test_output(const char *format, ...)
{
	static char text[1 << 16];
	char command[4096];
	va_list args;
	size_t len;
	FILE *in;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	in = popen(command, "r");
	cr_assert_not_null(in);
	len = fread(text, 1, sizeof(text) - 1, in);
	while (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return pclose(in) == 0 ? text : NULL;
}

static const char prologue[] =
    ".macro function name\n .globl \\name\n .protected \\name\n .type \\name,@function\n\\name:\n "
    "FRAME "
    ".cfi_startproc\n"
    ".endm\n.macro end\n FRAME .cfi_endproc\n .balign 16\n.endm\n.data\n.quad 1\n.text\n";

static struct test_file assemble(const char *text, int framed, const char *flags)
{
	char source[8192], path[256];

	snprintf(source, sizeof(source), ".macro FRAME x:vararg\n%s\n.endm\n%s%s\n",
		 framed ? "\\x" : "", prologue, text);
	test_write("sample.s", source, strlen(source));
	cr_assert_not_null(test_output("gcc -nostdlib %s -Wl,-z,noexecstack %s/sample.s -o "
				       "%s/sample.so 2>&1",
				       flags, test_folder(), test_folder()),
			   "%s", text);
	snprintf(path, sizeof(path), "%s/sample.so", test_folder());
	return test_read(path);
}

struct test_file test_assemble(const char *text, int framed)
{
	return assemble(text, framed,
			"-shared -Wl,--build-id,-e,0 -Wl,--eh-frame-hdr,--hash-style=both");
}

struct test_file test_assemble_program(const char *text, const char *flags)
{
	return assemble(text, 1, flags);
}

struct test_file test_rewrite(struct test_file file, struct loader_report *report)
{
	const char *why = "";
	struct test_file copy;
	void *out;

	cr_assert_eq(loader_rewrite(file.bytes, file.size, &test_parts, report, &out, &copy.size),
		     CD_OK, "%s", report->why);
	copy.bytes = out;
	cr_assert_eq(loader_verify(file.bytes, file.size, copy.bytes, copy.size, &test_parts, &why),
		     CD_OK, "%s", why);
	return copy;
}
