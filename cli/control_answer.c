/* What the keeper answers. */
#include "cli/control_answer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- writing ---- */

static void put_field(FILE *answer, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		if (*at < 0x20 || *at == 0x7f || *at == '\\')
			fprintf(answer, "\\x%02x", *at);
		else
			putc(*at, answer);
}

bool control_record(FILE *answer, const char *kind, const char *const *fields)
{
	long size = ftell(answer);

	if (size < 0 || size > (long)CONTROL_ANSWER_MAX)
		return false;
	fputs(kind, answer);
	for (; *fields; fields++) {
		putc('\t', answer);
		put_field(answer, *fields);
	}
	putc('\n', answer);
	return true;
}

#define RECORD(answer, kind, ...)                                                                  \
	control_record(answer, kind, (const char *const[]){__VA_ARGS__, NULL})

void control_unescape(char *field)
{
	char *to = field;

	while (*field) {
		char digits[3] = {0}, *end;
		unsigned long byte;

		if (field[0] == '\\' && field[1] == 'x' && field[2] && field[3]) {
			memcpy(digits, field + 2, 2);
			byte = strtoul(digits, &end, 16);
			if (!*end && byte) {
				*to++ = (char)byte;
				field += 4;
				continue;
			}
		}
		*to++ = *field++;
	}
	*to = '\0';
}

static const char *number(char text[24], uint64_t value)
{
	snprintf(text, 24, "%llu", (unsigned long long)value);
	return text;
}

/* ---- what is told ---- */

static const char *const audit_names[] = {"denied", "all", "syscalls"}, *const on_deny_names[] = {
									    "errno", "hide",
									    "kill"};

static bool put_run(const struct control_facts *f, const char *id, FILE *answer)
{
	char keeper[24], monitor[24], uid[24], started[24];

	return RECORD(answer, "run", id, number(keeper, (uint64_t)getpid()),
		      number(monitor, (uint64_t)f->monitor), number(uid, geteuid()),
		      f->name ? f->name : "", number(started, (uint64_t)f->started),
		      audit_names[f->policy->audit], f->bare ? "bare" : "-",
		      f->program ? f->program : "", f->directory ? f->directory : "",
		      f->log ? f->log : "");
}

static bool put_arguments(const struct control_facts *f, FILE *answer)
{
	const char *arguments[CONTROL_ARGV_MAX + 1] = {NULL};

	for (size_t i = 0; i < CONTROL_ARGV_MAX && f->argv[i]; i++)
		arguments[i] = f->argv[i];
	return control_record(answer, "argv", arguments);
}

static void list_ops(uint64_t ops, struct cd_buf *out)
{
	for (unsigned op = 0; op < CD_OP_COUNT; op++)
		if (ops & CD_OPBIT(op))
			cd_buf_fmt(out, "%s%s", out->len ? "," : "", cd_op_name((enum cd_op)op));
}

static const char *native_text(unsigned native, char *text, size_t size)
{
	static const char *const names[] = {"look",   "read",	"list",	 "write",
					    "create", "remove", "listen"};
	struct cd_buf buf;

	cd_buf_init(&buf, text, size);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (native & 1u << i)
			cd_buf_fmt(&buf, "%s%s", buf.len ? "," : "", names[i]);
	return text;
}

/* A policy is asked about every operation; a nester that stands on the border, about those that it
 * wants to see. */
static bool put_layers(const char *space, const char *policy, unsigned on_deny, unsigned native,
		       uint64_t nester_ops, FILE *answer)
{
	char asked[512], natives[128];
	struct cd_buf ops;

	cd_buf_init(&ops, asked, sizeof(asked));
	list_ops(CD_OPS_ALL, &ops);
	if (!RECORD(answer, "layer", space, "0", "policy", policy,
		    on_deny <= POL_DENY_KILL ? on_deny_names[on_deny] : "", asked,
		    native_text(native, natives, sizeof(natives))))
		return false;
	cd_buf_init(&ops, asked, sizeof(asked));
	list_ops(nester_ops, &ops);
	return !ops.len || RECORD(answer, "layer", space, "1", "nester", "", "", asked, "");
}

