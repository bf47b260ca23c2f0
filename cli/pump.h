/*
 * A pump: a process that copies from one descriptor to another, and can do nothing else.
 *
 * It may wait for either as long as it likes, so the keeper need not; and what a space prints, and
 * what is typed for it, passes no process that holds more than those two descriptors.
 */
#ifndef CORDON_CLI_PUMP_H
#define CORDON_CLI_PUMP_H

#include <stdbool.h>
#include <sys/types.h>

#include "cordon/status.h"

struct pump {
	pid_t pid;
	int pidfd;     /* -1: it does not run. Readable when it has ended */
	bool *holding; /* shared with it: it may have read what it has not written yet */
};

/*
 * Starts it. It ends when there is nothing more to come, or nobody to take it. at_end: a
 * character that tells a terminal so, to be sent then; 0: none. Signals do not reach it, but
 * SIGKILL, and what stops a job that writes in the background.
 */
enum cd_status pump_start(struct pump *pump, int from, int to, unsigned char at_end) CD_CHECKED;
/* Ends it, if it runs, and waits for it. */
void pump_stop(struct pump *pump);

/* It has written all that it ever read: said before a look at where it reads from, this means
 * nothing; after one that found nothing there, that nothing is on its way. */
bool pump_is_empty(const struct pump *pump);

/* It stays where it is, with what it has read, until it goes on. */
void pump_pause(const struct pump *pump, bool pause);

#endif
