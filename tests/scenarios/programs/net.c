/*
 * What programs do with sockets, said line by line: net WAY OPEN CLOSED FULL MORE. The ports are
 * those of net_server.py. What is printed must be the same natively and in a space that has been
 * granted these ports.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int open_port, closed_port, full_port, more;

static int say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
	return result < 0 ? -1 : 0;
}

static void say_number(const char *what, long number)
{
	printf("%s: %ld\n", what, number);
}

static int tcp(int flags)
{
	return socket(AF_INET, SOCK_STREAM | flags, 0);
}
static int udp(int flags)
{
	return socket(AF_INET, SOCK_DGRAM | flags, 0);
}

static struct sockaddr_in to(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static struct sockaddr_in6 to6(const char *host, int port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	inet_pton(AF_INET6, host, &a.sin6_addr);
	return a;
}

static int reach(int s, int port)
{
	struct sockaddr_in a = to(port);

	return connect(s, (struct sockaddr *)&a, sizeof(a));
}

static int dissolve(int s)
{
	struct sockaddr a = {.sa_family = AF_UNSPEC};

	return connect(s, &a, sizeof(a));
}

static int error_of(int s)
{
	int error = -1;
	socklen_t len = sizeof(error);

	getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static void say_error(const char *what, int s)
{
	int error = error_of(s);

	printf("%s: %s\n", what, error ? strerrorname_np(error) : "none");
}

static void say_name(const char *what, int s, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char text[64] = "";
	int port = 0;

	if (name(s, (struct sockaddr *)&a, &len)) {
		say(what, -1);
		return;
	}
	if (a.ss_family == AF_INET) {
		inet_ntop(AF_INET, &((struct sockaddr_in *)&a)->sin_addr, text, sizeof(text));
		port = ntohs(((struct sockaddr_in *)&a)->sin_port);
	} else if (a.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&a)->sin6_addr, text, sizeof(text));
		port = ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	}
	printf("%s: family %d, %d bytes, %s, port %s\n", what, a.ss_family, (int)len, text,
	       port == open_port      ? "open"
	       : port == more && more ? "more"
	       : port		      ? "some"
				      : "none");
}

/* Is the other side the echo? */
static void echo(const char *what, int s)
{
	char back[16] = "";
	struct pollfd poller = {.fd = s, .events = POLLIN};

	if (write(s, "echo", 4) != 4) {
		say(what, -1);
		return;
	}
	poll(&poller, 1, 5000);
	if (read(s, back, sizeof(back)) < 0) {
		say(what, -1);
		return;
	}
	printf("%s: %s\n", what, back);
}

static int await(int s, int events)
{
	struct pollfd poller = {.fd = s, .events = (short)events};

	return poll(&poller, 1, 5000) == 1 ? poller.revents : -1;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- connecting ---- */

static void way_blocking(void)
{
	int s = tcp(0);
	char byte;

	say_name("own name before", s, getsockname);
	say("connect", reach(s, open_port));
	say("again", reach(s, open_port));
	say_name("own name", s, getsockname);
	say_name("peer", s, getpeername);
	echo("echo", s);
	say("shutdown", shutdown(s, SHUT_WR));
	say("write after that", send(s, "x", 1, MSG_NOSIGNAL));
	say_number("read", read(s, &byte, 1));
	say_error("error", s);
}

static void way_nonblocking(void)
{
	int s = tcp(SOCK_NONBLOCK | SOCK_CLOEXEC);
	char byte;

	say("connect", reach(s, open_port));
	say_number("events", await(s, POLLIN | POLLOUT));
	say_error("error", s);
	say("once more", reach(s, open_port));
	say("and again", reach(s, open_port));
	say("nothing to read", read(s, &byte, 1));
	echo("echo", s);
	say_number("flags", fcntl(s, F_GETFL));
	say_number("descriptor's flags", fcntl(s, F_GETFD));
}

static void way_flags(void)
{
	static const int kinds[] = {0, SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC};

	for (int i = 0; i < 4; i++) {
		int s = tcp(kinds[i]);

		reach(s, open_port);
		say_number("flags", fcntl(s, F_GETFL));
		say_number("descriptor's flags", fcntl(s, F_GETFD));
	}
}

static void watch(int set, int s, unsigned events, unsigned long long data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	say("add", epoll_ctl(set, EPOLL_CTL_ADD, s, &event));
}

static void say_events(const char *what, int set)
{
	struct epoll_event got[4];
	int n = epoll_wait(set, got, 4, 5000);

	say_number(what, n);
	for (int i = 0; i < n; i++)
		printf("  %x, %llx\n", got[i].events, (unsigned long long)got[i].data.u64);
}

static void way_epoll(void)
{
	int one = epoll_create1(0), two = epoll_create1(0), s = tcp(SOCK_NONBLOCK);
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 7};

	watch(one, s, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 0xfedcba9876543210);
	watch(two, s, EPOLLOUT | EPOLLONESHOT, 2);
	say("connect", reach(s, open_port));
	await(s, POLLOUT);
	say_events("both ways", one);
	say_events("once", two);
	say_number("and no more", epoll_wait(two, &event, 1, 50));
	echo("echo", s);
	event.events = EPOLLOUT;
	event.data.u64 = 9;
	say("change", epoll_ctl(one, EPOLL_CTL_MOD, s, &event));
	say_events("changed", one);
	say("take out", epoll_ctl(one, EPOLL_CTL_DEL, s, NULL));
	say("twice", epoll_ctl(one, EPOLL_CTL_DEL, s, NULL));
	say("add again", epoll_ctl(one, EPOLL_CTL_ADD, s, &event));
}

