/*
 * Hands a directory to a program of another view: handing SOCKET DIR COMMAND... starts the command,
 * and gives whoever connects a descriptor of DIR; handing SOCKET NAME takes one, and reads and
 * writes what has that name in it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int give(int listener, const char *dir, char **command)
{
	union control control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec vector = {"x", 1};
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	int fd = open(dir, O_RDONLY | O_DIRECTORY), status, peer;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	alarm(20);
	peer = accept(listener, NULL, NULL);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (fd < 0 || peer < 0 || sendmsg(peer, &header, 0) < 0)
		return 2;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static int take(int peer, const char *name)
{
	union control control;
	char byte, text[64] = "";
	struct iovec vector = {&byte, 1};
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	char path[128];
	int dir, fd;

	if (recvmsg(peer, &header, 0) != 1 || !CMSG_FIRSTHDR(&header))
		return 2;
	memcpy(&dir, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(dir));
	fd = openat(dir, name, O_RDONLY);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		printf("at %s", text);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		printf("by proc %s", text);
	fd = fchdir(dir) ? -1 : open(name, O_RDONLY);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		printf("from there %s", text);
	if (openat(dir, name, O_WRONLY) >= 0)
		printf("write\n");
	if (openat(dir, "made", O_WRONLY | O_CREAT, 0644) >= 0)
		printf("made\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc < 3)
		return 2;
	strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
	if (argc == 3)
		return connect(fd, (struct sockaddr *)&address, sizeof(address))
			   ? 2
			   : take(fd, argv[2]);
	unlink(argv[1]);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		return 2;
	return give(fd, argv[2], argv + 3);
}
