/* Records as lines for a person, and as a table. */
#include "cli/trace_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/buf.h"

#define REVOKED_LAYER 1 /* behind the policy: docs/audit.md */

/* ---- what is shown ---- */

static const char *const verdict_words[] = {"allow", "deny", "ask", "absent", "inside", NULL};

static bool is_in(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, word, len) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

static bool is_protocol(const char *word, size_t len)
{
	if (len == 4 && memcmp(word, "call", 4) == 0)
		return true;
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		const char *name = cd_op_name((enum cd_op)op);

		if (strcspn(name, ".") == len && memcmp(name, word, len) == 0)
			return true;
	}
	return false;
}

static bool is_verdict(const char *word, size_t len)
{
	for (size_t i = 0; verdict_words[i]; i++)
		if (strlen(verdict_words[i]) == len && memcmp(verdict_words[i], word, len) == 0)
			return true;
	return false;
}

static bool each_is(const char *list, bool (*is)(const char *word, size_t len))
{
	while (list && *list) {
		size_t n = strcspn(list, ",");

		if (!is(list, n))
			return false;
		list += n + (list[n] == ',');
	}
	return true;
}

const char *trace_filter_fault(const struct trace_filter *filter)
{
	if (!each_is(filter->protocols, is_protocol))
		return "--protocol is a list of fs, net, proc, dev, space and call";
	if (!each_is(filter->verdicts, is_verdict))
		return "--verdict is a list of allow, deny, ask, absent and inside";
	return NULL;
}

static bool takes_space(const char *list, const char *space)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (strncmp(space, list, n) == 0 && (!space[n] || space[n] == '.'))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

static const char *verdict_word(const struct audit_event *event)
{
	if (event->absent)
		return "absent";
	if (event->inside)
		return "inside";
	return event->verdict == CD_ALLOW ? "allow" : event->verdict == CD_ASK ? "ask" : "deny";
}

bool trace_filter_takes(const struct trace_filter *filter, const struct audit_event *event)
{
	const char *protocol = event->kind == AUDIT_CALL ? "call" : cd_op_name(event->denied_op);
	const char *word = event->kind == AUDIT_CALL ? "allow" : verdict_word(event);

	if (event->kind != AUDIT_OP && event->kind != AUDIT_CALL)
		return false;
	return (!filter->protocols || is_in(filter->protocols, protocol, strcspn(protocol, "."))) &&
	       (!filter->spaces || takes_space(filter->spaces, event->space)) &&
	       (!filter->verdicts || is_in(filter->verdicts, word, strlen(word))) &&
	       (!filter->calls || is_in(filter->calls, event->call, strlen(event->call)));
}

/* ---- lines ---- */

struct trace_lines {
	FILE *out;
	struct trace_style style;
	long first_pid;
	bool several;
};

enum colour { PLAIN, DIM, RED, GREEN, YELLOW, CYAN };
static const char *const codes[] = {
    [PLAIN] = "",	  [DIM] = "\033[2m",	 [RED] = "\033[1;31m",
    [GREEN] = "\033[32m", [YELLOW] = "\033[33m", [CYAN] = "\033[36m"};

struct trace_lines *trace_lines_new(FILE *out, const struct trace_style *style)
{
	struct trace_lines *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->out = out;
	lines->style = *style;
	return lines;
}

void trace_lines_free(struct trace_lines *lines)
{
	free(lines);
}

static void paint(const struct trace_lines *lines, enum colour colour, struct cd_buf *out)
{
	if (lines->style.colour)
		cd_buf_str(out, codes[colour]);
}

static void unpaint(const struct trace_lines *lines, enum colour colour, struct cd_buf *out)
{
	if (lines->style.colour && colour != PLAIN)
		cd_buf_str(out, "\033[0m");
}

/* In quotes, which nothing within can end. */
static void put_quoted(const char *text, struct cd_buf *out)
{
	cd_buf_str(out, "\"");
	while (*text) {
		size_t n = strcspn(text, "\"\\");

		cd_buf_visible(out, text, n);
		text += n;
		if (*text) {
			cd_buf_str(out, "\\");
			cd_buf_add(out, text++, 1);
		}
	}
	cd_buf_str(out, "\"");
}