static void way_epoll_blocking(void)
{
	int set = epoll_create1(0), s = tcp(0);

	watch(set, s, EPOLLOUT, 5);
	say("connect", reach(s, open_port));
	say_events("events", set);
}

static void *wait_in_thread(void *set)
{
	struct epoll_event got;

	say_number("in the thread", epoll_wait(*(int *)set, &got, 1, 5000));
	printf("  %x\n", got.events);
	return NULL;
}

static void way_epoll_thread(void)
{
	int set = epoll_create1(0), s = tcp(SOCK_NONBLOCK);
	pthread_t thread;

	watch(set, s, EPOLLIN, 5);
	/* Of a socket that is not connected it is told that it has hung up. */
	say_events("before", set);
	say("connect", reach(s, open_port));
	await(s, POLLOUT);
	pthread_create(&thread, NULL, wait_in_thread, &set);
	usleep(50000);
	if (write(s, "x", 1) != 1)
		say("write", -1);
	pthread_join(thread, NULL);
}

static void way_select(void)
{
	int s = tcp(SOCK_NONBLOCK);
	struct timeval limit = {5, 0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(s, &set);
	say("connect", reach(s, open_port));
	say_number("select", select(s + 1, NULL, &set, NULL, &limit));
	say_error("error", s);
	say_number("poll", await(s, POLLOUT | POLLIN));
	echo("echo", s);
}

static void way_refused(void)
{
	int s = tcp(0);

	say("connect", reach(s, closed_port));
	say_error("error", s);
	say_name("peer", s, getpeername);
	say("again", reach(s, closed_port));
	say("elsewhere", reach(s, open_port));
	echo("echo", s);
	s = tcp(SOCK_NONBLOCK);
	say("without waiting", reach(s, closed_port));
	say_number("events", await(s, POLLIN | POLLOUT));
	say_error("error", s);
	say_error("error once more", s);
	say("elsewhere", reach(s, open_port));
	await(s, POLLOUT);
	echo("echo", s);
}

static void way_refused_epoll(void)
{
	int set = epoll_create1(0), s = tcp(SOCK_NONBLOCK);

	watch(set, s, EPOLLIN | EPOLLOUT | EPOLLET, 1);
	say("connect", reach(s, closed_port));
	await(s, POLLOUT);
	say_events("events", set);
	say_error("error", s);
	say("elsewhere", reach(s, open_port));
	await(s, POLLOUT);
	say_events("events", set);
}

static void way_pending(void)
{
	int s = tcp(SOCK_NONBLOCK);

	say("connect", reach(s, full_port));
	say("again", reach(s, full_port));
	say("elsewhere", reach(s, open_port));
	say_name("peer", s, getpeername);
	say("write", write(s, "x", 1));
	say_error("error", s);
	say("dissolve", dissolve(s));
	say("elsewhere", reach(s, open_port));
	await(s, POLLOUT);
	echo("echo", s);
}

static volatile sig_atomic_t ticks;
static sigjmp_buf out;

static void count_tick(int signal)
{
	(void)signal;
	ticks++;
}

static void leave_at_three(int signal)
{
	(void)signal;
	if (++ticks == 3)
		siglongjmp(out, 1);
}

static void tick(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	struct itimerval time = {{0, 150000}, {0, 150000}};

	ticks = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &time, NULL);
}

