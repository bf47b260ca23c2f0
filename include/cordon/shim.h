/*
 * What the loader puts into a file, and what the shim makes of it: the contract between loader/,
 * shim/ and the kernel's filter. Fit for assembly.
 *
 * The loader adds one segment (read, execute) to a copy of an interpreter or a libc:
 *
 *	struct cd_shim_head	where things are
 *	stub			shim/'s code for every such file; two entries at fixed offsets
 *	trampolines		one for each patched call site
 *	image			the shim itself; in interpreters and static programs only
 *
 * and a page of zeros behind the file's writable data, of which the first word is the slot. What
 * debuggers are told of the segment stands at the file's end, in no segment: .debug_frame.
 *
 * At a call site, `mov $nr,%eax` (five bytes) becomes a jump to the site's trampoline; what lies
 * between it and the `syscall` stays, and is in the trampoline, too:
 *
 *	mov	$nr,%eax
 *	...			what stood between, as it was
 *	lea	site(%rip),%r11	the address of the site's own `syscall`
 *	jmp	stub + CD_STUB_CALL
 *
 * The stub calls the shim, when it is mapped, or goes straight to the site's own `syscall`. The
 * shim makes the call from its own range of addresses, where the filter lets settled calls through;
 * what Linux then refuses is made again by the site's own `syscall`, which reaches the monitor. rcx
 * and r11 are free, as `syscall` itself overwrites them; everything else is as the site left it.
 *
 * The range is routing, never security: what the filter allows there must be safe when an attacker
 * jumps there.
 */
#ifndef CORDON_SHIM_H
#define CORDON_SHIM_H

/* The shim's range: all addresses with this high half. Far from where Linux, sanitizers and
 * language runtimes put things. */
#define CD_SHIM_HIGH 0x7ecd
#define CD_SHIM_BASE 0x7ecd00000000
/* One page of code, entered at its start; one page of data behind it. */
#define CD_SHIM_CODE 0x1000
#define CD_SHIM_DATA 0x1000

/* Offsets into the segment. */
#define CD_HEAD_SIZE  64
#define CD_STUB_CALL  64 /* r11: the site's `syscall`; rax: the number */
#define CD_STUB_START 80 /* an interpreter's entry point */

/* Offsets into the head. */
#define CD_HEAD_SLOT	   8
#define CD_HEAD_ENTRY	   16
#define CD_HEAD_IMAGE	   24
#define CD_HEAD_IMAGE_SIZE 32

/* The word by which a stub knows the shim from something else that is mapped there: 8 bytes,
 * "cdshim\0\3", at this offset into the image. The last byte counts up when stub and image would
 * not fit those of before. */
#define CD_SHIM_WORD_AT 128
#define CD_SHIM_WORD	0x03006d6968736463

/*
 * The page of data, zero at first, is written by the monitor (kernel/teach.h): struct cd_shim_told,
 * and behind it the subtrees in which what is not there is not there for the monitor either, as
 * strings that begin and end with a slash, each NUL-terminated, the last one empty.
 */
#define CD_SHIM_SETTLED (CD_SHIM_DATA - 8)

/* What the filter answers in the shim's range when a call is not settled. */
#define CD_SHIM_UNSETTLED 38 /* ENOSYS */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Offsets count from the start of the segment. */
struct cd_shim_head {
	uint8_t magic[8]; /* CD_SHIM_MAGIC */
	int64_t slot;	  /* the word that says where the shim is. 0: not known; 1: nowhere */
	int64_t entry;	  /* the file's own entry point; 0: others map the shim for it */
	uint64_t image;	  /* the shim's image, CD_SHIM_CODE bytes at most */
	uint64_t image_size;
	uint8_t reserved[24];
};
#define CD_SHIM_MAGIC "cordon\0\1"

struct cd_shim_told {
	uint32_t native; /* 0: every call is made at its site, and nowhere else */
	uint32_t barred; /* and so it will stay */
};

_Static_assert(sizeof(struct cd_shim_told) == CD_SHIM_DATA - CD_SHIM_SETTLED, "two words");
_Static_assert(sizeof(struct cd_shim_head) == CD_HEAD_SIZE, "as shim/ was assembled for");
_Static_assert(offsetof(struct cd_shim_head, slot) == CD_HEAD_SLOT &&
		   offsetof(struct cd_shim_head, entry) == CD_HEAD_ENTRY &&
		   offsetof(struct cd_shim_head, image) == CD_HEAD_IMAGE &&
		   offsetof(struct cd_shim_head, image_size) == CD_HEAD_IMAGE_SIZE,
	       "as shim/ was assembled for");
#endif

#endif
