/*
 * The border: who is asked, in which order, and what becomes of it; then a real process behind a
 * filter, served by handlers that are made up.
 */
#include "kernel/border.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kernel/support.h"

TestSuite(border, .timeout = 60);

/* ---- the chain ---- */

static char trace[64];

struct fake_layer {
	char letter;
	enum cd_verdict verdict;
	bool immovable;
};

static void fake_decide(void *context, uint64_t ops, const struct cd_object *object,
			struct cd_decision *decision)
{
	const struct fake_layer *layer = context;
	size_t len = strlen(trace);

	cr_expect_eq(ops, CD_OPBIT(CD_OP_FS_READ));
	cr_expect_str_eq(object->text, "/x");
	trace[len] = layer->letter;
	trace[len + 1] = '\0';
	*decision =
	    (struct cd_decision){layer->verdict, CD_OP_FS_READ, (uint32_t)(layer->letter - 'a')};
}

static bool fake_movable(void *context, const char *path, size_t len)
{
	const struct fake_layer *layer = context;

	(void)path, (void)len;
	return !layer->immovable;
}

static struct {
	struct kern_record record;
	struct cd_decision decision;
	unsigned count;
} noted;

static void note(void *context, const struct kern_record *record)
{
	(void)context;
	noted.record = *record;
	noted.decision = *record->decision;
	noted.count++;
}

static const struct kern_host no_host;

/* Three spaces, five layers: the leaf's a and b, its parent's c, the root's d and e. */
static struct chain {
	struct kern_space *spaces[3];
	struct fake_layer facts[5];
	struct kern_layer layers[5];
	struct kern_observer observer;
	struct kern_border *border;
	struct kern_message message;
} chain;

static const unsigned space_of[] = {0, 0, 1, 2, 2}, place_of[] = {0, 1, 0, 0, 1};

static void make_chain(enum kern_on_deny on_deny)
{
	chain.spaces[2] = kern_space_new(NULL, -1);
	chain.spaces[1] = kern_space_new(chain.spaces[2], -1);
	chain.spaces[0] = kern_space_new(chain.spaces[1], -1);
	for (unsigned i = 0; i < 5; i++) {
		chain.facts[i] = (struct fake_layer){(char)('a' + i), CD_ALLOW, false};
		chain.layers[i] = (struct kern_layer){.name = "fake",
						      .context = &chain.facts[i],
						      .on_deny = on_deny,
						      .decide = fake_decide,
						      .movable = fake_movable};
		cr_assert_eq(kern_space_add_layer(chain.spaces[space_of[i]], &chain.layers[i]),
			     CD_OK);
	}
	chain.observer = (struct kern_observer){.record = note};
	chain.border = kern_border_new(chain.spaces[0], &no_host, &chain.observer);
	chain.message.space = chain.spaces[0];
	cr_assert_not_null(chain.border);
}

static void free_chain(void)
{
	kern_border_free(chain.border);
	kern_space_free(chain.spaces[2]);
}

static const struct cd_object x = {.kind = CD_OBJECT_PATH, .text = "/x", .len = 2};
#define READ CD_OPBIT(CD_OP_FS_READ)

static int ask(void)
{
	trace[0] = '\0';
	return kern_border_decide(chain.border, &chain.message, READ, &x);
}

Test(border, all_layers_are_asked_innermost_first_and_then_the_parents)
{
	make_chain(KERN_DENY_ERRNO);
	cr_expect_eq(ask(), 0);
	cr_expect_str_eq(trace, "abcde");
	cr_expect_eq(noted.count, 0, "what is allowed is not recorded");
	cr_expect_eq(kern_border_counters(chain.border)->denied, 0);
	chain.observer.all = true;
	cr_expect_eq(ask(), 0);
	cr_expect_eq(noted.count, 1, "but when that is wanted");
	cr_expect_eq(noted.decision.verdict, CD_ALLOW);
	free_chain();
}

