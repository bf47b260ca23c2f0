#ifndef CORDON_TESTS_SYSCALLS_DOC_H
#define CORDON_TESTS_SYSCALLS_DOC_H

#include <stdio.h>

/* Writes docs/syscalls.md, as it should be, to out. */
void syscalls_doc(FILE *out);

#endif
