/*
 * Deciding.
 *
 * A walk holds the set of nodes that the path so far can be at (struct front): one by plain
 * components, and more by components with "*". Every matching entry is counted into a tally, which
 * keeps the first rule of each tier for each operation; the verdict is read off at the end. Work is
 * bounded by the length of the path, times MON_WIDTH_MAX, times the globs of a node; nothing is
 * tried twice and nothing is allocated.
 *
 * Protected paths are walked beside the rules. Where one ends, what was granted above it is
 * dropped, and from there on only nodes reached by spelling the path out can grant.
 */
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/path.h"
#include "refmon/layout.h"

/* Of what is not asked, nothing is written. */
struct tally {
	uint64_t ops; /* what is asked */
	uint32_t first[CD_OP_COUNT][MON_TIER_COUNT];
};

/* spelled: reached without "*". mute: on the far side of a protected path, and not spelled: can
 * only deny. */
struct place {
	uint32_t node;
	bool spelled, mute;
};

struct front {
	struct place places[MON_WIDTH_MAX];
	unsigned count;
};

struct component {
	const char *name;
	size_t len;
	uint32_t hash;
	bool last;
	bool secret; /* a protected path ends at this component */
};

static const void *part(const struct mon_table *table, size_t offset)
{
	return (const char *)table + offset;
}

static const char *string(const struct mon_table *table, uint32_t offset)
{
	return (const char *)part(table, table->strings) + offset;
}

static const struct mon_node *node_at(const struct mon_table *table, uint32_t number)
{
	return (const struct mon_node *)part(table, table->nodes) + number;
}

/* The child over a plain component, or 0. */
static inline uint32_t child_of(const struct mon_table *table, uint32_t parent, const char *name,
				size_t len, uint32_t name_hash)
{
	const struct mon_edge *edges = part(table, table->edges);
	uint32_t hash = mon_hash_edge(parent, name_hash);

	for (uint32_t slot = hash & table->edge_mask;; slot = (slot + 1) & table->edge_mask) {
		const struct mon_edge *edge = &edges[slot];

		if (!edge->child)
			return 0;
		if (edge->hash == hash && edge->parent == parent && edge->len == len &&
		    memcmp(string(table, edge->name), name, len) == 0)
			return edge->child;
	}
}

/* --- the tally --- */

static void tally_init(struct tally *tally, uint64_t ops)
{
	tally->ops = ops;
	for (uint64_t rest = ops; rest; rest &= rest - 1)
		for (int tier = 0; tier < MON_TIER_COUNT; tier++)
			tally->first[__builtin_ctzll(rest)][tier] = MON_NO_RULE;
}

static inline void tally_rule(struct tally *tally, enum mon_tier tier, uint64_t ops, uint32_t rule)
{
	for (uint64_t rest = ops & tally->ops; rest; rest &= rest - 1) {
		uint32_t *first = &tally->first[__builtin_ctzll(rest)][tier];

		if (rule < *first)
			*first = rule;
	}
}

static void tally_drop_grants(struct tally *tally)
{
	for (uint64_t rest = tally->ops; rest; rest &= rest - 1)
		for (int tier = MON_TIER_ASK; tier < MON_TIER_COUNT; tier++)
			tally->first[__builtin_ctzll(rest)][tier] = MON_NO_RULE;
}

/* A node's entries count when the path ends there; those for its subtree also when it goes on. */
static void tally_node(struct tally *tally, const struct mon_table *table,
		       const struct mon_node *node, bool last, bool mute)
{
	const struct mon_entry *entries = part(table, table->entries);
	uint32_t end = node->entries + node->own_count + node->subtree_count;

	for (uint32_t i = node->entries + (last ? 0 : node->own_count); i < end; i++) {
		if (!mute || entries[i].tier == MON_TIER_DENY)
			tally_rule(tally, entries[i].tier, entries[i].ops, entries[i].rule);
	}
	if (last && !mute && node->lead_rule != MON_NO_RULE)
		tally_rule(tally, MON_TIER_IMPLIED_ALLOW, CD_OPBIT(CD_OP_FS_STAT), node->lead_rule);
}

