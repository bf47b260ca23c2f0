/* What the rules settle for good. */
#include "refmon/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cordon/limits.h"
#include "lib/path.h"
#include "refmon/pattern.h"
#include "refmon/plan.h"

#define CHANGES (CD_NATIVE_WRITE | CD_NATIVE_CREATE | CD_NATIVE_REMOVE)

/* A rule that takes away, or may: one that denies or asks, or a protected path. */
struct taker {
	const char *pattern;
	size_t literal; /* length of what stands before the first component with a "*" */
	uint64_t ops;
	uint32_t index; /* of the rule, or of the protected path */
	bool secret;
};

struct settling {
	const struct mon_table *table;
	struct cd_plan *plan;
	struct taker *takers;
	size_t count;
	size_t depth;	  /* components of the deepest pattern: beyond, only subtrees reach */
	uint8_t *regions; /* of each mount: what is settled in it, without the mounts below it */
};

/* ---- rules that take away ---- */

static size_t literal_length(const char *pattern)
{
	size_t n = strcspn(pattern, "*");

	if (!pattern[n])
		return n;
	while (n > 1 && pattern[n - 1] != '/')
		n--;
	return n > 1 ? n - 1 : 1;
}

static void add_taker(struct settling *s, const char *pattern, uint64_t ops, uint32_t index,
		      bool secret)
{
	if (pattern[0] == '/')
		s->takers[s->count++] = (struct taker){.pattern = pattern,
						       .literal = literal_length(pattern),
						       .ops = ops,
						       .index = index,
						       .secret = secret};
}

static void measure(struct settling *s, const char *pattern)
{
	size_t components = 0;

	for (; *pattern; pattern++)
		components += *pattern == '/';
	if (components > s->depth)
		s->depth = components;
}

static enum cd_status find_takers(struct settling *s)
{
	uint32_t rules = mon_table_count(s->table), secrets = mon_table_protected_count(s->table);

	s->takers = calloc((size_t)rules + secrets + 1, sizeof(*s->takers));
	if (!s->takers)
		return CD_ENOMEM;
	for (uint32_t i = 0; i < rules; i++) {
		struct mon_rule rule;

		mon_table_rule(s->table, i, &rule);
		measure(s, rule.pattern);
		/* An `ask` for something implies that looking is allowed, and asks for nothing
		 * else. */
		if (rule.verdict != MON_ALLOW)
			add_taker(s, rule.pattern, rule.ops, i, false);
	}
	for (uint32_t i = 0; i < secrets; i++) {
		measure(s, mon_table_protected(s->table, i));
		add_taker(s, mon_table_protected(s->table, i), CD_OPS_ALL, i, true);
	}
	return CD_OK;
}

/* Can the pattern match something strictly below the directory, other than by covering all of it?
 */
static bool reaches_below(const char *pattern, const char *dir)
{
	const char *p = pattern + 1, *d = dir + 1;

	while (*d) {
		size_t np = strcspn(p, "/"), nd = strcspn(d, "/");

		if (np == 2 && p[0] == '*' && p[1] == '*' && !p[np])
			return false;
		if (!np || !mon_glob_match(p, np, d, nd))
			return false;
		p += np + (p[np] == '/');
		d += nd + (d[nd] == '/');
	}
	return *p && strcmp(p, "**") != 0;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(path);

	return len > strlen(dir) && cd_path_is_within(path, dir);
}

/* Does the view mount something there? The name of a mount cannot be taken away; other entries are
 * files of what they lie in. */
static bool is_mount_point(const struct cd_mount *mount)
{
	return mount->kind == CD_MOUNT_BIND || mount->kind == CD_MOUNT_TMPFS ||
	       mount->kind == CD_MOUNT_COW || mount->kind == CD_MOUNT_MASK ||
	       mount->kind == CD_MOUNT_PTS;
}

/*
 * All that the taker can match below the mount is at, or in, a mount of its own, which is judged by
 * itself. Only in a private directory: in one of the user's, somebody outside may put another file
 * in the place, and Linux then takes away what was mounted on it.
 */
