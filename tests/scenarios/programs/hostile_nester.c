/*
 * A nester that does not keep to what nesters are to do: hostile_nester WAY [OPTION OF CORDON RUN...] -- PROGRAM.
 *
 *   hang      never answers                       die       ends with the first question
 *   forge     answers what nobody asked           flood     the same, without end
 *   twice     answers everything twice            late      answers after the program has been killed
 *   wrong     gives descriptors for calls that open nothing, and errors that are none
 *   garbage   sends what is no answer             huge      results longer than there is room for
 *   change    to paths that are no paths          subscribe to everything, and reads nothing
 *   directory gives the root instead of what is opened
 *   exec      lets another program be decided on than the one that is started
 *   stuck     does not answer about names that end in "stuck" until one that ends in "release" is asked for
 *   list      asks what is held, from anywhere and without end
 *   pass      lets everything through
 *
 * With "piped-" before it, by the pipes beside the port. There are ways for these alone:
 *
 *   piped-part     writes less than an answer      piped-long   an answer with more text than there is
 *   piped-full     fills the pipe of questions, and lets whoever writes or reads there wait
 *   piped-thief    reads its own answers           piped-shut   reads no questions, nor can anybody
 *   piped-files    has files where the pipes should be
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The form on the wire, by hand: include/cordon/nester.h. */
struct message {
	unsigned kind;
	int cpu;
	unsigned long id, ops, flags, mode;
	int pid;
	unsigned text_len, absent;
	char space[256], call[32], text[4096];
};
struct answer {
	unsigned long id;
	long value;
	unsigned action, text_len;
	char text[4096];
};
enum { PASS = 1, CHANGE, DENY, VALUE, GIVE, LIST };

static int how; /* MSG_DONTWAIT: what finds no room is not sent */
static int questions[2] = {-1, -1}, answers[2] = {-1, -1}; /* the pipes */

static void put(int port, struct answer *answer, size_t size, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec vector = {answer, size};
	struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};

	if (fd < 0 && answers[1] >= 0 && size <= 4096 && write(answers[1], answer, size) >= 0)
		return;
	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
	}
	sendmsg(port, &header, MSG_NOSIGNAL | how);
}

static void say(int port, unsigned long id, unsigned action, long value, const char *text, size_t len,
		int fd)
{
	struct answer answer = {.id = id, .value = value, .action = action, .text_len = (unsigned)len};

	memcpy(answer.text, text, len);
	put(port, &answer, offsetof(struct answer, text) + len, fd);
}

/* Whatever comes, in whole units or by the socket. */
static int next(int port, struct message *m)
{
	if (questions[0] >= 0) {
		if (read(questions[0], m, 512) != 512)
			return 0;
		if (m->kind != 4) {
			size_t size = offsetof(struct message, text) + m->text_len;

			return size <= 512 || read(questions[0], (char *)m + 512, (size - 1) / 512 * 512) > 0;
		}
	}
	return recv(port, m, sizeof(*m), 0) > 0;
}

static void set_waiting(int fd, int waits)
{
	fcntl(fd, F_SETFL, waits ? 0 : O_NONBLOCK);
}

static void abuse_pipes(const char *way, int port, const struct message *m)
{
	static char garbage[4096];

	if (strcmp(way, "part") == 0) {
		(void)!write(answers[1], m, 3);
	} else if (strcmp(way, "long") == 0) {
		struct answer long_one = {.id = m->id, .action = VALUE, .text_len = 4000};

		(void)!write(answers[1], &long_one, 30);
	} else if (strcmp(way, "full") == 0) {
		set_waiting(questions[1], 0);
		while (write(questions[1], garbage, sizeof(garbage)) > 0)
			;
		set_waiting(questions[1], 1);
		set_waiting(answers[0], 1);
		say(port, m->id, PASS, 0, "", 0, -1);
	} else if (strcmp(way, "thief") == 0) {
		say(port, m->id, PASS, 0, "", 0, -1);
		set_waiting(answers[0], 0);
		(void)!read(answers[0], garbage, sizeof(garbage));
		set_waiting(answers[0], 1);
		say(port, m->id, PASS, 0, "", 0, -1);
	} else if (strcmp(way, "shut") == 0) {
		close(questions[0]);
		close(questions[1]);
		say(port, m->id, PASS, 0, "", 0, -1);
		questions[0] = questions[1] = -1;
	}
}

