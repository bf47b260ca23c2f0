/* The lines of a log. */
#include "audit/record.h"

#include <string.h>

#include "cordon/ops.h"

const char *audit_verdict_name(enum cd_verdict verdict)
{
	return verdict == CD_ALLOW ? "allow" : verdict == CD_ASK ? "ask" : "deny";
}

#define PUT_CSTRING(line, key, text) AUDIT_PUT_STRING(line, key, text, strlen(text))

/* Inside an array. */
static void put_element(struct audit_line *line, bool first, const char *text)
{
	if (!first)
		AUDIT_PUT(line, ",");
	AUDIT_PUT(line, "\"");
	audit_put_text(line, text, strlen(text));
	AUDIT_PUT(line, "\"");
}

static void put_policy(struct audit_line *line, const struct audit_policy *policy)
{
	AUDIT_PUT(line, "{\"space\":");
	put_element(line, true, policy->space);
	AUDIT_PUT_FIELD(line, "layer", policy->layer);
	PUT_CSTRING(line, "name", policy->name);
	PUT_CSTRING(line, "hash", policy->digest);
	AUDIT_PUT(line, ",\"files\":[");
	for (size_t i = 0; i < policy->file_count; i++) {
		if (i)
			AUDIT_PUT(line, ",");
		AUDIT_PUT(line, "{\"file\":");
		put_element(line, true, policy->files[i].name);
		PUT_CSTRING(line, "hash", policy->files[i].digest);
		AUDIT_PUT(line, "}");
	}
	AUDIT_PUT(line, "]}");
}

/* A command line can be larger than a line may be: what there is no room for is left out. */
#define ARGUMENTS_MAX 16384

static void put_arguments(struct audit_line *line, char *const *argv)
{
	size_t used = 0;

	AUDIT_PUT(line, ",\"argv\":[");
	for (size_t i = 0; argv && argv[i]; i++) {
		used += 6 * strlen(argv[i]) + 3;
		if (used > ARGUMENTS_MAX)
			break;
		put_element(line, i == 0, argv[i]);
	}
	AUDIT_PUT(line, "]");
}

void audit_write_head(struct audit_line *line, const struct audit_head *head)
{
	audit_line_begin(line, "head");
	AUDIT_PUT_FIELD(line, "v", AUDIT_VERSION);
	PUT_CSTRING(line, "cordon", CORDON_VERSION);
	AUDIT_PUT(line, ",\"time\":");
	audit_put_seconds(line, head->time_us);
	PUT_CSTRING(line, "audit", head->audit);
	PUT_CSTRING(line, "space", head->space);
	put_arguments(line, head->argv);
	PUT_CSTRING(line, "cwd", head->cwd);
	if (head->program)
		PUT_CSTRING(line, "program", head->program);
	AUDIT_PUT_FIELD(line, "uid", head->uid);
	if (head->home)
		PUT_CSTRING(line, "home", head->home);
	AUDIT_PUT(line, ",\"policy\":[");
	for (size_t i = 0; i < head->policy_count; i++) {
		if (i)
			AUDIT_PUT(line, ",");
		put_policy(line, &head->policies[i]);
	}
	AUDIT_PUT(line, "]");
	if (head->first)
		AUDIT_PUT(line, ",\"prev\":null");
	else
		AUDIT_PUT_STRING(line, "prev", head->prev.text, sizeof(head->prev.text));
}

void audit_write_prog(struct audit_line *line, uint32_t number, const char *path, size_t len)
{
	audit_line_begin(line, "prog");
	AUDIT_PUT_FIELD(line, "i", number);
	AUDIT_PUT_STRING(line, "x", path, len);
}

void audit_write_rule(struct audit_line *line, uint32_t number, const struct audit_rule *rule)
{
	audit_line_begin(line, "rule");
	AUDIT_PUT_FIELD(line, "i", number);
	PUT_CSTRING(line, "f", rule->file);
	PUT_CSTRING(line, "p", rule->pointer);
	PUT_CSTRING(line, "m", rule->pattern);
	PUT_CSTRING(line, "v", audit_verdict_name(rule->verdict));
}

static void put_time(struct audit_line *line, const struct audit_actor *actor)
{
	AUDIT_PUT(line, ",\"t\":");
	audit_put_seconds(line, actor->t_us);
}

