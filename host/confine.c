/* Giving authority up. */
#include "host/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "host/allow.h"
#include "host/hops.h"
#include "kernel/arch/x86_64/numbers.h"
#include "lib/without.h"

/* Rights that came after the headers that we may be compiled with. */
#define FS_TRUNCATE  (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
#ifndef TIOCSIG
#define TIOCSIG _IOW('T', 0x36, int)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

void host_bound_capabilities(void)
{
	for (unsigned long cap = 0; cap <= 63; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && (errno == EINVAL || errno == EPERM))
			break;
}

/* Low half: the capabilities that stay, if they are there. */
static enum cd_status keep_capabilities(uint32_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[2] = {{0}};

	/* With the bits locked, being user 0 means nothing at the next exec. EPERM: there was no
	 * capability to begin with. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
					 SECBIT_NO_SETUID_FIXUP_LOCKED |
					 SECBIT_NO_CAP_AMBIENT_RAISE |
					 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED) &&
	    errno != EPERM)
		return CD_ESYS;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return CD_ESYS;
	if (kept && syscall(SYS_capget, &header, now))
		return CD_ESYS;
	now[0].effective = now[0].permitted &= kept;
	now[0].inheritable = 0;
	memset(&now[1], 0, sizeof(now[1]));
	return syscall(SYS_capset, &header, now) ? CD_ESYS : CD_OK;
}

enum cd_status host_drop_capabilities(void)
{
	return keep_capabilities(0);
}

int host_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	long most = cd_without(CD_LANDLOCK)	    ? 0
		    : cd_without(CD_LANDLOCK_REFER) ? 1
		    : cd_without(CD_LANDLOCK_NET)   ? 3
		    : cd_without(CD_LANDLOCK_IOCTL) ? 4
		    : cd_without(CD_LANDLOCK_SCOPE) ? 5
						    : abi;

	if (abi > most)
		abi = most;
	return abi < 0 ? 0 : (int)abi;
}

#define FILE_READ  LANDLOCK_ACCESS_FS_READ_FILE
#define FILE_WRITE LANDLOCK_ACCESS_FS_WRITE_FILE
#define DIR_WRITE                                                                                  \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define FILE_RIGHTS                                                                                \
	(FILE_READ | FILE_WRITE | LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset {
	int fd;
	uint64_t handled;
};

/* Grants rights on what the descriptor stands for and below. A rule for a file takes file rights
 * only. */
static enum cd_status grant(const struct ruleset *rules, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = fd};
	struct stat st;

	if (fstat(fd, &st))
		return CD_ESYS;
	rule.allowed_access =
	    rights & rules->handled & (S_ISDIR(st.st_mode) ? UINT64_MAX : FILE_RIGHTS);
	if (!rule.allowed_access)
		return CD_OK;
	/* EBADFD: a pipe or socket, which Landlock does not restrict. */
	if (syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) &&
	    errno != EBADFD)
		return CD_ESYS;
	return CD_OK;
}

/* Grants rights on what the view shows at a place; nothing is there: nothing is granted. */
static enum cd_status grant_place(const struct ruleset *rules, const char *place, uint64_t rights)
{
	int fd = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	enum cd_status status;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? CD_OK : CD_ESYS;
	status = grant(rules, fd, rights);
	close(fd);
	return status;
}

static enum cd_status grant_mount(const struct ruleset *rules, const struct cd_mount *mount)
{
	uint64_t rights = 0;

	if (!mount->writable && !mount->exec && !mount->dev)
		return CD_OK;
	/* As the rule for the whole view says; but Linux need not look further up. */
	rights |= LANDLOCK_ACCESS_FS_READ_DIR;
	if (mount->writable)
		rights |= FILE_WRITE | DIR_WRITE;
	if (mount->exec)
		rights |= LANDLOCK_ACCESS_FS_EXECUTE;
	if (mount->dev)
		rights |= FS_IOCTL_DEV;
	return grant_place(rules, mount->dest, rights);
}

static enum cd_status grant_inherited(const struct ruleset *rules, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	uint64_t rights = FS_IOCTL_DEV;

	if (flags < 0)
		return CD_OK;
	if ((flags & 3) != O_WRONLY)
		rights |= FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR;
	if ((flags & 3) != O_RDONLY)
		rights |= FILE_WRITE;
	return grant(rules, fd, rights);
}

/* The space's own message queues are files, to Landlock. */
static enum cd_status grant_queues(const struct ruleset *rules, int queues)
{
	return queues < 0 ? CD_OK : grant(rules, queues, FILE_READ | FILE_WRITE);
}

