/* Limits. */
#include "host/limits.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/view.h"
#include "lib/without.h"

/* Processes of ours that RLIMIT_NPROC and the pid namespace count: the monitor and init. */
#define OWN_PROCESSES 2
/* When numbers begin anew, Linux leaves these out: a maximum below would end all forking. */
#define RESERVED_NUMBERS 300

const char *host_means_text(enum host_means means)
{
	static const char *const texts[HOST_MEANS_COUNT] = {
	    [HOST_MEANS_NONE] = "not set",
	    [HOST_MEANS_CGROUP2] = "the space as a whole, by a control group (version 2)",
	    [HOST_MEANS_CGROUP1] = "the space as a whole, by a control group (version 1)",
	    [HOST_MEANS_WATCH] = "each process by an rlimit, and the space as a whole by looking "
				 "ten times a second",
	    [HOST_MEANS_NPROC] = "the space as a whole, by an rlimit",
	    [HOST_MEANS_PID_MAX] = "the space as a whole, by the numbers of its pid namespace, "
				   "which allow 300 more",
	    [HOST_MEANS_EXEMPT] = "not held: Linux exempts root",
	    [HOST_MEANS_IDLE] = "not as a number: the space takes the processor time that nobody "
				"else wants",
	    [HOST_MEANS_PROCESS] = "each process, by an rlimit",
	    [HOST_MEANS_CLOCK] = "the space as a whole, by a clock",
	    [HOST_MEANS_MOUNT] = "each private directory, by its mount",
	    [HOST_MEANS_MONITOR] = "the records of the space, by its monitor",
	};

	return texts[means];
}

bool host_means_is_whole(enum host_means means)
{
	return means != HOST_MEANS_WATCH && means != HOST_MEANS_PID_MAX &&
	       means != HOST_MEANS_EXEMPT && means != HOST_MEANS_IDLE;
}

static bool has_pid_max(void)
{
	struct utsname name;
	int a = 0, b = 0;

	return !cd_without(CD_PID_MAX) && uname(&name) == 0 &&
	       sscanf(name.release, "%d.%d", &a, &b) == 2 && (a > 6 || (a == 6 && b >= 14));
}

static enum host_means means_without_group(enum host_limit limit)
{
	switch (limit) {
	case HOST_LIMIT_PROCESSES:
		return geteuid() != 0  ? HOST_MEANS_NPROC
		       : has_pid_max() ? HOST_MEANS_PID_MAX
				       : HOST_MEANS_EXEMPT;
	case HOST_LIMIT_CPU_PERCENT: return HOST_MEANS_IDLE;
	case HOST_LIMIT_WALL_SECONDS: return HOST_MEANS_CLOCK;
	case HOST_LIMIT_TMP_SIZE: return HOST_MEANS_MOUNT;
	case HOST_LIMIT_LOG_SIZE: return HOST_MEANS_MONITOR;
	case HOST_LIMIT_OPEN_FILES:
	case HOST_LIMIT_FILE_SIZE: return HOST_MEANS_PROCESS;
	default: return HOST_MEANS_WATCH;
	}
}

void host_limits_settle(struct host_limits *limits)
{
	static const enum host_limit controlled[HOST_CONTROL_COUNT] = {
	    [HOST_CONTROL_MEMORY] = HOST_LIMIT_MEMORY,
	    [HOST_CONTROL_PROCESSES] = HOST_LIMIT_PROCESSES,
	    [HOST_CONTROL_CPU] = HOST_LIMIT_CPU_PERCENT,
	    [HOST_CONTROL_CPU_TIME] = HOST_LIMIT_CPU_SECONDS,
	};
	uint64_t wanted[HOST_CONTROL_COUNT];
	bool any = false;

	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++)
		limits->means[i] = limits->value[i] ? means_without_group(i) : HOST_MEANS_NONE;
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++) {
		wanted[i] = limits->value[controlled[i]];
		any |= wanted[i] != 0;
	}
	if (!any)
		return;
	/* However many processes it has, beside others the space is to count as one. */
	if (!wanted[HOST_CONTROL_CPU])
		wanted[HOST_CONTROL_CPU] = HOST_CPU_ANY;
	limits->cgroup = host_cgroup_new(wanted);
	for (unsigned i = 0; i < HOST_CONTROL_COUNT; i++) {
		unsigned version = host_cgroup_version(limits->cgroup, i);

		if (version && limits->value[controlled[i]])
			limits->means[controlled[i]] =
			    version == 2 ? HOST_MEANS_CGROUP2 : HOST_MEANS_CGROUP1;
	}
}

