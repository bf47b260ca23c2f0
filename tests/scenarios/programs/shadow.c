/*
 * A processor with Intel's CET, played: steps through a program, and through all that it
 * starts, and applies to each instruction what such a processor and Linux would.
 *
 *	shadow PROGRAM ARGUMENT...
 *
 * Shadow stacks: `call` puts the address to return to on a second stack, `ret` goes where that
 * says. A signal puts a mark on it, and the restorer's address; sigreturn wants the mark on
 * top. A new thread has an empty one, a child of fork and vfork a copy; execve begins afresh.
 *
 * Indirect branches: where one that is not `notrack` begins or ends in code of cordon's (the
 * shim's range, or a mapping that begins as the loader's segments do), an endbr64 must stand.
 * Whether other code has these is not asked.
 *
 * One thing is let pass, for C libraries that know of shadow stacks pop them in longjmp, and
 * only if there are any: an indirect jump, outside of cordon's code, to above what is on the
 * stack drops what is left below. It is no call in the last place, as no address to return to
 * is at the stack pointer. A `ret` is never let pass.
 *
 * Each violation is a line on standard error, and what was counted the last one. Exit status:
 * the program's own, 99 after a violation, 98 if this could not be done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHIM_HIGH     0x7ecd /* include/cordon/shim.h */
#define SEGMENT_MAGIC "cordon\0\1"

#define THREADS	   64
#define DEPTH	   4096
#define MAPS	   512
#define CACHE	   65536 /* a power of two */
#define VIOLATIONS 20	 /* are shown */
#define MARK	   1	 /* in place of an address: a signal's */

enum {
	CALL = 1,
	JUMP = 2,
	RET = 4,
	SYSCALL = 8,
	INDIRECT = 16,
	NOTRACK = 32,
	ENDBR = 64,
	OURS = 128
};

struct entry {
	uint64_t address; /* to return to, or MARK */
	uint64_t slot;	  /* where on the usual stack that is */
};

struct thread {
	pid_t id; /* 0: none */
	int is_known, is_stopped;
	unsigned memory; /* equal for those who share it */
	int memory_fd;
	int signal;	     /* is being delivered */
	unsigned what;	     /* the instruction that it is about to execute, */
	uint64_t at, number; /* where; rax at that time */
	struct entry stack[DEPTH];
	size_t depth;
};

struct map {
	uint64_t start, end, offset;
	int is_ours;
	char name[128];
};

static struct thread threads[THREADS];
static unsigned memories,
    generation = 1; /* of mappings: what is cached of older ones counts no more */

static struct {
	unsigned memory, generation, what;
	uint64_t at;
} cache[CACHE];

static struct {
	unsigned memory, generation;
	size_t count;
	struct map list[MAPS];
} maps;

static struct {
	unsigned long instructions, calls, calls_ours, returns, returns_ours, branches,
	    branches_ours, notrack, notrack_ours, signals, signals_ours, unwound, unwound_ours,
	    violations;
} count;

static void give_up(const char *what)
{
	fprintf(stderr, "shadow: %s: %s\n", what, strerror(errno));
	exit(98);
}

/* ---- what is where ---- */

static size_t read_memory(const struct thread *thread, uint64_t at, void *to, size_t size)
{
	ssize_t n = pread(thread->memory_fd, to, size, (off_t)at);

	return n > 0 ? (size_t)n : 0;
}

static uint64_t read_word(const struct thread *thread, uint64_t at)
{
	uint64_t word = 0;

	read_memory(thread, at, &word, sizeof(word));
	return word;
}

static void read_maps(const struct thread *thread)
{
	char path[64], line[512], rights[8], head[8];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", thread->id);
	file = fopen(path, "r");
	if (!file)
		give_up(path);
	maps.memory = thread->memory, maps.generation = generation, maps.count = 0;
	while (maps.count < MAPS && fgets(line, sizeof(line), file)) {
		struct map *map = &maps.list[maps.count];

		map->name[0] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %127s",
			   &map->start, &map->end, rights, &map->offset, map->name) < 4)
			continue;
		map->is_ours = map->start >> 32 == SHIM_HIGH ||
			       (rights[2] == 'x' && read_memory(thread, map->start, head, 8) == 8 &&
				memcmp(head, SEGMENT_MAGIC, 8) == 0);
		maps.count++;
	}
	fclose(file);
}

static const struct map *find_map(const struct thread *thread, uint64_t at)
{
	if (maps.memory != thread->memory || maps.generation != generation)
		read_maps(thread);
	for (size_t i = 0; i < maps.count; i++)
		if (at >= maps.list[i].start && at < maps.list[i].end)
			return &maps.list[i];
	return NULL;
}