static bool is_elsewhere(const struct settling *s, size_t mount, const struct taker *taker)
{
	if (s->plan->mounts[mount].kind != CD_MOUNT_TMPFS)
		return false;
	for (size_t i = mount + 1; i < s->plan->count; i++) {
		const char *dest = s->plan->mounts[i].dest;

		if (is_mount_point(&s->plan->mounts[i]) &&
		    is_below(dest, s->plan->mounts[mount].dest) &&
		    cd_path_is_within_len(taker->pattern, taker->literal, dest, strlen(dest)))
			return true;
	}
	return false;
}

/* Operations that some rule may take away below the mount. */
static uint64_t taken_below(const struct settling *s, size_t mount)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct taker *taker = &s->takers[i];

		if (taker->ops & ~taken &&
		    reaches_below(taker->pattern, s->plan->mounts[mount].dest) &&
		    !is_elsewhere(s, mount, taker))
			taken |= taker->ops;
	}
	return taken;
}

/* ---- one region ---- */

/* Which of the operations are allowed on the path. */
static uint64_t allowed(const struct settling *s, uint64_t ops, const char *path)
{
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = path, .len = strlen(path)};
	uint64_t asked;

	return mon_decide_each(s->table, ops, &object, &asked);
}

static const uint64_t fs_ops = CD_OPBIT(CD_OP_FS_STAT) | CD_OPBIT(CD_OP_FS_READ) |
			       CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) |
			       CD_OPBIT(CD_OP_FS_REMOVE) | CD_OPBIT(CD_OP_FS_EXEC);

/*
 * Allowed on the directory and on all below. Two names that no rule spells stand for all: one
 * directly in it, and one so deep that only rules for whole subtrees reach it.
 */
static uint64_t allowed_below(const struct settling *s, size_t mount)
{
	const char *dest = s->plan->mounts[mount].dest;
	size_t n = strcmp(dest, "/") ? strlen(dest) : 0, deep = n + 2 * (s->depth + 1);
	uint64_t ops = allowed(s, fs_ops, dest);
	char path[CD_PATH_MAX];

	if (n + 3 >= sizeof(path))
		return 0;
	memcpy(path, dest, n);
	memcpy(path + n, "/\2", 3);
	ops = allowed(s, ops, path);
	while (n + 4 < sizeof(path) && n < deep) {
		memcpy(path + n, "/\2", 3);
		n += 2;
	}
	ops = allowed(s, ops, path);
	return ops ? ops & ~taken_below(s, mount) : 0;
}

static uint8_t native_of(uint64_t ops)
{
	uint8_t native = 0;

	if (ops & CD_OPBIT(CD_OP_FS_STAT))
		native |= CD_NATIVE_LOOK;
	if (ops & CD_OPBIT(CD_OP_FS_READ))
		native |= CD_NATIVE_READ | CD_NATIVE_LIST;
	if (ops & CD_OPBIT(CD_OP_FS_WRITE))
		native |= CD_NATIVE_WRITE;
	if (ops & CD_OPBIT(CD_OP_FS_WRITE) && ops & CD_OPBIT(CD_OP_FS_CREATE))
		native |= CD_NATIVE_CREATE;
	if (ops & CD_OPBIT(CD_OP_FS_REMOVE))
		native |= CD_NATIVE_REMOVE;
	return native;
}

/* null, zero, full, random, urandom, and the terminal that a session has already: nothing happens
 * when they are opened. Of another terminal, or of anything else, much may. */
static bool is_tame(const struct cd_mount *m)
{
	struct stat st;

	/* The space's own terminals: what happens, happens inside. */
	if (!m->dev || m->kind == CD_MOUNT_PTS)
		return true;
	if (lstat(m->from, &st) || !S_ISCHR(st.st_mode))
		return false;
	if (major(st.st_rdev) == 5 && minor(st.st_rdev) == 0)
		return true;
	if (major(st.st_rdev) != 1)
		return false;
	switch (minor(st.st_rdev)) {
	case 3:
	case 5:
	case 7:
	case 8:
	case 9: return true;
	default: return false;
	}
}

static uint8_t shown_region(const struct settling *s, size_t mount)
{
	const struct cd_mount *m = &s->plan->mounts[mount];
	uint8_t native = native_of(m->file ? allowed(s, fs_ops, m->dest) : allowed_below(s, mount));

	if (!is_tame(m))
		native &= CD_NATIVE_LOOK;
	if (!m->writable && !m->dev)
		native |= CHANGES;
	if (m->file)
		native |= CD_NATIVE_LIST | CD_NATIVE_CREATE | CD_NATIVE_REMOVE;
	return native;
}

