/* What has been revoked. */
#include "cli/revoked.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/shared.h"

struct line {
	char space[CD_SPACE_ID_MAX];
	_Alignas(max_align_t) unsigned char table[REVOKED_TABLE];
};

/* What no line needs yet takes no memory. */
struct revoked_page {
	uint32_t count; /* of lines that are complete */
	struct line lines[REVOKED_MAX];
};

struct revoked_page *revoked_new(const struct revoked_page **read)
{
	const size_t size = sizeof(struct revoked_page);
	const struct revoked_page *other;
	int fd;
	struct revoked_page *page = cd_shared_new("cordon-revoked", size, &fd);

	if (!page)
		return NULL;
	other = cd_shared_map(fd, size);
	close(fd);
	/* The keeper's alone: what it forks decides on, or parses, what others send. */
	if (!other || madvise(page, size, MADV_DONTFORK)) {
		cd_shared_free(other, size);
		cd_shared_free(page, size);
		return NULL;
	}
	*read = other;
	return page;
}

/* ---- rules ---- */

static bool add_rule(struct mon_builder *builder, const char *text, const char **why)
{
	const char *colon = strchr(text, ':');
	struct mon_rule rule = {.verdict = MON_DENY, .source = "cordon revoke", .pointer = text};

	*why = "write OP:PATTERN, as in fs.read:/srv/data/** or net.connect:192.0.2.1:443";
	if (!colon)
		return false;
	if (strlen(text) >= REVOKED_TEXT) {
		*why = "it is too long";
		return false;
	}
	rule.ops = cd_ops_named(text, (unsigned long)(colon - text));
	rule.pattern = colon + 1;
	return rule.ops && mon_builder_add(builder, &rule, why) == CD_OK;
}

struct mon_table *revoked_compile(const char *rule, const char **why)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table = NULL;

	*why = "out of memory";
	if (builder && add_rule(builder, rule, why) &&
	    mon_builder_compile(builder, &table) != CD_OK) {
		*why = "it is too wide";
		table = NULL;
	}
	mon_builder_free(builder);
	return table;
}

bool revoked_add(struct revoked_page *page, const char *space, const char *rule, const char **why)
{
	struct mon_table *table = revoked_compile(rule, why);
	struct line *line = &page->lines[page->count];
	bool fits;

	if (!table)
		return false;
	*why = "it is too wide, or too much has been revoked already";
	fits = page->count < REVOKED_MAX && mon_table_size(table) <= sizeof(line->table) &&
	       strlen(space) < sizeof(line->space);
	if (fits) {
		snprintf(line->space, sizeof(line->space), "%s", space);
		memcpy(line->table, table, mon_table_size(table));
		__atomic_store_n(&page->count, page->count + 1, __ATOMIC_RELEASE);
	}
	mon_table_free(table);
	return fits;
}

uint64_t revoked_by(const struct mon_table *table, const struct mon_names *names, uint64_t ops,
		    const struct cd_object *object)
{
	char name[MON_HOST_MAX + 1];
	uint64_t found = 0;

	for (uint64_t rest = ops; rest; rest &= rest - 1) {
		struct cd_decision decision;

		/* What no rule names is denied, too; but by none. */
		mon_decide_named(table, names, rest & -rest, object, name, &decision);
		if (decision.rule != MON_NO_RULE)
			found |= rest & -rest;
	}
	return found;
}

/* ---- in those who decide ---- */

/* The space's next table after *at, which begins at 0; NULL: that was all. */
static const struct mon_table *next_table(const struct network *network, uint32_t *at)
{
	const struct revoked_page *page = network->revoked;
	uint32_t count = page ? __atomic_load_n(&page->count, __ATOMIC_ACQUIRE) : 0;

	while (*at < count) {
		const struct line *line = &page->lines[(*at)++];

		if (strcmp(line->space, network->space) == 0)
			return (const void *)line->table;
	}
	return NULL;
}

uint64_t revoked_ops(const struct network *network, uint64_t ops, const struct cd_object *object)
{
	const struct mon_table *table;
	uint64_t found = 0;

	for (uint32_t at = 0; (table = next_table(network, &at));)
		found |= revoked_by(table, network->names, ops, object);
	return found;
}

uint64_t revoked_host(const struct network *network, uint64_t ops, const struct cd_object *object)
{
	const struct mon_table *table;
	uint64_t found = 0;

	for (uint32_t at = 0; (table = next_table(network, &at));)
		found |= mon_denied_host(table, ops, object);
	return found;
}

static void decide(void *context, uint64_t ops, const struct cd_object *object,
		   struct cd_decision *decision)
{
	uint64_t gone = revoked_ops(context, ops, object);

	decision->verdict = CD_ALLOW;
	if (gone)
		*decision =
		    (struct cd_decision){CD_DENY, (enum cd_op)__builtin_ctzll(gone), CD_NO_RULE};
}

static bool movable(void *context, const char *path, size_t len)
{
	const struct mon_table *table;

	for (uint32_t at = 0; (table = next_table(context, &at));)
		if (mon_rules_below(table, path, len) || mon_socket_rules_below(table, path, len))
			return false;
	return true;
}

struct kern_layer *revoked_layer(const struct network *network)
{
	struct kern_layer *layer = calloc(1, sizeof(*layer));

	if (layer)
		*layer = (struct kern_layer){.name = "revoked",
					     .silent = true,
					     .context = (void *)(uintptr_t)network,
					     .decide = decide,
					     .movable = movable};
	return layer;
}

bool revoked_is_layer(const struct kern_layer *layer)
{
	return layer->decide == decide;
}
