/*
 * Decoding a trap.
 *
 * The system call table says where each argument stands (struct kern_shape); a second table here
 * says what each verb brings along in memory besides its names. Nothing is read twice.
 */
#include "kernel/trap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <utime.h>

#include "kernel/memory.h"

#define LARGE_FILE 0100000u /* what C libraries for 64 bits call 0 */

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

struct decoder {
	const struct kern_memory_ops *memory;
	const struct seccomp_notif *trap;
	struct kern_message *message;
};

static uint64_t argument(const struct decoder *d, uint8_t place)
{
	return place ? d->trap->data.args[place - 1] : 0;
}

static int read_data(struct decoder *d, uint64_t address, size_t len)
{
	struct kern_message *m = d->message;
	int error;

	if (len > KERN_DATA_MAX - m->data_len)
		return -EMSGSIZE;
	error = d->memory->read(d->trap->pid, address, m->data + m->data_len, len);
	if (!error)
		m->data_len += len;
	return error;
}

static int read_name(struct decoder *d, uint64_t address, char *dest, size_t size, size_t *len)
{
	ssize_t n = d->memory->read_string(d->trap->pid, address, dest, size);

	if (n < 0)
		return (int)n;
	*len = (size_t)n;
	return 0;
}

/* As Linux: unlike open, openat2 says what it does not know, or what makes no sense. */
static bool is_valid_how(const struct open_how *how)
{
	const uint64_t flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
			       O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT | LARGE_FILE |
			       O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |
			       O_TMPFILE;
	const uint64_t resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
				 RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;
	const uint64_t path_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	bool makes = how->flags & O_CREAT || (how->flags & O_TMPFILE) == O_TMPFILE;

	if (how->flags & ~flags || how->mode & ~(uint64_t)07777 || (how->mode && !makes) ||
	    how->resolve & ~resolve)
		return false;
	return !(how->flags & O_PATH && how->flags & ~path_flags) &&
	       !(how->resolve & RESOLVE_BENEATH && how->resolve & RESOLVE_IN_ROOT);
}

/* openat2(2): a structure that may grow; bytes that this version does not know must be zero. */
static int decode_open_how(struct decoder *d)
{
	struct kern_message *m = d->message;
	struct open_how how;
	int error;

	if (m->len < sizeof(how))
		return -EINVAL;
	if (m->len > 4096)
		return -E2BIG;
	error = read_data(d, m->buf, (size_t)m->len);
	if (error)
		return error;
	for (size_t i = sizeof(how); i < m->data_len; i++)
		if (m->data[i])
			return -E2BIG;
	memcpy(&how, m->data, sizeof(how));
	if (!is_valid_how(&how))
		return -EINVAL;
	m->flags = how.flags;
	m->mode = how.mode;
	m->extra = how.resolve;
	return 0;
}

static int decode_open(struct decoder *d)
{
	if (d->message->shape->form == KERN_FORM_OPEN_HOW)
		return decode_open_how(d);
	d->message->flags = (uint32_t)d->message->flags;
	d->message->mode &= 07777;
	return 0;
}

/* All of utime, utimes, futimesat and utimensat become two timespecs in data; none: the present. */
static int decode_times(struct decoder *d)
{
	struct kern_message *m = d->message;
	struct timespec times[2];
	struct utimbuf seconds;
	struct timeval micro[2];
	int error;

	if (m->buf == 0)
		return 0;
	switch ((enum kern_form)m->shape->form) {
	case KERN_FORM_UTIMBUF:
		error = d->memory->read(d->trap->pid, m->buf, &seconds, sizeof(seconds));
		if (error)
			return error;
		times[0] = (struct timespec){.tv_sec = seconds.actime};
		times[1] = (struct timespec){.tv_sec = seconds.modtime};
		break;
	case KERN_FORM_TIMEVAL:
		error = d->memory->read(d->trap->pid, m->buf, micro, sizeof(micro));
		if (error)
			return error;
		for (int i = 0; i < 2; i++) {
			if (micro[i].tv_usec < 0 || micro[i].tv_usec >= 1000000)
				return -EINVAL;
			times[i].tv_sec = micro[i].tv_sec;
			times[i].tv_nsec = micro[i].tv_usec * 1000;
		}
		break;
	default:
		error = d->memory->read(d->trap->pid, m->buf, times, sizeof(times));
		if (error)
			return error;
		break;
	}
	memcpy(m->data, times, sizeof(times));
	m->data_len = sizeof(times);
	return 0;
}

