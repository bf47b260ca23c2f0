/*
 * Making a seccomp filter shorter: what it says several times is said once.
 *
 * Linux checks, translates and compiles each instruction when the filter is installed, and filters
 * as their builders write them say "allow" hundreds of times. Here every jump goes to where its way
 * really leads: a return is shared by all jumps that reach it, and a jump to a jump is none.
 */
#ifndef CORDON_KERNEL_SHORTEN_H
#define CORDON_KERNEL_SHORTEN_H

#include <linux/filter.h>
#include <stddef.h>

#include "cordon/status.h"

#define KERN_SHORTEN_MAX 2048

/*
 * The program in code, whose jumps go forward and which loads, ands, jumps and returns constants,
 * and nothing else, is replaced by one that gives the same verdicts; count is its length before and
 * after. room: of code. CD_ELIMIT: there was not room enough to work in, or something else in it;
 * code is then of no use.
 */
enum cd_status kern_shorten(struct sock_filter *code, size_t room, size_t *count) CD_CHECKED;

#endif
