/*
 * The inside of a rule table, for the three files that make and read it: compile.c, table.c, and
 * the tests.
 *
 * One structure serves all kinds of objects: a trie whose edges are components. Each kind has a
 * root of its own. A path is walked component by component; a name is one component; an inet
 * address is one component too, a key built of host and port (struct mon_key), and a rule for a
 * range is filed under the few keys of the aligned blocks that make up the range. So an address is
 * looked up once for each prefix length that occurs in the table, however many rules there are.
 *
 * Edges without "*" are found through one hash table keyed by (node, component). Edges with "*" are
 * listed by their node and tried one after another.
 */
#ifndef CORDON_REFMON_LAYOUT_H
#define CORDON_REFMON_LAYOUT_H

#include "lib/hash.h"
#include "refmon/address.h"
#include "refmon/table.h"

enum mon_root {
	MON_ROOT_PATH,
	MON_ROOT_PROTECTED, /* paths that no wildcard reaches */
	MON_ROOT_UNIX,
	MON_ROOT_ABSTRACT,
	MON_ROOT_NAME,
	MON_ROOT_INET, /* both protocols; then one of each */
	MON_ROOT_TCP,
	MON_ROOT_UDP,
	MON_ROOT_COUNT
};
enum { MON_INET_ROOTS = MON_ROOT_COUNT - MON_ROOT_INET };

/*
 * What a rule does, from strongest to weakest. The implied ones are the fs.stat that goes with
 * other operations: any rule that names fs.stat itself is stronger.
 */
enum mon_tier {
	MON_TIER_DENY,
	MON_TIER_ASK,
	MON_TIER_ALLOW,
	MON_TIER_IMPLIED_ALLOW,
	MON_TIER_IMPLIED_ASK,
	MON_TIER_COUNT
};

/* "These operations, by this rule": at most one of a node's entries has an operation in a tier. */
struct mon_entry {
	uint64_t ops;
	uint32_t rule;
	uint32_t tier;
};

struct mon_node {
	uint32_t entries; /* index of its first: those for the object itself, then those for all
			     below too */
	uint32_t globs;	  /* index of its first edge with "*" */
	uint32_t glob_count;
	uint32_t lead_rule; /* the first rule about something below that implies fs.stat here */
	uint8_t own_count;
	uint8_t subtree_count;
	bool inner;  /* has edges */
	bool marked; /* below MON_ROOT_PROTECTED: a protected path ends here */
};

/* child is 0 in a free slot of the hash table: no edge leads to a root. */
struct mon_edge {
	uint32_t hash, parent, child, name, len;
};

struct mon_flat_rule {
	uint64_t ops;
	uint32_t verdict, pattern, source, pointer;
};

/* Which prefix lengths and kinds of hosts occur below an inet root: bit n for length n. */
struct mon_shape {
	uint64_t v4;
	uint64_t v6[3];
	uint32_t ports;
	uint32_t hosts; /* bit for each enum mon_host */
};

/* Offsets are in bytes from the table's start; names are offsets into the strings. */
struct mon_table {
	size_t size;
	size_t nodes, edges, globs, entries, rules, secrets, strings;
	uint32_t rule_count, secret_count, edge_mask;
	struct mon_shape shapes[MON_INET_ROOTS];
};

/* The component that an inet address is filed under. */
struct mon_key {
	unsigned char bytes[5 + MON_HOST_MAX];
	size_t len;
};

/*
 * In the place of a prefix length of ports: some port. What is filed here answers for a host alone:
 * every rule that allows or asks, and of those that deny the ones for all ports.
 */
#define MON_PORT_SOME 17u

/* host_bits and port_bits are prefix lengths; what lies beyond them is zeroed here. */
void mon_key_inet(struct mon_key *key, enum mon_host host, const unsigned char *address,
		  unsigned host_bits, uint16_t port, unsigned port_bits);
void mon_key_name(struct mon_key *key, enum mon_host host, const char *name, size_t len,
		  uint16_t port, unsigned port_bits);

/* The hash of an edge, from that of its component, cd_hash32(): of a path that many tables decide
 * on, that is made once (struct cd_parts). */
static inline uint32_t mon_hash_edge(uint32_t parent, uint32_t name_hash)
{
	return name_hash ^ parent * 0x9e3779b1u;
}

#endif
