/*
 * What a space within another one is to be: everything of a run but its descriptors, in a file.
 *
 * Who asks writes it, and is a program of a space; who reads it is about to make the space, and
 * believes none of it: rules go through the same builder as a policy's, and whatever else there is
 * has bounds. The rules are sent as they were written, and compiled once more: so there is no form
 * of a compiled table that would have to be proved harmless.
 */
#ifndef CORDON_CLI_REQUEST_H
#define CORDON_CLI_REQUEST_H

#include "cli/run.h"

#define REQUEST_SIZE_MAX (8u << 20)
#define REQUEST_FD_MAX	 255 /* the highest number that --fd takes within a space */

/* Into the file, from its beginning. False: errno says why. */
bool request_write(const struct run *run, int fd);
/*
 * Out of it: the policy, argv, envp, search, directory, name, fds' numbers and what the terminal is
 * to be like. What they point to lives as long as the process. CD_EINVAL: why (static storage) says
 * what is wrong. CD_ENOMEM, CD_ESYS.
 */
enum cd_status request_read(struct run *run, int fd, const char **why) CD_CHECKED;

#endif
