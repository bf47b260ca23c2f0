/*
 * libcordon: the nester API (cordon/nester.h) over ports.
 *
 * A port is a socket whose other end a monitor has, and two pipes: one for the space, and one more
 * for each that is made within it, which comes by a port that is there already. Whatever comes is
 * from the kernel of the spaces, and is checked for its form all the same.
 */
#include "libcordon/nester.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/without.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif
#define STAY_MS 100 /* how long a port is waited at alone */

/* ---- starting ---- */

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

/* In the child. */
static _Noreturn void become_cordon(const int *ends, size_t count, uint64_t ops,
				    const char *const *options, const char *const *program)
{
	const char *cordon = getenv("CORDON");
	char numbers[64], names[1024];
	const size_t given = count_words(options), words = count_words(program);
	const char **argv = calloc(given + words + 6, sizeof(*argv));
	size_t at = 0;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(numbers, sizeof(numbers), count == 3 ? "--port=%d,%d,%d" : "--port=%d", ends[0],
		 ends[1], ends[2]);
	cd_nester_ops_name(ops, names + 12, sizeof(names) - 12);
	memcpy(names, "--interpose=", 12);
	for (size_t i = 0; i < count; i++)
		if (fcntl(ends[i], F_SETFD, 0))
			_exit(125);
	if (!argv)
		_exit(125);
	cordon = cordon && *cordon ? cordon : "cordon";
	argv[at++] = cordon;
	argv[at++] = "run";
	argv[at++] = numbers;
	argv[at++] = names;
	for (size_t i = 0; i < given; i++)
		argv[at++] = options[i];
	argv[at++] = "--";
	for (size_t i = 0; i < words; i++)
		argv[at++] = program[i];
	execvp(cordon, (char **)argv);
	fprintf(stderr, "cannot run %s: %s (CORDON names it)\n", cordon, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static bool watch(const struct cd_nester *nester, int fd, uint64_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};

	return epoll_ctl(nester->watch, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* fd: by enum cd_port_end; taken over, unless it fails. */
static bool add_port(struct cd_nester *nester, const int *fd, const char *space)
{
	const struct timeval most = {.tv_usec = STAY_MS * 1000};
	struct port *port = &nester->ports[nester->count];
	const uint64_t number = nester->numbers + 1;

	if (nester->count == PORTS_MAX ||
	    setsockopt(fd[CD_PORT_SOCKET], SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)) ||
	    !watch(nester, fd[CD_PORT_SOCKET], number * 2) ||
	    (fd[CD_PORT_QUESTIONS] >= 0 && !watch(nester, fd[CD_PORT_QUESTIONS], number * 2 + 1)))
		return false;
	*port = (struct port){.number = ++nester->numbers};
	memcpy(port->fd, fd, sizeof(port->fd));
	snprintf(port->space, sizeof(port->space), "%s", space);
	nester->count++;
	return true;
}

static void close_all(const int *fd, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static void free_nester(struct cd_nester *nester)
{
	for (size_t i = 0; i < nester->count; i++)
		close_all(nester->ports[i].fd, CD_PORT_ENDS);
	if (nester->pidfd >= 0)
		close(nester->pidfd);
	if (nester->watch >= 0)
		close(nester->watch);
	free(nester);
}

/*
 * The pipes beside a port (cordon/nester.h), if they are of use: theirs is to write to and to read
 * from. Whoever reads and writes them there must be able not to wait.
 */
static bool make_pipes(int ours[CD_PORT_ENDS], int theirs[2])
{
	int questions[2], answers[2];
	char byte;
	const struct iovec part = {&byte, 1};

	if (cd_without(CD_PIPE_NOWAIT) || pipe2(questions, O_CLOEXEC))
		return false;
	if (fcntl(questions[1], F_SETPIPE_SZ, CD_PORT_PIPE_SIZE) < 0 || pipe2(answers, O_CLOEXEC)) {
		close_all(questions, 2);
		return false;
	}
	if (syscall(SYS_preadv2, answers[0], &part, 1L, -1L, 0L, (long)RWF_NOWAIT) >= 0 ||
	    errno != EAGAIN || fcntl(answers[1], F_SETFL, O_NONBLOCK)) {
		close_all(questions, 2);
		close_all(answers, 2);
		return false;
	}
	ours[CD_PORT_QUESTIONS] = questions[0];
	ours[CD_PORT_ANSWERS] = answers[1];
	ours[CD_PORT_OTHER_END] = answers[0];
	theirs[0] = questions[1];
	theirs[1] = answers[0];
	return true;
}

EXPORT int cd_nester_start(struct cd_nester **out, uint64_t ops, const char *const *options,
			   const char *const *program)
{
	int ours[CD_PORT_ENDS] = {-1, -1, -1, -1}, theirs[3] = {-1, -1, -1}, sockets[2], error;
	struct cd_nester *nester;
	bool pipes;

	if (!ops || ops & ~CD_NESTER_ALL || !count_words(program))
		return -EINVAL;
	nester = calloc(1, sizeof(*nester));
	if (!nester)
		return -ENOMEM;
	nester->cpu = nester->pidfd = -1;
	nester->ops = ops;
	nester->watch = epoll_create1(EPOLL_CLOEXEC);
	if (nester->watch < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
		error = -errno;
		goto fail;
	}
	ours[CD_PORT_SOCKET] = sockets[0];
	theirs[0] = sockets[1];
	pipes = make_pipes(ours, theirs + 1);
	if (!add_port(nester, ours, "")) {
		error = -errno;
		close_all(ours, CD_PORT_ENDS);
		close_all(theirs, 2); /* the third is one of ours */
		goto fail;
	}
	nester->cordon = fork();
	if (nester->cordon == 0)
		become_cordon(theirs, pipes ? 3 : 1, ops, options, program);
	error = -errno;
	close_all(theirs, 2);
	if (nester->cordon < 0)
		goto fail;
	nester->pidfd = (int)syscall(SYS_pidfd_open, nester->cordon, 0);
	if (nester->pidfd >= 0)
		watch(nester, nester->pidfd, 0);
	*out = nester;
	return 0;
fail:
	free_nester(nester);
	return error;
}

/* ---- events ---- */

static void drop_port(struct cd_nester *nester, size_t at)
{
	close_all(nester->ports[at].fd, CD_PORT_ENDS);
	nester->ports[at] = nester->ports[--nester->count];
}

static bool is_well_formed(const struct cd_port_message *message, size_t size)
{
	return size >= offsetof(struct cd_port_message, text) &&
	       message->text_len < sizeof(message->text) &&
	       size == offsetof(struct cd_port_message, text) + message->text_len &&
	       memchr(message->space, '\0', sizeof(message->space)) &&
	       memchr(message->call, '\0', sizeof(message->call));
}

static void fill(struct cd_event *event, const struct port *port,
		 const struct cd_port_message *message)
{
	event->kind = CD_EVENT_OPERATION;
	event->id = message->id;
	event->port = port->number;
	event->pid = message->pid;
	event->ops = message->ops & CD_NESTER_ALL;
	event->flags = message->flags;
	event->mode = message->mode;
	event->text_len = message->text_len;
	event->absent = message->absent != 0;
	memcpy(event->space, message->space, sizeof(event->space));
	memcpy(event->call, message->call, sizeof(event->call));
	memcpy(event->text, message->text, message->text_len);
	event->text[message->text_len] = '\0';
}

/* Asks a port for what comes next; without an answer that is not sent. */
static bool ask_for_held(struct port *port, uint64_t from)
{
	const struct cd_port_answer ask = {.id = from, .action = CD_PORT_LIST};
	const size_t size = offsetof(struct cd_port_answer, text);

	port->listing = send(port->fd[CD_PORT_SOCKET], &ask, size, MSG_NOSIGNAL) == (ssize_t)size;
	return port->listing;
}

static void take_held(struct port *port, const struct cd_port_message *message,
		      struct cd_event *event)
{
	if (!port->listing)
		return;
	if (message->pid) {
		fill(event, port, message);
		event->kind = CD_EVENT_HELD;
	}
	if (message->id == 0 || !ask_for_held(port, message->id))
		port->listing = false;
}

EXPORT int cd_nester_list(struct cd_nester *nester)
{
	if (!(nester->ops & CD_NESTER_LIST))
		return -EPERM;
	nester->listing = true;
	for (size_t i = 0; i < nester->count; i++)
		ask_for_held(&nester->ports[i], 0);
	return 0;
}

/* Has the last port said all that is held? */
static bool is_listed(struct cd_nester *nester)
{
	for (size_t i = 0; i < nester->count; i++)
		if (nester->ports[i].listing)
			return false;
	nester->listing = false;
	return true;
}

/*
 * A monitor that is woken from another processor is woken late: an idle one takes ten times as long
 * to wake as all the rest takes together. So who answers goes where the monitor waits.
 */
static void go_to(struct cd_nester *nester, int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE || cpu == nester->cpu)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) == 0)
		nester->cpu = cpu;
}

