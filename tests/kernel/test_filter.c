/*
 * The filter: a small interpreter runs the program against a model of what the table says; then the
 * host's kernel runs it against attacks, each of which is first seen to succeed where there is no
 * filter.
 */
#include "kernel/filter.h"

#include <asm/ioctls.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/syscalls.h"
#include "kernel/uses.h"

#define ALLOW	      SECCOMP_RET_ALLOW
#define BORDER	      SECCOMP_RET_USER_NOTIF
#define REFUSE(error) (SECCOMP_RET_ERRNO | (uint32_t)(error))

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct sock_filter code[KERN_FILTER_MAX];
static size_t code_len;

static void build(void)
{
	cr_assert_eq(kern_filter_build(0, false, NULL, code, &code_len), CD_OK);
}

/* ---- an interpreter of classic BPF, as strict as the kernel's checker ---- */

struct run {
	uint32_t verdict;
	unsigned steps;
	bool looked_at_arguments;
};

static uint32_t word_at(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	cr_assert(offset % 4 == 0 && offset <= sizeof(*data) - 4, "load at %u", offset);
	memcpy(&word, (const char *)data + offset, 4);
	return word;
}

static bool holds(uint16_t test, uint32_t a, uint32_t k)
{
	switch (test) {
	case BPF_JEQ: return a == k;
	case BPF_JGE: return a >= k;
	case BPF_JGT: return a > k;
	case BPF_JSET: return a & k;
	}
	cr_assert(false, "test %#x", test);
	return false;
}

static struct run interpret(const struct seccomp_data *data)
{
	struct run run = {0};
	uint32_t a = 0;

	for (size_t pc = 0; pc < code_len; pc++) {
		const struct sock_filter *i = &code[pc];

		run.steps++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = word_at(data, i->k);
			run.looked_at_arguments |=
			    i->k >= offsetof(struct seccomp_data, instruction_pointer);
			break;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
		case BPF_JMP | BPF_JA: pc += i->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += holds(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K: run.verdict = i->k; return run;
		default: cr_assert(false, "instruction %#x at %zu", i->code, pc);
		}
	}
	cr_assert(false, "ran past the end");
	return run;
}

static struct seccomp_data native(int nr)
{
	return (struct seccomp_data){
	    .nr = nr, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = 0x7f0012345678};
}

static uint32_t ask(int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	struct seccomp_data data = native(nr);

	data.args[0] = a0;
	data.args[1] = a1;
	data.args[2] = a2;
	data.args[3] = a3;
	data.args[4] = a4;
	return interpret(&data).verdict;
}

/* ---- the model: what syscalls.h says, said once more in C ---- */

static uint32_t model_commands(enum kern_check check, uint32_t value, uint32_t otherwise)
{
	for (const struct kern_command *c = kern_commands; c->check != KERN_CHECK_NONE; c++)
		if (c->check == check && c->value == value)
			return c->class == KERN_INTERNAL ? ALLOW
			       : c->class == KERN_BORDER ? BORDER
							 : REFUSE(c->error);
	return otherwise;
}

