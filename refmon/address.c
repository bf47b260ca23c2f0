/* Parsing of addresses. Every function takes a range of bytes that need not end in NUL. */
#include "refmon/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/path.h"
#include "refmon/table.h"

static bool starts_with(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(text, word, n) == 0;
}

/* A decimal number without sign or needless zeros, at most max. */
static bool parse_number(const char *text, size_t len, unsigned max, unsigned *out)
{
	unsigned value = 0;

	if (len == 0 || len > 5 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out = value;
	return value <= max;
}

static enum mon_flaw parse_ports(const char *text, size_t len, struct mon_address *out)
{
	const char *dash = memchr(text, '-', len);
	unsigned low, high;

	if (len == 1 && text[0] == '*')
		return MON_FLAW_NONE;
	if (!parse_number(text, dash ? (size_t)(dash - text) : len, UINT16_MAX, &low))
		return MON_FLAW_PORT;
	high = low;
	if (dash && !parse_number(dash + 1, len - (size_t)(dash + 1 - text), UINT16_MAX, &high))
		return MON_FLAW_PORT;
	if (low > high)
		return MON_FLAW_PORT;
	out->port_low = (uint16_t)low;
	out->port_high = (uint16_t)high;
	return MON_FLAW_NONE;
}

static bool has_bits_after(const unsigned char *bytes, unsigned prefix, unsigned bits)
{
	for (unsigned i = prefix; i < bits; i++) {
		if (bytes[i / 8] & (0x80 >> i % 8))
			return true;
	}
	return false;
}

bool mon_v4_unmap(unsigned char bytes[16])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
		return false;
	memmove(bytes, bytes + 12, 4);
	memset(bytes + 4, 0, 12);
	return true;
}

/* ADDRESS or ADDRESS/PREFIX of one family. */
static enum mon_flaw parse_inet(const char *text, size_t len, int family, struct mon_address *out)
{
	const unsigned bits = family == AF_INET ? 32 : 128;
	const char *slash = memchr(text, '/', len);
	size_t size = slash ? (size_t)(slash - text) : len;
	char copy[INET6_ADDRSTRLEN];

	if (size >= sizeof(copy) || memchr(text, '\0', size))
		return family == AF_INET ? MON_FLAW_IPV4 : MON_FLAW_IPV6;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (inet_pton(family, copy, out->bytes) != 1)
		return family == AF_INET ? MON_FLAW_IPV4 : MON_FLAW_IPV6;
	out->prefix = bits;
	if (slash && !parse_number(slash + 1, len - size - 1, bits, &out->prefix))
		return MON_FLAW_PREFIX;
	if (has_bits_after(out->bytes, out->prefix, bits))
		return MON_FLAW_HOST_BITS;
	out->host = family == AF_INET ? MON_HOST_V4 : MON_HOST_V6;
	if (family == AF_INET6 && out->prefix >= 96 && mon_v4_unmap(out->bytes)) {
		out->host = MON_HOST_V4;
		out->prefix -= 96;
	}
	return MON_FLAW_NONE;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool mon_host_fold(const char *text, size_t len, char out[MON_HOST_MAX + 1], size_t *out_len)
{
	size_t label = 0;

	if (len && text[len - 1] == '.')
		len--;
	if (len == 0 || len > MON_HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		out[i] = fold(text[i]);
		if (out[i] == '.' ? label == 0 : !is_label_byte(out[i]) || label == 63)
			return false;
		label = out[i] == '.' ? 0 : label + 1;
	}
	out[len] = '\0';
	*out_len = len;
	return label != 0;
}

/* A last label that begins with a digit can only be meant as an IPv4 address (RFC 1123, 2.1). */
static bool looks_like_v4(const char *text, size_t len)
{
	const char *dot = memrchr(text, '.', len), *label = dot ? dot + 1 : text;

	if (memchr(text, '/', len))
		return true;
	for (const char *c = label; c < text + len; c++) {
		if (*c < '0' || *c > '9')
			return false;
	}
	return label < text + len;
}

static enum mon_flaw parse_host(const char *text, size_t len, struct mon_address *out)
{
	bool domain = starts_with(text, len, "*.");

