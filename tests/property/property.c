/*
 * Do what Linux does by the plan and what the monitor decides agree?
 *
 *	property CORDON PROBE PROGRAM [--cases N] [--seed N] [--lines N] [--only SEED] [--keep]
 *
 * A case is one call under one policy. Cases come in batches: two random trees, a random policy, a
 *list of random calls. tests/property/probe.c makes the calls three times, each time on trees that
 *were made anew at the same places:
 *
 *	reference	CORDON_WITHOUT=shim: the monitor decides on every call
 *	native		as it is: what is settled goes past the monitor
 *	attack		calls from the shim's range by a page that the program itself mapped; what
 *fails there is made again where the monitor answers
 *
 * Every line of the probe's output (result, and what stands behind it), the trees outside, and the
 *denials in the log must be the same in all three. For the attacker that says: what the filter lets
 *through succeeds only where the monitor's answer is the same success.
 *
 * What may differ is in is_known(), each with its reason.
 *
 * A batch follows from its seed. One that fails is made smaller, and left behind with a line that
 *runs it again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/property/generate.h"

#define OUTPUT_MAX (1 << 22)
#define SECONDS	   60 /* for one run */
#define DENIALS	   20000

enum way { REFERENCE, ATTACK, NATIVE, WAYS };
static const char *const way_names[WAYS] = {"reference", "attack", "native"};

struct outcome {
	char *output, *tree, *log, *errors; /* texts */
	int status;
};

static const char *cordon, *probe, *program;
static char work[2][100]; /* one below /tmp, one elsewhere */
static char program_bytes[16384];
static size_t program_size;
static bool keep;

static struct {
	unsigned long cases, batches, unstarted, unsettled, allowed, natively, known, denials;
} totals;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("property: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(2);
}

/* ---- trees ---- */

static void remove_tree(const char *path)
{
	struct stat st;
	struct dirent *entry;
	DIR *dir;

	if (lstat(path, &st))
		return;
	if (S_ISDIR(st.st_mode)) {
		chmod(path, 0700);
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			char below[4096];

			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
				continue;
			snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
			remove_tree(below);
		}
		if (dir)
			closedir(dir);
	}
	remove(path);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		die("%s", path);
	close(fd);
}

static void make_node(const char *path, const struct node *node)
{
	char text[400];

	switch (node->kind) {
	case DIRECTORY:
		if (mkdir(path, 0700))
			die("%s", path);
		return;
	case LINK:
		if (symlink(node->target, path))
			die("%s", path);
		return;
	case FIFO:
		if (mkfifo(path, 0600))
			die("%s", path);
		return;
	case PROGRAM: write_file(path, program_bytes, program_size); return;
	case SCRIPT: snprintf(text, sizeof(text), "#!%s\n", node->target); break;
	default: snprintf(text, sizeof(text), "P %s\n", node->path);
	}
	write_file(path, text, strlen(text));
}

static void make_tree(const char *root, const struct node *nodes, unsigned count)
{
	char path[600];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s%s", root, nodes[i].path);
		make_node(path, &nodes[i]);
	}
	/* Modes last, from the leaves on: not every directory lets its owner in. */
	for (unsigned i = count; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", root, nodes[i].path);
		if (nodes[i].kind != LINK && chmod(path, nodes[i].mode))
			die("%s", path);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One line a file: what it is, and what is in it. */
static void describe(FILE *out, const char *path)
{
	char *entries[256], text[600] = "";
	unsigned count = 0;
	struct dirent *entry;
	struct stat st;
	ssize_t n = 0;

	if (lstat(path, &st))
		return;
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, text, sizeof(text) - 1);
	} else if (S_ISREG(st.st_mode)) {
		int fd;

		chmod(path, 0600);
		fd = open(path, O_RDONLY);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	fprintf(out, "%s %o %ld %ld %s\n", path, st.st_mode,
		S_ISDIR(st.st_mode) ? 0 : (long)st.st_nlink,
		S_ISDIR(st.st_mode) ? 0 : (long)st.st_size, text[0] == 0x7f ? "program" : text);
	if (!S_ISDIR(st.st_mode))
		return;
	chmod(path, 0700);
	for (DIR *dir = opendir(path); dir; closedir(dir), dir = NULL)
		while ((entry = readdir(dir)) && count < 256)
			if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
				entries[count++] = strdup(entry->d_name);
	qsort(entries, count, sizeof(*entries), by_text);
	for (unsigned i = 0; i < count; i++) {
		char below[4096];

		snprintf(below, sizeof(below), "%s/%s", path, entries[i]);
		free(entries[i]);
		describe(out, below);
	}
}

