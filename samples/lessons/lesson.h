/*
 * What the lessons' programs share: messages over a unix socket, each with at most one descriptor.
 *
 * The sockets are of the kind SOCK_SEQPACKET: a message arrives whole or not at all, and an empty
 * one means that the other end is gone.
 */
#ifndef LESSON_H
#define LESSON_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 4096

/* Sends bytes, and fd unless it is -1. 0, or -1: nobody is there to receive it. fd stays open. */
static inline int send_message(int sock, const void *bytes, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = {.iov_base = (void *)bytes, .iov_len = len};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	return sendmsg(sock, &message, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static inline int send_text(int sock, const char *text, int fd)
{
	return send_message(sock, text, strlen(text), fd);
}

/*
 * Receives at most MESSAGE_MAX bytes into text, which ends with a NUL, and a descriptor into *fd
 * (-1: none came), which is the caller's to close. The length; 0 or less: nobody is there.
 */
static inline ssize_t recv_message(int sock, char text[MESSAGE_MAX + 1], int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = {.iov_base = text, .iov_len = MESSAGE_MAX};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.space)};
	ssize_t len = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = len >= 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	text[len > 0 ? len : 0] = '\0';
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(int));
	return len;
}

/* The same, waiting no longer than so many milliseconds. */
static inline ssize_t recv_within(int sock, char text[MESSAGE_MAX + 1], int *fd, int milliseconds)
{
	struct pollfd poller = {.fd = sock, .events = POLLIN};

	*fd = -1;
	text[0] = '\0';
	return poll(&poller, 1, milliseconds) == 1 ? recv_message(sock, text, fd) : -1;
}

static inline void make_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		perror("socketpair");
		exit(3);
	}
}

static inline void rest(long milliseconds)
{
	nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000,
				     .tv_nsec = milliseconds % 1000 * 1000000},
		  NULL);
}

/*
 * Starts command with fds[0] as its descriptor 3, fds[1] as 4, and so on, and no other beyond the
 * standard streams. Nothing above may be 3 to 3 + count - 1 ... so they are moved out of the way
 * first.
 */
static inline pid_t start_with(char **command, const int *fds, int count)
{
	pid_t pid = fork();
	int high[8];

	if (pid != 0)
		return pid;
	for (int i = 0; i < count && i < 8; i++)
		high[i] = dup2(fds[i], 100 + i);
	for (int i = 0; i < count && i < 8; i++)
		dup2(high[i], 3 + i);
	for (int fd = 3 + count; fd < 256; fd++)
		close(fd);
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

#endif
