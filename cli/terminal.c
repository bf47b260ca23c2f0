/* The user's terminal, while a space runs. */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LOOK_MS	   250	/* how soon it is seen that the shell has brought us to the foreground */
#define LET_OUT_MS 250	/* for a screen that may be stuck */
#define HELD_MS	   1000 /* at the end, for a terminal that somebody outside still holds */

static bool same_device(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_rdev == y.st_rdev && x.st_ino == y.st_ino;
}

void terminal_choose(struct terminal *t, enum terminal_choice choice)
{
	*t = (struct terminal){
	    .user = -1, .master = -1, .slave = -1, .clock = -1, .in.pidfd = -1, .out.pidfd = -1};
	for (int fd = 2; fd >= 0; fd--)
		if (isatty(fd))
			t->user = fd;
	t->keyboard = t->user == 0;
	t->own = choice == TERMINAL_OWN ||
		 (choice == TERMINAL_AUTO && t->keyboard && same_device(0, 1) && same_device(0, 2));
	t->like.typed_unseen = !t->keyboard;
	if (t->user < 0)
		return;
	t->flags = fcntl(t->user, F_GETFL);
	t->like.has_modes = tcgetattr(t->user, &t->like.modes) == 0;
	t->saved = t->like.modes;
	ioctl(t->user, TIOCGWINSZ, &t->like.size);
}

/* May we read from the user's terminal, and set its modes? Not in the background of its session. */
static bool is_foreground(const struct terminal *t)
{
	pid_t group = tcgetpgrp(t->user);

	return group < 0 ? errno == ENOTTY : group == getpgrp();
}

static void set_clock(const struct terminal *t, unsigned ms)
{
	const struct itimerspec time = {.it_value.tv_nsec = ms % 1000 * 1000000,
					.it_value.tv_sec = ms / 1000};

	timerfd_settime(t->clock, 0, &time, NULL);
}

void terminal_begin(struct terminal *t)
{
	if (t->slave < 0)
		t->slave = host_pty_peer(t->master);
	t->clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (t->slave < 0 || t->clock < 0) {
		terminal_hang_up(t);
		return;
	}
	terminal_resize(t);
	terminal_return(t);
	/* Now that the screen takes each byte as it is. */
	if (t->master >= 0 && pump_start(&t->out, t->master, STDOUT_FILENO, 0) != CD_OK)
		terminal_hang_up(t);
}

void terminal_resize(const struct terminal *t)
{
	struct winsize size, now;

	if (t->master < 0 || t->user < 0 || ioctl(t->user, TIOCGWINSZ, &size) ||
	    ioctl(t->master, TIOCGWINSZ, &now) || memcmp(&size, &now, sizeof(size)) == 0)
		return;
	ioctl(t->master, TIOCSWINSZ, &size);
}

static void start_input(struct terminal *t)
{
	unsigned char end = t->like.has_modes ? t->like.modes.c_cc[VEOF] : 4;

	if (pump_start(&t->in, STDIN_FILENO, t->master, t->keyboard ? 0 : end) != CD_OK)
		terminal_hang_up(t);
}

static void set_raw(struct terminal *t)
{
	struct termios raw;

	if (!t->raw && tcgetattr(t->user, &t->saved))
		return;
	raw = t->saved;
	cfmakeraw(&raw);
	t->raw = tcsetattr(t->user, TCSANOW, &raw) == 0;
}

void terminal_return(struct terminal *t)
{
	if (!t->own || t->master < 0 || t->ending)
		return;
	if (!t->keyboard) {
		/* No keys, but bytes that nobody else waits for. */
		if (t->in.pid == 0)
			start_input(t);
	} else if (is_foreground(t)) {
		set_raw(t);
		if (t->in.pidfd < 0 && !t->held)
			start_input(t);
	} else {
		t->raw = false; /* who has it now has set it as he likes */
		pump_stop(&t->in);
		set_clock(t, LOOK_MS);
	}
}