Test(border, the_first_that_denies_decides_whoever_it_is)
{
	static const enum cd_verdict refusals[] = {CD_DENY, CD_ASK};

	make_chain(KERN_DENY_ERRNO);
	for (unsigned r = 0; r < 2; r++)
		for (unsigned i = 0; i < 5; i++) {
			/* Those further out deny too, and are not asked. */
			for (unsigned k = 0; k < 5; k++)
				chain.facts[k].verdict = k < i ? CD_ALLOW : refusals[r];
			noted.count = 0;
			cr_expect_eq(ask(), -EACCES, "layer %u", i);
			cr_expect_eq(strlen(trace), i + 1);
			cr_expect_eq(noted.count, 1);
			cr_expect_eq(noted.decision.rule, i);
			cr_expect_eq(noted.decision.verdict, refusals[r]);
			cr_expect_eq(noted.record.space, chain.spaces[space_of[i]]);
			cr_expect_eq(noted.record.layer, place_of[i]);
			cr_expect_eq(noted.record.object, &x);
			cr_expect_eq(noted.record.ops, READ);
			cr_expect(!noted.record.absent);
		}
	cr_expect_eq(kern_border_counters(chain.border)->denied, 10);
	free_chain();
}

/* ---- asking ---- */

static enum kern_answer answers;

static enum kern_answer fake_ask(void *context, const struct kern_record *record)
{
	cr_expect_eq(record->decision->verdict, CD_ASK);
	cr_expect_eq(record->space, chain.spaces[0]);
	trace[strlen(trace) + 1] = '\0';
	trace[strlen(trace)] = '?';
	(void)context;
	return answers;
}

static const struct kern_asker asker = {NULL, fake_ask};

/* What the worker that asks comes to, in the form of an exit status; -1: none was made. */
static int ask_by_worker(int *here)
{
	pid_t us = getpid();
	int status, result = ask();

	if (getpid() != us)
		_exit(result == 0 ? 10 : result == -EACCES ? 11 : result == -512 ? 12 : 13);
	*here = result;
	return waitpid(-1, &status, 0) > 0 ? WEXITSTATUS(status) : -1;
}

Test(border, a_worker_asks_and_the_receiver_goes_on)
{
	static const struct {
		enum kern_answer answer;
		int status;
	} cases[] = {{KERN_ANSWER_YES, 10}, {KERN_ANSWER_NO, 11}, {KERN_ANSWER_INTERRUPTED, 12}};
	int here;

	make_chain(KERN_DENY_ERRNO);
	kern_border_set_asker(chain.border, &asker);
	chain.facts[1].verdict = CD_ASK;
	for (unsigned i = 0; i < 3; i++) {
		answers = cases[i].answer;
		cr_expect_eq(ask_by_worker(&here), cases[i].status, "%u", i);
		cr_expect_eq(here, KERN_PENDING);
	}
	cr_expect_eq(noted.count, 0, "the worker records what came of it");
}

Test(border, nobody_is_asked_about_what_another_layer_denies)
{
	int here;

	make_chain(KERN_DENY_ERRNO);
	kern_border_set_asker(chain.border, &asker);
	chain.facts[0].verdict = CD_ASK;
	chain.facts[3].verdict = CD_DENY;
	cr_expect_eq(ask_by_worker(&here), -1);
	cr_expect_eq(here, -EACCES);
	cr_expect_eq(noted.decision.rule, 3);
	free_chain();
}

Test(border, only_the_space_s_own_layers_ask)
{
	int here;

	make_chain(KERN_DENY_ERRNO);
	kern_border_set_asker(chain.border, &asker);
	chain.facts[2].verdict = CD_ASK;
	cr_expect_eq(ask_by_worker(&here), -1);
	cr_expect_eq(here, -EACCES);
	chain.facts[0].verdict = CD_ASK;
	cr_expect_eq(ask_by_worker(&here), -1, "and not in vain");
	cr_expect_eq(here, -EACCES);
	free_chain();
}

Test(border, without_an_asker_to_ask_is_to_deny)
{
	int here;

	make_chain(KERN_DENY_ERRNO);
	chain.facts[0].verdict = CD_ASK;
	cr_expect_eq(ask_by_worker(&here), -1);
	cr_expect_eq(here, -EACCES);
	free_chain();
}

Test(border, what_a_process_is_told_is_the_denying_layers_wish)
{
	static const struct {
		enum kern_on_deny wish;
		int told;
	} wishes[] = {{KERN_DENY_ERRNO, -EACCES},
		      {KERN_DENY_HIDE, -ENOENT},
		      {KERN_DENY_KILL, KERN_DENIED_KILL}};

	make_chain(KERN_DENY_ERRNO);
	for (unsigned w = 0; w < 3; w++)
		for (unsigned i = 0; i < 5; i++) {
			for (unsigned k = 0; k < 5; k++) {
				chain.facts[k].verdict = k == i ? CD_DENY : CD_ALLOW;
				chain.layers[k].on_deny =
				    k == i ? wishes[w].wish : wishes[(w + 1) % 3].wish;
			}
			cr_expect_eq(ask(), wishes[w].told, "wish %u of layer %u", w, i);
		}
	free_chain();
}

