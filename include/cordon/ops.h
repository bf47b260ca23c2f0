/* Operation numbers and names, derived from ops.def. */
#ifndef CORDON_OPS_H
#define CORDON_OPS_H

#include <stdint.h>

enum cd_object_kind { CD_OBJECT_NONE, CD_OBJECT_PATH, CD_OBJECT_ADDRESS, CD_OBJECT_NAME };

enum cd_op {
#define CD_OP(id, protocol, verb, kind, text) CD_OP_##id,
#include "cordon/ops.def"
#undef CD_OP
	CD_OP_COUNT
};

/* Sets of operations are bit masks. */
#define CD_OPBIT(op) (UINT64_C(1) << (op))
enum { CD_OPS_FIT = 1 / (CD_OP_COUNT <= 64) };
#define CD_OPS_ALL ((UINT64_C(1) << CD_OP_COUNT) - 1)

/* What a nester can subscribe to besides; "*" does not name it, and no policy speaks of it. */
#define CD_NESTER_LIST (UINT64_C(1) << 63) /* "cap.list": it may ask what is held, at any time */
#define CD_NESTER_USE  (UINT64_C(1) << 62) /* "cap.use": it is shown calls on what is held */
#define CD_NESTER_ALL  (CD_OPS_ALL | CD_NESTER_LIST | CD_NESTER_USE)

struct cd_op_info {
	const char *name;     /* "fs.read" */
	const char *protocol; /* "fs" */
	const char *verb;     /* "read" */
	enum cd_object_kind kind;
	const char *text;
};

extern const struct cd_op_info cd_op_table[CD_OP_COUNT];

/* The operation's name, or "?" for a number out of range. */
const char *cd_op_name(enum cd_op op);

/*
 * The mask named by "fs.read", "fs.*" or "*"; 0 when it names none.
 * name need not be NUL-terminated: len bytes are read.
 */
uint64_t cd_ops_named(const char *name, unsigned long len);

/* The same of a list, "fs.read,net.*,cap.list", for a nester; 0: what is at *wrong names none. */
uint64_t cd_nester_ops_named(const char *list, const char **wrong);
/* Such a list of the mask, cut to size bytes; its length. */
unsigned long cd_nester_ops_name(uint64_t ops, char *list, unsigned long size);

/* The one name that proc.trace is decided on: a space's processes trace each other or do not. */
#define CD_TRACE_SPACE "space"

/*
 * The name of a device request, which dev.ioctl is decided on: its type, as a letter or digit where
 * it is one, a dot, and the whole number: "T.0x5413", "0xae.0xae80". So "d.*" is all of a driver
 * family's. text must hold CD_REQUEST_TEXT bytes; returns the length.
 */
#define CD_REQUEST_TEXT 16
unsigned long cd_request_name(uint32_t request, char *text);

#endif
