/*
 * launch: runs a program that nobody trusts on one file.
 *
 * usage: launch CORDON PROGRAM FILE
 *
 * The file is opened here, by who has the right to it, and PROGRAM gets the descriptor as its
 * standard input. No rule names the file, and PROGRAM never learns what it is called.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd;

	if (argc != 4) {
		fputs("usage: launch CORDON PROGRAM FILE\n", stderr);
		return 2;
	}
	fd = open(argv[3], O_RDONLY);
	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0) {
		perror(argv[3]);
		return 1;
	}
	execl(argv[1], argv[1], "run", "-q", "--", argv[2], NULL);
	perror(argv[1]);
	return 1;
}
