/*
 * The shim's entry: rax is the number, r11 the address of the site's own `syscall`, rcx is free.
 *
 * Unless the monitor has said so, nothing is done here. Then, the call is made from here. What Linux answers is the site's answer, if it is a success or an
 * error that does not depend on who decides; any other call is made once more, by the site.
 *
 * The stack, from the site's rsp down: the red zone, then 16 bytes while Linux performs the call, 24
 * for open; 24 after an error; about 420 while shim_settles() looks at a name that is not there. Nothing else is kept
 * anywhere, so a signal handler may leave by longjmp, a forked child go on from here, and a
 * restarted call begins again at the `syscall` below. The flags are the site's whichever way it is left,
 * and rcx and r11 as a `syscall` at the site would set them.
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

	.set	NOFOLLOW, 0400000

	.section .text.entry, "ax", @progbits
	.global	shim_entry
shim_entry:
	endbr64
	mov	shim_data(%rip), %ecx	/* told.native */
	jrcxz	to_site
	lea	-RED_ZONE(%rsp), %rsp
	push	%r11
	push	%rax
	lea	-__NR_open(%rax), %rcx
	jrcxz	to_open
	lea	-__NR_openat(%rax), %rcx
	jrcxz	to_openat
	syscall
	/* An error has a high half of ones; no result does. Told without touching the flags. */
	mov	%rax, %rcx
	bswap	%rcx
	not	%ecx
	jrcxz	to_failed
done:
	mov	8(%rsp), %rcx
	lea	2(%rcx), %rcx
	lea	RED_ZONE + 16(%rsp), %rsp
	notrack jmp *%rcx
to_site:
	notrack jmp *%r11
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
open:
	push	%rsi
	pushfq
	or	$NOFOLLOW, %esi
	popfq
	syscall
	pop	%rsi
	mov	%rax, %rcx
	bswap	%rcx
	not	%ecx
	jrcxz	open_failed
	jmp	done
open_failed:
	pushfq
	test	$NOFOLLOW, %esi
	jmp	link
openat:
	push	%rdx
	pushfq
	or	$NOFOLLOW, %edx
	popfq
	syscall
	pop	%rdx
	mov	%rax, %rcx
	bswap	%rcx
	not	%ecx
	jrcxz	openat_failed
	jmp	done
openat_failed:
	pushfq
	test	$NOFOLLOW, %edx
link:
	jnz	judge
	cmp	$-ELOOP, %rax
	je	again
	cmp	$-ENOTDIR, %rax
	je	again
	jmp	judge

failed:
	pushfq
judge:
	neg	%rax
	cmp	$64, %rax
	jae	again
	movabs	$DEFINITIVE, %rcx
	bt	%rax, %rcx
	jc	definitive
	cmp	$ENOENT, %eax
	je	absent
again:
	popfq
	pop	%rax
	pop	%r11
	lea	RED_ZONE(%rsp), %rsp
	notrack jmp *%r11
definitive:
	neg	%rax
	mov	(%rsp), %r11
	popfq
	jmp	done

/* What C may change is saved in the order of a call's arguments, and so shown to it. */
absent:
	mov	8(%rsp), %rcx
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	mov	%rcx, %rdi
	mov	%rsp, %rsi
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	cld
	call	shim_settles
	mov	%rbp, %rsp
	pop	%rbp
	mov	%eax, %ecx
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	test	%ecx, %ecx
	jz	again
	mov	$ENOENT, %eax
	jmp	definitive

/* For C: rdi and rsi are where they should be, and Linux saves what C expects saved. */
	.text
	.global	shim_getcwd
shim_getcwd:
	mov	$__NR_getcwd, %eax
	syscall
	ret

	.section .note.GNU-stack, "", @progbits
