/*
 * The seccomp filter of a space, generated from the system call table.
 *
 *	other architecture?   ENOSYS
 *	binary search on the number: a tree of comparisons whose leaves are either the verdict
 *	                      or a jump to one of the checks
 *	the checks            one block each: load a register, compare, return
 *	the native calls      likewise, for border calls that may come from the shim's range
 *
 * Invariants:
 * - Every path ends in a return, and what nothing speaks of is refused: numbers that the table
 *   lacks, among them those of x32, fall into the gaps between its ranges.
 * - Linux cuts int and unsigned int arguments to 32 bits, so checks compare low halves and ignore
 *   the high ones: rubbish there must not turn a refused command into an unknown one. Pointers,
 *   and the flags of unshare, are 64 bits wide and compared so.
 * - Nothing but the architecture and the number is loaded on the way to an unconditional verdict:
 *   Linux then finds out, when the filter is installed, that the call is always allowed, and
 *   never runs the program for it.
 */
#include "kernel/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "cordon/plan.h"
#include "cordon/shim.h"
#include "kernel/arch/x86_64/numbers.h"
#include "kernel/shorten.h"
#include "kernel/syscalls.h"
#include "kernel/uses.h"

/* Newer than the headers of the machines that cordon is built on. */
#define NEW_TIME 0x00000080u

#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
/* What is left of unshare(2): all of it about what threads share. */
#define UNSHARE_HARMLESS                                                                           \
	(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)

#define TYPE_MASK  0xf /* of socket(2)'s type; above it SOCK_CLOEXEC and SOCK_NONBLOCK */
#define TYPE_COUNT 11
#define FASTOPEN   0x20000000u

enum { ALLOW = (int)SECCOMP_RET_ALLOW, BORDER = (int)SECCOMP_RET_USER_NOTIF };

/* ---- a little assembler: jumps go forward only ---- */

struct program {
	struct sock_filter *code;
	size_t count;
	bool failed; /* too long, or a jump too far */
	bool bare;   /* for a space without namespaces */
	bool uses;   /* are shown */
	bool records_calls;
	const struct cd_requests *requests;
};

static uint32_t refuse(int error)
{
	return SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA);
}

static size_t emit(struct program *p, uint16_t code, uint32_t k)
{
	if (p->count == KERN_FILTER_MAX) {
		p->failed = true;
		return 0;
	}
	p->code[p->count] = (struct sock_filter){.code = code, .k = k};
	return p->count++;
}

static void give(struct program *p, uint32_t verdict)
{
	emit(p, BPF_RET | BPF_K, verdict);
}

static void load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static void load_low(struct program *p, unsigned argument)
{
	load(p, offsetof(struct seccomp_data, args) + 8 * argument + KERN_LOW_HALF);
}

static void load_high(struct program *p, unsigned argument)
{
	load(p, offsetof(struct seccomp_data, args) + 8 * argument + KERN_HIGH_HALF);
}

/* A jump taken when `test` (BPF_JEQ, BPF_JGE, BPF_JSET) holds; where to, is said later, by land().
 */
static size_t jump_if(struct program *p, uint16_t test, uint32_t k)
{
	return emit(p, BPF_JMP | BPF_K | test, k);
}

static size_t jump(struct program *p)
{
	return emit(p, BPF_JMP | BPF_JA, 0);
}

/* The jump at `from` goes to what is emitted next. */
static void land(struct program *p, size_t from)
{
	size_t distance = p->count - from - 1;

	if (p->failed)
		return;
	if (p->code[from].code == (BPF_JMP | BPF_JA))
		p->code[from].k = (uint32_t)distance;
	else if (distance <= UINT8_MAX)
		p->code[from].jt = (uint8_t)distance;
	else
		p->failed = true;
}

/* If the test holds, that is the verdict; else go on. */
static void give_if(struct program *p, uint16_t test, uint32_t k, uint32_t verdict)
{
	size_t yes = emit(p, BPF_JMP | BPF_K | test, k);

	if (!p->failed)
		p->code[yes].jf = 1;
	give(p, verdict);
}

/* ---- the checks ---- */

static void check_clone(struct program *p)
{
	/* The low half again: clone(2) looks at no more of its flags. CLONE_NEWTIME is not among
	 * them. */
	load_low(p, 0);
	give_if(p, BPF_JSET, NEW_NAMESPACES, refuse(EPERM));
	give(p, p->bare ? (uint32_t)BORDER : (uint32_t)ALLOW);
}

