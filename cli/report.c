/* Denials: recorded by the monitor, explained by the keeper. */
#include "cli/report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/revoked.h"
#include "cli/records.h"
#include "kernel/message.h"
#include "lib/buf.h"
#include "lib/hash.h"

/* ---- the monitor's side ---- */

#define SLOTS (2 * CD_DENIALS_MAX)

struct report_sink {
	int control;
	struct records *records; /* or NULL */
	const struct mon_names *names;
	int outer[CD_SPACE_ID_MAX / 2]; /* to the keepers of the spaces around; -1: none */
	uint64_t lost;			/* reports that could not be sent */
	uint64_t forgotten;		/* denials of objects beyond the first CD_DENIALS_MAX */
	size_t used;
	struct slot {
		uint64_t hash; /* 0: free */
		struct report *report;
	} slots[SLOTS];
};

struct report_sink *report_sink_new(int control, struct records *records,
				    const struct mon_names *names)
{
	struct report_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return NULL;
	memset(sink->outer, -1, sizeof(sink->outer));
	sink->control = control;
	sink->records = records;
	sink->names = names;
	return sink;
}

void report_sink_outward(struct report_sink *sink, unsigned outward, int fd)
{
	if (outward < sizeof(sink->outer) / sizeof(sink->outer[0]))
		sink->outer[outward] = fd;
}

size_t report_size(const struct report *report)
{
	return offsetof(struct report, text) + report->text_len;
}

/* How far out the layer is that decided; 0: it is the space's own. */
static unsigned outward(const struct kern_record *record)
{
	const struct kern_space *at = record->message ? record->message->space : NULL;
	unsigned steps = 0;

	for (; at && record->space && at != record->space; at = at->parent)
		steps++;
	return at ? steps : 0;
}

static void fill_object(struct report *report, const struct kern_record *record,
			const struct cd_object *object)
{
	memset(report, 0, offsetof(struct report, text));
	report->kind = REPORT_DENIAL;
	report->op = record->decision->op;
	report->verdict = record->decision->verdict;
	report->rule = record->decision->rule;
	report->absent = record->absent;
	report->inside = record->inside;
	report->nester = record->nester;
	report->revoked = record->space && record->layer < record->space->layer_count &&
			  revoked_is_layer(record->space->layers[record->layer]);
	report->object_kind = (uint8_t)object->kind;
	report->proto = (uint8_t)object->proto;
	report->family = object->family;
	report->port = object->port;
	memcpy(report->address, object->address, sizeof(report->address));
	report->text_len = (uint32_t)(object->len < CD_PATH_MAX ? object->len : CD_PATH_MAX - 1);
	if (object->text)
		memcpy(report->text, object->text, report->text_len);
	else
		report->text_len = 0;
	report->count = 1;
}

static void fill(struct report *report, const struct kern_record *record)
{
	unsigned steps = outward(record);

	fill_object(report, record, record->object);
	if (!steps)
		return;
	report->outward = steps < UINT8_MAX ? (uint8_t)steps : UINT8_MAX;
	snprintf(report->about, sizeof(report->about), "%s %s", record->space->id,
		 record->space->layer_count ? record->space->layers[0]->name : "");
}

/* By which name the program may have come to an address: that is what a person would allow. */
static void add_name(const struct mon_names *known, struct report *report)
{
	struct mon_name names[MON_NAMES_WAYS];

	if (!known || report->object_kind != CD_OBJECT_ADDRESS || !report->family ||
	    report->text_len || !mon_names_of(known, report->family, report->address, names))
		return;
	memcpy(report->text, names[0].text, names[0].len);
	report->text_len = (uint32_t)names[0].len;
}

void report_fill(struct report *report, const struct kern_record *record,
		 const struct mon_names *names)
{
	fill(report, record);
	add_name(names, report);
}

