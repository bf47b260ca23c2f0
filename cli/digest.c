/* A log, digested. */
#include "cli/digest.h"

#include <stdlib.h>
#include <string.h>

#include "cordon/ops.h"
#include "lib/hash.h"

/* ---- tables that grow ---- */

/* Room for one more of `count`; they double. */
static bool grow(void *array, size_t count, size_t size)
{
	void **place = array, *more;

	if (count & (count - 1))
		return true;
	more = realloc(*place, (count ? 2 * count : 1) * size);
	if (more)
		*place = more;
	return more != NULL;
}

static uint64_t hash_of(const void *bytes, size_t len)
{
	uint64_t hash = cd_hash(CD_HASH_START, bytes, len);

	return hash ^ hash >> 29;
}

/* ---- texts ---- */

const char *digest_text(const struct digest *d, uint32_t number)
{
	return number < d->texts.count ? d->texts.bytes + d->texts.at[number] : "";
}

static bool rehash(struct texts *t)
{
	size_t size = t->slot_count ? 2 * t->slot_count : 1024;
	uint32_t *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < t->count; i++) {
		const char *text = t->bytes + t->at[i];
		size_t at = hash_of(text, strlen(text)) & (size - 1);

		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = i + 1;
	}
	free(t->slots);
	t->slots = slots;
	t->slot_count = size;
	return true;
}

static bool keep(struct texts *t, const char *text, size_t len)
{
	if (t->len + len + 1 > t->size) {
		size_t size = 2 * t->size + len + 65536;
		char *bytes = size < UINT32_MAX ? realloc(t->bytes, size) : NULL;

		if (!bytes)
			return false;
		t->bytes = bytes;
		t->size = size;
	}
	if (!grow(&t->at, t->count, sizeof(*t->at)))
		return false;
	memcpy(t->bytes + t->len, text, len + 1);
	t->at[t->count++] = (uint32_t)t->len;
	t->len += len + 1;
	return true;
}

/* The text's number; NULL counts as "". False: out of memory. */
static bool number_text(struct digest *d, const char *text, uint32_t *out)
{
	struct texts *t = &d->texts;
	size_t len = text ? strlen(text) : 0, at;

	if (2 * t->count >= t->slot_count && !rehash(t))
		return false;
	for (at = hash_of(text ? text : "", len) & (t->slot_count - 1); t->slots[at];
	     at = (at + 1) & (t->slot_count - 1))
		if (strcmp(t->bytes + t->at[t->slots[at] - 1], text ? text : "") == 0) {
			*out = t->slots[at] - 1;
			return true;
		}
	if (!keep(t, text ? text : "", len))
		return false;
	*out = (uint32_t)t->count - 1;
	t->slots[at] = (uint32_t)t->count;
	return true;
}

/* ---- things that are told apart by some numbers ---- */

/*
 * The slot of a thing with this key, or the free one where it belongs. Things are `size` bytes and
 * begin with their key of `key_len` bytes.
 */
static uint32_t *find(uint32_t *slots, size_t slot_count, const void *things, size_t size,
		      const void *key, size_t key_len)
{
	size_t at = hash_of(key, key_len) & (slot_count - 1);

	while (slots[at] &&
	       memcmp((const char *)things + (slots[at] - 1) * size, key, key_len) != 0)
		at = (at + 1) & (slot_count - 1);
	return &slots[at];
}

static bool widen(uint32_t **slots, size_t *slot_count, const void *things, size_t count,
		  size_t size, size_t key_len)
{
	size_t wider = *slot_count ? 2 * *slot_count : 256;
	uint32_t *fresh;

	if (2 * count < *slot_count)
		return true;
	fresh = calloc(wider, sizeof(*fresh));
	if (!fresh)
		return false;
	for (uint32_t i = 0; i < count; i++)
		*find(fresh, wider, things, size, (const char *)things + i * size, key_len) = i + 1;
	free(*slots);
	*slots = fresh;
	*slot_count = wider;
	return true;
}

