/* Limits. */
#include "cli/limits.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

#define LOG_SIZE (UINT64_C(256) << 20) /* without a limit */

static const struct {
	const char *name;
	size_t offset; /* in struct pol_limits */
	bool is_size;
	uint64_t probe; /* a value to try the means with */
} table[HOST_LIMIT_COUNT] = {
    [HOST_LIMIT_MEMORY] = {"memory", offsetof(struct pol_limits, memory), true, 1 << 30},
    [HOST_LIMIT_PROCESSES] = {"processes", offsetof(struct pol_limits, processes), false, 64},
    [HOST_LIMIT_CPU_SECONDS] = {"cpu_seconds", offsetof(struct pol_limits, cpu_seconds), false, 60},
    [HOST_LIMIT_CPU_PERCENT] = {"cpu_percent", offsetof(struct pol_limits, cpu_percent), false, 50},
    [HOST_LIMIT_WALL_SECONDS] = {"wall_seconds", offsetof(struct pol_limits, wall_seconds), false,
				 60},
    [HOST_LIMIT_OPEN_FILES] = {"open_files", offsetof(struct pol_limits, open_files), false, 256},
    [HOST_LIMIT_FILE_SIZE] = {"file_size", offsetof(struct pol_limits, file_size), true, 1 << 30},
    [HOST_LIMIT_TMP_SIZE] = {"tmp_size", offsetof(struct pol_limits, tmp_size), true, 1 << 30},
    [HOST_LIMIT_LOG_SIZE] = {"log_size", offsetof(struct pol_limits, log_size), true, 1 << 30},
};

const char *cli_limit_name(enum host_limit limit)
{
	return table[limit].name;
}

static void set_values(struct cli_limits *limits, const struct pol_limits *policy, bool log)
{
	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++)
		limits->host.value[i] = *(const uint64_t *)((const char *)policy + table[i].offset);
	if (log && !policy->log_size)
		limits->host.value[HOST_LIMIT_LOG_SIZE] = LOG_SIZE;
}

void cli_limits_settle(struct cli_limits *limits, const struct pol_limits *policy, bool log)
{
	set_values(limits, policy, log);
	host_limits_settle(&limits->host);
}

void cli_limits_within(struct cli_limits *limits, const struct pol_limits *policy, bool log,
		       const struct cli_limits *outer)
{
	set_values(limits, policy, log);
	host_limits_within(&limits->host, &outer->host);
}

void cli_limits_say_weak(const struct cli_limits *limits)
{
	char names[256];
	struct cd_buf out;

	cd_buf_init(&out, names, sizeof(names));
	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++)
		if (!host_means_is_whole(limits->host.means[i]))
			cd_buf_fmt(&out, "%s%s", out.len ? ", " : "", table[i].name);
	if (out.len)
		cli_say("no control group can be had to hold %s as well as it could be: `cordon "
			"doctor` says how it is held",
			names);
}

/* ---- looking ---- */

static bool is_over(const struct cli_limits *limits, enum host_limit limit, uint64_t used)
{
	return limits->host.value[limit] && used > limits->host.value[limit];
}

bool cli_limits_exceeded(struct cli_limits *limits, int proc)
{
	host_limits_look(&limits->host, proc, &limits->usage);
	if (is_over(limits, HOST_LIMIT_MEMORY, limits->usage.memory))
		limits->ended |= 1U << HOST_LIMIT_MEMORY;
	if (is_over(limits, HOST_LIMIT_CPU_SECONDS, limits->usage.events.cpu_usec / 1000000))
		limits->ended |= 1U << HOST_LIMIT_CPU_SECONDS;
	return limits->ended != 0;
}

void cli_limits_count_unlogged(struct cli_limits *limits, uint64_t count)
{
	limits->unlogged = count;
}

void cli_limits_out_of_time(struct cli_limits *limits)
{
	limits->ended |= 1U << HOST_LIMIT_WALL_SECONDS;
}

void cli_limits_finish(struct cli_limits *limits, int status)
{
	struct host_usage last = limits->usage;

	host_limits_look(&limits->host, -1, &limits->usage);
	if (limits->host.means[HOST_LIMIT_CPU_SECONDS] == HOST_MEANS_WATCH)
		limits->usage.events.cpu_usec = last.events.cpu_usec;
	limits->usage.memory = last.memory;
	/* These signals come from nowhere else, unless the program sends them to itself. */
	if (status >= 0 && WIFSIGNALED(status)) {
		if (WTERMSIG(status) == SIGXCPU && limits->host.value[HOST_LIMIT_CPU_SECONDS])
			limits->ended |= 1U << HOST_LIMIT_CPU_SECONDS;
		if (WTERMSIG(status) == SIGXFSZ && limits->host.value[HOST_LIMIT_FILE_SIZE])
			limits->ended |= 1U << HOST_LIMIT_FILE_SIZE;
	}
}