static void put_ops(uint64_t ops, struct cd_buf *out)
{
	const char *between = "";

	for (unsigned op = 0; op < CD_OP_COUNT; op++)
		if (ops & CD_OPBIT(op)) {
			cd_buf_fmt(out, "%s%s", between, cd_op_name((enum cd_op)op));
			between = "|";
		}
}

static void put_who(struct trace_lines *lines, const struct audit_event *event, struct cd_buf *out)
{
	if (!lines->first_pid)
		lines->first_pid = event->tid;
	lines->several |= lines->first_pid != event->tid || strcmp(event->space, "1") != 0;
	paint(lines, DIM, out);
	if (lines->style.times)
		cd_buf_fmt(out, "%10.6f ", event->time);
	if (lines->style.pids || lines->several) {
		cd_buf_str(out, "[");
		if (strcmp(event->space, "1") != 0) {
			cd_buf_visible(out, event->space, strlen(event->space));
			cd_buf_str(out, ":");
		}
		cd_buf_fmt(out, "pid %ld] ", event->tid);
	}
	unpaint(lines, DIM, out);
}

static void put_call(const struct audit_event *event, struct cd_buf *out)
{
	const char *at = event->arguments ? event->arguments : "";

	cd_buf_visible(out, event->call, strlen(event->call));
	cd_buf_str(out, "(");
	while (*at) {
		unsigned long long value = strtoull(at, NULL, 16);
		size_t n = strcspn(at, ",");

		/* Descriptors, sizes and flags; -1 and AT_FDCWD; addresses. */
		if (value >= 0xffffff00 && value <= 0xffffffff)
			cd_buf_fmt(out, "%d", (int)(uint32_t)value);
		else
			cd_buf_fmt(out, value < 65536 ? "%llu" : "%#llx", value);
		at += n;
		if (*at) {
			cd_buf_str(out, ", ");
			at++;
		}
	}
	cd_buf_str(out, ")");
}

/* Of those that a call is likely to end with; else "". */
static const char *error_name(int error)
{
#define NAME(word) [word] = #word " "
	static const char *const names[] = {
	    NAME(EPERM),	   NAME(ENOENT),	NAME(ESRCH),
	    NAME(EINTR),	   NAME(EIO),		NAME(ENXIO),
	    NAME(E2BIG),	   NAME(ENOEXEC),	NAME(EBADF),
	    NAME(ECHILD),	   NAME(EAGAIN),	NAME(ENOMEM),
	    NAME(EACCES),	   NAME(EFAULT),	NAME(EBUSY),
	    NAME(EEXIST),	   NAME(EXDEV),		NAME(ENODEV),
	    NAME(ENOTDIR),	   NAME(EISDIR),	NAME(EINVAL),
	    NAME(ENFILE),	   NAME(EMFILE),	NAME(ENOTTY),
	    NAME(ETXTBSY),	   NAME(EFBIG),		NAME(ENOSPC),
	    NAME(ESPIPE),	   NAME(EROFS),		NAME(EMLINK),
	    NAME(EPIPE),	   NAME(ERANGE),	NAME(ENAMETOOLONG),
	    NAME(ENOSYS),	   NAME(ENOTEMPTY),	NAME(ELOOP),
	    NAME(ENODATA),	   NAME(EPROTO),	NAME(EOVERFLOW),
	    NAME(ENOTSOCK),	   NAME(EDESTADDRREQ),	NAME(EMSGSIZE),
	    NAME(EPROTOTYPE),	   NAME(ENOPROTOOPT),	NAME(EPROTONOSUPPORT),
	    NAME(ESOCKTNOSUPPORT), NAME(EOPNOTSUPP),	NAME(EAFNOSUPPORT),
	    NAME(EADDRINUSE),	   NAME(EADDRNOTAVAIL), NAME(ENETUNREACH),
	    NAME(ECONNABORTED),	   NAME(ECONNRESET),	NAME(ENOBUFS),
	    NAME(EISCONN),	   NAME(ENOTCONN),	NAME(ETIMEDOUT),
	    NAME(ECONNREFUSED),	   NAME(EHOSTUNREACH),	NAME(EALREADY),
	    NAME(EINPROGRESS),	   NAME(EDQUOT),
	};
#undef NAME

	return error < (int)(sizeof(names) / sizeof(names[0])) && names[error] ? names[error] : "";
}

