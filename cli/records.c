/* From what the monitor decides to lines of a log. */
#include "cli/records.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium/core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/record.h"
#include "cli/actors.h"
#include "cli/cli.h"
#include "cli/outside.h"
#include "kernel/message.h"
#include "kernel/process.h"
#include "kernel/space.h"
#include "policy/policy.h"

/* A space whose layer has a say, and the first of the numbers that its rules have here. */
struct layer {
	const char *space;
	const struct mon_table *table;
	uint32_t base;
};

struct records {
	struct audit_log *log;
	struct layer layers[CD_LAYERS_MAX];
	size_t layer_count;
	const struct mon_names *names;
	struct outside *outside;
	struct actors *actors;
	size_t defined_size;
	unsigned char *defined; /* a bit for each rule of the table */
	uint64_t begin_us;	/* by the clock that is never set */
	bool adopted;
	uint64_t open_for; /* the message whose line is open; 0: none is */
	struct audit_line line, open;
};

static uint64_t now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct records *records_adopt(int fd, uint64_t room)
{
	struct records *records = calloc(1, sizeof(*records));

	if (records && audit_log_adopt(fd, room, &records->log) == CD_OK) {
		records->adopted = true;
		return records;
	}
	free(records);
	return NULL;
}

int records_fd(struct records *records)
{
	return audit_log_hand_over(records->log);
}

struct records *records_open(const char *path, uint64_t room)
{
	struct records *records = calloc(1, sizeof(*records));
	const char *why = "out of memory";
	enum cd_status status = CD_ENOMEM;

	if (records)
		status = audit_log_open(path, room, &records->log, &why);
	/* Chooses the fastest way of hashing that this processor has. */
	if (status == CD_OK && sodium_init() >= 0)
		return records;
	cli_say("cannot write the log %s: %s", path, why ? why : strerror(errno));
	free(records);
	return NULL;
}

void records_free(struct records *records)
{
	if (!records)
		return;
	audit_log_free(records->log);
	outside_free(records->outside);
	actors_free(records->actors);
	free(records->defined);
	free(records);
}

/* ---- the head ---- */

#define FILES_MAX 64

static bool digest_file(const char *path, char digest[AUDIT_DIGEST_SIZE])
{
	FILE *file = fopen(path, "re");
	char *bytes = file ? malloc(CD_POLICY_SIZE_MAX) : NULL;
	size_t n = bytes ? fread(bytes, 1, CD_POLICY_SIZE_MAX, file) : 0;

	if (bytes)
		audit_digest(bytes, n, digest);
	free(bytes);
	if (file)
		fclose(file);
	return bytes != NULL;
}

/* The files that rules come from; groups and flags are none. */
static size_t list_files(const struct mon_table *table, struct audit_file *files, size_t most)
{
	size_t count = 0;

	for (uint32_t i = 0; i < mon_table_count(table) && count < most; i++) {
		struct mon_rule rule;
		bool known = false;

		mon_table_rule(table, i, &rule);
		for (size_t j = 0; j < count; j++)
			known |= strcmp(files[j].name, rule.source) == 0;
		if (!known && strncmp(rule.source, "group:", 6) != 0 &&
		    digest_file(rule.source, files[count].digest))
			files[count++].name = rule.source;
	}
	return count;
}

/* The policy of each layer, the innermost first. Counts them. */
static size_t list_policies(struct records *records, const struct run *run,
			    struct audit_policy policies[CD_LAYERS_MAX])
{
	static struct audit_file files[FILES_MAX];
	size_t count = 0, used = 0;
	uint32_t base = 0;

	for (; run && count < CD_LAYERS_MAX; run = run->outer) {
		struct audit_policy *policy = &policies[count];
		char *text = pol_policy_json(run->policy, false);

		*policy = (struct audit_policy){
		    .space = run->id, .name = run->policy->name, .files = files + used};
		if (!text)
			return 0;
		audit_digest(text, strlen(text), policy->digest);
		free(text);
		policy->file_count = list_files(run->policy->table, files + used, FILES_MAX - used);
		used += policy->file_count;
		records->layers[count++] = (struct layer){run->id, run->policy->table, base};
		base += mon_table_count(run->policy->table);
	}
	records->layer_count = count;
	records->defined_size = base / 8 + 1;
	records->defined = calloc(records->defined_size, 1);
	return records->defined ? count : 0;
}

