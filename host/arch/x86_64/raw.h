/*
 * A system call and nothing else: for a process on somebody else's memory, whose errno is not its
 * own.
 */
#ifndef CORDON_HOST_ARCH_RAW_H
#define CORDON_HOST_ARCH_RAW_H

/* The result, or -errno. */
static inline long host_raw(long nr, unsigned long a, unsigned long b, unsigned long c,
			    unsigned long d, unsigned long e, unsigned long f)
{
	register unsigned long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#endif
