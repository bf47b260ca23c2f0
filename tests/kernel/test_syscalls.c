/* The system call table: complete, right about names and numbers, and of sane shape. */
#include "cordon/shim.h"
#include "kernel/syscalls.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/nsfs.h>
#include <linux/prctl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/syscall.h>

#include "tests/kernel/syscalls_doc.h"

/* The number as text, or, where this machine's headers are older than the call, "__NR_name". */
#define TEXT(x)	  #x
#define NUMBER(x) TEXT(x)

static const struct {
	int nr;
	const char *name, *number;
} listed[] = {
#define INTERNAL(nr, name, why)			 {nr, #name, NUMBER(__NR_##name)},
#define BORDER(nr, name, verb, why, ...)	 {nr, #name, NUMBER(__NR_##name)},
#define CHECKED(nr, name, check, verb, why, ...) {nr, #name, NUMBER(__NR_##name)},
#define REFUSED(nr, name, error, why)		 {nr, #name, NUMBER(__NR_##name)},
#include "kernel/syscalls.def"
};

#define LISTED (sizeof(listed) / sizeof(listed[0]))

static bool exists(int nr)
{
	return (nr >= 0 && nr <= 336) || (nr >= 424 && nr <= 469);
}

Test(syscalls, every_number_of_the_processor_is_classified_and_no_other)
{
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		bool known = exists(nr);

		cr_expect_eq(kern_syscalls[nr].class != KERN_UNKNOWN, known, "%d", nr);
		cr_expect_eq(kern_syscalls[nr].name != NULL, known, "%d", nr);
	}
}

Test(syscalls, numbers_and_names_are_those_of_the_headers)
{
	unsigned known = 0;

	for (size_t i = 0; i < LISTED; i++) {
		if (!isdigit((unsigned char)*listed[i].number))
			continue;
		known++;
		cr_expect_eq(atoi(listed[i].number), listed[i].nr, "%s is %s, not %d",
			     listed[i].name, listed[i].number, listed[i].nr);
	}
	/* Linux 6.1's headers know 362; a misspelt name would be missing from them. */
	cr_expect_geq(known, 362, "only %u known", known);
}

Test(syscalls, calls_newer_than_the_headers_have_their_numbers)
{
	static const struct {
		int nr;
		const char *name;
	} newer[] = {
	    {335, "uretprobe"},		{336, "uprobe"},
	    {451, "cachestat"},		{452, "fchmodat2"},
	    {453, "map_shadow_stack"},	{454, "futex_wake"},
	    {455, "futex_wait"},	{456, "futex_requeue"},
	    {457, "statmount"},		{458, "listmount"},
	    {459, "lsm_get_self_attr"}, {460, "lsm_set_self_attr"},
	    {461, "lsm_list_modules"},	{462, "mseal"},
	    {463, "setxattrat"},	{464, "getxattrat"},
	    {465, "listxattrat"},	{466, "removexattrat"},
	    {467, "open_tree_attr"},	{468, "file_getattr"},
	    {469, "file_setattr"},
	};

	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
		cr_expect_str_eq(kern_syscall_name(newer[i].nr), newer[i].name);
}

Test(syscalls, names_of_numbers_outside_the_table_are_a_question_mark)
{
	static const long none[] = {-1, 337, 423, 470, KERN_SYSCALL_MAX, 0x40000000, __LONG_MAX__};

	cr_expect_str_eq(kern_syscall_name(SYS_openat), "openat");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cr_expect_str_eq(kern_syscall_name(none[i]), "?", "%ld", none[i]);
}

Test(syscalls, verbs_have_names)
{
	cr_expect_str_eq(cd_verb_name(CD_VERB_OPEN), "open");
	cr_expect_str_eq(cd_verb_name(CD_VERB_PRCTL), "prctl");
	cr_expect_str_eq(cd_verb_name(CD_VERB_COUNT), "?");
	cr_expect_str_eq(cd_verb_name((enum cd_verb) - 1), "?");
	for (int verb = 0; verb < CD_VERB_COUNT; verb++)
		cr_expect_str_neq(cd_verb_name((enum cd_verb)verb), "?");
}

