/*
 * A process's memory, from outside.
 *
 * Every function names the process by its thread id in the monitor's pid namespace. The caller
 * checks afterwards that the trap is still valid (kern_message_alive): only then did the bytes come
 * from the process that asked. All return -errno: -EFAULT for any address that the process itself
 * could not use so.
 */
#ifndef CORDON_KERNEL_MEMORY_H
#define CORDON_KERNEL_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int kern_memory_read(pid_t tid, uint64_t address, void *dest, size_t len);

/*
 * Copies a NUL-terminated string; returns its length without the NUL. -ENAMETOOLONG when there is
 * no NUL within size bytes. Each byte is read once.
 */
ssize_t kern_memory_read_string(pid_t tid, uint64_t address, char *dest, size_t size);

int kern_memory_write(pid_t tid, uint64_t address, const void *source, size_t len);

#endif
