/* What is revoked: who reads it, who can write it, and what it denies. */
#include "cli/revoked.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/broker.h"

static const struct revoked_page *page_read;

static struct network *network_of(const char *space)
{
	struct network *network = calloc(1, sizeof(*network));

	*network = (struct network){.space = space, .revoked = page_read};
	return network;
}

static enum cd_verdict ask(const struct kern_layer *layer, enum cd_op op, const char *path)
{
	const struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};
	struct cd_decision decision = {CD_DENY, CD_OP_COUNT, CD_NO_RULE};

	layer->decide(layer->context, CD_OPBIT(op), &object, &decision);
	return decision.verdict;
}

Test(revoked, holds_from_the_next_decision_on_and_for_that_space)
{
	const char *why;
	struct revoked_page *page = revoked_new(&page_read);
	const struct kern_layer *one = revoked_layer(network_of("1")),
				*other = revoked_layer(network_of("1.1"));

	cr_assert_eq(ask(one, CD_OP_FS_READ, "/data/x"), CD_ALLOW);
	cr_assert(revoked_add(page, "1", "fs.read:/data/**", &why));
	cr_expect_eq(ask(one, CD_OP_FS_READ, "/data/x"), CD_DENY);
	cr_expect_eq(ask(one, CD_OP_FS_WRITE, "/data/x"), CD_ALLOW, "what was not named");
	cr_expect_eq(ask(one, CD_OP_FS_READ, "/other"), CD_ALLOW);
	cr_expect_eq(ask(one, CD_OP_FS_STAT, "/data"), CD_ALLOW, "the way there");
	cr_expect_eq(ask(other, CD_OP_FS_READ, "/data/x"), CD_ALLOW);
	cr_assert(revoked_add(page, "1", "fs.*:/other", &why));
	cr_expect_eq(ask(one, CD_OP_FS_READ, "/data/x"), CD_DENY, "still");
	cr_expect_eq(ask(one, CD_OP_FS_WRITE, "/other"), CD_DENY);
}

Test(revoked, what_is_no_rule_or_finds_no_room_is_refused)
{
	const char *why;
	char rule[REVOKED_TEXT + 16];
	struct revoked_page *page = revoked_new(&page_read);

	cr_expect_not(revoked_add(page, "1", "/data", &why));
	cr_expect_not(revoked_add(page, "1", "fs.nothing:/data", &why));
	cr_expect_not(revoked_add(page, "1", "fs.read:data", &why));
	memset(rule, 'x', sizeof(rule));
	memcpy(rule, "fs.read:/", 9);
	rule[sizeof(rule) - 1] = '\0';
	cr_expect_not(revoked_add(page, "1", rule, &why));
	for (unsigned i = 0; i < REVOKED_MAX; i++)
		cr_assert(revoked_add(page, "1", "fs.read:/data", &why));
	cr_expect_not(revoked_add(page, "1", "fs.read:/data", &why));
}

Test(revoked, nobody_but_who_made_the_page_can_write_it)
{
	struct revoked_page *page = revoked_new(&page_read);
	void *read = (void *)(uintptr_t)page_read;
	int status;
	pid_t child;

	cr_assert_not_null(page);
	cr_expect_eq(mprotect(read, 4096, PROT_READ | PROT_WRITE), -1);
	child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)page = 0;
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFSIGNALED(status), "what is forked has not got it");
}

static struct mon_table *allow(const char *pattern)
{
	struct mon_builder *builder = mon_builder_new();
	const struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_NET_CONNECT), pattern, "test", "/"};
	struct mon_table *table;
	const char *why;

	cr_assert_eq(mon_builder_add(builder, &rule, &why), CD_OK);
	cr_assert_eq(mon_builder_compile(builder, &table), CD_OK);
	mon_builder_free(builder);
	return table;
}

Test(revoked, a_name_takes_its_addresses_along)
{
	struct cd_object object = {.kind = CD_OBJECT_ADDRESS,
				   .proto = CD_TCP,
				   .family = 4,
				   .address = {203, 0, 113, 1},
				   .port = 443};
	const uint64_t ops = CD_OPBIT(CD_OP_NET_CONNECT);
	struct revoked_page *page = revoked_new(&page_read);
	struct network network;
	const char *why;

	cr_assert(network_prepare(&network, "1", allow("*.example.org:443"), false));
	network.revoked = page_read;
	cr_assert(mon_names_add(network.written, 4, object.address, "a.example.org", 13));
	cr_assert(revoked_add(page, "1", "net.connect:b.example.org:443", &why));
	cr_expect_eq(revoked_ops(&network, ops, &object), 0);
	cr_assert(revoked_add(page, "1", "net.connect:a.example.org:443", &why));
	cr_expect_eq(revoked_ops(&network, ops, &object), ops);
	object.port = 80;
	cr_expect_eq(revoked_ops(&network, ops, &object), 0);
	object = (struct cd_object){
	    .kind = CD_OBJECT_ADDRESS, .proto = CD_TCP, .text = "a.example.org", .len = 13};
	cr_expect_eq(revoked_host(&network, ops, &object), 0, "other ports are left");
	cr_assert(revoked_add(page, "1", "net.connect:a.example.org", &why));
	cr_expect_eq(revoked_host(&network, MON_HOST_OPS, &object), ops);
	object.text = "c.example.org";
	cr_expect_eq(revoked_host(&network, MON_HOST_OPS, &object), 0);
	network_end(&network);
}

/* Whoever has taken the monitor over asks the broker, and not the layers. */
Test(revoked, the_broker_connects_no_more)
{
	const struct host_limits limits = {.cgroup = NULL};
	union host_address to = {.in4 = {.sin_family = AF_INET}};
	struct host_broker_ask ask = {.call = HOST_BROKER_CONNECT,
				      .outside = true,
				      .address = &to,
				      .address_len = sizeof(to.in4)};
	struct revoked_page *page = revoked_new(&page_read);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2], none;
	socklen_t len = sizeof(to);
	struct network network;
	char address[40], rule[64];
	const char *why;

	to.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(listener, &to.any, sizeof(to.in4)), 0);
	cr_assert_eq(listen(listener, 5), 0);
	cr_assert_eq(getsockname(listener, &to.any, &len), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(to.in4.sin_port));
	snprintf(rule, sizeof(rule), "net.connect:%s", address);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	cr_assert(network_prepare(&network, "1", allow(address), false));
	network.revoked = page_read;
	network_start(&network, &limits, ends[1]);
	cr_expect_eq(
	    host_broker_ask(ends[0], socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &ask, &none),
	    0);
	cr_assert(revoked_add(page, "1.1", rule, &why));
	cr_expect_eq(
	    host_broker_ask(ends[0], socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &ask, &none),
	    0, "another space");
	cr_assert(revoked_add(page, "1", rule, &why));
	cr_expect_eq(
	    host_broker_ask(ends[0], socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &ask, &none),
	    -EACCES);
	close(ends[0]);
	network_end(&network);
}
