/*
 * Serving a border.
 *
 * Invariants upheld here: every message is decided by each layer of its chain (1, 4); a reply is
 * sent only for the trap that asked (the id is the kernel's); pending work is bounded (8).
 */
#include "kernel/border.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/answer.h"
#include "kernel/memory.h"
#include "kernel/pending.h"
#include "kernel/port.h"
#include "kernel/process.h"
#include "kernel/teach.h"
#include "kernel/trap.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#define SWEEP_MS 20
#define STAY_MS	 2 /* how long a message stays where it is for a nester's answer */

struct processors {
	long size; /* bytes of the mask that Linux knows */
	unsigned long mask[16];
};

struct kern_border {
	struct kern_space *space;
	const struct kern_host *host;
	const struct kern_observer *observer;
	const struct kern_asker *asker; /* NULL: nobody */
	bool worker;			/* this process answers one message and ends */
	bool sync_wakeup; /* Linux 6.6; there NOTIF_RECV itself notices the end of the space, too */
	pid_t held_for;	  /* the thread for which this process stays where it is; 0: none */
	struct processors all, here;
	pid_t taught; /* the thread whose program has been told what it may do; 0: none */
	struct kern_counters counters;
	struct kern_pending pending;
	/* The object at hand as the spaces around see it, by turns: as long as the decision is. */
	char outward_text[2][CD_PATH_MAX];
	struct cd_object outward[2];
	struct kern_asks asks;	 /* messages that wait for a nester */
	struct kern_asked asked; /* what has been asked of the message at hand */
	bool may_list;		 /* a nester may ask what is held, at any time */
	bool asking;		 /* it has to wait for an answer: nothing more is done for it */
	struct kern_heard
	    heard; /* an answer that was not for the message at hand, or no plain one */
	struct seccomp_notif *trap; /* as large as the running kernel's */
	size_t trap_size;
	struct kern_message message;
};

struct kern_border *kern_border_new(struct kern_space *space, const struct kern_host *host,
				    const struct kern_observer *observer)
{
	struct kern_border *border = calloc(1, sizeof(*border));
	struct seccomp_notif_sizes sizes;

	if (!border)
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
		free(border);
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
	free(border);
}

const struct kern_counters *kern_border_counters(const struct kern_border *border)
{
	return &border->counters;
}

static void observe(struct kern_border *border, struct kern_record *record)
{
	record->worker = border->worker;
	if (border->observer && (border->observer->all || record->decision->verdict != CD_ALLOW))
		border->observer->record(border->observer->context, record);
}

/*
 * A descriptor is installed by the waiting thread itself, and both wake-ups that this takes lack
 * the hint that NOTIF_SEND gives: Linux would use an idle processor, and that takes ten times as
 * long as all the rest. So both threads are held on this processor for as long as it takes. The
 * other one sleeps before and after, and does not see it. The monitor stays while traps come from
 * that same thread, which most do.
 */
static bool get_processors(pid_t tid, struct processors *p)
{
	p->size = syscall(SYS_sched_getaffinity, tid, sizeof(p->mask), p->mask);
	return p->size > 0;
}

static bool set_processors(pid_t tid, const struct processors *p)
{
	return p->size > 0 && syscall(SYS_sched_setaffinity, tid, p->size, p->mask) == 0;
}

static void let_go(struct kern_border *border)
{
	if (!border->held_for)
		return;
	border->held_for = 0;
	set_processors(0, &border->all);
}

/* Holds the monitor where it is, until a trap comes from another thread. */
static bool hold_here(struct kern_border *border, pid_t tid)
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

/* ---- asking a nester ---- */

/* The listener, and the ports around; ports: of the same places. How many. */
static nfds_t list_pollers(const struct kern_border *border, struct pollfd *pollers,
			   struct kern_port **ports)
{
	nfds_t count = 1;

	pollers[0] = (struct pollfd){.fd = border->space->listener, .events = POLLIN};
	for (const struct kern_space *space = border->space; space && count <= CD_LAYERS_MAX;
	     space = space->parent) {
		if (!space->port || space->port->fd < 0)
			continue;
		ports[count] = space->port;
		pollers[count++] = (struct pollfd){.fd = space->port->fd, .events = POLLIN};
	}
	return count;
}

