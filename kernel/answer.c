/* Answers of nesters, and what becomes of a message by them. */
#include "kernel/answer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/border.h"
#include "lib/path.h"

/* How many bytes of a result a nester may put into the memory of who asked. */
static size_t result_room(const struct kern_message *message)
{
	switch (message->verb) {
	case CD_VERB_STAT: return sizeof(struct stat);
	case CD_VERB_STATX: return 256; /* struct statx, which not every libc has */
	case CD_VERB_STATFS: return sizeof(struct statfs);
	case CD_VERB_READLINK:
	case CD_VERB_GETXATTR:
	case CD_VERB_LISTXATTR: return message->len;
	default: return 0;
	}
}

/* From a directory more can be reached than was given, natively, and past what the layers say. */
static bool leads_further(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	return flags < 0 || flags & O_PATH || fstat(fd, &st) || S_ISDIR(st.st_mode) ||
	       S_ISLNK(st.st_mode);
}

bool kern_answer_reply(const struct kern_message *message, const struct cd_port_answer *answer,
		       int fd, struct kern_reply *reply)
{
	int error;

	switch (answer->action) {
	case CD_PORT_DENY:
		if (answer->value < 1 || answer->value > 4095)
			return false;
		reply->value = -answer->value;
		return true;
	case CD_PORT_VALUE:
		if (answer->value < -4095 || message->verb == CD_VERB_NONE ||
		    answer->text_len > result_room(message))
			return false;
		error = answer->text_len ? kern_border_write(message, message->buf, answer->text,
							     answer->text_len)
					 : 0;
		reply->value = error ? error : answer->value;
		return true;
	case CD_PORT_GIVE:
		if (fd < 0 || message->verb != CD_VERB_OPEN || leads_further(fd))
			return false;
		reply->action = KERN_REPLY_FD;
		reply->fd = dup(fd);
		reply->fd_cloexec = (message->flags & O_CLOEXEC) != 0;
		return reply->fd >= 0;
	default: return false;
	}
}

bool kern_answer_change(struct kern_asked *asked, const struct kern_port *port,
			const struct cd_port_answer *answer)
{
	struct kern_message *message = asked->message;

	/* What Linux performs itself, it does on what the process says, whatever was decided on. */
	if (message->verb == CD_VERB_EXEC || message->verb == CD_VERB_CHDIR)
		return false;
	if (!message->has_path || message->has_path2 ||
	    !cd_path_is_normal(answer->text, answer->text_len))
		return false;
	memcpy(message->path, answer->text, answer->text_len);
	message->path[answer->text_len] = '\0';
	message->path_len = answer->text_len;
	message->dir = AT_FDCWD;
	message->renamed = true;
	asked->changed_by = port;
	return true;
}
