/* Classes of internet addresses: of hosts and of ports, each by themselves. */
#include "refmon/classes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "refmon/address.h"

/* Addresses from first to last. A hole is in no class: its addresses are decided on as others. */
struct range {
	unsigned __int128 first, last;
	bool hole;
};

struct gathering {
	struct mon_address *rules;
	size_t rule_count, rule_capacity;
	struct range *ranges; /* of one family */
	size_t range_count, range_capacity;
	struct mon_inet_classes *out;
};

/* --- what is found --- */

static enum cd_status add_host(struct mon_inet_classes *out, const struct cd_object *host)
{
	struct cd_object *grown =
	    cd_vec_grow(out->hosts, &out->host_capacity, out->host_count + 1, sizeof(*grown));

	if (!grown)
		return CD_ENOMEM;
	out->hosts = grown;
	grown[out->host_count++] = *host;
	return CD_OK;
}

static bool has_name(const struct mon_inet_classes *out, const char *name)
{
	for (size_t i = 0; i < out->named; i++)
		if (strcmp(out->hosts[i].text, name) == 0)
			return true;
	return false;
}

static enum cd_status add_name(struct mon_inet_classes *out, const char *name)
{
	char **grown, *kept;
	struct cd_object host = {.kind = CD_OBJECT_ADDRESS, .len = strlen(name)};

	if (has_name(out, name))
		return CD_OK;
	grown = cd_vec_grow(out->texts, &out->text_capacity, out->text_count + 1, sizeof(*grown));
	if (!grown)
		return CD_ENOMEM;
	out->texts = grown;
	kept = strdup(name);
	if (!kept)
		return CD_ENOMEM;
	grown[out->text_count++] = kept;
	host.text = kept;
	out->named++;
	return add_host(out, &host);
}

void mon_inet_classes_release(struct mon_inet_classes *classes)
{
	for (size_t i = 0; i < classes->text_count; i++)
		free(classes->texts[i]);
	free(classes->texts);
	free(classes->hosts);
	free(classes->ports);
	*classes = (struct mon_inet_classes){0};
}

/* --- names --- */

static bool is_rule_of(const struct gathering *g, enum mon_host host, const char *name)
{
	for (size_t i = 0; i < g->rule_count; i++)
		if (g->rules[i].host == host && strcmp(g->rules[i].name, name) == 0)
			return true;
	return false;
}

/* A name right below the domain ("": with no domain) that no rule names. None, where names get too
 * long. */
static enum cd_status add_fresh_name(struct gathering *g, const char *domain)
{
	char name[MON_HOST_MAX + 32], folded[MON_HOST_MAX + 1];
	size_t len;

	for (size_t i = 0; i <= g->rule_count; i++) {
		char number[24] = "";

		if (i)
			snprintf(number, sizeof(number), "%zu", i);
		snprintf(name, sizeof(name), "x%s%s%s", number, *domain ? "." : "", domain);
		if (!mon_host_fold(name, strlen(name), folded, &len))
			return CD_OK;
		if (!is_rule_of(g, MON_HOST_NAME, folded))
			return add_name(g->out, folded);
	}
	return CD_OK;
}

static enum cd_status add_names(struct gathering *g)
{
	enum cd_status status = CD_OK;

	for (size_t i = 0; i < g->rule_count && !status; i++) {
		if (g->rules[i].host == MON_HOST_NAME)
			status = add_name(g->out, g->rules[i].name);
		else if (g->rules[i].host == MON_HOST_DOMAIN)
			status = add_fresh_name(g, g->rules[i].name);
	}
	return status ? status : add_fresh_name(g, "");
}

/* --- addresses --- */

static enum cd_status add_range(struct gathering *g, const unsigned char *bytes, unsigned prefix,
				unsigned bits, bool hole)
{
	struct range range = {.hole = hole}, *grown;
	unsigned __int128 rest;

	for (unsigned i = 0; i < bits / 8; i++)
		range.first = range.first << 8 | bytes[i];
	rest = prefix == 0 ? ~(unsigned __int128)0 >> (128 - bits)
			   : ((unsigned __int128)1 << (bits - prefix)) - 1;
	range.first &= ~rest;
	range.last = range.first | rest;
	grown = cd_vec_grow(g->ranges, &g->range_capacity, g->range_count + 1, sizeof(*g->ranges));
	if (!grown)
		return CD_ENOMEM;
	g->ranges = grown;
	grown[g->range_count++] = range;
	return CD_OK;
}

/* By where they begin; the widest of those that begin alike first. */
static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (b->last > a->last) - (b->last < a->last);
}

/* The first address of a range that lies in none of those within it, which follow it. */
static bool find_own(const struct gathering *g, size_t range, unsigned __int128 *out)
{
	const struct range *own = &g->ranges[range];
	unsigned __int128 at = own->first;

	for (size_t i = range + 1; i < g->range_count && g->ranges[i].first <= at; i++) {
		const struct range *inner = &g->ranges[i];

		/* The same range once more is no part of it; it finds the address itself. */
		if (inner->last < at || (inner->first == own->first && inner->last == own->last))
			continue;
		if (inner->last >= own->last)
			return false;
		at = inner->last + 1;
	}
	*out = at;
	return at <= own->last;
}

