/*
 * The broker: makes the sockets that lead out of a space.
 *
 * A space's sockets are born in a network namespace of its own, in which nothing outside can be
 * reached. The broker lives in the user's. Asked by the monitor, with a duplicate of the program's
 * socket, it makes another one outside with the same options, connects or binds it, and hands it
 * back to be put in the first one's place. It decides once more whether that is granted: who takes
 * the monitor over gains nothing by asking (invariant 12).
 *
 * Whatever the monitor asks is answered within milliseconds: the broker never waits for the
 * network.
 *
 * A space within another one has two of these: one as above, which is a program of the space around
 * and leads there, and one beside the monitor for its own network (inside), to which nothing else
 * is granted.
 *
 *   monitor ──(request, socket)──► broker ──(value, new socket)──► monitor
 */
#ifndef CORDON_HOST_BROKER_H
#define CORDON_HOST_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "cordon/limits.h"
#include "cordon/object.h"
#include "host/address.h"

enum host_broker_call {
	HOST_BROKER_CHANNEL, /* no socket: answers with another channel, for a worker of its own */
	HOST_BROKER_CONNECT, /* AF_UNSPEC dissolves */
	HOST_BROKER_FINISH,  /* what has become of an attempt to connect; no address */
	HOST_BROKER_BIND,
	HOST_BROKER_LISTEN, /* flags: the backlog */
	HOST_BROKER_SEND,   /* flags: MSG_*. Only outside */
	HOST_BROKER_GROUP,  /* flags: level and option of setsockopt, 16 bits each. Only inside */
	HOST_BROKER_CALLS
};

/* One datagram of a SOCK_SEQPACKET socket; the program's socket comes with it, as SCM_RIGHTS. */
struct host_broker_request {
	uint32_t call;	  /* enum host_broker_call */
	uint32_t outside; /* 0: within the space's own network, of which nothing is decided */
	uint32_t flags;
	uint32_t address_len, control_len, payload_len; /* what follows, in this order */
};

#define HOST_BROKER_CONTROL 1024
#define HOST_BROKER_PAYLOAD 65536
#define HOST_BROKER_ROOM                                                                           \
	(sizeof(struct host_broker_request) + sizeof(union host_address) + HOST_BROKER_CONTROL +   \
	 HOST_BROKER_PAYLOAD)
#define HOST_BROKER_CHANNELS (CD_PENDING_MAX + 8) /* the monitor's, and each worker's */

/*
 * The broker's process. Confines itself, serves the channel, and ends when nobody holds the other
 * end any more.
 */
struct host_broker {
	int channel;
	/* The network of the space, as host_socket_network() tells it; 0: every one but the
	 * broker's own. */
	uint64_t inside;
	/* Do the rules allow the operations (a mask) on this? */
	bool (*granted)(void *context, uint64_t ops, const struct cd_object *object);
	void *context;
};
_Noreturn void host_broker_run(const struct host_broker *broker);

/* ---- the monitor's side: host/broker_ask.c ---- */

/* What is asked for. */
struct host_broker_ask {
	enum host_broker_call call;
	bool outside;
	int flags;
	const union host_address *address; /* or NULL */
	socklen_t address_len;
	const void *control, *payload;
	size_t control_len, payload_len;
};

/*
 * Asks on a channel. The value, or -errno; -EINPROGRESS also of a socket that would block.
 * *replacement: a new socket, to be put in the old one's place and closed by the caller, or -1.
 * -ENETUNREACH: nobody answers.
 */
int64_t host_broker_ask(int channel, int socket, const struct host_broker_ask *ask,
			int *replacement);

#endif