/* As Linux declares them: socket(int, int, int). */
static uint32_t model_socket(int domain, int type, int protocol)
{
	type &= 0xf;
	if (domain == AF_UNIX) {
		if (type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET)
			return ALLOW;
		return REFUSE(type == SOCK_RAW ? EPERM : type > 10 ? EINVAL : ESOCKTNOSUPPORT);
	}
	if (domain == AF_NETLINK)
		return protocol == 0 ? ALLOW : REFUSE(EPROTONOSUPPORT);
	if (domain != AF_INET && domain != AF_INET6)
		return REFUSE(EAFNOSUPPORT);
	if (type == SOCK_RAW)
		return REFUSE(protocol ? EPERM : EPROTONOSUPPORT);
	if (type != SOCK_STREAM && type != SOCK_DGRAM)
		return REFUSE(type > 10 ? EINVAL : ESOCKTNOSUPPORT);
	if (protocol == 0 || protocol == (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
		return ALLOW;
	return REFUSE(EPROTONOSUPPORT);
}

static uint32_t model_unshare(uint64_t flags)
{
	const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
				    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;
	const uint64_t known = namespaces | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_VM |
			       CLONE_SIGHAND | CLONE_THREAD;

	if (flags & namespaces)
		return REFUSE(EPERM);
	return flags & ~known ? REFUSE(EINVAL) : ALLOW;
}

static uint32_t model_clone(uint32_t flags)
{
	return flags & (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
		   ? REFUSE(EPERM)
		   : ALLOW;
}

static uint32_t model_fcntl(uint32_t command, uint64_t argument)
{
	if (command == F_SETFL && argument & O_ASYNC)
		return BORDER;
	return model_commands(KERN_CHECK_FCNTL, command, REFUSE(EINVAL));
}

static uint32_t model_sockopt(uint32_t level, uint32_t option)
{
	if (level > 0xffff || option > 0xffff)
		return REFUSE(ENOPROTOOPT);
	return model_commands(KERN_CHECK_SOCKOPT, level << 16 | option, REFUSE(ENOPROTOOPT));
}

static uint32_t model_check(enum kern_check check, const __u64 *args)
{
	switch (check) {
	case KERN_CHECK_CLONE: return model_clone((uint32_t)args[0]);
	case KERN_CHECK_UNSHARE: return model_unshare(args[0]);
	case KERN_CHECK_RLIMIT:
		return (uint32_t)args[0] == RLIMIT_CORE && args[1] ? REFUSE(0) : ALLOW;
	case KERN_CHECK_PRLIMIT:
		return (uint32_t)args[1] == RLIMIT_CORE && args[2] ? REFUSE(0) : ALLOW;
	case KERN_CHECK_SENDTO: return args[4] || args[3] & MSG_FASTOPEN ? BORDER : ALLOW;
	case KERN_CHECK_SOCKET: return model_socket((int)args[0], (int)args[1], (int)args[2]);
	case KERN_CHECK_SOCKOPT: return model_sockopt((uint32_t)args[1], (uint32_t)args[2]);
	case KERN_CHECK_IOCTL: return model_commands(check, (uint32_t)args[1], BORDER);
	case KERN_CHECK_FCNTL: return model_fcntl((uint32_t)args[1], args[2]);
	case KERN_CHECK_PRCTL: return model_commands(check, (uint32_t)args[0], REFUSE(EINVAL));
	case KERN_CHECK_PERSONALITY: return model_commands(check, (uint32_t)args[0], REFUSE(EPERM));
	case KERN_CHECK_CLOCK: return model_commands(check, (uint32_t)args[0], REFUSE(EPERM));
	case KERN_CHECK_NONE:
	case KERN_CHECK_MMAP:
	case KERN_CHECK_COUNT: break;
	}
	cr_assert(false, "check %d", (int)check);
	return 0;
}

static uint32_t model(const struct seccomp_data *data)
{
	const struct kern_syscall *call;

	if (data->arch != AUDIT_ARCH_X86_64 || data->nr < 0 || data->nr >= KERN_SYSCALL_MAX)
		return REFUSE(ENOSYS);
	call = &kern_syscalls[data->nr];
	switch (call->class) {
	case KERN_INTERNAL: return ALLOW;
	case KERN_BORDER: return BORDER;
	case KERN_REFUSED: return REFUSE(call->error);
	case KERN_CHECKED: return model_check(call->check, data->args);
	case KERN_UNKNOWN: break;
	}
	return REFUSE(ENOSYS);
}

/* ---- arguments: random ones, near what the checks look for ---- */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t interesting(void)
{
	static size_t commands;

	if (!commands)
		while (kern_commands[commands].check != KERN_CHECK_NONE)
			commands++;
	switch (random_word() % 8) {
	case 0: return 0;
	case 1: return 1ull << random_word() % 64;
	case 2: return random_word();
	case 3: return random_word() % 20;
	case 4: return SOCK_CLOEXEC | random_word() % 8;
	case 5: return 1ull << random_word() % 32 | SIGCHLD;
	default: return kern_commands[random_word() % commands].value;
	}
}

static uint64_t random_argument(void)
{
	uint64_t value = interesting();

	return random_word() % 2 ? value : value | random_word() << 32;
}

static void compare_random(int nr, uint32_t arch)
{
	struct seccomp_data data = native(nr);

	data.arch = arch;
	data.instruction_pointer = random_word();
	for (int i = 0; i < 6; i++)
		data.args[i] = random_argument();
	cr_assert_eq(interpret(&data).verdict, model(&data),
		     "nr %d arch %#x: %#x, not %#x (%#llx %#llx %#llx %#llx %#llx)", nr, arch,
		     interpret(&data).verdict, model(&data), data.args[0], data.args[1],
		     data.args[2], data.args[3], data.args[4]);
}

Test(filter, agrees_with_the_table_for_every_number, .init = build)
{
	for (int nr = 0; nr <= 600; nr++)
		for (int i = 0; i < 200; i++)
			compare_random(nr, AUDIT_ARCH_X86_64);
}

Test(filter, agrees_with_the_model_on_many_registers_of_checked_calls, .init = build)
{
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++)
		for (int i = 0; i < 100000 && kern_syscalls[nr].class == KERN_CHECKED; i++)
			compare_random(nr, AUDIT_ARCH_X86_64);
}

Test(filter, other_architectures_have_no_calls, .init = build)
{
	static const uint32_t others[] = {AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0,
					  EM_X86_64,	   UINT32_MAX};

	for (size_t i = 0; i < COUNT(others); i++)
		for (int nr = 0; nr <= 600; nr++) {
			struct seccomp_data data = native(nr);

			data.arch = others[i];
			cr_assert_eq(interpret(&data).verdict, REFUSE(ENOSYS));
		}
}

Test(filter, x32_and_negative_numbers_do_not_exist, .init = build)
{
	for (int64_t nr = 0; nr <= 600; nr++) {
		cr_assert_eq(ask((int)(0x40000000 + nr), 0, 0, 0, 0, 0), REFUSE(ENOSYS));
		cr_assert_eq(ask((int)(-1 - nr), 0, 0, 0, 0, 0), REFUSE(ENOSYS));
		cr_assert_eq(ask((int)(INT32_MIN + nr), 0, 0, 0, 0, 0), REFUSE(ENOSYS));
	}
	cr_assert_eq(ask(INT32_MAX, 0, 0, 0, 0, 0), REFUSE(ENOSYS));
}

/* What the kernel's bitmap of always allowed calls rests on (seccomp_is_const_allow). */
Test(filter, unconditional_calls_are_decided_without_their_arguments, .init = build)
{
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		struct seccomp_data data = native(nr);
		struct run run = interpret(&data);

		cr_expect_eq(run.looked_at_arguments, kern_syscalls[nr].class == KERN_CHECKED, "%d",
			     nr);
		if (kern_syscalls[nr].class != KERN_CHECKED)
			cr_expect_leq(run.steps, 16, "%d takes %u steps", nr, run.steps);
	}
}

Test(filter, every_jump_lands_inside_and_every_way_ends_in_a_verdict, .init = build)
{
	cr_assert_gt(code_len, 0);
	cr_assert_leq(code_len, KERN_FILTER_MAX);
	cr_expect_eq(BPF_CLASS(code[code_len - 1].code), BPF_RET);
	for (size_t pc = 0; pc < code_len; pc++) {
		const struct sock_filter *i = &code[pc];

		if (i->code == (BPF_JMP | BPF_JA))
			cr_expect_lt(pc + 1 + i->k, code_len);
		else if (BPF_CLASS(i->code) == BPF_JMP)
			cr_expect(pc + 1 + i->jt < code_len && pc + 1 + i->jf < code_len);
	}
}

/* A jump whose target was forgotten is a jump to the next instruction. */
Test(filter, no_instruction_is_out_of_reach, .init = build)
{
	bool reached[KERN_FILTER_MAX] = {true};

	for (size_t pc = 0; pc < code_len; pc++) {
		const struct sock_filter *i = &code[pc];

		if (!reached[pc] || BPF_CLASS(i->code) == BPF_RET)
			continue;
		if (i->code == (BPF_JMP | BPF_JA)) {
			reached[pc + 1 + i->k] = true;
		} else if (BPF_CLASS(i->code) == BPF_JMP) {
			reached[pc + 1 + i->jt] = true;
			reached[pc + 1 + i->jf] = true;
		} else {
			reached[pc + 1] = true;
		}
	}
	for (size_t pc = 0; pc < code_len; pc++)
		cr_expect(reached[pc], "instruction %zu", pc);
}

/* ---- single decisions, by name ---- */

#define RUBBISH 0xdeadbeef00000000ull

Test(filter, rubbish_above_a_command_changes_nothing, .init = build)
{
	cr_expect_eq(ask(SYS_ioctl, 0, TIOCSTI, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_ioctl, 0, RUBBISH | TIOCSTI, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_ioctl, 0, RUBBISH | TIOCLINUX, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_ioctl, 0, RUBBISH | TCGETS, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_fcntl, 0, RUBBISH | F_SETLEASE, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_fcntl, 0, RUBBISH | F_NOTIFY, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_fcntl, 0, RUBBISH | F_SET_RW_HINT, 0, 0, 0), REFUSE(EINVAL));
	cr_expect_eq(ask(SYS_prctl, RUBBISH | PR_SET_DUMPABLE, 0, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_prctl, RUBBISH | PR_SET_MM, 0, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_personality, RUBBISH | READ_IMPLIES_EXEC, 0, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_personality, RUBBISH | PER_LINUX, 0, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_clock_settime, RUBBISH | CLOCK_REALTIME, 0, 0, 0, 0), ALLOW);
	/* A clock that is a device, by a descriptor of it: 3. */
	cr_expect_eq(ask(SYS_clock_settime, ~3u * 8 + 3, 0, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_clock_adjtime, RUBBISH | CLOCK_TAI, 0, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_setrlimit, RUBBISH | RLIMIT_CORE, 0x1000, 0, 0, 0), REFUSE(0));
	cr_expect_eq(ask(SYS_setrlimit, RLIMIT_NOFILE, 0x1000, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_prlimit64, 0, RUBBISH | RLIMIT_CORE, UINT64_C(1) << 32, 0, 0),
		     REFUSE(0));
	cr_expect_eq(ask(SYS_prlimit64, 0, RLIMIT_CORE, 0, 0x1000, 0), ALLOW);
	cr_expect_eq(ask(SYS_socket, RUBBISH | AF_NETLINK, SOCK_RAW, NETLINK_AUDIT, 0, 0),
		     REFUSE(EPROTONOSUPPORT));
	cr_expect_eq(
	    ask(SYS_socket, RUBBISH | AF_INET, RUBBISH | SOCK_RAW, RUBBISH | IPPROTO_ICMP, 0, 0),
	    REFUSE(EPERM));
	cr_expect_eq(ask(SYS_clone, RUBBISH | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), REFUSE(EPERM));
}

Test(filter, knows_options_of_sockets_by_level_and_number, .init = build)
{
	static const unsigned levels[] = {0, 1, 2, 6, 17, 41, 263, 270, 0x10000, UINT32_MAX};

	for (size_t i = 0; i < COUNT(levels); i++)
		for (unsigned option = 0; option < 300; option++)
			cr_assert_eq(ask(SYS_setsockopt, 3, levels[i], option, 0, 0),
				     model_sockopt(levels[i], option), "%u %u", levels[i], option);
	cr_expect_eq(ask(SYS_setsockopt, 3, RUBBISH | SOL_TCP, RUBBISH | TCP_NODELAY, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_setsockopt, 3, SOL_TCP, TCP_ULP, 0, 0), REFUSE(ENOPROTOOPT));
	cr_expect_eq(ask(SYS_setsockopt, 3, IPPROTO_IP, IP_OPTIONS, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_setsockopt, 3, RUBBISH | IPPROTO_IP, IP_ADD_MEMBERSHIP, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_setsockopt, 3, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, 0, 0),
		     REFUSE(ENOPROTOOPT));
}

Test(filter, an_address_in_either_half_is_an_address, .init = build)
{
	cr_expect_eq(ask(SYS_sendto, 3, 0, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_sendto, 3, 0, 0, 0, 0x1000), BORDER);
	cr_expect_eq(ask(SYS_sendto, 3, 0, 0, 0, 0x700000000000), BORDER);
	cr_expect_eq(ask(SYS_sendto, 3, 0, 0, MSG_FASTOPEN, 0), BORDER);
	cr_expect_eq(ask(SYS_sendto, 3, 0, 0, RUBBISH | MSG_NOSIGNAL, 0), ALLOW);
}

Test(filter, unshare_with_a_bit_that_linux_6_18_does_not_know_is_invalid, .init = build)
{
	cr_expect_eq(ask(SYS_unshare, CLONE_FILES, 0, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_unshare, 0, 0, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_unshare, CLONE_NEWTIME, 0, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_unshare, 0x00100000, 0, 0, 0, 0), REFUSE(EINVAL));
	cr_expect_eq(ask(SYS_unshare, 1ull << 36 | CLONE_FILES, 0, 0, 0, 0), REFUSE(EINVAL));
}

/* glibc's fork and pthread_create, and musl's: exactly these flags. */
Test(filter, what_libcs_give_clone_is_allowed, .init = build)
{
	cr_expect_eq(ask(SYS_clone, 0x01200011, 0, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_clone, 0x003d0f00, 0, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_clone, 0x007d0f00, 0, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0), ALLOW);
}

Test(filter, socketpair_loads_no_protocol_either, .init = build)
{
	cr_expect_eq(ask(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_socketpair, AF_TIPC, SOCK_STREAM, 0, 0, 0), REFUSE(EAFNOSUPPORT));
}

Test(filter, setting_o_async_is_refused_and_every_other_flag_is_not, .init = build)
{
	cr_expect_eq(ask(SYS_fcntl, 0, F_SETFL, O_NONBLOCK | O_APPEND, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_fcntl, 0, F_SETFL, O_NONBLOCK | O_ASYNC, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_fcntl, 0, RUBBISH | F_SETFL, RUBBISH | O_ASYNC, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_fcntl, 0, F_DUPFD, O_ASYNC, 0, 0), ALLOW);
}

/* ---- the same program in the host's kernel ---- */

#define AT_THE_BORDER 777 /* stands for SECCOMP_RET_USER_NOTIF where there is no monitor */

static long raw(long nr, long a0, long a1, long a2, long a3, long a4, long a5)
{
	long result = syscall(nr, a0, a1, a2, a3, a4, a5);

	return result == -1 ? -errno : result;
}

#define CALL(nr, a0, a1, a2, a3, a4)                                                               \
	raw(nr, (long)(a0), (long)(a1), (long)(a2), (long)(a3), (long)(a4), 0)

static void install(void)
{
	struct sock_filter patched[KERN_FILTER_MAX];
	struct sock_fprog program = {.filter = patched};
	size_t len;

	if (kern_filter_build(0, false, NULL, patched, &len) != CD_OK)
		_exit(120);
	program.len = (unsigned short)len;
	for (size_t i = 0; i < len; i++)
		if (BPF_CLASS(patched[i].code) == BPF_RET && patched[i].k == SECCOMP_RET_USER_NOTIF)
			patched[i].k = SECCOMP_RET_ERRNO | AT_THE_BORDER;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(121);
}

struct attempt {
	const char *name;
	int (*prepare)(void); /* before the filter; what it returns is given to act; NULL: 0 */
	long (*act)(int fd);  /* -errno or success */
	long expected;	      /* under the filter */
};

/* In a child of its own, because no filter can be taken off again. INT32_MIN: it died. */
static long perform(const struct attempt *attempt, bool filtered)
{
	int results[2], status;
	long result = INT32_MIN;
	pid_t child;

	cr_assert_eq(pipe(results), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		int fd = attempt->prepare ? attempt->prepare() : 0;

		alarm(10);
		if (filtered)
			install();
		result = attempt->act(fd);
		_exit(write(results[1], &result, sizeof(result)) == sizeof(result) ? 0 : 122);
	}
	close(results[1]);
	if (read(results[0], &result, sizeof(result)) != sizeof(result))
		result = INT32_MIN;
	close(results[0]);
	waitpid(child, &status, 0);
	return result;
}

/* An attack that does not work without the filter proves nothing: said, and counted by the caller.
 */
static unsigned perform_all(const struct attempt *attempts, size_t count)
{
	unsigned proven = 0;

	for (size_t i = 0; i < count; i++) {
		long free = perform(&attempts[i], false), held = perform(&attempts[i], true);

		cr_expect_eq(held, attempts[i].expected, "%s: %ld, not %ld", attempts[i].name, held,
			     attempts[i].expected);
		if (free >= 0)
			proven++;
		else
			cr_log_warn(
			    "%s: %ld without the filter, so this machine cannot show the attack",
			    attempts[i].name, free);
	}
	return proven;
}

static int prepare_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;

	setsid();
	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	terminal = open(ptsname(master), O_RDWR);
	ioctl(terminal, TIOCSCTTY, 0);
	return terminal;
}