static bool number_process(struct digest *d, const struct audit_event *e, uint32_t *out)
{
	struct digest_process p = {.run = (uint32_t)d->run_count, .pid = (uint32_t)e->pid};
	const size_t key = offsetof(struct digest_process, program);
	uint32_t *slot, program;

	if (!number_text(d, e->space, &p.space) || !number_text(d, e->running, &program) ||
	    !widen(&d->process_slots, &d->process_slot_count, d->processes, d->process_count,
		   sizeof(p), key) ||
	    !grow(&d->processes, d->process_count, sizeof(p)))
		return false;
	slot = find(d->process_slots, d->process_slot_count, d->processes, sizeof(p), &p, key);
	if (!*slot) {
		d->processes[d->process_count++] = p;
		*slot = (uint32_t)d->process_count;
	}
	*out = *slot - 1;
	if (program)
		d->processes[*out].program = program;
	return true;
}

/* *out: its number + 1; 0: none. */
static bool number_rule(struct digest *d, const struct audit_event *e, uint32_t *out)
{
	struct digest_rule r = {.run = 0};
	uint32_t *slot;

	*out = 0;
	if (!e->has_rule)
		return true;
	if (!number_text(d, e->rule_file, &r.file) ||
	    !number_text(d, e->rule_pointer, &r.pointer) ||
	    !number_text(d, e->rule_pattern, &r.pattern) ||
	    !widen(&d->rule_slots, &d->rule_slot_count, d->rules, d->rule_count, sizeof(r),
		   sizeof(r)) ||
	    !grow(&d->rules, d->rule_count, sizeof(r)))
		return false;
	slot = find(d->rule_slots, d->rule_slot_count, d->rules, sizeof(r), &r, sizeof(r));
	if (!*slot) {
		d->rules[d->rule_count++] = r;
		*slot = (uint32_t)d->rule_count;
	}
	*out = *slot;
	return true;
}

#define DENIAL_SLOTS (4 * DIGEST_DENIALS_MAX)

static bool count_denial(struct digest *d, const struct audit_event *e, uint32_t object,
			 uint32_t address, uint32_t rule)
{
	struct digest_denial n = {.op = e->denied_op,
				  .object = object,
				  .address = address,
				  .rule = rule,
				  .first = (uint32_t)d->records,
				  .absent = e->absent,
				  .inside = e->inside,
				  .ask = e->verdict == CD_ASK};
	const size_t key = offsetof(struct digest_denial, count);
	uint32_t *slot;

	if (!d->denial_slots)
		d->denial_slots = calloc(DENIAL_SLOTS, sizeof(uint32_t));
	if (!d->denial_slots)
		return false;
	slot = find(d->denial_slots, DENIAL_SLOTS, d->denials, sizeof(n), &n, key);
	if (!*slot && d->denial_count == DIGEST_DENIALS_MAX) {
		d->denials_left_out++;
		return true;
	}
	if (!*slot) {
		if (!grow(&d->denials, d->denial_count, sizeof(n)))
			return false;
		d->denials[d->denial_count++] = n;
		*slot = (uint32_t)d->denial_count;
	}
	d->denials[*slot - 1].count++;
	return true;
}

/* ---- records ---- */

