/* DNS messages. Every length is checked where it is read; a name is never followed backwards but by
 * c-ares, and only in answers from upstream. */
#include "host/dns.h"

#include <ares.h>
#include <stdlib.h>
#include <string.h>

#define HEADER	  12
#define CLASS_IN  1
#define LABEL_MAX 63
#define UDP_MIN	  512  /* what every asker takes */
#define UDP_MAX	  1232 /* what passes everywhere in one piece; more goes over TCP */

/* The second half of the header, as one word. */
#define FLAG_REPLY     0x8000u
#define FLAG_OPCODE    0x7800u
#define FLAG_TRUNCATED 0x0200u
#define FLAG_RECURSION 0x0100u /* desired */
#define FLAG_AVAILABLE 0x0080u
#define FLAG_RCODE     0x000fu

#define EDE	    15 /* the option that says why */
#define EDE_BLOCKED 15

static uint16_t get16(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const unsigned char *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(unsigned char *at, unsigned value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

static void put32(unsigned char *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* --- reading a query --- */

static char shown(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? (char)c
											: '?';
}

/* The name at the start of the bytes, in text; how many bytes it takes, 0 when it is malformed. */
static size_t read_name(const unsigned char *at, size_t len, struct host_dns_query *out)
{
	size_t used = 0, text = 0;

	out->is_host = true;
	for (;;) {
		size_t label;

		if (used >= len || used > MON_HOST_MAX + 1 || at[used] > LABEL_MAX)
			return 0;
		label = at[used++];
		if (label == 0)
			break;
		if (label > len - used || used + label > MON_HOST_MAX + 1)
			return 0;
		if (text)
			out->name[text++] = '.';
		for (size_t i = 0; i < label; i++) {
			out->name[text++] = shown(at[used + i]);
			out->is_host &= out->name[text - 1] != '?';
		}
		used += label;
	}
	out->name[text] = '\0';
	out->name_len = text;
	out->is_host &= text > 0;
	return used;
}

/* The one record that may come with a question (RFC 6891, 6.1.2). */
static enum host_dns_rcode read_edns(const unsigned char *at, size_t len,
				     struct host_dns_query *out)
{
	size_t room;

	if (len < 11 || at[0] != 0 || get16(at + 1) != HOST_DNS_OPT || get16(at + 9) != len - 11)
		return HOST_DNS_FORMERR;
	out->edns = true;
	room = get16(at + 3);
	out->room = room < UDP_MIN ? UDP_MIN : room > UDP_MAX ? UDP_MAX : room;
	return at[6] ? HOST_DNS_BADVERS : HOST_DNS_OK;
}

enum host_dns_rcode host_dns_read(const unsigned char *packet, size_t len,
				  struct host_dns_query *out)
{
	unsigned flags, additional;
	size_t used;

	*out = (struct host_dns_query){.room = UDP_MIN};
	if (len < HEADER)
		return HOST_DNS_IGNORE;
	flags = get16(packet + 2);
	if (flags & FLAG_REPLY)
		return HOST_DNS_IGNORE;
	out->id = get16(packet);
	out->recursion = flags & FLAG_RECURSION;
	if (flags & FLAG_OPCODE)
		return HOST_DNS_NOTIMP;
	additional = get16(packet + 10);
	if (len > HOST_DNS_QUERY_MAX || flags & FLAG_TRUNCATED || get16(packet + 4) != 1 ||
	    get32(packet + 6) != 0 || additional > 1)
		return HOST_DNS_FORMERR;
	packet += HEADER;
	len -= HEADER;
	used = read_name(packet, len, out);
	if (used == 0 || len - used < 4) {
		out->name[out->name_len = 0] = '\0';
		out->is_host = false;
		return HOST_DNS_FORMERR;
	}
	memcpy(out->question, packet, used + 4);
	out->question_len = used + 4;
	out->type = get16(packet + used);
	if (get16(packet + used + 2) != CLASS_IN)
		return HOST_DNS_REFUSED;
	packet += used + 4;
	len -= used + 4;
	if (additional)
		return read_edns(packet, len, out);
	return len ? HOST_DNS_FORMERR : HOST_DNS_OK;
}

/* --- building a reply --- */

struct reply {
	unsigned char *bytes;
	size_t len, room, reserved; /* reserved: for the OPT record */
	unsigned answers;
	bool cut;
};

static const char blocked_text[] = "no rule of the space's policy grants this name";

#define OPT_SIZE 11

static void reply_begin(struct reply *reply, const struct host_dns_query *query, unsigned char *out,
			size_t room, size_t reserved)
{
	*reply = (struct reply){.bytes = out, .room = room, .reserved = query->edns ? reserved : 0};
	memset(out, 0, HEADER);
	memcpy(out + HEADER, query->question, query->question_len);
	reply->len = HEADER + query->question_len;
}

/* A record of the question's name, which a pointer stands for. */
static void reply_add(struct reply *reply, unsigned type, uint32_t ttl, const void *data,
		      size_t len)
{
	unsigned char *at = reply->bytes + reply->len;

	if (reply->cut || reply->room - reply->len < 12 + len + reply->reserved) {
		reply->cut = true;
		return;
	}
	put16(at, 0xc000 | HEADER);
	put16(at + 2, type);
	put16(at + 4, CLASS_IN);
	put32(at + 6, ttl);
	put16(at + 10, (unsigned)len);
	memcpy(at + 12, data, len);
	reply->len += 12 + len;
	reply->answers++;
}

static size_t reply_end(struct reply *reply, const struct host_dns_query *query, unsigned rcode)
{
	unsigned char *at = reply->bytes;

	put16(at, query->id);
	put16(at + 2, FLAG_REPLY | FLAG_AVAILABLE | (query->recursion ? FLAG_RECURSION : 0) |
			  (reply->cut ? FLAG_TRUNCATED : 0) | (rcode & FLAG_RCODE));
	put16(at + 4, query->question_len != 0);
	put16(at + 6, reply->answers);
	if (!query->edns)
		return reply->len;
	put16(at + 10, 1);
	at += reply->len;
	memset(at, 0, OPT_SIZE);
	put16(at + 1, HOST_DNS_OPT);
	put16(at + 3, UDP_MAX);
	at[5] = (unsigned char)(rcode >> 4);
	reply->len += OPT_SIZE;
	if (reply->reserved > OPT_SIZE) {
		put16(at + 9, (unsigned)(reply->reserved - OPT_SIZE));
		put16(at + 11, EDE);
		put16(at + 13, 2 + sizeof(blocked_text) - 1);
		put16(at + 15, EDE_BLOCKED);
		memcpy(at + 17, blocked_text, sizeof(blocked_text) - 1);
		reply->len = (size_t)(at - reply->bytes) + reply->reserved;
	}
	return reply->len;
}

size_t host_dns_reply(const struct host_dns_query *query, enum host_dns_rcode rcode,
		      unsigned char *out, size_t room)
{
	struct reply reply;

	reply_begin(&reply, query, out, room, OPT_SIZE);
	return reply_end(&reply, query, (unsigned)rcode);
}

size_t host_dns_reply_blocked(const struct host_dns_query *query, unsigned char *out, size_t room)
{
	struct reply reply;

	reply_begin(&reply, query, out, room, OPT_SIZE + 6 + sizeof(blocked_text) - 1);
	return reply_end(&reply, query, HOST_DNS_NXDOMAIN);
}

size_t host_dns_reply_addresses(const struct host_dns_query *query,
				const struct host_dns_address *addresses, size_t count,
				unsigned char *out, size_t room)
{
	struct reply reply;

	reply_begin(&reply, query, out, room, OPT_SIZE);
	for (size_t i = 0; i < count; i++)
		reply_add(&reply, query->type, addresses[i].ttl, addresses[i].bytes,
			  addresses[i].family == 4 ? 4 : 16);
	return reply_end(&reply, query, HOST_DNS_OK);
}

size_t host_dns_reply_name(const struct host_dns_query *query, const char *name, unsigned char *out,
			   size_t room)
{
	unsigned char wire[MON_HOST_MAX + 2];
	struct reply reply;
	size_t len = 0;

	for (size_t label; *name && len + (label = strcspn(name, ".")) + 2 <= sizeof(wire);
	     name += label + (name[label] == '.')) {
		wire[len++] = (unsigned char)label;
		memcpy(wire + len, name, label);
		len += label;
	}
	wire[len++] = 0;
	reply_begin(&reply, query, out, room, OPT_SIZE);
	reply_add(&reply, HOST_DNS_PTR, 0, wire, len);
	return reply_end(&reply, query, HOST_DNS_OK);
}

/* Does the answer begin with this question, whatever the case of its name? */
static bool same_question(const struct host_dns_query *query, const unsigned char *answer,
			  size_t len)
{
	const size_t name = query->question_len - 4;

	if (query->question_len < 5 || len < HEADER + query->question_len ||
	    get16(answer + 4) != 1 ||
	    memcmp(query->question + name, answer + HEADER + name, 4) != 0)
		return false;
	for (size_t i = 0; i < name; i++) {
		unsigned char a = query->question[i], b = answer[HEADER + i];

		if (a != b && (shown(a) == '?' || shown(a) != shown(b)))
			return false;
	}
	return true;
}

size_t host_dns_reply_raw(const struct host_dns_query *query, const unsigned char *answer,
			  size_t len, unsigned char *out, size_t room)
{
	struct reply reply;
	unsigned flags;

	if (!same_question(query, answer, len))
		return host_dns_reply(query, HOST_DNS_SERVFAIL, out, room);
	if (len > room) {
		reply_begin(&reply, query, out, room, OPT_SIZE);
		reply.cut = true;
		return reply_end(&reply, query, HOST_DNS_OK);
	}
	memcpy(out, answer, len);
	memcpy(out + HEADER, query->question, query->question_len);
	flags = get16(answer + 2) & FLAG_RCODE;
	put16(out, query->id);
	put16(out + 2,
	      FLAG_REPLY | FLAG_AVAILABLE | flags | (query->recursion ? FLAG_RECURSION : 0));
	return len;
}

/* --- reading an answer --- */

struct cursor {
	const unsigned char *packet, *at, *end;
};

/* A name, folded; "" where it is none of a host. False: malformed. */
static bool take_name(struct cursor *c, char out[MON_HOST_MAX + 1])
{
	size_t len = 0;
	long used;
	char *text;

	if (ares_expand_name(c->at, c->packet, (int)(c->end - c->packet), &text, &used))
		return false;
	if (!mon_host_fold(text, strlen(text), out, &len))
		out[0] = '\0';
	ares_free_string(text);
	if (used <= 0 || used > c->end - c->at)
		return false;
	c->at += used;
	return true;
}

struct record {
	char owner[MON_HOST_MAX + 1];
	unsigned type, class;
	uint32_t ttl;
	struct cursor data; /* that the record's data is from at to end holds for addresses alone */
	size_t len;
};

static bool take_record(struct cursor *c, struct record *out)
{
	if (!take_name(c, out->owner) || c->end - c->at < 10)
		return false;
	out->type = get16(c->at);
	out->class = get16(c->at + 2);
	out->ttl = get32(c->at + 4);
	out->len = get16(c->at + 8);
	c->at += 10;
	if ((size_t)(c->end - c->at) < out->len)
		return false;
	out->data = *c;
	c->at += out->len;
	return true;
}

bool host_dns_addresses(const struct host_dns_query *query, const unsigned char *answer, size_t len,
			struct host_dns_address out[HOST_DNS_ADDRESS_MAX], size_t *count)
{
	const size_t size = query->type == HOST_DNS_A ? 4 : 16;
	struct cursor c = {answer, answer + HEADER + query->question_len, answer + len};
	char name[MON_HOST_MAX + 1];
	struct record record;

	*count = 0;
	if (!same_question(query, answer, len) || len > HOST_DNS_REPLY_MAX)
		return false;
	memcpy(name, query->name, query->name_len + 1);
	for (unsigned left = get16(answer + 6); left; left--) {
		if (!take_record(&c, &record))
			return false;
		if (record.class != CLASS_IN || !record.owner[0] || strcmp(record.owner, name) != 0)
			continue;
		if (record.type == HOST_DNS_CNAME) {
			if (!take_name(&record.data, name))
				return false;
		} else if (record.type == query->type && record.len == size &&
			   *count < HOST_DNS_ADDRESS_MAX) {
			struct host_dns_address *address = &out[(*count)++];

			*address = (struct host_dns_address){
			    .family = size == 4 ? 4 : 6,
			    /* Beyond 2^31 it is zero: RFC 2181, 8. */
			    .ttl = record.ttl > INT32_MAX ? 0 : record.ttl};
			memcpy(address->bytes, record.data.at, size);
		}
	}
	return true;
}

/* --- names and addresses --- */

static bool ends_with(const char *name, size_t *len, const char *tail)
{
	size_t n = strlen(tail);

	if (*len < n || memcmp(name + *len - n, tail, n) != 0)
		return false;
	*len -= n;
	return true;
}

/* "1.2.0.192" */
static bool reverse_v4(const char *name, size_t len, unsigned char *bytes)
{
	const char *at = name, *end = name + len;

	for (int i = 3; i >= 0; i--) {
		unsigned value = 0;
		int digits = 0;

		for (; at < end && *at >= '0' && *at <= '9'; at++)
			if (++digits > 3 || (value = value * 10 + (unsigned)(*at - '0')) > 255)
				return false;
		if (digits == 0 || (i ? at >= end || *at++ != '.' : at != end))
			return false;
		bytes[i] = (unsigned char)value;
	}
	return true;
}

/* "b.a.9.8. ... .2": 32 of them, the last one first. */
static bool reverse_v6(const char *name, size_t len, unsigned char *bytes)
{
	if (len != 63)
		return false;
	for (size_t i = 0; i < 32; i++) {
		char c = name[2 * i];
		int value = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (value < 0 || (i < 31 && name[2 * i + 1] != '.'))
			return false;
		bytes[15 - i / 2] |= (unsigned char)(i % 2 ? value << 4 : value);
	}
	return true;
}

bool host_dns_reverse(const char *name, size_t len, struct host_dns_address *out)
{
	*out = (struct host_dns_address){.family = 4};
	if (ends_with(name, &len, ".in-addr.arpa"))
		return reverse_v4(name, len, out->bytes);
	out->family = 6;
	return ends_with(name, &len, ".ip6.arpa") && reverse_v6(name, len, out->bytes);
}

struct block {
	unsigned char bytes[16], bits;
};

/* RFC 6890 and its successors: what is not to be found in the internet at large. */
static const struct block blocks_v4[] = {
    {{0}, 8},	     {{10}, 8},		{{100, 64}, 10},  {{127}, 8},	   {{169, 254}, 16},
    {{172, 16}, 12}, {{192, 0, 0}, 24}, {{192, 168}, 16}, {{198, 18}, 15}, {{224}, 3},
};
static const struct block blocks_v6[] = {
    {{0}, 96},			       /* ::, ::1, and IPv4 in a form long gone */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* translation to what is local */
    {{1}, 64},			       /* nowhere */
    {{0xfc}, 7},
    {{0xfe, 0x80}, 10},
    {{0xfe, 0xc0}, 10},
    {{0xff}, 8},
};
/* Addresses of IPv4 inside of those of IPv6: where they stand. */
static const struct {
	struct block block;
	size_t at;
} carriers[] = {
    {{{[10] = 0xff, [11] = 0xff}, 96}, 12},
    {{{0, 0x64, 0xff, 0x9b}, 96}, 12},
    {{{0x20, 0x02}, 16}, 2},
};

static bool in_block(const struct block *block, const unsigned char *bytes)
{
	unsigned whole = block->bits / 8, rest = block->bits % 8;

	return memcmp(block->bytes, bytes, whole) == 0 &&
	       (!rest || !((block->bytes[whole] ^ bytes[whole]) & (0xff00u >> rest & 0xff)));
}

bool host_dns_is_public(unsigned char family, const unsigned char *bytes)
{
	if (family == 4) {
		for (size_t i = 0; i < sizeof(blocks_v4) / sizeof(blocks_v4[0]); i++)
			if (in_block(&blocks_v4[i], bytes))
				return false;
		return true;
	}
	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
		if (in_block(&carriers[i].block, bytes))
			return host_dns_is_public(4, bytes + carriers[i].at);
	for (size_t i = 0; i < sizeof(blocks_v6) / sizeof(blocks_v6[0]); i++)
		if (in_block(&blocks_v6[i], bytes))
			return false;
	return true;
}
