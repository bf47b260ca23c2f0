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
 * A purse is an empty file without a name; what it holds stands in the mint's table, by the file's
 * identity. The mint keeps each file open: a number that could be given to another file would be no
 * identity. Neither the purse alone tells or changes anything, nor the mint alone.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "lesson.h"

#define PURSES 1024

struct purse {
	int kept;
	dev_t device;
	ino_t file;
	long amount;
};

static struct purse purses[PURSES];
static int count;

/* The right to look into this table is the unsealer. */
static struct purse *find(int fd)
{
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat))
		return NULL;
	for (int i = 0; i < count; i++)
		if (purses[i].device == stat.st_dev && purses[i].file == stat.st_ino)
			return &purses[i];
	return NULL;
}

/* The sealer. The purse stays the mint's; -1: there are enough. */
static int make(long amount)
{
	struct stat stat;
	int fd = count < PURSES ? memfd_create("purse", MFD_CLOEXEC) : -1;

	if (fd < 0 || fstat(fd, &stat))
		return -1;
	purses[count++] = (struct purse){
	    .kept = fd, .device = stat.st_dev, .file = stat.st_ino, .amount = amount};
	return fd;
}

static void answer(int sock, int from_owner, char *text, int fd)
{
	struct purse *purse = find(fd);
	int made = -1;
	long amount;

	if (strcmp(text, "sum") == 0) {
		snprintf(text, MESSAGE_MAX, purse ? "sum %ld" : "no purse",
			 purse ? purse->amount : 0);
		send_text(sock, text, -1);
		return;
	}
	if (purse && sscanf(text, "split %ld", &amount) == 1 && amount >= 0 &&
	    amount <= purse->amount) {
		made = make(amount);
		purse->amount -= made >= 0 ? amount : 0;
	} else if (from_owner && sscanf(text, "make %ld", &amount) == 1) {
		made = make(amount);
	}
	send_text(sock, made < 0 ? "no" : "purse", made);
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