static void way_interrupted(void)
{
	int s = tcp(0);

	tick(count_tick, 0);
	say("connect", reach(s, full_port));
	say("again", reach(s, full_port));
	say_number("signals", ticks);
	fcntl(s, F_SETFL, O_NONBLOCK);
	say("without waiting", reach(s, full_port));
}

static void way_restarted(void)
{
	int s = tcp(0);

	tick(leave_at_three, SA_RESTART);
	if (sigsetjmp(out, 1) == 0)
		say("connect", reach(s, full_port));
	say_number("signals", ticks);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	fcntl(s, F_SETFL, O_NONBLOCK);
	say("without waiting", reach(s, full_port));
}

static void way_timed(void)
{
	struct timeval limit = {0, 400000};
	int s = tcp(0);
	long began;

	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	began = now_ms();
	say("connect", reach(s, full_port));
	began = now_ms() - began;
	printf("in time: %s\n", began >= 390 && began < 3000 ? "yes" : "no");
	/* With a limit it is not made again, whatever the handler wants. */
	limit.tv_sec = 2;
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	tick(count_tick, SA_RESTART);
	say("with a signal", reach(s, full_port));
	say_number("signals", ticks);
}

/* Shut down by another thread while it waits. */
static void *shut_soon(void *s)
{
	usleep(200000);
	shutdown(*(int *)s, SHUT_RDWR);
	return NULL;
}

static void way_shut_meanwhile(void)
{
	pthread_t thread;
	int s = tcp(0);

	pthread_create(&thread, NULL, shut_soon, &s);
	say("connect", reach(s, full_port));
	pthread_join(thread, NULL);
}

/* ---- what goes along ---- */

