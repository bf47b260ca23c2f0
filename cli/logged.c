/* `cordon run` with a log that a command reads. */
#include "cli/logged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define FIXED 8 /* arguments of our own */

int logged_temporary(const char *name, const char *suffix, char *path)
{
	const char *base = getenv("TMPDIR");

	if (!base || base[0] != '/' ||
	    snprintf(path, CD_PATH_MAX, "%s/%s.XXXXXX%s", base, name, suffix) >= CD_PATH_MAX)
		snprintf(path, CD_PATH_MAX, "/tmp/%s.XXXXXX%s", name, suffix);
	return mkostemps(path, (int)strlen(suffix), O_CLOEXEC);
}

bool logged_begin(struct logged *logged, int room)
{
	int fd = -1;

	*logged = (struct logged){.argv = calloc((size_t)room + FIXED, sizeof(char *))};
	if (logged->argv)
		fd = logged_temporary("cordon-log", "", logged->path);
	if (fd < 0) {
		cli_say("cannot make a log: %s: %s", logged->path, strerror(errno));
		logged->path[0] = '\0';
		logged_end(logged);
		return false;
	}
	close(fd);
	logged->argv[logged->argc++] = strdup("run");
	if (logged_option(logged, "log", logged->path))
		return true;
	logged_end(logged);
	return false;
}

bool logged_option(struct logged *logged, const char *name, const char *value)
{
	char *text;

	if (asprintf(&text, value ? "--%s=%s" : "--%s", name, value) < 0) {
		cli_say("out of memory");
		return false;
	}
	logged->argv[logged->argc++] = text;
	return true;
}

int logged_run(struct logged *logged, char **program)
{
	int own = logged->argc, status;

	logged->argv[logged->argc++] = (char[]){"--"};
	while (*program)
		logged->argv[logged->argc++] = *program++;
	logged->argv[logged->argc] = NULL;
	status = cli_run.run(logged->argc, logged->argv);
	/* Ours are freed, the program's are not ours. */
	logged->argc = own;
	return status;
}

int logged_open(const struct logged *logged)
{
	return open(logged->path, O_RDONLY | O_CLOEXEC);
}

void logged_unlink(struct logged *logged)
{
	if (logged->path[0])
		unlink(logged->path);
	logged->path[0] = '\0';
}

void logged_end(struct logged *logged)
{
	logged_unlink(logged);
	for (int i = 0; logged->argv && i < logged->argc; i++)
		free(logged->argv[i]);
	free(logged->argv);
	logged->argv = NULL;
}
