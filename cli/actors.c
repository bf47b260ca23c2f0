/* Who asks. */
#include "cli/actors.h"

#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "kernel/process.h"

#define THREADS	 1024 /* remembered, each at the place that its number says */
#define PROGRAMS 4096
#define OLD_NS	 UINT64_C(1000000000)

struct thread {
	pid_t number; /* the monitor's; 0: free */
	uint64_t looked;
	struct actor who;
};

/* By what it is called, through a digest that nobody can find a second name for. */
struct program {
	char digest[AUDIT_DIGEST_SIZE];
	uint32_t number; /* 0: free */
};

struct actors {
	struct thread threads[THREADS];
	struct program programs[PROGRAMS];
	uint32_t count;
};

struct actors *actors_new(void)
{
	return calloc(1, sizeof(struct actors));
}

void actors_free(struct actors *actors)
{
	free(actors);
}

static uint32_t number_program(struct actors *actors, const char *path, size_t len, bool *fresh)
{
	char digest[AUDIT_DIGEST_SIZE];
	size_t at;

	audit_digest(path, len, digest);
	memcpy(&at, digest, sizeof(at));
	for (at %= PROGRAMS; actors->programs[at].number; at = (at + 1) % PROGRAMS)
		if (memcmp(actors->programs[at].digest, digest, sizeof(digest)) == 0)
			return actors->programs[at].number;
	if (actors->count >= PROGRAMS / 2)
		return 0;
	memcpy(actors->programs[at].digest, digest, sizeof(digest));
	actors->programs[at].number = ++actors->count;
	*fresh = true;
	return actors->programs[at].number;
}

void actors_find(struct actors *actors, const struct kern_message *message, struct actor *out,
		 char path[CD_PATH_MAX], bool *fresh)
{
	struct thread *thread = &actors->threads[(unsigned)message->tid % THREADS];
	const uint64_t now = message->arrived_ns;
	struct kern_ids ids;
	ssize_t len;

	if (thread->number == message->tid && now - thread->looked < OLD_NS) {
		*out = thread->who;
		return;
	}
	*thread = (struct thread){.number = message->tid,
				  .looked = now,
				  .who = {.pid = message->tid, .tid = message->tid}};
	if (kern_process_ids(message, &ids)) {
		thread->who.pid = ids.tgid;
		thread->who.tid = ids.tid;
	}
	len = kern_process_program(message, path, CD_PATH_MAX);
	if (len > 0)
		thread->who.program = number_program(actors, path, (size_t)len, fresh);
	*out = thread->who;
}

void actors_forget(struct actors *actors, pid_t tid)
{
	struct thread *thread = &actors->threads[(unsigned)tid % THREADS];
	pid_t pid = thread->who.pid;

	if (thread->number != tid)
		return;
	thread->number = 0;
	/* It will have its process's number: whoever was the first of its threads is gone. */
	for (size_t i = 0; pid != thread->who.tid && i < THREADS; i++)
		if (actors->threads[i].number && actors->threads[i].who.pid == pid)
			actors->threads[i].number = 0;
}

void actors_forget_program(struct actors *actors, uint32_t program)
{
	/* The last one made: nothing was made after it. */
	for (size_t i = 0; i < PROGRAMS; i++)
		if (actors->programs[i].number == program)
			actors->programs[i].number = 0;
	if (actors->count == program)
		actors->count--;
	for (size_t i = 0; i < THREADS; i++)
		if (actors->threads[i].who.program == program)
			actors->threads[i].number = 0;
}
