/* cordon: the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/external.h"
#include "cli/fds.h"
#ifdef CORDON_HOOK
#include "tests/hook/hook.h"
#endif

static int overview(void)
{
	puts("cordon runs an untrusted program inside a space that owns nothing: whatever would "
	     "leave\n"
	     "the space is decided by a policy, and every denial says what would have allowed "
	     "it.\n\n"
	     "usage: cordon COMMAND [OPTIONS] ...\n");
	for (size_t i = 0; cli_commands[i]; i++)
		if (!cli_commands[i]->hidden)
			printf("  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
	puts("\nnesters, which stand on the border of a space (cordon NESTER --help):");
	for (const struct cli_verb *nester = cli_nesters; nester->name; nester++)
		printf("  %-12s %s\n", nester->name, nester->help);
	puts("\nexamples:\n"
	     "  cordon run ./downloaded-tool --version\n"
	     "  cordon run --allow-read=. --allow-write=out -- python3 convert.py in.csv out/\n"
	     "  cordon run -p tool.json -- ./tool\n"
	     "  cordon policy check tool.json\n\n"
	     "`cordon COMMAND --help` says more.");
	return 0;
}

/* Descriptors that somebody left open are not ours to keep, and least of all to hand on, but for
 * those that the command line names. */
static void close_inherited(int argc, char **argv)
{
	struct host_fds named = {.count = 0};

	if (argc > 1 && strcmp(argv[1], "run") == 0)
		cli_fds_named(&named, argc - 2, argv + 2);
	cli_fds_close_others(&named);
}

int main(int argc, char **argv)
{
	close_inherited(argc, argv);
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return overview();
	if (strcmp(argv[1], "--version") == 0) {
		puts("cordon " CORDON_VERSION);
		return 0;
	}
#ifdef CORDON_HOOK
	if (argc == 6 && strcmp(argv[1], "attack") == 0) {
		struct hook_targets targets = {argv[2], argv[3], atoi(argv[4]), atoi(argv[5]), -1};

		hook_attack(1, &targets);
		return 0;
	}
#endif
	for (size_t i = 0; cli_commands[i]; i++) {
		if (strcmp(argv[1], cli_commands[i]->name) != 0)
			continue;
		if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
			return cli_help(cli_commands[i]);
		return cli_commands[i]->run(argc - 1, argv + 1);
	}
	cli_external(argv + 1);
	cli_say("there is no command \"%s\"; `cordon --help` lists them", argv[1]);
	return CLI_FAILED;
}