static int prepare_file(void)
{
	char name[] = "/tmp/cordon-filter-XXXXXX";
	int fd = mkstemp(name);
	int reader = open(name, O_RDONLY);

	unlink(name);
	close(fd);
	return reader;
}

static int prepare_socket(void)
{
	int ends[2];

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) ? -1 : ends[0];
}

static int prepare_self_pidfd(void)
{
	return (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static long act_newuser(int fd)
{
	(void)fd;
	return CALL(SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0);
}

static long wait_for(long child)
{
	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid((pid_t)child, NULL, 0);
	return child < 0 ? child : 0;
}

static long act_clone_newuser(int fd)
{
	(void)fd;
	return wait_for(CALL(SYS_clone, RUBBISH | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

static long act_clone3(int fd)
{
	struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};

	(void)fd;
	return wait_for(CALL(SYS_clone3, &args, sizeof(args), 0, 0, 0));
}

static long act_setns(int fd)
{
	return CALL(SYS_setns, fd, CLONE_NEWUTS, 0, 0, 0);
}

static int prepare_namespace(void)
{
	return open("/proc/self/ns/uts", O_RDONLY);
}

static long act_tiocsti(int fd)
{
	return CALL(SYS_ioctl, fd, TIOCSTI, "x", 0, 0);
}

static long act_tiocsti_rubbish(int fd)
{
	return CALL(SYS_ioctl, fd, RUBBISH | TIOCSTI, "x", 0, 0);
}

static long act_netlink(int fd)
{
	(void)fd;
	return CALL(SYS_socket, RUBBISH | AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT, 0, 0);
}

/* Packets that go to the first stop of a route instead of where the socket leads. */
static long act_source_route(int fd)
{
	static const unsigned char route[] = {131, 7, 4, 127, 0, 0, 2, 0};

	return CALL(SYS_setsockopt, fd, RUBBISH | IPPROTO_IP, RUBBISH | IP_OPTIONS, route,
		    sizeof(route));
}

static int prepare_datagrams(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static long act_raw_socket(int fd)
{
	(void)fd;
	return CALL(SYS_socket, AF_INET, RUBBISH | SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP, 0, 0);
}

static long act_packet_socket(int fd)
{
	(void)fd;
	return CALL(SYS_socket, AF_PACKET, SOCK_DGRAM, 0, 0, 0);
}

static long act_personality(int fd)
{
	(void)fd;
	return CALL(SYS_personality, RUBBISH | READ_IMPLIES_EXEC, 0, 0, 0, 0);
}

static long act_set_mm(int fd)
{
	unsigned size;

	(void)fd;
	return CALL(SYS_prctl, RUBBISH | PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0);
}

static long act_ptrace(int fd)
{
	(void)fd;
	return CALL(SYS_ptrace, 0 /* PTRACE_TRACEME */, 0, 0, 0, 0);
}

static long act_read_memory(int fd)
{
	char from = 'x', to;
	struct iovec local = {&to, 1}, remote = {&from, 1};

	(void)fd;
	return raw(SYS_process_vm_readv, getpid(), (long)&local, 1, (long)&remote, 1, 0);
}

static long act_pidfd_getfd(int fd)
{
	return CALL(SYS_pidfd_getfd, fd, fd, 0, 0, 0);
}

static long act_io_uring(int fd)
{
	struct io_uring_params params = {0};

	(void)fd;
	return CALL(SYS_io_uring_setup, 1, &params, 0, 0, 0);
}

static long act_bpf(int fd)
{
	union bpf_attr attr = {
	    .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	(void)fd;
	return CALL(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr), 0, 0);
}

static long act_perf(int fd)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_DUMMY,
				       .exclude_kernel = 1};

	(void)fd;
	return CALL(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static long act_keyctl(int fd)
{
	(void)fd;
	return CALL(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1, 0, 0) != 0
		   ? CALL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
		   : 0;
}

static long act_userfaultfd(int fd)
{
	(void)fd;
	return CALL(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */, 0, 0, 0, 0);
}

static long act_landlock(int fd)
{
	(void)fd;
	return CALL(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION, 0, 0);
}

static long act_open_tree(int fd)
{
	(void)fd;
	return CALL(SYS_open_tree, AT_FDCWD, "/", 0, 0, 0);
}

static long act_fsopen(int fd)
{
	(void)fd;
	return CALL(SYS_fsopen, "tmpfs", 0, 0, 0, 0);
}

static long act_handle(int fd)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + 128);
	int mount;

	handle->handle_bytes = 128;
	return CALL(SYS_name_to_handle_at, fd, "", handle, &mount, AT_EMPTY_PATH);
}

static long act_kcmp(int fd)
{
	(void)fd;
	return CALL(SYS_kcmp, getpid(), getpid(), 1 /* KCMP_VM */, 0, 0);
}

static long act_sethostname(int fd)
{
	char name[64];

	(void)fd;
	gethostname(name, sizeof(name));
	return CALL(SYS_sethostname, name, strlen(name), 0, 0, 0);
}

static long act_open(int fd)
{
	(void)fd;
	return CALL(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0, 0);
}

static long act_fchmod(int fd)
{
	return CALL(SYS_fchmod, fd, 0600, 0, 0, 0);
}

static long act_sendto_address(int fd)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0cordon-filter"};
	int listener = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)fd;
	bind(listener, (struct sockaddr *)&name, sizeof(name));
	return raw(SYS_sendto, socket(AF_UNIX, SOCK_DGRAM, 0), (long)"x", 1, 0, (long)&name,
		   sizeof(name));
}

static long act_sendmsg(int fd)
{
	struct iovec byte = {"x", 1};
	struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1};

	return CALL(SYS_sendmsg, fd, &message, 0, 0, 0);
}

