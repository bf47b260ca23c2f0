/*
 * The rule table: what a policy compiles to, and how the monitor decides.
 *
 * A table is flat and immutable: one allocation, every reference in it an index or an
 * offset, so that it can be sent, mapped, checked and shared without a lock. Deciding takes no
 * lock, allocates nothing, and walks the components of the object's path through a hashed trie, so
 * that its cost follows the depth of the path and not the number of rules.
 *
 * Deny wins over ask, ask over allow, and what no rule names is denied.
 * A rule for fs.read, fs.write or fs.exec implies fs.stat on the object and on the directories
 * that lead to it. What is implied is weaker than any rule that names fs.stat: there, allow wins
 * over ask, so that an `ask` for writing does not ask about what may be read anyway. The
 * directories that lead to the object of an `ask` are allowed.
 *
 * Protected paths (mon_builder_protect) are granted only by rules that spell them out.
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
#define MON_ASK	     CD_ASK
#define MON_ALLOW    CD_ALLOW
#define MON_NO_RULE  CD_NO_RULE
#define MON_TCP	     CD_TCP
#define MON_UDP	     CD_UDP
#define MON_UNIX     CD_UNIX

/*
 * Nodes of the trie that one path can be at, at one time, by way of patterns with "*" in the
 * middle. A set of rules that could need more is refused when it is compiled, so that no path can
 * make a decision dear.
 */
#define MON_WIDTH_MAX 64

/*
 * Decide every operation in ops (a mask) on one object: the result is the lowest verdict among
 * them; of the rules that decided, the first added is reported. An empty mask is allowed, with op
 * CD_OP_COUNT. Denied with MON_NO_RULE are: what no rule names, a protected path that only
 * wildcards reach, an operation that is not for the object's kind, and an object that is not in the
 * form that struct cd_object asks for.
 */
void mon_decide(const struct mon_table *table, uint64_t ops, const struct mon_object *object,
		struct mon_decision *out);

/*
 * Decide each operation in ops by itself: those that are allowed; *asked: those to be asked about.
 * What mon_decide() says of one at a time, in one walk.
 */
uint64_t mon_decide_each(const struct mon_table *table, uint64_t ops,
			 const struct mon_object *object, uint64_t *asked);

/*
 * The same for an inet host on no port in particular: an operation is allowed, or asked about, when
 * a rule says so of one port at least and no rule denies it on every port. The object's port is not
 * looked at.
 */
uint64_t mon_decide_host(const struct mon_table *table, uint64_t ops,
			 const struct mon_object *object, uint64_t *asked);

/* Of an inet host, those of ops that a rule denies on every port. */
uint64_t mon_denied_host(const struct mon_table *table, uint64_t ops,
			 const struct mon_object *object);

/*
 * True when a rule speaks of something strictly below this directory, other than through
 * a rule that covers the whole subtree of the directory or of one of its ancestors. Such a
 * directory must not change its name: the rule would no longer match what it was written for. A
 * protected path counts as a rule. True also for a path that is not in normal form.
 */
bool mon_rules_below(const struct mon_table *table, const char *path, size_t len);
/* The same for rules on unix sockets. */
bool mon_socket_rules_below(const struct mon_table *table, const char *path, size_t len);

/* One rule as the policy wrote it. The strings belong to the table. */
struct mon_rule {
	enum mon_verdict verdict;
	uint64_t ops;	     /* as written, before implied fs.stat */
	const char *pattern; /* variables expanded: "/usr/bin", "10.0.0.0/8:80" */
	const char *source;  /* file, "group:base" or "command line" */
	const char *pointer; /* JSON pointer within the source, or the flag: "--allow-read=/x" */
};

uint32_t mon_table_count(const struct mon_table *table);
/* index < mon_table_count(). */
void mon_table_rule(const struct mon_table *table, uint32_t index, struct mon_rule *out);
/* Protected paths, as given to mon_builder_protect(): what a view must leave out of a directory
 * that it supplies. */
uint32_t mon_table_protected_count(const struct mon_table *table);
/* index < mon_table_protected_count(). */
const char *mon_table_protected(const struct mon_table *table, uint32_t index);
/* Bytes of the table, for reports. */
size_t mon_table_size(const struct mon_table *table);
void mon_table_free(struct mon_table *table);

/* Building. A builder collects rules, compile makes the table; the builder is then still the
 * caller's. */
struct mon_builder;
struct mon_builder *mon_builder_new(void);
void mon_builder_free(struct mon_builder *builder);
/*
 * Adds a rule; strings are copied. CD_EINVAL when the pattern is not valid for the object kind of
 * the operations (why, static storage, says what is wrong with it); ops of mixed object kinds are
 * split by kind: the pattern must be valid for at least one of them.
 */
enum cd_status mon_builder_add(struct mon_builder *builder, const struct mon_rule *rule,
			       const char **why) CD_CHECKED;
/*
 * What to do about `why` from mon_builder_add() or mon_builder_protect(); "" when there is nothing
 * to say.
 */
const char *mon_remedy(const char *why);
/*
 * Protects a path, and all below it, from wildcards: there, `allow` and `ask` hold only by rules
 * whose pattern spells the path out, that is, has no "*" in the components up to and including the
 * path's own. The pattern may hold "*" itself (a trailing slash and "**" say nothing more). Denials
 * are not affected. Errors as mon_builder_add().
 */
enum cd_status mon_builder_protect(struct mon_builder *builder, const char *pattern,
				   const char **why) CD_CHECKED;
/*
 * Protects what rules that allow or ask spell out strictly below a directory: for a private one, so
 * that the rules for what is made there do not reach the user's own files that other rules show
 * inside it. CD_ENOMEM, CD_ELIMIT.
 */
enum cd_status mon_builder_protect_below(struct mon_builder *builder,
					 const char *directory) CD_CHECKED;
/*
 * Can a rule with a wildcard that allows or asks match something at, below or above this directory?
 * False only when it surely cannot.
 */
bool mon_builder_reaches(const struct mon_builder *builder, const char *directory);
/* CD_ELIMIT: the rules need more than MON_WIDTH_MAX, or do not fit 32-bit offsets. */
enum cd_status mon_builder_compile(const struct mon_builder *builder,
				   struct mon_table **out) CD_CHECKED;

/*
 * An object for deciding on, from its text as a policy test writes it: a path, a name, or an
 * address as in a pattern, but of one host and one port. Without a scheme it is UDP for net.send
 * and TCP otherwise. out borrows from text. CD_EINVAL: not such an object.
 */
enum cd_status mon_object_parse(enum cd_op op, const char *text, struct mon_object *out) CD_CHECKED;

/*
 * The shortest command-line flag and the policy line that would allow op on the object: for the
 * message of a denial. Quoted for a shell and for JSON. Nothing is appended where no rule can name
 * the object and nothing else, as when its name holds a "*": a hostile name must not turn advice
 * into a wide grant.
 */
void mon_advise_flag(enum cd_op op, const struct mon_object *object, struct cd_buf *out);
void mon_advise_policy(enum cd_op op, const struct mon_object *object, struct cd_buf *out);
/* The same for the opposite: what would deny it. */
void mon_advise_deny_flag(enum cd_op op, const struct mon_object *object, struct cd_buf *out);
void mon_advise_deny_policy(enum cd_op op, const struct mon_object *object, struct cd_buf *out);
/* The pattern that names the object and nothing else; nothing is appended where there is none. */
void mon_advise_pattern(enum cd_op op, const struct mon_object *object, struct cd_buf *out);

#endif
