/* The gate. What the program says is copied once; nothing of it but the name is decided on. */
#include "host/gate.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/process.h"
#include "lib/pass.h"

static int warden = -1;

void host_gate_setup(int fd)
{
	warden = fd;
}

/* Duplicates of the program's descriptors: how many, or -errno. */
static int take(const struct kern_message *m, const struct cd_gate_create *create, int *fds,
		uint32_t *held)
{
	int count = 0;

	*held = 0;
	for (int i = 0; i < CD_GATE_FD_COUNT; i++) {
		int fd = create->fd[i] < 0 ? -EBADF : kern_process_fd_dup(m, create->fd[i]);

		if (fd < 0 && (create->fd[i] >= 0 || i < CD_GATE_PORT)) {
			while (count)
				close(fds[--count]);
			return fd;
		}
		if (fd < 0)
			continue;
		fds[count++] = fd;
		*held |= 1u << i;
	}
	return count;
}

static int send_on(struct host_gate_ask *ask, const int *fds, size_t count)
{
	const struct iovec part = {ask, sizeof(*ask)};

	_Static_assert(CD_GATE_FD_COUNT <= CD_PASS_MAX, "all of them go in one message");
	/* The receiver waits for nobody (invariant 8). */
	if (cd_pass_send(warden, &part, 1, fds, count, MSG_DONTWAIT) < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ENOSYS;
	return 0;
}

static int create_space(struct kern_border *border, const struct kern_message *m)
{
	struct cd_gate_create create = {0};
	struct host_gate_ask ask = {0};
	struct cd_object object = {.kind = CD_OBJECT_NAME, .text = ask.name};
	int fds[CD_GATE_FD_COUNT], count, error;

	error = kern_border_read(m, m->buf, &create, sizeof(create));
	if (error)
		return error;
	object.len = strnlen(create.name, sizeof(create.name));
	if (create.size != sizeof(create) || object.len == 0 || object.len == sizeof(create.name))
		return -EINVAL;
	memcpy(ask.name, create.name, object.len);
	error = kern_border_decide(border, m, CD_OPBIT(CD_OP_SPACE_CREATE), &object);
	if (error)
		return error;
	if (warden < 0)
		return -ENOSYS;
	count = take(m, &create, fds, &ask.held);
	if (count < 0)
		return count;
	error = kern_message_alive(m) ? send_on(&ask, fds, (size_t)count) : -ESRCH;
	while (count)
		close(fds[--count]);
	return error;
}

void host_gate(struct kern_border *border, const struct kern_message *m, struct kern_reply *reply)
{
	switch (m->mode) {
	case CD_GATE_ASK: reply->value = CD_GATE_VERSION; break;
	case CD_GATE_CREATE: reply->value = create_space(border, m); break;
	default: reply->value = -EINVAL;
	}
}