static void answer_wrongly(const char *way, int port, const struct message *m, unsigned turn)
{
	static char zeros[4095];
	static const char *const paths[] = {"", "relative", "/a/../b", "//", "/a/", "/./x", "/proc/self/fd/0"};

	if (strcmp(way, "forge") == 0) {
		for (unsigned i = 0; i < 100; i++)
			say(port, m->id + 1 + i, GIVE, 0, "", 0, 0);
		say(port, m->id, PASS, 0, "", 0, -1);
	} else if (strcmp(way, "flood") == 0) {
		how = MSG_DONTWAIT;
		for (unsigned i = 1; i < 10000; i++)
			say(port, m->id ^ i << 20, PASS, 0, zeros, sizeof(zeros), 1);
		how = 0;
		say(port, m->id, PASS, 0, "", 0, -1);
	} else if (strcmp(way, "list") == 0) {
		how = MSG_DONTWAIT;
		for (unsigned long i = 0; i < 6; i++)
			say(port, i * 0x9e3779b97f4a7c15UL >> i % 60, LIST, 0, "", 0, -1);
		how = 0;
		say(port, m->id, PASS, 0, "", 0, -1);
	} else if (strcmp(way, "twice") == 0) {
		say(port, m->id, PASS, 0, "", 0, -1);
		say(port, m->id, DENY, EPERM, "", 0, -1);
	} else if (strcmp(way, "wrong") == 0) {
		static const long values[] = {0, -1, 100000, -100000, 4096, 1L << 40};

		say(port, m->id, turn % 2 ? DENY : GIVE, values[turn % 6], "", 0, turn % 2 ? -1 : 0);
	} else if (strcmp(way, "garbage") == 0) {
		struct answer bad = {.id = m->id, .action = 77, .text_len = ~0U};

		put(port, &bad, turn % 2 ? 3 : sizeof(bad), -1);
	} else if (strcmp(way, "huge") == 0) {
		say(port, m->id, VALUE, 1L << 62, zeros, sizeof(zeros), -1);
	} else if (strcmp(way, "directory") == 0 && strcmp(m->call, "open") == 0) {
		int fd = open("/", O_RDONLY | O_DIRECTORY);

		say(port, m->id, GIVE, 0, "", 0, fd);
		close(fd);
	} else if (strcmp(way, "exec") == 0 && strcmp(m->call, "exec") == 0) {
		say(port, m->id, CHANGE, 0, "/usr/bin/true", 13, -1);
	} else if (strcmp(way, "change") == 0) {
		say(port, m->id, CHANGE, 0, paths[turn % 7], strlen(paths[turn % 7]), -1);
	} else {
		say(port, m->id, PASS, 0, "", 0, -1);
	}
}

static int ends_in(const struct message *m, const char *word)
{
	size_t n = strlen(word);

	return m->text_len >= n && memcmp(m->text + m->text_len - n, word, n) == 0;
}

/* Late, all at once, and the last one first. */
static void answer_stuck(int port, const struct message *m)
{
	static unsigned long ids[64];
	static int count;

	if (ends_in(m, "stuck") && count < 64) {
		ids[count++] = m->id;
		return;
	}
	say(port, m->id, PASS, 0, "", 0, -1);
	while (ends_in(m, "release") && count)
		say(port, ids[--count], PASS, 0, "", 0, -1);
}

/* Who holds both ends of a pipe sees no end of it. */
static void end(int signal)
{
	int status;

	(void)signal;
	if (wait(&status) > 0)
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "", *cordon = getenv("CORDON");
	char number[64];
	char *args[64] = {"cordon", "run", number, "--interpose=*"};
	int ends[2], status, count = 4;
	unsigned turn = 0;
	struct message m;
	pid_t child;
	int piped = strncmp(way, "piped-", 6) == 0, abuse = 0;

	if (piped) {
		way += 6;
		if (pipe(questions) || pipe(answers))
			return 99;
		for (int i = 0; i < 2; i++) {
			fcntl(questions[i], F_SETFD, FD_CLOEXEC);
			fcntl(answers[i], F_SETFD, FD_CLOEXEC);
		}
		fcntl(questions[1], F_SETPIPE_SZ, 256 << 10);
		set_waiting(answers[1], 0);
		for (const char *const *w = (const char *const[]){"part", "long", "full", "thief", "shut", NULL}; *w; w++)
			abuse |= strcmp(way, *w) == 0;
		abuse |= strcmp(way, "files") == 0;
		if (abuse)
			signal(SIGCHLD, end);
		if (strcmp(way, "files") == 0)
			questions[1] = answers[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	if (strcmp(way, "list") == 0)
		args[3] = "--interpose=*,cap.list";
	for (int i = 2; i < argc && count < 63; i++)
		args[count++] = argv[i];
	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
	child = fork();
	if (child == 0) {
		fcntl(ends[1], F_SETFD, 0);
		snprintf(number, sizeof(number), piped ? "--port=%d,%d,%d" : "--port=%d", ends[1], questions[1],
			 answers[0]);
		if (piped) {
			fcntl(questions[1], F_SETFD, 0);
			fcntl(answers[0], F_SETFD, 0);
		}
		execv(cordon, args);
		_exit(127);
	}
	close(ends[1]);
	/* Or the end of the pipe would never be seen. */
	if (piped && !abuse)
		close(questions[1]);
	while (strcmp(way, "subscribe") != 0 && next(ends[0], &m)) {
		if (strcmp(way, "hang") == 0 || m.kind != 1)
			continue;
		if (strcmp(way, "die") == 0)
			break;
		if (abuse) {
			abuse_pipes(way, ends[0], &m);
			continue;
		}
		if (strcmp(way, "late") == 0) {
			usleep(300000);
			say(ends[0], m.id, PASS, 0, "", 0, -1);
			continue;
		}
		if (strcmp(way, "stuck") == 0) {
			answer_stuck(ends[0], &m);
			continue;
		}
		answer_wrongly(way, ends[0], &m, turn++);
	}
	if (strcmp(way, "die") == 0) {
		close(ends[0]);
		close(questions[0]);
		close(answers[1]);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