static void way_options(void)
{
	enum { S = 1, D = 2, A = 3 }; /* streams, datagrams, any */
	static const struct {
		int level, name, value, types;
		const char *text;
	} options[] = {
#define O(level, name, value, types) {level, name, value, types, #name}
	    O(SOL_SOCKET, SO_KEEPALIVE, 1, S),
	    O(SOL_SOCKET, SO_REUSEADDR, 1, A),
	    O(SOL_SOCKET, SO_REUSEPORT, 1, A),
	    O(SOL_SOCKET, SO_OOBINLINE, 1, S),
	    O(SOL_SOCKET, SO_BROADCAST, 1, D),
	    O(SOL_SOCKET, SO_PRIORITY, 3, A),
	    O(SOL_SOCKET, SO_RCVLOWAT, 7, A),
	    O(SOL_SOCKET, SO_SNDBUF, 20000, A),
	    O(SOL_SOCKET, SO_RCVBUF, 30000, A),
	    O(SOL_SOCKET, SO_TIMESTAMP, 1, D),
	    O(SOL_SOCKET, SO_ZEROCOPY, 1, A),
	    O(SOL_SOCKET, SO_BUSY_POLL, 0, A),
	    O(IPPROTO_TCP, TCP_NODELAY, 1, S),
	    O(IPPROTO_TCP, TCP_KEEPIDLE, 77, S),
	    O(IPPROTO_TCP, TCP_KEEPINTVL, 7, S),
	    O(IPPROTO_TCP, TCP_KEEPCNT, 5, S),
	    O(IPPROTO_TCP, TCP_SYNCNT, 3, S),
	    O(IPPROTO_TCP, TCP_LINGER2, 9, S),
	    O(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000, S),
	    O(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4096, S),
	    O(IPPROTO_TCP, TCP_INQ, 1, S),
	    O(IPPROTO_TCP, TCP_MAXSEG, 1000, S),
	    O(IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000, S),
	    O(IPPROTO_TCP, TCP_CORK, 1, S),
	    O(IPPROTO_UDP, UDP_SEGMENT, 500, D),
	    O(IPPROTO_UDP, UDP_GRO, 1, D),
	    O(IPPROTO_IP, IP_TOS, 16, A),
	    O(IPPROTO_IP, IP_TTL, 33, A),
	    O(IPPROTO_IP, IP_PKTINFO, 1, D),
	    O(IPPROTO_IP, IP_MTU_DISCOVER, 2, A),
	    O(IPPROTO_IP, IP_RECVERR, 1, A),
	    O(IPPROTO_IP, IP_RECVTTL, 1, D),
	    O(IPPROTO_IP, IP_RECVTOS, 1, D),
	    O(IPPROTO_IP, IP_FREEBIND, 1, A),
	    O(IPPROTO_IP, IP_MINTTL, 5, A),
	    O(IPPROTO_IP, IP_RECVORIGDSTADDR, 1, D),
	    O(IPPROTO_IP, IP_MULTICAST_TTL, 4, D),
	    O(IPPROTO_IP, IP_MULTICAST_LOOP, 0, D),
	    O(IPPROTO_IP, IP_MULTICAST_ALL, 0, D),
	    O(IPPROTO_IPV6, IPV6_V6ONLY, 0, A),
	    O(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44, A),
	    O(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, D),
	    O(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, D),
	    O(IPPROTO_IPV6, IPV6_TCLASS, 8, A),
	    O(IPPROTO_IPV6, IPV6_RECVTCLASS, 1, D),
	    O(IPPROTO_IPV6, IPV6_DONTFRAG, 1, D),
	    O(IPPROTO_IPV6, IPV6_RECVERR, 1, A),
	    O(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 6, D),
	    O(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, D),
	    O(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0, A)
#undef O
	};
	struct linger linger = {1, 3};
	struct timeval limit = {3, 250000};

	for (int kind = 0; kind < 4; kind++) {
		int s =
		    socket(kind & 1 ? AF_INET6 : AF_INET, kind & 2 ? SOCK_DGRAM : SOCK_STREAM, 0);
		struct sockaddr_in a = to(open_port);
		struct sockaddr_in6 a6 = to6("::1", open_port);
		char text[32] = "";
		socklen_t len = sizeof(text);

		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			if (options[i].types & (kind & 2 ? D : S))
				setsockopt(s, options[i].level, options[i].name, &options[i].value,
					   sizeof(int));
		setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (!(kind & 2))
			setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
		say("connect", kind & 1 ? connect(s, (struct sockaddr *)&a6, sizeof(a6))
					: connect(s, (struct sockaddr *)&a, sizeof(a)));
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			int value = -1;
			socklen_t size = sizeof(value);

			if (options[i].types & (kind & 2 ? D : S) &&
			    getsockopt(s, options[i].level, options[i].name, &value, &size) == 0)
				say_number(options[i].text, value);
		}
		len = sizeof(linger);
		getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &len);
		printf("linger %d %d\n", linger.l_onoff, linger.l_linger);
		len = sizeof(limit);
		getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, &len);
		printf("limit %ld %ld\n", limit.tv_sec, limit.tv_usec);
		len = sizeof(text) - 1;
		if (getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, text, &len) == 0)
			printf("congestion %s\n", text);
	}
}

static void way_six(void)
{
	static const char *const hosts[] = {"::1", "::ffff:127.0.0.1"};

	for (int i = 0; i < 2; i++) {
		int s = socket(AF_INET6, SOCK_STREAM, 0), u = socket(AF_INET6, SOCK_DGRAM, 0);
		struct sockaddr_in6 a = to6(hosts[i], open_port);

		say("connect", connect(s, (struct sockaddr *)&a, sizeof(a)));
		say_name("own name", s, getsockname);
		say_name("peer", s, getpeername);
		echo("echo", s);
		say("udp", connect(u, (struct sockaddr *)&a, sizeof(a)));
		say_name("peer", u, getpeername);
		echo("echo", u);
	}
}

/* ---- sharing ---- */

