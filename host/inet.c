/* Out of the space, or not. */
#include "host/inet.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "host/broker.h"
#include "host/hops.h"
#include "host/watches.h"
#include "kernel/process.h"

#define RETRY_MS 20
#define DNS_PORT 53

static int broker = -1, insider = -1;
static uint64_t own_network;

void host_inet_setup(int outward, int inward, uint64_t network)
{
	broker = outward;
	insider = inward;
	own_network = network;
}

static int channel_of(const struct host_broker_ask *ask)
{
	return ask->outside ? broker : insider;
}

bool host_inet_is_outside(int socket)
{
	return host_socket_network(socket) != own_network;
}

static bool is_blocking(int socket)
{
	return !(fcntl(socket, F_GETFL) & O_NONBLOCK);
}

/* ---- without namespaces ---- */

/*
 * What is no path leads into the machine's own network, which nothing bounds (host/hops.h): it is
 * decided on, for the record, and refused.
 */
static int64_t refuse(struct kern_border *border, const struct kern_message *m, enum cd_op op,
		      int socket, const union host_address *a, socklen_t len)
{
	char text[HOST_ABSTRACT_TEXT];
	struct cd_object object;
	int error = 0;

	if (host_address_object(a, len, host_socket_proto(socket), &object, text))
		error = kern_border_decide(border, m, CD_OPBIT(op), &object);
	return error ? error : -EACCES;
}

/* ---- which way? ---- */

enum way { WAY_OUT, WAY_INSIDE, WAY_NONE };

/*
 * Where the user is asked first, what comes after the decision is done by a worker. It gets a
 * channel of its own to the broker, while nobody else uses this one.
 */
static int decide_outside(struct kern_border *border, const struct kern_message *m, enum cd_op op,
			  const struct cd_object *object)
{
	const struct host_broker_ask another = {.call = HOST_BROKER_CHANNEL};
	struct cd_decision decision;
	int own = -1, error;

	kern_border_weigh(border, m, CD_OPBIT(op), object, &decision);
	if (decision.verdict == CD_ASK && (host_broker_ask(broker, -1, &another, &own) || own < 0))
		return -EAGAIN;
	error = kern_border_decide(border, m, CD_OPBIT(op), object);
	if (own < 0)
		return error;
	if (error) {
		close(own);
	} else {
		close(broker);
		broker = own;
	}
	return error;
}

/*
 * Whatever the rules say holds. What they do not speak of may happen inside, if that is possible;
 * else it is denied. *error: what the process is then told.
 */
static enum way choose(struct kern_border *border, const struct kern_message *m, enum cd_op op,
		       const struct cd_object *object, bool can_stay, int *error)
{
	struct cd_decision decision;

	*error = 0;
	kern_border_weigh(border, m, CD_OPBIT(op), object, &decision);
	if (decision.verdict == CD_DENY && decision.rule == CD_NO_RULE && can_stay)
		return WAY_INSIDE;
	*error = decide_outside(border, m, op, object);
	return *error ? WAY_NONE : WAY_OUT;
}

/* ---- asking the broker ---- */

/*
 * The new socket takes the old one's place, in all numbers by which the process calls it. Sets of
 * descriptors that are waited for (epoll) and hold the old one get the new one in its place.
 */
static int put_in_place(struct kern_border *border, const struct kern_message *m, int old,
			int replacement)
{
	struct host_watches watches;
	int error =
	    kern_border_replace(border, m, m->fd, replacement, kern_process_fd_cloexec(m, m->fd));

	if (error)
		return error;
	/* The other numbers still mean the old one. */
	host_watches_find(m, old, &watches);
	for (size_t i = 0; i < watches.number_count; i++)
		kern_border_replace(border, m, watches.numbers[i], replacement,
				    kern_process_fd_cloexec(m, watches.numbers[i]));
	host_watches_renew(&watches, old, replacement);
	host_watches_close(&watches);
	return 0;
}

/* Asks, and puts the new socket in its place if there is one; *now: that, or the old one. The
 * caller closes *now where it is not socket. */
