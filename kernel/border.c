/*
 * Serving a border: messages are taken, performed and answered.
 *
 * Invariants upheld here: pending work is bounded (8); those of chain.c, nester.c and reply.c,
 * which are the rest of this object.
 */
#include "kernel/border.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/arch/x86_64/numbers.h"
#include "kernel/border_own.h"
#include "kernel/process.h"
#include "kernel/teach.h"
#include "kernel/trap.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct kern_border *kern_border_new(struct kern_space *space, const struct kern_host *host,
				    const struct kern_observer *observer)
{
	/* Mapped, and not calloc()ed: musl's looks at each page, which has to be there for that. */
	struct kern_border *border =
	    mmap(NULL, sizeof(*border), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct seccomp_notif_sizes sizes;

	if (border == MAP_FAILED)
		return NULL;
	border->space = space;
	border->host = host;
	border->observer = observer;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
	    sizes.seccomp_notif > sizeof(struct seccomp_notif))
		border->trap_size = sizes.seccomp_notif;
	else
		border->trap_size = sizeof(struct seccomp_notif);
	border->trap = malloc(border->trap_size);
	if (!border->trap) {
		munmap(border, sizeof(*border));
		return NULL;
	}
	return border;
}

void kern_border_set_asker(struct kern_border *border, const struct kern_asker *asker)
{
	border->asker = asker;
}

void kern_border_free(struct kern_border *border)
{
	if (!border)
		return;
	kern_pending_end(&border->pending);
	free(border->trap);
	munmap(border, sizeof(*border));
}

const struct kern_counters *kern_border_counters(const struct kern_border *border)
{
	return &border->counters;
}

int kern_border_may_block(struct kern_border *border, const struct kern_message *message)
{
	int result;

	if (border->worker)
		return 0;
	border->counters.blocked++;
	result = kern_pending_fork(&border->pending, message);
	border->worker = result == 0;
	if (border->worker)
		kern_border_let_go(border);
	return result;
}

/* A thread is looked at when it is another than before, or runs another program. */
static void teach(struct kern_border *border)
{
	const struct kern_message *message = &border->message;

	if (message->verb == CD_VERB_EXEC) {
		border->taught = 0;
	} else if (message->tid != border->taught || kern_installs_filter(message)) {
		kern_teach(message);
		border->taught = message->tid;
	}
}

