/* The broker, asked by hand: with sockets of another network, and with what is no request. */
#include "host/broker.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/address.h"
#include "host/carry.h"

TestSuite(broker, .timeout = 30);

/* What the rules of these tests grant. */
struct grants {
	uint64_t ops;
	unsigned char host; /* 127.0.0.x */
	int port;
};

static bool is_granted(void *context, uint64_t ops, const struct cd_object *object)
{
	const struct grants *grants = context;

	return !(ops & ~grants->ops) && object->family == 4 && object->address[3] == grants->host &&
	       object->port == grants->port;
}

static int start(struct grants *grants)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	if (fork() == 0) {
		const struct host_broker in = {
		    .channel = ends[1], .granted = is_granted, .context = grants};

		close(ends[0]);
		host_broker_run(&in);
	}
	close(ends[1]);
	return ends[0];
}

/* It ends by itself when nobody can ask it any more. */
static void end(int channel)
{
	int status;

	close(channel);
	cr_assert_gt(wait(&status), 0);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static union host_address address(unsigned char host, int port)
{
	union host_address a = {.in4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)}};

	a.in4.sin_addr.s_addr = htonl(0x7f000000u + host);
	return a;
}

static int port_of(int s)
{
	union host_address a;
	socklen_t len = sizeof(a);

	return getsockname(s, &a.any, &len) ? -1 : host_address_port(&a);
}

static int listener(void)
{
	union host_address a = address(1, 0);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(s, &a.any, sizeof(a.in4)), 0);
	cr_assert_eq(listen(s, 5), 0);
	return s;
}

/* A socket of another network: a child makes it there, and sends it. */
static int inside(int type)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} right = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS}};
	char byte = 'x';
	struct iovec part = {&byte, 1};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &right,
				.msg_controllen = sizeof(right)};
	int ends[2], made;
	pid_t child;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	child = fork();
	if (child == 0) {
		if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET))
			_exit(1);
		made = socket(AF_INET, type, 0);
		memcpy(CMSG_DATA(&right.header), &made, sizeof(made));
		_exit(sendmsg(ends[0], &header, 0) == 1 ? 0 : 1);
	}
	close(ends[0]);
	made = -1;
	if (recvmsg(ends[1], &header, MSG_CMSG_CLOEXEC) == 1)
		memcpy(&made, CMSG_DATA(&right.header), sizeof(made));
	close(ends[1]);
	waitpid(child, NULL, 0);
	if (made < 0)
		cr_skip("no network namespace can be made here");
	return made;
}

static int64_t ask(int channel, int socket, enum host_broker_call call, bool outside,
		   const union host_address *a, int *made)
{
	const struct host_broker_ask what = {.call = call,
					     .outside = outside,
					     .flags = 1,
					     .address = a,
					     .address_len = a ? sizeof(a->in4) : 0};

	return host_broker_ask(channel, socket, &what, made);
}

Test(broker, a_request_of_a_wrong_length_is_refused)
{
	struct grants grants = {0};
	static unsigned char data[HOST_BROKER_ROOM + 64];
	struct host_broker_request head = {.call = HOST_BROKER_CONNECT, .outside = 1};
	int channel = start(&grants), made;
	int64_t value;

	for (size_t len = 1; len < 200; len++) {
		/* Too short for a head, longer than it says, shorter than it says. */
		for (unsigned more = 0; more < 8; more++) {
			head.address_len = more & 1 ? (uint32_t)len : 0;
			head.control_len = more & 2 ? HOST_BROKER_CONTROL + 1 : 0;
			head.payload_len = more & 4 ? UINT32_MAX - 16 : 0;
			memcpy(data, &head, sizeof(head));
			cr_assert_eq(send(channel, data, len, 0), (ssize_t)len);
			cr_assert_eq(recv(channel, &value, sizeof(value), 0), sizeof(value));
			/* Of the right length it lacks a socket. */
			cr_expect_eq(value, len == sizeof(head) && !more ? -ENOTSOCK : -EINVAL,
				     "length %zu, %u: %lld", len, more, (long long)value);
		}
	}
	memset(data, 0xff, sizeof(data));
	cr_assert_eq(send(channel, data, sizeof(data), 0), sizeof(data));
	cr_assert_eq(recv(channel, &value, sizeof(value), 0), sizeof(value));
	cr_expect_eq(value, -EINVAL);
	cr_expect_eq(ask(channel, -1, HOST_BROKER_CHANNEL, false, NULL, &made), 0);
	cr_expect_geq(made, 0);
	close(made);
	end(channel);
}

