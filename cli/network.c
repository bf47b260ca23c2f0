/* The broker and the resolver, started when they are first needed. */
#include "cli/network.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/report.h"
#include "cli/revoked.h"
#include "host/broker.h"
#include "host/launch.h"
#include "host/resolver.h"

bool network_prepare(struct network *network, const char *space, const struct mon_table *table,
		     bool asks)
{
	*network = (struct network){.table = table,
				    .space = space,
				    .names_fd = -1,
				    .answers_fd = -1,
				    .resolver_sockets = {-1, -1},
				    .lookups = -1};
	network->written = mon_names_new(&network->names_fd);
	network->names = network->written;
	if (asks)
		network->answers_written = mon_answers_new(&network->answers_fd);
	network->answers = network->answers_written;
	return network->written && (!asks || network->answers);
}

static void take_fd(int *fd)
{
	close(*fd);
	*fd = -1;
}

void network_only_read(struct network *network)
{
	if (network->names_fd >= 0) {
		network->names = mon_names_map(network->names_fd);
		mon_names_free(network->written);
		network->written = NULL;
		take_fd(&network->names_fd);
	}
	if (network->answers_fd >= 0) {
		network->answers = mon_answers_map(network->answers_fd);
		mon_answers_free(network->answers_written);
		network->answers_written = NULL;
		take_fd(&network->answers_fd);
	}
}

static void decide_by_rules(const struct network *network, uint64_t ops,
			    const struct cd_object *object, struct cd_decision *decision)
{
	char name[MON_HOST_MAX + 1];

	if (network->names && object->kind == CD_OBJECT_ADDRESS)
		mon_decide_named(network->table, network->names, ops, object, name, decision);
	else
		mon_decide(network->table, ops, object, decision);
}

bool network_asks(const struct network *network, enum cd_op op, const struct cd_object *object)
{
	struct cd_decision decision;

	decide_by_rules(network, CD_OPBIT(op), object, &decision);
	return decision.verdict == CD_ASK;
}

/* What the user has answered takes the place of `ask`, operation by operation. */
static void decide_by_answers(const struct network *network, uint64_t ops,
			      const struct cd_object *object, bool brief,
			      struct cd_decision *decision)
{
	struct cd_decision lowest = {CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};

	for (; ops; ops &= ops - 1) {
		enum cd_op op = (enum cd_op)__builtin_ctzll(ops);
		struct cd_decision one;

		decide_by_rules(network, CD_OPBIT(op), object, &one);
		if (one.verdict == CD_ASK)
			one.verdict =
			    mon_answers_find(network->answers, network->names, op, object, brief);
		if (lowest.op == CD_OP_COUNT || one.verdict < lowest.verdict)
			lowest = one;
	}
	*decision = lowest;
}

static void decide(const struct network *network, uint64_t ops, const struct cd_object *object,
		   bool brief, struct cd_decision *decision)
{
	decide_by_rules(network, ops, object, decision);
	if (decision->verdict == CD_ASK && network->answers)
		decide_by_answers(network, ops, object, brief, decision);
}

void network_decide(void *context, uint64_t ops, const struct cd_object *object,
		    struct cd_decision *decision)
{
	decide(context, ops, object, false, decision);
}

/* For the broker, which is asked when the monitor has its answer, or a worker of it has waited. */
static bool granted(void *context, uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;

	decide(context, ops, object, true, &decision);
	return decision.verdict == CD_ALLOW && !revoked_ops(context, ops, object);
}

/* ---- the broker ---- */

static _Noreturn void run_broker(struct network *network, int channel)
{
	struct host_broker broker = {
	    .channel = 3, .inside = network->inside, .granted = granted, .context = network};

	network_only_read(network);
	/* It has no use for anything of the keeper's but this. */
	if (channel != broker.channel && dup3(channel, broker.channel, O_CLOEXEC) < 0)
		_exit(1);
	syscall(SYS_close_range, 0, 2, 0);
	syscall(SYS_close_range, 4, ~0U, 0);
	host_forget_environment();
	host_broker_run(&broker);
}

/* They work for the space, and what holds for its monitor holds for them. */
static pid_t fork_for(const struct host_limits *limits)
{
	pid_t pid = host_cgroup_fork(limits->cgroup, HOST_CGROUP_OWN, 0, NULL);

	if (pid == 0 && host_limits_apply_own(limits) != CD_OK)
		_exit(1);
	return pid;
}

