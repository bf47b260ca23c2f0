/*
 * execve.
 *
 * Linux itself must start a program, and reads its name from the process's memory again when it
 * does. So the decision here explains and records, and what enforces it is the view: what no rule
 * lets run is on a mount with noexec, and a process that exchanges the name after the decision is
 * held to that (docs/invariants.md, 3).
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/fs.h"
#include "host/hops.h"

#define EXEC		 CD_OPBIT(CD_OP_FS_EXEC)
#define INTERPRETERS_MAX 5 /* as in Linux */

/* The interpreter that a "#!" line names; false when the file has none. */
static bool read_interpreter(int object, char *path, size_t size)
{
	char line[256];
	int fd = host_reopen(object, O_RDONLY | O_NONBLOCK);
	char *start = line + 2;
	ssize_t n;

	if (fd < 0)
		return false;
	n = pread(fd, line, sizeof(line) - 1, 0);
	close(fd);
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[n] = '\0';
	start += strspn(start, " \t");
	start[strcspn(start, " \t\n")] = '\0';
	if (strlen(start) >= size)
		return false;
	strcpy(path, start);
	return *path != '\0';
}

static int may_run(struct kern_border *border, const struct kern_message *m,
		   const struct host_object *object)
{
	struct stat st;
	int error;

	if (fstat(object->fd, &st))
		return -errno;
	if (S_ISLNK(st.st_mode)) /* not followed, as asked */
		return -ELOOP;
	/* What has no path in the view (a memory file, say) has no rule; a rule for all paths is
	 * none for it. */
	if (!S_ISREG(st.st_mode) || object->anonymous)
		return -EACCES;
	error = host_decide_path(border, m, EXEC, object->path, object->path_len);
	/* A program that its user cannot read would become one whose memory the monitor cannot
	 * read. */
	if (!error &&
	    syscall(SYS_faccessat2, object->fd, "", X_OK | R_OK, AT_EMPTY_PATH | AT_EACCESS))
		error = -errno;
	return error;
}

/* Without mounts Linux starts what has that name outside: it must be the same. */
static bool is_elsewhere(const struct kern_message *m, int dir, const char *path,
			 const struct host_object *object)
{
	return host_hops_on() && !(m->flags & AT_EMPTY_PATH && !*path) &&
	       !host_hops_is_same_natively(m, dir, path, !(m->flags & AT_SYMLINK_NOFOLLOW), object);
}

HOST_HANDLER(host_fs_exec)
{
	static struct host_object object;
	char interpreter[256];
	unsigned flags = (m->flags & AT_SYMLINK_NOFOLLOW ? HOST_NOFOLLOW : 0) |
			 (m->flags & AT_EMPTY_PATH ? HOST_EMPTY : 0);
	int error;

	(void)context;
	if (m->flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) {
		reply->value = -EINVAL;
		return;
	}
	error = host_resolve(m, m->dir, m->path, flags, &object);
	if (error) {
		reply->value =
		    host_note_absent(border, m, EXEC, object.path, object.path_len, error);
		return;
	}
	error = may_run(border, m, &object);
	if (!error && is_elsewhere(m, m->dir, m->path, &object))
		error = -EACCES;
	for (int i = 0; !error && i < INTERPRETERS_MAX; i++) {
		if (!read_interpreter(object.fd, interpreter, sizeof(interpreter)))
			break;
		host_object_close(&object);
		/* A missing interpreter is Linux's to report. */
		if (host_resolve(m, AT_FDCWD, interpreter, 0, &object))
			break;
		error = may_run(border, m, &object);
		if (!error && is_elsewhere(m, AT_FDCWD, interpreter, &object))
			error = -EACCES;
	}
	host_object_close(&object);
	if (error)
		reply->value = error;
	else
		reply->action = KERN_REPLY_CONTINUE;
}
