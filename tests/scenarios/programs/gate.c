/*
 * Asks for spaces within this one as no cordon would: gate ROUNDS [SEED]. Any bytes as the request,
 * any descriptor in any role, the same one in several, a request that changes or shrinks while it
 * is read. Prints how many were taken.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gate.h"

static int request;
static unsigned seed;

static unsigned any(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static void *disturb(void *unused)
{
	char bytes[4096];
	unsigned own = 1;

	(void)unused;
	for (;;) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)rand_r(&own);
		if (pwrite(request, bytes, sizeof(bytes), rand_r(&own) % 9000) < 0 ||
		    ftruncate(request, rand_r(&own) % 10000) < 0)
			usleep(10);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100, taken = 0, ends[2], pair[2], fds[16],
	    count = 0;
	pthread_t thread;

	seed = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)getpid();
	signal(SIGPIPE, SIG_IGN);
	request = (int)syscall(SYS_memfd_create, "request", 0);
	if (request < 0 || pipe(ends) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return 2;
	/* A pipe that nobody reads, and that is full. */
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], "full", 4) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	fds[count++] = request;
	fds[count++] = ends[0];
	fds[count++] = ends[1];
	fds[count++] = pair[0];
	fds[count++] = open("/", O_RDONLY | O_DIRECTORY);
	fds[count++] = open("/usr", O_PATH);
	fds[count++] = open("/dev/zero", O_RDWR);
	fds[count++] = open("/dev/null", O_RDWR);
	fds[count++] = open("/proc/self/status", O_RDONLY);
	fds[count++] = open("/proc/self/ns/mnt", O_RDONLY);
	fds[count++] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	fds[count++] = epoll_create1(0);
	fds[count++] = eventfd(0, 0);
	fds[count++] = socket(AF_INET, SOCK_STREAM, 0);
	fds[count++] = -1;
	fds[count++] = 1000;
	pthread_create(&thread, NULL, disturb, NULL);
	for (int round = 0; round < rounds; round++) {
		struct cd_gate_create create = {.size = sizeof(create)};

		for (int i = 0; i < CD_GATE_FD_COUNT; i++)
			create.fd[i] = any(4) ? fds[any(9)] : fds[any((unsigned)count)];
		if (any(3))
			create.fd[CD_GATE_REQUEST] = request;
		for (int i = 0; i < 3; i++)
			create.fd[CD_GATE_IN + i] = any(8) ? i : create.fd[CD_GATE_IN + i];
		strcpy(create.name, "x");
		switch (any(16)) {
		case 0: create.size = any(4096); break;
		case 1: memset(create.name, 'a', sizeof(create.name)); break;
		case 2: create.name[0] = '\0'; break;
		case 3:
			prctl(CD_GATE, CD_GATE_CREATE, (void *)(uintptr_t)any(1u << 30), 0, 0);
			break;
		case 4: prctl(CD_GATE, any(1000), &create, 0, 0); break;
		}
		taken += prctl(CD_GATE, CD_GATE_CREATE, &create, 0, 0) == 0;
		if (any(4) == 0)
			usleep(1000);
	}
	printf("%d of %d taken\n", taken, rounds);
	return 0;
}
