/*
 * The nester API: standing on the border of a space.
 *
 * A nester is an ordinary program that starts a space and is asked about what crosses its border:
 * the operations that it subscribes to, after the rules of the space's policy have let them
 * through, and before the spaces around are asked. What it does not subscribe to does not pass it,
 * and costs nothing. It can only take away: what it lets through meets every layer further out. If
 * it hangs or dies its space waits or is denied, and nobody else.
 *
 *     struct cd_nester *nester;
 *     struct cd_event event;
 *     const char *options[] = {"-p", "tool.json", NULL}, *program[] = {"./tool", NULL};
 *
 *     if (cd_nester_start(&nester, CD_OPBIT(CD_OP_NET_CONNECT), options, program))
 *             return 125;
 *     while (cd_nester_next(nester, &event, -1) == CD_EVENT_OPERATION)
 *             cd_nester_pass(nester, &event);
 *     return cd_nester_end(nester);
 *
 * Answers may come in any order, at any time, and from any thread but not from two at once. A call
 * that fails returns -errno.
 *
 * What is below a line of its own in this file is the form of it on the wire, for other languages.
 */
#ifndef CORDON_NESTER_H
#define CORDON_NESTER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cordon/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CD_TEXT_MAX 4096 /* bytes of a path, an address or a name, with its NUL */
#define CD_DATA_MAX 4096 /* bytes of an answer's data */

enum cd_event_kind {
	CD_EVENT_NONE,	    /* the time is over */
	CD_EVENT_OPERATION, /* to be answered, with one of the calls below; with ops CD_NESTER_USE,
			       a use of what is held: cd_nester_pass() or cd_nester_deny() */
	CD_EVENT_SPACE,	    /* a space was made within; its operations come, too */
	CD_EVENT_ENDED,	    /* the space has ended: cd_nester_end() tells how */
	CD_EVENT_HELD,	    /* something that a process holds: after cd_nester_list() */
	CD_EVENT_LISTED,    /* that was all */
};

struct cd_event {
	enum cd_event_kind kind;
	uint64_t id, port; /* for the answer */
	char space[256];   /* "1.2": who asks, or of CD_EVENT_SPACE, what was made */
	pid_t pid;	   /* the process that asks, as its own space sees it */
	uint64_t ops;  /* a mask of CD_OPBIT(); of CD_EVENT_HELD, what was granted by it: 0 where
			  it is the space's own */
	char call[32]; /* what it will do, as include/cordon/verbs.def has it: "open", "stat"; of
			  CD_EVENT_HELD, the kind: "file", "directory", "socket", "pipe", ... */
	uint64_t flags, mode;	/* of that call; of CD_EVENT_HELD, how it was opened (O_RDWR,
				   O_PATH, ...), and the number of the descriptor; of a use, its third
				   argument, and the descriptor */
	char text[CD_TEXT_MAX]; /* the object, as policies write it */
	size_t text_len;
	int absent; /* nothing has that name in the space's view: to pass it is to say that it is
		       not there */
};

struct cd_nester;

/*
 * Starts program in a space of its own; ops: what to be asked about. options: as of `cordon run`,
 * or NULL; both end with NULL. The space is made by the cordon that $CORDON names, or by the first
 * one in PATH; inside a space it is one within that. 0 or -errno.
 */
int cd_nester_start(struct cd_nester **nester, uint64_t ops, const char *const *options,
		    const char *const *program);
/*
 * The next event; waits at most timeout_ms (-1: without a limit), and for signals no less. Returns
 * the event's kind, or -errno.
 */
int cd_nester_next(struct cd_nester *nester, struct cd_event *event, int timeout_ms);
/* The descriptor to wait for in a loop of one's own: it can be read when there may be an event. */
int cd_nester_fd(const struct cd_nester *nester);

/* Lets it through, to the layers further out. */
int cd_nester_pass(struct cd_nester *nester, const struct cd_event *event);
/* The same with another object in its place: an absolute path in the space's view, not longer than
 * CD_TEXT_MAX. It is decided on by the layers further out alone. */
int cd_nester_pass_changed(struct cd_nester *nester, const struct cd_event *event,
			   const char *path);
/* Refuses it with an errno. */
int cd_nester_deny(struct cd_nester *nester, const struct cd_event *event, int error);
/*
 * Answers it: nothing is done. value: what the call returns. data: what it puts into the caller's
 * memory, of calls that have a result there (stat: a struct stat; readlink), in Linux's own form.
 */