Test(border, a_name_that_is_not_there_is_recorded_as_such)
{
	make_chain(KERN_DENY_ERRNO);
	kern_border_note_absent(chain.border, &chain.message, READ, &x);
	cr_expect_eq(noted.count, 0, "nobody denied it");
	chain.facts[2].verdict = CD_DENY;
	kern_border_note_absent(chain.border, &chain.message, READ, &x);
	cr_expect_eq(noted.count, 1);
	cr_expect(noted.record.absent);
	cr_expect_eq(noted.decision.rule, 2);
	free_chain();
}

Test(border, asking_what_would_be_leaves_no_record)
{
	make_chain(KERN_DENY_ERRNO);
	chain.observer.all = true;
	cr_expect(kern_border_would_allow(chain.border, &chain.message, READ, &x));
	for (unsigned i = 0; i < 5; i++) {
		chain.facts[i].verdict = i % 2 ? CD_ASK : CD_DENY;
		cr_expect(!kern_border_would_allow(chain.border, &chain.message, READ, &x), "%u",
			  i);
		chain.facts[i].verdict = CD_ALLOW;
	}
	cr_expect_eq(noted.count, 0);
	cr_expect_eq(kern_border_counters(chain.border)->denied, 0);
	free_chain();
}

Test(border, one_layer_is_enough_to_hold_a_directory_in_place)
{
	make_chain(KERN_DENY_ERRNO);
	cr_expect(kern_border_movable(&chain.message, "/x", 2));
	for (unsigned i = 0; i < 5; i++) {
		chain.facts[i].immovable = true;
		cr_expect(!kern_border_movable(&chain.message, "/x", 2), "%u", i);
		chain.facts[i].immovable = false;
	}
	free_chain();
}

/* ---- serving ---- */

/* mkdir is what a test makes of it; rmdir always succeeds with 5. Everything else has no handler.
 */
typedef void handler(void *context, struct kern_border *border, const struct kern_message *m,
		     struct kern_reply *reply);

/* What the process, the receiver and the workers tell each other. */
struct board {
	volatile int calls, blocked, go, interrupted, refused, served;
	volatile pid_t worker;
};
static struct board *board;
static pid_t monitor;

static void five(void *context, struct kern_border *border, const struct kern_message *m,
		 struct kern_reply *reply)
{
	(void)context, (void)border, (void)m;
	cr_assert_eq(getpid(), monitor, "what does not block is the receiver's");
	board->served++;
	reply->value = 5;
}

static int serve(int (*body)(void *), void *context, handler *mkdir_handler)
{
	const struct kern_host host = {
	    .context = board,
	    .perform = {[CD_VERB_MKDIR] = mkdir_handler, [CD_VERB_UNLINK] = five}};
	struct trapped trapped;
	struct kern_border *border;
	int status;

	if (!board)
		board = shared(sizeof(*board));
	monitor = getpid();
	trapped = trapped_start(NULL, body, context);
	border = kern_border_new(trapped.space, &host, NULL);
	cr_assert_not_null(border);
	cr_expect_eq(kern_border_serve(border), CD_OK);
	status = trapped_wait(&trapped);
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "a worker is left");
	kern_border_free(border);
	trapped_free(&trapped);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The call's result, or -errno. */
static long call(long nr, long a, long b, long c)
{
	long result = syscall(nr, a, b, c);

	return result < 0 ? -errno : result;
}

#define MKDIR(path) call(SYS_mkdir, (long)(path), 0755, 0)
#define RMDIR()	    call(SYS_rmdir, (long)"x", 0, 0)

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static bool await(volatile int *what)
{
	for (int i = 0; i < 5000 && !*what; i++)
		nap();
	return *what;
}