void terminal_let_out(const struct terminal *t)
{
	struct pollfd slave = {.fd = t->slave, .events = POLLIN};
	struct pollfd master = {.fd = t->master, .events = POLLIN};

	for (unsigned ms = 0; t->own && t->master >= 0 && ms < LET_OUT_MS; ms++) {
		/* Looking at the slave has Linux finish what was typed: the echo of ^Z follows its
		 * signal. */
		poll(&slave, 1, 0);
		if (poll(&master, 1, 0) == 0 && pump_is_empty(&t->out))
			return;
		poll(NULL, 0, 1);
	}
}

void terminal_leave(struct terminal *t)
{
	if (!t->keyboard)
		return;
	pump_stop(&t->in);
	if (t->raw && is_foreground(t))
		tcsetattr(t->user, TCSANOW, &t->saved);
	t->raw = false;
}

bool terminal_hold(struct terminal *t)
{
	if (!t->own || !t->keyboard || t->master < 0 || t->ending || !is_foreground(t) || !t->raw)
		return false;
	t->held = true;
	pump_stop(&t->in);
	pump_pause(&t->out, true);
	/* What was typed before the question is no answer to it. */
	tcflush(t->user, TCIFLUSH);
	return true;
}

void terminal_release(struct terminal *t)
{
	struct winsize size, other;

	if (!t->held)
		return;
	t->held = false;
	pump_pause(&t->out, false);
	if (t->master < 0)
		return;
	terminal_return(t);
	/* Who has drawn the screen draws it again. */
	if (ioctl(t->master, TIOCGWINSZ, &size) || size.ws_row < 2)
		return;
	other = size;
	other.ws_row--;
	ioctl(t->master, TIOCSWINSZ, &other);
	ioctl(t->master, TIOCSWINSZ, &size);
}

static void let_go(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void terminal_hang_up(struct terminal *t)
{
	t->held = false;
	terminal_leave(t);
	pump_stop(&t->in);
	pump_stop(&t->out);
	let_go(&t->slave);
	let_go(&t->master);
}

bool terminal_take_in(struct terminal *t)
{
	struct termios modes;

	pump_stop(&t->in);
	if (!t->keyboard || t->ending)
		return true;
	/* It was there, but no longer ours: we are in the background. */
	set_clock(t, LOOK_MS);
	return tcgetattr(t->user, &modes) == 0;
}

bool terminal_take_out(struct terminal *t)
{
	pump_stop(&t->out);
	return t->ending;
}

void terminal_take_clock(struct terminal *t)
{
	uint64_t times;

	if (read(t->clock, &times, sizeof(times)) != sizeof(times))
		return;
	if (t->ending)
		pump_stop(&t->out);
	else
		terminal_return(t);
}

void terminal_drain(struct terminal *t)
{
	struct pollfd poller = {.fd = t->master, .events = POLLIN};
	struct termios modes = t->saved;

	t->ending = true;
	pump_stop(&t->in);
	let_go(&t->slave);
	/* What is left was printed for a screen that takes each byte as it is; but ^C is for us
	 * again, should that take long. */
	modes.c_oflag &= ~(tcflag_t)OPOST;
	if (t->raw && is_foreground(t))
		tcsetattr(t->user, TCSANOW, &modes);
	/* Everybody in the space has let go of it: its end is certain. */
	if (t->master >= 0 && !(poll(&poller, 1, 0) == 1 && poller.revents & POLLHUP))
		set_clock(t, HELD_MS);
}

/*
 * What a program of the space may have done to the user's terminal, which it shared. Not if its
 * output goes elsewhere: a pager at the end of the pipe has set the terminal as it needs it.
 */
static void put_right(const struct terminal *t)
{
	if (t->user < 0 || !isatty(STDOUT_FILENO) || !is_foreground(t))
		return;
	tcsetattr(t->user, TCSANOW, &t->saved);
	tcflow(t->user, TCOON);
	if (fcntl(t->user, F_GETFL) != t->flags)
		fcntl(t->user, F_SETFL, t->flags);
}

void terminal_end(struct terminal *t)
{
	if (!t->own) {
		put_right(t);
		return;
	}
	terminal_hang_up(t);
	let_go(&t->clock);
}
