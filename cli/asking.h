/*
 * The monitor's part in asking the user: a worker sends the question to the keeper and waits for
 * the answer in memory that the keeper writes.
 */
#ifndef CORDON_CLI_ASKING_H
#define CORDON_CLI_ASKING_H

#include "cli/network.h"
#include "kernel/border.h"

struct asking {
	int control; /* the socket to the keeper */
	const struct network *network;
	uint32_t part; /* questions that this message has led to */
};

/* A kern_asker's function; context is the struct asking. */
enum kern_answer asking_ask(void *context, const struct kern_record *record);

#endif