static bool put_outermost(const struct control_facts *f, bool layers, FILE *answer)
{
	char pid[24], namespace[24], denied[24], path[64];
	pid_t init = f->init(f->context);
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)init);
	return RECORD(answer, "space", "1", "-", init ? "running" : "starting",
		      number(pid, (uint64_t)init),
		      number(namespace, init && !f->bare && !stat(path, &st) ? st.st_ino : 0),
		      f->policy->name, number(denied, f->denied(f->context))) &&
	       (!layers || put_layers("1", f->policy->name, f->policy->on_deny, f->native,
				      f->nester_ops, answer));
}

/* What its wardens tell of a space within (cli/living.h). Its processes are those that its warden
 * has made, which the client can see. */
static bool put_within(const struct living_space *space, bool layers, FILE *answer)
{
	const char *dot = strrchr(space->id, '.');
	char parent[CD_SPACE_ID_MAX], warden[24];

	if (!dot)
		return true;
	snprintf(parent, sizeof(parent), "%.*s", (int)(dot - space->id), space->id);
	return RECORD(answer, "space", space->id, parent, "running", "0", "0", space->policy, "0",
		      number(warden, (uint64_t)space->warden), space->name) &&
	       (!layers || put_layers(space->id, space->policy, space->on_deny, space->native,
				      space->nester_ops, answer));
}

/* In no order: who reads it finds the parents by name. */
static bool put_spaces(const struct control_facts *f, bool layers, FILE *answer)
{
	bool room = put_outermost(f, layers, answer);
	struct living_space space;

	for (size_t i = 0; room && i < CD_SPACES_MAX; i++)
		if (f->within && f->within(i, &space))
			room = put_within(&space, layers, answer);
	return room;
}

static bool put_limits(const struct control_facts *f, FILE *answer)
{
	bool room = true;
	char value[24];

	for (unsigned i = 0; room && i < HOST_LIMIT_COUNT; i++)
		if (f->limits->host.value[i])
			room = RECORD(answer, "limit", "1", cli_limit_name(i),
				      number(value, f->limits->host.value[i]),
				      host_means_text(f->limits->host.means[i]));
	return room;
}

static bool put_rules(const struct control_facts *f, FILE *answer)
{
	static const char *const verdicts[] = {
	    [CD_DENY] = "deny", [CD_ASK] = "ask", [CD_ALLOW] = "allow"};
	bool room = true;

	for (uint32_t i = 0; room && i < mon_table_count(f->policy->table); i++) {
		struct mon_rule rule;
		struct cd_buf buf;
		char ops[512];

		mon_table_rule(f->policy->table, i, &rule);
		cd_buf_init(&buf, ops, sizeof(ops));
		list_ops(rule.ops, &buf);
		room = RECORD(answer, "rule", "1", "0", verdicts[rule.verdict], ops, rule.pattern,
			      rule.source, rule.pointer);
	}
	return room;
}

static bool put_mounts(const struct control_facts *f, FILE *answer)
{
	static const char *const kinds[] = {
	    [CD_MOUNT_BIND] = "bind",	 [CD_MOUNT_TMPFS] = "private", [CD_MOUNT_COW] = "cow",
	    [CD_MOUNT_SYMLINK] = "link", [CD_MOUNT_TEXT] = "text",     [CD_MOUNT_DIR] = "dir",
	    [CD_MOUNT_MASK] = "covered", [CD_MOUNT_COPY] = "copy",     [CD_MOUNT_PTS] = "terminals",
	};
	bool room = true;

	for (size_t i = 0; room && i < f->plan->count; i++) {
		const struct cd_mount *m = &f->plan->mounts[i];

		room = RECORD(answer, "mount", "1", kinds[m->kind], m->dest,
			      m->from && m->kind != CD_MOUNT_TEXT ? m->from : "",
			      m->writable ? "rw" : "ro", m->exec ? "exec" : "-");
	}
	return room;
}

