/*
 * A space's way out to the network: the processes that the keeper starts when the space first asks
 * for it, and what they and the monitor decide by.
 */
#ifndef CORDON_CLI_NETWORK_H
#define CORDON_CLI_NETWORK_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/limits.h"
#include "refmon/answers.h"
#include "refmon/names.h"
#include "refmon/table.h"

struct revoked_page;

struct network {
	const struct mon_table *table;
	const char *space; /* the path of the space that this is about */
	/* What `cordon revoke` has taken away (cli/revoked.h). NULL: here nobody can. */
	const struct revoked_page *revoked;
	struct mon_names *written;     /* in the keeper and the resolver */
	const struct mon_names *names; /* where it is only read */
	int names_fd;
	uint64_t inside; /* the space's network, as host_socket_network() tells it; 0: not known */
	/* What the user has answered: likewise. NULL: nobody can be asked. */
	struct mon_answers *answers_written;
	const struct mon_answers *answers;
	int answers_fd;
	int resolver_sockets[2]; /* UDP and TCP, within the space's network; -1 */
	int lookups;		 /* struct reports of names that were refused; -1 */
	pid_t broker, resolver;	 /* 0: not started */
};

/* In the keeper, before the space is launched. Path and table are borrowed. asks: somebody can be
 * asked. False: out of memory. */
bool network_prepare(struct network *network, const char *space, const struct mon_table *table,
		     bool asks);
/* In a process that was forked from the keeper and only decides: names and answers can be read, and
 * no more, from here on. A second time it does nothing. */
void network_only_read(struct network *network);
/* In the keeper: do the rules ask about it? */
bool network_asks(const struct network *network, enum cd_op op, const struct cd_object *object);
/* A decision, for a layer of the chain. context: the struct network. */
void network_decide(void *context, uint64_t ops, const struct cd_object *object,
		    struct cd_decision *decision);

/* In the keeper: somebody asks on the broker's channel, which is closed here. limits: the space's.
 */
void network_start(struct network *network, const struct host_limits *limits, int channel);
/* Likewise: a name is asked for, which needs no more than the resolver. */
void network_start_names(struct network *network, const struct host_limits *limits);
/* Waits for what was started to end, as it does when the space has. */
void network_end(struct network *network);

#endif
