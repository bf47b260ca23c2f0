/*
 * Reaches for what is outside by other ways than files: escape WAY [ARGUMENT...]. 0: it worked; 1:
 * it did not; 77: this machine does not have the mechanism.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char **args;
static int number(int i)
{
	return args[i] ? atoi(args[i]) : 0;
}

/* ---- processes: the victim outside notes each SIGURG that reaches it; the tester looks ---- */

static int way_kill(void)
{
	return kill(number(0), SIGURG);
}
static int way_kill_all(void)
{
	kill(-1, SIGURG);
	return 0;
}
static int way_kill_group(void)
{
	return kill(-number(0), SIGURG);
}
static int way_kill_guess(void)
{
	for (int pid = 2; pid < 70000; pid++)
		if (pid != getpid())
			kill(pid, SIGURG);
	return 0;
}
static int way_tgkill(void)
{
	return (int)syscall(SYS_tgkill, number(0), number(0), SIGURG);
}
static int way_sigqueue(void)
{
	return sigqueue(number(0), SIGURG, (union sigval){0});
}
static int way_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, number(0), 0);

	return fd < 0 ? 1 : (int)syscall(SYS_pidfd_send_signal, fd, SIGURG, NULL, 0);
}
static int way_sigio(void)
{
	int pair[2];

	/* The kernel sends the signal for us, to whom we name as the owner. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || fcntl(pair[0], F_SETOWN, number(0)) ||
	    fcntl(pair[0], F_SETSIG, SIGURG) || fcntl(pair[0], F_SETFL, O_ASYNC))
		return 1;
	return write(pair[1], "x", 1) != 1;
}
static int way_priority(void)
{
	return setpriority(PRIO_PROCESS, (id_t)number(0), 5);
}
static int way_affinity(void)
{
	cpu_set_t set;

	return sched_getaffinity(number(0), sizeof(set), &set) ||
	       sched_setaffinity(number(0), sizeof(set), &set);
}

/* ---- memory of others ---- */

static int way_ptrace(void)
{
	if (ptrace(PTRACE_SEIZE, number(0), NULL, NULL))
		return 1;
	ptrace(PTRACE_DETACH, number(0), NULL, NULL);
	return 0;
}
static int way_ptrace_own_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	status = ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESECCOMP);
	kill(pid, SIGKILL);
	return status;
}
/*
 * A child of this process calls getppid and takes the answer for a descriptor; its tracer makes
 * another call of that: of the same authority, but behind a filter that looked at the first.
 */