Test(syscalls, every_verb_is_the_meaning_of_some_call)
{
	bool used[CD_VERB_COUNT] = {false};

	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++)
		used[kern_syscall_shape(nr)->verb] = true;
	for (int verb = 0; verb < CD_VERB_COUNT; verb++)
		cr_expect(used[verb], "%s", cd_verb_name((enum cd_verb)verb));
}

/* ---- shapes ---- */

static bool is_empty(const struct kern_shape *shape)
{
	static const struct kern_shape none;

	return memcmp(shape, &none, sizeof(none)) == 0;
}

static bool can_reach_the_border(const struct kern_syscall *call)
{
	return call->class == KERN_BORDER ||
	       (call->class == KERN_CHECKED &&
		(call->check == KERN_CHECK_IOCTL || call->check == KERN_CHECK_PRCTL ||
		 call->check == KERN_CHECK_FCNTL || call->check == KERN_CHECK_SENDTO ||
		 call->check == KERN_CHECK_SOCKOPT));
}

Test(syscalls, exactly_what_can_reach_the_border_has_a_verb_and_a_shape)
{
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		const struct kern_syscall *call = &kern_syscalls[nr];

		cr_expect_eq(call->shape.verb != CD_VERB_NONE, can_reach_the_border(call), "%s",
			     kern_syscall_name(nr));
		if (!can_reach_the_border(call))
			cr_expect(is_empty(&call->shape), "%s", call->name);
	}
}

Test(syscalls, only_checked_calls_have_a_check_and_only_refused_ones_an_error)
{
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		const struct kern_syscall *call = &kern_syscalls[nr];

		cr_expect_eq(call->check != KERN_CHECK_NONE, call->class == KERN_CHECKED, "%d", nr);
		if (call->class != KERN_REFUSED)
			cr_expect_eq(call->error, 0, "%d", nr);
		else
			cr_expect(call->error > 0 || nr == SYS_sync, "%s", call->name);
	}
}

Test(syscalls, no_register_stands_for_two_arguments)
{
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		const struct kern_shape *s = &kern_syscalls[nr].shape;
		const uint8_t places[] = {s->fd,    s->dir,  s->path, s->dir2, s->path2,
					  s->flags, s->mode, s->buf,  s->len,  s->extra};
		unsigned seen = 0;

		for (size_t i = 0; i < sizeof(places); i++) {
			if (places[i] == 0)
				continue;
			cr_expect_leq(places[i], KERN_A5, "%s", kern_syscall_name(nr));
			cr_expect_eq(seen & 1u << places[i], 0, "%s", kern_syscall_name(nr));
			seen |= 1u << places[i];
		}
		/* The registers in use are the first ones, but for execve's argv and envp, which
		 * Linux reads. */
		if (seen && s->verb != CD_VERB_EXEC)
			cr_expect_eq(seen & (seen + 2), 0, "%s", kern_syscall_name(nr));
	}
}

Test(syscalls, a_border_call_names_an_object)
{
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++) {
		const struct kern_shape *s = &kern_syscalls[nr].shape;
		const char *name = kern_syscall_name(nr);

		if (s->verb == CD_VERB_NONE)
			continue;
		cr_expect(s->fd || s->path || s->verb == CD_VERB_UMASK ||
			      s->verb == CD_VERB_USTAT || s->verb == CD_VERB_PRCTL ||
			      s->verb == CD_VERB_TRACE || s->verb == CD_VERB_FILTER,
			  "%s", name);
		cr_expect(!(s->fd && s->path) || s->verb == CD_VERB_WATCH, "%s", name);
		cr_expect(!s->dir || s->path == s->dir + 1,
			  "%s: a directory stands before its name", name);
		cr_expect(!s->dir2 || s->path2 == s->dir2 + 1, "%s", name);
		cr_expect(!s->path2 || s->path, "%s", name);
		cr_expect_eq(s->path2 != 0,
			     s->verb == CD_VERB_RENAME || s->verb == CD_VERB_LINK ||
				 s->verb == CD_VERB_SYMLINK,
			     "%s", name);
		cr_expect(!s->len || s->buf, "%s", name);
		cr_expect(s->form == KERN_FORM_PLAIN || s->buf, "%s", name);
		cr_expect_eq(s->form == KERN_FORM_UTIMBUF || s->form == KERN_FORM_TIMEVAL ||
				 s->form == KERN_FORM_TIMESPEC,
			     s->verb == CD_VERB_UTIMES, "%s", name);
	}
}

