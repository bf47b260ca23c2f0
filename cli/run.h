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
#include "kernel/wire.h"
#include "policy/policy.h"

struct records;

struct revoked_page;

struct run {
	const struct run *outer;  /* the space around, if it is not the outermost */
	char id[CD_SPACE_ID_MAX]; /* "1", "1.2" */
	/* from the command line */
	const char *directory, *name, *log, *ask_command;
	const char *policy_path; /* the last policy file; NULL: none */
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
	bool directory_must; /* it was named */
	/* Of a nester (cordon/nester.h): what it has subscribed to, its port, and those of the
	 * nesters of the spaces around, the nearest first, as this space has them. */
	uint64_t port_ops;
	struct kern_wire port, *outer_ports;
	struct revoked_page *revoked; /* in the keeper, which writes it (cli/revoked.h) */
	int report; /* to the keeper of this space, for what it denies to spaces within; -1: none
		       yet */
	const char *port_number, *interpose; /* from the command line */
	bool nested;	  /* we are in a space: who makes this one is its kernel */
	bool asks;	  /* somebody can be asked */
	bool bare;	  /* no namespaces can be made here */
	char **arguments; /* of this process */
	char cwd[CD_PATH_MAX];
	char program[CD_PATH_MAX]; /* where it was found outside; empty: nowhere */
	char **envp;
	const char *search;
	struct cli_limits limits;
	struct records *records; /* the log; NULL: none */
#ifdef CORDON_HOOK
	int hook_log;
#endif
};

/* What the space is called: its name, or "cordon". */
const char *run_hostname(const struct run *run);
/* Where its program starts. */
const char *run_directory(const struct run *run);
/* Leaves to the nester what it has subscribed to: of that nothing is native. */
void run_leave_to_nester(struct run *run);
/* A place in the plan for a terminal of its own, if it is to have one. */
bool run_add_terminal(struct run *run);
/* What host_launch() is to be told; all that it points to is the run's. */
void run_describe(struct run *run, struct host_launch *in);
/* The monitor's part: runs in the confined monitor process. Whatever fails there ends the space.
 * context: the run. */
void run_serve(void *context, const struct host_monitor *monitor);

#endif