static void read_descriptor(long fd)
{
	char text[64] = "";

	if (fd >= 0 && read((int)fd, text, sizeof(text) - 1) > 0 && strstr(text, "TOP-SECRET"))
		_exit(0);
	_exit(1);
}
static int trace_until(pid_t pid, int (*at_stop)(pid_t pid, int status))
{
	int status;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		if (at_stop(pid, status) && ptrace(PTRACE_SYSCALL, pid, NULL, NULL))
			return 1;
	return !WIFEXITED(status) || WEXITSTATUS(status);
}
static int become_open(pid_t pid, int status)
{
	struct user_regs_struct r;

	if (WSTOPSIG(status) != SIGTRAP || ptrace(PTRACE_GETREGS, pid, NULL, &r) ||
	    r.orig_rax != SYS_getppid || (long)r.rax != -ENOSYS)
		return 1;
	r.orig_rax = SYS_open;
	r.rdi = (unsigned long)args[0];
	r.rsi = O_RDONLY;
	return !ptrace(PTRACE_SETREGS, pid, NULL, &r);
}
static int way_trace_number(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(1);
		read_descriptor(syscall(SYS_getppid));
	}
	return trace_until(pid, become_open);
}
/* The same with a call that waits at the border already: stopped, changed, and begun again. */
static int way_trace_waiting(void)
{
	pid_t pid = fork();
	int status, rounds = 0;

	if (pid == 0)
		for (;;) {
			char text[64] = "";
			long fd = syscall(SYS_open, "/usr", O_RDONLY | O_DIRECTORY);

			/* A directory cannot be read. */
			if (fd >= 0 && read((int)fd, text, sizeof(text) - 1) > 0 &&
			    strstr(text, "TOP-SECRET"))
				_exit(0);
			close((int)fd);
		}
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		kill(pid, SIGKILL);
		return 1;
	}
	while (rounds++ < number(1)) {
		struct user_regs_struct r;

		/* It may just have ended. */
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid)
			return 1;
		if (!WIFSTOPPED(status))
			return !WIFEXITED(status) || WEXITSTATUS(status);
		/* In the call, or just behind it: once more, with another name, and for a file. */
		if (ptrace(PTRACE_GETREGS, pid, NULL, &r) == 0 &&
		    r.rsi == (O_RDONLY | O_DIRECTORY) &&
		    (ptrace(PTRACE_PEEKTEXT, pid, r.rip - 2, NULL) & 0xffff) == 0x050f) {
			r.rdi = (unsigned long)args[0];
			r.rsi = O_RDONLY;
			r.rax = SYS_open;
			r.orig_rax = -1;
			r.rip -= 2;
			ptrace(PTRACE_SETREGS, pid, NULL, &r);
		}
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	kill(pid, SIGKILL);
	return 1;
}
/* Linux lets a tracer switch its tracee's filters off, if it has the privilege. */
static int way_trace_suspend(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	status = ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_SUSPEND_SECCOMP);
	kill(pid, SIGKILL);
	return status;
}
/* The first process of what one is in: of a space, cordon's. */
static int way_trace_first(void)
{
	char path[64], byte;
	struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
	int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);

	if (ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0 || ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0)
		return 0;
	if (process_vm_readv(1, &local, 1, &remote, 1, 0) == 1)
		return 0;
	for (int fd = 0; fd < 200; fd++)
		if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0)
			return 0;
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/proc/1/%s",
			 ((const char *const[]){"mem", "environ", "maps", "auxv"})[i]);
		if (read(open(path, O_RDONLY), &byte, 1) == 1)
			return 0;
	}
	return syscall(SYS_kcmp, getpid(), 1, 1, 0, 0) < 0;
}
static int way_vm_read(void)
{
	char here[16];
	unsigned long start = 0;
	char path[64], line[256];
	struct iovec local = {here, sizeof(here)}, remote;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", number(0));
	maps = fopen(path, "r");
	if (!maps || !fgets(line, sizeof(line), maps))
		return 1;
	start = strtoul(line, NULL, 16);
	remote = (struct iovec){(void *)start, sizeof(here)};
	return process_vm_readv(number(0), &local, 1, &remote, 1, 0) != sizeof(here);
}
static int way_proc_mem(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", number(0));
	return open(path, O_RDWR) < 0;
}
static int way_proc_environ(void)
{
	char path[64], c;

	snprintf(path, sizeof(path), "/proc/%d/environ", number(0));
	return read(open(path, O_RDONLY), &c, 1) != 1;
}
static int way_pidfd_getfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, number(0), 0);

	return fd < 0 || syscall(SYS_pidfd_getfd, fd, 0, 0) < 0;
}
static int way_kcmp(void)
{
	return syscall(SYS_kcmp, getpid(), number(0), 0, 0, 0) < 0;
}
/* Any process in /proc whose command line speaks of what the tester started outside. */
static int way_see(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		char path[300], text[4096];
		ssize_t n;

		if (atoi(entry->d_name) <= 0 || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		n = read(open(path, O_RDONLY | O_CLOEXEC), text, sizeof(text) - 1);
		for (ssize_t i = 0; i < n; i++)
			if (!text[i])
				text[i] = ' ';
		for (char *at = args[0]; *at; at++)
			*at = *at == '_' ? ' ' : *at;
		if (n > 0 && (text[n] = '\0', strstr(text, args[0])))
			return 0;
	}
	return 1;
}

/* ---- namespaces and mounts ---- */

