/*
 * monitor: lets a program open one FILE, for reading, and the system's own files; nothing else.
 *
 * TODO: between the look at the name and Linux's own there is time. Whose memory is the name in?
 */
#include "given.h"

static void decide(int listener, const struct seccomp_notif *n, unsigned long address,
		   unsigned long flags, const char *file)
{
	char path[PATH_SIZE];

	if (read_path(listener, n, address, path) && (flags & O_ACCMODE) == O_RDONLY &&
	    (strcmp(path, file) == 0 || is_of_the_system(path)))
		answer_continue(listener, n);
	else
		answer_refused(listener, n);
}
