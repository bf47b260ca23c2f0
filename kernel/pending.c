/*
 * Operations that block, each in a worker process of its own.
 *
 * A process and not a thread: it shares no memory that would have to be locked, ending
 * it needs no cooperation, and the monitor stays single-threaded. It costs a fork, once for each
 * operation that really blocks (the opening of a FIFO without a peer, say).
 */
#include "kernel/pending.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/process.h"
#include "kernel/space.h"

static void interrupted(int signal)
{
	(void)signal;
}

void kern_pending_setup(void)
{
	/* No SA_RESTART: the point is to make the blocking call return. */
	struct sigaction action = {.sa_handler = interrupted};

	sigaction(SIGUSR1, &action, NULL);
	/* What is left behind by the monitors of spaces within comes to the first process of their
	 * namespace: us. Nobody asks how it ended, and what it holds has to be let go of. */
	if (getpid() == 1)
		signal(SIGCHLD, SIG_IGN);
}

int kern_pending_fork(struct kern_pending *pending, const struct kern_message *message)
{
	pid_t worker;

	if (pending->count == CD_PENDING_MAX)
		return -EAGAIN;
	worker = fork();
	if (worker < 0)
		return -EAGAIN;
	if (worker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return 0;
	}
	pending->work[pending->count++] =
	    (struct kern_pending_work){worker, message->id, message->tid};
	return KERN_PENDING;
}

void kern_pending_settle(void)
{
	sigset_t interrupts;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGUSR1);
	sigprocmask(SIG_BLOCK, &interrupts, NULL);
}

void kern_pending_sweep(struct kern_pending *pending, struct kern_space *space)
{
	for (size_t i = 0; i < pending->count;) {
		struct kern_pending_work *work = &pending->work[i];
		struct kern_message probe;

		/* Itself, or ECHILD: it has not been waited for. */
		if (waitpid(work->worker, NULL, WNOHANG) != 0) {
			*work = pending->work[--pending->count];
			continue;
		}
		probe.space = space;
		probe.id = work->id;
		probe.tid = work->tid;
		/*
		 * A message that nobody waits for any more may be one that the worker is answering
		 * just now. So it is never killed: Linux, interrupted in handing a descriptor over,
		 * lets the call return 0.
		 */
		if (!kern_message_alive(&probe) || kern_process_interrupted(&probe))
			kill(work->worker, SIGUSR1);
		i++;
	}
}

void kern_pending_end(struct kern_pending *pending)
{
	for (size_t i = 0; i < pending->count; i++) {
		kill(pending->work[i].worker, SIGKILL);
		while (waitpid(pending->work[i].worker, NULL, 0) < 0 && errno == EINTR)
			;
	}
	pending->count = 0;
}
