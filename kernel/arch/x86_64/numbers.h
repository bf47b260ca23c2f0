/* What the filter must know of the processor besides the system call table. */
#ifndef CORDON_KERNEL_ARCH_NUMBERS_H
#define CORDON_KERNEL_ARCH_NUMBERS_H

#include <linux/audit.h>

/*
 * The only calling convention of a space. int $0x80 and 32-bit code arrive as AUDIT_ARCH_I386; x32
 * arrives as this one, but with numbers from 0x40000000 on, which no table has.
 */
#define KERN_AUDIT_ARCH AUDIT_ARCH_X86_64

/* Where the low half of a 64-bit argument stands in struct seccomp_data. */
/* Of the numbers in kernel/syscalls.def, those that the filter speaks of. */
#define KERN_NR_MMAP		9
#define KERN_NR_RT_SIGRETURN	15
#define KERN_NR_SENDTO		44
#define KERN_NR_RESTART_SYSCALL 219
#define KERN_NR_URETPROBE	335
#define KERN_NR_UPROBE		336
#define KERN_NR_CLOSE_RANGE	436
/* And those that the monitor makes, newer than the headers of the machines that cordon is built on.
 */
#define KERN_NR_CACHESTAT    451
#define KERN_NR_FILE_GETATTR 468

#define KERN_LOW_HALF  0
#define KERN_HIGH_HALF 4

#endif
