/* A process's memory, from outside: process_vm_readv and process_vm_writev. */
#include "kernel/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define PAGE 4096u

static int transfer_error(void)
{
	/* ESRCH: it died; the reply will find nobody. EPERM cannot be the process's own fault. */
	return errno == ESRCH ? -ESRCH : -EFAULT;
}

int kern_memory_read(pid_t tid, uint64_t address, void *dest, size_t len)
{
	struct iovec local = {dest, len};
	struct iovec remote = {(void *)(uintptr_t)address, len};
	ssize_t n;

	if (len == 0)
		return 0;
	n = process_vm_readv(tid, &local, 1, &remote, 1, 0);
	if (n < 0)
		return transfer_error();
	return (size_t)n == len ? 0 : -EFAULT;
}

ssize_t kern_memory_read_string(pid_t tid, uint64_t address, char *dest, size_t size)
{
	size_t have = 0;

	/* Up to the end of a page at a time: the string may end just before an unmapped one. */
	while (have < size) {
		size_t chunk = PAGE - (size_t)((address + have) % PAGE);
		const char *nul;
		int error;

		if (chunk > size - have)
			chunk = size - have;
		/* Paths are short: a first look at 256 bytes spares copying a page. */
		if (have == 0 && chunk > 256)
			chunk = 256;
		error = kern_memory_read(tid, address + have, dest + have, chunk);
		if (error)
			return error;
		nul = memchr(dest + have, '\0', chunk);
		if (nul)
			return nul - dest;
		have += chunk;
	}
	return -ENAMETOOLONG;
}

int kern_memory_write(pid_t tid, uint64_t address, const void *source, size_t len)
{
	struct iovec local = {(void *)(uintptr_t)source, len};
	struct iovec remote = {(void *)(uintptr_t)address, len};
	ssize_t n;

	if (len == 0)
		return 0;
	n = process_vm_writev(tid, &local, 1, &remote, 1, 0);
	if (n < 0)
		return transfer_error();
	return (size_t)n == len ? 0 : -EFAULT;
}
