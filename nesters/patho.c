/*
 * patho: other paths, and files that do not exist. A small example of a service that alters.
 */
#include <cordon/nester.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h> /* struct statx, which not every libc has */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"

static const char usage[] =
    "usage: cordon patho [OPTION...] [OPTION OF CORDON RUN...] -- PROGRAM [ARGUMENT...]\n"
    "\n"
    "  --map FROM=TO     what is asked for at or below FROM is TO, or below it\n"
    "  --fake PATH=TEXT  a file of this text at PATH, which need not exist; what is written to it "
    "is shown\n"
    "\n"
    "The program has to be granted what it asks for; what it gets instead, the spaces around "
    "decide on.\n"
    "\n"
    "example:\n"
    "  cordon patho --fake /etc/machine-id=0123 --allow-read=/etc/machine-id -- cat "
    "/etc/machine-id\n";

#define PLACES_MAX 64
#define FILES_MAX  256

struct place {
	const char *path, *to; /* to: of a map; else the text */
	size_t len;
	bool fake;
};

/* A file that is being written by a program, and read by us. */
struct written {
	int fd;
	const struct place *place;
};

struct patho {
	struct place places[PLACES_MAX];
	size_t count, open;
	struct written files[FILES_MAX];
};

static bool own_option(void *context, const char *name, const char *value, bool *took_value)
{
	struct patho *patho = context;
	struct place *place = &patho->places[patho->count];
	char *copy, *equals;

	if (strcmp(name, "--map") != 0 && strcmp(name, "--fake") != 0)
		return false;
	*took_value = true;
	copy = value ? strdup(value) : NULL;
	equals = copy ? strchr(copy, '=') : NULL;
	if (!equals || copy[0] != '/' || patho->count == PLACES_MAX) {
		fprintf(stderr, "patho: %s takes PATH=%s\n", name,
			name[2] == 'm' ? "PATH" : "TEXT");
		exit(125);
	}
	*equals = '\0';
	*place = (struct place){copy, equals + 1, strlen(copy), name[2] == 'f'};
	patho->count++;
	return true;
}

static const struct place *find(const struct patho *patho, const struct cd_event *event)
{
	for (size_t i = 0; i < patho->count; i++) {
		const struct place *place = &patho->places[i];
		char next = event->text[place->len];

		if (event->text_len >= place->len &&
		    memcmp(event->text, place->path, place->len) == 0 &&
		    (!next || (!place->fake && next == '/')))
			return place;
	}
	return NULL;
}

/* ---- files that are made up ---- */

static void answer_stat(struct cd_nester *nester, const struct cd_event *event,
			const struct place *place)
{
	struct stat st = {.st_mode = S_IFREG | 0644,
			  .st_nlink = 1,
			  .st_uid = getuid(),
			  .st_gid = getgid(),
			  .st_size = (off_t)strlen(place->to),
			  .st_blksize = 4096,
			  .st_ino = 1 + (ino_t)place->len};
	struct statx stx = {.stx_mask = STATX_BASIC_STATS,
			    .stx_mode = S_IFREG | 0644,
			    .stx_nlink = 1,
			    .stx_uid = st.st_uid,
			    .stx_gid = st.st_gid,
			    .stx_size = (uint64_t)st.st_size,
			    .stx_blksize = 4096,
			    .stx_ino = st.st_ino};

	if (strcmp(event->call, "statx") == 0)
		cd_nester_answer(nester, event, 0, &stx, sizeof(stx));
	else
		cd_nester_answer(nester, event, 0, &st, sizeof(st));
}

/* What is read from it is our text. */
static int open_for_reading(const struct place *place)
{
	int fd = memfd_create("patho", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t len = strlen(place->to);

	if (fd >= 0 && (write(fd, place->to, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* What is written to it comes to us, as it is written. */
static int open_for_writing(struct patho *patho, const struct place *place)
{
	int ends[2];

	if (patho->open == FILES_MAX || pipe2(ends, O_CLOEXEC))
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	patho->files[patho->open++] = (struct written){ends[0], place};
	return ends[1];
}

static void answer_open(struct patho *patho, struct cd_nester *nester, const struct cd_event *event,
			const struct place *place)
{
	bool reads = (event->flags & O_ACCMODE) == O_RDONLY;
	int fd = reads ? open_for_reading(place) : open_for_writing(patho, place);

	if (fd < 0)
		cd_nester_deny(nester, event, EMFILE);
	else
		cd_nester_give(nester, event, fd);
	if (fd >= 0)
		close(fd);
}

static void show_written(struct patho *patho)
{
	for (size_t i = patho->open; i-- > 0;) {
		char bytes[1024];
		ssize_t n;

		while ((n = read(patho->files[i].fd, bytes, sizeof(bytes))) > 0)
			fprintf(stderr, "patho: %s: %.*s\n", patho->files[i].place->path,
				(int)(bytes[n - 1] == '\n' ? n - 1 : n), bytes);
		if (n == 0) {
			close(patho->files[i].fd);
			patho->files[i] = patho->files[--patho->open];
		}
	}
}

/* ---- every operation ---- */

static void decide(struct patho *patho, struct cd_nester *nester, const struct cd_event *event)
{
	const struct place *place = find(patho, event);
	char path[CD_TEXT_MAX];

	if (!place) {
		cd_nester_pass(nester, event);
	} else if (!place->fake) {
		if (snprintf(path, sizeof(path), "%s%s", place->to, event->text + place->len) >=
			(int)sizeof(path) ||
		    cd_nester_pass_changed(nester, event, path))
			cd_nester_deny(nester, event, ENAMETOOLONG);
	} else if (strcmp(event->call, "open") == 0) {
		answer_open(patho, nester, event, place);
	} else if (strcmp(event->call, "stat") == 0 || strcmp(event->call, "statx") == 0) {
		answer_stat(nester, event, place);
	} else if (strcmp(event->call, "access") == 0) {
		cd_nester_answer(nester, event, 0, NULL, 0);
	} else {
		cd_nester_deny(nester, event, EPERM);
	}
}

int main(int argc, char **argv)
{
	static struct patho patho;
	const uint64_t ops = CD_OPBIT(CD_OP_FS_STAT) | CD_OPBIT(CD_OP_FS_READ) |
			     CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE);
	struct nester_options options;
	struct cd_nester *nester;
	struct cd_event event;
	int kind;

	if (!nester_options_read(&options, argc, argv, usage, own_option, &patho))
		return 125;
	if (cd_nester_start(&nester, ops, options.cordon, options.program))
		return 125;
	while ((kind = cd_nester_next(nester, &event, patho.open ? 20 : -1)) != CD_EVENT_ENDED &&
	       kind >= 0) {
		if (kind == CD_EVENT_OPERATION)
			decide(&patho, nester, &event);
		show_written(&patho);
	}
	show_written(&patho);
	return cd_nester_end(nester);
}
