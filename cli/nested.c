/* Asking for a space. */
#include "cli/nested.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/records.h"
#include "cli/request.h"
#include "cordon/gate.h"

bool nested_is(void)
{
	return prctl(CD_GATE, CD_GATE_ASK, 0, 0, 0) >= 1;
}

static bool make_ends(int ends[CD_GATE_FD_COUNT][2])
{
	return pipe2(ends[CD_GATE_FAULT], O_CLOEXEC) == 0 &&
	       pipe2(ends[CD_GATE_STATUS], O_CLOEXEC) == 0 &&
	       socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends[CD_GATE_CONTROL]) == 0 &&
	       socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends[CD_GATE_BROKER]) == 0;
}

static void close_ends(int ends[CD_GATE_FD_COUNT][2], int side)
{
	for (int i = 0; i < CD_GATE_FD_COUNT; i++)
		if (ends[i][side] >= 0)
			close(ends[i][side]);
}

static enum cd_status ask(const struct run *run, int ends[CD_GATE_FD_COUNT][2], int request)
{
	struct cd_gate_create create = {.size = sizeof(create)};

	for (int i = 0; i < CD_GATE_FD_COUNT; i++)
		create.fd[i] = ends[i][1];
	create.fd[CD_GATE_REQUEST] = request;
	for (int i = 0; i < 3; i++)
		create.fd[CD_GATE_IN + i] = i;
	create.fd[CD_GATE_NAMES] = run->network.names_fd;
	create.fd[CD_GATE_PORT] = run->port.socket;
	create.fd[CD_GATE_PORT_OUT] = run->port.out;
	create.fd[CD_GATE_PORT_IN] = run->port.in;
	create.fd[CD_GATE_ANSWERS] = run->network.answers_fd;
	create.fd[CD_GATE_LOG] = run->records ? records_fd(run->records) : -1;
	for (size_t i = 0; i < run->fds.count; i++)
		create.fd[CD_GATE_GRANTED + i] = run->fds.fd[i];
	snprintf(create.name, sizeof(create.name), "%s", run_hostname(run));
	if (prctl(CD_GATE, CD_GATE_CREATE, &create, 0, 0) == 0)
		return CD_OK;
	return CD_ESYS;
}

enum cd_status nested_launch(const struct run *run, struct host_space *space,
			     struct host_fault *fault)
{
	int ends[CD_GATE_FD_COUNT][2], request;
	enum cd_status status = CD_ESYS;

	memset(ends, -1, sizeof(ends));
	*fault = (struct host_fault){.stage = HOST_STAGE_REQUEST};
	request = memfd_create("cordon-request", MFD_CLOEXEC);
	if (request >= 0 && make_ends(ends) && request_write(run, request))
		status = ask(run, ends, request);
	fault->error = errno;
	if (request >= 0)
		close(request);
	close_ends(ends, 1);
	if (status != CD_OK) {
		close_ends(ends, 0);
		return status;
	}
	*space = (struct host_space){.monitor_pidfd = -1,
				     .warden = -1,
				     .within = true,
				     .control = ends[CD_GATE_CONTROL][0],
				     .broker = ends[CD_GATE_BROKER][0],
				     .fault = ends[CD_GATE_FAULT][0],
				     .status = ends[CD_GATE_STATUS][0]};
	return CD_OK;
}
