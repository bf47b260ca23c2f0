/* Requests, and what is answered: no sockets here. */
#ifndef CORDON_CLI_CONTROL_ANSWER_H
#define CORDON_CLI_CONTROL_ANSWER_H

#include <stdio.h>

#include "cli/control.h"

/* Writes one record. fields end with NULL. False when the answer is full. */
bool control_record(FILE *answer, const char *kind, const char *const *fields);

/* Takes a request's line (changed here) and writes the whole answer. */
void control_answer(const struct control_facts *facts, const char *id, char *request, FILE *answer);

/* "\xNN" back into bytes, in place; what is malformed stays. */
void control_unescape(char *field);

#endif