/* Four buffers, for as many in one message. */
static const char *name_of(const struct thread *thread, uint64_t at)
{
	static char texts[4][256];
	static unsigned next;
	const struct map *map = find_map(thread, at);
	char *text = texts[next++ % 4];

	if (at == MARK)
		return "a signal's mark";
	if (map)
		snprintf(text, 256, "%#" PRIx64 " (%s+%#" PRIx64 "%s)", at,
			 map->name[0] ? map->name : "no file", at - map->start + map->offset,
			 map->is_ours ? ", cordon's" : "");
	else
		snprintf(text, 256, "%#" PRIx64, at);
	return text;
}

static void object(const struct thread *thread, const char *what, const char *wanted)
{
	if (count.violations++ < VIOLATIONS)
		fprintf(stderr, "shadow: thread %d: at %s: %s; %s\n", thread->id,
			name_of(thread, thread->at), what, wanted);
}

/* ---- instructions ---- */

/* Of those that matter, what they are; lengths do not matter. */
static unsigned decode(const uint8_t bytes[16])
{
	const uint8_t *code = bytes;
	unsigned notrack = 0;

	if (memcmp(bytes, "\xf3\x0f\x1e\xfa", 4) == 0)
		return ENDBR;
	for (; code < bytes + 12; code++) {
		if (*code == 0x3e)
			notrack = NOTRACK;
		else if (!*code || !strchr("\x66\x67\xf2\xf3\x2e\x36\x26\x64\x65", *code))
			break;
	}
	if ((*code & 0xf0) == 0x40)
		code++;
	switch (*code) {
	case 0xe8:
		return memcmp(code + 1, "\0\0\0\0", 4) == 0
			   ? 0
			   : CALL; /* one that reads rip is no call */
	case 0xc2:
	case 0xc3: return RET;
	case 0x0f: return code[1] == 0x05 ? SYSCALL : 0;
	case 0xff:
		if ((code[1] >> 3 & 7) == 2)
			return CALL | INDIRECT | notrack;
		if ((code[1] >> 3 & 7) == 4)
			return JUMP | INDIRECT | notrack;
	}
	return 0;
}

static unsigned look_at(const struct thread *thread, uint64_t at)
{
	size_t i = (at ^ at >> 16 ^ thread->memory * 257u) % CACHE;
	uint8_t bytes[16] = {0};
	const struct map *map;

	if (cache[i].at == at && cache[i].memory == thread->memory &&
	    cache[i].generation == generation)
		return cache[i].what;
	map = find_map(thread, at);
	read_memory(thread, at, bytes, sizeof(bytes));
	cache[i].what = decode(bytes) | (map && map->is_ours ? OURS : 0);
	cache[i].at = at, cache[i].memory = thread->memory, cache[i].generation = generation;
	return cache[i].what;
}

/* ---- the rules ---- */

static void push(struct thread *thread, uint64_t address, uint64_t slot)
{
	if (thread->depth == DEPTH) {
		fprintf(stderr, "shadow: thread %d: too deep\n", thread->id);
		exit(98);
	}
	thread->stack[thread->depth++] = (struct entry){address, slot};
}

static void check_return(struct thread *thread, uint64_t to, int ours)
{
	const struct entry *top = thread->depth ? &thread->stack[thread->depth - 1] : NULL;
	char what[300], wanted[300];

	count.returns++, count.returns_ours += (unsigned)ours;
	if (top && top->address == to) {
		thread->depth--;
		return;
	}
	snprintf(what, sizeof(what), "returns to %s", name_of(thread, to));
	snprintf(wanted, sizeof(wanted), "the shadow stack has %s",
		 top ? name_of(thread, top->address) : "nothing");
	object(thread, what, wanted);
	/* So that the next ones are as good as they can be. */
	for (size_t i = thread->depth; i-- > 0;) {
		if (thread->stack[i].address == to) {
			thread->depth = i;
			break;
		}
	}
}

/* Above what is on the stack, and not as a call in the last place would. */
static void check_unwinding(struct thread *thread, uint64_t sp)
{
	if (!thread->depth || thread->stack[thread->depth - 1].slot >= sp)
		return;
	for (size_t i = 0; i < thread->depth; i++)
		if (thread->stack[i].slot == sp)
			return;
	count.unwound++;
	while (thread->depth && thread->stack[thread->depth - 1].slot < sp) {
		uint64_t address = thread->stack[--thread->depth].address;

		count.unwound_ours += address != MARK && (look_at(thread, address) & OURS) != 0;
	}
}

