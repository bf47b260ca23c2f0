/*
 * Reading a log.
 *
 * Bytes are read in blocks; a line ends with a newline, and the log where zeros begin (log.h). A
 * line's form is looked at key by key: what is of another type than it should be is as if it were
 * not there.
 */
#include "audit/read.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/scan.h"

#define NAMES_MAX (1u << 20) /* programs or rules of a run */
#define ARGV_MAX  4096

/* What numbers stand for. */
struct names {
	json_t **lines; /* of the definitions; NULL: none */
	size_t size;
};

struct audit_reader {
	int fd;
	unsigned long line;
	struct audit_hash hash;
	struct names programs, rules;
	json_t *current;
	char *argv[ARGV_MAX + 1];
	char object[AUDIT_LINE_MAX], outside[AUDIT_LINE_MAX];
	size_t begin, end; /* of what was read and not yet taken */
	off_t at;
	char bytes[2 * AUDIT_LINE_MAX];
};

struct audit_reader *audit_reader_new(int fd)
{
	struct audit_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->fd = fd;
	reader->hash = audit_hash_none;
	return reader;
}

static void forget(struct names *names)
{
	for (size_t i = 0; i < names->size; i++)
		json_decref(names->lines[i]);
	free(names->lines);
	*names = (struct names){NULL, 0};
}

void audit_reader_free(struct audit_reader *reader)
{
	if (!reader)
		return;
	forget(&reader->programs);
	forget(&reader->rules);
	json_decref(reader->current);
	free(reader);
}

bool audit_reader_is_partial(const struct audit_reader *reader)
{
	return reader->end > reader->begin && reader->bytes[reader->begin] != '\0';
}

struct audit_hash audit_reader_hash(const struct audit_reader *reader)
{
	return reader->hash;
}

/* ---- lines ---- */

/* Where the first zero stands in what was read; *end: where the last ones begin. */
static size_t first_zero(const char *bytes, size_t n, size_t *end)
{
	const char *zero = memchr(bytes, '\0', n);
	size_t at = zero ? (size_t)(zero - bytes) : n;

	for (*end = n; *end > at && bytes[*end - 1] == '\0';)
		--*end;
	return at;
}

static ssize_t look(struct audit_reader *reader)
{
	ssize_t n;

	do
		n = pread(reader->fd, reader->bytes + reader->end,
			  sizeof(reader->bytes) - reader->end, reader->at);
	while (n < 0 && errno == EINTR);
	return n;
}

/*
 * Reads on: how many bytes, 0: none now; -1: errno says why. Zeros stand where something may be
 * written yet. Of several pages a later one may be seen as it is now, and an earlier one as it was
 * before that: what is still zero at a second look is zero for good.
 */
static ssize_t read_on(struct audit_reader *reader)
{
	const char *bytes = reader->bytes + reader->end;
	ssize_t n = look(reader);
	size_t zero, before, end;

	if (n <= 0)
		return n;
	zero = before = first_zero(bytes, (size_t)n, &end);
	if (end > zero) {
		n = look(reader);
		if (n <= 0)
			return n;
		zero = first_zero(bytes, (size_t)n, &end);
		if (zero == before)
			zero = end;
	}
	reader->end += zero;
	reader->at += (off_t)zero;
	return (ssize_t)zero;
}

/* A whole line: its length with the newline; 0: there is none now; -1: errno says why. */
static ssize_t find_line(struct audit_reader *reader)
{
	for (;;) {
		const char *from = reader->bytes + reader->begin;
		const char *newline = memchr(from, '\n', reader->end - reader->begin);
		ssize_t n;

		if (newline)
			return newline + 1 - from;
		if (reader->begin) {
			memmove(reader->bytes, from, reader->end - reader->begin);
			reader->end -= reader->begin;
			reader->begin = 0;
		}
		/* Longer than any line: what follows is not of ours, either. */
		if (reader->end == sizeof(reader->bytes))
			return (ssize_t)reader->end;
		n = read_on(reader);
		if (n <= 0)
			return n;
	}
}

