/* What the monitor tells the shim. Everything read here is the program's, and may be anything. */
#include "kernel/teach.h"

#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "cordon/shim.h"
#include "kernel/memory.h"
#include "kernel/process.h"
#include "kernel/space.h"

#define DATA (CD_SHIM_BASE + CD_SHIM_CODE)

/* From the word by which the shim is known up to what it has been told: one read. */
struct look {
	uint64_t word;
	char code[CD_SHIM_CODE - CD_SHIM_WORD_AT - sizeof(uint64_t)];
	struct cd_shim_told told;
};
_Static_assert(sizeof(struct look) == CD_SHIM_CODE - CD_SHIM_WORD_AT + sizeof(struct cd_shim_told),
	       "as it is mapped");

/* Without a filter, a program asks what Linux can do. */
bool kern_installs_filter(const struct kern_message *message)
{
	uint32_t asked = (uint32_t)message->extra;

	if (message->verb == CD_VERB_FILTER)
		return asked == SECCOMP_SET_MODE_STRICT ||
		       (asked == SECCOMP_SET_MODE_FILTER && message->buf);
	return message->verb == CD_VERB_PRCTL && asked == PR_SET_SECCOMP &&
	       ((uint32_t)message->mode == SECCOMP_MODE_STRICT || message->buf);
}

/*
 * Has the thread filters of its own? How many it has beside those, the first one that gives itself
 * another tells.
 */
static bool has_own_filter(const struct kern_message *message)
{
	struct kern_space *space = message->space;

	return space->filters && kern_process_filters(message) != space->filters;
}

void kern_teach(const struct kern_message *message)
{
	struct kern_space *space = message->space;
	bool bar = kern_installs_filter(message);
	struct cd_shim_told told = {.barred = bar, .native = !bar};
	struct look look = {0};

	if (!space->settled || space->settled_len > CD_SHIM_SETTLED)
		return;
	if (bar && !space->filters)
		space->filters = kern_process_filters(message);
	if (kern_memory_read(message->tid, CD_SHIM_BASE + CD_SHIM_WORD_AT, &look, sizeof(look)) ||
	    look.word != CD_SHIM_WORD || look.told.barred || (!bar && look.told.native))
		return;
	if (!bar && has_own_filter(message))
		return;
	/* The words last: other threads may be at it. */
	if (!bar && kern_memory_write(message->tid, DATA + sizeof(told), space->settled,
				      space->settled_len))
		return;
	if (kern_message_alive(message))
		(void)kern_memory_write(message->tid, DATA, &told, sizeof(told));
}
