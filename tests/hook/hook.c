/* A monitor in an attacker's hands. */
#include "tests/hook/hook.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/broker.h"

static int reads(int dir, const char *path)
{
	char byte;
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = read(fd, &byte, 1) == 1 ? 0 : -1;
	close(fd);
	return result;
}

/* The control: an attack that finds even this impossible proves nothing. */
static int read_granted(const struct hook_targets *t)
{
	return reads(AT_FDCWD, t->granted);
}

static int read_secret(const struct hook_targets *t)
{
	return reads(AT_FDCWD, t->secret);
}

/* Every descriptor that it holds as a way up and out. */
static int read_secret_by_descriptors(const struct hook_targets *t)
{
	char path[512];

	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "../../../../../../../..%s", t->secret);
		if (reads(fd, path) == 0)
			return 0;
		snprintf(path, sizeof(path), "1/root%s", t->secret);
		if (reads(fd, path) == 0)
			return 0;
		snprintf(path, sizeof(path), "%d/root%s", t->pid, t->secret);
		if (reads(fd, path) == 0)
			return 0;
	}
	return reads(AT_FDCWD, t->secret);
}

static int write_granted(const struct hook_targets *t)
{
	int fd = open(t->granted, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int change_mode(const struct hook_targets *t)
{
	struct stat st;

	return stat(t->granted, &st) ? -1 : chmod(t->granted, st.st_mode & 07777);
}

/* In a child, so that success is seen from outside. */
static int in_child(int (*attempt)(const struct hook_targets *t), const struct hook_targets *t)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(attempt(t) == 0 ? 0 : errno & 0xff);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (!WIFEXITED(status)) {
		errno = EINTR;
		return -1;
	}
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static int exec_true(const struct hook_targets *t)
{
	char *argv[] = {"true", NULL}, *envp[] = {NULL};

	(void)t;
	execve("/usr/bin/true", argv, envp);
	return -1;
}

static int exec_program(const struct hook_targets *t)
{
	return in_child(exec_true, t);
}

static int connect_out(const struct hook_targets *t)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)t->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result;

	if (fd < 0)
		return -1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	result = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return result;
}

static int trace_outside(const struct hook_targets *t)
{
	if (ptrace(PTRACE_ATTACH, t->pid, NULL, NULL))
		return -1;
	waitpid(t->pid, NULL, __WALL);
	return (int)ptrace(PTRACE_DETACH, t->pid, NULL, NULL);
}

static int read_memory_outside(const struct hook_targets *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", t->pid);
	return reads(AT_FDCWD, path);
}

static int signal_outside(const struct hook_targets *t)
{
	return kill(t->pid, SIGCONT);
}

/* In namespaces of its own where that can be had: what it does natively must not touch the machine.
 */
static int mount_inside(const struct hook_targets *t)
{
	(void)t;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	errno = 0;
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int mount_something(const struct hook_targets *t)
{
	return in_child(mount_inside, t);
}

/* Without new namespaces: never carried out natively as root, where it would hide the real /tmp. */
static int remount_view(const struct hook_targets *t)
{
	(void)t;
	return mount(NULL, "/nowhere", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 || errno == ENOENT
		   ? 0
		   : -1;
}

static int unshare_user(const struct hook_targets *t)
{
	(void)t;
	return unshare(CLONE_NEWUSER) ? -1 : 0;
}

static int new_user_namespace(const struct hook_targets *t)
{
	return in_child(unshare_user, t);
}

static int chroot_out(const struct hook_targets *t)
{
	(void)t;
	/* An ordinary user may, in a namespace of his own. */
	if (geteuid() && unshare(CLONE_NEWUSER))
		return -1;
	return chroot("/");
}

static int change_root(const struct hook_targets *t)
{
	return in_child(chroot_out, t);
}

static int map_executable(const struct hook_targets *t)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)t;
	return page == MAP_FAILED ? -1 : munmap(page, 4096);
}

/* ---- asking the broker ---- */

static socklen_t abstract_name(int port, union host_address *a)
{
	memset(a, 0, sizeof(*a));
	a->un.sun_family = AF_UNIX;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
	       (socklen_t)snprintf(a->un.sun_path + 1, sizeof(a->un.sun_path) - 1, "cordon-hook-%d",
				   port);
}

