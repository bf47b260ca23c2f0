/* Random trees, policies and lists of calls. */
#include "tests/property/generate.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next() % n);
}

static bool chance(unsigned percent)
{
	return below(100) < percent;
}

#define PICK(array) (array)[below(sizeof(array) / sizeof((array)[0]))]

/* ---- trees ---- */

/* Few, so that rules and calls meet; some that a pattern could take for a pattern. */
static const char *const names[] = {"a",   "b",	    "ab", "c", "f",  "g",   "fa", "k.key",
				    "a-b", "a.key", "x",  "A", "a*", "...", "new"};

static const unsigned file_modes[] = {0644, 0644, 0644, 0600, 0444, 0, 0200, 0755};
static const unsigned dir_modes[] = {0755, 0755, 0755, 0755, 0700, 0555, 0311, 0};

static bool has(const struct batch *b, unsigned tree, const char *path)
{
	for (unsigned i = 0; i < b->node_count[tree]; i++)
		if (strcmp(b->nodes[tree][i].path, path) == 0)
			return true;
	return false;
}

static struct node *add_node(struct batch *b, unsigned tree, enum kind kind, const char *parent,
			     const char *name)
{
	struct node *node = &b->nodes[tree][b->node_count[tree]];

	if (b->node_count[tree] == NODES_MAX)
		return NULL;
	memset(node, 0, sizeof(*node));
	node->kind = kind;
	snprintf(node->path, sizeof(node->path), "%s/%s", parent, name);
	if (has(b, tree, node->path))
		return NULL;
	b->node_count[tree]++;
	return node;
}

static const struct node *any_node(const struct batch *b, unsigned tree)
{
	return &b->nodes[tree][below(b->node_count[tree])];
}

static const char *root_of(const struct batch *b, unsigned tree)
{
	return tree ? b->other : b->root;
}

static void choose_target(const struct batch *b, unsigned tree, char *out, size_t size)
{
	static const char *const fixed[] = {
	    "nowhere",	      "..",	    ".", "../..", "/etc/passwd", "/usr/bin", "a", "b/f",
	    "/proc/self/cwd", "/proc/self", "/", "/tmp",  "../a",	 "a/b"};
	const char *path = any_node(b, chance(90) ? tree : !tree)->path;

	switch (below(3)) {
	case 0: snprintf(out, size, "%s%s", root_of(b, chance(80) ? tree : !tree), path); break;
	case 1: snprintf(out, size, "%s%s", below(2) ? "../" : "", *path ? path + 1 : "."); break;
	default: snprintf(out, size, "%s", PICK(fixed));
	}
}

static enum kind choose_kind(const struct batch *b)
{
	unsigned n = below(100);

	return n < 32		     ? DIRECTORY
	       : n < 68		     ? FILE_
	       : n < 84		     ? LINK
	       : n < 92		     ? PROGRAM
	       : n < 96 || !b->fifos ? SCRIPT
				     : FIFO;
}

static void grow(struct batch *b, unsigned tree, const char *parent, int depth)
{
	unsigned count = 2 + below(depth ? 4 : 6);

	for (unsigned i = 0; i < count; i++) {
		enum kind kind = depth < 3 ? choose_kind(b) : FILE_;
		struct node *node = add_node(b, tree, kind, parent, PICK(names));

		if (!node)
			continue;
		node->mode = kind == DIRECTORY			 ? PICK(dir_modes)
			     : kind == PROGRAM || kind == SCRIPT ? 0755
								 : PICK(file_modes);
		if (chance(8) && kind == PROGRAM)
			node->mode = chance(50) ? 0111 : 0644;
		if (kind == LINK || kind == SCRIPT)
			choose_target(b, tree, node->target, sizeof(node->target));
		if (kind == DIRECTORY)
			grow(b, tree, node->path, depth + 1);
	}
}

static void make_tree(struct batch *b, unsigned tree)
{
	b->node_count[tree] = 1;
	b->nodes[tree][0] = (struct node){.kind = DIRECTORY, .mode = 0755};
	grow(b, tree, "", 0);
	if (b->home && tree == 0) {
		struct node *node = add_node(b, tree, DIRECTORY, "", ".ssh");

		if (node) {
			node->mode = 0700;
			grow(b, tree, node->path, 2);
		}
		node = add_node(b, tree, FILE_, "", ".netrc");
		if (node)
			node->mode = 0644;
	}
}