Test(broker, what_is_not_a_socket_is_refused)
{
	struct grants grants = {0};
	const union host_address a = address(1, 1);
	int channel = start(&grants), made, fd = open("/dev/null", O_RDONLY);

	for (int call = HOST_BROKER_CONNECT; call < HOST_BROKER_CALLS; call++) {
		cr_expect_eq(ask(channel, fd, call, true, &a, &made), -ENOTSOCK);
		cr_expect_eq(ask(channel, -1, call, true, &a, &made), -ENOTSOCK);
		cr_expect_eq(made, -1);
	}
	end(channel);
}

Test(broker, connects_to_what_is_granted_and_to_nothing_else)
{
	struct grants grants = {CD_OPBIT(CD_OP_NET_CONNECT), 1, 0};
	int server = listener(), s = inside(SOCK_STREAM), channel, made;
	union host_address good, other, host, peer;
	socklen_t len = sizeof(peer);
	int64_t value;

	grants.port = port_of(server);
	good = address(1, grants.port);
	other = address(1, grants.port + 1);
	host = address(2, grants.port);
	channel = start(&grants);
	cr_expect_eq(ask(channel, s, HOST_BROKER_CONNECT, true, &other, &made), -EACCES);
	cr_expect_eq(made, -1);
	cr_expect_eq(ask(channel, s, HOST_BROKER_CONNECT, true, &host, &made), -EACCES);
	cr_expect_eq(ask(channel, s, HOST_BROKER_BIND, true, &good, &made), -EACCES);
	cr_expect_eq(ask(channel, s, HOST_BROKER_SEND, true, &good, &made), -EACCES);
	/* Within its own network, where the loopback is down. */
	cr_expect_eq(ask(channel, s, HOST_BROKER_CONNECT, false, &good, &made), -ENETUNREACH);
	cr_expect_eq(made, -1);
	value = ask(channel, s, HOST_BROKER_CONNECT, true, &good, &made);
	cr_expect(value == 0 || value == -EINPROGRESS);
	cr_assert_geq(made, 0);
	cr_expect_neq(host_socket_network(made), host_socket_network(s));
	cr_expect_eq(getpeername(made, &peer.any, &len), 0);
	cr_expect_eq(host_address_port(&peer), grants.port);
	/* The new one leads outside: it goes elsewhere by no other rule. */
	cr_expect_eq(ask(channel, made, HOST_BROKER_CONNECT, false, &host, &s), -EACCES);
	cr_expect_eq(ask(channel, made, HOST_BROKER_CONNECT, true, &host, &s), -EACCES);
	cr_expect_eq(ask(channel, made, HOST_BROKER_BIND, false, &host, &s), -EACCES);
	cr_expect_eq(ask(channel, made, HOST_BROKER_LISTEN, true, NULL, &s), -EACCES);
	end(channel);
}

/* Groups are joined in the space's network, whatever is granted; and no other option is set by it.
 */
Test(broker, joins_groups_inside_and_nowhere_else)
{
	struct grants grants = {~UINT64_C(0), 1, 1};
	const struct ip_mreqn group = {.imr_multiaddr.s_addr = htonl(0xef010203), .imr_ifindex = 1};
	struct host_broker_ask order = {.call = HOST_BROKER_GROUP,
					.flags = IPPROTO_IP << 16 | IP_ADD_MEMBERSHIP,
					.payload = &group,
					.payload_len = sizeof(group)};
	int channel = start(&grants), s = inside(SOCK_DGRAM), made,
	    out = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	cr_expect_eq(host_broker_ask(channel, s, &order, &made), 0);
	cr_expect_eq(host_broker_ask(channel, s, &order, &made), -EADDRINUSE);
	cr_expect_eq(made, -1);
	cr_expect_eq(host_broker_ask(channel, out, &order, &made), -ENOPROTOOPT);
	order.outside = true;
	cr_expect_eq(host_broker_ask(channel, out, &order, &made), -ENOPROTOOPT);
	cr_expect_eq(setsockopt(out, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), 0,
		     "it could be joined there");
	order.outside = false;
	order.flags = IPPROTO_IP << 16 | IP_DROP_MEMBERSHIP;
	cr_expect_eq(host_broker_ask(channel, s, &order, &made), 0);
	cr_expect_eq(host_broker_ask(channel, s, &order, &made), -EADDRNOTAVAIL);
	order.flags = SOL_SOCKET << 16 | SO_BROADCAST;
	order.payload = &on;
	order.payload_len = sizeof(on);
	cr_expect_eq(host_broker_ask(channel, s, &order, &made), -ENOPROTOOPT);
	cr_expect_eq(host_socket_int(s, SO_BROADCAST, -1), 0);
	end(channel);
}

