/*
 * What the user has answered, where a rule says `ask`.
 *
 * A table in shared memory, like that of names: the keeper alone writes it; who decides maps it
 * read-only. It holds answers that stand for the run, each for one operation on one object, and
 * places in which workers wait for the answer to a question of their own. All of it is bounded.
 *
 * An answer changes what `ask` comes to, and nothing else: what a rule denies stays denied.
 */
#ifndef CORDON_REFMON_ANSWERS_H
#define CORDON_REFMON_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "refmon/names.h"
#include "refmon/table.h"

#define MON_ANSWERS_MAX	  256 /* that stand; beyond, one is asked again */
#define MON_QUESTIONS_MAX 64  /* that wait at one time; beyond, they are denied */

struct mon_answers;

/* As mon_names_new(), mon_names_map() and mon_names_free(). */
struct mon_answers *mon_answers_new(int *fd);
const struct mon_answers *mon_answers_map(int fd);
void mon_answers_free(const struct mon_answers *answers);

/* --- the writer --- */

/*
 * From now on this is the answer for the operation on the object: for an address that has a name,
 * on all addresses of that name. brief_ms: not for those who decide, but for the broker, and for so
 * long; 0: for all, and for good. False: there is no room, or the object has too long a name.
 */
bool mon_answers_add(struct mon_answers *answers, enum cd_op op, const struct mon_object *object,
		     bool allow, unsigned brief_ms);

/* A question, by the number of its message and its own within that. */
struct mon_question {
	uint64_t message;
	uint32_t part;
};
/* It has been taken: who waits goes on to wait. False: no room. */
bool mon_question_open(struct mon_answers *answers, struct mon_question question);
/* The answer. Nothing happens when there is no such question. */
void mon_question_close(struct mon_answers *answers, struct mon_question question, bool allow);

/* --- readers --- */

/*
 * What stands for the operation on the object: MON_ALLOW, MON_DENY, or MON_ASK for nothing. What
 * may be read, changed or run may also be looked at. names may be NULL. brief: also what holds
 * briefly.
 */
enum mon_verdict mon_answers_find(const struct mon_answers *answers, const struct mon_names *names,
				  enum cd_op op, const struct mon_object *object, bool brief);

enum mon_wait { MON_WAIT_ALLOW, MON_WAIT_DENY, MON_WAIT_OPEN, MON_WAIT_UNKNOWN };
/* Waits for a change, a signal, or so long; then says how the question stands. *interrupted: it
 * was a signal. */
enum mon_wait mon_question_wait(const struct mon_answers *answers, struct mon_question question,
				unsigned ms, bool *interrupted);

#endif
