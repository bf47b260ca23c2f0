/* The commands. */
#include "cli/cli.h"

const struct cli_command *const cli_commands[] = {
#define CLI_COMMAND(name) &cli_##name,
#include "cli/commands.def"
#undef CLI_COMMAND
    NULL,
};

const struct cli_verb cli_nesters[] = {
#define CLI_COMMAND(name)
#define CLI_NESTER(name, summary) {name, "PROGRAM", summary},
#include "cli/commands.def"
#undef CLI_NESTER
#undef CLI_COMMAND
    {.name = NULL},
};