static void way_fork(void)
{
	int s = tcp(0);

	say("connect", reach(s, open_port));
	fflush(stdout);
	if (fork() == 0) {
		echo("the child's", s);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	echo("the parent's", s);
}

static void way_dup_before(void)
{
	int s = tcp(0), other = dup(s), third = fcntl(s, F_DUPFD_CLOEXEC, 50);

	say("connect", reach(s, open_port));
	echo("first", s);
	echo("second", other);
	echo("third", third);
	say_number("flags of the second", fcntl(other, F_GETFD));
	say_number("flags of the third", fcntl(third, F_GETFD));
	close(s);
	echo("second, alone", other);
}

static void way_dup_epoll(void)
{
	int s = tcp(SOCK_NONBLOCK), other = dup(s), set = epoll_create1(0);

	watch(set, other, EPOLLOUT, 4);
	say("connect", reach(s, open_port));
	await(s, POLLOUT);
	say_events("events", set);
	echo("echo", other);
}

static void way_rights(void)
{
	int pair[2], s = tcp(0);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} right = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {"x", 1};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &right,
				.msg_controllen = sizeof(right)};

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	say("connect", reach(s, open_port));
	fflush(stdout);
	if (fork() == 0) {
		char byte;

		part.iov_base = &byte;
		close(s);
		say("received", recvmsg(pair[1], &header, 0));
		echo("the child's", *(int *)CMSG_DATA(&right.header));
		fflush(stdout);
		_exit(0);
	}
	memcpy(CMSG_DATA(&right.header), &s, sizeof(s));
	say("sent", sendmsg(pair[0], &header, 0));
	wait(NULL);
}

static void way_many(void)
{
	enum { COUNT = 200 };
	struct rlimit files = {1024, 1024};
	int set = epoll_create1(0), written = 0, read_back = 0;
	static char state[2048];

	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < COUNT; i++) {
		int s = tcp(SOCK_NONBLOCK);
		struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.fd = s};

		epoll_ctl(set, EPOLL_CTL_ADD, s, &event);
		if (reach(s, open_port) && errno != EINPROGRESS)
			say("connect", -1);
	}
	for (int round = 0; round < 20000 && read_back < COUNT; round++) {
		struct epoll_event got[64];
		int n = epoll_wait(set, got, 64, 5000);

		if (n <= 0)
			break;
		for (int i = 0; i < n; i++) {
			int s = got[i].data.fd;
			char byte;

			if (!state[s] && got[i].events & EPOLLOUT && write(s, "x", 1) == 1) {
				struct epoll_event event = {.events = EPOLLIN, .data.fd = s};

				state[s] = 1;
				written++;
				epoll_ctl(set, EPOLL_CTL_MOD, s, &event);
			} else if (state[s] == 1 && got[i].events & EPOLLIN &&
				   read(s, &byte, 1) == 1) {
				state[s] = 2;
				read_back++;
			}
		}
	}
	say_number("written", written);
	say_number("read", read_back);
}

/* ---- datagrams ---- */

static void way_udp(void)
{
	struct sockaddr_in a = to(open_port), from;
	socklen_t len = sizeof(from);
	char text[64] = "";
	int s = udp(0);

	say("connect", reach(s, open_port));
	say_name("peer", s, getpeername);
	echo("echo", s);
	say("dissolve", dissolve(s));
	say_name("peer", s, getpeername);
	say("send to nobody", send(s, "x", 1, 0));
	say("connect", reach(s, open_port));
	echo("echo", s);
	s = udp(0);
	say_number("sendto", sendto(s, "abc", 3, 0, (struct sockaddr *)&a, sizeof(a)));
	await(s, POLLIN);
	say_number("peek", recvfrom(s, text, 2, MSG_PEEK | MSG_TRUNC, NULL, NULL));
	say_number("recvfrom", recvfrom(s, text, sizeof(text), 0, (struct sockaddr *)&from, &len));
	printf("%s from %s\n", text, ntohs(from.sin_port) == open_port ? "open" : "elsewhere");
	say_number("empty", sendto(s, "", 0, 0, (struct sockaddr *)&a, sizeof(a)));
	await(s, POLLIN);
	say_number("empty back", recv(s, text, sizeof(text), 0));
	say_number("second time", sendto(s, "defg", 4, 0, (struct sockaddr *)&a, sizeof(a)));
	say_number("events", await(s, POLLIN));
	say_number("to a connected one", (say("connect", reach(s, open_port)),
					  sendto(s, "h", 1, 0, (struct sockaddr *)&a, sizeof(a))));
	say("none there", sendto(udp(SOCK_NONBLOCK), "x", 1, 0, (struct sockaddr *)&a, 3));
}

