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

	.text
	.set	head, stub - CD_HEAD_SIZE
	.global	stub
stub:
	.org	CD_STUB_CALL - CD_HEAD_SIZE
	jmp	call
	.org	CD_STUB_START - CD_HEAD_SIZE
	endbr64
	jmp	start

/* rax: number; r11: the site's `syscall`; rcx: free */
	.balign	16
call:
	lea	-RED_ZONE(%rsp), %rsp
	push	%r11
	lea	head(%rip), %r11
	mov	head + CD_HEAD_SLOT(%rip), %rcx
	mov	(%r11, %rcx), %rcx
	pop	%r11
	lea	RED_ZONE(%rsp), %rsp
	jrcxz	find
known:
	lea	-1(%rcx), %rcx
	jrcxz	plain
	lea	1(%rcx), %rcx
	notrack jmp *%rcx
plain:
	notrack jmp *%r11

/*
 * Is the shim mapped? A sigprocmask with a nonsensical `how` reads its set and then does nothing:
 * EINVAL when the memory can be read, EFAULT when not, and neither faults here. (mincore would say
 * whether something is mapped, and not whether it can be read.)
 */
find:
	lea	-RED_ZONE(%rsp), %rsp
	pushfq
	push	%rax
	push	%r11
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r10
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
	pop	%r10
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%r11
	pop	%rax
	popfq
	lea	RED_ZONE(%rsp), %rsp
	jmp	known

/*
 * The stack is as Linux leaves it for a new program: argc, argv, NULL, environment, NULL, auxv. The
 * word below it will hold where to go on: within the red zone, where no signal can write.
 */
	.balign	16
start:
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

	.section .note.GNU-stack, "", @progbits