/* The path says which. */
static void reply_by_path(void *context, struct kern_border *border, const struct kern_message *m,
			  struct kern_reply *reply)
{
	(void)context, (void)border;
	board->calls++;
	if (strcmp(m->path, "fd") == 0 || strcmp(m->path, "fd-cloexec") == 0) {
		reply->action = KERN_REPLY_FD;
		reply->fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		reply->fd_cloexec = m->path[2] == '-';
	} else if (strcmp(m->path, "kill") == 0) {
		reply->action = KERN_REPLY_KILL;
	} else if (strcmp(m->path, "denied-kill") == 0) {
		reply->value = KERN_DENIED_KILL;
	} else if (m->path[0] == '/') {
		reply->action = KERN_REPLY_CONTINUE;
	} else {
		reply->value = atol(m->path);
	}
}

static int ask_for_values(void *context)
{
	(void)context;
	if (MKDIR("0") != 0)
		return 1;
	if (MKDIR("7") != 7)
		return 2;
	if (MKDIR("-13") != -EACCES)
		return 3;
	if (MKDIR("4294967297") != 4294967297)
		return 4;
	return RMDIR() == 5 ? 0 : 5;
}

Test(border, a_value_is_what_the_call_returns)
{
	cr_expect_eq(serve(ask_for_values, NULL, reply_by_path), 0);
	cr_expect_eq(board->calls, 4);
	cr_expect_eq(board->served, 1);
}

