/*
 * Reaches for addresses that were not granted, by sockets: outside WAY PORT [SOCKET]. 127.0.0.2 is
 * granted with that port, 127.0.0.1 is not; on both somebody answers over TCP, on the latter alone
 * over UDP. 0: it worked; 1: it did not; 77: this machine does not have the mechanism.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ROUND_MS 1500

static char **args;
static int port;

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static union address at(unsigned host, int p)
{
	union address a = {.in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)p)}};

	a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
	return a;
}

static int reach(int s, unsigned host, int p)
{
	union address a = at(host, p);

	return connect(s, &a.any, sizeof(a.in));
}

static int dissolve(int s)
{
	union address a = {.any = {.sa_family = AF_UNSPEC}};

	return connect(s, &a.any, sizeof(a.any));
}

static int tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static int udp(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

/* What is sent comes back from there; an answer that is late, to another who had this port before,
 * does not count. */
static char nonce[32];

static int comes_back_within(int s, int ms)
{
	struct pollfd poller = {.fd = s, .events = POLLIN};
	char text[sizeof(nonce)];

	while (poll(&poller, 1, ms) == 1 && poller.revents & POLLIN)
		if (recv(s, text, sizeof(text), 0) == sizeof(text) &&
		    memcmp(text, nonce, sizeof(text)) == 0)
			return 1;
		else if (poller.revents & (POLLERR | POLLHUP))
			break;
	return 0;
}

static int comes_within(int s, int ms)
{
	struct pollfd poller = {.fd = s, .events = POLLIN};

	return poll(&poller, 1, ms) == 1 && poller.revents & POLLIN;
}

/* Is the one who must not be reached at the other end, and does he answer? */
static int got_there(int s)
{
	union address peer;
	socklen_t len = sizeof(peer);
	char text[8];

	return getpeername(s, &peer.any, &len) == 0 && comes_within(s, 500) &&
	       peer.in.sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
	       ntohs(peer.in.sin_port) == port && (recv(s, text, 5, 0) == 5 || errno == ECONNRESET);
}

/* A socket that leads outside in a space, and to nobody. */
static int led_out_by(int type, unsigned host)
{
	int s = socket(AF_INET, type, 0);

	if (reach(s, host, port) || dissolve(s))
		return -1;
	return s;
}

static int led_out(int type)
{
	return led_out_by(type, 2);
}

/* ---- races ---- */

static union address flipping;
static volatile int stop;

