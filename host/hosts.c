/* The hosts file (hosts(5)). */
#include "host/hosts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"

struct entry {
	struct host_dns_address address;
	size_t len;
	char *name;
};

struct host_hosts {
	struct entry *entries;
	size_t count, capacity;
};

static void add(struct host_hosts *hosts, const struct host_dns_address *address, const char *name,
		size_t len)
{
	struct entry *grown;

	if (hosts->count >= HOST_HOSTS_MAX)
		return;
	grown = cd_vec_grow(hosts->entries, &hosts->capacity, hosts->count + 1, sizeof(*grown));
	if (!grown)
		return;
	hosts->entries = grown;
	grown += hosts->count;
	*grown = (struct entry){*address, len, strndup(name, len)};
	hosts->count += grown->name != NULL;
}

/* "ADDRESS NAME...", of which the line is cut up. */
static void read_line(struct host_hosts *hosts, char *line,
		      bool (*wanted)(void *context, const char *name, size_t len), void *context)
{
	static const char blank[] = " \t\r\n\f\v";
	struct host_dns_address address = {0};
	char folded[MON_HOST_MAX + 1], *word, *rest;
	size_t len;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, blank, &rest);
	if (!word)
		return;
	if (inet_pton(AF_INET, word, address.bytes) == 1)
		address.family = 4;
	else if (inet_pton(AF_INET6, word, address.bytes) == 1)
		address.family = 6;
	else
		return;
	while ((word = strtok_r(NULL, blank, &rest)))
		if (mon_host_fold(word, strlen(word), folded, &len) && wanted(context, folded, len))
			add(hosts, &address, folded, len);
}

struct host_hosts *host_hosts_read(const char *path,
				   bool (*wanted)(void *context, const char *name, size_t len),
				   void *context)
{
	FILE *file = fopen(path, "re");
	struct host_hosts *hosts;
	size_t size = 0;
	char *line = NULL;

	if (!file)
		return NULL;
	hosts = calloc(1, sizeof(*hosts));
	while (hosts && getline(&line, &size, file) >= 0)
		read_line(hosts, line, wanted, context);
	free(line);
	fclose(file);
	if (hosts && hosts->count == 0) {
		host_hosts_free(hosts);
		return NULL;
	}
	return hosts;
}

void host_hosts_free(struct host_hosts *hosts)
{
	if (!hosts)
		return;
	for (size_t i = 0; i < hosts->count; i++)
		free(hosts->entries[i].name);
	free(hosts->entries);
	free(hosts);
}

bool host_hosts_find(const struct host_hosts *hosts, const char *name, size_t len,
		     unsigned char family, struct host_dns_address out[HOST_DNS_ADDRESS_MAX],
		     size_t *count)
{
	bool found = false;

	*count = 0;
	for (size_t i = 0; hosts && i < hosts->count; i++) {
		const struct entry *entry = &hosts->entries[i];

		if (entry->len != len || memcmp(entry->name, name, len) != 0)
			continue;
		found = true;
		if (entry->address.family == family && *count < HOST_DNS_ADDRESS_MAX)
			out[(*count)++] = entry->address;
	}
	return found;
}
