/* Giving authority up, each time in a process of its own: what was possible before no longer is. */
#include "host/confine.h"
#include "host/domains.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

TestSuite(confine, .timeout = 30);

/* ---- in a process of its own ---- */

static int report;

/* The line is the exit status's neighbour: nothing but write(2) and exit may be left to us. */
#define CHECK(truth)                                                                               \
	do {                                                                                       \
		if (!(truth)) {                                                                    \
			int where[2] = {__LINE__, errno};                                          \
			ssize_t n = write(report, where, sizeof(where));                           \
                                                                                                   \
			(void)n;                                                                   \
			syscall(SYS_exit_group, 1);                                                \
		}                                                                                  \
	} while (0)

/* 0, or what the process exited with; 77: the machine cannot show it. */
static void apart(void (*body)(void))
{
	int where[2] = {0, 0}, ends[2], status;
	ssize_t n;
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		report = ends[1];
		body();
		syscall(SYS_exit_group, 0);
	}
	close(ends[1]);
	n = read(ends[0], where, sizeof(where));
	(void)n;
	close(ends[0]);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("this machine lacks it");
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "line %d (errno %d), status %#x",
		  where[0], where[1], status);
}

/* ---- capabilities ---- */

static void lose_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];

	CHECK(host_drop_capabilities() == CD_OK);
	CHECK(syscall(SYS_capget, &header, caps) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(!caps[i].effective && !caps[i].permitted && !caps[i].inheritable);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	caps[0].permitted = caps[0].effective = 1;
	CHECK(syscall(SYS_capset, &header, caps) == -1 && errno == EPERM);
	CHECK(chroot("/") == -1 && errno == EPERM);
	CHECK(mknod("/tmp/cordon-device", S_IFCHR | 0600, 0x103) == -1 && errno == EPERM);
	CHECK(host_drop_capabilities() == CD_OK); /* nothing is left to lose */
}

Test(confine, capabilities_are_gone_from_every_set)
{
	apart(lose_capabilities);
}

static void lose_all_ways_back(void)
{
	if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) != 1)
		syscall(SYS_exit_group, 77);
	host_bound_capabilities();
	CHECK(host_drop_capabilities() == CD_OK);
	for (unsigned long cap = 0; cap <= 40; cap++)
		CHECK(prctl(PR_CAPBSET_READ, cap) == 0);
	CHECK(prctl(PR_SET_SECUREBITS, 0) == -1 && errno == EPERM);
	CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == -1);
	/* User 0 who starts a program gets none: the shell says so. */
	execl("/bin/sh", "sh", "-c",
	      "grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && exit 2; exit 0", NULL);
	CHECK(false);
}

Test(confine, being_user_0_brings_none_back)
{
	apart(lose_all_ways_back);
}

/* ---- the monitor's filter ---- */

#define IS_REFUSED(call) ((call) == -1 && errno == EPERM)