void host_limits_within(struct host_limits *limits, const struct host_limits *outer)
{
	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++) {
		uint64_t own = limits->value[i];
		bool tighter = own && (!outer->value[i] || own < outer->value[i]);

		limits->means[i] = tighter ? means_without_group(i) : outer->means[i];
		limits->value[i] = tighter ? own : outer->value[i];
	}
	limits->cgroup = outer->cgroup;
}

/* ---- in the space's first processes ---- */

static bool set(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit = {soft, hard}, now;

	if (getrlimit(resource, &now) == 0 && now.rlim_max < limit.rlim_max) {
		limit.rlim_max = now.rlim_max;
		if (limit.rlim_cur > limit.rlim_max)
			limit.rlim_cur = limit.rlim_max;
	}
	return setrlimit(resource, &limit) == 0;
}

enum cd_status host_limits_apply_own(const struct host_limits *limits)
{
	struct sched_param none = {0};

	if (host_cgroup_enter(limits->cgroup, HOST_CGROUP_OWN) != CD_OK)
		return CD_ESYS;
	return limits->means[HOST_LIMIT_CPU_PERCENT] == HOST_MEANS_IDLE &&
		       syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &none)
		   ? CD_ESYS
		   : CD_OK;
}

enum cd_status host_limits_apply(const struct host_limits *limits)
{
	const uint64_t *value = limits->value;
	const enum host_means *means = limits->means;

	if (host_cgroup_enter(limits->cgroup, HOST_CGROUP_SPACE) != CD_OK)
		return CD_ESYS;
	/* 1 and not 0: where cores go to a helper by a pipe, Linux runs it, as root and outside,
	 * unless it is 1. */
	if (!set(RLIMIT_CORE, 1, 1))
		return CD_ESYS;
	/* Private memory that can be written to: programs reserve far more address space than they
	 * use. */
	if (means[HOST_LIMIT_MEMORY] == HOST_MEANS_WATCH &&
	    !set(RLIMIT_DATA, value[HOST_LIMIT_MEMORY], value[HOST_LIMIT_MEMORY]))
		return CD_ESYS;
	if ((means[HOST_LIMIT_PROCESSES] == HOST_MEANS_NPROC ||
	     means[HOST_LIMIT_PROCESSES] == HOST_MEANS_PID_MAX ||
	     means[HOST_LIMIT_PROCESSES] == HOST_MEANS_EXEMPT) &&
	    !set(RLIMIT_NPROC, value[HOST_LIMIT_PROCESSES] + OWN_PROCESSES,
		 value[HOST_LIMIT_PROCESSES] + OWN_PROCESSES))
		return CD_ESYS;
	/* SIGXCPU first: it tells which limit it was. */
	if (value[HOST_LIMIT_CPU_SECONDS] &&
	    !set(RLIMIT_CPU, value[HOST_LIMIT_CPU_SECONDS], value[HOST_LIMIT_CPU_SECONDS] + 1))
		return CD_ESYS;
	if (value[HOST_LIMIT_FILE_SIZE] &&
	    !set(RLIMIT_FSIZE, value[HOST_LIMIT_FILE_SIZE], value[HOST_LIMIT_FILE_SIZE]))
		return CD_ESYS;
	/* Who may not raise his priority cannot leave the idle class again. */
	return means[HOST_LIMIT_CPU_PERCENT] != HOST_MEANS_IDLE || set(RLIMIT_NICE, 0, 0) ? CD_OK
											  : CD_ESYS;
}