bool records_begin(struct records *records, const struct run *run)
{
	static const char *const audits[] = {[POL_AUDIT_DENIED] = "denied",
					     [POL_AUDIT_ALL] = "all",
					     [POL_AUDIT_SYSCALLS] = "syscalls"};
	static struct audit_policy policies[CD_LAYERS_MAX];
	struct audit_head head = {.time_us = now_us(CLOCK_REALTIME),
				  .audit = audits[run->policy->audit],
				  .space = run->id,
				  .cwd = run->cwd,
				  .program = run->program[0] ? run->program : NULL,
				  .home = getenv("HOME"),
				  .uid = getuid(),
				  .argv = run->argv,
				  .policies = policies};

	records->begin_us = now_us(CLOCK_MONOTONIC);
	records->outside = outside_new(run->plan);
	records->actors = actors_new();
	head.policy_count = list_policies(records, run, policies);
	if (!records->outside || !records->actors || !head.policy_count) {
		cli_say("out of memory");
		return false;
	}
	head.prev = audit_log_last(records->log, &head.first);
	audit_write_head(&records->line, &head);
	if (!audit_log_add(records->log, &records->line, AUDIT_KEEP)) {
		cli_say("cannot write the log: %s",
			audit_log_counts(records->log).left_out
			    ? "the limit log_size is smaller than its first line"
			    : strerror(errno));
		return false;
	}
	return true;
}

/* ---- in the monitor ---- */

void records_serve(struct records *records, const struct mon_names *names)
{
	records->names = names;
	if (!records->adopted)
		audit_log_map(records->log);
}

static uint64_t since(const struct records *records, uint64_t ns)
{
	uint64_t us = ns / 1000;

	return us > records->begin_us ? us - records->begin_us : 0;
}

