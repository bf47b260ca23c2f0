/*
 * What to say to a person whose program was denied something: the flag and the policy line that
 * would allow it. The object's name comes from the program, so it may be chosen to mislead: nothing
 * is offered unless the rule names this object alone, and all of it is quoted.
 */
#include <arpa/inet.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/path.h"
#include "refmon/address.h"
#include "refmon/table.h"

/* Operations with a flag of their own; the others are written --allow=OP:PATTERN. */
static const char *const flag_names[CD_OP_COUNT] = {
    [CD_OP_FS_READ] = "allow-read",    [CD_OP_FS_WRITE] = "allow-write",
    [CD_OP_FS_CREATE] = "allow-write", [CD_OP_FS_REMOVE] = "allow-write",
    [CD_OP_FS_EXEC] = "allow-run",     [CD_OP_NET_CONNECT] = "allow-net",
    [CD_OP_NET_SEND] = "allow-net",    [CD_OP_NET_LISTEN] = "allow-listen",
};

static void add_host(const struct mon_object *object, struct cd_buf *out)
{
	char name[MON_HOST_MAX + 1], address[INET6_ADDRSTRLEN];
	size_t len;

	if (object->text && mon_host_fold(object->text, object->len, name, &len)) {
		cd_buf_add(out, name, len);
	} else if (object->family == 4 &&
		   inet_ntop(AF_INET, object->address, address, sizeof(address))) {
		cd_buf_str(out, address);
	} else if (object->family == 6 &&
		   inet_ntop(AF_INET6, object->address, address, sizeof(address))) {
		cd_buf_fmt(out, "[%s]", address);
	}
}

static void add_address(enum cd_op op, const struct mon_object *object, struct cd_buf *out)
{
	if (object->proto == MON_UNIX) {
		cd_buf_str(out, "unix:");
		cd_buf_add(out, object->text, object->len);
		return;
	}
	if (object->proto == MON_UDP)
		cd_buf_str(out, "udp://");
	add_host(object, out);
	/* What was only looked up has none: the rule is for any. To listen, 0 is one like others.
	 */
	if (object->port || op == CD_OP_NET_LISTEN)
		cd_buf_fmt(out, ":%u", object->port);
}

static bool is_pattern_for(enum cd_op op, const char *text, size_t len)
{
	struct mon_address address;

	switch (cd_op_table[op].kind) {
	case CD_OBJECT_PATH: return cd_path_is_normal(text, len) && !mon_path_flaw(text, len);
	case CD_OBJECT_NAME: return !mon_name_flaw(text, len);
	case CD_OBJECT_ADDRESS:
		return !mon_address_parse(text, len, &address) && address.host != MON_HOST_ANY;
	case CD_OBJECT_NONE: break;
	}
	return false;
}

#define PATTERN_ROOM (CD_PATH_MAX + 64)

/*
 * The pattern that names the object and nothing else: its length. 0 when there is none: its name
 * holds a "*", or is not UTF-8 and so cannot be kept in a policy.
 */
static size_t exact_pattern(enum cd_op op, const struct mon_object *object, char text[PATTERN_ROOM])
{
	struct cd_buf out;

	if ((unsigned)op >= CD_OP_COUNT || object->kind != cd_op_table[op].kind)
		return 0;
	cd_buf_init(&out, text, PATTERN_ROOM);
	if (object->kind == CD_OBJECT_ADDRESS)
		add_address(op, object, &out);
	else if (object->text)
		cd_buf_add(&out, object->text, object->len);
	if (out.cut || mon_is_glob(text, out.len) || !cd_is_utf8(text, out.len) ||
	    !is_pattern_for(op, text, out.len))
		return 0;
	return out.len;
}

/* As a policy writes it: there, "${" begins a variable and "$${" is "${". */
static void add_escaped(struct cd_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '$' && i + 1 < len && text[i + 1] == '{')
			cd_buf_str(out, "$");
		cd_buf_add(out, text + i, 1);
	}
}

/* --VERDICT=OP:PATTERN */
static void add_general_flag(const char *verdict, enum cd_op op, const char *pattern, size_t len,
			     struct cd_buf *out)
{
	char word[2 * CD_PATH_MAX];
	struct cd_buf value;

	cd_buf_init(&value, word, sizeof(word));
	cd_buf_fmt(&value, "%s:", cd_op_name(op));
	add_escaped(&value, pattern, len);
	cd_buf_fmt(out, "--%s=", verdict);
	cd_buf_shell(out, word, value.len);
}

static void add_policy(const char *verdict, enum cd_op op, const struct mon_object *object,
		       struct cd_buf *out)
{
	char text[PATTERN_ROOM], word[2 * CD_PATH_MAX];
	size_t len = exact_pattern(op, object, text);
	struct cd_buf value;

	if (!len)
		return;
	cd_buf_init(&value, word, sizeof(word));
	add_escaped(&value, text, len);
	cd_buf_fmt(out, "\"%s\": {\"%s\": [\"", verdict, cd_op_name(op));
	cd_buf_json(out, word, value.len);
	cd_buf_str(out, "\"]}");
}

void mon_advise_flag(enum cd_op op, const struct mon_object *object, struct cd_buf *out)
{
	char text[PATTERN_ROOM];
	size_t len = exact_pattern(op, object, text);

	if (!len)
		return;
	/* Flags of their own take a list, so a name with a comma needs the general one, which does
	 * not. */
	if (flag_names[op] && !memchr(text, ',', len)) {
		cd_buf_fmt(out, "--%s=", flag_names[op]);
		cd_buf_shell(out, text, len);
		return;
	}
	add_general_flag("allow", op, text, len, out);
}

void mon_advise_policy(enum cd_op op, const struct mon_object *object, struct cd_buf *out)
{
	add_policy("allow", op, object, out);
}

void mon_advise_deny_flag(enum cd_op op, const struct mon_object *object, struct cd_buf *out)
{
	char text[PATTERN_ROOM];
	size_t len = exact_pattern(op, object, text);

	if (len)
		add_general_flag("deny", op, text, len, out);
}

void mon_advise_deny_policy(enum cd_op op, const struct mon_object *object, struct cd_buf *out)
{
	add_policy("deny", op, object, out);
}

void mon_advise_pattern(enum cd_op op, const struct mon_object *object, struct cd_buf *out)
{
	char text[PATTERN_ROOM];
	size_t len = exact_pattern(op, object, text);

	if (len)
		cd_buf_add(out, text, len);
}
