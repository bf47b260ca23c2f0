/*
 * Sockets.
 *
 * The space makes its sockets itself, in a network namespace of its own in which nothing outside
 * can be reached. What names something is done here, on a duplicate of the process's socket: unix
 * paths are resolved to a descriptor like any other path, and the call is made on that. All other
 * addresses are the business of host/inet.c.
 */
#include "host/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/hops.h"
#include "host/inet.h"
#include "kernel/process.h"
#include "kernel/trap.h"

/* A duplicate of the process's socket; -ENOTSOCK, before anything else is looked at. */
static int take_socket(const struct kern_message *m)
{
	int socket = kern_process_fd_dup(m, m->fd);

	if (socket < 0 || host_socket_int(socket, SO_TYPE, -1) >= 0)
		return socket;
	close(socket);
	return -ENOTSOCK;
}

/* ---- names that sockets were bound to ---- */

/*
 * A socket is bound through a descriptor's path, so Linux remembers that as its name. What the
 * process called it is remembered here, by the socket's inode, for getsockname. Bounded: the oldest
 * is forgotten.
 */
#define NAMES_MAX 64

static struct bound_name {
	ino_t inode;
	socklen_t len;
	struct sockaddr_un name;
} bound_names[NAMES_MAX];
static unsigned next_name;

static void remember_name(int socket, const union host_address *name, socklen_t len)
{
	struct bound_name *slot = &bound_names[next_name++ % NAMES_MAX];
	struct stat st;

	if (fstat(socket, &st))
		return;
	slot->inode = st.st_ino;
	slot->len = len;
	memcpy(&slot->name, name, len);
}

static const struct bound_name *recall_name(int socket)
{
	struct stat st;

	if (fstat(socket, &st))
		return NULL;
	for (int i = 0; i < NAMES_MAX; i++)
		if (bound_names[i].len && bound_names[i].inode == st.st_ino)
			return &bound_names[i];
	return NULL;
}

/* ---- paths ---- */

/* The path of a unix address: it need not be NUL-terminated. */
static void unix_path(const union host_address *a, socklen_t len,
		      char path[sizeof(a->un.sun_path) + 1])
{
	size_t max = len - offsetof(struct sockaddr_un, sun_path);

	if (max > sizeof(a->un.sun_path))
		max = sizeof(a->un.sun_path);
	max = strnlen(a->un.sun_path, max);
	memcpy(path, a->un.sun_path, max);
	path[max] = '\0';
}

static int decide_unix(struct kern_border *border, const struct kern_message *m, enum cd_op op,
		       const char *path, size_t len)
{
	struct cd_object object = {
	    .kind = CD_OBJECT_ADDRESS, .proto = CD_UNIX, .text = path, .len = len};

	return kern_border_decide(border, m, CD_OPBIT(op), &object);
}

static bool is_blocking(int socket)
{
	return !(fcntl(socket, F_GETFL) & O_NONBLOCK);
}

/*
 * Replaces a unix path by one that leads to the object that was decided on. 0 or -errno; *object is
 * kept open for the call.
 */
static int aim_at_object(struct kern_border *border, const struct kern_message *m, enum cd_op op,
			 union host_address *a, socklen_t *len, struct host_object *object)
{
	char path[sizeof(a->un.sun_path) + 1], number[32];
	struct statfs fs;
	int error;

	unix_path(a, *len, path);
	error = host_resolve(m, AT_FDCWD, path, 0, object);
	if (error)
		return host_note_absent(border, m, CD_OPBIT(CD_OP_FS_STAT), object->path,
					object->path_len, error);
	error = decide_unix(border, m, op, object->path, object->path_len);
	/* Linux lets anybody connect through a read-only mount; what was granted for reading is not
	 * for talking to. */
	if (!error && (host_hops_on() ? host_hops_may_change(object->path, object->path_len)
				      : fstatfs(object->fd, &fs) || fs.f_flags & 1 /* ST_RDONLY */))
		error = -EROFS;
	if (error)
		return error;
	strcpy(a->un.sun_path, host_fd_path(object->fd, number));
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(number) + 1);
	return 0;
}

/*
 * A full backlog would hold us up. O_NONBLOCK is no answer to that: it is the process's to change,
 * also after we have looked.
 */
static bool connect_may_wait(int socket)
{
	return host_socket_int(socket, SO_TYPE, SOCK_DGRAM) != SOCK_DGRAM;
}

