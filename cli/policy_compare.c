/* cordon policy diff and subset: policies compared by what they mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/policy.h"
#include "cordon/limits.h"
#include "lib/vec.h"
#include "policy/compare.h"

#define TEXT_MAX (2 * CD_PATH_MAX + 1024)

/* Two policies and their names. The first is the one that is said to grant. */
struct sides {
	const struct pol_policy *policy[2];
	const char *name[2];
};

static bool load_sides(struct sides *sides, const struct policy_args *args)
{
	for (int i = 0; i < 2; i++) {
		sides->name[i] = args->operands[i];
		sides->policy[i] = policy_load(1, &args->operands[i]);
		if (!sides->policy[i])
			return false;
	}
	return true;
}

static void release_sides(struct sides *sides)
{
	for (int i = 0; i < 2; i++)
		pol_policy_free((struct pol_policy *)sides->policy[i]);
}

static int say_undecided(enum cd_status status)
{
	cli_say(status == CD_ELIMIT ? "these policies are too entangled to compare: fewer patterns "
				      "with \"*\" in the middle would help"
				    : "out of memory");
	return CLI_FAILED;
}

/* "fs.read /srv/x", "net.connect tcp://example.org:443", "env FOO". */
static void add_what(const struct pol_difference *difference, struct cd_buf *out)
{
	const struct mon_difference *rule = difference->rule;

	if (!rule) {
		cd_buf_str(out, difference->what);
		return;
	}
	if (rule->kind == MON_BY_LOOKUP) {
		cd_buf_str(out, "looking up ");
		cd_buf_add(out, rule->object->text, rule->object->len);
		return;
	}
	cd_buf_fmt(out, "%s ", cd_op_name(rule->op));
	mon_object_text(rule->object, out);
}

/* What one side says, and why. */
static void add_side(const struct sides *sides, int side, const struct pol_difference *difference,
		     struct cd_buf *out)
{
	const struct mon_difference *rule = difference->rule;
	const struct cd_decision *decision;
	struct mon_rule by;

	if (!rule) {
		cd_buf_str(out, side ? difference->second : difference->first);
		return;
	}
	if (rule->kind == MON_BY_LOOKUP) {
		cd_buf_str(out, side ? "not answered" : "answered");
		return;
	}
	decision = side ? &rule->second : &rule->first;
	cd_buf_str(out, pol_verdict_name(decision->verdict));
	if (decision->rule == CD_NO_RULE) {
		cd_buf_str(out, ", by no rule");
	} else {
		mon_table_rule(sides->policy[side]->table, decision->rule, &by);
		cd_buf_fmt(out, ", by %s%s\"%s\" (%s %s)",
			   by.verdict == decision->verdict ? "" : pol_verdict_name(by.verdict),
			   by.verdict == decision->verdict ? "" : " ", by.pattern, by.source,
			   by.pointer);
	}
	if (rule->kind == MON_BY_PLACE)
		cd_buf_str(out, side ? "; but what it shows there is less" : "");
	if (rule->kind == MON_BY_NAMES && side)
		cd_buf_fmt(out, "; but not at an address that is also %s's", rule->other_name);
}

/* ---- subset ---- */

struct subset {
	struct sides sides;
	bool json, more;
};

static bool print_witness(void *context, const struct pol_difference *difference)
{
	struct subset *s = context;
	char what[TEXT_MAX], first[TEXT_MAX], second[TEXT_MAX];
	struct cd_buf out;

	s->more = true;
	cd_buf_init(&out, what, sizeof(what));
	add_what(difference, &out);
	cd_buf_init(&out, first, sizeof(first));
	add_side(&s->sides, 0, difference, &out);
	cd_buf_init(&out, second, sizeof(second));
	add_side(&s->sides, 1, difference, &out);
	if (s->json) {
		printf("{\"subset\":false,");
		policy_print_json("witness", what);
		printf(",");
		policy_print_json("first", first);
		printf(",");
		policy_print_json("second", second);
		printf("}\n");
		return false;
	}
	policy_print_visible(s->sides.name[0], 0);
	printf(" grants more than ");
	policy_print_visible(s->sides.name[1], 0);
	printf(": ");
	policy_print_visible(what, 0);
	for (int side = 0; side < 2; side++) {
		printf("\n  ");
		policy_print_visible(s->sides.name[side], 0);
		printf(": ");
		policy_print_visible(side ? second : first, 0);
	}
	printf("\n");
	return false;
}

int policy_subset(const struct policy_args *args)
{
	struct subset s = {.json = args->json};
	enum cd_status status;
	int result = CLI_FAILED;

	if (load_sides(&s.sides, args)) {
		status = pol_compare(s.sides.policy[0], s.sides.policy[1], print_witness, &s);
		result = status ? say_undecided(status) : s.more;
		if (!result && s.json) {
			printf("{\"subset\":true}\n");
		} else if (!result) {
			policy_print_visible(s.sides.name[0], 0);
			printf(" grants no more than ");
			policy_print_visible(s.sides.name[1], 0);
			printf("\n");
		}
	}
	release_sides(&s.sides);
	return fflush(stdout) ? CLI_FAILED : result;
}

/* ---- diff ---- */

/* Differences with the same rules on both sides are one, of which an example is kept. */
struct group {
	int granting; /* the side that grants it */
	enum mon_difference_kind kind;
	bool is_rule;
	uint32_t rules[2];
	enum cd_verdict verdicts[2];
	uint64_t ops;
	char *what, *sides[2]; /* of the first that was found */
};

