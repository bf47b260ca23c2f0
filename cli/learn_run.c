/*
 * The run of which is learned: everything mediated, and let pass, on copies.
 *
 * The policy of that run shows the user's files with a copy-on-write view over each folder of the
 * root, and in each file system of its own below them. What is protected (secrets) no wildcard
 * reaches, here as anywhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/learn.h"
#include "lib/buf.h"

#define COPIES_MAX 128

/* Of the machine rather than of anybody: shown as the rules say, and not copied. */
static bool is_special(const char *name)
{
	static const char *const special[] = {"proc", "sys", "dev", "run", "lost+found"};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strncmp(name, special[i], strlen(special[i])) == 0 &&
		    (!name[strlen(special[i])] || name[strlen(special[i])] == '/'))
			return true;
	return name[0] == '.';
}

/* Is something mounted below? overlayfs would not show it. */
static bool holds_mounts(const char *path)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	size_t len = strlen(path);
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) > 0) {
		char at[4096] = "";

		if (sscanf(line, "%*s %*s %*s %*s %4095s", at) == 1)
			found = strncmp(at, path, len) == 0 && at[len] == '/';
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* Directories that are shown as copies. */
struct copies {
	char *paths[COPIES_MAX];
	size_t count;
};

static bool is_usable(const char *path)
{
	return cd_is_utf8(path, strlen(path)) && !strchr(path, '$') && !strchr(path, '*') &&
	       access(path, R_OK | X_OK) == 0 && !holds_mounts(path);
}

static void add_copy(struct copies *copies, const char *path)
{
	for (size_t i = 0; i < copies->count; i++)
		if (strcmp(copies->paths[i], path) == 0)
			return;
	if (copies->count == COPIES_MAX || !is_usable(path))
		return;
	copies->paths[copies->count] = strdup(path);
	copies->count += copies->paths[copies->count] != NULL;
}

/*
 * On the way to a path: each directory that the user may write to, up to the first one that is his.
 * What is below that can be copied with its directories; those of others cannot, since in the space
 * nobody else exists.
 */
static void add_way(struct copies *copies, const char *to)
{
	char path[CD_PATH_MAX];
	struct stat st;

	if (!realpath(to, path) || is_special(path + 1))
		return;
	for (char *at = path + 1; *at;) {
		char *end = at + strcspn(at, "/"), was = *end;
		bool own;

		*end = '\0';
		if (lstat(path, &st) || !S_ISDIR(st.st_mode))
			return;
		own = st.st_uid == geteuid() && st.st_gid == getegid();
		if (own || access(path, W_OK) == 0)
			add_copy(copies, path);
		if (own && copies->count && strcmp(copies->paths[copies->count - 1], path) == 0)
			return;
		*end = was;
		at = end + (was == '/');
	}
}

/* What lies directly in the root, and directly in that. */
static void add_folders(struct copies *copies, const char *folder, unsigned depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[CD_PATH_MAX];
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		if (is_special(entry->d_name) ||
		    snprintf(path, sizeof(path), "%s/%s", depth ? folder : "", entry->d_name) >=
			(int)sizeof(path) ||
		    lstat(path, &st) || !S_ISDIR(st.st_mode))
			continue;
		add_way(copies, path);
		if (depth == 0 && st.st_uid != geteuid())
			add_folders(copies, path, 1);
	}
	if (dir)
		closedir(dir);
}

static void find_copies(struct copies *copies, const struct learning *learning)
{
	add_way(copies, "/tmp");
	if (learning->vars.home)
		add_way(copies, learning->vars.home);
	if (learning->vars.cwd)
		add_way(copies, learning->vars.cwd);
	add_way(copies, learning->vars.tmp);
	for (char **word = learning->program; *word; word++)
		if (strchr(*word, '/'))
			add_way(copies, *word);
	add_folders(copies, "/", 0);
}

static void put_text(struct cd_buf *out, const char *text)
{
	cd_buf_str(out, "\"");
	cd_buf_json(out, text, strlen(text));
	cd_buf_str(out, "\"");
}

