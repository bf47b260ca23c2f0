/*
 * cordon policy replay: which operations of a log another policy would decide otherwise.
 *
 * Each run of the log is decided by the policy as it would have been read for that run: with its
 * home and working directory, and its program granted, as `cordon run` does.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/read.h"
#include "cli/cli.h"
#include "cli/policy.h"
#include "cordon/limits.h"
#include "lib/vec.h"

#define CHANGES_MAX 100000 /* that are told apart */

/* Operations that are the same, and change alike. */
struct change {
	char *text; /* what is said of it */
	bool allows;
	unsigned long count;
};

struct replay {
	const char *policy_path;
	bool json;
	struct pol_policy *policy; /* for the run at hand; NULL: there is no head yet */
	char space[CD_SPACE_ID_MAX];
	void *tree; /* of changes, by text */
	struct change **changes;
	size_t count, capacity;
	unsigned long decided, changed, inner, unclear, untold;
	bool any, all, broken;
};

/* ---- the policy, for a run ---- */

static bool begin_run(struct replay *r, const struct audit_event *head)
{
	const struct pol_vars vars = {.home = head->home,
				      .cwd = head->cwd,
				      .tmp = "/tmp",
				      .program = head->program,
				      .uid = head->uid};
	struct pol_draft *draft = pol_draft_new(&vars);
	struct pol_error error;
	bool ok = draft != NULL;

	pol_policy_free(r->policy);
	r->policy = NULL;
	if (!ok)
		cli_say("out of memory");
	if (ok && (pol_draft_file(draft, r->policy_path, &error) != CD_OK ||
		   (head->program &&
		    pol_draft_flag(draft, "allow-run", head->program, &error) != CD_OK) ||
		   pol_draft_finish(draft, &r->policy, &error) != CD_OK)) {
		cli_say_policy_error(&error);
		ok = false;
	}
	pol_draft_free(draft);
	snprintf(r->space, sizeof(r->space), "%s", head->space ? head->space : "1");
	r->any = true;
	r->all |= head->audit && strcmp(head->audit, "denied") != 0;
	return ok;
}

/* ---- operations ---- */

static bool add_address(const char *text, struct cd_object *object)
{
	struct cd_object at;
	char whole[128];

	/* The reader gives the host alone; a port makes it an address. */
	snprintf(whole, sizeof(whole), strchr(text, ':') && *text != '[' ? "[%s]:1" : "%s:1", text);
	if (mon_object_parse(CD_OP_NET_CONNECT, whole, &at) != CD_OK || !at.family)
		return false;
	object->family = at.family;
	memcpy(object->address, at.address, sizeof(object->address));
	return true;
}

static bool object_of(const struct audit_event *event, enum cd_op op, struct cd_object *out)
{
	return event->object && mon_object_parse(op, event->object, out) == CD_OK &&
	       (!event->address || add_address(event->address, out));
}

/* All that was asked for at once, each operation by itself: what was answered for good counts. */
static void decide(const struct replay *r, uint64_t ops, const struct cd_object *object,
		   struct cd_decision *out)
{
	*out = (struct cd_decision){CD_ALLOW, CD_OP_COUNT, CD_NO_RULE};
	for (; ops; ops &= ops - 1) {
		enum cd_op op = (enum cd_op)__builtin_ctzll(ops);
		struct cd_decision one;

		mon_decide(r->policy->table, CD_OPBIT(op), object, &one);
		one.verdict = pol_verdict_of(r->policy, op, object, one.verdict);
		if (out->op == CD_OP_COUNT || one.verdict < out->verdict)
			*out = one;
	}
}

static void add_ops(uint64_t ops, struct cd_buf *out)
{
	for (const char *comma = ""; ops; ops &= ops - 1, comma = ",")
		cd_buf_fmt(out, "%s%s", comma, cd_op_name((enum cd_op)__builtin_ctzll(ops)));
}

static void describe(const struct replay *r, const struct audit_event *event,
		     const struct cd_decision *now, struct cd_buf *out)
{
	struct mon_rule rule;

	add_ops(now->verdict == CD_ALLOW ? event->ops : CD_OPBIT(now->op), out);
	cd_buf_str(out, " ");
	cd_buf_visible(out, event->object, strlen(event->object));
	cd_buf_fmt(out, ": was %s, would be %s", pol_verdict_name(event->verdict),
		   pol_verdict_name(now->verdict));
	if (now->rule == CD_NO_RULE) {
		cd_buf_str(out, ", by no rule");
		return;
	}
	mon_table_rule(r->policy->table, now->rule, &rule);
	cd_buf_str(out, ", by \"");
	cd_buf_visible(out, rule.pattern, strlen(rule.pattern));
	cd_buf_str(out, "\" (");
	cd_buf_visible(out, rule.source, strlen(rule.source));
	cd_buf_str(out, " ");
	cd_buf_visible(out, rule.pointer, strlen(rule.pointer));
	cd_buf_str(out, ")");
}