/* ---- names ---- */

/* Not among them: libc and the interpreter, which the space is shown copies of. */
static const char *const system_names[] = {"/",
					   "/etc",
					   "/etc/passwd",
					   "/etc/shadow",
					   "/etc/hostname",
					   "/usr",
					   "/usr/bin",
					   "/usr/bin/env",
					   "/usr/no-such-name",
					   "/lib",
					   "/bin/true",
					   "/proc",
					   "/proc/self",
					   "/proc/self/status",
					   "/proc/cpuinfo",
					   "/proc/self/fd/0",
					   "/proc/self/cwd",
					   "/proc/self/exe",
					   "/proc/1/root",
					   "/proc/self/root/etc",
					   "/proc/self/fd/1",
					   "/proc/no-such-name",
					   "/dev",
					   "/dev/null",
					   "/dev/zero",
					   "/dev/tty",
					   "/tmp",
					   "/var",
					   "/var/tmp",
					   "/root",
					   "/nowhere",
					   "/nowhere/at/all",
					   "/dev/shm",
					   "/etc/alternatives",
					   "/sys",
					   "/proc/kcore"};

/* A place in the trees, there or not. */
static void choose_place(const struct batch *b, char *out, size_t size)
{
	unsigned tree = chance(88) ? 0 : 1;
	const struct node *node = any_node(b, tree);
	const char *more = chance(80) ? "" : PICK(names);

	if (b->view_count && chance(25)) {
		unsigned view = below(b->view_count);

		/* What is at the view's place in the other tree is below it here. */
		snprintf(out, size, "%s%s%s", b->views[view].dest, *more ? "/" : "",
			 *more ? more : "");
		return;
	}
	snprintf(out, size, "%s%s%s%s", root_of(b, tree), node->path, *more ? "/" : "", more);
}

/* One more spelling of the same place, or of nearly the same. */
static void respell(char *path, size_t size)
{
	char copy[1200], *slash;

	snprintf(copy, sizeof(copy), "%s", path);
	slash = strrchr(copy, '/');
	switch (below(7)) {
	case 0: snprintf(path, size, "%s/", copy); break;
	case 1: snprintf(path, size, "%s/.", copy); break;
	case 2: snprintf(path, size, "%s/..", copy); break;
	case 3: snprintf(path, size, "%s/../%s", copy, PICK(names)); break;
	case 4:
		if (slash)
			snprintf(path, size, "%.*s/%s", (int)(slash - copy), copy, slash);
		break;
	case 5:
		if (slash)
			snprintf(path, size, "%.*s/./%s", (int)(slash - copy), copy, slash + 1);
		break;
	default:
		if (slash)
			snprintf(path, size, "%.*s/%s/../%s", (int)(slash - copy), copy,
				 PICK(names), slash + 1);
	}
}

static void choose_odd(char *out, size_t size)
{
	switch (below(3)) {
	case 0: snprintf(out, size, "-"); break;
	case 1: snprintf(out, size, "!"); break;
	default: memset(out, 'n', 300); out[300] = '\0';
	}
}

/* relative: fit for a directory that is not known; it may be the root. */
static void choose_name(const struct batch *b, char *out, size_t size, bool relative)
{
	char place[1200];
	size_t n = strlen(b->root);

	if (chance(1)) {
		choose_odd(out, size);
		return;
	}
	choose_place(b, place, sizeof(place));
	if (relative && chance(45))
		snprintf(out, size, "%s%s", chance(15) ? "../" : "", PICK(names));
	else if (relative && strncmp(place, b->root, n) == 0 && place[n] == '/')
		snprintf(out, size, "%s", place + n + 1);
	else
		snprintf(out, size, "%s", place);
	if (chance(12))
		respell(out, size);
}

/* ---- calls ---- */