static void send_report(struct report_sink *sink, const struct report *report)
{
	/* The keeper may be stopped or dead: never wait for it (invariant 8). */
	if (send(sink->control, report, report_size(report), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		sink->lost++;
}

/* Are both one denial, which happened twice? All counts that is said of it. */
static bool same_denial(const struct report *a, const struct report *b)
{
	return a->op == b->op && a->verdict == b->verdict && a->rule == b->rule &&
	       a->absent == b->absent && a->inside == b->inside &&
	       a->object_kind == b->object_kind && a->proto == b->proto && a->family == b->family &&
	       a->port == b->port && a->nester == b->nester && a->revoked == b->revoked &&
	       a->outward == b->outward && strncmp(a->about, b->about, sizeof(a->about)) == 0 &&
	       a->text_len == b->text_len &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0 &&
	       memcmp(a->text, b->text, a->text_len) == 0;
}

/* True the first time. */
static bool remember(struct report_sink *sink, const struct report *report)
{
	uint64_t hash = cd_hash(CD_HASH_START, &report->op, sizeof(report->op));
	size_t at;

	hash = cd_hash(hash, report->address, sizeof(report->address));
	hash = cd_hash(hash, &report->port, sizeof(report->port));
	hash = cd_hash(hash, report->text, report->text_len) | 1;
	for (at = hash % SLOTS; sink->slots[at].hash; at = (at + 1) % SLOTS) {
		/* A program can make up names of any hash. */
		if (sink->slots[at].hash == hash && same_denial(sink->slots[at].report, report)) {
			sink->slots[at].report->count++;
			return false;
		}
	}
	if (sink->used == CD_DENIALS_MAX) {
		sink->forgotten++;
		return false;
	}
	sink->slots[at].report = malloc(report_size(report));
	if (!sink->slots[at].report) {
		sink->forgotten++;
		return false;
	}
	memcpy(sink->slots[at].report, report, report_size(report));
	sink->slots[at].hash = hash;
	sink->used++;
	send_report(sink, report);
	return true;
}

/* Its own keeper is told what this one denied a space within: the object is as that space around
 * sees it. */
static void tell_outer(struct report_sink *sink, const struct kern_record *record, unsigned steps)
{
	static struct report report;
	int fd = steps < sizeof(sink->outer) / sizeof(sink->outer[0]) ? sink->outer[steps] : -1;

	if (fd < 0)
		return;
	fill_object(&report, record, record->seen ? record->seen : record->object);
	snprintf(report.about, sizeof(report.about), "%s", record->message->space->id);
	send(fd, &report, report_size(&report), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void report_refused(int control, const struct cd_object *object, const struct cd_decision *decision)
{
	static struct report report;

	fill(&report, &(struct kern_record){.object = object, .decision = decision});
	report.elsewhere = true;
	/* Waits for the keeper, who always reads: a flood must not make one go unreported. */
	send(control, &report, report_size(&report), MSG_NOSIGNAL);
}

static void describe_object(struct cd_buf *buf, const struct report *report)
{
	char address[INET6_ADDRSTRLEN];

	if (report->object_kind != CD_OBJECT_ADDRESS) {
		cd_buf_add(buf, report->text, report->text_len);
	} else if (report->proto == CD_UNIX) {
		cd_buf_str(buf, "unix:");
		cd_buf_add(buf, report->text, report->text_len);
	} else {
		if (report->proto == CD_UDP)
			cd_buf_str(buf, "udp://");
		if (report->text_len)
			cd_buf_add(buf, report->text, report->text_len);
		if (report->text_len && report->family)
			cd_buf_str(buf, " = ");
		if (!report->family)
			return;
		inet_ntop(report->family == 6 ? AF_INET6 : AF_INET, report->address, address,
			  sizeof(address));
		cd_buf_fmt(buf, report->family == 6 ? "[%s]" : "%s", address);
		if (report->port || report->op == CD_OP_NET_LISTEN)
			cd_buf_fmt(buf, ":%u", report->port);
	}
}

void report_record(void *context, const struct kern_record *record)
{
	static struct report report;
	struct report_sink *sink = context;

	if (sink->records)
		records_decided(sink->records, record);
	if (record->decision->verdict == CD_ALLOW)
		return;
	fill(&report, record);
	add_name(sink->names, &report);
	if (remember(sink, &report) && report.outward)
		tell_outer(sink, record, report.outward);
}

void report_answered(void *context, const struct kern_message *message, const int64_t *result)
{
	const struct report_sink *sink = context;

	records_answered(sink->records, message, result);
}

void report_called(void *context, const struct kern_message *message, const uint64_t arguments[6])
{
	const struct report_sink *sink = context;

	records_called(sink->records, message, arguments);
}

void report_finish(struct report_sink *sink, const struct kern_counters *counters)
{
	struct report end = {
	    .kind = REPORT_END, .messages = counters->messages, .denied = counters->denied};

	for (size_t i = 0; i < SLOTS; i++) {
		if (!sink->slots[i].hash)
			continue;
		sink->slots[i].report->final = 1;
		/* Here waiting does no harm: the space has ended, and the keeper waits for us. */
		if (send(sink->control, sink->slots[i].report, report_size(sink->slots[i].report),
			 MSG_NOSIGNAL) < 0)
			sink->lost++;
	}
	end.lost = sink->lost;
	if (sink->records)
		end.logged = records_finish_serving(sink->records);
	end.lost += end.logged.lost;
	end.forgotten = sink->forgotten;
	send(sink->control, &end, report_size(&end), MSG_NOSIGNAL);
}

/* ---- the keeper's side ---- */

/* Does what was not in the view exist outside? If not, no policy would have shown it: nothing was
 * denied. */
static bool is_worth_saying(const struct report *report)
{
	char path[CD_PATH_MAX];
	struct stat st;

	if (!report->absent)
		return true;
	memcpy(path, report->text, report->text_len);
	path[report->text_len] = '\0';
	return lstat(path, &st) == 0;
}

struct cd_object report_object(const struct report *report)
{
	struct cd_object object = {.kind = report->object_kind,
				   .text = report->text_len ? report->text : NULL,
				   .len = report->text_len,
				   .proto = report->proto,
				   .family = report->family,
				   .port = report->port};

	memcpy(object.address, report->address, sizeof(object.address));
	return object;
}

/* What a rule denies no grant can allow: that rule has to change. What is no file has no rule that
 * could name it. */
static bool can_advise(const struct report *report)
{
	return report->rule == CD_NO_RULE && !report->nester && !report->revoked &&
	       !(report->text_len >= 7 && memcmp(report->text, "/memfd:", 7) == 0);
}

/* To see that something is there is seldom all that a program wants: the advice is to let it read.
 */
static enum cd_op advised(const struct report *report)
{
	return report->op == CD_OP_FS_STAT ? CD_OP_FS_READ : (enum cd_op)report->op;
}

/* "no rule of policy base" or "rule /deny/fs.read/0 of tool.json" */
static void describe_rule(const struct report_view *view, const struct report *report,
			  struct cd_buf *buf)
{
	struct mon_rule rule;

	if (report->outward) {
		size_t id = strcspn(report->about, " ");

		cd_buf_str(buf, report->nester ? "by the nester of the space around, "
					       : "by the policy of the space around, ");
		cd_buf_visible(buf, report->about, id);
		if (report->about[id] && report->about[id + 1]) {
			cd_buf_str(buf, " (\"");
			cd_buf_visible(buf, report->about + id + 1, strlen(report->about + id + 1));
			cd_buf_str(buf, "\")");
		}
		return;
	}
	if (report->nester || report->revoked) {
		cd_buf_str(buf,
			   report->nester ? "by the nester of the space" : "it has been revoked");
		return;
	}
	if (report->rule >= mon_table_count(view->policy->table)) {
		cd_buf_str(buf, "no rule of policy \"");
		cd_buf_visible(buf, view->policy->name, strlen(view->policy->name));
		cd_buf_str(buf, "\"");
		return;
	}
	mon_table_rule(view->policy->table, report->rule, &rule);
	cd_buf_fmt(buf, "%s by rule ",
		   report->verdict != CD_ASK ? "denied"
		   : view->asks		     ? "not granted when asked, as wanted"
					     : "nobody to ask, wanted");
	cd_buf_visible(buf, rule.pointer, strlen(rule.pointer));
	cd_buf_str(buf, " of ");
	cd_buf_visible(buf, rule.source, strlen(rule.source));
}

void report_field(const struct report_view *view, const struct report *report,
		  enum report_field field, struct cd_buf *out)
{
	struct cd_object object = report_object(report);

	switch (field) {
	case REPORT_FIELD_OP: cd_buf_str(out, cd_op_name((enum cd_op)report->op)); break;
	case REPORT_FIELD_OBJECT: describe_object(out, report); break;
	case REPORT_FIELD_COUNT: cd_buf_fmt(out, "%u", report->count); break;
	case REPORT_FIELD_WHY: describe_rule(view, report, out); break;
	case REPORT_FIELD_FLAG:
		if (can_advise(report))
			mon_advise_flag(advised(report), &object, out);
		break;
	case REPORT_FIELD_LINE:
		if (can_advise(report))
			mon_advise_policy(advised(report), &object, out);
		break;
	}
}

static void print_denial(const struct report_view *view, const struct report *report)
{
	struct cd_object object = report_object(report);
	char line[4 * CD_PATH_MAX + 1024], text[2 * CD_PATH_MAX];
	const char *end = *view->raw ? "\r\n" : "\n";
	struct cd_buf out, raw;

	cd_buf_init(&out, line, sizeof(line));
	cd_buf_init(&raw, text, sizeof(text));
	describe_object(&raw, report);
	cd_buf_fmt(&out, "%scordon: %s %s ", *view->raw ? "\r" : "",
		   report->inside ? "kept inside:" : "denied", cd_op_name((enum cd_op)report->op));
	cd_buf_visible(&out, text, raw.len);
	if (report->count > 1)
		cd_buf_fmt(&out, " (%u times)", report->count);
	if (!report->outward && report->about[0]) {
		cd_buf_str(&out, ", in ");
		cd_buf_visible(&out, report->about, strlen(report->about));
	}
	cd_buf_str(&out, ": ");
	describe_rule(view, report, &out);
	cd_buf_str(&out, end);
	cd_buf_init(&raw, text, sizeof(text));
	if (can_advise(report))
		mon_advise_flag(advised(report), &object, &raw);
	if (raw.len) {
		cd_buf_str(&out, report->outward ? "        to allow it there: "
						 : "        to allow it: ");
		cd_buf_visible(&out, text, raw.len);
		cd_buf_init(&raw, text, sizeof(text));
		mon_advise_policy(advised(report), &object, &raw);
		cd_buf_str(&out, "   or in a policy: ");
		cd_buf_visible(&out, text, raw.len);
		cd_buf_str(&out, end);
	}
	fputs(line, stderr);
}

static void print_json(const struct report_view *view, int status)
{
	char line[8 * CD_PATH_MAX], text[2 * CD_PATH_MAX];
	unsigned long long denied = view->denied;
	const char *comma = "";
	struct cd_buf out, raw;

	/* What the view left out was no decision at the time, but it is among the denials below. */
	for (size_t i = 0; i < view->count; i++)
		denied += view->kept[i]->absent ? view->kept[i]->count : 0;
	fprintf(stderr,
		"{\"status\":%d,\"messages\":%llu,\"denied\":%llu,\"lost\":%llu,\"denials\":[",
		status, (unsigned long long)view->messages, denied, (unsigned long long)view->lost);
	for (size_t i = 0; i < view->count; i++) {
		const struct report *report = view->kept[i];
		struct cd_object object = report_object(report);

		cd_buf_init(&out, line, sizeof(line));
		cd_buf_init(&raw, text, sizeof(text));
		describe_object(&raw, report);
		cd_buf_fmt(&out, "%s{\"op\":\"%s\",\"object\":\"", comma,
			   cd_op_name((enum cd_op)report->op));
		cd_buf_json(&out, text, raw.len);
		cd_buf_fmt(&out, "\",\"count\":%u,%s\"why\":\"", report->count,
			   report->inside ? "\"inside\":true," : "");
		cd_buf_init(&raw, text, sizeof(text));
		describe_rule(view, report, &raw);
		cd_buf_json(&out, text, raw.len);
		cd_buf_str(&out, "\",\"flag\":\"");
		cd_buf_init(&raw, text, sizeof(text));
		if (can_advise(report))
			mon_advise_flag(advised(report), &object, &raw);
		cd_buf_json(&out, text, raw.len);
		cd_buf_str(&out, "\"}");
		fputs(line, stderr);
		comma = ",";
	}
	cd_buf_init(&out, line, sizeof(line));
	cli_limits_json(view->limits, &out);
	fprintf(stderr, "],%s}\n", line);
}

bool report_is_well_formed(const struct report *report, size_t size)
{
	return size >= offsetof(struct report, text) && report->text_len < CD_PATH_MAX &&
	       size == report_size(report) && report->op < CD_OP_COUNT &&
	       report->verdict <= CD_ASK && report->object_kind <= CD_OBJECT_NAME &&
	       report->proto <= CD_UNIX && memchr(report->about, '\0', sizeof(report->about));
}

static void keep(struct report_view *view, const struct report *report)
{
	struct report *copy;

	for (size_t i = 0; i < view->count; i++) {
		struct report *old = view->kept[i];

		if (same_denial(old, report)) {
			old->count = report->count;
			return;
		}
	}
	if (view->count == CD_DENIALS_MAX || !(copy = calloc(1, sizeof(*copy)))) {
		view->forgotten++;
		return;
	}
	memcpy(copy, report, report_size(report));
	view->kept[view->count++] = copy;
	if (view->verbose && !view->json)
		print_denial(view, copy);
}

void report_take(struct report_view *view, const struct report *report, size_t size)
{
	if (size < offsetof(struct report, text))
		return;
	if (report->kind == REPORT_END) {
		view->complete = true;
		view->messages = report->messages;
		view->denied = report->denied;
		view->lost = report->lost;
		view->logged = report->logged;
		cli_limits_count_unlogged(view->limits, report->logged.left_out);
		view->forgotten += report->forgotten;
	} else if (report->kind == REPORT_DENIAL && report_is_well_formed(report, size) &&
		   is_worth_saying(report)) {
		keep(view, report);
	}
}

void report_print(struct report_view *view, int status)
{
	if (view->json) {
		print_json(view, status);
		return;
	}
	cli_limits_print(view->limits, view->quiet);
	if (view->quiet)
		return;
	for (size_t i = 0; !view->verbose && i < view->count; i++)
		print_denial(view, view->kept[i]);
	if (view->forgotten)
		fprintf(stderr, "cordon: and %llu denials of further objects\n",
			(unsigned long long)view->forgotten);
	if (view->lost)
		fprintf(stderr, "cordon: %llu records were lost\n", (unsigned long long)view->lost);
}

void report_view_free(struct report_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		free(view->kept[i]);
	view->count = 0;
}