/* An attribute's name travels as the second name. */
static int decode_xattr_name(struct decoder *d)
{
	struct kern_message *m = d->message;
	int error = read_name(d, m->extra, m->path2, 256, &m->path2_len);

	if (error)
		return error == -ENAMETOOLONG ? -ERANGE : error;
	if (m->path2_len == 0)
		return -ERANGE;
	m->has_path2 = true;
	return 0;
}

static int decode_xattr_value(struct decoder *d)
{
	struct kern_message *m = d->message;
	int error = decode_xattr_name(d);

	if (error)
		return error;
	if (m->len > CD_XATTR_SIZE_MAX)
		return -E2BIG;
	return read_data(d, m->buf, (size_t)m->len);
}

static int decode_sockaddr(struct decoder *d)
{
	struct kern_message *m = d->message;
	int32_t len = (int32_t)m->len;

	if (len < 0 || (size_t)len > sizeof(struct sockaddr_storage))
		return -EINVAL;
	return read_data(d, m->buf, (size_t)len);
}

/*
 * sendto and sendmsg share one layout in data: struct kern_send, then address, control and as much
 * of the payload as fits.
 */
static int begin_send(struct decoder *d, struct kern_send *head, uint64_t address,
		      int32_t address_len)
{
	if (!address)
		address_len = 0;
	if (address_len < 0 || (size_t)address_len > sizeof(struct sockaddr_storage))
		return -EINVAL;
	d->message->data_len = sizeof(*head);
	head->address_len = (uint32_t)address_len;
	return read_data(d, address, (size_t)address_len);
}

static void end_send(struct decoder *d, const struct kern_send *head)
{
	memcpy(d->message->data, head, sizeof(*head));
}

/* What Linux sends in one call at most: MAX_RW_COUNT. It sends that much of a larger request. */
#define SEND_MAX 0x7ffff000u

static int add_payload(struct decoder *d, struct kern_send *head, uint64_t address, uint64_t len)
{
	size_t left = SEND_MAX - head->total_len;
	size_t room = CD_XATTR_SIZE_MAX - head->payload_len;
	size_t take = len < room ? (size_t)len : room;
	int error = read_data(d, address, take);

	if (error)
		return error;
	head->payload_len += (uint32_t)take;
	head->total_len += (uint32_t)(len < left ? len : left);
	return 0;
}

static int decode_sendto(struct decoder *d)
{
	struct kern_message *m = d->message;
	struct kern_send head = {0};
	/* The address's length stands in the sixth register. */
	int error = begin_send(d, &head, m->extra, (int32_t)d->trap->data.args[5]);

	if (!error)
		error = add_payload(d, &head, m->buf, m->len);
	if (!error)
		end_send(d, &head);
	return error;
}

static int decode_sendmsg(struct decoder *d)
{
	struct kern_message *m = d->message;
	struct kern_send head = {0};
	/* The layout that the kernel uses, not the C library's: both lengths are 64 bits wide. */
	struct {
		uint64_t name;
		int32_t name_len, pad;
		uint64_t vector, vector_len, control, control_len;
		uint32_t flags, pad2;
	} header;
	struct {
		uint64_t base, len;
	} vector[8];
	const int32_t name_max = sizeof(struct sockaddr_storage);
	int error = d->memory->read(d->trap->pid, m->buf, &header, sizeof(header));

	if (error)
		return error;
	if (header.vector_len > 1024)
		return -EMSGSIZE;
	/* Unlike sendto, sendmsg cuts a name that is too long. */
	error = begin_send(d, &head, header.name,
			   header.name_len < name_max ? header.name_len : name_max);
	if (error)
		return error;
	if (header.control_len > 4096)
		return -ENOBUFS;
	head.control_len = header.control ? (uint32_t)header.control_len : 0;
	error = read_data(d, header.control, head.control_len);
	for (uint64_t i = 0; !error && i < header.vector_len; i++) {
		if (i % 8 == 0) {
			size_t left = (size_t)(header.vector_len - i);

			error = d->memory->read(d->trap->pid, header.vector + i * sizeof(vector[0]),
						vector, (left < 8 ? left : 8) * sizeof(vector[0]));
			if (error)
				break;
		}
		if (vector[i % 8].len > INT64_MAX)
			return -EINVAL;
		error = add_payload(d, &head, vector[i % 8].base, vector[i % 8].len);
	}
	if (!error)
		end_send(d, &head);
	return error;
}

/* The first message alone; of none at all, nothing is read. */
static int decode_sendmmsg(struct decoder *d)
{
	return (uint32_t)d->message->len == 0 ? 0 : decode_sendmsg(d);
}

