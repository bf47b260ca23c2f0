/* Descriptors that are passed on: as many as there is room for, and no more are left open. */
#include "lib/pass.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int next_number(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

Test(pass, what_finds_no_room_is_closed)
{
	const int sent[] = {0, 1, 2};
	char bytes[] = "abc", got[8];
	const struct iovec parts[] = {{bytes, 1}, {bytes + 1, 2}};
	int ends[2], fds[3], before;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	before = next_number();
	for (size_t room = 0; room <= 3; room++) {
		size_t count = room;

		cr_assert_eq(cd_pass_send(ends[0], parts, 2, sent, 3, 0), 3);
		cr_assert_eq(cd_pass_receive(ends[1], got, sizeof(got), fds, &count, 0), 3);
		cr_expect_eq(memcmp(got, "abc", 3), 0);
		cr_expect_eq(count, room);
		for (size_t i = 0; i < count; i++) {
			cr_expect(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
			close(fds[i]);
		}
		cr_expect_eq(next_number(), before, "with room for %zu", room);
	}
}

Test(pass, none_is_none)
{
	char byte = 'x', got;
	const struct iovec part = {&byte, 1};
	size_t count = 1;
	int ends[2], fd = -2;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	cr_assert_eq(cd_pass_send(ends[0], &part, 1, NULL, 0, 0), 1);
	cr_assert_eq(cd_pass_receive(ends[1], &got, 1, &fd, &count, 0), 1);
	cr_expect_eq(count, 0);
	cr_expect_eq(fd, -2);
	close(ends[0]);
	count = 1;
	cr_expect_eq(cd_pass_receive(ends[1], &got, 1, &fd, &count, 0), 0);
	cr_expect_eq(count, 0);
	cr_expect_eq(cd_pass_send(ends[1], &part, 1, NULL, 0, 0), -1, "and no signal");
}
