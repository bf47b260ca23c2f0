/*
 * The resolver as a process, between a client of ours and a name server of ours, all on loopback;
 * and the stub resolvers of the machine's libcs and languages, in a network of their own.
 */
#include "host/resolver.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/confine.h"
#include "tests/refmon/support.h"

TestSuite(resolver, .timeout = 60);

static unsigned get16(const unsigned char *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static size_t put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
	return 2;
}

static size_t put_name(unsigned char *at, const char *name)
{
	size_t len = 0;

	while (*name) {
		size_t label = strcspn(name, ".");

		at[len++] = (unsigned char)label;
		memcpy(at + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	at[len++] = 0;
	return len;
}

static size_t make_query(unsigned char *packet, unsigned id, const char *name, unsigned type)
{
	static const unsigned char header[12] = {0, 0, 0x01, 0, 0, 1};
	size_t len = sizeof(header);

	memcpy(packet, header, sizeof(header));
	put16(packet, id);
	len += put_name(packet + len, name);
	len += put16(packet + len, type);
	return len + put16(packet + len, 1);
}

/* --- the name server: what it says goes by the first label --- */

/* Counts, shared with the processes. */
struct seen {
	unsigned queries, over_tcp, equal_at_once;
	char last[300]; /* as it came */
};
static struct seen *seen;

struct message {
	unsigned char bytes[8192];
	size_t len;
};

static void add_record(struct message *m, size_t section, const char *owner, unsigned type,
		       const void *data, size_t len)
{
	unsigned char *at = m->bytes;

	put16(at + section, get16(at + section) + 1);
	at += m->len;
	if (owner)
		at += put_name(at, owner);
	else
		at += put16(at, 0xc00c);
	at += put16(at, type);
	at += put16(at, 1);
	at += put16(at, 0);
	at += put16(at, 77);
	at += put16(at, (unsigned)len);
	memcpy(at, data, len);
	m->len = (size_t)(at - m->bytes) + len;
}

static void add_v4(struct message *m, size_t section, const char *owner, const char *text)
{
	unsigned char bytes[4];

	inet_pton(AF_INET, text, bytes);
	add_record(m, section, owner, HOST_DNS_A, bytes, 4);
}

static void add_v6(struct message *m, const char *text)
{
	unsigned char bytes[16];

	inet_pton(AF_INET6, text, bytes);
	add_record(m, 6, NULL, HOST_DNS_AAAA, bytes, 16);
}

static void add_cname(struct message *m, const char *owner, const char *name)
{
	unsigned char bytes[256];

	add_record(m, 6, owner, HOST_DNS_CNAME, bytes, put_name(bytes, name));
}

static void lie(struct message *m)
{
	add_v4(m, 6, "bank.example", "203.0.113.66");
	add_cname(m, "other.example", "alias.example");
	add_v4(m, 6, "alias.example", "203.0.113.67");
	add_v4(m, 6, NULL, "203.0.113.1");
	add_v4(m, 8, "liar.example.org", "203.0.113.68");
	add_v4(m, 10, "liar.example.org", "203.0.113.69");
}

/* False: no answer at all. */
static bool server_answers(const struct host_dns_query *query, struct message *m)
{
	size_t label = strcspn(query->name, ".");
	bool v4 = query->type == HOST_DNS_A, v6 = query->type == HOST_DNS_AAAA;
	char name[MON_HOST_MAX + 1];

	memcpy(name, query->name, label);
	name[label] = '\0';
	if (strcmp(name, "silent") == 0)
		return false;
	if (strcmp(name, "slow") == 0)
		usleep(1500000);
	if (strcmp(name, "late") == 0)
		usleep(300000);
	if (strcmp(name, "nx") == 0)
		m->bytes[3] |= HOST_DNS_NXDOMAIN;
	else if (strcmp(name, "servfail") == 0)
		m->bytes[3] |= HOST_DNS_SERVFAIL;
	else if (strcmp(name, "refused") == 0)
		m->bytes[3] |= HOST_DNS_REFUSED;
	else if (strcmp(name, "garbage") == 0)
		m->bytes[7] = 9;
	else if (strcmp(name, "liar") == 0 && v4)
		lie(m);
	else if (strcmp(name, "question") == 0)
		m->bytes[13] ^= 1;
	else if (strcmp(name, "alias") == 0 && v4) {
		add_cname(m, NULL, "a.cdn.example");
		add_v4(m, 6, "a.cdn.example", "203.0.113.3");
	} else if (strcmp(name, "inner") == 0 && v4) {
		add_v4(m, 6, NULL, "127.0.0.1");
		add_v4(m, 6, NULL, "169.254.169.254");
		add_v4(m, 6, NULL, "10.1.2.3");
		add_v4(m, 6, NULL, "203.0.113.4");
	} else if (strcmp(name, "many") == 0 && v4) {
		char text[32];

		for (int i = 0; i < 60; i++) {
			snprintf(text, sizeof(text), "203.0.113.%d", 100 + i);
			add_v4(m, 6, NULL, text);
		}
	} else if (query->type == HOST_DNS_MX) {
		add_record(m, 6, NULL, HOST_DNS_MX, "\0\12\4mail\300\14", 9);
		add_v4(m, 10, "mail.example.org", "203.0.113.70");
	} else if (query->type == HOST_DNS_TXT) {
		add_record(m, 6, NULL, HOST_DNS_TXT, "\5hello", 6);
	} else if (v4 && strcmp(name, "none") != 0) {
		add_v4(m, 6, NULL, "203.0.113.1");
	} else if (v6 && strcmp(name, "none") != 0) {
		add_v6(m, "2606:2800::1");
	}
	return true;
}

static bool server_takes(const unsigned char *packet, size_t len, bool tcp, struct message *m)
{
	struct host_dns_query query;

	*m = (struct message){.len = 0};
	if (host_dns_read(packet, len, &query))
		return false;
	seen->queries++;
	seen->over_tcp += tcp;
	memcpy(seen->last, query.question, query.question_len);
	memcpy(m->bytes, packet, 12 + query.question_len);
	m->bytes[11] = 0;
	m->len = 12 + query.question_len;
	put16(m->bytes + 2, 0x8180);
	if (!server_answers(&query, m))
		return false;
	if (!tcp && m->len > 512) {
		m->bytes[2] |= 2;
		put16(m->bytes + 6, 0);
		m->len = 12 + query.question_len;
	}
	return true;
}

static void server_serve_tcp(int listener)
{
	unsigned char packet[2 + 1024];
	struct message m;
	int fd = accept(listener, NULL, NULL);
	ssize_t n = recv(fd, packet, 2, MSG_WAITALL);

	if (n == 2)
		n = recv(fd, packet + 2, get16(packet) % 1024, MSG_WAITALL);
	if (n > 0 && server_takes(packet + 2, (size_t)n, true, &m)) {
		unsigned char length[2];

		put16(length, (unsigned)m.len);
		/* In pieces. */
		(void)!write(fd, length, 1);
		usleep(10000);
		(void)!write(fd, length + 1, 1);
		(void)!write(fd, m.bytes, 100);
		usleep(10000);
		(void)!write(fd, m.bytes + 100, m.len - 100);
	}
	close(fd);
}

/* Each query in a process of its own, so that a slow one holds up nobody. */
static void server_run(int udp, int tcp)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		struct pollfd fds[] = {{.fd = udp, .events = POLLIN},
				       {.fd = tcp, .events = POLLIN}};
		unsigned char packet[1024];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		struct message m;
		ssize_t n;

		poll(fds, 2, -1);
		if (fds[1].revents)
			server_serve_tcp(tcp);
		if (!fds[0].revents)
			continue;
		n = recvfrom(udp, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);
		if (n > 12 &&
		    (memcmp(packet + 13, "slow", 4) == 0 || memcmp(packet + 13, "late", 4) == 0)) {
			if (fork())
				continue;
			if (server_takes(packet, (size_t)n, false, &m))
				sendto(udp, m.bytes, m.len, 0, (struct sockaddr *)&from, from_len);
			_exit(0);
		}
		if (n > 0 && server_takes(packet, (size_t)n, false, &m))
			sendto(udp, m.bytes, m.len, 0, (struct sockaddr *)&from, from_len);
	}
}

