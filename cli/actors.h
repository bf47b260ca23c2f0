/*
 * Who asks: for the thread of a message its process, and a number for the program that it runs.
 *
 * Linux is asked when a thread is first seen, after it has started a program, and after a second:
 * so a number that was used again is not taken for long for who had it before. What is kept is
 * bounded, whatever a space does.
 */
#ifndef CORDON_CLI_ACTORS_H
#define CORDON_CLI_ACTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cordon/limits.h"
#include "kernel/message.h"

struct actors;
struct actors *actors_new(void);
void actors_free(struct actors *actors);

struct actor {
	pid_t pid, tid; /* as the space numbers them; of the monitor's own numbers when it cannot be
			   told */
	uint32_t program; /* from 1; 0: it cannot be told, or there are too many */
};

/* *fresh: the number is new, path is the program's. */
void actors_find(struct actors *actors, const struct kern_message *message, struct actor *out,
		 char path[CD_PATH_MAX], bool *fresh);
/* The thread is about to run another program. */
void actors_forget(struct actors *actors, pid_t tid);
/* What was to be said of a fresh one could not be: it is fresh again. */
void actors_forget_program(struct actors *actors, uint32_t program);

#endif
