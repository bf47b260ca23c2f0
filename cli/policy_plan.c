/* cordon policy show --plan: what enforces each rule on this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy.h"
#include "cli/view.h"
#include "host/confine.h"
#include "lib/without.h"
#include "refmon/pattern.h"
#include "refmon/plan.h"
#include "refmon/settle.h"

#define WHY_MAX (2 * CD_PATH_MAX + 512)

struct planned {
	const struct pol_policy *policy;
	struct cd_plan *plan;
	const char *refused; /* why nothing is native; NULL: what is settled is */
};

/* What enforces one operation of one rule. */
struct enforcement {
	char view[40]; /* "absent", or what its mounts are: "ro noexec" */
	const char *by;
	bool settled;
	char why[WHY_MAX]; /* it is not settled */
};

enum cover { APART, AROUND, AT };

/* Does the pattern speak of the place (AT), of something in it (AROUND), or of neither? */
static enum cover covers(const char *pattern, const char *place)
{
	const char *p = pattern + 1, *d = place + 1;

	while (*d) {
		size_t np = strcspn(p, "/"), nd = strcspn(d, "/");

		if (np == 2 && p[0] == '*' && p[1] == '*' && !p[np])
			return AT;
		if (!np || !mon_glob_match(p, np, d, nd))
			return APART;
		p += np + (p[np] == '/');
		d += nd + (d[nd] == '/');
	}
	return !*p || strcmp(p, "**") == 0 ? AT : AROUND;
}

/* The deepest mounts around what the pattern speaks of, when none is at it. */
static bool is_around(const struct cd_plan *plan, size_t mount, const char *pattern)
{
	const char *dest = plan->mounts[mount].dest;
	size_t n = strlen(dest);

	if (covers(pattern, dest) != AROUND || plan->mounts[mount].file)
		return false;
	for (size_t i = 0; i < plan->count; i++) {
		const char *other = plan->mounts[i].dest;

		if (strlen(other) > n &&
		    (n == 1 || (!strncmp(other, dest, n) && other[n] == '/')) &&
		    covers(pattern, other) == AROUND && !plan->mounts[i].file)
			return false;
	}
	return true;
}

/*
 * Is the mount one of those that the rule is about? Of the skeleton, a place alone: what lies in it
 * and is not in the plan is not there. /proc has its own.
 */
static bool is_about(const struct planned *p, size_t mount, const char *pattern, bool some_at)
{
	const struct cd_mount *m = &p->plan->mounts[mount];

	if (some_at)
		return covers(pattern, m->dest) == AT;
	return (m->kind != CD_MOUNT_DIR || strcmp(m->dest, "/proc") == 0) &&
	       is_around(p->plan, mount, pattern);
}

static bool is_some_at(const struct planned *p, const char *pattern)
{
	for (size_t i = 0; i < p->plan->count; i++)
		if (covers(pattern, p->plan->mounts[i].dest) == AT)
			return true;
	return false;
}

static void describe_obstacle(const struct planned *p, const struct mon_obstacle *obstacle,
			      char *why)
{
	struct mon_rule rule;

	switch (obstacle->kind) {
	case MON_BY_RULE:
		mon_table_rule(p->policy->table, obstacle->index, &rule);
		snprintf(why, WHY_MAX, "%s: %s %s, %s %s", obstacle->place,
			 pol_verdict_name(rule.verdict), rule.pattern, rule.source, rule.pointer);
		break;
	case MON_BY_SECRET:
		snprintf(why, WHY_MAX, "%s: %s is a secret", obstacle->place,
			 mon_table_protected(p->policy->table, obstacle->index));
		break;
	case MON_TOO_NARROW:
		snprintf(why, WHY_MAX, "%s: not allowed for all of it", obstacle->place);
		break;
	case MON_BY_DEVICE:
		snprintf(why, WHY_MAX, "%s: opening it may do something", obstacle->place);
		break;
	case MON_SHOWN_TWICE:
		snprintf(why, WHY_MAX, "%s: another place shows the same, under other rules",
			 obstacle->place);
		break;
	case MON_NOT_OPENED:
		snprintf(why, WHY_MAX, "%s: not all that is made there may be read and written",
			 obstacle->place);
		break;
	case MON_LENT:
		snprintf(why, WHY_MAX, "%s: programs there may be run and not all be read",
			 obstacle->place);
		break;
	case MON_SETTLED: break;
	}
}

static const uint64_t changes =
    CD_OPBIT(CD_OP_FS_WRITE) | CD_OPBIT(CD_OP_FS_CREATE) | CD_OPBIT(CD_OP_FS_REMOVE);

