/*
 * What a log says was asked for: read once, and kept as far as the policy does not have it anyway.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/read.h"
#include "cli/learn.h"
#include "lib/vec.h"

#define REFUSALS_MAX 1000 /* that are told of */

bool learn_is_secret(const struct learning *l, enum cd_op op, const char *object)
{
	if (op <= CD_OP_FS_EXEC || strncmp(object, "unix:/", 6) == 0)
		return learn_decide(l->secrets, op, object) != CD_ALLOW;
	return false;
}

/* ---- what was there before ---- */

static bool remember(char ***list, size_t *count, size_t *capacity, const char *text)
{
	char **grown = cd_vec_grow(*list, capacity, *count + 1, sizeof(**list));

	if (!grown)
		return false;
	*list = grown;
	grown[*count] = strdup(text);
	return grown[*count] && ++*count;
}

static int in_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool learn_was_made(const struct learning *l, const char *object)
{
	return l->made_count &&
	       bsearch(&object, l->made, l->made_count, sizeof(*l->made), in_order) != NULL;
}

/* In a directory that spaces have privately: there it is the space's, unless a folder of the user's
 * is shown. */
bool learn_is_private(const char *object)
{
	static const char *const places[] = {"/tmp/", "/dev/shm/"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i]);
		char first[CD_PATH_MAX];
		struct stat st;

		if (strncmp(object, places[i], len) != 0) {
			if (strncmp(object, places[i], len - 1) == 0 && !object[len - 1])
				return true;
			continue;
		}
		snprintf(first, sizeof(first), "%.*s", (int)(len + strcspn(object + len, "/")),
			 object);
		return i == 1 || lstat(first, &st) != 0;
	}
	return false;
}

/* The rules for what is made in a private directory do not reach the user's own files that are
 * shown inside it. */
bool learn_is_covered(const struct learning *l, enum cd_op op, const char *text)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = text, .len = strlen(text)};
	struct cd_decision decision;
	struct mon_rule rule;

	if (op > CD_OP_FS_EXEC || strncmp(text, "/tmp/", 5) != 0)
		return learn_decide(l->covered, op, text) == CD_ALLOW;
	mon_decide(l->covered->table, CD_OPBIT(op), &object, &decision);
	if (decision.verdict != CD_ALLOW || decision.rule == CD_NO_RULE)
		return false;
	mon_table_rule(l->covered->table, decision.rule, &rule);
	return strcmp(rule.pattern, "/tmp/**") != 0;
}

/* ---- requests ---- */

static bool refuse(struct learning *l, enum cd_op op, const char *object, const char *why)
{
	struct learn_refusal *list;

	for (size_t i = 0; i < l->refusal_count; i++)
		if (l->refusals[i].op == op && strcmp(l->refusals[i].object, object) == 0) {
			l->refusals[i].times++;
			return true;
		}
	if (l->refusal_count == REFUSALS_MAX)
		return true;
	list = cd_vec_grow(l->refusals, &l->refusal_capacity, l->refusal_count + 1, sizeof(*list));
	if (!list)
		return false;
	l->refusals = list;
	list[l->refusal_count] = (struct learn_refusal){op, strdup(object), why, 1};
	return list[l->refusal_count].object && ++l->refusal_count;
}

static const char *program_of(struct learning *l, const struct audit_event *event)
{
	if (!event->running)
		return NULL;
	for (size_t i = 0; i < l->program_count; i++)
		if (strcmp(l->programs[i], event->running) == 0)
			return l->programs[i];
	return remember(&l->programs, &l->program_count, &l->program_capacity, event->running)
		   ? l->programs[l->program_count - 1]
		   : NULL;
}

/* What Linux would have refused the user himself needs no rule. */
static bool failed_anyway(const struct audit_event *event, enum cd_op op)
{
	return op != CD_OP_FS_STAT && event->has_result && !event->continued &&
	       (event->result == -EACCES || event->result == -EPERM || event->result == -EROFS) &&
	       event->verdict == CD_ALLOW;
}

