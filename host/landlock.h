/*
 * Landlock: sets of rules, made, filled in and entered.
 */
#ifndef CORDON_HOST_LANDLOCK_H
#define CORDON_HOST_LANDLOCK_H

#include <linux/landlock.h>
#include <stdint.h>

#include "cordon/status.h"

/* Rights that came after the headers that we may be compiled with. */
#define FS_TRUNCATE  (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */

#define NET_BIND_TCP	       (UINT64_C(1) << 0)
#define NET_CONNECT_TCP	       (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_SOCKETS (UINT64_C(1) << 0)
#define SCOPE_SIGNALS	       (UINT64_C(1) << 1)

#define FILE_READ  LANDLOCK_ACCESS_FS_READ_FILE
#define FILE_WRITE LANDLOCK_ACCESS_FS_WRITE_FILE
#define DIR_WRITE                                                                                  \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

/* What a set of rules speaks of: all of it is denied where no rule grants it. As struct
 * landlock_ruleset_attr is from ABI 4 on. */
struct host_rights {
	uint64_t files, network, scoped; /* scoped: from ABI 6 on */
};

struct host_rules {
	int fd;
	uint64_t files; /* the rights on files that it speaks of */
};

enum cd_status host_rules_make(struct host_rules *rules,
			       const struct host_rights *handled) CD_CHECKED;

/*
 * Grants rights on what the descriptor stands for and below. A rule for a file takes file rights
 * only; a pipe or socket none, and Landlock does not restrict them.
 */
enum cd_status host_rules_grant(const struct host_rules *rules, int fd, uint64_t rights) CD_CHECKED;
/* On what is at a place; nothing is there: nothing is granted. */
enum cd_status host_rules_grant_place(const struct host_rules *rules, const char *place,
				      uint64_t rights) CD_CHECKED;
/* On a descriptor that a program begins with: what it is open for. */
enum cd_status host_rules_grant_inherited(const struct host_rules *rules, int fd) CD_CHECKED;
/* Connecting to a TCP port. */
enum cd_status host_rules_grant_port(const struct host_rules *rules, uint16_t port) CD_CHECKED;

/* This process and its children are under the rules from here on, if all went well so far. They are
 * let go of. */
enum cd_status host_rules_enter(const struct host_rules *rules, enum cd_status status) CD_CHECKED;

#endif
