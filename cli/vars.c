/* The values of a policy's variables for this user. */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "cli/cli.h"

void cli_vars(struct pol_vars *vars, const char *program)
{
	static char cwd[CD_PATH_MAX];
	const char *home = getenv("HOME");
	const char *tmp = getenv("TMPDIR");

	if (!home || home[0] != '/') {
		const struct passwd *user = getpwuid(geteuid());

		home = user ? user->pw_dir : NULL;
	}
	*vars = (struct pol_vars){
	    .home = home,
	    .cwd = getcwd(cwd, sizeof(cwd)),
	    .tmp = tmp && tmp[0] == '/' ? tmp : "/tmp",
	    .program = program,
	    .uid = geteuid(),
	};
}
