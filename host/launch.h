/*
 * Bringing a space up: from the user's process to a confined monitor and a program that waits at
 * its border.
 *
 *   keeper (cordon run)      keeps the user's authority, serves a few fixed requests
 *     └ monitor              pid 1 of a pid namespace that only it and the space are in; its root
 * is the view └ init             pid 1 of the space └ program      forked by way of a short-lived
 * process, so that init is its parent
 *
 * When the monitor dies, Linux ends its pid namespace and with it the space. The program is forked
 * after the monitor has entered its Landlock domain: it is inside that domain, and so the monitor
 * may read its memory.
 */
#ifndef CORDON_HOST_LAUNCH_H
#define CORDON_HOST_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cordon/plan.h"
#include "cordon/status.h"
#include "host/fds.h"
#include "host/pty.h"
#include "host/limits.h"

/* Where a launch can fail. */
enum host_stage {
	HOST_STAGE_NONE,
	HOST_STAGE_NAMESPACES, /* user, mount, pid, ipc, uts, net */
	HOST_STAGE_IDENTITY,   /* uid and gid maps */
	HOST_STAGE_VIEW,       /* text: the place */
	HOST_STAGE_PROC,
	HOST_STAGE_TERMINAL, /* of the space's own */
	HOST_STAGE_INIT,
	HOST_STAGE_LANDLOCK,
	HOST_STAGE_CAPABILITIES,
	HOST_STAGE_FILTER,
	HOST_STAGE_LIMITS,
	HOST_STAGE_DIRECTORY, /* --chdir; text: the directory */
	HOST_STAGE_CONFINE,   /* the monitor's own filter */
	HOST_STAGE_EXEC,      /* text: the program */
	HOST_STAGE_REQUEST,   /* of a space within another one; text: what is wrong with it */
};

struct host_fault {
	int32_t stage; /* enum host_stage */
	int32_t error; /* errno */
	char text[256];
};

/*
 * Of a space within another one (host/within.h): where it is made, and the other ends of what its
 * keeper holds, who is a program of the space around it. They are closed by host_launch().
 */
struct host_within {
	int init; /* pidfd of the first process of the space around it */
	int fault, status, control, broker;
};

/* What the monitor process is given to serve with. All descriptors are its own. */
struct launch;

struct host_monitor {
	const struct launch *launch; /* for host_await_program() */
	int init_pidfd;
	int proc;	  /* the monitor's private /proc */
	int control;	  /* to the keeper: SOCK_SEQPACKET */
	int broker;	  /* to the broker, once it is asked for anything (host/broker.h) */
	int insider;	  /* to the one for the space's own network: the same, or another */
	int warden;	  /* to who makes spaces within this one (host/gate.h) */
	int resolver[2];  /* UDP and TCP on 127.0.0.1:53 of the space's network, for its names to be
			     looked up; -1: it has no such port */
	int ending;	  /* of a bare launch, for host_peers_setup(); else -1 */
	pid_t init;	  /* of a bare launch */
	uint64_t network; /* the space's, as host_socket_network() tells it; 0: it cannot be told */
	int terminal;	  /* the master of the space's own; to be closed when it has been passed
			     on. -1: none */
	int slave;	  /* of a space within another one, whose keeper cannot open it; likewise */
	mode_t umask;	  /* that the space begins with */
};

struct host_launch {
	const struct cd_plan *plan;
	char *const *argv;
	char *const *envp;
	const char *search;    /* PATH of the space, for a program without a slash; NULL: none */
	const char *directory; /* where the program starts, as the space sees it */
	bool directory_must;   /* fail when it cannot be entered; else "/" takes its place */
	const char *hostname;
	const struct host_limits *limits;
	const struct host_fds *fds;
	const struct cd_requests *requests; /* of devices, that are not asked about; NULL: none */
	const struct host_within *within;   /* NULL: the outermost */
	bool bare; /* without namespaces: the view is the one that host_hops_make() has made */
	bool unix_sockets;	    /* the policy grants unix addresses */
	bool records_calls;	    /* internal calls are told to the monitor */
	bool shows_uses;	    /* likewise, calls on what is held (kernel/uses.h) */
	bool outer_sockets;	    /* a socket of the space may lead outside */
	const struct host_pty *pty; /* the terminal to make, for the program's standard streams;
				       NULL: it has ours */
	unsigned
	    native; /* enum cd_native: of what the plan settles, what the program does by itself */
	/* Runs in the monitor process, confined, until the space has ended. It calls
	 * host_await_program() once, when it is ready to serve. */
	void (*serve)(void *context, const struct host_monitor *monitor);
	void *context;
};

/* The keeper's side of a running space. */
struct host_space {
	pid_t monitor;
	int monitor_pidfd;
	int control; /* from the monitor: SOCK_SEQPACKET */
	bool bare;   /* what init leaves behind comes to its parents' subreaper */
	bool within; /* another one: the monitor is none of ours */
	int broker;  /* the broker's channel; when it can be read, the broker is needed */
	int warden;  /* when it can be read, a space within is asked for; -1: none can be */
	int insider; /* of a space within another one: the channel of its network's own broker */
	int fault;   /* a struct host_fault when the launch fails; end of file when the program has
			started */
	int status;  /* from init: the int32 wait status of the program; end of file when it was
			killed first */
};

/*
 * Is this a machine where this user cannot make the namespaces of a space? Only what says so by
 * itself is asked; that it says nothing does not mean that one can.
 */
bool host_must_be_bare(void);

/*
 * Starts everything and returns without waiting. On failure before the monitor lives, fault says
 * why. The caller closes the descriptors and waits for the monitor.
 */
enum cd_status host_launch(const struct host_launch *launch, struct host_space *space,
			   struct host_fault *fault) CD_CHECKED;

/*
 * In the monitor: waits until the program's process is at its border, waiting to be served, and
 * returns the listener. The descriptors that the program has inherited are let go of here; until
 * then both share them, and nothing may be closed.
 */
int host_await_program(const struct host_monitor *monitor);

/* The environment holds the user's secrets: overwrites it, for a process that goes on without. */
void host_forget_environment(void);

/* "cannot make the namespaces: Operation not permitted" in static storage. */
const char *host_fault_text(const struct host_fault *fault);

#endif