/* Whether the line follows the one before; NULL, or what is wrong. */
static const char *check_chain(struct audit_reader *reader, const char *line, size_t len)
{
	struct audit_hash hash = reader->hash, said;
	const size_t head = sizeof(AUDIT_SEAL) - 1, tail = sizeof(AUDIT_SEAL_END) - 1;
	const char *seal = line + len - AUDIT_SEAL_LEN;

	if (len < AUDIT_SEAL_LEN || memcmp(seal, AUDIT_SEAL, head) != 0 ||
	    memcmp(line + len - tail, AUDIT_SEAL_END, tail) != 0) {
		reader->hash = audit_hash_none;
		return "it has no hash: it was cut off, or is not of a log";
	}
	memcpy(said.text, seal + head, AUDIT_HASH_LEN);
	audit_chain_next(&hash, line, len - AUDIT_SEAL_LEN);
	reader->hash = said;
	return memcmp(&hash, &said, sizeof(hash)) == 0
		   ? NULL
		   : "it was changed, or what stood before it was changed, moved or taken out";
}

/* ---- keys ---- */

/* Of one or the other: most lines are in the form in which they were written, and need no more. */
struct line {
	const json_t *json; /* NULL: pairs */
	const struct audit_pairs *pairs;
};

static const char *text_of(const struct line *line, const char *key)
{
	const struct audit_pair *pair;

	if (line->json)
		return json_string_value(json_object_get(line->json, key));
	pair = audit_pair_of(line->pairs, key);
	return pair && pair->type == AUDIT_TEXT ? pair->text : NULL;
}

static bool has_integer(const struct line *line, const char *key, int64_t *value)
{
	const struct audit_pair *pair;

	*value = 0;
	if (line->json) {
		*value = json_integer_value(json_object_get(line->json, key));
		return json_is_integer(json_object_get(line->json, key));
	}
	pair = audit_pair_of(line->pairs, key);
	if (!pair || pair->type != AUDIT_INTEGER)
		return false;
	*value = pair->integer;
	return true;
}

static uint64_t number_of(const struct line *line, const char *key)
{
	int64_t value;

	return has_integer(line, key, &value) && value > 0 ? (uint64_t)value : 0;
}

static double fraction_of(const struct line *line, const char *key)
{
	const struct audit_pair *pair;

	if (line->json)
		return json_number_value(json_object_get(line->json, key));
	pair = audit_pair_of(line->pairs, key);
	return pair ? pair->fraction : 0;
}

static bool is_null(const struct line *line, const char *key)
{
	const struct audit_pair *pair;

	if (line->json)
		return json_is_null(json_object_get(line->json, key));
	pair = audit_pair_of(line->pairs, key);
	return pair && pair->type == AUDIT_NULL;
}

/* Bytes that are not UTF-8 are written as the characters of these numbers. */
static const char *raw_text(const struct line *line, const char *key, bool odd, char *out,
			    size_t size)
{
	const unsigned char *at = (const unsigned char *)text_of(line, key);
	size_t len = 0;

	if (!at || !odd)
		return (const char *)at;
	while (*at && len + 1 < size) {
		if ((at[0] & 0xfe) == 0xc2 && (at[1] & 0xc0) == 0x80) {
			out[len++] = (char)((at[0] & 3) << 6 | (at[1] & 0x3f));
			at += 2;
		} else {
			out[len++] = (char)*at++;
		}
	}
	out[len] = '\0';
	return out;
}

static uint64_t ops_of(const char *list)
{
	uint64_t ops = 0;

	while (list && *list) {
		size_t len = strcspn(list, ",");

		for (unsigned op = 0; op < CD_OP_COUNT; op++) {
			const char *name = cd_op_name((enum cd_op)op);

			if (strlen(name) == len && memcmp(name, list, len) == 0)
				ops |= CD_OPBIT(op);
		}
		list += len + (list[len] == ',');
	}
	return ops;
}

