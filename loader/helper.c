/* The helper that rewrites. */
#include "loader/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loader/loader.h"
#include "shim/shim.h"

#define IN	    0
#define OUT	    1
#define ANSWER	    2
#define MEMORY_MAX  (1u << 30)
#define SECONDS_MAX 30 /* of processor time, and then of waiting for its answer */

/* What comes back by the pipe. */
struct answer {
	int32_t status, error; /* enum cd_status; errno */
	uint32_t patched;
	char build_id[129];
	char text[160];
};

/* Bytes in, bytes out, memory; no path, no other process, no code of its own. */
static void confine(void)
{
	static const unsigned calls[] = {SYS_read,	    SYS_write, SYS_mmap,     SYS_munmap,
					 SYS_mremap,	    SYS_brk,   SYS_madvise,  SYS_exit_group,
					 SYS_exit,	    SYS_lseek, SYS_mprotect, SYS_futex,
					 SYS_rt_sigprocmask};
	struct sock_filter code[2 * sizeof(calls) / sizeof(calls[0]) + 16];
	struct sock_fprog program = {.filter = code};
	struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, seconds = {SECONDS_MAX, SECONDS_MAX};

#define EMIT(...)   code[program.len++] = (struct sock_filter)__VA_ARGS__
#define LOAD(field) EMIT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field)))
	LOAD(arch);
	EMIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	EMIT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	LOAD(nr);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		EMIT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1));
		EMIT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	}
	EMIT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_CPU, &seconds);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}

static void *read_all(size_t size)
{
	unsigned char *bytes = malloc(size ? size : 1);
	size_t have = 0;

	while (bytes && have < size) {
		ssize_t n = read(IN, bytes + have, size - have);

		if (n <= 0 && errno != EINTR) {
			free(bytes);
			return NULL;
		}
		have += n > 0 ? (size_t)n : 0;
	}
	return bytes;
}

static bool write_all(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static _Noreturn void run_helper(size_t size)
{
	const struct loader_parts parts = {shim_stub,	      shim_stub_size(), shim_image,
					   shim_image_size(), shim_frames,	shim_frames_size()};
	struct loader_report report = {0};
	struct answer answer = {.status = CD_ESYS, .error = ENOMEM};
	void *original, *copy = NULL;
	const char *why = NULL;
	size_t copy_size = 0;

	confine();
	original = read_all(size);
	if (original) {
		answer.status = loader_rewrite(original, size, &parts, &report, &copy, &copy_size);
		why = report.why;
		if (answer.status == CD_OK)
			answer.status =
			    loader_verify(original, size, copy, copy_size, &parts, &why);
		if (answer.status == CD_OK && !write_all(OUT, copy, copy_size)) {
			answer.status = CD_ESYS;
			answer.error = errno;
		}
	}
	answer.patched = (uint32_t)report.patched;
	memcpy(answer.build_id, report.build_id, sizeof(answer.build_id));
	snprintf(answer.text, sizeof(answer.text), "%s", why ? why : "");
	write_all(ANSWER, &answer, sizeof(answer));
	_exit(0);
}

static _Noreturn void become_helper(int in, int out, int answer, size_t size)
{
	/* Above everything first, so that no number is taken while it is still needed. */
	in = fcntl(in, F_DUPFD, 100);
	out = fcntl(out, F_DUPFD, 100);
	answer = fcntl(answer, F_DUPFD, 100);
	if (dup2(in, IN) != IN || dup2(out, OUT) != OUT || dup2(answer, ANSWER) != ANSWER)
		_exit(1);
	syscall(SYS_close_range, 3, ~0U, 0);
	run_helper(size);
}

/* The helper's word is bytes from a process that may be in an attacker's hands. */
static void take(struct answer *answer, struct loader_made *made, const char **why)
{
	static char text[sizeof(answer->text)];

	answer->build_id[sizeof(answer->build_id) - 1] = '\0';
	if (strspn(answer->build_id, "0123456789abcdef") != strlen(answer->build_id))
		answer->build_id[0] = '\0';
	answer->text[sizeof(answer->text) - 1] = '\0';
	for (char *c = answer->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	memcpy(text, answer->text, sizeof(text));
	made->patched = answer->patched;
	memcpy(made->build_id, answer->build_id, sizeof(made->build_id));
	*why = text;
}

/* Its answer, or whatever has come when it has been silent for too long. */
static bool await_answer(int from, pid_t pid, struct answer *answer)
{
	struct pollfd poller = {.fd = from, .events = POLLIN};
	struct timespec now;
	ssize_t n = -1;
	time_t end;
	int ready;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + 2 * SECONDS_MAX;
	do {
		ready = poll(&poller, 1, 1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (ready <= 0 && (ready == 0 || errno == EINTR) && now.tv_sec < end);
	if (ready > 0)
		do
			n = read(from, answer, sizeof(*answer));
		while (n < 0 && errno == EINTR);
	/* It has nothing more to do. */
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return n == sizeof(*answer);
}

enum cd_status loader_help(int in, int out, struct loader_made *made, const char **why)
{
	struct answer answer;
	struct stat st;
	int answers[2];
	bool answered;
	pid_t pid;

	if (fstat(in, &st))
		return CD_ESYS;
	if (st.st_size < 0 || (uint64_t)st.st_size > LOADER_FILE_MAX) {
		*why = "it is too large";
		return CD_ELIMIT;
	}
	if (pipe2(answers, O_CLOEXEC))
		return CD_ESYS;
	pid = fork();
	if (pid == 0)
		become_helper(in, out, answers[1], (size_t)st.st_size);
	close(answers[1]);
	answered = pid > 0 && await_answer(answers[0], pid, &answer);
	close(answers[0]);
	if (!answered || answer.status > CD_OK || answer.status < CD_ENOSUP) {
		errno = EIO;
		return CD_ESYS;
	}
	take(&answer, made, why);
	if (answer.status == CD_ESYS)
		errno = answer.error > 0 && answer.error < 4096 ? answer.error : EIO;
	return (enum cd_status)answer.status;
}
