/*
 * The resolver's process.
 *
 *   query ──► readable? granted? known here? ──► reply
 *                         │ no
 *                         ▼
 *             struct question: one for each (name, type) that is being asked upstream,
 *             and any number of struct pending: who waits for it
 */
#include "host/resolver.h"

#include <ares.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "host/confine.h"
#include "host/dns_server.h"
#include "host/hosts.h"

#define UPSTREAM_MS    3000 /* for the first try; the second one has twice as long */
#define UPSTREAM_TRIES 2
#define UPSTREAM_FDS   64

/* A question that is being asked upstream. */
struct question {
	struct state *state;
	bool asked;
	char name[MON_HOST_MAX + 1];
	size_t name_len;
	uint16_t type;
};

/* Who waits for its answer, or nobody. */
struct pending {
	struct question *question;
	struct host_dns_asker asker;
	struct host_dns_query query;
};

struct state {
	const struct host_resolver *settings;
	struct host_dns_server *server;
	struct host_hosts *hosts;
	ares_channel upstream;
	struct pollfd upstream_fds[UPSTREAM_FDS];
	size_t upstream_count;
	struct question questions[HOST_RESOLVER_PENDING];
	struct pending pending[HOST_RESOLVER_PENDING];
	struct mon_name denied[CD_DENIALS_MAX];
	size_t denied_count;
	unsigned char reply[HOST_DNS_REPLY_MAX];
};

/* Passed on as the upstream server answers them. */
static const uint16_t passed_types[] = {
    HOST_DNS_NS,   HOST_DNS_CNAME, HOST_DNS_SOA,   HOST_DNS_PTR,   HOST_DNS_MX,
    HOST_DNS_TXT,  HOST_DNS_SRV,   HOST_DNS_NAPTR, HOST_DNS_SSHFP, HOST_DNS_TLSA,
    HOST_DNS_SVCB, HOST_DNS_HTTPS, HOST_DNS_CAA,
};

static bool is_address_type(uint16_t type)
{
	return type == HOST_DNS_A || type == HOST_DNS_AAAA;
}

static bool is_passed_type(uint16_t type)
{
	for (size_t i = 0; i < sizeof(passed_types) / sizeof(passed_types[0]); i++)
		if (passed_types[i] == type)
			return true;
	return false;
}

/* --- replies --- */

static void send_reply(struct state *state, const struct host_dns_asker *asker, size_t len)
{
	host_dns_server_reply(state->server, asker, state->reply, len);
}

static void reply_code(struct state *state, const struct host_dns_asker *asker,
		       const struct host_dns_query *query, enum host_dns_rcode rcode)
{
	size_t room = host_dns_server_room(asker, query);

	send_reply(state, asker, host_dns_reply(query, rcode, state->reply, room));
}

static void reply_addresses(struct state *state, const struct host_dns_asker *asker,
			    const struct host_dns_query *query,
			    const struct host_dns_address *addresses, size_t count)
{
	size_t room = host_dns_server_room(asker, query);

	send_reply(state, asker,
		   host_dns_reply_addresses(query, addresses, count, state->reply, room));
}

static void reply_name(struct state *state, const struct host_dns_asker *asker,
		       const struct host_dns_query *query, const char *name)
{
	size_t room = host_dns_server_room(asker, query);

	send_reply(state, asker, host_dns_reply_name(query, name, state->reply, room));
}

/* --- denials, each once --- */

static void deny(struct state *state, const char *name, size_t len,
		 const struct host_dns_address *address)
{
	struct mon_name *place;

	for (size_t i = 0; i < state->denied_count; i++)
		if (state->denied[i].len == len && memcmp(state->denied[i].text, name, len) == 0)
			return;
	/* Rather one of them twice than one not at all. */
	if (state->denied_count == CD_DENIALS_MAX)
		state->denied_count = 0;
	place = &state->denied[state->denied_count++];
	memcpy(place->text, name, len + 1);
	place->len = len;
	state->settings->denied(state->settings->context, name, len, address);
}

