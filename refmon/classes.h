/*
 * Objects for all that rules can tell apart.
 *
 * Rules cut the objects of a kind into finitely many classes: two objects are of one class when the
 * same patterns match both, and match the same of what lies above and below them. Whatever table is
 * made of these patterns, with whatever verdicts and protected paths, it decides alike on all of a
 * class. Here one object of each class is found.
 *
 * Nothing here decides: the callers ask the table itself.
 */
#ifndef CORDON_REFMON_CLASSES_H
#define CORDON_REFMON_CLASSES_H

#include <stdbool.h>
#include <stddef.h>

#include "cordon/object.h"
#include "cordon/status.h"
#include "refmon/table.h"

/* Beyond these the answer is CD_ELIMIT. */
#define MON_CLASSES_MAX	  (1u << 18) /* of paths */
#define MON_ADDRESSES_MAX (1u << 22) /* of hosts, times those of ports */

/* Patterns of one kind, each once. The texts are borrowed. */
struct mon_patterns {
	const char **texts;
	size_t count, capacity;
};
enum cd_status mon_patterns_add(struct mon_patterns *patterns, const char *text) CD_CHECKED;
/* Those of a table's rules that speak of one of the operations, whatever they are valid for. */
enum cd_status mon_patterns_add_rules(struct mon_patterns *patterns, const struct mon_table *table,
				      uint64_t ops) CD_CHECKED;
void mon_patterns_release(struct mon_patterns *patterns);

typedef bool mon_class_visit(void *context, const struct cd_object *object);

/*
 * Paths, for rules with these patterns and protected paths. Patterns that are not valid for paths
 * are passed over. of_sockets: the patterns are addresses, of which "unix:/..." count, and the
 * objects are unix sockets. A false from visit ends it, with CD_OK.
 */
enum cd_status mon_classes_paths(const struct mon_patterns *patterns,
				 const struct mon_patterns *protected, bool of_sockets,
				 mon_class_visit *visit, void *context) CD_CHECKED;

/* Names that this operation is decided on. */
enum cd_status mon_classes_names(const struct mon_patterns *patterns, enum cd_op op,
				 mon_class_visit *visit, void *context) CD_CHECKED;

/* Abstract unix sockets; the patterns are addresses. */
enum cd_status mon_classes_abstract(const struct mon_patterns *patterns, mon_class_visit *visit,
				    void *context) CD_CHECKED;

/*
 * Hosts and ports: an object for each of `hosts`, with neither protocol nor port, of which `named`
 * are names without an address and the rest addresses without a name; and `ports`. Rules match an
 * object with both as they match the one and the other.
 */
struct mon_inet_classes {
	struct cd_object *hosts;
	size_t host_count, host_capacity, named;
	uint16_t *ports;
	size_t port_count, port_capacity;
	char **texts; /* of the names */
	size_t text_count, text_capacity;
};
enum cd_status mon_classes_inet(const struct mon_patterns *patterns,
				struct mon_inet_classes *out) CD_CHECKED;
void mon_inet_classes_release(struct mon_inet_classes *classes);

#endif
