/* Socket addresses: reading them from untrusted bytes, and what to decide on for them. */
#ifndef CORDON_HOST_ADDRESS_H
#define CORDON_HOST_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cordon/object.h"

union host_address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

#define HOST_ABSTRACT_TEXT 120 /* bytes for the text of an abstract name */

/* Copies an address of len bytes; what is beyond them reads as zeros. False: no length that Linux
 * would take. */
bool host_address_read(const unsigned char *data, size_t len, union host_address *out);
/* Is it a unix address that names a path? */
bool host_address_is_path(const union host_address *a, socklen_t len);
bool host_address_is_inet(const union host_address *a);
/* 127.0.0.0/8, ::1, and the unspecified address, by which Linux connects to the same. */
bool host_address_is_loopback(const union host_address *a);
/* What Linux takes the unspecified address for when it connects or sends: the loopback. Before that
 * is decided on, so that a rule for the one speaks of the other. */
void host_address_aim(union host_address *a, socklen_t len);
uint16_t host_address_port(const union host_address *a);
/*
 * What to decide on for an address that is not a path. text is for the object to point to. False:
 * a family that rules cannot speak of, or an address that is too short.
 */
bool host_address_object(const union host_address *a, socklen_t len, enum cd_proto proto,
			 struct cd_object *object, char text[HOST_ABSTRACT_TEXT]);

/* CD_TCP for a stream, CD_UDP for anything else. */
enum cd_proto host_socket_proto(int socket);
/* One of the options of SOL_SOCKET that are an int; fallback where there is none. */
int host_socket_int(int socket, int option, int fallback);
/*
 * Which network namespace the socket belongs to: a number that Linux gives to no other. 0: it
 * cannot be told (before Linux 5.14), or it is no socket.
 */
uint64_t host_socket_network(int socket);

#endif
