/*
 * mint: makes purses, and says what is in them.
 *
 * A purse is a descriptor, so that it can be passed on like any other. Requests on descriptor 3,
 * from anybody, and on 4, from the mint's owner:
 *
 *   sum      with a purse: answers "sum N", or "no purse"
 *   split N  with a purse: answers "purse", with a new one that holds N out of it, or "no"
 *   make N   from the owner alone: answers "purse", with a new one that holds N
 *
 * TODO: what a purse holds is written in it. Who can write?
 */
#include <sys/mman.h>

#include "lesson.h"

static void fill(int purse, long amount)
{
	if (ftruncate(purse, 0) == 0 && lseek(purse, 0, SEEK_SET) == 0)
		dprintf(purse, "mint %ld\n", amount);
}

static int make(long amount)
{
	int purse = memfd_create("purse", MFD_CLOEXEC);

	fill(purse, amount);
	return purse;
}

/* What is in it; -1: it is no purse. */
static long sum(int purse)
{
	char text[64] = "";
	long amount = -1;

	if (purse >= 0 && pread(purse, text, sizeof(text) - 1, 0) > 0)
		sscanf(text, "mint %ld", &amount);
	return amount;
}

static void answer(int sock, int from_owner, char *text, int purse)
{
	long amount, held = sum(purse);
	int made = -1;

	if (strcmp(text, "sum") == 0) {
		snprintf(text, MESSAGE_MAX, held < 0 ? "no purse" : "sum %ld", held);
		send_text(sock, text, -1);
		return;
	}
	if (sscanf(text, "split %ld", &amount) == 1 && amount >= 0 && amount <= held) {
		fill(purse, held - amount);
		made = make(amount);
	} else if (from_owner && sscanf(text, "make %ld", &amount) == 1) {
		made = make(amount);
	}
	send_text(sock, made < 0 ? "no" : "purse", made);
	if (made >= 0)
		close(made);
}

int main(void)
{
	struct pollfd pollers[2] = {{.fd = 3, .events = POLLIN}, {.fd = 4, .events = POLLIN}};
	char text[MESSAGE_MAX + 1];
	int purse;

	while (poll(pollers, 2, -1) > 0)
		for (int i = 0; i < 2; i++) {
			if (!pollers[i].revents)
				continue;
			if (recv_message(pollers[i].fd, text, &purse) <= 0)
				return 0;
			answer(pollers[i].fd, i == 1, text, purse);
			if (purse >= 0)
				close(purse);
		}
	return 0;
}
