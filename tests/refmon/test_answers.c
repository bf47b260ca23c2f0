/* Answers of the user: what stands, what is brief, and who waits. */
#include "refmon/answers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mon_answers *answers;
static const struct mon_answers *seen;

static void setup(void)
{
	int fd = -1;

	answers = mon_answers_new(&fd);
	cr_assert_not_null(answers);
	seen = mon_answers_map(fd);
	cr_assert_not_null(seen);
	close(fd);
}

static struct mon_object object_of(enum cd_op op, const char *text)
{
	struct mon_object object;

	cr_assert_eq(mon_object_parse(op, text, &object), CD_OK, "%s", text);
	return object;
}

static void add(enum cd_op op, const char *text, bool allow)
{
	struct mon_object object = object_of(op, text);

	cr_assert(mon_answers_add(answers, op, &object, allow, 0));
}

static enum mon_verdict find(enum cd_op op, const char *text)
{
	struct mon_object object = object_of(op, text);

	return mon_answers_find(seen, NULL, op, &object, false);
}

Test(answers, stand_for_one_operation_on_one_object, .init = setup)
{
	cr_assert_eq(find(CD_OP_FS_READ, "/a"), MON_ASK);
	add(CD_OP_FS_READ, "/a", true);
	cr_assert_eq(find(CD_OP_FS_READ, "/a"), MON_ALLOW);
	cr_assert_eq(find(CD_OP_FS_READ, "/a/b"), MON_ASK);
	cr_assert_eq(find(CD_OP_FS_WRITE, "/a"), MON_ASK);
	cr_assert_eq(find(CD_OP_FS_STAT, "/a"), MON_ALLOW);
	add(CD_OP_FS_READ, "/b", false);
	cr_assert_eq(find(CD_OP_FS_READ, "/b"), MON_DENY);
	cr_assert_eq(find(CD_OP_FS_STAT, "/b"), MON_ASK);
	add(CD_OP_FS_READ, "/a", false);
	cr_assert_eq(find(CD_OP_FS_READ, "/a"), MON_DENY);
}

Test(answers, of_addresses_have_a_port_and_a_protocol, .init = setup)
{
	add(CD_OP_NET_CONNECT, "192.0.2.1:443", true);
	cr_assert_eq(find(CD_OP_NET_CONNECT, "192.0.2.1:443"), MON_ALLOW);
	cr_assert_eq(find(CD_OP_NET_CONNECT, "192.0.2.1:80"), MON_ASK);
	cr_assert_eq(find(CD_OP_NET_CONNECT, "192.0.2.2:443"), MON_ASK);
	cr_assert_eq(find(CD_OP_NET_CONNECT, "udp://192.0.2.1:443"), MON_ASK);
	cr_assert_eq(find(CD_OP_NET_CONNECT, "[2001:db8::1]:443"), MON_ASK);
	add(CD_OP_NET_CONNECT, "unix:/run/x", true);
	cr_assert_eq(find(CD_OP_NET_CONNECT, "unix:/run/x"), MON_ALLOW);
	cr_assert_eq(find(CD_OP_NET_CONNECT, "unix:@/run/x"), MON_ASK);
}

Test(answers, of_names_are_for_all_their_addresses, .init = setup)
{
	int fd;
	struct mon_names *names = mon_names_new(&fd);
	struct mon_object object = object_of(CD_OP_NET_CONNECT, "192.0.2.1:443");

	cr_assert(mon_names_add(names, 4, object.address, "example.org", 11));
	add(CD_OP_NET_CONNECT, "example.org:443", true);
	cr_assert_eq(mon_answers_find(seen, names, CD_OP_NET_CONNECT, &object, false), MON_ALLOW);
	cr_assert_eq(mon_answers_find(seen, NULL, CD_OP_NET_CONNECT, &object, false), MON_ASK);
	object.address[3] = 2;
	cr_assert_eq(mon_answers_find(seen, names, CD_OP_NET_CONNECT, &object, false), MON_ASK);
	mon_names_free(names);
	close(fd);
}

Test(answers, that_are_brief_are_for_the_broker_and_end, .init = setup)
{
	struct mon_object object = object_of(CD_OP_NET_CONNECT, "192.0.2.1:443");

	cr_assert(mon_answers_add(answers, CD_OP_NET_CONNECT, &object, true, 100));
	cr_assert_eq(mon_answers_find(seen, NULL, CD_OP_NET_CONNECT, &object, true), MON_ALLOW);
	cr_assert_eq(mon_answers_find(seen, NULL, CD_OP_NET_CONNECT, &object, false), MON_ASK);
	usleep(150000);
	cr_assert_eq(mon_answers_find(seen, NULL, CD_OP_NET_CONNECT, &object, true), MON_ASK);
}

Test(answers, are_bounded, .init = setup)
{
	struct mon_question question = {.message = 1};
	struct mon_object more = object_of(CD_OP_FS_READ, "/x");
	char path[32];

	for (int i = 0; i < MON_ANSWERS_MAX; i++) {
		sprintf(path, "/%d", i);
		add(CD_OP_FS_READ, path, true);
	}
	cr_assert_not(mon_answers_add(answers, CD_OP_FS_READ, &more, true, 0));
	cr_assert_eq(find(CD_OP_FS_READ, "/255"), MON_ALLOW);
	for (; question.message <= MON_QUESTIONS_MAX; question.message++)
		cr_assert(mon_question_open(answers, question));
	cr_assert_not(mon_question_open(answers, question));
	mon_question_close(answers, (struct mon_question){7, 0}, true);
	cr_assert(mon_question_open(answers, question));
}

Test(answers, wake_who_waits, .init = setup)
{
	const struct mon_question question = {7, 1};
	bool interrupted;
	pid_t child;
	int status;

	cr_assert_eq(mon_question_wait(seen, question, 1, &interrupted), MON_WAIT_UNKNOWN);
	cr_assert(mon_question_open(answers, question));
	cr_assert_eq(mon_question_wait(seen, question, 1, &interrupted), MON_WAIT_OPEN);
	cr_assert_eq(mon_question_wait(seen, (struct mon_question){7, 2}, 1, &interrupted),
		     MON_WAIT_UNKNOWN);
	child = fork();
	if (child == 0)
		_exit(mon_question_wait(seen, question, 5000, &interrupted));
	usleep(50000);
	mon_question_close(answers, question, true);
	waitpid(child, &status, 0);
	cr_assert_eq(WEXITSTATUS(status), MON_WAIT_ALLOW);
	cr_assert_eq(mon_question_wait(seen, question, 1, &interrupted), MON_WAIT_ALLOW);
}