static int ask_for_descriptors(void *context)
{
	struct rlimit few = {20, 20};
	char text[16];
	long fd = MKDIR("fd");

	(void)context;
	if (fd < 3 || read((int)fd, text, 5) != 5 || memcmp(text, "Name:", 5) != 0)
		return 1;
	if (fcntl((int)fd, F_GETFD) != 0)
		return 2;
	fd = MKDIR("fd-cloexec");
	if (fd < 3 || fcntl((int)fd, F_GETFD) != FD_CLOEXEC)
		return 3;
	if (setrlimit(RLIMIT_NOFILE, &few))
		return 4;
	for (int i = 0; i < 21; i++)
		fd = MKDIR("fd");
	if (fd != -EMFILE)
		return 5;
	return RMDIR() == 5 ? 0 : 6;
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

Test(border, a_descriptor_is_installed_and_the_monitor_keeps_none)
{
	int before = count_descriptors();

	cr_expect_eq(serve(ask_for_descriptors, NULL, reply_by_path), 0);
	cr_expect_eq(count_descriptors(), before);
}

static void reply_with_end(void *context, struct kern_border *border, const struct kern_message *m,
			   struct kern_reply *reply)
{
	(void)context, (void)border;
	reply->action = KERN_REPLY_FD;
	reply->fd = open(m->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

struct fifo {
	const char *path;
	int reads;
};

static int close_what_was_given(void *context)
{
	const struct fifo *f = context;
	char byte;

	for (int i = 0; i < 500; i++) {
		long fd = MKDIR(f->path);

		if (fd < 3 || close((int)fd))
			return 1;
		if (read(f->reads, &byte, 1) != 0)
			return 2;
	}
	return 0;
}

/* Nobody writes any more: a read says so at once, however late the monitor comes to run again. */
Test(border, what_its_process_closes_is_closed)
{
	char path[] = "/tmp/cordon-border-XXXXXX", inside[64];
	struct fifo f = {.path = inside};

	cr_assert_not_null(mkdtemp(path));
	snprintf(inside, sizeof(inside), "%s/fifo", path);
	cr_assert_eq(mkfifo(inside, 0600), 0);
	f.reads = open(inside, O_RDONLY | O_NONBLOCK);
	cr_assert_geq(f.reads, 0);
	cr_expect_eq(serve(close_what_was_given, &f, reply_with_end), 0);
	unlink(inside);
	rmdir(path);
}

static int make_directory(void *context)
{
	return MKDIR(context) == 0 ? 0 : 1;
}

Test(border, continue_lets_linux_perform_the_call)
{
	char path[] = "/tmp/cordon-border-XXXXXX", inside[64];
	struct stat st;

	cr_assert_not_null(mkdtemp(path));
	snprintf(inside, sizeof(inside), "%s/made", path);
	cr_expect_eq(serve(make_directory, inside, reply_by_path), 0);
	cr_expect(stat(inside, &st) == 0 && S_ISDIR(st.st_mode));
	rmdir(inside);
	rmdir(path);
}

static int ask_and_live(void *context)
{
	MKDIR(context);
	return 0;
}

Test(border, kill_ends_the_process_that_asked)
{
	cr_expect_eq(serve(ask_and_live, (char *)"kill", reply_by_path), -SIGKILL);
	cr_expect_eq(serve(ask_and_live, (char *)"denied-kill", reply_by_path), -SIGKILL);
	cr_expect_eq(serve(ask_and_live, (char *)"0", reply_by_path), 0);
}

static int ask_in_wrong_ways(void *context)
{
	static char long_name[5000];

	(void)context;
	memset(long_name, 'a', sizeof(long_name) - 1);
	if (MKDIR(NULL) != -EFAULT)
		return 1;
	if (MKDIR(-1) != -EFAULT)
		return 2;
	if (MKDIR(long_name) != -ENAMETOOLONG)
		return 3;
	if (call(SYS_connect, 0, (long)long_name, -1) != -EINVAL)
		return 4;
	if (call(SYS_truncate, (long)"x", 0, 0) != -ENOSYS)
		return 5;
	return RMDIR() == 5 ? 0 : 6;
}

Test(border, what_is_malformed_or_has_no_handler_is_answered_and_reaches_nobody)
{
	cr_expect_eq(serve(ask_in_wrong_ways, NULL, reply_by_path), 0);
	cr_expect_eq(board->calls, 0);
	cr_expect_eq(board->served, 1);
}

/* mkdir's mode is the address of a word: it is read, and written with one more. */
static void add_one(void *context, struct kern_border *border, const struct kern_message *m,
		    struct kern_reply *reply)
{
	int word = 0;

	(void)context, (void)border;
	reply->value = kern_border_read(m, m->mode, &word, sizeof(word));
	word++;
	if (!reply->value)
		reply->value = kern_border_write(m, m->mode, &word, sizeof(word));
}

static int ask_for_one_more(void *context)
{
	int word = 41;

	(void)context;
	if (call(SYS_mkdir, (long)"x", (long)&word, 0) != 0 || word != 42)
		return 1;
	return call(SYS_mkdir, (long)"x", 16, 0) == -EFAULT ? 0 : 2;
}

Test(border, a_handler_reads_and_writes_the_memory_of_who_asked)
{
	cr_expect_eq(serve(ask_for_one_more, NULL, add_one), 0);
}

/* ---- what blocks ---- */

/* Blocks until it is told to go on, or interrupted; the second time it does not. */
static void block(void *context, struct kern_border *border, const struct kern_message *m,
		  struct kern_reply *reply)
{
	(void)context;
	if (board->calls++ > 0 && m->path[0] == 'o') { /* "once" */
		reply->value = 9;
		return;
	}
	reply->value = kern_border_may_block(border, m);
	if (reply->value) {
		if (reply->value != KERN_PENDING)
			board->refused++;
		return;
	}
	board->worker = getpid();
	__atomic_add_fetch(&board->blocked, 1, __ATOMIC_SEQ_CST);
	reply->value = 11;
	while (!board->go)
		if (nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL) && errno == EINTR) {
			board->interrupted++;
			reply->value = -512; /* ERESTARTSYS */
			return;
		}
}

static pid_t fork_caller(int (*body)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int call_and_wait(void)
{
	return MKDIR("x") == 11 ? 0 : 1;
}

static int live_beside_a_blocked_one(void *context)
{
	pid_t caller = fork_caller(call_and_wait);

	(void)context;
	if (!await(&board->blocked))
		return 1;
	for (int i = 0; i < 100; i++)
		if (RMDIR() != 5)
			return 2;
	if (waitpid(caller, NULL, WNOHANG) != 0)
		return 3;
	board->go = 1;
	return status_of(caller) == 0 ? 0 : 4;
}

Test(border, what_blocks_is_a_workers_and_the_receiver_goes_on)
{
	cr_expect_eq(serve(live_beside_a_blocked_one, NULL, block), 0);
	cr_expect_neq(board->worker, 0);
	cr_expect_neq(board->worker, monitor);
	cr_expect_eq(board->served, 100);
}

static int kill_a_blocked_one(void *context)
{
	pid_t caller = fork_caller(call_and_wait);

	(void)context;
	if (!await(&board->blocked))
		return 1;
	kill(caller, SIGKILL);
	if (status_of(caller) != -SIGKILL)
		return 2;
	if (!await(&board->interrupted))
		return 3;
	return RMDIR() == 5 ? 0 : 4;
}

Test(border, a_worker_whose_process_is_gone_gives_up)
{
	cr_expect_eq(serve(kill_a_blocked_one, NULL, block), 0);
	cr_expect_eq(board->interrupted, 1);
}

/* A handler that does not listen. */
static void block_for_good(void *context, struct kern_border *border, const struct kern_message *m,
			   struct kern_reply *reply)
{
	(void)context;
	reply->value = kern_border_may_block(border, m);
	if (reply->value)
		return;
	board->worker = getpid();
	board->blocked = 1;
	for (;;)
		nap();
}

static int leave_a_blocked_one(void *context)
{
	pid_t caller = fork_caller(call_and_wait);

	(void)context;
	if (!await(&board->blocked))
		return 1;
	kill(caller, SIGKILL);
	return status_of(caller) == -SIGKILL ? 0 : 2;
}

Test(border, no_worker_outlives_the_space)
{
	cr_expect_eq(serve(leave_a_blocked_one, NULL, block_for_good), 0);
	cr_expect(kill(board->worker, 0) == -1 && errno == ESRCH);
}

static volatile sig_atomic_t handled;

static void on_signal(int signal)
{
	(void)signal;
	handled++;
}

static int call_with_handler(int flags, const char *path, long want)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	if (sigaction(SIGUSR2, &action, NULL))
		return 1;
	if (MKDIR(path) != want)
		return 2;
	return handled == 1 ? 0 : 3;
}

static int call_interrupted(void)
{
	return call_with_handler(0, "x", -EINTR);
}

static int call_restarted(void)
{
	return call_with_handler(SA_RESTART, "once", 9);
}

static int signal_a_blocked_one(void *context)
{
	pid_t caller = fork_caller(*(int (**)(void))context);

	if (!await(&board->blocked))
		return 1;
	kill(caller, SIGUSR2);
	return status_of(caller) == 0 ? 0 : 2;
}

Test(border, a_signal_interrupts_what_blocks)
{
	int (*caller)(void) = call_interrupted;

	cr_expect_eq(serve(signal_a_blocked_one, &caller, block), 0);
	cr_expect_eq(board->calls, 1);
}

Test(border, and_with_sa_restart_the_call_comes_again)
{
	int (*caller)(void) = call_restarted;

	cr_expect_eq(serve(signal_a_blocked_one, &caller, block), 0);
	cr_expect_eq(board->calls, 2);
}

static int ignore_a_signal(void *context)
{
	pid_t caller;

	(void)context;
	signal(SIGUSR2, SIG_IGN);
	caller = fork_caller(call_and_wait);
	if (!await(&board->blocked))
		return 1;
	kill(caller, SIGUSR2);
	for (int i = 0; i < 50; i++)
		nap();
	if (board->interrupted || waitpid(caller, NULL, WNOHANG) != 0)
		return 2;
	board->go = 1;
	return status_of(caller) == 0 ? 0 : 3;
}

Test(border, a_signal_that_is_ignored_interrupts_nothing)
{
	cr_expect_eq(serve(ignore_a_signal, NULL, block), 0);
}

#define CALLERS (CD_PENDING_MAX + 6)

static int call_among_many(void)
{
	long result = MKDIR("x");

	return result == 11 ? 0 : result == -EAGAIN ? 7 : 1;
}

static int call_many_times_over(void *context)
{
	static pid_t callers[CALLERS];
	int answered = 0, refused = 0;

	(void)context;
	for (int i = 0; i < CALLERS; i++)
		callers[i] = fork_caller(call_among_many);
	for (int i = 0; i < 10000 && board->blocked + board->refused < CALLERS; i++)
		nap();
	if (RMDIR() != 5)
		return 1;
	board->go = 1;
	for (int i = 0; i < CALLERS; i++) {
		int status = status_of(callers[i]);

		answered += status == 0;
		refused += status == 7;
	}
	return answered == CD_PENDING_MAX && refused == CALLERS - CD_PENDING_MAX ? 0 : 2;
}

Test(border, no_more_than_256_operations_are_pending)
{
	cr_expect_eq(serve(call_many_times_over, NULL, block), 0);
	cr_expect_eq(board->blocked, CD_PENDING_MAX);
	cr_expect_eq(board->refused, CALLERS - CD_PENDING_MAX);
}

Test(border, a_full_list_of_pending_work_is_left_alone)
{
	static struct kern_pending pending = {.count = CD_PENDING_MAX};
	static struct kern_message message;

	cr_expect_eq(kern_pending_fork(&pending, &message), -EAGAIN);
	cr_expect_eq(pending.count, CD_PENDING_MAX);
	pending.count = 0;
	kern_pending_end(&pending);
}
