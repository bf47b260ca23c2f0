/*
 * From a builder's rules to a flat table.
 *
 * The trie is grown in arrays that can move (struct trie), measured, and then copied into one block
 * in which nothing moves any more. Rules are taken in the order in which they were added, and an
 * entry is kept only for operations that its node does not already have in the same tier: so a
 * node's entries are few, however many rules name it, and each carries the first rule.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "refmon/builder.h"
#include "refmon/layout.h"

#define NONE UINT32_MAX

static const uint64_t ops_with_stat =
    CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_EXEC);

struct grown_entry {
	struct mon_entry entry;
	bool subtree;
	uint32_t next;
};

struct grown_node {
	uint32_t parent, entries; /* entries: head of a list, NONE when empty */
	uint32_t lead_rule;
	uint32_t glob_count;
	uint32_t plain_width, glob_width; /* see check_width() */
	bool by_glob, inner, marked;
};

struct grown_edge {
	struct mon_edge edge;
	bool glob;
};

/* Where a trie's arrays begin: what most policies need, on the stack. */
#define FIRST 128

struct room {
	struct grown_node nodes[FIRST];
	struct grown_edge edges[FIRST];
	struct grown_entry entries[2 * FIRST];
	uint32_t index[2 * FIRST];
	char text[MON_FIRST_TEXT];
};

/* index: hash table of numbers of edges, NONE where free, index_size a power of two. */
struct trie {
	struct room *room;
	struct grown_node *nodes;
	struct grown_edge *edges;
	struct grown_entry *entries;
	uint32_t *index;
	char *text;
	size_t node_count, node_capacity, edge_count, edge_capacity, entry_count, entry_capacity;
	size_t index_size, text_len, text_capacity;
	struct mon_shape shapes[MON_INET_ROOTS];
};

static void trie_release(struct trie *trie)
{
	struct room *room = trie->room;

	free(trie->nodes != room->nodes ? trie->nodes : NULL);
	free(trie->edges != room->edges ? trie->edges : NULL);
	free(trie->entries != room->entries ? trie->entries : NULL);
	free(trie->index != room->index ? trie->index : NULL);
	free(trie->text != room->text ? trie->text : NULL);
}

static enum cd_status trie_add_node(struct trie *trie, struct grown_node node, uint32_t *number)
{
	struct grown_node *grown;

	if (trie->node_count >= NONE)
		return CD_ELIMIT;
	grown = cd_vec_grow_first(trie->room->nodes, trie->nodes, &trie->node_capacity,
				  trie->node_count + 1, sizeof(*grown));
	if (!grown)
		return CD_ENOMEM;
	trie->nodes = grown;
	grown[trie->node_count] = node;
	*number = (uint32_t)trie->node_count++;
	return CD_OK;
}

/* The table holds glob edges too while it grows; a glob's hash is inverted to keep "*" from meeting
 * a file of that name. */
static enum cd_status index_resize(struct trie *trie, size_t size)
{
	uint32_t *index = malloc(size * sizeof(*index));

	if (!index)
		return CD_ENOMEM;
	memset(index, 0xff, size * sizeof(*index));
	for (size_t i = 0; i < trie->edge_count; i++) {
		size_t slot = trie->edges[i].edge.hash & (size - 1);

		while (index[slot] != NONE)
			slot = (slot + 1) & (size - 1);
		index[slot] = (uint32_t)i;
	}
	if (trie->index != trie->room->index)
		free(trie->index);
	trie->index = index;
	trie->index_size = size;
	return CD_OK;
}

