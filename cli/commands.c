/* The commands. */
#include "cli/cli.h"

const struct cli_command *const cli_commands[] = {
#define CLI_COMMAND(name) &cli_##name,
#include "cli/commands.def"
#undef CLI_COMMAND
    NULL,
};