static long act_dumpable(int fd)
{
	(void)fd;
	return CALL(SYS_prctl, RUBBISH | PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static long act_window_size(int fd)
{
	struct winsize size = {.ws_row = 5, .ws_col = 5};

	return CALL(SYS_ioctl, fd, RUBBISH | TIOCSWINSZ, &size, 0, 0);
}

static long act_int80_getpid(int fd)
{
	long result;

	(void)fd;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* A filter of its own that allows everything must not loosen ours. It is there before: later, it
 * would cross the border, and nobody serves here. */
static int allow_everything(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &all};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(123);
	return 0;
}

/* Dispatch that lets everything pass must not carry a call around the filter. */
static long act_newuser_under_dispatch(int fd)
{
	static volatile char selector = 0; /* SYSCALL_DISPATCH_FILTER_ALLOW */

	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1 /* ON */, 0, 0, &selector))
		_exit(124);
	return act_newuser(fd);
}

Test(filter_native, attacks_that_work_without_it_fail_with_it)
{
	static const struct attempt attacks[] = {
	    {"unshare(CLONE_NEWUSER)", NULL, act_newuser, -EPERM},
	    {"the same with a filter of its own", allow_everything, act_newuser, -EPERM},
	    {"the same under user dispatch", NULL, act_newuser_under_dispatch, -EPERM},
	    {"clone(CLONE_NEWUSER)", NULL, act_clone_newuser, -EPERM},
	    {"clone3(CLONE_NEWUSER)", NULL, act_clone3, -ENOSYS},
	    {"setns", prepare_namespace, act_setns, -EPERM},
	    {"TIOCSTI", prepare_terminal, act_tiocsti, -EPERM},
	    {"TIOCSTI with rubbish above", prepare_terminal, act_tiocsti_rubbish, -EPERM},
	    {"netlink socket", NULL, act_netlink, -EPROTONOSUPPORT},
	    {"source route", prepare_datagrams, act_source_route, -EPERM},
	    {"raw socket", NULL, act_raw_socket, -EPERM},
	    {"packet socket", NULL, act_packet_socket, -EAFNOSUPPORT},
	    {"READ_IMPLIES_EXEC", NULL, act_personality, -EPERM},
	    {"PR_SET_MM", NULL, act_set_mm, -EPERM},
	    {"io_uring", NULL, act_io_uring, -ENOSYS},
	    {"bpf", NULL, act_bpf, -EPERM},
	    {"perf_event_open", NULL, act_perf, -EACCES},
	    {"keyctl", NULL, act_keyctl, -ENOSYS},
	    {"userfaultfd", NULL, act_userfaultfd, -EPERM},
	    {"landlock_create_ruleset", NULL, act_landlock, -EOPNOTSUPP},
	    {"open_tree", NULL, act_open_tree, -ENOSYS},
	    {"fsopen", NULL, act_fsopen, -ENOSYS},
	    {"sethostname", NULL, act_sethostname, -EPERM},
	    {"int $0x80", NULL, act_int80_getpid, -ENOSYS},
	};
	unsigned proven = perform_all(attacks, COUNT(attacks));

	/* An unprivileged user, or a machine that lacks something, cannot show them all. */
	cr_expect_geq(proven, COUNT(attacks) / 2, "only %u of %zu attacks work natively", proven,
		      COUNT(attacks));
}

