/*
 * Nesters, asked about the message at hand and heard about those that wait for them.
 *
 * Invariant upheld here: a nester that hangs or dies stops its own descendants only (6).
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "kernel/answer.h"
#include "kernel/border_own.h"
#include "kernel/process.h"

#define POLLERS_MAX (1 + 2 * CD_LAYERS_MAX)
#define STAY_MS	    2 /* how long a message stays where it is for a nester's answer */

/* ---- asking ---- */

/* The listener, and the ports around; ports: of the same places. How many. */
static nfds_t list_pollers(const struct kern_border *border, struct pollfd *pollers,
			   struct kern_port **ports)
{
	nfds_t count = 1;

	pollers[0] = (struct pollfd){.fd = border->space->listener, .events = POLLIN};
	for (const struct kern_space *space = border->space; space && count + 2 <= POLLERS_MAX;
	     space = space->parent) {
		if (!space->port || space->port->wire.socket < 0)
			continue;
		ports[count] = ports[count + 1] = space->port;
		pollers[count++] = (struct pollfd){space->port->wire.socket, POLLIN, 0};
		if (space->port->wire.in >= 0)
			pollers[count++] = (struct pollfd){space->port->wire.in, POLLIN, 0};
	}
	return count;
}

/* Waits until something comes, but not for long. Has this port alone? */
static bool is_heard_first(const struct kern_border *border, const struct kern_port *port)
{
	struct pollfd pollers[POLLERS_MAX];
	struct kern_port *ports[POLLERS_MAX];
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
	heard->fd = -1;
	heard->received = kern_port_receive(port, &heard->answer, NULL);
	if (heard->received == 0) {
		/* Or it is about to: to let it costs half of waiting for it. */
		sched_yield();
		waited = true;
		heard->received = kern_port_receive(port, &heard->answer, NULL);
	}
	if (heard->received == 0) {
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
int kern_border_ask_nester(struct kern_border *border, struct kern_port *port,
			   const struct kern_message *message, uint64_t ops,
			   const struct cd_object *object, bool absent)
{
	int said;

	/* It is to find us where it is told that we are. */
	if (!border->worker)
		kern_border_hold_here(border, message->tid);
	said = kern_port_ask(port, &border->asked, message, ops, object, absent);
	if (said != KERN_UNANSWERED || border->worker || !is_let_pass(border, port, message))
		return said;
	border->asked.questions[border->asked.count - 1].answered = true;
	return 0;
}

/* ---- hearing them ---- */

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
	kern_border_finish(border, reply);
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
		kern_border_perform(border, 0);
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

	hold.next = from;
	border->host->hold(border->host->context, border->space, &hold);
	for (const struct kern_space *space = border->space; object && space && space->port != port;
	     space = space->parent)
		object = kern_border_further_out(border, space, object);
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

int kern_border_wait_with_ports(struct kern_border *border)
{
	struct pollfd pollers[POLLERS_MAX];
	struct kern_port *ports[POLLERS_MAX];
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
	ready = poll(pollers, count, waiting ? KERN_SWEEP_MS : -1);
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

uint64_t kern_border_ports_ops(const struct kern_space *space)
{
	uint64_t ops = 0;

	for (; space; space = space->parent)
		if (space->port)
			ops |= space->port->ops;
	return ops;
}