static enum cd_op first_op(uint64_t ops)
{
	unsigned op = 0;

	while (op < CD_OP_COUNT && !(ops & CD_OPBIT(op)))
		op++;
	return (enum cd_op)op;
}

static enum cd_verdict verdict_of(const char *name)
{
	if (name && strcmp(name, "allow") == 0)
		return CD_ALLOW;
	return name && strcmp(name, "ask") == 0 ? CD_ASK : CD_DENY;
}

/* ---- kinds ---- */

static void read_head(struct audit_reader *reader, struct audit_event *event,
		      const struct line *line)
{
	const json_t *argv = json_object_get(line->json, "argv"), *policies;
	size_t count = 0;

	forget(&reader->programs);
	forget(&reader->rules);
	event->time = fraction_of(line, "time");
	event->cordon = text_of(line, "cordon");
	event->audit = text_of(line, "audit");
	event->space = text_of(line, "space");
	event->cwd = text_of(line, "cwd");
	event->program = text_of(line, "program");
	event->home = text_of(line, "home");
	event->uid = number_of(line, "uid");
	policies = json_object_get(line->json, "policy");
	event->name = json_string_value(json_object_get(json_array_get(policies, 0), "name"));
	for (size_t i = 0; i < json_array_size(argv) && count < ARGV_MAX; i++) {
		const char *argument = json_string_value(json_array_get(argv, i));

		if (argument)
			reader->argv[count++] = (char *)(uintptr_t)argument;
	}
	reader->argv[count] = NULL;
	event->argv = reader->argv;
}

static bool define(struct names *names, json_t *line)
{
	int64_t number;
	size_t i;

	if (!has_integer(&(struct line){.json = line}, "i", &number) || number < 0 ||
	    number >= NAMES_MAX)
		return false;
	i = (size_t)number;
	if (i >= names->size) {
		size_t size = i + 64;
		json_t **lines = realloc(names->lines, size * sizeof(json_t *));

		if (!lines)
			return false;
		memset(lines + names->size, 0, (size - names->size) * sizeof(json_t *));
		names->lines = lines;
		names->size = size;
	}
	json_decref(names->lines[i]);
	names->lines[i] = json_incref(line);
	return true;
}

/* A key of the definition that the number stands for. */
static const char *named(const struct names *names, const struct line *line, const char *number,
			 const char *key)
{
	int64_t i;

	if (!has_integer(line, number, &i) || i < 0 || (uint64_t)i >= names->size)
		return NULL;
	return json_string_value(json_object_get(names->lines[i], key));
}

static void read_actor(struct audit_reader *reader, struct audit_event *event,
		       const struct line *line)
{
	event->time = fraction_of(line, "t");
	event->space = text_of(line, "s");
	event->call = text_of(line, "c");
	event->pid = event->tid = (long)number_of(line, "pid");
	if (number_of(line, "tid"))
		event->tid = (long)number_of(line, "tid");
	event->running = named(&reader->programs, line, "p", "x");
}

static bool read_op(struct audit_reader *reader, struct audit_event *event, const struct line *line)
{
	const bool odd = number_of(line, "b") == 1;
	const char *how = text_of(line, "a"), *no = text_of(line, "no");

	read_actor(reader, event, line);
	event->message = number_of(line, "m");
	event->ops = ops_of(text_of(line, "o"));
	event->denied_op = first_op(no ? ops_of(no) : event->ops);
	event->object = raw_text(line, "x", odd, reader->object, sizeof(reader->object));
	event->outside = raw_text(line, "y", odd, reader->outside, sizeof(reader->outside));
	event->nowhere = is_null(line, "y");
	event->address = text_of(line, "at");
	event->absent = how && strcmp(how, "absent") == 0;
	event->inside = how && strcmp(how, "inside") == 0;
	event->verdict = verdict_of(text_of(line, "v"));
	event->layer = (unsigned)number_of(line, "l");
	event->layer_space = text_of(line, "ls");
	event->rule_file = named(&reader->rules, line, "r", "f");
	event->rule_pointer = named(&reader->rules, line, "r", "p");
	event->rule_pattern = named(&reader->rules, line, "r", "m");
	event->has_rule = event->rule_pattern != NULL;
	event->continued = is_null(line, "e");
	event->has_result = has_integer(line, "e", &event->result) || event->continued;
	event->duration_us = number_of(line, "d");
	return event->object && event->call && event->space && event->ops;
}