/* The entry that shows the place, which is above `before`; SIZE_MAX: the root of the skeleton. */
static size_t covering(const struct cd_plan *plan, size_t before, const char *path)
{
	for (size_t i = before; i-- > 0;)
		if (cd_path_is_within(path, plan->mounts[i].dest))
			return i;
	return SIZE_MAX;
}

/* What lies in a private directory, and is no mount, is a file of that directory's. */
static bool is_in_private(const struct settling *s, size_t mount)
{
	const struct cd_mount *m = &s->plan->mounts[mount];
	size_t i = mount;

	if (m->kind != CD_MOUNT_DIR && m->kind != CD_MOUNT_TEXT && m->kind != CD_MOUNT_COPY)
		return false;
	do
		i = covering(s->plan, i, m->dest);
	while (i != SIZE_MAX && !is_mount_point(&s->plan->mounts[i]));
	return i != SIZE_MAX && s->plan->mounts[i].kind == CD_MOUNT_TMPFS;
}

static uint8_t private_region(const struct settling *s, size_t mount)
{
	const struct cd_mount *m = &s->plan->mounts[mount];

	if (m->kind == CD_MOUNT_DIR)
		return native_of(allowed_below(s, mount));
	return native_of(allowed(s, fs_ops, m->dest)) | CD_NATIVE_LIST | CD_NATIVE_CREATE;
}

static uint8_t region(const struct settling *s, size_t mount)
{
	const struct cd_mount *m = &s->plan->mounts[mount];
	uint8_t itself =
	    native_of(allowed(s, CD_OPBIT(CD_OP_FS_STAT) | CD_OPBIT(CD_OP_FS_READ), m->dest));

	if (is_in_private(s, mount))
		return private_region(s, mount);
	switch (m->kind) {
	case CD_MOUNT_BIND:
	case CD_MOUNT_TMPFS:
	case CD_MOUNT_COW: return shown_region(s, mount);
	/* Linux lets nobody make or remove a name in there. */
	case CD_MOUNT_PTS: return shown_region(s, mount) | CD_NATIVE_CREATE | CD_NATIVE_REMOVE;
	/* The skeleton cannot be changed, and nothing in it is a program. */
	case CD_MOUNT_DIR:
		/* Of /proc the monitor shows some, by rules of its own. */
		if (strcmp(m->dest, "/proc") == 0)
			return (uint8_t)((native_of(allowed_below(s, mount)) & CD_NATIVE_LOOK) |
					 CHANGES);
		return (uint8_t)((itself & (CD_NATIVE_LOOK | CD_NATIVE_LIST)) | CD_NATIVE_READ |
				 CHANGES);
	case CD_MOUNT_TEXT:
	case CD_MOUNT_COPY:
		return (uint8_t)((itself & (CD_NATIVE_LOOK | CD_NATIVE_READ)) | CD_NATIVE_LIST |
				 CHANGES);
	case CD_MOUNT_SYMLINK:
		return (uint8_t)((itself & CD_NATIVE_LOOK) | (CD_NATIVE_ALL & ~CD_NATIVE_LOOK));
	/* What covers something denied can be seen to be there, and no more. */
	case CD_MOUNT_MASK: return CD_NATIVE_ALL & ~CD_NATIVE_LOOK;
	}
	return 0;
}

/* ---- the whole view ---- */

/*
 * The directories that lead to what the plan shows are in the view, too, and part of the entry that
 * they lie in. Returns whether they may be looked up. Where one may not be listed, what it lies in
 * is not settled for listing.
 */
static bool judge_way(const struct settling *s, size_t mount)
{
	const char *before = mount ? s->plan->mounts[mount - 1].dest : "",
		   *dest = s->plan->mounts[mount].dest;
	bool look = true;
	char path[CD_PATH_MAX];

	for (const char *at = dest; (at = strchr(at + 1, '/'));) {
		size_t n = (size_t)(at - dest), in;
		uint8_t native;

		if (n >= sizeof(path) || (strncmp(before, dest, n) == 0 && before[n] == '/'))
			continue;
		memcpy(path, dest, n);
		path[n] = '\0';
		in = covering(s->plan, mount, path);
		if (in != SIZE_MAX && strcmp(s->plan->mounts[in].dest, path) == 0)
			continue;
		native =
		    native_of(allowed(s, CD_OPBIT(CD_OP_FS_STAT) | CD_OPBIT(CD_OP_FS_READ), path));
		look &= (native & CD_NATIVE_LOOK) != 0;
		if (in != SIZE_MAX && !(native & CD_NATIVE_LIST))
			s->regions[in] &= (uint8_t)~CD_NATIVE_LIST;
	}
	return look;
}