Test(filter_native, what_names_something_outside_arrives_at_the_border)
{
	static const struct attempt calls[] = {
	    {"openat", NULL, act_open, -AT_THE_BORDER},
	    {"fchmod of a descriptor for reading", prepare_file, act_fchmod, -AT_THE_BORDER},
	    {"sendto with an address", NULL, act_sendto_address, -AT_THE_BORDER},
	    {"sendmsg", prepare_socket, act_sendmsg, -AT_THE_BORDER},
	    {"PR_SET_DUMPABLE", NULL, act_dumpable, -AT_THE_BORDER},
	    {"TIOCSWINSZ", prepare_terminal, act_window_size, -AT_THE_BORDER},
	    {"ptrace", NULL, act_ptrace, -AT_THE_BORDER},
	    {"process_vm_readv", NULL, act_read_memory, -AT_THE_BORDER},
	    {"pidfd_getfd", prepare_self_pidfd, act_pidfd_getfd, -AT_THE_BORDER},
	    {"kcmp", NULL, act_kcmp, -AT_THE_BORDER},
	    {"name_to_handle_at", prepare_file, act_handle, -AT_THE_BORDER},
	};

	cr_expect_eq(perform_all(calls, COUNT(calls)), COUNT(calls));
}

/* Nothing of the C library may run between a failed call and its exit, so each step has a number.
 */
