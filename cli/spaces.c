/* Running spaces. */
#include "cli/spaces.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/control_answer.h"
#include "cli/procs.h"

#define SECONDS 3 /* that an answer is waited for */

/* ---- answers ---- */

const struct answer_record *answer_next(const struct answer *answer, const char *kind,
					const char *path, const struct answer_record *after)
{
	size_t i = after ? (size_t)(after - answer->records) + 1 : 0;

	for (; i < answer->count; i++)
		if (strcmp(answer->records[i].kind, kind) == 0 &&
		    (!path || strcmp(answer_field(&answer->records[i], 0), path) == 0))
			return &answer->records[i];
	return NULL;
}

const char *answer_field(const struct answer_record *record, unsigned i)
{
	return record && i < record->count ? record->field[i] : "";
}

unsigned long long answer_number(const struct answer_record *record, unsigned i)
{
	return strtoull(answer_field(record, i), NULL, 10);
}

void answer_free(struct answer *answer)
{
	free(answer->records);
	free(answer->text);
	*answer = (struct answer){.text = NULL};
}

static void split(char *line, struct answer_record *out)
{
	char *rest = line;

	out->kind = strsep(&rest, "\t");
	while (rest && out->count < ANSWER_FIELDS_MAX) {
		char *field = strsep(&rest, "\t");

		control_unescape(field);
		out->field[out->count++] = field;
	}
}

static size_t lines_of(const char *text)
{
	size_t lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

bool answer_parse(char *text, size_t size, struct answer *out, const char **why)
{
	static const char version[] = CONTROL_VERSION " ";
	static char problem[256];
	bool whole = false;

	*out = (struct answer){.text = text};
	*why = "its answer makes no sense";
	if (strlen(text) != size || strncmp(text, version, strlen(version)) != 0)
		return false;
	out->records = calloc(lines_of(text), sizeof(*out->records));
	if (!out->records)
		return false;
	for (char *rest = text + strlen(version), *line; (line = strsep(&rest, "\n"));) {
		struct answer_record *record = &out->records[out->count];

		*record = (struct answer_record){.count = 0};
		split(line, record);
		if (strcmp(record->kind, "error") == 0 && !out->count) {
			snprintf(problem, sizeof(problem), "%s", answer_field(record, 0));
			*why = problem;
			return false;
		}
		whole |= strcmp(record->kind, "end") == 0;
		out->cut |= strcmp(record->kind, "cut") == 0;
		out->count++;
	}
	return whole || out->cut;
}

/* ---- asking ---- */

/* The keeper's end is a process of ours, or somebody has put a socket there. */
static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

/* -1: errno says why. */
static int dial(const char *path)
{
	const struct timeval patience = {.tv_sec = SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) <
		(int)sizeof(address.sun_path) &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && is_ours(fd))
		return fd;
	close(fd);
	return -1;
}