static void try_everything(void)
{
	static char *const argv[] = {"true", NULL};
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/x"};
	struct msghdr header = {.msg_name = &name, .msg_namelen = sizeof(name)};
	struct termios term;
	char byte = 'i';

	CHECK(host_confine_monitor(false) == CD_OK);
	CHECK(IS_REFUSED(execve("/bin/true", argv, argv + 1)));
	CHECK(IS_REFUSED(syscall(SYS_execveat, 0, "", argv, argv + 1, AT_EMPTY_PATH)));
	CHECK(IS_REFUSED(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)));
	CHECK(IS_REFUSED(socket(AF_INET, SOCK_STREAM, 0)));
	CHECK(IS_REFUSED(socket(AF_UNIX, SOCK_STREAM, 0)));
	CHECK(IS_REFUSED(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0, 0})));
	CHECK(IS_REFUSED(connect(0, (struct sockaddr *)&name, sizeof(name))));
	CHECK(IS_REFUSED(bind(0, (struct sockaddr *)&name, sizeof(name))));
	CHECK(IS_REFUSED(sendto(0, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&name, sizeof(name))));
	CHECK(IS_REFUSED(sendmsg(0, &header, MSG_FASTOPEN | MSG_DONTWAIT)));
	CHECK(IS_REFUSED(unshare(CLONE_NEWUSER)));
	CHECK(IS_REFUSED(syscall(SYS_setns, 0, 0)));
	CHECK(IS_REFUSED(syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL)));
	CHECK(IS_REFUSED(syscall(SYS_open_tree, AT_FDCWD, "/", 0)));
	CHECK(IS_REFUSED(chroot("/")));
	/* Handles it makes, for programs; none opens anything. */
	CHECK(IS_REFUSED(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0)));
	CHECK(IS_REFUSED(syscall(SYS_bpf, 0, NULL, 0)));
	CHECK(IS_REFUSED(syscall(SYS_io_uring_setup, 1, NULL)));
	CHECK(IS_REFUSED(syscall(SYS_keyctl, 0, 0, 0, 0, 0)));
	CHECK(IS_REFUSED(setuid(getuid())));
	CHECK(IS_REFUSED(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL)));
	CHECK(IS_REFUSED(ioctl(0, TCGETS, &term)));
	CHECK(IS_REFUSED(ioctl(0, TIOCSTI, &byte)));
	CHECK(IS_REFUSED(syscall(SYS_memfd_create, "x", 0)));
	CHECK(IS_REFUSED(syscall(600, 0)));
	/* x32 numbers are no way around it. */
	CHECK(IS_REFUSED(syscall(0x40000000 | SYS_execve, "/bin/true", argv, argv + 1)));
}

Test(confine, the_monitors_filter_refuses_what_serving_does_not_take)
{
	apart(try_everything);
}

static void go_on_serving(void)
{
	struct seccomp_notif_sizes sizes;
	uint64_t id = 0;
	struct stat st;
	int ends[2], fd;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	CHECK(host_confine_monitor(false) == CD_OK);
	fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	CHECK(write(ends[1], "x", 1) == 1);
	CHECK(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0);
	CHECK(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == -1 && errno != EPERM);
	pid = fork();
	if (pid == 0)
		syscall(SYS_exit_group, 7);
	CHECK(pid > 0);
	CHECK(waitpid(pid, &fd, 0) == pid && WEXITSTATUS(fd) == 7);
	CHECK(kill(getpid(), 0) == 0);
}

Test(confine, the_monitors_filter_lets_it_serve)
{
	apart(go_on_serving);
}

static void use_unix_sockets(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/no-such-cordon-socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(host_confine_monitor(true) == CD_OK);
	CHECK(connect(fd, (struct sockaddr *)&name, sizeof(name)) == -1 && errno == ENOENT);
	CHECK(IS_REFUSED(socket(AF_UNIX, SOCK_STREAM, 0)));
	CHECK(IS_REFUSED(execl("/bin/true", "true", NULL)));
}

Test(confine, unix_addresses_are_reached_only_where_a_policy_grants_some)
{
	apart(use_unix_sockets);
}

static void use_int80(void)
{
	long result = 20; /* getpid, or in 64 bits writev */

	CHECK(host_confine_monitor(false) == CD_OK);
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
}

Test(confine, another_architectures_calls_are_the_end)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		use_int80();
		syscall(SYS_exit_group, 0);
	}
	waitpid(pid, &status, 0);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}

/* ---- Landlock ---- */

static char root[64];

static const char *at(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s%s", root, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL, 0755);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, "#!/bin/sh\n", 10), 10);
	close(fd);
}

