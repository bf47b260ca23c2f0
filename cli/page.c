/*
 * The page's data.
 *
 * It stands in two <script> elements that are no scripts: JSON with the texts, and the columns in
 * base64. Every byte of a text is hostile: in the JSON there is no "<", so that nothing in it ends
 * the element, and the page puts texts into itself as text alone.
 */
#include "cli/page.h"

#include <string.h>

#include "cli/cli.h"
#include "cordon/limits.h"
#include "lib/buf.h"

/* ---- JSON within HTML ---- */

static void put_text(FILE *out, const char *text)
{
	size_t len = strlen(text);

	putc('"', out);
	while (len) {
		size_t piece = len < 1024 ? len : 1024;
		char escaped[6 * 1024 + 16];
		struct cd_buf buf;

		while (piece < len && piece > 1020 && (text[piece] & 0xc0) == 0x80)
			piece--;
		cd_buf_init(&buf, escaped, sizeof(escaped));
		cd_buf_json(&buf, text, piece);
		for (size_t i = 0; i < buf.len; i++)
			if (strchr("<>&", escaped[i]))
				fprintf(out, "\\u%04x", escaped[i]);
			else
				putc(escaped[i], out);
		text += piece;
		len -= piece;
	}
	putc('"', out);
}

static void put_named(FILE *out, const char *name, const char *text)
{
	fprintf(out, ",\"%s\":", name);
	put_text(out, text);
}

static void put_texts(const struct digest *d, FILE *out)
{
	fputs(",\"texts\":[", out);
	for (uint32_t i = 0; i < d->texts.count; i++) {
		fputs(i ? ",\n" : "", out);
		put_text(out, digest_text(d, i));
	}
	putc(']', out);
}

static void put_runs(const struct digest *d, FILE *out)
{
	fputs(",\"runs\":[", out);
	for (size_t i = 0; i < d->run_count; i++) {
		const struct digest_run *r = &d->runs[i];
		double time = r->time >= 0 && r->time < 1e12 ? r->time : 0,
		       end = r->end >= 0 && r->end < 1e9 ? r->end : 0;

		fprintf(out, "%s{\"time\":%.6f,\"audit\":%u,\"cwd\":%u,\"program\":%u,\"name\":%u,",
			i ? "," : "", time, r->audit, r->cwd, r->program, r->name);
		fprintf(out, "\"cordon\":%u,\"tail\":%s,\"complete\":%s,\"status\":%d,", r->cordon,
			r->has_tail ? "true" : "false", r->complete ? "true" : "false", r->status);
		fprintf(out,
			"\"lost\":%llu,\"left\":%llu,\"messages\":%llu,\"end\":%.6f,\"argv\":[",
			(unsigned long long)r->lost, (unsigned long long)r->left_out,
			(unsigned long long)r->messages, end);
		for (size_t j = 0; j < r->argc; j++)
			fprintf(out, "%s%u", j ? "," : "", r->argv[j]);
		fputs("]}", out);
	}
	putc(']', out);
}

static void put_tables(const struct digest *d, FILE *out)
{
	fputs(",\"processes\":[", out);
	for (size_t i = 0; i < d->process_count; i++)
		fprintf(out, "%s[%u,%u,%u,%u]", i ? "," : "", d->processes[i].run,
			d->processes[i].space, d->processes[i].pid, d->processes[i].program);
	fputs("],\"rules\":[", out);
	for (size_t i = 0; i < d->rule_count; i++)
		fprintf(out, "%s[%u,%u,%u]", i ? "," : "", d->rules[i].file, d->rules[i].pointer,
			d->rules[i].pattern);
	putc(']', out);
}

/* ---- advice ---- */

/*
 * The same as `cordon run` says at the end: what a rule denies no grant can allow; to see that
 * something is there is seldom all that a program wants. What cannot be made an object of again has
 * none.
 */
static void advise(const struct digest *d, const struct digest_denial *n, struct cd_buf *flag,
		   struct cd_buf *line)
{
	enum cd_op op = n->op == CD_OP_FS_STAT ? CD_OP_FS_READ : (enum cd_op)n->op;
	struct cd_object object;

	if (n->rule || mon_object_parse(op, digest_text(d, n->object), &object) != CD_OK)
		return;
	mon_advise_flag(op, &object, flag);
	mon_advise_policy(op, &object, line);
}

