/*
 * Sockets.
 *
 * The space makes its sockets itself, in a network namespace of its own in which nothing outside
 * can be reached. What names something is done here, on a duplicate of the process's socket: unix
 * addresses are resolved to a descriptor like any other path, and the call is made on that.
 * Internet addresses are decided on, so that what was tried is on record, and then refused: there
 * is no way out yet.
 */
#include "host/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/process.h"
#include "kernel/trap.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

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

static void remember_name(int socket, const union address *name, socklen_t len)
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

/* ---- addresses ---- */

static bool is_unix_path(const union address *a, socklen_t len)
{
	return a->any.sa_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path) &&
	       a->un.sun_path[0] != '\0';
}

/* The path of a unix address: it need not be NUL-terminated. */
static void unix_path(const union address *a, socklen_t len, char path[sizeof(a->un.sun_path) + 1])
{
	size_t max = len - offsetof(struct sockaddr_un, sun_path);

	if (max > sizeof(a->un.sun_path))
		max = sizeof(a->un.sun_path);
	max = strnlen(a->un.sun_path, max);
	memcpy(path, a->un.sun_path, max);
	path[max] = '\0';
}

static enum cd_proto proto_of(int socket)
{
	int type = 0;
	socklen_t len = sizeof(type);

	getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &len);
	return type == SOCK_STREAM ? CD_TCP : CD_UDP;
}

/* What to decide on for an address that is not a path. text must hold 120 bytes. False: no such
 * family. */
static bool address_object(const union address *a, socklen_t len, int socket,
			   struct cd_object *object, char *text)
{
	*object = (struct cd_object){.kind = CD_OBJECT_ADDRESS, .proto = proto_of(socket)};
	if (a->any.sa_family == AF_INET && len >= sizeof(a->in4)) {
		object->family = 4;
		memcpy(object->address, &a->in4.sin_addr, 4);
		object->port = ntohs(a->in4.sin_port);
		return true;
	}
	if (a->any.sa_family == AF_INET6 && len >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		object->family = 6;
		memcpy(object->address, &a->in6.sin6_addr, 16);
		object->port = ntohs(a->in6.sin6_port);
		return true;
	}
	if (a->any.sa_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path)) {
		size_t n = len - offsetof(struct sockaddr_un, sun_path) - 1;

		object->proto = CD_UNIX;
		text[0] = '@';
		for (size_t i = 0; i < n; i++) /* an abstract name may hold any byte */
			text[i + 1] = a->un.sun_path[i + 1] ? a->un.sun_path[i + 1] : '@';
		text[n + 1] = '\0';
		object->text = text;
		object->len = n + 1;
		return true;
	}
	return false;
}

static int decide_unix(struct kern_border *border, const struct kern_message *m, enum cd_op op,
		       const char *path, size_t len)
{
	struct cd_object object = {
	    .kind = CD_OBJECT_ADDRESS, .proto = CD_UNIX, .text = path, .len = len};

	return kern_border_decide(border, m, CD_OPBIT(op), &object);
}

/* Copies the address out of the message's data. */
static bool read_address(const unsigned char *data, size_t len, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (len < sizeof(sa_family_t) || len > sizeof(*a))
		return false;
	memcpy(a, data, len);
	/* As Linux: there is no longer unix address, and what holds one has room for no more. */
	return a->any.sa_family != AF_UNIX || len <= sizeof(a->un);
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
			 union address *a, socklen_t *len, struct host_object *object)
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
	if (!error && (fstatfs(object->fd, &fs) || fs.f_flags & 1 /* ST_RDONLY */))
		error = -EROFS;
	if (error)
		return error;
	strcpy(a->un.sun_path, host_fd_path(object->fd, number));
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(number) + 1);
	return 0;
}

/* An address that is no path: decided on, and refused even then, but for names that live inside the
 * space. */
static int decide_other(struct kern_border *border, const struct kern_message *m, enum cd_op op,
			const union address *a, socklen_t len, int socket)
{
	struct cd_object object;
	char text[120];
	int error;

	if (!address_object(a, len, socket, &object, text))
		return -EAFNOSUPPORT;
	error = kern_border_decide(border, m, CD_OPBIT(op), &object);
	if (error)
		return error;
	return object.proto == CD_UNIX ? 0 : -ENETUNREACH;
}

/*
 * A full backlog would hold us up. O_NONBLOCK is no answer to that: it is the process's to change,
 * also after we have looked.
 */
static bool connect_may_wait(int socket)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type != SOCK_DGRAM;
}

