/*
 * Any bytes as a query, and as what an upstream server answers to it.
 *
 *   two bytes: the query's length, high byte first; the query; the rest is the answer
 *
 * Nothing may crash; no reply is longer than there is room; a reply of ours reads as what was put
 * into it; and what is believed of an answer is of the question's type.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "fuzz_dns: %s\n", what);
	abort();
}

static const size_t rooms[] = {512, 1232, HOST_DNS_REPLY_MAX};
#define ROOMS (sizeof(rooms) / sizeof(rooms[0]))

/* A copy of exactly the size, so that a byte too many is noticed. */
static unsigned char *room_of(size_t size)
{
	unsigned char *room = malloc(size ? size : 1);

	check(room != NULL, "no memory");
	return room;
}

static void check_name(const struct host_dns_query *query)
{
	char folded[MON_HOST_MAX + 1];
	size_t len;

	check(query->name_len <= MON_HOST_MAX && strlen(query->name) == query->name_len,
	      "a name of another length");
	check(!query->is_host || (mon_host_fold(query->name, query->name_len, folded, &len) &&
				  strcmp(folded, query->name) == 0),
	      "a host name that is none");
	for (size_t i = 0; i < query->name_len; i++)
		check(query->name[i] > ' ' && query->name[i] < 127, "a name that cannot be shown");
}

static void check_reply(const struct host_dns_query *query, const unsigned char *out, size_t len,
			size_t room)
{
	check(len >= 12 + query->question_len && len <= room, "a reply of a wrong length");
	check(out[0] == query->id >> 8 && out[1] == (query->id & 255), "another id");
	check(out[2] & 0x80, "no reply");
	check(memcmp(out + 12, query->question, query->question_len) == 0, "another question");
}

/* What we answer is read as it was written, by the reader of upstream answers. */
static void check_addresses(const struct host_dns_query *query, size_t room)
{
	struct host_dns_address put[HOST_DNS_ADDRESS_MAX], got[HOST_DNS_ADDRESS_MAX];
	unsigned char *out = room_of(room);
	size_t count, len;

	for (size_t i = 0; i < HOST_DNS_ADDRESS_MAX; i++)
		put[i] = (struct host_dns_address){
		    query->type == HOST_DNS_A ? 4 : 6, {(unsigned char)i, 2, 3, 4}, (uint32_t)i};
	len = host_dns_reply_addresses(query, put, HOST_DNS_ADDRESS_MAX, out, room);
	check_reply(query, out, len, room);
	if (query->is_host && (query->type == HOST_DNS_A || query->type == HOST_DNS_AAAA)) {
		check(host_dns_addresses(query, out, len, got, &count), "our own answer is none");
		check(count > 0, "our own answer is empty");
		for (size_t i = 0; i < count; i++)
			check(put[i].family == got[i].family && put[i].ttl == got[i].ttl &&
				  memcmp(put[i].bytes, got[i].bytes, 16) == 0,
			      "our own answer is another");
	}
	free(out);
}

static void try_replies(const struct host_dns_query *query, size_t room)
{
	unsigned char *out = room_of(room);

	check_reply(query, out, host_dns_reply(query, HOST_DNS_REFUSED, out, room), room);
	check_reply(query, out, host_dns_reply_blocked(query, out, room), room);
	check_reply(query, out,
		    host_dns_reply_name(query, query->is_host ? query->name : "x", out, room),
		    room);
	free(out);
	check_addresses(query, room);
}

static void try_answer(const struct host_dns_query *query, const uint8_t *answer, size_t size)
{
	struct host_dns_address found[HOST_DNS_ADDRESS_MAX];
	unsigned char *copy = room_of(size);
	size_t count;

	memcpy(copy, answer, size);
	for (size_t i = 0; i < ROOMS; i++) {
		unsigned char *out = room_of(rooms[i]);

		check_reply(query, out, host_dns_reply_raw(query, copy, size, out, rooms[i]),
			    rooms[i]);
		free(out);
	}
	if (host_dns_addresses(query, copy, size, found, &count)) {
		check(count <= HOST_DNS_ADDRESS_MAX, "too many addresses");
		for (size_t i = 0; i < count; i++) {
			check(found[i].family == (query->type == HOST_DNS_A ? 4 : 6),
			      "of another type");
			check(found[i].ttl <= INT32_MAX, "for longer than ever");
			host_dns_is_public(found[i].family, found[i].bytes);
		}
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_dns_address reverse;
	struct host_dns_query query;
	enum host_dns_rcode rcode;
	unsigned char *packet;
	size_t len;

	if (size < 2)
		return 0;
	len = (size_t)data[0] << 8 | data[1];
	data += 2;
	size -= 2;
	if (len > size)
		len = size;
	packet = room_of(len);
	memcpy(packet, data, len);
	rcode = host_dns_read(packet, len, &query);
	free(packet);
	if (rcode == HOST_DNS_IGNORE)
		return 0;
	check_name(&query);
	check(query.room >= 512 && query.room <= 1232, "room that nobody has");
	for (size_t i = 0; i < ROOMS; i++)
		try_replies(&query, rooms[i]);
	host_dns_reverse(query.name, query.name_len, &reverse);
	if (rcode == HOST_DNS_OK)
		try_answer(&query, data + len, size - len);
	return 0;
}
