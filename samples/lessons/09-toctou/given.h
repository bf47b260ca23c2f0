/*
 * A monitor, but for its decision: the part of lesson 9 that is not yours to write.
 *
 * usage: monitor FILE PROGRAM [ARGUMENT...]
 *
 * PROGRAM runs under a seccomp filter that makes a notification of each of its calls of open and
 * openat, and refuses the others that open files. For each notification, decide() is called.
 */
#ifndef GIVEN_H
#define GIVEN_H

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "lesson.h"

#define PATH_SIZE 256

/* Yours: answers the notification n, with one of the answers below. The call is to open what the
 * name at `address`, in the program's memory, names, with these flags. */
static void decide(int listener, const struct seccomp_notif *n, unsigned long address,
		   unsigned long flags, const char *file);

/* ---- what an answer can be ---- */

static inline void answer(int listener, const struct seccomp_notif *n, int error, unsigned flags)
{
	struct seccomp_notif_resp response = {.id = n->id, .error = -error, .flags = flags};

	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static inline void answer_refused(int listener, const struct seccomp_notif *n)
{
	answer(listener, n, EACCES, 0);
}

/* Linux goes on with the call, as if there had been no filter. */
static inline void answer_continue(int listener, const struct seccomp_notif *n)
{
	answer(listener, n, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/* The program gets a duplicate of fd, whose number its call returns. fd stays the monitor's. */
static inline void answer_descriptor(int listener, const struct seccomp_notif *n, int fd)
{
	struct seccomp_notif_addfd add = {
	    .id = n->id, .srcfd = (unsigned)fd, .flags = SECCOMP_ADDFD_FLAG_SEND};

	ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
}

/* ---- what a decision needs ---- */

/* Copies the name. Whether there is one, and the process that was read is the one that asked: its
 * number may have passed on to another. */
static inline int read_path(int listener, const struct seccomp_notif *n, unsigned long address,
			    char path[PATH_SIZE])
{
	size_t page = 4096 - (address & 4095), size = page < PATH_SIZE ? page : PATH_SIZE;
	struct iovec own = {path, PATH_SIZE}, its = {(void *)address, PATH_SIZE};
	ssize_t len = process_vm_readv((pid_t)n->pid, &own, 1, &its, 1, 0);

	if (len < 0) { /* there may be nothing after the page */
		own.iov_len = its.iov_len = size;
		len = process_vm_readv((pid_t)n->pid, &own, 1, &its, 1, 0);
	}
	return len > 0 && memchr(path, '\0', (size_t)len) &&
	       ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) == 0;
}

static inline int is_of_the_system(const char *path)
{
	return (strncmp(path, "/usr/", 5) == 0 || strncmp(path, "/lib", 4) == 0 ||
		strncmp(path, "/etc/", 5) == 0) &&
	       !strstr(path, "..");
}

/* ---- the rest ---- */

#define LOAD(field)			 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)

static inline int install_filter(void)
{
	struct sock_filter code[] = {
	    LOAD(arch),
	    IF_EQUAL(AUDIT_ARCH_X86_64, 0, 8),
	    LOAD(nr),
	    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 6, 0),
	    IF_EQUAL(SYS_open, 6, 0),
	    IF_EQUAL(SYS_openat, 5, 0),
	    IF_EQUAL(SYS_openat2, 3, 0),
	    IF_EQUAL(SYS_creat, 2, 0),
	    IF_EQUAL(SYS_io_uring_setup, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static inline void serve(int listener, const char *file)
{
	struct pollfd poller = {.fd = listener, .events = POLLIN};
	struct seccomp_notif n;

	while (poll(&poller, 1, 30000) == 1 && !(poller.revents & POLLHUP)) {
		memset(&n, 0, sizeof(n));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n))
			continue;
		if (n.data.nr == SYS_open)
			decide(listener, &n, n.data.args[0], n.data.args[1], file);
		else
			decide(listener, &n, n.data.args[1], n.data.args[2], file);
	}
}

int main(int argc, char **argv)
{
	int pair[2], listener, status;
	char word[MESSAGE_MAX + 1];
	pid_t child;

	if (argc < 3) {
		fputs("usage: monitor FILE PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	make_pair(pair);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		listener = install_filter();
		if (listener < 0 || send_text(pair[1], "listener", listener))
			_exit(3);
		close(listener);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	close(pair[1]);
	if (recv_within(pair[0], word, &listener, 5000) <= 0 || listener < 0) {
		fputs("monitor: no listener\n", stderr);
		return 3;
	}
	serve(listener, argv[1]);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

#endif