static enum mon_verdict tally_verdict(const struct tally *tally, unsigned op, uint32_t *rule)
{
	static const enum mon_verdict verdicts[MON_TIER_COUNT] = {
	    [MON_TIER_DENY] = MON_DENY,	      [MON_TIER_ASK] = MON_ASK,
	    [MON_TIER_ALLOW] = MON_ALLOW,     [MON_TIER_IMPLIED_ALLOW] = MON_ALLOW,
	    [MON_TIER_IMPLIED_ASK] = MON_ASK,
	};

	for (int tier = 0; tier < MON_TIER_COUNT; tier++) {
		*rule = tally->first[op][tier];
		if (*rule != MON_NO_RULE)
			return verdicts[tier];
	}
	return MON_DENY;
}

static void tally_decide(const struct tally *tally, struct mon_decision *out)
{
	*out = (struct mon_decision){MON_ALLOW, CD_OP_COUNT, MON_NO_RULE};
	for (uint64_t rest = tally->ops; rest; rest &= rest - 1) {
		unsigned op = (unsigned)__builtin_ctzll(rest);
		uint32_t rule;
		enum mon_verdict verdict = tally_verdict(tally, op, &rule);

		if (out->op == CD_OP_COUNT || verdict < out->verdict)
			*out = (struct mon_decision){verdict, (enum cd_op)op, rule};
	}
}

/* --- walking --- */

/*
 * Where a path can be so far, and by turns where its next component leads. marked: a protected path
 * ended at the last one. mon_builder_compile() has made sure that there is room; if not, the walk
 * says so and everything is denied.
 */
struct walk {
	const struct mon_table *table;
	struct tally *tally; /* NULL: only walk */
	bool marked, overflow;
	struct front *now, *next, fronts[2];
};

static void walk_init(struct walk *walk, const struct mon_table *table, uint32_t root,
		      struct tally *tally)
{
	walk->table = table;
	walk->tally = tally;
	walk->marked = walk->overflow = false;
	walk->now = &walk->fronts[0];
	walk->next = &walk->fronts[1];
	walk->now->count = 1;
	walk->now->places[0] = (struct place){.node = root, .spelled = true};
}

/* Is there anything below where the path is? */
static bool walk_goes_on(const struct walk *walk)
{
	return walk->now->count != 0;
}

/* The path goes on from `from` to the child: tally it, and hold it if there is anything below. */
static inline void walk_enter(struct walk *walk, const struct place *from, uint32_t child,
			      bool plain, const struct component *component)
{
	struct front *next = walk->next;
	const struct mon_node *node = node_at(walk->table, child);
	struct place place = {.node = child, .spelled = from->spelled && plain};

	place.mute = from->mute || (component->secret && !place.spelled);
	walk->marked |= node->marked;
	if (walk->tally)
		tally_node(walk->tally, walk->table, node, component->last, place.mute);
	if (!node->inner)
		return;
	if (next->count == MON_WIDTH_MAX)
		walk->overflow = true;
	else
		next->places[next->count++] = place;
}

/* From where the path so far can be to where it can be after the component. */
static void walk_step(struct walk *walk, const struct component *component)
{
	const struct mon_edge *globs = part(walk->table, walk->table->globs);
	struct front *front = walk->now;

	walk->next->count = 0;
	for (unsigned i = 0; i < front->count; i++) {
		const struct place *place = &front->places[i];
		const struct mon_node *node = node_at(walk->table, place->node);
		uint32_t child = child_of(walk->table, place->node, component->name, component->len,
					  component->hash);

		if (child)
			walk_enter(walk, place, child, true, component);
		for (uint32_t g = node->globs; g < node->globs + node->glob_count; g++) {
			if (mon_glob_match(string(walk->table, globs[g].name), globs[g].len,
					   component->name, component->len))
				walk_enter(walk, place, globs[g].child, false, component);
		}
	}
	walk->now = walk->next;
	walk->next = front;
}

/* Tallies a path below a root. *below: is there anything below where it ends? False: a front
 * overflowed. */