/* What it says, if it is well-formed; ends: what came with it, closed if it is not taken over. */
static void take(struct cd_nester *nester, size_t at, const struct cd_port_message *message,
		 size_t size, int *ends, struct cd_event *event)
{
	const bool is_sound = is_well_formed(message, size);

	if (is_sound && message->kind == CD_PORT_OPERATION) {
		fill(event, &nester->ports[at], message);
		nester->pending++;
		go_to(nester, message->cpu);
	} else if (is_sound && message->kind == CD_PORT_HELD) {
		take_held(&nester->ports[at], message, event);
	} else if (is_sound && message->kind == CD_PORT_SPACE && ends[CD_PORT_SOCKET] >= 0 &&
		   add_port(nester, ends, message->space)) {
		*event = (struct cd_event){.kind = CD_EVENT_SPACE};
		memcpy(event->space, message->space, sizeof(event->space));
		return;
	}
	close_all(ends, CD_PORT_ENDS);
}

/* One message from the socket: the event's kind; CD_EVENT_NONE: nothing that would be one; or
 * -errno. how: of recvmsg(). */
static int receive(struct cd_nester *nester, size_t at, struct cd_event *event, int how)
{
	static _Thread_local struct cd_port_message message;
	int ends[CD_PORT_ENDS] = {-1, -1, -1, -1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(ends))];
	} control;
	struct iovec vector = {&message, sizeof(message)};
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	const struct cmsghdr *rights;
	ssize_t n;

	do {
		n = recvmsg(nester->ports[at].fd[CD_PORT_SOCKET], &header, MSG_CMSG_CLOEXEC | how);
	} while (n < 0 && errno == EINTR);
	rights = n > 0 ? CMSG_FIRSTHDR(&header) : NULL;
	if (n < 0 && errno == EAGAIN)
		return CD_EVENT_NONE;
	if (n <= 0) {
		drop_port(nester, at);
		return CD_EVENT_NONE;
	}
	if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
		memcpy(ends, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
	take(nester, at, &message, (size_t)n, ends, event);
	return (int)event->kind;
}