/* ---- one run ---- */

static char *slurp(const char *path)
{
	char *text = malloc(OUTPUT_MAX);
	int fd = open(path, O_RDONLY);
	ssize_t n, len = 0;

	while (fd >= 0 && (n = read(fd, text + len, (size_t)(OUTPUT_MAX - 1 - len))) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return text;
}

static const char *in_work(const char *name)
{
	static char paths[8][200];
	static unsigned at;
	char *path = paths[at++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", work[1], name);
	return path;
}

static void redirect(int fd, const char *path, int flags)
{
	int from = open(path, flags, 0600);

	if (from < 0 || dup2(from, fd) < 0)
		_exit(111);
}

static void __attribute__((noreturn)) start(const struct batch *b, enum way way)
{
	const char *argv[16];
	unsigned n = 0;

	argv[n++] = cordon;
	argv[n++] = "run";
	argv[n++] = "--json";
	argv[n++] = "--log";
	argv[n++] = in_work("log");
	argv[n++] = "-p";
	argv[n++] = in_work("policy.json");
	argv[n++] = "--";
	argv[n++] = probe;
	argv[n++] = b->root;
	if (way == ATTACK)
		argv[n++] = "attack";
	argv[n] = NULL;
	if (chdir(b->root))
		_exit(112);
	setenv("HOME", b->home ? b->root : work[1], 1);
	setenv("XDG_CACHE_HOME", work[1], 1);
	setenv("XDG_STATE_HOME", work[1], 1);
	if (way == REFERENCE)
		setenv("CORDON_WITHOUT", "shim", 1);
	else
		unsetenv("CORDON_WITHOUT");
	umask(022);
	redirect(0, in_work("lines"), O_RDONLY);
	redirect(1, in_work("output"), O_WRONLY | O_CREAT | O_TRUNC);
	redirect(2, in_work("errors"), O_WRONLY | O_CREAT | O_TRUNC);
	alarm(SECONDS);
	execv(cordon, (char **)argv);
	_exit(113);
}

static void run(const struct batch *b, enum way way, struct outcome *outcome)
{
	FILE *tree;
	size_t size;
	pid_t pid;

	remove_tree(b->root);
	remove_tree(b->other);
	make_tree(b->root, b->nodes[0], b->node_count[0]);
	make_tree(b->other, b->nodes[1], b->node_count[1]);
	unlink(in_work("log"));
	pid = fork();
	if (pid == 0)
		start(b, way);
	if (pid < 0 || waitpid(pid, &outcome->status, 0) != pid)
		die("cannot run %s", cordon);
	outcome->output = slurp(in_work("output"));
	outcome->errors = slurp(in_work("errors"));
	outcome->log = slurp(in_work("log"));
	tree = open_memstream(&outcome->tree, &size);
	describe(tree, b->root);
	describe(tree, b->other);
	fclose(tree);
}

static void forget(struct outcome *outcome)
{
	free(outcome->output);
	free(outcome->tree);
	free(outcome->log);
	free(outcome->errors);
	*outcome = (struct outcome){0};
}

/* ---- comparing ---- */

static char difference[8192]; /* what was found, for a person */

static int __attribute__((format(printf, 1, 2))) differ(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(difference, sizeof(difference), format, args);
	va_end(args);
	return 1;
}

/* The line up to its end; NULL after the last. */
static const char *take_line(const char **at, char *line, size_t size)
{
	size_t n = strcspn(*at, "\n");

	if (!**at)
		return NULL;
	snprintf(line, size, "%.*s", (int)n, *at);
	*at += n + ((*at)[n] == '\n');
	return line;
}

/* Does a name of the call lead into /proc, where nothing can be made? Linux says ENOENT there. */
static bool is_made_in_proc(const char *call)
{
	char word[TEXT_MAX], real[PATH_MAX];
	int length;

	if (strncmp(call, "mk", 2) != 0 && !strstr(call, "link"))
		return false;
	for (; sscanf(call, "%1023s%n", word, &length) == 1; call += length) {
		char *slash = strrchr(word, '/');

		if (!slash || slash == word)
			continue;
		*slash = '\0';
		if (realpath(word, real) && strncmp(real, "/proc/", 6) == 0)
			return true;
	}
	return false;
}

/*
 * May the way's line differ from the reference's? Only from one refusal to another.
 *
 * Linux says what is wrong with a call before it asks whether it is allowed, and the shim passes
 * that on: opening a directory for writing is EISDIR, whoever asks. The monitor looks at the policy
 * first (EACCES, or ENOENT where it hides, and a denial is noted), or at another of the arguments.
 * What the answer gives away (a name of the view is there, is a directory, a link, no directory)
 * takes fs.stat; where that is denied, a mask or a read-only directory shows as much to whoever
 * lists the directory that it is in.
 */
static bool is_known(const struct batch *b, enum way way, const char *line, const char *reference)
{
	static const int of_the_call[] = {EINVAL, EBADF,  EFAULT,    EISDIR,	  ENOTDIR,
					  ELOOP,  EEXIST, ENOTEMPTY, ENAMETOOLONG};
	int number, number2, error, wanted;

	if (way != NATIVE || sscanf(line, "%d E%d", &number, &error) != 2 ||
	    sscanf(reference, "%d E%d", &number2, &wanted) != 2 || number != number2)
		return false;
	for (size_t i = 0; i < sizeof(of_the_call) / sizeof(of_the_call[0]); i++)
		if (error == of_the_call[i])
			return true;
	return error == ENOENT && number >= 0 && (unsigned)number < b->line_count &&
	       is_made_in_proc(b->lines[number]);
}

static int compare_outputs(const struct batch *b, enum way way, const char *got,
			   const char *reference, unsigned *known)
{
	static char line[TEXT_MAX], expected[TEXT_MAX];
	const char *more, *wanted;

	for (;;) {
		more = take_line(&got, line, sizeof(line));
		wanted = take_line(&reference, expected, sizeof(expected));
		if (more && strncmp(line, "attacked ", 9) == 0) {
			totals.unsettled += strcmp(line + 9, "in vain") == 0;
			for (const char *c = line + 9; *c; c++)
				totals.natively += *c == '1';
			more = take_line(&got, line, sizeof(line));
		}
		if (!more && !wanted)
			return 0;
		totals.allowed += way == ATTACK && wanted && strstr(expected, " ok") != NULL;
		if (more && wanted && strcmp(line, expected) == 0)
			continue;
		if (more && wanted && is_known(b, way, line, expected)) {
			++*known;
			continue;
		}
		unsigned number = (unsigned)atoi(wanted ? expected : line);
		bool listing = strncmp(wanted ? expected : line, "listing", 7) == 0;

		return differ("line %s\n  %-9s %s\n  reference %s\n",
			      listing || number >= b->line_count ? "" : b->lines[number],
			      way_names[way], more ? line : "(nothing)",
			      wanted ? expected : "(nothing)");
	}
}

/* What the log says of denials, without the time: sorted, so that what is missing shows. */
static unsigned denials(const char *log, char **lines, bool absent)
{
	static char line[1 << 16];
	unsigned count = 0;

	while (take_line(&log, line, sizeof(line)) && count < DENIALS) {
		const char *call = strstr(line, "\"call\"");

		if (call && (strstr(call, ",\"absent\":true}") != NULL) == absent)
			lines[count++] = strdup(call);
	}
	qsort(lines, count, sizeof(*lines), by_text);
	return count;
}

/*
 * Denials must be the same, but for those of known differences. Of names that are not there, which
 * are noted in case they exist outside, the way may have fewer: where Linux finds nothing in a
 * settled subtree, nobody asks the monitor.
 */
static int compare_logs(enum way way, const char *got, const char *reference, bool absent,
			unsigned known)
{
	static char *mine[DENIALS], *wanted[DENIALS];
	unsigned m = denials(got, mine, absent), n = denials(reference, wanted, absent), i = 0,
		 j = 0, missing = 0;
	int result = 0;

	totals.denials += absent ? 0 : n;
	while (!result && (i < m || j < n)) {
		int order = i == m ? 1 : j == n ? -1 : strcmp(mine[i], wanted[j]);

		if (order < 0)
			result = differ("denial noted by %s alone: %s\n", way_names[way], mine[i]);
		else if (order > 0 && !absent && ++missing > known)
			result = differ("denial missing in %s: %s\n", way_names[way], wanted[j]);
		i += order <= 0;
		j += order >= 0;
	}
	while (m)
		free(mine[--m]);
	while (n)
		free(wanted[--n]);
	return result;
}

static int compare_trees(enum way way, const char *got, const char *reference)
{
	static char line[TEXT_MAX], expected[TEXT_MAX];

	while (*got && *got == *reference && strcmp(got, reference) != 0) {
		take_line(&got, line, sizeof(line));
		take_line(&reference, expected, sizeof(expected));
		if (strcmp(line, expected) != 0)
			return differ("left outside\n  %-9s %s\n  reference %s\n", way_names[way],
				      line, expected);
	}
	return strcmp(got, reference) ? differ("left outside\n  %-9s %.300s\n  reference %.300s\n",
					       way_names[way], got, reference)
				      : 0;
}

static int compare(const struct batch *b, enum way way, const struct outcome *got,
		   const struct outcome *reference)
{
	unsigned known = 0;
	int result;

	if (got->status != reference->status)
		return differ("status %x, reference %x: %.300s %.300s\n", got->status,
			      reference->status, got->errors, reference->errors);
	result = compare_outputs(b, way, got->output, reference->output, &known);
	totals.known += known;
	if (!result)
		result = compare_trees(way, got->tree, reference->tree);
	if (!result)
		result = compare_logs(way, got->log, reference->log, false, known);
	if (!result)
		result = compare_logs(way, got->log, reference->log, true, known);
	return result;
}

static void copy_out(const char *name)
{
	char *text = slurp(in_work(name));

	printf("---- %s ----\n%s\n", name, text);
	free(text);
}

/* 1: they differ; 0: they agree; -1: the space did not come up. */
static int try(const struct batch *b)
{
	struct outcome reference = {0}, got = {0};
	FILE *file;
	int result = 0;

	file = fopen(in_work("policy.json"), "we");
	write_policy(b, file);
	fclose(file);
	file = fopen(in_work("lines"), "we");
	for (unsigned i = 0; i < b->line_count; i++)
		fprintf(file, "%s\n", b->lines[i]);
	fclose(file);
	run(b, REFERENCE, &reference);
	if (reference.status) {
		result = -1;
		if (keep) {
			fprintf(stderr, "not started: status %x: %s\n", reference.status,
				reference.errors);
			copy_out("policy.json");
		}
	}
	for (enum way way = REFERENCE + 1; !result && way < WAYS; way++) {
		run(b, way, &got);
		result = compare(b, way, &got, &reference);
		forget(&got);
	}
	forget(&reference);
	return result;
}

/* ---- failures ---- */

static bool still_differs(const struct batch *b)
{
	return try(b) == 1;
}

/* Fewer lines, rules, views and nodes, as long as something differs. */
static void minimize(struct batch *b)
{
	static struct batch less;

	for (unsigned step = b->line_count; step; step /= 2)
		for (unsigned at = 0; at < b->line_count;) {
			unsigned n = at + step < b->line_count ? step : b->line_count - at;

			less = *b;
			memmove(less.lines[at], less.lines[at + n],
				(less.line_count - at - n) * sizeof(less.lines[0]));
			less.line_count -= n;
			if (still_differs(&less))
				*b = less;
			else
				at += n;
		}
	for (unsigned at = 0; at < b->rule_count;) {
		less = *b;
		memmove(&less.rules[at], &less.rules[at + 1],
			(less.rule_count - at - 1) * sizeof(less.rules[0]));
		less.rule_count--;
		if (still_differs(&less))
			*b = less;
		else
			at++;
	}
	for (unsigned at = 0; at < b->view_count;) {
		less = *b;
		memmove(&less.views[at], &less.views[at + 1],
			(less.view_count - at - 1) * sizeof(less.views[0]));
		less.view_count--;
		if (still_differs(&less))
			*b = less;
		else
			at++;
	}
}

static void tell(struct batch *b, const char *self)
{
	unsigned long lines = b->line_count;
	char first[sizeof(difference)];

	memcpy(first, difference, sizeof(first));
	printf("differs: seed %llu\n%s", (unsigned long long)b->seed, first);
	minimize(b);
	if (try(b) != 1)
		printf("(not again: it depends on more than its seed)\n");
	else
		printf("made smaller:\n%s", difference);
	copy_out("policy.json");
	copy_out("lines");
	printf("again: %s %s %s %s --lines %lu --only %llu --keep\n", self, cordon, probe, program,
	       lines, (unsigned long long)b->seed);
	fflush(stdout);
}

/* ---- all of it ---- */

static void prepare(void)
{
	static const char *const patterns[] = {"/tmp/cordon-property.XXXXXX",
					       "/var/tmp/cordon-property.XXXXXX"};
	int fd = open(program, O_RDONLY);
	ssize_t n = read(fd, program_bytes, sizeof(program_bytes));

	if (n <= 0 || n == sizeof(program_bytes))
		die("%s", program);
	program_size = (size_t)n;
	close(fd);
	for (int i = 0; i < 2; i++) {
		strcpy(work[i], patterns[i]);
		if (!mkdtemp(work[i]))
			die("%s", patterns[i]);
	}
}

/* A batch; true when all is well. */
static bool one(struct batch *b, uint64_t seed, unsigned lines, const char *self)
{
	const char *place = work[seed >> 3 & 1];
	int result;

	snprintf(b->root, sizeof(b->root), "%s/root", place);
	snprintf(b->other, sizeof(b->other), "%s/other", work[seed >> 4 & 1]);
	generate(b, seed, lines);
	result = try(b);
	if (result == 1)
		tell(b, self);
	totals.batches++;
	totals.unstarted += result < 0;
	totals.cases += result < 0 ? 0 : b->line_count;
	return result != 1;
}

int main(int argc, char **argv)
{
	static struct batch batch;
	uint64_t seed = (uint64_t)time(NULL), only = 0;
	unsigned long cases = 10000, failures = 0;
	unsigned lines = 200;

	for (int i = 4; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";

		if (strcmp(argv[i], "--keep") == 0)
			keep = true;
		else if (strcmp(argv[i], "--cases") == 0)
			cases = strtoul(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--lines") == 0)
			lines = (unsigned)strtoul(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--only") == 0)
			only = strtoull(value, NULL, 10), i++;
	}
	if (argc < 4 || lines < 1 || lines > LINES_MAX) {
		fputs("usage: property CORDON PROBE PROGRAM [--cases N] [--seed N] [--lines N] "
		      "[--only SEED] [--keep]\n",
		      stderr);
		return 2;
	}
	cordon = realpath(argv[1], NULL), probe = realpath(argv[2], NULL),
	program = realpath(argv[3], NULL);
	if (!cordon || !probe || !program)
		die("no such file");
	setlinebuf(stdout);
	prepare();
	printf("seed %llu\n", (unsigned long long)seed);
	if (only)
		failures += !one(&batch, only, lines, argv[0]);
	for (uint64_t n = 0;
	     !only && totals.cases < cases && failures < 5 && totals.batches < cases; n++)
		failures += !one(&batch, seed * UINT64_C(1000003) + n, lines, argv[0]);
	if (keep) {
		printf("kept: %s %s\n", work[0], work[1]);
	} else {
		remove_tree(work[0]);
		remove_tree(work[1]);
	}
	printf("%lu batches (%lu did not start, %lu had nothing settled), %lu calls succeeded, %lu "
	       "of them natively, %lu denials, "
	       "%lu known differences\n",
	       totals.batches, totals.unstarted, totals.unsettled, totals.allowed, totals.natively,
	       totals.denials, totals.known);
	printf("%lu cases, %lu failures\n", totals.cases, failures);
	return failures || !totals.natively ? 1 : 0;
}