/* ---- telling ---- */

/* How often it was reached. */
static uint64_t reached(const struct cli_limits *limits, enum host_limit limit)
{
	uint64_t count = limits->ended >> limit & 1;

	if (limit == HOST_LIMIT_MEMORY)
		return count + limits->usage.events.killed;
	if (limit == HOST_LIMIT_PROCESSES)
		return count + limits->usage.events.refused;
	if (limit == HOST_LIMIT_LOG_SIZE)
		return limits->unlogged;
	return count;
}

static void add_value(struct cd_buf *out, enum host_limit limit, uint64_t value)
{
	static const char units[] = "KMGT";
	size_t unit = 0;

	while (table[limit].is_size && value && value % 1024 == 0 && unit < strlen(units)) {
		value /= 1024;
		unit++;
	}
	cd_buf_fmt(out, "%llu", (unsigned long long)value);
	if (unit)
		cd_buf_add(out, &units[unit - 1], 1);
}

static void add_consequence(struct cd_buf *out, const struct cli_limits *limits,
			    enum host_limit limit)
{
	const char *program = limits->ended >> limit & 1 ? "the space was ended" : NULL;
	unsigned long long count = reached(limits, limit);

	if (limit == HOST_LIMIT_FILE_SIZE)
		program = "the program was ended";
	/* Version 2 ends them together. */
	if (!program && limits->host.means[limit] == HOST_MEANS_CGROUP2 &&
	    limit == HOST_LIMIT_MEMORY)
		program = "the space's processes were killed";
	if (limit == HOST_LIMIT_LOG_SIZE)
		cd_buf_fmt(out, "%llu record%s left out", count, count == 1 ? " was" : "s were");
	else if (program)
		cd_buf_str(out, program);
	else if (limit == HOST_LIMIT_MEMORY)
		cd_buf_fmt(out,
			   count == 1 ? "%llu process was killed" : "%llu processes were killed",
			   count);
	else
		cd_buf_fmt(out, "a new process was refused %llu time%s", count,
			   count == 1 ? "" : "s");
}

void cli_limits_print(const struct cli_limits *limits, bool quiet)
{
	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++) {
		char line[512];
		struct cd_buf out;

		if (!reached(limits, i) || (quiet && i == HOST_LIMIT_PROCESSES))
			continue;
		cd_buf_init(&out, line, sizeof(line));
		cd_buf_fmt(&out, "the limit %s (", table[i].name);
		add_value(&out, i, limits->host.value[i]);
		cd_buf_str(&out, ") was reached: ");
		add_consequence(&out, limits, i);
		cd_buf_fmt(&out, "; --limit=%s=", table[i].name);
		add_value(&out, i, 2 * limits->host.value[i]);
		cd_buf_str(&out, " would raise it");
		cli_say("%s", line);
	}
}

void cli_limits_json(const struct cli_limits *limits, struct cd_buf *out)
{
	const char *comma = "";

	cd_buf_str(out, "\"limits\":{");
	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++) {
		if (!limits->host.value[i])
			continue;
		cd_buf_fmt(out, "%s\"%s\":{\"value\":%llu,\"means\":\"%s\",\"reached\":%llu}",
			   comma, table[i].name, (unsigned long long)limits->host.value[i],
			   host_means_text(limits->host.means[i]),
			   (unsigned long long)reached(limits, i));
		comma = ",";
	}
	cd_buf_str(out, "}");
}

/* ---- cordon doctor ---- */

void cli_limits_survey(bool json)
{
	struct host_limits limits = {.cgroup = NULL};
	const char *comma = "";
	bool weak = false;

	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++)
		limits.value[i] = table[i].probe;
	host_limits_settle(&limits);
	printf(json ? ",\"limits\":{" : "\nLimits, and what holds each:\n");
	for (unsigned i = 0; i < HOST_LIMIT_COUNT; i++) {
		bool whole = host_means_is_whole(limits.means[i]);

		weak |= !whole;
		printf(json ? "%s\"%s\":{\"whole\":%s,\"means\":\"%s\"}" : "%s  %-12s %s%s\n",
		       comma, table[i].name, json ? (whole ? "true" : "false") : "",
		       host_means_text(limits.means[i]));
		comma = json ? "," : "";
	}
	if (json)
		printf("}");
	else if (weak)
		printf("  a control group would hold the space as a whole; to have one: %s\n",
		       geteuid() == 0
			   ? "mount version 2 (mount -t cgroup2 none /sys/fs/cgroup)"
			   : "systemd-run --user --scope -q -p Delegate=yes cordon run ...");
	host_cgroup_free(limits.cgroup);
}