static void check_unshare(struct program *p)
{
	load_low(p, 0);
	give_if(p, BPF_JSET, NEW_NAMESPACES | NEW_TIME, refuse(EPERM));
	/* Unknown to Linux 6.18; a later one may make namespaces of them. */
	give_if(p, BPF_JSET, ~(uint32_t)UNSHARE_HARMLESS, refuse(EINVAL));
	load_high(p, 0);
	give_if(p, BPF_JSET, UINT32_MAX, refuse(EINVAL));
	give(p, ALLOW);
}

static void check_sendto(struct program *p)
{
	load_low(p, 4);
	give_if(p, BPF_JSET, UINT32_MAX, BORDER);
	load_high(p, 4);
	give_if(p, BPF_JSET, UINT32_MAX, BORDER);
	load_low(p, 3);
	give_if(p, BPF_JSET, FASTOPEN, BORDER);
	/* An empty one says nothing. The program's process sends it when it has made the listener,
	 * and before anybody serves that. */
	for (unsigned half = 0; p->uses && half < 2; half++) {
		(half ? load_high : load_low)(p, 2);
		give_if(p, BPF_JSET, UINT32_MAX, BORDER);
	}
	give(p, ALLOW);
}

/* Memory of no file is no use of anything. */
static void check_mmap(struct program *p)
{
	load_low(p, 3);
	give_if(p, BPF_JSET, MAP_ANONYMOUS, p->records_calls ? (uint32_t)BORDER : (uint32_t)ALLOW);
	give(p, BORDER);
}

static void check_protocol(struct program *p, uint32_t protocol)
{
	load_low(p, 2);
	give_if(p, BPF_JEQ, 0, ALLOW);
	give_if(p, BPF_JEQ, protocol, ALLOW);
	/* SCTP, MPTCP, SMC, L2TP, UDP-Lite, ...: kernel modules, loaded at the mere asking. */
	give(p, refuse(EPROTONOSUPPORT));
}

static void load_type(struct program *p)
{
	load_low(p, 1);
	emit(p, BPF_ALU | BPF_AND | BPF_K, TYPE_MASK);
}

/* A type that nothing here is of. */
static void refuse_type(struct program *p)
{
	give_if(p, BPF_JGE, TYPE_COUNT, refuse(EINVAL));
	give(p, refuse(ESOCKTNOSUPPORT));
}

static void check_socket(struct program *p)
{
	size_t local, v4, v6, netlink, stream, datagram, raw;

	load_low(p, 0);
	/* The machine's network is not the space's. */
	if (p->bare)
		give_if(p, BPF_JEQ, AF_NETLINK, refuse(EAFNOSUPPORT));
	for (size_t i = 0; p->bare && i < 2; i++)
		give_if(p, BPF_JEQ, i ? AF_INET6 : AF_INET, refuse(EACCES));
	local = jump_if(p, BPF_JEQ, AF_UNIX);
	v4 = jump_if(p, BPF_JEQ, AF_INET);
	v6 = jump_if(p, BPF_JEQ, AF_INET6);
	netlink = jump_if(p, BPF_JEQ, AF_NETLINK);
	give(p, refuse(EAFNOSUPPORT));

	/* To list the interfaces: NETLINK_ROUTE, which is 0. To change them takes a capability. */
	land(p, netlink);
	load_low(p, 2);
	give_if(p, BPF_JEQ, 0, ALLOW);
	give(p, refuse(EPROTONOSUPPORT));

	land(p, local);
	load_type(p);
	give_if(p, BPF_JEQ, SOCK_STREAM, ALLOW);
	give_if(p, BPF_JEQ, SOCK_DGRAM, ALLOW);
	give_if(p, BPF_JEQ, SOCK_SEQPACKET, ALLOW);
	give_if(p, BPF_JEQ, SOCK_RAW, refuse(EPERM));
	refuse_type(p);

	land(p, v4);
	land(p, v6);
	load_type(p);
	stream = jump_if(p, BPF_JEQ, SOCK_STREAM);
	datagram = jump_if(p, BPF_JEQ, SOCK_DGRAM);
	raw = jump_if(p, BPF_JEQ, SOCK_RAW);
	refuse_type(p);
	land(p, raw);
	load_low(p, 2);
	give_if(p, BPF_JEQ, 0, refuse(EPROTONOSUPPORT));
	give(p, refuse(EPERM));
	land(p, stream);
	check_protocol(p, IPPROTO_TCP);
	land(p, datagram);
	check_protocol(p, IPPROTO_UDP);
}