static void check_branch(struct thread *thread, uint64_t to, unsigned there)
{
	unsigned ours = ((thread->what | there) & OURS) != 0;
	char what[300];

	if (thread->what & NOTRACK) {
		count.notrack++, count.notrack_ours += ours;
		return;
	}
	count.branches++, count.branches_ours += ours;
	if (!ours || (there & ENDBR))
		return;
	snprintf(what, sizeof(what), "branches to %s", name_of(thread, to));
	object(thread, what, "no endbr64 is there");
}

static void check_sigreturn(struct thread *thread)
{
	const struct entry *top = thread->depth ? &thread->stack[thread->depth - 1] : NULL;

	if (top && top->address == MARK)
		thread->depth--;
	else
		object(thread, "sigreturn", "no signal's mark is on top of the shadow stack");
}

/* Linux is about to make it once more (its ERESTARTSYS and the like), unless a handler comes first.
 */
static int is_restarting(const struct user_regs_struct *regs)
{
	return (int64_t)regs->rax <= -512 && (int64_t)regs->rax >= -516;
}

/* True: the next instruction is not the one at rip, but this one again. */
static int check_syscall(struct thread *thread, const struct user_regs_struct *regs)
{
	switch (thread->number) {
	case SYS_rt_sigreturn: check_sigreturn(thread); return 0;
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_mremap: generation++; return 0;
	}
	return is_restarting(regs);
}

/* What it is about to execute. */
static void look_ahead(struct thread *thread, const struct user_regs_struct *regs)
{
	thread->what = look_at(thread, regs->rip);
	thread->at = regs->rip, thread->number = regs->rax;
}

/* One instruction was executed; what it was is known from before. */
static void check(struct thread *thread, const struct user_regs_struct *regs)
{
	unsigned there = look_at(thread, regs->rip), what = thread->what;
	int ours = ((what | there) & OURS) != 0;

	count.instructions++;
	if (what & CALL) {
		count.calls++, count.calls_ours += (unsigned)ours;
		push(thread, read_word(thread, regs->rsp), regs->rsp);
	}
	if (what & RET)
		check_return(thread, regs->rip, ours);
	if (what & INDIRECT)
		check_branch(thread, regs->rip, there);
	if ((what & JUMP) && !ours)
		check_unwinding(thread, regs->rsp);
	if (!(what & SYSCALL) || !check_syscall(thread, regs))
		look_ahead(thread, regs);
}

/* A handler has been entered: nothing was executed. */
static void begin_handler(struct thread *thread, const struct user_regs_struct *regs)
{
	count.signals++, count.signals_ours += (thread->what & OURS) != 0;
	push(thread, MARK, 0);
	push(thread, read_word(thread, regs->rsp), regs->rsp);
	look_ahead(thread, regs);
}

static void begin_program(struct thread *thread, const struct user_regs_struct *regs)
{
	thread->depth = 0;
	look_ahead(thread, regs);
	if ((thread->what & OURS) && !(thread->what & ENDBR))
		object(thread, "a program begins here", "no endbr64 is there");
	/* What comes next is the end of execve. */
	thread->what = 0;
}

/* ---- threads ---- */

static struct thread *find_thread(pid_t id)
{
	static struct thread *last = threads;

	if (last->id == id)
		return last;
	for (struct thread *thread = threads; thread < threads + THREADS; thread++)
		if (thread->id == id)
			return last = thread;
	return NULL;
}

static struct thread *new_thread(pid_t id)
{
	struct thread *thread = find_thread(0);

	if (!thread) {
		errno = EAGAIN;
		give_up("threads");
	}
	thread->id = id;
	thread->is_known = thread->is_stopped = thread->signal = 0;
	thread->memory_fd = -1;
	thread->what = 0;
	thread->depth = 0;
	return thread;
}

static void open_memory(struct thread *thread)
{
	char path[64];

	if (thread->memory_fd >= 0)
		close(thread->memory_fd);
	snprintf(path, sizeof(path), "/proc/%d/mem", thread->id);
	thread->memory_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (thread->memory_fd < 0)
		give_up(path);
}

static void end_thread(struct thread *thread)
{
	if (thread->memory_fd >= 0)
		close(thread->memory_fd);
	thread->id = 0;
}