static void begin(struct kern_border *border, struct kern_message *message)
{
	struct timespec now;

	message->number = ++border->counters.messages;
	message->space = border->space;
	message->id = border->trap->id;
	message->arrived_ns = 0;
	if (!border->observer || !border->observer->answered)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	message->arrived_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * A call that the filter would have let go its way, and sends here to be recorded, or shown. Of no
 * other is it said that Linux may go on without a decision: the table has to call it internal
 * (invariant 1), or it is a sendto without an address. It is what the filter saw: nobody can change
 * number and registers while the thread waits.
 */
static bool take_internal(struct kern_border *border)
{
	struct kern_message *message = &border->message;
	const int nr = border->trap->data.nr;
	const bool internal = kern_syscall_is_internal(nr, border->space->bare);
	uint64_t arguments[6];

	memcpy(arguments, border->trap->data.args, sizeof(arguments));
	message->use = (struct kern_use){0};
	if (border->shows_uses && (internal || nr == KERN_NR_SENDTO))
		kern_use_of(nr, arguments, &message->use);
	if (!message->use.count && !(internal && border->space->records_calls))
		return false;
	begin(border, message);
	border->counters.messages--; /* it is none */
	message->tid = (pid_t)border->trap->pid;
	message->nr = nr;
	message->verb = CD_VERB_NONE;
	message->shape = NULL;
	message->has_path = message->has_path2 = false;
	message->data_len = 0;
	if (internal && border->space->records_calls && border->observer &&
	    border->observer->called)
		border->observer->called(border->observer->context, message, arguments);
	return true;
}

/* A call that was recorded, and no more. */
static void go_on(struct kern_border *border)
{
	struct seccomp_notif_resp response = {.id = border->message.id,
					      .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

	ioctl(border->space->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void kern_border_finish(struct kern_border *border, struct kern_reply *reply)
{
	struct kern_message *message = &border->message;

	if (reply->action == KERN_REPLY_VALUE && reply->value == KERN_DENIED_KILL)
		reply->action = KERN_REPLY_KILL;
	if (border->worker)
		kern_pending_settle();
	if (border->asking && kern_asks_keep(&border->asks, &border->asked, message) != 0) {
		border->asking = false;
		reply->action = KERN_REPLY_VALUE;
		reply->value = -EAGAIN;
	}
	/* A worker answers instead. */
	if (!border->asking &&
	    (reply->action != KERN_REPLY_VALUE || reply->value != KERN_PENDING)) {
		int64_t result = kern_border_answer(border, reply);

		if (border->observer && border->observer->answered && !border->worker &&
		    message->verb != CD_VERB_NONE)
			border->observer->answered(border->observer->context, message,
						   reply->action == KERN_REPLY_CONTINUE ? NULL
											: &result);
	}
	if (reply->fd >= 0)
		close(reply->fd);
	if (border->worker)
		_exit(0);
}

void kern_border_perform(struct kern_border *border, int error)
{
	struct kern_message *message = &border->message;
	struct kern_reply reply = {.action = KERN_REPLY_VALUE, .value = -ENOSYS, .fd = -1};

	border->asking = false;
	if (!error && message->use.count)
		error = kern_border_show_uses(border);
	if (error)
		reply.value = error;
	else if (message->use.is_native)
		reply.action = KERN_REPLY_CONTINUE;
	else if (border->host->perform[message->verb])
		border->host->perform[message->verb](border->host->context, border, message,
						     &reply);
	kern_border_finish(border, &reply);
}

/* Calls that are always the monitor's to perform, and uses all the same. */
static bool sends(enum cd_verb verb)
{
	return verb == CD_VERB_SENDMSG || verb == CD_VERB_SENDMMSG;
}

static void handle(struct kern_border *border)
{
	struct kern_message *message = &border->message;
	int error;

	if (border->held_for != (pid_t)border->trap->pid)
		kern_border_let_go(border);
	border->asked.count = 0;
	border->asked.changed_by = NULL;
	if (take_internal(border)) {
		if (message->use.count)
			kern_border_perform(border, 0);
		else
			go_on(border);
		return;
	}
	begin(border, message);
	error = kern_trap_decode(border->trap, message);
	if (!kern_message_alive(message))
		return; /* what was read may be another process's: nothing is done with it */
	if (!error)
		teach(border);
	if (border->shows_uses && sends(message->verb))
		message->use =
		    (struct kern_use){.count = 1, .fd = {message->fd, -1}, .extra = message->len};
	kern_border_perform(border, error);
}

/* Waits for a trap or the end. 1: a trap may be there; 0: look again; -1: the space has ended. */
static int wait_for_trap(struct kern_border *border)
{
	struct pollfd poller = {.fd = border->space->listener, .events = POLLIN};

	if (border->pending.count)
		kern_pending_sweep(&border->pending, border->space);
	else if (border->sync_wakeup)
		return 1;
	if (poll(&poller, 1, border->pending.count ? KERN_SWEEP_MS : -1) < 0)
		return errno == EINTR ? 0 : -1;
	if (poller.revents & POLLIN)
		return 1;
	return poller.revents ? -1 : 0;
}

static bool has_ended(const struct kern_border *border)
{
	struct pollfd poller = {.fd = border->space->listener, .events = POLLIN};

	return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLHUP | POLLERR | POLLNVAL));
}

enum cd_status kern_border_serve(struct kern_border *border)
{
	int listener = border->space->listener;
	uint64_t ops;

	kern_pending_setup();
	kern_border_begin_here(border);
	border->sync_wakeup =
	    !border->space->no_sync_wakeup &&
	    ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
	ops = kern_border_ports_ops(border->space);
	if (ops)
		signal(SIGPIPE, SIG_IGN); /* of a nester that has gone */
	border->may_list = ops & CD_NESTER_LIST;
	border->shows_uses = ops & CD_NESTER_USE && border->host->held;
	for (bool ports = ops;;) {
		int ready = ports ? kern_border_wait_with_ports(border) : wait_for_trap(border);

		if (ready < 0)
			break;
		if (ready == 0)
			continue;
		memset(border->trap, 0, border->trap_size);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, border->trap) == 0)
			handle(border);
		else if (errno == ENOENT ? has_ended(border) : errno != EINTR)
			break;
	}
	kern_pending_end(&border->pending);
	return has_ended(border) ? CD_OK : CD_ESYS;
}
