/* The control socket. */
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/control_answer.h"
#include "cli/control_dir.h"

#define EVENTS 8 /* that are looked at in one turn */

/* A client: its request as it comes, then the answer as it goes. */
struct client {
	int fd; /* -1: free */
	time_t since;
	size_t got, sent;
	char request[CONTROL_REQUEST_MAX];
	char *answer; /* NULL: not made yet */
	size_t size;
};

struct control {
	struct control_facts facts;
	struct sockaddr_un address;
	char id[CONTROL_ID_MAX];
	int listener;
	int events, timer; /* an epoll and a clock, from the first client on */
	struct client clients[CONTROL_CLIENTS_MAX];
};

/* ---- the socket ---- */

static bool is_answered(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answered =
	    fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	answered |= errno == EAGAIN; /* it is, and busy */
	if (fd >= 0)
		close(fd);
	return answered;
}

/*
 * Our process's number is the id: nobody else has it, but in another pid namespace, and a socket
 * of that name that nobody answers was left behind.
 */
static bool bind_id(struct control *c, const char *directory)
{
	for (unsigned i = 0; i < 100; i++) {
		snprintf(c->id, sizeof(c->id), i ? "%d-%u" : "%d", (int)getpid(), i);
		if (snprintf(c->address.sun_path, sizeof(c->address.sun_path), "%s/%s", directory,
			     c->id) >= (int)sizeof(c->address.sun_path)) {
			errno = ENAMETOOLONG;
			return false;
		}
		if (bind(c->listener, (struct sockaddr *)&c->address, sizeof(c->address)) == 0)
			return true;
		if (errno != EADDRINUSE)
			return false;
		if (is_answered(&c->address))
			continue;
		unlink(c->address.sun_path);
		if (bind(c->listener, (struct sockaddr *)&c->address, sizeof(c->address)) == 0)
			return true;
	}
	return false;
}

struct control *control_new(const struct control_facts *facts)
{
	struct control *c = calloc(1, sizeof(*c));
	char directory[CD_PATH_MAX];
	mode_t mask;
	bool made;

	if (!c)
		return NULL;
	c->facts = *facts;
	c->address.sun_family = AF_UNIX;
	c->events = c->timer = -1;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0177);
	made =
	    c->listener >= 0 && control_dir(CONTROL_DIR_MAKE, directory) && bind_id(c, directory);
	umask(mask);
	if (made && listen(c->listener, CONTROL_CLIENTS_MAX) == 0)
		return c;
	if (!made)
		c->address.sun_path[0] = '\0';
	control_free(c);
	return NULL;
}

/* Everything that only clients take: let go of. */
static void rest(struct control *c)
{
	if (c->timer >= 0)
		close(c->timer);
	if (c->events >= 0)
		close(c->events);
	c->timer = c->events = -1;
}

static void drop(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->answer);
	*client = (struct client){.fd = -1};
}

void control_free(struct control *c)
{
	int saved = errno;

	if (!c)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		drop(&c->clients[i]);
	if (c->address.sun_path[0])
		unlink(c->address.sun_path);
	rest(c);
	if (c->listener >= 0)
		close(c->listener);
	free(c);
	errno = saved;
}

int control_fd(const struct control *c)
{
	return !c ? -1 : c->events >= 0 ? c->events : c->listener;
}

/* ---- clients ---- */

/* Of our user, and in our pid namespace: what is in a space is not. */
static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct stat ours, theirs;
	char path[64];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.pid <= 0 ||
	    peer.uid != geteuid())
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)peer.pid);
	return stat("/proc/self/ns/pid", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static struct client *place_for_client(struct control *c)
{
	struct client *oldest = &c->clients[0];

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd < 0)
			return &c->clients[i];
		if (c->clients[i].since < oldest->since)
			oldest = &c->clients[i];
	}
	drop(oldest);
	return oldest;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static bool watch(struct control *c, int fd, uint32_t events, struct client *client, int how)
{
	struct epoll_event event = {.events = events, .data.ptr = client ? (void *)client : c};

	/* cppcheck-suppress nullPointer */
	return epoll_ctl(c->events, how, fd, &event) == 0;
}

/* Makes them. */
static bool begin(struct control *c)
{
	const struct itimerspec second = {{1, 0}, {1, 0}};

	if (c->events >= 0)
		return true;
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	c->events = c->timer < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);
	if (c->events >= 0 && watch(c, c->listener, EPOLLIN, NULL, EPOLL_CTL_ADD) &&
	    watch(c, c->timer, EPOLLIN, NULL, EPOLL_CTL_ADD))
		return timerfd_settime(c->timer, 0, &second, NULL) == 0;
	rest(c);
	return false;
}

static void accept_client(struct control *c)
{
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0)
		return;
	if (!may_ask(fd) || !begin(c)) {
		close(fd);
		return;
	}
	client = place_for_client(c);
	client->fd = fd;
	client->since = now();
	if (!watch(c, fd, EPOLLIN, client, EPOLL_CTL_ADD))
		drop(client);
}

static bool make_answer(struct control *c, struct client *client)
{
	FILE *answer = open_memstream(&client->answer, &client->size);
	bool made;

	if (!answer)
		return false;
	control_answer(&c->facts, c->id, client->request, answer);
	made = !ferror(answer);
	return fclose(answer) == 0 && made && client->answer;
}

static void take_request(struct control *c, struct client *client)
{
	size_t room = sizeof(client->request) - 1 - client->got;
	ssize_t n = recv(client->fd, client->request + client->got, room, 0);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	client->got += (size_t)n;
	client->request[client->got] = '\0';
	end = memchr(client->request, '\n', client->got);
	if (!end && client->got < sizeof(client->request) - 1)
		return;
	if (end)
		*end = '\0';
	if (!end || !make_answer(c, client) ||
	    !watch(c, client->fd, EPOLLOUT, client, EPOLL_CTL_MOD))
		drop(client);
}

static void give_answer(struct client *client)
{
	ssize_t n = send(client->fd, client->answer + client->sent, client->size - client->sent,
			 MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		client->sent += (size_t)n;
	if (n <= 0 || client->sent == client->size)
		drop(client);
}

/* Who has had his time goes; when nobody is left, so does the clock. */
static void look_at_clock(struct control *c)
{
	uint64_t times;
	bool any = false;

	if (read(c->timer, &times, sizeof(times)) != sizeof(times))
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd >= 0 && now() - c->clients[i].since >= CONTROL_SECONDS)
			drop(&c->clients[i]);
		any |= c->clients[i].fd >= 0;
	}
	if (!any)
		rest(c);
}

void control_take(struct control *c)
{
	struct epoll_event events[EVENTS];
	bool others = c->events < 0; /* the listener, or the clock */
	int count = others ? 0 : epoll_wait(c->events, events, EVENTS, 0);

	for (int i = 0; i < count; i++) {
		struct client *client = events[i].data.ptr;

		if (events[i].data.ptr == c)
			others = true;
		else if (client->fd >= 0 && client->answer)
			give_answer(client);
		else if (client->fd >= 0)
			take_request(c, client);
	}
	if (!others)
		return;
	accept_client(c);
	if (c->events >= 0)
		look_at_clock(c);
}