static bool walk_path(const struct mon_table *table, uint32_t root, const char *path,
		      const struct cd_parts *parts, struct tally *tally, bool *below)
{
	struct walk rules, secrets;

	walk_init(&rules, table, root, tally);
	walk_init(&secrets, table, MON_ROOT_PROTECTED, NULL);
	if (tally)
		tally_node(tally, table, node_at(table, root), parts->count == 0, false);
	for (unsigned i = 0; i < parts->count; i++) {
		const struct cd_part *part = &parts->part[i];
		struct component component = {.name = path + part->at,
					      .len = part->len,
					      .hash = part->hash,
					      .last = i + 1 == parts->count};

		if (walk_goes_on(&secrets)) {
			secrets.marked = false;
			walk_step(&secrets, &component);
			component.secret = secrets.marked;
			if (secrets.marked && tally)
				tally_drop_grants(tally);
		}
		if (walk_goes_on(&rules))
			walk_step(&rules, &component);
		else if (!walk_goes_on(&secrets))
			break;
	}
	*below = walk_goes_on(&rules) || walk_goes_on(&secrets);
	return !rules.overflow && !secrets.overflow;
}

/* By itself, or every decision would have to find room for this on the stack. */
__attribute__((noinline)) static bool walk_undivided(const struct mon_table *table, uint32_t root,
						     const char *path, size_t len,
						     struct tally *tally, bool *below)
{
	struct cd_parts parts;

	return cd_path_divide(path, len, &parts) &&
	       walk_path(table, root, path, &parts, tally, below);
}

static bool decide_path(const struct mon_table *table, uint32_t root,
			const struct mon_object *object, struct tally *tally)
{
	bool below;

	return object->parts
		   ? walk_path(table, root, object->text, object->parts, tally, &below)
		   : walk_undivided(table, root, object->text, object->len, tally, &below);
}

/* A name is one component; it may hold any byte. */
static bool decide_name(const struct mon_table *table, uint32_t root,
			const struct mon_object *object, struct tally *tally)
{
	struct component component = {.name = object->text, .len = object->len, .last = true};
	struct walk walk;

	if (object->len == 0 || object->len > CD_PATH_MAX)
		return false;
	component.hash = cd_hash32(component.name, component.len);
	walk_init(&walk, table, root, tally);
	walk_step(&walk, &component);
	return !walk.overflow;
}

/* --- inet addresses --- */

static void key_start(struct mon_key *key, enum mon_host host, unsigned host_bits, uint16_t port,
		      unsigned port_bits)
{
	port &= (uint16_t)(0xffff0000u >> port_bits);
	key->bytes[0] = (unsigned char)host;
	key->bytes[1] = (unsigned char)host_bits;
	key->bytes[2] = (unsigned char)port_bits;
	key->bytes[3] = (unsigned char)(port >> 8);
	key->bytes[4] = (unsigned char)port;
}

void mon_key_inet(struct mon_key *key, enum mon_host host, const unsigned char *address,
		  unsigned host_bits, uint16_t port, unsigned port_bits)
{
	unsigned size = (host_bits + 7) / 8;

	key_start(key, host, host_bits, port, port_bits);
	memcpy(key->bytes + 5, address, size);
	if (host_bits % 8)
		key->bytes[5 + size - 1] &= (unsigned char)(0xff00u >> host_bits % 8);
	key->len = 5 + size;
}

void mon_key_name(struct mon_key *key, enum mon_host host, const char *name, size_t len,
		  uint16_t port, unsigned port_bits)
{
	key_start(key, host, 0, port, port_bits);
	memcpy(key->bytes + 5, name, len);
	key->len = 5 + len;
}

/* An inet object in the form that rules are filed in. */
struct inet {
	enum mon_host
	    family; /* MON_HOST_V4, MON_HOST_V6, or MON_HOST_ANY when there is no address */
	unsigned char bytes[16];
	char name[MON_HOST_MAX + 1];
	size_t name_len; /* 0: no name */
	uint16_t port;
};

struct inet_walk {
	const struct mon_table *table;
	struct tally *tally;
	uint32_t root;
	const struct mon_shape *shape;
};

static void tally_key(const struct inet_walk *walk, const struct mon_key *key)
{
	const char *bytes = (const char *)key->bytes;
	uint32_t node =
	    child_of(walk->table, walk->root, bytes, key->len, cd_hash32(bytes, key->len));

	if (node)
		tally_node(walk->tally, walk->table, node_at(walk->table, node), true, false);
}

