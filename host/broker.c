/*
 * The broker's process.
 *
 * Invariants upheld here: nothing outside is named without a rule that grants it, whoever asks
 * (12); of what the monitor sends, every length is checked (5); no request makes it wait (8).
 */
#include "host/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/carry.h"
#include "host/confine.h"
#include "lib/pass.h"

/* How long a call on the program's own socket, which may be a blocking one, can take. */
#define PATIENCE_US 1000

struct broker {
	const struct host_broker *in;
	uint64_t network; /* our own: where sockets lead outside */
	struct pollfd channels[HOST_BROKER_CHANNELS];
	size_t count;
};

/* A request, taken apart. */
struct order {
	struct host_broker_request head;
	int socket; /* the program's */
	union host_address address;
	unsigned char *control, *payload;
	int replacement; /* the answer's: a new socket, or -1 */
};

static bool is_inside(const struct broker *b, int socket)
{
	uint64_t network = host_socket_network(socket);

	if (b->in->inside)
		return network == b->in->inside;
	return network != 0 && network != b->network;
}

static bool is_blocking(int socket)
{
	return !(fcntl(socket, F_GETFL) & O_NONBLOCK);
}

static bool granted(const struct broker *b, enum cd_op op, int socket,
		    const union host_address *address, socklen_t len)
{
	char text[HOST_ABSTRACT_TEXT];
	struct cd_object object;

	return host_address_object(address, len, host_socket_proto(socket), &object, text) &&
	       b->in->granted(b->in->context, CD_OPBIT(op), &object);
}

/*
 * A call on a socket that may be the program's own. Whether it blocks is the program's to say, at
 * any time: a clock interrupts it.
 */
static int connect_bounded(int socket, const union host_address *address, socklen_t len)
{
	const struct itimerval ticks = {{0, PATIENCE_US}, {0, PATIENCE_US}}, none = {{0}, {0}};
	int error;

	setitimer(ITIMER_REAL, &ticks, NULL);
	error = connect(socket, &address->any, len) ? errno : 0;
	setitimer(ITIMER_REAL, &none, NULL);
	if (error == EINTR)
		/* Of an internet socket the attempt goes on; of a unix one nothing has begun. */
		return address->any.sa_family == AF_UNIX ? -EAGAIN : -EINPROGRESS;
	return -error;
}

/* One of the same kind, outside, with the same options; never blocks. */
static int make_outside(int socket)
{
	int domain = host_socket_int(socket, SO_DOMAIN, -1);
	int made;

	if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX)
		return -EAFNOSUPPORT;
	made = (int)syscall(SYS_socket, domain,
			    host_socket_int(socket, SO_TYPE, 0) | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    host_socket_int(socket, SO_PROTOCOL, 0));
	if (made < 0)
		return -errno;
	host_carry_options(socket, made);
	return made;
}

/* The socket that leads outside: the program's own if it does already. */
static int aim_outside(const struct broker *b, struct order *order)
{
	if (!is_inside(b, order->socket))
		return order->socket;
	order->replacement = make_outside(order->socket);
	return order->replacement;
}

/* What was done failed: the program keeps its own. */
static int64_t give_up(struct order *order, int error)
{
	if (order->replacement >= 0)
		close(order->replacement);
	order->replacement = -1;
	return error;
}

/* A new socket blocks as the one did that it replaces. */
static void match_blocking(const struct order *order)
{
	if (order->replacement >= 0 && is_blocking(order->socket))
		fcntl(order->replacement, F_SETFL, 0);
}

static int connect_new(const struct order *order, int socket)
{
	const struct sockaddr *address = &order->address.any;
	struct pollfd poller = {.fd = socket, .events = POLLOUT};
	int error = connect(socket, address, order->head.address_len) ? errno : 0;

	/* On this machine it is a matter of microseconds; so whoever waits need not. */
	if (error == EINPROGRESS && is_blocking(order->socket) &&
	    poll(&poller, 1, PATIENCE_US / 1000) == 1)
		error = connect(socket, address, order->head.address_len) ? errno : 0;
	return -error;
}

