/* Random trees, policies and lists of calls. All that a case is follows from one number. */
#ifndef CORDON_TESTS_PROPERTY_GENERATE_H
#define CORDON_TESTS_PROPERTY_GENERATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define NODES_MAX 96
#define RULES_MAX 32
#define LINES_MAX 1000
#define VIEWS_MAX 3
#define TEXT_MAX  2400

enum kind { DIRECTORY, FILE_, LINK, PROGRAM, SCRIPT, FIFO };

struct node {
	enum kind kind;
	unsigned mode;
	char path[160];	  /* below the root; "" is the root itself */
	char target[320]; /* of a link, or a script's interpreter */
};

struct rule {
	const char *verdict, *op;
	char pattern[1000];
};

struct view {
	char dest[600], from[600];
	const char *mode; /* NULL: private */
};

struct batch {
	uint64_t seed;
	char root[200], other[200]; /* two trees */
	struct node nodes[2][NODES_MAX];
	unsigned node_count[2];
	bool base, home, fifos; /* extends base; ${HOME} is the root; there are fifos */
	const char *on_deny;
	struct rule rules[RULES_MAX];
	unsigned rule_count;
	struct view views[VIEWS_MAX];
	unsigned view_count;
	char lines[LINES_MAX][TEXT_MAX];
	unsigned line_count;
};

/* Everything but the roots, which are the caller's. */
void generate(struct batch *batch, uint64_t seed, unsigned lines);
void write_policy(const struct batch *batch, FILE *out);

#endif