/* A UDP and a TCP socket on one port of 127.0.0.1; 0: any that is free. */
static bool two_sockets(uint16_t port, int *udp, int *tcp, uint16_t *bound)
{
	for (int tries = 0; tries < 50; tries++) {
		struct sockaddr_in a = {.sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t len = sizeof(a);

		*udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		*tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(*udp, (struct sockaddr *)&a, len) == 0 &&
		    getsockname(*udp, (struct sockaddr *)&a, &len) == 0 &&
		    bind(*tcp, (struct sockaddr *)&a, len) == 0 && listen(*tcp, 128) == 0) {
			*bound = ntohs(a.sin_port);
			return true;
		}
		close(*udp);
		close(*tcp);
	}
	return false;
}

/* --- the resolver --- */

struct setting {
	struct mon_names *names;
	int names_fd, lifeline, denied;
	uint16_t port; /* of the resolver */
	pid_t server, resolver;
	int udp;   /* ours, connected to it */
	int guard; /* a descriptor that the resolver must not keep */
};

static uint16_t attack_port;
static int denied_to;

/* What whoever takes the resolver over would like; the names of what works, in one line. */
static void attack(int out)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char won[256] = "won:";
	pid_t pid;

	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
		strcat(won, " open");
	if (open("/proc/self/mem", O_RDWR | O_CLOEXEC) >= 0)
		strcat(won, " mem");
	if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0)
		strcat(won, " unix");
	if (socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0)
		strcat(won, " netlink");
	if (bind(inet, (struct sockaddr *)&a, sizeof(a)) == 0)
		strcat(won, " bind");
	a.sin_port = htons(attack_port);
	if (connect(inet, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS)
		strcat(won, " connect");
	if (kill(getppid(), 0) == 0)
		strcat(won, " kill");
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		strcat(won, " code");
	if (memfd_create("x", MFD_CLOEXEC) >= 0)
		strcat(won, " memfd");
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		strcat(won, " fork");
	strcat(won, "\n");
	(void)!write(out, won, strlen(won));
}

static bool allowed(void *context, const char *name, size_t len)
{
	if (strcmp(name, "attack.example.org") == 0)
		attack(denied_to);
	return mon_allows_name(context, name, len);
}

static bool granted(void *context, unsigned char family, const unsigned char *address)
{
	return mon_allows_address(context, family, address);
}

static void denied(void *context, const char *name, size_t len,
		   const struct host_dns_address *address)
{
	char line[400];
	int n = snprintf(line, sizeof(line), "%.*s%s\n", (int)len, name, address ? " inner" : "");

	(void)context;
	(void)!write(denied_to, line, (size_t)n);
}