/* --- what outside says --- */

/* The addresses that may be handed out, of which those that the name stands for are recorded. */
static size_t admit(struct state *state, const struct question *question,
		    struct host_dns_address *addresses, size_t count)
{
	const struct host_resolver *settings = state->settings;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct host_dns_address address = addresses[i];

		if (settings->not_public_too || host_dns_is_public(address.family, address.bytes)) {
			mon_names_add(settings->names, address.family, address.bytes,
				      question->name, question->name_len);
		} else if (!settings->granted(settings->context, address.family, address.bytes)) {
			deny(state, question->name, question->name_len, &address);
			continue;
		}
		addresses[kept++] = address;
	}
	return kept;
}

struct answer {
	enum host_dns_rcode rcode;
	const unsigned char *raw; /* NULL: it is an answer of addresses, or none */
	size_t len;
	struct host_dns_address addresses[HOST_DNS_ADDRESS_MAX];
	size_t count;
};

static void reply_answer(struct state *state, const struct pending *pending,
			 const struct answer *answer)
{
	size_t room = host_dns_server_room(&pending->asker, &pending->query);

	if (answer->raw)
		send_reply(state, &pending->asker,
			   host_dns_reply_raw(&pending->query, answer->raw, answer->len,
					      state->reply, room));
	else if (answer->rcode)
		reply_code(state, &pending->asker, &pending->query, answer->rcode);
	else
		reply_addresses(state, &pending->asker, &pending->query, answer->addresses,
				answer->count);
}

static void read_answer(struct state *state, const struct question *question,
			const struct host_dns_query *query, int status, const unsigned char *raw,
			size_t len, struct answer *out)
{
	out->raw = NULL;
	out->count = 0;
	out->rcode = status == ARES_SUCCESS || status == ARES_ENODATA ? HOST_DNS_OK
		     : status == ARES_ENOTFOUND			      ? HOST_DNS_NXDOMAIN
								      : HOST_DNS_SERVFAIL;
	if (!is_address_type(question->type)) {
		if (out->rcode != HOST_DNS_SERVFAIL && raw) {
			out->raw = raw;
			out->len = len;
		}
	} else if (status == ARES_SUCCESS) {
		if (host_dns_addresses(query, raw, len, out->addresses, &out->count))
			out->count = admit(state, question, out->addresses, out->count);
		else
			out->rcode = HOST_DNS_SERVFAIL;
	}
}

/* c-ares has an answer, or has given up. */
static void take_answer(void *context, int status, int timeouts, unsigned char *raw, int len)
{
	struct question *question = context;
	struct state *state = question->state;
	struct answer answer;
	bool known = false;

	(void)timeouts;
	question->asked = false;
	for (size_t i = 0; i < HOST_RESOLVER_PENDING; i++) {
		struct pending *pending = &state->pending[i];

		if (pending->question != question)
			continue;
		if (!known)
			read_answer(state, question, &pending->query, status, raw, (size_t)len,
				    &answer);
		known = true;
		pending->question = NULL;
		reply_answer(state, pending, &answer);
	}
}

static struct question *question_for(struct state *state, const struct host_dns_query *query)
{
	struct question *free_one = NULL;

	for (size_t i = 0; i < HOST_RESOLVER_PENDING; i++) {
		struct question *question = &state->questions[i];

		if (!question->asked)
			free_one = question;
		else if (question->type == query->type && question->name_len == query->name_len &&
			 memcmp(question->name, query->name, query->name_len) == 0)
			return question;
	}
	if (free_one) {
		free_one->state = state;
		free_one->type = query->type;
		free_one->name_len = query->name_len;
		memcpy(free_one->name, query->name, query->name_len + 1);
	}
	return free_one;
}

