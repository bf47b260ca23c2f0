/* A log file. */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WINDOW	  ((uint64_t)256 << 10) /* of the file, mapped at a time: a multiple of a page */
#define TAIL_ROOM 512			/* always kept for the last line */

struct state {
	uint64_t end; /* of the last line */
	struct audit_hash hash;
};

struct shared {
	/* The one that is not current is written, and then made current: so it is whole whenever
	 * the writer ends. */
	struct state states[2];
	atomic_uint current;
	atomic_uint open; /* bytes after the last line that belong to the next */
	atomic_bool held; /* somebody writes */
	atomic_ullong records, left_out, lost;
};

struct audit_log {
	int fd;
	bool first, mapping, handed_over, holding;
	uint64_t begin, room;
	struct shared *shared;
	char *window; /* NULL: none */
	uint64_t window_at;
};

/* ---- opening ---- */

/* The seal of the file's last line. False: it has none. */
static bool read_last(int fd, uint64_t size, struct audit_hash *hash)
{
	char seal[AUDIT_SEAL_LEN];

	if (size < sizeof(seal) ||
	    pread(fd, seal, sizeof(seal), (off_t)(size - sizeof(seal))) != sizeof(seal) ||
	    memcmp(seal, AUDIT_SEAL, sizeof(AUDIT_SEAL) - 1) != 0 ||
	    memcmp(seal + sizeof(seal) - (sizeof(AUDIT_SEAL_END) - 1), AUDIT_SEAL_END,
		   sizeof(AUDIT_SEAL_END) - 1) != 0)
		return false;
	memcpy(hash->text, seal + sizeof(AUDIT_SEAL) - 1, AUDIT_HASH_LEN);
	return true;
}

static enum cd_status open_file(struct audit_log *log, const char *path, uint64_t *size,
				const char **why)
{
	struct stat st;

	/* Not with O_APPEND: what the monitor has mapped lies beyond what is written. */
	log->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (log->fd < 0 || fstat(log->fd, &st))
		return CD_ESYS;
	*why = "not a regular file";
	if (!S_ISREG(st.st_mode))
		return CD_EINVAL;
	*why = "another run is writing to it";
	if (flock(log->fd, LOCK_EX | LOCK_NB))
		return CD_EINVAL;
	*why = NULL;
	if (fstat(log->fd, &st))
		return CD_ESYS;
	*size = (uint64_t)st.st_size;
	return CD_OK;
}

/* What was written by a run whose keeper was killed ends in zeros, up to the end of its window. */
static uint64_t without_zeros(int fd, uint64_t size)
{
	char block[4096];

	while (size) {
		size_t n = size % sizeof(block) ? size % sizeof(block) : sizeof(block);

		if (pread(fd, block, n, (off_t)(size - n)) != (ssize_t)n)
			break;
		while (n && block[n - 1] == '\0')
			n--, size--;
		if (n)
			break;
	}
	return size;
}

static enum cd_status begin(struct audit_log *log, uint64_t size)
{
	struct state *state = &log->shared->states[0];
	char last;

	size = without_zeros(log->fd, size);
	log->first = size == 0;
	state->end = size;
	state->hash = audit_hash_none;
	if (!read_last(log->fd, size, &state->hash) && size &&
	    pread(log->fd, &last, 1, (off_t)size - 1) == 1 && last != '\n') {
		/* The broken line stays one of its own. */
		if (pwrite(log->fd, "\n", 1, (off_t)size) != 1)
			return CD_ESYS;
		state->end++;
	}
	log->begin = state->end;
	return CD_OK;
}

static enum cd_status new_log(uint64_t room, struct audit_log **out)
{
	struct audit_log *log = calloc(1, sizeof(*log));

