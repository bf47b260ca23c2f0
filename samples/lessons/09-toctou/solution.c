/*
 * monitor: lets a program open one FILE, for reading, and the system's own files; nothing else.
 *
 * The name is copied once. What was checked is the copy, and it is the copy that is opened, here;
 * the program gets the descriptor. What its memory says by now is of no interest.
 */
#include "given.h"

static void decide(int listener, const struct seccomp_notif *n, unsigned long address,
		   unsigned long flags, const char *file)
{
	char path[PATH_SIZE];
	int fd = -1;

	if (read_path(listener, n, address, path) && (flags & O_ACCMODE) == O_RDONLY &&
	    (strcmp(path, file) == 0 || is_of_the_system(path)))
		fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		answer_refused(listener, n);
		return;
	}
	answer_descriptor(listener, n, fd);
	close(fd);
}