int cd_nester_answer(struct cd_nester *nester, const struct cd_event *event, int64_t value,
		     const void *data, size_t len);
/* Answers a call that opens something with a descriptor: a duplicate of fd, which is no directory,
 * for from there more could be reached. It may be a port of one's own. */
int cd_nester_give(struct cd_nester *nester, const struct cd_event *event, int fd);

/* ---- the space ---- */

struct cd_process {
	pid_t pid; /* as the space of the nester sees it */
	pid_t parent;
	char state; /* as in /proc/PID/stat */
	uint64_t memory, cpu_ms;
	char command[64];
};
/* Its processes: how many there are, of which at most max are filled in; or -errno. */
int cd_nester_processes(struct cd_nester *nester, struct cd_process *processes, size_t max);
/*
 * Asks for the capabilities of the space and of those within it. They come as events, in between of
 * others: CD_EVENT_HELD for each descriptor of a process, named as in operations (with no name
 * where it has none), then CD_EVENT_LISTED. Takes CD_NESTER_LIST: -EPERM. To ask again is to begin
 * again. 0 or -errno.
 */
int cd_nester_list(struct cd_nester *nester);
/* Operations that wait for an answer of ours. */
size_t cd_nester_pending(const struct cd_nester *nester);
/* Stops all its processes, lets them go on, ends it with all that is within. */
int cd_nester_stop(struct cd_nester *nester);
int cd_nester_continue(struct cd_nester *nester);
int cd_nester_kill(struct cd_nester *nester);
/* Waits for its end; the exit status as `cordon run` has it. Frees the nester. */
int cd_nester_end(struct cd_nester *nester);

/* ------------------------------------------------------------------------------------------- */

/*
 * On the wire: datagrams of a SOCK_SEQPACKET socket, the port, which `cordon run --port=N
 * --interpose=OPS` takes the other end of. Numbers are as this machine has them.
 *
 * With `--port=N,OUT,IN` there are two pipes beside it, which cost less: one that cordon writes to,
 * of CD_PORT_PIPE_SIZE bytes (F_SETPIPE_SZ), and one that it reads from. Then messages of up to
 * PIPE_BUF bytes with no descriptor come by the pipe, filled up with zeros to whole units, and what
 * comes by the socket is announced there: so whoever waits has the pipe alone to wait for. Its end
 * is the port's. Answers of up to PIPE_BUF bytes with no descriptor may go by the other pipe, each
 * written at once.
 */
enum cd_port_kind {
	CD_PORT_OPERATION = 1, /* answered with a struct cd_port_answer */
	CD_PORT_SPACE, /* with it come descriptors: the port of the space that `space` names, as
			  enum cd_port_end; the socket alone where this port has no pipes, or no
			  more could be had */
	CD_PORT_HELD,  /* answers CD_PORT_LIST: mode is the descriptor. pid 0: nothing is here. id:
			  what  to ask for next; 0: that was all */
	CD_PORT_LOOK,  /* on the pipe: something has come by the socket */
};

enum cd_port_end {
	CD_PORT_SOCKET,
	CD_PORT_QUESTIONS, /* to read from */
	CD_PORT_ANSWERS,   /* to write to, which does not wait */
	CD_PORT_OTHER_END, /* of that: who keeps it gets no SIGPIPE when the space has ended */
	CD_PORT_ENDS,
};

#define CD_PORT_UNIT	  512
#define CD_PORT_PIPE_SIZE (256 << 10)

struct cd_port_message {
	uint32_t kind;
	int32_t cpu; /* the processor that the monitor waits on: who answers there answers soonest;
			-1 */
	uint64_t id, ops, flags, mode;
	int32_t pid;
	uint32_t text_len; /* of text; the bytes behind are not sent */
	uint32_t absent;   /* 1: nothing has that name in the space's view */
	char space[256], call[32];
	char text[CD_TEXT_MAX];
};

enum cd_port_action {
	CD_PORT_PASS = 1,
	CD_PORT_CHANGE, /* text: the path */
	CD_PORT_DENY,	/* value: the errno */
	CD_PORT_VALUE,	/* value; text: the data */
	CD_PORT_GIVE,	/* with it comes the descriptor */
	CD_PORT_LIST,	/* no answer: asks what is held. id: 0, or as CD_PORT_HELD said */
};

struct cd_port_answer {
	uint64_t id;
	int64_t value;
	uint32_t action, text_len;
	char text[CD_TEXT_MAX];
};

#ifdef __cplusplus
}
#endif

#endif