static uint32_t command_verdict(const struct kern_command *command)
{
	switch (command->class) {
	case KERN_INTERNAL: return ALLOW;
	case KERN_BORDER: return BORDER;
	default: return refuse(command->error);
	}
}

static void try_commands(struct program *p, enum kern_check check, unsigned argument)
{
	load_low(p, argument);
	for (const struct kern_command *c = kern_commands; c->check != KERN_CHECK_NONE; c++)
		if (c->check == check)
			give_if(p, BPF_JEQ, c->value, command_verdict(c));
}

static void check_commands(struct program *p, enum kern_check check, unsigned argument,
			   uint32_t otherwise)
{
	try_commands(p, check, argument);
	give(p, otherwise);
}

/* By level, then by option: Linux takes both as int. */
static void check_sockopt(struct program *p)
{
	static const uint32_t levels[] = {SOL_SOCKET, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IP,
					  IPPROTO_IPV6};
	size_t known[sizeof(levels) / sizeof(levels[0])];

	load_low(p, 1);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		known[i] = jump_if(p, BPF_JEQ, levels[i]);
	give(p, refuse(ENOPROTOOPT));
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		land(p, known[i]);
		load_low(p, 2);
		for (const struct kern_command *c = kern_commands; c->check != KERN_CHECK_NONE; c++)
			if (c->check == KERN_CHECK_SOCKOPT && c->value >> 16 == levels[i])
				give_if(p, BPF_JEQ, c->value & 0xffff, command_verdict(c));
		give(p, refuse(ENOPROTOOPT));
	}
}

static void check_ioctl(struct program *p)
{
	/* What none may be asked comes first. */
	try_commands(p, KERN_CHECK_IOCTL, 1);
	for (size_t i = 0; p->requests && i < p->requests->count; i++) {
		const struct cd_request *request = &p->requests->at[i];

		load_low(p, 1);
		emit(p, BPF_ALU | BPF_AND | BPF_K, request->mask);
		give_if(p, BPF_JEQ, request->value, ALLOW);
	}
	give(p, BORDER);
}

static void check_fcntl(struct program *p)
{
	size_t setfl;

	load_low(p, 1);
	/* Whom a signal would reach might be outside. */
	if (p->bare) {
		give_if(p, BPF_JEQ, F_SETOWN, refuse(EPERM));
		give_if(p, BPF_JEQ, F_SETOWN_EX, refuse(EPERM));
		give_if(p, BPF_JEQ, F_SETSIG, refuse(EPERM));
		give_if(p, BPF_JEQ, F_SETLEASE, refuse(EPERM));
		give_if(p, BPF_JEQ, F_NOTIFY, refuse(EINVAL));
	}
	setfl = jump_if(p, BPF_JEQ, F_SETFL);
	check_commands(p, KERN_CHECK_FCNTL, 1, refuse(EINVAL));
	land(p, setfl);
	load_low(p, 2);
	give_if(p, BPF_JSET, O_ASYNC, p->bare ? refuse(EPERM) : (uint32_t)BORDER);
	give(p, ALLOW);
}

static void check_prctl(struct program *p)
{
	check_commands(p, KERN_CHECK_PRCTL, 0, refuse(EINVAL));
}

static void check_personality(struct program *p)
{
	check_commands(p, KERN_CHECK_PERSONALITY, 0, refuse(EPERM));
}

static void check_clock(struct program *p)
{
	check_commands(p, KERN_CHECK_CLOCK, 0, refuse(EPERM));
}

static void check_core_limit(struct program *p, unsigned resource, unsigned fresh,
			     uint32_t otherwise)
{
	size_t core;

	load_low(p, resource);
	core = jump_if(p, BPF_JEQ, RLIMIT_CORE);
	give(p, otherwise);
	land(p, core);
	load_low(p, fresh);
	give_if(p, BPF_JSET, UINT32_MAX, refuse(0));
	load_high(p, fresh);
	give_if(p, BPF_JSET, UINT32_MAX, refuse(0));
	give(p, otherwise);
}

static void check_rlimit(struct program *p)
{
	check_core_limit(p, 0, 1, ALLOW);
}