static int64_t connect_path(struct kern_border *border, const struct kern_message *m, int socket,
			    union host_address *a, socklen_t len)
{
	static struct host_object object;
	int error;

	object.fd = -1;
	if (host_socket_int(socket, SO_DOMAIN, AF_UNIX) != AF_UNIX)
		return -EAFNOSUPPORT;
	error = aim_at_object(border, m, CD_OP_NET_CONNECT, a, &len, &object);
	if (!error && connect_may_wait(socket))
		error = host_may_block(border, m);
	if (!error && connect(socket, &a->any, len))
		error = -errno;
	host_object_close(&object);
	return error;
}

HOST_HANDLER(host_sock_connect)
{
	const socklen_t len = (socklen_t)m->data_len;
	union host_address a;
	int socket;

	(void)context;
	if (!host_address_read(m->data, m->data_len, &a)) {
		reply->value = -EINVAL;
		return;
	}
	socket = take_socket(m);
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	host_address_aim(&a, len);
	if (host_address_is_path(&a, len))
		reply->value = connect_path(border, m, socket, &a, len);
	else
		reply->value = host_inet_connect(border, m, socket, &a, len);
	close(socket);
}

/* The name in the place's directory, by the directory's descriptor. */
static int aim_at_place(const struct host_place *place, union host_address *aimed)
{
	char number[32];
	size_t n = strlen(host_fd_path(place->dir, number));

	if (n + strlen(place->name) + 2 > sizeof(aimed->un.sun_path))
		return -ENAMETOOLONG;
	memcpy(aimed->un.sun_path, number, n);
	aimed->un.sun_path[n] = '/';
	strcpy(aimed->un.sun_path + n + 1, place->name);
	return 0;
}

/* A name without a slash is bound as it is, from its directory: so peers see it as it was given,
 * too. */
static int bind_here(int socket, const struct host_place *place, const union host_address *a,
		     socklen_t len)
{
	int error;

	if (fchdir(place->dir))
		return -errno;
	error = bind(socket, &a->any, len) ? -errno : 0;
	host_resolve_return();
	return error;
}

