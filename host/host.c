/* The host's table: which handler performs which verb. What has none is refused with ENOSYS. */
#include "host/host.h"

#include <errno.h>
#include <linux/prctl.h>

#include "host/fcntl.h"
#include "host/fs.h"
#include "host/gate.h"
#include "host/hold.h"
#include "host/peers.h"
#include "host/inet.h"
#include "host/interfaces.h"
#include "host/sock.h"
#include "host/tty.h"

static HOST_HANDLER(answer_prctl)
{
	(void)context;
	if ((uint32_t)m->extra == CD_GATE)
		host_gate(border, m, reply);
	else if ((uint32_t)m->extra == PR_SET_SECCOMP)
		reply->action = KERN_REPLY_CONTINUE;
	else /* PR_SET_DUMPABLE: the monitor must go on reading the memory of a process, and a core
		file is never written anyway. */
		reply->value = m->mode > 1 ? -EINVAL : 0;
}

/* Whatever the filter is, it takes away. */
static HOST_HANDLER(install_filter)
{
	(void)context, (void)border, (void)m;
	reply->action = KERN_REPLY_CONTINUE;
}

/* What a process is told of a denial, and not what is on its way to a worker or a kill. */
static bool is_denial(int error)
{
	return error == -EACCES || error == -ENOENT;
}

/*
 * On terminals that the space has made itself some requests are the monitor's to perform; what
 * interfaces there are, it says where no rule lets Linux say it. For the rest: Linux performs the
 * request, for only it and the driver know what the argument points to. What was decided on is a
 * register, the request, and holds for every descriptor that the program has: which one it meant
 * could be exchanged by another of its threads at any time. What none may do to any, the filter has
 * refused already.
 */
static HOST_HANDLER(decide_ioctl)
{
	char text[CD_REQUEST_TEXT];
	struct cd_object object = {.kind = CD_OBJECT_NAME, .text = text};
	int error;

	(void)context;
	if (host_tty_ioctl(m, reply) || host_fioasync(m, reply))
		return;
	object.len = cd_request_name((uint32_t)m->flags, text);
	if (!kern_border_would_allow(border, m, CD_OPBIT(CD_OP_DEV_IOCTL), &object) &&
	    host_interfaces(m, reply))
		return;
	error = kern_border_decide(border, m, CD_OPBIT(CD_OP_DEV_IOCTL), &object);
	if (!error) {
		reply->action = KERN_REPLY_CONTINUE;
		return;
	}
	/* A program asks a descriptor what it is in this way; "not a terminal" is what it can live
	 * with. */
	reply->value = is_denial(error) ? -ENOTTY : error;
}

/*
 * Whoever the arguments name, it is a process of the space's pid namespace, and not its first
 * process, which nobody may trace. So nothing rests on them. What a tracer makes its tracee call
 * meets the filter again: Linux asks it after the tracer.
 */
static HOST_HANDLER(decide_trace)
{
	static const char name[] = CD_TRACE_SPACE;
	const struct cd_object object = {
	    .kind = CD_OBJECT_NAME, .text = name, .len = sizeof(name) - 1};
	int error = kern_border_decide(border, m, CD_OPBIT(CD_OP_PROC_TRACE), &object);

	(void)context;
	if (!error)
		reply->action = KERN_REPLY_CONTINUE;
	else
		reply->value = is_denial(error) ? -EPERM : error;
}

const struct kern_host host_linux = {
    .held = host_hold_named,
    .hold = host_hold_next,
    .perform =
	{
	    [CD_VERB_OPEN] = host_fs_open,
	    [CD_VERB_STAT] = host_fs_stat,
	    [CD_VERB_STATX] = host_fs_statx,
	    [CD_VERB_ACCESS] = host_fs_access,
	    [CD_VERB_READLINK] = host_fs_readlink,
	    [CD_VERB_MKDIR] = host_fs_mkdir,
	    [CD_VERB_MKNOD] = host_fs_mknod,
	    [CD_VERB_UNLINK] = host_fs_unlink,
	    [CD_VERB_RENAME] = host_fs_rename,
	    [CD_VERB_LINK] = host_fs_link,
	    [CD_VERB_SYMLINK] = host_fs_symlink,
	    [CD_VERB_CHMOD] = host_fs_chmod,
	    [CD_VERB_CHOWN] = host_fs_chown,
	    [CD_VERB_UTIMES] = host_fs_utimes,
	    [CD_VERB_TRUNCATE] = host_fs_truncate,
	    [CD_VERB_GETXATTR] = host_fs_getxattr,
	    [CD_VERB_SETXATTR] = host_fs_setxattr,
	    [CD_VERB_LISTXATTR] = host_fs_listxattr,
	    [CD_VERB_REMOVEXATTR] = host_fs_removexattr,
	    [CD_VERB_STATFS] = host_fs_statfs,
	    [CD_VERB_USTAT] = host_fs_ustat,
	    [CD_VERB_CHDIR] = host_fs_chdir,
	    [CD_VERB_CHROOT] = host_fs_chroot,
	    [CD_VERB_HANDLE] = host_fs_handle,
	    [CD_VERB_GETATTR] = host_fs_getattr,
	    [CD_VERB_SETATTR] = host_fs_setattr,
	    [CD_VERB_CACHESTAT] = host_fs_cachestat,
	    [CD_VERB_WATCH] = host_fs_watch,
	    [CD_VERB_EXEC] = host_fs_exec,
	    [CD_VERB_UMASK] = host_fs_umask,
	    [CD_VERB_CONNECT] = host_sock_connect,
	    [CD_VERB_BIND] = host_sock_bind,
	    [CD_VERB_LISTEN] = host_sock_listen,
	    [CD_VERB_SENDTO] = host_sock_send,
	    [CD_VERB_SENDMSG] = host_sock_send,
	    [CD_VERB_SENDMMSG] = host_sock_send,
	    [CD_VERB_SETSOCKOPT] = host_sock_option,
	    [CD_VERB_GETSOCKNAME] = host_sock_name,
	    [CD_VERB_IOCTL] = decide_ioctl,
	    [CD_VERB_FCNTL] = host_fcntl,
	    [CD_VERB_TRACE] = decide_trace,
	    [CD_VERB_PRCTL] = answer_prctl,
	    [CD_VERB_FILTER] = install_filter,
	    [CD_VERB_FORK] = host_peers_fork,
	    [CD_VERB_SIGNAL] = host_peers_signal,
	    [CD_VERB_PIDFD] = host_peers_pidfd,
	    [CD_VERB_PEER] = host_peers_ask,
	},
};

enum cd_status host_setup(int proc, const struct host_channels *channels, uint64_t network)
{
	host_gate_setup(channels->warden);
	host_tty_setup();
	host_inet_setup(channels->broker, channels->insider, network);
	return host_resolve_setup(proc);
}