static int way_userns(void)
{
	return unshare(CLONE_NEWUSER);
}
static int way_userns_clone(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0;
}
static int way_userns_clone3(void)
{
	struct {
		uint64_t flags, pidfd, child, parent, signal, stack, size, tls;
	} a = {.flags = CLONE_NEWUSER, .signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &a, sizeof(a));

	if (pid == 0)
		_exit(0);
	return pid < 0;
}
static int way_mount(void)
{
	mkdir("m", 0755);
	if (getuid() && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 1;
	if (!getuid() && unshare(CLONE_NEWNS))
		return mount("none", "m", "tmpfs", 0, NULL); /* in place, then */
	return mount("none", "m", "tmpfs", 0, NULL);
}
static int way_new_mount(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) && getuid())
		return 1;
	return syscall(SYS_fsopen, "tmpfs", 0) < 0;
}
static int way_open_tree(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) && getuid())
		return 1;
	return syscall(SYS_open_tree, AT_FDCWD, ".", 1 | O_CLOEXEC) < 0;
}
static int way_setns(void)
{
	return setns(open("/proc/self/ns/net", O_RDONLY), 0);
}
static int way_setns_pid(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", number(0));
	return open(path, O_RDONLY) < 0;
}
static int way_chroot(void)
{
	return chroot(".");
}
static int way_hostname(void)
{
	char name[256];

	return gethostname(name, sizeof(name)) || sethostname(name, strlen(name));
}
static int way_domainname(void)
{
	return setdomainname("x", 0) && errno != EINVAL ? 1 : setdomainname("(none)", 6);
}

/* ---- kernel surface ---- */

