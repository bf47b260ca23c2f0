/*
 * A log, digested for the page of `cordon report`: every text once, records as columns of small
 * numbers. What is read is hostile; here it is only counted, compared and copied.
 */
#ifndef CORDON_CLI_DIGEST_H
#define CORDON_CLI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/read.h"

#define DIGEST_RECORDS_MAX (8u << 20)
#define DIGEST_DENIALS_MAX 4096 /* distinct ones that are explained */

/* Texts, each once; 0 is "". */
struct texts {
	char *bytes;
	size_t len, size;
	uint32_t *at; /* where each begins */
	size_t count, room;
	uint32_t *slots; /* number + 1, by hash; 0: free */
	size_t slot_count;
};

/* One run of the log. */
struct digest_run {
	double time; /* since 1970 */
	uint32_t cordon, audit, cwd, program, name, argv[16];
	size_t argc;
	bool has_tail, complete;
	int status;
	uint64_t lost, left_out, messages;
	double end; /* seconds since its head */
};

/* A process that made records. */
struct digest_process {
	uint32_t run, space, pid;
	uint32_t program; /* the last that is known */
};

struct digest_rule {
	uint32_t run, file, pointer, pattern;
};

/* Denials that say the same. */
struct digest_denial {
	uint32_t op, object, address, rule, count, first; /* first: its record; rule: + 1 */
	bool absent, inside, ask;
};

struct digest {
	struct texts texts;
	struct digest_run *runs;
	struct digest_process *processes;
	struct digest_rule *rules;
	struct digest_denial *denials;
	size_t run_count, process_count, rule_count, denial_count;
	size_t denials_left_out; /* records of further ones */
	uint32_t *process_slots, *rule_slots, *denial_slots;
	size_t process_slot_count, rule_slot_count;
	unsigned char *columns; /* LEB128, a record after another */
	size_t column_len, column_size;
	size_t records;
	int64_t last_time;	   /* microseconds */
	bool cut;		   /* there was more than DIGEST_RECORDS_MAX */
	unsigned long lines, odd;  /* odd: of no kind that is known */
	unsigned long broken_line; /* the first that does not follow; 0: none */
	const char *broken;
};

/* False: out of memory. */
bool digest_add(struct digest *digest, const struct audit_event *event);
void digest_free(struct digest *digest);
const char *digest_text(const struct digest *digest, uint32_t number);

#endif
