/* Socket addresses of every length, from a real process behind a filter; no layer denies anything.
 */
#include "host/sock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/address.h"
#include "host/broker.h"
#include "host/host.h"
#include "tests/kernel/support.h"

TestSuite(sock, .timeout = 30);

static char directory[64];

static void begin(void)
{
	strcpy(directory, "/tmp/cordon-sock-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_expect_eq(system(command), 0);
}

/* Everything is granted, and this network is the space's own: what is outside, nothing is. */
static bool grant(void *context, uint64_t ops, const struct cd_object *object)
{
	(void)context, (void)ops, (void)object;
	return true;
}

static int start_broker(void)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	if (fork() == 0) {
		const struct host_broker in = {.channel = ends[1], .granted = grant};

		close(ends[0]);
		host_broker_run(&in);
	}
	close(ends[1]);
	return ends[0];
}

static uint64_t here(void)
{
	int probe = socket(AF_UNIX, SOCK_DGRAM, 0);
	uint64_t network = host_socket_network(probe);

	close(probe);
	return network;
}

static int serve(int (*body)(void *context))
{
	const int broker = start_broker();
	struct trapped trapped;
	struct kern_border *border;
	int status;

	begin();
	trapped = trapped_start(NULL, body, NULL);
	border = kern_border_new(trapped.space, &host_linux, NULL);
	cr_assert_not_null(border);
	cr_assert_eq(
	    host_setup(trapped.space->proc, &(struct host_channels){broker, broker, -1}, here()),
	    CD_OK);
	cr_expect_eq(kern_border_serve(border), CD_OK);
	status = trapped_wait(&trapped);
	kern_border_free(border);
	trapped_free(&trapped);
	close(broker);
	wait(NULL);
	end();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* An address that is as long as any can be; past sun_path it is rubbish. */
union long_address {
	struct sockaddr_un un;
	unsigned char bytes[sizeof(struct sockaddr_storage)];
};

static union long_address address_of(const char *path)
{
	union long_address a;

	memset(&a, 0x41, sizeof(a));
	a.un.sun_family = AF_UNIX;
	if (*path)
		strcpy(a.un.sun_path, path);
	else
		a.un.sun_path[0] = '\0';
	return a;
}

static long call(long nr, long a, const void *b, long c)
{
	long result = syscall(nr, a, b, c, 0, 0, 0);

	return result < 0 ? -errno : result;
}

static int use_long_addresses(void *context)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	union long_address a = address_of("");
	char path[128];

	(void)context;
	for (long len = (long)sizeof(a.un) + 1; len <= (long)sizeof(a); len++) {
		a = address_of("");
		if (call(SYS_bind, fd, &a, len) != -EINVAL ||
		    call(SYS_connect, fd, &a, len) != -EINVAL)
			return 1;
		snprintf(path, sizeof(path), "%s/socket", directory);
		a = address_of(path);
		if (call(SYS_bind, fd, &a, len) != -EINVAL ||
		    call(SYS_connect, fd, &a, len) != -EINVAL)
			return 2;
		if (syscall(SYS_sendto, fd, "x", 1, 0, &a, len) != -1 || errno != EINVAL)
			return 3;
	}
	a = address_of("");
	if (call(SYS_bind, fd, &a, sizeof(a) + 1) != -EINVAL ||
	    call(SYS_bind, fd, &a, 0) != -EINVAL || call(SYS_bind, fd, &a, 1) != -EINVAL ||
	    call(SYS_bind, fd, &a, -1) != -EINVAL)
		return 4;
	return 0;
}

Test(sock, no_unix_address_is_longer_than_one_can_be)
{
	cr_expect_eq(serve(use_long_addresses), 0);
}

static int use_many_names(void *context)
{
	(void)context;
	/* More than are remembered, each as long as it can be. */
	for (int i = 0; i < 80; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		union long_address a, got;
		unsigned len = sizeof(got);
		char path[108];

		snprintf(path, sizeof(path), "%s/socket%d", directory, i);
		a = address_of(path);
		if (call(SYS_bind, fd, &a, sizeof(a.un)) != 0)
			return 1;
		if (syscall(SYS_getsockname, fd, &got, &len) != 0)
			return 2;
		if (len > sizeof(a.un) || strcmp(got.un.sun_path, path) != 0)
			return 3;
		close(fd);
	}
	return 0;
}

Test(sock, a_bound_socket_has_the_name_that_it_was_given)
{
	cr_expect_eq(serve(use_many_names), 0);
}

static int send_no_message(void *context)
{
	int ends[2];
	char byte;

	(void)context;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		return 1;
	if (syscall(SYS_sendmmsg, ends[0], NULL, 0, 0) != 0)
		return 2;
	return recv(ends[1], &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN ? 0 : 3;
}

Test(sock, sendmmsg_of_no_message_sends_none)
{
	cr_expect_eq(serve(send_no_message), 0);
}

/* Puts `count` descriptors on their way to nobody. */
static void send_in_flight(int to, int count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} rights = {.header = {.cmsg_len = CMSG_LEN((size_t)count * sizeof(int)),
			       .cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {"", 1};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &rights,
				.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};

	memset(CMSG_DATA(&rights.header), 0, (size_t)count * sizeof(int));
	cr_assert_eq(sendmsg(to, &header, 0), 1, "errno %d", errno);
}

/* Linux counts them for the user: another of his spaces may have used them up. */
Test(sock, the_broker_answers_where_no_descriptor_can_be_passed)
{
	const struct host_broker_ask another = {.call = HOST_BROKER_CHANNEL};
	struct rlimit before, few;
	int broker, flight[2], given;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){64, before.rlim_max};
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	broker = start_broker();
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, flight), 0);
	send_in_flight(flight[0], 100);
	cr_expect_eq(host_broker_ask(broker, -1, &another, &given), -ETOOMANYREFS);
	cr_expect_eq(given, -1);
	close(flight[0]);
	close(flight[1]);
	cr_expect_eq(host_broker_ask(broker, -1, &another, &given), 0);
	cr_expect_geq(given, 0);
	close(broker);
}
