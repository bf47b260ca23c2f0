/* Terminals, as programs of the space see them. */
#include "host/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/hops.h"
#include "kernel/border.h"
#include "kernel/process.h"
#include "kernel/space.h"
#include "lib/dir.h"

#define DEVPTS_MAGIC 0x1cd1
#define PTS_MAJOR    136

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif
#ifndef TIOCSIG
#define TIOCSIG _IOW('T', 0x36, int)
#endif

static dev_t instance; /* of devpts: the space's own; 0: it has none */

void host_tty_setup(void)
{
	struct statfs fs;
	struct stat st;

	/* Without a view of mounts those are the machine's. */
	if (host_hops_on())
		return;
	/* On what a policy shows there, of the outside, devices do not work (refmon/plan.c). */
	instance = stat("/dev/pts", &st) == 0 && statfs("/dev/pts", &fs) == 0 &&
			   fs.f_type == DEVPTS_MAGIC && !(fs.f_flags & ST_NODEV)
		       ? st.st_dev
		       : 0;
}

/* What is asked of a terminal by its number, and what the number goes with. host/confine.c lets the
 * monitor ask these, and no others. */
static const struct request {
	unsigned number;
	enum { A_VALUE, A_STRUCTURE } argument;
	size_t size; /* of the structure */
} requests[] = {
    {TIOCSWINSZ, A_STRUCTURE, sizeof(struct winsize)},
    {TIOCPKT, A_STRUCTURE, sizeof(int)},
    {TIOCGPTPEER, A_VALUE, 0},
    {TIOCSIG, A_VALUE, 0},
    {TIOCEXCL, A_VALUE, 0},
    {TIOCNXCL, A_VALUE, 0},
};

static const struct request *find_request(unsigned number)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].number == number)
			return &requests[i];
	return NULL;
}

static bool is_own(int fd)
{
	struct stat st;

	return instance && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_dev == instance;
}

/*
 * Who holds the other side of a terminal has all that could be asked of it by number, and typed
 * besides. In a space that is the terminal of a space within it.
 */
static bool is_master(int fd)
{
	unsigned number;

	return ioctl(fd, TIOCGPTN, &number) == 0;
}

static void open_peer(const struct kern_message *m, int master, struct kern_reply *reply)
{
	const int passed = O_ACCMODE | O_NONBLOCK;
	int fd = ioctl(master, TIOCGPTPEER, ((int)m->extra & passed) | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		reply->value = -errno;
		return;
	}
	reply->action = KERN_REPLY_FD;
	reply->fd = fd;
	reply->fd_cloexec = ((int)m->extra & O_CLOEXEC) != 0;
}

static int64_t perform(const struct kern_message *m, const struct request *request, int fd)
{
	unsigned char bytes[sizeof(struct winsize)];
	int error;

	if (request->argument == A_VALUE)
		return ioctl(fd, request->number, m->extra) ? -errno : 0;
	error = kern_border_read(m, m->extra, bytes, request->size);
	if (error)
		return error;
	return ioctl(fd, request->number, bytes) ? -errno : 0;
}

bool host_tty_ioctl(const struct kern_message *m, struct kern_reply *reply)
{
	const struct request *request = find_request((unsigned)m->flags);
	int fd = request ? kern_process_fd_dup(m, m->fd) : -1;
	bool own = fd >= 0 && (is_own(fd) || is_master(fd));

	if (own && request->number == TIOCGPTPEER)
		open_peer(m, fd, reply);
	else if (own)
		reply->value = perform(m, request, fd);
	if (fd >= 0)
		close(fd);
	return own;
}

/* The number in /dev/pts of the terminal that controls the process; -1: none of those does. */
static int controlling_index(const struct kern_message *m)
{
	char path[32], text[512];
	const char *after;
	unsigned number;

	snprintf(path, sizeof(path), "%d/stat", m->tid);
	if (!cd_dir_read(m->space->proc, path, text, sizeof(text)))
		return -1;
	/* The name that the process has given itself may hold anything. */
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %*d %*d %*d %u", &number) != 1 ||
	    !kern_message_alive(m) || (number >> 8 & 0xfff) != PTS_MAJOR)
		return -1;
	return (int)((number & 0xff) | (number >> 12 & 0xfff00));
}

int host_tty_open_controlling(const struct kern_message *m, int flags)
{
	int index = controlling_index(m), fd;
	char path[32];

	if (index < 0 || !instance)
		return -ENXIO;
	snprintf(path, sizeof(path), "/dev/pts/%d", index);
	fd = open(path, flags | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENXIO : -errno;
	if (!is_own(fd)) {
		close(fd);
		return -ENXIO;
	}
	return fd;
}