static void way_udp_epoll(void)
{
	struct sockaddr_in a = to(open_port);
	int set = epoll_create1(0), s = udp(SOCK_NONBLOCK);

	watch(set, s, EPOLLIN, 3);
	say_number("sendto", sendto(s, "abc", 3, 0, (struct sockaddr *)&a, sizeof(a)));
	say_events("events", set);
}

static void way_messages(void)
{
	struct sockaddr_in a = to(open_port);
	struct iovec parts[3] = {{"one", 3}, {"", 0}, {"two!", 4}};
	struct msghdr header = {
	    .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = parts, .msg_iovlen = 3};
	struct mmsghdr several[3] = {{header, 0}, {header, 0}, {header, 0}};
	static char big[70000];
	char text[64];
	int s = udp(0), sent = 0, got = 0, n;

	say_number("sendmsg", sendmsg(s, &header, 0));
	await(s, POLLIN);
	n = (int)recv(s, text, sizeof(text), 0);
	printf("%.*s\n", n, text);
	while (sent < 3 && (n = sendmmsg(s, several + sent, 3 - (unsigned)sent, 0)) > 0)
		sent += n;
	say_number("sendmmsg", sent);
	say_number("its lengths", several[0].msg_len + several[1].msg_len + several[2].msg_len);
	for (int i = 0; i < 3; i++) {
		several[i].msg_hdr.msg_name = NULL;
		several[i].msg_hdr.msg_iov = &(struct iovec){text, sizeof(text)};
		several[i].msg_hdr.msg_iovlen = 1;
	}
	while (got < 3 && await(s, POLLIN) > 0 &&
	       (n = recvmmsg(s, several, 3, MSG_DONTWAIT, NULL)) > 0)
		got += n;
	say_number("recvmmsg", got);
	say_number("large", sendto(s, big, 60000, 0, (struct sockaddr *)&a, sizeof(a)));
	await(s, POLLIN);
	say_number("and back", recv(s, big, sizeof(big), 0));
	say("too large", sendto(s, big, sizeof(big), 0, (struct sockaddr *)&a, sizeof(a)));
	say("connect", reach(s, open_port));
	header.msg_name = NULL;
	header.msg_namelen = 0;
	say_number("sendmsg, connected", sendmsg(s, &header, 0));
	await(s, POLLIN);
	say_number("and back", recv(s, text, sizeof(text), 0));
}

static void way_pktinfo(void)
{
	struct sockaddr_in a = to(open_port);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)),
				.cmsg_level = IPPROTO_IP,
				.cmsg_type = IP_PKTINFO}};
	struct in_pktinfo info = {0};
	char text[16];
	struct iovec part = {text, 4};
	struct msghdr header = {.msg_name = &a,
				.msg_namelen = sizeof(a),
				.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	int s = udp(0), on = 1;

	setsockopt(s, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK + 5);
	memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
	say_number("sendmsg", sendmsg(s, &header, 0));
	await(s, POLLIN);
	header.msg_controllen = sizeof(control);
	say_number("recvmsg", recvmsg(s, &header, 0));
	memcpy(&info, CMSG_DATA(&control.header), sizeof(info));
	printf("%d %d to %s\n", control.header.cmsg_level, control.header.cmsg_type,
	       inet_ntoa(info.ipi_addr));
}

static void way_udp_refused(void)
{
	char text[8];
	int s = udp(0);

	say("connect", reach(s, closed_port));
	say("send", send(s, "x", 1, 0));
	say_number("events", await(s, POLLIN));
	say("recv", recv(s, text, sizeof(text), MSG_DONTWAIT));
	say("send", send(s, "x", 1, 0));
	usleep(20000);
	say("once more", send(s, "x", 1, 0));
}

/* ---- serving ---- */

/* The server outside calls us. */
static int be_called(int port)
{
	char line[64];
	int s = tcp(0);

	if (reach(s, open_port))
		say("connect", -1);
	dprintf(s, "call %d hello", port);
	(void)line;
	return s;
}

static int port_of(int s)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	return getsockname(s, (struct sockaddr *)&a, &len) ? 0 : ntohs(a.sin_port);
}