/* sockets: those of the space, or -1 for some on loopback. */
static struct setting start_on(struct mon_table *table, int udp, int tcp,
			       struct host_resolver resolver)
{
	struct setting s = {.names_fd = -1};
	int server_udp, server_tcp, life[2], reports[2], guard[2];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	static char servers[64];
	uint16_t port;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s.names = mon_names_new(&s.names_fd);
	cr_assert_not_null(s.names);
	cr_assert(two_sockets(0, &server_udp, &server_tcp, &port));
	s.server = fork();
	if (s.server == 0)
		server_run(server_udp, server_tcp);
	close(server_udp);
	close(server_tcp);
	snprintf(servers, sizeof(servers), "127.0.0.1:%u", port);
	if (udp < 0)
		cr_assert(two_sockets(0, &udp, &tcp, &s.port));
	attack_port = s.port;
	cr_assert_eq(pipe2(life, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(reports, O_CLOEXEC | O_NONBLOCK), 0);
	cr_assert_eq(pipe2(guard, O_CLOEXEC), 0);
	if (!resolver.servers)
		resolver.servers = servers;
	resolver.udp = udp;
	resolver.tcp = tcp;
	resolver.lifeline = life[0];
	resolver.report = denied_to = reports[1];
	resolver.names = s.names;
	resolver.allowed = allowed;
	resolver.granted = granted;
	resolver.denied = denied;
	resolver.context = table;
	if (!resolver.hosts)
		resolver.hosts = "/nonexistent";
	if (!resolver.timeout)
		resolver.timeout = 1000;
	s.resolver = fork();
	if (s.resolver == 0) {
		close(life[1]);
		host_resolver_run(&resolver);
	}
	close(life[0]);
	close(reports[1]);
	close(guard[1]);
	close(udp);
	close(tcp);
	s.lifeline = life[1];
	s.denied = reports[0];
	s.guard = guard[0];
	s.udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	to.sin_port = htons(s.port);
	cr_assert_eq(connect(s.udp, (struct sockaddr *)&to, sizeof(to)), 0);
	return s;
}

static struct setting start(struct mon_table *table)
{
	return start_on(table, -1, -1, (struct host_resolver){0});
}

/* Its exit status, once the lifeline is cut. */
static int stop(struct setting *s)
{
	int status = -1;

	close(s->lifeline);
	for (int i = 0; i < 500 && waitpid(s->resolver, &status, WNOHANG) == 0; i++)
		usleep(10000);
	kill(s->server, SIGKILL);
	waitpid(s->server, NULL, 0);
	close(s->udp);
	close(s->denied);
	close(s->guard);
	close(s->names_fd);
	mon_names_free(s->names);
	munmap(seen, sizeof(*seen));
	return status;
}

static struct mon_table *usual_table(void)
{
	return table_of("allow net.connect *.example.org:443", "allow net.connect example.org:443",
			"deny net.connect bad.example.org", NULL);
}

/* --- the client --- */

/* "NOERROR 203.0.113.1/77 " of a reply; "-" for none. */
static const char *read_reply(const unsigned char *packet, ssize_t len, unsigned id)
{
	static const char *const codes[] = {"NOERROR",	"FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};
	static char line[8192];
	struct host_dns_query query;
	unsigned char copy[8192];
	size_t at, out;

	if (len < 12 || get16(packet) != id || !(packet[2] & 0x80))
		return "-";
	out = (size_t)snprintf(line, sizeof(line), "%s%s ", codes[packet[3] & 7],
			       packet[2] & 2 ? " TC" : "");
	memcpy(copy, packet, (size_t)len);
	copy[2] &= 0x7d;
	memset(copy + 6, 0, 6);
	if (get16(packet + 4) == 0)
		return line;
	at = 12;
	while (at < (size_t)len && packet[at])
		at += 1 + packet[at];
	at += 5;
	if (host_dns_read(copy, at, &query))
		return "unreadable";
	for (unsigned i = get16(packet + 6); i; i--) {
		char text[INET6_ADDRSTRLEN];
		unsigned type, size;

		cr_assert_leq(at + 12, (size_t)len);
		while (packet[at] && packet[at] < 0xc0)
			at += 1 + packet[at];
		at += packet[at] ? 2 : 1;
		type = get16(packet + at);
		size = get16(packet + at + 8);
		cr_assert_leq(at + 10 + size, (size_t)len);
		if (type == HOST_DNS_A || type == HOST_DNS_AAAA)
			inet_ntop(type == HOST_DNS_A ? AF_INET : AF_INET6, packet + at + 10, text,
				  sizeof(text));
		else
			snprintf(text, sizeof(text), "type%u", type);
		out += (size_t)snprintf(line + out, sizeof(line) - out, "%s/%u ", text,
					get16(packet + at + 6));
		at += 10 + size;
	}
	return line;
}

static const char *receive(int udp, unsigned id, int ms)
{
	struct pollfd fd = {.fd = udp, .events = POLLIN};
	static unsigned char packet[8192];
	ssize_t n;

	if (poll(&fd, 1, ms) != 1)
		return "-";
	n = recv(udp, packet, sizeof(packet), 0);
	return read_reply(packet, n, id);
}

static const char *look_up(struct setting *s, const char *name, unsigned type)
{
	static unsigned id = 100;
	unsigned char packet[600];
	size_t len = make_query(packet, ++id & 0xffff, name, type);

	cr_assert_eq(send(s->udp, packet, len, 0), (ssize_t)len);
	return receive(s->udp, id & 0xffff, 8000);
}

static int connect_tcp(const struct setting *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(s->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static const char *receive_tcp(int fd, unsigned id, int ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	static unsigned char packet[8192];
	unsigned char length[2];

	if (poll(&poll_fd, 1, ms) != 1 || recv(fd, length, 2, MSG_WAITALL) != 2)
		return "-";
	return read_reply(packet, recv(fd, packet, get16(length), MSG_WAITALL), id);
}

static void send_tcp(int fd, unsigned id, const char *name, unsigned type)
{
	unsigned char packet[600];
	size_t len = make_query(packet + 2, id, name, type);

	put16(packet, (unsigned)len);
	cr_assert_eq(send(fd, packet, len + 2, MSG_NOSIGNAL), (ssize_t)len + 2);
}

/* What was reported as denied so far. */
static const char *denials(struct setting *s)
{
	static char text[65536];
	ssize_t n = read(s->denied, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static const char *recorded(struct setting *s, const char *where)
{
	struct mon_name names[MON_NAMES_WAYS];
	static char text[MON_HOST_MAX + 1];
	unsigned char bytes[16] = {0};
	unsigned char family = inet_pton(AF_INET, where, bytes) == 1 ? 4 : 6;

	if (family == 6)
		cr_assert_eq(inet_pton(AF_INET6, where, bytes), 1);
	if (!mon_names_of(s->names, family, bytes, names))
		return "";
	memcpy(text, names[0].text, sizeof(text));
	return text;
}

/* --- names --- */

Test(resolver, granted_names_are_looked_up_and_recorded)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_str_eq(recorded(&s, "203.0.113.1"), "www.example.org");
	cr_expect_str_eq(look_up(&s, "example.org", HOST_DNS_AAAA), "NOERROR 2606:2800::1/77 ");
	cr_expect_str_eq(recorded(&s, "2606:2800::1"), "example.org");
	cr_expect_str_eq(look_up(&s, "WWW.exaMple.ORG", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_str_eq(seen->last, "\3www\7example\3org", "in lower case");
	cr_expect_str_eq(look_up(&s, "alias.example.org", HOST_DNS_A), "NOERROR 203.0.113.3/77 ");
	cr_expect_str_eq(recorded(&s, "203.0.113.3"), "alias.example.org");
	cr_expect_str_eq(denials(&s), "");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, other_names_do_not_exist_and_are_not_asked_for)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "example.net", HOST_DNS_A), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "bad.example.org", HOST_DNS_A), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "Example.NET", HOST_DNS_AAAA), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "secret.example.net", HOST_DNS_TXT), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "a b.example.org", HOST_DNS_A), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "www.example.org.evil.net", HOST_DNS_A), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "org", HOST_DNS_NS), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "", HOST_DNS_NS), "NXDOMAIN ");
	cr_expect_eq(seen->queries, 0);
	cr_expect_str_eq(denials(&s),
			 "example.net\nbad.example.org\nsecret.example.net\n"
			 "a?b.example.org\nwww.example.org.evil.net\norg\n\n",
			 "each once");
	/* And the next one that is granted is. */
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, each_denial_is_reported_however_many_there_are)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	unsigned lines = 0;
	char name[32];

	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "n%d.example.net", i);
		cr_assert_str_eq(look_up(&s, name, HOST_DNS_A), "NXDOMAIN ");
	}
	for (const char *at = denials(&s); (at = strchr(at, '\n')); at++)
		lines++;
	cr_expect_eq(lines, 600);
	look_up(&s, "n599.example.net", HOST_DNS_A);
	cr_expect_str_eq(denials(&s), "", "it is remembered");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, localhost_is_known_without_asking)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "localhost", HOST_DNS_A), "NOERROR 127.0.0.1/0 ");
	cr_expect_str_eq(look_up(&s, "LocalHost", HOST_DNS_AAAA), "NOERROR ::1/0 ");
	cr_expect_str_eq(look_up(&s, "a.localhost", HOST_DNS_A), "NOERROR 127.0.0.1/0 ");
	cr_expect_str_eq(look_up(&s, "localhost", HOST_DNS_MX), "NOERROR ");
	cr_expect_str_eq(look_up(&s, "notlocalhost", HOST_DNS_A), "NXDOMAIN ");
	cr_expect_str_eq(recorded(&s, "127.0.0.1"), "");
	cr_expect_eq(seen->queries, 0);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, reverse_lookups_know_what_was_handed_out)
{
	struct mon_table *table = table_of("allow net.connect :443", NULL);
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "1.113.0.203.in-addr.arpa", HOST_DNS_PTR), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_str_eq(look_up(&s, "1.113.0.203.in-addr.arpa", HOST_DNS_PTR),
			 "NOERROR type12/0 ");
	cr_expect_str_eq(look_up(&s, "1.0.0.127.in-addr.arpa", HOST_DNS_PTR), "NOERROR type12/0 ");
	cr_expect_eq(seen->queries, 1);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