/* Waits until something comes, but not for long. Has this port alone? */
static bool is_heard_first(const struct kern_border *border, const struct kern_port *port)
{
	struct pollfd pollers[1 + CD_LAYERS_MAX];
	struct kern_port *ports[1 + CD_LAYERS_MAX];
	const nfds_t count = list_pollers(border, pollers, ports);

	if (poll(pollers, count, STAY_MS) != 1)
		return false;
	for (nfds_t i = 1; i < count; i++)
		if (pollers[i].revents)
			return ports[i] == port;
	return false;
}

/* Did the nester let the message pass, before anything else came? What it says otherwise is kept.
 */
static bool is_let_pass(struct kern_border *border, struct kern_port *port,
			const struct kern_message *message)
{
	struct kern_heard *heard = &border->heard;
	bool waited = false;

	if (heard->port)
		return false;
	/* On this processor it has often run before we do. */
	heard->received = kern_port_receive(port, &heard->answer, &heard->fd);
	if (heard->received == 0) {
		waited = true;
		if (!is_heard_first(border, port))
			return false;
		heard->received = kern_port_receive(port, &heard->answer, &heard->fd);
	}
	if (heard->received > 0 && heard->fd < 0 && heard->answer.id == message->id &&
	    heard->answer.action == CD_PORT_PASS && (!waited || kern_message_alive(message)))
		return true;
	heard->port = port;
	return false;
}

/*
 * Most nesters answer at once, and most answers let it pass: then the message goes on where it is,
 * with the object that it holds. Whatever else comes first ends the wait, for then the message is
 * put aside. So nobody is held up by a nester that is slow, and nothing is taken here but that one
 * answer; any other is for later.
 */
static int ask_nester(struct kern_border *border, struct kern_port *port,
		      const struct kern_message *message, uint64_t ops,
		      const struct cd_object *object, bool absent)
{
	int said;

	/* It is to find us where it is told that we are. */
	if (!border->worker)
		hold_here(border, message->tid);
	said = kern_port_ask(port, &border->asked, message, ops, object, absent);
	if (said != KERN_UNANSWERED || border->worker || !is_let_pass(border, port, message))
		return said;
	border->asked.questions[border->asked.count - 1].answered = true;
	return 0;
}

/*
 * The first layer of the chain that does not allow, or NULL. The record says which it was; when all
 * allow, it holds the decision of the outermost one that has a say.
 *
 * said: not 0 if a nester did not let it pass (kern_port_ask()); NULL: none is asked. asking: what
 * the layers of this space ask about counts as allowed; NULL: of none.
 */
static const struct kern_layer *walk_chain(struct kern_border *border, int *said, uint64_t ops,
					   const struct cd_object *object,
					   struct kern_record *record, struct cd_decision *decision,
					   const struct kern_space *asking)
{
	/* What a nester has changed is its own, not the program's. */
	const struct kern_port *changed_by = border->asked.changed_by;
	unsigned turn = 0;

	record->seen = NULL;
	for (const struct kern_space *space = record->message->space; space;
	     space = space->parent) {
		for (size_t i = 0; !changed_by && i < space->layer_count; i++) {
			const struct kern_layer *layer = space->layers[i];

			layer->decide(layer->context, ops, object, decision);
			if (decision->verdict != CD_ALLOW || !layer->silent) {
				record->space = space;
				record->layer = (unsigned)i;
			}
			if (decision->verdict == CD_ASK && space == asking)
				continue;
			if (decision->verdict != CD_ALLOW)
				return layer;
		}
		if (said && !changed_by && space->port && ops & space->port->ops) {
			*said = ask_nester(border, space->port, record->message,
					   ops & space->port->ops, object, record->absent);
			if (*said)
				return NULL;
		}
		if (changed_by == space->port)
			changed_by = NULL;
		if (!space->parent || !space->outward)
			continue;
		turn ^= 1;
		if (!space->outward(space->outward_context, &ops, object,
				    border->outward_text[turn], &border->outward[turn]))
			break;
		record->seen = object = &border->outward[turn];
	}
	return NULL;
}

/* Each operation that one of the space's own layers asks about. The first that is not granted. */
static const struct kern_layer *ask_each(struct kern_border *border, struct kern_record *record,
					 struct cd_decision *decision, enum kern_answer *answer)
{
	const struct kern_space *own = record->message->space;
	const uint64_t ops = record->ops;

