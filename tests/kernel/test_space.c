/* The tree of spaces. */
#include "kernel/space.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/support.h"

static struct kern_space *make(struct kern_space *parent)
{
	struct kern_space *space = kern_space_new(parent, -1);

	cr_assert_not_null(space);
	return space;
}

/* With a process to kill, and a descriptor that stands for a listener. */
static pid_t start(struct kern_space *space)
{
	pid_t pid;
	int pidfd = sleeper(&pid);

	cr_assert_eq(kern_space_start_take(space, pidfd, open("/dev/null", O_RDONLY | O_CLOEXEC)),
		     CD_OK);
	return pid;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

Test(space, is_made_and_not_yet_running)
{
	struct kern_space *space = kern_space_new(NULL, 77);

	cr_assert_not_null(space);
	cr_expect_str_eq(space->id, "1");
	cr_expect_eq(space->state, KERN_CREATED);
	cr_expect_eq(space->init_pidfd, -1);
	cr_expect_eq(space->listener, -1);
	cr_expect_eq(space->proc, 77);
	cr_expect_eq(space->layer_count, 0);
	cr_expect_null(space->parent);
	kern_space_free(space);
	kern_space_free(NULL);
}

Test(space, ids_say_where_it_is_and_are_never_used_again)
{
	struct kern_space *root = make(NULL), *a = make(root), *b = make(root), *aa = make(a),
			  *ab = make(a), *c;

	cr_expect_str_eq(a->id, "1.1");
	cr_expect_str_eq(b->id, "1.2");
	cr_expect_str_eq(aa->id, "1.1.1");
	cr_expect_str_eq(ab->id, "1.1.2");
	kern_space_free(b);
	c = make(root);
	cr_expect_str_eq(c->id, "1.3");
	kern_space_free(aa);
	cr_expect_str_eq(make(a)->id, "1.1.3");
	kern_space_free(root);
}

Test(space, one_whose_id_does_not_fit_is_not_made)
{
	struct kern_space *root = make(NULL), *at = root, *next;
	unsigned depth = 1;

	while ((next = kern_space_new(at, -1))) {
		cr_assert_lt(strlen(next->id), sizeof(next->id));
		at = next;
		cr_assert_lt(++depth, 1000);
	}
	cr_expect_eq(depth, sizeof(root->id) / 2);
	cr_expect_null(at->first_child, "nothing is left of the attempt");
	kern_space_free(root);
}

struct walk {
	char seen[256];
	const char *until;
};

static bool note(struct kern_space *space, void *context)
{
	struct walk *walk = context;

	strcat(walk->seen, space->id);
	strcat(walk->seen, " ");
	return !walk->until || strcmp(space->id, walk->until) != 0;
}

Test(space, a_walk_meets_every_space_below_once_and_parents_first)
{
	struct kern_space *root = make(NULL), *a = make(root), *b = make(root);
	struct walk walk = {.seen = ""};

	make(make(a));
	make(a);
	make(b);
	kern_space_walk(root, note, &walk);
	cr_expect_str_eq(walk.seen, "1 1.2 1.2.1 1.1 1.1.2 1.1.1 1.1.1.1 ");
	walk = (struct walk){.seen = ""};
	kern_space_walk(a, note, &walk);
	cr_expect_str_eq(walk.seen, "1.1 1.1.2 1.1.1 1.1.1.1 ",
			 "a subtree, without what lies beside it");
	walk = (struct walk){.until = "1.2"};
	kern_space_walk(root, note, &walk);
	cr_expect_str_eq(walk.seen, "1 1.2 ", "until it is told to end");
	kern_space_free(root);
}

Test(space, starts_once_and_only_below_one_that_runs)
{
	struct kern_space *root = make(NULL), *child = make(root);
	int pidfd = open("/dev/null", O_RDONLY), listener = open("/dev/null", O_RDONLY);
	pid_t pid;

	cr_expect_eq(kern_space_start_take(child, pidfd, listener), CD_EINVAL);
	cr_expect(!is_open(pidfd) && !is_open(listener), "taken is taken");
	cr_expect_eq(child->state, KERN_CREATED);
	pid = start(root);
	cr_expect_eq(root->state, KERN_RUNNING);
	pidfd = open("/dev/null", O_RDONLY);
	listener = open("/dev/null", O_RDONLY);
	cr_expect_eq(kern_space_start_take(root, pidfd, listener), CD_EINVAL);
	cr_expect(!is_open(pidfd) && !is_open(listener));
	start(child);
	cr_expect_eq(child->state, KERN_RUNNING);
	kern_space_free(root);
	cr_expect_neq(wait_bounded(pid), -1);
}

Test(space, stopping_kills_it_and_all_below_and_nothing_else)
{
	struct kern_space *root = make(NULL), *a, *b, *aa, *ab;
	pid_t pids[5];
	static const bool below[] = {false, true, false, true, true};

	pids[0] = start(root);
	a = make(root), pids[1] = start(a);
	b = make(root), pids[2] = start(b);
	aa = make(a), pids[3] = start(aa);
	ab = make(aa), pids[4] = start(ab);
	kern_space_stop(a);
	for (int i = 0; i < 5; i++) {
		if (below[i]) {
			int status = wait_bounded(pids[i]);

			cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%d", i);
		} else {
			usleep(20000);
			cr_expect_eq(waitpid(pids[i], NULL, WNOHANG), 0, "%d", i);
		}
	}
	cr_expect_eq(root->state, KERN_RUNNING);
	cr_expect_eq(b->state, KERN_RUNNING);
	cr_expect_eq(a->state, KERN_ENDED);
	cr_expect_eq(ab->state, KERN_ENDED);
	cr_expect_eq(a->first_child, aa, "still listed");
	cr_expect_null(kern_space_new(a, -1), "nothing begins below what has ended");
	kern_space_stop(a);
	kern_space_free(root);
	cr_expect_neq(wait_bounded(pids[0]), -1);
	cr_expect_neq(wait_bounded(pids[2]), -1);
}

Test(space, one_that_was_stopped_before_its_start_never_runs)
{
	struct kern_space *root = make(NULL);
	int pidfd = open("/dev/null", O_RDONLY), listener = open("/dev/null", O_RDONLY);

	kern_space_stop(root);
	cr_expect_eq(root->state, KERN_ENDED);
	cr_expect_eq(kern_space_start_take(root, pidfd, listener), CD_EINVAL);
	cr_expect(!is_open(pidfd) && !is_open(listener));
	kern_space_free(root);
}

Test(space, freeing_closes_what_was_taken_and_leaves_the_others)
{
	struct kern_space *root = make(NULL), *a, *b, *c, *below;
	struct walk walk = {.seen = ""};
	int fds[4];
	pid_t pid, pid_below;

	start(root);
	a = make(root), b = make(root), c = make(root);
	(void)a, (void)c;
	pid = start(b);
	below = make(b);
	pid_below = start(below);
	fds[0] = b->init_pidfd, fds[1] = b->listener;
	fds[2] = below->init_pidfd, fds[3] = below->listener;
	kern_space_free(b);
	for (int i = 0; i < 4; i++)
		cr_expect(!is_open(fds[i]), "%d", i);
	cr_expect_neq(wait_bounded(pid), -1);
	cr_expect_neq(wait_bounded(pid_below), -1);
	kern_space_walk(root, note, &walk);
	cr_expect_str_eq(walk.seen, "1 1.3 1.1 ");
	kern_space_free(root);
}

/* Deeper than ids allow, as it may once become. */
static struct kern_space *link_below(struct kern_space *parent)
{
	struct kern_space *space = calloc(1, sizeof(*space));

	cr_assert_not_null(space);
	space->init_pidfd = space->listener = -1;
	space->parent = parent;
	space->next_sibling = parent->first_child;
	parent->first_child = space;
	return space;
}

static bool count(struct kern_space *space, void *context)
{
	(void)space;
	++*(unsigned *)context;
	return true;
}

/* A stack on which a call for each level would not fit. */
Test(space, depth_costs_no_stack)
{
	struct kern_space *root = make(NULL), *at = root;
	struct rlimit limit;
	unsigned seen = 0;
	int status;
	pid_t pid;

	for (int i = 0; i < 10000; i++) {
		link_below(at);
		at = link_below(at);
	}
	cr_assert_eq(getrlimit(RLIMIT_STACK, &limit), 0);
	pid = fork();
	if (pid == 0) {
		limit.rlim_cur = 256 << 10;
		setrlimit(RLIMIT_STACK, &limit);
		kern_space_walk(root, count, &seen);
		kern_space_stop(root);
		kern_space_free(root);
		_exit(seen == 20001 ? 0 : 1);
	}
	status = wait_bounded(pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
	kern_space_free(root);
}

Test(space, has_64_layers_at_most)
{
	static const struct kern_layer layer = {.name = "layer"};
	struct kern_space *space = make(NULL);

	for (int i = 0; i < CD_LAYERS_MAX; i++)
		cr_assert_eq(kern_space_add_layer(space, &layer), CD_OK, "%d", i);
	cr_expect_eq(kern_space_add_layer(space, &layer), CD_ELIMIT);
	cr_expect_eq(space->layer_count, CD_LAYERS_MAX);
	kern_space_free(space);
}

Test(space, layers_keep_their_order)
{
	static const struct kern_layer inner = {.name = "inner"}, outer = {.name = "outer"};
	struct kern_space *space = make(NULL);

	cr_assert_eq(kern_space_add_layer(space, &inner), CD_OK);
	cr_assert_eq(kern_space_add_layer(space, &outer), CD_OK);
	cr_expect_eq(space->layers[0], &inner);
	cr_expect_eq(space->layers[1], &outer);
	kern_space_free(space);
}
