/*
 * The inside of a launch, for the files that are it: launch.c begins it in the keeper,
 * launch_monitor.c goes on in the monitor, launch_init.c and launch_program.c in what that starts.
 */
#ifndef CORDON_HOST_LAUNCH_OWN_H
#define CORDON_HOST_LAUNCH_OWN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <sys/types.h>

#include "host/domains.h"
#include "host/launch.h"
#include "kernel/filter.h"

/* Everything that the processes of one launch share. */
struct launch {
	const struct host_launch *in;
	int fault;   /* write end */
	int status;  /* write end, for init */
	int control; /* the monitor's end */
	int broker;  /* likewise */
	int warden;  /* likewise */
	int insider; /* likewise */
	int proc;
	struct host_domains domains;
	mode_t umask;
	pid_t init;
	int init_pidfd, init_error;
	bool own_users;	       /* the space is in a user namespace of its own */
	bool no_killable_recv; /* Linux lacks it, or is to do without */
	uid_t uid;
	gid_t gid;
	int main_pipe[2]; /* the program's pid, for init */
	int *listener;	  /* its number, which the program's process writes and the monitor reads */
	int ready_pipe[2]; /* sockets: an empty message says that it is there */
	int go_pipe[2];	   /* for the program of a bare space: init has its own descriptors */
	int proc_pipe[2];  /* for the monitor: a byte when the space's /proc stands, the end when
			      init is out of the program's reach */
	const struct sock_filter *filter;
	size_t filter_len;
};

/* Reports errno as what failed there, with a text or NULL, and ends the process. */
_Noreturn void launch_fail(const struct launch *l, enum host_stage stage, const char *text);
/* The same, by way of another pipe than l's. */
_Noreturn void launch_fail_to(int pipe, enum host_stage stage, const char *text);
/* A process on this one's memory, beside it: system calls that succeed and nothing else, so that
 * they do not meet. */
pid_t launch_start_beside(struct launch *l, int (*function)(void *context));
/*
 * One that soon becomes another program, on this one's memory, too: this one stands still until
 * then. To copy the memory would be most of the work. It leaves there what it found.
 */
pid_t launch_start_awaited(struct launch *l, int (*function)(void *context), int flags, int *pidfd);

/* ---- launch_monitor.c ---- */

_Noreturn void launch_run_monitor(struct launch *l);

/* ---- launch_init.c ---- */

/* Its pidfd; what is forked from now on is in its namespace. */
int launch_start_init(struct launch *l);
/* Workers are the monitor's own: they belong outside the space. */
void launch_return_to_own_pids(const struct launch *l);

/* ---- launch_program.c ---- */

/*
 * Shares the monitor's descriptors until the listener is in its table, then has its own: 0, 1, 2,
 * what was granted and, until the exec, the fault pipe.
 */
_Noreturn void launch_run_program(struct launch *l);
/*
 * Forks the program into the space by way of a process that ends at once: its parent is then init.
 * Returns that process, to be waited for.
 */
pid_t launch_start_program(struct launch *l);

#endif