static void put_denials(const struct digest *d, FILE *out)
{
	char flag[4 * CD_PATH_MAX], line[8 * CD_PATH_MAX];

	fputs(",\"denials\":[", out);
	for (size_t i = 0; i < d->denial_count; i++) {
		const struct digest_denial *n = &d->denials[i];
		struct cd_buf flags, lines;

		cd_buf_init(&flags, flag, sizeof(flag));
		cd_buf_init(&lines, line, sizeof(line));
		if (n->op < CD_OP_COUNT)
			advise(d, n, &flags, &lines);
		fprintf(out, "%s{\"op\":\"%s\",\"object\":%u,\"address\":%u,\"rule\":%u,",
			i ? "," : "", n->op < CD_OP_COUNT ? cd_op_name((enum cd_op)n->op) : "?",
			n->object, n->address, n->rule);
		fprintf(out, "\"count\":%u,\"first\":%u,\"said\":%d", n->count, n->first,
			n->ask	    ? 3
			: n->inside ? 2
				    : n->absent);
		/* A cut advice would be another one. */
		put_named(out, "flag", flags.cut || lines.cut ? "" : flag);
		put_named(out, "line", flags.cut || lines.cut ? "" : line);
		putc('}', out);
	}
	fprintf(out, "],\"denials_left_out\":%zu", d->denials_left_out);
}

/* ---- rules that nothing used ---- */

static bool is_used(const struct digest *d, const struct mon_rule *rule)
{
	for (size_t i = 0; i < d->rule_count; i++)
		if (strcmp(digest_text(d, d->rules[i].pointer), rule->pointer) == 0 &&
		    strcmp(digest_text(d, d->rules[i].file), rule->source) == 0)
			return true;
	return false;
}

/* Those that grant something: a denial that nobody ran into does no harm. */
static void put_unused(const struct digest *d, const struct pol_policy *policy, FILE *out)
{
	const char *comma = "";

	fputs(policy ? ",\"unused\":[" : ",\"unused\":null", out);
	for (uint32_t i = 0; policy && i < mon_table_count(policy->table); i++) {
		struct mon_rule rule;
		struct cd_buf buf;
		char ops[512];

		mon_table_rule(policy->table, i, &rule);
		if (rule.verdict == CD_DENY || is_used(d, &rule))
			continue;
		cd_buf_init(&buf, ops, sizeof(ops));
		for (unsigned op = 0; op < CD_OP_COUNT; op++)
			if (rule.ops & CD_OPBIT(op))
				cd_buf_fmt(&buf, "%s%s", buf.len ? "," : "",
					   cd_op_name((enum cd_op)op));
		fprintf(out, "%s{\"ops\":\"%s\"", comma, ops);
		put_named(out, "pattern", rule.pattern);
		put_named(out, "source", rule.source);
		put_named(out, "pointer", rule.pointer);
		putc('}', out);
		comma = ",";
	}
	if (policy)
		fprintf(out, "],\"granting\":%u", mon_table_count(policy->table));
}

/* ---- the page ---- */

static void put_base64(const unsigned char *bytes, size_t len, FILE *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[4096] = "";
	size_t used = 0;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned three = (unsigned)bytes[i] << 16 |
				 (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0);

		text[used++] = digits[three >> 18];
		text[used++] = digits[three >> 12 & 63];
		text[used++] = left > 1 ? digits[three >> 6 & 63] : '=';
		text[used++] = left > 2 ? digits[three & 63] : '=';
		if (used > sizeof(text) - 4) {
			fwrite(text, 1, used, out);
			used = 0;
		}
	}
	fwrite(text, 1, used, out);
}

bool page_write(const struct digest *d, const char *title, const struct pol_policy *policy,
		FILE *out)
{
	fwrite(cli_page_head, 1, cli_page_head_len, out);
	fprintf(out,
		"<script type=\"application/json\" id=\"data\">{\"version\":1,\"records\":%zu,"
		"\"lines\":%lu,\"odd\":%lu,\"cut\":%s,\"broken_line\":%lu",
		d->records, d->lines, d->odd, d->cut ? "true" : "false", d->broken_line);
	put_named(out, "title", title);
	put_named(out, "broken", d->broken ? d->broken : "");
	put_runs(d, out);
	put_tables(d, out);
	put_denials(d, out);
	put_unused(d, policy, out);
	put_texts(d, out);
	fputs("}</script>\n<script type=\"text/plain\" id=\"columns\">", out);
	put_base64(d->columns, d->column_len, out);
	fputs("</script>\n", out);
	fwrite(cli_page_tail, 1, cli_page_tail_len, out);
	return !ferror(out);
}