/* What is settled from the mount down, all that is mounted below included. */
static uint8_t settled_from(const struct settling *s, size_t mount)
{
	uint8_t native = s->regions[mount];

	for (size_t i = mount + 1;
	     i < s->plan->count && is_below(s->plan->mounts[i].dest, s->plan->mounts[mount].dest);
	     i++)
		native &= s->regions[i];
	return native;
}

/* Mounts are sorted by path bytewise: what lies below one need not follow it at once ("/a", "/a-b",
 * "/a/b"). */
static int by_path(const void *a, const void *b)
{
	const unsigned char *x = (const unsigned char *)((const struct cd_mount *)a)->dest,
			    *y = (const unsigned char *)((const struct cd_mount *)b)->dest;

	while (*x && *x == *y)
		x++, y++;
	/* A slash sorts before everything else but the end. */
	return (*x ? *x == '/' ? 1 : *x + 1 : 0) - (*y ? *y == '/' ? 1 : *y + 1 : 0);
}

/*
 * Landlock's rules are for objects: where two places show the same ones, a rule for either holds in
 * both. So what is settled in one of them is what is settled in both.
 */
static void judge_aliases(const struct settling *s)
{
	for (size_t i = 0; i < s->plan->count; i++) {
		const struct cd_mount *a = &s->plan->mounts[i];

		if (a->kind != CD_MOUNT_BIND || strcmp(a->dest, a->from) == 0)
			continue;
		for (size_t j = 0; j < s->plan->count; j++) {
			const struct cd_mount *b = &s->plan->mounts[j];

			if (j != i && b->kind == CD_MOUNT_BIND &&
			    (cd_path_is_within(a->from, b->from) ||
			     cd_path_is_within(b->from, a->from)))
				s->regions[i] = s->regions[j] = s->regions[i] & s->regions[j];
		}
	}
}

static uint8_t granted_above(const struct cd_plan *plan, size_t mount)
{
	uint8_t native = 0;

	for (size_t i = 0; i < mount; i++)
		if (is_below(plan->mounts[mount].dest, plan->mounts[i].dest))
			native |= plan->mounts[i].native;
	return native;
}

void mon_settle_lend(struct cd_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct cd_mount *m = &plan->mounts[i];

		if (!m->exec || m->kind == CD_MOUNT_MASK || m->kind == CD_MOUNT_SYMLINK ||
		    ((m->native | granted_above(plan, i)) & CD_NATIVE_READ))
			continue;
		m->native |= CD_NATIVE_READ;
		plan->native &= (uint8_t) ~(CD_NATIVE_READ | CD_NATIVE_LIST | CD_NATIVE_WRITE);
	}
}

/* May every file that the mount shows be read? Of /proc, there is nothing but the space's own
 * processes. */
static bool is_read(const struct settling *s, size_t mount)
{
	if (s->regions[mount] & CD_NATIVE_READ)
		return true;
	return strcmp(s->plan->mounts[mount].dest, "/proc") == 0 &&
	       s->plan->mounts[mount].kind == CD_MOUNT_DIR &&
	       allowed_below(s, mount) & CD_OPBIT(CD_OP_FS_READ);
}

/* What is settled in each region; returns what is so everywhere. */
static uint8_t judge(const struct settling *s)
{
	uint8_t everywhere = CD_NATIVE_LOOK;

	s->plan->reads_all = true;
	for (size_t i = 0; i < s->plan->count; i++) {
		s->regions[i] = region(s, i);
		s->plan->reads_all &= is_read(s, i);
		everywhere &= s->regions[i];
		if (!judge_way(s, i))
			everywhere &= (uint8_t)~CD_NATIVE_LOOK;
	}
	judge_aliases(s);
	if (!allowed(s, CD_OPBIT(CD_OP_FS_STAT), "/"))
		everywhere &= (uint8_t)~CD_NATIVE_LOOK;
	return everywhere;
}

