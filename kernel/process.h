/*
 * What the monitor asks Linux about the process behind a message.
 *
 * Everything is looked up under the space's own private /proc by the thread id of the trap, and is
 * believed only if the trap is still valid afterwards: so a process id that was used again cannot
 * deceive (kern_message_alive). Working directory and descriptors are always the real ones: Linux
 * keeps them, there is no copy to go stale.
 */
#ifndef CORDON_KERNEL_PROCESS_H
#define CORDON_KERNEL_PROCESS_H

#include "kernel/message.h"

/* Does the process still wait in this trap? */
bool kern_message_alive(const struct kern_message *message);

/* An O_PATH descriptor of the object behind the process's descriptor or working directory; -errno.
 * The caller closes it. */
int kern_process_fd_object(const struct kern_message *message, int fd);
int kern_process_cwd(const struct kern_message *message);

/* A duplicate of the process's descriptor (the same open file description); -errno. The caller
 * closes it. */
int kern_process_fd_dup(const struct kern_message *message, int fd);

/* Is the process's descriptor to be closed when it starts a program? True when it cannot be told.
 */
bool kern_process_fd_cloexec(const struct kern_message *message, int fd);

/* The process and thread ids as the space itself sees them; false when the process is gone. */
struct kern_ids {
	pid_t tgid, tid;
};
bool kern_process_ids(const struct kern_message *message, struct kern_ids *ids);

/* The path of the program that the process runs, as the monitor sees it; its length, or -errno. */
ssize_t kern_process_program(const struct kern_message *message, char *path, size_t size);

/* The file creation mask; 077 when it cannot be told (invariant 11). */
mode_t kern_process_umask(const struct kern_message *message);

/* Has it a signal to handle? Then a blocked operation gives way, as a system call would. */
bool kern_process_interrupted(const struct kern_message *message);

/* How many filters the thread is under; 0: it cannot be told. */
unsigned kern_process_filters(const struct kern_message *message);

#endif