/* cachestat(2): where it begins, and how long it is. */
static int decode_range(struct decoder *d)
{
	return read_data(d, d->message->buf, 2 * sizeof(uint64_t));
}

/* setsockopt(2): Linux reads as much of a value as it knows; no group takes more than this. */
static int decode_option(struct decoder *d)
{
	const size_t most = sizeof(struct group_source_req);
	int32_t len = (int32_t)d->message->len;

	if (len < 0)
		return -EINVAL;
	return len ? read_data(d, d->message->buf, (size_t)len < most ? (size_t)len : most) : 0;
}

/* What a verb brings along in memory besides its names; absent: nothing. */
static int (*const decoders[CD_VERB_COUNT])(struct decoder *d) = {
    [CD_VERB_OPEN] = decode_open,
    [CD_VERB_UTIMES] = decode_times,
    [CD_VERB_GETXATTR] = decode_xattr_name,
    [CD_VERB_SETXATTR] = decode_xattr_value,
    [CD_VERB_REMOVEXATTR] = decode_xattr_name,
    [CD_VERB_CACHESTAT] = decode_range,
    [CD_VERB_CONNECT] = decode_sockaddr,
    [CD_VERB_BIND] = decode_sockaddr,
    [CD_VERB_SETSOCKOPT] = decode_option,
    [CD_VERB_SENDTO] = decode_sendto,
    [CD_VERB_SENDMSG] = decode_sendmsg,
    [CD_VERB_SENDMMSG] = decode_sendmmsg,
};

static int decode_names(struct decoder *d)
{
	const struct kern_shape *shape = d->message->shape;
	struct kern_message *m = d->message;
	int error;

	if (shape->path) {
		uint64_t address = argument(d, shape->path);

		/* futimesat and utimensat: no name means the descriptor itself, if there is one. */
		if (address == 0 && m->verb == CD_VERB_UTIMES && m->dir != AT_FDCWD) {
			m->fd = m->dir;
		} else {
			error = read_name(d, address, m->path, CD_PATH_MAX, &m->path_len);
			if (error)
				return error;
			m->has_path = true;
		}
	}
	if (shape->path2) {
		error =
		    read_name(d, argument(d, shape->path2), m->path2, CD_PATH_MAX, &m->path2_len);
		if (error)
			return error;
		m->has_path2 = true;
	}
	return 0;
}

int kern_trap_decode_from(const struct kern_memory_ops *memory, const struct seccomp_notif *trap,
			  struct kern_message *m)
{
	struct decoder d = {memory, trap, m};
	const struct kern_shape *shape;
	int error;

	if (trap->data.nr < 0 || trap->data.nr >= KERN_SYSCALL_MAX)
		return -ENOSYS;
	shape = kern_syscall_shape(trap->data.nr);
	if (shape->verb == CD_VERB_NONE || shape->verb >= CD_VERB_COUNT)
		return -ENOSYS;
	m->id = trap->id;
	m->tid = (pid_t)trap->pid;
	m->nr = trap->data.nr;
	m->verb = (enum cd_verb)shape->verb;
	m->shape = shape;
	m->fd = shape->fd ? (int)argument(&d, shape->fd) : -1;
	m->dir = shape->dir ? (int)argument(&d, shape->dir) : AT_FDCWD;
	m->dir2 = shape->dir2 ? (int)argument(&d, shape->dir2) : AT_FDCWD;
	m->flags = shape->flags ? (uint32_t)argument(&d, shape->flags) : shape->fixed_flags;
	m->mode = argument(&d, shape->mode);
	m->buf = argument(&d, shape->buf);
	m->len = argument(&d, shape->len);
	m->extra = argument(&d, shape->extra);
	m->extra2 = 0;
	m->has_path = m->has_path2 = m->renamed = false;
	m->path_len = m->path2_len = m->data_len = 0;
	m->path[0] = m->path2[0] = '\0';
	error = decode_names(&d);
	if (!error && decoders[m->verb])
		error = decoders[m->verb](&d);
	return error;
}

static const struct kern_memory_ops process = {kern_memory_read, kern_memory_read_string};

int kern_trap_decode_next(struct kern_message *message)
{
	const struct seccomp_notif trap = {.pid = (uint32_t)message->tid};
	struct decoder d = {&process, &trap, message};

	message->buf += KERN_MMSG_SIZE;
	message->data_len = 0;
	return decode_sendmsg(&d);
}

int kern_trap_decode(const struct seccomp_notif *trap, struct kern_message *message)
{

	return kern_trap_decode_from(&process, trap, message);
}