static void start_broker(struct network *network, const struct host_limits *limits, int channel)
{
	network->broker = fork_for(limits);
	if (network->broker == 0)
		run_broker(network, channel);
	if (network->broker < 0) {
		cli_say("cannot start the network's broker: %s", strerror(errno));
		network->broker = 0;
	}
}

/* ---- the resolver ---- */

struct lookups {
	const struct network *network;
	int report;
};

/* As mon_allows_name() has it, by what has not been revoked. */
static bool allowed(void *context, const char *name, size_t len)
{
	const struct network *network = ((const struct lookups *)context)->network;
	struct cd_object object = {.kind = CD_OBJECT_ADDRESS, .text = name, .len = len};

	for (object.proto = CD_TCP; object.proto <= CD_UDP; object.proto++)
		if (mon_host_ops(network->table, &object) &
		    ~revoked_host(network, MON_HOST_OPS, &object))
			return true;
	return false;
}

static bool granted_address(void *context, unsigned char family, const unsigned char *address)
{
	const struct lookups *lookups = context;

	return mon_allows_address(lookups->network->table, family, address);
}

/* A denial of net.connect: by that name, or to the address that it led to and that is not public.
 */
static void refused(void *context, const char *name, size_t len,
		    const struct host_dns_address *address)
{
	const struct lookups *lookups = context;
	struct cd_object object = {.kind = CD_OBJECT_ADDRESS, .proto = CD_TCP};
	struct cd_decision decision;

	if (address) {
		object.family = address->family;
		memcpy(object.address, address->bytes, sizeof(object.address));
	} else {
		object.text = name;
		object.len = len;
	}
	mon_decide(lookups->network->table, CD_OPBIT(CD_OP_NET_CONNECT), &object, &decision);
	report_refused(lookups->report, &object, &decision);
}

static _Noreturn void run_resolver(struct network *network, int report)
{
	struct lookups lookups = {network, report};
	const struct host_resolver resolver = {.udp = network->resolver_sockets[0],
					       .tcp = network->resolver_sockets[1],
					       .lifeline = report,
					       .report = report,
					       .names = network->written,
					       .allowed = allowed,
					       .granted = granted_address,
					       .denied = refused,
					       .context = &lookups};

	/* It has no say in what is answered. */
	mon_answers_free(network->answers_written);
	network->answers_written = NULL;
	host_forget_environment();
	host_resolver_run(&resolver);
}

static void start_resolver(struct network *network, const struct host_limits *limits)
{
	int ends[2];

	if (network->resolver_sockets[1] < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return;
	network->resolver = fork_for(limits);
	if (network->resolver == 0) {
		close(ends[0]);
		run_resolver(network, ends[1]);
	}
	close(ends[1]);
	network->lookups = ends[0];
	if (network->resolver < 0) {
		cli_say("cannot start the space's resolver: %s", strerror(errno));
		network->resolver = 0;
	}
}

void network_start_names(struct network *network, const struct host_limits *limits)
{
	start_resolver(network, limits);
	for (int i = 0; i < 2; i++) {
		if (network->resolver_sockets[i] >= 0)
			close(network->resolver_sockets[i]);
		network->resolver_sockets[i] = -1;
	}
}

void network_start(struct network *network, const struct host_limits *limits, int channel)
{
	network_start_names(network, limits);
	start_broker(network, limits, channel);
	close(channel);
}

static void await(pid_t *child)
{
	if (*child == 0)
		return;
	while (waitpid(*child, NULL, 0) < 0 && errno == EINTR)
		;
	*child = 0;
}

void network_end(struct network *network)
{
	if (network->broker)
		kill(network->broker, SIGKILL);
	if (network->resolver)
		kill(network->resolver, SIGKILL);
	await(&network->broker);
	await(&network->resolver);
	mon_names_free(network->written);
	mon_answers_free(network->answers_written);
	close(network->names_fd);
	if (network->answers_fd >= 0)
		close(network->answers_fd);
	if (network->lookups >= 0)
		close(network->lookups);
	for (int i = 0; i < 2; i++)
		if (network->resolver_sockets[i] >= 0)
			close(network->resolver_sockets[i]);
}
