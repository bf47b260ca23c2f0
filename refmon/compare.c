/* What one table grants and another does not: every class is decided by both. */
#include "refmon/compare.h"

#include <arpa/inet.h>
#include <string.h>

#include "refmon/names.h"

static const uint64_t net_ops =
    CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_LISTEN) | CD_OPBIT(CD_OP_NET_SEND);

struct comparing {
	const struct mon_comparison *in;
	uint64_t ops; /* of the kind at hand */
	bool stopped;
};

void mon_object_text(const struct cd_object *object, struct cd_buf *out)
{
	char address[INET6_ADDRSTRLEN];

	if (object->kind != CD_OBJECT_ADDRESS) {
		cd_buf_add(out, object->text, object->len);
		return;
	}
	if (object->proto == CD_UNIX) {
		cd_buf_str(out, "unix:");
		cd_buf_add(out, object->text, object->len);
		return;
	}
	cd_buf_str(out, object->proto == CD_UDP ? "udp://" : "tcp://");
	if (object->text)
		cd_buf_add(out, object->text, object->len);
	if (object->text && object->family)
		cd_buf_str(out, " = ");
	if (object->family)
		cd_buf_fmt(out, object->family == 6 ? "[%s]" : "%s",
			   inet_ntop(object->family == 6 ? AF_INET6 : AF_INET, object->address,
				     address, sizeof(address)));
	cd_buf_fmt(out, ":%u", object->port);
}

static bool say(struct comparing *c, const struct mon_difference *difference)
{
	c->stopped |= !c->in->visit(c->in->context, difference);
	return !c->stopped;
}

static enum cd_verdict verdict_in(enum cd_op op, uint64_t allowed, uint64_t asked)
{
	return allowed & CD_OPBIT(op) ? CD_ALLOW : asked & CD_OPBIT(op) ? CD_ASK : CD_DENY;
}

static bool is_same_place(const struct comparing *c, enum cd_op op, const struct cd_object *object)
{
	return !c->in->same_place || object->kind != CD_OBJECT_PATH ||
	       c->in->same_place(c->in->context, op, object->text);
}

/* Decides the class of the object by both tables, for each operation of its kind. */
static bool compare_object(void *context, const struct cd_object *object)
{
	struct comparing *c = context;
	uint64_t asked[2], allowed[2];

	allowed[0] = mon_decide_each(c->in->first, c->ops, object, &asked[0]);
	allowed[1] = mon_decide_each(c->in->second, c->ops, object, &asked[1]);
	for (uint64_t rest = allowed[0] | asked[0]; rest; rest &= rest - 1) {
		struct mon_difference difference = {.op = (enum cd_op)__builtin_ctzll(rest),
						    .object = object};
		enum cd_op op = difference.op;

		if (verdict_in(op, allowed[0], asked[0]) > verdict_in(op, allowed[1], asked[1]))
			difference.kind = MON_BY_VERDICT;
		else if (!is_same_place(c, op, object))
			difference.kind = MON_BY_PLACE;
		else
			continue;
		mon_decide(c->in->first, CD_OPBIT(op), object, &difference.first);
		mon_decide(c->in->second, CD_OPBIT(op), object, &difference.second);
		if (!say(c, &difference))
			return false;
	}
	return true;
}

/* --- each kind of objects --- */

static enum cd_status add_both(struct mon_patterns *patterns, const struct mon_comparison *in,
			       uint64_t ops)
{
	enum cd_status status = mon_patterns_add_rules(patterns, in->first, ops);

	return status ? status : mon_patterns_add_rules(patterns, in->second, ops);
}

static enum cd_status add_protected(struct mon_patterns *patterns, const struct mon_table *table)
{
	enum cd_status status = CD_OK;

	for (uint32_t i = 0; i < mon_table_protected_count(table) && !status; i++)
		status = mon_patterns_add(patterns, mon_table_protected(table, i));
	return status;
}

static enum cd_status compare_paths(struct comparing *c, bool of_sockets)
{
	struct mon_patterns patterns = {0}, protected = {0};
	enum cd_status status;

