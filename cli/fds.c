/* Descriptors that the command line passes on. */
#include "cli/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/cli.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#define HIGHEST 1023

/* "N" or "N:ro". -1: it is neither. */
static int parse(const char *value, bool *read_only)
{
	char *end;
	long number = *value >= '0' && *value <= '9' ? strtol(value, &end, 10) : -1;

	if (number < 3 || number > HIGHEST || (*end && strcmp(end, ":ro") != 0))
		return -1;
	*read_only = *end != '\0';
	return (int)number;
}

/* In its place; whether there was one. */
static bool add(struct host_fds *fds, int fd)
{
	size_t at = fds->count;

	if (at == HOST_FDS_MAX)
		return false;
	for (; at > 0 && fds->fd[at - 1] >= fd; at--)
		if (fds->fd[at - 1] == fd)
			return false;
	memmove(fds->fd + at + 1, fds->fd + at, (fds->count - at) * sizeof(fds->fd[0]));
	fds->fd[at] = fd;
	fds->count++;
	return true;
}

bool cli_fds_keep(struct host_fds *fds, int fd)
{
	return add(fds, fd);
}

int cli_fds_of_port(const char *text, int numbers[3])
{
	for (int count = 0; text && count < 3;) {
		char *end;
		long number = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

		if (number < 3 || number > HIGHEST || (*end && *end != ','))
			return 0;
		numbers[count++] = (int)number;
		if (*end == '\0')
			return count == 2 ? 0 : count;
		text = end + 1;
	}
	return 0;
}

void cli_fds_named(struct host_fds *fds, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		bool next = (strcmp(argv[i], "--fd") == 0 || strcmp(argv[i], "--port") == 0) &&
			    i + 1 < argc;
		const char *value = strncmp(argv[i], "--fd=", 5) == 0	  ? argv[i] + 5
				    : strncmp(argv[i], "--port=", 7) == 0 ? argv[i] + 7
				    : next				  ? argv[i + 1]
									  : "";
		int numbers[3];
		bool read_only;
		int fd = parse(value, &read_only);

		if (fd >= 0)
			add(fds, fd);
		else
			for (int n = cli_fds_of_port(value, numbers); n > 0; n--)
				add(fds, numbers[n - 1]);
	}
}

void cli_fds_close_others(const struct host_fds *fds)
{
	unsigned from = 3;

	for (size_t i = 0; i < fds->count; i++) {
		unsigned next = (unsigned)fds->fd[i];

		if (next > from)
			syscall(SYS_close_range, from, next - 1, 0);
		from = next + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0);
}

/*
 * What leads no further than to itself. Not a directory, nor what stands for a path or a namespace:
 * from there the view's outside can be reached. Nor what has no type at all: rings, listeners,
 * monitors of processes and of memory.
 */
static const char *flaw_with(int fd, int flags)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st))
		return strerror(errno);
	if (flags & O_PATH || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode) ||
	    (fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC))
		return "it leads to other files, past all rules";
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode) &&
	    !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return "it is no file, pipe, socket or device";
	return NULL;
}

const char *cli_fds_flaw(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? "no such descriptor is open" : flaw_with(fd, flags);
}

void cli_fds_check_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;
		int null;

		if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
			continue;
		null = open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
		if (null >= 0 && null != fd) {
			dup2(null, fd);
			close(null);
		}
	}
}

/* Puts the same object, opened for reading, in the place of what may be written to as well. */
static const char *make_read_only(int fd, int flags)
{
	char path[32];
	off_t at = lseek(fd, 0, SEEK_CUR);
	int again;

	if ((flags & O_ACCMODE) == O_RDONLY)
		return NULL;
	if ((flags & O_ACCMODE) != O_RDWR)
		return "it is open for writing alone";
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* Without waiting for who writes to a FIFO. A socket cannot be opened: ENXIO. */
	again = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (again < 0)
		return "it cannot be opened for reading alone";
	if (at > 0)
		lseek(again, at, SEEK_SET);
	fcntl(again, F_SETFL, flags & ~(O_ACCMODE | O_ASYNC));
	dup3(again, fd, O_CLOEXEC);
	close(again);
	return NULL;
}

bool cli_fds_grant(struct host_fds *fds, const char *value)
{
	bool read_only;
	int fd = parse(value, &read_only), flags = fcntl(fd, F_GETFL);
	const char *flaw;

	if (fd < 0) {
		cli_say("--fd=%s: write --fd=N or --fd=N:ro, with a number from 3 to %d", value,
			HIGHEST);
		return false;
	}
	flaw = flags < 0 ? "no such descriptor is open" : flaw_with(fd, flags);
	if (!flaw && read_only)
		flaw = make_read_only(fd, flags);
	if (!flaw && !add(fds, fd))
		flaw = fds->count == HOST_FDS_MAX ? "too many descriptors" : "it is named twice";
	if (flaw)
		cli_say("--fd=%s: %s", value, flaw);
	else
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return !flaw;
}

bool cli_fds_have_socket(const struct host_fds *fds)
{
	struct stat st;

	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			return true;
	for (size_t i = 0; i < fds->count; i++)
		if (fstat(fds->fd[i], &st) == 0 && S_ISSOCK(st.st_mode))
			return true;
	return false;
}