/* Two spellings of one call keep the same arguments, whatever the register. */
struct spelling {
	int nr, other;
	bool other_has_flags;
};

Test(syscalls, the_at_form_of_a_call_has_all_that_the_plain_one_has)
{
	static const struct spelling pairs[] = {
	    {SYS_open, SYS_openat, true},	   {SYS_stat, SYS_newfstatat, true},
	    {SYS_lstat, SYS_newfstatat, true},	   {SYS_access, SYS_faccessat, false},
	    {SYS_readlink, SYS_readlinkat, false}, {SYS_mkdir, SYS_mkdirat, false},
	    {SYS_mknod, SYS_mknodat, false},	   {SYS_unlink, SYS_unlinkat, true},
	    {SYS_rmdir, SYS_unlinkat, true},	   {SYS_rename, SYS_renameat, false},
	    {SYS_rename, SYS_renameat2, true},	   {SYS_link, SYS_linkat, true},
	    {SYS_symlink, SYS_symlinkat, false},   {SYS_chmod, SYS_fchmodat, false},
	    {SYS_chown, SYS_fchownat, true},	   {SYS_lchown, SYS_fchownat, true},
	    {SYS_utimes, SYS_futimesat, false},	   {SYS_execve, SYS_execveat, true},
	    {SYS_faccessat, SYS_faccessat2, true},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct kern_shape *a = &kern_syscalls[pairs[i].nr].shape;
		const struct kern_shape *b = &kern_syscalls[pairs[i].other].shape;
		const char *name = kern_syscalls[pairs[i].nr].name;

		cr_expect_eq(a->verb, b->verb, "%s", name);
		cr_expect(b->dir, "%s", name);
		cr_expect_eq(!a->mode, !b->mode, "%s", name);
		cr_expect_eq(!a->buf, !b->buf, "%s", name);
		cr_expect_eq(!a->len, !b->len, "%s", name);
		cr_expect_eq(!a->extra, !b->extra, "%s", name);
		cr_expect_eq(!a->path2, !b->path2, "%s", name);
		cr_expect_eq(a->form, b->form, "%s", name);
		cr_expect_eq(b->flags != 0, pairs[i].other_has_flags, "%s", name);
	}
}

Test(syscalls, the_l_forms_and_rmdir_and_creat_carry_what_their_names_say)
{
	static const struct {
		int nr;
		uint32_t flags;
	} fixed[] = {
	    {SYS_lstat, AT_SYMLINK_NOFOLLOW},
	    {SYS_lchown, AT_SYMLINK_NOFOLLOW},
	    {SYS_lsetxattr, AT_SYMLINK_NOFOLLOW},
	    {SYS_lgetxattr, AT_SYMLINK_NOFOLLOW},
	    {SYS_llistxattr, AT_SYMLINK_NOFOLLOW},
	    {SYS_lremovexattr, AT_SYMLINK_NOFOLLOW},
	    {SYS_rmdir, AT_REMOVEDIR},
	    {SYS_creat, O_CREAT | O_WRONLY | O_TRUNC},
	};
	unsigned with = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		cr_expect_eq(kern_syscalls[fixed[i].nr].shape.fixed_flags, fixed[i].flags, "%s",
			     kern_syscalls[fixed[i].nr].name);
	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++)
		with += kern_syscalls[nr].shape.fixed_flags != 0;
	cr_expect_eq(with, sizeof(fixed) / sizeof(fixed[0]));
}