static int compare_changes(const void *left, const void *right)
{
	return strcmp(((const struct change *)left)->text, ((const struct change *)right)->text);
}

static bool note(struct replay *r, const char *text, bool allows)
{
	struct change key = {.text = (char *)text}, *made, **grown;
	struct change **found = tfind(&key, &r->tree, compare_changes);

	r->changed++;
	if (found) {
		(*found)->count++;
		return true;
	}
	if (r->count == CHANGES_MAX) {
		r->untold++;
		return true;
	}
	grown = cd_vec_grow(r->changes, &r->capacity, r->count + 1, sizeof(*grown));
	made = calloc(1, sizeof(*made));
	if (grown)
		r->changes = grown;
	if (!grown || !made || !(made->text = strdup(text))) {
		free(made);
		return false;
	}
	made->allows = allows;
	made->count = 1;
	r->changes[r->count++] = made;
	return tsearch(made, &r->tree, compare_changes) != NULL;
}

/* What was not in the view, and is not outside either, no policy would have shown. */
static bool was_nothing(const struct audit_event *event)
{
	const char *outside = event->outside ? event->outside : event->object;
	struct stat st;

	return event->absent && (event->nowhere || !outside || lstat(outside, &st));
}

static bool take_op(struct replay *r, const struct audit_event *event)
{
	char text[6 * CD_PATH_MAX];
	struct cd_decision now;
	struct cd_object object;
	struct cd_buf out;

	if (!event->space || strcmp(event->space, r->space) != 0) {
		r->inner++;
		return true;
	}
	if (!event->ops || was_nothing(event))
		return true;
	if (!object_of(event, (enum cd_op)__builtin_ctzll(event->ops), &object)) {
		r->unclear++;
		return true;
	}
	r->decided++;
	decide(r, event->ops, &object, &now);
	if (now.verdict == event->verdict)
		return true;
	cd_buf_init(&out, text, sizeof(text));
	describe(r, event, &now, &out);
	return note(r, text, now.verdict > event->verdict);
}

/* ---- the log ---- */

static bool take(struct replay *r, const struct audit_event *event)
{
	if (event->broken && !r->broken) {
		r->broken = true;
		cli_say("line %lu of the log: %s; `cordon audit verify` says more", event->line,
			event->broken);
	}
	if (event->kind == AUDIT_HEAD)
		return begin_run(r, event);
	return event->kind != AUDIT_OP || !r->policy || take_op(r, event);
}

static bool read_log(struct replay *r, int fd)
{
	struct audit_reader *reader = audit_reader_new(fd);
	struct audit_event event;
	enum cd_status status = CD_ENOMEM;
	bool ok = reader != NULL;

	while (ok && (status = audit_reader_next(reader, &event)) == CD_OK)
		ok = take(r, &event);
	audit_reader_free(reader);
	if (status != CD_OK && status != CD_ENOENT)
		cli_say("cannot read the log: %s", cd_status_name(status));
	return ok && status == CD_ENOENT;
}

static void print(const struct replay *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct change *change = r->changes[i];

		if (r->json) {
			printf("{\"sign\":\"%s\",\"count\":%lu,", change->allows ? "+" : "-",
			       change->count);
			policy_print_json("text", change->text);
			printf("}\n");
			continue;
		}
		printf("%s %s", change->allows ? "+" : "-", change->text);
		if (change->count > 1)
			printf(" (%lu times)", change->count);
		printf("\n");
	}
	if (r->json)
		return;
	if (r->untold)
		printf("and %lu more\n", r->untold);
	printf("%lu of %lu recorded operations would be decided otherwise\n", r->changed,
	       r->decided);
	if (r->inner)
		printf("%lu are of spaces within, and were left out\n", r->inner);
	if (r->unclear)
		printf("%lu are about what no rule can name, and were left out\n", r->unclear);
	if (!r->all)
		printf("the log has denials only: --audit=all records what was allowed, too\n");
}

static void release(struct replay *r)
{
	for (size_t i = 0; i < r->count; i++) {
		tdelete(r->changes[i], &r->tree, compare_changes);
		free(r->changes[i]->text);
		free(r->changes[i]);
	}
	free(r->changes);
	pol_policy_free(r->policy);
}

int policy_replay(const struct policy_args *args)
{
	struct replay r = {.policy_path = args->policy, .json = args->json};
	int fd, status = CLI_FAILED;

	if (!args->policy) {
		cli_say("name the policy: cordon policy replay --policy NEW LOG");
		return CLI_FAILED;
	}
	fd = open(args->operands[0], O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		cli_say("cannot read the log %s: %s", args->operands[0], strerror(errno));
		return CLI_FAILED;
	}
	if (!read_log(&r, fd)) {
		status = CLI_FAILED;
	} else if (!r.any) {
		cli_say("%s holds no run", args->operands[0]);
	} else {
		print(&r);
		status = r.changed > 0;
	}
	close(fd);
	release(&r);
	return fflush(stdout) ? CLI_FAILED : status;
}