static int bind_path(struct kern_border *border, const struct kern_message *m, int socket,
		     const union host_address *a, socklen_t len)
{
	static struct host_place place;
	char path[sizeof(a->un.sun_path) + 1];
	union host_address aimed = {.un = {.sun_family = AF_UNIX}};
	struct stat st;
	int error;

	/* Before anything is done with it: the mode of a file that is open for reading is not to be
	 * touched below. */
	if (fstat(socket, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if (host_socket_int(socket, SO_DOMAIN, AF_UNIX) != AF_UNIX)
		return -EAFNOSUPPORT;
	unix_path(a, len, path);
	error = host_resolve_place(m, AT_FDCWD, path, &place);
	if (error)
		return host_note_absent(border, m, CD_OPBIT(CD_OP_FS_CREATE), place.path,
					place.path_len, error);
	error = decide_unix(border, m, CD_OP_NET_LISTEN, place.path, place.path_len);
	if (!error)
		error = host_decide_path(border, m, CD_OPBIT(CD_OP_FS_CREATE), place.path,
					 place.path_len);
	if (!error)
		error = strchr(path, '/') ? aim_at_place(&place, &aimed) : 0;
	if (!error) {
		/* The mode of the node is the socket's own, less the mask. */
		fchmod(socket, 0777 & ~kern_process_umask(m));
		if (strchr(path, '/'))
			error = bind(socket, &aimed.any, sizeof(aimed.un)) ? -errno : 0;
		else
			error = bind_here(socket, &place, a, len);
	}
	if (!error)
		remember_name(socket, a, len);
	host_place_close(&place);
	return error;
}

HOST_HANDLER(host_sock_bind)
{
	const socklen_t len = (socklen_t)m->data_len;
	union host_address a;
	int socket;

	(void)context;
	if (!host_address_read(m->data, m->data_len, &a)) {
		reply->value = -EINVAL;
		return;
	}
	socket = take_socket(m);
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	if (host_address_is_path(&a, len))
		reply->value = bind_path(border, m, socket, &a, len);
	else
		reply->value = host_inet_bind(border, m, socket, &a, len);
	close(socket);
}

HOST_HANDLER(host_sock_listen)
{
	int socket = take_socket(m);

	(void)context;
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	reply->value = host_inet_listen(border, m, socket);
	close(socket);
}

HOST_HANDLER(host_sock_option)
{
	int socket = take_socket(m);

	(void)context, (void)border;
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	reply->value = host_inet_group(m, socket);
	close(socket);
}

HOST_HANDLER(host_sock_name)
{
	union host_address a;
	const struct bound_name *bound;
	socklen_t len = sizeof(a);
	int32_t room = 0;
	int error = 0, socket;

	(void)context, (void)border;
	socket = take_socket(m);
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	if (getsockname(socket, &a.any, &len))
		error = -errno;
	bound = error || a.any.sa_family != AF_UNIX ? NULL : recall_name(socket);
	if (bound) {
		memcpy(&a, &bound->name, bound->len);
		len = bound->len;
	}
	close(socket);
	/* The length is read here and not with the message: it is no argument of a decision. */
	if (!error)
		error = kern_border_read(m, m->extra, &room, sizeof(room));
	if (!error && room < 0)
		error = -EINVAL;
	if (!error)
		error = kern_border_write(m, m->buf, &a, (size_t)room < len ? (size_t)room : len);
	if (!error)
		error = kern_border_write(m, m->extra, &len, sizeof(int32_t));
	reply->value = error;
}

/* ---- sending ---- */

#define RIGHTS_MAX   253 /* descriptors in one message, as in Linux */
#define SEVERAL_MAX  64	 /* messages of one sendmmsg; whoever has more asks again */
#define PASSED_FLAGS (MSG_OOB | MSG_DONTROUTE | MSG_EOR | MSG_MORE | MSG_CONFIRM)

struct outgoing {
	struct kern_send head;
	union host_address address;
	socklen_t address_len;
	unsigned char *control, *payload;
	int held[RIGHTS_MAX]; /* duplicates of the descriptors that are sent along */
	size_t held_count;
};

/* Puts duplicates in the place of the process's own descriptor numbers. */
static int take_rights(const struct kern_message *m, struct outgoing *out)
{
	unsigned char *at = out->control, *end = at + out->head.control_len;

	while ((size_t)(end - at) >= sizeof(struct cmsghdr)) {
		struct cmsghdr header;
		size_t len, count;

		memcpy(&header, at, sizeof(header));
		len = header.cmsg_len;
		if (len < sizeof(header) || len > (size_t)(end - at))
			return -EINVAL;
		if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_CREDENTIALS)
			return -EPERM; /* they would be the monitor's */
		if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS) {
			count = (len - CMSG_LEN(0)) / sizeof(int);
			for (size_t i = 0; i < count; i++) {
				unsigned char *slot = at + CMSG_LEN(0) + i * sizeof(int);
				int fd;

				if (out->held_count == RIGHTS_MAX)
					return -EINVAL;
				memcpy(&fd, slot, sizeof(fd));
				fd = kern_process_fd_dup(m, fd);
				if (fd < 0)
					return fd;
				out->held[out->held_count++] = fd;
				memcpy(slot, &fd, sizeof(fd));
			}
		}
		len = CMSG_ALIGN(len);
		at = len < (size_t)(end - at) ? at + len : end;
	}
	return 0;
}

static int unpack(const struct kern_message *m, struct outgoing *out)
{
	static unsigned char copy[KERN_DATA_MAX];
	size_t at = sizeof(out->head);

	memcpy(&out->head, m->data, sizeof(out->head));
	memcpy(copy, m->data, m->data_len);
	out->held_count = 0;
	out->address_len = out->head.address_len;
	if (out->address_len && !host_address_read(copy + at, out->address_len, &out->address))
		return -EINVAL;
	host_address_aim(&out->address, out->address_len);
	at += out->head.address_len;
	out->control = copy + at;
	at += out->head.control_len;
	out->payload = copy + at;
	return take_rights(m, out);
}

