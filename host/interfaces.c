/*
 * Network interfaces, for who asks a socket in the old way (ioctl).
 *
 * What a space has is its loopback. A socket that leads outside is of the user's network, and would
 * tell what that one has: so the answer is the same whatever the socket, and made here. Who asks by
 * netlink asks a socket of the space's own, natively, and hears the same.
 */
#include "host/interfaces.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/address.h"
#include "host/hops.h"
#include "kernel/border.h"
#include "kernel/process.h"

#define NAME  "lo"
#define INDEX 1
#define MTU   65536

static void put_address(struct sockaddr *to, in_addr_t address)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};

	memcpy(to, &in, sizeof(in));
}

/* SIOCGIFCONF: as many as there is room for, and without room how much it would take. */
static int64_t list(const struct kern_message *m)
{
	struct ifreq loopback = {.ifr_name = NAME};
	struct ifconf list = {0};
	int error = kern_border_read(m, m->extra, &list, sizeof(list));
	bool fits;

	if (error)
		return error;
	fits = list.ifc_buf && list.ifc_len >= (int)sizeof(loopback);
	put_address(&loopback.ifr_addr, INADDR_LOOPBACK);
	if (fits)
		error = kern_border_write(m, (uint64_t)(uintptr_t)list.ifc_buf, &loopback,
					  sizeof(loopback));
	list.ifc_len = fits || !list.ifc_buf ? (int)sizeof(loopback) : 0;
	return error ? error : kern_border_write(m, m->extra, &list, sizeof(list));
}

/* What the request asks of the loopback; false: it is none that is answered here. */
static bool tell(uint32_t request, struct ifreq *r)
{
	switch (request) {
	case SIOCGIFFLAGS: r->ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING; return true;
	case SIOCGIFINDEX: r->ifr_ifindex = INDEX; return true;
	case SIOCGIFMTU: r->ifr_mtu = MTU; return true;
	case SIOCGIFMETRIC: r->ifr_metric = 0; return true;
	case SIOCGIFADDR: put_address(&r->ifr_addr, INADDR_LOOPBACK); return true;
	case SIOCGIFNETMASK: put_address(&r->ifr_netmask, IN_CLASSA_NET); return true;
	case SIOCGIFBRDADDR: put_address(&r->ifr_broadaddr, INADDR_ANY); return true;
	case SIOCGIFHWADDR:
		memset(&r->ifr_hwaddr, 0, sizeof(r->ifr_hwaddr));
		r->ifr_hwaddr.sa_family = ARPHRD_LOOPBACK;
		return true;
	default: return false;
	}
}

static int64_t ask(const struct kern_message *m, uint32_t request)
{
	struct ifreq asked = {0};
	int error = kern_border_read(m, m->extra, &asked, sizeof(asked));

	if (error)
		return error;
	if (request == SIOCSIFFLAGS)
		return -EPERM;
	if (request == SIOCGIFNAME) {
		if (asked.ifr_ifindex != INDEX)
			return -ENODEV;
		strcpy(asked.ifr_name, NAME);
	} else {
		asked.ifr_name[IFNAMSIZ - 1] = '\0';
		if (strcmp(asked.ifr_name, NAME) != 0)
			return -ENODEV;
		tell(request, &asked);
	}
	return kern_border_write(m, m->extra, &asked, sizeof(asked));
}

bool host_interfaces(const struct kern_message *m, struct kern_reply *reply)
{
	const uint32_t request = (uint32_t)m->flags;
	struct ifreq none = {0};
	int socket, type;

	if (host_hops_on() || !(request == SIOCGIFCONF || request == SIOCGIFNAME ||
				request == SIOCSIFFLAGS || tell(request, &none)))
		return false;
	socket = kern_process_fd_dup(m, m->fd);
	if (socket < 0) {
		reply->value = socket;
		return true;
	}
	type = host_socket_int(socket, SO_TYPE, -1);
	close(socket);
	if (type < 0)
		return false;
	reply->value = request == SIOCGIFCONF ? list(m) : ask(m, request);
	return true;
}
