/* A run: one space, as the process that starts it and its monitor know it. */
#ifndef CORDON_CLI_RUN_H
#define CORDON_CLI_RUN_H

#include <stdbool.h>

#include "cli/limits.h"
#include "cli/network.h"
#include "cli/terminal.h"
#include "cordon/limits.h"
#include "cordon/plan.h"
#include "host/fds.h"
#include "host/launch.h"
#include "policy/policy.h"

struct run {
	/* from the command line */
	const char *directory, *name, *log;
	struct host_fds fds;
	struct cd_requests requests;
	bool verbose, quiet, json, print_policy, has_policy, origins, pty, no_pty;
	char **argv;
	/* from these */
	struct pol_draft *draft;
	struct pol_policy *policy;
	struct cd_plan *plan;
	struct network network;
	struct terminal terminal;
	unsigned native; /* enum cd_native: what programs may do without the monitor */
	bool no_sync_wakeup, no_thread_pidfds;
	bool bare;	  /* no namespaces can be made here */
	char **arguments; /* of this process */
	char cwd[CD_PATH_MAX];
	char program[CD_PATH_MAX]; /* where it was found outside; empty: nowhere */
	char **envp;
	const char *search;
	struct cli_limits limits;
	int log_fd;
};

/* The monitor's part: runs in the confined monitor process. Whatever fails there ends the space.
 * context: the run. */
void run_serve(void *context, const struct host_monitor *monitor);

#endif
