/*
 * The plan of a view: what a space finds under its root. Computed from the policy by refmon/plan.c,
 * carried out by host/view.c.
 */
#ifndef CORDON_PLAN_H
#define CORDON_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cd_mount_kind {
	CD_MOUNT_BIND,	/* from: the source outside; file or directory */
	CD_MOUNT_TMPFS, /* an empty private directory; size: bytes, 0: no limit */
	CD_MOUNT_COW,	/* from: a directory outside; changes stay inside and are dropped at the end
			 */
	CD_MOUNT_SYMLINK, /* from: the link's text */
	CD_MOUNT_TEXT,	  /* from: the contents of a small read-only file */
	CD_MOUNT_DIR,	  /* a directory of the skeleton itself */
	CD_MOUNT_MASK,	  /* what stands at dest is covered by something empty and unreadable */
	CD_MOUNT_COPY,	  /* from: a small file outside, copied as it is when the space starts */
};

struct cd_mount {
	enum cd_mount_kind kind;
	const char *dest; /* absolute, normal form */
	const char *from;
	bool writable, exec, dev;
	uint64_t size;
};

struct cd_plan {
	struct cd_mount *mounts; /* parents before what lies below them */
	size_t count;
};

#endif
