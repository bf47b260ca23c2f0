/*
 * The stub and the image, in a file made by hand: calls have the results that they have natively,
 * leave the process as a system call would, and are made again where the site is, when only the
 * monitor can answer.
 */
#include "shim/shim.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "cordon/shim.h"
#include "support.h"

#ifndef PR_SET_MDWE /* newer than the headers of the machines that cordon is built on */
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define PAGE	    4096
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define PLAIN	    1 /* the slot, where there is no shim */
#define HERE	    ((long)AT_FDCWD)

/* For children, in which a failed assert of Criterion would hang the runner. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static struct shim_file file;
static struct shim_site s_open, s_openat, s_stat, s_newfstatat, s_access, s_readlink, s_execve,
    s_chdir, s_mkdir;
static char scratch[] = "/tmp/cordon-shim.XXXXXX";

static void set_up(void)
{
	shim_file_init(&file);
	s_open = shim_file_site(&file, SYS_open);
	s_openat = shim_file_site(&file, SYS_openat);
	s_stat = shim_file_site(&file, SYS_stat);
	s_newfstatat = shim_file_site(&file, SYS_newfstatat);
	s_access = shim_file_site(&file, SYS_access);
	s_readlink = shim_file_site(&file, SYS_readlink);
	s_execve = shim_file_site(&file, SYS_execve);
	s_chdir = shim_file_site(&file, SYS_chdir);
	s_mkdir = shim_file_site(&file, SYS_mkdir);
	shim_file_seal(&file);
	cr_assert(mkdtemp(scratch));
	cr_assert_eq(chdir(scratch), 0);
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_assert_eq(symlink("loop", "loop"), 0);
}

static void set_up_mapped(void)
{
	set_up();
	shim_map();
}

static void clean_up(void)
{
	unlink("fifo");
	unlink("loop");
	rmdir(scratch);
}

TestSuite(shim, .init = set_up_mapped, .fini = clean_up, .timeout = 20);
TestSuite(shim_stub, .init = set_up, .fini = clean_up, .timeout = 20);

static long native(long nr, long a, long b, long c, long d)
{
	long result = syscall(nr, a, b, c, d);

	return result == -1 ? -errno : result;
}

static void expect_exit(pid_t child, int status)
{
	int got;

	cr_assert(child > 0);
	cr_assert_eq(waitpid(child, &got, 0), child);
	cr_assert(WIFEXITED(got) && WEXITSTATUS(got) == status, "status %#x", got);
}

/* ---- results ---- */

Test(shim, answers_as_linux_does)
{
	static const char *const paths[] = {"/",	  "/usr/lib",	   "/etc/passwd", "/none",
					    "/none/none", "/etc/passwd/",  "loop",	  ".",
					    "",		  "/proc/self/exe"};
	struct stat mine, its;
	char link[PAGE], its_link[PAGE];

	for (size_t i = 0; i < COUNT(paths); i++) {
		long path = (long)paths[i];

		memset(&mine, 0, sizeof(mine));
		memset(&its, 0, sizeof(its));
		cr_expect_eq(s_stat.call(path, (long)&mine, 0, 0),
			     native(SYS_stat, path, (long)&its, 0, 0), "stat %s", paths[i]);
		cr_expect_eq(memcmp(&mine, &its, sizeof(mine)), 0, "stat %s", paths[i]);
		cr_expect_eq(s_newfstatat.call(HERE, path, (long)&mine, AT_SYMLINK_NOFOLLOW),
			     native(SYS_newfstatat, HERE, path, (long)&its, AT_SYMLINK_NOFOLLOW));
		cr_expect_eq(s_access.call(path, W_OK, 0, 0), native(SYS_access, path, W_OK, 0, 0));
		cr_expect_eq(s_readlink.call(path, (long)link, sizeof(link), 0),
			     native(SYS_readlink, path, (long)its_link, sizeof(its_link), 0));
	}
	cr_expect_eq(s_stat.call(8, (long)&mine, 0, 0), -EFAULT);
	cr_expect_eq(s_mkdir.call((long)"/", 0700, 0, 0), -EEXIST);
	cr_expect_eq(s_chdir.call((long)"/none", 0, 0, 0), -ENOENT);
	cr_expect_eq(*file.slot, CD_SHIM_BASE);
}

