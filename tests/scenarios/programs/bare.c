/*
 * What reaches others where no namespace is in between: bare WAY PID [OTHER]. Each way succeeds
 * natively on a process of the same user; 1: it did not work, and nothing was done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pid_t pid;
static const char *other;

static int by_kill(void)
{
	return kill(pid, SIGURG);
}
static int by_group(void)
{
	return kill(-pid, SIGURG);
}
static int by_everybody(void)
{
	return kill(-1, SIGURG);
}
static int by_tkill(void)
{
	return (int)syscall(SYS_tkill, pid, SIGURG);
}
static int by_tgkill(void)
{
	return (int)syscall(SYS_tgkill, pid, pid, SIGURG);
}
static int by_queue(void)
{
	return sigqueue(pid, SIGURG, (union sigval){.sival_int = 1});
}
static int by_owner(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || fcntl(ends[0], F_SETOWN, pid))
		return -1;
	return send(ends[1], "x", 1, MSG_OOB) == 1 ? 0 : -1;
}
static int by_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, fd, SIGURG, NULL, 0);
}
/* The number of one's own child, when that has ended, is whose it is by then. */
static int by_dead_pidfd(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? -1 : (int)syscall(SYS_pidfd_send_signal, fd, SIGURG, NULL, 0);
}
static int by_priority(void)
{
	return setpriority(PRIO_PROCESS, (id_t)pid, 19);
}
static int by_priority_of_user(void)
{
	return setpriority(PRIO_USER, getuid(), 1);
}
static int by_limits(void)
{
	struct rlimit limit = {17, 17};

	return (int)syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, NULL);
}
static int by_affinity(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(pid, sizeof(set), &set);
}
static int by_trace(void)
{
	return (int)ptrace(PTRACE_SEIZE, pid, NULL, NULL);
}
static int by_memory(void)
{
	char byte;
	struct iovec local = {&byte, 1}, remote = {(void *)strtoul(other, NULL, 0), 1};

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == 1 || errno == EFAULT ? 0 : -1;
}
static int by_file(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}
static int by_environ(void)
{
	return by_file("environ");
}
static int by_cmdline(void)
{
	return by_file("cmdline");
}
static int by_root(void)
{
	return by_file("root/etc/passwd");
}
static int by_own_root(void)
{
	struct stat st;

	return stat("/proc/self/root/root", &st) == 0 ||
		       stat("/proc/thread-self/root/etc/shadow", &st) == 0
		   ? 0
		   : -1;
}
static int by_mounts(void)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY);

	return fd < 0 ? -1 : 0;
}
static int by_network(void)
{
	int fd = open("/proc/self/net/tcp", O_RDONLY);

	return fd < 0 ? -1 : 0;
}
static int by_shm(void)
{
	int id = shmget((key_t)strtol(other, NULL, 0), 4096, 0);

	return id < 0 || shmat(id, NULL, 0) == (void *)-1 ? -1 : 0;
}
static int by_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? -1 : listen(fd, 1);
}
static int by_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) < 0 ? -1 : 0;
}
/* Up, where the mount would end, and into what lies beside. */
static int by_dots(void)
{
	struct stat st;
	char path[512];

	snprintf(path, sizeof(path), "../../../../../../../..%s", other);
	if (stat(path, &st) == 0)
		return 0;
	if (chdir("..") == 0 && chdir("..") == 0 && stat(other + 1, &st) == 0)
		return 0;
	return stat(other, &st);
}

static const struct {
	const char *name;
	int (*go)(void);
} ways[] = {
    {"kill", by_kill},	       {"group", by_group},	      {"everybody", by_everybody},
    {"tkill", by_tkill},       {"tgkill", by_tgkill},	      {"queue", by_queue},
    {"owner", by_owner},       {"pidfd", by_pidfd},	      {"dir", by_dead_pidfd},
    {"priority", by_priority}, {"user", by_priority_of_user}, {"limits", by_limits},
    {"affinity", by_affinity}, {"trace", by_trace},	      {"memory", by_memory},
    {"environ", by_environ},   {"cmdline", by_cmdline},	      {"root", by_root},
    {"ownroot", by_own_root},  {"mounts", by_mounts},	      {"network", by_network},
    {"shm", by_shm},	       {"listen", by_listen},	      {"netlink", by_netlink},
    {"dots", by_dots},
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	pid = atoi(argv[2]);
	other = argc > 3 ? argv[3] : "";
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].name, argv[1]) == 0) {
			int result = ways[i].go();

			printf("%s: %s\n", argv[1], result < 0 ? strerror(errno) : "done");
			return result < 0;
		}
	return 2;
}