static void tally_prefixes(const struct inet_walk *walk, const struct inet *inet,
			   unsigned port_bits)
{
	const uint64_t *lengths = inet->family == MON_HOST_V4 ? &walk->shape->v4 : walk->shape->v6;
	unsigned words = inet->family == MON_HOST_V4 ? 1 : 3;
	struct mon_key key;

	for (unsigned word = 0; word < words; word++) {
		for (uint64_t rest = lengths[word]; rest; rest &= rest - 1) {
			unsigned bits = word * 64 + (unsigned)__builtin_ctzll(rest);

			mon_key_inet(&key, inet->family, inet->bytes, bits, inet->port, port_bits);
			tally_key(walk, &key);
		}
	}
}

static void tally_names(const struct inet_walk *walk, const struct inet *inet, unsigned port_bits)
{
	const char *end = inet->name + inet->name_len;
	struct mon_key key;

	mon_key_name(&key, MON_HOST_NAME, inet->name, inet->name_len, inet->port, port_bits);
	tally_key(walk, &key);
	if (!(walk->shape->hosts & 1u << MON_HOST_DOMAIN))
		return;
	for (const char *dot = inet->name; (dot = memchr(dot, '.', (size_t)(end - dot)));) {
		dot++;
		mon_key_name(&key, MON_HOST_DOMAIN, dot, (size_t)(end - dot), inet->port,
			     port_bits);
		tally_key(walk, &key);
	}
}

/* ports: the prefix lengths to look at. */
static void tally_inet(const struct inet_walk *walk, const struct inet *inet, uint32_t ports)
{
	struct mon_key key;

	for (uint32_t rest = ports; rest; rest &= rest - 1) {
		unsigned port_bits = (unsigned)__builtin_ctz(rest);

		if (walk->shape->hosts & 1u << MON_HOST_ANY) {
			mon_key_name(&key, MON_HOST_ANY, "", 0, inet->port, port_bits);
			tally_key(walk, &key);
		}
		if (inet->family != MON_HOST_ANY)
			tally_prefixes(walk, inet, port_bits);
		if (inet->name_len)
			tally_names(walk, inet, port_bits);
	}
}

static bool inet_init(struct inet *inet, const struct mon_object *object)
{
	inet->family = MON_HOST_ANY;
	inet->name_len = 0;
	inet->port = object->port;
	memcpy(inet->bytes, object->address, sizeof(inet->bytes));
	if (object->family == 4)
		inet->family = MON_HOST_V4;
	else if (object->family == 6)
		inet->family = mon_v4_unmap(inet->bytes) ? MON_HOST_V4 : MON_HOST_V6;
	else if (object->family != 0)
		return false;
	if (object->text && !mon_host_fold(object->text, object->len, inet->name, &inet->name_len))
		return false;
	return inet->family != MON_HOST_ANY || inet->name_len;
}

static bool decide_inet(const struct mon_table *table, const struct mon_object *object,
			bool some_port, struct tally *tally)
{
	const uint32_t roots[] = {MON_ROOT_INET,
				  object->proto == MON_UDP ? MON_ROOT_UDP : MON_ROOT_TCP};
	struct inet inet;

	if (!inet_init(&inet, object))
		return false;
	if (some_port)
		inet.port = 0;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		const struct inet_walk walk = {table, tally, roots[i],
					       &table->shapes[roots[i] - MON_ROOT_INET]};

		tally_inet(&walk, &inet, some_port ? 1u << MON_PORT_SOME : walk.shape->ports);
	}
	return true;
}

static bool decide_address(const struct mon_table *table, const struct mon_object *object,
			   struct tally *tally)
{
	if (object->proto != MON_UNIX)
		return decide_inet(table, object, false, tally);
	if (!object->text || !object->len)
		return false;
	if (object->text[0] == '@')
		return decide_name(table, MON_ROOT_ABSTRACT, object, tally);
	return decide_path(table, MON_ROOT_UNIX, object, tally);
}

/* --- the interface --- */

static bool decide_object(const struct mon_table *table, const struct mon_object *object,
			  struct tally *tally)
{
	switch (object->kind) {
	case CD_OBJECT_PATH: return decide_path(table, MON_ROOT_PATH, object, tally);
	case CD_OBJECT_NAME: return decide_name(table, MON_ROOT_NAME, object, tally);
	case CD_OBJECT_ADDRESS: return decide_address(table, object, tally);
	case CD_OBJECT_NONE: break;
	}
	return false;
}

/*
 * Operations that are not for the object's kind have no entries below its root, so they come out
 * denied without a test of their own.
 */
