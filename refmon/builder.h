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

struct mon_builder {
	struct mon_added *rules;
	size_t rule_count, rule_capacity;
	uint32_t *secrets; /* offsets of protected patterns */
	size_t secret_count, secret_capacity;
	char *text;
	size_t text_len, text_capacity;
};

#endif
