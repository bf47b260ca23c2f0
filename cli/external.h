/* Commands that are programs of their own: nesters, installed beside cordon. */
#ifndef CORDON_CLI_EXTERNAL_H
#define CORDON_CLI_EXTERNAL_H

/* Becomes the program that the command names, if there is one; else returns. argv[0] is the
 * command. */
void cli_external(char **argv);

#endif