Test(resolver, the_hosts_file_is_the_users_word)
{
	char path[] = "/tmp/cordon-hosts-XXXXXX";
	struct mon_table *table = usual_table();
	struct setting s;

	close(mkstemp(path));
	write_file(path, "# a comment\n127.0.0.1 localhost x.example.net\n"
			 "10.1.2.3\tdb.example.org DB2.example.org # another\n"
			 "0.0.0.0 blocked.example.org\n10.1.2.4 db.example.org\n"
			 "fd00::1 db.example.org\nnonsense y.example.org\n");
	s = start_on(table, -1, -1, (struct host_resolver){.hosts = path});
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	unlink(path); /* it has been read */
	cr_expect_str_eq(look_up(&s, "db.example.org", HOST_DNS_A),
			 "NOERROR 10.1.2.3/0 10.1.2.4/0 ");
	cr_expect_str_eq(look_up(&s, "db.example.org", HOST_DNS_AAAA), "NOERROR fd00::1/0 ");
	cr_expect_str_eq(look_up(&s, "db2.example.org", HOST_DNS_AAAA), "NOERROR ");
	cr_expect_str_eq(look_up(&s, "blocked.example.org", HOST_DNS_A), "NOERROR 0.0.0.0/0 ");
	cr_expect_str_eq(look_up(&s, "x.example.net", HOST_DNS_A), "NXDOMAIN ", "granted by none");
	cr_expect_str_eq(recorded(&s, "10.1.2.3"), "db.example.org");
	cr_expect_str_eq(recorded(&s, "0.0.0.0"), "");
	cr_expect_str_eq(recorded(&s, "127.0.0.1"), "");
	cr_expect_eq(seen->queries, 1);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

/* --- what comes from outside --- */

Test(resolver, a_granted_name_is_no_way_to_what_is_not_public)
{
	struct mon_table *table = usual_table();
	struct mon_table *with_net = table_of("allow net.connect inner.example.org:443",
					      "allow net.connect 10.0.0.0/8:5432", NULL);
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "inner.example.org", HOST_DNS_A), "NOERROR 203.0.113.4/77 ");
	cr_expect_str_eq(recorded(&s, "203.0.113.4"), "inner.example.org");
	cr_expect_str_eq(recorded(&s, "127.0.0.1"), "");
	cr_expect_str_eq(recorded(&s, "169.254.169.254"), "");
	cr_expect_str_eq(recorded(&s, "10.1.2.3"), "");
	cr_expect_str_eq(denials(&s), "inner.example.org inner\n");
	cr_expect_eq(stop(&s), 0);
	/* A rule for the address: handed out, and decided by that rule. */
	s = start(with_net);
	cr_expect_str_eq(look_up(&s, "inner.example.org", HOST_DNS_A),
			 "NOERROR 10.1.2.3/77 203.0.113.4/77 ");
	cr_expect_str_eq(recorded(&s, "10.1.2.3"), "");
	cr_expect_eq(stop(&s), 0);
	s = start_on(table, -1, -1, (struct host_resolver){.not_public_too = true});
	look_up(&s, "inner.example.org", HOST_DNS_A);
	cr_expect_str_eq(recorded(&s, "127.0.0.1"), "inner.example.org");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
	mon_table_free(with_net);
}

