/*
 * Any bytes as patterns and as the object they are held against: paths, names and addresses.
 *
 *   aRPATTERN\n  a rule: verdict d, k or a; operation by letter, 'A' for the first of ops.def
 *   pPATTERN\n   a protected path
 *   =RTEXT       the object
 *
 * Nothing may crash; and the verdict of all rules together is the lowest that any of them alone
 * comes to.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refmon/table.h"

#define RULES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "fuzz_path: %s\n", what);
	abort();
}

struct input {
	struct mon_rule rules[RULES_MAX];
	const char *secrets[RULES_MAX];
	size_t rule_count, secret_count;
	enum cd_op op;
	const char *object;
};

static enum cd_op op_of(char letter)
{
	return (enum cd_op)((unsigned char)letter % CD_OP_COUNT);
}

/* Cuts the text into lines in place. */
static void read_input(char *text, struct input *input)
{
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (line[0] == 'p' && input->secret_count < RULES_MAX) {
			input->secrets[input->secret_count++] = line + 1;
		} else if (line[0] == '=' && line[1]) {
			input->op = op_of((char)(line[1] - 'A'));
			input->object = line + 2;
		} else if (line[0] && line[1] && input->rule_count < RULES_MAX) {
			input->rules[input->rule_count++] = (struct mon_rule){
			    line[0] == 'd'   ? MON_DENY
			    : line[0] == 'k' ? MON_ASK
					     : MON_ALLOW,
			    CD_OPBIT(op_of((char)(line[1] - 'A'))), line + 2, "fuzz", ""};
		}
	}
}

/* A table of the rules first to end; NULL when they cannot be compiled. */
static struct mon_table *make_table(const struct input *input, size_t first, size_t end)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table = NULL;
	const char *why;

	check(builder != NULL, "no builder");
	for (size_t i = first; i < end; i++)
		check(mon_builder_add(builder, &input->rules[i], &why) == CD_OK || *why,
		      "refused without a why");
	for (size_t i = 0; i < input->secret_count; i++)
		check(mon_builder_protect(builder, input->secrets[i], &why) == CD_OK || *why,
		      "refused without a why");
	if (mon_builder_compile(builder, &table))
		table = NULL;
	mon_builder_free(builder);
	return table;
}

/* What is implied for fs.stat has an order of its own, so there the rules do not add up in this
 * way. */
static enum mon_verdict verdict_one_by_one(const struct input *input,
					   const struct mon_object *object)
{
	enum mon_verdict lowest = MON_ALLOW;
	int any = 0;

	for (size_t i = 0; i < input->rule_count; i++) {
		struct mon_table *table = make_table(input, i, i + 1);
		struct mon_decision decision;

		check(table != NULL, "one rule cannot be compiled");
		mon_decide(table, CD_OPBIT(input->op), object, &decision);
		mon_table_free(table);
		if (decision.rule == MON_NO_RULE)
			continue;
		any = 1;
		lowest = decision.verdict < lowest ? decision.verdict : lowest;
	}
	return any ? lowest : MON_DENY;
}

static void check_advice(const struct input *input, const struct mon_object *object)
{
	char text[65536];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	mon_advise_flag(input->op, object, &buf);
	check(!buf.cut && !memchr(text, '\n', buf.len), "a poor flag");
	cd_buf_init(&buf, text, sizeof(text));
	mon_advise_policy(input->op, object, &buf);
	check(!buf.cut && !memchr(text, '*', buf.len), "advice with a wildcard");
}

static void check_input(const struct input *input)
{
	struct mon_table *table = make_table(input, 0, input->rule_count);
	struct mon_decision decision;
	struct mon_object object;

	if (!table)
		return;
	mon_rules_below(table, input->object, strlen(input->object));
	if (mon_object_parse(input->op, input->object, &object) == CD_OK) {
		check_advice(input, &object);
		mon_decide(table, CD_OPBIT(input->op), &object, &decision);
		if (input->op != CD_OP_FS_STAT)
			check(decision.verdict == verdict_one_by_one(input, &object),
			      "rules do not add up");
		mon_decide(table, CD_OPS_ALL, &object, &decision);
		check(decision.verdict == MON_DENY,
		      "every operation allowed on one kind of object");
	}
	/* As it might come without a parser in front. */
	object = (struct mon_object){.kind = cd_op_table[input->op].kind,
				     .text = input->object,
				     .len = strlen(input->object),
				     .proto = MON_UNIX};
	mon_decide(table, CD_OPBIT(input->op), &object, &decision);
	object.proto = MON_UDP;
	mon_decide(table, CD_OPBIT(input->op), &object, &decision);
	mon_table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {.object = "/"};
	char *text = malloc(size + 1);

	check(text != NULL, "out of memory");
	memcpy(text, data, size);
	text[size] = '\0';
	read_input(text, &input);
	check_input(&input);
	free(text);
	return 0;
}
