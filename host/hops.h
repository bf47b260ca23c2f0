/*
 * A view without mounts, for machines where no namespace can be made.
 *
 * A skeleton of directories is made in a private folder; what mounts would attach to it is a table
 * instead: from a path of the space to a descriptor of what it shows. Whoever resolves a name hops
 * at these entries, goes one component at a time, and never asks Linux to follow anything. Every
 * path of the space is the same outside, but for what is private to it.
 *
 * Mounts also say what may be changed: here host_hops_may_change() does. What may be run, Landlock
 * says (host/confine.c).
 */
#ifndef CORDON_HOST_HOPS_H
#define CORDON_HOST_HOPS_H

#include "cordon/plan.h"
#include "cordon/status.h"
#include "host/resolve.h"

struct host_hop {
	const char *dest;   /* of the space */
	const char *source; /* outside */
	size_t dest_len, source_len;
	int fd; /* O_PATH */
	bool writable, exec, dev;
};

/*
 * Builds the skeleton in a new private folder below `base` and fills the table, which is this
 * process's and its children's. CD_ENOSUP: the plan wants what takes mounts; *culprit is its path
 * and *why says what. CD_ESYS: errno. On failure nothing is left.
 */
enum cd_status host_hops_make(const struct cd_plan *plan, const char *base, const char **culprit,
			      const char **why) CD_CHECKED;
/* Is there such a view in this process? */
bool host_hops_on(void);
/* The private folder. */
const char *host_hops_home(void);
/* Removes the folder with all that the space has put into it. */
void host_hops_remove(void);

/* The entries, for who confines by them; NULL: no more. */
const struct host_hop *host_hops_entry(size_t i);

/*
 * Is something at or below this path of the outside, which may be run, that may not, or is covered
 * by something else? exactly: at the path itself.
 */
bool host_hops_excepts(const char *path, bool *exactly);

/* host_resolve() and its kin (host/resolve.h) in such a view. */
int host_hops_resolve(const struct kern_message *message, int dir, const char *path, bool follow,
		      struct host_object *object);
/* The path of the space for what a descriptor holds. False: it has none. */
bool host_hops_name(const struct kern_message *message, int fd, char *path, size_t *len);
/* May something be made or removed by this name? 0, or what a mount would answer. */
int host_hops_check_place(const struct kern_message *message, const char *path, size_t len);
/* 0, or -EROFS. */
int host_hops_may_change(const char *path, size_t len);
/* Would Linux find this very object by that name? For what only it can do (exec, chdir). */
bool host_hops_is_same_natively(const struct kern_message *message, int dir, const char *path,
				bool follow, const struct host_object *object);

/* Would a working directory that Linux enters by that name be known as this object again? */
bool host_hops_can_enter(const struct kern_message *message, const char *path,
			 const struct host_object *object);

/*
 * A directory of /proc, open for reading, of a process or thread of this space; -errno: there is no
 * such one. It stays that one's whatever its number becomes.
 */
int host_hops_member(pid_t pid);
/* Nor is this one a member: init. */
void host_hops_except(pid_t pid);

#endif
