/*
 * Sockets that may lead out of the space: internet addresses and abstract unix names.
 *
 * What a rule grants leads outside: the broker makes a socket there, and it takes the place of the
 * program's own. What no rule speaks of stays in the space's own network, where it meets nobody
 * else: its loopback. The rest is denied.
 */
#ifndef CORDON_HOST_INET_H
#define CORDON_HOST_INET_H

#include "host/address.h"
#include "host/fs.h"

/*
 * Once in the process that serves. broker: the channel to who leads outside (host/broker.h);
 * insider: to who does what stays inside, the same or another; -1: there is none, and sockets can
 * be neither connected nor bound. network: the space's, as host_socket_network() tells it.
 */
void host_inet_setup(int broker, int insider, uint64_t network);

/* Does the socket lead outside? */
bool host_inet_is_outside(int socket);

/* Each performs its verb on a duplicate of the process's socket; a value for the reply. */
int64_t host_inet_connect(struct kern_border *border, const struct kern_message *m, int socket,
			  const union host_address *a, socklen_t len);
int64_t host_inet_bind(struct kern_border *border, const struct kern_message *m, int socket,
		       const union host_address *a, socklen_t len);
int64_t host_inet_listen(struct kern_border *border, const struct kern_message *m, int socket);
/* Joins or leaves a multicast group of the space's own network. */
int64_t host_inet_group(const struct kern_message *m, int socket);

/* A datagram to an address, or with ancillary data on a socket that leads outside. */
struct host_datagram {
	const union host_address *address;
	socklen_t address_len;
	const void *control, *payload;
	size_t control_len, payload_len;
	int flags; /* MSG_*; whether it may wait is said by m and the socket */
	bool may_wait;
};
/* *inside: it is not for outside and may be sent as it is, by whoever asks. */
int64_t host_inet_send(struct kern_border *border, const struct kern_message *m, int socket,
		       const struct host_datagram *datagram, bool *inside);

#endif
