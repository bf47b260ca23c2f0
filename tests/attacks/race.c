/*
 * Exchanges what a name means while it is being used: race WAY SECRET ROUNDS. The secret file is a
 * script that prints TOP-SECRET. 0: it leaked; 1: it never did. The ways number_...: SECRET may be
 * read (stdin: standard input, as it is), and 0 means that it was changed or opened for writing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *secret;
static char secret_dir[PATH_MAX], secret_name[PATH_MAX], cwd[PATH_MAX];
static volatile int stop;
/* The same length, so that a swap in the middle of a copy still makes one of them or a mixture. */
static char path[2 * PATH_MAX], good[2 * PATH_MAX], bad[2 * PATH_MAX];

static int leaks(int fd)
{
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strstr(text, "TOP-SECRET") != NULL;
}

static void *swap_memory(void *arg)
{
	size_t len = strlen(good) + 1;

	while (!stop) {
		memcpy(path, bad, len);
		memcpy(path, good, len);
	}
	return arg;
}

/* link: now to what is granted, now to what is not */
static void *swap_link(void *arg)
{
	const char *target[2] = {"public", secret};

	for (unsigned i = 0; !stop; i++) {
		unlink("next");
		if (symlink(target[i % 2], "next") == 0)
			rename("next", "link");
	}
	return arg;
}

static void *swap_dir(void *arg)
{
	const char *target[2] = {"dir", secret_dir};

	for (unsigned i = 0; !stop; i++) {
		unlink("next");
		if (symlink(target[i % 2], "next") == 0)
			rename("next", "link");
	}
	return arg;
}

/* A directory in the middle of the path is exchanged for a link that leads out. */
static void *exchange(void *arg)
{
	while (!stop)
		syscall(SYS_renameat2, AT_FDCWD, "dir", AT_FDCWD, "out", 2);
	return arg;
}

/* The directory that is stood in moves, so that ".." means another. */
static void *move_about(void *arg)
{
	while (!stop) {
		rename("dir/deep", "deep");
		rename("deep", "dir/deep");
	}
	return arg;
}

/*
 * One number, now with the file that may only be read, now with one that is open for writing: a
 * look at the object and a look at how it was opened may fall on either side.
 */
#define NUMBER 60
static int reads = -1, writes = -1;

static void *swap_descriptor(void *arg)
{
	while (!stop) {
		dup2(writes, NUMBER);
		dup2(reads, NUMBER);
	}
	return arg;
}

/* Is the file that may only be read what was opened for writing here? */
static int is_opened(int fd)
{
	struct stat theirs, ours;
	int is = fd >= 0 && fstat(fd, &ours) == 0 && fstat(reads, &theirs) == 0 &&
		 ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;

	if (fd >= 0)
		close(fd);
	return is;
}

static int is_changed(mode_t mode)
{
	struct stat st;

	return fstat(reads, &st) == 0 && (st.st_mode & 07777) == mode;
}

/* By its length, or because it can be opened or run by it. */
static int is_secret(int fd)
{
	char name[64];
	struct stat st;
	int is = fd >= 0 && fstat(fd, &st) == 0 &&
		 st.st_size == (off_t)strlen("#!/bin/echo TOP-SECRET\n");

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	is = is || (fd >= 0 && leaks(open(name, O_RDONLY)));
	if (fd >= 0)
		close(fd);
	return is;
}

static int run_and_look(const char *program)
{
	int pipes[2], leaked;
	pid_t pid;

	if (pipe(pipes))
		return 0;
	pid = vfork();
	if (pid == 0) {
		dup2(pipes[1], 1);
		execl(program, "x", (char *)NULL);
		_exit(1);
	}
	close(pipes[1]);
	leaked = leaks(pipes[0]);
	waitpid(pid, NULL, 0);
	return leaked;
}

