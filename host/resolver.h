/*
 * The space's resolver: a process that looks up for a space the names that its policy grants.
 *
 * It serves two sockets of the space's network, bound to 127.0.0.1:53 there, and asks the user's
 * name servers in the user's network. What it hands out it records in the name table
 * (refmon/names.h), by which rules that name hosts are decided.
 *
 *   - A name that no rule grants does not exist (NXDOMAIN): nothing is asked outside, and it is
 * reported once. So do the stub resolvers of glibc, musl, Go and node answer at once; REFUSED makes
 * musl wait until its time is out.
 *   - Upstream goes a query of our own, with an id and a port of our own (c-ares), for the name in
 * lower case: of the space's bytes only a name that the policy grants leaves. Equal questions are
 * asked once at a time: many of them at once would make it easy to forge an answer.
 *   - Of an answer only addresses of the name asked for, or of the aliases that lead on from it,
 * are taken. One that is not public (loopback, link-local, private, ...) is handed out only if the
 *     hosts file gives it to the name, or a rule grants it by itself; in the latter case it is not
 * recorded, and that rule decides. So a granted name is no way to services of the user's machine
 * and network, whoever answers for it.
 *   - "localhost" and what is below it is answered here (RFC 6761, 6.3), and so are reverse
 * lookups, from the name table alone.
 *   - Other types are passed on as they are, from a list; addresses in them are not recorded.
 */
#ifndef CORDON_HOST_RESOLVER_H
#define CORDON_HOST_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "host/dns.h"
#include "lib/buf.h"
#include "refmon/names.h"

#define HOST_RESOLVER_PENDING 256 /* queries of a space that wait for an answer from outside */

struct host_resolver {
	int udp, tcp; /* bound in the space's network; tcp is listening */
	int lifeline; /* the process ends when this reads as end of file */
	int report;   /* what denied() writes to, or -1; every other descriptor is closed */
	struct mon_names *names; /* mapped for writing */
	/* May the name be looked up? Is the address granted by itself? */
	bool (*allowed)(void *context, const char *name, size_t len);
	bool (*granted)(void *context, unsigned char family, const unsigned char *address);
	/*
	 * Called once for each name, or again when CD_DENIALS_MAX others came in between; it may
	 * wait. address is NULL: no rule grants the name, which is shown with "?" for bytes that no
	 * host name has. Else: the name leads to this, which is not public, and was left out.
	 */
	void (*denied)(void *context, const char *name, size_t len,
		       const struct host_dns_address *address);
	void *context;
	/* For tests; 0 and NULL: as the user's machine is set up. */
	const char *servers; /* "192.0.2.1:53,..." */
	const char *hosts;   /* the path of a hosts file */
	int timeout;	     /* ms, of the first try */
	bool not_public_too; /* hand out and record whatever comes */
};

/* The resolver's process: reads the user's settings, confines itself, and serves. */
_Noreturn void host_resolver_run(const struct host_resolver *resolver);

/* What a space whose policy names hosts has as /etc/resolv.conf and /etc/nsswitch.conf. */
extern const char host_resolver_conf[];
extern const char host_resolver_nsswitch[];
/* And as /etc/hosts; name: the space's host name. */
void host_resolver_hosts(const char *name, struct cd_buf *out);

#endif