static bool view_refuses(const struct cd_mount *m, enum cd_op op)
{
	return m->kind == CD_MOUNT_MASK || m->kind == CD_MOUNT_SYMLINK ||
	       (op == CD_OP_FS_EXEC && !m->exec) || (CD_OPBIT(op) & changes && !m->writable);
}

static enum cd_native bit_of(enum cd_op op, const struct cd_mount *m)
{
	switch (op) {
	case CD_OP_FS_READ: return m->kind == CD_MOUNT_DIR ? CD_NATIVE_LIST : CD_NATIVE_READ;
	case CD_OP_FS_WRITE: return CD_NATIVE_WRITE;
	case CD_OP_FS_CREATE: return CD_NATIVE_CREATE;
	case CD_OP_FS_REMOVE: return CD_NATIVE_REMOVE;
	default: return CD_NATIVE_LOOK;
	}
}

/* "ro noexec", or "ro, rw exec" where mounts differ. */
static void add_view(char *view, size_t size, const struct cd_mount *m)
{
	char text[24];
	size_t n = strlen(view);

	if (m->kind == CD_MOUNT_MASK)
		snprintf(text, sizeof(text), "absent");
	else if (m->kind == CD_MOUNT_SYMLINK)
		snprintf(text, sizeof(text), "link");
	else
		snprintf(text, sizeof(text), "%s %s", m->writable ? "rw" : "ro",
			 m->exec ? "exec" : "noexec");
	if (!strstr(view, text))
		snprintf(view + n, size - n, "%s%s", n ? ", " : "", text);
}

/* A directory of the skeleton that is there for what lies below it. */
static bool only_leads(const struct planned *p, const char *pattern)
{
	size_t n = strcspn(pattern, "*");

	for (size_t i = 0; !pattern[n] && i < p->plan->count; i++)
		if (strncmp(p->plan->mounts[i].dest, pattern, n) == 0 &&
		    p->plan->mounts[i].dest[n] == '/')
			return true;
	return false;
}

/* An operation on files, by a rule about mounts of the plan. */
static bool enforce_on(const struct planned *p, const struct mon_rule *rule, enum cd_op op,
		       struct enforcement *out)
{
	bool some_at = is_some_at(p, rule->pattern), refused = true;
	struct mon_obstacle obstacle;

	/* Programs are always started by way of the monitor. */
	out->settled = rule->verdict == CD_ALLOW && !p->refused && op != CD_OP_FS_EXEC;
	for (size_t i = 0; i < p->plan->count; i++) {
		const struct cd_mount *m = &p->plan->mounts[i];

		if (!is_about(p, i, rule->pattern, some_at))
			continue;
		add_view(out->view, sizeof(out->view), m);
		if (view_refuses(m, op))
			continue;
		refused = false;
		if (!out->settled)
			continue;
		if (mon_settle_why(p->policy->table, p->plan, i, bit_of(op, m), &obstacle) != CD_OK)
			return false;
		out->settled = obstacle.kind == MON_SETTLED;
		describe_obstacle(p, &obstacle, out->why);
	}
	if (!out->view[0] && only_leads(p, rule->pattern)) {
		strcpy(out->view, "ro noexec");
		refused = op != CD_OP_FS_STAT && op != CD_OP_FS_READ;
		out->settled &= op == CD_OP_FS_STAT && p->plan->native & CD_NATIVE_LOOK;
	}
	if (!out->view[0])
		strcpy(out->view, "absent");
	if (refused) {
		out->by = "view";
		out->settled = false;
	} else if (out->settled) {
		out->by = op == CD_OP_FS_STAT || (op == CD_OP_FS_READ && p->plan->reads_all)
			      ? "filter"
			      : "Landlock";
	} else {
		out->by = "monitor";
		if (rule->verdict == CD_ALLOW && p->refused)
			snprintf(out->why, sizeof(out->why), "%s", p->refused);
	}
	return true;
}

static bool enforce(const struct planned *p, const struct mon_rule *rule, enum cd_op op,
		    struct enforcement *out)
{
	*out = (struct enforcement){.by = "monitor"};
	if (rule->pattern[0] == '/')
		return enforce_on(p, rule, op, out);
	/* Processes outside are in another pid namespace; the rest is not there yet. */
	if (op == CD_OP_PROC_SIGNAL || op == CD_OP_SPACE_CREATE)
		out->by = "filter";
	return true;
}

