/*
 * A question on the user's terminal, while the space has one of its own.
 *
 * The space can neither answer it nor forge it: keys are the keeper's while it is shown, and what
 * the space prints waits. What was typed, or sent by the terminal on the space's behalf, before the
 * question was there is thrown away: the terminal is asked for a sign and has to be quiet for a
 * while. An answer is a letter, and then Enter.
 */
#ifndef CORDON_CLI_PROMPT_H
#define CORDON_CLI_PROMPT_H

#include <stdbool.h>

#include "cli/terminal.h"

enum prompt_answer {
	PROMPT_NONE, /* not yet */
	PROMPT_ONCE,
	PROMPT_RUN,
	PROMPT_ALWAYS,
	PROMPT_DENY,
	PROMPT_NEVER,
	PROMPT_NOTHING,	  /* never, whatever else is asked */
	PROMPT_INTERRUPT, /* ^C: deny, and the program is to have it */
};

struct prompt {
	struct terminal *terminal;
	bool shown, fenced, quiet; /* fenced: the sign has come; quiet: keys count */
	bool always;		   /* can be answered so */
	unsigned sign;		   /* bytes of it that have come */
	char letter;
	int clock; /* -1 */
};

/* Shows the text, its lines ended by "\n" and escaped, and the choices. False: not now. */
bool prompt_show(struct prompt *prompt, struct terminal *terminal, const char *text, bool always);
/* Keys are there. */
enum prompt_answer prompt_take_keys(struct prompt *prompt);
/* The clock has rung. */
void prompt_take_clock(struct prompt *prompt);
/* Says a line or more below it. */
void prompt_say(const struct prompt *prompt, const char *text);
/* The terminal is the space's again. */
void prompt_end(struct prompt *prompt);

#endif