	if (!log)
		return CD_ENOMEM;
	log->fd = -1;
	log->room = room;
	log->shared = mmap(NULL, sizeof(*log->shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (log->shared == MAP_FAILED) {
		free(log);
		return CD_ENOMEM;
	}
	*out = log;
	return CD_OK;
}

enum cd_status audit_log_open(const char *path, uint64_t room, struct audit_log **out,
			      const char **why)
{
	struct audit_log *log;
	enum cd_status status = new_log(room, &log);
	uint64_t size = 0;

	*why = "out of memory";
	if (status != CD_OK)
		return status;
	*why = NULL;
	status = open_file(log, path, &size, why);
	if (status == CD_OK)
		status = begin(log, size);
	if (status != CD_OK) {
		audit_log_free(log);
		return status;
	}
	*out = log;
	return CD_OK;
}

enum cd_status audit_log_adopt(int fd, uint64_t room, struct audit_log **out)
{
	struct audit_log *log;
	enum cd_status status = new_log(room, &log);
	struct stat st;

	if (status != CD_OK)
		return status;
	log->fd = fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		status = CD_EINVAL;
	else
		status = begin(log, (uint64_t)st.st_size);
	if (status != CD_OK) {
		audit_log_free(log);
		return status;
	}
	*out = log;
	return CD_OK;
}

int audit_log_hand_over(struct audit_log *log)
{
	log->handed_over = true;
	return log->fd;
}

void audit_log_free(struct audit_log *log)
{
	int error = errno;

	if (!log)
		return;
	if (log->window)
		munmap(log->window, WINDOW);
	if (log->shared)
		munmap(log->shared, sizeof(*log->shared));
	if (log->fd >= 0)
		close(log->fd);
	free(log);
	errno = error;
}

/* ---- the state ---- */

static const struct state *current(const struct audit_log *log)
{
	return &log->shared->states[atomic_load(&log->shared->current) & 1];
}

static void advance(struct audit_log *log, const struct state *next)
{
	unsigned other = !(atomic_load(&log->shared->current) & 1);

	log->shared->states[other] = *next;
	atomic_store(&log->shared->current, other);
}

struct audit_hash audit_log_last(const struct audit_log *log, bool *first)
{
	*first = log->first;
	return current(log)->hash;
}

void audit_log_lose(struct audit_log *log)
{
	atomic_fetch_add(&log->shared->lost, 1);
}

void audit_log_count(struct audit_log *log)
{
	atomic_fetch_add(&log->shared->records, 1);
}

struct audit_log_counts audit_log_counts(const struct audit_log *log)
{
	return (struct audit_log_counts){.records = atomic_load(&log->shared->records),
					 .left_out = atomic_load(&log->shared->left_out),
					 .lost = atomic_load(&log->shared->lost)};
}

/* ---- the mapping ---- */

/* The one that is mapped now; what is behind it may be taken away by whoever owns the file. */
static struct audit_log *volatile mapped;
static volatile sig_atomic_t window_lost;

/* The file was cut off under the mapping: what is written goes nowhere from now on, and is counted.
 */
static void take_bus_error(int signal, siginfo_t *info, void *context)
{
	struct audit_log *log = mapped;
	const char *at = info->si_addr;

	(void)context;
	if (!log || !log->window || at < log->window || at >= log->window + WINDOW ||
	    mmap(log->window, WINDOW, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
		struct sigaction action = {.sa_handler = SIG_DFL};

		sigaction(signal, &action, NULL);
		return;
	}
	window_lost = 1;
}

void audit_log_map(struct audit_log *log)
{
	struct sigaction action = {.sa_sigaction = take_bus_error, .sa_flags = SA_SIGINFO};

	mapped = log;
	log->mapping = sigaction(SIGBUS, &action, NULL) == 0;
}

void audit_log_keep(struct audit_log *log)
{
	madvise(log->shared, sizeof(*log->shared), MADV_DONTFORK);
}

/* Makes `at` lie in the window. The blocks are reserved first: a full disk shows here, and not when
 * memory is written to. */
static bool move_window(struct audit_log *log, uint64_t at)
{
	if (log->window)
		munmap(log->window, WINDOW);
	log->window = NULL;
	log->window_at = at - at % WINDOW;
	if (fallocate(log->fd, 0, (off_t)log->window_at, WINDOW)) {
		/* File systems that cannot promise room have each line written instead. */
		log->mapping = errno != EOPNOTSUPP;
		return false;
	}
	log->window =
	    mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, log->fd, (off_t)log->window_at);
	if (log->window == MAP_FAILED) {
		log->window = NULL;
		log->mapping = false;
	}
	window_lost = 0;
	return log->window != NULL;
}

static bool put_mapped(struct audit_log *log, uint64_t at, const char *bytes, size_t len)
{
	while (len) {
		size_t n;

		if ((!log->window || at - log->window_at >= WINDOW) && !move_window(log, at))
			return false;
		n = (size_t)(log->window_at + WINDOW - at);
		n = n < len ? n : len;
		memcpy(log->window + (at - log->window_at), bytes, n);
		if (window_lost)
			return false;
		at += n;
		bytes += n;
		len -= n;
	}
	return true;
}

static bool put_written(const struct audit_log *log, uint64_t at, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = pwrite(log->fd, bytes, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (uint64_t)n;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- lines ---- */

static void seal(struct audit_line *line, struct audit_hash *hash)
{
	audit_chain_next(hash, line->text, line->len);
	memcpy(line->text + line->len, AUDIT_SEAL, sizeof(AUDIT_SEAL) - 1);
	line->len += sizeof(AUDIT_SEAL) - 1;
	memcpy(line->text + line->len, hash->text, AUDIT_HASH_LEN);
	line->len += AUDIT_HASH_LEN;
	memcpy(line->text + line->len, AUDIT_SEAL_END, sizeof(AUDIT_SEAL_END) - 1);
	line->len += sizeof(AUDIT_SEAL_END) - 1;
}

static bool has_room(const struct audit_log *log, size_t len, enum audit_keep keep)
{
	uint64_t used = current(log)->end - log->begin;
	uint64_t kept = keep == AUDIT_SPARE ? log->room / 4 : 0;

	kept = kept > TAIL_ROOM ? kept : TAIL_ROOM;
	return used + len + AUDIT_SEAL_LEN + kept <= log->room;
}

static bool put(struct audit_log *log, uint64_t at, const char *bytes, size_t len)
{
	return (log->mapping && put_mapped(log, at, bytes, len)) ||
	       put_written(log, at, bytes, len);
}

/* done: bytes of the line that are in the file. */
static bool add(struct audit_log *log, struct audit_line *line, size_t done)
{
	struct state next = *current(log);

	seal(line, &next.hash);
	if (!put(log, next.end + done, line->text + done, line->len - done))
		return false;
	next.end += line->len;
	advance(log, &next);
	atomic_store(&log->shared->open, 0);
	return true;
}

static bool may_add(struct audit_log *log, const struct audit_line *line, size_t more,
		    enum audit_keep keep)
{
	if (line->cut)
		audit_log_lose(log);
	else if (!has_room(log, line->len + more, keep))
		atomic_fetch_add(&log->shared->left_out, 1);
	else
		return true;
	return false;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * The writer and its forks take turns, for a few microseconds each. Whoever was ended meanwhile
 * leaves a state that is whole: after a time that nobody who lives takes, the turn is the next
 * one's.
 */
#define TURN_MAX_MS 200

static void hold(struct audit_log *log)
{
	uint64_t since = 0;

	while (atomic_exchange(&log->shared->held, true)) {
		uint64_t now = now_ms();

		since = since ? since : now;
		if (now - since > TURN_MAX_MS)
			break;
		sched_yield();
	}
	log->holding = true;
}

static void release(struct audit_log *log)
{
	log->holding = false;
	atomic_store(&log->shared->held, false);
}

/* Not finished by its writer, who has ended or is not the one who writes now: it is as good as any
 * other. */
static void seal_open_line(struct audit_log *log)
{
	static struct audit_line line;
	size_t len = atomic_exchange(&log->shared->open, 0);

	if (len == 0 || len > AUDIT_LINE_MAX - AUDIT_SEAL_LEN ||
	    pread(log->fd, line.text, len, (off_t)current(log)->end) != (ssize_t)len ||
	    memchr(line.text, '\n', len) || memchr(line.text, '\0', len))
		return;
	line.len = len;
	line.cut = false;
	add(log, &line, len);
}

static bool add_held(struct audit_log *log, struct audit_line *line)
{
	seal_open_line(log);
	return add(log, line, 0);
}

bool audit_log_add(struct audit_log *log, struct audit_line *line, enum audit_keep keep)
{
	const bool mine = log->holding;
	bool added;

	if (!may_add(log, line, 0, keep))
		return false;
	if (!mine)
		hold(log);
	added = add_held(log, line);
	if (!mine)
		release(log);
	if (!added)
		audit_log_lose(log);
	return added;
}

void audit_log_begin_turn(struct audit_log *log)
{
	hold(log);
	/* The window is the writer's. */
	log->mapping = false;
}

void audit_log_end_turn(struct audit_log *log)
{
	release(log);
}

bool audit_log_open_line(struct audit_log *log, struct audit_line *line, enum audit_keep keep)
{
	bool opened;

	if (!may_add(log, line, AUDIT_OPEN_ROOM, keep))
		return false;
	hold(log);
	seal_open_line(log);
	opened = put(log, current(log)->end, line->text, line->len);
	if (opened)
		atomic_store(&log->shared->open, (unsigned)line->len);
	release(log);
	if (!opened)
		audit_log_lose(log);
	return opened;
}

bool audit_log_close_line(struct audit_log *log, struct audit_line *line)
{
	bool closed = true;
	size_t open;

	hold(log);
	/* A fork may have sealed it already, to put its own line behind it. */
	open = atomic_load(&log->shared->open);
	if (open)
		closed = !line->cut && add(log, line, open);
	release(log);
	if (!closed)
		audit_log_lose(log);
	return closed;
}

/* Where another process has left off: after its last whole line. */
static void take_back(struct audit_log *log)
{
	char bytes[AUDIT_SEAL_LEN];
	struct state state = {.hash = audit_hash_none};
	struct stat st;

	if (fstat(log->fd, &st))
		return;
	state.end = without_zeros(log->fd, (uint64_t)st.st_size);
	while (state.end > log->begin) {
		size_t n = sizeof(bytes) < state.end ? sizeof(bytes) : (size_t)state.end;
		const char *newline = NULL;

		if (pread(log->fd, bytes, n, (off_t)(state.end - n)) != (ssize_t)n)
			return;
		newline = memrchr(bytes, '\n', n);
		if (newline == bytes + n - 1)
			break;
		state.end -= newline ? (size_t)(bytes + n - 1 - newline) : n;
	}
	read_last(log->fd, state.end, &state.hash);
	advance(log, &state);
}

/* The monitor's word: it can be no more than what it might have written. */
static bool is_sane(const struct audit_log *log)
{
	uint64_t end = current(log)->end;

	return end >= log->begin && end - log->begin <= log->room;
}

void audit_log_resume(struct audit_log *log)
{
	log->mapping = false;
	if (log->handed_over)
		take_back(log);
	if (is_sane(log))
		seal_open_line(log);
}

bool audit_log_finish(struct audit_log *log, struct audit_line *tail)
{
	bool added;

	audit_log_resume(log);
	if (!is_sane(log))
		return false;
	added = !tail->cut && add(log, tail, 0);
	return ftruncate(log->fd, (off_t)current(log)->end) == 0 && added;
}
