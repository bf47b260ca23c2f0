/*
 * cordon revoke: takes away from a space, and from all within it, what it was granted.
 *
 * The keeper writes the rule where the monitors read it: what is asked for from then on is refused.
 * What programs do by themselves meets the view: places of the rule are covered in it. Connections
 * are shut down. A file that is open already stays open: nobody can take it back, and so it is
 * named.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/held.h"
#include "cli/procs.h"
#include "cli/revoked.h"
#include "cli/spaces.h"
#include "host/address.h"
#include "host/mount_api.h"
#include "lib/path.h"

struct revoke_options {
	bool json;
};

/* A file system, and a place in it: what a path of one space is in all of them. */
struct somewhere {
	unsigned major, minor;
	char path[CD_PATH_MAX];
};

struct work {
	const struct mon_table *table;
	const char *rule;
	struct somewhere place; /* of a rule for one place in the space's view */
	bool has_place;
	unsigned covered, closed, held;
	bool json;
};

static const char usage[] =
    "usage: cordon revoke [--json] SPACE OP:PATTERN...\n"
    "\n"
    "Takes a granted object away while the space runs, and from all spaces within it: what is "
    "asked\n"
    "for later is refused, connections are closed, and what is open already is named.\n"
    "SPACE is an id of `cordon ps`, or the name that --name gave it; SPACE/1.2 is a space in it.\n";

static const struct cli_option options[] = {
    {0, "json", NULL, "print what was done as JSON", NULL, CLI_OPTIONS,
     offsetof(struct revoke_options, json)},
    {.name = NULL},
};

/* ---- the view ---- */

/* Something that cannot be opened, in the place of what is there. */
static bool cover(const char *path)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					      MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	struct stat st;
	int tree, place;
	bool done;

	if (lstat(path, &st) || S_ISLNK(st.st_mode))
		return false;
	if (S_ISDIR(st.st_mode))
		return mount("revoked", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			     "mode=0,size=4k") == 0;
	/* A device on a mount that knows none cannot be opened. */
	tree = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | O_CLOEXEC);
	place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	done = tree >= 0 && place >= 0 && sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) == 0 &&
	       syscall(SYS_move_mount, tree, "", place, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0;
	if (tree >= 0)
		close(tree);
	if (place >= 0)
		close(place);
	return done;
}

/* The literal place that a pattern names; false: it holds a star elsewhere than at its end. */
static bool place_of(const char *rule, char path[CD_PATH_MAX])
{
	const char *pattern = strchr(rule, ':') + 1;
	size_t n = strlen(pattern);

	if (strncmp(rule, "fs.", 3) != 0 && rule[0] != '*')
		return false;
	if (n > 3 && strcmp(pattern + n - 3, "/**") == 0)
		n -= 3;
	if (n == 0 || n >= CD_PATH_MAX || pattern[0] != '/' || memchr(pattern, '*', n))
		return false;
	memcpy(path, pattern, n);
	path[n] = '\0';
	return true;
}

/* In a process of its own, which enters the space's view and ends there. */
static unsigned cover_in(pid_t process, const char *path)
{
	int pidfd = (int)syscall(SYS_pidfd_open, process, 0), status = 0;
	pid_t child = pidfd < 0 ? -1 : fork();

	if (child == 0) {
		/* EINVAL: root's spaces may be in our own. */
		if (syscall(SYS_setns, pidfd, CLONE_NEWUSER) && errno != EINVAL)
			_exit(0);
		if (syscall(SYS_setns, pidfd, CLONE_NEWNS))
			_exit(0);
		_exit(cover(path));
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	return child > 0 && WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 0;
}

/* One line of mountinfo; its paths have \ooo for what would be a blank. */
static bool read_mount(const char *line, struct somewhere *root, char point[CD_PATH_MAX])
{
	char *const texts[] = {root->path, point};
	int at = 0;

	if (sscanf(line, "%*d %*d %u:%u %n", &root->major, &root->minor, &at) != 2 || !at)
		return false;
	line += at;
	for (int i = 0; i < 2; i++) {
		size_t n = 0;

		for (; *line && *line != ' ' && n + 1 < CD_PATH_MAX; line++) {
			unsigned byte;

			if (*line == '\\' && sscanf(line, "\\%3o", &byte) == 1) {
				texts[i][n++] = (char)byte;
				line += 3;
			} else {
				texts[i][n++] = *line;
			}
		}
		texts[i][n] = '\0';
		line += *line == ' ';
	}
	return true;
}

/* path, but below `to` where it was below `from`. False: it is too long. */
static bool move_path(const char *path, const char *from, const char *to, char out[CD_PATH_MAX])
{
	const char *rest = path + (strcmp(from, "/") ? strlen(from) : 0);

	if (snprintf(out, CD_PATH_MAX, "%s%s", strcmp(to, "/") ? to : "", rest) >= CD_PATH_MAX)
		return false;
	if (!*out)
		memcpy(out, "/", 2);
	return true;
}

static FILE *mounts_of(pid_t process)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)process);
	return fopen(path, "re");
}

