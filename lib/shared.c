/* Shared memory with one writer. */
#include "lib/shared.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u /* Linux 6.3 */
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10 /* Linux 5.1 */
#endif

void *cd_shared_new(const char *name, size_t size, int *fd)
{
	const int seals = F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE;
	int made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	void *memory = MAP_FAILED;

	if (made < 0)
		made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (made < 0)
		return NULL;
	if (ftruncate(made, (off_t)size) == 0)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
	if (memory != MAP_FAILED && fcntl(made, F_ADD_SEALS, seals)) {
		munmap(memory, size);
		memory = MAP_FAILED;
	}
	if (memory == MAP_FAILED) {
		close(made);
		return NULL;
	}
	*fd = made;
	return memory;
}

const void *cd_shared_map(int fd, size_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *memory;

	/* What could shrink would be a way to end the process that reads it. */
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) || st.st_size != (off_t)size)
		return NULL;
	memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void cd_shared_free(const void *memory, size_t size)
{
	if (memory)
		munmap((void *)(uintptr_t)memory, size);
}
