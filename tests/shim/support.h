/*
 * A rewritten file, made by hand: a segment as include/cordon/shim.h has it, with call sites and
 * their trampolines, and the slot's page behind it. And a little machine that calls a site with
 * all registers set, and looks at what is left of them.
 */
#ifndef CORDON_TESTS_SHIM_SUPPORT_H
#define CORDON_TESTS_SHIM_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As libc's: takes a C function's arguments, answers with a result or -errno. */
typedef long shim_site_fn(long a, long b, long c, long d);

struct shim_site {
	shim_site_fn *call;
	uintptr_t syscall; /* the address of its own system call instruction */
};

struct shim_file {
	uint8_t *segment;
	volatile uint64_t *slot;
	size_t used;
};

/* Makes a file without sites; sites are added; sealed, it is executable and can be used. */
void shim_file_init(struct shim_file *file);
struct shim_site shim_file_site(struct shim_file *file, unsigned nr);
void shim_file_seal(struct shim_file *file);

/* As the stub's `start` does it. */
void shim_map(void);
/* As the monitor does: that calls may be native, and in which subtrees what is absent is absent for
 * good. shim_map() does so with no subtree. */
void shim_tell(const char *settled, size_t length);
/* That none may: as it is at first, and with a filter of the program's own. */
void shim_silence(void);

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15, REGISTERS };

struct shim_machine {
	uint64_t in[REGISTERS], out[REGISTERS];
	uint64_t flags_in, flags_out;
	uint64_t target;	   /* what is called, or jumped to */
	uint64_t stack, stack_out; /* in: 0: the caller's; where the stack pointer was afterwards */
	uint64_t keep;
	uint64_t red_zone[16]; /* after; before, each word was RED_PATTERN */
	uint64_t avx;	       /* may the vectors be filled to 256 bits? */
	uint64_t pad[3];
	uint8_t state_in[16384], state_out[16384]; /* vectors and the rest, by xsave */
} __attribute__((aligned(64)));
#define RED_PATTERN 0x7265647265647265

extern struct shim_machine shim_machine;

/* Calls target as a leaf function; not for two threads at once. */
void shim_machine_call(void);
/* Jumps to target with the stack pointer at `stack`; comes back when shim_machine_landing is
 * reached. */
void shim_machine_jump(void);
void shim_machine_landing(void);

/* Compares: everything but rax, rcx and r11 is as it was. NULL, or what is not. */
const char *shim_machine_changed(void);

#endif