static void settle(struct settling *s)
{
	struct cd_plan *plan = s->plan;
	uint8_t everywhere = judge(s);

	plan->looks = everywhere & CD_NATIVE_LOOK;
	for (size_t i = 0; i < plan->count; i++) {
		struct cd_mount *m = &plan->mounts[i];
		uint8_t native = settled_from(s, i) & (uint8_t)~CD_NATIVE_LOOK;
		const uint8_t open = CD_NATIVE_READ | CD_NATIVE_WRITE;

		/* Linux makes a file first, and then asks whether it may be opened: a refusal would
		 * come too late. */
		if (((native | granted_above(plan, i)) & open) != open)
			native &= (uint8_t)~CD_NATIVE_CREATE;
		if (m->kind == CD_MOUNT_MASK || m->kind == CD_MOUNT_SYMLINK)
			continue;
		/* Where nothing can be changed, nothing needs to be granted. */
		if (!(native & (CD_NATIVE_READ | CD_NATIVE_LIST)) && !m->writable)
			continue;
		/* Landlock's rules are for objects, and an object may be shown in two places: what
		 * one of them refuses by being read-only must not be granted by a rule for it. */
		if (!m->writable)
			native &= (uint8_t)~CHANGES;
		m->native = native & (uint8_t)~granted_above(plan, i);
		plan->native |= m->native;
	}
	plan->native |= everywhere;
	mon_settle_lend(plan);
}

static enum cd_status begin(struct settling *s)
{
	enum cd_status status = find_takers(s);

	s->regions = calloc(s->plan->count + 1, 1);
	return status == CD_OK && !s->regions ? CD_ENOMEM : status;
}

static void end(struct settling *s)
{
	free(s->takers);
	free(s->regions);
}

enum cd_status mon_settle(const struct mon_table *table, struct cd_plan *plan)
{
	struct settling s = {.table = table, .plan = plan};
	enum cd_status status = begin(&s);

	plan->native = 0;
	plan->looks = false;
	if (status == CD_OK) {
		qsort(plan->mounts, plan->count, sizeof(*plan->mounts), by_path);
		for (size_t i = 0; i < plan->count; i++)
			plan->mounts[i].native = 0;
		settle(&s);
	}
	end(&s);
	return status;
}

void mon_settle_looks(const struct mon_table *table, struct cd_plan *plan, bool socket)
{
	struct settling s = {.table = table, .plan = plan};
	const bool reads_all = plan->reads_all;

	plan->looks = false;
	if (!socket && !mon_grants_outer_socket(table, plan) && begin(&s) == CD_OK) {
		qsort(plan->mounts, plan->count, sizeof(*plan->mounts), by_path);
		plan->looks = judge(&s) & CD_NATIVE_LOOK;
		end(&s);
	}
	plan->reads_all = reads_all;
}

/* ---- why not ---- */

/* The operations that a bit takes: all of them. */
static uint64_t ops_for(enum cd_native bit)
{
	uint64_t ops = 0;

	for (uint64_t op = CD_OPBIT(CD_OP_FS_STAT); op <= CD_OPBIT(CD_OP_FS_EXEC); op <<= 1)
		if (op & fs_ops && (native_of(op) & bit))
			ops |= op;
	return bit == CD_NATIVE_CREATE ? CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) : ops;
}

/* One rule of those that take the bit away from this region. */
static void blame(const struct settling *s, size_t mount, enum cd_native bit,
		  struct mon_obstacle *out)
{
	const struct cd_mount *m = &s->plan->mounts[mount];
	struct cd_object object = {.kind = CD_OBJECT_PATH, .text = m->dest, .len = strlen(m->dest)};
	uint64_t ops = ops_for(bit);
	struct cd_decision decision;

