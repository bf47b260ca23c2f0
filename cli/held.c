/* What a process holds. */
#include "cli/held.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/hold.h"
#include "lib/path.h"

struct looking {
	const struct answer *answer;
	const char *path; /* of the space */
	const struct mon_table *rules;
	pid_t pid;
};

/* ---- rules ---- */

static uint64_t ops_of(const char *list)
{
	uint64_t ops = 0;

	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		ops |= cd_ops_named(at, strcspn(at, ","));
	return ops;
}

struct mon_table *held_rules(const struct answer *answer, const char *path)
{
	struct mon_builder *builder = mon_builder_new();
	const struct answer_record *record = NULL;
	struct mon_table *table = NULL;
	bool added = builder != NULL;

	while (added && (record = answer_next(answer, "rule", path, record))) {
		const char *verdict = answer_field(record, 2), *why;
		struct mon_rule rule = {.verdict = strcmp(verdict, "allow") == 0 ? CD_ALLOW
						   : strcmp(verdict, "ask") == 0 ? CD_ASK
										 : CD_DENY,
					.ops = ops_of(answer_field(record, 3)),
					.pattern = answer_field(record, 4),
					.source = answer_field(record, 5),
					.pointer = answer_field(record, 6)};

		if (strcmp(answer_field(record, 1), "0") == 0)
			added = mon_builder_add(builder, &rule, &why) == CD_OK;
	}
	if (added && mon_builder_compile(builder, &table) != CD_OK)
		table = NULL;
	mon_builder_free(builder);
	return table;
}

/* "by /allow/fs.read/0 of tool.json", if a rule allows all of it. */
static bool say_rule(const struct looking *l, uint64_t ops, const struct cd_object *object,
		     const char *what, struct held *held)
{
	struct cd_decision decision;
	struct mon_rule rule;

	if (!l->rules)
		return false;
	mon_decide(l->rules, ops, object, &decision);
	if (decision.verdict != CD_ALLOW || decision.rule >= mon_table_count(l->rules))
		return false;
	mon_table_rule(l->rules, decision.rule, &rule);
	snprintf(held->how, sizeof(held->how), "%s, by %s of %s", what, rule.pointer, rule.source);
	return true;
}

/* ---- files ---- */

/* The mount of the view that shows the place. */
static const struct answer_record *mount_at(const struct looking *l, const char *place)
{
	const struct answer_record *record = NULL, *best = NULL;

	while ((record = answer_next(l->answer, "mount", l->path, record))) {
		const char *dest = answer_field(record, 2);

		if (cd_path_is_within(place, dest) &&
		    (!best || strlen(dest) >= strlen(answer_field(best, 2))))
			best = record;
	}
	return best;
}

static void tell_file(const struct looking *l, struct held *held)
{
	const struct answer_record *mount = mount_at(l, held->object);
	const char *kind = answer_field(mount, 1), *dest = answer_field(mount, 2),
		   *from = answer_field(mount, 3);
	struct cd_object object = {
	    .kind = CD_OBJECT_PATH, .text = held->object, .len = strlen(held->object)};
	uint64_t ops = strcmp(held->rights, "name") == 0 ? CD_OPBIT(CD_OP_FS_STAT) : 0;
	bool private = strcmp(kind, "private") == 0;

	if (strstr(held->rights, "read"))
		ops |= CD_OPBIT(CD_OP_FS_READ);
	if (strstr(held->rights, "write"))
		ops |= CD_OPBIT(CD_OP_FS_WRITE);
	if (strcmp(kind, "bind") == 0 || strcmp(kind, "cow") == 0)
		snprintf(held->outside, sizeof(held->outside), "%s%s",
			 strcmp(from, "/") ? from : "",
			 held->object + (strcmp(dest, "/") ? strlen(dest) : 0));
	if (!say_rule(l, ops, &object, private ? "opened in a private directory" : "opened", held))
		snprintf(held->how, sizeof(held->how), "%s",
			 private ? "opened in a private directory"
			 : strncmp(held->object, "/memfd:", 7) == 0
			     ? "made inside"
			     : "not by a rule that is known");
}

/* ---- sockets ---- */