static void put_result(struct trace_lines *lines, const struct audit_event *event,
		       struct cd_buf *out)
{
	if (!event->has_result) {
		cd_buf_str(out, event->kind == AUDIT_OP ? " <unfinished>" : "");
		return;
	}
	cd_buf_str(out, " = ");
	if (event->continued) {
		cd_buf_str(out, "?");
	} else if (event->result >= 0 || event->result < -4095) {
		cd_buf_fmt(out, "%lld", (long long)event->result);
	} else {
		paint(lines, YELLOW, out);
		cd_buf_fmt(out, "-1 %s(%s)", error_name((int)-event->result),
			   strerror((int)-event->result));
		unpaint(lines, YELLOW, out);
	}
	if (lines->style.durations)
		cd_buf_fmt(out, " <%llu.%06llu>", (unsigned long long)event->duration_us / 1000000,
			   (unsigned long long)event->duration_us % 1000000);
}

/* Which rule of which layer. */
static void put_reason(const struct audit_event *event, struct cd_buf *out)
{
	if (event->has_rule && event->rule_pointer && event->rule_file) {
		cd_buf_str(out, " by ");
		cd_buf_visible(out, event->rule_pointer, strlen(event->rule_pointer));
		cd_buf_str(out, " of ");
		cd_buf_visible(out, event->rule_file, strlen(event->rule_file));
	} else if (event->layer == REVOKED_LAYER) {
		cd_buf_str(out, ": it has been revoked");
	} else {
		cd_buf_str(out, ": no rule allows ");
		cd_buf_str(out, cd_op_name(event->denied_op));
	}
	if (event->layer_space) {
		cd_buf_str(out, ", in space ");
		cd_buf_visible(out, event->layer_space, strlen(event->layer_space));
	}
}

static void put_verdict(struct trace_lines *lines, const struct audit_event *event,
			struct cd_buf *out)
{
	if (event->absent) {
		cd_buf_str(out, "  ");
		paint(lines, DIM, out);
		cd_buf_str(out, event->verdict == CD_ALLOW ? "not there" : "not in the view");
		unpaint(lines, DIM, out);
	} else if (event->inside) {
		cd_buf_str(out, "  ");
		paint(lines, CYAN, out);
		cd_buf_str(out, "kept inside");
		unpaint(lines, CYAN, out);
	} else if (event->verdict != CD_ALLOW) {
		cd_buf_str(out, "  ");
		paint(lines, RED, out);
		cd_buf_str(out, event->verdict == CD_ASK ? "to be asked" : "denied");
		put_reason(event, out);
		unpaint(lines, RED, out);
	}
}

static void put_op(struct trace_lines *lines, const struct audit_event *event, struct cd_buf *out)
{
	enum colour colour = event->verdict != CD_ALLOW && !event->absent ? RED
			     : event->ops & (CD_OPBIT(CD_OP_NET_CONNECT) |
					     CD_OPBIT(CD_OP_NET_LISTEN) | CD_OPBIT(CD_OP_NET_SEND))
				 ? CYAN
				 : PLAIN;

	paint(lines, colour, out);
	cd_buf_visible(out, event->call, strlen(event->call));
	unpaint(lines, colour, out);
	cd_buf_str(out, "(");
	put_quoted(event->object, out);
	if (event->outside) {
		cd_buf_str(out, " -> ");
		put_quoted(event->outside, out);
	} else if (event->address) {
		cd_buf_str(out, " -> ");
		cd_buf_visible(out, event->address, strlen(event->address));
	}
	cd_buf_str(out, ", ");
	put_ops(event->ops, out);
	cd_buf_str(out, ")");
}

