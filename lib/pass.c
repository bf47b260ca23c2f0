/* Descriptors that are passed on. */
#include "lib/pass.h"

#include <string.h>
#include <sys/socket.h>

union rights {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(CD_PASS_MAX * sizeof(int))];
};

ssize_t cd_pass_send(int socket, const struct iovec *parts, size_t part_count, const int *fds,
		     size_t count, int flags)
{
	union rights rights = {.header = {.cmsg_len = CMSG_LEN(count * sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS}};
	struct msghdr header = {.msg_iov = (struct iovec *)parts, .msg_iovlen = part_count};

	if (count) {
		memcpy(CMSG_DATA(&rights.header), fds, count * sizeof(int));
		header.msg_control = &rights;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return sendmsg(socket, &header, flags | MSG_NOSIGNAL);
}

ssize_t cd_pass_receive(int socket, void *bytes, size_t size, int *fds, size_t *count, int flags)
{
	union rights rights;
	struct iovec part = {bytes, size};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &rights,
				/* Linux would fill the padding, too. */
				.msg_controllen = CMSG_LEN(*count * sizeof(int))};
	ssize_t n = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *got = n < 0 ? NULL : CMSG_FIRSTHDR(&header);

	*count = 0;
	if (got && got->cmsg_level == SOL_SOCKET && got->cmsg_type == SCM_RIGHTS) {
		*count = (got->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(got), *count * sizeof(int));
	}
	return n;
}