Test(shim, opens_files)
{
	long a = s_open.call((long)"/etc/passwd", O_RDONLY | O_CLOEXEC, 0, 0);
	long b = s_openat.call(HERE, (long)"made", O_RDWR | O_CREAT | O_EXCL, 0640);
	struct stat st;
	char c;

	cr_assert(a >= 0 && b >= 0 && a != b);
	cr_expect_eq(read((int)a, &c, 1), 1);
	cr_expect_eq(fcntl((int)a, F_GETFD), FD_CLOEXEC);
	cr_expect(fstat((int)b, &st) == 0 && st.st_mode == (S_IFREG | 0640));
	cr_expect_eq(s_openat.call(HERE, (long)"made", O_RDWR | O_CREAT | O_EXCL, 0640), -EEXIST);
	cr_expect_eq(s_openat.call(-5, (long)"made", O_RDWR, 0), -EBADF);
	cr_expect_eq(s_openat.call(a, (long)"made", O_RDWR, 0), -ENOTDIR);
	unlink("made");
}

Test(shim, starts_programs_from_fork_and_vfork_children)
{
	char *const arguments[] = {"sh", "-c", "exit 7", NULL};
	static volatile long result = 1;
	struct stat st;
	pid_t child = fork();

	if (child == 0) {
		CHECK(s_execve.call((long)"/none/sh", (long)arguments, 0, 0) == -ENOENT);
		s_execve.call((long)"/bin/sh", (long)arguments, 0, 0);
		_exit(1);
	}
	expect_exit(child, 7);
	child = vfork();
	if (child == 0) {
		result = s_stat.call((long)"/", (long)&st, 0, 0);
		s_execve.call((long)"/none/sh", (long)arguments, 0, 0);
		s_execve.call((long)"/bin/sh", (long)arguments, 0, 0);
		_exit(1);
	}
	expect_exit(child, 7);
	cr_expect_eq(result, 0);
	cr_expect_eq(s_stat.call((long)"/", (long)&st, 0, 0), 0);
}

/* ---- what a call leaves behind ---- */

enum { CF = 1, SF = 0x80, ZF = 0x40, PF = 4, AF = 0x10, IF = 0x200, DF = 0x400, OF = 0x800 };
enum { AC = 0x40000 };

static uint8_t small_stack[2 * PAGE] __attribute__((aligned(4096)));

static void run_site(struct shim_site site, uint64_t flags, uint64_t stack, long a, long b, long c)
{
	struct shim_machine *m = &shim_machine;

	for (unsigned r = 0; r < REGISTERS; r++)
		m->in[r] = 0x1111111111111111u * (r + 1);
	m->in[RDI] = (uint64_t)a;
	m->in[RSI] = (uint64_t)b;
	m->in[RDX] = (uint64_t)c;
	m->in[R10] = m->in[RCX]; /* the site's own doing */
	m->flags_in = flags;
	m->stack = stack;
	m->target = (uint64_t)site.call;
	m->avx = __builtin_cpu_supports("avx") != 0;
	shim_machine_call();
}

static void expect_transparent(struct shim_site site, long a, long b, long c, long result)
{
	static const uint64_t flags[] = {2 | IF | DF | CF | ZF | SF | PF | AF | OF, 2 | IF,
					 2 | IF | DF | AC};

	for (size_t i = 0; i < COUNT(flags); i++) {
		const char *changed;

		run_site(site, flags[i], (uint64_t)(small_stack + sizeof(small_stack)), a, b, c);
		changed = shim_machine_changed();
		cr_expect_null(changed, "result %ld changes %s", result, changed);
		cr_expect_eq((long)shim_machine.out[RAX], result);
		cr_expect_eq(shim_machine.out[RCX], site.syscall + 2);
		cr_expect_eq(shim_machine.out[R11], flags[i]);
	}
}

static void expect_transparent_all(void)
{
	struct stat st;

	*file.slot = 0;
	expect_transparent(s_stat, (long)"/", (long)&st, 0, 0);
	expect_transparent(s_stat, (long)"/", (long)&st, 0, 0);
	expect_transparent(s_stat, (long)"/etc/passwd/", (long)&st, 0, -ENOTDIR);
	expect_transparent(s_stat, (long)"/none", (long)&st, 0, -ENOENT);
	expect_transparent(s_stat, (long)"none", (long)&st, 0, -ENOENT);
	expect_transparent(s_open, (long)"fifo", O_WRONLY | O_NONBLOCK, 0, -ENXIO);
	expect_transparent(s_chdir, (long)"/none", 0, 0, -ENOENT);
}

