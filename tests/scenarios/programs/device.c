/* device PATH REQUEST [ARGUMENT]: opens a device and makes a request of it; prints what comes of
 * either. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	char room[4096] = "";
	int fd = open(argv[1], O_RDWR);
	unsigned long request = argc > 2 ? strtoul(argv[2], NULL, 16) : 0;
	long result;

	if (fd < 0)
		fd = open(argv[1], O_RDONLY);
	if (fd < 0) {
		printf("open: %s\n", strerror(errno));
		return 1;
	}
	if (argc < 3)
		return 0;
	result =
	    argc > 3 ? ioctl(fd, request, strtoul(argv[3], NULL, 0)) : ioctl(fd, request, room);
	printf("request: %s\n", result < 0 ? strerror(errno) : "done");
	return result < 0;
}