static int64_t do_connect(const struct broker *b, struct order *order)
{
	const socklen_t len = order->head.address_len;
	int error, socket;

	if (host_address_is_path(&order->address, len))
		return -EACCES;
	host_address_aim(&order->address, len);
	if (order->address.any.sa_family == AF_UNSPEC ||
	    (!order->head.outside && is_inside(b, order->socket)))
		return connect_bounded(order->socket, &order->address, len);
	if (!order->head.outside ||
	    !granted(b, CD_OP_NET_CONNECT, order->socket, &order->address, len))
		return -EACCES;
	socket = aim_outside(b, order);
	if (socket < 0)
		return socket;
	error = socket == order->socket ? connect_bounded(socket, &order->address, len)
					: connect_new(order, socket);
	if (error && error != -EINPROGRESS)
		return give_up(order, error);
	match_blocking(order);
	return error;
}

/*
 * Linux says how an attempt went to whoever connects again. With an address of no length that can
 * begin no new one: of a socket that has been shut down meanwhile only its error is left.
 */
static int64_t do_finish(const struct order *order)
{
	const union host_address nowhere = {
	    .any.sa_family = (sa_family_t)host_socket_int(order->socket, SO_DOMAIN, AF_UNSPEC)};
	int value, error;

	if (nowhere.any.sa_family != AF_INET && nowhere.any.sa_family != AF_INET6)
		return -EINVAL;
	value = connect_bounded(order->socket, &nowhere, sizeof(nowhere.any.sa_family));
	if (value != -EINVAL)
		return value;
	error = host_socket_int(order->socket, SO_ERROR, 0);
	return error ? -error : -ECONNABORTED;
}

static int64_t do_bind(const struct broker *b, struct order *order)
{
	const socklen_t len = order->head.address_len;
	int socket = order->socket;

	if (host_address_is_path(&order->address, len))
		return -EACCES;
	if (order->head.outside) {
		if (!granted(b, CD_OP_NET_LISTEN, socket, &order->address, len))
			return -EACCES;
		socket = aim_outside(b, order);
	} else if (!is_inside(b, socket)) {
		return -EACCES;
	}
	if (socket < 0)
		return socket;
	if (bind(socket, &order->address.any, len))
		return give_up(order, -errno);
	match_blocking(order);
	return 0;
}

/*
 * May it listen on the address that it has, and on no other? One that has lost its port still tells
 * which it was, and would get another of Linux's choice: so it is bound to what was decided on.
 */
static int hold_to_address(const struct broker *b, int socket)
{
	union host_address bound;
	socklen_t len = sizeof(bound);

	if (getsockname(socket, &bound.any, &len))
		return -errno;
	if (bound.any.sa_family == AF_UNIX)
		return 0; /* no listening without a name, and that was granted */
	if (!granted(b, CD_OP_NET_LISTEN, socket, &bound, len))
		return -EACCES;
	/* EINVAL: it is bound, as it should be. */
	return bind(socket, &bound.any, len) && errno != EINVAL ? -errno : 0;
}

static int64_t do_listen(const struct broker *b, struct order *order)
{
	int error = is_inside(b, order->socket) ? 0 : hold_to_address(b, order->socket);

	if (error)
		return error;
	return listen(order->socket, (int)order->head.flags) ? -errno : 0;
}

/*
 * Joining and leaving a multicast group. Outside, Linux would tell the user's network of it.
 */
static int64_t do_group(const struct broker *b, const struct order *order)
{
	static const struct {
		unsigned level, option;
	} known[] = {{IPPROTO_IP, IP_ADD_MEMBERSHIP}, {IPPROTO_IP, IP_DROP_MEMBERSHIP},
		     {IPPROTO_IP, MCAST_JOIN_GROUP},  {IPPROTO_IP, MCAST_LEAVE_GROUP},
		     {IPPROTO_IPV6, IPV6_JOIN_GROUP}, {IPPROTO_IPV6, IPV6_LEAVE_GROUP}};
	const unsigned level = order->head.flags >> 16, option = order->head.flags & 0xffff;

	for (size_t i = 0; is_inside(b, order->socket) && i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].level == level && known[i].option == option)
			return setsockopt(order->socket, (int)level, (int)option, order->payload,
					  order->head.payload_len)
				   ? -errno
				   : 0;
	return -ENOPROTOOPT;
}