Test(resolver, a_lie_is_not_recorded)
{
	static const char *const lies[] = {"203.0.113.66", "203.0.113.67", "203.0.113.68",
					   "203.0.113.69", "203.0.113.70"};
	struct mon_table *table = usual_table();
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "liar.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_str_eq(look_up(&s, "mx.example.org", HOST_DNS_MX), "NOERROR type15/77 ");
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		cr_expect_str_eq(recorded(&s, lies[i]), "", "%s", lies[i]);
	/* Malformed, or to another question. */
	cr_expect_str_eq(look_up(&s, "garbage.example.org", HOST_DNS_A), "SERVFAIL ");
	cr_expect_str_eq(look_up(&s, "question.example.org", HOST_DNS_A), "SERVFAIL ");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, failures_are_passed_on)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "nx.example.org", HOST_DNS_A), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "nx.example.org", HOST_DNS_TXT), "NXDOMAIN ");
	cr_expect_str_eq(look_up(&s, "none.example.org", HOST_DNS_A), "NOERROR ");
	cr_expect_str_eq(look_up(&s, "servfail.example.org", HOST_DNS_A), "SERVFAIL ");
	cr_expect_str_eq(look_up(&s, "refused.example.org", HOST_DNS_A), "SERVFAIL ");
	cr_expect_str_eq(look_up(&s, "silent.example.org", HOST_DNS_A), "SERVFAIL ");
	cr_expect_str_eq(denials(&s), "");
	cr_expect_eq(stop(&s), 0);
	/* Nobody listens there. */
	s = start_on(table, -1, -1, (struct host_resolver){.servers = "127.0.0.1:1"});
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "SERVFAIL ");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, other_types_are_passed_on_from_a_list)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);

	cr_expect_str_eq(look_up(&s, "example.org", HOST_DNS_TXT), "NOERROR type16/77 ");
	cr_expect_str_eq(look_up(&s, "example.org", HOST_DNS_SRV), "NOERROR ");
	cr_expect_str_eq(look_up(&s, "example.org", HOST_DNS_HTTPS), "NOERROR ");
	cr_expect_eq(seen->queries, 3);
	cr_expect_str_eq(look_up(&s, "example.org", 255), "REFUSED ");
	cr_expect_str_eq(look_up(&s, "example.org", 252), "REFUSED ");
	cr_expect_str_eq(look_up(&s, "example.org", 251), "REFUSED ");
	cr_expect_str_eq(look_up(&s, "example.org", 10), "REFUSED ");
	cr_expect_eq(seen->queries, 3);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

/* --- large answers, many questions --- */

static unsigned count_of(const char *line, char c)
{
	unsigned n = 0;

	for (; *line; line++)
		n += *line == c;
	return n;
}