static void check_prlimit(struct program *p)
{
	/* Without a pid namespace it may name anybody. */
	check_core_limit(p, 1, 2, p->bare ? (uint32_t)BORDER : (uint32_t)ALLOW);
}

static void (*const checks[KERN_CHECK_COUNT])(struct program *p) = {
    [KERN_CHECK_CLONE] = check_clone,
    [KERN_CHECK_UNSHARE] = check_unshare,
    [KERN_CHECK_SENDTO] = check_sendto,
    [KERN_CHECK_SOCKET] = check_socket,
    [KERN_CHECK_SOCKOPT] = check_sockopt,
    [KERN_CHECK_IOCTL] = check_ioctl,
    [KERN_CHECK_FCNTL] = check_fcntl,
    [KERN_CHECK_PRCTL] = check_prctl,
    [KERN_CHECK_PERSONALITY] = check_personality,
    [KERN_CHECK_CLOCK] = check_clock,
    [KERN_CHECK_RLIMIT] = check_rlimit,
    [KERN_CHECK_PRLIMIT] = check_prlimit,
    [KERN_CHECK_MMAP] = check_mmap,
};

/* ---- calls from the shim's range ---- */

/*
 * What opening for reading takes; no flag that makes, cuts or signals.
 *
 * And O_NOFOLLOW must be among them: a link of /proc/PID/fd leads to the object itself, past the
 * view's mounts and masks, and to what Landlock knows nothing of (pipes, memory files). The shim
 * adds it, and leaves links to the monitor.
 */
#define READ_FLAGS                                                                                 \
	((uint32_t)(O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_LARGEFILE |   \
		    LARGE_FILE | O_NOATIME | O_APPEND | O_DSYNC | O_SYNC | O_DIRECT))
#define CHANGE_FLAGS (READ_FLAGS | (uint32_t)(O_WRONLY | O_RDWR | O_CREAT | O_EXCL | O_TRUNC))
#define O_ACCESS     3u
#define LARGE_FILE   0100000u /* what C libraries for 64 bits call 0 */
/* Set-user-id bits on what a program makes would be the user's. */
#define PLAIN_MODE 01777u

static void give_native(struct program *p, unsigned native, unsigned wanted)
{
	give(p, (native & wanted) == wanted ? (uint32_t)ALLOW : refuse(CD_SHIM_UNSETTLED));
}

/*
 * Landlock and the mounts know what may be opened how. Not here: O_PATH, O_TMPFILE, O_ASYNC, and
 * flags that nobody knows.
 */
static void check_native_open(struct program *p, unsigned native, const struct kern_shape *shape)
{
	size_t nofollow, change, written, make;

	load_low(p, shape->flags - 1u);
	nofollow = jump_if(p, BPF_JSET, O_NOFOLLOW);
	give(p, refuse(CD_SHIM_UNSETTLED));
	land(p, nofollow);
	change = jump_if(p, BPF_JSET, ~READ_FLAGS);
	give_native(p, native, CD_NATIVE_READ);
	land(p, change);
	give_if(p, BPF_JSET, ~CHANGE_FLAGS, refuse(CD_SHIM_UNSETTLED));
	/* Open for writing, or for both: of an access mode of 3, and of cutting what is open for
	 * reading, Landlock is not asked. */
	emit(p, BPF_ALU | BPF_AND | BPF_K, O_ACCESS);
	written = jump_if(p, BPF_JEQ, O_WRONLY);
	give_if(p, BPF_JEQ, O_ACCESS, refuse(CD_SHIM_UNSETTLED));
	give_if(p, BPF_JEQ, O_RDONLY, refuse(CD_SHIM_UNSETTLED));
	land(p, written);
	load_low(p, shape->flags - 1u);
	make = jump_if(p, BPF_JSET, O_CREAT);
	give_native(p, native, CD_NATIVE_WRITE);
	land(p, make);
	load_low(p, shape->mode - 1u);
	give_if(p, BPF_JSET, ~PLAIN_MODE, refuse(CD_SHIM_UNSETTLED));
	give_native(p, native, CD_NATIVE_WRITE | CD_NATIVE_CREATE);
}

