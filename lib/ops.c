/* Names of operations, from ops.def. */
#include "cordon/ops.h"

#include <stdio.h>
#include <string.h>

const struct cd_op_info cd_op_table[CD_OP_COUNT] = {
#define CD_OP(id, protocol, verb, kind, text)                                                      \
	[CD_OP_##id] = {protocol "." verb, protocol, verb, CD_OBJECT_##kind, text},
#include "cordon/ops.def"
#undef CD_OP
};

const char *cd_op_name(enum cd_op op)
{
	return (unsigned)op < CD_OP_COUNT ? cd_op_table[op].name : "?";
}

static int is_word(const char *word, const char *s, unsigned long len)
{
	return strlen(word) == len && memcmp(word, s, len) == 0;
}

uint64_t cd_ops_named(const char *name, unsigned long len)
{
	uint64_t mask = 0;

	if (is_word("*", name, len))
		return CD_OPS_ALL;
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		const struct cd_op_info *info = &cd_op_table[op];
		unsigned long protocol = strlen(info->protocol);

		if (is_word(info->name, name, len))
			return CD_OPBIT(op);
		if (len == protocol + 2 && memcmp(name, info->protocol, protocol) == 0 &&
		    memcmp(name + protocol, ".*", 2) == 0)
			mask |= CD_OPBIT(op);
	}
	return mask;
}

static const struct {
	uint64_t bit;
	const char *name;
} subscriptions[] = {{CD_NESTER_LIST, "cap.list"}, {CD_NESTER_USE, "cap.use"}};
#define SUBSCRIPTIONS (sizeof(subscriptions) / sizeof(subscriptions[0]))

uint64_t cd_nester_ops_named(const char *list, const char **wrong)
{
	uint64_t ops = 0;

	for (const char *at = list; *at;) {
		unsigned long n = strcspn(at, ",");
		uint64_t named = cd_ops_named(at, n);

		for (unsigned i = 0; i < SUBSCRIPTIONS; i++)
			if (is_word(subscriptions[i].name, at, n))
				named |= subscriptions[i].bit;
		*wrong = at;
		if (!named)
			return 0;
		ops |= named;
		at += n + (at[n] == ',');
	}
	return ops;
}

unsigned long cd_nester_ops_name(uint64_t ops, char *list, unsigned long size)
{
	unsigned long len = 0;

	list[0] = '\0';
	for (unsigned op = 0; op < 64 && len < size; op++) {
		const char *name = op < CD_OP_COUNT ? cd_op_table[op].name : NULL;

		for (unsigned i = 0; i < SUBSCRIPTIONS; i++)
			if (subscriptions[i].bit == CD_OPBIT(op))
				name = subscriptions[i].name;
		if (name && ops & CD_OPBIT(op))
			len += (unsigned long)snprintf(list + len, size - len, "%s%s",
						       len ? "," : "", name);
	}
	return len;
}

unsigned long cd_request_name(uint32_t request, char *text)
{
	unsigned type = request >> 8 & 0xff; /* _IOC_TYPE */
	unsigned letter = type | 0x20;
	int is_word = (type >= '0' && type <= '9') || (letter >= 'a' && letter <= 'z');

	return (unsigned long)snprintf(text, CD_REQUEST_TEXT, is_word ? "%c.0x%x" : "0x%02x.0x%x",
				       type, request);
}