void mon_decide(const struct mon_table *table, uint64_t ops, const struct mon_object *object,
		struct mon_decision *out)
{
	struct tally tally;

	if (ops & ~CD_OPS_ALL) {
		*out = (struct mon_decision){MON_DENY, CD_OP_COUNT, MON_NO_RULE};
		return;
	}
	tally_init(&tally, ops);
	if (!decide_object(table, object, &tally))
		tally_init(&tally, ops);
	tally_decide(&tally, out);
}

/* Those of the tally's operations that are allowed; *asked: those to be asked about. */
static uint64_t tally_each(const struct tally *tally, uint64_t *asked)
{
	uint64_t by_verdict[MON_ALLOW + 1] = {0};
	uint32_t rule;

	for (uint64_t rest = tally->ops; rest; rest &= rest - 1)
		by_verdict[tally_verdict(tally, (unsigned)__builtin_ctzll(rest), &rule)] |=
		    rest & -rest;
	*asked = by_verdict[MON_ASK];
	return by_verdict[MON_ALLOW];
}

uint64_t mon_decide_each(const struct mon_table *table, uint64_t ops,
			 const struct mon_object *object, uint64_t *asked)
{
	struct tally tally;

	*asked = 0;
	if (ops & ~CD_OPS_ALL)
		return 0;
	tally_init(&tally, ops);
	return decide_object(table, object, &tally) ? tally_each(&tally, asked) : 0;
}

uint64_t mon_decide_host(const struct mon_table *table, uint64_t ops,
			 const struct mon_object *object, uint64_t *asked)
{
	struct tally tally;

	*asked = 0;
	if (ops & ~CD_OPS_ALL || object->kind != CD_OBJECT_ADDRESS || object->proto == MON_UNIX)
		return 0;
	tally_init(&tally, ops);
	return decide_inet(table, object, true, &tally) ? tally_each(&tally, asked) : 0;
}

uint64_t mon_denied_host(const struct mon_table *table, uint64_t ops,
			 const struct mon_object *object)
{
	struct tally tally;
	uint64_t denied = 0;
	uint32_t rule;

	if (ops & ~CD_OPS_ALL || object->kind != CD_OBJECT_ADDRESS || object->proto == MON_UNIX)
		return 0;
	tally_init(&tally, ops);
	if (!decide_inet(table, object, true, &tally))
		return 0;
	for (uint64_t rest = ops; rest; rest &= rest - 1)
		if (tally_verdict(&tally, (unsigned)__builtin_ctzll(rest), &rule) == MON_DENY &&
		    rule != MON_NO_RULE)
			denied |= rest & -rest;
	return denied;
}

static bool rules_below(const struct mon_table *table, uint32_t root, const char *path, size_t len)
{
	bool below;

	if (!walk_undivided(table, root, path, len, NULL, &below))
		return true;
	/* Only nodes with something below them are held. */
	if (len == 1)
		return node_at(table, root)->inner || node_at(table, MON_ROOT_PROTECTED)->inner;
	return below;
}

bool mon_rules_below(const struct mon_table *table, const char *path, size_t len)
{
	return rules_below(table, MON_ROOT_PATH, path, len);
}

bool mon_socket_rules_below(const struct mon_table *table, const char *path, size_t len)
{
	return rules_below(table, MON_ROOT_UNIX, path, len);
}

uint32_t mon_table_count(const struct mon_table *table)
{
	return table->rule_count;
}

void mon_table_rule(const struct mon_table *table, uint32_t index, struct mon_rule *out)
{
	const struct mon_flat_rule *rule =
	    (const struct mon_flat_rule *)part(table, table->rules) + index;

	*out = (struct mon_rule){
	    .verdict = rule->verdict,
	    .ops = rule->ops,
	    .pattern = string(table, rule->pattern),
	    .source = string(table, rule->source),
	    .pointer = string(table, rule->pointer),
	};
}

uint32_t mon_table_protected_count(const struct mon_table *table)
{
	return table->secret_count;
}

const char *mon_table_protected(const struct mon_table *table, uint32_t index)
{
	return string(table, ((const uint32_t *)part(table, table->secrets))[index]);
}

size_t mon_table_size(const struct mon_table *table)
{
	return table->size;
}

void mon_table_free(struct mon_table *table)
{
	free(table);
}
