/*
 * The keeper: the small process that keeps the user's authority while a space runs.
 *
 * It forwards signals, tends the terminal, collects what the monitor reports, watches the clock,
 * and passes the program's status on. When the space first asks for the network, it starts what
 * serves it. The monitor can ask it for nothing else.
 */
#ifndef CORDON_CLI_KEEPER_H
#define CORDON_CLI_KEEPER_H

#include <signal.h>

#include "cli/report.h"
#include "cli/run.h"
#include "host/launch.h"

/* Blocks the signals that the keeper handles; before the launch, so that none is lost. */
void keeper_prepare(void);

/*
 * Waits until the space has ended. Returns the exit status for cordon: the program's own, 128+n, or
 * 125 to 127 with the reason said. Closes the space's descriptors.
 */
int keeper_run(struct run *run, struct host_space *space, struct report_view *view);

#endif