	record->space = own;
	for (size_t i = 0; i < own->layer_count; i++) {
		const struct kern_layer *layer = own->layers[i];

		record->layer = (unsigned)i;
		for (uint64_t rest = ops; rest; rest &= rest - 1) {
			layer->decide(layer->context, rest & -rest, record->object, decision);
			if (decision->verdict == CD_ALLOW)
				continue;
			*answer = decision->verdict == CD_ASK
				      ? border->asker->ask(border->asker->context, record)
				      : KERN_ANSWER_NO;
			if (*answer != KERN_ANSWER_YES)
				return layer;
			decision->verdict = CD_ALLOW;
		}
	}
	return NULL;
}

/*
 * An answer may take its time, and something be taken away meanwhile: the layers that have said
 * their word are asked again. What denies now, or NULL: nothing is changed then.
 */
static const struct kern_layer *look_again(struct kern_border *border, struct kern_record *record,
					   struct cd_decision *decision)
{
	struct kern_record again = *record;
	struct cd_decision now = *decision;
	const struct kern_layer *layer = walk_chain(border, NULL, record->ops, record->object,
						    &again, &now, record->message->space);

	if (layer) {
		*record = again;
		*decision = now;
	}
	return layer;
}

/*
 * A layer of the space's own asks. What another one denies needs no question; else a worker asks,
 * holding what was looked at, and goes on with it when it is granted. *layer: which one denies.
 */
static int ask(struct kern_border *border, struct kern_record *record, struct cd_decision *decision,
	       const struct kern_layer **layer, int *said)
{
	const struct kern_message *message = record->message;
	const struct cd_decision asked = *decision;
	const struct kern_layer *asking = *layer;
	enum kern_answer answer = KERN_ANSWER_YES;
	int error;

	*layer =
	    walk_chain(border, said, record->ops, record->object, record, decision, message->space);
	if (*layer || *said)
		return 0;
	error = kern_border_may_block(border, message);
	if (error == KERN_PENDING)
		return error;
	if (error) { /* too many wait already */
		*decision = asked;
		*layer = asking;
		return 0;
	}
	*layer = ask_each(border, record, decision, &answer);
	if (answer == KERN_ANSWER_INTERRUPTED)
		return KERN_RESTART;
	if (!*layer)
		*layer = look_again(border, record, decision);
	return 0;
}

int kern_border_decide(struct kern_border *border, const struct kern_message *message, uint64_t ops,
		       const struct cd_object *object)
{
	struct cd_decision decision = {CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};
	struct kern_record record = {
	    .message = message, .object = object, .decision = &decision, .ops = ops};
	const struct kern_layer *layer;
	int said = 0, error = 0;

	if (border->asking)
		return -EACCES;
	layer = walk_chain(border, &said, ops, object, &record, &decision, NULL);
	if (layer && decision.verdict == CD_ASK && border->asker && record.space == message->space)
		error = ask(border, &record, &decision, &layer, &said);
	if (error)
		return error;
	/* A worker is answered by nobody. */
	if (said == KERN_UNANSWERED && !border->worker) {
		border->asking = true;
		return -EACCES;
	}
	if (said)
		decision = (struct cd_decision){CD_DENY, CD_OP_COUNT, CD_NO_RULE};
	for (unsigned op = 0; said && decision.op == CD_OP_COUNT && op < CD_OP_COUNT; op++)
		if (ops & CD_OPBIT(op))
			decision.op = op;
	record.nester = said != 0;
	observe(border, &record);
	if (!layer && !said)
		return 0;
	border->counters.denied++;
	if (said)
		return said == KERN_UNANSWERED ? -EACCES : said;
	switch (layer->on_deny) {
	case KERN_DENY_HIDE: return -ENOENT;
	case KERN_DENY_KILL: return KERN_DENIED_KILL;
	case KERN_DENY_ERRNO: break;
	}
	return -EACCES;
}

/* For the record alone: the answer does not rest on it. said: as of walk_chain(). */
static void note(struct kern_border *border, struct kern_record *record,
		 struct cd_decision *decision, int *said)
{
	if (border->asking)
		return;
	*decision = (struct cd_decision){CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};
	walk_chain(border, said, record->ops, record->object, record, decision, NULL);
	if (said && *said == KERN_UNANSWERED && !border->worker)
		border->asking = true;
	else
		observe(border, record);
}