/* Is it what cover() has put there? */
static bool is_cover(const char *line, const struct somewhere *root)
{
	return strstr(line, " - tmpfs revoked ") || strcmp(root->path, "/null") == 0;
}

/* Where is what the process has at this path, or had before it was covered? The last of the deepest
 * mounts shows it. */
static bool find_place(pid_t process, const char *path, struct somewhere *out)
{
	char line[3 * CD_PATH_MAX], point[CD_PATH_MAX];
	struct somewhere root;
	size_t deepest = 0;
	FILE *mounts = mounts_of(process);

	while (mounts && fgets(line, sizeof(line), mounts))
		if (read_mount(line, &root, point) && !is_cover(line, &root) &&
		    cd_path_is_within(path, point) && strlen(point) >= deepest &&
		    move_path(path, point, root.path, out->path)) {
			deepest = strlen(point);
			out->major = root.major;
			out->minor = root.minor;
		}
	if (mounts)
		fclose(mounts);
	return deepest > 0;
}

/* Wherever the process sees that place, by whatever name, it is covered. How often. */
static unsigned cover_everywhere(pid_t process, const struct somewhere *place)
{
	char line[3 * CD_PATH_MAX], point[CD_PATH_MAX], path[CD_PATH_MAX];
	struct somewhere root;
	unsigned count = 0;
	FILE *mounts = mounts_of(process);

	while (mounts && fgets(line, sizeof(line), mounts)) {
		if (!read_mount(line, &root, point) || root.major != place->major ||
		    root.minor != place->minor)
			continue;
		if (cd_path_is_within(root.path, place->path))
			count += cover_in(process, point);
		else if (cd_path_is_within(place->path, root.path) &&
			 move_path(place->path, root.path, point, path))
			count += cover_in(process, path);
	}
	if (mounts)
		fclose(mounts);
	return count;
}

/* ---- what processes hold ---- */

/* What a socket is used for, and the address by which that was granted. 0: none. */
static uint64_t use_of(int fd, struct cd_object *object, char text[HOST_ABSTRACT_TEXT])
{
	union host_address peer = {.any.sa_family = AF_UNSPEC};
	socklen_t len = sizeof(peer);
	struct stat st;

	if (getpeername(fd, &peer.any, &len))
		return fstat(fd, &st) ? 0 : held_use(st.st_ino, object);
	if (host_address_is_path(&peer, len)) {
		*object =
		    (struct cd_object){.kind = CD_OBJECT_ADDRESS, .proto = CD_UNIX, .text = text};
		object->len = strnlen(peer.un.sun_path, sizeof(peer.un.sun_path));
		memcpy(text, peer.un.sun_path, object->len);
	} else if (!host_address_object(&peer, len, host_socket_proto(fd), object, text)) {
		return 0;
	}
	return CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_SEND);
}

static void close_connections(struct work *work, pid_t process)
{
	int pidfd = (int)syscall(SYS_pidfd_open, process, 0);
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", process);
	dir = pidfd < 0 ? NULL : opendir(path);
	while (dir && (entry = readdir(dir))) {
		int fd = entry->d_name[0] == '.'
			     ? -1
			     : (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);
		char text[HOST_ABSTRACT_TEXT];
		struct cd_object object;
		uint64_t use = fd < 0 ? 0 : use_of(fd, &object, text);

		if (use && revoked_by(work->table, NULL, use, &object) &&
		    shutdown(fd, SHUT_RDWR) == 0)
			work->closed++;
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	if (pidfd >= 0)
		close(pidfd);
}

struct holder {
	struct work *work;
	pid_t process;
};

/* By its name, or by what it is, whatever the space calls it. */
static bool is_revoked(const struct work *work, pid_t process, const char *path)
{
	struct somewhere place;
	const uint64_t files =
	    CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_EXEC);
	const struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};

	if (path[0] != '/')
		return false;
	return revoked_by(work->table, NULL, files, &object) ||
	       (work->has_place && find_place(process, path, &place) &&
		place.major == work->place.major && place.minor == work->place.minor &&
		cd_path_is_within(place.path, work->place.path));
}