static void begin(void)
{
	strcpy(root, "/tmp/cordon-confine-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
	mkdir(at("/ro"), 0755);
	mkdir(at("/rw"), 0755);
	mkdir(at("/none"), 0755);
	make_file("/ro/file");
	make_file("/rw/file");
	make_file("/none/file");
	make_file("/single");
	make_file("/tool");
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	cr_expect_eq(system(command), 0);
}

TestSuite(landlock, .init = begin, .fini = end, .timeout = 30);

/* Nothing but what is granted; the standard streams are closed, for they would be granted too. */
static void enter_landlock(void)
{
	const struct cd_mount mounts[] = {
	    {.kind = CD_MOUNT_MASK, .dest = at("/none")},
	    {.kind = CD_MOUNT_BIND, .dest = at("/missing")},
	    {.kind = CD_MOUNT_BIND, .dest = at("/ro")},
	    {.kind = CD_MOUNT_BIND, .dest = at("/rw"), .writable = true},
	    {.kind = CD_MOUNT_BIND, .dest = at("/single"), .writable = true},
	    {.kind = CD_MOUNT_BIND, .dest = at("/tool"), .exec = true},
	};
	const struct cd_plan plan = {.mounts = (struct cd_mount *)mounts,
				     .count = sizeof(mounts) / sizeof(mounts[0])};
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct host_domains domains;

	for (int fd = 0; fd <= 2; fd++)
		if (fd != report)
			close(fd);
	CHECK(host_domains_make(&domains, &plan, false, -1) == CD_OK);
	if (domains.monitor.fd < 0)
		syscall(SYS_exit_group, 77);
	for (size_t i = 0; i < plan.count; i++) {
		int fd = open(mounts[i].dest, O_PATH | O_CLOEXEC);

		CHECK(fd < 0 || host_domains_grant(&domains, &mounts[i], fd) == CD_OK);
		close(fd);
	}
	CHECK(host_domains_enter_monitor(&domains, NULL, proc) == CD_OK);
}

static bool is_denied(long result)
{
	return result == -1 && (errno == EACCES || errno == EXDEV);
}

static void look_around(void)
{
	enter_landlock();
	CHECK(open(at("/ro/file"), O_RDONLY) >= 0);
	CHECK(is_denied(open(at("/ro/file"), O_WRONLY)));
	CHECK(is_denied(open(at("/ro/new"), O_CREAT | O_WRONLY, 0600)));
	CHECK(is_denied(unlink(at("/ro/file"))));
	CHECK(is_denied(mkdir(at("/ro/dir"), 0700)));
	CHECK(is_denied(symlink("x", at("/ro/link"))));
	CHECK(open(at("/rw/file"), O_RDWR) >= 0);
	CHECK(open(at("/rw/new"), O_CREAT | O_WRONLY, 0600) >= 0);
	CHECK(mkdir(at("/rw/dir"), 0700) == 0 && rmdir(at("/rw/dir")) == 0);
	CHECK(unlink(at("/rw/new")) == 0);
	CHECK(open(at("/single"), O_RDWR) >= 0);
	CHECK(is_denied(unlink(at("/single"))));
	CHECK(open(at("/tool"), O_RDONLY) >= 0);
	CHECK(is_denied(open(at("/tool"), O_WRONLY)));
	/* What can be read is the view's to say, and what can be cut, its mounts': Landlock speaks
	 * of the rest. */
	CHECK(is_denied(open(at("/none/file"), O_WRONLY)));
	CHECK(is_denied(open("/etc/passwd", O_WRONLY)));
	CHECK(is_denied(open("/dev/null", O_RDWR)));
	CHECK(is_denied(rename(at("/rw/file"), at("/ro/moved"))));
	CHECK(is_denied(link(at("/ro/file"), at("/none/linked"))));
	CHECK(open("/", O_RDONLY | O_DIRECTORY) >= 0);
	CHECK(open("/proc/self/status", O_RDONLY) >= 0);
}

Test(landlock, denies_the_changes_that_no_mount_of_the_plan_grants)
{
	apart(look_around);
}

static void run_programs(void)
{
	enter_landlock();
	CHECK(is_denied(execl(at("/ro/file"), "file", NULL)));
	CHECK(is_denied(execl(at("/rw/file"), "file", NULL)));
	CHECK(is_denied(execl("/bin/true", "true", NULL)));
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

Test(landlock, lets_no_program_run_that_the_plan_does_not)
{
	apart(run_programs);
}