static enum cd_status trie_init(struct trie *trie, struct room *room,
				const struct mon_builder *builder)
{
	const struct grown_node root = {.parent = NONE, .entries = NONE, .lead_rule = MON_NO_RULE};
	enum cd_status status = CD_OK;
	uint32_t number;
	char *text;

	*trie = (struct trie){.room = room,
			      .nodes = room->nodes,
			      .edges = room->edges,
			      .entries = room->entries,
			      .index = room->index,
			      .text = room->text,
			      .node_capacity = FIRST,
			      .edge_capacity = FIRST,
			      .entry_capacity = 2 * FIRST,
			      .index_size = 2 * FIRST,
			      .text_capacity = MON_FIRST_TEXT};
	memset(room->index, 0xff, sizeof(room->index));
	text = cd_vec_grow_first(room->text, trie->text, &trie->text_capacity,
				 builder->text_len + 1, 1);
	if (!text)
		return CD_ENOMEM;
	trie->text = text;
	trie->text_len = builder->text_len;
	if (builder->text_len)
		memcpy(trie->text, builder->text, builder->text_len);
	for (int i = 0; i < MON_ROOT_COUNT && !status; i++)
		status = trie_add_node(trie, root, &number);
	return status;
}

/* The place in the index of the edge, or of the free slot where it would be. */
static size_t trie_slot(const struct trie *trie, const struct mon_edge *edge, const char *name,
			bool glob)
{
	size_t slot = edge->hash & (trie->index_size - 1);

	for (;; slot = (slot + 1) & (trie->index_size - 1)) {
		const struct grown_edge *other;

		if (trie->index[slot] == NONE)
			return slot;
		other = &trie->edges[trie->index[slot]];
		if (other->edge.hash == edge->hash && other->edge.parent == edge->parent &&
		    other->glob == glob && other->edge.len == edge->len &&
		    memcmp(trie->text + other->edge.name, name, edge->len) == 0)
			return slot;
	}
}

static enum cd_status trie_link(struct trie *trie, const struct grown_edge *edge, size_t slot)
{
	struct grown_edge *grown =
	    cd_vec_grow_first(trie->room->edges, trie->edges, &trie->edge_capacity,
			      trie->edge_count + 1, sizeof(*grown));

	if (!grown)
		return CD_ENOMEM;
	trie->edges = grown;
	trie->index[slot] = (uint32_t)trie->edge_count;
	grown[trie->edge_count++] = *edge;
	trie->nodes[edge->edge.parent].inner = true;
	trie->nodes[edge->edge.parent].glob_count += edge->glob;
	return trie->edge_count * 2 > trie->index_size ? index_resize(trie, trie->index_size * 2)
						       : CD_OK;
}

/* The child over the component at text[name, name + len), made where there is none. */
static enum cd_status trie_child(struct trie *trie, uint32_t parent, size_t name, size_t len,
				 bool glob, uint32_t *child)
{
	const char *bytes = trie->text + name;
	uint32_t hash = mon_hash_edge(parent, cd_hash32(bytes, len));
	struct grown_edge edge = {{glob ? ~hash : hash, parent, 0, (uint32_t)name, (uint32_t)len},
				  glob};
	size_t slot = trie_slot(trie, &edge.edge, bytes, glob);
	enum cd_status status;

	if (trie->index[slot] != NONE) {
		*child = trie->edges[trie->index[slot]].edge.child;
		return CD_OK;
	}
	status = trie_add_node(
	    trie,
	    (struct grown_node){
		.parent = parent, .entries = NONE, .lead_rule = MON_NO_RULE, .by_glob = glob},
	    &edge.edge.child);
	if (status)
		return status;
	*child = edge.edge.child;
	return trie_link(trie, &edge, slot);
}

/* Adds to a node what it does not have yet: the operations that an earlier rule of the tier took
 * are left out. */
static enum cd_status node_add_entry(struct trie *trie, uint32_t node, struct mon_entry entry,
				     bool subtree)
{
	struct grown_entry *grown;

	for (uint32_t i = trie->nodes[node].entries; i != NONE; i = trie->entries[i].next) {
		const struct grown_entry *other = &trie->entries[i];

		if (other->entry.tier == entry.tier && (other->subtree || !subtree))
			entry.ops &= ~other->entry.ops;
	}
	if (!entry.ops)
		return CD_OK;
	if (trie->entry_count >= NONE)
		return CD_ELIMIT;
	grown = cd_vec_grow_first(trie->room->entries, trie->entries, &trie->entry_capacity,
				  trie->entry_count + 1, sizeof(*grown));
	if (!grown)
		return CD_ENOMEM;
	trie->entries = grown;
	grown[trie->entry_count] = (struct grown_entry){entry, subtree, trie->nodes[node].entries};
	trie->nodes[node].entries = (uint32_t)trie->entry_count++;
	return CD_OK;
}