static int64_t ask_and_replace(struct kern_border *border, const struct kern_message *m, int socket,
			       const struct host_broker_ask *ask, int *now)
{
	int replacement;
	int64_t value = host_broker_ask(channel_of(ask), socket, ask, &replacement);
	int error;

	*now = socket;
	if (replacement < 0)
		return value;
	error = put_in_place(border, m, socket, replacement);
	if (error) {
		close(replacement);
		return error;
	}
	*now = replacement;
	return value;
}

/* A channel for the worker that is about to be forked: answers on the other one are not its own. */
static int begin_waiting(struct kern_border *border, const struct kern_message *m, int channel,
			 int *own)
{
	const struct host_broker_ask another = {.call = HOST_BROKER_CHANNEL};
	int64_t value = host_broker_ask(channel, -1, &another, own);
	int error;

	if (value || *own < 0)
		return -EAGAIN;
	error = host_may_block(border, m);
	if (error)
		close(*own);
	return error;
}

/* How long a call on the socket may take, in ms; -1: for ever. */
static int time_limit(int socket)
{
	struct timeval limit = {0};
	socklen_t len = sizeof(limit);
	int64_t ms;

	getsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, &len);
	ms = limit.tv_sec * 1000 + limit.tv_usec / 1000;
	if (!limit.tv_sec && !limit.tv_usec)
		return -1;
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* Waits until it can be written to. 1: it can; 0: its time is over; -1: a signal. */
static int await_writable(int socket, int limit)
{
	struct pollfd poller = {.fd = socket, .events = POLLOUT};

	return poll(&poller, 1, limit);
}

/* Waits a little: of a unix socket's full backlog Linux tells nothing when it empties. */
static int pause_a_little(int *limit)
{
	const struct timespec time = {.tv_nsec = RETRY_MS * 1000000L};

	if (*limit >= 0 && (*limit -= RETRY_MS) < 0)
		return 0;
	return nanosleep(&time, NULL) ? -1 : 1;
}

/* In a worker: as long as a blocking call takes. */
static int64_t wait_for(struct kern_border *border, const struct kern_message *m, int socket,
			const struct host_broker_ask *ask, int64_t value)
{
	const struct host_broker_ask finish = {.call = HOST_BROKER_FINISH};
	int own, replacement, limit = time_limit(socket);
	int error = begin_waiting(border, m, channel_of(ask), &own);

	if (error)
		return error;
	while (value == -EINPROGRESS || value == -EAGAIN) {
		bool listens = value == -EAGAIN && host_socket_int(socket, SO_DOMAIN, 0) == AF_UNIX;
		int ready = listens ? pause_a_little(&limit) : await_writable(socket, limit);

		if (ready < 0) /* as Linux: what has a limit would begin it anew */
			return limit < 0 ? KERN_RESTART : -EINTR;
		if (ready == 0)
			return value;
		value = host_broker_ask(own, socket, value == -EINPROGRESS ? &finish : ask,
					&replacement);
		if (replacement >= 0)
			close(replacement); /* it has one by now, or wants none */
	}
	return value;
}

/* ---- connect ---- */

/* An attempt that goes on may have failed already: on the loopback it takes no time. */
static bool was_refused(int socket, int64_t value)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (value != -EINPROGRESS)
		return value == -ECONNREFUSED;
	return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_state == TCP_CLOSE;
}

/*
 * What was granted may have been taken away meanwhile, and this socket not yet have been where
 * whoever does that looks for it (cli/revoke.c). It is there now, and so the rules are asked again.
 * object: what was decided on; NULL: nothing was, for a way inside.
 */
static int64_t unless_revoked(struct kern_border *border, const struct kern_message *m, int socket,
			      const struct cd_object *object, int64_t value)
{
	struct cd_decision decision;
	int error;

	if (!object || (value && value != -EINPROGRESS))
		return value;
	kern_border_weigh(border, m, CD_OPBIT(CD_OP_NET_CONNECT), object, &decision);
	if (decision.verdict != CD_DENY)
		return value;
	shutdown(socket, SHUT_RDWR);
	error = kern_border_decide(border, m, CD_OPBIT(CD_OP_NET_CONNECT), object);
	return error ? error : -EACCES;
}