enum cd_status host_limits_apply_descriptors(const struct host_limits *limits)
{
	const uint64_t most = limits->value[HOST_LIMIT_OPEN_FILES];

	return !most || set(RLIMIT_NOFILE, most, most) ? CD_OK : CD_ESYS;
}

enum cd_status host_limits_apply_numbers(const struct host_limits *limits)
{
	char text[24];
	int proc, fd, saved;
	ssize_t n;

	if (limits->means[HOST_LIMIT_PROCESSES] != HOST_MEANS_PID_MAX)
		return CD_OK;
	proc = host_view_writable_proc();
	fd = proc < 0 ? -1 : openat(proc, "sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)limits->value[HOST_LIMIT_PROCESSES] + OWN_PROCESSES +
		     RESERVED_NUMBERS);
	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	saved = errno;
	if (fd >= 0)
		close(fd);
	if (proc >= 0)
		close(proc);
	errno = saved;
	/* EINVAL: more than the machine's own maximum, which then holds. */
	return n >= 0 || (fd >= 0 && saved == EINVAL) ? CD_OK : CD_ESYS;
}

/* ---- looking ---- */

bool host_limits_need_watch(const struct host_limits *limits)
{
	return limits->means[HOST_LIMIT_MEMORY] == HOST_MEANS_WATCH ||
	       limits->value[HOST_LIMIT_CPU_SECONDS];
}

static bool read_file(int proc, const char *pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pid, name);
	fd = openat(proc, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Memory that is not a file's. Of what several share, each has all of it here. */
static uint64_t private_memory(int proc, const char *pid)
{
	unsigned long long resident, shared;
	char text[128];

	if (!read_file(proc, pid, "statm", text, sizeof(text)) ||
	    sscanf(text, "%*u %llu %llu", &resident, &shared) != 2 || shared > resident)
		return 0;
	return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Here each has its share. Linux walks the page tables for it. */
static uint64_t share_of_memory(int proc, const char *pid)
{
	unsigned long long kib;
	char text[2048];
	const char *at;

	if (read_file(proc, pid, "smaps_rollup", text, sizeof(text)) &&
	    (at = strstr(text, "Pss_Anon:")) && sscanf(at, "Pss_Anon: %llu", &kib) == 1)
		return kib * 1024;
	return private_memory(proc, pid);
}

/* Its own, and that of its children that it has waited for. */
static uint64_t cpu_time(int proc, const char *pid)
{
	unsigned long long user, system, waited_user, waited_system;
	char text[1024];
	const char *at;

	if (!read_file(proc, pid, "stat", text, sizeof(text)) || !(at = strrchr(text, ')')) ||
	    sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &user,
		   &system, &waited_user, &waited_system) != 4)
		return 0;
	return (user + system + waited_user + waited_system) * 1000000 /
	       (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t sum(int proc, uint64_t (*of)(int proc, const char *pid))
{
	int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	uint64_t total = 0;

	if (!list && fd >= 0)
		close(fd);
	while (list && (entry = readdir(list)))
		if (isdigit((unsigned char)entry->d_name[0]))
			total += of(proc, entry->d_name);
	if (list)
		closedir(list);
	return total;
}

void host_limits_look(const struct host_limits *limits, int proc, struct host_usage *usage)
{
	struct statfs fs;

	*usage = (struct host_usage){.memory = 0};
	host_cgroup_read(limits->cgroup, &usage->events);
	if (proc < 0 || fstatfs(proc, &fs) || fs.f_type != PROC_SUPER_MAGIC)
		return;
	if (limits->means[HOST_LIMIT_MEMORY] == HOST_MEANS_WATCH) {
		usage->memory = sum(proc, private_memory);
		if (usage->memory > limits->value[HOST_LIMIT_MEMORY])
			usage->memory = sum(proc, share_of_memory);
	}
	if (limits->means[HOST_LIMIT_CPU_SECONDS] == HOST_MEANS_WATCH)
		usage->events.cpu_usec = sum(proc, cpu_time);
}

uint64_t host_tmp_default(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? UINT64_C(1) << 30 : (uint64_t)info.totalram * info.mem_unit / 4;
}