/* As struct landlock_ruleset_attr is from ABI 4 on. */
struct attributes {
	uint64_t files, network, scoped; /* scoped: from ABI 6 on */
};
#define SCOPE_ABSTRACT_SOCKETS (UINT64_C(1) << 0)
#define SCOPE_SIGNALS	       (UINT64_C(1) << 1)
#define NET_BIND_TCP	       (UINT64_C(1) << 0)
#define NET_CONNECT_TCP	       (UINT64_C(1) << 1)
#define RULE_NET_PORT	       2

static int create_ruleset(const struct attributes *attributes)
{
	const int abi = host_landlock_abi();
	size_t size = abi >= 6	 ? sizeof(*attributes)
		      : abi >= 4 ? offsetof(struct attributes, scoped)
				 : sizeof(attributes->files);

	return (int)syscall(SYS_landlock_create_ruleset, attributes, size, 0);
}

static enum cd_status begin(struct ruleset *rules, uint64_t handled)
{
	/* No rule is ever added for the network: who is in such a domain connects and binds no TCP
	 * socket, wherever it leads. The broker does. */
	struct attributes attributes = {.files = handled,
					.network = NET_BIND_TCP | NET_CONNECT_TCP};

	if (host_landlock_abi() < 2)
		attributes.files &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	rules->handled = attributes.files;
	rules->fd = create_ruleset(&attributes);
	return rules->fd < 0 ? CD_ESYS : CD_OK;
}

/* Enters the domain if all went well so far. */
static enum cd_status enter(const struct ruleset *rules, enum cd_status status)
{
	if (status == CD_OK && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
				syscall(SYS_landlock_restrict_self, rules->fd, 0)))
		status = CD_ESYS;
	close(rules->fd);
	return status;
}

enum cd_status host_confine_landlock(const struct cd_plan *plan, const struct host_fds *fds,
				     int proc, int queues)
{
	/*
	 * Not the reading of files: in the view is nothing but what was granted, so that one rule
	 * would allow all of it, and Linux would look for that rule at each open. Not truncation
	 * either, for the same price: it takes a mount that can be written to.
	 */
	uint64_t handled = LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE | DIR_WRITE |
			   LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
			   LANDLOCK_ACCESS_FS_MAKE_BLOCK;
	enum cd_status status = CD_OK;
	struct ruleset rules;
	int abi = host_landlock_abi();

	/* The first one lets nobody under it move a file between directories, and it is the monitor
	 * who moves the program's. */
	if (abi < 2)
		return CD_ENOSUP;
	if (abi >= 5)
		handled |= FS_IOCTL_DEV;
	if (begin(&rules, handled) != CD_OK)
		return CD_ESYS;
	for (size_t i = 0; status == CD_OK && i < plan->count; i++)
		status = grant_mount(&rules, &plan->mounts[i]);
	for (int fd = 0; status == CD_OK && fd <= 2; fd++)
		status = grant_inherited(&rules, fd);
	for (size_t i = 0; status == CD_OK && fds && i < fds->count; i++)
		status = grant_inherited(&rules, fds->fd[i]);
	/* Nothing is in the view but what was granted: one rule for reading says as much as one for
	 * each of its mounts. */
	if (status == CD_OK)
		status = grant_place(&rules, "/", FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR);
	if (status == CD_OK)
		status = grant(&rules, proc, FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR);
	if (status == CD_OK)
		status = grant_queues(&rules, queues);
	return enter(&rules, status);
}

bool host_can_confine_native(void)
{
	return host_landlock_abi() >= 1;
}

enum cd_status host_confine_native(const struct cd_plan *plan, int queues)
{
	static const struct {
		unsigned native;
		uint64_t rights;
	} table[] = {
	    {CD_NATIVE_READ, FILE_READ},
	    {CD_NATIVE_LIST, LANDLOCK_ACCESS_FS_READ_DIR},
	    {CD_NATIVE_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE},
	    {CD_NATIVE_CREATE, LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR},
	    {CD_NATIVE_REMOVE, LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR},
	};
	enum cd_status status = CD_OK;
	struct ruleset rules;

	if (!host_can_confine_native())
		return CD_ENOSUP;
	/*
	 * Not truncation, which Linux would look for at each open: natively it takes a descriptor
	 * that is open for writing. Nor reading, where the whole view may be read: what Landlock
	 * does not know, it does not look for.
	 */
	if (begin(&rules, (plan->reads_all ? 0 : FILE_READ) | LANDLOCK_ACCESS_FS_READ_DIR |
			      LANDLOCK_ACCESS_FS_WRITE_FILE | DIR_WRITE |
			      LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK) !=
	    CD_OK)
		return CD_ESYS;
	for (size_t i = 0; status == CD_OK && i < plan->count; i++) {
		uint64_t rights = 0;

		for (size_t j = 0; j < sizeof(table) / sizeof(table[0]); j++)
			if (plan->mounts[i].native & table[j].native)
				rights |= table[j].rights;
		if (rights)
			status = grant_place(&rules, plan->mounts[i].dest, rights);
	}
	if (status == CD_OK)
		status = grant_queues(&rules, queues);
	return enter(&rules, status);
}