static void serve_once(int s, int flags)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int caller = be_called(port_of(s)), c;
	char text[16] = "";

	if (await(s, POLLIN) < 0) {
		printf("nobody called\n");
		return;
	}
	c = accept4(s, (struct sockaddr *)&peer, &len, flags);
	say("accept", c);
	printf("from %s\n", inet_ntoa(peer.sin_addr));
	say_number("flags", fcntl(c, F_GETFL));
	say_number("descriptor's flags", fcntl(c, F_GETFD));
	say_name("its name", c, getsockname);
	await(c, POLLIN);
	say_number("read", read(c, text, sizeof(text) - 1));
	puts(text);
	say("answer", write(c, "answer", 6));
	close(c);
	memset(text, 0, sizeof(text));
	await(caller, POLLIN);
	say_number("the caller got", read(caller, text, sizeof(text) - 1));
	close(caller);
}

static int listen_on(int s, int port)
{
	struct sockaddr_in a = to(port);
	int on = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	say("bind", bind(s, (struct sockaddr *)&a, sizeof(a)));
	say_name("own name", s, getsockname);
	return say("listen", listen(s, 5));
}

static void way_listen(void)
{
	int s = tcp(SOCK_CLOEXEC), other = tcp(0);
	struct sockaddr_in a = to(more);

	listen_on(s, more);
	say("bind again", bind(s, (struct sockaddr *)&a, sizeof(a)));
	say("another", bind(other, (struct sockaddr *)&a, sizeof(a)));
	serve_once(s, 0);
	serve_once(s, SOCK_NONBLOCK | SOCK_CLOEXEC);
	say("another backlog", listen(s, 50));
	serve_once(s, 0);
	say("shutdown", shutdown(s, SHUT_RDWR));
	say("accept", accept(s, NULL, NULL));
}

static void way_listen_any(void)
{
	int s = tcp(0);

	listen_on(s, 0);
	serve_once(s, 0);
}

static void way_listen_epoll(void)
{
	int s = tcp(SOCK_NONBLOCK), set = epoll_create1(0);

	watch(set, s, EPOLLIN, 1);
	listen_on(s, more);
	close(be_called(more));
	say_events("events", set);
	say("accept", accept(s, NULL, NULL));
	say("and no more", accept(s, NULL, NULL));
}

static void way_bind_connect(void)
{
	struct sockaddr_in a = to(0);
	int s = tcp(0), u = udp(0);

	say("bind", bind(s, (struct sockaddr *)&a, sizeof(a)));
	say("connect", reach(s, open_port));
	echo("echo", s);
	say("udp bind", bind(u, (struct sockaddr *)&a, sizeof(a)));
	a = to(open_port);
	say("sendto", sendto(u, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
	say_number("events", await(u, POLLIN));
}

/* ---- within the space ---- */

static void way_local(void)
{
	int s = tcp(0), c = tcp(0), d;
	struct sockaddr_in a = to(0);
	char text[8] = "";

	say("bind", bind(s, (struct sockaddr *)&a, sizeof(a)));
	say("listen", listen(s, 5));
	say("connect", reach(c, port_of(s)));
	d = accept(s, NULL, NULL);
	say("accept", d);
	say("write", write(c, "inside", 6));
	say_number("read", read(d, text, sizeof(text)));
	puts(text);
	close(s);
}

/* ---- abstract names ---- */

static int reach_abstract(int s, const char *suffix)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "cordon-net-%d%s", more, suffix);

	return connect(s, (struct sockaddr *)&a,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n));
}

static void way_abstract(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);

	say("stream", reach_abstract(s, ""));
	echo("echo", s);
	say("datagram", reach_abstract(d, "-d"));
	say("send", send(d, "x", 1, 0));
	say("of the wrong kind", reach_abstract(socket(AF_UNIX, SOCK_STREAM, 0), "-d"));
	say("seqpacket", reach_abstract(socket(AF_UNIX, SOCK_SEQPACKET, 0), ""));
}

/* ---- what a space has ---- */

