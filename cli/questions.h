/*
 * The keeper's part in asking the user: questions of the space's workers, in the order in which
 * they came, one at a time before the user or before a command of his (--ask-command).
 *
 * What is asked comes from the monitor and is not believed beyond its form: whatever it says, an
 * answer grants no more than what rules ask about, since who decides looks at the rules first.
 */
#ifndef CORDON_CLI_QUESTIONS_H
#define CORDON_CLI_QUESTIONS_H

#include <sys/types.h>

#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/run.h"

struct questions {
	struct run *run;
	const struct report_view *view;
	struct mon_answers *answers; /* NULL: nobody is asked */
	struct report_question *queue[MON_QUESTIONS_MAX];
	size_t count;
	struct prompt prompt;
	bool mute; /* nothing more is asked: all is denied */
	/* The command that is being asked; pid 0: none. */
	pid_t pid;
	int output, clock; /* -1 */
	char word[32];
	size_t word_len;
};

/* Can this run ask anybody? Known before it begins. */
bool questions_can_ask(const struct run *run);

void questions_init(struct questions *q, struct run *run, const struct report_view *view);
/* A datagram of the monitor's: a question, or that one is withdrawn. */
void questions_take(struct questions *q, const struct report_question *question, size_t size);
/* What the keeper is to wait for, readable; -1: nothing. And what it then calls. */
int questions_output(const struct questions *q);
int questions_clock(const struct questions *q);
int questions_keys(const struct questions *q);
void questions_take_output(struct questions *q);
void questions_take_clock(struct questions *q);
void questions_take_keys(struct questions *q);
/* The space has ended, or is to: nothing is asked any more. */
void questions_end(struct questions *q);

#endif
