/* What a socket's successor takes over from it. */
#ifndef CORDON_HOST_CARRY_H
#define CORDON_HOST_CARRY_H

/*
 * Gives `to`, a fresh socket of the same kind, the options in which `from` differs from a fresh one
 * (host/sockopts.def). One that cannot be set is left out: its default is what the program gets.
 */
void host_carry_options(int from, int to);

#endif
