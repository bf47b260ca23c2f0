/* Datagrams and connections of a space that asks. */
#include "host/dns_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 32 /* datagrams that are read before others have their turn */

enum state { CLIENT_NONE, CLIENT_READS, CLIENT_WAITS, CLIENT_WRITES };

struct client {
	enum state state;
	int fd;
	uint32_t generation; /* counts the connections that this place has had */
	int64_t deadline;    /* while reading and writing */
	size_t have, want;   /* of buffer: what has been read or written, and of how much */
	unsigned char buffer[2 + HOST_DNS_REPLY_MAX]; /* the length, then the query or the reply */
};

struct host_dns_server {
	int udp, tcp;
	void (*query)(void *context, const struct host_dns_asker *asker,
		      const unsigned char *packet, size_t len);
	void *context;
	struct client clients[HOST_DNS_CLIENTS];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct host_dns_server *host_dns_server_new(int udp, int tcp,
					    void (*query)(void *context,
							  const struct host_dns_asker *asker,
							  const unsigned char *packet, size_t len),
					    void *context)
{
	/* Memory that is not touched costs nothing. */
	struct host_dns_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->udp = udp;
	server->tcp = tcp;
	server->query = query;
	server->context = context;
	fcntl(udp, F_SETFL, fcntl(udp, F_GETFL) | O_NONBLOCK);
	fcntl(tcp, F_SETFL, fcntl(tcp, F_GETFL) | O_NONBLOCK);
	return server;
}

/* --- connections --- */

static void client_read_next(struct client *client)
{
	client->state = CLIENT_READS;
	client->have = 0;
	client->want = 2;
	client->deadline = now_ms() + HOST_DNS_IDLE_MS;
}

static void client_close(struct client *client)
{
	close(client->fd);
	client->state = CLIENT_NONE;
}

static void take_connection(struct host_dns_server *server)
{
	for (size_t i = 0; i < HOST_DNS_CLIENTS; i++) {
		struct client *client = &server->clients[i];

		if (client->state != CLIENT_NONE)
			continue;
		client->fd = accept4(server->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client->fd < 0)
			return;
		client->generation++;
		client_read_next(client);
	}
}

static bool would_block(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Never more than this query: what follows it waits in the socket. */
static void client_read(struct host_dns_server *server, struct client *client)
{
	struct host_dns_asker asker = {.client = (int)(client - server->clients),
				       .generation = client->generation};
	ssize_t n;

	while (client->have < client->want) {
		n = recv(client->fd, client->buffer + client->have, client->want - client->have, 0);
		if (would_block(n))
			return;
		if (n <= 0) {
			client_close(client);
			return;
		}
		client->have += (size_t)n;
		if (client->have == 2)
			client->want = 2 + ((size_t)client->buffer[0] << 8 | client->buffer[1]);
		if (client->want > 2 + HOST_DNS_QUERY_MAX) {
			client_close(client);
			return;
		}
	}
	client->state = CLIENT_WAITS;
	server->query(server->context, &asker, client->buffer + 2, client->want - 2);
}

static void client_write(struct client *client)
{
	while (client->have < client->want) {
		ssize_t n = send(client->fd, client->buffer + client->have,
				 client->want - client->have, MSG_NOSIGNAL);

		if (would_block(n))
			return;
		if (n <= 0) {
			client_close(client);
			return;
		}
		client->have += (size_t)n;
	}
	client_read_next(client);
}

/* --- datagrams --- */

static void take_datagrams(struct host_dns_server *server)
{
	unsigned char packet[HOST_DNS_QUERY_MAX + 1];

	for (int i = 0; i < AT_ONCE; i++) {
		struct host_dns_asker asker = {.client = -1, .from_len = sizeof(asker.from)};
		ssize_t n = recvfrom(server->udp, packet, sizeof(packet), 0, &asker.from.any,
				     &asker.from_len);

		if (n < 0)
			return;
		if (asker.from_len <= sizeof(asker.from))
			server->query(server->context, &asker, packet, (size_t)n);
	}
}

/* --- the interface --- */

void host_dns_server_wait(const struct host_dns_server *server, struct pollfd fds[HOST_DNS_FDS],
			  int *timeout)
{
	static const short events[] = {
	    [CLIENT_READS] = POLLIN, [CLIENT_WAITS] = 0, [CLIENT_WRITES] = POLLOUT};
	int64_t now = now_ms();
	bool full = true;

	for (size_t i = 0; i < HOST_DNS_CLIENTS; i++) {
		const struct client *client = &server->clients[i];
		int64_t left = client->deadline > now ? client->deadline - now : 0;

		fds[2 + i] = (struct pollfd){.fd = -1};
		if (client->state == CLIENT_NONE) {
			full = false;
			continue;
		}
		fds[2 + i] = (struct pollfd){.fd = client->fd, .events = events[client->state]};
		if (client->state != CLIENT_WAITS && (*timeout < 0 || left < *timeout))
			*timeout = (int)left;
	}
	fds[0] = (struct pollfd){.fd = server->udp, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = full ? -1 : server->tcp, .events = POLLIN};
}

static void client_serve(struct host_dns_server *server, struct client *client, int ready)
{
	if (client->state == CLIENT_WAITS) {
		if (ready)
			client_close(client); /* reset, or closed on both sides */
	} else if (!ready) {
		if (now_ms() >= client->deadline)
			client_close(client);
	} else if (client->state == CLIENT_READS) {
		client_read(server, client);
	} else {
		client_write(client);
	}
}

void host_dns_server_serve(struct host_dns_server *server, const struct pollfd fds[HOST_DNS_FDS])
{
	for (size_t i = 0; i < HOST_DNS_CLIENTS; i++)
		if (server->clients[i].state != CLIENT_NONE)
			client_serve(server, &server->clients[i], fds[2 + i].revents);
	if (fds[0].revents)
		take_datagrams(server);
	if (fds[1].revents)
		take_connection(server);
}

size_t host_dns_server_room(const struct host_dns_asker *asker, const struct host_dns_query *query)
{
	return asker->client < 0 ? query->room : HOST_DNS_REPLY_MAX;
}

void host_dns_server_reply(struct host_dns_server *server, const struct host_dns_asker *asker,
			   const unsigned char *packet, size_t len)
{
	struct client *client;

	if (asker->client < 0) {
		if (len)
			sendto(server->udp, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL,
			       &asker->from.any, asker->from_len);
		return;
	}
	client = &server->clients[asker->client];
	if (client->state != CLIENT_WAITS || client->generation != asker->generation)
		return;
	if (len == 0) {
		client_close(client);
		return;
	}
	client->buffer[0] = (unsigned char)(len >> 8);
	client->buffer[1] = (unsigned char)len;
	memcpy(client->buffer + 2, packet, len);
	client->state = CLIENT_WRITES;
	client->have = 0;
	client->want = 2 + len;
	client->deadline = now_ms() + HOST_DNS_IDLE_MS;
	client_write(client);
}

bool host_dns_same_asker(const struct host_dns_asker *a, const struct host_dns_asker *b)
{
	return a->client < 0 && b->client < 0 && a->from_len == b->from_len &&
	       memcmp(&a->from, &b->from, a->from_len) == 0;
}