static int race(void *(*other)(void *), int (*attempt)(void))
{
	struct timespec now, began;
	pthread_t thread;
	int result = 1;

	pthread_create(&thread, NULL, other, NULL);
	clock_gettime(CLOCK_MONOTONIC, &began);
	do {
		result = attempt();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (result &&
		 (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000 <
		     ROUND_MS);
	stop = 1;
	pthread_join(thread, NULL);
	return result;
}

static void *flip(void *unused)
{
	(void)unused;
	while (!stop)
		__atomic_xor_fetch(&flipping.in.sin_addr.s_addr,
				   htonl(INADDR_LOOPBACK ^ (INADDR_LOOPBACK + 1)),
				   __ATOMIC_SEQ_CST);
	return NULL;
}

static int flip_while(int (*attempt)(void))
{
	flipping = at(2, port);
	return race(flip, attempt);
}

static int connect_flipping(void)
{
	int s = tcp(), result;

	result = connect(s, &flipping.any, sizeof(flipping.in)) || !got_there(s);
	close(s);
	return result;
}

static int send_flipping(void)
{
	int s = udp(), result;

	result = sendto(s, nonce, sizeof(nonce), 0, &flipping.any, sizeof(flipping.in)) < 0 ||
		 !comes_back_within(s, 2);
	close(s);
	return result;
}

static int way_connect_flip(void)
{
	return flip_while(connect_flipping);
}
static int way_send_flip(void)
{
	return flip_while(send_flipping);
}

/* A number that means now a socket of the space, and now one that leads outside. */
static int number, inner, outer;

static void *exchange(void *unused)
{
	(void)unused;
	while (!stop) {
		dup2(outer, number);
		dup2(inner, number);
	}
	return NULL;
}

static int exchange_while(int type, int (*attempt)(void))
{
	outer = led_out(type);
	inner = socket(AF_INET, type, 0);
	number = dup(inner);
	return outer < 0 ? 1 : race(exchange, attempt);
}

static int connect_number(void)
{
	int result = reach(number, 1, port) || !(got_there(outer) || got_there(inner));

	dissolve(outer);
	dissolve(inner);
	return result;
}

static int send_number(void)
{
	union address a = at(1, port);

	sendto(number, nonce, sizeof(nonce), 0, &a.any, sizeof(a.in));
	return !comes_back_within(outer, 1);
}

static int listens(int s)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

static int listen_number(void)
{
	listen(number, 1);
	if (listens(outer))
		return 0;
	dissolve(inner);
	return 1;
}

static int bind_number(void)
{
	union address a = at(2, 0), own;
	socklen_t len = sizeof(own);

	bind(number, &a.any, sizeof(a.in));
	if (getsockname(outer, &own.any, &len) == 0 &&
	    own.in.sin_addr.s_addr == a.in.sin_addr.s_addr)
		return 0;
	close(inner);
	inner = tcp();
	return 1;
}

static int way_connect_exchange(void)
{
	return exchange_while(SOCK_STREAM, connect_number);
}
static int way_send_exchange(void)
{
	return exchange_while(SOCK_DGRAM, send_number);
}
static int way_listen_exchange(void)
{
	return exchange_while(SOCK_STREAM, listen_number);
}
static int way_bind_exchange(void)
{
	return exchange_while(SOCK_STREAM, bind_number);
}

/* ---- from a socket that leads outside already ---- */

static int way_dissolve_connect(void)
{
	int s = led_out(SOCK_STREAM);

	return reach(s, 1, port) || !got_there(s);
}

static int way_connect_mapped(void)
{
	union address a = {.in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)}};
	int s = socket(AF_INET6, SOCK_STREAM, 0);
	char text[8];

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.in6.sin6_addr);
	return connect(s, &a.any, sizeof(a.in6)) || !comes_within(s, 500) ||
	       recv(s, text, 5, 0) != 5;
}

/* UDP over IPv6 takes addresses of IPv4, too. */
static int way_six_to_four(void)
{
	union address a = at(1, port);
	int s = socket(AF_INET6, SOCK_DGRAM, 0);

	return sendto(s, nonce, sizeof(nonce), 0, &a.any, sizeof(a.in)) < 0 ||
	       !comes_back_within(s, 500);
}

/* Is it sent? What comes back a connected socket would not show. */
static int send_by(int how, int s)
{
	ssize_t n = -1;
	union address a = at(1, port);
	struct iovec part = {nonce, sizeof(nonce)};
	struct mmsghdr message = {
	    .msg_hdr = {
		.msg_name = &a, .msg_namelen = sizeof(a.in), .msg_iov = &part, .msg_iovlen = 1}};

	switch (how) {
	case 0: n = sendto(s, nonce, sizeof(nonce), 0, &a.any, sizeof(a.in)); break;
	case 1: n = sendmsg(s, &message.msg_hdr, 0); break;
	case 2: n = sendmmsg(s, &message, 1, 0); break;
	case 3: /* a family that Linux takes for IPv4 here */
		a.any.sa_family = AF_UNSPEC;
		n = sendto(s, nonce, sizeof(nonce), 0, &a.any, sizeof(a.in));
		break;
	}
	return n != (how == 2 ? 1 : (ssize_t)sizeof(nonce));
}

static int from_connected(int how)
{
	int s = udp();

	return reach(s, 2, port) ? 1 : send_by(how, s);
}

static int way_connected_sendto(void)
{
	return from_connected(0);
}
static int way_connected_sendmsg(void)
{
	return from_connected(1);
}
static int way_connected_sendmmsg(void)
{
	return from_connected(2);
}
static int way_connected_unspec(void)
{
	return from_connected(3);
}
static int way_dissolved_sendto(void)
{
	int s = led_out(SOCK_DGRAM);

	return send_by(0, s) || !comes_back_within(s, 300);
}