static void print_row(const struct mon_rule *rule, const char *ops, const struct enforcement *e)
{
	bool refused = strcmp(e->by, "view") == 0;
	char by[64];

	if (refused)
		snprintf(by, sizeof(by), "view: %s", e->view);
	else
		snprintf(by, sizeof(by), "%s%s%s", e->by, e->view[0] ? ", view: " : "", e->view);
	printf("%-6s%-22s ", pol_verdict_name(rule->verdict), ops);
	policy_print_visible(rule->pattern, 32);
	printf("  %-28s  %-7s ", by,
	       rule->verdict != CD_ALLOW || refused ? "-"
	       : e->settled			    ? "yes"
						    : "no");
	policy_print_visible(rule->source, 0);
	if (e->why[0]) {
		printf("\n      not native: ");
		policy_print_visible(e->why, 0);
	}
	printf("\n");
}

static void print_text(const char *name, const char *text)
{
	char escaped[6 * WHY_MAX];
	struct cd_buf buf;

	cd_buf_init(&buf, escaped, sizeof(escaped));
	cd_buf_json(&buf, text, strlen(text));
	printf("\"%s\":\"%s\"", name, escaped);
}

static void print_row_json(const struct mon_rule *rule, const char *ops,
			   const struct enforcement *e)
{
	const struct {
		const char *name, *text;
	} texts[] = {{"verdict", pol_verdict_name(rule->verdict)},
		     {"op", ops},
		     {"pattern", rule->pattern},
		     {"source", rule->source},
		     {"pointer", rule->pointer},
		     {"by", e->by},
		     {"view", e->view},
		     {"why", e->why}};

	printf("{");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		print_text(texts[i].name, texts[i].text);
		printf(",");
	}
	printf("\"native\":%s}", e->settled ? "true" : "false");
}

static bool is_same(const struct enforcement *a, const struct enforcement *b)
{
	return a->by == b->by && a->settled == b->settled && strcmp(a->view, b->view) == 0 &&
	       strcmp(a->why, b->why) == 0;
}

/* One row for the operations of a rule that the same holds for. done: those that have one. */
static uint64_t print_group(const struct planned *p, const struct mon_rule *rule, uint64_t done,
			    bool json)
{
	static struct enforcement first, other;
	uint64_t rest = rule->ops & ~done, group = 0;
	char names[256];
	struct cd_buf buf;

	cd_buf_init(&buf, names, sizeof(names));
	for (; rest; rest &= rest - 1) {
		enum cd_op op = (enum cd_op)__builtin_ctzll(rest);

		if (!enforce(p, rule, op, group ? &other : &first))
			return 0;
		if (group && !is_same(&first, &other))
			continue;
		cd_buf_fmt(&buf, "%s%s", group ? "," : "", cd_op_name(op));
		group |= CD_OPBIT(op);
		if (json)
			break;
	}
	(json ? print_row_json : print_row)(rule, group == cd_ops_named("fs.*", 4) ? "fs.*" : names,
					    &first);
	return group;
}

static int print_plan(const struct planned *p, bool json)
{
	const char *comma = "";

	if (json)
		printf("{\"native\":%s,\"rules\":[\n", p->refused ? "false" : "true");
	else
		printf("%-6s%-22s %-32s  %-28s  %-7s %s\n", "", "operation", "pattern",
		       "enforced by", "native", "from");
	for (uint32_t i = 0; i < mon_table_count(p->policy->table); i++) {
		struct mon_rule rule;

		mon_table_rule(p->policy->table, i, &rule);
		for (uint64_t done = 0, group; rule.ops & ~done; done |= group) {
			fputs(json ? comma : "", stdout);
			comma = ",\n";
			group = print_group(p, &rule, done, json);
			if (!group) {
				cli_say("out of memory");
				return CLI_FAILED;
			}
		}
	}
	if (json)
		puts("\n]}");
	return fflush(stdout) ? CLI_FAILED : 0;
}

static struct cd_plan *make_plan(const struct pol_policy *policy)
{
	struct cd_plan *plan = cli_plan(policy, "cordon");

	if (plan && mon_settle(policy->table, plan) != CD_OK) {
		mon_plan_free(plan);
		plan = NULL;
	}
	return plan;
}

int policy_show_plan(int argc, char **argv, bool json)
{
	struct planned p = {.policy = policy_load(argc, argv)};
	int status = CLI_FAILED;

	if (!p.policy)
		return CLI_FAILED;
	if (p.policy->audit != POL_AUDIT_DENIED)
		p.refused = "\"audit\": everything is recorded, by the monitor";
	else if (cd_without_name("shim") || !host_can_confine_native())
		p.refused = "this machine lacks what it takes (Landlock)";
	p.plan = make_plan(p.policy);
	if (p.plan && !p.refused && mon_grants_outer_socket(p.policy->table, p.plan))
		p.refused = "a socket to the outside may bring directories in";
	if (p.plan)
		status = print_plan(&p, json);
	else
		cli_say("out of memory");
	mon_plan_free(p.plan);
	pol_policy_free((struct pol_policy *)p.policy);
	return status;
}
