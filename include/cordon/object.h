/*
 * What an operation is about, and what a layer says to it: the two things that every layer of a
 * border's chain exchanges.
 */
#ifndef CORDON_OBJECT_H
#define CORDON_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "cordon/ops.h"

struct cd_parts;

enum cd_proto { CD_TCP, CD_UDP, CD_UNIX };

/*
 * What is decided on. For CD_OBJECT_PATH and CD_OBJECT_NAME: text, NUL-terminated. A path is
 * absolute, has no ".", "..", empty component or trailing slash ("/" alone is the root). For
 * CD_OBJECT_ADDRESS: an inet address (family 4 or 6, in network order, port in host order, text may
 * name the host it was looked up as, or NULL), or for CD_UNIX, text = the path, or
 * "@name" for an abstract name.
 */
struct cd_object {
	enum cd_object_kind kind;
	const char *text;
	size_t len;
	enum cd_proto proto;
	unsigned char family; /* 4, 6, or 0 when proto is CD_UNIX or only text is known */
	unsigned char address[16];
	uint16_t port;
	/* Of a path: the text, divided (lib/path.h), where that has been done; else NULL. It is of
	 * this very text. */
	const struct cd_parts *parts;
};

/* Ordered: of two verdicts the lower one holds. */
enum cd_verdict { CD_DENY = 0, CD_ASK = 1, CD_ALLOW = 2 };

#define CD_NO_RULE UINT32_MAX

struct cd_decision {
	enum cd_verdict verdict;
	enum cd_op op; /* the operation that decided: the first of the lowest verdict */
	uint32_t rule; /* the rule that decided, or CD_NO_RULE */
};

#endif