/* Ancillary data that says how a datagram is to be sent, and not where to: no routes. */
static bool is_harmless(int level, int type)
{
	static const struct {
		int level, type;
	} harmless[] = {{IPPROTO_IP, IP_PKTINFO},      {IPPROTO_IP, IP_TTL},
			{IPPROTO_IP, IP_TOS},	       {IPPROTO_IPV6, IPV6_PKTINFO},
			{IPPROTO_IPV6, IPV6_HOPLIMIT}, {IPPROTO_IPV6, IPV6_TCLASS},
			{IPPROTO_IPV6, IPV6_DONTFRAG}, {IPPROTO_UDP, UDP_SEGMENT}};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (level == harmless[i].level && type == harmless[i].type)
			return true;
	return false;
}

/* Every one that Linux would see: the C library's own walk stops before the last in some cases. */
static bool is_harmless_control(const unsigned char *at, size_t left)
{
	while (left >= sizeof(struct cmsghdr)) {
		struct cmsghdr header;
		size_t step;

		memcpy(&header, at, sizeof(header));
		if (header.cmsg_len < sizeof(header) || header.cmsg_len > left ||
		    !is_harmless(header.cmsg_level, header.cmsg_type))
			return false;
		step = CMSG_ALIGN(header.cmsg_len);
		if (step >= left)
			return true;
		at += step;
		left -= step;
	}
	return true;
}

