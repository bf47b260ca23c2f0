/* Limits, between the policy that names them, the host that holds them, and the user who is told.
 */
#ifndef CORDON_CLI_LIMITS_H
#define CORDON_CLI_LIMITS_H

#include <stdbool.h>

#include "host/limits.h"
#include "lib/buf.h"
#include "policy/policy.h"

struct cli_limits {
	struct host_limits host;
	struct host_usage usage; /* when it was last looked */
	uint64_t unlogged;	 /* records that found no room in the log */
	unsigned ended;		 /* bits of enum host_limit: the space was ended because of it */
};

/* As policies name it: "memory". */
const char *cli_limit_name(enum host_limit limit);
/* The policy's limits, each with the means that hold it here. log: records go to a file. */
void cli_limits_settle(struct cli_limits *limits, const struct pol_limits *policy, bool log);
/* The same for a space within another one. */
void cli_limits_within(struct cli_limits *limits, const struct pol_limits *policy, bool log,
		       const struct cli_limits *outer);
/* Says which are held less well than they read. */
void cli_limits_say_weak(const struct cli_limits *limits);

/*
 * Looks at what the space has used by now. Whether that is more than a limit which nobody but us
 * enforces allows: then the space is to be ended. proc: as in host_limits_look().
 */
bool cli_limits_exceeded(struct cli_limits *limits, int proc);
/* The monitor had to leave records out. */
void cli_limits_count_unlogged(struct cli_limits *limits, uint64_t count);
/* Ended by the clock. */
void cli_limits_out_of_time(struct cli_limits *limits);
/* At the end; status: the wait status of the program, or -1. */
void cli_limits_finish(struct cli_limits *limits, int status);

/* One line for each limit that was reached, with what would raise it. */
void cli_limits_print(const struct cli_limits *limits, bool quiet);
/* "limits":{"memory":{"value":N,"means":"...","reached":N},...} */
void cli_limits_json(const struct cli_limits *limits, struct cd_buf *out);

/* For `cordon doctor`: what would hold each limit here, if it were set. */
void cli_limits_survey(bool json);

#endif