static unsigned open_flags(const struct batch *b)
{
	static const unsigned extra[] = {
	    O_CREAT,   O_CREAT | O_EXCL, O_TRUNC,  O_DIRECTORY, O_NOFOLLOW, O_APPEND,
	    O_CLOEXEC, O_NOATIME,	 O_PATH,   O_CREAT,	O_SYNC,	    O_DSYNC,
	    O_TMPFILE, O_NOCTTY,	 O_DIRECT, O_EXCL,	O_ASYNC,    0x40000000};
	unsigned flags = below(100) < 50 ? O_RDONLY : below(3);

	if (chance(2))
		flags = 3;
	while (chance(45))
		flags |= PICK(extra);
	return b->fifos || chance(20) ? flags | O_NONBLOCK : flags;
}

static void add_line(struct batch *b, const char *call, int dir, unsigned flags, unsigned mode,
		     const char *path, const char *path2)
{
	snprintf(b->lines[b->line_count++], TEXT_MAX, "%s %d %x %o %s %s", call, dir, flags, mode,
		 *path ? path : "-", *path2 ? path2 : "-");
}

struct choice {
	const char *call;
	unsigned weight;
	bool at, changes;
};

static const struct choice choices[] = {
    {"open", 4, false, false},	    {"openat", 26, true, false},    {"openat2", 1, true, false},
    {"creat", 1, false, true},	    {"stat", 2, false, false},	    {"lstat", 2, false, false},
    {"fstatat", 8, true, false},    {"statx", 4, true, false},	    {"access", 5, false, false},
    {"faccessat", 1, true, false},  {"faccessat2", 2, true, false}, {"readlink", 4, false, false},
    {"readlinkat", 2, true, false}, {"statfs", 1, false, false},    {"mkdir", 5, false, true},
    {"mkdirat", 2, true, true},	    {"rmdir", 4, false, true},	    {"unlink", 6, false, true},
    {"unlinkat", 3, true, true},    {"chdir", 4, false, false},	    {"execve", 5, false, false},
    {"execveat", 1, true, false},   {"truncate", 1, false, true},   {"rename", 3, false, true},
    {"link", 1, false, true},	    {"symlink", 1, false, true},    {"chmod", 1, false, true},
    {"umask", 1, false, false},
};

static const struct choice *choose_call(void)
{
	unsigned total = 0, at;
	size_t i;

	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		total += choices[i].weight;
	at = below(total);
	for (i = 0; at >= choices[i].weight; i++)
		at -= choices[i].weight;
	return &choices[i];
}

static unsigned choose_flags(const struct batch *b, const struct choice *c)
{
	static const unsigned at[] = {0,     0,	    0x100,  0x100,  0x1000,
				      0x800, 0x200, 0x2000, 0x4000, 0x400};

	if (strncmp(c->call, "open", 4) == 0)
		return open_flags(b);
	if (strcmp(c->call, "unlinkat") == 0)
		return chance(50) ? 0x200 : chance(95) ? 0 : 0x100;
	return PICK(at);
}

static unsigned choose_mode(const struct choice *c)
{
	static const unsigned modes[] = {0644, 0755, 0600, 0777, 0, 01777, 02755, 04755, 0700};

	if (strstr(c->call, "access"))
		return chance(30) ? 0 : below(chance(95) ? 8 : 16);
	if (strcmp(c->call, "umask") == 0)
		return chance(80) ? 022 : chance(50) ? 077 : 0;
	return PICK(modes);
}

static void choose_line(struct batch *b)
{
	const struct choice *c = choose_call();
	int dir = c->at && chance(50) ? (int)below(8) : -1;
	char path[1300], path2[1300];
	unsigned flags = choose_flags(b, c);
	bool changes =
	    c->changes || (strncmp(c->call, "open", 4) == 0 && flags & (3 | O_CREAT | O_TRUNC));

	if (strcmp(c->call, "chdir") == 0 && chance(60)) {
		add_line(b, c->call, -1, 0, 0, b->root, "");
		return;
	}
	/* What a fault could spoil outside is only looked at. */
	if (!changes && chance(12))
		snprintf(path, sizeof(path), "%s", PICK(system_names));
	else
		choose_name(b, path, sizeof(path), dir >= 0 || chance(30));
	choose_name(b, path2, sizeof(path2), chance(30));
	add_line(b, c->call, dir, flags, choose_mode(c), path, path2);
}