static void put(struct digest *d, uint64_t value)
{
	do {
		d->columns[d->column_len++] =
		    (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
}

static void put_signed(struct digest *d, int64_t value)
{
	put(d, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

/* "fs.create,fs.write" */
static const char *ops_text(uint64_t ops, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned op = 0; op < CD_OP_COUNT && len < size; op++)
		if (ops & CD_OPBIT(op))
			len += (size_t)snprintf(text + len, size - len, "%s%s", len ? "," : "",
						cd_op_name((enum cd_op)op));
	return text;
}

#define RECORD_MAX (16 * 10) /* bytes */

static bool reserve(struct digest *d)
{
	unsigned char *more;

	if (d->column_len + RECORD_MAX <= d->column_size)
		return true;
	more = realloc(d->columns, 2 * d->column_size + 65536);
	if (!more)
		return false;
	d->columns = more;
	d->column_size = 2 * d->column_size + 65536;
	return true;
}

/*
 * A record is, in the order in which the page reads them: microseconds since the one before
 * (signed), process, call, verdict and what else there is to say of it, and for what was decided:
 * operations, object, rule + 1, microseconds that it took + 1, result (signed).
 */
enum { SAID_VERDICT = 3, SAID_ABSENT = 4, SAID_INSIDE = 8, SAID_RESULT = 16, SAID_CONTINUED = 32 };
enum { VERDICT_INTERNAL = 3 }; /* beside enum cd_verdict: a call that asks for nothing */

static bool add_record(struct digest *d, const struct audit_event *e)
{
	const bool op = e->kind == AUDIT_OP;
	uint32_t process, call, ops = 0, object, address = 0, rule = 0;
	/* Thirty years is no time that a run takes. */
	int64_t time = e->time >= 0 && e->time < 1e9 ? (int64_t)(e->time * 1e6) : 0;
	char text[512];

	if (d->records == DIGEST_RECORDS_MAX) {
		d->cut = true;
		return true;
	}
	if (!reserve(d) || !number_process(d, e, &process) || !number_text(d, e->call, &call) ||
	    !number_text(d, op ? ops_text(e->ops, text, sizeof(text)) : "", &ops) ||
	    !number_text(d, op ? e->object : e->arguments, &object) ||
	    !number_text(d, e->address, &address) || !number_rule(d, e, &rule))
		return false;
	if (op && e->verdict != CD_ALLOW && !count_denial(d, e, object, address, rule))
		return false;
	put_signed(d, time - d->last_time);
	put(d, process);
	put(d, call);
	put(d, (op ? (uint64_t)e->verdict : VERDICT_INTERNAL) | (e->absent ? SAID_ABSENT : 0) |
		   (e->inside ? SAID_INSIDE : 0) | (e->has_result ? SAID_RESULT : 0) |
		   (e->continued ? SAID_CONTINUED : 0));
	put(d, ops);
	put(d, object);
	put(d, rule);
	if (e->has_result) {
		put(d, e->duration_us);
		put_signed(d, e->continued ? 0 : e->result);
	}
	d->last_time = time;
	d->records++;
	return true;
}

static bool begin_run(struct digest *d, const struct audit_event *e)
{
	struct digest_run run = {.time = e->time};

	if (!grow(&d->runs, d->run_count, sizeof(run)) || !number_text(d, e->cordon, &run.cordon) ||
	    !number_text(d, e->audit, &run.audit) || !number_text(d, e->cwd, &run.cwd) ||
	    !number_text(d, e->program, &run.program) || !number_text(d, e->name, &run.name))
		return false;
	for (; run.argc < 16 && e->argv && e->argv[run.argc]; run.argc++)
		if (!number_text(d, e->argv[run.argc], &run.argv[run.argc]))
			return false;
	d->runs[d->run_count++] = run;
	d->last_time = 0;
	return true;
}

static void end_run(struct digest *d, const struct audit_event *e)
{
	struct digest_run *run = d->run_count ? &d->runs[d->run_count - 1] : NULL;

	if (!run)
		return;
	run->has_tail = true;
	run->complete = e->complete;
	run->status = e->status;
	run->lost = e->lost;
	run->left_out = e->left_out;
	run->messages = e->messages;
	run->end = e->time;
}

bool digest_add(struct digest *d, const struct audit_event *e)
{
	uint32_t none;

	d->lines++;
	if (e->broken && !d->broken) {
		d->broken = e->broken;
		d->broken_line = e->line;
	}
	if (!number_text(d, NULL, &none))
		return false;
	switch (e->kind) {
	case AUDIT_HEAD: return begin_run(d, e);
	case AUDIT_OP:
	case AUDIT_CALL: return add_record(d, e);
	case AUDIT_TAIL: end_run(d, e); return true;
	case AUDIT_OTHER: d->odd++; return true;
	default: return true;
	}
}

void digest_free(struct digest *d)
{
	free(d->texts.bytes);
	free(d->texts.at);
	free(d->texts.slots);
	free(d->runs);
	free(d->processes);
	free(d->rules);
	free(d->denials);
	free(d->process_slots);
	free(d->rule_slots);
	free(d->denial_slots);
	free(d->columns);
	*d = (struct digest){.records = 0};
}