static void name_held(void *context, const struct held *held)
{
	struct holder *holder = context;
	char line[2 * CD_PATH_MAX];
	struct cd_buf out;

	if (!is_revoked(holder->work, holder->process, held->object))
		return;
	holder->work->held++;
	if (holder->work->json)
		return;
	cd_buf_init(&out, line, sizeof(line));
	cd_buf_visible(&out, held->object, strlen(held->object));
	printf("still open: %s, as descriptor %d of process %d (%s)\n", line, held->fd,
	       (int)holder->process, held->rights);
}

static void take_from(struct work *work, const struct answer *answer,
		      const struct answer_record *space)
{
	const char *path = answer_field(space, 0);
	struct mon_table *rules = held_rules(answer, path);
	char place[CD_PATH_MAX];
	struct procs procs;

	if (!procs_of(answer, space, &procs)) {
		mon_table_free(rules);
		return;
	}
	/* The first is the space itself: what the path means there, it means for those within. */
	if (procs.count && !work->has_place && place_of(work->rule, place))
		work->has_place = find_place(procs.all[0].pid, place, &work->place);
	if (procs.count && work->has_place)
		work->covered += cover_everywhere(procs.all[0].pid, &work->place);
	for (size_t i = 0; i < procs.count; i++) {
		struct holder holder = {work, procs.all[i].pid};

		close_connections(work, procs.all[i].pid);
		held_each(answer, path, rules, procs.all[i].pid, name_held, &holder);
	}
	procs_free(&procs);
	mon_table_free(rules);
}

/* ---- the command ---- */

static bool is_within(const char *path, const char *around)
{
	size_t n = strlen(around);

	return strncmp(path, around, n) == 0 && (!path[n] || path[n] == '.');
}

static bool revoke_one(const char *id, const char *path, const char *rule, struct work *work)
{
	char request[CD_SPACE_ID_MAX + REVOKED_TEXT + 32];
	const struct answer_record *space = NULL;
	struct mon_table *table;
	struct answer answer;
	const char *why;

	table = revoked_compile(rule, &why);
	if (!table) {
		cli_say("%s: %s", rule, why);
		return false;
	}
	snprintf(request, sizeof(request), "revoke\t%s\t%s", path, rule);
	if (!spaces_ask(id, request, &answer, &why)) {
		cli_say("space %s: %s", id, why);
		mon_table_free(table);
		return false;
	}
	answer_free(&answer);
	work->table = table;
	work->rule = rule;
	work->has_place = false;
	/* From here on nothing more is opened: what is found open is all there is. */
	if (spaces_ask(id, "show", &answer, &why)) {
		while ((space = answer_next(&answer, "space", NULL, space)))
			if (is_within(answer_field(space, 0), path))
				take_from(work, &answer, space);
		answer_free(&answer);
	}
	mon_table_free(table);
	return true;
}

static int revoke_command(int argc, char **argv)
{
	struct cli_args args = {.command = &cli_revoke, .argc = argc, .argv = argv, .at = 1};
	char id[CONTROL_ID_MAX], path[CD_SPACE_ID_MAX];
	struct revoke_options asked = {.json = false};
	struct work work = {.table = NULL};
	const char *words[64];
	size_t count = 0;
	int status = 0;

	while (cli_args_next(&args))
		if (args.option)
			cli_args_store(&args, &asked);
		else if (count < 64)
			words[count++] = args.value;
	if (args.bad)
		return CLI_FAILED;
	if (count < 2) {
		cli_say("revoke what, and from which space? `cordon revoke --help` shows how");
		return CLI_FAILED;
	}
	if (!spaces_find(words[0], id, path))
		return 1;
	work.json = asked.json;
	for (size_t i = 1; i < count; i++)
		status |= !revoke_one(id, path, words[i], &work);
	if (asked.json)
		printf("{\"revoked\":%s,\"covered\":%u,\"closed\":%u,\"held\":%u}\n",
		       status ? "false" : "true", work.covered, work.closed, work.held);
	else if (!status)
		printf("revoked: %u places covered, %u connections closed, %u descriptors that "
		       "nobody can take back\n",
		       work.covered, work.closed, work.held);
	return status;
}

const struct cli_command cli_revoke = {
    .name = "revoke",
    .summary = "take away from a space what it was granted",
    .usage = usage,
    .run = revoke_command,
    .options = options,
    .operands = "SPACE",
    .notes = "exit status: 0; 1 a space was not found, or the rule is none; 125 otherwise.\n"
	     "\n"
	     "examples:\n"
	     "  cordon revoke web net.connect:192.0.2.1:443\n"
	     "  cordon revoke 4711/1.2 'fs.*:/srv/data/**'\n"};
