/*
 * Answers: one writer, many readers, no lock. What stands is written once and then counted; what is
 * brief, and what waits, is told by a number that is 0 while it is written.
 */
#include "refmon/answers.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "lib/shared.h"

#define BRIEF_MAX 16

struct standing {
	uint32_t op;
	uint8_t allow, kind, proto, family;
	uint16_t port;
	unsigned char address[16];
	uint32_t len;
	char text[CD_PATH_MAX];
};

struct brief {
	uint64_t until; /* ms of the clock; 0: being written, or never */
	struct standing answer;
};

struct waiting {
	uint64_t message;     /* 0: free */
	uint32_t part, state; /* enum mon_wait */
};

struct mon_answers {
	uint32_t count;	 /* of those that stand */
	uint32_t change; /* goes up with each answer: what waiters sleep on */
	struct waiting waiting[MON_QUESTIONS_MAX];
	struct brief brief[BRIEF_MAX];
	struct standing standing[MON_ANSWERS_MAX];
	/* The writer's own. */
	uint32_t next_brief, next_waiting;
};

struct mon_answers *mon_answers_new(int *fd)
{
	return cd_shared_new("answers", sizeof(struct mon_answers), fd);
}

const struct mon_answers *mon_answers_map(int fd)
{
	return cd_shared_map(fd, sizeof(struct mon_answers));
}

