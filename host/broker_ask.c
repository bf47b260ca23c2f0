/* The broker, asked. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "host/broker.h"

union one_right {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static bool send_request(int channel, int socket, const struct host_broker_ask *ask)
{
	struct host_broker_request request = {
	    .call = ask->call,
	    .outside = ask->outside,
	    .flags = (uint32_t)ask->flags,
	    .address_len = ask->address_len,
	    .control_len = (uint32_t)ask->control_len,
	    .payload_len = (uint32_t)ask->payload_len,
	};
	union one_right right = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
					    .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS}};
	struct iovec parts[] = {{&request, sizeof(request)},
				{(void *)ask->address, ask->address_len},
				{(void *)ask->control, ask->control_len},
				{(void *)ask->payload, ask->payload_len}};
	struct msghdr header = {.msg_iov = parts, .msg_iovlen = 4};
	ssize_t n;

	if (socket >= 0) {
		memcpy(CMSG_DATA(&right.header), &socket, sizeof(socket));
		header.msg_control = &right;
		header.msg_controllen = sizeof(right);
	}
	while ((n = sendmsg(channel, &header, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n >= 0;
}

int64_t host_broker_ask(int channel, int socket, const struct host_broker_ask *ask,
			int *replacement)
{
	union one_right right;
	int64_t value;
	struct iovec part = {&value, sizeof(value)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &right,
				.msg_controllen = sizeof(right)};
	struct cmsghdr *rights;
	ssize_t n;

	*replacement = -1;
	if (channel < 0 || !send_request(channel, socket, ask))
		return -ENETUNREACH;
	while ((n = recvmsg(channel, &header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n != sizeof(value))
		return -ENETUNREACH;
	rights = CMSG_FIRSTHDR(&header);
	if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
		memcpy(replacement, CMSG_DATA(rights), sizeof(*replacement));
	return value;
}
