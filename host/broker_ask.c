/* The broker, asked. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "host/broker.h"
#include "lib/pass.h"

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
	const struct iovec parts[] = {{&request, sizeof(request)},
				      {(void *)ask->address, ask->address_len},
				      {(void *)ask->control, ask->control_len},
				      {(void *)ask->payload, ask->payload_len}};
	ssize_t n;

	while ((n = cd_pass_send(channel, parts, 4, &socket, socket >= 0, 0)) < 0 && errno == EINTR)
		;
	return n >= 0;
}

int64_t host_broker_ask(int channel, int socket, const struct host_broker_ask *ask,
			int *replacement)
{
	int64_t value = 0;
	size_t count;
	ssize_t n;

	*replacement = -1;
	if (channel < 0 || !send_request(channel, socket, ask))
		return -ENETUNREACH;
	do {
		count = 1;
		n = cd_pass_receive(channel, &value, sizeof(value), replacement, &count, 0);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(value) ? value : -ENETUNREACH;
}