	snprintf(out->place, sizeof(out->place), "%s", m->dest);
	if (!is_tame(m) && bit != CD_NATIVE_LOOK) {
		out->kind = MON_BY_DEVICE;
		return;
	}
	if (region(s, mount) & bit) {
		/* Taken away by what else the view shows: directories that lead on, or the same. */
		out->kind = bit == CD_NATIVE_LIST && m->kind == CD_MOUNT_DIR ? MON_TOO_NARROW
									     : MON_SHOWN_TWICE;
		return;
	}
	mon_decide(s->table, ops, &object, &decision);
	out->kind = MON_TOO_NARROW;
	if (decision.verdict != CD_ALLOW && decision.rule != CD_NO_RULE) {
		out->kind = MON_BY_RULE;
		out->index = decision.rule;
	}
	for (size_t i = 0; decision.verdict == CD_ALLOW && i < s->count; i++) {
		const struct taker *taker = &s->takers[i];

		if (!(taker->ops & ops) || !reaches_below(taker->pattern, m->dest) ||
		    is_elsewhere(s, mount, taker))
			continue;
		out->kind = taker->secret ? MON_BY_SECRET : MON_BY_RULE;
		out->index = taker->index;
		return;
	}
}

/* The first region that lacks the bit; SIZE_MAX: none does. */
static size_t lacking(const struct settling *s, size_t mount, enum cd_native bit)
{
	bool everywhere = bit == CD_NATIVE_LOOK;

	for (size_t i = everywhere ? 0 : mount; i < s->plan->count; i++)
		if (!(s->regions[i] & bit) &&
		    (everywhere || i == mount ||
		     is_below(s->plan->mounts[i].dest, s->plan->mounts[mount].dest)))
			return i;
	return SIZE_MAX;
}

/* None of the mounts lacks it, and yet it is not settled. */
static void find_rest(const struct settling *s, size_t mount, enum cd_native bit,
		      struct mon_obstacle *out)
{
	struct cd_plan *plan = s->plan;

	out->kind = bit == CD_NATIVE_LOOK ? MON_TOO_NARROW : MON_NOT_OPENED;
	snprintf(out->place, sizeof(out->place), "%s", plan->mounts[mount].dest);
	for (size_t i = 0; bit == CD_NATIVE_LOOK && i < plan->count; i++)
		if (!judge_way(s, i))
			snprintf(out->place, sizeof(out->place), "%s", plan->mounts[i].dest);
	if (bit == CD_NATIVE_LOOK && !allowed(s, CD_OPBIT(CD_OP_FS_STAT), "/"))
		snprintf(out->place, sizeof(out->place), "/");
	for (size_t i = 0;
	     bit & (CD_NATIVE_READ | CD_NATIVE_LIST | CD_NATIVE_WRITE) && i < plan->count; i++)
		if (plan->mounts[i].exec && plan->mounts[i].kind != CD_MOUNT_MASK &&
		    lacking(s, i, CD_NATIVE_READ) != SIZE_MAX) {
			out->kind = MON_LENT;
			snprintf(out->place, sizeof(out->place), "%s", plan->mounts[i].dest);
		}
}

enum cd_status mon_settle_why(const struct mon_table *table, struct cd_plan *plan, size_t mount,
			      enum cd_native bit, struct mon_obstacle *out)
{
	struct settling s = {.table = table, .plan = plan};
	const uint8_t here = plan->mounts[mount].native | granted_above(plan, mount);
	bool everywhere = bit == CD_NATIVE_LOOK;
	enum cd_status status;
	size_t at;

	*out = (struct mon_obstacle){.kind = MON_SETTLED};
	if (plan->native & bit && (everywhere || here & bit))
		return CD_OK;
	status = begin(&s);
	if (status == CD_OK) {
		judge(&s);
		at = lacking(&s, mount, bit);
		if (at != SIZE_MAX)
			blame(&s, at, bit, out);
		else
			find_rest(&s, mount, bit, out);
	}
	end(&s);
	return status;
}

static size_t add_subtree(char *text, size_t len, size_t size, const char *path)
{
	size_t n = strlen(path);

	/* Its slash, its NUL, and the last one. */
	if (n < 2 || len + n + 3 > size)
		return len;
	memcpy(text + len, path, n);
	memcpy(text + len + n, "/", 2);
	return len + n + 2;
}

/* Is the place at or below a subtree of the text? */
static bool is_in(const char *text, size_t len, const char *path)
{
	size_t n = strlen(path);

	for (const char *at = text; at < text + len; at += strlen(at) + 1) {
		size_t m = strlen(at) - 1;

		if (n >= m && memcmp(at, path, m) == 0 && (n == m || path[m] == '/'))
			return true;
	}
	return false;
}