/* What may be changed is what is a copy, and nothing else. */
static void put_changes(struct cd_buf *out, const struct copies *copies)
{
	static const char *const ops[] = {"fs.write", "fs.create", "fs.remove"};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		cd_buf_fmt(out, ",\n    \"%s\": [", ops[i]);
		for (size_t j = 0; j < copies->count; j++) {
			cd_buf_str(out, j ? ", \"" : "\"");
			cd_buf_json(out, copies->paths[j], strlen(copies->paths[j]));
			cd_buf_str(out, "/**\"");
		}
		cd_buf_str(out, "]");
	}
}

/* Everything; and where the user is, by its name: else a private directory would hide it. */
static void put_looking(struct cd_buf *out, const char *cwd)
{
	static const char *const ops[] = {"fs.stat", "fs.read", "fs.exec"};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		cd_buf_fmt(out, "%s\"%s\": [\"/**\"", i ? ", " : "", ops[i]);
		if (cwd && cwd[0] == '/' && cwd[1] && is_usable(cwd)) {
			cd_buf_str(out, ", \"");
			cd_buf_json(out, cwd, strlen(cwd));
			cd_buf_str(out, "/**\"");
		}
		cd_buf_str(out, "]");
	}
}

static void write_policy(struct cd_buf *out, const struct copies *copies, const char *cwd)
{
	cd_buf_str(out, "{\"version\": 1, \"name\": \"learn\", \"extends\": [\"base\"],\n"
			"  \"allow\": {");
	put_looking(out, cwd);
	cd_buf_str(out, ", \"proc.trace\": [\"*\"],\n"
			"    \"net.connect\": [\"unix:/**\"], \"net.send\": [\"unix:/**\"]");
	if (copies->count)
		put_changes(out, copies);
	cd_buf_str(out, "},\n  \"env\": {\"pass\": [\"HOME\", \"TERM\", \"USER\", "
			"\"LOGNAME\"]},\n"
			"  \"view\": {\"/dev/shm\": {\"private\": true}");
	for (size_t i = 0; i < copies->count; i++) {
		cd_buf_str(out, ",\n    ");
		put_text(out, copies->paths[i]);
		cd_buf_str(out, ": {\"from\": ");
		put_text(out, copies->paths[i]);
		cd_buf_str(out, ", \"mode\": \"cow\"}");
	}
	cd_buf_str(out, "}\n}\n");
}

static bool make_policy(const struct copies *copies, const char *cwd, char *path)
{
	static char text[1 << 20];
	struct cd_buf out;
	int fd;

	cd_buf_init(&out, text, sizeof(text));
	write_policy(&out, copies, cwd);
	fd = out.cut ? -1 : logged_temporary("cordon-learn", ".json", path);
	if (fd < 0 || write(fd, text, out.len) != (ssize_t)out.len) {
		cli_say("cannot make a policy to learn under: %s", strerror(errno));
		if (fd >= 0) {
			close(fd);
			unlink(path);
		}
		path[0] = '\0';
		return false;
	}
	close(fd);
	return true;
}

/* Can views like that be made here? A space that does nothing says so. */
static bool works(const char *policy)
{
	char *argv[] = {"cordon", "run",       "-q", "-p", (char *)(uintptr_t)policy,
			"--",	  "/bin/true", NULL};
	int status = -1, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd <= 2 && null >= 0; fd++)
			dup2(null, fd);
		execv("/proc/self/exe", argv);
		_exit(CLI_FAILED);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) != CLI_FAILED;
}

bool learn_run(struct learning *learning, int *fd)
{
	struct copies copies = {.count = 0};
	char policy[CD_PATH_MAX];
	bool ran = false;

	find_copies(&copies, learning);
	learning->copies = copies.count > 0;
	if (!make_policy(&copies, learning->vars.cwd, policy))
		return false;
	if (!works(policy)) {
		unlink(policy);
		cli_say("copies on write cannot be made here (`cordon doctor` says what is "
			"missing): what the "
			"program changes is refused, and so not learned");
		learning->copies = false;
		copies.count = 0;
		if (!make_policy(&copies, learning->vars.cwd, policy))
			return false;
	}
	if (logged_option(&learning->logged, "policy", policy) &&
	    logged_option(&learning->logged, "audit", "all") &&
	    logged_option(&learning->logged, "quiet", NULL)) {
		learning->status = logged_run(&learning->logged, learning->program);
		*fd = logged_open(&learning->logged);
		ran = *fd >= 0;
	}
	unlink(policy);
	return ran && learning->status != CLI_FAILED;
}