static int way_dissolve_datagram(void)
{
	int s = led_out(SOCK_DGRAM);

	return reach(s, 1, port) || send(s, nonce, sizeof(nonce), 0) < 0 ||
	       !comes_back_within(s, 300);
}

/* ---- being reached: whoever connects to 127.0.0.2 comes from outside ---- */

static int port_of(int s)
{
	union address a;
	socklen_t len = sizeof(a);

	return getsockname(s, &a.any, &len) ? 0 : ntohs(a.in.sin_port);
}

static int is_reached(int s)
{
	int caller = tcp();

	if (!listens(s))
		return 0;
	fcntl(caller, F_SETFL, O_NONBLOCK);
	reach(caller, 2, port_of(s));
	return comes_within(s, 500);
}

static int way_serve(void)
{
	union address a = at(2, 0);
	int s = tcp();

	bind(s, &a.any, sizeof(a.in));
	listen(s, 5);
	return !is_reached(s);
}

static int way_serve_unbound(void)
{
	int s = led_out(SOCK_STREAM);

	listen(s, 5);
	return !is_reached(s);
}

static int way_serve_dissolved(void)
{
	union address a = at(2, 0);
	int s = led_out(SOCK_STREAM);

	bind(s, &a.any, sizeof(a.in));
	listen(s, 5);
	return !is_reached(s);
}

/*
 * A socket whose port was granted loses it, and listens on another; 45000 and up is not granted.
 * Which port it has depends on whom it was connected to.
 */
static int way_serve_other_port(void)
{
	for (unsigned i = 0; i < 400; i++) {
		int s = led_out_by(SOCK_STREAM, 2 + i % 200);

		if (s >= 0 && port_of(s) < 45000 && listen(s, 1) == 0 && port_of(s) >= 45000)
			return !is_reached(s);
		close(s);
	}
	return 1;
}

/* ---- routes of its own ---- */

static const unsigned char source_route[] = {131 /* loose */, 7, 4, 127, 0, 0, 1, 0};

static int set(int s, int level, int name, const void *value, socklen_t len)
{
	return setsockopt(s, level, name, value, len) ? 1 : 0;
}

static int way_ip_options(void)
{
	return set(udp(), IPPROTO_IP, IP_OPTIONS, source_route, sizeof(source_route));
}
static int way_ip_options_stream(void)
{
	return set(led_out(SOCK_STREAM), IPPROTO_IP, IP_OPTIONS, source_route,
		   sizeof(source_route));
}

static int way_ip_retopts(void)
{
	union address a = at(2, port);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(source_route))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(source_route)),
				.cmsg_level = IPPROTO_IP,
				.cmsg_type = IP_RETOPTS}};
	struct iovec part = {"x", 1};
	struct msghdr message = {.msg_name = &a,
				 .msg_namelen = sizeof(a.in),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int s = udp();

	memcpy(CMSG_DATA(&control.header), source_route, sizeof(source_route));
	return sendmsg(s, &message, 0) != 1;
}

