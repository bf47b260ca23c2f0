/*
 * The shim's entry, called by the stub: rax is the number; rcx and r11 are free. On the stack are the address
 * to come back to, the number, the address of the site's own `syscall`, a word for the shim, the red zone.
 *
 * Unless the monitor has said so, nothing is done here. Then, the call is made from here. What Linux answers is the site's answer, if it is a success or an
 * error that does not depend on who decides; any other call is made once more, by the site.
 *
 * Nothing is kept anywhere but on the stack, so a signal handler may leave by longjmp, a forked child go on from here, and a
 * restarted call begins again at the `syscall` below. The flags are the site's whichever way it is left,
 * and rcx and r11 as a `syscall` at the site would set them. No instruction of this file touches a flag but where
 * they are saved, around C, so rsp stays where it was: while Linux performs a call, or a signal arrives, the
 * word there is an address in the stub, of which debuggers know how to go on to the site's function.
 */
#include <asm/errno.h>
#include <asm/unistd.h>

#include "cordon/shim.h"
#include "shim/arch/x86_64/abi.h"

/*
 * Errors that say something of the call, its arguments or the process, and that the monitor could
 * only repeat. All below 64.
 */
#define BIT(error) (1 << (error))
	.set	DEFINITIVE, BIT(EINTR) | BIT(EFAULT) | BIT(EBADF) | BIT(EMFILE) | BIT(ENFILE) | \
		BIT(EEXIST) | BIT(ENOTDIR) | BIT(EISDIR) | BIT(ENOTEMPTY) | BIT(ENAMETOOLONG) | \
		BIT(EINVAL) | BIT(ELOOP) | BIT(EAGAIN) | BIT(ENOMEM) | BIT(E2BIG) | BIT(ENOEXEC)
	.set	DEFINITIVE_FOLLOWING, DEFINITIVE & ~BIT(ELOOP) & ~BIT(ENOTDIR)

	.set	NOFOLLOW, 1 << 17

/* rcx: does a register of flags have NOFOLLOW? */
	.macro	nofollow flags
	mov	\flags, %rcx
	bswap	%ecx			/* it is bit 9 now, */
	lea	(, %rcx, 8), %ecx
	lea	(, %rcx, 8), %ecx	/* 15, the highest of ch, */
	movzbl	%ch, %ecx
	lea	(, %rcx, 2), %ecx	/* and 8, the lowest, above which there is nothing */
	movzbl	%ch, %ecx
	.endm

/* An error has a high half of ones; no result does. */
	.macro	if_failed to
	mov	%rax, %rcx
	bswap	%rcx
	not	%ecx
	jrcxz	\to
	.endm

	.section .text.entry, "ax", @progbits
	.global	shim_entry
shim_entry:
	endbr64
	mov	shim_data(%rip), %ecx	/* told.native */
	jrcxz	to_site
	lea	-__NR_open(%rax), %rcx
	jrcxz	to_open
	lea	-__NR_openat(%rax), %rcx
	jrcxz	to_openat
	syscall
	if_failed to_failed
done:
	mov	STUB_SITE(%rsp), %rcx
	lea	2(%rcx), %rcx
	ret
to_site:
	mov	STUB_SITE(%rsp), %rcx
	ret
to_open:
	jmp	open
to_openat:
	jmp	openat
to_failed:
	jmp	failed

	.org	CD_SHIM_WORD_AT
	.quad	CD_SHIM_WORD

/*
 * Natively, opening does not follow a link in the last place; the site's own `syscall` does. Linux says ELOOP of a
 * link, or ENOTDIR where a directory was asked for.
 */
	.macro	opening name, flags, flags32
\name:
	mov	\flags, STUB_SPARE(%rsp)
	nofollow \flags
	jrcxz	1f
	jmp	2f
1:	lea	NOFOLLOW(\flags), \flags32
2:	syscall
	mov	STUB_SPARE(%rsp), \flags
	if_failed 3f
	jmp	done
3:	nofollow \flags
	jrcxz	4f
	jmp	failed
4:	lea	verdicts_of_following(%rip), %rcx
	jmp	judge
	.endm
	opening	open, %rsi, %esi
	opening	openat, %rdx, %edx

failed:
	lea	verdicts(%rip), %rcx
judge:	/* rax: -error; rcx: the table */
	mov	%rcx, STUB_SPARE(%rsp)
	not	%rax
	lea	(, %rax, 4), %ecx	/* ch: nothing, for the first 64 of 4095 */
	movzbl	%ch, %ecx
	jrcxz	1f
	jmp	again
1:	mov	STUB_SPARE(%rsp), %rcx
	movzbl	(%rcx, %rax), %ecx
	not	%rax
	jrcxz	again
	lea	-1(%rcx), %rcx
	jrcxz	definitive
	jmp	absent
definitive:
	jmp	done
again:
	mov	STUB_NUMBER(%rsp), %rax
	jmp	to_site

/* A byte for each error: 0: it is made again; 1: definitive; 2: a name is absent. */
	.macro	table definitive
	.set	error, 1
	.rept	63
	.byte	((\definitive) >> error & 1) - 2 * (error == ENOENT)
	.set	error, error + 1
	.endr
	.byte	0
	.endm
verdicts:
	table	DEFINITIVE
verdicts_of_following:
	table	DEFINITIVE_FOLLOWING

/*
 * What C may change is saved in the order of a call's arguments, and so shown to it; above that, what
 * STUB_DEEP says of.
 */
absent:
	pushfq
	push	%r11
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rbp
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	.set	SAVED, 14 * 8
	mov	SAVED + STUB_NUMBER(%rsp), %rdi
	mov	%rsp, %rsi
	mov	%rsp, %rbp
	and	$-16, %rsp
	cld
	call	shim_settles
	mov	%rbp, %rsp
	mov	%eax, %ecx
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	pop	%rbp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%r11
	popfq
	mov	$-ENOENT, %rax
	jrcxz	1f
	jmp	done
1:	jmp	again

/*
 * For C: rdi and rsi are where they should be, and Linux saves what C expects saved. For debuggers, the
 * word at rsp is an address in the stub again: another one, whose caller is found by way of the next word.
 */
	.text
	.global	shim_getcwd
shim_getcwd:
	lea	SAVED(%rdx), %rdx
	push	%rdx
	mov	(%rdx), %rcx
	lea	STUB_DEEP(%rcx), %rcx
	push	%rcx
	mov	$__NR_getcwd, %eax
	syscall
	pop	%rcx
	pop	%rcx
	ret

	.section .note.GNU-stack, "", @progbits
