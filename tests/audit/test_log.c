/* The writer of logs and their reader, each by what the other says. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/read.h"
#include "audit/record.h"
#include "cordon/ops.h"

static struct audit_line line;

static void scratch(char path[64])
{
	int fd;

	strcpy(path, "/tmp/cordon-log.XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	close(fd);
}

static struct audit_log *open_log(const char *path, uint64_t room)
{
	struct audit_log *log = NULL;
	const char *why;

	cr_assert_eq(audit_log_open(path, room, &log, &why), CD_OK, "%s", why ? why : "");
	return log;
}

static void write_head(struct audit_log *log)
{
	char *argv[] = {"program", "argument", NULL};
	struct audit_head head = {
	    .time_us = 1500000, .audit = "all", .space = "1", .cwd = "/w", .argv = argv};

	head.prev = audit_log_last(log, &head.first);
	audit_write_head(&line, &head);
	cr_assert(audit_log_add(log, &line, AUDIT_KEEP));
}

static struct audit_op op_on(const char *path, uint64_t message)
{
	return (struct audit_op){
	    .actor =
		{.t_us = 2000001, .space = "1", .pid = 3, .tid = 4, .program = 1, .call = "openat"},
	    .message = message,
	    .ops = CD_OPBIT(CD_OP_FS_READ) | CD_OPBIT(CD_OP_FS_WRITE),
	    .denied_op = CD_OP_FS_WRITE,
	    .verdict = CD_DENY,
	    .object = path,
	    .object_len = strlen(path),
	    .layer_space = "1",
	    .rule = CD_NO_RULE};
}

static bool write_op(struct audit_log *log, const char *path, uint64_t message,
		     enum audit_keep keep)
{
	struct audit_op op = op_on(path, message);

	audit_write_op(&line, &op);
	return audit_log_add(log, &line, keep);
}

static bool finish(struct audit_log *log)
{
	struct audit_tail tail = {.status = 3, .complete = true, .records = 7};
	bool done;

	audit_write_tail(&line, &tail);
	done = audit_log_finish(log, &line);
	audit_log_free(log);
	return done;
}

/* Reads all of it: how many lines there are, and how many do not follow the one before. */
static struct audit_event last;
static size_t read_all(const char *path, size_t *broken, bool *partial)
{
	int fd = open(path, O_RDONLY);
	struct audit_reader *reader = audit_reader_new(fd);
	struct audit_event event;
	size_t lines = 0;

	*broken = 0;
	while (audit_reader_next(reader, &event) == CD_OK) {
		*broken += event.broken != NULL;
		last = event;
		lines++;
	}
	*partial = audit_reader_is_partial(reader);
	audit_reader_free(reader);
	close(fd);
	return lines;
}

static void assert_whole(const char *path, size_t lines)
{
	size_t broken;
	bool partial;

	cr_expect_eq(read_all(path, &broken, &partial), lines);
	cr_expect_eq(broken, 0);
	cr_expect_not(partial);
	cr_expect_eq(last.kind, AUDIT_TAIL);
}

static off_t size_of(const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	return st.st_size;
}

Test(log, what_is_written_is_read)
{
	char path[64];
	struct audit_log *log;
	struct audit_reader *reader;
	struct audit_event event;
	int64_t result = -13;
	struct audit_op op = op_on("/a \"\\\n\377", 5);
	int fd;

	scratch(path);
	log = open_log(path, 1 << 20);
	write_head(log);
	audit_write_prog(&line, 1, "/bin/p", 6);
	cr_assert(audit_log_add(log, &line, AUDIT_KEEP));
	op.where = AUDIT_ELSEWHERE;
	op.outside = "/else";
	op.outside_len = 5;
	audit_write_op(&line, &op);
	audit_write_result(&line, &result, 12);
	cr_assert(audit_log_add(log, &line, AUDIT_KEEP));
	cr_assert(finish(log));

	fd = open(path, O_RDONLY);
	reader = audit_reader_new(fd);
	cr_assert_eq(audit_reader_next(reader, &event), CD_OK);
	cr_assert_eq(event.kind, AUDIT_HEAD);
	cr_assert_str_eq(event.argv[1], "argument");
	cr_assert_null(event.argv[2]);
	cr_assert_eq(audit_reader_next(reader, &event), CD_OK);
	cr_assert_eq(event.kind, AUDIT_PROG);
	cr_assert_eq(audit_reader_next(reader, &event), CD_OK);
	cr_assert_eq(event.kind, AUDIT_OP);
	cr_assert_str_eq(event.object, "/a \"\\\n\377");
	cr_assert_str_eq(event.outside, "/else");
	cr_assert_str_eq(event.running, "/bin/p");
	cr_assert_eq(event.ops, op.ops);
	cr_assert_eq(event.denied_op, CD_OP_FS_WRITE);
	cr_assert_eq(event.verdict, CD_DENY);
	cr_assert_eq(event.pid, 3);
	cr_assert_eq(event.tid, 4);
	cr_assert(event.has_result && event.result == -13 && event.duration_us == 12);
	cr_assert_float_eq(event.time, 2.000001, 1e-9);
	cr_assert_eq(audit_reader_next(reader, &event), CD_OK);
	cr_assert_eq(event.kind, AUDIT_TAIL);
	cr_assert(event.complete && event.status == 3 && event.records == 7);
	cr_assert_eq(audit_reader_next(reader, &event), CD_ENOENT);
	audit_reader_free(reader);
	close(fd);
	unlink(path);
}

