/*
 * The stub: in every rewritten file, right behind struct cd_shim_head.
 *
 *	call	trampolines come here: go on to the shim, or back to the site
 *	start	a rewritten interpreter starts here: maps the shim
 *
 * Position independent, without data of its own. What it must know is in the head; what it learns is
 * in the slot, a word of the file's own writable data. All threads that race for the slot write the
 * same, so it needs no lock.
 *
 * Invariants:
 * - A system call leaves all registers but rax, rcx and r11 alone, and the flags, too. So does
 *   this: where only rcx is free, mov, lea, push and jrcxz, which touch no flag, do the work.
 * - The red zone stays as it is.
 * - No call without its ret: shadow stacks would object. Jumps through registers are notrack.
 */
#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/mman.h>

#include "cordon/shim.h"
#include "shim/arch/x86_64/abi.h"

/*
 * Debuggers find the site's function by what .debug_frame says of the stub: its caller goes on behind
 * the `syscall`. While Linux performs a call, in the shim, of which nothing is said anywhere, the word
 * at rsp is an address in here; gdb takes that for the return address, as in any code unknown to it.
 */
	.cfi_sections .debug_frame
#define ALL   (STUB_SIZE + RED_ZONE)	/* from STUB_RETURN to the site's rsp, which is the CFA */
#define SAVED (ALL - 8)			/* and without the address to return to */
#define RIP_IS .cfi_escape 0x16, 16,	/* DW_CFA_val_expression */
#define CFA_IS .cfi_escape 0x0f,	/* DW_CFA_def_cfa_expression */
#define R11_AND(n) 0x7b, n		/* DW_OP_breg11 */
#define RSP_AND(n) 0x77, n		/* DW_OP_breg7 */
#define CONST(n)   0x08, n		/* DW_OP_const1u */
#define MINUS	   0x1c
#define READ	   0x06			/* DW_OP_deref */
#define PLUS	   0x23			/* DW_OP_plus_uconst */
#define SITE_IN_R11 RIP_IS 2, R11_AND(2)
#define SITE_SAVED  RIP_IS 6, CONST(ALL - STUB_SITE), MINUS, READ, PLUS, 2	/* *(CFA - n) + 2 */
#define DEEP	    CFA_IS 6, RSP_AND(0), READ, PLUS, ALL & 0x7f | 0x80, ALL >> 7	/* *rsp + n */
	.macro	save register
	push	%\register
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset \register, 0
	.endm
	.macro	unsave register
	pop	%\register
	.cfi_adjust_cfa_offset -8
	.cfi_restore \register
	.endm

	.text
	.set	head, stub - CD_HEAD_SIZE
	.global	stub
stub:
	.org	CD_STUB_CALL - CD_HEAD_SIZE
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	SITE_IN_R11
	jmp	call
	.cfi_endproc
	.org	CD_STUB_START - CD_HEAD_SIZE
	endbr64
	jmp	start

/*
 * rax: number; r11: the site's `syscall`; rcx: free. abi.h says what the shim finds on the stack; when it
 * returns, rcx says where to go on.
 */
	.balign	16
call:
	.cfi_startproc simple
	.cfi_def_cfa rsp, 0
	SITE_IN_R11
	lea	-(RED_ZONE + 8)(%rsp), %rsp
	.cfi_adjust_cfa_offset RED_ZONE + 8
	push	%r11
	.cfi_adjust_cfa_offset 8
	SITE_SAVED
	push	%rax
	.cfi_adjust_cfa_offset 8
	lea	head(%rip), %r11
	mov	head + CD_HEAD_SLOT(%rip), %rcx
	mov	(%r11, %rcx), %rcx
	jrcxz	find
known:
	lea	-1(%rcx), %rcx
	jrcxz	plain
	lea	1(%rcx), %rcx
	notrack call *%rcx
returned:
	.cfi_remember_state
	lea	SAVED(%rsp), %rsp
	.cfi_def_cfa_offset 0
	.cfi_register rip, rcx
	notrack jmp *%rcx
	.cfi_restore_state
	.cfi_remember_state
	DEEP
	.cfi_offset rbx, -(ALL + 24)
	.cfi_offset r12, -(ALL + 32)
	.cfi_offset r13, -(ALL + 40)
	.cfi_offset r14, -(ALL + 48)
	.cfi_offset r15, -(ALL + 56)
	.cfi_offset rbp, -(ALL + 64)
	.cfi_offset r9, -(ALL + 72)
	.cfi_offset r8, -(ALL + 80)
	.cfi_offset r10, -(ALL + 88)
	.cfi_offset rdx, -(ALL + 96)
	.cfi_offset rsi, -(ALL + 104)
	.cfi_offset rdi, -(ALL + 112)
	nop
	.if	. - returned - STUB_DEEP
	.error	"STUB_DEEP"
	.endif
	.cfi_restore_state