/* Is the call one that may be native? */
static bool is_native(const struct kern_syscall *call)
{
	if (call->class != KERN_BORDER)
		return false;
	switch (call->shape.verb) {
	case CD_VERB_EXEC:
		return !call->shape.dir; /* never from there: a memory file has no mount */
	case CD_VERB_OPEN: return call->shape.form == KERN_FORM_PLAIN && call->shape.flags;
	case CD_VERB_STAT:
	case CD_VERB_STATX:
	case CD_VERB_ACCESS:
	case CD_VERB_READLINK:
	case CD_VERB_STATFS:
	case CD_VERB_CHDIR:
	case CD_VERB_MKDIR:
	case CD_VERB_UNLINK: return true;
	default: return false;
	}
}

static void check_native(struct program *p, unsigned native, const struct kern_shape *shape)
{
	size_t shim;

	load(p, offsetof(struct seccomp_data, instruction_pointer) + KERN_HIGH_HALF);
	shim = jump_if(p, BPF_JEQ, CD_SHIM_HIGH);
	give(p, BORDER);
	land(p, shim);
	switch (shape->verb) {
	case CD_VERB_OPEN: check_native_open(p, native, shape); break;
	case CD_VERB_EXEC: give(p, refuse(CD_SHIM_UNSETTLED)); break;
	case CD_VERB_UNLINK: give_native(p, native, CD_NATIVE_REMOVE); break;
	case CD_VERB_MKDIR:
		load_low(p, shape->mode - 1u);
		give_if(p, BPF_JSET, ~PLAIN_MODE, refuse(CD_SHIM_UNSETTLED));
		give_native(p, native, CD_NATIVE_CREATE);
		break;
	case CD_VERB_ACCESS:
		/* Whether something is there, and no more: Linux does not ask Landlock here. */
		load_low(p, shape->mode - 1u);
		give_if(p, BPF_JSET, UINT32_MAX, refuse(CD_SHIM_UNSETTLED));
		give_native(p, native, CD_NATIVE_LOOK);
		break;
	default: give_native(p, native, CD_NATIVE_LOOK); break;
	}
}

/* Calls with the same key get the same block. */
static uint32_t native_key(const struct kern_shape *shape)
{
	switch (shape->verb) {
	case CD_VERB_OPEN:
	case CD_VERB_MKDIR:
	case CD_VERB_ACCESS:
		return shape->verb | (uint32_t)shape->flags << 8 | (uint32_t)shape->mode << 16;
	case CD_VERB_EXEC:
	case CD_VERB_UNLINK: return shape->verb;
	default: return CD_VERB_STAT;
	}
}

/* ---- the search ---- */

/* From `first` up to the next range, all calls meet the same fate. */
struct range {
	uint32_t first;
	enum kern_check check;		 /* unless NONE: decides */
	const struct kern_shape *native; /* unless NULL: where the call comes from decides */
	uint32_t verdict;
	size_t jump; /* to the check or block, while its place is not known; 0: it is, or there is
			none */
};

struct ranges {
	struct range at[KERN_SYSCALL_MAX + 1];
	size_t count;
};

/* What becomes of a call in this space; the check of a checked one knows by itself. */
static const struct kern_syscall *find_call(const struct program *p, uint32_t nr)
{
	if (p->bare && kern_syscalls[nr].class != KERN_CHECKED &&
	    kern_bare_syscalls[nr].class != KERN_UNKNOWN)
		return &kern_bare_syscalls[nr];
	return &kern_syscalls[nr];
}

/*
 * Calls that never wait, whatever is recorded: a signal that came first would end the wait with
 * EINTR, and who returns from a handler, or is no call that a program made, cannot take that. And
 * close_range, by which the program's process lets go of what the monitor waits to see closed
 * before it serves.
 */
static bool never_waits(uint32_t nr)
{
	static const uint32_t numbers[] = {KERN_NR_RT_SIGRETURN, KERN_NR_RESTART_SYSCALL,
					   KERN_NR_URETPROBE, KERN_NR_UPROBE, KERN_NR_CLOSE_RANGE};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i] == nr)
			return true;
	return false;
}

static bool waits(unsigned native, uint32_t nr)
{
	return (native & CD_RECORD_CALLS && !never_waits(nr)) ||
	       (native & CD_SHOW_USES && kern_is_use((int)nr));
}