Test(log, many_lines_by_way_of_the_mapping_are_as_good)
{
	char path[64];
	struct audit_log *log;

	scratch(path);
	log = open_log(path, 64 << 20);
	write_head(log);
	audit_log_map(log);
	for (int i = 0; i < 20000; i++)
		cr_assert(
		    write_op(log, "/usr/share/doc/package/copyright", (uint64_t)i, AUDIT_SPARE));
	cr_assert_gt(size_of(path), 2 << 20);
	cr_assert(finish(log));
	assert_whole(path, 20002);
	unlink(path);
}

Test(log, a_run_follows_the_one_before)
{
	char path[64];

	scratch(path);
	for (int run = 0; run < 3; run++) {
		struct audit_log *log = open_log(path, 1 << 20);
		bool first;

		audit_log_last(log, &first);
		cr_expect_eq(first, run == 0);
		write_head(log);
		audit_log_map(log);
		cr_assert(write_op(log, "/x", 1, AUDIT_KEEP));
		cr_assert(finish(log));
	}
	assert_whole(path, 9);
	unlink(path);
}

Test(log, room_is_kept_and_what_has_none_is_counted)
{
	char path[64];
	struct audit_log *log;
	struct audit_log_counts counts;
	int spare = 0, kept = 0;

	scratch(path);
	log = open_log(path, 16384);
	write_head(log);
	audit_log_map(log);
	for (int i = 0; i < 200; i++)
		spare += write_op(log, "/spare", 1, AUDIT_SPARE);
	for (int i = 0; i < 200; i++)
		kept += write_op(log, "/kept", 1, AUDIT_KEEP);
	cr_expect(spare > 50 && spare < 200);
	cr_expect(kept > 15 && kept < 200);
	counts = audit_log_counts(log);
	cr_expect_eq(counts.left_out, (uint64_t)(400 - spare - kept));
	cr_expect_eq(counts.lost, 0);
	cr_assert(finish(log));
	cr_expect_leq(size_of(path), 16384);
	assert_whole(path, (size_t)(spare + kept + 2));
	unlink(path);
}

Test(log, a_line_that_is_open_when_its_writer_ends_is_sealed)
{
	char path[64];
	struct audit_log *log;
	size_t broken;
	bool partial;

	scratch(path);
	log = open_log(path, 1 << 20);
	write_head(log);
	if (fork() == 0) {
		struct audit_op op = op_on("/begun", 1);

		audit_log_map(log);
		write_op(log, "/done", 1, AUDIT_KEEP);
		audit_write_op(&line, &op);
		audit_log_open_line(log, &line, AUDIT_KEEP);
		_exit(0);
	}
	wait(NULL);
	cr_expect_eq(read_all(path, &broken, &partial), 2);
	cr_expect(partial, "it is there before it is sealed");
	cr_assert(finish(log));
	assert_whole(path, 4);
	unlink(path);
}

