/*
 * The user's terminal, while a space runs.
 *
 * Either the space has one of its own, and this one is its screen and keyboard: in raw mode while
 * we are in the foreground, its settings given back whenever we are not. Or the space shares it,
 * and what it has changed is put right at the end.
 */
#ifndef CORDON_CLI_TERMINAL_H
#define CORDON_CLI_TERMINAL_H

#include <stdbool.h>

#include "cli/pump.h"
#include "host/pty.h"

enum terminal_choice {
	TERMINAL_AUTO,	 /* one of its own where all three standard streams are the user's */
	TERMINAL_OWN,	 /* --pty: in any case, in the place of all three */
	TERMINAL_SHARED, /* --no-pty */
};

struct terminal {
	bool own;	      /* the space has, or is to have, one of its own */
	int user;	      /* the first standard stream that is the user's; -1: none */
	bool keyboard;	      /* standard input is */
	struct host_pty like; /* what the space's is to be like */
	int master;	      /* of the space's; -1: not yet, or no more */
	int slave; /* held while the space runs: its programs may let go of it for a while */
	struct pump in, out;
	int clock; /* in the background, or at the end: readable when it is time to look */
	bool ending;
	bool held; /* a question is on the screen: keys are for us, output waits */
	bool raw;
	int flags; /* of the file, as it was */
	struct termios saved;
};

void terminal_choose(struct terminal *t, enum terminal_choice choice);
/* The space has its terminal: master is there. */
void terminal_begin(struct terminal *t);
/* The user's has another size now. */
void terminal_resize(const struct terminal *t);
/* What the space, which has stopped, has printed is shown, as far as the user's terminal takes it.
 */
void terminal_let_out(const struct terminal *t);
/* Gives the user's terminal back, as we found it; what is typed is no longer ours. */
void terminal_leave(struct terminal *t);
/* We go on: the opposite, if we are in the foreground; else as soon as we are. */
void terminal_return(struct terminal *t);
/* To the space, as if its terminal had been torn from the wall. */
void terminal_hang_up(struct terminal *t);
/*
 * The keyboard is ours, and nothing that the space prints is shown, until it is released. False: it
 * cannot be had now, since we are in the background or it is gone.
 */
bool terminal_hold(struct terminal *t);
void terminal_release(struct terminal *t);
/* The keyboard's pump has ended; so has the screen's. False: because it is gone. */
bool terminal_take_in(struct terminal *t);
bool terminal_take_out(struct terminal *t);
/* The clock has rung. */
void terminal_take_clock(struct terminal *t);
/* The space has ended: what it has printed is still to be shown. */
void terminal_drain(struct terminal *t);
/* Everything as it was before. */
void terminal_end(struct terminal *t);

#endif
