/* Options, from one socket to another. */
#include "host/carry.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "host/address.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72 /* Linux 5.14 */
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51 /* Linux 6.3 */
#endif

enum family { FAMILY_V4 = 1, FAMILY_6 = 2, FAMILY_U = 4, FAMILY_I = 3, FAMILY_IU = 7 };
enum type { TYPE_S = 1, TYPE_D = 2, TYPE_A = 3 };

static const struct option {
	int level, name;
	unsigned char families, types;
} options[] = {
#define SOCKOPT(level, name, families, types) {level, name, FAMILY_##families, TYPE_##types},
#include "host/sockopts.def"
};

union value {
	unsigned char bytes[64];
	int number;
};

static void carry_one(const struct option *option, int from, int to)
{
	union value old = {{0}}, fresh = {{0}};
	socklen_t old_len = sizeof(old), fresh_len = sizeof(fresh);

	if (getsockopt(from, option->level, option->name, &old, &old_len) ||
	    getsockopt(to, option->level, option->name, &fresh, &fresh_len))
		return;
	if (old_len != fresh_len || memcmp(&old, &fresh, old_len) != 0)
		setsockopt(to, option->level, option->name, &old, old_len);
}

/*
 * A size that was set stops Linux from adjusting it, so only those that were are carried. Linux
 * tells twice of what was asked for.
 */
static void carry_buffers(int from, int to)
{
	static const struct {
		int lock, name;
	} buffers[] = {{1, SO_SNDBUF}, {2, SO_RCVBUF}};
	int locked = host_socket_int(from, SO_BUF_LOCK, 0);

	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		int size = host_socket_int(from, buffers[i].name, 0) / 2;

		if (locked & buffers[i].lock)
			setsockopt(to, SOL_SOCKET, buffers[i].name, &size, sizeof(size));
	}
}

void host_carry_options(int from, int to)
{
	int domain = host_socket_int(to, SO_DOMAIN, 0);
	unsigned family = domain == AF_INET ? FAMILY_V4 : domain == AF_INET6 ? FAMILY_6 : FAMILY_U;
	unsigned type = host_socket_proto(to) == CD_TCP ? TYPE_S : TYPE_D;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].families & family && options[i].types & type)
			carry_one(&options[i], from, to);
	carry_buffers(from, to);
}
