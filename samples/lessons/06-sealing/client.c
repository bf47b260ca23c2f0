/*
 * client: has a mint on descriptor 3 and a purse of 100 as descriptor 4.
 *
 * usage: client honest    splits 30 off, and looks what is in both
 *        client forge     shows the mint a copy of the purse, and one of which the digits are 9
 *        client stuff     writes into the purse
 *        client overdraw  splits off more than there is, and less than nothing
 *        client reuse     throws a purse away and makes files until one might pass for it
 *
 * Exit status: 0 it worked, 1 not.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lesson.h"

/* What the mint says is in a purse; -1: it does not know it. */
static long sum(int purse)
{
	char text[MESSAGE_MAX + 1];
	long amount = -1;
	int fd;

	send_text(3, "sum", purse);
	if (recv_within(3, text, &fd, 2000) > 0)
		sscanf(text, "sum %ld", &amount);
	if (fd >= 0)
		close(fd);
	return amount;
}

/* A new purse with so much out of the other; -1: refused. */
static int split(int purse, long amount)
{
	char text[MESSAGE_MAX + 1];
	int fd;

	snprintf(text, sizeof(text), "split %ld", amount);
	send_text(3, text, purse);
	recv_within(3, text, &fd, 2000);
	return fd;
}

/* Makes what is in a purse look as if it were worth more: every digit a 9. */
static void inflate(int fd, const char *bytes, ssize_t len)
{
	char copy[4096];

	for (ssize_t i = 0; i < len; i++)
		copy[i] = bytes[i] >= '0' && bytes[i] <= '9' ? '9' : bytes[i];
	if (pwrite(fd, copy, (size_t)len, 0) != len)
		return;
}

static int honest(void)
{
	int other = split(4, 30);

	return other >= 0 && sum(4) == 70 && sum(other) == 30;
}

static int forge(void)
{
	char bytes[4096];
	ssize_t len = pread(4, bytes, sizeof(bytes), 0);
	int fd = memfd_create("purse", 0);

	/* As it is, and then as it might be. */
	if (len > 0 && pwrite(fd, bytes, (size_t)len, 0) == len && sum(fd) > 0)
		return 1;
	inflate(fd, bytes, len);
	return sum(fd) > 0 || split(fd, 1) >= 0;
}

static int stuff(void)
{
	char bytes[4096];
	ssize_t len = pread(4, bytes, sizeof(bytes), 0);

	if (len <= 0)
		len = (ssize_t)strlen(strcpy(bytes, "mint 100\n"));
	inflate(4, bytes, len);
	return sum(4) > 100;
}

static int overdraw(void)
{
	int fd = split(4, 1000), negative = split(4, -1000);

	return fd >= 0 || negative >= 0 || sum(4) > 100;
}

static int reuse(void)
{
	struct stat purse, mine;
	int fd = split(4, 50);

	if (fd < 0 || fstat(fd, &purse))
		return 0;
	close(fd);
	for (int i = 0; i < 2000; i++) {
		fd = memfd_create("purse", 0);
		if (fd >= 0 && fstat(fd, &mine) == 0 && mine.st_ino == purse.st_ino)
			return sum(fd) > 0;
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct {
		const char *name;
		int (*run)(void);
	} what[] = {{"honest", honest},
		    {"forge", forge},
		    {"stuff", stuff},
		    {"overdraw", overdraw},
		    {"reuse", reuse}};

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		if (argc == 2 && strcmp(argv[1], what[i].name) == 0)
			return what[i].run() ? 0 : 1;
	return 2;
}