Test(resolver, what_is_too_long_for_a_datagram_goes_over_tcp)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	const char *line = look_up(&s, "many.example.org", HOST_DNS_A);
	int fd;

	cr_expect(strstr(line, "NOERROR TC 203.0.113.100/77 ") == line, "%s", line);
	cr_expect_eq(count_of(line, '/'), (512 - 12 - 22) / 16, "as many as fit");
	cr_expect_eq(seen->over_tcp, 1);
	fd = connect_tcp(&s);
	send_tcp(fd, 7, "many.example.org", HOST_DNS_A);
	line = receive_tcp(fd, 7, 5000);
	cr_expect_eq(count_of(line, '/'), 60, "%s", line);
	cr_expect_null(strstr(line, "TC"));
	cr_expect_str_eq(recorded(&s, "203.0.113.159"), "many.example.org");
	/* One after another on one connection, and cut into bytes. */
	send_tcp(fd, 8, "www.example.org", HOST_DNS_A);
	send_tcp(fd, 9, "example.net", HOST_DNS_A);
	cr_expect_str_eq(receive_tcp(fd, 8, 5000), "NOERROR 203.0.113.1/77 ");
	cr_expect_str_eq(receive_tcp(fd, 9, 5000), "NXDOMAIN ");
	for (int i = 0; i < 2; i++) {
		unsigned char packet[600];
		size_t len = make_query(packet + 2, 10, "www.example.org", HOST_DNS_A);

		put16(packet, (unsigned)len);
		for (size_t at = 0; at < len + 2; at++) {
			cr_assert_eq(send(fd, packet + at, 1, MSG_NOSIGNAL), 1);
			usleep(500);
		}
		cr_expect_str_eq(receive_tcp(fd, 10, 5000), "NOERROR 203.0.113.1/77 ");
	}
	close(fd);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, connections_that_misbehave_are_closed)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	unsigned char byte;
	int fd = connect_tcp(&s), many[150];

	cr_assert_eq(send(fd, "\xff\xff", 2, 0), 2); /* longer than any query */
	cr_expect_eq(recv(fd, &byte, 1, 0), 0);
	close(fd);
	fd = connect_tcp(&s);
	cr_assert_eq(send(fd, "\0\3abc", 5, 0), 5); /* no header */
	cr_expect_eq(recv(fd, &byte, 1, 0), 0);
	close(fd);
	fd = connect_tcp(&s);
	send_tcp(fd, 1, "late.example.org", HOST_DNS_A); /* gone before the answer */
	close(fd);
	/* 150 at once, of which 64 are served: datagrams are all the same. */
	for (int i = 0; i < 150; i++)
		many[i] = connect_tcp(&s);
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	send_tcp(many[0], 5, "www.example.org", HOST_DNS_A);
	cr_expect_str_eq(receive_tcp(many[0], 5, 5000), "NOERROR 203.0.113.1/77 ");
	for (int i = 0; i < 149; i++)
		close(many[i]);
	send_tcp(many[149], 6, "www.example.org", HOST_DNS_A);
	cr_expect_str_eq(receive_tcp(many[149], 6, 5000), "NOERROR 203.0.113.1/77 ");
	close(many[149]);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, garbage_does_no_harm)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	unsigned char packet[1500];

	srand(1);
	for (int i = 0; i < 3000; i++) {
		size_t len = (size_t)rand() % sizeof(packet);

		if (i % 2)
			len = make_query(packet, 1, "www.example.org", HOST_DNS_A);
		else
			for (size_t at = 0; at < len; at++)
				packet[at] = (unsigned char)rand();
		for (int change = 0; change < 3 && len; change++)
			packet[(size_t)rand() % len] = (unsigned char)rand();
		send(s.udp, packet, len, 0);
		while (recv(s.udp, packet, sizeof(packet), MSG_DONTWAIT) >= 0)
			;
	}
	usleep(200000);
	while (recv(s.udp, packet, sizeof(packet), MSG_DONTWAIT) >= 0)
		;
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, of_300_questions_at_once_256_wait_and_the_others_are_told)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	unsigned failed = 0, answered = 0;
	unsigned char packet[600];
	char name[64];

	/* Its own server's queue is shorter than this: they wait for nobody. */
	for (unsigned i = 0; i < 300; i++) {
		size_t len;

		snprintf(name, sizeof(name), "silent.n%u.example.org", i);
		len = make_query(packet, i, name, HOST_DNS_A);
		cr_assert_eq(send(s.udp, packet, len, 0), (ssize_t)len);
		usleep(200);
	}
	for (;;) {
		struct pollfd fd = {.fd = s.udp, .events = POLLIN};

		if (poll(&fd, 1, 500) != 1)
			break;
		cr_assert_gt(recv(s.udp, packet, sizeof(packet), 0), 12);
		failed += (packet[3] & 15) == HOST_DNS_SERVFAIL;
	}
	cr_expect_eq(failed, 300 - HOST_RESOLVER_PENDING);
	/* Known names are answered meanwhile, and afterwards there is room again. */
	cr_expect_str_eq(look_up(&s, "localhost", HOST_DNS_A), "NOERROR 127.0.0.1/0 ");
	for (;;) {
		struct pollfd fd = {.fd = s.udp, .events = POLLIN};

		if (poll(&fd, 1, 5000) != 1)
			break;
		cr_assert_gt(recv(s.udp, packet, sizeof(packet), 0), 12);
		if (++answered == HOST_RESOLVER_PENDING)
			break;
	}
	cr_expect_eq(answered, HOST_RESOLVER_PENDING);
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, equal_questions_are_asked_once_at_a_time)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	unsigned char packet[600];
	unsigned answered = 0;

	for (unsigned i = 0; i < 100; i++) {
		size_t len = make_query(packet, i, i % 2 ? "late.example.org" : "LATE.example.org",
					HOST_DNS_A);

		cr_assert_eq(send(s.udp, packet, len, 0), (ssize_t)len);
		if (i < 10) /* once more: one who waits already */
			send(s.udp, packet, len, 0);
	}
	for (;;) {
		struct pollfd fd = {.fd = s.udp, .events = POLLIN};
		unsigned id;

		if (poll(&fd, 1, answered < 100 ? 5000 : 200) != 1)
			break;
		cr_assert_gt(recv(s.udp, packet, sizeof(packet), 0), 12 + 22);
		id = get16(packet);
		cr_expect_eq(memcmp(packet + 13, id % 2 ? "late" : "LATE", 4), 0);
		cr_expect_eq(get16(packet + 6), 1);
		answered++;
	}
	cr_expect_eq(answered, 100, "each once");
	cr_expect_eq(seen->queries, 1);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