	c->ops = of_sockets ? net_ops : cd_ops_named("fs.*", 4);
	status = add_both(&patterns, c->in, c->ops);
	if (!status)
		status = add_protected(&protected, c->in->first);
	if (!status)
		status = add_protected(&protected, c->in->second);
	/* Where what is shown changes, it does for all below, as with what is protected. */
	for (size_t i = 0; !status && c->in->places && i < c->in->places->count; i++)
		status = mon_patterns_add(&protected, c->in->places->texts[i]);
	if (!status)
		status = mon_classes_paths(&patterns, &protected, of_sockets, compare_object, c);
	mon_patterns_release(&patterns);
	mon_patterns_release(&protected);
	return status;
}

static enum cd_status compare_names(struct comparing *c, enum cd_op op)
{
	struct mon_patterns patterns = {0};
	enum cd_status status = add_both(&patterns, c->in, CD_OPBIT(op));

	c->ops = CD_OPBIT(op);
	if (!status)
		status = mon_classes_names(&patterns, op, compare_object, c);
	mon_patterns_release(&patterns);
	return status;
}

static enum cd_status compare_abstract(struct comparing *c)
{
	struct mon_patterns patterns = {0};
	enum cd_status status = add_both(&patterns, c->in, net_ops);

	c->ops = net_ops;
	if (!status)
		status = mon_classes_abstract(&patterns, compare_object, c);
	mon_patterns_release(&patterns);
	return status;
}

/* --- internet addresses --- */

/*
 * What rules say of a host, from the strongest on. What they say of an address with a name is the
 * stronger of what they say of both.
 */
enum { BY_DENY, BY_ASK, BY_ALLOW, BY_NONE, WAYS };

static enum cd_verdict verdict_of(int way)
{
	return way == BY_ALLOW ? CD_ALLOW : way == BY_ASK ? CD_ASK : CD_DENY;
}

static int way_of(const struct mon_table *table, enum cd_op op, const struct cd_object *object)
{
	struct cd_decision decision;

	mon_decide(table, CD_OPBIT(op), object, &decision);
	if (decision.verdict == CD_DENY)
		return decision.rule == CD_NO_RULE ? BY_NONE : BY_DENY;
	return decision.verdict == CD_ASK ? BY_ASK : BY_ALLOW;
}

/* The first host of which the tables say this and that; [0][0][0] are names, [1] addresses. */
struct ways {
	const struct cd_object *host[2][WAYS][WAYS];
};

static int stronger(int a, int b)
{
	return a < b ? a : b;
}

static bool say_inet(struct comparing *c, struct mon_difference difference,
		     struct cd_object *object)
{
	mon_decide(c->in->first, CD_OPBIT(difference.op), object, &difference.first);
	mon_decide(c->in->second, CD_OPBIT(difference.op), object, &difference.second);
	difference.object = object;
	return say(c, &difference);
}

static struct cd_object with_name(const struct cd_object *address, const struct cd_object *name)
{
	struct cd_object object = *address;

	object.text = name->text;
	object.len = name->len;
	return object;
}

static bool compare_ways(struct comparing *c, enum cd_op op, const struct cd_object *like,
			 const struct ways *ways);

/* One operation on one port by one protocol: each host alone first. like: has port and protocol. */
static bool compare_port(struct comparing *c, enum cd_op op, const struct mon_inet_classes *classes,
			 const struct cd_object *like)
{
	struct ways ways = {0};

	for (size_t i = 0; i < classes->host_count; i++) {
		struct cd_object host = classes->hosts[i];
		int a, b;

		host.proto = like->proto;
		host.port = like->port;
		a = way_of(c->in->first, op, &host);
		b = way_of(c->in->second, op, &host);
		if (!ways.host[i >= classes->named][a][b])
			ways.host[i >= classes->named][a][b] = &classes->hosts[i];
		if (verdict_of(a) > verdict_of(b) &&
		    !say_inet(c, (struct mon_difference){.op = op}, &host))
			return false;
	}
	return compare_ways(c, op, like, &ways);
}

