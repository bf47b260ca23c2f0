/* What assembly and C of the shim agree on. Fit for assembly. */
#ifndef CORDON_SHIM_ABI_H
#define CORDON_SHIM_ABI_H

/* Leaf functions keep data here, below rsp. */
#define RED_ZONE 128

/*
 * What the stub has put on the stack when it calls the image, from rsp on; the red zone is above. A change here
 * is one of CD_SHIM_WORD.
 */
#define STUB_RETURN 0  /* the image comes back here, with rcx saying where to go on; all else as the site left it */
#define STUB_NUMBER 8  /* rax */
#define STUB_SITE   16 /* the address of the site's own `syscall` */
#define STUB_SPARE  24 /* for the image */
#define STUB_SIZE   32

/*
 * For debuggers alone: so many bytes behind the address to return to is another one, never gone to. Where
 * that is the word at rsp, the next one is the address of STUB_RETURN, below which stand the flags, r11,
 * rbx, r12 to r15, rbp, and r9, r8, r10, rdx, rsi, rdi.
 */
#define STUB_DEEP 12

#endif
