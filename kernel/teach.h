/*
 * What the monitor tells the shim in a process's own memory (include/cordon/shim.h), so that the
 * shim need not ask: a system call of its own making might be one that a filter of the program's
 * own kills for.
 *
 * A new program's shim leaves every call to its site, until the first message of that program: then
 * it is told that it may go first. In a process with a filter of its own it never does, and the
 * filter sees each call once, as the program made it.
 *
 * None of this is relied on: what is written there, the program can write as well.
 */
#ifndef CORDON_KERNEL_TEACH_H
#define CORDON_KERNEL_TEACH_H

#include "kernel/message.h"

/* Is the message about a filter that the program gives itself? */
bool kern_installs_filter(const struct kern_message *message);
/* Before any answer to a message of a thread, and at least once in each program that it runs. */
void kern_teach(const struct kern_message *message);

#endif