static void choose_lines(struct batch *b, unsigned count)
{
	while (b->line_count < count) {
		/* Directories to start from; what is given up to be looked at again. */
		if (chance(4)) {
			char path[1300];

			choose_name(b, path, sizeof(path), false);
			add_line(b, "openat", -1, O_DIRECTORY | O_RDONLY | O_NONBLOCK, 0, path, "");
		} else if (chance(8) && b->line_count) {
			memcpy(b->lines[b->line_count], b->lines[b->line_count - 1], TEXT_MAX);
			b->line_count++;
		} else {
			choose_line(b);
		}
	}
}

/* ---- policies ---- */

static const char *const operations[] = {
    "fs.read",	 "fs.read",   "fs.read", "fs.write", "fs.write", "fs.create", "fs.create",
    "fs.remove", "fs.remove", "fs.exec", "fs.stat",  "fs.*",	 "fs.*"};

/* Some component of it becomes a wildcard, or what is below it is meant, too. */
static void widen(const struct batch *b, char *pattern, size_t size)
{
	char copy[900];
	size_t start = strlen(b->root);
	char *slash;

	snprintf(copy, sizeof(copy), "%s", pattern);
	slash = strrchr(copy, '/');
	switch (below(6)) {
	case 0:
	case 1: snprintf(pattern, size, "%s/**", copy); break;
	case 2: snprintf(pattern, size, "%s/*", copy); break;
	case 3:
		if ((size_t)(slash - copy) >= start)
			snprintf(pattern, size, "%.*s/%s", (int)(slash - copy), copy,
				 chance(50)   ? "*"
				 : chance(50) ? "a*"
					      : "*.key");
		break;
	case 4: /* one in the middle */
		if (strncmp(copy, b->root, start) == 0 && copy[start] == '/') {
			const char *rest = strchr(copy + start + 1, '/');

			snprintf(pattern, size, "%s/%s%s", b->root, chance(70) ? "*" : "a*",
				 rest ? rest : "");
		}
		break;
	default: break;
	}
}

static void add_rule(struct batch *b, const char *verdict, const char *op, const char *pattern)
{
	struct rule *rule = &b->rules[b->rule_count];

	if (b->rule_count == RULES_MAX || strstr(pattern, "***"))
		return;
	rule->verdict = verdict;
	rule->op = op;
	snprintf(rule->pattern, sizeof(rule->pattern), "%s", pattern);
	b->rule_count++;
}

static void choose_rule(struct batch *b, const char *verdict, unsigned wide)
{
	char pattern[1000];

	if (chance(3))
		snprintf(pattern, sizeof(pattern), "%s", PICK(system_names));
	else
		choose_place(b, pattern, sizeof(pattern));
	if (chance(wide) && pattern[1])
		widen(b, pattern, sizeof(pattern));
	/* A literal "*" in a name stands for itself nowhere in a policy: it makes another wildcard,
	 * which is as good. */
	for (unsigned i = 1 + below(2); i > 0; i--)
		add_rule(b, verdict, PICK(operations), pattern);
}

/* One grant for a whole subtree: without it little would be settled. */
static void choose_broad(struct batch *b)
{
	static const char *const sets[][6] = {
	    {"fs.*"},
	    {"fs.*"},
	    {"fs.read"},
	    {"fs.read", "fs.write", "fs.create", "fs.remove"},
	    {"fs.read", "fs.write"},
	    {"fs.read", "fs.exec"},
	    {"fs.exec"},
	    {"fs.stat"},
	    {"fs.read", "fs.create", "fs.write"},
	    {"fs.write", "fs.create"},
	    {"fs.read", "fs.remove"},
	};
	const char *const *set = PICK(sets);
	char pattern[1000];

	snprintf(pattern, sizeof(pattern), "%s/**", b->root);
	if (chance(25)) {
		choose_place(b, pattern, sizeof(pattern) - 4);
		strcat(pattern, "/**");
	}
	for (unsigned i = 0; i < 6 && set[i]; i++)
		add_rule(b, "allow", set[i], pattern);
}