static void *in_thread(void *argument)
{
	*(int *)argument = 1;
	return NULL;
}

static long act_ordinary_life(int fd)
{
	pthread_t thread;
	int ends[2], seen = 0, status;
	char byte = 0;
	pid_t child;

	(void)fd;
	if (pipe(ends) || write(ends[1], "a", 1) != 1 || read(ends[0], &byte, 1) != 1 ||
	    byte != 'a')
		return -1;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) || read(ends[0], &byte, 1) != -1 || errno != EAGAIN)
		return -2;
	child = fork();
	if (child == 0)
		_exit(7);
	if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7)
		return -3;
	if (pthread_create(&thread, NULL, in_thread, &seen) || pthread_join(thread, NULL) || !seen)
		return -4;
	if (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	    MAP_FAILED)
		return -5;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) ||
	    send(ends[0], "b", 1, MSG_NOSIGNAL) != 1 || recv(ends[1], &byte, 1, 0) != 1 ||
	    byte != 'b')
		return -6;
	if (socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) < 0 && errno != EAFNOSUPPORT)
		return -7;
	if (memfd_create("m", MFD_CLOEXEC) < 0 || prctl(PR_SET_NAME, "named", 0, 0, 0))
		return -8;
	if (unshare(CLONE_FILES) || personality(0xffffffff) < 0)
		return -9;
	sync();
	return 0;
}

Test(filter_native, ordinary_life_goes_on)
{
	static const struct attempt life = {"", NULL, act_ordinary_life, 0};

	cr_expect_eq(perform(&life, false), 0);
	cr_expect_eq(perform(&life, true), 0);
}

static long act_second_listener(int fd)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &all};
	/* Another filter crosses the border, where the monitor lets it pass. */
	struct sock_filter own[3 + KERN_FILTER_MAX] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog first = {.filter = own};
	size_t len;

	(void)fd;
	if (kern_filter_build(0, false, NULL, own + 3, &len) != CD_OK)
		return -1;
	first.len = (unsigned short)(len + 3);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &first, 0,
		 0) < 0)
		return -2;
	return CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		    &program, 0, 0);
}

Test(filter_native, takes_a_listener_and_keeps_a_second_one_out)
{
	static const struct attempt attempt = {"", NULL, act_second_listener, 0};

	cr_expect_eq(perform(&attempt, false), -EBUSY);
}

/* With every call blocked by user dispatch, the call becomes a signal; it does not happen. */
static long act_dispatch_block(int fd)
{
	static volatile char selector = 0;

	(void)fd;
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector))
		return -1;
	selector = 1; /* SYSCALL_DISPATCH_FILTER_BLOCK */
	return CALL(SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0);
}

Test(filter_native, user_dispatch_only_turns_calls_into_signals)
{
	static const struct attempt attempt = {"", NULL, act_dispatch_block, 0};

	cr_expect_eq(perform(&attempt, true), INT32_MIN);
}

/* ---- without namespaces ---- */

static void build_bare(void)
{
	cr_assert_eq(kern_filter_build(0, true, NULL, code, &code_len), CD_OK);
}

Test(filter_bare, what_namespaces_bound_crosses_the_border_or_is_refused, .init = build_bare)
{
	unsigned border = 0, refused = 0;

	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		const struct kern_syscall *bare = &kern_bare_syscalls[nr];

		if (bare->class == KERN_UNKNOWN)
			continue;
		cr_expect_str_eq(bare->name, kern_syscalls[nr].name);
		cr_expect_eq(ask(nr, 1, 2, 3, 4, 5),
			     bare->class == KERN_BORDER ? BORDER : REFUSE(bare->error), "%s",
			     bare->name);
		border += bare->class == KERN_BORDER;
		refused += bare->class == KERN_REFUSED;
	}
	cr_expect(border > 20 && refused > 10);
}

Test(filter_bare, no_process_is_made_unseen, .init = build_bare)
{
	cr_expect_eq(ask(SYS_fork, 0, 0, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_vfork, 0, 0, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_clone, SIGCHLD, 0, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_clone, CLONE_NEWPID, 0, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_clone3, 0, 0, 0, 0, 0), REFUSE(ENOSYS));
}