static bool ask(struct learning *l, const struct audit_event *event, enum cd_op op)
{
	struct learn_asked *asked =
	    cd_vec_grow(l->asked, &l->asked_capacity, l->asked_count + 1, sizeof(*asked));

	if (!asked)
		return false;
	l->asked = asked;
	asked += l->asked_count;
	*asked = (struct learn_asked){.op = op,
				      .object = strdup(event->object),
				      .program = program_of(l, event),
				      .directory = strncmp(event->call, "mkdir", 5) == 0,
				      .absent = event->absent && event->verdict == CD_ALLOW};
	return asked->object && ++l->asked_count;
}

static bool take_request(struct learning *l, const struct audit_event *event, enum cd_op op)
{
	const char *object = event->object;

	if (learn_is_secret(l, op, object))
		return refuse(l, op, object, "a secret");
	if (event->verdict != CD_ALLOW && !(l->denied && event->verdict == CD_DENY))
		return refuse(l, op, object,
			      op >= CD_OP_NET_CONNECT && op <= CD_OP_NET_SEND && !l->network
				  ? "no network while it was learned (--allow-net=ADDR)"
				  : "it was denied");
	if (failed_anyway(event, op))
		return true;
	if ((op <= CD_OP_FS_EXEC && learn_is_private(object)) || learn_is_covered(l, op, object)) {
		l->by_groups += !event->absent;
		l->needed += !event->absent;
		return true;
	}
	if (op <= CD_OP_FS_EXEC && !pol_learn_can_name(object))
		return refuse(l, op, object, "no rule can name it");
	l->needed += !event->absent;
	return ask(l, event, op);
}

/*
 * What was not there needs no rule; unless the program made it later, for the next time it may be
 * there before, or it was not in the view, and what was denied is wanted.
 */
static bool matters(const struct learning *l, const struct audit_event *event)
{
	const uint64_t looking = CD_OPBIT(CD_OP_FS_STAT) | CD_OPBIT(CD_OP_FS_READ);
	struct stat st;

	if (!event->absent)
		return true;
	if (event->verdict == CD_ALLOW)
		return !(event->ops & ~looking);
	return l->denied &&
	       (event->ops & CD_OPBIT(CD_OP_FS_CREATE) || lstat(event->object, &st) == 0);
}

static bool take_event(struct learning *l, const struct audit_event *event)
{
	const bool allowed = event->verdict == CD_ALLOW && !event->absent;
	bool good = true;

	if (event->kind != AUDIT_OP || event->inside || !matters(l, event))
		return true;
	if (allowed && event->ops & CD_OPBIT(CD_OP_FS_CREATE) &&
	    (!event->has_result || event->continued || event->result >= 0))
		good = remember(&l->made, &l->made_count, &l->made_capacity, event->object);
	if (good && allowed)
		good = learn_take_move(l, event->message, event->call, event->object, event->ops);
	for (unsigned op = 0; good && op < CD_OP_COUNT; op++)
		if (event->ops & CD_OPBIT(op))
			good = take_request(l, event, (enum cd_op)op);
	return good;
}

static void say_of_head(const struct learning *l, const struct audit_event *event)
{
	if (event->kind == AUDIT_HEAD && l->from && event->audit &&
	    strcmp(event->audit, "denied") == 0)
		cli_say("%s has what was denied alone (--audit=denied): what was allowed cannot be "
			"learned "
			"from it",
			l->from);
}

bool learn_read_log(struct learning *l, int fd)
{
	struct audit_reader *reader = audit_reader_new(fd);
	struct audit_event event;
	enum cd_status status = CD_ENOMEM;
	bool broken = false, any = false;

	l->status = l->from ? -1 : l->status;
	while (reader && (status = audit_reader_next(reader, &event)) == CD_OK) {
		broken |= event.broken != NULL;
		any |= event.kind == AUDIT_OP;
		say_of_head(l, &event);
		if (!take_event(l, &event)) {
			status = CD_ENOMEM;
			break;
		}
	}
	audit_reader_free(reader);
	if (l->made_count)
		qsort(l->made, l->made_count, sizeof(*l->made), in_order);
	if (status != CD_ENOENT) {
		cli_say("cannot read the log: %s",
			status == CD_ENOMEM ? "out of memory" : strerror(errno));
		return false;
	}
	if (broken)
		cli_say("%s is not as it was written; `cordon audit verify` says where",
			l->from ? l->from : "the log");
	if (!any && l->from && broken)
		cli_say("%s holds no records", l->from);
	return any || !l->from || !broken;
}
