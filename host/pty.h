/*
 * A terminal of the space's own, for its program: made while the space comes up.
 *
 * The monitor leads the session and has the terminal as its controlling one, so that init, in the
 * same session, stands beside the program as a shell does beside its job: Linux then lets ^Z stop
 * it. The master goes to the keeper; nobody in the space ever has it.
 */
#ifndef CORDON_HOST_PTY_H
#define CORDON_HOST_PTY_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "cordon/status.h"

/* What the terminal is to be like: as the user's, where there is one. */
struct host_pty {
	bool has_modes; /* else Linux's own */
	struct termios modes;
	bool typed_unseen; /* what comes in is not to be shown: nobody types it */
	struct winsize size;
};

/*
 * In the monitor, which leads a session, when the view has been entered: the new terminal becomes
 * its controlling one and its standard streams. Returns the master, or -errno.
 */
int host_pty_open(const struct host_pty *like);
/* The other side of a master; -errno. It controls nobody by being opened. */
int host_pty_peer(int master);
/* In the program's process: a job of its own, in the foreground of that terminal. */
enum cd_status host_pty_foreground(void) CD_CHECKED;

#endif