	out->text = text;
	out->text_len = len;
	out->host = MON_HOST_ANY;
	if (len == 0)
		return MON_FLAW_NONE;
	if (len == 1 && text[0] == '*')
		return MON_FLAW_ANY_HOST;
	if (!domain && looks_like_v4(text, len))
		return parse_inet(text, len, AF_INET, out);
	out->host = domain ? MON_HOST_DOMAIN : MON_HOST_NAME;
	if (!mon_host_fold(text + 2 * domain, len - 2 * domain, out->name, &out->name_len))
		return MON_FLAW_HOST;
	return MON_FLAW_NONE;
}

static enum mon_flaw parse_unix(const char *text, size_t len, struct mon_address *out)
{
	out->text = text;
	out->text_len = len;
	if (len && text[0] == '/') {
		out->host = MON_HOST_UNIX;
		return mon_path_flaw(text, len);
	}
	out->host = MON_HOST_ABSTRACT;
	if (len < 2 || text[0] != '@')
		return MON_FLAW_UNIX;
	if (memmem(text, len, "**", 2))
		return MON_FLAW_STARS;
	return len > MON_ABSTRACT_MAX ? MON_FLAW_LONG_NAME : MON_FLAW_NONE;
}

/* "[2001:db8::/32]:443", after the opening bracket. */
static enum mon_flaw parse_bracketed(const char *text, size_t len, struct mon_address *out)
{
	const char *shut = memchr(text, ']', len), *rest = shut ? shut + 1 : NULL;
	enum mon_flaw flaw;

	if (!shut)
		return MON_FLAW_BRACKETS;
	out->text = text;
	out->text_len = (size_t)(shut - text);
	flaw = parse_inet(text, out->text_len, AF_INET6, out);
	if (flaw || rest == text + len)
		return flaw;
	if (*rest != ':')
		return MON_FLAW_PORT;
	return parse_ports(rest + 1, len - (size_t)(rest + 1 - text), out);
}

enum mon_flaw mon_address_parse(const char *text, size_t len, struct mon_address *out)
{
	const char *colon;
	enum mon_flaw flaw;

	*out = (struct mon_address){.tcp = true, .udp = true, .port_high = UINT16_MAX};
	if (len == 0)
		return MON_FLAW_EMPTY;
	if (memchr(text, '\0', len))
		return MON_FLAW_CONTROL;
	if (starts_with(text, len, "unix:"))
		return parse_unix(text + 5, len - 5, out);
	if (starts_with(text, len, "tcp://") || starts_with(text, len, "udp://")) {
		out->tcp = text[0] == 't';
		out->udp = text[0] == 'u';
		text += 6;
		len -= 6;
	}
	if (memmem(text, len, "://", 3))
		return MON_FLAW_SCHEME;
	if (len == 0)
		return MON_FLAW_HOST;
	if (text[0] == '[')
		return parse_bracketed(text + 1, len - 1, out);
	colon = memchr(text, ':', len);
	if (!colon)
		return parse_host(text, len, out);
	if (memchr(colon + 1, ':', len - (size_t)(colon + 1 - text)))
		return MON_FLAW_BRACKETS;
	flaw = parse_host(text, (size_t)(colon - text), out);
	return flaw ? flaw : parse_ports(colon + 1, len - (size_t)(colon + 1 - text), out);
}

static enum cd_status parse_address_object(enum cd_op op, const char *text, struct mon_object *out)
{
	struct mon_address address;

	if (mon_address_parse(text, strlen(text), &address))
		return CD_EINVAL;
	*out = (struct mon_object){.kind = CD_OBJECT_ADDRESS, .port = address.port_low};
	if (address.host == MON_HOST_UNIX || address.host == MON_HOST_ABSTRACT) {
		if (address.host == MON_HOST_UNIX &&
		    !cd_path_is_normal(address.text, address.text_len))
			return CD_EINVAL;
		out->proto = MON_UNIX;
		out->text = address.text;
		out->len = address.text_len;
		return CD_OK;
	}
	if (address.port_low != address.port_high || address.host == MON_HOST_ANY ||
	    address.host == MON_HOST_DOMAIN)
		return CD_EINVAL;
	out->proto = !address.tcp || (address.udp && op == CD_OP_NET_SEND) ? MON_UDP : MON_TCP;
	if (address.host == MON_HOST_NAME) {
		out->text = address.text;
		out->len = address.text_len;
		return CD_OK;
	}
	if (address.prefix != (address.host == MON_HOST_V4 ? 32 : 128))
		return CD_EINVAL;
	out->family = address.host == MON_HOST_V4 ? 4 : 6;
	memcpy(out->address, address.bytes, sizeof(out->address));
	return CD_OK;
}

enum cd_status mon_object_parse(enum cd_op op, const char *text, struct mon_object *out)
{
	struct mon_object object = {.text = text, .len = strlen(text)};
	enum cd_status status;

	if ((unsigned)op >= CD_OP_COUNT)
		return CD_EINVAL;
	object.kind = cd_op_table[op].kind;
	switch (object.kind) {
	case CD_OBJECT_PATH:
		if (!cd_path_is_normal(text, object.len))
			return CD_EINVAL;
		break;
	case CD_OBJECT_ADDRESS:
		status = parse_address_object(op, text, &object);
		if (status)
			return status;
		break;
	case CD_OBJECT_NAME:
		if (object.len == 0 || object.len > CD_NAME_MAX)
			return CD_EINVAL;
		break;
	case CD_OBJECT_NONE: break;
	}
	*out = object;
	return CD_OK;
}
