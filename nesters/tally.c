/*
 * tally: counts operations, and rations them: at most so many in so many seconds.
 */
#include <cordon/nester.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"

static const char usage[] =
    "usage: cordon tally --ration OPS=N/SECONDS... [OPTION OF CORDON RUN...] -- PROGRAM "
    "[ARGUMENT...]\n"
    "\n"
    "Lets operations through at most N times in SECONDS; more are refused with EAGAIN. What was "
    "let through, and\n"
    "what was not, is said at the end.\n"
    "\n"
    "example:\n"
    "  cordon tally --ration net.connect=10/60 --allow-net=example.org -- ./crawler\n";

#define RATIONS_MAX 16
#define MOST	    65536

struct ration {
	const char *text;
	uint64_t ops;
	size_t most, first, count; /* times is a ring: of count, from first on */
	double seconds, *times;
	uint64_t passed, refused;
};

struct tally {
	struct ration rations[RATIONS_MAX];
	size_t count;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* OPS=N/SECONDS */
static bool read_ration(struct ration *ration, const char *text)
{
	const char *equals = strchr(text, '=');
	char *slash, *end;

	*ration = (struct ration){.text = text};
	if (!equals)
		return false;
	for (const char *at = text; at < equals;) {
		size_t n = strcspn(at, ",=");
		uint64_t ops = cd_ops_named(at, n);

		if (!ops)
			return false;
		ration->ops |= ops;
		at += n + 1;
	}
	ration->most = strtoul(equals + 1, &slash, 10);
	ration->seconds = *slash == '/' ? strtod(slash + 1, &end) : 0;
	if (*slash != '/' || *end || ration->most == 0 || ration->most > MOST ||
	    ration->seconds <= 0)
		return false;
	ration->times = calloc(ration->most, sizeof(double));
	return ration->times != NULL;
}

static bool own_option(void *context, const char *name, const char *value, bool *took_value)
{
	struct tally *tally = context;

	if (strncmp(name, "--ration", 8) != 0 || (name[8] && name[8] != '='))
		return false;
	*took_value = !name[8];
	if (name[8])
		value = name + 9;
	if (value && tally->count < RATIONS_MAX &&
	    read_ration(&tally->rations[tally->count], value)) {
		tally->count++;
		return true;
	}
	fprintf(stderr, "tally: --ration %s: write OPS=N/SECONDS, as in net.connect=10/60\n",
		value ? value : "");
	exit(125);
}

/* Is there room for one more? Then it is taken. */
static bool spend(struct ration *ration, double time)
{
	while (ration->count && time - ration->times[ration->first] >= ration->seconds) {
		ration->first = (ration->first + 1) % ration->most;
		ration->count--;
	}
	if (ration->count == ration->most)
		return false;
	ration->times[(ration->first + ration->count++) % ration->most] = time;
	return true;
}

static void decide(struct tally *tally, struct cd_nester *nester, const struct cd_event *event)
{
	bool room = true;

	for (size_t i = 0; i < tally->count; i++) {
		struct ration *ration = &tally->rations[i];

		if (!(ration->ops & event->ops) || event->absent)
			continue;
		room = room && spend(ration, now());
		*(room ? &ration->passed : &ration->refused) += 1;
	}
	if (room)
		cd_nester_pass(nester, event);
	else
		cd_nester_deny(nester, event, EAGAIN);
}

int main(int argc, char **argv)
{
	static struct tally tally;
	struct nester_options options;
	struct cd_nester *nester;
	struct cd_event event;
	uint64_t ops = 0;
	int kind;

	if (!nester_options_read(&options, argc, argv, usage, own_option, &tally))
		return 125;
	for (size_t i = 0; i < tally.count; i++)
		ops |= tally.rations[i].ops;
	if (!ops) {
		fputs(usage, stderr);
		return 125;
	}
	if (cd_nester_start(&nester, ops, options.cordon, options.program))
		return 125;
	while ((kind = cd_nester_next(nester, &event, -1)) != CD_EVENT_ENDED && kind >= 0)
		if (kind == CD_EVENT_OPERATION)
			decide(&tally, nester, &event);
	for (size_t i = 0; i < tally.count; i++)
		fprintf(stderr, "tally: %s: %llu passed, %llu refused\n", tally.rations[i].text,
			(unsigned long long)tally.rations[i].passed,
			(unsigned long long)tally.rations[i].refused);
	return cd_nester_end(nester);
}