/* Everything that this Landlock knows. */
static uint64_t all_files(int abi)
{
	return (UINT64_C(1) << (abi >= 5 ? 16 : abi >= 3 ? 15 : 14)) - 1;
}

/*
 * The running of what lies below. Landlock has no exceptions: a directory that holds one is granted
 * entry by entry, as they are now.
 */
static enum cd_status grant_running(const struct ruleset *rules, int fd, const char *path)
{
	enum cd_status status = CD_OK;
	char below[CD_PATH_MAX];
	struct dirent *entry;
	bool exactly;
	DIR *dir;
	int list;

	if (!host_hops_excepts(path, &exactly))
		return grant(rules, fd, FILE_READ | LANDLOCK_ACCESS_FS_EXECUTE);
	list = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = list < 0 ? NULL : fdopendir(list);
	if (!dir)
		return CD_OK; /* nothing is granted */
	while (status == CD_OK && (entry = readdir(dir))) {
		int child;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
			(int)sizeof(below) ||
		    (host_hops_excepts(below, &exactly) && exactly))
			continue;
		child = openat(fd, entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0)
			continue;
		status = grant_running(rules, child, below);
		close(child);
	}
	closedir(dir);
	return status;
}

bool host_can_confine_bare(void)
{
	return host_landlock_abi() >= 2;
}

enum cd_status host_confine_bare(bool program, const struct host_fds *fds, int proc)
{
	const int abi = host_landlock_abi();
	const struct attributes attributes = {.files = all_files(abi),
					      .network = NET_BIND_TCP | NET_CONNECT_TCP,
					      .scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS};
	const uint64_t look = FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR;
	struct ruleset rules = {.handled = attributes.files};
	enum cd_status status = CD_OK;

	if (!host_can_confine_bare())
		return CD_ENOSUP;
	rules.fd = create_ruleset(&attributes);
	if (rules.fd < 0)
		return CD_ESYS;
	for (size_t i = 0; status == CD_OK && host_hops_entry(i); i++) {
		const struct host_hop *hop = host_hops_entry(i);
		uint64_t rights = 0;

		if (hop->exec)
			status = grant_running(&rules, hop->fd, hop->source);
		if (!program) {
			rights |= look | (hop->dev ? FS_IOCTL_DEV | FILE_WRITE : 0);
			if (hop->writable)
				rights |= FILE_WRITE | DIR_WRITE | FS_TRUNCATE;
		}
		if (status == CD_OK)
			status = grant(&rules, hop->fd, rights);
	}
	for (int fd = 0; status == CD_OK && !program && fd <= 2; fd++)
		status = grant_inherited(&rules, fd);
	for (size_t n = 0; status == CD_OK && !program && fds && n < fds->count; n++)
		status = grant_inherited(&rules, fds->fd[n]);
	if (status == CD_OK && !program)
		status = grant_place(&rules, host_hops_home(), look);
	if (status == CD_OK && !program)
		status = grant(&rules, proc, look);
	return enter(&rules, status);
}

/* What serving a border takes. Arguments are checked for ioctl alone: only the listener's requests,
 * and a few of terminals. */
static const int monitor_calls[] = {
    /* messages */
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_poll,
    SYS_ppoll,
    SYS_getpid,
    SYS_gettid,
    SYS_kill,
    SYS_tgkill,
    SYS_tkill,
    /* the file system, from the view's root */
    SYS_openat2,
    SYS_openat,
    SYS_open,
    SYS_close,
    SYS_read,
    SYS_pread64,
    SYS_pwrite64,
    SYS_write,
    SYS_writev,
    SYS_lseek,
    SYS_fstat,
    SYS_newfstatat,
    SYS_stat,
    SYS_lstat,
    SYS_statx,
    SYS_fstatfs,
    SYS_statfs,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_readlink,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_renameat,
    SYS_rename,
    SYS_linkat,
    SYS_symlinkat,
    SYS_fchmodat,
    SYS_fchmod,
    SYS_chmod,
    SYS_fchownat,
    SYS_fchown,
    SYS_chown,
    SYS_lchown,
    SYS_utimensat,
    SYS_truncate,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_fgetxattr,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_flistxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_inotify_add_watch,
    SYS_name_to_handle_at,
    KERN_NR_CACHESTAT,
    KERN_NR_FILE_GETATTR,
    SYS_epoll_ctl,
    SYS_fcntl,
    SYS_umask,
    SYS_dup,
    SYS_dup3,
    SYS_fchdir,
    SYS_getcwd,
    SYS_getdents64,
    /* sockets that the space holds, passed on to it or shut down; none can be made */
    SYS_recvmsg,
    SYS_getsockopt,
    SYS_getsockname,
    SYS_shutdown,
    /* workers and memory */
    SYS_fork,
    SYS_wait4,
    SYS_prctl,
    SYS_set_robust_list,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_exit,
    SYS_prlimit64,
    SYS_sched_getaffinity,
    SYS_sched_setaffinity,
    SYS_getcpu,
    SYS_exit_group,
    SYS_restart_syscall,
    SYS_sched_yield,
    SYS_set_tid_address,
    SYS_getuid,
    SYS_geteuid,
};

