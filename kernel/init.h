/*
 * What cordon and the first process of a space say to each other.
 *
 * init is a program of its own (kernel/init.c, static), started with nothing but two pipes and no
 * memory of the monitor (invariant 7).
 */
#ifndef CORDON_KERNEL_INIT_H
#define CORDON_KERNEL_INIT_H

#define KERN_INIT_MAIN_FD                                                                          \
	3 /* init reads from it, once: the int32 process id of the main program                    \
	   */
#define KERN_INIT_STATUS_FD                                                                        \
	4 /* init writes to it, once: the int32 wait status of the main program */

#define KERN_INIT_READY_FD 5 /* init closes it when no process can trace it any more */

/* Signals forwarded with this value go to the main program's process group, others to the program
 * alone. */
#define KERN_INIT_TO_GROUP 1

/* The ELF image of the program. */
extern const char kern_init_image[], kern_init_image_end[];

#endif