/* Directories on the way to what a rule grants may be looked up; the first such rule is remembered.
 */
static void lead_to(struct trie *trie, uint32_t node, uint32_t rule)
{
	for (node = trie->nodes[node].parent; node != NONE; node = trie->nodes[node].parent) {
		if (trie->nodes[node].lead_rule != MON_NO_RULE)
			return; /* and then so have all above */
		trie->nodes[node].lead_rule = rule;
	}
}

static enum cd_status trie_insert_path(struct trie *trie, uint32_t root, size_t text, size_t len,
				       uint32_t *node)
{
	enum cd_status status = CD_OK;
	size_t at = 0;

	*node = root;
	while (at + 1 < len && !status) {
		const char *name, *cursor = trie->text + text + at;
		size_t size;

		mon_path_next(&cursor, trie->text + text + len, &name, &size);
		at = (size_t)(cursor - trie->text) - text;
		status = trie_child(trie, *node, (size_t)(name - trie->text), size,
				    mon_is_glob(name, size), node);
	}
	return status;
}

static enum mon_tier tier_of(enum mon_verdict verdict)
{
	static const enum mon_tier tiers[] = {
	    [MON_DENY] = MON_TIER_DENY, [MON_ASK] = MON_TIER_ASK, [MON_ALLOW] = MON_TIER_ALLOW};

	return tiers[verdict];
}

static enum cd_status insert_path(struct trie *trie, uint32_t root, uint64_t ops,
				  const struct mon_added *rule, uint32_t number, size_t text,
				  size_t len)
{
	bool subtree = mon_path_cut_subtree(trie->text + text, &len);
	struct mon_entry entry = {ops, number, tier_of(rule->verdict)};
	enum cd_status status;
	uint32_t node;

	status = trie_insert_path(trie, root, text, len, &node);
	if (!status)
		status = node_add_entry(trie, node, entry, subtree);
	if (status || !(ops & ops_with_stat) || rule->verdict == MON_DENY)
		return status;
	lead_to(trie, node, number);
	entry.ops = CD_OPBIT(CD_OP_FS_STAT);
	entry.tier = rule->verdict == MON_ALLOW ? MON_TIER_IMPLIED_ALLOW : MON_TIER_IMPLIED_ASK;
	return node_add_entry(trie, node, entry, subtree);
}

static enum cd_status insert_name(struct trie *trie, uint32_t root, uint64_t ops,
				  const struct mon_added *rule, uint32_t number, size_t text,
				  size_t len)
{
	enum cd_status status;
	uint32_t node;

	status = trie_child(trie, root, text, len, mon_is_glob(trie->text + text, len), &node);
	if (status)
		return status;
	return node_add_entry(trie, node, (struct mon_entry){ops, number, tier_of(rule->verdict)},
			      false);
}

static enum cd_status insert_key(struct trie *trie, uint32_t root, const struct mon_key *key,
				 struct mon_entry entry)
{
	char *grown = cd_vec_grow_first(trie->room->text, trie->text, &trie->text_capacity,
					trie->text_len + key->len, 1);
	size_t nodes = trie->node_count;
	enum cd_status status;
	uint32_t node;

	if (!grown)
		return CD_ENOMEM;
	if (trie->text_len + key->len > UINT32_MAX)
		return CD_ELIMIT;
	trie->text = grown;
	memcpy(grown + trie->text_len, key->bytes, key->len);
	status = trie_child(trie, root, trie->text_len, key->len, false, &node);
	if (status)
		return status;
	if (trie->node_count > nodes)
		trie->text_len += key->len;
	return node_add_entry(trie, node, entry, false);
}

