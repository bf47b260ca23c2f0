/*
 * A bare notification round trip: what any monitor pays that stands on seccomp's user notification.
 *
 * usage: notify [LOOPS [FILE]]
 *
 * A child calls getppid in a loop; its filter hands each call to this process, which answers it
 * with a constant and does nothing else. The synchronous wake-up is asked for (Linux 6.6). Prints
 * nanoseconds for one call.
 *
 * With FILE it opens and closes that, and this process answers with a descriptor. It decides
 * nothing, and does only what whoever decides cannot do without: it reads the name, asks whether
 * the thread is still the same, opens the file by that name, and hands the descriptor over, the
 * thread held on this processor meanwhile, or it would wake on another one, late.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static const char *file; /* NULL: getppid */

static int install_filter(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, file ? SYS_openat : SYS_getppid, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static void send_fd(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec vector = {"", 1};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(socket, &message, 0) != 1)
		_exit(1);
}

static int receive_fd(int socket)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void once(void)
{
	if (file)
		close(open(file, O_RDONLY));
	else
		syscall(SYS_getppid);
}

static _Noreturn void call(int socket, int result, long loops)
{
	int listener = install_filter();
	double start;

	if (listener < 0)
		_exit(1);
	send_fd(socket, listener);
	close(listener);
	for (long i = 0; i < loops / 10; i++)
		once();
	start = now();
	for (long i = 0; i < loops; i++)
		once();
	dprintf(result, "%.0f\n", (now() - start) / (double)loops);
	_exit(0);
}

/* The number that the descriptor has there. */
static int hand_over(int listener, const struct seccomp_notif *trap)
{
	unsigned long all[16], here[16] = {0};
	char name[256];
	struct iovec local = {name, sizeof(name)},
		     remote = {(void *)(uintptr_t)trap->data.args[1], sizeof(name)};
	struct seccomp_notif_addfd add = {.id = trap->id};
	long size = syscall(SYS_sched_getaffinity, trap->pid, sizeof(all), all);
	int cpu = sched_getcpu(), fd, number;

	if (process_vm_readv((pid_t)trap->pid, &local, 1, &remote, 1, 0) < 1 ||
	    ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &trap->id))
		return -1;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	here[cpu / 64] = 1UL << cpu % 64;
	syscall(SYS_sched_setaffinity, trap->pid, sizeof(here), here);
	add.srcfd = (unsigned)fd;
	number = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	syscall(SYS_sched_setaffinity, trap->pid, size, all);
	close(fd);
	return number;
}

static void serve(int listener)
{
	struct pollfd poller = {.fd = listener, .events = POLLIN};
	struct seccomp_notif trap;
	struct seccomp_notif_resp response;

	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	for (;;) {
		memset(&trap, 0, sizeof(trap));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &trap)) {
			if (poll(&poller, 1, 0) == 1 && poller.revents & POLLHUP)
				return;
			continue;
		}
		response = (struct seccomp_notif_resp){.id = trap.id, .val = 1};
		if (file)
			response.val = hand_over(listener, &trap);
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
}

int main(int argc, char **argv)
{
	long loops = argc > 1 ? atol(argv[1]) : 20000;
	int sockets[2], listener, status = 1;
	pid_t child;

	file = argc > 2 ? argv[2] : NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return 1;
	child = fork();
	if (child == 0) {
		close(sockets[0]);
		call(sockets[1], 1, loops);
	}
	close(sockets[1]);
	listener = receive_fd(sockets[0]);
	if (listener < 0) {
		fputs("notify: no user notification here\n", stderr);
		return 1;
	}
	serve(listener);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
