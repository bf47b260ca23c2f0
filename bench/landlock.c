/*
 * A command within a Landlock domain and nothing else: what is to be paid wherever Linux itself is
 * to hold a program to some files.
 *
 * usage: landlock COMMAND [ARGUMENT...]
 *
 * The domain has one rule, which allows to read and run all below the root, and so refuses no
 * reading; changes are refused.
 */
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READING                                                                                    \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)

int main(int argc, char **argv)
{
	struct landlock_ruleset_attr handled = {
	    .handled_access_fs = READING | LANDLOCK_ACCESS_FS_WRITE_FILE |
				 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE};
	struct landlock_path_beneath_attr rule = {.allowed_access = READING};
	int rules;

	if (argc < 2) {
		fputs("usage: landlock COMMAND...\n", stderr);
		return 2;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	rule.parent_fd = open("/", O_PATH | O_CLOEXEC);
	if (rules < 0 ||
	    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, rules, 0)) {
		perror("landlock");
		return 1;
	}
	close(rules);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 1;
}