struct diff {
	struct sides sides; /* as they are compared just now */
	int granting;
	struct group *groups;
	size_t count, capacity;
	bool failed;
};

static struct group group_of(const struct diff *d, const struct pol_difference *difference)
{
	const struct mon_difference *rule = difference->rule;
	struct group group = {.granting = d->granting};

	if (rule) {
		group.is_rule = true;
		group.kind = rule->kind;
		group.rules[0] = rule->first.rule;
		group.rules[1] = rule->second.rule;
		group.verdicts[0] = rule->first.verdict;
		group.verdicts[1] = rule->second.verdict;
		group.ops = CD_OPBIT(rule->op);
	}
	return group;
}

static bool same_group(const struct group *a, const struct group *b)
{
	return a->is_rule && b->is_rule && a->granting == b->granting && a->kind == b->kind &&
	       memcmp(a->rules, b->rules, sizeof(a->rules)) == 0 &&
	       memcmp(a->verdicts, b->verdicts, sizeof(a->verdicts)) == 0;
}

static char *text_of(const struct diff *d, const struct pol_difference *difference, int side)
{
	char text[TEXT_MAX];
	struct cd_buf out;

	cd_buf_init(&out, text, sizeof(text));
	if (side < 0)
		add_what(difference, &out);
	else
		add_side(&d->sides, side, difference, &out);
	return strdup(text);
}

/* That something can be seen is the poorest example of what may be done. */
static bool add_to_group(struct diff *d, struct group *group,
			 const struct pol_difference *difference)
{
	if (group->ops == CD_OPBIT(CD_OP_FS_STAT) && difference->rule->op != CD_OP_FS_STAT) {
		free(group->what);
		group->what = text_of(d, difference, -1);
		d->failed = !group->what;
	}
	group->ops |= CD_OPBIT(difference->rule->op);
	return !d->failed;
}

static bool keep(void *context, const struct pol_difference *difference)
{
	struct diff *d = context;
	struct group group = group_of(d, difference), *grown;

	for (size_t i = 0; i < d->count; i++) {
		if (same_group(&d->groups[i], &group))
			return add_to_group(d, &d->groups[i], difference);
	}
	grown = cd_vec_grow(d->groups, &d->capacity, d->count + 1, sizeof(*grown));
	if (grown) {
		d->groups = grown;
		group.what = text_of(d, difference, -1);
		group.sides[0] = text_of(d, difference, 0);
		group.sides[1] = text_of(d, difference, 1);
		grown[d->count++] = group;
	}
	d->failed = !grown || !group.what || !group.sides[0] || !group.sides[1];
	return !d->failed;
}

static void add_ops(uint64_t ops, struct cd_buf *out)
{
	const char *comma = "";

	for (; ops; ops &= ops - 1, comma = ",")
		cd_buf_fmt(out, "%s%s", comma, cd_op_name((enum cd_op)__builtin_ctzll(ops)));
}

/* "+": the second policy as given on the command line grants it, "-": the first does. */
static void print_group(const struct group *group, const struct sides *sides, bool json)
{
	const char *sign = group->granting ? "+" : "-";
	char ops[256];
	struct cd_buf out;

	cd_buf_init(&out, ops, sizeof(ops));
	add_ops(group->ops, &out);
	if (json) {
		printf("{\"sign\":\"%s\",", sign);
		policy_print_json("ops", ops);
		printf(",");
		policy_print_json("example", group->what);
		printf(",");
		policy_print_json(group->granting ? "b" : "a", group->sides[0]);
		printf(",");
		policy_print_json(group->granting ? "a" : "b", group->sides[1]);
		printf("}\n");
		return;
	}
	printf("%s ", sign);
	policy_print_visible(group->what, 0);
	if (group->ops & (group->ops - 1))
		printf("  (%s)", ops);
	/* First what grants it. */
	for (int side = 0; side < 2; side++) {
		printf("\n    ");
		policy_print_visible(sides->name[side ? !group->granting : group->granting], 0);
		printf(": ");
		policy_print_visible(group->sides[side], 0);
	}
	printf("\n");
}

static enum cd_status compare_both(struct diff *d)
{
	struct sides sides = d->sides;
	enum cd_status status = CD_OK;

	for (int granting = 1; granting >= 0 && !status; granting--) {
		d->granting = granting;
		for (int side = 0; side < 2; side++) {
			d->sides.policy[side] = sides.policy[side ? !granting : granting];
			d->sides.name[side] = sides.name[side ? !granting : granting];
		}
		status = pol_compare(d->sides.policy[0], d->sides.policy[1], keep, d);
	}
	d->sides = sides;
	return d->failed ? CD_ENOMEM : status;
}

int policy_diff(const struct policy_args *args)
{
	struct diff d = {.count = 0};
	enum cd_status status;
	int result = CLI_FAILED;

	if (load_sides(&d.sides, args)) {
		status = compare_both(&d);
		result = status ? say_undecided(status) : d.count > 0;
		for (size_t i = 0; i < d.count && !status; i++)
			print_group(&d.groups[i], &d.sides, args->json);
	}
	for (size_t i = 0; i < d.count; i++) {
		free(d.groups[i].what);
		free(d.groups[i].sides[0]);
		free(d.groups[i].sides[1]);
	}
	free(d.groups);
	release_sides(&d.sides);
	return fflush(stdout) ? CLI_FAILED : result;
}