static void put_actor(struct audit_line *line, const struct audit_actor *actor)
{
	PUT_CSTRING(line, "s", actor->space);
	AUDIT_PUT_FIELD(line, "pid", (uint64_t)actor->pid);
	if (actor->tid != actor->pid)
		AUDIT_PUT_FIELD(line, "tid", (uint64_t)actor->tid);
	if (!actor->unknown)
		AUDIT_PUT_FIELD(line, "p", actor->program);
	PUT_CSTRING(line, "c", actor->call);
}

static void put_ops(struct audit_line *line, uint64_t ops)
{
	bool first = true;

	AUDIT_PUT(line, ",\"o\":\"");
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		const char *name;

		if (!(ops & CD_OPBIT(op)))
			continue;
		if (!first)
			AUDIT_PUT(line, ",");
		first = false;
		name = cd_op_name((enum cd_op)op);
		audit_put(line, name, strlen(name));
	}
	AUDIT_PUT(line, "\"");
}

static void put_object(struct audit_line *line, const struct audit_op *op)
{
	AUDIT_PUT_STRING(line, "x", op->object, op->object_len);
	if (op->address)
		PUT_CSTRING(line, "at", op->address);
	if (op->where == AUDIT_ELSEWHERE) {
		AUDIT_PUT_STRING(line, "y", op->outside, op->outside_len);
	} else if (op->where == AUDIT_NOWHERE) {
		AUDIT_PUT(line, ",\"y\":null");
	}
	if (line->odd)
		AUDIT_PUT(line, ",\"b\":1");
}

void audit_write_op(struct audit_line *line, const struct audit_op *op)
{
	audit_line_begin(line, "op");
	put_time(line, &op->actor);
	AUDIT_PUT_FIELD(line, "m", op->message);
	put_actor(line, &op->actor);
	put_ops(line, op->ops);
	if (op->verdict != CD_ALLOW && op->denied_op < CD_OP_COUNT &&
	    op->ops != CD_OPBIT(op->denied_op))
		PUT_CSTRING(line, "no", cd_op_name((enum cd_op)op->denied_op));
	put_object(line, op);
	PUT_CSTRING(line, "v", audit_verdict_name(op->verdict));
	if (op->how == AUDIT_ABSENT)
		AUDIT_PUT(line, ",\"a\":\"absent\"");
	else if (op->how == AUDIT_INSIDE)
		AUDIT_PUT(line, ",\"a\":\"inside\"");
	AUDIT_PUT_FIELD(line, "l", op->layer);
	if (op->layer_space && strcmp(op->layer_space, op->actor.space) != 0)
		PUT_CSTRING(line, "ls", op->layer_space);
	if (op->rule != CD_NO_RULE)
		AUDIT_PUT_FIELD(line, "r", op->rule);
}

void audit_write_result(struct audit_line *line, const int64_t *result, uint64_t d_us)
{
	AUDIT_PUT(line, ",\"e\":");
	if (!result) {
		AUDIT_PUT(line, "null");
	} else {
		if (*result < 0)
			AUDIT_PUT(line, "-");
		audit_put_number(line, *result < 0 ? 0 - (uint64_t)*result : (uint64_t)*result);
	}
	AUDIT_PUT_FIELD(line, "d", d_us);
}

void audit_write_call(struct audit_line *line, const struct audit_actor *actor,
		      const uint64_t arguments[6], unsigned count)
{
	audit_line_begin(line, "call");
	put_time(line, actor);
	put_actor(line, actor);
	AUDIT_PUT(line, ",\"a\":\"");
	for (unsigned i = 0; i < count; i++) {
		if (i)
			AUDIT_PUT(line, ",");
		audit_put_hex(line, arguments[i]);
	}
	AUDIT_PUT(line, "\"");
}

void audit_write_tail(struct audit_line *line, const struct audit_tail *tail)
{
	audit_line_begin(line, "tail");
	AUDIT_PUT(line, ",\"t\":");
	audit_put_seconds(line, tail->t_us);
	AUDIT_PUT_FIELD(line, "status", (uint64_t)tail->status);
	if (tail->complete)
		AUDIT_PUT(line, ",\"complete\":true");
	else
		AUDIT_PUT(line, ",\"complete\":false");
	AUDIT_PUT_FIELD(line, "records", tail->records);
	AUDIT_PUT_FIELD(line, "messages", tail->messages);
	AUDIT_PUT_FIELD(line, "denied", tail->denied);
	AUDIT_PUT_FIELD(line, "left_out", tail->left_out);
	AUDIT_PUT_FIELD(line, "lost", tail->lost);
}