#define NEW_NAMESPACE                                                                              \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)
#define CALLS (sizeof(monitor_calls) / sizeof(monitor_calls[0]))

enum cd_status host_confine_monitor(bool unix_sockets)
{
	static const unsigned long requests[] = {
	    SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND, SECCOMP_IOCTL_NOTIF_ID_VALID,
	    SECCOMP_IOCTL_NOTIF_ADDFD, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
	    /* of terminals: host/tty.c */
	    TIOCSWINSZ, TIOCPKT, TIOCGPTPEER, TIOCGPTN, TIOCSIG, TIOCEXCL, TIOCNXCL};
	static const unsigned long seccomp_requests[] = {SECCOMP_GET_NOTIF_SIZES};
	struct host_allowed allowed;
	int calls[CALLS + 2];
	size_t count = CALLS;

	memcpy(calls, monitor_calls, sizeof(monitor_calls));
	if (unix_sockets) {
		calls[count++] = SYS_connect;
		calls[count++] = SYS_bind;
	}
	host_allow_begin(&allowed);
	host_allow_values(&allowed, SYS_ioctl, 1, requests, sizeof(requests) / sizeof(requests[0]));
	host_allow_values(&allowed, SYS_seccomp, 0, seccomp_requests, 1);
	/* No new code, and no new namespaces. */
	host_allow_without(&allowed, SYS_mmap, 2, PROT_EXEC);
	host_allow_without(&allowed, SYS_mprotect, 2, PROT_EXEC);
	host_allow_without(&allowed, SYS_clone, 0, NEW_NAMESPACE);
	/* Which connects: a socket of the space that leads outside could go anywhere by it. */
	host_allow_without(&allowed, SYS_sendto, 3, MSG_FASTOPEN);
	host_allow_without(&allowed, SYS_sendmsg, 2, MSG_FASTOPEN);
	return host_allow_only(&allowed, calls, count);
}

/* For ever: neither files nor, where Linux knows to say so, TCP ports to bind. */
static enum cd_status leave_files(bool may_bind)
{
	struct attributes attributes = {.files = (UINT64_C(1) << 13) - 1,
					.network = may_bind ? 0 : NET_BIND_TCP};
	struct ruleset rules;

	if (host_landlock_abi() < 1)
		return CD_OK;
	if (host_landlock_abi() >= 2)
		attributes.files |= LANDLOCK_ACCESS_FS_REFER;
	rules.fd = create_ruleset(&attributes);
	return rules.fd < 0 ? CD_ESYS : enter(&rules, CD_OK);
}

enum cd_status host_confine_connect(const uint16_t *ports, size_t count)
{
	const struct attributes attributes = {.network = NET_CONNECT_TCP};
	struct ruleset rules = {.handled = NET_CONNECT_TCP};
	enum cd_status status = CD_OK;

	if (host_landlock_abi() < 4)
		return CD_ENOSUP;
	rules.fd = create_ruleset(&attributes);
	if (rules.fd < 0)
		return CD_ESYS;
	for (size_t i = 0; i < count && status == CD_OK; i++) {
		const struct {
			uint64_t rights, port;
		} rule = {NET_CONNECT_TCP, ports[i]};

		if (syscall(SYS_landlock_add_rule, rules.fd, RULE_NET_PORT, &rule, 0))
			status = CD_ESYS;
	}
	return enter(&rules, status);
}

enum cd_status host_confine_service(const int *calls, size_t count, bool may_bind)
{
	static const unsigned long families[] = {AF_INET, AF_INET6, AF_UNIX};
	struct host_allowed allowed;

	prctl(PR_SET_DUMPABLE, 0);
	if (leave_files(may_bind) != CD_OK ||
	    keep_capabilities(may_bind ? 1u << CAP_NET_BIND_SERVICE : 0) != CD_OK)
		return CD_ESYS;
	host_allow_begin(&allowed);
	host_allow_without(&allowed, SYS_mmap, 2, PROT_EXEC);
	host_allow_without(&allowed, SYS_mprotect, 2, PROT_EXEC);
	host_allow_values(&allowed, SYS_socket, 0, families, may_bind ? 3 : 2);
	return host_allow_only(&allowed, calls, count);
}