Test(resolver, a_slow_answer_holds_up_nobody)
{
	struct mon_table *table = usual_table();
	struct setting s = start_on(table, -1, -1, (struct host_resolver){.timeout = 4000});
	unsigned char packet[600];
	size_t len = make_query(packet, 1, "slow.example.org", HOST_DNS_A);

	cr_assert_eq(send(s.udp, packet, len, 0), (ssize_t)len);
	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_str_eq(receive(s.udp, 1, 5000), "NOERROR 203.0.113.1/77 ");
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

/* --- the process --- */

Test(resolver, it_ends_with_its_lifeline_and_with_its_parent)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	int ends[2], status;
	pid_t parent, child = 0;

	cr_expect_str_eq(look_up(&s, "localhost", HOST_DNS_A), "NOERROR 127.0.0.1/0 ");
	cr_expect_eq(kill(s.resolver, 0), 0);
	cr_expect_eq(stop(&s), 0, "it exits, with 0");
	/* The lifeline still held elsewhere: its parent's end is its own. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	cr_assert_eq(pipe(ends), 0);
	parent = fork();
	if (parent == 0) {
		s = start(table);
		look_up(&s, "localhost", HOST_DNS_A);
		(void)!write(ends[1], &s.resolver, sizeof(s.resolver));
		(void)!write(ends[1], &s.server, sizeof(s.server));
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, 0);
			sleep(5); /* holds the lifeline */
			_exit(0);
		}
		_exit(0);
	}
	cr_assert_eq(read(ends[0], &child, sizeof(child)), (ssize_t)sizeof(child));
	waitpid(parent, NULL, 0);
	cr_expect_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(ends[0]);
	close(ends[1]);
	mon_table_free(table);
}

static unsigned long field_of(pid_t pid, const char *field, int base)
{
	char path[64], line[256];
	unsigned long value = ~0ul;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtoul(line + strlen(field) + 1, NULL, base);
	fclose(file);
	return value;
}

Test(resolver, it_has_confined_itself)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	unsigned fds = 0;
	char path[64];

	cr_expect_str_eq(look_up(&s, "www.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_eq(field_of(s.resolver, "NoNewPrivs:", 10), 1);
	cr_expect_eq(field_of(s.resolver, "Seccomp:", 10), 2);
	cr_expect_eq(field_of(s.resolver, "CapEff:", 16), 0);
	cr_expect_eq(field_of(s.resolver, "CapPrm:", 16), 0);
	/* Standard streams, two sockets, lifeline, report; and c-ares may have one or two. */
	for (int fd = 0; fd < 1024; fd++) {
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", s.resolver, fd);
		fds += lstat(path, &st) == 0;
	}
	if (geteuid() == 0)
		cr_expect(fds >= 7 && fds <= 9, "%u", fds);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

/* The question whether a name is granted is asked where all the rest is done. */
Test(resolver, who_takes_it_over_can_ask_name_servers_and_no_more)
{
	struct mon_table *table = usual_table();
	struct setting s = start(table);
	char text[512] = "";
	int ends[2];
	pid_t pid;

	cr_expect_str_eq(look_up(&s, "attack.example.org", HOST_DNS_A), "NOERROR 203.0.113.1/77 ");
	cr_expect_str_eq(denials(&s), host_landlock_abi() >= 4 ? "won:\n" : "won: connect\n");
	/* And all of it works for anybody else. */
	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		attack(ends[1]);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	cr_assert_gt(read(ends[0], text, sizeof(text) - 1), 0);
	cr_expect_str_eq(text, "won: open mem unix netlink bind connect kill code memfd fork\n");
	close(ends[0]);
	close(ends[1]);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
}

/* --- the machine's own stub resolvers --- */

/* In a network of its own: sends its two sockets, waits for a byte, and becomes the command. */
static void be_space(int channel, const char *const *argv, int out)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {0}, byte = 0,
				    file[] = "/tmp/cordon-etc-XXXXXX";
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	static const struct {
		const char *path, *text;
	} files[] = {{"/etc/resolv.conf", host_resolver_conf},
		     {"/etc/nsswitch.conf", host_resolver_nsswitch}};
	uid_t uid = geteuid();
	int sockets[2];
	uint16_t port;

	alarm(30);
	if (unshare((uid ? CLONE_NEWUSER : 0) | CLONE_NEWNET | CLONE_NEWNS))
		_exit(77);
	if (uid) {
		char map[64];
		int fd = open("/proc/self/uid_map", O_WRONLY);

		snprintf(map, sizeof(map), "0 %u 1", uid);
		if (write(fd, map, strlen(map)) < 0)
			_exit(77);
		close(fd);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(77);
	close(mkstemp(file));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "%s-%zu", file, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		(void)!write(fd, files[i].text, strlen(files[i].text));
		close(fd);
		if (mount(path, files[i].path, NULL, MS_BIND, NULL))
			_exit(77);
		unlink(path);
	}
	unlink(file);
	if (ioctl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCSIFFLAGS, &lo) ||
	    !two_sockets(53, &sockets[0], &sockets[1], &port))
		_exit(77);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(sockets));
	memcpy(CMSG_DATA(head), sockets, sizeof(sockets));
	if (sendmsg(channel, &message, 0) != 1 || read(channel, &byte, 1) != 1)
		_exit(1);
	dup2(out, 1);
	dup2(out, 2);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* What the command says, and how long it takes; NULL: this machine cannot. */
