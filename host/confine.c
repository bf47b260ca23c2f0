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
#include "host/landlock.h"
#include "kernel/arch/x86_64/numbers.h"
#include "lib/without.h"

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

bool host_can_confine_native(void)
{
	return host_landlock_abi() >= 1;
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
static enum cd_status grant_running(const struct host_rules *rules, int fd, const char *path)
{
	enum cd_status status = CD_OK;
	char below[CD_PATH_MAX];
	struct dirent *entry;
	bool exactly;
	DIR *dir;
	int list;

	if (!host_hops_excepts(path, &exactly))
		return host_rules_grant(rules, fd, FILE_READ | LANDLOCK_ACCESS_FS_EXECUTE);
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
	const struct host_rights handled = {.files = all_files(abi),
					    .network = NET_BIND_TCP | NET_CONNECT_TCP,
					    .scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS};
	const uint64_t look = FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR;
	struct host_rules rules;
	enum cd_status status = CD_OK;

	if (!host_can_confine_bare())
		return CD_ENOSUP;
	if (host_rules_make(&rules, &handled) != CD_OK)
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
			status = host_rules_grant(&rules, hop->fd, rights);
	}
	for (int fd = 0; status == CD_OK && !program && fd <= 2; fd++)
		status = host_rules_grant_inherited(&rules, fd);
	for (size_t n = 0; status == CD_OK && !program && fds && n < fds->count; n++)
		status = host_rules_grant_inherited(&rules, fds->fd[n]);
	if (status == CD_OK && !program)
		status = host_rules_grant_place(&rules, host_hops_home(), look);
	if (status == CD_OK && !program)
		status = host_rules_grant(&rules, proc, look);
	return host_rules_enter(&rules, status);
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
    SYS_sched_yield,
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
    SYS_preadv2,
    SYS_pwritev2,
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
	struct host_rights handled = {.files = (UINT64_C(1) << 13) - 1,
				      .network = may_bind ? 0 : NET_BIND_TCP};
	struct host_rules rules;
	enum cd_status status;

	if (host_landlock_abi() < 1)
		return CD_OK;
	if (host_landlock_abi() >= 2)
		handled.files |= LANDLOCK_ACCESS_FS_REFER;
	status = host_rules_make(&rules, &handled);
	return status == CD_OK ? host_rules_enter(&rules, CD_OK) : status;
}

enum cd_status host_confine_connect(const uint16_t *ports, size_t count)
{
	const struct host_rights handled = {.network = NET_CONNECT_TCP};
	struct host_rules rules;
	enum cd_status status = CD_OK;

	if (host_landlock_abi() < 4)
		return CD_ENOSUP;
	if (host_rules_make(&rules, &handled) != CD_OK)
		return CD_ESYS;
	for (size_t i = 0; i < count && status == CD_OK; i++)
		status = host_rules_grant_port(&rules, ports[i]);
	return host_rules_enter(&rules, status);
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
