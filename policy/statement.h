/*
 * What a policy document says, one thing at a time and with its variables left in.
 *
 * Reading a document makes statements (document.c); taking one adds it to a draft (statement.c).
 * The built-in groups are read when cordon is built (make_groups.c), by the same reader, so that no
 * start has to parse them.
 */
#ifndef CORDON_POLICY_STATEMENT_H
#define CORDON_POLICY_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

enum pol_says {
	POL_SAYS_EXTENDS,
	POL_SAYS_NAME,
	POL_SAYS_RULE,
	POL_SAYS_VIEW,
	POL_SAYS_ENV_PASS,
	POL_SAYS_ENV_SET,
	POL_SAYS_ENV_DENY,
	POL_SAYS_LIMIT,
	POL_SAYS_AUDIT,
	POL_SAYS_ON_DENY,
	POL_SAYS_TEST,
	POL_SAYS_ALWAYS
};

/* How a view shows what is there. */
enum pol_view_mode { POL_MODE_RO, POL_MODE_RW, POL_MODE_COW, POL_MODE_PRIVATE };

struct pol_statement {
	enum pol_says says;
	/* enum mon_verdict of a rule or test; enum pol_view_mode, pol_limit, pol_audit or
	 * pol_on_deny. */
	unsigned choice;
	uint64_t number; /* the operations of a rule, test or answer; the value of a limit */
	const char
	    *text; /* a name, a pattern, the path of a view, the object of a test or answer */
	const char *value;   /* of a variable; where a view is from; else NULL */
	const char *pointer; /* JSON pointer of a rule, view, test or answer; else NULL */
};

/* Whoever wants to know what a document says. What the statement points to is lent. */
struct pol_taker {
	enum cd_status (*take)(void *context, const struct pol_statement *statement,
			       struct pol_error *error);
	void *context;
};

/*
 * Parses a document and hands over what it says, what it extends first. source: the document's
 * name, as it is shown. The first failure, also of the taker, ends it, and is given its place in
 * the document unless it has one.
 */
enum cd_status pol_read_document(const char *source, const char *text, size_t len,
				 const struct pol_taker *taker, struct pol_error *error) CD_CHECKED;

#endif