static const char *in_space(const char *const *argv, double *seconds)
{
	char control[CMSG_SPACE(2 * sizeof(int))], byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct mon_table *table;
	struct timespec from, to;
	static char text[8192];
	int channel[2], out[2], sockets[2], status;
	size_t len = 0;
	struct setting s;
	ssize_t n;
	pid_t pid;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(channel[0]);
		be_space(channel[1], argv, out[1]);
	}
	close(channel[1]);
	close(out[1]);
	if (recvmsg(channel[0], &message, 0) != 1) {
		waitpid(pid, &status, 0);
		return NULL;
	}
	memcpy(sockets, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(sockets));
	table = usual_table();
	s = start_on(table, sockets[0], sockets[1], (struct host_resolver){0});
	clock_gettime(CLOCK_MONOTONIC, &from);
	cr_assert_eq(write(channel[0], "", 1), 1);
	while (len < sizeof(text) - 1 && (n = read(out[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	waitpid(pid, &status, 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	*seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	close(channel[0]);
	close(out[0]);
	cr_expect_eq(stop(&s), 0);
	mon_table_free(table);
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? NULL : text;
}

/* found: what it says of www.example.org; lost: of a name that is not granted. */
static void try_stub(const char *what, const char *const *found, const char *const *lost,
		     const char *address, const char *complaint)
{
	double seconds = 0;
	const char *text = in_space(found, &seconds);

	if (!text) {
		cr_log_warn("%s: cannot be tried here", what);
		return;
	}
	cr_expect_not_null(strstr(text, address), "%s: %s", what, text);
	cr_expect_lt(seconds, 4.0, "%s took %.1f s", what, seconds);
	text = in_space(lost, &seconds);
	cr_expect(text && strstr(text, complaint), "%s: %s", what, text);
	cr_expect_lt(seconds, 4.0, "%s took %.1f s to fail", what, seconds);
	cr_log_info("%s: %.2f s to fail", what, seconds);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

Test(resolver, stub_of_glibc)
{
	try_stub("glibc", ARGS("getent", "ahosts", "www.example.org"),
		 ARGS("sh", "-c", "getent ahosts www.example.net || echo failed"), "203.0.113.1",
		 "failed");
}

Test(resolver, stub_of_glibc_with_a_long_answer)
{
	try_stub("glibc, long", ARGS("getent", "ahosts", "many.example.org"),
		 ARGS("sh", "-c", "getent ahosts bad.example.org || echo failed"), "203.0.113.159",
		 "failed");
}

Test(resolver, dig)
{
	try_stub("dig", ARGS("dig", "+time=2", "www.example.org"),
		 ARGS("dig", "+time=2", "www.example.net"), "203.0.113.1", "status: NXDOMAIN");
	try_stub("dig, TCP", ARGS("dig", "+tcp", "+time=2", "many.example.org"),
		 ARGS("dig", "+tcp", "www.example.net"), "203.0.113.159",
		 "no rule of the space's policy");
	try_stub("dig -x", ARGS("sh", "-c", "dig www.example.org && dig -x 203.0.113.1"),
		 ARGS("dig", "-x", "192.0.2.7"), "PTR\twww.example.org.", "NXDOMAIN");
}

Test(resolver, stub_of_node)
{
	static const char code[] =
	    "const d=require('dns');d.lookup(process.argv[1],(e,a)=>console.log(e?e.code:a));"
	    "d.resolve4(process.argv[1],(e,a)=>console.log(e?e.code:a))";

	try_stub("node", ARGS("node", "-e", code, "www.example.org"),
		 ARGS("node", "-e", code, "www.example.net"), "203.0.113.1", "ENOTFOUND");
}

Test(resolver, stub_of_curl)
{
	try_stub("curl", ARGS("curl", "-sSv", "-m2", "http://www.example.org/"),
		 ARGS("curl", "-sSv", "-m5", "http://www.example.net/"), "203.0.113.1",
		 "Could not resolve host");
}

/* Compiles the text with a compiler, if the machine has it; the program's path. */
static bool compile(const char *command, const char *source, const char *text, char program[64])
{
	char directory[] = "/tmp/cordon-stub-XXXXXX", line[512], path[128];

	if (!mkdtemp(directory))
		return false;
	snprintf(path, sizeof(path), "%s/%s", directory, source);
	write_file(path, text);
	snprintf(program, 64, "%s/p", directory);
	snprintf(line, sizeof(line), "cd %s && HOME=${HOME:-%s} GOFLAGS= %s p %s >/dev/null 2>&1",
		 directory, directory, command, source);
	return system(line) == 0;
}

static void remove_program(const char *program)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %.*s", (int)(strrchr(program, '/') - program),
		 program);
	cr_expect_eq(system(line), 0);
}

Test(resolver, stub_of_musl)
{
	static const char code[] =
	    "#include <arpa/inet.h>\n#include <netdb.h>\n#include <stdio.h>\n"
	    "int main(int c,char**v){struct addrinfo*a=0,h={.ai_socktype=1};char t[64];"
	    "int e=getaddrinfo(v[c-1],0,&h,&a);if(e)return puts(gai_strerror(e)),0;"
	    "for(;a;a=a->ai_next){getnameinfo(a->ai_addr,a->ai_addrlen,t,64,0,0,NI_NUMERICHOST);"
	    "puts(t);}}";
	char program[64];

	if (!compile("musl-gcc -static -o", "p.c", code, program))
		cr_skip_test("no musl-gcc");
	try_stub("musl", ARGS(program, "www.example.org"), ARGS(program, "www.example.net"),
		 "203.0.113.1", "Name does not resolve");
	try_stub("musl, long", ARGS(program, "many.example.org"), ARGS(program, "bad.example.org"),
		 "203.0.113.100", "Name does not resolve");
	remove_program(program);
}

Test(resolver, stub_of_go)
{
	static const char code[] =
	    "package main\nimport (\"fmt\"; \"net\"; \"os\")\n"
	    "func main() { a, e := net.LookupHost(os.Args[1]); fmt.Println(a, e) }";
	char program[64];

	if (!compile("CGO_ENABLED=0 go build -o", "p.go", code, program))
		cr_skip_test("no go");
	try_stub("go", ARGS(program, "www.example.org"), ARGS(program, "www.example.net"),
		 "203.0.113.1", "no such host");
	try_stub("go, long", ARGS(program, "many.example.org"), ARGS(program, "bad.example.org"),
		 "203.0.113.159", "no such host");
	remove_program(program);
}