static int way_bind_device(void)
{
	return set(udp(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}
static int way_bind_index(void)
{
	int index = 1;

	return set(udp(), SOL_SOCKET, 62 /* SO_BINDTOIFINDEX */, &index, sizeof(index));
}
/* By sockets that lead outside, the network there would be told. */
static int way_multicast(void)
{
	const struct sockaddr_in a = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = inet_addr("127.0.0.2")};
	struct ip_mreqn group = {.imr_ifindex = 1};
	int s = udp();

	group.imr_multiaddr.s_addr = inet_addr("224.0.0.251");
	return connect(s, (const struct sockaddr *)&a, sizeof(a)) ||
	       set(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
}
static int way_multicast_six(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct ipv6_mreq group = {.ipv6mr_interface = 1};
	int s = socket(AF_INET6, SOCK_DGRAM, 0);

	inet_pton(AF_INET6, "::ffff:127.0.0.2", &a.sin6_addr);
	inet_pton(AF_INET6, "ff02::fb", &group.ipv6mr_multiaddr);
	return connect(s, (struct sockaddr *)&a, sizeof(a)) ||
	       set(s, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group));
}
static int way_fastopen_connect(void)
{
	int s = tcp(), on = 1;

	if (set(s, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)))
		return 1;
	return reach(s, 1, port) || write(s, "x", 1) != 1 || !got_there(s);
}
static int way_fastopen_sendto(void)
{
	union address a = at(1, port);
	int s = tcp();

	return sendto(s, "x", 1, MSG_FASTOPEN, &a.any, sizeof(a.in)) != 1 || !got_there(s);
}
static int way_fastopen_dissolved(void)
{
	union address a = at(1, port);
	int s = led_out(SOCK_STREAM);
	struct iovec part = {"x", 1};
	struct msghdr message = {
	    .msg_name = &a, .msg_namelen = sizeof(a.in), .msg_iov = &part, .msg_iovlen = 1};

	return sendmsg(s, &message, MSG_FASTOPEN) != 1 || !got_there(s);
}
static int way_mptcp(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 262);

	return s < 0 || reach(s, 1, port) || !got_there(s);
}

/* Linux would answer that there is no such address; in a space, that one may not. */
static int way_netlink_write(void)
{
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg address;
		struct rtattr attribute;
		unsigned char bytes[4];
	} request = {.head = {.nlmsg_len = sizeof(request),
			      .nlmsg_type = RTM_DELADDR,
			      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		     .address = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1},
		     .attribute = {.rta_len = 8, .rta_type = IFA_LOCAL},
		     .bytes = {127, 77, 77, 77}};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer;
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (send(s, &request, sizeof(request), 0) < 0 ||
	    recv(s, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer))
		return 1;
	return answer.error.error == -EPERM;
}

/* ---- sockets that a granted server sends ---- */

static int received(int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} right;
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &right,
				 .msg_controllen = sizeof(right)};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(a.sun_path, args[1], sizeof(a.sun_path) - 1);
	if (connect(s, (struct sockaddr *)&a, sizeof(a)) || recvmsg(s, &message, 0) != 1)
		return -1;
	return ((int *)CMSG_DATA(&right.header))[type];
}

static int way_received_connect(void)
{
	int s = received(0);

	return reach(s, 1, port) || !got_there(s);
}
static int way_received_sendto(void)
{
	return send_by(0, received(1));
}
static int way_received_sendmsg(void)
{
	return send_by(1, received(1));
}
static int way_received_listen(void)
{
	return listen(received(0), 5) ? 1 : 0;
}
static int way_received_bind(void)
{
	union address a = at(2, 0);

	return bind(received(0), &a.any, sizeof(a.in)) ? 1 : 0;
}
/* Standard input is one. */
static int way_stdin_listen(void)
{
	return dissolve(0) || listen(0, 5) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
#define W(name) {#name, way_##name}
	    W(connect_flip),	   W(send_flip),
	    W(connect_exchange),   W(send_exchange),
	    W(listen_exchange),	   W(bind_exchange),
	    W(dissolve_connect),   W(connect_mapped),
	    W(six_to_four),	   W(connected_sendto),
	    W(connected_sendmsg),  W(connected_sendmmsg),
	    W(connected_unspec),   W(dissolved_sendto),
	    W(dissolve_datagram),  W(serve),
	    W(serve_unbound),	   W(serve_dissolved),
	    W(serve_other_port),   W(ip_options),
	    W(ip_options_stream),  W(ip_retopts),
	    W(bind_device),	   W(bind_index),
	    W(multicast),	   W(multicast_six),
	    W(fastopen_connect),   W(fastopen_sendto),
	    W(fastopen_dissolved), W(mptcp),
	    W(netlink_write),	   W(received_connect),
	    W(received_sendto),	   W(received_sendmsg),
	    W(received_listen),	   W(received_bind),
	    W(stdin_listen)};

	if (argc < 3)
		return 2;
	args = argv + 2;
	port = atoi(args[0]);
	if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			int result = ways[i].go();

			return result == 77 ? 77 : result ? 1 : 0;
		}
	return 2;
}