static void way_families(void)
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} families[] = {{"route", AF_NETLINK, SOCK_RAW, 0},
			{"route, datagram", AF_NETLINK, SOCK_DGRAM, 0},
			{"uevent", AF_NETLINK, SOCK_RAW, 15},
			{"audit", AF_NETLINK, SOCK_RAW, 9},
			{"netfilter", AF_NETLINK, SOCK_RAW, 12},
			{"sock_diag", AF_NETLINK, SOCK_RAW, 4},
			{"generic", AF_NETLINK, SOCK_RAW, 16},
			{"packet", AF_PACKET, SOCK_RAW, 0},
			{"packet, datagram", AF_PACKET, SOCK_DGRAM, 0},
			{"raw", AF_INET, SOCK_RAW, IPPROTO_ICMP},
			{"raw 6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6},
			{"ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
			{"mptcp", AF_INET, SOCK_STREAM, 262},
			{"sctp", AF_INET, SOCK_STREAM, 132},
			{"sctp, many to one", AF_INET, SOCK_SEQPACKET, 132},
			{"dccp", AF_INET, 6, 33},
			{"udplite", AF_INET, SOCK_DGRAM, 136},
			{"vsock", AF_VSOCK, SOCK_STREAM, 0},
			{"bluetooth", AF_BLUETOOTH, SOCK_RAW, 1},
			{"alg", AF_ALG, SOCK_SEQPACKET, 0},
			{"can", AF_CAN, SOCK_RAW, 1},
			{"xdp", 44, SOCK_RAW, 0},
			{"tipc", 30, SOCK_RDM, 0},
			{"rxrpc", 33, SOCK_DGRAM, AF_INET},
			{"smc", 43, SOCK_STREAM, 0},
			{"kcm", 41, SOCK_DGRAM, 0}};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		say(families[i].name,
		    socket(families[i].family, families[i].type, families[i].protocol));
}

static void way_interfaces(void)
{
	struct ifaddrs *all, *a;
	char text[64];

	if (say("getifaddrs", getifaddrs(&all)))
		return;
	for (a = all; a; a = a->ifa_next) {
		int family = a->ifa_addr ? a->ifa_addr->sa_family : 0;

		if (family == AF_INET)
			printf("%s %s\n", a->ifa_name,
			       inet_ntoa(((struct sockaddr_in *)a->ifa_addr)->sin_addr));
		else if (family == AF_INET6)
			printf("%s %s\n", a->ifa_name,
			       inet_ntop(AF_INET6, &((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr,
					 text, sizeof(text)));
	}
	say_number("index", (long)if_nametoindex("lo"));
}

/* A server that nobody outside can reach. */
static void way_kept(void)
{
	int s = tcp(0);

	listen_on(s, more);
	say("connect", reach(tcp(0), more));
}

/* Somebody ends the broker once "ready" is there, and says so by "gone". */
static void way_broker(void)
{
	struct sockaddr_in a = to(open_port), any = to(0);
	int s = tcp(0), u = udp(0);

	say("connect", reach(s, open_port));
	say("sendto", sendto(u, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
	close(open("ready", O_CREAT | O_WRONLY, 0644));
	while (access("gone", F_OK))
		usleep(10000);
	echo("echo", s);
	say("connect", reach(tcp(0), open_port));
	say("without waiting", reach(tcp(SOCK_NONBLOCK), open_port));
	say("not granted", reach(tcp(0), 1));
	say("bind", bind(tcp(0), (struct sockaddr *)&any, sizeof(any)));
	say("listen", listen(tcp(0), 1));
	say("sendto", sendto(udp(0), "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
	say("sendto, outside", sendto(u, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
	echo("echo", s);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} ways[] = {
#define W(name) {#name, way_##name}
	    W(blocking),     W(nonblocking), W(flags),	    W(epoll),	       W(epoll_blocking),
	    W(epoll_thread), W(select),	     W(refused),    W(refused_epoll),  W(pending),
	    W(interrupted),  W(restarted),   W(timed),	    W(shut_meanwhile), W(options),
	    W(six),	     W(fork),	     W(dup_before), W(dup_epoll),      W(rights),
	    W(many),	     W(udp),	     W(udp_epoll),  W(messages),       W(pktinfo),
	    W(udp_refused),  W(listen),	     W(listen_any), W(listen_epoll),   W(bind_connect),
	    W(local),	     W(abstract),    W(families),   W(interfaces),     W(kept),
	    W(broker)
#undef W
	};

	if (argc < 5)
		return 2;
	open_port = atoi(argv[2]);
	closed_port = atoi(argv[3]);
	full_port = atoi(argv[4]);
	more = argc > 5 ? atoi(argv[5]) : 0;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].run();
			return 0;
		}
	return 2;
}
