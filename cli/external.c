/* Looking for a command's program: where it was built, and where it is installed. */
#include "cli/external.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cli_external(char **argv)
{
	static const char *const places[] = {"nesters", "../libexec/cordon"};
	char self[PATH_MAX], path[PATH_MAX + 256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	/* A word, and no way to anywhere else. */
	if (n <= 0 || argv[0][strspn(argv[0], "abcdefghijklmnopqrstuvwxyz-")] ||
	    strlen(argv[0]) > 32)
		return;
	self[n] = '\0';
	/* The spaces that it starts are made by this cordon. */
	setenv("CORDON", self, 0);
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", self, places[i], argv[0]);
		execv(path, argv);
	}
}
