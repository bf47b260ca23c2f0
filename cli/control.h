/*
 * The control socket: what the keeper tells of its space, and does to it, when its user asks.
 *
 * A client connects to DIRECTORY/ID, sends one line, and reads lines until the end of file:
 *
 *   cordon 1 REQUEST[ TAB ARGUMENT]...           the request
 *   cordon 1 ok   or   cordon 1 error TAB TEXT   the first line of the answer
 *   KIND[ TAB FIELD]...                          records (CONTROL_RECORDS says which)
 *   end   or   cut                               cut: there was more than CONTROL_ANSWER_MAX
 *
 * In fields, control characters and backslashes are written as \xNN. Records and fields may be
 * added at the end; a reader skips what it does not know.
 *
 * Nothing here waits. A few clients are served at a time, each for some seconds; who comes when
 * there are too many takes the place of the one that has been served the longest. Only processes of
 * the same user, and of the keeper's own pid namespace, are: never one that is in a space.
 */
#ifndef CORDON_CLI_CONTROL_H
#define CORDON_CLI_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "cli/limits.h"
#include "cli/living.h"
#include "cordon/plan.h"
#include "host/fds.h"
#include "policy/policy.h"

#define CONTROL_VERSION	    "cordon 1"
#define CONTROL_REQUEST_MAX 4096
#define CONTROL_ANSWER_MAX  (4u << 20)
#define CONTROL_CLIENTS_MAX 8
#define CONTROL_SECONDS	    5 /* that one client is served */
#define CONTROL_ARGUMENTS   8 /* of a request */

/*
 * The records of `show`, and their fields. `brief` gives the first three kinds alone,
 * `layers` the first four.
 *   run      id, keeper's pid, monitor's pid, uid, name, started (seconds since 1970), audit,
 *            "bare" or "-", program, directory, log
 *   argv     the arguments, CONTROL_ARGV_MAX at most
 *   space    path ("1", "1.2"), its parent's or "-", state, init's pid, pid namespace (inode; 0 in
 *            a bare space), its policy, distinct denials so far; of one within another: its
 * warden's number among the monitors, its name layer    space, place, kind, name, on_deny,
 * operations it interposes on, what is done natively limit    space, name, value, means rule space,
 * layer, verdict, operations, pattern, source, pointer mount    space, kind, place, from, "ro" or
 * "rw", "exec" or "-" granted  space, descriptor that the program began with, its device and inode
 * ("8:1") or ""
 */
#define CONTROL_ARGV_MAX 32

/* What is known from the start. Everything is borrowed, for as long as the control is used. */
struct control_facts {
	const char *name; /* NULL: none was given */
	const char *program, *directory, *log;
	char *const *argv;
	const struct pol_policy *policy;
	const struct cd_plan *plan;
	const struct host_fds *fds;
	const struct cli_limits *limits;
	unsigned native; /* enum cd_native */
	uint64_t nester_ops;
	bool bare;
	time_t started;
	pid_t monitor;
	/* What it may do. */
	void *context;
	void (*end)(void *context);
	/* False, and why. */
	bool (*revoke)(void *context, const char *space, const char *rule, const char **why);
	bool (*signal)(void *context, int signal); /* false: not such a signal */
	pid_t (*init)(void *context);		   /* 0: not yet */
	size_t (*denied)(void *context);
	bool (*within)(size_t i, struct living_space *out); /* living_at(); NULL: none are */
};

struct control;

/* NULL: there is no socket then; errno says why. */
struct control *control_new(const struct control_facts *facts);
/* Removes the socket. NULL is fine. */
void control_free(struct control *control);
/* To be polled for reading; another one after each control_take(). -1 for NULL. */
int control_fd(const struct control *control);
void control_take(struct control *control);

#endif
