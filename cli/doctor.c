/* cordon doctor: what this machine has, what it lacks, and what that costs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "host/confine.h"

static const char usage[] =
    "usage: cordon doctor [--json]\n"
    "\n"
    "Tries each mechanism that cordon builds on and says what its absence costs.\n"
    "exit status: 0 spaces can run here; 1 something they need is missing.\n"
    "\n"
    "example:\n"
    "  cordon doctor\n";

/* Runs a probe in a child, which it may change at will. */
static bool probe_in_child(bool (*probe)(void))
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(probe() ? 0 : 1);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool has_user_namespaces(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER) == 0;
}

static bool has_other_namespaces(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
					CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP) == 0;
}

static bool has_action(unsigned action)
{
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static bool has_notify(void)
{
	return has_action(SECCOMP_RET_USER_NOTIF);
}

/* A flag that the kernel knows gets past the check of flags, and fails on the missing program. */
static bool has_filter_flag(unsigned long flag)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER | flag, NULL) < 0 &&
	       errno == EFAULT;
}

static bool has_killable_wait(void)
{
	return has_filter_flag(1UL << 5);
}

static bool is_at_least(int major, int minor)
{
	struct utsname name;
	int a = 0, b = 0;

	return uname(&name) == 0 && sscanf(name.release, "%d.%d", &a, &b) == 2 &&
	       (a > major || (a == major && b >= minor));
}

static bool has_sync_wakeup(void)
{
	return is_at_least(6, 6);
}

static bool has_landlock(void)
{
	return host_landlock_abi() > 0;
}

static bool has_memory_access(void)
{
	char byte = 1, copy = 0;
	unsigned long local[2] = {(unsigned long)&copy, 1}, remote[2] = {(unsigned long)&byte, 1};

	return syscall(SYS_process_vm_readv, getpid(), local, 1, remote, 1, 0) == 1;
}

static bool has_cgroup2(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 ||
	       access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) == 0;
}

static const struct probe {
	const char *name;
	bool (*probe)(void);
	bool needed, in_child;
	const char *cost; /* of its absence */
} probes[] = {
    {"Linux 5.15", NULL, true, false, "older kernels lack calls that the monitor is built on"},
    {"user namespaces", has_user_namespaces, true, true,
     "no view can be built: ask the administrator for user.max_user_namespaces > 0, or, where "
     "AppArmor "
     "restricts them, kernel.apparmor_restrict_unprivileged_userns=0"},
    {"mount, pid, ipc, uts, net and cgroup namespaces", has_other_namespaces, true, true,
     "a space could see its surroundings"},
    {"seccomp user notification", has_notify, true, false, "nothing could be mediated"},
    {"seccomp: wait killable (5.19)", has_killable_wait, false, false,
     "a signal may restart an operation that is half done"},
    {"seccomp: synchronous wake-up (6.6)", has_sync_wakeup, false, false,
     "each operation through the monitor costs up to ten times as much"},
    {"reading another process's memory", has_memory_access, true, false,
     "arguments could not be decoded"},
    {"Landlock", has_landlock, false, false,
     "the monitor is confined by its view and its filter alone, and not a third time; and "
     "nothing is settled: every outward call goes through it"},
    {"cgroup v2", has_cgroup2, false, false,
     "limits hold for each process, not for the space as a whole"},
};

static bool has_linux(void)
{
	return is_at_least(5, 15);
}

static int doctor_command(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	const char *comma = "";
	struct utsname name;
	int missing = 0;

	if (uname(&name) == 0 && !json)
		printf("Linux %s on %s, user %u, Landlock ABI %d\n\n", name.release, name.machine,
		       geteuid(), host_landlock_abi());
	if (json)
		printf("{\"landlock_abi\":%d,\"mechanisms\":[", host_landlock_abi());
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		const struct probe *p = &probes[i];
		bool there;

		fflush(stdout); /* or the child would print it again */
		there = !p->probe     ? has_linux()
			: p->in_child ? probe_in_child(p->probe)
				      : p->probe();
		missing |= p->needed && !there;
		if (json) {
			printf("%s{\"name\":\"%s\",\"there\":%s,\"needed\":%s}", comma, p->name,
			       there ? "true" : "false", p->needed ? "true" : "false");
			comma = ",";
		} else {
			printf("  %-4s %s\n", there ? "yes" : p->needed ? "NO" : "no", p->name);
			if (!there)
				printf("       without it: %s\n", p->cost);
		}
	}
	puts(json ? "]}" : missing ? "\nSpaces cannot run here." : "\nSpaces can run here.");
	return missing;
}

const struct cli_command cli_doctor = {"doctor", "what this machine has, and what is missing",
				       usage, doctor_command};