Test(shim, leaves_registers_flags_vectors_and_the_red_zone)
{
	expect_transparent_all();
}

Test(shim_stub, leaves_registers_flags_vectors_and_the_red_zone)
{
	expect_transparent_all();
	cr_expect_eq(*file.slot, PLAIN);
}

/* Bytes written below the site's stack pointer. */
static size_t stack_used(long a)
{
	struct stat st;
	size_t lowest = 0;

	memset(small_stack, 0xa5, sizeof(small_stack));
	run_site(s_stat, 2 | IF, (uint64_t)(small_stack + sizeof(small_stack)), a, (long)&st, 0);
	while (small_stack[lowest] == 0xa5)
		lowest++;
	return sizeof(small_stack) - sizeof(uint64_t) - lowest;
}

Test(shim, needs_little_stack)
{
	size_t find, common, failed, absent, absent_again;

	find = stack_used((long)"/");
	common = stack_used((long)"/");
	failed = stack_used((long)"/etc/passwd/");
	absent = stack_used((long)"/none");
	absent_again = stack_used((long)"/none");
	cr_log_info("red zone included: first %zu, then %zu, error %zu, absent %zu, %zu", find,
		    common, failed, absent, absent_again);
	cr_expect_leq(common, 128 + 32);
	cr_expect_leq(failed, 128 + 40);
	cr_expect_leq(find, 128 + 64);
	cr_expect_leq(absent, 576);
	cr_expect_leq(absent_again, 576);
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;
static volatile uint64_t handled_at, handled_return; /* where, and the word at the stack pointer */
static volatile long handler_result;
static sigjmp_buf escape;

static void set_handler(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	cr_assert_eq(sigaction(signal, &action, NULL), 0);
}

static void in_ms(long ms)
{
	struct itimerval when = {.it_value.tv_usec = ms * 1000};

	cr_assert_eq(setitimer(ITIMER_REAL, &when, NULL), 0);
}

static bool is_in_shim(uint64_t pc)
{
	return pc >> 32 == CD_SHIM_HIGH;
}

static void note(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	handled_at = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	handled_return = *(uint64_t *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
	handled++;
}

static void call_out(int signal, siginfo_t *info, void *context)
{
	struct stat st;

	note(signal, info, context);
	handler_result = s_stat.call((long)"/", (long)&st, 0, 0) |
			 (s_stat.call((long)"/none", (long)&st, 0, 0) + ENOENT);
}

static void leave(int signal, siginfo_t *info, void *context)
{
	note(signal, info, context);
	siglongjmp(escape, 1);
}

static void *open_other_end(void *unused)
{
	(void)unused;
	usleep(150000);
	return (void *)(long)open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

Test(shim, is_interrupted_where_a_system_call_would_be)
{
	set_handler(SIGALRM, note, 0);
	in_ms(50);
	cr_expect_eq(s_open.call((long)"fifo", O_RDONLY, 0, 0), -EINTR);
	cr_expect_eq(handled, 1);
	cr_expect(is_in_shim(handled_at));
	/* For debuggers. */
	cr_expect(handled_return > (uint64_t)file.segment + CD_STUB_START &&
		  handled_return < (uint64_t)file.segment + CD_HEAD_SIZE + shim_stub_size());
}

Test(shim, goes_on_after_a_handler_that_restarts)
{
	pthread_t other;
	void *end;

	set_handler(SIGALRM, note, SA_RESTART);
	cr_assert_eq(pthread_create(&other, NULL, open_other_end, NULL), 0);
	in_ms(50);
	cr_expect_geq(s_open.call((long)"fifo", O_RDONLY, 0, 0), 0);
	cr_expect_eq(handled, 1);
	cr_expect_eq(pthread_join(other, &end), 0);
	cr_expect_geq((long)end, 0);
}

Test(shim, can_be_left_by_longjmp)
{
	struct stat st;

	set_handler(SIGALRM, leave, 0);
	for (volatile int i = 0; i < 3; i++) {
		if (sigsetjmp(escape, 1) == 0) {
			in_ms(20);
			s_open.call((long)"fifo", O_RDONLY, 0, 0);
			cr_assert_fail("came back");
		}
		cr_expect(is_in_shim(handled_at));
		cr_expect_eq(s_stat.call((long)"/", (long)&st, 0, 0), 0);
	}
	cr_expect_eq(handled, 3);
}

Test(shim, works_in_a_handler_that_interrupts_it)
{
	set_handler(SIGALRM, call_out, 0);
	handler_result = 1;
	in_ms(20);
	cr_expect_eq(s_open.call((long)"fifo", O_RDONLY, 0, 0), -EINTR);
	cr_expect(handled == 1 && is_in_shim(handled_at));
	cr_expect_eq(handler_result, 0);
}

/* ---- threads ---- */

static pthread_barrier_t barrier;
static volatile bool cleaned;

static void *race(void *unused)
{
	struct stat st;
	long bad = 0;

	(void)unused;
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 200; i++)
		bad |= s_stat.call((long)"/", (long)&st, 0, 0) |
		       (s_stat.call((long)"/none", (long)&st, 0, 0) + ENOENT);
	return (void *)bad;
}

static void expect_threads(uint64_t slot)
{
	pthread_t threads[8];
	void *bad;

	for (int round = 0; round < 50; round++) {
		*file.slot = 0;
		cr_assert_eq(pthread_barrier_init(&barrier, NULL, COUNT(threads)), 0);
		for (size_t i = 0; i < COUNT(threads); i++)
			cr_assert_eq(pthread_create(&threads[i], NULL, race, NULL), 0);
		for (size_t i = 0; i < COUNT(threads); i++) {
			cr_assert_eq(pthread_join(threads[i], &bad), 0);
			cr_expect_null(bad);
		}
		cr_expect_eq(*file.slot, slot);
		pthread_barrier_destroy(&barrier);
	}
}

Test(shim, is_found_by_many_threads_at_once)
{
	expect_threads(CD_SHIM_BASE);
}

Test(shim_stub, is_missed_by_many_threads_at_once)
{
	expect_threads(PLAIN);
}

static void clean(void *unused)
{
	(void)unused;
	cleaned = true;
}

static void *block(void *unused)
{
	(void)unused;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	pthread_cleanup_push(clean, NULL);
	s_open.call((long)"fifo", O_RDONLY, 0, 0);
	pthread_cleanup_pop(0);
	return NULL;
}

Test(shim, can_be_cancelled)
{
	pthread_t thread;
	void *result;

	cr_assert_eq(pthread_create(&thread, NULL, block, NULL), 0);
	usleep(50000);
	cr_assert_eq(pthread_cancel(thread), 0);
	cr_assert_eq(pthread_join(thread, &result), 0);
	cr_expect_eq(result, PTHREAD_CANCELED);
	cr_expect(cleaned);
}

/* ---- finding the shim ---- */

static void expect_plain(void)
{
	struct stat st;

	cr_expect_eq(s_stat.call((long)"/", (long)&st, 0, 0), 0);
	cr_expect_eq(s_stat.call((long)"/none", (long)&st, 0, 0), -ENOENT);
	cr_expect_eq(*file.slot, PLAIN);
}

static uint8_t *map_foreign(int protection)
{
	void *base = mmap((void *)CD_SHIM_BASE, PAGE, protection,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	cr_assert_eq(base, (void *)CD_SHIM_BASE);
	return base;
}

Test(shim_stub, calls_plainly_where_nothing_is_mapped)
{
	expect_plain();
}

Test(shim_stub, calls_plainly_where_something_unreadable_is_mapped)
{
	map_foreign(PROT_NONE);
	expect_plain();
}

Test(shim_stub, calls_plainly_where_something_else_is_mapped)
{
	memset(map_foreign(PROT_READ | PROT_WRITE), 0x90, PAGE);
	expect_plain();
}

Test(shim_stub, calls_plainly_where_a_shim_of_another_age_is_mapped)
{
	uint64_t word = CD_SHIM_WORD + (1ull << 56);

	memcpy(map_foreign(PROT_READ | PROT_WRITE) + CD_SHIM_WORD_AT, &word, sizeof(word));
	expect_plain();
}

/* Looking for the shim blocks no signal. */
Test(shim_stub, leaves_the_signal_mask)
{
	sigset_t before, after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	sigprocmask(SIG_SETMASK, &before, NULL);
	shim_map();
	cr_expect_eq(s_access.call((long)"/", F_OK, 0, 0), 0);
	cr_expect_eq(*file.slot, CD_SHIM_BASE);
	sigemptyset(&after);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int s = 1; s < 32; s++)
		cr_expect_eq(sigismember(&after, s), s == SIGUSR2);
}

/* ---- the start of an interpreter ---- */

static uint64_t start_stack[512] __attribute__((aligned(16)));

/* argc 2, argv, one variable, AT_PAGESZ, AT_ENTRY, AT_BASE. */
static void start(uint64_t at_entry)
{
	struct shim_machine *m = &shim_machine;
	uint64_t *argc = start_stack + 256;
	const uint64_t words[] = {
	    2,	      (uint64_t) "a", (uint64_t) "b", 0, (uint64_t) "c=d", 0, AT_PAGESZ, PAGE,
	    AT_ENTRY, at_entry,	      AT_BASE,	      0, AT_NULL,	   0};

	memcpy(argc, words, sizeof(words));
	for (unsigned r = 0; r < REGISTERS; r++)
		m->in[r] = 0x1111111111111111u * (r + 1);
	m->flags_in = 2 | IF | DF | CF | OF;
	m->stack = (uint64_t)argc;
	m->target = (uint64_t)file.segment + CD_STUB_START;
	shim_machine_jump();
	for (unsigned r = 0; r < REGISTERS; r++)
		cr_expect_eq(m->in[r], m->out[r], "register %u", r);
	cr_expect_eq(m->flags_in, m->flags_out);
	cr_expect_eq(m->stack, m->stack_out);
	for (unsigned i = 0; i < COUNT(words); i++)
		if (i != 9)
			cr_expect_eq(argc[i], words[i]);
}

static uint64_t at_entry_after(void)
{
	return start_stack[256 + 9];
}

Test(shim_stub, start_maps_the_shim)
{
	struct stat st;

	start(0x1234);
	cr_expect_eq(*file.slot, CD_SHIM_BASE);
	cr_expect_eq(at_entry_after(), 0x1234);
	cr_expect_eq(memcmp((void *)CD_SHIM_BASE, shim_image, shim_image_size()), 0);
	cr_expect_eq(s_stat.call((long)"/", (long)&st, 0, 0), 0);
	cr_expect_eq(s_stat.call((long)"/none", (long)&st, 0, 0), -ENOENT);
	/* Code that nobody can write, and data that nobody can run. */
	cr_expect_eq(read(open("/dev/zero", O_RDONLY), (void *)CD_SHIM_BASE, 1), -1);
	cr_expect_eq(read(open("/dev/zero", O_RDONLY), (void *)(CD_SHIM_BASE + CD_SHIM_CODE), 1),
		     1);
}

Test(shim_stub, start_gives_an_interpreter_that_is_run_directly_its_own_entry)
{
	start((uint64_t)file.segment + CD_STUB_START);
	cr_expect_eq(at_entry_after(), (uint64_t)shim_machine_landing);
	cr_expect_eq(*file.slot, CD_SHIM_BASE);
}

Test(shim_stub, start_goes_without_where_something_is_mapped)
{
	uint8_t *foreign = map_foreign(PROT_READ | PROT_WRITE);

	foreign[0] = 7;
	start((uint64_t)file.segment + CD_STUB_START);
	cr_expect_eq(foreign[0], 7);
	cr_expect_eq(at_entry_after(), (uint64_t)shim_machine_landing);
	expect_plain();
}

Test(shim_stub, start_goes_without_where_code_cannot_be_made)
{
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0)
		cr_skip_test("Linux before 6.3");
	start(0);
	expect_plain();
	map_foreign(PROT_NONE); /* nothing was left there */
}

/* ---- what only the monitor can answer ---- */

#define MARK 777 /* the answer of this file's monitor */

static struct {
	const char *table;
	size_t length;
	volatile int again;
	volatile uint64_t again_at;
} monitor;

/* A call made at its site. */
static void answer(int signal, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	monitor.again++;
	monitor.again_at = (uint64_t)info->si_call_addr;
	registers[REG_RAX] = MARK;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IP_HIGH                                                                                    \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4)
#define IF_EQ(k, n)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, n, 0)
#define IF_NOT(k, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, n)
#define GIVE(what)   BPF_STMT(BPF_RET | BPF_K, what)

/* From the shim's range, `verdict`; from anywhere else, a trap. */
static void confine(uint32_t verdict)
{
	struct sock_filter code[] = {
	    LOAD(nr),
	    IF_EQ(SYS_openat, 5),
	    IF_EQ(SYS_newfstatat, 4),
	    IF_EQ(SYS_open, 3),
	    IF_EQ(SYS_chdir, 2),
	    IF_EQ(SYS_execve, 1),
	    GIVE(SECCOMP_RET_ALLOW),
	    IP_HIGH,
	    IF_NOT(CD_SHIM_HIGH, 1),
	    GIVE(verdict),
	    GIVE(SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = {COUNT(code), code};
	struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};

	CHECK(sigaction(SIGSYS, &action, NULL) == 0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* The body runs in a confined child, and ends it. */
static void in_child(uint32_t verdict, void (*body)(void))
{
	pid_t child = fork();

	if (child == 0) {
		if (monitor.table)
			shim_tell(monitor.table, monitor.length);
		confine(verdict);
		body();
		_exit(0);
	}
	expect_exit(child, 0);
}

static bool is_made_again(struct shim_site site, long a, long b, long c, long d)
{
	int before = monitor.again;

	return site.call(a, b, c, d) == MARK && monitor.again == before + 1 &&
	       monitor.again_at == site.syscall + 2;
}

static bool is_absent(struct shim_site site, long a, long b, long c, long d)
{
	int before = monitor.again;

	return site.call(a, b, c, d) == -ENOENT && monitor.again == before;
}

static void try_unsettled(void)
{
	const char *changed;

	CHECK(is_made_again(s_openat, HERE, (long)"/etc/passwd", O_RDONLY, 0));
	CHECK(is_made_again(s_open, (long)"/etc/passwd", O_RDONLY, 0, 0));
	CHECK(is_made_again(s_execve, (long)"/bin/sh", 0, 0, 0));
	CHECK(is_made_again(s_chdir, (long)"/", 0, 0, 0));
	run_site(s_openat, 2 | IF | DF | CF, 0, HERE, (long)"/etc/passwd", O_RDONLY);
	changed = shim_machine_changed();
	CHECK(!changed && shim_machine.out[RAX] == MARK);
}

Test(shim, makes_again_at_the_site_what_the_filter_does_not_settle)
{
	in_child(SECCOMP_RET_ERRNO | CD_SHIM_UNSETTLED, try_unsettled);
}

Test(shim, makes_again_what_linux_refuses)
{
	static const int errors[] = {EACCES,	EPERM,	EROFS,	 EXDEV,	     ENXIO,
				     EIO,	ENODEV, ETXTBSY, EOPNOTSUPP, ENOTSUP,
				     ETIMEDOUT, EBUSY,	ENOSPC,	 ESTALE};

	for (size_t i = 0; i < COUNT(errors); i++)
		in_child(SECCOMP_RET_ERRNO | (uint32_t)errors[i], try_unsettled);
}

static const int definitive[] = {EINTR,	  EFAULT, EBADF,     EMFILE,	   ENFILE, EEXIST,
				 ENOTDIR, EISDIR, ENOTEMPTY, ENAMETOOLONG, EINVAL, ELOOP,
				 EAGAIN,  ENOMEM, E2BIG,     ENOEXEC};
static int error_now;

static void try_definitive(void)
{
	CHECK(s_openat.call(HERE, (long)"/etc/passwd", O_RDONLY | O_NOFOLLOW, 0) == -error_now);
	CHECK(s_open.call((long)"/etc/passwd", O_RDONLY | O_NOFOLLOW, 0, 0) == -error_now);
	CHECK(s_execve.call((long)"/bin/sh", 0, 0, 0) == -error_now);
	CHECK(monitor.again == 0);
}

/* A link in the last place, which the shim itself forbade to follow. */
static void try_links(void)
{
	static const char link[] = "/proc/self/exe";

	CHECK(s_openat.call(HERE, (long)link, O_RDONLY, 0) != -ELOOP && monitor.again == 1);
	CHECK(s_open.call((long)link, O_RDONLY, 0, 0) != -ELOOP && monitor.again == 2);
	CHECK(s_openat.call(HERE, (long)"/proc/self/cwd", O_RDONLY | O_DIRECTORY, 0) != -ENOTDIR &&
	      monitor.again == 3);
	CHECK(s_openat.call(HERE, (long)link, O_RDONLY | O_NOFOLLOW, 0) == -ELOOP);
	CHECK(s_open.call((long)link, O_RDONLY | O_NOFOLLOW, 0, 0) == -ELOOP && monitor.again == 3);
	CHECK(s_openat.call(HERE, (long)"/etc/passwd/x", O_RDONLY | O_NOFOLLOW, 0) == -ENOTDIR &&
	      monitor.again == 3);
}

Test(shim, leaves_links_to_the_site)
{
	in_child(SECCOMP_RET_ALLOW, try_links);
}

Test(shim, passes_on_errors_that_are_definitive)
{
	for (size_t i = 0; i < COUNT(definitive); i++) {
		error_now = definitive[i];
		in_child(SECCOMP_RET_ERRNO | (uint32_t)error_now, try_definitive);
	}
}

/* ---- names that are not there ---- */

#define TABLE(text) monitor.table = (text), monitor.length = sizeof(text)

static struct stat status;

static bool stat_is_absent(const char *path)
{
	return is_absent(s_newfstatat, HERE, (long)path, (long)&status, 0);
}

static bool stat_is_made_again(const char *path)
{
	return is_made_again(s_newfstatat, HERE, (long)path, (long)&status, 0);
}

static long held_directory;

static void try_elsewhere(void)
{
	CHECK(stat_is_made_again("absent"));
}

/* In /usr/lib. */
static void try_relative(void)
{
	static const char *const settled[] = {"absent", "./absent", "absent/deep", "..absent"};
	static const char *const unsettled[] = {"../absent", "absent/../../x", "", "/absent"};

	for (size_t i = 0; i < COUNT(settled); i++)
		CHECK(stat_is_absent(settled[i]));
	for (size_t i = 0; i < COUNT(unsettled); i++)
		CHECK(stat_is_made_again(unsettled[i]));
	CHECK(is_absent(s_open, (long)"absent", O_RDONLY, 0, 0));
	CHECK(is_made_again(s_open, (long)"absent/a", O_RDWR | O_CREAT, 0600, 0));
	/* From another directory than the working one. */
	CHECK(is_made_again(s_openat, held_directory, (long)"absent", O_RDONLY, 0));
}

static void try_absent(void)
{
	static const char *const settled[] = {"/usr/none",    "/usr/none/deep", "/usr/..none",
					      "/usr/.none",   "/usr/none..",	"/usr/a/..b/c",
					      "/opt/deep/no", "/usr/./none",	"/usr//none"};
	static const char *const unsettled[] = {
	    "/usr/../none", "/usr/none/..", "/usr/none/../none", "none",
	    "./none",	    "../none",	    "//usr/none",	 "/usrnone",
	    "/none",	    "/opt/none",    "/opt/deepnone",	 ""};

	for (size_t i = 0; i < COUNT(settled); i++)
		CHECK(stat_is_absent(settled[i]));
	for (size_t i = 0; i < COUNT(unsettled); i++)
		CHECK(stat_is_made_again(unsettled[i]));
	CHECK(is_absent(s_open, (long)"/usr/none", O_RDONLY, 0, 0));
	CHECK(is_absent(s_openat, HERE, (long)"/usr/none", O_WRONLY, 0));
	CHECK(is_made_again(s_open, (long)"/usr/none/a", O_RDWR | O_CREAT, 0600, 0));
	CHECK(is_made_again(s_openat, HERE, (long)"/usr/none/a", O_RDWR | O_CREAT, 0600));
	CHECK(is_made_again(s_chdir, (long)"/usr/none", 0, 0, 0));
	CHECK(is_made_again(s_execve, (long)"/usr/none", 0, 0, 0));
}

static void try_absent_registers(void)
{
	static const uint64_t flags[] = {2 | IF | DF | CF | OF, 2 | IF, 2 | IF | DF | AC};

	for (size_t i = 0; i < COUNT(flags); i++) {
		run_site(s_open, flags[i], 0, (long)"/usr/none", O_RDONLY, 0);
		CHECK(!shim_machine_changed() && (long)shim_machine.out[RAX] == -ENOENT);
		run_site(s_open, flags[i], 0, (long)"/none", O_RDONLY, 0);
		CHECK(!shim_machine_changed() && (long)shim_machine.out[RAX] == MARK);
	}
}

Test(shim, believes_linux_that_a_name_is_absent_where_that_is_settled)
{
	TABLE("/usr/\0/opt/deep/\0");
	in_child(SECCOMP_RET_ALLOW, try_absent);
}

Test(shim, knows_where_a_relative_name_begins)
{
	cr_assert_eq(chdir("/usr/lib"), 0);
	held_directory = open("/usr/lib", O_PATH | O_DIRECTORY | O_CLOEXEC);
	TABLE("/opt/deep/\0/usr/lib/\0");
	in_child(SECCOMP_RET_ALLOW, try_relative);
	TABLE("/usr/lib/deeper/\0");
	in_child(SECCOMP_RET_ALLOW, try_elsewhere);
}

Test(shim, leaves_registers_when_a_name_is_absent)
{
	TABLE("/usr/\0");
	in_child(SECCOMP_RET_ALLOW, try_absent_registers);
}

static void try_silent(void)
{
	char before[64], after[64];

	memcpy(before, (void *)(CD_SHIM_BASE + CD_SHIM_CODE), sizeof(before));
	CHECK(stat_is_made_again("/usr"));
	CHECK(stat_is_made_again("/usr/none"));
	CHECK(stat_is_made_again("none"));
	CHECK(is_made_again(s_open, (long)"/usr/none", O_RDONLY, 0, 0));
	CHECK(is_made_again(s_openat, HERE, (long)"/etc/passwd", O_RDONLY, 0));
	run_site(s_openat, 2 | IF | DF | CF, 0, HERE, (long)"/etc/passwd", O_RDONLY);
	CHECK(!shim_machine_changed() && shim_machine.out[RAX] == MARK);
	memcpy(after, (void *)(CD_SHIM_BASE + CD_SHIM_CODE), sizeof(after));
	CHECK(memcmp(before, after, sizeof(before)) == 0);
}

static void try_told_and_silenced(void)
{
	shim_silence();
	try_silent();
}

/* A filter of the program's own may kill for a call that the program did not make. */
Test(shim, makes_no_call_of_its_own_before_it_is_told_and_after_it_is_silenced)
{
	shim_silence();
	in_child(SECCOMP_RET_KILL_PROCESS, try_silent);
	TABLE("/usr/\0");
	in_child(SECCOMP_RET_KILL_PROCESS, try_told_and_silenced);
}

static void try_fork(void)
{
	pid_t child;
	int got;

	CHECK(stat_is_absent("/usr/none"));
	child = fork();
	if (child == 0) {
		CHECK(stat_is_absent("/usr/none"));
		_exit(0);
	}
	CHECK(waitpid(child, &got, 0) == child && got == 0);
}

Test(shim, passes_the_table_on_to_children)
{
	TABLE("/usr/\0");
	in_child(SECCOMP_RET_ALLOW, try_fork);
}

static void *race_for_table(void *unused)
{
	long good = 1;

	(void)unused;
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 50; i++) {
		long result = s_newfstatat.call(HERE, (long)"/usr/none", (long)&status, 0);

		good &= result == -ENOENT || result == MARK;
	}
	return (void *)good;
}

static void try_threads(void)
{
	pthread_t threads[8];
	void *good;

	CHECK(pthread_barrier_init(&barrier, NULL, COUNT(threads)) == 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		CHECK(pthread_create(&threads[i], NULL, race_for_table, NULL) == 0);
	shim_tell("/usr/\0", sizeof("/usr/\0"));
	for (size_t i = 0; i < COUNT(threads); i++) {
		CHECK(pthread_join(threads[i], &good) == 0);
		CHECK(good);
	}
	CHECK(stat_is_absent("/usr/none"));
}

Test(shim, is_told_while_threads_run)
{
	shim_silence();
	for (int i = 0; i < 10; i++)
		in_child(SECCOMP_RET_ALLOW, try_threads);
}
