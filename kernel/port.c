/* Ports, and the messages that wait for their nesters. */
#include "kernel/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/border.h"
#include "kernel/process.h"
#include "kernel/space.h"
#include "lib/hash.h"

/* ---- the object, as policies write it ---- */

static size_t write_address(const struct cd_object *object, char text[CD_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "";
	const char *scheme = object->proto == CD_UDP ? "udp://" : "";

	if (object->proto == CD_UNIX)
		return (size_t)snprintf(text, CD_TEXT_MAX, "unix:%.*s", (int)object->len,
					object->text);
	if (object->text)
		return (size_t)snprintf(text, CD_TEXT_MAX, "%s%.*s:%u", scheme, (int)object->len,
					object->text, object->port);
	inet_ntop(object->family == 6 ? AF_INET6 : AF_INET, object->address, host, sizeof(host));
	return (size_t)snprintf(text, CD_TEXT_MAX, object->family == 6 ? "%s[%s]:%u" : "%s%s:%u",
				scheme, host, object->port);
}

static size_t write_object(const struct cd_object *object, char text[CD_TEXT_MAX])
{
	size_t len = object->len;

	if (object->kind == CD_OBJECT_ADDRESS) {
		len = write_address(object, text);
		return len < CD_TEXT_MAX ? len : CD_TEXT_MAX - 1;
	}
	if (!object->text || len >= CD_TEXT_MAX)
		return 0;
	memcpy(text, object->text, len);
	return len;
}

/* ---- asking ---- */

/* Cut, with a NUL, and with zeros behind it. */
static void put_name(char *field, size_t size, const char *name)
{
	size_t len = strnlen(name, size - 1);

	memcpy(field, name, len);
	memset(field + len, 0, size - len);
}

/*
 * The number of the process in its own space. It is told for people, and nothing rests on it: what
 * Linux says is asked once for a thread, and again when a program begins.
 */
static pid_t process_of(const struct kern_message *message)
{
	static pid_t tid, number;
	struct kern_ids ids;

	if (message->tid == tid && message->verb != CD_VERB_EXEC)
		return number;
	tid = 0;
	if (!kern_process_ids(message, &ids))
		return 0;
	tid = message->tid;
	number = ids.tgid;
	return number;
}

int kern_port_ask(struct kern_port *port, struct kern_asked *asked,
		  const struct kern_message *message, uint64_t ops, const struct cd_object *object,
		  bool absent)
{
	static struct cd_port_message question;
	struct kern_question *new;
	uint64_t hash;

	if (port->wire.socket < 0)
		return -EACCES;
	question.kind = CD_PORT_OPERATION;
	question.id = message->id;
	question.ops = ops;
	question.flags = ops & CD_NESTER_USE ? message->use.extra : message->flags;
	question.mode =
	    ops & CD_NESTER_USE ? (uint32_t)message->use.fd[message->use.at] : message->mode;
	question.absent = absent;
	question.cpu = sched_getcpu();
	question.text_len = (uint32_t)write_object(object, question.text);
	hash = cd_hash(CD_HASH_START, question.text, question.text_len);
	for (size_t i = 0; i < asked->count; i++) {
		const struct kern_question *old = &asked->questions[i];

		if (old->port == port && old->ops == ops && old->hash == hash)
			return old->answered ? old->error : KERN_UNANSWERED;
	}
	if (asked->count == KERN_QUESTIONS_MAX)
		return -EACCES;
	question.pid = process_of(message);
	put_name(question.space, sizeof(question.space), message->space->id);
	put_name(question.call, sizeof(question.call),
		 ops & CD_NESTER_USE ? kern_syscall_name(message->nr)
				     : cd_verb_name(message->verb));
	/* A nester that does not read has no say, and neither has who waits for it. */
	if (!kern_wire_send(&port->wire, &question))
		return -EACCES;
	new = &asked->questions[asked->count++];
	*new = (struct kern_question){.port = port, .ops = ops, .hash = hash};
	asked->id = message->id;
	return KERN_UNANSWERED;
}

void kern_port_tell(struct kern_port *port, const struct kern_space *space,
		    const struct kern_hold *hold, const struct cd_object *object)
{
	static struct cd_port_message message = {.kind = CD_PORT_HELD, .cpu = -1};

	message.id = hold->next;
	message.pid = hold->pid;
	message.ops = object ? hold->ops : 0;
	message.flags = hold->flags;
	message.mode = (uint64_t)hold->fd;
	message.text_len = object ? (uint32_t)write_object(object, message.text) : 0;
	put_name(message.space, sizeof(message.space), space->id);
	put_name(message.call, sizeof(message.call), hold->kind);
	kern_wire_send(&port->wire, &message);
}

/* ---- what waits ---- */

static void free_asked(struct kern_asked *asked)
{
	if (asked)
		free(asked->message);
	free(asked);
}

/* One with room for size bytes of a message; NULL: out of memory. */
static struct kern_asked *take_spare(struct kern_asks *asks, size_t size)
{
	struct kern_asked *asked = asks->spare;

	asks->spare = NULL;
	if (asked && asked->room >= size)
		return asked;
	free_asked(asked);
	asked = calloc(1, sizeof(*asked));
	if (!asked)
		return NULL;
	asked->message = malloc(size);
	asked->room = size;
	if (asked->message)
		return asked;
	free(asked);
	return NULL;
}

int kern_asks_keep(struct kern_asks *asks, const struct kern_asked *asked,
		   const struct kern_message *message)
{
	const size_t size = offsetof(struct kern_message, data) + message->data_len;
	struct kern_asked *kept;

	if (asks->count == CD_PENDING_MAX)
		return -EAGAIN;
	kept = take_spare(asks, size);
	if (!kept)
		return -EAGAIN;
	kept->id = asked->id;
	kept->count = asked->count;
	kept->changed_by = asked->changed_by;
	memcpy(kept->questions, asked->questions, asked->count * sizeof(asked->questions[0]));
	memcpy(kept->message, message, size);
	asks->all[asks->count++] = kept;
	return 0;
}

struct kern_asked *kern_asks_find(struct kern_asks *asks, uint64_t id)
{
	for (size_t i = 0; i < asks->count; i++)
		if (asks->all[i]->id == id)
			return asks->all[i];
	return NULL;
}

void kern_asks_drop(struct kern_asks *asks, struct kern_asked *asked)
{
	for (size_t i = 0; i < asks->count; i++)
		if (asks->all[i] == asked)
			asks->all[i] = asks->all[--asks->count];
	free_asked(asks->spare);
	asks->spare = asked;
}

/* ---- answers ---- */

int kern_port_receive(struct kern_port *port, struct cd_port_answer *answer, int *fd)
{
	int heard =
	    fd ? kern_wire_hear(&port->wire, answer, fd) : kern_wire_hear_pipe(&port->wire, answer);

	if (heard < 0)
		kern_wire_close(&port->wire);
	return heard;
}