Test(syscalls, symlink_makes_the_name_that_comes_last)
{
	cr_expect_eq(kern_syscalls[SYS_symlink].shape.path, KERN_A1);
	cr_expect_eq(kern_syscalls[SYS_symlink].shape.path2, KERN_A0);
	cr_expect_eq(kern_syscalls[SYS_symlinkat].shape.dir, KERN_A1);
	cr_expect_eq(kern_syscalls[SYS_symlinkat].shape.path, KERN_A2);
	cr_expect_eq(kern_syscalls[SYS_symlinkat].shape.path2, KERN_A0);
}

/* ---- decisions that nobody may change by accident ---- */

Test(syscalls, what_would_undo_the_border_is_never_native)
{
	static const int refused[] = {
	    SYS_mount,
	    SYS_umount2,
	    SYS_pivot_root,
	    SYS_setns,
	    SYS_open_tree,
	    SYS_move_mount,
	    SYS_fsopen,
	    SYS_fsconfig,
	    SYS_fsmount,
	    SYS_fspick,
	    SYS_mount_setattr,
	    SYS_bpf,
	    SYS_perf_event_open,
	    SYS_io_uring_setup,
	    SYS_io_uring_enter,
	    SYS_io_uring_register,
	    SYS_userfaultfd,
	    SYS_memfd_secret,
	    SYS_clone3,
	    SYS_add_key,
	    SYS_request_key,
	    SYS_keyctl,
	    SYS_open_by_handle_at,
	    SYS_fanotify_init,
	    SYS_kexec_load,
	    SYS_init_module,
	    SYS_finit_module,
	    SYS_delete_module,
	    SYS_reboot,
	    SYS_swapon,
	    SYS_acct,
	    SYS_sethostname,
	    SYS_syslog,
	    SYS_quotactl,
	    SYS_landlock_restrict_self,
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct kern_syscall *call = &kern_syscalls[refused[i]];

		cr_expect_eq(call->class, KERN_REFUSED, "%s", call->name);
		cr_expect_gt(call->error, 0, "%s", call->name);
	}
}

/* A name in a register means the border, and so do the rights that a descriptor for reading brings.
 */
Test(syscalls, what_names_something_outside_crosses_the_border)
{
	static const int border[] = {
	    SYS_open,
	    SYS_openat,
	    SYS_openat2,
	    SYS_creat,
	    SYS_execve,
	    SYS_execveat,
	    SYS_stat,
	    SYS_statx,
	    SYS_unlinkat,
	    SYS_renameat2,
	    SYS_truncate,
	    SYS_fchmod,
	    SYS_fchown,
	    SYS_fsetxattr,
	    SYS_fremovexattr,
	    SYS_utimensat,
	    SYS_chdir,
	    SYS_chroot,
	    SYS_name_to_handle_at,
	    SYS_connect,
	    SYS_bind,
	    SYS_sendmsg,
	    SYS_sendmmsg,
	    SYS_statfs,
	    SYS_readlinkat,
	    SYS_faccessat2,
	    SYS_inotify_add_watch,
	    SYS_getsockname,
	    SYS_getxattr,
	    SYS_listxattr,
	    SYS_mknodat,
	    SYS_umask,
	    SYS_ptrace,
	    SYS_kcmp,
	    SYS_pidfd_getfd,
	    SYS_process_vm_readv,
	    SYS_process_vm_writev,
	};

	for (size_t i = 0; i < sizeof(border) / sizeof(border[0]); i++)
		cr_expect_eq(kern_syscalls[border[i]].class, KERN_BORDER, "%s",
			     kern_syscalls[border[i]].name);
}

/* ---- commands ---- */

