/* What is revoked: who reads it, who can write it, and what it denies. */
#include "cli/revoked.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static enum cd_verdict ask(const struct kern_layer *layer, enum cd_op op, const char *path)
{
	const struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};
	struct cd_decision decision = {CD_DENY, CD_OP_COUNT, CD_NO_RULE};

	layer->decide(layer->context, CD_OPBIT(op), &object, &decision);
	return decision.verdict;
}

Test(revoked, holds_from_the_next_decision_on_and_for_that_space)
{
	const char *why;
	int fd;
	struct revoked_page *page = revoked_new(&fd);
	const struct kern_layer *one = revoked_layer(revoked_map(fd), "1"),
				*other = revoked_layer(revoked_map(fd), "1.1");

	cr_assert_eq(ask(one, CD_OP_FS_READ, "/data/x"), CD_ALLOW);
	cr_assert(revoked_add(page, "1", "fs.read:/data/**", &why));
	cr_expect_eq(ask(one, CD_OP_FS_READ, "/data/x"), CD_DENY);
	cr_expect_eq(ask(one, CD_OP_FS_WRITE, "/data/x"), CD_ALLOW, "what was not named");
	cr_expect_eq(ask(one, CD_OP_FS_READ, "/other"), CD_ALLOW);
	cr_expect_eq(ask(one, CD_OP_FS_STAT, "/data"), CD_ALLOW, "the way there");
	cr_expect_eq(ask(other, CD_OP_FS_READ, "/data/x"), CD_ALLOW);
	cr_assert(revoked_add(page, "1", "fs.*:/other", &why));
	cr_expect_eq(ask(one, CD_OP_FS_READ, "/data/x"), CD_DENY, "still");
	cr_expect_eq(ask(one, CD_OP_FS_WRITE, "/other"), CD_DENY);
}

Test(revoked, what_is_no_rule_or_finds_no_room_is_refused)
{
	const char *why;
	char rule[REVOKED_TEXT + 16];
	int fd;
	struct revoked_page *page = revoked_new(&fd);

	cr_expect_not(revoked_add(page, "1", "/data", &why));
	cr_expect_not(revoked_add(page, "1", "fs.nothing:/data", &why));
	cr_expect_not(revoked_add(page, "1", "fs.read:data", &why));
	memset(rule, 'x', sizeof(rule));
	memcpy(rule, "fs.read:/", 9);
	rule[sizeof(rule) - 1] = '\0';
	cr_expect_not(revoked_add(page, "1", rule, &why));
	for (unsigned i = 0; i < REVOKED_MAX; i++)
		cr_assert(revoked_add(page, "1", "fs.read:/data", &why));
	cr_expect_not(revoked_add(page, "1", "fs.read:/data", &why));
}

Test(revoked, nobody_but_who_made_the_page_can_write_it)
{
	int fd, status;
	struct revoked_page *page = revoked_new(&fd);
	void *read = (void *)(uintptr_t)revoked_map(fd);
	pid_t child;

	cr_assert_not_null(read);
	cr_expect_eq(mprotect(read, 4096, PROT_READ | PROT_WRITE), -1);
	cr_expect_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)page = 0;
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFSIGNALED(status), "what is forked has not got it");
}