void trace_lines_print(struct trace_lines *lines, const struct audit_event *event)
{
	char text[8 * CD_PATH_MAX];
	struct cd_buf out;

	cd_buf_init(&out, text, sizeof(text));
	put_who(lines, event, &out);
	if (event->kind == AUDIT_CALL) {
		put_call(event, &out);
	} else {
		put_op(lines, event, &out);
		put_result(lines, event, &out);
		put_verdict(lines, event, &out);
	}
	fwrite(text, 1, out.len, lines->out);
	fputc('\n', lines->out);
}

/* ---- totals ---- */

#define CALLS 512

struct total {
	char call[32];
	uint64_t count, errors, denied, us;
};

struct trace_totals {
	size_t count;
	struct total calls[CALLS];
};

struct trace_totals *trace_totals_new(void)
{
	return calloc(1, sizeof(struct trace_totals));
}

void trace_totals_free(struct trace_totals *totals)
{
	free(totals);
}

void trace_totals_add(struct trace_totals *totals, const struct audit_event *event)
{
	struct total *total = totals->calls;

	while (total < totals->calls + totals->count &&
	       strncmp(total->call, event->call, sizeof(total->call) - 1) != 0)
		total++;
	if (total == totals->calls + CALLS)
		return;
	if (total == totals->calls + totals->count) {
		snprintf(total->call, sizeof(total->call), "%s", event->call);
		totals->count++;
	}
	total->count++;
	total->us += event->duration_us;
	total->errors += event->has_result && !event->continued && event->result < 0;
	total->denied += event->kind == AUDIT_OP && event->verdict != CD_ALLOW && !event->absent;
}

static int dearest_first(const void *a, const void *b)
{
	const struct total *x = a, *y = b;

	if (x->us != y->us)
		return x->us < y->us ? 1 : -1;
	return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->call, y->call);
}

static void print_total(const struct total *total, uint64_t all, FILE *out)
{
	char name[4 * sizeof(total->call)];
	struct cd_buf shown;

	cd_buf_init(&shown, name, sizeof(name));
	cd_buf_visible(&shown, total->call, strlen(total->call));
	fprintf(out, "%6.2f %11.6f %11llu %9llu", all ? 100.0 * (double)total->us / (double)all : 0,
		(double)total->us / 1e6,
		(unsigned long long)(total->us / (total->count ? total->count : 1)),
		(unsigned long long)total->count);
	if (total->errors)
		fprintf(out, " %9llu", (unsigned long long)total->errors);
	else
		fprintf(out, " %9s", "");
	if (total->denied)
		fprintf(out, " %9llu", (unsigned long long)total->denied);
	else
		fprintf(out, " %9s", "");
	fprintf(out, " %s\n", name);
}

void trace_totals_print(const struct trace_totals *totals, FILE *out)
{
	static struct total sorted[CALLS];
	struct total all = {.call = "total"};

	memcpy(sorted, totals->calls, totals->count * sizeof(sorted[0]));
	qsort(sorted, totals->count, sizeof(sorted[0]), dearest_first);
	for (size_t i = 0; i < totals->count; i++) {
		all.count += sorted[i].count;
		all.errors += sorted[i].errors;
		all.denied += sorted[i].denied;
		all.us += sorted[i].us;
	}
	fprintf(out, "%6s %11s %11s %9s %9s %9s %s\n", "% time", "seconds", "usecs/call", "calls",
		"errors", "denied", "call");
	fprintf(out,
		"------ ----------- ----------- --------- --------- --------- ----------------\n");
	for (size_t i = 0; i < totals->count; i++)
		print_total(&sorted[i], all.us, out);
	fprintf(out,
		"------ ----------- ----------- --------- --------- --------- ----------------\n");
	print_total(&all, all.us, out);
}
