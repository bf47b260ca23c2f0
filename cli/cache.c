/* cordon cache: what is kept of the machine's libraries. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/buf.h"
#include "loader/cache.h"

static const char usage[] =
    "usage: cordon cache list [--json]\n"
    "       cordon cache clear\n"
    "\n"
    "Spaces see copies of the machine's ld.so and libc that make settled calls without asking the\n"
    "monitor. The copies are made when they are first needed, and kept under XDG_CACHE_HOME.\n";

static const struct cli_verb verbs[] = {
    {"list", "", "which files were copied, and whether the copies are as they were made"},
    {"clear", "", "remove them all; they are made again at need"},
    {.name = NULL},
};

static const struct cli_option options[] = {
    {0, "json", NULL, "with list: print it as one JSON object", NULL, CLI_OPTIONS, 0},
    {.name = NULL},
};

static const char notes[] = "examples:\n"
			    "  cordon cache list\n"
			    "  cordon cache clear\n"
			    "  cordon cache list --json | jq .\n";

struct listing {
	bool json;
	unsigned count;
	uint64_t size;
};

static void print_json(const struct loader_entry *entry, const char *comma)
{
	char name[CD_PATH_MAX * 6], why[LOADER_WHY_MAX * 6];
	struct cd_buf buf;

	cd_buf_init(&buf, why, sizeof(why));
	cd_buf_json(&buf, entry->why, strlen(entry->why));
	cd_buf_init(&buf, name, sizeof(name));
	cd_buf_json(&buf, entry->original, strlen(entry->original));
	printf("%s{\"original\":\"%s\",\"build_id\":\"%s\",\"size\":%llu,\"call_sites\":%u,"
	       "\"made\":%lld,\"sound\":%s,\"current\":%s,\"why_not\":\"%s\"}",
	       comma, name, entry->build_id, (unsigned long long)entry->size, entry->patched,
	       (long long)entry->made, entry->sound ? "true" : "false",
	       entry->current ? "true" : "false", why);
}

static void print_text(const struct loader_entry *entry)
{
	char name[CD_PATH_MAX * 4];
	struct cd_buf buf;

	if (!entry->sound) {
		printf("(damaged)\n    %llu KiB; will be made again at need\n",
		       (unsigned long long)entry->size / 1024);
		return;
	}
	cd_buf_init(&buf, name, sizeof(name));
	cd_buf_visible(&buf, entry->original, strlen(entry->original));
	if (entry->why[0])
		printf("%s\n    no copy: %s%s\n", name, entry->why,
		       entry->current ? "" : "; the file has changed, or is gone");
	else
		printf("%s\n    build-id %s, %llu KiB, %u call sites%s\n", name,
		       entry->build_id[0] ? entry->build_id : "none",
		       (unsigned long long)entry->size / 1024, entry->patched,
		       entry->current ? "" : "; the file has changed, or is gone");
}

static void print_entry(void *context, const struct loader_entry *entry)
{
	struct listing *listing = context;

	if (listing->json)
		print_json(entry, listing->count ? "," : "");
	else
		print_text(entry);
	listing->count += entry->size > 0 || listing->json;
	listing->size += entry->size;
}

static int list(struct loader_cache *cache, bool json)
{
	struct listing listing = {.json = json};

	if (json)
		printf("{\"entries\":[");
	if (loader_cache_list(cache, print_entry, &listing) != CD_OK) {
		cli_say("cannot read %s: %s", cache->path, strerror(errno));
		return CLI_FAILED;
	}
	if (json)
		puts("]}");
	else
		printf("%u copies, %llu KiB of at most %llu, in %s\n", listing.count,
		       (unsigned long long)listing.size / 1024,
		       (unsigned long long)LOADER_CACHE_MAX / 1024, cache->path);
	return 0;
}

static int clear(struct loader_cache *cache)
{
	int count = loader_cache_clear(cache);

	if (count < 0) {
		cli_say("cannot clear %s: %s", cache->path, strerror(errno));
		return CLI_FAILED;
	}
	printf("%d copies removed\n", count);
	return 0;
}

static int cache_command(int argc, char **argv)
{
	bool json = argc == 3 && strcmp(argv[2], "--json") == 0;
	struct loader_cache cache;
	enum cd_status status;
	int result;

	if (argc < 2 || (argc > 2 && !json) ||
	    (strcmp(argv[1], "list") != 0 && (strcmp(argv[1], "clear") != 0 || json))) {
		cli_say("`cordon cache --help` shows how");
		return CLI_FAILED;
	}
	status = loader_cache_open(&cache);
	if (status != CD_OK) {
		cli_say("cannot open the cache: %s",
			status == CD_ESYS ? strerror(errno)
					  : "it, or what it is in, is not yours alone");
		return CLI_FAILED;
	}
	result = argv[1][0] == 'l' ? list(&cache, json) : clear(&cache);
	loader_cache_close(&cache);
	return result;
}

const struct cli_command cli_cache = {.name = "cache",
				      .summary = "the prepared copies of ld.so and libc",
				      .usage = usage,
				      .run = cache_command,
				      .options = options,
				      .verbs = verbs,
				      .notes = notes};
