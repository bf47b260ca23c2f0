/*
 * Names of addresses: what the space's resolver has handed out, for rules that speak of hosts.
 *
 * A program connects to an address; a policy grants names. What joins them is a table in shared
 * memory of the addresses that the resolver gave for a name. The resolver alone writes it; who
 * decides maps it read-only, and believes nothing in it but at the price of that one name: whatever
 * it holds, reading is bounded, and what comes out is a well-formed host name or nothing.
 *
 * An address has its place in one of MON_NAMES_SETS sets, by hash, with MON_NAMES_WAYS names in
 * each: that is all that one decision looks at. A new name takes the place of the one in its set
 * that was handed out longest ago. Nothing else is forgotten: a program may keep an address.
 */
#ifndef CORDON_REFMON_NAMES_H
#define CORDON_REFMON_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refmon/address.h"
#include "refmon/table.h"

#define MON_NAMES_SETS 256
#define MON_NAMES_WAYS 16

struct mon_names;

/*
 * An empty table, mapped for writing here and in every process that is forked from here until
 * mon_names_free(). *fd, the caller's, can be mapped for reading and no more. NULL: errno says why.
 */
struct mon_names *mon_names_new(int *fd);
/* The table for reading; NULL when the descriptor is not one or cannot be mapped. */
const struct mon_names *mon_names_map(int fd);
/* Unmaps; NULL is fine. */
void mon_names_free(const struct mon_names *names);

/*
 * The name was looked up and the address handed out. family: 4 or 6; address: 4 or 16 bytes in
 * network order. False when it is not a host name or not an address.
 */
bool mon_names_add(struct mon_names *names, unsigned char family, const unsigned char *address,
		   const char *name, size_t len);

struct mon_name {
	char text[MON_HOST_MAX + 1];
	size_t len;
};

/* The names of an address, last handed out first. */
size_t mon_names_of(const struct mon_names *names, unsigned char family,
		    const unsigned char *address, struct mon_name out[MON_NAMES_WAYS]);

/*
 * Decides as mon_decide() does, on an inet address together with the names that it was handed out
 * for (names may be NULL) and the one that the object itself gives: a denial of the address or of
 * any of its names holds; else the best that any of them comes to. name_out is the name that
 * decided, or, where none did, the last one handed out; empty when there is none.
 */
void mon_decide_named(const struct mon_table *table, const struct mon_names *names, uint64_t ops,
		      const struct mon_object *object, char name_out[MON_HOST_MAX + 1],
		      struct mon_decision *out);

#define MON_HOST_OPS                                                                               \
	(CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_SEND) | CD_OPBIT(CD_OP_NET_LISTEN))

/* Those of MON_HOST_OPS that the rules allow, or ask about, by the object's protocol on one port of
 * its host at least. */
uint64_t mon_host_ops(const struct mon_table *table, const struct mon_object *object);

/*
 * May this name be looked up: do the rules allow, or ask about, connecting, sending or listening
 * by this name on one port at least? Rules for addresses allow no name, rules for any host do.
 */
bool mon_allows_name(const struct mon_table *table, const char *name, size_t len);

/* The same of an address without a name: what a rule for it, its network or any host grants. */
bool mon_allows_address(const struct mon_table *table, unsigned char family,
			const unsigned char *address);

#endif
