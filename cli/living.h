/*
 * The spaces within a space: a table that the wardens of all of them share, and the keeper of the
 * outermost reads when somebody asks what there is.
 *
 * Each warden has one entry, which it writes before its space begins. Monitors have none of it:
 * they let go of it before they serve. A reader copies an entry and then believes nothing of it but
 * that it has bounds.
 */
#ifndef CORDON_CLI_LIVING_H
#define CORDON_CLI_LIVING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/run.h"
#include "cordon/limits.h"

struct living_space {
	pid_t warden; /* its number among the monitors; 0: none */
	char id[CD_SPACE_ID_MAX];
	char name[64], policy[64]; /* cut, if they are longer */
	unsigned on_deny;	   /* enum pol_on_deny */
	unsigned native;	   /* enum cd_native */
	uint64_t nester_ops; /* what a nester on its border is asked about; 0: there is none */
};

/* In the outermost warden, before it makes the first space. False: there is no memory. */
bool living_begin(void);
/* In a new warden: takes an entry. False: there are CD_SPACES_MAX. */
bool living_claim(void);
/* Says in it what the space is. */
void living_tell(const struct run *run);
/* In a monitor. */
void living_let_go(void);

/* Entry i < CD_SPACES_MAX; false: there is none. Its warden may have ended. */
bool living_at(size_t i, struct living_space *out);

#endif
