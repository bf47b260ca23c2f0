/* The host's table: which handler performs which verb. What has none is refused with ENOSYS. */
#include "host/host.h"

#include <errno.h>
#include <stdio.h>

#include "host/fs.h"
#include "host/inet.h"
#include "host/sock.h"

/* The monitor must go on reading the memory of a process, and a core file is never written anyway.
 */
static HOST_HANDLER(set_dumpable)
{
	(void)context, (void)border;
	reply->value = m->mode > 1 ? -EINVAL : 0;
}

static HOST_HANDLER(refuse_ioctl)
{
	char text[32];
	struct cd_object object = {.kind = CD_OBJECT_NAME, .text = text};
	int error;

	(void)context;
	object.len = (size_t)snprintf(text, sizeof(text), "0x%x", (unsigned)m->flags);
	error = kern_border_decide(border, m, CD_OPBIT(CD_OP_DEV_IOCTL), &object);
	/* A program asks a descriptor what it is in this way; "not a terminal" is what it can live
	 * with. */
	reply->value = error == KERN_DENIED_KILL ? error : -ENOTTY;
}

const struct kern_host host_linux = {
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
	    [CD_VERB_CHDIR] = host_fs_chdir,
	    [CD_VERB_WATCH] = host_fs_watch,
	    [CD_VERB_EXEC] = host_fs_exec,
	    [CD_VERB_UMASK] = host_fs_umask,
	    [CD_VERB_CONNECT] = host_sock_connect,
	    [CD_VERB_BIND] = host_sock_bind,
	    [CD_VERB_LISTEN] = host_sock_listen,
	    [CD_VERB_SENDTO] = host_sock_send,
	    [CD_VERB_SENDMSG] = host_sock_send,
	    [CD_VERB_SENDMMSG] = host_sock_send,
	    [CD_VERB_GETSOCKNAME] = host_sock_name,
	    [CD_VERB_IOCTL] = refuse_ioctl,
	    [CD_VERB_PRCTL] = set_dumpable,
	},
};

enum cd_status host_setup(int proc, int broker, uint64_t network)
{
	host_inet_setup(broker, network);
	return host_resolve_setup(proc);
}