static void choose_view(struct batch *b)
{
	struct view *view = &b->views[b->view_count];
	const struct node *at = any_node(b, 0), *from = any_node(b, 1);
	char pattern[1000];
	unsigned kind = below(4);

	while (at->kind != DIRECTORY)
		at = any_node(b, 0);
	while (from->kind != DIRECTORY && (kind == 3 || chance(80)))
		from = any_node(b, 1);
	if (from->kind == LINK || from->kind == FIFO || strchr(from->path, '*') ||
	    strchr(at->path, '*'))
		return;
	snprintf(view->dest, sizeof(view->dest), "%s%s%s", b->root, at->path,
		 !*at->path || chance(12) ? "/view" : "");
	snprintf(view->from, sizeof(view->from), "%s%s", b->other, from->path);
	for (unsigned i = 0; i < b->view_count; i++)
		if (strcmp(b->views[i].dest, view->dest) == 0)
			return;
	view->mode = kind == 0 ? NULL : kind == 1 ? "ro" : kind == 2 ? "rw" : "cow";
	b->view_count++;
	snprintf(pattern, sizeof(pattern), "%s/**", view->dest);
	if (chance(60))
		add_rule(b, "allow", chance(60) ? "fs.*" : PICK(operations), pattern);
}

static void make_policy(struct batch *b)
{
	static const char *const system[] = {"/usr/**", "/lib/**", "/lib64/**", "/bin/**"};
	unsigned takers = chance(45) ? 0 : 1 + below(3);

	b->base = chance(70);
	b->on_deny = chance(85) ? "errno" : "hide";
	for (unsigned i = 0; i < 4 && !b->base; i++) {
		add_rule(b, "allow", "fs.read", system[i]);
		add_rule(b, "allow", "fs.exec", system[i]);
	}
	if (!b->base && chance(70))
		add_rule(b, "allow", "fs.stat", chance(50) ? "/**" : "/");
	while (chance(45) && b->view_count < VIEWS_MAX - 1)
		choose_view(b);
	for (unsigned i = chance(85) ? 1 + below(2) : 0; i > 0; i--)
		choose_broad(b);
	for (unsigned i = below(5); i > 0; i--)
		choose_rule(b, "allow", 60);
	for (unsigned i = 0; i < takers; i++)
		choose_rule(b, chance(80) ? "deny" : "ask", 40);
}

void generate(struct batch *b, uint64_t seed, unsigned lines)
{
	state = seed;
	b->seed = seed;
	b->rule_count = b->view_count = b->line_count = 0;
	b->home = chance(35);
	b->fifos = chance(50);
	b->node_count[0] = b->node_count[1] = 1;
	b->nodes[1][0] = (struct node){.kind = DIRECTORY, .mode = 0755};
	make_tree(b, 1);
	make_tree(b, 0);
	make_policy(b);
	choose_lines(b, lines);
}

static void write_rules(const struct batch *b, const char *verdict, FILE *out)
{
	static const char *const ops[] = {"fs.stat",   "fs.read", "fs.write", "fs.create",
					  "fs.remove", "fs.exec", "fs.*"};
	const char *comma = "";

	fprintf(out, ",\n  \"%s\": {", verdict);
	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		const char *inner = "";

		for (unsigned j = 0; j < b->rule_count; j++) {
			if (strcmp(b->rules[j].verdict, verdict) || strcmp(b->rules[j].op, ops[i]))
				continue;
			if (!*inner)
				fprintf(out, "%s\n    \"%s\": [", comma, ops[i]);
			fprintf(out, "%s\"%s\"", inner, b->rules[j].pattern);
			inner = ", ";
			comma = ",";
		}
		if (*inner)
			fputs("]", out);
	}
	fputs(" }", out);
}

void write_policy(const struct batch *b, FILE *out)
{
	fprintf(out,
		"{\n  \"version\": 1, \"name\": \"random\", \"on_deny\": \"%s\", \"limits\": { "
		"\"wall_seconds\": 60 }",
		b->on_deny);
	if (b->base)
		fputs(",\n  \"extends\": [\"base\"]", out);
	write_rules(b, "allow", out);
	write_rules(b, "ask", out);
	write_rules(b, "deny", out);
	fputs(",\n  \"view\": {", out);
	for (unsigned i = 0; i < b->view_count; i++) {
		fprintf(out, "%s\n    \"%s\": ", i ? "," : "", b->views[i].dest);
		if (b->views[i].mode)
			fprintf(out, "{ \"from\": \"%s\", \"mode\": \"%s\" }", b->views[i].from,
				b->views[i].mode);
		else
			fputs("{ \"private\": true }", out);
	}
	fputs(" }\n}\n", out);
}