static char *read_answer(int fd, size_t *size)
{
	const size_t most = CONTROL_ANSWER_MAX + 65536;
	size_t room = 65536;
	char *text = malloc(room + 1);
	ssize_t n = 1;

	for (*size = 0; text && n > 0 && *size < most;) {
		if (*size == room) {
			char *larger = realloc(text, 2 * room + 1);

			if (!larger)
				break;
			text = larger;
			room *= 2;
		}
		n = recv(fd, text + *size, room - *size, 0);
		*size += n > 0 ? (size_t)n : 0;
	}
	if (text && n == 0) {
		text[*size] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

/* In the directory of sockets. */
static bool socket_path(const char *id, char path[CD_PATH_MAX])
{
	char directory[CD_PATH_MAX];

	return control_dir(CONTROL_DIR_FIND, directory) &&
	       snprintf(path, CD_PATH_MAX, "%s/%s", directory, id) < CD_PATH_MAX;
}

bool spaces_ask(const char *id, const char *request, struct answer *out, const char **why)
{
	char path[CD_PATH_MAX], line[CONTROL_REQUEST_MAX], *text = NULL;
	int len = snprintf(line, sizeof(line), CONTROL_VERSION " %s\n", request), fd;
	size_t size = 0;

	*out = (struct answer){.text = NULL};
	*why = SPACES_ENDED;
	if (!socket_path(id, path) || (fd = dial(path)) < 0)
		return false;
	*why = "it does not answer; is `cordon run` stopped?";
	if (len < (int)sizeof(line) && send(fd, line, (size_t)len, MSG_NOSIGNAL) == len)
		text = read_answer(fd, &size);
	close(fd);
	if (text && !size)
		*why = "it talks to no one in a space";
	if (text && size && answer_parse(text, size, out, why))
		return true;
	if (out->text)
		answer_free(out);
	else
		free(text);
	return false;
}

/* ---- all of them ---- */

static int by_age(const void *a, const void *b)
{
	return atoi(a) - atoi(b);
}

/* Nobody listens, and the process of that number has ended: it was left behind. */
static bool is_stale(const char *id, const char *path)
{
	int fd = dial(path);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	return errno == ECONNREFUSED && !procs_is_there(atoi(id));
}

int spaces_list(struct spaces_id **out)
{
	char directory[CD_PATH_MAX], path[CD_PATH_MAX];
	struct dirent *entry;
	int count = 0;
	DIR *list;

	*out = NULL;
	if (!control_dir(CONTROL_DIR_FIND, directory))
		return errno == ENOENT ? 0 : -1;
	list = opendir(directory);
	while (list && (entry = readdir(list))) {
		struct spaces_id *more;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    strlen(entry->d_name) >= CONTROL_ID_MAX || !socket_path(entry->d_name, path))
			continue;
		if (is_stale(entry->d_name, path)) {
			unlink(path);
			continue;
		}
		more = realloc(*out, ((size_t)count + 1) * sizeof(**out));
		if (!more)
			break;
		*out = more;
		snprintf((*out)[count++].text, CONTROL_ID_MAX, "%.*s", CONTROL_ID_MAX - 1,
			 entry->d_name);
	}
	if (list)
		closedir(list);
	if (count)
		qsort(*out, (size_t)count, sizeof(**out), by_age);
	return list ? count : -1;
}

/* ---- one of them ---- */

static bool has_name(const char *id, const char *name)
{
	struct answer answer;
	const char *why;
	bool has;

	if (!spaces_ask(id, "brief", &answer, &why))
		return false;
	has = strcmp(answer_field(answer_next(&answer, "run", NULL, NULL), 4), name) == 0;
	answer_free(&answer);
	return has;
}

/* An id is never a name: who is called 123 is found by his own number. */
static int find_in(const struct spaces_id *ids, int count, const char *name, char *also,
		   size_t size)
{
	int found = -1, matches = 0;

	for (int i = 0; i < count; i++)
		if (strcmp(ids[i].text, name) == 0)
			return i;
	for (int i = 0; *name && i < count; i++) {
		size_t len = strlen(also);

		if (!has_name(ids[i].text, name))
			continue;
		found = i;
		matches++;
		snprintf(also + len, size - len, "%s%s", len ? ", " : "", ids[i].text);
	}
	return matches > 1 ? -2 : found;
}

bool spaces_find(const char *name, char id[CONTROL_ID_MAX], char path[CD_SPACE_ID_MAX])
{
	const char *slash = strchr(name, '/');
	char first[256], also[512] = "";
	struct spaces_id *ids;
	int count, found;

	snprintf(first, sizeof(first), "%.*s", slash ? (int)(slash - name) : 255, name);
	snprintf(path, CD_SPACE_ID_MAX, "%s", slash ? slash + 1 : "1");
	count = spaces_list(&ids);
	found = count > 0 ? find_in(ids, count, first, also, sizeof(also)) : -1;
	if (found >= 0)
		snprintf(id, CONTROL_ID_MAX, "%s", ids[found].text);
	else if (count < 0)
		cli_say("cannot look for running spaces: %s", strerror(errno));
	else if (found == -2)
		cli_say("several spaces have the name %.100s: say which by its id: %s", first,
			also);
	else
		cli_say("no space that runs has the name or id %.100s; `cordon ps` lists them",
			first);
	free(ids);
	return found >= 0;
}
