/* A terminal of the space's own. */
#include "host/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int set_modes(int slave, const struct host_pty *like)
{
	struct termios modes = like->modes;

	if (!like->has_modes && tcgetattr(slave, &modes))
		return -1;
	if (like->typed_unseen)
		modes.c_lflag &= ~(tcflag_t)ECHO;
	return tcsetattr(slave, TCSANOW, &modes) || ioctl(slave, TIOCSWINSZ, &like->size) ? -1 : 0;
}

int host_pty_peer(int master)
{
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return slave < 0 ? -errno : slave;
}

int host_pty_open(const struct host_pty *like)
{
	int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), slave, error;
	int locked = 0;

	if (master < 0)
		return -errno;
	slave = ioctl(master, TIOCSPTLCK, &locked) ? -1 : host_pty_peer(master);
	if (slave < 0 || set_modes(slave, like) || ioctl(slave, TIOCSCTTY, 0))
		goto fail;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave, fd) < 0)
			goto fail;
	close(slave);
	return master;
fail:
	error = errno;
	if (slave >= 0)
		close(slave);
	close(master);
	return -error;
}

enum cd_status host_pty_foreground(void)
{
	pid_t self = getpid();
	sigset_t set, before;
	int result;

	/* Who is in the background may not do this, and is stopped, unless it does not listen. */
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &before);
	result = setpgid(0, 0) ? -1 : ioctl(0, TIOCSPGRP, &self);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result ? CD_ESYS : CD_OK;
}
