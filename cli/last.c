/* What the last run was denied. */
#include "cli/last.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/files.h"

#define LAST_MAX  (256 * 1024) /* bytes of the file */
#define FIELDS	  6
#define LINE_SIZE (16 * CD_PATH_MAX)

#define LOCK_TRIES 20 /* in a fifth of a second */

static bool find_folder(char path[CD_PATH_MAX])
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n = -1;

	if (base && *base == '/')
		n = snprintf(path, CD_PATH_MAX, "%s/cordon", base);
	else if (home && *home == '/')
		n = snprintf(path, CD_PATH_MAX, "%s/.local/state/cordon", home);
	return n > 0 && n < CD_PATH_MAX;
}

/* ---- writing ---- */

/* What the user says is there: it is not made for him where it is not. */
static size_t base_length(void)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	return base && *base == '/' ? strlen(base) : home ? strlen(home) : 0;
}

/* The folder and those below the user's own that lead to it, for this user alone. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + base_length() + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

/* The folder, which is made where it is not there. */
static int open_folder(void)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	char path[CD_PATH_MAX];
	struct stat st;
	int dir;

	if (!find_folder(path))
		return -1;
	dir = openat(AT_FDCWD, path, flags);
	if (dir < 0 && errno == ENOENT) {
		make_folders(path);
		dir = openat(AT_FDCWD, path, flags);
	}
	if (dir >= 0 && (fstat(dir, &st) || st.st_uid != geteuid() || st.st_mode & 022)) {
		close(dir);
		return -1;
	}
	return dir;
}

bool last_folder(char path[CD_PATH_MAX])
{
	int dir = open_folder();
	bool found = dir >= 0 && cd_file_path(dir, path);

	if (dir >= 0)
		close(dir);
	return found;
}

static void add_denial(const struct report_view *view, const struct report *report,
		       struct cd_buf *out)
{
	char fields[FIELDS][2 * CD_PATH_MAX];
	struct cd_buf text;

	for (int i = 0; i < FIELDS; i++) {
		cd_buf_init(&text, fields[i], sizeof(fields[i]));
		report_field(view, report, (enum report_field)i, &text);
		cd_buf_json(out, fields[i], text.len);
		cd_buf_str(out, i + 1 < FIELDS ? "\t" : "\n");
	}
}

static void write_lines(const struct report_view *view, char *const *argv, int status, FILE *out)
{
	static char line[LINE_SIZE], words[LINE_SIZE];
	struct cd_buf text, command;
	size_t size = 0;

	cd_buf_init(&command, words, sizeof(words) / 8);
	for (int i = 0; argv[i] && !command.cut; i++) {
		cd_buf_str(&command, i ? " " : "");
		cd_buf_shell(&command, argv[i], strlen(argv[i]));
	}
	cd_buf_init(&text, line, sizeof(line));
	cd_buf_json(&text, words, command.len);
	fprintf(out, "cordon 1 %d %lld\n%s\n", status, (long long)time(NULL), line);
	cd_buf_init(&text, line, sizeof(line));
	cd_buf_json(&text, view->policy->name, strlen(view->policy->name));
	fprintf(out, "%s\n", line);
	for (size_t i = 0; i < view->count && size < LAST_MAX; i++) {
		cd_buf_init(&text, line, sizeof(line));
		add_denial(view, view->kept[i], &text);
		size += text.len;
		if (!text.cut && size < LAST_MAX)
			fputs(line, out);
	}
}

/* Of those who write and read at once, one at a time; but nobody is waited for who has been
 * stopped.
 */
static bool lock(int fd, int how)
{
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(fd, how | LOCK_NB) == 0)
			return true;
		usleep(10000);
	}
	return false;
}

/* The file as the last run left it; what nobody of us has made goes. */
static int open_file(int dir)
{
	const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir, "last", flags, 0600);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 077) && st.st_nlink == 1)
		return fd;
	if (fd >= 0)
		close(fd);
	return unlinkat(dir, "last", 0) ? -1 : openat(dir, "last", flags | O_EXCL, 0600);
}

/*
 * Over what is there, and not in the place of it: to make a file and to remove one took the
 * twentieth part of a start.
 */
void last_write(const struct report_view *view, char *const *argv, int status)
{
	int dir = open_folder(), fd = -1;
	struct stat st;
	FILE *out;

	if (dir >= 0) {
		fd = open_file(dir);
		close(dir);
	}
	out = fd >= 0 && lock(fd, LOCK_EX) && fstat(fd, &st) == 0 ? fdopen(fd, "w") : NULL;
	if (!out) {
		if (fd >= 0)
			close(fd);
		return;
	}
	write_lines(view, argv, status, out);
	/* Where it could not be written, nothing is known. */
	if (fflush(out) || ferror(out) || ftell(out) < st.st_size)
		(void)!ftruncate(fd, ferror(out) ? 0 : ftell(out));
	fclose(out);
}