/* The monitor has no socket yet, but for this one. */
static int broker_abstract(const struct hook_targets *t)
{
	union host_address a;
	struct host_broker_ask ask = {.call = HOST_BROKER_CONNECT, .outside = true, .address = &a};
	int channel, other, fd;
	int64_t value;

	ask.address_len = abstract_name(t->port, &a);
	if (t->broker < 0) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		return connect(fd, &a.any, ask.address_len);
	}
	if (host_broker_ask(t->broker, -1, &(struct host_broker_ask){.call = HOST_BROKER_CHANNEL},
			    &channel))
		return 0; /* it does not answer: nothing was shown */
	value = host_broker_ask(t->broker, channel, &ask, &other);
	errno = (int)-value;
	return value < 0 ? -1 : 0;
}

/* The same for the port where somebody listens. */
static int broker_port(const struct hook_targets *t)
{
	const union host_address a = {.in4 = {.sin_family = AF_INET,
					      .sin_port = htons((uint16_t)t->port),
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	const struct host_broker_ask ask = {.call = HOST_BROKER_CONNECT,
					    .outside = true,
					    .address = &a,
					    .address_len = sizeof(a.in4)};
	int channel, other;
	int64_t value;

	if (t->broker < 0)
		return connect_out(t);
	if (host_broker_ask(t->broker, -1, &(struct host_broker_ask){.call = HOST_BROKER_CHANNEL},
			    &channel))
		return 0;
	value = host_broker_ask(t->broker, channel, &ask, &other);
	errno = (int)-value;
	return value < 0 ? -1 : 0;
}

/* 0: something was granted to rubbish, or the broker is gone. */
static int broker_rubbish(const struct hook_targets *t)
{
	static unsigned char rubbish[HOST_BROKER_ROOM + 64];
	const struct host_broker_ask another = {.call = HOST_BROKER_CHANNEL};
	int channel;

	if (t->broker < 0)
		return 0;
	for (size_t len = 1; len < sizeof(rubbish); len = len < 300 ? len + 1 : len * 2) {
		int64_t value = 0;
		struct iovec part = {&value, sizeof(value)};
		struct msghdr answer = {.msg_iov = &part, .msg_iovlen = 1};

		for (size_t i = 0; i < len; i++)
			rubbish[i] = (unsigned char)(len * 7 + i * i + (i >> 3));
		if (len % 2) /* a call that it knows, at least */
			memcpy(rubbish, &(uint32_t){1 + len % 5}, len < 4 ? len : 4);
		if (send(t->broker, rubbish, len, MSG_NOSIGNAL) != (ssize_t)len ||
		    recvmsg(t->broker, &answer, 0) != sizeof(value) || value >= 0)
			return 0;
	}
	if (host_broker_ask(t->broker, -1, &another, &channel) || channel < 0)
		return 0;
	close(channel);
	errno = EINVAL;
	return -1;
}

static const struct {
	const char *name;
	int (*attempt)(const struct hook_targets *t);
} attempts[] = {
    {"read-granted", read_granted},
    {"read-secret", read_secret},
    {"read-secret-by-descriptors", read_secret_by_descriptors},
    {"write-granted", write_granted},
    {"chmod-granted", change_mode},
    {"exec", exec_program},
    {"connect", connect_out},
    {"ptrace", trace_outside},
    {"read-memory", read_memory_outside},
    {"signal", signal_outside},
    {"mount", mount_something},
    {"remount", remount_view},
    {"user-namespace", new_user_namespace},
    {"chroot", change_root},
    {"executable-memory", map_executable},
    {"broker-abstract", broker_abstract},
    {"broker-port", broker_port},
    {"broker-rubbish", broker_rubbish},
};

void hook_attack(int out, const struct hook_targets *targets)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		char line[128];
		int n;

		errno = 0;
		if (attempts[i].attempt(targets) == 0)
			n = snprintf(line, sizeof(line), "%s ok\n", attempts[i].name);
		else
			n = snprintf(line, sizeof(line), "%s %s\n", attempts[i].name,
				     strerror(errno));
		if (write(out, line, (size_t)n) != n)
			return;
	}
}
