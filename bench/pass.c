/*
 * A nester that lets everything pass that it is asked about: what a message costs that one stands
 * in the way of.
 *
 * usage: pass OPERATIONS [OPTION OF CORDON RUN...] -- PROGRAM [ARGUMENT...]
 */
#include <cordon/nester.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *options[64] = {NULL}, *wrong;
	struct cd_nester *nester;
	struct cd_event event;
	int kind, at = 2, count = 0;

	for (; at < argc && strcmp(argv[at], "--") != 0 && count < 63; at++)
		options[count++] = argv[at];
	if (at + 1 >= argc || cd_nester_start(&nester, cd_nester_ops_named(argv[1], &wrong),
					      options, (const char *const *)argv + at + 1))
		return 125;
	while ((kind = cd_nester_next(nester, &event, -1)) != CD_EVENT_ENDED && kind >= 0)
		if (kind == CD_EVENT_OPERATION)
			cd_nester_pass(nester, &event);
	return cd_nester_end(nester);
}
