/* What has been revoked. */
#include "cli/revoked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/shared.h"

struct line {
	char space[CD_SPACE_ID_MAX];
	char rule[REVOKED_TEXT];
};

struct revoked_page {
	uint32_t count; /* of lines that are complete */
	struct line lines[REVOKED_MAX];
};

struct revoked_page *revoked_new(int *fd)
{
	struct revoked_page *page = cd_shared_new("cordon-revoked", sizeof(*page), fd);

	/* The keeper's alone: what it forks decides on, or parses, what others send. */
	if (page && madvise(page, sizeof(*page), MADV_DONTFORK)) {
		cd_shared_free(page, sizeof(*page));
		close(*fd);
		return NULL;
	}
	return page;
}

const struct revoked_page *revoked_map(int fd)
{
	return cd_shared_map(fd, sizeof(struct revoked_page));
}

/* ---- rules ---- */

static bool add_rule(struct mon_builder *builder, const char *text, const char **why)
{
	const char *colon = strchr(text, ':');
	struct mon_rule rule = {.verdict = MON_DENY, .source = "cordon revoke", .pointer = text};

	*why = "write OP:PATTERN, as in fs.read:/srv/data/** or net.connect:192.0.2.1:443";
	if (!colon)
		return false;
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

uint64_t revoked_ops(const struct mon_table *table, uint64_t ops, const struct cd_object *object)
{
	uint64_t found = 0;

	for (uint64_t rest = ops; rest; rest &= rest - 1) {
		struct cd_decision decision;

		/* What no rule names is denied, too; but by none. */
		mon_decide(table, rest & -rest, object, &decision);
		if (decision.rule != MON_NO_RULE)
			found |= rest & -rest;
	}
	return found;
}

bool revoked_add(struct revoked_page *page, const char *space, const char *rule, const char **why)
{
	struct mon_table *table = revoked_compile(rule, why);
	uint32_t count = page->count;

	if (!table)
		return false;
	mon_table_free(table);
	*why = "it is too long, or too much has been revoked already";
	if (count == REVOKED_MAX || strlen(rule) >= REVOKED_TEXT ||
	    strlen(space) >= CD_SPACE_ID_MAX)
		return false;
	snprintf(page->lines[count].space, sizeof(page->lines[count].space), "%s", space);
	snprintf(page->lines[count].rule, sizeof(page->lines[count].rule), "%s", rule);
	__atomic_store_n(&page->count, count + 1, __ATOMIC_RELEASE);
	return true;
}

/* ---- in monitors ---- */

struct revoked {
	const struct revoked_page *page;
	const char *space;
	uint32_t seen;
	bool broken; /* something was revoked that cannot be told: everything is */
	struct mon_table *table;
};

/* What is new. The old rules come first again: the page has all of them. */
static void renew(struct revoked *r, uint32_t count)
{
	struct mon_builder *builder = mon_builder_new();
	struct mon_table *table = NULL;
	const char *why;
	bool any = false;

	r->seen = count;
	r->broken = !builder || count > REVOKED_MAX;
	for (uint32_t i = 0; !r->broken && i < count; i++) {
		if (strcmp(r->page->lines[i].space, r->space) != 0)
			continue;
		any = true;
		r->broken = !add_rule(builder, r->page->lines[i].rule, &why);
	}
	if (!r->broken && any)
		r->broken = mon_builder_compile(builder, &table) != CD_OK;
	mon_builder_free(builder);
	mon_table_free(r->table);
	r->table = r->broken ? NULL : table;
}

static void decide(void *context, uint64_t ops, const struct cd_object *object,
		   struct cd_decision *decision)
{
	struct revoked *r = context;
	uint32_t count = __atomic_load_n(&r->page->count, __ATOMIC_ACQUIRE);
	uint64_t gone;

	if (count != r->seen)
		renew(r, count);
	decision->verdict = CD_ALLOW;
	if (!r->table && !r->broken)
		return;
	gone = r->broken ? ops : revoked_ops(r->table, ops, object);
	for (unsigned op = 0; gone && op < CD_OP_COUNT; op++)
		if (gone & CD_OPBIT(op)) {
			*decision = (struct cd_decision){CD_DENY, (enum cd_op)op, CD_NO_RULE};
			return;
		}
}

static bool movable(void *context, const char *path, size_t len)
{
	const struct revoked *r = context;

	return !r->broken && (!r->table || !mon_rules_below(r->table, path, len));
}

struct kern_layer *revoked_layer(const struct revoked_page *page, const char *space)
{
	struct kern_layer *layer = calloc(1, sizeof(*layer));
	struct revoked *r = calloc(1, sizeof(*r));

	if (!layer || !r) {
		free(layer);
		free(r);
		return NULL;
	}
	*r = (struct revoked){.page = page, .space = space};
	*layer = (struct kern_layer){
	    .name = "revoked", .silent = true, .context = r, .decide = decide, .movable = movable};
	return layer;
}

bool revoked_is_layer(const struct kern_layer *layer)
{
	return layer->decide == decide;
}