static void shape_note(struct mon_shape *shape, const struct mon_address *address,
		       unsigned port_bits)
{
	shape->ports |= 1u << port_bits;
	shape->hosts |= 1u << address->host;
	if (address->host == MON_HOST_V4)
		shape->v4 |= UINT64_C(1) << address->prefix;
	if (address->host == MON_HOST_V6)
		shape->v6[address->prefix / 64] |= UINT64_C(1) << address->prefix % 64;
}

/* What the address says of one aligned block of ports. */
static enum cd_status insert_block(struct trie *trie, uint32_t root,
				   const struct mon_address *address, uint16_t port, unsigned bits,
				   struct mon_entry entry)
{
	struct mon_key key;

	if (address->host == MON_HOST_V4 || address->host == MON_HOST_V6)
		mon_key_inet(&key, address->host, address->bytes, address->prefix, port, bits);
	else
		mon_key_name(&key, address->host, address->name, address->name_len, port, bits);
	return insert_key(trie, root, &key, entry);
}

/* A range of ports is cut into aligned blocks, as a range of addresses is into prefixes: at
 * most 30. Port 0 is nobody's. */
static enum cd_status insert_inet(struct trie *trie, const struct mon_address *address,
				  struct mon_entry entry)
{
	uint32_t root = address->tcp && address->udp ? MON_ROOT_INET
			: address->tcp		     ? MON_ROOT_TCP
						     : MON_ROOT_UDP;
	uint32_t low = address->port_low, end = address->port_high + 1u;
	enum cd_status status = CD_OK;

	if (entry.tier != MON_TIER_DENY || (low <= 1 && end > UINT16_MAX))
		status = insert_block(trie, root, address, 0, MON_PORT_SOME, entry);
	while (low < end && !status) {
		unsigned bits = 16;

		while (bits > 0 && (low & (1u << (16 - bits))) == 0 &&
		       low + (2u << (16 - bits)) <= end)
			bits--;
		shape_note(&trie->shapes[root - MON_ROOT_INET], address, bits);
		status = insert_block(trie, root, address, (uint16_t)low, bits, entry);
		low += 1u << (16 - bits);
	}
	return status;
}

/* RFC 6761, 6.3: the name "localhost" is the loopback addresses, whoever looks it up. */
static enum cd_status insert_loopback(struct trie *trie, struct mon_address address,
				      struct mon_entry entry)
{
	enum cd_status status;

	address.host = MON_HOST_V4;
	address.prefix = 32;
	memcpy(address.bytes, (unsigned char[16]){127, 0, 0, 1}, 16);
	status = insert_inet(trie, &address, entry);
	if (status)
		return status;
	address.host = MON_HOST_V6;
	address.prefix = 128;
	memcpy(address.bytes, (unsigned char[16]){[15] = 1}, 16);
	return insert_inet(trie, &address, entry);
}

static enum cd_status insert_address(struct trie *trie, uint64_t ops, const struct mon_added *rule,
				     uint32_t number, size_t text, size_t len)
{
	struct mon_entry entry = {ops, number, tier_of(rule->verdict)};
	struct mon_address address;
	enum cd_status status;
	size_t at;

	if (mon_address_parse(trie->text + text, len, &address))
		return CD_OK; /* valid for another kind of the rule's operations */
	at = text + len - address.text_len;
	if (address.host == MON_HOST_UNIX)
		return insert_path(trie, MON_ROOT_UNIX, ops, rule, number, at, address.text_len);
	if (address.host == MON_HOST_ABSTRACT)
		return insert_name(trie, MON_ROOT_ABSTRACT, ops, rule, number, at,
				   address.text_len);
	status = insert_inet(trie, &address, entry);
	if (!status && address.host == MON_HOST_NAME && strcmp(address.name, "localhost") == 0)
		status = insert_loopback(trie, address, entry);
	return status;
}