static int way_bpf(void)
{
	union bpf_attr attribute = {
	    .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attribute, sizeof(attribute)) < 0;
}
static int way_io_uring(void)
{
	char params[256] = {0};

	return syscall(SYS_io_uring_setup, 4, params) < 0;
}
static int way_keyctl(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) < 0;
}
static int way_session_keyring(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) < 0 &&
	       syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0;
}
static int way_add_key(void)
{
	return syscall(SYS_add_key, "user", "attack", "x", 1, KEY_SPEC_PROCESS_KEYRING) < 0;
}
static int way_perf(void)
{
	struct perf_event_attr attribute = {.type = PERF_TYPE_SOFTWARE,
					    .size = sizeof(attribute),
					    .config = PERF_COUNT_SW_CPU_CLOCK,
					    .exclude_kernel = 1};

	return syscall(SYS_perf_event_open, &attribute, 0, -1, -1, 0) < 0;
}
static int way_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC | 1) < 0;
}
static int way_fanotify(void)
{
	return syscall(SYS_fanotify_init, 0x200, O_RDONLY) < 0;
}
static int way_memfd_secret(void)
{
	return syscall(SYS_memfd_secret, 0) < 0;
}
static int way_syslog(void)
{
	return klogctl(10, NULL, 0) < 0;
}
static int way_swap(void)
{
	return syscall(SYS_swapoff, "/no/such") < 0 && errno == EPERM;
}
static int way_quota(void)
{
	return syscall(SYS_quotactl, 0x80000100, 0, 0, 0) < 0 && errno == EPERM;
}
static int way_personality(void)
{
	return personality(READ_IMPLIES_EXEC) < 0;
}
/* The machine's clock, set to what it says; or its pace, to what that is. */
static int way_clock(void)
{
	struct timex pace = {.modes = 0};
	struct timeval now;

	gettimeofday(&now, NULL);
	if (syscall(SYS_settimeofday, &now, NULL) == 0 || settimeofday(&now, NULL) == 0)
		return 0;
	if (adjtimex(&pace) < 0)
		return 1;
	pace.modes = ADJ_FREQUENCY;
	return syscall(SYS_adjtimex, &pace) < 0 && adjtimex(&pace) < 0;
}
/* The interfaces of the network outside: by a socket, and by one that leads there. */
static int way_interfaces(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(0))};
	struct ifreq found[64];
	struct ifconf list = {.ifc_len = sizeof(found), .ifc_req = found};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	connect(fd, (struct sockaddr *)&a, sizeof(a));
	if (ioctl(fd, SIOCGIFCONF, &list))
		return 1;
	for (size_t i = 0; i < list.ifc_len / sizeof(found[0]); i++)
		if (strcmp(found[i].ifr_name, "lo") != 0)
			return 0;
	strcpy(found[0].ifr_name, "eth0");
	return ioctl(fd, SIOCGIFADDR, found) ? 77 : 0;
}
static int way_modify_ldt(void)
{
	char room[64];

	return syscall(SYS_modify_ldt, 0, room, sizeof(room)) < 0;
}
/* getpid by the 32-bit way: past a filter that only knows the other numbers. */
static int way_int80(void)
{
	long result;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(20L)
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(result == getpid() ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return !WIFEXITED(status) || WEXITSTATUS(status);
}
/* open by the 32-bit way: the secret is the tester's to see. */
static int way_int80_open(void)
{
	char *low = mmap((void *)0x10000000, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0),
	     text[64] = "";
	long fd;

	strcpy(low, args[0]);
	__asm__ volatile("int $0x80"
			 : "=a"(fd)
			 : "a"(5L), "b"(low), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return fd < 0 || read((int)fd, text, sizeof(text) - 1) < 0 || !strstr(text, "TOP-SECRET");
}
static int way_x32(void)
{
	long pid = syscall(0x40000000L | SYS_getpid);

	return pid < 0 ? (errno == ENOSYS ? 77 : 1) : 0;
}
static int way_tiocsti(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	pid_t pid;
	int status;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return 77;
	pid = fork();
	if (pid == 0) {
		setsid();
		slave = open(ptsname(master), O_RDWR);
		if (slave < 0)
			_exit(77);
		ioctl(slave, TIOCSCTTY, 0);
		_exit(ioctl(slave, TIOCSTI, "x") ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}
static int way_tiocsti_high(void)
{
	/* The upper half of the request is ignored by Linux: a filter must ignore it as well. */
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, status;
	pid_t pid;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return 77;
	pid = fork();
	if (pid == 0) {
		setsid();
		slave = open(ptsname(master), O_RDWR);
		if (slave < 0)
			_exit(77);
		ioctl(slave, TIOCSCTTY, 0);
		_exit(syscall(SYS_ioctl, slave, 0x100000000UL | TIOCSTI, "x") ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}
static int way_coredump(void)
{
	return prctl(PR_SET_DUMPABLE, 1) || prctl(PR_SET_PTRACER, -1L);
}
static int way_capability(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	return syscall(SYS_capget, &header, data) || !(data[0].effective | data[0].permitted);
}

/* ---- sockets of others ---- */

static int connect_inet(const char *address, int type)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(0))};
	int fd = socket(AF_INET, type, 0);
	char c;

	inet_pton(AF_INET, address, &a.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return 1;
	return type == SOCK_STREAM ? read(fd, &c, 1) != 1 : send(fd, "x", 1, 0) != 1;
}
static int way_inet(void)
{
	return connect_inet("127.0.0.1", SOCK_STREAM);
}
static int way_inet_any(void)
{
	return connect_inet("0.0.0.0", SOCK_STREAM);
}
static int way_inet6(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)number(0))};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	char c;

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr);
	return fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) || read(fd, &c, 1) != 1;
}
static int way_fastopen(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(0))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	return sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&a, sizeof(a)) != 1 ||
	       read(fd, &c, 1) != 1;
}
static int connect_unix(const char *name, int abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t n = strlen(name);
	char c;

	memcpy(a.sun_path + abstract, name, n);
	if (connect(fd, (struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1)))
		return 1;
	return read(fd, &c, 1) != 1;
}
static int way_unix(void)
{
	return connect_unix(args[1], 0);
}
static int way_unix_granted(void)
{
	return connect_unix(args[0], 0);
}
static int way_unix_abstract(void)
{
	return connect_unix(args[2], 1);
}
static int way_unix_symlink(void)
{
	unlink("s");
	return symlink(args[1], "s") ? 1 : connect_unix("s", 0);
}
static int way_unix_datagram(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(a.sun_path, args[0]);
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)) != 1;
}
static int way_unix_sendmsg(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct iovec vector = {"x", 1};
	struct msghdr message = {
	    .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &vector, .msg_iovlen = 1};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(a.sun_path, args[0]);
	return sendmsg(fd, &message, 0) != 1;
}
static int way_unix_sendmmsg(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct iovec vector = {"x", 1};
	struct mmsghdr message = {
	    {.msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &vector, .msg_iovlen = 1}, 0};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(a.sun_path, args[0]);
	return sendmmsg(fd, &message, 1, 0) != 1;
}
/* The socket in args[0] under a name in `open`, where rules say that sockets may be talked to. */
static int move_socket(const char *how)
{
	if (!strcmp(how, "directory")) {
		/* With the directory that it lies in. */
		return mkdir("moved", 0755) || rename(args[0], "moved/s") ||
		       rename("moved", "open");
	}
	if (!strcmp(how, "upper"))
		return mkdir("upper", 0755) || mkdir("upper/open", 0755) ||
		       rename(args[0], "upper/open/s") || rename("upper", "deep");
	if (mkdir("open", 0755))
		return 1;
	if (!strcmp(how, "link"))
		return link(args[0], "open/s");
	if (!strcmp(how, "linkat")) {
		char path[64];
		int fd = open(args[0], O_PATH);

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		return linkat(fd, "", AT_FDCWD, "open/s", AT_EMPTY_PATH) &&
		       linkat(AT_FDCWD, path, AT_FDCWD, "open/s", AT_SYMLINK_FOLLOW);
	}
	if (!strcmp(how, "exchange")) {
		close(open("open/s", O_WRONLY | O_CREAT, 0600));
		return (int)syscall(SYS_renameat2, AT_FDCWD, "open/s", AT_FDCWD, args[0], 2);
	}
	return rename(args[0], "open/s");
}
static int way_unix_moved(void)
{
	if (move_socket(args[1]))
		return 1;
	return connect_unix(strcmp(args[1], "upper") ? "open/s" : "deep/open/s", 0);
}
static int way_unix_moved_send(void)
{
	if (move_socket(args[1]))
		return 1;
	args[0] = "open/s";
	return way_unix_datagram();
}
static int way_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) < 0;
}
static int way_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}
static int way_raw(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0;
}
static int way_vsock(void)
{
	return socket(AF_VSOCK, SOCK_STREAM, 0) < 0;
}
static int way_alg(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET, 0) < 0;
}