struct socket_info {
	struct cd_object peer; /* or what it is bound to, when it has none */
	bool bound;	       /* it is that */
	bool listens, is_unix;
	char text[CD_PATH_MAX + 64];
};

static bool hex_address(const char *text, struct cd_object *out)
{
	unsigned port;
	size_t digits = strcspn(text, ":");

	if ((digits != 8 && digits != 32) || sscanf(text + digits, ":%x", &port) != 1)
		return false;
	out->family = digits == 8 ? 4 : 6;
	out->port = (uint16_t)port;
	/* In words of the machine's own order. */
	for (size_t i = 0; i < digits / 8; i++) {
		char word[9] = {0};
		uint32_t value;

		memcpy(word, text + 8 * i, 8);
		value = (uint32_t)strtoul(word, NULL, 16);
		memcpy(out->address + 4 * i, &value, 4);
	}
	/* ::ffff:a.b.c.d is what it stands for. */
	if (digits == 32 && memcmp(out->address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) {
		memmove(out->address, out->address + 12, 4);
		out->family = 4;
	}
	return true;
}

static void describe(struct socket_info *info)
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(info->peer.family == 6 ? AF_INET6 : AF_INET, info->peer.address, address,
		  sizeof(address));
	snprintf(info->text, sizeof(info->text), info->peer.family == 6 ? "%s[%s]:%u" : "%s%s:%u",
		 info->peer.proto == CD_UDP ? "udp://" : "", address, info->peer.port);
}

static bool is_line_of(const char *line, const char *inode, bool is_unix, struct socket_info *info)
{
	char local[80], remote[80], number[32], path[CD_PATH_MAX] = "";
	unsigned state;

	if (is_unix) {
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %31s %4095[^\n]", number, path) < 1 ||
		    strcmp(number, inode) != 0)
			return false;
		info->is_unix = true;
		snprintf(info->text, sizeof(info->text), "unix:%s", path);
		return true;
	}
	if (sscanf(line, "%*s %79s %79s %x %*s %*s %*s %*s %*s %31s", local, remote, &state,
		   number) != 4 ||
	    strcmp(number, inode) != 0)
		return false;
	info->listens = state == 10;
	info->bound = !hex_address(remote, &info->peer) || !info->peer.port;
	if (info->bound)
		hex_address(local, &info->peer);
	describe(info);
	return true;
}

/* In the network that the process of /proc/WHO is in. */
static bool find_socket(const char *who, const char *inode, struct socket_info *info)
{
	static const struct {
		const char *name;
		enum cd_proto proto;
	} tables[] = {{"tcp", CD_TCP},
		      {"tcp6", CD_TCP},
		      {"udp", CD_UDP},
		      {"udp6", CD_UDP},
		      {"unix", CD_UNIX}};
	char path[64], line[CD_PATH_MAX + 256];

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		FILE *file;
		bool found = false;

		snprintf(path, sizeof(path), "/proc/%s/net/%s", who, tables[i].name);
		file = fopen(path, "re");
		*info = (struct socket_info){
		    .peer = {.kind = CD_OBJECT_ADDRESS, .proto = tables[i].proto}};
		while (file && !found && fgets(line, sizeof(line), file))
			found = is_line_of(line, inode, tables[i].proto == CD_UNIX, info);
		if (file)
			fclose(file);
		if (found)
			return true;
	}
	return false;
}

uint64_t held_use(ino_t inode, struct cd_object *address)
{
	struct socket_info info;
	char number[32];

	snprintf(number, sizeof(number), "%ju", (uintmax_t)inode);
	if (!find_socket("self", number, &info) || info.is_unix || (info.bound && !info.listens))
		return 0;
	*address = info.peer;
	return info.listens ? CD_OPBIT(CD_OP_NET_LISTEN)
			    : CD_OPBIT(CD_OP_NET_CONNECT) | CD_OPBIT(CD_OP_NET_SEND);
}

