/* What a port is made of. */
#include "kernel/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/pass.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
#define HEAD offsetof(struct cd_port_answer, text)

/* ---- making them ---- */

static bool is_of_type(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

static ssize_t read_now(int fd, void *bytes, size_t size)
{
	const struct iovec part = {bytes, size};

	return syscall(SYS_preadv2, fd, &part, 1L, -1L, 0L, (long)RWF_NOWAIT);
}

static ssize_t write_now(int fd, const void *bytes, size_t size)
{
	const struct iovec part = {(void *)(uintptr_t)bytes, size};

	return syscall(SYS_pwritev2, fd, &part, 1L, -1L, 0L, (long)RWF_NOWAIT);
}

bool kern_wire_is_sound(const struct kern_wire *wire)
{
	char byte;

	if (!is_of_type(wire->socket, S_IFSOCK))
		return false;
	if (wire->out < 0 && wire->in < 0)
		return true;
	return is_of_type(wire->out, S_IFIFO) && is_of_type(wire->in, S_IFIFO) &&
	       (read_now(wire->in, &byte, 1) >= 0 || errno == EAGAIN);
}

void kern_wire_close(struct kern_wire *wire)
{
	const int fds[] = {wire->socket, wire->out, wire->in};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*wire = KERN_WIRE_NONE;
}

/* What the nester is to have of a wire; CD_PORT_SPACE says which is which. */
struct ends {
	int fd[CD_PORT_ENDS];
};

static void close_ends(struct ends *ends)
{
	for (int i = 0; i < CD_PORT_ENDS; i++)
		if (ends->fd[i] >= 0)
			close(ends->fd[i]);
}

/* Where they cannot be had, the socket alone will do. */
static void add_pipes(struct kern_wire *ours, struct ends *theirs)
{
	int questions[2], answers[2] = {-1, -1};

	if (pipe2(questions, O_CLOEXEC))
		return;
	if (fcntl(questions[1], F_SETPIPE_SZ, CD_PORT_PIPE_SIZE) < 0 || pipe2(answers, O_CLOEXEC)) {
		close(questions[0]);
		close(questions[1]);
		return;
	}
	fcntl(answers[1], F_SETFL, O_NONBLOCK);
	ours->out = questions[1];
	ours->in = answers[0];
	theirs->fd[CD_PORT_QUESTIONS] = questions[0];
	theirs->fd[CD_PORT_ANSWERS] = answers[1];
	theirs->fd[CD_PORT_OTHER_END] = fcntl(answers[0], F_DUPFD_CLOEXEC, 0);
}

static bool look_at_socket(const struct kern_wire *wire)
{
	static const struct cd_port_message look = {.kind = CD_PORT_LOOK, .cpu = -1};

	return wire->out < 0 || write_now(wire->out, &look, CD_PORT_UNIT) == CD_PORT_UNIT;
}

bool kern_wire_announce(const struct kern_wire *wire, const char *space, struct kern_wire *ours)
{
	struct cd_port_message message = {.kind = CD_PORT_SPACE, .cpu = -1};
	const struct iovec part = {&message, offsetof(struct cd_port_message, text)};
	struct ends theirs;
	size_t count = 1;
	int sockets[2];
	bool sent;

	memset(&theirs, -1, sizeof(theirs));
	*ours = KERN_WIRE_NONE;
	if (wire->socket < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return false;
	ours->socket = sockets[0];
	theirs.fd[CD_PORT_SOCKET] = sockets[1];
	if (wire->out >= 0)
		add_pipes(ours, &theirs);
	if (ours->out >= 0)
		count = CD_PORT_ENDS;
	snprintf(message.space, sizeof(message.space), "%s", space);
	sent = cd_pass_send(wire->socket, &part, 1, theirs.fd, count, MSG_DONTWAIT) > 0 &&
	       look_at_socket(wire);
	close_ends(&theirs);
	if (!sent)
		kern_wire_close(ours);
	return sent;
}

/* ---- using them ---- */

bool kern_wire_send(const struct kern_wire *wire, struct cd_port_message *message)
{
	const size_t size = offsetof(struct cd_port_message, text) + message->text_len;
	const size_t padded = (size + CD_PORT_UNIT - 1) / CD_PORT_UNIT * CD_PORT_UNIT;

	if (wire->out < 0 || padded > PIPE_BUF)
		return send(wire->socket, message, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
			   (ssize_t)size &&
		       look_at_socket(wire);
	memset((char *)message + size, 0, padded - size); /* of another nester's question */
	return write_now(wire->out, message, padded) == (ssize_t)padded;
}

int kern_wire_hear_pipe(const struct kern_wire *wire, struct cd_port_answer *answer)
{
	ssize_t n;

	if (wire->in < 0)
		return 0;
	n = read_now(wire->in, answer, HEAD);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	/* What is written in one piece is there in one piece. */
	if (n != HEAD || answer->text_len > PIPE_BUF - HEAD)
		return -1;
	if (answer->text_len == 0 ||
	    read_now(wire->in, answer->text, answer->text_len) == (ssize_t)answer->text_len)
		return 1;
	return -1;
}

int kern_wire_hear(const struct kern_wire *wire, struct cd_port_answer *answer, int *fd)
{
	int heard = kern_wire_hear_pipe(wire, answer);
	size_t count = 1;
	ssize_t n;

	*fd = -1;
	if (heard)
		return heard;
	n = cd_pass_receive(wire->socket, answer, sizeof(*answer), fd, &count, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n >= (ssize_t)HEAD && (size_t)n == HEAD + answer->text_len)
		return 1;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return -1;
}