Test(filter_bare, no_socket_of_the_machines_network, .init = build_bare)
{
	cr_expect_eq(ask(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0), REFUSE(EACCES));
	cr_expect_eq(ask(SYS_socket, AF_INET6, SOCK_DGRAM, 0, 0, 0), REFUSE(EACCES));
	cr_expect_eq(ask(SYS_socket, AF_NETLINK, SOCK_RAW, 0, 0, 0), REFUSE(EAFNOSUPPORT));
	cr_expect_eq(ask(SYS_socket, 0xffffffff00000000u | AF_INET, SOCK_STREAM, 0, 0, 0),
		     REFUSE(EACCES));
}

Test(filter_bare, nobody_is_named_to_be_signalled_later, .init = build_bare)
{
	cr_expect_eq(ask(SYS_fcntl, 3, F_SETOWN, 1, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_fcntl, 3, F_SETOWN_EX, 1, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_fcntl, 3, F_SETSIG, 9, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_fcntl, 3, F_SETLEASE, 1, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_fcntl, 3, F_SETFL, O_ASYNC, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_fcntl, 3, F_GETFL, 0, 0, 0), ALLOW);
}

Test(filter_bare, everything_else_is_as_ever)
{
	static struct sock_filter usual[KERN_FILTER_MAX];
	size_t usual_len;

	cr_assert_eq(kern_filter_build(0, false, NULL, usual, &usual_len), CD_OK);
	for (int nr = 0; nr < KERN_SYSCALL_MAX + 2; nr++) {
		uint32_t bare;

		if (nr < KERN_SYSCALL_MAX && kern_bare_syscalls[nr].class != KERN_UNKNOWN)
			continue;
		build_bare();
		bare = ask(nr, 0, 0, 0, 0, 0);
		memcpy(code, usual, sizeof(usual));
		code_len = usual_len;
		if (nr != SYS_socket && nr != SYS_socketpair && nr != SYS_fcntl)
			cr_expect_eq(bare, ask(nr, 0, 0, 0, 0, 0), "%d", nr);
	}
}

/* By number or by type; what none may be asked stays refused, and all else stays the border's. */
Test(filter, requests_that_are_settled_are_native_and_no_others)
{
	static const struct cd_requests some = {{{0xae80, UINT32_MAX}, {'d' << 8, 0xff00}}, 2},
					all = {{{0, 0}}, 1};

	cr_assert_eq(kern_filter_build(0, false, &some, code, &code_len), CD_OK);
	cr_expect_eq(ask(SYS_ioctl, 0, 0xae80, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_ioctl, 0, RUBBISH | 0xae80, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_ioctl, 0, 0xae81, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_ioctl, 0, 0xc02064b2, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_ioctl, 0, 0xc02065b2, 0, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_ioctl, 0, 0x6400, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_ioctl, 0, 0x5412, 0, 0, 0), REFUSE(EPERM));
	cr_assert_eq(kern_filter_build(0, false, &all, code, &code_len), CD_OK);
	cr_expect_eq(ask(SYS_ioctl, 0, 0xffffffff, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_ioctl, 0, 0x5412, 0, 0, 0), REFUSE(EPERM));
	cr_expect_eq(ask(SYS_ioctl, 0, RUBBISH | 0x541c, 0, 0, 0), REFUSE(EPERM));
}

Test(filter, fits_with_as_many_requests_as_rules_can_settle)
{
	const unsigned all = CD_NATIVE_ALL | CD_NATIVE_LISTEN | CD_RECORD_CALLS;
	struct cd_requests many = {.count = CD_REQUESTS_MAX};

	for (uint32_t i = 0; i < CD_REQUESTS_MAX; i++)
		many.at[i] = (struct cd_request){0x12340000 + i, UINT32_MAX};
	for (int bare = 0; bare < 2; bare++) {
		cr_assert_eq(kern_filter_build(all, bare, &many, code, &code_len), CD_OK);
		cr_expect_eq(ask(SYS_ioctl, 0, 0x12340000 + CD_REQUESTS_MAX - 1, 0, 0, 0), ALLOW);
	}
}

/* ---- calls that are recorded ---- */

Test(filter_recording, internal_calls_come_to_the_monitor_and_nothing_else_changes)
{
	static struct sock_filter usual[KERN_FILTER_MAX];
	/* Those that could not bear to be interrupted while they wait. */
	static const int native[] = {SYS_rt_sigreturn, SYS_restart_syscall, 335, 336,
				     SYS_close_range};
	size_t usual_len;
	unsigned recorded = 0;

	for (int bare = 0; bare < 2; bare++) {
		cr_assert_eq(kern_filter_build(0, bare, NULL, code, &code_len), CD_OK);
		memcpy(usual, code, sizeof(code));
		usual_len = code_len;
		for (int nr = 0; nr < KERN_SYSCALL_MAX + 100; nr++) {
			uint32_t before, after;
			bool exempt = false;

			memcpy(code, usual, sizeof(code));
			code_len = usual_len;
			before = ask(nr, 1, 2, 3, 4, 5);
			cr_assert_eq(
			    kern_filter_build(CD_RECORD_CALLS, bare, NULL, code, &code_len), CD_OK);
			after = ask(nr, 1, 2, 3, 4, 5);
			for (size_t i = 0; i < COUNT(native); i++)
				exempt |= native[i] == nr;
			if (kern_syscall_is_internal(nr, bare) && !exempt) {
				cr_expect_eq(before, ALLOW, "%d", nr);
				cr_expect_eq(after, BORDER, "%d", nr);
				recorded++;
			} else {
				cr_expect_eq(before, after, "%d", nr);
			}
		}
	}
	cr_expect_gt(recorded, 300);
}

