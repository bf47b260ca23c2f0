/* Allow-lists for our own processes. */
#include "host/allow.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "kernel/shorten.h"

#define LOAD(field)                                                                                \
	(struct sock_filter)                                                                       \
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, value)
#define UNLESS_EQUAL(value, skip)                                                                  \
	(struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)

static void emit(struct host_allowed *p, struct sock_filter instruction)
{
	p->code[p->len++] = instruction;
}

void host_allow_begin(struct host_allowed *p)
{
	p->len = 0;
	emit(p, LOAD(arch));
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	emit(p, RETURN(SECCOMP_RET_KILL_PROCESS));
	emit(p, LOAD(nr));
}

/* If it is the call: the accumulator has the argument next, and every way ends in a return. */
void host_allow_values(struct host_allowed *p, int nr, unsigned argument,
		       const unsigned long *values, size_t count)
{
	emit(p, UNLESS_EQUAL((unsigned)nr, (unsigned char)(2 * count + 2)));
	emit(p, LOAD(args[argument]));
	for (size_t i = 0; i < count; i++) {
		emit(p, UNLESS_EQUAL((unsigned)values[i], 1));
		emit(p, RETURN(SECCOMP_RET_ALLOW));
	}
	emit(p, RETURN(SECCOMP_RET_ERRNO | EPERM));
}

void host_allow_without(struct host_allowed *p, int nr, unsigned argument, unsigned bits)
{
	emit(p, UNLESS_EQUAL((unsigned)nr, 4));
	emit(p, LOAD(args[argument]));
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
	emit(p, RETURN(SECCOMP_RET_ERRNO | EPERM));
	emit(p, RETURN(SECCOMP_RET_ALLOW));
}

/* Binary search: Linux runs a filter once for every number when it is installed. */
static void emit_sorted(struct host_allowed *p, const int *calls, size_t count)
{
	size_t half = count / 2, jump;

	if (count == 1) {
		emit(p, UNLESS_EQUAL((unsigned)calls[0], 1));
		emit(p, RETURN(SECCOMP_RET_ALLOW));
		emit(p, RETURN(SECCOMP_RET_ERRNO | EPERM));
		return;
	}
	emit(p,
	     (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)calls[half], 0, 1));
	jump = p->len;
	emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_sorted(p, calls, half);
	p->code[jump].k = p->len - jump - 1;
	emit_sorted(p, calls + half, count - half);
}

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

enum cd_status host_allow_only(struct host_allowed *p, const int *calls, size_t count)
{
	struct sock_fprog program;
	int sorted[HOST_ALLOW_MAX];
	size_t len;

	if (count == 0 || count > HOST_ALLOW_MAX)
		return CD_ELIMIT;
	memcpy(sorted, calls, count * sizeof(calls[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare_numbers);
	emit_sorted(p, sorted, count);
	len = p->len;
	if (kern_shorten(p->code, sizeof(p->code) / sizeof(p->code[0]), &len) != CD_OK)
		return CD_ELIMIT;
	program = (struct sock_fprog){(unsigned short)len, p->code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return CD_ESYS;
	return CD_OK;
}