/*
 * Addresses by a name, where neither alone is a difference. An address may be known by several
 * names: then a denial of one holds, else the best that any comes to (mon_decide_named()). So what
 * the second table denies by a rule, and the first by none, is a difference for an address that the
 * first grants by another name.
 */
static bool compare_named(struct comparing *c, enum cd_op op, const struct cd_object *like,
			  const struct ways *ways, int a, int b)
{
	const struct cd_object *address = ways->host[1][a][b], *granted = NULL, *denied = NULL;
	struct cd_object object;

	for (int an = 0; an < WAYS; an++) {
		for (int bn = 0; bn < WAYS; bn++) {
			const struct cd_object *name = ways->host[0][an][bn];
			int first = stronger(a, an), second = stronger(b, bn);

			if (!name)
				continue;
			if (verdict_of(first) > CD_DENY)
				granted = name;
			if (first == BY_NONE && second == BY_DENY)
				denied = name;
			if (verdict_of(first) <= verdict_of(second) ||
			    verdict_of(a) > verdict_of(b) || verdict_of(an) > verdict_of(bn))
				continue;
			object = with_name(address, name);
			object.proto = like->proto;
			object.port = like->port;
			if (!say_inet(c, (struct mon_difference){.op = op}, &object))
				return false;
		}
	}
	if (!granted || !denied)
		return true;
	object = with_name(address, granted);
	object.proto = like->proto;
	object.port = like->port;
	return say_inet(
	    c, (struct mon_difference){.kind = MON_BY_NAMES, .op = op, .other_name = denied->text},
	    &object);
}

static bool compare_ways(struct comparing *c, enum cd_op op, const struct cd_object *like,
			 const struct ways *ways)
{
	for (int a = 0; a < WAYS; a++)
		for (int b = 0; b < WAYS; b++)
			if (ways->host[1][a][b] && !compare_named(c, op, like, ways, a, b))
				return false;
	return true;
}

/* To look a name up tells its servers so: the first may look up no more than the second. */
static bool compare_lookups(struct comparing *c, const struct mon_inet_classes *classes)
{
	for (size_t i = 0; i < classes->named; i++) {
		struct cd_object name = classes->hosts[i];
		struct mon_difference difference = {.kind = MON_BY_LOOKUP, .op = CD_OP_NET_CONNECT};

		if (mon_allows_name(c->in->first, name.text, name.len) &&
		    !mon_allows_name(c->in->second, name.text, name.len) &&
		    !say_inet(c, difference, &name))
			return false;
	}
	return true;
}

static enum cd_status compare_inet(struct comparing *c)
{
	static const enum cd_op ops[] = {CD_OP_NET_CONNECT, CD_OP_NET_SEND, CD_OP_NET_LISTEN};
	static const enum cd_proto protos[] = {CD_TCP, CD_UDP};
	struct mon_patterns patterns = {0};
	struct mon_inet_classes classes = {0};
	enum cd_status status = add_both(&patterns, c->in, net_ops);
	bool go_on = true;

	if (!status)
		status = mon_classes_inet(&patterns, &classes);
	for (size_t port = 0; !status && port < classes.port_count; port++)
		for (size_t i = 0; i < 6 && go_on; i++) {
			const struct cd_object like = {.proto = protos[i % 2],
						       .port = classes.ports[port]};

			go_on = compare_port(c, ops[i / 2], &classes, &like);
		}
	if (!status && go_on)
		compare_lookups(c, &classes);
	mon_inet_classes_release(&classes);
	mon_patterns_release(&patterns);
	return status;
}

enum cd_status mon_compare(const struct mon_comparison *comparison)
{
	struct comparing c = {.in = comparison};
	enum cd_status status = compare_paths(&c, false);

	if (!status && !c.stopped)
		status = compare_inet(&c);
	if (!status && !c.stopped)
		status = compare_paths(&c, true);
	if (!status && !c.stopped)
		status = compare_abstract(&c);
	for (unsigned op = 0; op < CD_OP_COUNT && !status && !c.stopped; op++)
		if (cd_op_table[op].kind == CD_OBJECT_NAME)
			status = compare_names(&c, (enum cd_op)op);
	return status;
}