Test(log, a_line_is_one_however_many_steps_it_took)
{
	char path[64];
	struct audit_log *log;
	struct audit_op op = op_on("/begun", 1);
	int64_t result = 0;

	scratch(path);
	log = open_log(path, 1 << 20);
	write_head(log);
	audit_log_map(log);
	for (int i = 0; i < 3000; i++) {
		audit_write_op(&line, &op);
		cr_assert(audit_log_open_line(log, &line, AUDIT_SPARE));
		audit_write_result(&line, &result, 1);
		cr_assert(audit_log_close_line(log, &line));
	}
	cr_assert(finish(log));
	assert_whole(path, 3002);
	unlink(path);
}

/* As workers do, while the writer has lines open. */
Test(log, forks_of_the_writer_take_turns_with_it)
{
	enum { FORKS = 6, LINES = 300 };
	char path[64];
	struct audit_log *log;
	struct audit_op op = op_on("/opened", 1);
	int64_t result = 0;

	scratch(path);
	log = open_log(path, 16 << 20);
	write_head(log);
	audit_log_map(log);
	for (int fork_number = 0; fork_number < FORKS; fork_number++) {
		if (fork() == 0) {
			for (int i = 0; i < LINES / 2; i++) {
				audit_log_begin_turn(log);
				write_op(log, "/from/a/fork", 1, AUDIT_KEEP);
				write_op(log, "/from/a/fork", 2, AUDIT_KEEP);
				audit_log_end_turn(log);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 3000; i++) {
		audit_write_op(&line, &op);
		cr_assert(audit_log_open_line(log, &line, AUDIT_SPARE));
		if (i % 3 == 0)
			sched_yield();
		audit_write_result(&line, &result, 1);
		cr_assert(audit_log_close_line(log, &line));
	}
	for (int i = 0; i < FORKS; i++)
		wait(NULL);
	cr_expect_eq(audit_log_counts(log).lost, 0);
	cr_assert(finish(log));
	assert_whole(path, 2 + 3000 + FORKS * LINES);
	unlink(path);
}

Test(log, who_ends_in_his_turn_holds_nobody_up)
{
	char path[64];
	struct audit_log *log;

	scratch(path);
	log = open_log(path, 1 << 20);
	write_head(log);
	if (fork() == 0) {
		audit_log_begin_turn(log);
		write_op(log, "/x", 1, AUDIT_KEEP);
		_exit(0);
	}
	wait(NULL);
	cr_assert(write_op(log, "/y", 2, AUDIT_KEEP));
	cr_assert(finish(log));
	assert_whole(path, 4);
	unlink(path);
}

Test(log, a_file_that_is_cut_off_harms_nobody)
{
	char path[64];
	struct audit_log *log;
	int added = 0;

	scratch(path);
	log = open_log(path, 16 << 20);
	write_head(log);
	audit_log_map(log);
	cr_assert(write_op(log, "/x", 1, AUDIT_SPARE));
	cr_assert_eq(truncate(path, 0), 0);
	for (int i = 0; i < 5000; i++)
		added += write_op(log, "/x", 1, AUDIT_SPARE);
	cr_expect_eq(audit_log_counts(log).lost, (uint64_t)(5000 - added));
	finish(log);
	unlink(path);
}

Test(log, two_do_not_write_at_once)
{
	char path[64];
	struct audit_log *log, *other = NULL;
	const char *why = NULL;

	scratch(path);
	log = open_log(path, 1 << 20);
	cr_assert_eq(audit_log_open(path, 1 << 20, &other, &why), CD_EINVAL);
	cr_assert_str_eq(why, "another run is writing to it");
	audit_log_free(log);
	unlink(path);
	cr_assert_eq(audit_log_open("/dev/null", 1 << 20, &other, &why), CD_EINVAL);
	cr_assert_eq(audit_log_open("/no/such/log", 1 << 20, &other, &why), CD_ESYS);
	cr_assert_null(why);
}

Test(log, every_change_of_a_byte_shows)
{
	char path[64], bytes[4096];
	struct audit_log *log;
	ssize_t size;
	int fd;

	scratch(path);
	log = open_log(path, 1 << 20);
	write_head(log);
	cr_assert(write_op(log, "/x", 1, AUDIT_KEEP));
	cr_assert(write_op(log, "/y", 2, AUDIT_KEEP));
	cr_assert(finish(log));
	fd = open(path, O_RDWR);
	size = read(fd, bytes, sizeof(bytes));
	cr_assert(size > 300 && size < (ssize_t)sizeof(bytes));
	for (ssize_t i = 0; i < size; i++) {
		char other = bytes[i] == 'x' ? 'y' : 'x';
		size_t broken;
		bool partial;

		cr_assert_eq(pwrite(fd, &other, 1, i), 1);
		read_all(path, &broken, &partial);
		cr_assert(broken || partial, "byte %zd", i);
		cr_assert_eq(pwrite(fd, &bytes[i], 1, i), 1);
	}
	close(fd);
	unlink(path);
}

Test(log, rubbish_is_read_to_its_end)
{
	static const char *const texts[] = {
	    "",
	    "\n",
	    "\n\n\n",
	    "{",
	    "[]\n",
	    "{\"k\":1}\n",
	    "{\"k\":\"op\"}\n",
	    "{\"k\":\"op\",\"r\":99999999999}\n",
	    "{\"k\":\"prog\",\"i\":-1,\"x\":\"/a\"}\n",
	    "{\"k\":\"prog\",\"i\":18446744073709551615}\n",
	    "{\"k\":\"head\",\"argv\":[1,null,{}]}\n",
	    "{\"k\":\"op\",\"x\":5,\"o\":[],\"c\":{},\"s\":null}\n"};
	char path[64];

	scratch(path);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int fd = open(path, O_RDWR | O_TRUNC);
		size_t broken, lines = 0;
		bool partial;

		cr_assert_eq(write(fd, texts[i], strlen(texts[i])), (ssize_t)strlen(texts[i]));
		close(fd);
		for (const char *at = texts[i]; *at; at++)
			lines += *at == '\n';
		cr_expect_eq(read_all(path, &broken, &partial), lines);
		cr_expect_eq(broken, lines);
	}
	/* No line is as long as this. */
	truncate(path, 0);
	{
		int fd = open(path, O_RDWR);
		size_t broken;
		bool partial;

		for (int i = 0; i < 300; i++)
			cr_assert_eq(write(fd,
					   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					   "aaaaaaaaaaaaaaaaaaaaaaaaa"
					   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
					   "bbbbbbbbbbbbbbbbbbbbbbbbb"
					   "ccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
					   "ccccccccccccccccccccccccc"
					   "ddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
					   "ddddddddddddddddddddddddd"
					   "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
					   "eeeeeeeeeeeeeeeeeeeeeeeee"
					   "fffffffffffffffffffffffffffffffffffffffffffffffffffffff"
					   "fffffffffffffffffffffffff"
					   "ggggggggggggggggggggggggggggggggggggggggggggggggggggggg"
					   "ggggggggggggggggggggggggg"
					   "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
					   "hhhhhhhhhhhhhhhhhhhhhhhhh",
					   640),
				     640);
		close(fd);
		cr_expect_geq(read_all(path, &broken, &partial), 1);
		cr_expect_geq(broken, 1);
	}
	unlink(path);
}

/* If there is such a one. */
static void on_processor(int number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* A look at several pages may see a later one as it is now, and an earlier one as it was. */
Test(log, who_reads_along_misses_nothing)
{
	enum { OPS = 60000 };
	size_t lines = 0, broken = 0;
	struct audit_reader *reader;
	struct audit_event event = {.kind = AUDIT_HEAD};
	char path[64];
	int fd, status;
	pid_t writer;

	scratch(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	reader = audit_reader_new(fd);
	cr_assert_not_null(reader);
	writer = fork();
	if (writer == 0) {
		struct audit_log *log = open_log(path, UINT64_C(64) << 20);

		on_processor(1);
		write_head(log);
		audit_log_map(log);
		for (int i = 0; i < OPS; i++)
			write_op(log, "/some/file", (uint64_t)i, AUDIT_KEEP);
		_exit(finish(log) ? 0 : 1);
	}
	on_processor(0);
	while (event.kind != AUDIT_TAIL && lines < OPS + 2) {
		enum cd_status got = audit_reader_next(reader, &event);

		if (got == CD_OK) {
			lines++;
			broken += event.broken != NULL;
		} else {
			cr_assert_eq(got, CD_ENOENT);
			if (waitpid(writer, &status, WNOHANG) > 0)
				writer = -1;
			else if (writer < 0)
				break;
		}
	}
	if (writer > 0)
		waitpid(writer, &status, 0);
	cr_expect_eq(status, 0);
	cr_expect_eq(lines, OPS + 2);
	cr_expect_eq(broken, 0);
	audit_reader_free(reader);
	close(fd);
	unlink(path);
}