size_t mon_settled_subtrees(const struct cd_plan *plan, char *text, size_t size)
{
	const uint8_t needed = CD_NATIVE_READ | CD_NATIVE_LIST;
	size_t len = 0;

	for (size_t i = 0; plan->native & CD_NATIVE_LOOK && i < plan->count; i++) {
		const struct cd_mount *m = &plan->mounts[i];

		if ((m->kind == CD_MOUNT_BIND || m->kind == CD_MOUNT_TMPFS ||
		     m->kind == CD_MOUNT_COW) &&
		    !m->file && !is_in(text, len, m->dest) &&
		    ((m->native | granted_above(plan, i)) & needed) == needed)
			len = add_subtree(text, len, size, m->dest);
	}
	/* A link at the root to one of them is another name for it ("/lib"). */
	for (size_t i = 0; len && i < plan->count; i++) {
		const struct cd_mount *m = &plan->mounts[i];
		char target[CD_PATH_MAX];

		if (m->kind != CD_MOUNT_SYMLINK || strchr(m->dest + 1, '/') ||
		    strstr(m->from, ".."))
			continue;
		if (snprintf(target, sizeof(target), "%s%s", m->from[0] == '/' ? "" : "/",
			     m->from) < (int)sizeof(target) &&
		    is_in(text, len, target))
			len = add_subtree(text, len, size, m->dest);
	}
	text[len] = '\0';
	return len + 1;
}

/* ---- sockets ---- */

static const uint64_t socket_ops =
    CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_LISTEN) | CD_OPBIT(CD_OP_NET_SEND);

static bool grants_socket(const struct mon_table *table, const char *path)
{
	struct cd_object object = {
	    .kind = CD_OBJECT_ADDRESS, .proto = CD_UNIX, .text = path, .len = strlen(path)};
	uint64_t asked, allowed = mon_decide_each(table, socket_ops, &object, &asked);

	return allowed | asked;
}

/* At the place, or directly in it. */
static bool grants_socket_at(const struct mon_table *table, const struct cd_mount *mount)
{
	static const char any[] = "/any";
	size_t n = strlen(mount->dest);
	char path[CD_PATH_MAX];

	if (grants_socket(table, mount->dest))
		return true;
	if (mount->file || n + sizeof(any) > sizeof(path))
		return false;
	memcpy(path, mount->dest, n);
	memcpy(path + n, any, sizeof(any));
	return grants_socket(table, path);
}

static bool shows_outside(const struct cd_mount *mount)
{
	return mount->kind == CD_MOUNT_BIND || mount->kind == CD_MOUNT_COW;
}

bool mon_grants_outer_socket(const struct mon_table *table, const struct cd_plan *plan)
{
	char path[CD_PATH_MAX];
	bool any = false;

	for (uint32_t i = 0; i < mon_table_count(table); i++) {
		const struct cd_mount *mount;
		struct mon_rule rule;
		size_t n;

		mon_table_rule(table, i, &rule);
		if (rule.verdict == CD_DENY || !(rule.ops & socket_ops))
			continue;
		any = true;
		n = strcspn(rule.pattern, "*");
		if (strncmp(rule.pattern, "unix:/", 6) != 0 || n - 5 >= sizeof(path))
			continue;
		memcpy(path, rule.pattern + 5, n - 5);
		path[n - 5] = '\0';
		mount = mon_plan_at(plan, path);
		if (mount && shows_outside(mount))
			return true;
	}
	for (size_t i = 0; any && i < plan->count; i++)
		if (shows_outside(&plan->mounts[i]) && grants_socket_at(table, &plan->mounts[i]))
			return true;
	return false;
}

void mon_settled_requests(const struct mon_table *table, struct cd_requests *out)
{
	out->count = 0;
	for (uint32_t i = 0; i < mon_table_count(table); i++) {
		struct mon_rule rule;
		struct cd_request request;

		mon_table_rule(table, i, &rule);
		if (!(rule.ops & CD_OPBIT(CD_OP_DEV_IOCTL)) ||
		    !mon_request_parse(rule.pattern, strlen(rule.pattern), &request))
			continue;
		if (rule.verdict != MON_ALLOW || out->count == CD_REQUESTS_MAX) {
			out->count = 0;
			return;
		}
		out->at[out->count++] = request;
	}
}