void mon_answers_free(const struct mon_answers *answers)
{
	cd_shared_free(answers, sizeof(*answers));
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

/* --- the writer --- */

static bool fill(struct standing *to, enum cd_op op, const struct mon_object *object, bool allow)
{
	size_t len = object->text ? object->len : 0;

	if (len >= sizeof(to->text))
		return false;
	to->op = op;
	to->allow = allow;
	to->kind = (uint8_t)object->kind;
	to->proto = (uint8_t)object->proto;
	to->family = object->family;
	to->port = object->port;
	memcpy(to->address, object->address, sizeof(to->address));
	to->len = (uint32_t)len;
	memcpy(to->text, object->text ? object->text : "", len);
	to->text[len] = '\0';
	return true;
}

bool mon_answers_add(struct mon_answers *answers, enum cd_op op, const struct mon_object *object,
		     bool allow, unsigned brief_ms)
{
	struct brief *brief = &answers->brief[answers->next_brief % BRIEF_MAX];

	if (!brief_ms) {
		if (answers->count == MON_ANSWERS_MAX ||
		    !fill(&answers->standing[answers->count], op, object, allow))
			return false;
		__atomic_store_n(&answers->count, answers->count + 1, __ATOMIC_RELEASE);
		return true;
	}
	answers->next_brief++;
	__atomic_store_n(&brief->until, 0, __ATOMIC_SEQ_CST);
	if (!fill(&brief->answer, op, object, allow))
		return false;
	__atomic_store_n(&brief->until, now_ms() + brief_ms, __ATOMIC_SEQ_CST);
	return true;
}

static struct waiting *find_waiting(struct mon_answers *answers, struct mon_question question)
{
	for (size_t i = 0; i < MON_QUESTIONS_MAX; i++)
		if (answers->waiting[i].message == question.message &&
		    answers->waiting[i].part == question.part)
			return &answers->waiting[i];
	return NULL;
}

bool mon_question_open(struct mon_answers *answers, struct mon_question question)
{
	if (!question.message || find_waiting(answers, question))
		return false;
	/* In turn, so that an answer is there for long after it was given. */
	for (size_t i = 0; i < MON_QUESTIONS_MAX; i++) {
		struct waiting *w = &answers->waiting[answers->next_waiting++ % MON_QUESTIONS_MAX];

		if (w->message && w->state == MON_WAIT_OPEN)
			continue;
		__atomic_store_n(&w->message, 0, __ATOMIC_SEQ_CST);
		w->part = question.part;
		w->state = MON_WAIT_OPEN;
		__atomic_store_n(&w->message, question.message, __ATOMIC_SEQ_CST);
		return true;
	}
	return false;
}

void mon_question_close(struct mon_answers *answers, struct mon_question question, bool allow)
{
	struct waiting *w = find_waiting(answers, question);

	if (!w)
		return;
	__atomic_store_n(&w->state, allow ? MON_WAIT_ALLOW : MON_WAIT_DENY, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&answers->change, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &answers->change, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* --- readers --- */

/*
 * The writer may be one that nobody trusts: the keeper of a space within another one. What it says
 * is read once where a length rests on it, and decides on that space alone.
 */
static bool speaks_of_op(const struct standing *answer, enum cd_op op)
{
	const uint64_t more =
	    CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_EXEC);
	uint32_t answered = __atomic_load_n(&answer->op, __ATOMIC_RELAXED);

	return answered == op || (op == CD_OP_FS_STAT && answer->allow && answered < CD_OP_COUNT &&
				  CD_OPBIT(answered) & more);
}

static bool is_text(const struct standing *answer, uint32_t len, const char *text, size_t size)
{
	return text && size == len && memcmp(answer->text, text, len) == 0;
}

static bool is_named(const struct standing *answer, uint32_t len, const struct mon_names *names,
		     const struct mon_object *object)
{
	struct mon_name known[MON_NAMES_WAYS];
	size_t count = 0;

	if (is_text(answer, len, object->text, object->len))
		return true;
	if (names && object->family)
		count = mon_names_of(names, object->family, object->address, known);
	for (size_t i = 0; i < count; i++)
		if (is_text(answer, len, known[i].text, known[i].len))
			return true;
	return false;
}

static bool speaks_of(const struct standing *answer, const struct mon_names *names, enum cd_op op,
		      const struct mon_object *object)
{
	uint32_t len = __atomic_load_n(&answer->len, __ATOMIC_RELAXED);

	if (!speaks_of_op(answer, op) || answer->kind != object->kind ||
	    len >= sizeof(answer->text) || answer->proto != object->proto)
		return false;
	if (object->kind != CD_OBJECT_ADDRESS || object->proto == MON_UNIX)
		return is_text(answer, len, object->text, object->len);
	if (answer->port != object->port)
		return false;
	if (len)
		return is_named(answer, len, names, object);
	return answer->family == object->family && object->family &&
	       memcmp(answer->address, object->address, object->family == 4 ? 4 : 16) == 0;
}

/* Of two answers that stand the denial holds. */
enum mon_verdict mon_answers_find(const struct mon_answers *answers, const struct mon_names *names,
				  enum cd_op op, const struct mon_object *object, bool brief)
{
	uint32_t count = __atomic_load_n(&answers->count, __ATOMIC_ACQUIRE);
	enum mon_verdict found = MON_ASK;

	for (uint32_t i = 0; i < count && i < MON_ANSWERS_MAX; i++) {
		if (!speaks_of(&answers->standing[i], names, op, object))
			continue;
		if (!answers->standing[i].allow)
			return MON_DENY;
		found = MON_ALLOW;
	}
	for (uint32_t i = 0; brief && found == MON_ASK && i < BRIEF_MAX; i++) {
		const struct brief *b = &answers->brief[i];
		uint64_t until = __atomic_load_n(&b->until, __ATOMIC_SEQ_CST);

		if (until && now_ms() <= until && b->answer.allow &&
		    speaks_of(&b->answer, names, op, object) &&
		    __atomic_load_n(&b->until, __ATOMIC_SEQ_CST) == until)
			found = MON_ALLOW;
	}
	return found;
}

static enum mon_wait state_of(const struct mon_answers *answers, struct mon_question question)
{
	for (size_t i = 0; i < MON_QUESTIONS_MAX; i++) {
		const struct waiting *w = &answers->waiting[i];
		enum mon_wait state;

		if (__atomic_load_n(&w->message, __ATOMIC_SEQ_CST) != question.message ||
		    __atomic_load_n(&w->part, __ATOMIC_SEQ_CST) != question.part)
			continue;
		state = __atomic_load_n(&w->state, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&w->message, __ATOMIC_SEQ_CST) == question.message)
			return state == MON_WAIT_ALLOW || state == MON_WAIT_OPEN ? state
										 : MON_WAIT_DENY;
	}
	return MON_WAIT_UNKNOWN;
}

enum mon_wait mon_question_wait(const struct mon_answers *answers, struct mon_question question,
				unsigned ms, bool *interrupted)
{
	const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
	uint32_t change = __atomic_load_n(&answers->change, __ATOMIC_SEQ_CST);
	enum mon_wait state = state_of(answers, question);

	*interrupted = false;
	if (state != MON_WAIT_OPEN && state != MON_WAIT_UNKNOWN)
		return state;
	*interrupted =
	    syscall(SYS_futex, &answers->change, FUTEX_WAIT, change, &time, NULL, 0) < 0 &&
	    errno == EINTR;
	return state_of(answers, question);
}