Test(filter_recording, what_is_decided_from_registers_or_by_the_monitor_is_not_internal)
{
	unsigned internal = 0;

	for (int nr = -5; nr < KERN_SYSCALL_MAX + 5; nr++) {
		bool known = nr >= 0 && nr < KERN_SYSCALL_MAX;

		internal += kern_syscall_is_internal(nr, false);
		cr_expect_eq(kern_syscall_is_internal(nr, false),
			     known && kern_syscalls[nr].class == KERN_INTERNAL, "%d", nr);
		if (known && kern_bare_syscalls[nr].class != KERN_UNKNOWN)
			cr_expect_not(kern_syscall_is_internal(nr, true), "%d", nr);
	}
	cr_expect_gt(internal, 150);
	cr_expect_not(kern_syscall_is_internal(SYS_execve, false));
	cr_expect_not(kern_syscall_is_internal(SYS_openat, false));
	cr_expect_not(kern_syscall_is_internal(SYS_connect, false));
	cr_expect_not(kern_syscall_is_internal(SYS_kill, true));
}

Test(filter_recording, no_register_beyond_a_calls_arguments_is_recorded)
{
	cr_expect_eq(kern_syscall_arguments(SYS_read), 3);
	cr_expect_eq(kern_syscall_arguments(SYS_getpid), 0);
	cr_expect_eq(kern_syscall_arguments(SYS_mmap), 6);
	cr_expect_eq(kern_syscall_arguments(-1), 0);
	cr_expect_eq(kern_syscall_arguments(KERN_SYSCALL_MAX), 0);
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++)
		if (!kern_syscall_is_internal(nr, false))
			cr_expect_eq(kern_syscall_arguments(nr), 0, "%d", nr);
}

/* ---- uses that are shown ---- */

Test(filter_uses, wait_where_they_are_shown_and_nothing_else_changes)
{
	static struct sock_filter usual[KERN_FILTER_MAX];
	size_t usual_len;
	unsigned shown = 0;

	for (int bare = 0; bare < 2; bare++) {
		cr_assert_eq(kern_filter_build(0, bare, NULL, code, &code_len), CD_OK);
		memcpy(usual, code, sizeof(code));
		usual_len = code_len;
		for (int nr = 0; nr < KERN_SYSCALL_MAX + 100; nr++) {
			const uint64_t arguments[6] = {1, 2, 3, 4, 0, 5};
			struct kern_use use;
			uint32_t before, after;

			memcpy(code, usual, sizeof(code));
			code_len = usual_len;
			before = ask(nr, 1, 2, 3, 4, 0);
			cr_assert_eq(kern_filter_build(CD_SHOW_USES, bare, NULL, code, &code_len),
				     CD_OK);
			after = ask(nr, 1, 2, 3, 4, 0);
			if (!kern_use_of(nr, arguments, &use)) {
				cr_expect_eq(before, after, "%d", nr);
				continue;
			}
			/* Linux is told to go on with it: it has to be one that goes on anyway. */
			cr_expect(kern_syscall_is_internal(nr, bare) || nr == SYS_sendto, "%d", nr);
			cr_expect_eq(before, ALLOW, "%d", nr);
			cr_expect_eq(after, BORDER, "%d", nr);
			shown++;
		}
	}
	cr_expect_gt(shown, 50);
}

Test(filter_uses, memory_of_no_file_and_empty_messages_are_none)
{
	cr_assert_eq(kern_filter_build(CD_SHOW_USES, false, NULL, code, &code_len), CD_OK);
	cr_expect_eq(ask(SYS_mmap, 0, 4096, 1, MAP_PRIVATE, 3), BORDER);
	cr_expect_eq(ask(SYS_mmap, 0, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1), ALLOW);
	cr_expect_eq(ask(SYS_sendto, 3, 0x1000, 0, 0, 0), ALLOW);
	cr_expect_eq(ask(SYS_sendto, 3, 0x1000, 1, 0, 0), BORDER);
	cr_expect_eq(ask(SYS_sendto, 3, 0x1000, UINT64_C(1) << 32, 0, 0), BORDER);
	/* Where both are wanted, what is recorded is still recorded. */
	cr_assert_eq(
	    kern_filter_build(CD_SHOW_USES | CD_RECORD_CALLS, false, NULL, code, &code_len), CD_OK);
	cr_expect_eq(ask(SYS_mmap, 0, 4096, 1, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1), BORDER);
	cr_expect_eq(ask(SYS_getpid, 0, 0, 0, 0, 0), BORDER);
}

Test(filter_uses, descriptors_stand_where_the_call_has_them)
{
	const uint64_t arguments[6] = {10, 11, 12, 13, 14, 15}, address[6] = {3, 4, 5, 0, 6, 16},
		       nothing[6] = {0, 4096, 1, MAP_ANONYMOUS, (uint64_t)-1, 0};
	struct kern_use use;

	cr_assert(kern_use_of(SYS_read, arguments, &use));
	cr_expect(use.count == 1 && use.fd[0] == 10 && use.extra == 12 && use.is_native);
	cr_assert(kern_use_of(SYS_copy_file_range, arguments, &use));
	cr_expect(use.count == 2 && use.fd[0] == 10 && use.fd[1] == 12);
	cr_assert(kern_use_of(SYS_sendfile, arguments, &use));
	cr_expect(use.count == 2 && use.fd[0] == 10 && use.fd[1] == 11);
	cr_assert(kern_use_of(SYS_mmap, (const uint64_t[6]){0, 1, 2, MAP_SHARED, 7, 0}, &use));
	cr_expect(use.count == 1 && use.fd[0] == 7);
	cr_assert(kern_use_of(SYS_io_submit, arguments, &use));
	cr_expect(use.count == 1 && use.fd[0] == -1, "in memory, where it may change");
	cr_expect_not(kern_use_of(SYS_mmap, nothing, &use));
	/* To an address is a message of its own, and Linux is never told to go on with it. */
	cr_expect_not(kern_use_of(SYS_sendto, address, &use));
	cr_expect_eq(use.count, 0);
	cr_expect_not(
	    kern_use_of(SYS_sendto, (const uint64_t[6]){3, 4, 5, MSG_FASTOPEN, 0, 0}, &use));
	cr_expect_not(kern_use_of(SYS_openat, arguments, &use));
	cr_expect_not(kern_use_of(-1, arguments, &use));
	cr_expect_not(kern_use_of(KERN_SYSCALL_MAX, arguments, &use));
}
