/* The hosts file: names that the user, or his administrator, has given addresses to. */
#ifndef CORDON_HOST_HOSTS_H
#define CORDON_HOST_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "host/dns.h"

#define HOST_HOSTS_MAX 65536 /* entries that are kept */

struct host_hosts;

/*
 * Reads the file once; only names that `wanted` says yes to are kept. NULL when there is no file,
 * no memory, or nothing that is wanted in it.
 */
struct host_hosts *host_hosts_read(const char *path,
				   bool (*wanted)(void *context, const char *name, size_t len),
				   void *context);
/* NULL is fine. */
void host_hosts_free(struct host_hosts *hosts);

/*
 * The name's addresses of a family. True when the file has the name at all: then nobody else is
 * to be asked. name: folded. hosts may be NULL.
 */
bool host_hosts_find(const struct host_hosts *hosts, const char *name, size_t len,
		     unsigned char family, struct host_dns_address out[HOST_DNS_ADDRESS_MAX],
		     size_t *count);

#endif
