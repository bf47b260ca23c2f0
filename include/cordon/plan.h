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
	CD_MOUNT_PTS,	  /* the terminals that the space itself makes, and no others */
};

/*
 * What Linux may do for a program of the space without asking the monitor, because the rules have
 * one answer for all of a subtree, or the mounts give it. Computed by refmon/settle.c, enforced by
 * host/confine.c (all but LOOK, by Landlock) and kernel/filter.c.
 */
enum cd_native {
	CD_NATIVE_LOOK = 1 << 0,   /* look names up, read metadata and links */
	CD_NATIVE_READ = 1 << 1,   /* open files for reading */
	CD_NATIVE_LIST = 1 << 2,   /* open directories */
	CD_NATIVE_WRITE = 1 << 3,  /* open files for writing, truncate them */
	CD_NATIVE_CREATE = 1 << 4, /* make files and directories */
	CD_NATIVE_REMOVE = 1 << 5, /* remove them */
	CD_NATIVE_ALL = (1 << 6) - 1,
	/* Of the filter alone, from anywhere: accept connections. Where no socket can lead outside.
	 */
	CD_NATIVE_LISTEN = 1 << 6,
	/* Of the filter alone: internal calls are told to the monitor, who lets them go on. */
	CD_RECORD_CALLS = 1 << 7,
	/* Likewise, of those that use what a process holds (kernel/uses.h): they are shown to a
	 * nester.
	 */
	CD_SHOW_USES = 1 << 8,
};

/* Device requests that the rules settle for every descriptor: those of which the bits in mask are
 * value. */
struct cd_request {
	uint32_t value, mask;
};
#define CD_REQUESTS_MAX 32
struct cd_requests {
	struct cd_request at[CD_REQUESTS_MAX];
	size_t count;
};

struct cd_mount {
	enum cd_mount_kind kind;
	const char *dest; /* absolute, normal form */
	const char *from;
	const char *place; /* static; of CD_MOUNT_COW: the name of an empty file made in it, for
			    something to be mounted on; else NULL */
	bool writable, exec, dev;
	bool file;	/* what is shown is no directory */
	bool same_name; /* from is dest: what is shown is called there as here. As mon_plan_index()
			   found it */
	uint8_t native; /* enum cd_native: to be granted here, for all below, beside what is granted
			   above */
	uint64_t size;
};

struct cd_plan_slot {
	uint32_t hash, len; /* of the place */
	uint32_t mount;	    /* which, plus 1; 0: a free slot */
};

struct cd_plan {
	struct cd_mount *mounts; /* parents before what lies below them */
	size_t count;
	struct cd_plan_slot
	    *index; /* of the mounts by place, made by mon_plan_index(); NULL: none */
	size_t index_mask;
	bool within;	/* what is shown is another space's: no link leads there */
	bool looks;	/* all of the view may be looked at, by whatever name, and no directory of
			   another view comes in */
	bool reads_all; /* every file in the view may be read natively: the view alone says so */
	uint8_t native; /* enum cd_native: LOOK, where it holds for the whole view, and
			   the rest where it is granted somewhere. 0: nothing is settled */
};

#endif
