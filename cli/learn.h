/* What the parts of `cordon learn` share: the run, the reading of its log, and what is written. */
#ifndef CORDON_CLI_LEARN_H
#define CORDON_CLI_LEARN_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/cli.h"
#include "cli/logged.h"
#include "policy/learn.h"
#include "policy/policy.h"

struct learn_flag {
	const char *name, *value;
};

/* What was asked for and is not in the policy. */
struct learn_refusal {
	enum cd_op op;
	char *object;
	const char *why; /* static */
	size_t times;
};

/* An operation on an object that the policy does not have anyway. */
struct learn_asked {
	enum cd_op op;
	char *object;
	const char *program;
	bool directory; /* as one */
	bool absent;	/* it was not there */
};

/* A file was given another name. */
struct learn_move {
	char *from, *to;
};

/* What moves need beside what was asked for. below: in a directory that may have come to stand
 * there. */
struct learn_extra {
	enum cd_op op;
	char *object;
	bool below;
};

struct learning {
	/* from the command line */
	const char *output, *from, *merge, *threshold_text;
	bool force, denied, exact, network;
	size_t threshold;
	char **program;
	struct learn_flag *environment; /* --allow-env, --setenv */
	size_t environment_count;
	struct logged logged;
	struct pol_vars vars;
	char *made_output, *why;
	/* from the run */
	int status;  /* of the program; -1: none was run */
	bool copies; /* what it changed were copies; else it could change nothing */
	/* from the log */
	struct pol_learn *learn;
	const struct pol_learned *rules;
	size_t count;
	struct pol_policy
	    *covered; /* what the policy has anyway: its groups, or the one that is added to */
	struct pol_policy *secrets; /* denies secrets, and allows all else */
	size_t needed, by_groups;   /* requests; those that the groups let pass */
	struct learn_refusal *refusals;
	size_t refusal_count, refusal_capacity;
	struct learn_move *moves;
	size_t move_count, move_capacity;
	struct learn_extra *extras;
	size_t extra_count, extra_capacity;
	uint64_t moving; /* the message of the first name of a move, */
	char *moving_from;
	struct learn_asked *asked;
	size_t asked_count, asked_capacity;
	char **programs; /* that asked; what rules point to */
	size_t program_count, program_capacity;
	char **made; /* objects that the program made; sorted once the log is read */
	size_t made_count, made_capacity;
};

/* Runs the program; *fd: its log. False, and said, when it could not. */
bool learn_run(struct learning *learning, int *fd);
/* Reads the log, writes what was learned. An exit status. */
int learn_from(struct learning *learning, int fd);
/* Its parts: reads the log, and what is asked of what was read. */
bool learn_read_log(struct learning *learning, int fd);
bool learn_is_secret(const struct learning *learning, enum cd_op op, const char *object);
bool learn_was_made(const struct learning *learning, const char *object);
bool learn_is_private(const char *object);
bool learn_is_covered(const struct learning *learning, enum cd_op op, const char *object);
/* What its moves need that the policy lacks becomes extras; false: nothing does. */
bool learn_moves(struct learning *learning, const struct pol_policy *policy);
bool learn_take_move(struct learning *learning, uint64_t message, const char *call,
		     const char *object, uint64_t ops);
enum cd_verdict learn_decide(const struct pol_policy *policy, enum cd_op op, const char *text);
/* The policy as text, and the explanation; malloc'd. NULL: out of memory, or said. */
char *learn_policy_text(struct learning *learning);
char *learn_why_text(const struct learning *learning);
/* Shows how the new text differs from the old one. */
void learn_show_diff(const char *name, const char *old, const char *new);
void learn_free(struct learning *learning);

#endif
