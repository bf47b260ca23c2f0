/* The system call table and its names, from syscalls.def and verbs.def. */
#include "kernel/syscalls.h"

#include <errno.h>
#include <fcntl.h>

const struct kern_syscall kern_syscalls[KERN_SYSCALL_MAX] = {
#define INTERNAL(nr, word, why) [nr] = {.name = #word, .class = KERN_INTERNAL, .reason = why},
#define BORDER(nr, word, what, why, ...)                                                           \
	[nr] = {.name = #word,                                                                     \
		.class = KERN_BORDER,                                                              \
		.reason = why,                                                                     \
		.shape = {.verb = CD_VERB_##what, __VA_ARGS__}},
#define CHECKED(nr, word, how, what, why, ...)                                                     \
	[nr] = {.name = #word,                                                                     \
		.class = KERN_CHECKED,                                                             \
		.check = KERN_CHECK_##how,                                                         \
		.reason = why,                                                                     \
		.shape = {.verb = CD_VERB_##what, ##__VA_ARGS__}},
#define REFUSED(nr, word, code, why)                                                               \
	[nr] = {.name = #word, .class = KERN_REFUSED, .error = code, .reason = why},
#include "kernel/syscalls.def"
};

const struct kern_syscall kern_bare_syscalls[KERN_SYSCALL_MAX] = {
#define BARE_BORDER(nr, word, what, why, ...)                                                      \
	[nr] = {.name = #word,                                                                     \
		.class = KERN_BORDER,                                                              \
		.reason = why,                                                                     \
		.shape = {.verb = CD_VERB_##what, ##__VA_ARGS__}},
#define BARE_REFUSED(nr, word, code, why)                                                          \
	[nr] = {.name = #word, .class = KERN_REFUSED, .error = code, .reason = why},
#include "kernel/syscalls.def"
};

const struct kern_shape *kern_syscall_shape(int nr)
{
	return kern_syscalls[nr].shape.verb != CD_VERB_NONE ? &kern_syscalls[nr].shape
							    : &kern_bare_syscalls[nr].shape;
}

const struct kern_command kern_commands[] = {
#define PASS(which, number, word, why) {KERN_CHECK_##which, number, KERN_INTERNAL, 0, #word},
#define ASK(which, number, word, why)  {KERN_CHECK_##which, number, KERN_BORDER, 0, #word},
#define FAIL(which, number, word, code, why)                                                       \
	{KERN_CHECK_##which, number, KERN_REFUSED, code, #word},
#include "kernel/syscalls.def"
    {KERN_CHECK_NONE, 0, KERN_UNKNOWN, 0, ""},
};

const char *kern_syscall_name(long nr)
{
	if (nr < 0 || nr >= KERN_SYSCALL_MAX || !kern_syscalls[nr].name)
		return "?";
	return kern_syscalls[nr].name;
}

bool kern_syscall_is_internal(int nr, bool bare)
{
	return nr >= 0 && nr < KERN_SYSCALL_MAX && kern_syscalls[nr].class == KERN_INTERNAL &&
	       !(bare && kern_bare_syscalls[nr].class != KERN_UNKNOWN);
}

const char *cd_verb_name(enum cd_verb verb)
{
	static const char *const names[CD_VERB_COUNT] = {
	    [CD_VERB_NONE] = "none",
#define CD_VERB(id, word, group, text) [CD_VERB_##id] = word,
#include "cordon/verbs.def"
#undef CD_VERB
	};

	return (unsigned)verb < CD_VERB_COUNT ? names[verb] : "?";
}
