#ifndef CORDON_TESTS_LOADER_SUPPORT_H
#define CORDON_TESTS_LOADER_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "loader/loader.h"

/* A file's bytes, in a block of exactly their size. */
struct test_file {
	uint8_t *bytes;
	size_t size;
};

#define RTLD "/lib64/ld-linux-x86-64.so.2"
#define LIBC "/lib/x86_64-linux-gnu/libc.so.6"
#define MUSL "/usr/lib/x86_64-linux-musl/libc.so"

/* A stub whose calls go straight to the site's own `syscall`, and whose start goes to the
 * interpreter's own entry point. */
extern const struct loader_parts test_parts;
/* The same, but each call that gets there fails with ENOSYS. */
extern const struct loader_parts test_failing_parts;

/* A directory of this process's own, removed at its end. */
const char *test_folder(void);

struct test_file test_read(const char *path);
/* A shared object made of assembly: each function is exported, and has a frame if `framed`. */
struct test_file test_assemble(const char *text, int framed);
/* A static program, which starts at _start, linked with these flags. */
struct test_file test_assemble_program(const char *text, const char *flags);
void test_write(const char *name, const void *bytes, size_t size);

/* The copy of a file; the test fails if there is none, or if it is not verified. */
struct test_file test_rewrite(struct test_file file, struct loader_report *report);

/* What a command prints, without its last newline; static storage. NULL: it failed. */
const char *test_output(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
