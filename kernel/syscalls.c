/* The system call table, from syscalls.def, and the names of verbs, from verbs.def. */
#include "kernel/syscalls.h"

#include <errno.h>
#include <fcntl.h>

#define A0 KERN_A0
#define A1 KERN_A1
#define A2 KERN_A2
#define A3 KERN_A3
#define A4 KERN_A4
#define A5 KERN_A5

#define INTERNAL(nr, id, why) [nr] = {.name = #id, .class = KERN_INTERNAL, .reason = why},
#define BORDER(nr, id, why, ...) \
	[nr] = {.name = #id, .class = KERN_BORDER, .reason = why, .shape = {__VA_ARGS__}},
#define CHECKED(nr, id, how, why, ...)                                                              \
	[nr] = {.name = #id, .class = KERN_CHECKED, .check = KERN_CHECK_##how, .reason = why,       \
		.shape = {__VA_ARGS__}},
#define REFUSED(nr, id, errno_, why) \
	[nr] = {.name = #id, .class = KERN_REFUSED, .error = errno_, .reason = why},

const struct kern_syscall kern_syscalls[KERN_SYSCALL_MAX] = {
#include "kernel/syscalls.def"
};

const char *kern_syscall_name(long nr)
{
	return nr >= 0 && nr < KERN_SYSCALL_MAX && kern_syscalls[nr].name ? kern_syscalls[nr].name : "?";
}

static const char *const verb_names[CD_VERB_COUNT] = {
#define CD_VERB(id, name, group, text) [CD_VERB_##id] = name,
#include "cordon/verbs.def"
#undef CD_VERB
};

const char *cd_verb_name(enum cd_verb verb)
{
	return (unsigned)verb < CD_VERB_COUNT && verb_names[verb] ? verb_names[verb] : "?";
}
