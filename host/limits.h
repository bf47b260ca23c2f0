/*
 * Limits: by which means each is held on this machine, and what has become of it.
 *
 * A control group holds a limit for the space as a whole. Where none can be had, rlimits hold each
 * process, and what the kernel accounts for processes is looked at now and then for the whole.
 */
#ifndef CORDON_HOST_LIMITS_H
#define CORDON_HOST_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "cordon/status.h"
#include "host/cgroup.h"

enum host_limit {
	HOST_LIMIT_MEMORY,	 /* bytes */
	HOST_LIMIT_PROCESSES,	 /* and threads */
	HOST_LIMIT_CPU_SECONDS,	 /* of the space together */
	HOST_LIMIT_CPU_PERCENT,	 /* of one processor */
	HOST_LIMIT_WALL_SECONDS, /* the keeper's clock */
	HOST_LIMIT_OPEN_FILES,	 /* of one process */
	HOST_LIMIT_FILE_SIZE,	 /* bytes of one file */
	HOST_LIMIT_TMP_SIZE,	 /* bytes of one private directory */
	HOST_LIMIT_LOG_SIZE,	 /* bytes of records */
	HOST_LIMIT_COUNT,
};

enum host_means {
	HOST_MEANS_NONE, /* no such limit */
	HOST_MEANS_CGROUP2,
	HOST_MEANS_CGROUP1,
	HOST_MEANS_WATCH, /* each process by an rlimit; the whole is looked at ten times a second */
	HOST_MEANS_NPROC, /* RLIMIT_NPROC, which counts within the space's user namespace */
	HOST_MEANS_PID_MAX, /* root, whom Linux exempts from that: numbers of the pid namespace */
	HOST_MEANS_EXEMPT,  /* root, where a pid namespace has no maximum of its own: not at all */
	HOST_MEANS_IDLE,    /* what others leave of the processors */
	HOST_MEANS_PROCESS, /* each process by an rlimit, as the limit says */
	HOST_MEANS_CLOCK,
	HOST_MEANS_MOUNT,
	HOST_MEANS_MONITOR,
	HOST_MEANS_COUNT,
};

struct host_limits {
	uint64_t value[HOST_LIMIT_COUNT]; /* 0: no limit */
	enum host_means means[HOST_LIMIT_COUNT];
	struct host_cgroup *cgroup;
};

/* What has been seen of a space. */
struct host_usage {
	struct host_cgroup_events events;
	uint64_t memory; /* bytes, only where it is watched */
};

/* Decides on the means for each value, and makes the control group. */
void host_limits_settle(struct host_limits *limits);
/*
 * For a space within another one, whose group it is in and whose limits hold for it as well: its
 * own are held for each process.
 */
void host_limits_within(struct host_limits *limits, const struct host_limits *outer);
/* Whether the limit is held as well as it can be said: for the whole space, if that is what it
 * means. */
bool host_means_is_whole(enum host_means means);
/* "by a control group (version 2)"; for people. */
const char *host_means_text(enum host_means means);

/* In the monitor, before it starts anything: what holds for it and the space together. errno on
 * failure. */
enum cd_status host_limits_apply_own(const struct host_limits *limits) CD_CHECKED;
/* In the program's process, while it has the capabilities of its user namespace. errno on failure.
 */
enum cd_status host_limits_apply(const struct host_limits *limits) CD_CHECKED;
/* There, when it has no descriptors any more but its own: of the monitor's it shares more. */
enum cd_status host_limits_apply_descriptors(const struct host_limits *limits) CD_CHECKED;
/* In init's process, in the space's own pid namespace. errno on failure. */
enum cd_status host_limits_apply_numbers(const struct host_limits *limits) CD_CHECKED;

/* Does somebody have to look, because the kernel does not act by itself? */
bool host_limits_need_watch(const struct host_limits *limits);
/*
 * What the space has used. proc: a /proc that shows its processes, or -1; of it nothing is believed
 * but that it is a /proc.
 */
void host_limits_look(const struct host_limits *limits, int proc, struct host_usage *usage);

/* Bytes and files that a private directory may hold if no limit says otherwise. */
uint64_t host_tmp_default(void);

#endif