/* A place for who waits; NULL: there is none. *again: he waits already. */
static struct pending *pending_for(struct state *state, const struct host_dns_asker *asker,
				   const struct host_dns_query *query, bool *again)
{
	struct pending *place = NULL;

	*again = false;
	for (size_t i = 0; i < HOST_RESOLVER_PENDING; i++) {
		struct pending *pending = &state->pending[i];

		if (!pending->question)
			place = pending;
		else if (pending->query.id == query->id &&
			 pending->query.question_len == query->question_len &&
			 host_dns_same_asker(&pending->asker, asker) &&
			 memcmp(pending->query.question, query->question, query->question_len) == 0)
			*again = true;
	}
	return place;
}

static void ask_upstream(struct state *state, const struct host_dns_asker *asker,
			 const struct host_dns_query *query)
{
	struct question *question = question_for(state, query);
	struct pending *pending;
	bool again;

	pending = pending_for(state, asker, query, &again);
	if (again)
		return;
	if (!pending || !question) {
		reply_code(state, asker, query, HOST_DNS_SERVFAIL);
		return;
	}
	*pending = (struct pending){question, *asker, *query};
	if (question->asked)
		return;
	question->asked = true;
	ares_query(state->upstream, question->name, 1, question->type, take_answer, question);
}

/* --- what is known here --- */

/* RFC 6761, 6.3. */
static bool is_localhost(const struct host_dns_query *query)
{
	static const char name[] = "localhost";
	const size_t len = sizeof(name) - 1;

	return query->name_len >= len && strcmp(query->name + query->name_len - len, name) == 0 &&
	       (query->name_len == len || query->name[query->name_len - len - 1] == '.');
}

static void reply_localhost(struct state *state, const struct host_dns_asker *asker,
			    const struct host_dns_query *query)
{
	static const struct host_dns_address v4 = {.family = 4, .bytes = {127, 0, 0, 1}},
					     v6 = {.family = 6, .bytes = {[15] = 1}};

	reply_addresses(state, asker, query, query->type == HOST_DNS_A ? &v4 : &v6,
			is_address_type(query->type));
}

static void reply_reverse(struct state *state, const struct host_dns_asker *asker,
			  const struct host_dns_query *query,
			  const struct host_dns_address *address)
{
	static const unsigned char loopback_v6[16] = {[15] = 1};
	struct mon_name names[MON_NAMES_WAYS];

	if (address->family == 4 ? address->bytes[0] == 127
				 : memcmp(address->bytes, loopback_v6, 16) == 0)
		reply_name(state, asker, query, "localhost");
	else if (mon_names_of(state->settings->names, address->family, address->bytes, names))
		reply_name(state, asker, query, names[0].text);
	else
		reply_code(state, asker, query, HOST_DNS_NXDOMAIN);
}