plain:
	mov	8(%rsp), %r11
	.cfi_remember_state
	lea	SAVED(%rsp), %rsp
	.cfi_def_cfa_offset 0
	SITE_IN_R11
	notrack jmp *%r11
	.cfi_restore_state

/*
 * Is the shim mapped? A sigprocmask with a nonsensical `how` reads its set and then does nothing:
 * EINVAL when the memory can be read, EFAULT when not, and neither faults here. (mincore would say
 * whether something is mapped, and not whether it can be read.)
 */
find:
	pushfq
	.cfi_adjust_cfa_offset 8
	save	rdi
	save	rsi
	save	rdx
	save	r10
	mov	$-1, %edi
	movabs	$CD_SHIM_BASE + CD_SHIM_WORD_AT, %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	mov	$__NR_rt_sigprocmask, %eax
	syscall
	mov	$1, %ecx
	cmp	$-EINVAL, %rax
	jne	found
	movabs	$CD_SHIM_WORD, %rax
	cmp	%rax, (%rsi)
	jne	found
	movabs	$CD_SHIM_BASE, %rcx
found:
	lea	head(%rip), %rdx
	mov	head + CD_HEAD_SLOT(%rip), %rax
	mov	%rcx, (%rdx, %rax)
	unsave	r10
	unsave	rdx
	unsave	rsi
	unsave	rdi
	popfq
	.cfi_adjust_cfa_offset -8
	mov	(%rsp), %rax
	jmp	known
	.cfi_endproc

/*
 * The stack is as Linux leaves it for a new program: argc, argv, NULL, environment, NULL, auxv. The
 * word below it will hold where to go on: within the red zone, where no signal can write.
 */
	.balign	16
start:
	.cfi_startproc
	.cfi_undefined rip
	lea	-8(%rsp), %rsp
	pushfq
	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	cld
	lea	head(%rip), %rbx
	lea	12 * 8(%rsp), %r12
	mov	head + CD_HEAD_ENTRY(%rip), %rax
	add	%rbx, %rax
	mov	%rax, (%r12)

/* Run directly, an interpreter finds its own entry point in AT_ENTRY, and knows by that. */
	mov	8(%r12), %rcx		/* argc */
	lea	24(%r12, %rcx, 8), %rdx	/* behind argv's NULL */
1:	mov	(%rdx), %rcx
	add	$8, %rdx
	test	%rcx, %rcx
	jnz	1b
	lea	CD_STUB_START(%rbx), %rsi
2:	mov	(%rdx), %rcx
	add	$16, %rdx
	test	%rcx, %rcx		/* AT_NULL */
	jz	map
	cmp	$AT_ENTRY, %rcx
	jne	2b
	cmp	%rsi, -8(%rdx)
	jne	map
	mov	%rax, -8(%rdx)

map:
	mov	head + CD_HEAD_IMAGE_SIZE(%rip), %rdx
	lea	-1(%rdx), %rdx
	cmp	$CD_SHIM_CODE, %rdx	/* none, or too much */
	jae	without
	movabs	$CD_SHIM_BASE, %rdi
	mov	$CD_SHIM_CODE + CD_SHIM_DATA, %esi
	mov	$PROT_READ | PROT_WRITE, %edx
	mov	$MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, %r10d
	mov	$-1, %r8
	xor	%r9d, %r9d
	mov	$__NR_mmap, %eax
	syscall
	cmp	$-4095, %rax
	jae	without
	cmp	%rdi, %rax
	jne	unmap			/* Linux before 4.17 takes the address for a hint */

	mov	head + CD_HEAD_IMAGE(%rip), %rsi
	add	%rbx, %rsi
	mov	head + CD_HEAD_IMAGE_SIZE(%rip), %rcx
	rep movsb
	mov	%rax, %rdi
	mov	$CD_SHIM_CODE, %esi
	mov	$PROT_READ | PROT_EXEC, %edx
	mov	$__NR_mprotect, %eax
	syscall
	mov	%rdi, %rcx
	test	%eax, %eax
	jz	out
	mov	%rdi, %rax		/* not allowed, by PR_SET_MDWE for one */
unmap:
	mov	%rax, %rdi
	mov	$CD_SHIM_CODE + CD_SHIM_DATA, %esi
	mov	$__NR_munmap, %eax
	syscall
without:
	mov	$1, %ecx
out:
	mov	head + CD_HEAD_SLOT(%rip), %rax
	mov	%rcx, (%rbx, %rax)
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	popfq
	lea	8(%rsp), %rsp
	notrack jmp *-8(%rsp)
	.cfi_endproc

	.section .note.GNU-stack, "", @progbits