static int once(const char *way)
{
	char name[2 * PATH_MAX];

	if (!strcmp(way, "memory_open"))
		return leaks(open(path, O_RDONLY));
	/* Natively a path descriptor tells nothing but what its object is: that is enough. */
	if (!strcmp(way, "memory_path") || !strcmp(way, "link_path"))
		return is_secret(open(way[0] == 'm' ? path : "link", O_PATH));
	if (!strcmp(way, "memory_exec"))
		return run_and_look(path);
	if (!strcmp(way, "memory_link")) {
		unlink("hard");
		return link(path, "hard") == 0 && leaks(open("hard", O_RDONLY));
	}
	if (!strcmp(way, "link_open"))
		return leaks(open("link", O_RDONLY));
	if (!strcmp(way, "link_create"))
		return leaks(open("link", O_RDWR | O_CREAT, 0600));
	if (!strcmp(way, "link_exec"))
		return run_and_look("./link");
	if (!strcmp(way, "link_rename")) {
		rename("link", "moved");
		return leaks(open("moved", O_RDONLY));
	}
	if (!strcmp(way, "link_chdir") || !strcmp(way, "exchange_chdir")) {
		int leaked = chdir(way[0] == 'l' ? "link" : "dir") == 0 &&
			     leaks(open(secret_name, O_RDONLY));

		return chdir(cwd) ? -1 : leaked;
	}
	if (!strcmp(way, "exchange_open")) {
		snprintf(name, sizeof(name), "dir/%s", secret_name);
		return leaks(open(name, O_RDONLY));
	}
	if (!strcmp(way, "memory_rename")) {
		int leaked;

		if (rename(path, "stolen"))
			return 0;
		leaked = leaks(open("stolen", O_RDONLY));
		rename("stolen", leaked ? secret : "public");
		return leaked;
	}
	if (!strncmp(way, "number_", 7)) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", NUMBER);
		if (!strcmp(way, "number_open"))
			return is_opened(open(name, O_RDWR));
		if (!strcmp(way, "number_thread")) {
			snprintf(name, sizeof(name), "/proc/self/task/%d/fd/%d", getpid(), NUMBER);
			return is_opened(open(name, O_RDWR));
		}
		if (!strcmp(way, "number_fchmod"))
			fchmod(NUMBER, 0640);
		else if (!strcmp(way, "number_chmod"))
			chmod(name, 0640);
		else
			return -1;
		return is_changed(0640);
	}
	if (!strcmp(way, "exchange_link")) {
		snprintf(name, sizeof(name), "dir/%s", secret_name);
		unlink("stolen");
		return link(name, "stolen") == 0 && leaks(open("stolen", O_RDONLY));
	}
	if (!strcmp(way, "move_up")) {
		char up[PATH_MAX] = "dir/deep/";

		for (int i = 0; i < 30; i++)
			strcat(up, "../");
		strcat(up, secret + 1);
		return leaks(open(up, O_RDONLY));
	}
	return -1;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	void *(*swap)(void *);
	char copy[PATH_MAX];
	int leaked = 0;
	long rounds;
	FILE *out;

	if (argc < 4 || !getcwd(cwd, sizeof(cwd)))
		return 2;
	secret = argv[2];
	rounds = atol(argv[3]);
	strcpy(copy, secret);
	strcpy(secret_dir, dirname(copy));
	strcpy(copy, secret);
	strcpy(secret_name, basename(copy));
	out = fopen("public", "w");
	fputs("#!/bin/echo public\n", out);
	fclose(out);
	chmod("public", 0755);
	mkdir("dir", 0755);
	mkdir("dir/deep", 0755);
	snprintf(copy, sizeof(copy), "dir/%s", secret_name);
	out = fopen(copy, "w");
	fputs("#!/bin/echo public\n", out);
	fclose(out);
	chmod(copy, 0755);
	if (symlink("public", "link") || symlink(secret_dir, "out"))
		return 2;
	/* The good path, padded with slashes to the length of the bad one. */
	snprintf(good, sizeof(good), "%s/public", cwd);
	strcpy(bad, secret);
	while (strlen(good) < strlen(bad))
		memmove(good + 1, good, strlen(good) + 1);
	while (strlen(bad) < strlen(good)) {
		memmove(bad + 1, bad, strlen(bad) + 1);
		bad[0] = '/';
	}
	strcpy(path, good);
	if (!strncmp(argv[1], "number", 6)) {
		reads = strcmp(secret, "stdin") ? open(secret, O_RDONLY) : dup(0);
		writes = open("public", O_RDWR);
		if (reads < 0 || writes < 0 || dup2(reads, NUMBER) < 0)
			return 2;
	}
	swap = !strncmp(argv[1], "memory", 6)	? swap_memory
	       : !strncmp(argv[1], "number", 6) ? swap_descriptor
	       : !strcmp(argv[1], "link_chdir") ? swap_dir
	       : !strncmp(argv[1], "link", 4)	? swap_link
	       : !strncmp(argv[1], "move", 4)	? move_about
						: exchange;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, swap, NULL);
	for (long i = 0; i < rounds && leaked == 0; i++)
		leaked = once(argv[1]);
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return leaked < 0 ? 2 : leaked ? 0 : 1;
}
