/* Socket addresses. */
#include "host/address.h"

#include <arpa/inet.h>
#include <string.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

bool host_address_read(const unsigned char *data, size_t len, union host_address *out)
{
	memset(out, 0, sizeof(*out));
	if (len < sizeof(sa_family_t) || len > sizeof(*out))
		return false;
	memcpy(out, data, len);
	/* As Linux: there is no longer unix address, and what holds one has room for no more. */
	return out->any.sa_family != AF_UNIX || len <= sizeof(out->un);
}

bool host_address_is_path(const union host_address *a, socklen_t len)
{
	return a->any.sa_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path) &&
	       a->un.sun_path[0] != '\0';
}

bool host_address_is_inet(const union host_address *a)
{
	return a->any.sa_family == AF_INET || a->any.sa_family == AF_INET6;
}

static bool is_v4_loopback(const unsigned char bytes[4])
{
	static const unsigned char unspecified[4];

	return bytes[0] == 127 || memcmp(bytes, unspecified, sizeof(unspecified)) == 0;
}

bool host_address_is_loopback(const union host_address *a)
{
	const struct in6_addr *v6 = &a->in6.sin6_addr;

	if (a->any.sa_family == AF_INET)
		return is_v4_loopback((const unsigned char *)&a->in4.sin_addr);
	if (a->any.sa_family != AF_INET6)
		return false;
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && is_v4_loopback(v6->s6_addr + 12));
}

void host_address_aim(union host_address *a, socklen_t len)
{
	struct in6_addr *v6 = &a->in6.sin6_addr;
	const struct in_addr mapped = {v6->s6_addr32[3]};

	if (a->any.sa_family == AF_INET && len >= sizeof(a->in4) && !a->in4.sin_addr.s_addr)
		a->in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (a->any.sa_family != AF_INET6 || len < offsetof(struct sockaddr_in6, sin6_scope_id))
		return;
	if (IN6_IS_ADDR_UNSPECIFIED(v6))
		*v6 = in6addr_loopback;
	else if (IN6_IS_ADDR_V4MAPPED(v6) && !mapped.s_addr)
		v6->s6_addr32[3] = htonl(INADDR_LOOPBACK);
}

uint16_t host_address_port(const union host_address *a)
{
	if (!host_address_is_inet(a))
		return 0;
	/* Both keep it at the same place. */
	return ntohs(a->in4.sin_port);
}

bool host_address_object(const union host_address *a, socklen_t len, enum cd_proto proto,
			 struct cd_object *object, char text[HOST_ABSTRACT_TEXT])
{
	*object = (struct cd_object){
	    .kind = CD_OBJECT_ADDRESS, .proto = proto, .port = host_address_port(a)};
	if (a->any.sa_family == AF_INET && len >= sizeof(a->in4)) {
		object->family = 4;
		memcpy(object->address, &a->in4.sin_addr, 4);
		return true;
	}
	if (a->any.sa_family == AF_INET6 && len >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		object->family = 6;
		memcpy(object->address, &a->in6.sin6_addr, 16);
		return true;
	}
	if (a->any.sa_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path)) {
		size_t n = len - offsetof(struct sockaddr_un, sun_path) - 1;

		object->proto = CD_UNIX;
		text[0] = '@';
		for (size_t i = 0; i < n; i++) /* an abstract name may hold any byte */
			text[i + 1] = a->un.sun_path[i + 1] ? a->un.sun_path[i + 1] : '@';
		text[n + 1] = '\0';
		object->text = text;
		object->len = n + 1;
		return true;
	}
	return false;
}

int host_socket_int(int socket, int option, int fallback)
{
	int value = fallback;
	socklen_t len = sizeof(value);

	return getsockopt(socket, SOL_SOCKET, option, &value, &len) ? fallback : value;
}

enum cd_proto host_socket_proto(int socket)
{
	return host_socket_int(socket, SO_TYPE, 0) == SOCK_STREAM ? CD_TCP : CD_UDP;
}

uint64_t host_socket_network(int socket)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) ? 0 : cookie;
}