void kern_border_note_absent(struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;
	struct kern_record record = {.message = message,
				     .object = object,
				     .decision = &decision,
				     .ops = ops,
				     .absent = true};
	int said = 0;

	/* A nester may know such a name. */
	note(border, &record, &decision, &said);
}

void kern_border_note_inside(struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;
	struct kern_record record = {.message = message,
				     .object = object,
				     .decision = &decision,
				     .ops = ops,
				     .inside = true};

	note(border, &record, &decision, NULL);
}

void kern_border_weigh(const struct kern_border *border, const struct kern_message *message,
		       uint64_t ops, const struct cd_object *object, struct cd_decision *decision)
{
	struct kern_record record = {.message = message};

	*decision = (struct cd_decision){CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};
	/* Nobody is asked, and so nothing of it changes. */
	walk_chain((struct kern_border *)(uintptr_t)border, NULL, ops, object, &record, decision,
		   NULL);
}

bool kern_border_would_allow(const struct kern_border *border, const struct kern_message *message,
			     uint64_t ops, const struct cd_object *object)
{
	struct cd_decision decision;

	kern_border_weigh(border, message, ops, object, &decision);
	return decision.verdict == CD_ALLOW;
}

/* One layer's word; nothing is recorded, and nobody asked. */
static bool layer_allows(const struct kern_layer *layer, uint64_t ops,
			 const struct cd_object *object)
{
	struct cd_decision decision = {CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};

	layer->decide(layer->context, ops, object, &decision);
	return decision.verdict == CD_ALLOW;
}

bool kern_border_would_widen(const struct kern_message *message, uint64_t ops,
			     const struct cd_object *from, const struct cd_object *to)
{
	char text[2][2][CD_PATH_MAX];
	struct cd_object outer[2][2];
	unsigned turn = 0;

	for (const struct kern_space *space = message->space; space; space = space->parent) {
		for (size_t i = 0; i < space->layer_count; i++)
			if (layer_allows(space->layers[i], ops, to) &&
			    !layer_allows(space->layers[i], ops, from))
				return true;
		if (!space->parent || !space->outward)
			continue;
		turn ^= 1;
		for (unsigned side = 0; side < 2; side++) {
			uint64_t asked = ops;

			if (!space->outward(space->outward_context, &asked, side ? to : from,
					    text[turn][side], &outer[turn][side]) ||
			    asked != ops)
				return false;
		}
		from = &outer[turn][0];
		to = &outer[turn][1];
	}
	return false;
}

bool kern_border_movable(const struct kern_message *message, const char *path, size_t len)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = len}, outer;
	char text[2][CD_PATH_MAX];
	uint64_t ops = CD_OPBIT(CD_OP_FS_REMOVE);
	unsigned turn = 0;

	for (const struct kern_space *space = message->space; space; space = space->parent) {
		for (size_t i = 0; i < space->layer_count; i++)
			if (!space->layers[i]->movable(space->layers[i]->context, object.text,
						       object.len))
				return false;
		if (!space->parent || !space->outward)
			continue;
		turn ^= 1;
		if (!space->outward(space->outward_context, &ops, &object, text[turn], &outer))
			break;
		object = outer;
	}
	return true;
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
		let_go(border);
	return result;
}

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
	struct processors its = {0};
	pid_t tid = message->tid;
	bool held = hold_here(border, tid) && get_processors(tid, &its) &&
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

/* Sends the reply. Nobody may be waiting any more: that is no error. The result; of
 * KERN_REPLY_CONTINUE nothing. */
static int64_t answer(struct kern_border *border, struct kern_reply *reply)
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
 * A call that the filter would have let go its way, and sends here to be recorded. Of no other is
 * it said that Linux may go on without a decision: the table has to call it internal (invariant 1).
 * It is what the filter saw: nobody can change the number while the thread waits.
 */
