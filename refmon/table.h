/*
 * The rule table: what a policy compiles to, and how the monitor decides.
 *
 * A table is flat and immutable: one allocation, every reference in it an index or an
 * offset, so that it can be sent, mapped, checked and shared without a lock. Deciding takes no lock, allocates
 * nothing, and walks the components of the object's path through a hashed trie, so that its
 * cost follows the depth of the path and not the number of rules.
 *
 * Deny wins over ask, ask over allow, and what no rule names is denied.
 * A rule for fs.read, fs.write or fs.exec implies fs.stat on the object and on the directories
 * that lead to it.
 */
#ifndef CORDON_REFMON_TABLE_H
#define CORDON_REFMON_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordon/object.h"
#include "cordon/ops.h"
#include "cordon/status.h"
#include "lib/buf.h"

struct mon_table;

/* The same things under the names of this module. */
#define mon_object   cd_object
#define mon_decision cd_decision
#define mon_verdict  cd_verdict
#define MON_DENY     CD_DENY
#define MON_ASK      CD_ASK
#define MON_ALLOW    CD_ALLOW
#define MON_NO_RULE  CD_NO_RULE
#define MON_TCP      CD_TCP
#define MON_UDP      CD_UDP
#define MON_UNIX     CD_UNIX

/*
 * Decide every operation in ops (a mask) on one object: the result is the lowest verdict among them.
 * An empty mask is allowed.
 */
void mon_decide(const struct mon_table *table, uint64_t ops, const struct mon_object *object,
		struct mon_decision *out);

/*
 * True when a rule speaks of something strictly below this directory, other than through
 * a rule that covers the whole subtree of the directory or of one of its ancestors. Such a directory must
 * not change its name: the rule would no longer match what it was written for.
 */
bool mon_rules_below(const struct mon_table *table, const char *path, size_t len);

/* One rule as the policy wrote it. The strings belong to the table. */
struct mon_rule {
	enum mon_verdict verdict;
	uint64_t ops;        /* as written, before implied fs.stat */
	const char *pattern; /* variables expanded: "/usr/**", "10.0.0.0/8:80" */
	const char *source;  /* file, "group:base" or "command line" */
	const char *pointer; /* JSON pointer within the source, or the flag: "--allow-read=/x" */
};

uint32_t mon_table_count(const struct mon_table *table);
/* index < mon_table_count(). */
void mon_table_rule(const struct mon_table *table, uint32_t index, struct mon_rule *out);
/* Bytes of the table, for reports. */
size_t mon_table_size(const struct mon_table *table);
void mon_table_free(struct mon_table *table);

/* Building. A builder collects rules, compile makes the table; the builder is then still the caller's. */
struct mon_builder;
struct mon_builder *mon_builder_new(void);
void mon_builder_free(struct mon_builder *builder);
/*
 * Adds a rule; strings are copied. CD_EINVAL when the pattern is not valid for the object kind of the
 * operations (why, static storage, says what is wrong with it); ops of mixed object kinds are
 * split by kind: the pattern must be valid for at least one of them.
 */
enum cd_status mon_builder_add(struct mon_builder *builder, const struct mon_rule *rule,
			       const char **why) CD_CHECKED;
enum cd_status mon_builder_compile(const struct mon_builder *builder, struct mon_table **out) CD_CHECKED;

/*
 * Parse a pattern's address or an "host:port" text as a policy test writes it into an object for deciding on.
 */
enum cd_status mon_object_parse(enum cd_op op, const char *text, struct mon_object *out) CD_CHECKED;

/* The shortest command-line flag and the policy line that would allow op on the object: for the message of a denial. */
void mon_advise_flag(enum cd_op op, const struct mon_object *object, struct cd_buf *out);
void mon_advise_policy(enum cd_op op, const struct mon_object *object, struct cd_buf *out);

#endif