/* object: what was decided on, for a way outside; NULL: inside. */
static int64_t connect_by(struct kern_border *border, const struct kern_message *m, int socket,
			  const union host_address *a, socklen_t len,
			  const struct cd_object *object)
{
	const struct host_broker_ask ask = {
	    .call = HOST_BROKER_CONNECT, .outside = object, .address = a, .address_len = len};
	int now;
	int64_t value = ask_and_replace(border, m, socket, &ask, &now);

	value = unless_revoked(border, m, now, object, value);
	if ((value == -EINPROGRESS || value == -EAGAIN) && is_blocking(socket)) {
		value = wait_for(border, m, now, &ask, value);
		value = unless_revoked(border, m, now, object, value);
	}
	if (now != socket)
		close(now);
	return value;
}

/* An address that is cut off begins nothing, and asks what has become of what was begun. */
static int64_t finish(int socket)
{
	const struct host_broker_ask ask = {.call = HOST_BROKER_FINISH, .outside = true};
	int none;

	return host_broker_ask(broker, socket, &ask, &none);
}

int64_t host_inet_connect(struct kern_border *border, const struct kern_message *m, int socket,
			  const union host_address *a, socklen_t len)
{
	char text[HOST_ABSTRACT_TEXT];
	struct cd_object object;
	bool inside = !host_inet_is_outside(socket), can_stay;
	int64_t value;
	int error;

	if (host_hops_on())
		return refuse(border, m, CD_OP_NET_CONNECT, socket, a, len);
	/* What rules cannot speak of (AF_UNSPEC, netlink) leads nowhere else. */
	if (!host_address_object(a, len, host_socket_proto(socket), &object, text))
		return inside || !host_address_is_inet(a)
			   ? connect_by(border, m, socket, a, len, NULL)
			   : finish(socket);
	can_stay = inside && (object.proto == CD_UNIX || host_address_is_loopback(a));
	switch (choose(border, m, CD_OP_NET_CONNECT, &object, can_stay, &error)) {
	case WAY_OUT: return connect_by(border, m, socket, a, len, &object);
	case WAY_NONE: return error;
	case WAY_INSIDE: break;
	}
	value = connect_by(border, m, socket, a, len, NULL);
	if (!was_refused(socket, value))
		return value;
	/* Nobody is there inside. That somebody may be outside is what the user should know. */
	error = kern_border_decide(border, m, CD_OPBIT(CD_OP_NET_CONNECT), &object);
	return error == KERN_DENIED_KILL ? error : value;
}

/* ---- bind and listen ---- */

static int64_t bind_by(struct kern_border *border, const struct kern_message *m, int socket,
		       const union host_address *a, socklen_t len, bool outside)
{
	const struct host_broker_ask ask = {
	    .call = HOST_BROKER_BIND, .outside = outside, .address = a, .address_len = len};
	int now;
	int64_t value = ask_and_replace(border, m, socket, &ask, &now);

	if (now != socket)
		close(now);
	return value;
}

/* A server that nobody outside can reach: the user may wonder. */
static int64_t bind_inside(struct kern_border *border, const struct kern_message *m, int socket,
			   const union host_address *a, socklen_t len,
			   const struct cd_object *object)
{
	int64_t value = bind_by(border, m, socket, a, len, false);

	if (value == 0 && object->proto == CD_TCP && object->port)
		kern_border_note_inside(border, m, CD_OPBIT(CD_OP_NET_LISTEN), object);
	return value;
}