/* One that was killed in the meantime is told of by waitpid(). */
static void step(struct thread *thread, int signal)
{
	thread->signal = signal;
	if (ptrace(PTRACE_SINGLESTEP, thread->id, NULL, (void *)(intptr_t)signal) != 0 &&
	    errno != ESRCH)
		give_up("PTRACE_SINGLESTEP");
}

static int get_registers(const struct thread *thread, struct user_regs_struct *regs)
{
	return ptrace(PTRACE_GETREGS, thread->id, NULL, regs) == 0;
}

static void begin(struct thread *thread)
{
	struct user_regs_struct regs;

	if (get_registers(thread, &regs))
		look_ahead(thread, &regs);
	step(thread, 0);
}

/* As Linux does it with shadow stacks: those who share the memory, and do not wait for one another,
 * share nothing else. */
static void add_child(struct thread *parent, int event)
{
	unsigned long id = 0;
	struct thread *child;

	if (ptrace(PTRACE_GETEVENTMSG, parent->id, NULL, &id) != 0)
		return;
	child = find_thread((pid_t)id);
	if (!child)
		child = new_thread((pid_t)id);
	child->memory = event == PTRACE_EVENT_FORK ? ++memories : parent->memory;
	if (event != PTRACE_EVENT_CLONE) {
		memcpy(child->stack, parent->stack, parent->depth * sizeof(child->stack[0]));
		child->depth = parent->depth;
	}
	child->is_known = 1;
	open_memory(child);
	if (child->is_stopped)
		begin(child);
}

static void begin_exec(struct thread *thread)
{
	thread->memory = ++memories;
	open_memory(thread);
}

/* Of a stop behind the delivery of a signal: has a handler been entered, or was there none, and an
 * instruction executed? */
static int is_handler(const struct thread *thread)
{
	siginfo_t info = {0};

	return thread->signal && ptrace(PTRACE_GETSIGINFO, thread->id, NULL, &info) == 0 &&
	       info.si_code == SIGTRAP;
}

static void go_on(struct thread *thread, int status)
{
	struct user_regs_struct regs;
	int event = status >> 16, signal = WSTOPSIG(status);

	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
	    event == PTRACE_EVENT_CLONE) {
		add_child(thread, event);
	} else if (event == PTRACE_EVENT_EXEC) {
		begin_exec(thread);
		if (get_registers(thread, &regs))
			begin_program(thread, &regs);
	} else if (signal != SIGTRAP) {
		step(thread, signal);
		return;
	} else if (get_registers(thread, &regs)) {
		if (is_handler(thread))
			begin_handler(thread, &regs);
		else
			check(thread, &regs);
	}
	step(thread, 0);
}

/* A new one is told of twice, in any order: by itself, with SIGSTOP, and by who has made it. */
static void handle_stop(pid_t id, int status)
{
	struct thread *thread = find_thread(id);

	if (!thread)
		thread = new_thread(id);
	if (thread->is_stopped) {
		go_on(thread, status);
		return;
	}
	thread->is_stopped = 1;
	if (thread->is_known)
		begin(thread);
}

static pid_t start(char **argv)
{
	const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			give_up("PTRACE_TRACEME");
		raise(SIGSTOP);
		execvp(argv[0], argv);
		give_up(argv[0]);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)options) != 0 ||
	    ptrace(PTRACE_CONT, child, NULL, NULL) != 0)
		give_up("it could not be started");
	new_thread(child);
	threads[0].is_known = threads[0].is_stopped = 1;
	return child;
}

static void tell(void)
{
	fprintf(stderr,
		"shadow: instructions %lu, calls %lu (%lu), returns %lu (%lu), branches %lu (%lu), "
		"notrack %lu (%lu), signals %lu (%lu), "
		"unwound %lu (%lu); violations %lu\n",
		count.instructions, count.calls, count.calls_ours, count.returns,
		count.returns_ours, count.branches, count.branches_ours, count.notrack,
		count.notrack_ours, count.signals, count.signals_ours, count.unwound,
		count.unwound_ours, count.violations);
}

int main(int argc, char **argv)
{
	int status, result = 98;
	cpu_set_t here;
	pid_t first, id;

	if (argc < 2)
		return 98;
	/* Waking another processor takes several times as long as an instruction's step. */
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
	first = start(argv + 1);
	while ((id = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		struct thread *thread = id > 0 ? find_thread(id) : NULL;

		if (id > 0 && WIFSTOPPED(status)) {
			handle_stop(id, status);
			continue;
		}
		if (thread)
			end_thread(thread);
		if (id == first)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	tell();
	return count.violations ? 99 : result;
}
