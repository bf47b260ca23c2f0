/* A builder's inside, for compile.c. */
#ifndef CORDON_REFMON_BUILDER_H
#define CORDON_REFMON_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "refmon/table.h"

/* Strings are offsets into the builder's text, each NUL-terminated there. */
struct mon_added {
	uint64_t ops;
	enum mon_verdict verdict;
	uint32_t pattern, source, pointer;
};

/* What most policies need: room for it is part of the builder, as growing to it by steps takes time
 * at every start. */
#define MON_FIRST_RULES 128
#define MON_FIRST_TEXT	8192

struct mon_builder {
	struct mon_added *rules;
	size_t rule_count, rule_capacity;
	uint32_t *secrets; /* offsets of protected patterns */
	size_t secret_count, secret_capacity;
	char *text;
	size_t text_len, text_capacity;
	struct mon_added first_rules[MON_FIRST_RULES];
	char first_text[MON_FIRST_TEXT];
};

#endif