int64_t host_inet_bind(struct kern_border *border, const struct kern_message *m, int socket,
		       const union host_address *a, socklen_t len)
{
	char text[HOST_ABSTRACT_TEXT];
	struct cd_object object;
	int error;

	if (host_hops_on())
		return refuse(border, m, CD_OP_NET_LISTEN, socket, a, len);
	if (!host_address_object(a, len, host_socket_proto(socket), &object, text))
		return bind_by(border, m, socket, a, len, false);
	switch (
	    choose(border, m, CD_OP_NET_LISTEN, &object, !host_inet_is_outside(socket), &error)) {
	case WAY_OUT: return bind_by(border, m, socket, a, len, true);
	case WAY_INSIDE: return bind_inside(border, m, socket, a, len, &object);
	case WAY_NONE: break;
	}
	return error;
}

int64_t host_inet_listen(struct kern_border *border, const struct kern_message *m, int socket)
{
	struct host_broker_ask ask = {.call = HOST_BROKER_LISTEN, .flags = (int)m->mode};
	union host_address bound;
	socklen_t len = sizeof(bound);
	char text[HOST_ABSTRACT_TEXT];
	struct cd_object object;
	int error, none;

	if (host_hops_on() && host_socket_int(socket, SO_DOMAIN, 0) != AF_UNIX)
		return -EACCES;
	ask.outside = host_inet_is_outside(socket);
	if (getsockname(socket, &bound.any, &len))
		return -errno;
	if (ask.outside && host_address_is_inet(&bound) &&
	    host_address_object(&bound, len, host_socket_proto(socket), &object, text)) {
		error = decide_outside(border, m, CD_OP_NET_LISTEN, &object);
		if (error)
			return error;
	}
	return host_broker_ask(channel_of(&ask), socket, &ask, &none);
}

/* ---- groups ---- */

int64_t host_inet_group(const struct kern_message *m, int socket)
{
	const struct host_broker_ask ask = {
	    .call = HOST_BROKER_GROUP,
	    .flags = (int)((uint32_t)m->mode << 16 | ((uint32_t)m->flags & 0xffff)),
	    .payload = m->data,
	    .payload_len = m->data_len};
	int none;

	if (host_hops_on() || host_inet_is_outside(socket))
		return -ENOPROTOOPT;
	return host_broker_ask(channel_of(&ask), socket, &ask, &none);
}

/* ---- datagrams ---- */

int64_t host_inet_send(struct kern_border *border, const struct kern_message *m, int socket,
		       const struct host_datagram *d, bool *inside)
{
	const struct host_broker_ask ask = {.call = HOST_BROKER_SEND,
					    .outside = true,
					    .flags = d->flags,
					    .address = d->address,
					    .address_len = d->address_len,
					    .control = d->control,
					    .control_len = d->control_len,
					    .payload = d->payload,
					    .payload_len = d->payload_len};
	const bool outside = host_inet_is_outside(socket);
	char text[HOST_ABSTRACT_TEXT];
	struct cd_object object;
	enum way way = WAY_INSIDE;
	bool named =
	    d->address_len && host_address_object(d->address, d->address_len,
						  host_socket_proto(socket), &object, text);
	int64_t value;
	int error, now;

	*inside = false;
	if (host_hops_on())
		return refuse(border, m, CD_OP_NET_SEND, socket, d->address, d->address_len);
	if (named)
		way = choose(border, m, CD_OP_NET_SEND, &object,
			     !outside &&
				 (object.proto == CD_UNIX || host_address_is_loopback(d->address)),
			     &error);
	if (way == WAY_NONE)
		return error;
	if (way == WAY_INSIDE && !outside) {
		*inside = true;
		/* It gets lost there without a word; but for questions to the resolver. */
		if (named && object.proto == CD_UDP && object.port != DNS_PORT)
			kern_border_note_inside(border, m, CD_OPBIT(CD_OP_NET_SEND), &object);
		return 0;
	}
	if (way == WAY_INSIDE && d->address_len)
		return -EAFNOSUPPORT;
	if (d->control_len > HOST_BROKER_CONTROL || d->payload_len > HOST_BROKER_PAYLOAD)
		return -EMSGSIZE;
	value = ask_and_replace(border, m, socket, &ask, &now);
	if (value == -EAGAIN && d->may_wait && is_blocking(now))
		value = wait_for(border, m, now, &ask, value);
	if (now != socket)
		close(now);
	return value;
}
