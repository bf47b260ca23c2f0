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
	4 /* init writes to it the int32 wait status of the main program: each time that it has    \
	     stopped, and when it has ended */

#define KERN_INIT_READY_FD 5 /* init closes it when no process can trace it any more */
/*
 * Started with this argument, in a space without namespaces, init is no first process: it ends its
 * children itself. It closes KERN_INIT_MAIN_FD first, by which the monitor knows that nothing may
 * be forked any more. The signal tells it that the monitor has died.
 */
#define KERN_INIT_BARE	       "bare"
#define KERN_INIT_MONITOR_DIED 64

/*
 * Signals forwarded with one of these values go to the main program's process group, others to the
 * program alone. What stops a group and lets it go on goes to everybody in the space; to the job
 * alone where it has a terminal of its own, on which others may have been stopped.
 */
#define KERN_INIT_TO_GROUP 1
#define KERN_INIT_TO_JOB   2

/* The ELF image of the program. */
extern const char kern_init_image[], kern_init_image_end[];

#endif