static void tell_socket(const struct looking *l, struct held *held)
{
	struct socket_info info;
	char inode[32] = "", who[24];
	uint64_t op;

	sscanf(held->object, "socket:[%31[0-9]", inode);
	snprintf(who, sizeof(who), "%d", (int)l->pid);
	held->kind = "socket";
	snprintf(held->how, sizeof(held->how), "made inside");
	/* Unix sockets are of no network, and both tables may show them. */
	if (find_socket(who, inode, &info)) {
		snprintf(held->object, sizeof(held->object), "%s", info.text);
		if (info.is_unix || getpid() == l->pid)
			return;
		snprintf(held->how, sizeof(held->how), "in the space's own network");
		return;
	}
	if (!find_socket("self", inode, &info))
		return;
	snprintf(held->object, sizeof(held->object), "%s", info.text);
	op = info.listens		 ? CD_OPBIT(CD_OP_NET_LISTEN)
	     : info.peer.proto == CD_UDP ? CD_OPBIT(CD_OP_NET_SEND)
					 : CD_OPBIT(CD_OP_NET_CONNECT);
	snprintf(held->outside, sizeof(held->outside), "%s", info.text);
	if (info.is_unix || !say_rule(l, op, &info.peer, "outside", held))
		snprintf(held->how, sizeof(held->how),
			 info.is_unix ? "outside" : "outside, by the name of its host");
}

/* ---- descriptors ---- */

static const char *rights_of(pid_t pid, const char *fd)
{
	char path[300], line[128];
	unsigned flags = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	if (file)
		fclose(file);
	if (flags & O_PATH)
		return "name";
	return (flags & O_ACCMODE) == O_RDONLY	 ? "read"
	       : (flags & O_ACCMODE) == O_WRONLY ? "write"
						 : "read write";
}

/* Is it what the program began with? Of two standard streams that are one, the one of its number.
 */
static bool is_granted(const struct looking *l, const struct stat *st, struct held *held)
{
	const struct answer_record *record = NULL;
	char file[48], fd[16];
	bool found = false;

	snprintf(file, sizeof(file), "%llu:%llu", (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino);
	snprintf(fd, sizeof(fd), "%d", held->fd);
	/* Spaces within have what the outermost had, or less. */
	while ((record = answer_next(l->answer, "granted", NULL, record))) {
		bool same = strcmp(answer_field(record, 1), fd) == 0;

		if (answer_number(record, 1) > 2 && same) {
			snprintf(held->how, sizeof(held->how), "passed on by --fd=%s", fd);
			return true;
		}
		/* The null device may be anybody's. */
		if (answer_number(record, 1) > 2 || (S_ISCHR(st->st_mode) && !same) ||
		    (found && !same) || strcmp(answer_field(record, 2), file) != 0)
			continue;
		found = true;
		snprintf(held->how, sizeof(held->how), "standard stream %s of `cordon run`",
			 answer_field(record, 1));
	}
	return found;
}

static bool look(const struct looking *l, const char *fd, struct held *held)
{
	char path[300];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)l->pid, fd);
	n = readlink(path, held->object, sizeof(held->object) - 1);
	if (n < 0 || stat(path, &st))
		return false;
	held->object[n] = '\0';
	held->fd = atoi(fd);
	held->outside[0] = held->how[0] = '\0';
	held->kind = host_hold_kind(st.st_mode);
	held->rights = rights_of(l->pid, fd);
	if (is_granted(l, &st, held))
		return true;
	if (strncmp(held->object, "socket:[", 8) == 0)
		tell_socket(l, held);
	else if (held->object[0] == '/')
		tell_file(l, held);
	else
		snprintf(held->how, sizeof(held->how), "made inside");
	return true;
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

static int is_number(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]);
}

bool held_each(const struct answer *answer, const char *path, const struct mon_table *rules,
	       pid_t pid, void (*visit)(void *context, const struct held *held), void *context)
{
	static struct held held;
	const struct looking l = {answer, path, rules, pid};
	struct dirent **entries;
	char directory[64];
	int count;

	snprintf(directory, sizeof(directory), "/proc/%d/fd", (int)pid);
	count = scandir(directory, &entries, is_number, by_number);
	for (int i = 0; i < count; i++) {
		if (look(&l, entries[i]->d_name, &held))
			visit(context, &held);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count >= 0;
}
