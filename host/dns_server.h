/*
 * The side of the resolver that the space sees: datagrams and connections in which queries come,
 * and replies go. What a query asks is not known here.
 *
 * Of a connection one query is read at a time, and the next one when the reply has gone: so all
 * that a space can make us keep is a buffer for each of HOST_DNS_CLIENTS connections. More of them
 * wait until one is closed, by its owner or for being idle.
 */
#ifndef CORDON_HOST_DNS_SERVER_H
#define CORDON_HOST_DNS_SERVER_H

#include <poll.h>
#include <stdint.h>

#include "host/address.h"
#include "host/dns.h"

#define HOST_DNS_CLIENTS 64
#define HOST_DNS_FDS	 (2 + HOST_DNS_CLIENTS)
#define HOST_DNS_IDLE_MS 10000 /* for the rest of a query to come, or of a reply to go */

/* Where a reply goes to. */
struct host_dns_asker {
	int client; /* of a connection: which; -1 for a datagram */
	uint32_t generation;
	union host_address from;
	socklen_t from_len;
};

struct host_dns_server;

/* Both sockets are bound, tcp is listening; they stay the caller's, and are made non-blocking.
 * `query` is called with each packet that comes, and may reply at once. */
struct host_dns_server *host_dns_server_new(int udp, int tcp,
					    void (*query)(void *context,
							  const struct host_dns_asker *asker,
							  const unsigned char *packet, size_t len),
					    void *context);

/* What to wait for; *timeout (ms, -1: for ever) is lowered if need be. */
void host_dns_server_wait(const struct host_dns_server *server, struct pollfd fds[HOST_DNS_FDS],
			  int *timeout);
/* After the wait, with what host_dns_server_wait() filled and poll() found. */
void host_dns_server_serve(struct host_dns_server *server, const struct pollfd fds[HOST_DNS_FDS]);

/* Bytes that a reply to the query may have. */
size_t host_dns_server_room(const struct host_dns_asker *asker, const struct host_dns_query *query);
/* Once for each query; len 0: there is none. An asker who has gone meanwhile gets nothing. */
void host_dns_server_reply(struct host_dns_server *server, const struct host_dns_asker *asker,
			   const unsigned char *packet, size_t len);
/* The same datagram's asker? Connections never ask twice. */
bool host_dns_same_asker(const struct host_dns_asker *a, const struct host_dns_asker *b);

#endif