HOST_HANDLER(host_sock_connect)
{
	static struct host_object object;
	socklen_t len = (socklen_t)m->data_len;
	union address a;
	int error, socket;

	(void)context;
	object.fd = -1;
	if (!read_address(m->data, m->data_len, &a)) {
		reply->value = -EINVAL;
		return;
	}
	socket = kern_process_fd_dup(m, m->fd);
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	error = is_unix_path(&a, len)
		    ? aim_at_object(border, m, CD_OP_NET_CONNECT, &a, &len, &object)
		    : decide_other(border, m, CD_OP_NET_CONNECT, &a, len, socket);
	if (!error && connect_may_wait(socket))
		error = host_may_block(border, m);
	if (!error && connect(socket, &a.any, len))
		error = -errno;
	close(socket);
	host_object_close(&object);
	reply->value = error;
}

/* The name in the place's directory, by the directory's descriptor. */
static int aim_at_place(const struct host_place *place, union address *aimed)
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
static int bind_here(int socket, const struct host_place *place, const union address *a,
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
		     const union address *a, socklen_t len)
{
	static struct host_place place;
	char path[sizeof(a->un.sun_path) + 1];
	union address aimed = {.un = {.sun_family = AF_UNIX}};
	struct stat st;
	int error;

	/* Before anything is done with it: the mode of a file that is open for reading is not to be
	 * touched below. */
	if (fstat(socket, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
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
	union address a;
	int error, socket;

	(void)context;
	if (!read_address(m->data, m->data_len, &a)) {
		reply->value = -EINVAL;
		return;
	}
	socket = kern_process_fd_dup(m, m->fd);
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	if (is_unix_path(&a, (socklen_t)m->data_len)) {
		error = bind_path(border, m, socket, &a, (socklen_t)m->data_len);
	} else {
		error =
		    decide_other(border, m, CD_OP_NET_LISTEN, &a, (socklen_t)m->data_len, socket);
		if (!error && bind(socket, &a.any, (socklen_t)m->data_len))
			error = -errno;
	}
	close(socket);
	reply->value = error;
}

HOST_HANDLER(host_sock_name)
{
	union address a;
	const struct bound_name *bound;
	socklen_t len = sizeof(a);
	int32_t room = 0;
	int error = 0, socket;

	(void)context, (void)border;
	socket = kern_process_fd_dup(m, m->fd);
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

#define RIGHTS_MAX 253 /* descriptors in one message, as in Linux */

struct outgoing {
	struct kern_send head;
	union address address;
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
	if (out->address_len && !read_address(copy + at, out->address_len, &out->address))
		return -EINVAL;
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

static int64_t send_message(struct kern_border *border, const struct kern_message *m, int socket,
			    struct outgoing *out)
{
	const int passed = MSG_OOB | MSG_DONTROUTE | MSG_EOR | MSG_MORE | MSG_CONFIRM;
	int flags = (int)m->flags & passed;
	static struct host_object object;
	int64_t n;
	int error = 0;

	object.fd = -1;
	/* A datagram goes whole or not at all. */
	if (out->head.payload_len < out->head.total_len && proto_of(socket) != CD_TCP)
		return -EMSGSIZE;
	if (out->address_len)
		error = is_unix_path(&out->address, out->address_len)
			    ? aim_at_object(border, m, CD_OP_NET_SEND, &out->address,
					    &out->address_len, &object)
			    : decide_other(border, m, CD_OP_NET_SEND, &out->address,
					   out->address_len, socket);
	n = error ? error : send_now(socket, out, flags | MSG_DONTWAIT);
	if (n == -EAGAIN && is_blocking(socket) && !((int)m->flags & MSG_DONTWAIT)) {
		error = host_may_block(border, m);
		n = error ? error : send_now(socket, out, flags);
		if (n == -EINTR)
			n = -512; /* ERESTARTSYS */
	}
	host_object_close(&object);
	if (n == -EPIPE && !((int)m->flags & MSG_NOSIGNAL) && proto_of(socket) == CD_TCP &&
	    kern_message_alive(m))
		syscall(SYS_tkill, m->tid, SIGPIPE);
	return n;
}

HOST_HANDLER(host_sock_send)
{
	static struct outgoing out;
	int socket = kern_process_fd_dup(m, m->fd);
	int64_t n;

	(void)context;
	if (socket < 0) {
		reply->value = socket;
		return;
	}
	if (m->data_len == 0) { /* sendmmsg of no message */
		close(socket);
		reply->value = 0;
		return;
	}
	n = unpack(m, &out);
	if (n == 0)
		n = send_message(border, m, socket, &out);
	for (size_t i = 0; i < out.held_count; i++)
		close(out.held[i]);
	close(socket);
	/* sendmmsg: one message is sent; the process asks again for the next, as it must for any
	 * short count. */
	if (m->verb == CD_VERB_SENDMMSG && n >= 0) {
		uint32_t sent = (uint32_t)n;

		n = kern_border_write(m, m->buf + 56, &sent, sizeof(sent));
		n = n ? n : 1;
	}
	reply->value = n;
}