/* ---- what is inherited ---- */

static int way_descriptors(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 0;
	return 1;
}
static int way_environment(void)
{
	extern char **environ;

	for (char **entry = environ; *entry; entry++)
		if (strstr(*entry, "TOP-SECRET"))
			return 0;
	return 1;
}
static int way_environment_of_init(void)
{
	char text[65536];
	ssize_t n = read(open("/proc/1/environ", O_RDONLY), text, sizeof(text));

	return n <= 0 || !memmem(text, (size_t)n, "=", 1);
}
static int way_stdin_directory(void)
{
	char path[4 * PATH_MAX] = "";

	if (fchdir(0))
		return 1;
	for (int i = 0; i < 30; i++)
		strcat(path, "../");
	strcat(path, args[0] + 1);
	return access(path, F_OK);
}
static int way_stdin_openat(void)
{
	return openat(0, ".", O_RDONLY | O_DIRECTORY) < 0;
}

/* ---- files that lend authority ---- */

static int way_setuid_file(void)
{
	struct stat st;

	close(open("su", O_WRONLY | O_CREAT, 0755));
	return chmod("su", 04755) || stat("su", &st) || !(st.st_mode & S_ISUID);
}
static int way_setuid_create(void)
{
	struct stat st;

	umask(0);
	unlink("su2");
	close(open("su2", O_WRONLY | O_CREAT, 04755));
	return stat("su2", &st) || !(st.st_mode & (S_ISUID | S_ISGID));
}
static int way_setgid_fchmod(void)
{
	struct stat st;
	int fd = open("sg", O_RDWR | O_CREAT, 0755);

	return fchmod(fd, 02755) || fstat(fd, &st) || !(st.st_mode & S_ISGID);
}
/*
 * The file of a program that runs, kept by a descriptor until it may be written to: how programs in
 * containers have replaced what started them. args[0]: a program outside, which may be run.
 */