static enum cd_status insert_rule(struct trie *trie, const struct mon_added *rule, uint32_t number)
{
	uint64_t ops[CD_OBJECT_NAME + 1] = {0};
	size_t text = rule->pattern, len = strlen(trie->text + text);
	enum cd_status status = CD_OK;
	bool paths_only;

	for (uint64_t rest = rule->ops; rest; rest &= rest - 1)
		ops[cd_op_table[__builtin_ctzll(rest)].kind] |= rest & -rest;
	/* The builder took the pattern because it is valid for one kind at least. */
	paths_only = ops[CD_OBJECT_PATH] == rule->ops;
	if (ops[CD_OBJECT_PATH] && (paths_only || !mon_path_flaw(trie->text + text, len)))
		status =
		    insert_path(trie, MON_ROOT_PATH, ops[CD_OBJECT_PATH], rule, number, text, len);
	if (!status && ops[CD_OBJECT_ADDRESS])
		status = insert_address(trie, ops[CD_OBJECT_ADDRESS], rule, number, text, len);
	if (!status && ops[CD_OBJECT_NAME] && !mon_name_flaw(trie->text + text, len))
		status =
		    insert_name(trie, MON_ROOT_NAME, ops[CD_OBJECT_NAME], rule, number, text, len);
	return status;
}

static enum cd_status insert_secret(struct trie *trie, size_t text)
{
	size_t len = strlen(trie->text + text);
	enum cd_status status;
	uint32_t node;

	mon_path_cut_subtree(trie->text + text, &len);
	status = trie_insert_path(trie, MON_ROOT_PROTECTED, text, len, &node);
	if (!status)
		trie->nodes[node].marked = true;
	return status;
}

/*
 * How many nodes can a walk hold at one time? A node hands on to one of its plain children and to
 * all of its globs, so at most the largest of the one kind and the sum of the other. Only nodes
 * with edges are held. Children are numbered after their parents, so one pass backwards sees every
 * child first.
 */
static enum cd_status check_width(struct trie *trie)
{
	for (size_t i = trie->node_count; i-- > 0;) {
		struct grown_node *node = &trie->nodes[i], *parent;
		uint32_t width = node->plain_width + node->glob_width;

		if (node->inner && width == 0)
			width = 1;
		if (width > MON_WIDTH_MAX)
			return CD_ELIMIT;
		if (node->parent == NONE)
			continue;
		parent = &trie->nodes[node->parent];
		if (node->by_glob)
			parent->glob_width += width;
		else if (width > parent->plain_width)
			parent->plain_width = width;
	}
	return CD_OK;
}

static size_t place(size_t *size, size_t count, size_t item)
{
	size_t offset = (*size + 7) & ~(size_t)7;

	*size = offset + count * item;
	return offset;
}

static size_t slots_for(size_t edges)
{
	size_t size = 8;

	while (size < edges * 2)
		size *= 2;
	return size;
}

static struct mon_table *table_alloc(const struct trie *trie, const struct mon_builder *builder)
{
	size_t globs = 0, size = sizeof(struct mon_table), slots;
	struct mon_table at = {0}, *table;

	for (size_t i = 0; i < trie->node_count; i++)
		globs += trie->nodes[i].glob_count;
	slots = slots_for(trie->edge_count - globs);
	at.nodes = place(&size, trie->node_count, sizeof(struct mon_node));
	at.edges = place(&size, slots, sizeof(struct mon_edge));
	at.globs = place(&size, globs, sizeof(struct mon_edge));
	at.entries = place(&size, trie->entry_count, sizeof(struct mon_entry));
	at.rules = place(&size, builder->rule_count, sizeof(struct mon_flat_rule));
	at.secrets = place(&size, builder->secret_count, sizeof(uint32_t));
	at.strings = place(&size, trie->text_len + 1, 1);
	at.size = size;
	at.rule_count = (uint32_t)builder->rule_count;
	at.secret_count = (uint32_t)builder->secret_count;
	at.edge_mask = (uint32_t)(slots - 1);
	memcpy(at.shapes, trie->shapes, sizeof(at.shapes));
	table = calloc(1, size);
	if (table)
		*table = at;
	return table;
}

