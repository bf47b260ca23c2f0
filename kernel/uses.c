/*
 * Which calls are uses, and where their descriptors stand.
 *
 * Those that take bytes from an object or put bytes into it, map it, cut it, or take a connection
 * from it. What looks at a descriptor or waits for it is none.
 */
#include "kernel/uses.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include "kernel/arch/x86_64/numbers.h"
#include "kernel/syscalls.h"

#define HIDDEN 0xf /* its descriptors are in memory */

/* The place of the first descriptor among the arguments, plus one; and of a second one, in the high
 * half. */
/* clang-format off */
static const uint8_t places[KERN_SYSCALL_MAX] = {
	/* read */ [0] = 1, /* write */ [1] = 1, /* mmap */ [KERN_NR_MMAP] = 5, /* pread64 */ [17] = 1, /* pwrite64 */ [18] = 1,
	/* readv */ [19] = 1, /* writev */ [20] = 1, /* sendfile */ [40] = 0x21, /* accept */ [43] = 1,
	/* sendto */ [KERN_NR_SENDTO] = 1, /* recvfrom */ [45] = 1, /* recvmsg */ [47] = 1, /* shutdown */ [48] = 1,
	/* ftruncate */ [77] = 1, /* getdents */ [78] = 1, /* io_submit */ [209] = HIDDEN, /* getdents64 */ [217] = 1,
	/* splice */ [275] = 0x31, /* tee */ [276] = 0x21, /* vmsplice */ [278] = 1, /* fallocate */ [285] = 1,
	/* accept4 */ [288] = 1, /* preadv */ [295] = 1, /* pwritev */ [296] = 1, /* recvmmsg */ [299] = 1,
	/* copy_file_range */ [326] = 0x31, /* preadv2 */ [327] = 1, /* pwritev2 */ [328] = 1,
};
/* clang-format on */

bool kern_is_use(int nr)
{
	return nr >= 0 && nr < KERN_SYSCALL_MAX && places[nr];
}

bool kern_use_of(int nr, const uint64_t arguments[6], struct kern_use *use)
{
	unsigned second;

	*use = (struct kern_use){.fd = {-1, -1}};
	if (!kern_is_use(nr))
		return false;
	if (nr == KERN_NR_MMAP && (uint32_t)arguments[3] & MAP_ANONYMOUS)
		return false;
	if (nr == KERN_NR_SENDTO && (arguments[4] || (uint32_t)arguments[3] & MSG_FASTOPEN))
		return false;
	*use =
	    (struct kern_use){.count = 1, .fd = {-1, -1}, .extra = arguments[2], .is_native = true};
	if (places[nr] == HIDDEN)
		return true;
	use->fd[0] = (int)arguments[(places[nr] & 0xf) - 1];
	second = places[nr] >> 4;
	if (second) {
		use->fd[1] = (int)arguments[second - 1];
		use->count = 2;
	}
	return true;
}
