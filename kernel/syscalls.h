/*
 * What becomes of each system call, derived from syscalls.def: the filter (filter.c), the decoder
 * (trap.c), names and documentation all read this one table.
 */
#ifndef CORDON_KERNEL_SYSCALLS_H
#define CORDON_KERNEL_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

enum cd_verb {
	CD_VERB_NONE,
#define CD_VERB(id, name, group, text) CD_VERB_##id,
#include "cordon/verbs.def"
#undef CD_VERB
	CD_VERB_COUNT
};

const char *cd_verb_name(enum cd_verb verb);

enum kern_class {
	KERN_UNKNOWN,  /* not in the table: ENOSYS */
	KERN_INTERNAL, /* allowed by the filter */
	KERN_BORDER,   /* always to the monitor */
	KERN_CHECKED,  /* the filter looks at register arguments: see enum kern_check */
	KERN_REFUSED,  /* a fixed errno (0: pretends success) */
};

/* How the filter decides a CHECKED call from its register arguments. */
enum kern_check {
	KERN_CHECK_NONE,
	KERN_CHECK_CLONE,   /* a0: no CLONE_NEW* flag: allowed; else EPERM */
	KERN_CHECK_UNSHARE, /* a0: the same, and EINVAL for flags that Linux 6.18 does not know */
	KERN_CHECK_SENDTO,  /* a4 == NULL and no MSG_FASTOPEN in a3: allowed; else border */
	KERN_CHECK_SOCKET,  /* a0, a1, a2: UNIX, or TCP or UDP over IPv4 or IPv6: allowed; else an
			       errno */
	KERN_CHECK_SOCKOPT, /* a1 (level) and a2 (option) in the list: allowed; else an errno */
	KERN_CHECK_IOCTL,   /* a1 in the harmless list: allowed; TIOCSTI, TIOCLINUX: EPERM; else
			       border */
	KERN_CHECK_FCNTL, /* a1 in the harmless list: allowed (F_SETFL without O_ASYNC); else border
			     or EINVAL */
	KERN_CHECK_PRCTL, /* a0 in the harmless list: allowed; PR_SET_DUMPABLE and the like: border;
			     else EINVAL */
	KERN_CHECK_PERSONALITY, /* query, PER_LINUX with or without ADDR_NO_RANDOMIZE: allowed; else
				   EPERM */
	KERN_CHECK_CLOCK,	/* a0 CLOCK_REALTIME: allowed; else EPERM */
	KERN_CHECK_RLIMIT,	/* a0 RLIMIT_CORE, which stays as it is: pretended; else allowed */
	KERN_CHECK_PRLIMIT,	/* a1 RLIMIT_CORE, and a2 says a new one: likewise */
	/* Of no call in the table: where uses are shown (kernel/uses.h), mmap of a file is one. */
	KERN_CHECK_MMAP,
	KERN_CHECK_COUNT
};

/*
 * Where a border call keeps its arguments. Each field is 0 when the call has no such argument, else
 * the register's index plus one (KERN_A0 ... KERN_A5).
 */
enum { KERN_A0 = 1, KERN_A1, KERN_A2, KERN_A3, KERN_A4, KERN_A5 };

struct kern_shape {
	uint8_t verb; /* enum cd_verb */
	uint8_t fd; /* descriptor that is itself the object (fchmod, connect, inotify_add_watch) */
	uint8_t dir, path;   /* first name: directory descriptor (0: AT_FDCWD) and string */
	uint8_t dir2, path2; /* second name of rename, link; of symlink: dir and path are the new
				name, path2 the text */
	uint8_t flags;	     /* AT_* or O_* flags, or the call's own flags */
	uint8_t mode;	     /* mode, or uid for chown (then extra is the gid), or dev */
	uint8_t buf, len;    /* where results go, or where a structure is read from, and its size */
	uint8_t extra; /* whatever is left: chown's gid, mknod's dev, statx's mask, xattr's name */
	uint8_t form;  /* variant: time format of utimes, openat2's struct ... (enum kern_form) */
	/* In place of flags, where the call has none: AT_SYMLINK_NOFOLLOW for lstat, AT_REMOVEDIR
	 * for rmdir. Of lsetxattr, whose own flags mean other things, beside them. */
	uint32_t fixed_flags;
};

enum kern_form {
	KERN_FORM_PLAIN,
	KERN_FORM_OPEN_HOW, /* buf, len: struct open_how instead of flags and mode */
	KERN_FORM_UTIMBUF,  /* buf: struct utimbuf */
	KERN_FORM_TIMEVAL,  /* buf: struct timeval[2] */
	KERN_FORM_TIMESPEC, /* buf: struct timespec[2] */
	/* Of a signal, beside PLAIN, where extra is a process or, not positive, a group: */
	KERN_FORM_THREAD,	/* extra: a thread */
	KERN_FORM_GROUP_THREAD, /* extra: a process; len: a thread of it */
	KERN_FORM_INFO,		/* extra: a process; more is in memory */
	KERN_FORM_PIDFD,	/* fd: a descriptor of a process */
	/* Of PEER, beside PLAIN, where extra is a process: mode says what it is, 0 or 1 a process
	 */
	KERN_FORM_WHO,
	KERN_FORM_IOPRIO,
};

struct kern_syscall {
	const char *name; /* NULL: no such number */
	enum kern_class class;
	int error;	       /* of KERN_REFUSED */
	enum kern_check check; /* of KERN_CHECKED */
	struct kern_shape
	    shape;	    /* of KERN_BORDER, and of KERN_CHECKED where the check can say border */
	const char *reason; /* why, where it is not obvious; else "" */
};

#define KERN_SYSCALL_MAX 512
/* Indexed by the number of the call on this processor. */
extern const struct kern_syscall kern_syscalls[KERN_SYSCALL_MAX];

/* What differs where a space has no namespaces, likewise indexed; elsewhere the class is UNKNOWN.
 */
extern const struct kern_syscall kern_bare_syscalls[KERN_SYSCALL_MAX];
/* Where a call that came over the border keeps its arguments. */
const struct kern_shape *kern_syscall_shape(int nr);

/* A command that the filter knows of ioctl, fcntl, prctl, setsockopt or personality: the lists that
 * the checks above speak of. */
struct kern_command {
	enum kern_check check;
	uint32_t value; /* the low half of the register; Linux looks at no more. Of setsockopt: the
			   level in the upper 16 bits, the option in the lower */
	enum kern_class class; /* KERN_INTERNAL, KERN_BORDER or KERN_REFUSED */
	int error;	       /* of KERN_REFUSED */
	const char *name;
};

/* In the order in which the filter tries them; ends with KERN_CHECK_NONE. */
extern const struct kern_command kern_commands[];

/* The name of a system call, or "?" */
const char *kern_syscall_name(long nr);

/*
 * Is it a call that cannot reach outside, whatever its arguments? bare: in a space without
 * namespaces. Of such a call nothing is decided: Linux may always go on with it.
 */
bool kern_syscall_is_internal(int nr, bool bare);

/* How many arguments an internal call has. */
unsigned kern_syscall_arguments(int nr);

#endif