static bool is_unspecified(const struct host_dns_address *address)
{
	static const unsigned char zero[16];

	return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

/* From the hosts file, which is the user's word. But 0.0.0.0, which says there that a name is to
 * lead nowhere, would lead to his own machine. */
static bool reply_from_file(struct state *state, const struct host_dns_asker *asker,
			    const struct host_dns_query *query)
{
	struct host_dns_address found[HOST_DNS_ADDRESS_MAX];
	size_t count;

	if (!is_address_type(query->type) ||
	    !host_hosts_find(state->hosts, query->name, query->name_len,
			     query->type == HOST_DNS_A ? 4 : 6, found, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_unspecified(&found[i]))
			mon_names_add(state->settings->names, found[i].family, found[i].bytes,
				      query->name, query->name_len);
	reply_addresses(state, asker, query, found, count);
	return true;
}

/* --- queries --- */

static void take_query(void *context, const struct host_dns_asker *asker,
		       const unsigned char *packet, size_t len)
{
	struct state *state = context;
	const struct host_resolver *settings = state->settings;
	struct host_dns_address reverse;
	struct host_dns_query query;
	enum host_dns_rcode rcode = host_dns_read(packet, len, &query);

	if (rcode == HOST_DNS_IGNORE) {
		host_dns_server_reply(state->server, asker, NULL, 0);
	} else if (rcode != HOST_DNS_OK) {
		reply_code(state, asker, &query, rcode);
	} else if (is_localhost(&query)) {
		reply_localhost(state, asker, &query);
	} else if (query.type == HOST_DNS_PTR &&
		   host_dns_reverse(query.name, query.name_len, &reverse)) {
		reply_reverse(state, asker, &query, &reverse);
	} else if (!query.is_host ||
		   !settings->allowed(settings->context, query.name, query.name_len)) {
		deny(state, query.name, query.name_len, NULL);
		send_reply(state, asker,
			   host_dns_reply_blocked(&query, state->reply,
						  host_dns_server_room(asker, &query)));
	} else if (!is_address_type(query.type) && !is_passed_type(query.type)) {
		reply_code(state, asker, &query, HOST_DNS_REFUSED);
	} else if (!reply_from_file(state, asker, &query)) {
		ask_upstream(state, asker, &query);
	}
}

/* --- setting up --- */

/* c-ares begins, changes or ends its interest in a socket. */
static void watch(void *context, ares_socket_t fd, int readable, int writable)
{
	struct state *state = context;
	short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
	size_t i = 0;

	while (i < state->upstream_count && state->upstream_fds[i].fd != fd)
		i++;
	if (events && i < UPSTREAM_FDS) {
		state->upstream_fds[i] = (struct pollfd){.fd = fd, .events = events};
		state->upstream_count += i == state->upstream_count;
	} else if (!events && i < state->upstream_count) {
		state->upstream_fds[i] = state->upstream_fds[--state->upstream_count];
	}
}

static bool wants_name(void *context, const char *name, size_t len)
{
	const struct host_resolver *settings = context;

	return settings->allowed(settings->context, name, len);
}

/* The hosts file counts where nsswitch.conf says so. */
static void read_hosts(struct state *state)
{
	struct ares_options options;
	const char *path = state->settings->hosts ? state->settings->hosts : "/etc/hosts";
	int mask;

	if (ares_save_options(state->upstream, &options, &mask) == ARES_SUCCESS &&
	    (!options.lookups || strchr(options.lookups, 'f')))
		state->hosts =
		    host_hosts_read(path, wants_name, (void *)(uintptr_t)state->settings);
	ares_destroy_options(&options);
}

/* Everything that is read from files is read here. */
static bool set_up(struct state *state)
{
	const struct host_resolver *settings = state->settings;
	struct ares_options options = {
	    .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
	    .timeout = settings->timeout ? settings->timeout : UPSTREAM_MS,
	    .tries = UPSTREAM_TRIES,
	    .sock_state_cb = watch,
	    .sock_state_cb_data = state,
	};

	/* Without it c-ares would number its queries so that they can be guessed. */
	if (access("/dev/urandom", R_OK))
		return false;
	state->server = host_dns_server_new(settings->udp, settings->tcp, take_query, state);
	if (!state->server || ares_library_init(ARES_LIB_INIT_ALL) ||
	    ares_init_options(&state->upstream, &options,
			      ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				  ARES_OPT_SOCK_STATE_CB))
		return false;
	if (settings->servers && ares_set_servers_ports_csv(state->upstream, settings->servers))
		return false;
	read_hosts(state);
	return true;
}

/* Nothing of the process that we were forked from remains: its descriptors, its handlers, its
 * terminal. */
static void leave_parent(const struct host_resolver *settings)
{
	const int kept[] = {settings->udp, settings->tcp, settings->lifeline, settings->report};
	unsigned low = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	for (int number = 1; number < NSIG; number++)
		signal(number, number == SIGPIPE ? SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, &(sigset_t){0}, NULL);
	for (;;) {
		unsigned next = ~0u;

		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (kept[i] >= 0 && (unsigned)kept[i] >= low && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		if (next > low)
			syscall(SYS_close_range, low, next == ~0u ? next : next - 1, 0);
		if (next == ~0u)
			break;
		low = next + 1;
	}
	/* Sockets are not to be taken for the standard streams. */
	for (int fd = open("/dev/null", O_RDWR); fd >= 0 && fd < 2; fd = dup(fd))
		;
}

static bool confine(struct state *state)
{
	/* sigaltstack: AddressSanitizer's, when a process ends. */
	static const int calls[] = {
	    SYS_poll,	       SYS_read,	 SYS_write,	  SYS_writev,
	    SYS_close,	       SYS_recvfrom,	 SYS_recvmsg,	  SYS_sendto,
	    SYS_sendmsg,       SYS_accept4,	 SYS_socket,	  SYS_connect,
	    SYS_setsockopt,    SYS_getsockopt,	 SYS_getsockname, SYS_fcntl,
	    SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom,	  SYS_brk,
	    SYS_munmap,	       SYS_mremap,	 SYS_madvise,	  SYS_restart_syscall,
	    SYS_rt_sigreturn,  SYS_sigaltstack,	 SYS_exit_group,
	};
	struct ares_addr_port_node *servers, *server;
	uint16_t ports[UPSTREAM_FDS];
	enum cd_status status;
	size_t count = 0;

	if (ares_get_servers_ports(state->upstream, &servers) != ARES_SUCCESS)
		return false;
	for (server = servers; server && count < UPSTREAM_FDS; server = server->next)
		ports[count++] = (uint16_t)(server->tcp_port ? server->tcp_port : 53);
	ares_free_data(servers);
	status = host_confine_connect(ports, count);
	return (status == CD_OK || status == CD_ENOSUP) &&
	       host_confine_service(calls, sizeof(calls) / sizeof(calls[0]), false) == CD_OK;
}

/* --- serving --- */

static void lower_timeout(struct state *state, int *timeout)
{
	struct timeval room, *left = ares_timeout(state->upstream, NULL, &room);
	int ms;

	if (!left)
		return;
	ms = (int)(left->tv_sec * 1000 + left->tv_usec / 1000 + 1);
	if (*timeout < 0 || ms < *timeout)
		*timeout = ms;
}

static void serve_upstream(struct state *state, const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents)
			ares_process_fd(state->upstream,
					fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
					fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
	ares_process_fd(state->upstream, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static bool is_cut(int lifeline)
{
	char bytes[64];
	ssize_t n = read(lifeline, bytes, sizeof(bytes));

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

_Noreturn void host_resolver_run(const struct host_resolver *resolver)
{
	struct pollfd fds[1 + HOST_DNS_FDS + UPSTREAM_FDS];
	struct state *state = calloc(1, sizeof(*state));

	leave_parent(resolver);
	if (!state)
		_exit(1);
	state->settings = resolver;
	if (!set_up(state) || !confine(state))
		_exit(1);
	for (;;) {
		struct pollfd *upstream = fds + 1 + HOST_DNS_FDS;
		size_t count = state->upstream_count;
		int timeout = -1;

		fds[0] = (struct pollfd){.fd = resolver->lifeline, .events = POLLIN};
		host_dns_server_wait(state->server, fds + 1, &timeout);
		memcpy(upstream, state->upstream_fds, count * sizeof(*upstream));
		lower_timeout(state, &timeout);
		if (poll(fds, 1 + HOST_DNS_FDS + count, timeout) < 0) {
			if (errno == EINTR)
				continue;
			_exit(1);
		}
		if (fds[0].revents && is_cut(resolver->lifeline))
			_exit(0);
		host_dns_server_serve(state->server, fds + 1);
		serve_upstream(state, upstream, count);
	}
}

/* --- what the space is told --- */

/* EDNS: longer answers without a connection. */
const char host_resolver_conf[] = "nameserver 127.0.0.1\noptions edns0\n";

/* Only what there is in a space: other services (mdns, resolve, sss) would look for their sockets.
 */
const char host_resolver_nsswitch[] = "passwd: files\ngroup: files\nshadow: files\n"
				      "hosts: files dns\nnetworks: files\nprotocols: files\n"
				      "services: files\nethers: files\nrpc: files\n";

void host_resolver_hosts(const char *name, struct cd_buf *out)
{
	cd_buf_fmt(out, "127.0.0.1 localhost %s\n::1 localhost ip6-localhost ip6-loopback\n", name);
}