static const struct kern_command *find_command(enum kern_check check, const char *name)
{
	for (const struct kern_command *c = kern_commands; c->check != KERN_CHECK_NONE; c++)
		if (c->check == check && strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

Test(commands, each_value_and_each_name_stands_once)
{
	for (const struct kern_command *a = kern_commands; a->check != KERN_CHECK_NONE; a++)
		for (const struct kern_command *b = kern_commands; b < a; b++) {
			cr_expect(a->check != b->check || a->value != b->value, "%s, %s", a->name,
				  b->name);
			cr_expect(a->check != b->check || strcmp(a->name, b->name) != 0, "%s",
				  a->name);
		}
}

Test(commands, values_are_those_of_the_headers)
{
	static const struct {
		enum kern_check check;
		const char *name;
		unsigned long value;
	} known[] = {
#define IOCTL(name) {KERN_CHECK_IOCTL, #name, name}
#define FCNTL(name)                                                                                \
	{                                                                                          \
		KERN_CHECK_FCNTL, #name, (unsigned long)name                                       \
	}
#define PRCTL(name)                                                                                \
	{                                                                                          \
		KERN_CHECK_PRCTL, #name, name                                                      \
	}
	    IOCTL(TCGETS),
	    IOCTL(TIOCGWINSZ),
	    IOCTL(FIONREAD),
	    IOCTL(FIONBIO),
	    IOCTL(FIOCLEX),
	    IOCTL(FIONCLEX),
	    IOCTL(TIOCGPGRP),
	    IOCTL(TCSETS),
	    IOCTL(TCSETSW),
	    IOCTL(TCSETSF),
	    IOCTL(TCGETA),
	    IOCTL(TCSETA),
	    IOCTL(TCSETAW),
	    IOCTL(TCSETAF),
	    IOCTL(TCSBRK),
	    IOCTL(TCSBRKP),
	    IOCTL(TCXONC),
	    IOCTL(TCFLSH),
	    IOCTL(TIOCOUTQ),
	    IOCTL(TIOCSPGRP),
	    IOCTL(TIOCGSID),
	    IOCTL(TIOCSCTTY),
	    IOCTL(TIOCNOTTY),
	    IOCTL(TIOCGPTN),
	    IOCTL(TIOCSPTLCK),
	    IOCTL(TIOCGPTLCK),
	    IOCTL(FS_IOC_GETFLAGS),
	    IOCTL(FS_IOC_FSGETXATTR),
	    IOCTL(FS_IOC_GETVERSION),
	    IOCTL(FS_IOC_FIEMAP),
	    IOCTL(FIGETBSZ),
	    IOCTL(FICLONE),
	    IOCTL(FICLONERANGE),
	    IOCTL(NS_GET_USERNS),
	    IOCTL(NS_GET_PARENT),
	    IOCTL(NS_GET_NSTYPE),
	    IOCTL(NS_GET_OWNER_UID),
	    IOCTL(TIOCSTI),
	    IOCTL(TIOCLINUX),
	    IOCTL(TIOCCONS),
	    IOCTL(FIOASYNC),
	    IOCTL(TIOCSETD),
	    IOCTL(TIOCVHANGUP),
	    FCNTL(F_GETFL),
	    FCNTL(F_SETFL),
	    FCNTL(F_GETFD),
	    FCNTL(F_SETFD),
	    FCNTL(F_DUPFD_CLOEXEC),
	    FCNTL(F_DUPFD),
	    FCNTL(F_SETLK),
	    FCNTL(F_SETLKW),
	    FCNTL(F_GETLK),
	    FCNTL(F_OFD_SETLK),
	    FCNTL(F_OFD_SETLKW),
	    FCNTL(F_OFD_GETLK),
	    FCNTL(F_SETOWN),
	    FCNTL(F_GETOWN),
	    FCNTL(F_SETOWN_EX),
	    FCNTL(F_GETOWN_EX),
	    FCNTL(F_GETSIG),
	    FCNTL(F_SETSIG),
	    FCNTL(F_SETPIPE_SZ),
	    FCNTL(F_GETPIPE_SZ),
	    FCNTL(F_ADD_SEALS),
	    FCNTL(F_GET_SEALS),
	    FCNTL(F_GET_RW_HINT),
	    FCNTL(F_SET_RW_HINT),
	    FCNTL(F_SETLEASE),
	    FCNTL(F_NOTIFY),
	    PRCTL(PR_SET_NAME),
	    PRCTL(PR_GET_NAME),
	    PRCTL(PR_SET_VMA),
	    PRCTL(PR_SET_PDEATHSIG),
	    PRCTL(PR_GET_PDEATHSIG),
	    PRCTL(PR_GET_DUMPABLE),
	    PRCTL(PR_SET_DUMPABLE),
	    PRCTL(PR_GET_KEEPCAPS),
	    PRCTL(PR_SET_KEEPCAPS),
	    PRCTL(PR_GET_SECCOMP),
	    PRCTL(PR_SET_SECCOMP),
	    PRCTL(PR_CAPBSET_READ),
	    PRCTL(PR_CAPBSET_DROP),
	    PRCTL(PR_GET_TSC),
	    PRCTL(PR_SET_TSC),
	    PRCTL(PR_GET_SECUREBITS),
	    PRCTL(PR_SET_SECUREBITS),
	    PRCTL(PR_SET_TIMERSLACK),
	    PRCTL(PR_GET_TIMERSLACK),
	    PRCTL(PR_MCE_KILL),
	    PRCTL(PR_MCE_KILL_GET),
	    PRCTL(PR_SET_CHILD_SUBREAPER),
	    PRCTL(PR_SET_NO_NEW_PRIVS),
	    PRCTL(PR_GET_NO_NEW_PRIVS),
	    PRCTL(PR_GET_CHILD_SUBREAPER),
	    PRCTL(PR_SET_THP_DISABLE),
	    PRCTL(PR_GET_THP_DISABLE),
	    PRCTL(PR_CAP_AMBIENT),
	    PRCTL(PR_SET_MM),
	    PRCTL(PR_SET_PTRACER),
	    PRCTL(PR_GET_SPECULATION_CTRL),
	    PRCTL(PR_SET_SPECULATION_CTRL),
	    PRCTL(PR_SET_SYSCALL_USER_DISPATCH),
	    {KERN_CHECK_PERSONALITY, "ADDR_NO_RANDOMIZE", ADDR_NO_RANDOMIZE},
	    {KERN_CHECK_PERSONALITY, "PER_LINUX", PER_LINUX},
#define PERSONALITY(name) {KERN_CHECK_PERSONALITY, #name, name}
	    PERSONALITY(PER_LINUX_32BIT),
	    PERSONALITY(PER_LINUX32),
	    PERSONALITY(PER_SVR4),
	    PERSONALITY(PER_SVR3),
	    PERSONALITY(PER_SCOSVR3),
	    PERSONALITY(PER_OSR5),
	    PERSONALITY(PER_WYSEV386),
	    PERSONALITY(PER_ISCR4),
	    PERSONALITY(PER_BSD),
	    PERSONALITY(PER_XENIX),
	    PERSONALITY(PER_IRIX32),
	    PERSONALITY(PER_IRIXN32),
	    PERSONALITY(PER_IRIX64),
	    PERSONALITY(PER_RISCOS),
	    PERSONALITY(PER_SOLARIS),
	    PERSONALITY(PER_UW7),
	    PERSONALITY(PER_OSF4),
	    PERSONALITY(PER_HPUX),
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct kern_command *c = find_command(known[i].check, known[i].name);

		cr_assert_not_null(c, "%s", known[i].name);
		cr_expect_eq(c->value, (uint32_t)known[i].value, "%s", known[i].name);
	}
}

/* Every one but the question has a name, so that nothing else rides along with it. */
Test(commands, no_personality_makes_code_of_data)
{
	for (const struct kern_command *c = kern_commands; c->check != KERN_CHECK_NONE; c++)
		cr_expect(c->check != KERN_CHECK_PERSONALITY || c->value == UINT32_MAX ||
			      !(c->value & READ_IMPLIES_EXEC),
			  "%s", c->name);
}

/* ---- documentation ---- */

static char *read_whole(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		return NULL;
	if (getdelim(&text, &size, '\0', in) < 0) {
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

Test(syscalls, the_documentation_is_current)
{
	char *expected = NULL, *found = read_whole("docs/syscalls.md");
	size_t size = 0;
	FILE *out = open_memstream(&expected, &size);

	cr_assert_not_null(out);
	syscalls_doc(out);
	fclose(out);
	cr_assert_not_null(found,
			   "docs/syscalls.md is not there: run the tests at the top of the tree");
	cr_expect(strcmp(expected, found) == 0, "docs/syscalls.md is stale: make docs/syscalls.md");
	free(expected);
	free(found);
}