/* The same from the pipe: waits for it. */
static int receive_piped(struct cd_nester *nester, size_t at, struct cd_event *event)
{
	static _Thread_local struct cd_port_message message;
	const int pipe = nester->ports[at].fd[CD_PORT_QUESTIONS];
	int ends[CD_PORT_ENDS] = {-1, -1, -1, -1};
	size_t size, rest;
	ssize_t n;

	do {
		n = read(pipe, &message, CD_PORT_UNIT);
	} while (n < 0 && errno == EINTR);
	size = offsetof(struct cd_port_message, text) + message.text_len;
	if (n != CD_PORT_UNIT || message.text_len > sizeof(message.text)) {
		drop_port(nester, at);
		return CD_EVENT_NONE;
	}
	if (message.kind == CD_PORT_LOOK)
		return receive(nester, at, event, MSG_DONTWAIT);
	rest = size <= CD_PORT_UNIT ? 0 : (size - 1) / CD_PORT_UNIT * CD_PORT_UNIT;
	/* All of it is there already. */
	if (rest && read(pipe, (char *)&message + CD_PORT_UNIT, rest) != (ssize_t)rest) {
		drop_port(nester, at);
		return CD_EVENT_NONE;
	}
	take(nester, at, &message, size, ends, event);
	return (int)event->kind;
}