/* Something else is to be written. */
static void close_line(struct records *records)
{
	if (records->open_for)
		audit_log_close_line(records->log, &records->open);
	records->open_for = 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Who asks. Its program is defined if it was not yet. */
static bool name_actor(struct records *records, const struct kern_message *message,
		       enum audit_keep keep, struct audit_actor *actor)
{
	char path[CD_PATH_MAX];
	struct actor who;
	bool fresh = false;

	actors_find(records->actors, message, &who, path, &fresh);
	if (fresh) {
		audit_write_prog(&records->line, who.program, path, strlen(path));
		if (!audit_log_add(records->log, &records->line, keep)) {
			actors_forget_program(records->actors, who.program);
			return false;
		}
	}
	*actor = (struct audit_actor){.t_us = since(records, message->arrived_ns),
				      .space = message->space->id,
				      .pid = who.pid,
				      .tid = who.tid,
				      .program = who.program,
				      .unknown = who.program == 0,
				      .call = kern_syscall_name(message->nr)};
	return true;
}

/* *number: what the rule is called here; CD_NO_RULE: nobody knows it. */
static bool define_rule(struct records *records, const char *space, uint32_t index,
			enum audit_keep keep, uint32_t *number)
{
	const struct layer *layer = records->layers;
	struct audit_rule out;
	struct mon_rule rule;

	*number = CD_NO_RULE;
	while (layer < records->layers + records->layer_count && strcmp(layer->space, space) != 0)
		layer++;
	if (layer == records->layers + records->layer_count ||
	    index >= mon_table_count(layer->table))
		return true;
	*number = layer->base + index;
	if (records->defined[*number / 8] & 1u << *number % 8)
		return true;
	mon_table_rule(layer->table, index, &rule);
	out = (struct audit_rule){rule.source, rule.pointer, rule.pattern, rule.verdict};
	audit_write_rule(&records->line, *number, &out);
	if (!audit_log_add(records->log, &records->line, keep))
		return false;
	records->defined[*number / 8] |= (unsigned char)(1u << *number % 8);
	return true;
}

/* By which name the program may have come to an address: that is what a person would allow. */
static void describe_address(const struct records *records, const struct cd_object *object,
			     struct cd_buf *text, char number[INET6_ADDRSTRLEN],
			     struct audit_op *op)
{
	struct mon_name names[MON_NAMES_WAYS];
	const char *name = object->len ? object->text : NULL;
	size_t len = object->len;

	number[0] = '\0';
	if (object->family)
		inet_ntop(object->family == 6 ? AF_INET6 : AF_INET, object->address, number,
			  INET6_ADDRSTRLEN);
	if (!name && object->family && records->names &&
	    mon_names_of(records->names, object->family, object->address, names)) {
		name = names[0].text;
		len = names[0].len;
	}
	if (object->proto == CD_UNIX)
		cd_buf_str(text, "unix:");
	else if (object->proto == CD_UDP)
		cd_buf_str(text, "udp://");
	if (name)
		cd_buf_add(text, name, len);
	else
		cd_buf_fmt(text, object->family == 6 ? "[%s]" : "%s", number);
	if (object->proto != CD_UNIX && (object->port || object->family))
		cd_buf_fmt(text, ":%u", object->port);
	if (name && object->family)
		op->address = number;
}

static void describe_object(const struct records *records, const struct cd_object *object,
			    struct cd_buf *text, char number[INET6_ADDRSTRLEN],
			    struct cd_buf *outside, struct audit_op *op)
{
	op->object = object->text;
	op->object_len = object->len < CD_PATH_MAX ? object->len : CD_PATH_MAX - 1;
	if (object->kind == CD_OBJECT_ADDRESS) {
		describe_address(records, object, text, number, op);
		op->object = text->data;
		op->object_len = text->len;
	} else if (object->kind == CD_OBJECT_PATH) {
		op->where = outside_find(records->outside, op->object, op->object_len, outside);
		op->outside = outside->data;
		op->outside_len = outside->len;
	}
	if (!op->object) {
		op->object = "";
		op->object_len = 0;
	}
}

/*
 * A worker is a fork of the monitor: what that has defined since, it does not know. So it defines
 * what it needs once more, and its program by the number that nobody else has; all of that stands
 * together.
 */
static void add_from_worker(struct records *records, const struct kern_record *record,
			    enum audit_keep keep, struct audit_op *op)
{
	char path[CD_PATH_MAX];
	struct actor who;
	ssize_t len;
	bool fresh = false, good = true;

	audit_log_begin_turn(records->log);
	if (op->rule != CD_NO_RULE && record->space) {
		memset(records->defined, 0, records->defined_size);
		good = define_rule(records, record->space->id, op->rule, keep, &op->rule);
	}
	actors_find(records->actors, record->message, &who, path, &fresh);
	len = kern_process_program(record->message, path, sizeof(path));
	if (good && len > 0) {
		audit_write_prog(&records->line, 0, path, (size_t)len);
		good = audit_log_add(records->log, &records->line, keep);
	}
	op->actor = (struct audit_actor){.t_us = since(records, record->message->arrived_ns),
					 .space = record->message->space->id,
					 .pid = who.pid,
					 .tid = who.tid,
					 .unknown = len <= 0,
					 .call = kern_syscall_name(record->message->nr)};
	audit_write_op(&records->line, op);
	if (good && audit_log_add(records->log, &records->line, keep))
		audit_log_count(records->log);
	audit_log_end_turn(records->log);
}

void records_decided(struct records *records, const struct kern_record *record)
{
	const struct kern_message *message = record->message;
	const struct cd_decision *decision = record->decision;
	enum audit_keep keep = decision->verdict == CD_ALLOW ? AUDIT_SPARE : AUDIT_KEEP;
	char text[CD_PATH_MAX + 32], number[INET6_ADDRSTRLEN], source[2 * CD_PATH_MAX];
	struct cd_buf shown, outside;
	struct audit_op op = {.message = message->number,
			      .ops = record->ops,
			      .denied_op = decision->op,
			      .verdict = decision->verdict,
			      .how = record->absent   ? AUDIT_ABSENT
				     : record->inside ? AUDIT_INSIDE
						      : AUDIT_DECIDED,
			      .layer = record->layer,
			      .layer_space = record->space ? record->space->id : NULL,
			      .rule = decision->rule};

	if (!record->worker)
		close_line(records);
	cd_buf_init(&shown, text, sizeof(text));
	cd_buf_init(&outside, source, sizeof(source));
	describe_object(records, record->object, &shown, number, &outside, &op);
	if (record->worker) {
		add_from_worker(records, record, keep, &op);
		return;
	}
	if (op.rule != CD_NO_RULE && record->space &&
	    !define_rule(records, record->space->id, op.rule, keep, &op.rule))
		return;
	if (!name_actor(records, message, keep, &op.actor))
		return;
	audit_write_op(&records->open, &op);
	if (!audit_log_open_line(records->log, &records->open, keep))
		return;
	audit_log_count(records->log);
	records->open_for = message->number;
}

void records_answered(struct records *records, const struct kern_message *message,
		      const int64_t *result)
{
	if (message->verb == CD_VERB_EXEC)
		actors_forget(records->actors, message->tid);
	if (records->open_for == message->number)
		audit_write_result(&records->open, result, (now_ns() - message->arrived_ns) / 1000);
	close_line(records);
}

void records_called(struct records *records, const struct kern_message *message,
		    const uint64_t arguments[6])
{
	struct audit_actor actor;

	close_line(records);
	if (!name_actor(records, message, AUDIT_SPARE, &actor))
		return;
	audit_write_call(&records->line, &actor, arguments, kern_syscall_arguments(message->nr));
	if (audit_log_add(records->log, &records->line, AUDIT_SPARE))
		audit_log_count(records->log);
}

struct audit_log_counts records_finish_serving(struct records *records)
{
	close_line(records);
	return audit_log_counts(records->log);
}

/* ---- in the keeper ---- */

void records_keep(struct records *records)
{
	audit_log_keep(records->log);
}

/* What the resolver refused: the monitor has no record of it. */
static void add_refusal(struct records *records, const struct report *report)
{
	struct audit_op op = {.actor = {.t_us = now_us(CLOCK_MONOTONIC) - records->begin_us,
					.space = records->layers[0].space,
					.unknown = true,
					.call = "lookup"},
			      .ops = CD_OPBIT(report->op),
			      .denied_op = report->op,
			      .verdict = (enum cd_verdict)report->verdict,
			      .layer_space = records->layers[0].space,
			      .rule = report->rule};
	char text[CD_PATH_MAX + 32], number[INET6_ADDRSTRLEN];
	struct cd_object object = {.kind = CD_OBJECT_ADDRESS,
				   .proto = CD_TCP,
				   .text = report->text_len ? report->text : NULL,
				   .len = report->text_len,
				   .family = report->family};
	struct cd_buf shown;

	memcpy(object.address, report->address, sizeof(object.address));
	cd_buf_init(&shown, text, sizeof(text));
	describe_address(records, &object, &shown, number, &op);
	op.object = shown.data;
	op.object_len = shown.len;
	if (op.rule != CD_NO_RULE &&
	    !define_rule(records, op.actor.space, op.rule, AUDIT_KEEP, &op.rule))
		return;
	audit_write_op(&records->line, &op);
	if (audit_log_add(records->log, &records->line, AUDIT_KEEP))
		audit_log_count(records->log);
}

void records_finish(struct records *records, const struct report_view *view, int status)
{
	struct audit_log_counts counts;
	struct audit_tail tail = {.t_us = now_us(CLOCK_MONOTONIC) - records->begin_us,
				  .status = status,
				  .complete = view->complete,
				  .messages = view->messages,
				  .denied = view->denied};

	audit_log_resume(records->log);
	for (size_t i = 0; i < view->count && records->layer_count; i++)
		if (view->kept[i]->elsewhere && view->kept[i]->op < CD_OP_COUNT)
			add_refusal(records, view->kept[i]);
	counts = audit_log_counts(records->log);
	/* What was handed over is known to the one who wrote it alone. */
	if (view->complete && !records->layer_count)
		counts = view->logged;
	tail.records = counts.records;
	tail.left_out = counts.left_out;
	tail.lost = counts.lost;
	audit_write_tail(&records->line, &tail);
	if (!audit_log_finish(records->log, &records->line))
		cli_say("the log could not be completed: %s", strerror(errno));
}
