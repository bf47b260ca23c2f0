/*
 * What reaches the thread that waits: its memory, descriptors, the answer.
 *
 * Invariant upheld here: a reply is sent only for the trap that asked (the id is the kernel's).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/border_own.h"
#include "kernel/memory.h"
#include "kernel/process.h"

/* ---- where both run ---- */

/*
 * A descriptor is installed by the waiting thread itself, and both wake-ups that this takes lack
 * the hint that NOTIF_SEND gives: Linux would use an idle processor, and that takes ten times as
 * long as all the rest. So both threads are held on this processor for as long as it takes. The
 * other one sleeps before and after, and does not see it. The monitor stays while traps come from
 * that same thread, which most do.
 */
static bool get_processors(pid_t tid, struct kern_processors *p)
{
	p->size = syscall(SYS_sched_getaffinity, tid, sizeof(p->mask), p->mask);
	return p->size > 0;
}

static bool set_processors(pid_t tid, const struct kern_processors *p)
{
	return p->size > 0 && syscall(SYS_sched_setaffinity, tid, p->size, p->mask) == 0;
}

void kern_border_begin_here(struct kern_border *border)
{
	get_processors(0, &border->all);
}

void kern_border_let_go(struct kern_border *border)
{
	if (!border->held_for)
		return;
	border->held_for = 0;
	set_processors(0, &border->all);
}

bool kern_border_hold_here(struct kern_border *border, pid_t tid)
{
	int cpu;

	if (border->held_for == tid)
		return true;
	cpu = border->sync_wakeup ? sched_getcpu() : -1;
	if (cpu < 0 || (size_t)cpu >= 8 * sizeof(border->here.mask))
		return false;
	memset(border->here.mask, 0, sizeof(border->here.mask));
	border->here.mask[cpu / 64] = 1UL << cpu % 64;
	border->here.size = sizeof(border->here.mask);
	if (!set_processors(0, &border->here))
		return false;
	border->held_for = tid;
	return true;
}

/* ---- its memory, and its descriptors ---- */

int kern_border_write(const struct kern_message *message, uint64_t address, const void *bytes,
		      size_t len)
{
	if (!kern_message_alive(message))
		return -ESRCH;
	return kern_memory_write(message->tid, address, bytes, len);
}

int kern_border_read(const struct kern_message *message, uint64_t address, void *bytes, size_t len)
{
	int error = kern_memory_read(message->tid, address, bytes, len);

	return !error && !kern_message_alive(message) ? -ESRCH : error;
}

/* Has the waiting thread put a descriptor into its table: its number, or -errno; -ENOENT: nobody
 * waits any more. */
static int install(struct kern_border *border, const struct kern_message *message,
		   struct seccomp_notif_addfd *add)
{
	struct kern_processors its = {0};
	pid_t tid = message->tid;
	bool held = kern_border_hold_here(border, tid) && get_processors(tid, &its) &&
		    set_processors(tid, &border->here);
	int fd;

	add->id = message->id;
	fd = ioctl(border->space->listener, SECCOMP_IOCTL_NOTIF_ADDFD, add);
	fd = fd < 0 ? -errno : fd;
	if (held)
		set_processors(tid, &its);
	return fd;
}

int kern_border_replace(struct kern_border *border, const struct kern_message *message, int number,
			int fd, bool cloexec)
{
	struct seccomp_notif_addfd add = {.flags = SECCOMP_ADDFD_FLAG_SETFD,
					  .srcfd = (uint32_t)fd,
					  .newfd = (uint32_t)number,
					  .newfd_flags = cloexec ? O_CLOEXEC : 0};
	int got = install(border, message, &add);

	return got < 0 ? got : 0;
}

int64_t kern_border_answer(struct kern_border *border, struct kern_reply *reply)
{
	struct seccomp_notif_resp response = {.id = border->message.id};
	int listener = border->space->listener;

	switch (reply->action) {
	case KERN_REPLY_FD: {
		struct seccomp_notif_addfd add = {.srcfd = (uint32_t)reply->fd,
						  .newfd_flags = reply->fd_cloexec ? O_CLOEXEC : 0};
		int fd = install(border, &border->message, &add);

		/* From here on it is the process's alone: what that closes is closed. */
		close(reply->fd);
		reply->fd = -1;
		if (fd >= 0)
			response.val = fd;
		else
			response.error =
			    fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : -EACCES;
		break;
	}
	case KERN_REPLY_CONTINUE: response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE; break;
	case KERN_REPLY_KILL:
		if (kern_message_alive(&border->message))
			kill(border->message.tid, SIGKILL);
		response.error = -EACCES;
		break;
	case KERN_REPLY_VALUE:
		if (reply->value < 0)
			response.error = (int32_t)reply->value;
		else
			response.val = reply->value;
		break;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	return response.error ? response.error : response.val;
}