/* ---- printing ---- */

/* A JSON string's inside, for a person: quotes and backslashes as they are, the rest escaped. */
static void print_plain(const char *text)
{
	static char plain[LINE_SIZE], visible[4 * LINE_SIZE];
	struct cd_buf out;
	size_t len = 0;

	for (; *text && len + 1 < sizeof(plain); text++) {
		if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
			text++;
		plain[len++] = *text;
	}
	cd_buf_init(&out, visible, sizeof(visible));
	cd_buf_visible(&out, plain, len);
	fputs(visible, stdout);
}

static void print_denial(char *const fields[FIELDS])
{
	printf("denied %s ", fields[REPORT_FIELD_OP]);
	print_plain(fields[REPORT_FIELD_OBJECT]);
	if (strcmp(fields[REPORT_FIELD_COUNT], "1") != 0)
		printf(" (%s times)", fields[REPORT_FIELD_COUNT]);
	printf(": ");
	print_plain(fields[REPORT_FIELD_WHY]);
	puts("");
	if (!*fields[REPORT_FIELD_FLAG])
		return;
	printf("    to allow it: ");
	print_plain(fields[REPORT_FIELD_FLAG]);
	printf("   or in a policy: ");
	print_plain(fields[REPORT_FIELD_LINE]);
	puts("");
}

static void print_denial_json(char *const fields[FIELDS], bool first)
{
	static const char *const names[FIELDS] = {"op", "object", "count", "why", "flag", "line"};

	printf("%s{", first ? "" : ",");
	for (int i = 0; i < FIELDS; i++)
		printf(i == REPORT_FIELD_COUNT ? "%s\"%s\":%s" : "%s\"%s\":\"%s\"", i ? "," : "",
		       names[i], fields[i]);
	printf("}");
}

static bool split(char *line, char *fields[FIELDS])
{
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = line;
		line = strchr(line, '\t');
		if (!line != (i == FIELDS - 1))
			return false;
		if (line)
			*line++ = '\0';
	}
	return true;
}

/* The file is the user's, but what it holds was chosen by programs: no byte of it is to be one that
 * a terminal acts on. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text != '\t' && *text != '\n' && ((unsigned char)*text < ' ' || *text == 0x7f))
			return false;
	return true;
}

static char *next_line(char **at)
{
	char *line = *at, *end = line ? strchr(line, '\n') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

static int print_run(char *text, bool json)
{
	char *head = next_line(&text), *program = next_line(&text), *policy = next_line(&text);
	char *line, *fields[FIELDS], when[64];
	long long seconds;
	int status, count = 0;
	struct tm tm;

	if (!head || !program || !policy ||
	    sscanf(head, "cordon 1 %d %lld", &status, &seconds) != 2) {
		cli_say("what is known of the last run cannot be read");
		return CLI_FAILED;
	}
	localtime_r(&(time_t){(time_t)seconds}, &tm);
	strftime(when, sizeof(when), json ? "%FT%T%z" : "%F %T", &tm);
	if (json) {
		printf("{\"program\":\"%s\",\"policy\":\"%s\",\"status\":%d,\"time\":\"%s\","
		       "\"denials\":[",
		       program, policy, status, when);
	} else {
		printf("%s  ", when);
		print_plain(program);
		printf("  (policy \"");
		print_plain(policy);
		printf("\", status %d)\n", status);
	}
	while ((line = next_line(&text)) && split(line, fields)) {
		if (json)
			print_denial_json(fields, !count);
		else
			print_denial(fields);
		count++;
	}
	if (json)
		puts("]}");
	else if (!count)
		puts("nothing was denied");
	return fflush(stdout) ? CLI_FAILED : 0;
}

int last_print(bool json)
{
	char path[CD_PATH_MAX + 8] = "";
	char *text = NULL;
	size_t len;
	int status, fd = -1;

	if (find_folder(path))
		fd = open(strcat(path, "/last"), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
		lock(fd, LOCK_SH);
	status = fd >= 0 && cd_file_read(path, 2 * LAST_MAX, &text, &len) ? 0 : CLI_FAILED;
	if (fd >= 0)
		close(fd);
	if (status) {
		cli_say(errno == ENOENT ? "no run is known"
					: "cannot read what is known of the last run: %s",
			strerror(errno));
		return CLI_FAILED;
	}
	if (strlen(text) == len && is_plain(text)) {
		status = print_run(text, json);
	} else {
		cli_say("%s is not as cordon wrote it", path);
		status = CLI_FAILED;
	}
	free(text);
	return status;
}
