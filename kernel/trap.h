/*
 * Traps: from a stopped system call to a message.
 *
 * Decoding only reads and checks. It changes nothing, in the space or in the monitor (invariant 5).
 */
#ifndef CORDON_KERNEL_TRAP_H
#define CORDON_KERNEL_TRAP_H

#include <linux/seccomp.h>

#include "kernel/message.h"

/*
 * Fills message from the trap. Returns 0, or the -errno that Linux itself would answer for a call
 * that is malformed. message->space is the caller's to set.
 */
int kern_trap_decode(const struct seccomp_notif *trap, struct kern_message *message);

/* The part of decoding that follows the copy of registers; memory comes through read functions, so
 * that fuzzers and tests can stand in for a process. */
struct kern_memory_ops {
	int (*read)(pid_t tid, uint64_t address, void *dest, size_t len);
	ssize_t (*read_string)(pid_t tid, uint64_t address, char *dest, size_t size);
};
int kern_trap_decode_from(const struct kern_memory_ops *memory, const struct seccomp_notif *trap,
			  struct kern_message *message);

/*
 * A message of sendmmsg is followed by another: reads that into data in place of the one before.
 * As kern_trap_decode(); the caller sees to it that the process still waits.
 */
int kern_trap_decode_next(struct kern_message *message);
#define KERN_MMSG_SIZE	 64 /* bytes from one struct mmsghdr to the next */
#define KERN_MMSG_LEN_AT 56 /* of msg_len in it */

/* struct msghdr and its parts, as SENDMSG's data holds them: header, address, control, payload. */
struct kern_send {
	uint32_t address_len, control_len, payload_len;
	uint32_t total_len; /* what the process asked to send; payload_len may be less */
};

#endif
