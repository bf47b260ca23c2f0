/* The control socket's two ends: requests that a keeper takes, answers that a client reads. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control_answer.h"
#include "cli/held.h"
#include "cli/spaces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void end(void *context)
{
	++*(int *)context;
}

static bool send_signal(void *context, int number)
{
	++*(int *)context;
	return number == 15;
}

static pid_t init(void *context)
{
	(void)context;
	return 0;
}

static size_t denied(void *context)
{
	(void)context;
	return 0;
}

static void request(const uint8_t *data, size_t size)
{
	static struct pol_policy policy = {.name = "p"};
	static struct cd_plan plan;
	static struct host_fds fds;
	static struct cli_limits limits;
	static char *const argv[] = {NULL};
	struct mon_builder *builder;
	struct control_facts facts = {.argv = argv,
				      .policy = &policy,
				      .plan = &plan,
				      .fds = &fds,
				      .limits = &limits,
				      .end = end,
				      .signal = send_signal,
				      .init = init,
				      .denied = denied};
	int done = 0;
	char line[CONTROL_REQUEST_MAX], *text = NULL;
	size_t len = size < sizeof(line) ? size : sizeof(line) - 1, made;
	FILE *out = open_memstream(&text, &made);
	struct answer answer;
	const char *why;

	if (!policy.table && (builder = mon_builder_new())) {
		if (mon_builder_compile(builder, &policy.table) != CD_OK)
			abort();
		mon_builder_free(builder);
	}
	facts.context = &done;
	memcpy(line, data, len);
	line[len] = '\0';
	control_answer(&facts, "1", line, out);
	fclose(out);
	if (done > 1)
		abort();
	/* Whatever was asked, what comes is an answer; nothing was done without one. */
	if (!answer_parse(text, made, &answer, &why) && strncmp(text, "cordon 1 error", 14) != 0)
		abort();
	answer_free(&answer);
}

static void answer(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 32);
	struct answer parsed;
	const char *why;
	int len = sprintf(text, "cordon 1 ");

	memcpy(text + len, data, size);
	text[(size_t)len + size] = '\0';
	if (answer_parse(text, (size_t)len + size, &parsed, &why)) {
		const struct answer_record *record = NULL;

		while ((record = answer_next(&parsed, "space", NULL, record)))
			for (unsigned i = 0; i < 12; i++)
				answer_number(record, i);
		mon_table_free(held_rules(&parsed, "1"));
	}
	answer_free(&parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] & 1)
		request(data + 1, size - 1);
	else if (size)
		answer(data + 1, size - 1);
	return 0;
}