/* What the program had from its start, by which its descriptors can be known again. */
static bool put_granted(const struct control_facts *f, FILE *answer)
{
	bool room = true;
	char fd[24], file[48];
	struct stat st;

	for (int i = 0; room && i <= 2; i++)
		if (fstat(i, &st) == 0) {
			snprintf(file, sizeof(file), "%llu:%llu", (unsigned long long)st.st_dev,
				 (unsigned long long)st.st_ino);
			room = RECORD(answer, "granted", "1", number(fd, (uint64_t)i), file);
		}
	for (size_t i = 0; room && i < f->fds->count; i++)
		room = RECORD(answer, "granted", "1", number(fd, (uint64_t)f->fds->fd[i]), "");
	return room;
}

/* ---- requests ---- */

struct request {
	const struct control_facts *facts;
	const char *id;
	size_t count; /* of arguments */
	char *argument[CONTROL_ARGUMENTS];
	FILE *answer;
};

static void fail(const struct request *r, const char *text)
{
	fputs(CONTROL_VERSION " ", r->answer);
	RECORD(r->answer, "error", text);
}

static void succeed(const struct request *r)
{
	fputs(CONTROL_VERSION " ok\n", r->answer);
}

static void finish(const struct request *r, bool room)
{
	fputs(room ? "end\n" : "cut\n", r->answer);
}

static void brief(const struct request *r)
{
	succeed(r);
	finish(r, put_run(r->facts, r->id, r->answer) && put_arguments(r->facts, r->answer) &&
		      put_spaces(r->facts, false, r->answer));
}

static void layers(const struct request *r)
{
	const struct control_facts *f = r->facts;

	succeed(r);
	finish(r, put_run(f, r->id, r->answer) && put_arguments(f, r->answer) &&
		      put_spaces(f, true, r->answer));
}

static void show(const struct request *r)
{
	const struct control_facts *f = r->facts;

	succeed(r);
	finish(r, put_run(f, r->id, r->answer) && put_arguments(f, r->answer) &&
		      put_spaces(f, true, r->answer) && put_limits(f, r->answer) &&
		      put_granted(f, r->answer) && put_mounts(f, r->answer) &&
		      put_rules(f, r->answer));
}

/* Arguments: the space's path; a signal's number, or none for the end of the space. */
static void kill_space(const struct request *r)
{
	char *end = NULL;
	long signal = r->count > 1 ? strtol(r->argument[1], &end, 10) : SIGKILL;

	if (!r->count || strcmp(r->argument[0], "1") != 0) {
		fail(r, "there is no such space in it");
	} else if (signal < 1 || signal > SIGRTMAX || (end && *end)) {
		fail(r, "that is no signal");
	} else if (signal == SIGKILL) {
		r->facts->end(r->facts->context);
		succeed(r);
		finish(r, true);
	} else if (r->facts->signal(r->facts->context, (int)signal)) {
		succeed(r);
		finish(r, true);
	} else {
		fail(r, "this signal is not passed on: HUP, INT, QUIT, TERM, USR1, USR2, ALRM, "
			"CONT, TSTP and WINCH are");
	}
}

/* Arguments: the space's path; a rule, "OP:PATTERN". */
static void revoke_from(const struct request *r)
{
	const char *why = "a space and a rule are wanted";

	if (r->count == 2 && r->facts->revoke &&
	    r->facts->revoke(r->facts->context, r->argument[0], r->argument[1], &why)) {
		succeed(r);
		finish(r, true);
	} else {
		fail(r, why);
	}
}

static const struct {
	const char *name;
	void (*handle)(const struct request *request);
} requests[] = {
    {"brief", brief},	  {"layers", layers},	   {"show", show},
    {"kill", kill_space}, {"revoke", revoke_from},
};

void control_answer(const struct control_facts *facts, const char *id, char *line, FILE *answer)
{
	struct request r = {.facts = facts, .id = id, .answer = answer};
	size_t version = strlen(CONTROL_VERSION " ");
	char *rest = line + version, *name;

	if (strncmp(line, CONTROL_VERSION " ", version) != 0) {
		fail(&r, "another version of cordon runs this space");
		return;
	}
	name = strsep(&rest, "\t");
	while (rest && r.count < CONTROL_ARGUMENTS) {
		r.argument[r.count] = strsep(&rest, "\t");
		control_unescape(r.argument[r.count++]);
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(requests[i].name, name) == 0) {
			requests[i].handle(&r);
			return;
		}
	fail(&r, "the cordon that runs this space does not know this request");
}
