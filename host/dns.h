/*
 * DNS messages: reading a hostile query, building the reply, reading what an upstream server
 * answered (RFC 1035, 6891). Bytes in, bytes out; nothing is allocated and nothing is remembered.
 */
#ifndef CORDON_HOST_DNS_H
#define CORDON_HOST_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refmon/address.h"

#define HOST_DNS_QUERY_MAX   1024 /* bytes of a query that is looked at */
#define HOST_DNS_REPLY_MAX   65535
#define HOST_DNS_ADDRESS_MAX 64 /* addresses of one name that are taken */

enum host_dns_rcode {
	HOST_DNS_OK = 0,
	HOST_DNS_FORMERR = 1,
	HOST_DNS_SERVFAIL = 2,
	HOST_DNS_NXDOMAIN = 3,
	HOST_DNS_NOTIMP = 4,
	HOST_DNS_REFUSED = 5,
	HOST_DNS_BADVERS = 16, /* of EDNS */
	HOST_DNS_IGNORE = -1,  /* no reply at all: it is not a query */
};

enum host_dns_type {
	HOST_DNS_A = 1,
	HOST_DNS_NS = 2,
	HOST_DNS_CNAME = 5,
	HOST_DNS_SOA = 6,
	HOST_DNS_PTR = 12,
	HOST_DNS_MX = 15,
	HOST_DNS_TXT = 16,
	HOST_DNS_AAAA = 28,
	HOST_DNS_SRV = 33,
	HOST_DNS_NAPTR = 35,
	HOST_DNS_OPT = 41,
	HOST_DNS_SSHFP = 44,
	HOST_DNS_TLSA = 52,
	HOST_DNS_SVCB = 64,
	HOST_DNS_HTTPS = 65,
	HOST_DNS_CAA = 257,
};

struct host_dns_query {
	uint16_t id, type;
	bool recursion; /* desired; only to be said again */
	bool edns;	/* so the reply has it as well */
	size_t room;	/* bytes that the asker takes in one datagram */
	/* The question as it came, its case included; question_len is 0 where there was none. */
	unsigned char question[MON_HOST_MAX + 2 + 4];
	size_t question_len;
	/* The name in lower case. Where it is no host name, what can be shown of it, with "?" for
	 * other bytes. */
	char name[MON_HOST_MAX + 1];
	size_t name_len;
	bool is_host;
};

/*
 * Reads a query: one question, of class IN, without compression, and no more than an OPT record
 * beside it. HOST_DNS_OK, or what to reply; out is filled as far as a reply needs it.
 */
enum host_dns_rcode host_dns_read(const unsigned char *packet, size_t len,
				  struct host_dns_query *out);

/* An address, with the seconds that it may be kept. */
struct host_dns_address {
	unsigned char family; /* 4 or 6 */
	unsigned char bytes[16];
	uint32_t ttl;
};

/*
 * Replies. Each writes at most `room` bytes, which must be 512 at least, and says how many. What
 * does not fit is left out, and the reply marked as truncated.
 */
size_t host_dns_reply(const struct host_dns_query *query, enum host_dns_rcode rcode,
		      unsigned char *out, size_t room);
/* NXDOMAIN, with the reason for askers that know EDNS (RFC 8914). */
size_t host_dns_reply_blocked(const struct host_dns_query *query, unsigned char *out, size_t room);
size_t host_dns_reply_addresses(const struct host_dns_query *query,
				const struct host_dns_address *addresses, size_t count,
				unsigned char *out, size_t room);
/* To a reverse lookup. name: a host name. */
size_t host_dns_reply_name(const struct host_dns_query *query, const char *name, unsigned char *out,
			   size_t room);
/* What an upstream server answered to the same question, as it is. SERVFAIL when it is to another.
 */
size_t host_dns_reply_raw(const struct host_dns_query *query, const unsigned char *answer,
			  size_t len, unsigned char *out, size_t room);

/*
 * The addresses of the question's type in an upstream answer: those that the name itself, or the
 * chain of aliases that begins at it, has in the answer section. Whatever else is in there is not
 * looked at. False: malformed, or to another question.
 */
bool host_dns_addresses(const struct host_dns_query *query, const unsigned char *answer, size_t len,
			struct host_dns_address out[HOST_DNS_ADDRESS_MAX], size_t *count);

/* Is it a reverse name, such as 1.2.0.192.in-addr.arpa? Of which address? */
bool host_dns_reverse(const char *name, size_t len, struct host_dns_address *out);

/* False for what a name of the outside has no business to lead to: loopback, link-local, private
 * and unspecified addresses, multicast, and what is mapped or translated to such. */
bool host_dns_is_public(unsigned char family, const unsigned char *bytes);

#endif