static int64_t do_send(const struct broker *b, struct order *order)
{
	const socklen_t len = order->head.address_len;
	const int passed = MSG_OOB | MSG_DONTROUTE | MSG_EOR | MSG_MORE | MSG_CONFIRM;
	struct iovec part = {order->payload, order->head.payload_len};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	int socket;
	ssize_t n;

	host_address_aim(&order->address, len);
	if (host_address_is_path(&order->address, len) ||
	    (len && !granted(b, CD_OP_NET_SEND, order->socket, &order->address, len)))
		return -EACCES;
	if (!is_harmless_control(order->control, order->head.control_len))
		return -EPERM;
	/* Without an address it goes where the socket leads: nowhere yet, for one that is inside.
	 */
	if (!len && is_inside(b, order->socket))
		return -EDESTADDRREQ;
	socket = aim_outside(b, order);
	if (socket < 0)
		return socket;
	header.msg_name = len ? &order->address : NULL;
	header.msg_namelen = len;
	header.msg_control = order->head.control_len ? order->control : NULL;
	header.msg_controllen = order->head.control_len;
	n = sendmsg(socket, &header,
		    ((int)order->head.flags & passed) | MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return give_up(order, -errno);
	match_blocking(order);
	return n;
}

static int64_t do_channel(struct broker *b, struct order *order)
{
	int ends[2];

	if (b->count == HOST_BROKER_CHANNELS)
		return -EAGAIN;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	b->channels[b->count++] = (struct pollfd){.fd = ends[0], .events = POLLIN};
	order->replacement = ends[1];
	return 0;
}

static int64_t carry_out(struct broker *b, struct order *order)
{
	if (order->head.call == HOST_BROKER_CHANNEL)
		return do_channel(b, order);
	if (order->socket < 0 || host_socket_network(order->socket) == 0)
		return -ENOTSOCK;
	switch ((enum host_broker_call)order->head.call) {
	case HOST_BROKER_CONNECT: return do_connect(b, order);
	case HOST_BROKER_FINISH: return do_finish(order);
	case HOST_BROKER_BIND: return do_bind(b, order);
	case HOST_BROKER_LISTEN: return do_listen(b, order);
	case HOST_BROKER_SEND: return do_send(b, order);
	case HOST_BROKER_GROUP: return do_group(b, order);
	default: return -EINVAL;
	}
}

/* Is the datagram as long as it says, and within bounds? */
static bool take_apart(unsigned char *data, size_t len, struct order *order)
{
	const struct host_broker_request *head = &order->head;

	if (len < sizeof(*head))
		return false;
	memcpy(&order->head, data, sizeof(*head));
	if (head->address_len > sizeof(order->address) || head->control_len > HOST_BROKER_CONTROL ||
	    head->payload_len > HOST_BROKER_PAYLOAD ||
	    len != sizeof(*head) + head->address_len + head->control_len + head->payload_len)
		return false;
	data += sizeof(*head);
	memset(&order->address, 0, sizeof(order->address));
	if (head->address_len && !host_address_read(data, head->address_len, &order->address))
		return false;
	order->control = data + head->address_len;
	order->payload = order->control + head->control_len;
	return true;
}

static void answer(int channel, int64_t value, int replacement)
{
	const struct iovec part = {&value, sizeof(value)};

	/* Whoever does not take it loses it. But he does not wait in vain where the socket cannot
	 * be passed on: as many are on their way, of anybody's who is this user, as Linux allows.
	 */
	if (cd_pass_send(channel, &part, 1, &replacement, replacement >= 0, MSG_DONTWAIT) >= 0 ||
	    replacement < 0)
		return;
	value = -errno;
	cd_pass_send(channel, &part, 1, NULL, 0, MSG_DONTWAIT);
}

/* False: the other side has gone. */
static bool serve_channel(struct broker *b, int channel)
{
	static unsigned char data[HOST_BROKER_ROOM] __attribute__((aligned(8)));
	struct order order = {.socket = -1, .replacement = -1};
	size_t count = 1;
	/* The length that it had: one that was cut off is not as long as it says. */
	ssize_t n = cd_pass_receive(channel, data, sizeof(data), &order.socket, &count,
				    MSG_DONTWAIT | MSG_TRUNC);
	int64_t value = -EINVAL;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	if (take_apart(data, (size_t)n, &order))
		value = carry_out(b, &order);
	answer(channel, value, order.replacement);
	if (order.replacement >= 0)
		close(order.replacement);
	if (order.socket >= 0)
		close(order.socket);
	return true;
}

static void interrupt(int signal)
{
	(void)signal;
}

/* No SA_RESTART: the point is to make a call return. */
static void prepare_clock(void)
{
	struct sigaction action = {.sa_handler = interrupt};
	sigset_t none;

	for (int signal = 1; signal < 65; signal++)
		if (signal != SIGALRM)
			sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	/* What the terminal sends is for the program; we end with the monitor. */
	sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	sigaction(SIGQUIT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	sigaction(SIGTSTP, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool confine(void)
{
	static const int calls[] = {
	    SYS_recvmsg,    SYS_sendmsg,     SYS_socket,	SYS_socketpair,
	    SYS_connect,    SYS_bind,	     SYS_listen,	SYS_getsockopt,
	    SYS_setsockopt, SYS_getsockname, SYS_fcntl,		SYS_poll,
	    SYS_ppoll,	    SYS_close,	     SYS_setitimer,	SYS_rt_sigreturn,
	    SYS_exit_group, SYS_exit,	     SYS_clock_gettime, SYS_restart_syscall,
	    SYS_getuid,	    SYS_munmap,	     SYS_madvise,	SYS_brk,
	};

	return host_confine_service(calls, sizeof(calls) / sizeof(calls[0]), true) == CD_OK;
}

_Noreturn void host_broker_run(const struct host_broker *broker)
{
	struct broker b = {.in = broker};
	int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prepare_clock();
	b.network = host_socket_network(probe);
	close(probe);
	if (!b.network || !confine())
		_exit(1);
	b.channels[b.count++] = (struct pollfd){.fd = broker->channel, .events = POLLIN};
	/* The first is the monitor's own; the others are its workers'. */
	for (;;) {
		if (poll(b.channels, b.count, -1) < 0)
			continue;
		for (size_t i = b.count; i-- > 0;) {
			if (!b.channels[i].revents || serve_channel(&b, b.channels[i].fd))
				continue;
			close(b.channels[i].fd);
			if (i == 0)
				_exit(0);
			b.channels[i] = b.channels[--b.count];
		}
	}
}