static void read_tail(struct audit_event *event, const struct line *line)
{
	event->time = fraction_of(line, "t");
	event->status = (int)number_of(line, "status");
	event->complete = json_is_true(json_object_get(line->json, "complete"));
	event->records = number_of(line, "records");
	event->messages = number_of(line, "messages");
	event->denied = number_of(line, "denied");
	event->left_out = number_of(line, "left_out");
	event->lost = number_of(line, "lost");
}

static enum audit_kind read_record(struct audit_reader *reader, struct audit_event *event,
				   const struct line *line)
{
	const char *kind = text_of(line, "k");

	if (kind && strcmp(kind, "op") == 0)
		return read_op(reader, event, line) ? AUDIT_OP : AUDIT_OTHER;
	if (!kind || strcmp(kind, "call") != 0)
		return AUDIT_OTHER;
	read_actor(reader, event, line);
	event->arguments = text_of(line, "a");
	return event->call && event->space ? AUDIT_CALL : AUDIT_OTHER;
}

static enum audit_kind read_json(struct audit_reader *reader, struct audit_event *event,
				 json_t *json)
{
	const struct line line = {.json = json};
	const char *kind = text_of(&line, "k");

	if (!kind)
		return AUDIT_OTHER;
	if (strcmp(kind, "prog") == 0)
		return define(&reader->programs, json) ? AUDIT_PROG : AUDIT_OTHER;
	if (strcmp(kind, "rule") == 0)
		return define(&reader->rules, json) ? AUDIT_RULE : AUDIT_OTHER;
	if (strcmp(kind, "head") == 0) {
		read_head(reader, event, &line);
		return AUDIT_HEAD;
	}
	if (strcmp(kind, "tail") == 0) {
		read_tail(event, &line);
		return AUDIT_TAIL;
	}
	return read_record(reader, event, &line);
}

/* Those of which there are many. */
static bool is_record(const char *line, size_t len)
{
	static const char op[] = "{\"k\":\"op\",", call[] = "{\"k\":\"call\",";

	return (len > sizeof(op) && memcmp(line, op, sizeof(op) - 1) == 0) ||
	       (len > sizeof(call) && memcmp(line, call, sizeof(call) - 1) == 0);
}

enum cd_status audit_reader_next(struct audit_reader *reader, struct audit_event *event)
{
	ssize_t len = find_line(reader);
	char *line = reader->bytes + reader->begin;
	struct audit_pairs pairs;

	if (len <= 0)
		return len == 0 ? CD_ENOENT : CD_ESYS;
	memset(event, 0, sizeof(*event));
	event->line = ++reader->line;
	event->broken = check_chain(reader, line, (size_t)len);
	json_decref(reader->current);
	reader->current = NULL;
	if (is_record(line, (size_t)len) && audit_scan(line, (size_t)len, &pairs)) {
		event->kind = read_record(reader, event, &(struct line){.pairs = &pairs});
	} else {
		reader->current = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
		if (json_is_object(reader->current))
			event->kind = read_json(reader, event, reader->current);
		else if (!event->broken)
			event->broken = "it is not JSON";
	}
	reader->begin += (size_t)len;
	return CD_OK;
}
