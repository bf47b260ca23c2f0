/*
 * launch: runs a program that nobody trusts on one file.
 *
 * usage: launch CORDON PROGRAM FILE
 *
 * This one grants the folder that FILE is in, because PROGRAM has to open FILE and programs like to
 * look around where they are. TODO: let PROGRAM have FILE and nothing else.
 */
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char grant[4200], file[4096];

	if (argc != 4 || strlen(argv[3]) >= sizeof(file)) {
		fputs("usage: launch CORDON PROGRAM FILE\n", stderr);
		return 2;
	}
	strcpy(file, argv[3]);
	snprintf(grant, sizeof(grant), "--allow-read=%s", dirname(file));
	execl(argv[1], argv[1], "run", "-q", grant, "--", argv[2], argv[3], NULL);
	perror(argv[1]);
	return 1;
}
