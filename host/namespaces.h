/*
 * The namespaces of a space, made beside the caller.
 *
 * They take Linux longer than reading the policy and planning the view takes us, so a process on
 * the caller's own memory makes them meanwhile (a vfork that does not wait). When all is planned it
 * forks the monitor, as the caller's child, and ends.
 */
#ifndef CORDON_HOST_NAMESPACES_H
#define CORDON_HOST_NAMESPACES_H

#include <sys/types.h>

/* Begins. At most once in a process; what fails, host_namespaces_fork() says. */
void host_namespaces_begin(void);

struct host_namespaces_fault {
	int error;	 /* errno; 0: nothing failed */
	int in_identity; /* mapping the user failed, and not making the namespaces */
};

/*
 * Forks into the namespaces, as pid 1 of a pid namespace of its own: calls run(context) there, in a
 * copy of the caller's memory as it is now. Begins if nobody has. The child's pid; -1: see fault.
 */
pid_t host_namespaces_fork(void (*run)(void *context), void *context, int *pidfd,
			   struct host_namespaces_fault *fault);

/*
 * Makes a network namespace beside this process, which is in the others; its loopback works, and it
 * reaches nothing outside. proc: a /proc in which this process can find its children.
 */
void host_network_begin(int proc);
/* Enters it, when it is made. -1, with errno: it could not be made. */
int host_network_enter(void);

#endif
