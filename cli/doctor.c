/* cordon doctor: what this machine has, what it lacks, and what that costs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/limits.h"
#include "host/confine.h"
#include "lib/without.h"

static const char usage[] =
    "usage: cordon doctor [--json]\n"
    "\n"
    "Tries each mechanism that cordon builds on and says what its absence costs.\n"
    "exit status: 0 spaces can run here; 1 something they need is missing.\n";

static const struct cli_option options[] = {
    {0, "json", NULL, "print the same as one JSON object", NULL, CLI_OPTIONS, 0},
    {.name = NULL},
};

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

/* Some machines let anybody make one and give nobody a right in it. */
static bool has_user_namespaces(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool has_other_namespaces(void)
{
	const int others = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
			   CLONE_NEWCGROUP;

	return (!cd_without(CD_USERNS) && has_user_namespaces() &&
		syscall(SYS_unshare, others) == 0) ||
	       syscall(SYS_unshare, others) == 0;
}

static bool has_namespaces_or_landlock(void)
{
	return has_other_namespaces() || (geteuid() != 0 && host_can_confine_bare());
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

static bool has_memory_access(void)
{
	char byte = 1, copy = 0;
	unsigned long local[2] = {(unsigned long)&copy, 1}, remote[2] = {(unsigned long)&byte, 1};

	return syscall(SYS_process_vm_readv, getpid(), local, 1, remote, 1, 0) == 1;
}

static bool has_sync_wakeup(void)
{
	return is_at_least(6, 6);
}

static bool has_pipe_nowait(void)
{
	return is_at_least(6, 4);
}

static bool has_landlock(void)
{
	return host_landlock_abi() >= 1;
}

static bool has_landlock_refer(void)
{
	return host_landlock_abi() >= 2;
}

static bool has_landlock_net(void)
{
	return host_landlock_abi() >= 4;
}

static bool has_landlock_ioctl(void)
{
	return host_landlock_abi() >= 5;
}

static bool has_landlock_scope(void)
{
	return host_landlock_abi() >= 6;
}

static bool has_thread_pidfds(void)
{
	int fd = (int)syscall(SYS_pidfd_open, syscall(SYS_gettid), O_EXCL /* PIDFD_THREAD */);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_pid_max(void)
{
	return is_at_least(6, 14);
}

static bool has_linux(void)
{
	return is_at_least(5, 15);
}

struct probe {
	const char *title;
	bool (*probe)(void);
	bool in_child;
	const char *cost; /* of its absence */
};

/* Without one of these no space can run. */
static const struct probe needed[] = {
    {"Linux 5.15", has_linux, false, "older kernels lack calls that the monitor is built on"},
    {"namespaces, or Landlock 2 in their place", has_namespaces_or_landlock, true,
     "nothing would hold a program"},
    {"seccomp user notification", has_notify, false, "nothing could be mediated"},
    {"reading another process's memory", has_memory_access, false,
     "arguments could not be decoded"},
};

/* Without these something else takes their place. Titles and costs are in lib/without.def. */
static const struct probe replaced[CD_MECHANISM_COUNT] = {
    [CD_USERNS] = {.probe = has_user_namespaces, .in_child = true},
    [CD_LANDLOCK] = {.probe = has_landlock},
    [CD_LANDLOCK_REFER] = {.probe = has_landlock_refer},
    [CD_LANDLOCK_NET] = {.probe = has_landlock_net},
    [CD_LANDLOCK_IOCTL] = {.probe = has_landlock_ioctl},
    [CD_LANDLOCK_SCOPE] = {.probe = has_landlock_scope},
    [CD_KILLABLE_RECV] = {.probe = has_killable_wait},
    [CD_SYNC_WAKEUP] = {.probe = has_sync_wakeup},
    [CD_PIPE_NOWAIT] = {.probe = has_pipe_nowait},
    [CD_PIDFD_THREAD] = {.probe = has_thread_pidfds},
    [CD_PID_MAX] = {.probe = has_pid_max},
};

struct answers {
	bool json;
	unsigned count;
	bool missing; /* something that is needed */
};

static void try(struct answers *answers, const struct probe *p, bool need, bool without)
{
	bool there;

	fflush(stdout); /* or the child would print it again */
	there = !without && (p->in_child ? probe_in_child(p->probe) : p->probe());
	answers->missing |= need && !there;
	if (answers->json) {
		printf("%s{\"name\":\"%s\",\"there\":%s,\"needed\":%s}",
		       answers->count++ ? "," : "", p->title, there ? "true" : "false",
		       need ? "true" : "false");
		return;
	}
	printf("  %-4s %s\n", there ? "yes" : need ? "NO" : "no", p->title);
	if (!there)
		printf("       without it: %s\n", p->cost);
}

static int doctor_command(int argc, char **argv)
{
	struct answers answers = {.json = argc > 1 && strcmp(argv[1], "--json") == 0};
	struct utsname name;

	if (answers.json)
		printf("{\"landlock_abi\":%d,\"mechanisms\":[", host_landlock_abi());
	else if (uname(&name) == 0)
		printf("Linux %s on %s, user %u, Landlock ABI %d\n\n", name.release, name.machine,
		       geteuid(), host_landlock_abi());
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		try(&answers, &needed[i], true, false);
	for (int id = 0; id < CD_MECHANISM_COUNT; id++) {
		const struct cd_mechanism_entry *entry = &cd_mechanisms[id];
		struct probe probe = replaced[id];
		char title[96];

		snprintf(title, sizeof(title), "%s (%d.%d)", entry->title, entry->major,
			 entry->minor);
		probe.title = title;
		probe.cost = entry->cost;
		try(&answers, &probe, false, cd_without((enum cd_mechanism)id));
	}
	if (answers.json)
		printf("]");
	cli_limits_survey(answers.json);
	puts(answers.json      ? "}"
	     : answers.missing ? "\nSpaces cannot run here."
			       : "\nSpaces can run here.");
	return answers.missing;
}

const struct cli_command cli_doctor = {.name = "doctor",
				       .summary = "what this machine has, and what is missing",
				       .usage = usage,
				       .run = doctor_command,
				       .options = options,
				       .notes = "example:\n  cordon doctor\n"};
