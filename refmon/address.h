/*
 * Addresses: the form that policies write them in, parsed.
 *
 *   [tcp://|udp://] HOST [:PORTS]     HOST: name, *.domain, 192.0.2.1, 10.0.0.0/8, [2001:db8::1],
 *                                     [2001:db8::/32], or nothing for any; PORTS: 443, 8000-8999, *
 *   unix:/path/pattern   unix:@abstract
 *
 * Without a scheme both TCP and UDP are meant, without ports all of them. "localhost" is the name
 * and both loopback addresses (RFC 6761, 6.3).
 */
#ifndef CORDON_REFMON_ADDRESS_H
#define CORDON_REFMON_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refmon/pattern.h"

#define MON_HOST_MAX	 253 /* bytes of a host name, RFC 1035 */
#define MON_ABSTRACT_MAX 108 /* bytes of sun_path, with the @ in the place of its NUL */

enum mon_host {
	MON_HOST_ANY,
	MON_HOST_V4,
	MON_HOST_V6,
	MON_HOST_NAME,	 /* example.org */
	MON_HOST_DOMAIN, /* *.example.org: every name below it */
	MON_HOST_UNIX,	 /* a path pattern */
	MON_HOST_ABSTRACT,
};

struct mon_address {
	enum mon_host host;
	bool tcp, udp;
	unsigned char bytes[16]; /* network order; IPv4 in the first four */
	unsigned prefix;	 /* bits */
	char name[MON_HOST_MAX +
		  1]; /* in lower case, no final dot; of a domain, what follows "*." */
	size_t name_len;
	uint16_t port_low, port_high;
	const char
	    *text; /* the host as written, within the text given; of unix, the path or "@name" */
	size_t text_len;
};

/* text need not be NUL-terminated. out is unspecified when a flaw is returned. */
enum mon_flaw mon_address_parse(const char *text, size_t len, struct mon_address *out);

/* Host names compare without case and without a final dot. False when it is not a host name. */
bool mon_host_fold(const char *text, size_t len, char out[MON_HOST_MAX + 1], size_t *out_len);

/* An IPv4 address in IPv6's clothes (::ffff:a.b.c.d) is moved to its first four bytes. */
bool mon_v4_unmap(unsigned char bytes[16]);

#endif