static void *part(struct mon_table *table, size_t offset)
{
	return (char *)table + offset;
}

static void fill_entries(struct mon_table *table, const struct trie *trie)
{
	struct mon_node *nodes = part(table, table->nodes);
	struct mon_entry *entries = part(table, table->entries);
	uint32_t at = 0;

	for (size_t i = 0; i < trie->node_count; i++) {
		nodes[i].entries = at;
		for (int subtree = 0; subtree < 2; subtree++) {
			for (uint32_t e = trie->nodes[i].entries; e != NONE;
			     e = trie->entries[e].next) {
				if (trie->entries[e].subtree == subtree)
					entries[at++] = trie->entries[e].entry;
			}
			if (!subtree)
				nodes[i].own_count = (uint8_t)(at - nodes[i].entries);
		}
		nodes[i].subtree_count = (uint8_t)(at - nodes[i].entries - nodes[i].own_count);
	}
}

static void fill_nodes(struct mon_table *table, const struct trie *trie)
{
	struct mon_node *nodes = part(table, table->nodes);
	uint32_t globs = 0;

	for (size_t i = 0; i < trie->node_count; i++) {
		nodes[i].lead_rule = trie->nodes[i].lead_rule;
		nodes[i].inner = trie->nodes[i].inner;
		nodes[i].marked = trie->nodes[i].marked;
		nodes[i].globs = globs;
		globs += trie->nodes[i].glob_count;
	}
}

static void fill_edges(struct mon_table *table, const struct trie *trie)
{
	struct mon_node *nodes = part(table, table->nodes);
	struct mon_edge *edges = part(table, table->edges), *globs = part(table, table->globs);

	for (size_t i = 0; i < trie->edge_count; i++) {
		const struct mon_edge *edge = &trie->edges[i].edge;
		struct mon_node *parent = &nodes[edge->parent];
		uint32_t slot = edge->hash & table->edge_mask;

		if (trie->edges[i].glob) {
			globs[parent->globs + parent->glob_count++] = *edge;
			continue;
		}
		while (edges[slot].child)
			slot = (slot + 1) & table->edge_mask;
		edges[slot] = *edge;
	}
}

static void fill_rules(struct mon_table *table, const struct trie *trie,
		       const struct mon_builder *builder)
{
	struct mon_flat_rule *rules = part(table, table->rules);

	for (size_t i = 0; i < builder->rule_count; i++) {
		const struct mon_added *rule = &builder->rules[i];

		rules[i] = (struct mon_flat_rule){rule->ops, rule->verdict, rule->pattern,
						  rule->source, rule->pointer};
	}
	if (builder->secret_count)
		memcpy(part(table, table->secrets), builder->secrets,
		       builder->secret_count * sizeof(*builder->secrets));
	memcpy(part(table, table->strings), trie->text, trie->text_len);
}

enum cd_status mon_builder_compile(const struct mon_builder *builder, struct mon_table **out)
{
	struct mon_table *table;
	struct room room;
	struct trie trie;
	enum cd_status status = trie_init(&trie, &room, builder);

	for (size_t i = 0; i < builder->rule_count && !status; i++)
		status = insert_rule(&trie, &builder->rules[i], (uint32_t)i);
	for (size_t i = 0; i < builder->secret_count && !status; i++)
		status = insert_secret(&trie, builder->secrets[i]);
	if (!status)
		status = check_width(&trie);
	if (status)
		goto out;
	table = table_alloc(&trie, builder);
	if (!table) {
		status = CD_ENOMEM;
		goto out;
	}
	fill_entries(table, &trie);
	fill_nodes(table, &trie);
	fill_edges(table, &trie);
	fill_rules(table, &trie, builder);
	*out = table;
out:
	trie_release(&trie);
	return status;
}
