/*
 * The filter of a space.
 *
 * Layout: architecture and x32 checks; a binary search over ranges of numbers with the same fate; then a block for each
 * fate. Jumps of the search are long ones where they must be, so that the layout does not limit the table.
 *
 * Arguments of type int are compared by their low 32 bits, as the kernel takes them: what
 * a caller puts above must not matter. Pointers are compared whole.
 */
#include "kernel/filter.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "kernel/syscalls.h"

struct assembler {
	struct sock_filter *code;
	size_t len;
	bool full;
};

/* A fate: what a number or a range of numbers leads to. */
struct fate {
	enum kern_class class;
	int error;
	enum kern_check check;
};

struct range {
	unsigned first; /* up to the next range's first */
	struct fate fate;
};

static void emit(struct assembler *a, struct sock_filter instruction)
{
	if (a->len == KERN_FILTER_MAX) {
		a->full = true;
		return;
	}
	a->code[a->len++] = instruction;
}

static void load(struct assembler *a, size_t offset)
{
	emit(a, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void load_low(struct assembler *a, int argument)
{
	load(a, offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
}

static void load_high(struct assembler *a, int argument)
{
	load(a, offsetof(struct seccomp_data, args) + 8 * (size_t)argument + 4);
}

static void give(struct assembler *a, uint32_t action)
{
	emit(a, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void give_errno(struct assembler *a, int error)
{
	give(a, SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA));
}

/* If the accumulator equals value: action. */
static void give_if_equal(struct assembler *a, uint32_t value, uint32_t action)
{
	emit(a, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
	give(a, action);
}

/* If the accumulator has one of the bits: action. */
static void give_if_any(struct assembler *a, uint32_t bits, uint32_t action)
{
	emit(a, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
	give(a, action);
}

static void give_if_listed(struct assembler *a, const uint32_t *list, size_t count, uint32_t action)
{
	for (size_t i = 0; i < count; i++)
		give_if_equal(a, list[i], action);
}

#define ALLOW SECCOMP_RET_ALLOW
#define NOTIFY SECCOMP_RET_USER_NOTIF
#define ERROR(e) (SECCOMP_RET_ERRNO | (e))
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- checks ---- */

#define NEW_NAMESPACE                                                                            \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)

static void check_clone(struct assembler *a)
{
	load_low(a, 0);
	give_if_any(a, NEW_NAMESPACE, ERROR(EPERM));
	give(a, ALLOW);
}

static void check_unshare(struct assembler *a)
{
	load_low(a, 0);
	give_if_any(a, NEW_NAMESPACE | CLONE_NEWTIME, ERROR(EPERM));
	give(a, ALLOW);
}

static void check_sendto(struct assembler *a)
{
	load_low(a, 3);
	give_if_any(a, MSG_FASTOPEN, NOTIFY);
	load_low(a, 4);
	emit(a, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0));
	give(a, NOTIFY);
	load_high(a, 4);
	give_if_equal(a, 0, ALLOW);
	give(a, NOTIFY);
}

static void check_socket(struct assembler *a)
{
	static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};

	for (size_t i = 0; i < COUNT(families); i++) {
		bool seqpacket = families[i] == AF_UNIX;

		load_low(a, 0);
		/* Past this family's block: load, and, two or three pairs, errno. */
		emit(a, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, families[i], 0,
						     seqpacket ? 9 : 7));
		load_low(a, 1);
		emit(a, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf));
		give_if_equal(a, SOCK_STREAM, ALLOW);
		give_if_equal(a, SOCK_DGRAM, ALLOW);
		if (seqpacket)
			give_if_equal(a, SOCK_SEQPACKET, ALLOW);
		give_errno(a, EPERM);
	}
	give_errno(a, EAFNOSUPPORT);
}

/* From linux/tty and termios; those of the console's and of other sorts of device are not here. */
static const uint32_t ioctl_allowed[] = {
	FIONREAD, FIONBIO,    FIOCLEX,   FIONCLEX,  FIOASYNC,   FIOQSIZE,  TCGETS,     TCSETS,      TCSETSW,
	TCSETSF,  TCGETA,     TCSETA,    TCSETAW,   TCSETAF,    TCSBRK,    TCSBRKP,    TCXONC,      TCFLSH,
	TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, TIOCGSID, TIOCSCTTY, TIOCNOTTY,  TIOCOUTQ,    TIOCGETD,
	TIOCGPTN, TIOCSPTLCK, TIOCGPTLCK, TIOCGEXCL, TIOCPKT, TIOCGPKT, TIOCMGET, 0x802c542a /* TCGETS2 */,
	0x402c542b /* TCSETS2 */, 0x402c542c, 0x402c542d, FIGETBSZ, FS_IOC_GETFLAGS, FICLONE, FICLONERANGE,
	FS_IOC_FIEMAP, FIDEDUPERANGE,
};
static const uint32_t ioctl_never[] = {TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD, TIOCVHANGUP};

static void check_ioctl(struct assembler *a)
{
	load_low(a, 1);
	give_if_listed(a, ioctl_never, COUNT(ioctl_never), ERROR(EPERM));
	give_if_listed(a, ioctl_allowed, COUNT(ioctl_allowed), ALLOW);
	give(a, NOTIFY);
}

/* The last few by number: newer than the headers. */
static const uint32_t fcntl_allowed[] = {
	F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG,
	15 /* F_SETOWN_EX */, 16 /* F_GETOWN_EX */, 17 /* F_GETOWNER_UIDS */, 36 /* F_OFD_GETLK */, 37, 38,
	1030 /* F_DUPFD_CLOEXEC */, 1027 /* F_DUPFD_QUERY */, 1028 /* F_CREATED_QUERY */, 1031 /* F_SETPIPE_SZ */, 1032,
	1033 /* F_ADD_SEALS */, 1034, 1035 /* F_GET_RW_HINT */, 1036, 1037, 1038, 1025 /* F_GETLEASE */,
};

static void check_fcntl(struct assembler *a)
{
	load_low(a, 1);
	give_if_listed(a, fcntl_allowed, COUNT(fcntl_allowed), ALLOW);
	give_errno(a, EINVAL);
}

static const uint32_t prctl_allowed[] = {
	PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, PR_GET_TIMING, PR_SET_TIMING,
	PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_TSC, PR_SET_TSC,
	PR_GET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_MCE_KILL, PR_MCE_KILL_GET, PR_SET_CHILD_SUBREAPER,
	PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE,
	PR_GET_THP_DISABLE, PR_CAP_AMBIENT, PR_GET_SPECULATION_CTRL, PR_SET_SPECULATION_CTRL, PR_SET_PTRACER, PR_SET_VMA,
	PR_GET_UNALIGN, PR_SET_FPEMU, PR_GET_FPEMU, 65 /* PR_SET_MDWE */, 66, 62 /* PR_SCHED_CORE */,
};

static void check_prctl(struct assembler *a)
{
	load_low(a, 0);
	give_if_listed(a, prctl_allowed, COUNT(prctl_allowed), ALLOW);
	give_if_equal(a, PR_SET_DUMPABLE, NOTIFY);
	give_if_equal(a, PR_SET_MM, ERROR(EPERM));
	give_errno(a, EINVAL);
}

static void check_personality(struct assembler *a)
{
	static const uint32_t allowed[] = {0xffffffff, PER_LINUX, PER_LINUX | ADDR_NO_RANDOMIZE};

	load_low(a, 0);
	give_if_listed(a, allowed, COUNT(allowed), ALLOW);
	give_errno(a, EPERM);
}

static void (*const checks[])(struct assembler *a) = {
	[KERN_CHECK_CLONE] = check_clone,   [KERN_CHECK_UNSHARE] = check_unshare,
	[KERN_CHECK_SENDTO] = check_sendto, [KERN_CHECK_SOCKET] = check_socket,
	[KERN_CHECK_IOCTL] = check_ioctl,   [KERN_CHECK_FCNTL] = check_fcntl,
	[KERN_CHECK_PRCTL] = check_prctl,   [KERN_CHECK_PERSONALITY] = check_personality,
};

/* ---- the search ---- */

static struct fate fate_of(unsigned nr)
{
	const struct kern_syscall *call = &kern_syscalls[nr];

	if (call->class == KERN_UNKNOWN)
		return (struct fate){KERN_REFUSED, ENOSYS, KERN_CHECK_NONE};
	return (struct fate){call->class, call->class == KERN_REFUSED ? call->error : 0,
			     call->class == KERN_CHECKED ? call->check : KERN_CHECK_NONE};
}

static bool same_fate(struct fate a, struct fate b)
{
	return a.class == b.class && a.error == b.error && a.check == b.check;
}

static size_t make_ranges(struct range ranges[KERN_SYSCALL_MAX])
{
	size_t count = 0;

	for (unsigned nr = 0; nr < KERN_SYSCALL_MAX; nr++)
		if (count == 0 || !same_fate(ranges[count - 1].fate, fate_of(nr)))
			ranges[count++] = (struct range){nr, fate_of(nr)};
	return count;
}

static void meet(struct assembler *a, struct fate fate)
{
	switch (fate.class) {
	case KERN_INTERNAL: give(a, ALLOW); break;
	case KERN_BORDER: give(a, NOTIFY); break;
	case KERN_CHECKED: checks[fate.check](a); break;
	default: give_errno(a, fate.error); break;
	}
}

/* Binary search; each half is laid out in full behind its test. Depth: the logarithm of the number of ranges. */
static void search(struct assembler *a, const struct range *ranges, size_t count)
{
	size_t half = count / 2, jump;

	if (count == 1) {
		meet(a, ranges[0].fate);
		return;
	}
	emit(a, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[half].first, 0, 1));
	jump = a->len;
	emit(a, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	search(a, ranges, half);
	if (!a->full)
		a->code[jump].k = (uint32_t)(a->len - jump - 1);
	search(a, ranges + half, count - half);
}

enum cd_status kern_filter_build(struct sock_filter code[KERN_FILTER_MAX], size_t *count)
{
	struct assembler a = {.code = code};
	struct range ranges[KERN_SYSCALL_MAX];

	load(&a, offsetof(struct seccomp_data, arch));
	emit(&a, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	give_errno(&a, ENOSYS);
	load(&a, offsetof(struct seccomp_data, nr));
	/* Numbers that are not in the table, x32's among them. */
	emit(&a, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, KERN_SYSCALL_MAX, 0, 1));
	give_errno(&a, ENOSYS);
	search(&a, ranges, make_ranges(ranges));
	if (a.full)
		return CD_ELIMIT;
	*count = a.len;
	return CD_OK;
}
