/*
 * What one decision costs, and that it does not follow the number of rules: nanoseconds for a path
 * and for an address, where a rule matches and where none does, at 10, 1,000 and 100,000 rules of
 * each kind. Every object asked about is another one, so that at the larger sizes the processor's
 * caches play their part. The median of RUNS runs is printed.
 *
 * Links with refmon/ and lib/ alone:
 *   cc -O2 -std=gnu11 -D_GNU_SOURCE -I. -Iinclude bench/decide.c refmon/(all).c lib/(buf ops path
 * shared status vec).c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "refmon/table.h"

#define RUNS	  9
#define ASKED	  4096
#define DECISIONS 200000

struct questions {
	char text[ASKED][64];
	struct mon_object objects[ASKED];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void must(enum cd_status status)
{
	if (status) {
		fprintf(stderr, "decide: %s\n", cd_status_name(status));
		exit(1);
	}
}

static void path_text(char *out, size_t size, unsigned i, const char *end)
{
	snprintf(out, size, "/srv/data/%u/project%u/%s", i % 251, i, end);
}

static void address_text(char *out, size_t size, unsigned i, unsigned port)
{
	snprintf(out, size, "10.%u.%u.%u:%u", i >> 16 & 255, i >> 8 & 255, i & 255, port);
}

static struct mon_table *make_table(unsigned count)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table;
	const char *why;
	char text[64];

	if (!builder)
		must(CD_ENOMEM);
	for (unsigned i = 0; i < count; i++) {
		struct mon_rule rule = {MON_ALLOW, CD_OPBIT(CD_OP_FS_READ), text, "bench", ""};

		path_text(text, sizeof(text), i, "**");
		must(mon_builder_add(builder, &rule, &why));
		rule.ops = CD_OPBIT(CD_OP_NET_CONNECT);
		address_text(text, sizeof(text), i, 443);
		must(mon_builder_add(builder, &rule, &why));
	}
	must(mon_builder_compile(builder, &table));
	mon_builder_free(builder);
	return table;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(const struct mon_table *table, enum cd_op op,
		      const struct questions *questions, enum mon_verdict expect)
{
	double runs[RUNS];

	for (int run = 0; run < RUNS; run++) {
		double start = now();
		unsigned right = 0;

		for (unsigned i = 0; i < DECISIONS; i++) {
			struct mon_decision decision;

			mon_decide(table, CD_OPBIT(op), &questions->objects[i % ASKED], &decision);
			right += decision.verdict == expect;
		}
		runs[run] = (now() - start) / DECISIONS;
		if (right != DECISIONS) {
			fprintf(stderr, "decide: wrong verdicts\n");
			exit(1);
		}
	}
	qsort(runs, RUNS, sizeof(runs[0]), compare);
	return runs[RUNS / 2];
}

/* Rules are asked about in an order that has nothing to do with the order in which they were added.
 */
static void ask_paths(struct questions *questions, unsigned count, unsigned past)
{
	for (unsigned i = 0; i < ASKED; i++) {
		path_text(questions->text[i], sizeof(questions->text[i]), i * 7919u % count + past,
			  "src/main.c");
		must(mon_object_parse(CD_OP_FS_READ, questions->text[i], &questions->objects[i]));
	}
}

static void ask_addresses(struct questions *questions, unsigned count, unsigned port)
{
	for (unsigned i = 0; i < ASKED; i++) {
		address_text(questions->text[i], sizeof(questions->text[i]), i * 7919u % count,
			     port);
		must(mon_object_parse(CD_OP_NET_CONNECT, questions->text[i],
				      &questions->objects[i]));
	}
}

int main(void)
{
	static const unsigned counts[] = {10, 1000, 100000};
	static struct questions questions;

	printf("%10s %12s %12s %12s %12s %12s\n", "rules", "path hit", "path miss", "address hit",
	       "address miss", "table bytes");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct mon_table *table = make_table(counts[i]);
		double cost[4];

		ask_paths(&questions, counts[i], 0);
		cost[0] = measure(table, CD_OP_FS_READ, &questions, MON_ALLOW);
		/* Missed at the last of the rule's components: a walk as long as that of a hit. */
		ask_paths(&questions, counts[i], counts[i] * 251u);
		cost[1] = measure(table, CD_OP_FS_READ, &questions, MON_DENY);
		ask_addresses(&questions, counts[i], 443);
		cost[2] = measure(table, CD_OP_NET_CONNECT, &questions, MON_ALLOW);
		ask_addresses(&questions, counts[i], 80);
		cost[3] = measure(table, CD_OP_NET_CONNECT, &questions, MON_DENY);
		printf("%10u %9.0f ns %9.0f ns %9.0f ns %9.0f ns %12zu\n", counts[i], cost[0],
		       cost[1], cost[2], cost[3], mon_table_size(table));
		mon_table_free(table);
	}
	return 0;
}