static int64_t send_now(int socket, struct outgoing *out, int flags)
{
	struct iovec vector = {out->payload, out->head.payload_len};
	struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
	ssize_t n;

	if (out->address_len) {
		header.msg_name = &out->address;
		header.msg_namelen = out->address_len;
	}
	if (out->head.control_len) {
		header.msg_control = out->control;
		header.msg_controllen = out->head.control_len;
	}
	n = sendmsg(socket, &header, flags | MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

/* Of what does not lead to a path. *local: it is for the sender's own socket as it is. */
static int64_t send_abroad(struct kern_border *border, const struct kern_message *m, int socket,
			   const struct outgoing *out, bool *local)
{
	const struct host_datagram datagram = {.address = &out->address,
					       .address_len = out->address_len,
					       .control = out->control,
					       .control_len = out->head.control_len,
					       .payload = out->payload,
					       .payload_len = out->head.payload_len,
					       .flags = (int)m->flags & PASSED_FLAGS,
					       .may_wait = !((int)m->flags & MSG_DONTWAIT)};

	*local = !out->address_len && !(out->head.control_len && host_inet_is_outside(socket) &&
					host_socket_int(socket, SO_DOMAIN, 0) != AF_UNIX);
	return *local ? 0 : host_inet_send(border, m, socket, &datagram, local);
}

/* An address means nothing to a TCP socket, unless it is to connect in passing. */
static int forget_address(const struct kern_message *m, int socket, struct outgoing *out)
{
	int domain = host_socket_int(socket, SO_DOMAIN, 0);

	if (host_socket_proto(socket) != CD_TCP || (domain != AF_INET && domain != AF_INET6))
		return 0;
	out->address_len = 0;
	return (int)m->flags & MSG_FASTOPEN ? -EOPNOTSUPP : 0;
}

static int64_t send_locally(struct kern_border *border, const struct kern_message *m, int socket,
			    struct outgoing *out)
{
	int flags = (int)m->flags & PASSED_FLAGS, error;
	int64_t n = send_now(socket, out, flags | MSG_DONTWAIT);

	if (n != -EAGAIN || !is_blocking(socket) || (int)m->flags & MSG_DONTWAIT)
		return n;
	error = host_may_block(border, m);
	n = error ? error : send_now(socket, out, flags);
	return n == -EINTR ? KERN_RESTART : n;
}

static int64_t send_message(struct kern_border *border, const struct kern_message *m, int socket,
			    struct outgoing *out)
{
	static struct host_object object;
	bool local = true;
	int64_t n;

	object.fd = -1;
	/* A datagram goes whole or not at all. */
	if (out->head.payload_len < out->head.total_len && host_socket_proto(socket) != CD_TCP)
		return -EMSGSIZE;
	n = forget_address(m, socket, out);
	if (!n && out->address_len && host_address_is_path(&out->address, out->address_len))
		n = aim_at_object(border, m, CD_OP_NET_SEND, &out->address, &out->address_len,
				  &object);
	else if (!n)
		n = send_abroad(border, m, socket, out, &local);
	if (!n && local)
		n = send_locally(border, m, socket, out);
	host_object_close(&object);
	if (n == -EPIPE && !((int)m->flags & MSG_NOSIGNAL) && host_socket_proto(socket) == CD_TCP &&
	    kern_message_alive(m))
		syscall(SYS_tkill, m->tid, SIGPIPE);
	return n;
}

static int64_t send_one(struct kern_border *border, const struct kern_message *m, int socket)
{
	static struct outgoing out;
	int64_t n = unpack(m, &out);

	if (n == 0)
		n = send_message(border, m, socket, &out);
	for (size_t i = 0; i < out.held_count; i++)
		close(out.held[i]);
	return n;
}

/*
 * sendmmsg: each of its messages is decoded, decided on and sent by itself. The first may wait;
 * when a later one would, or fails, the count says so. The process is told of each what was sent.
 */
static int64_t send_several(struct kern_border *border, const struct kern_message *m, int socket)
{
	static struct kern_message next;
	int64_t n = send_one(border, m, socket);
	uint32_t count = 0, sent;

	memcpy(&next, m, sizeof(next));
	next.flags |= MSG_DONTWAIT;
	while (n >= 0) {
		sent = (uint32_t)n;
		if (kern_border_write(m, next.buf + KERN_MMSG_LEN_AT, &sent, sizeof(sent)))
			return count ? (int64_t)count : -EFAULT;
		if (++count == (uint32_t)m->len || count == SEVERAL_MAX ||
		    kern_trap_decode_next(&next) || !kern_message_alive(m))
			break;
		n = send_one(border, &next, socket);
	}
	/* A worker goes on with it, and says how many when it has done. */
	return count && n != KERN_PENDING ? (int64_t)count : n;
}

HOST_HANDLER(host_sock_send)
{
	int socket = take_socket(m);

	(void)context;
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	if (m->data_len == 0) /* sendmmsg of no message */
		reply->value = 0;
	else if (m->verb == CD_VERB_SENDMMSG)
		reply->value = send_several(border, m, socket);
	else
		reply->value = send_one(border, m, socket);
	close(socket);
}
