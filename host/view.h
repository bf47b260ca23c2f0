/*
 * The view: builds the mount tree that a space has as its root, and enters it.
 *
 * Runs in a process that owns fresh user and mount namespaces, before anything of the space does.
 * Every mount is nosuid; nodev unless it is a device; noexec unless the plan says exec; read-only
 * unless it says writable.
 */
#ifndef CORDON_HOST_VIEW_H
#define CORDON_HOST_VIEW_H

#include "cordon/plan.h"
#include "cordon/status.h"

/*
 * Told of each mount and each file of the skeleton that comes into the view, with a descriptor of
 * it, and of those of the skeleton's directories that something is settled in. It may fail, with
 * errno, and so does the view.
 */
typedef enum cd_status host_view_shown(void *context, const struct cd_mount *mount, int fd);

/*
 * Builds the tree and makes it the root of this process, with nothing of the old one left to be
 * seen. On CD_ESYS errno tells why and culprit (static or of the plan) which path it was about.
 * shown: NULL: nobody wants to know. unwanted: a detached mount that is let go of with the old
 * tree, for Linux waits each time that mounts are let go of; -1: none.
 */
enum cd_status host_view_enter(const struct cd_plan *plan, host_view_shown *shown, void *context,
			       int unwanted, const char **culprit) CD_CHECKED;

/* A detached /proc of this process's pid namespace, reachable by this descriptor alone; -errno. */
int host_view_private_proc(void);

/* The same of the caller's pid namespace, to set what can be set for it; -1 and errno. */
int host_view_writable_proc(void);

/*
 * The POSIX message queues of this process's ipc namespace, as a detached directory that Landlock
 * can be told of; -1: this Linux has none. They are opened by a call of their own, natively.
 */
int host_view_queues(void);

/*
 * Linux lets a user namespace mount a new /proc only while one is visible in its mount namespace.
 * So the private one is shown at /proc until the space's own takes its place, over it.
 */
enum cd_status host_view_lend_proc(int proc) CD_CHECKED;

/* Mounts /proc for the pid namespace that the caller lives in, in place of the one lent; read-only.
 */
enum cd_status host_view_mount_proc(void) CD_CHECKED;

#endif