static bool pass_internal(struct kern_border *border)
{
	struct kern_message *message = &border->message;
	struct seccomp_notif_resp response = {.id = border->trap->id,
					      .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	uint64_t arguments[6];

	if (!border->space->records_calls ||
	    !kern_syscall_is_internal(border->trap->data.nr, border->space->bare))
		return false;
	begin(border, message);
	border->counters.messages--; /* it is none */
	message->tid = (pid_t)border->trap->pid;
	message->nr = border->trap->data.nr;
	message->verb = CD_VERB_NONE;
	memcpy(arguments, border->trap->data.args, sizeof(arguments));
	if (border->observer && border->observer->called)
		border->observer->called(border->observer->context, message, arguments);
	ioctl(border->space->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	return true;
}

/* Answers, unless a worker or a nester does, and lets go of what the reply holds. */
static void finish(struct kern_border *border, struct kern_reply *reply)
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
		int64_t result = answer(border, reply);

		if (border->observer && border->observer->answered && !border->worker)
			border->observer->answered(border->observer->context, message,
						   reply->action == KERN_REPLY_CONTINUE ? NULL
											: &result);
	}
	if (reply->fd >= 0)
		close(reply->fd);
	if (border->worker)
		_exit(0);
}

static void perform(struct kern_border *border, int error)
{
	struct kern_message *message = &border->message;
	struct kern_reply reply = {.action = KERN_REPLY_VALUE, .value = -ENOSYS, .fd = -1};

	border->asking = false;
	if (error)
		reply.value = error;
	else if (border->host->perform[message->verb])
		border->host->perform[message->verb](border->host->context, border, message,
						     &reply);
	finish(border, &reply);
}

static void handle(struct kern_border *border)
{
	struct kern_message *message = &border->message;
	int error;

	if (border->held_for != (pid_t)border->trap->pid)
		let_go(border);
	if (pass_internal(border))
		return;
	begin(border, message);
	error = kern_trap_decode(border->trap, message);
	if (!kern_message_alive(message))
		return; /* what was read may be another process's: nothing is done with it */
	if (!error)
		teach(border);
	border->asked.count = 0;
	border->asked.changed_by = NULL;
	perform(border, error);
}

/* ---- nesters ---- */

/* The message that was put aside is at hand again. */
static void take_up(struct kern_border *border, struct kern_asked *asked)
{
	const struct kern_message *message = asked->message;

	memcpy(&border->message, message, offsetof(struct kern_message, data) + message->data_len);
	border->asked.id = asked->id;
	border->asked.count = asked->count;
	border->asked.changed_by = asked->changed_by;
	memcpy(border->asked.questions, asked->questions,
	       asked->count * sizeof(asked->questions[0]));
	kern_asks_drop(&border->asks, asked);
}

static void answer_asked(struct kern_border *border, struct kern_asked *asked,
			 struct kern_reply *reply)
{
	take_up(border, asked);
	border->asking = false;
	finish(border, reply);
}

static struct kern_question *open_question(struct kern_asked *asked, const struct kern_port *port)
{
	struct kern_question *last = asked->count ? &asked->questions[asked->count - 1] : NULL;

	return last && !last->answered && last->port == port ? last : NULL;
}

static void take_answer(struct kern_border *border, struct kern_port *port,
			const struct cd_port_answer *answer, int fd)
{
	struct kern_reply reply = {.action = KERN_REPLY_VALUE, .value = -EACCES, .fd = -1};
	struct kern_asked *asked = kern_asks_find(&border->asks, answer->id);
	struct kern_question *question = asked ? open_question(asked, port) : NULL;

	/* Late, twice, or made up. */
	if (!question)
		return;
	if (!kern_message_alive(asked->message)) {
		kern_asks_drop(&border->asks, asked);
		return;
	}
	question->answered = true;
	if (answer->action == CD_PORT_PASS ||
	    (answer->action == CD_PORT_CHANGE && kern_answer_change(asked, port, answer))) {
		take_up(border, asked);
		perform(border, 0);
		return;
	}
	/* What is no answer is a denial. */
	(void)kern_answer_reply(asked->message, answer, fd, &reply);
	answer_asked(border, asked, &reply);
}

/* Nobody will answer any more. */
static void deny_asked(struct kern_border *border, const struct kern_port *port)
{
	for (size_t i = border->asks.count; i-- > 0;) {
		struct kern_reply reply = {.action = KERN_REPLY_VALUE, .value = -EACCES, .fd = -1};

		if (i < border->asks.count && open_question(border->asks.all[i], port))
			answer_asked(border, border->asks.all[i], &reply);
	}
}

