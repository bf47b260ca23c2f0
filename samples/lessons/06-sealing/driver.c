/*
 * driver: starts a mint, has it make a purse of 100, and gives that to a client.
 *
 * usage: driver MINT CLIENT...
 *
 * MINT gets the client's side as descriptor 3 and its owner's as 4. CLIENT gets its own side as
 * descriptor 3 and the purse as 4. Exit status: the client's.
 */
#include <signal.h>
#include <sys/wait.h>

#include "lesson.h"

int main(int argc, char **argv)
{
	int left[2], owner[2], purse, status;
	char text[MESSAGE_MAX + 1];
	pid_t mint, client;

	if (argc < 3)
		return 2;
	make_pair(left);
	make_pair(owner);
	mint = start_with((char *[]){argv[1], NULL}, (int[]){left[1], owner[1]}, 2);
	close(left[1]), close(owner[1]);
	send_text(owner[0], "make 100", -1);
	recv_within(owner[0], text, &purse, 2000);
	if (purse < 0) {
		fputs("driver: the mint made no purse\n", stderr);
		kill(mint, SIGKILL);
		return 2;
	}
	client = start_with(argv + 2, (int[]){left[0], purse}, 2);
	waitpid(client, &status, 0);
	kill(mint, SIGKILL);
	while (wait(NULL) > 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