static void add_number(struct ranges *ranges, unsigned native, uint32_t nr,
		       const struct kern_syscall *call)
{
	struct range next = {.first = nr, .verdict = refuse(ENOSYS)};
	const struct range *last = ranges->count ? &ranges->at[ranges->count - 1] : NULL;

	switch (call ? call->class : KERN_UNKNOWN) {
	case KERN_INTERNAL:
		next.verdict = waits(native, nr) ? BORDER : ALLOW;
		if (native & CD_SHOW_USES && nr == KERN_NR_MMAP)
			next.check = KERN_CHECK_MMAP;
		break;
	case KERN_BORDER: next.verdict = BORDER; break;
	case KERN_REFUSED: next.verdict = refuse(call->error); break;
	case KERN_CHECKED: next.check = call->check; break;
	case KERN_UNKNOWN: break;
	}
	if (native & CD_NATIVE_ALL && call && is_native(call))
		next.native = &call->shape;
	if (native & CD_NATIVE_LISTEN && call && call->shape.verb == CD_VERB_LISTEN)
		next.verdict = ALLOW;
	if (!last || last->check != next.check || last->verdict != next.verdict || next.native ||
	    last->native)
		ranges->at[ranges->count++] = next;
}

/* Where half of the numbers up to `end` are on either side: Linux runs the program for each of them
 * when it is installed. */
static size_t middle(const struct range *ranges, size_t count, uint32_t end)
{
	const uint32_t half = (ranges[0].first + end) / 2;
	size_t at = 1;

	while (at + 1 < count && ranges[at + 1].first <= half)
		at++;
	return at;
}

/* The smaller numbers follow at once, the greater ones after them. */
static void search(struct program *p, struct range *ranges, size_t count, uint32_t end)
{
	size_t half, greater;

	if (count == 1) {
		if (ranges->check == KERN_CHECK_NONE && !ranges->native)
			give(p, ranges->verdict);
		else
			ranges->jump = jump(p);
		return;
	}
	half = middle(ranges, count, end);
	greater = jump_if(p, BPF_JGE, ranges[half].first);
	/* n leaves and n - 1 comparisons; a conditional jump reaches 255 instructions. */
	if (2 * half - 1 > UINT8_MAX) {
		if (!p->failed)
			p->code[greater].jf = 1;
		greater = jump(p);
	}
	search(p, ranges, half, ranges[half].first);
	land(p, greater);
	search(p, ranges + half, count - half, end);
}

/* One block for all calls of the same kind. */
static void emit_native(struct program *p, unsigned native, struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		if (!ranges->at[i].native || !ranges->at[i].jump)
			continue;
		for (size_t j = i + 1; j < ranges->count; j++)
			if (ranges->at[j].native && ranges->at[j].jump &&
			    native_key(ranges->at[i].native) == native_key(ranges->at[j].native)) {
				land(p, ranges->at[j].jump);
				ranges->at[j].jump = 0;
			}
		land(p, ranges->at[i].jump);
		check_native(p, native, ranges->at[i].native);
	}
}

enum cd_status kern_filter_build(unsigned native, bool bare, const struct cd_requests *requests,
				 struct sock_filter code[KERN_FILTER_MAX], size_t *count)
{
	struct program p = {.code = code,
			    .bare = bare,
			    .uses = native & CD_SHOW_USES,
			    .records_calls = native & CD_RECORD_CALLS,
			    .requests = requests};
	struct ranges ranges = {.count = 0};
	size_t ours;

	load(&p, offsetof(struct seccomp_data, arch));
	ours = jump_if(&p, BPF_JEQ, KERN_AUDIT_ARCH);
	give(&p, refuse(ENOSYS));
	land(&p, ours);

	for (uint32_t nr = 0; nr < KERN_SYSCALL_MAX; nr++)
		add_number(&ranges, native, nr, find_call(&p, nr));
	add_number(&ranges, native, KERN_SYSCALL_MAX, NULL);
	load(&p, offsetof(struct seccomp_data, nr));
	search(&p, ranges.at, ranges.count, KERN_SYSCALL_MAX);

	for (unsigned check = KERN_CHECK_NONE + 1; check < KERN_CHECK_COUNT; check++) {
		if (check == KERN_CHECK_MMAP && !p.uses)
			continue;
		for (size_t i = 0; i < ranges.count; i++)
			if (ranges.at[i].check == check)
				land(&p, ranges.at[i].jump);
		checks[check](&p);
	}
	emit_native(&p, native, &ranges);
	if (p.failed)
		return CD_ELIMIT;
	*count = p.count;
	return kern_shorten(code, KERN_FILTER_MAX, count);
}
