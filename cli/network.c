/* The broker and the resolver, started when they are first needed. */
#include "cli/network.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "host/broker.h"
#include "host/launch.h"
#include "refmon/address.h"

static bool speaks_of_names(const struct mon_table *table)
{
	const uint64_t net =
	    CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_LISTEN) | CD_OPBIT(CD_OP_NET_SEND);

	for (uint32_t i = 0; i < mon_table_count(table); i++) {
		struct mon_address address;
		struct mon_rule rule;

		mon_table_rule(table, i, &rule);
		if (rule.verdict != MON_DENY && rule.ops & net &&
		    mon_address_parse(rule.pattern, strlen(rule.pattern), &address) ==
			MON_FLAW_NONE &&
		    (address.host == MON_HOST_NAME || address.host == MON_HOST_DOMAIN ||
		     address.host == MON_HOST_ANY))
			return true;
	}
	return false;
}

bool network_prepare(struct network *network, const struct mon_table *table)
{
	*network = (struct network){.table = table, .names_fd = -1, .resolver_sockets = {-1, -1}};
	if (!speaks_of_names(table))
		return true;
	network->written = mon_names_new(&network->names_fd);
	network->names = network->written;
	return network->written != NULL;
}

bool network_has_names(const struct network *network)
{
	return network->names_fd >= 0;
}

void network_only_read(struct network *network)
{
	if (!network_has_names(network))
		return;
	network->names = mon_names_map(network->names_fd);
	mon_names_free(network->written);
	network->written = NULL;
	close(network->names_fd);
}

void network_decide(void *context, uint64_t ops, const struct cd_object *object,
		    struct cd_decision *decision)
{
	const struct network *network = context;
	char name[MON_HOST_MAX + 1];

	if (network->names && object->kind == CD_OBJECT_ADDRESS)
		mon_decide_named(network->table, network->names, ops, object, name, decision);
	else
		mon_decide(network->table, ops, object, decision);
}

static bool granted(void *context, uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;

	network_decide(context, ops, object, &decision);
	return decision.verdict == CD_ALLOW;
}

/* A child of the keeper has no use for anything of the keeper's but these. */
static void keep_only(int *first, int *second)
{
	int *const kept[] = {first, second};

	for (int i = 0; i < 2; i++)
		if (kept[i] && *kept[i] >= 0)
			*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < 2; i++)
		if (kept[i] && *kept[i] >= 0) {
			dup3(*kept[i], 3 + i, O_CLOEXEC);
			*kept[i] = 3 + i;
		}
	syscall(SYS_close_range, 5, ~0U, 0);
	for (int fd = 0; fd <= 2; fd++)
		close(fd);
}

static _Noreturn void run_broker(struct network *network, int channel)
{
	struct host_broker broker = {.granted = granted, .context = network};

	network_only_read(network);
	keep_only(&channel, NULL);
	host_forget_environment();
	broker.channel = channel;
	host_broker_run(&broker);
}

void network_start(struct network *network, int channel)
{
	network->broker = fork();
	if (network->broker == 0)
		run_broker(network, channel);
	if (network->broker < 0) {
		cli_say("cannot start the network's broker: %s", strerror(errno));
		network->broker = 0;
	}
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
	if (network->names_fd >= 0)
		close(network->names_fd);
}