/* The place of the port with this number; none: the count. */
static size_t find_port(const struct cd_nester *nester, uint64_t number)
{
	size_t at = 0;

	while (at < nester->count && nester->ports[at].number != number)
		at++;
	return at;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As epoll_wait(), of which even a stop and its end would be heard as a signal. */
static int wait_for_any(const struct cd_nester *nester, struct epoll_event ready[2], int timeout_ms)
{
	const int64_t end = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
	int got;

	while ((got = epoll_wait(nester->watch, ready, 2, timeout_ms)) < 0 && errno == EINTR)
		if (timeout_ms > 0 && (timeout_ms = (int)(end - now_ms())) < 0)
			timeout_ms = 0;
	return got;
}

EXPORT int cd_nester_next(struct cd_nester *nester, struct cd_event *event, int timeout_ms)
{
	struct epoll_event ready[2];
	int got;

	event->kind = CD_EVENT_NONE;
	if (nester->listing && is_listed(nester))
		return (int)(event->kind = CD_EVENT_LISTED);
	/* Where there is one alone, and much to do, one call less. */
	if (nester->count == 1 && timeout_ms < 0 && !nester->listing) {
		got = nester->ports[0].fd[CD_PORT_QUESTIONS] >= 0 ? receive_piped(nester, 0, event)
								  : receive(nester, 0, event, 0);
		if (got != CD_EVENT_NONE)
			return got;
	}
	/* By turns: a space that floods does not keep the others waiting. */
	while ((got = wait_for_any(nester, ready, timeout_ms)) > 0) {
		uint64_t source = ready[0].data.u64 ? ready[0].data.u64 : ready[got - 1].data.u64;
		size_t at = find_port(nester, source / 2);

		if (source && at == nester->count)
			continue;
		if (!source)
			got = (int)(event->kind = CD_EVENT_ENDED);
		else if (source % 2)
			got = receive_piped(nester, at, event);
		else
			got = receive(nester, at, event, MSG_DONTWAIT);
		if (got != CD_EVENT_NONE)
			return got;
		if (nester->listing && is_listed(nester))
			return (int)(event->kind = CD_EVENT_LISTED);
	}
	return got < 0 ? -errno : CD_EVENT_NONE;
}

EXPORT int cd_nester_fd(const struct cd_nester *nester)
{
	return nester->watch;
}

/* ---- answers ---- */

static ssize_t send_with(int port, struct iovec vector, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	const struct msghdr header = {.msg_iov = &vector,
				      .msg_iovlen = 1,
				      .msg_control = &control,
				      .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(port, &header, MSG_NOSIGNAL);
}

static int send_answer(struct cd_nester *nester, const struct cd_event *event,
		       struct cd_port_answer *answer, int fd)
{
	const size_t size = offsetof(struct cd_port_answer, text) + answer->text_len;
	const size_t at = find_port(nester, event->port);
	const int *ends;
	ssize_t n = -1;

	if (at == nester->count)
		return -ESRCH; /* the space has ended */
	ends = nester->ports[at].fd;
	answer->id = event->id;
	if (fd < 0 && ends[CD_PORT_ANSWERS] >= 0 && size <= PIPE_BUF)
		n = write(ends[CD_PORT_ANSWERS], answer, size);
	/* Of a nester in a space sendmsg would be a message, and send is none. */
	while (n < 0) {
		n = fd < 0 ? send(ends[CD_PORT_SOCKET], answer, size, MSG_NOSIGNAL)
			   : send_with(ends[CD_PORT_SOCKET], (struct iovec){answer, size}, fd);
		if (n < 0 && errno != EINTR)
			break;
	}
	if (n < 0)
		return -errno;
	nester->pending -= nester->pending > 0;
	return 0;
}

EXPORT int cd_nester_pass(struct cd_nester *nester, const struct cd_event *event)
{
	struct cd_port_answer answer;

	answer.action = CD_PORT_PASS;
	answer.value = 0;
	answer.text_len = 0;
	return send_answer(nester, event, &answer, -1);
}

static int put_text(struct cd_port_answer *answer, const void *text, size_t len)
{
	if (len >= sizeof(answer->text))
		return -ENAMETOOLONG;
	if (len)
		memcpy(answer->text, text, len);
	answer->text_len = (uint32_t)len;
	return 0;
}

EXPORT int cd_nester_pass_changed(struct cd_nester *nester, const struct cd_event *event,
				  const char *path)
{
	struct cd_port_answer answer = {.action = CD_PORT_CHANGE};
	int error = put_text(&answer, path, strlen(path));

	return error ? error : send_answer(nester, event, &answer, -1);
}

EXPORT int cd_nester_deny(struct cd_nester *nester, const struct cd_event *event, int error)
{
	struct cd_port_answer answer;

	answer.action = CD_PORT_DENY;
	answer.value = error < 0 ? -error : error;
	answer.text_len = 0;
	return send_answer(nester, event, &answer, -1);
}

EXPORT int cd_nester_answer(struct cd_nester *nester, const struct cd_event *event, int64_t value,
			    const void *data, size_t len)
{
	struct cd_port_answer answer = {.action = CD_PORT_VALUE, .value = value};
	int error = put_text(&answer, data, len);

	return error ? error : send_answer(nester, event, &answer, -1);
}

EXPORT int cd_nester_give(struct cd_nester *nester, const struct cd_event *event, int fd)
{
	struct cd_port_answer answer;

	if (fd < 0)
		return -EBADF;
	answer.action = CD_PORT_GIVE;
	answer.value = 0;
	answer.text_len = 0;
	return send_answer(nester, event, &answer, fd);
}

/* ---- the space ---- */

EXPORT size_t cd_nester_pending(const struct cd_nester *nester)
{
	return nester->pending;
}

static int signal_cordon(const struct cd_nester *nester, int signal)
{
	return kill(nester->cordon, signal) ? -errno : 0;
}

EXPORT int cd_nester_stop(struct cd_nester *nester)
{
	return signal_cordon(nester, SIGTSTP);
}

EXPORT int cd_nester_continue(struct cd_nester *nester)
{
	return signal_cordon(nester, SIGCONT);
}

EXPORT int cd_nester_kill(struct cd_nester *nester)
{
	return signal_cordon(nester, SIGKILL);
}

EXPORT int cd_nester_end(struct cd_nester *nester)
{
	int status = 0;

	for (size_t i = 0; i < nester->count; i++)
		close_all(nester->ports[i].fd, CD_PORT_ENDS);
	nester->count = 0;
	while (waitpid(nester->cordon, &status, 0) < 0 && errno == EINTR)
		;
	free_nester(nester);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