Test(broker, listens_on_the_port_that_was_granted)
{
	struct grants grants = {CD_OPBIT(CD_OP_NET_LISTEN), 0, 0};
	const union host_address none = {.any.sa_family = AF_UNSPEC};
	int server = listener(), s = socket(AF_INET, SOCK_STREAM, 0), channel, made, on = 0;
	union host_address good = address(1, port_of(server)), own;
	socklen_t len = sizeof(own);

	/* Connected and dissolved, it has lost its port, and still tells it. */
	cr_assert_eq(connect(s, &good.any, sizeof(good.in4)), 0);
	cr_assert_eq(connect(s, &none.any, sizeof(none.any)), 0);
	cr_assert_eq(getsockname(s, &own.any, &len), 0);
	grants.port = host_address_port(&own);
	cr_assert_neq(grants.port, 0);
	own.in4.sin_addr.s_addr = 0;
	channel = start(&grants);
	cr_expect_eq(ask(channel, s, HOST_BROKER_LISTEN, true, NULL, &made), 0);
	len = sizeof(on);
	cr_expect_eq(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &on, &len), 0);
	cr_expect_eq(on, 1);
	cr_expect_eq(port_of(s), grants.port);
	end(channel);
}

Test(broker, an_attempt_is_asked_after_and_not_begun_anew)
{
	struct grants grants = {0};
	int server = listener(), channel = start(&grants), made;
	union host_address good = address(1, port_of(server));
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd poller = {.fd = s, .events = POLLOUT};

	/* None was made. */
	cr_expect_eq(ask(channel, s, HOST_BROKER_FINISH, true, NULL, &made), -ECONNABORTED);
	cr_assert_eq(connect(s, &good.any, sizeof(good.in4)), -1);
	poll(&poller, 1, 5000);
	cr_expect_eq(ask(channel, s, HOST_BROKER_FINISH, true, NULL, &made), 0);
	cr_expect_eq(ask(channel, s, HOST_BROKER_FINISH, true, NULL, &made), -EISCONN);
	close(server);
	end(channel);
}

Test(broker, channels_are_bounded)
{
	struct grants grants = {0};
	int channel = start(&grants), made[HOST_BROKER_CHANNELS + 2], count = 0;

	while (count < HOST_BROKER_CHANNELS + 2 &&
	       ask(channel, -1, HOST_BROKER_CHANNEL, false, NULL, &made[count]) == 0)
		count++;
	cr_expect_eq(count, HOST_BROKER_CHANNELS - 1);
	close(made[0]);
	usleep(100000);
	cr_expect_eq(ask(channel, -1, HOST_BROKER_CHANNEL, false, NULL, &made[0]), 0);
	for (int i = 0; i < count; i++)
		close(made[i]);
	end(channel);
}

Test(carry, what_was_set_goes_along)
{
	int from = socket(AF_INET, SOCK_STREAM, 0), to = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1, size = 30000, fresh = host_socket_int(to, SO_RCVBUF, 0);

	setsockopt(from, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(from, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	host_carry_options(from, to);
	cr_expect_eq(host_socket_int(to, SO_KEEPALIVE, 0), 1);
	cr_expect_eq(host_socket_int(to, SO_SNDBUF, 0), 2 * size);
	/* What was not set is not fixed. */
	cr_expect_eq(host_socket_int(to, SO_RCVBUF, 0), fresh);
	cr_expect_eq(host_socket_int(to, 72 /* SO_BUF_LOCK */, 0), 1);
}