static int way_overwrite_running(void)
{
	char path[64];
	pid_t pid = fork();
	int held, fd;

	if (pid == 0) {
		execl(args[0], args[0], "100", NULL);
		_exit(1);
	}
	usleep(300000);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	held = open(path, O_PATH);
	if (held < 0)
		held = open(path, O_RDONLY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	fd = open(path, O_WRONLY | O_APPEND);
	return held < 0 || fd < 0 || write(fd, "x", 1) != 1;
}
static int way_device(void)
{
	unlink("device");
	return mknod("device", S_IFCHR | 0666, makedev(1, 3));
}
static int way_block_device(void)
{
	unlink("device");
	return mknod("device", S_IFBLK | 0666, makedev(254, 0));
}
static int way_dev_mem(void)
{
	return open("/dev/mem", O_RDONLY) < 0 && open("/dev/kmsg", O_RDONLY) < 0;
}
static int way_sysctl(void)
{
	int fd = open("/proc/sys/kernel/core_pattern", O_WRONLY);

	return fd < 0;
}
static int way_proc_machine(void)
{
	return open("/proc/kallsyms", O_RDONLY) < 0 && open("/proc/keys", O_RDONLY) < 0 &&
	       open("/proc/sysrq-trigger", O_WRONLY) < 0;
}
static int way_sys_write(void)
{
	return open("/sys/kernel/mm/ksm/run", O_WRONLY) < 0;
}
static int way_nnp(void)
{
	/* A program with a set-user-id bit must not raise anybody: there, sudo and su would. */
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

/* ---- limits ---- */

static int way_fork_bomb(void)
{
	int alive = 0;

	setpgid(0, 0);
	for (int i = 0; i < 150; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		alive += pid > 0;
	}
	signal(SIGUSR1, SIG_IGN);
	kill(0, SIGUSR1);
	return alive < 100;
}
static int way_memory(void)
{
	for (int i = 0; i < 300; i++) {
		char *m =
		    mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (m == MAP_FAILED)
			return 1;
		memset(m, 1, 1 << 20);
	}
	return 0;
}
static int way_files(void)
{
	for (int i = 0; i < 200; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			return 1;
	return 0;
}
static int way_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	limit.rlim_cur = limit.rlim_max = 200;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
#define W(name) {#name, way_##name}
	    W(kill),
	    W(kill_all),
	    W(kill_group),
	    W(kill_guess),
	    W(tgkill),
	    W(sigqueue),
	    W(pidfd),
	    W(sigio),
	    W(priority),
	    W(affinity),
	    W(ptrace),
	    W(ptrace_own_child),
	    W(trace_number),
	    W(trace_waiting),
	    W(trace_suspend),
	    W(trace_first),
	    W(session_keyring),
	    W(overwrite_running),
	    W(vm_read),
	    W(proc_mem),
	    W(proc_environ),
	    W(pidfd_getfd),
	    W(kcmp),
	    W(see),
	    W(userns),
	    W(userns_clone),
	    W(userns_clone3),
	    W(mount),
	    W(new_mount),
	    W(open_tree),
	    W(setns),
	    W(setns_pid),
	    W(chroot),
	    W(hostname),
	    W(domainname),
	    W(bpf),
	    W(io_uring),
	    W(keyctl),
	    W(add_key),
	    W(perf),
	    W(userfaultfd),
	    W(fanotify),
	    W(memfd_secret),
	    W(syslog),
	    W(swap),
	    W(quota),
	    W(personality),
	    W(clock),
	    W(interfaces),
	    W(modify_ldt),
	    W(int80),
	    W(int80_open),
	    W(x32),
	    W(tiocsti),
	    W(tiocsti_high),
	    W(coredump),
	    W(capability),
	    W(inet),
	    W(inet_any),
	    W(inet6),
	    W(fastopen),
	    W(unix),
	    W(unix_granted),
	    W(unix_abstract),
	    W(unix_symlink),
	    W(unix_datagram),
	    W(unix_sendmsg),
	    W(unix_sendmmsg),
	    W(unix_moved),
	    W(unix_moved_send),
	    W(netlink),
	    W(packet),
	    W(raw),
	    W(vsock),
	    W(alg),
	    W(descriptors),
	    W(environment),
	    W(environment_of_init),
	    W(stdin_directory),
	    W(stdin_openat),
	    W(setuid_file),
	    W(setuid_create),
	    W(setgid_fchmod),
	    W(device),
	    W(block_device),
	    W(dev_mem),
	    W(sysctl),
	    W(proc_machine),
	    W(sys_write),
	    W(nnp),
	    W(fork_bomb),
	    W(memory),
	    W(files),
	    W(raise_limit)};

	args = argv + 2;
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			int result = ways[i].go();

			return result == 77 ? 77 : result ? 1 : 0;
		}
	return 2;
}