static enum cd_status add_addresses(struct gathering *g, unsigned family)
{
	const unsigned bits = family == 4 ? 32 : 128;
	enum cd_status status = CD_OK;

	qsort(g->ranges, g->range_count, sizeof(*g->ranges), compare_ranges);
	for (size_t i = 0; i < g->range_count && !status; i++) {
		struct cd_object host = {.kind = CD_OBJECT_ADDRESS, .family = family};
		unsigned __int128 at;

		if (g->ranges[i].hole || (i && !compare_ranges(&g->ranges[i - 1], &g->ranges[i])) ||
		    !find_own(g, i, &at))
			continue;
		for (unsigned byte = 0; byte < bits / 8; byte++)
			host.address[byte] = (unsigned char)(at >> (bits - 8 - 8 * byte));
		status = add_host(g->out, &host);
	}
	return status;
}

/* RFC 6761, 6.3: rules for the name "localhost" are for these, too. */
static enum cd_status add_loopback(struct gathering *g, unsigned family)
{
	static const unsigned char v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};

	return family == 4 ? add_range(g, v4, 32, 32, false) : add_range(g, v6, 128, 128, false);
}

static enum cd_status add_family(struct gathering *g, unsigned family)
{
	static const unsigned char any[16] = {0}, mapped[16] = {[10] = 0xff, [11] = 0xff};
	const enum mon_host host = family == 4 ? MON_HOST_V4 : MON_HOST_V6;
	const unsigned bits = family == 4 ? 32 : 128;
	enum cd_status status;

	g->range_count = 0;
	status = add_range(g, any, 0, bits, false);
	/* IPv4 in IPv6's form is decided on as IPv4. */
	if (!status && family == 6)
		status = add_range(g, mapped, 96, bits, true);
	for (size_t i = 0; i < g->rule_count && !status; i++) {
		if (g->rules[i].host == host)
			status = add_range(g, g->rules[i].bytes, g->rules[i].prefix, bits, false);
		else if (g->rules[i].host == MON_HOST_NAME &&
			 strcmp(g->rules[i].name, "localhost") == 0)
			status = add_loopback(g, family);
	}
	return status ? status : add_addresses(g, family);
}

/* --- ports --- */

static int compare_ports(const void *left, const void *right)
{
	return (int)*(const uint32_t *)left - (int)*(const uint32_t *)right;
}

/* Of the ports from low to high, one that people know, and 0 only where it stands alone. */
static uint16_t known_port(uint32_t low, uint32_t high)
{
	static const uint16_t known[] = {443, 80, 8080, 22};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (low <= known[i] && known[i] <= high)
			return known[i];
	return (uint16_t)(low ? low : high ? 1 : 0);
}

static enum cd_status add_ports(struct gathering *g)
{
	uint32_t *starts = calloc(2 * g->rule_count + 1, sizeof(*starts));
	struct mon_inet_classes *out = g->out;
	size_t count = 1;

	out->ports = calloc(2 * g->rule_count + 1, sizeof(*out->ports));
	if (!starts || !out->ports) {
		free(starts);
		return CD_ENOMEM;
	}
	for (size_t i = 0; i < g->rule_count; i++) {
		starts[count++] = g->rules[i].port_low;
		starts[count++] = g->rules[i].port_high + 1u;
	}
	qsort(starts, count, sizeof(*starts), compare_ports);
	for (size_t i = 0; i < count; i++) {
		uint32_t end = i + 1 < count ? starts[i + 1] : UINT16_MAX + 1u;

		if (starts[i] <= UINT16_MAX && starts[i] < end)
			out->ports[out->port_count++] = known_port(starts[i], end - 1);
	}
	free(starts);
	return CD_OK;
}

static enum cd_status gather(struct gathering *g, const struct mon_patterns *patterns)
{
	g->rules = calloc(patterns->count + 1, sizeof(*g->rules));
	if (!g->rules)
		return CD_ENOMEM;
	for (size_t i = 0; i < patterns->count; i++) {
		struct mon_address *rule = &g->rules[g->rule_count];

		if (!mon_address_parse(patterns->texts[i], strlen(patterns->texts[i]), rule) &&
		    rule->host != MON_HOST_UNIX && rule->host != MON_HOST_ABSTRACT)
			g->rule_count++;
	}
	return CD_OK;
}

enum cd_status mon_classes_inet(const struct mon_patterns *patterns, struct mon_inet_classes *out)
{
	struct gathering g = {.out = out};
	enum cd_status status;

	*out = (struct mon_inet_classes){0};
	status = gather(&g, patterns);
	/* Names come first. */
	if (!status)
		status = add_names(&g);
	if (!status)
		status = add_family(&g, 4);
	if (!status)
		status = add_family(&g, 6);
	if (!status)
		status = add_ports(&g);
	if (!status && out->host_count * out->port_count > MON_ADDRESSES_MAX)
		status = CD_ELIMIT;
	free(g.rules);
	free(g.ranges);
	if (status)
		mon_inet_classes_release(out);
	return status;
}