/* The next thing that a process holds, as it is called where the nester is. */
static void tell_held(struct kern_border *border, struct kern_port *port, uint64_t from)
{
	static struct kern_hold hold;
	const struct cd_object *object = &hold.object;
	uint64_t ops;
	unsigned turn = 0;

	hold.next = from;
	border->host->hold(border->host->context, border->space, &hold);
	ops = hold.ops;
	for (const struct kern_space *space = border->space; space && space->port != port;
	     space = space->parent) {
		if (!object || object->kind != CD_OBJECT_PATH || !space->parent || !space->outward)
			continue;
		turn ^= 1;
		object = space->outward(space->outward_context, &ops, object,
					border->outward_text[turn], &border->outward[turn])
			     ? &border->outward[turn]
			     : NULL;
	}
	kern_port_tell(port, border->space, &hold, object);
}

/* What was heard. To act on it may be to hear something again. */
static void take_heard(struct kern_border *border)
{
	struct kern_heard *heard = &border->heard;
	struct kern_port *port = heard->port;
	int fd = heard->fd;

	heard->port = NULL;
	if (heard->received > 0 && heard->answer.action == CD_PORT_LIST) {
		if (border->host->hold && port->ops & CD_NESTER_LIST)
			tell_held(border, port, heard->answer.id);
	} else if (heard->received > 0)
		take_answer(border, port, &heard->answer, fd);
	else if (heard->received < 0)
		deny_asked(border, port);
	if (fd >= 0)
		close(fd);
}

/* Who waits has a signal to handle, or is gone. */
static void sweep_asked(struct kern_border *border)
{
	for (size_t i = border->asks.count; i-- > 0;) {
		struct kern_reply reply = {
		    .action = KERN_REPLY_VALUE, .value = KERN_RESTART, .fd = -1};
		struct kern_asked *asked = border->asks.all[i];

		if (!kern_message_alive(asked->message))
			kern_asks_drop(&border->asks, asked);
		else if (kern_process_interrupted(asked->message))
			answer_asked(border, asked, &reply);
	}
}

/* 1: a trap may be there; 0: look again; -1: the space has ended. */
static int wait_with_ports(struct kern_border *border)
{
	struct pollfd pollers[1 + CD_LAYERS_MAX];
	struct kern_port *ports[1 + CD_LAYERS_MAX];
	struct kern_heard *heard = &border->heard;
	bool waiting = border->pending.count || border->asks.count;
	nfds_t count;
	int ready;

	if (border->pending.count)
		kern_pending_sweep(&border->pending, border->space);
	/* Nobody has been asked anything, and nobody asks: what they say can wait. */
	if (!waiting && !heard->port && border->sync_wakeup && !border->may_list)
		return 1;
	if (heard->port) {
		take_heard(border);
		return 0;
	}
	count = list_pollers(border, pollers, ports);
	ready = poll(pollers, count, waiting ? SWEEP_MS : -1);
	if (ready < 0)
		return errno == EINTR ? 0 : -1;
	if (ready == 0)
		sweep_asked(border);
	/* One answer of each: what else is there is told at once, and others are heard in between.
	 */
	for (nfds_t i = 1; i < count && !heard->port; i++) {
		if (!pollers[i].revents)
			continue;
		heard->port = ports[i];
		heard->received = kern_port_receive(ports[i], &heard->answer, &heard->fd);
		take_heard(border);
	}
	if (heard->port)
		return 0; /* what is to be acted on comes first: there is place for one */
	if (pollers[0].revents & POLLIN)
		return 1;
	return pollers[0].revents ? -1 : 0;
}

/* What the nesters of the space, and of those around it, have subscribed to. */
static uint64_t ports_ops(const struct kern_space *space)
{
	uint64_t ops = 0;

	for (; space; space = space->parent)
		if (space->port)
			ops |= space->port->ops;
	return ops;
}

/* Waits for a trap or the end. 1: a trap may be there; 0: look again; -1: the space has ended. */
static int wait_for_trap(struct kern_border *border)
{
	struct pollfd poller = {.fd = border->space->listener, .events = POLLIN};

	if (border->pending.count)
		kern_pending_sweep(&border->pending, border->space);
	else if (border->sync_wakeup)
		return 1;
	if (poll(&poller, 1, border->pending.count ? SWEEP_MS : -1) < 0)
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
	get_processors(0, &border->all);
	border->sync_wakeup =
	    !border->space->no_sync_wakeup &&
	    ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
	ops = ports_ops(border->space);
	border->may_list = ops & CD_NESTER_LIST;
	for (bool ports = ops;;) {
		int ready = ports ? wait_with_ports(border) : wait_for_trap(border);

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
