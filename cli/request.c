/* The request for a space. */
#include "cli/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/path.h"

#define VERSION	    1
#define VIEWS_MAX   4096
#define WORDS_MAX   65536 /* arguments, variables */
#define RULES_MAX   65536
#define SECRETS_MAX 4096

/* What has a fixed size comes first; then the texts, each with its NUL, in the order of write(). */
struct head {
	uint32_t version, on_deny, audit, argc, envc, views, rules, secrets, fds;
	uint32_t directory_must, own_terminal;
	uint64_t port_ops;
	int32_t fd[HOST_FDS_MAX];
	struct pol_limits limits;
	struct host_pty like;
};

struct view_head {
	uint32_t kind, writable, has_from;
};

struct rule_head {
	uint32_t verdict;
	uint64_t ops;
};

/* ---- writing ---- */

static void put_text(FILE *out, const char *text)
{
	fwrite(text ? text : "", 1, strlen(text ? text : "") + 1, out);
}

static uint32_t count_words(char *const *words)
{
	uint32_t count = 0;

	while (words[count])
		count++;
	return count;
}

static void put_views(FILE *out, const struct pol_policy *policy)
{
	for (size_t i = 0; i < policy->view_count; i++) {
		const struct pol_view *view = &policy->views[i];
		const struct view_head head = {view->kind, view->writable, view->from != NULL};

		fwrite(&head, sizeof(head), 1, out);
		put_text(out, view->dest);
		put_text(out, view->from);
		put_text(out, view->source);
		put_text(out, view->pointer);
	}
}

static void put_rules(FILE *out, const struct mon_table *table)
{
	for (uint32_t i = 0; i < mon_table_count(table); i++) {
		struct rule_head head = {0};
		struct mon_rule rule;

		mon_table_rule(table, i, &rule);
		head.verdict = rule.verdict;
		head.ops = rule.ops;
		fwrite(&head, sizeof(head), 1, out);
		put_text(out, rule.pattern);
		put_text(out, rule.source);
		put_text(out, rule.pointer);
	}
	for (uint32_t i = 0; i < mon_table_protected_count(table); i++)
		put_text(out, mon_table_protected(table, i));
}

bool request_write(const struct run *run, int fd)
{
	const struct pol_policy *policy = run->policy;
	struct head head = {
	    .version = VERSION,
	    .on_deny = policy->on_deny,
	    .audit = policy->audit,
	    .argc = count_words(run->argv),
	    .envc = count_words(run->envp),
	    .views = (uint32_t)policy->view_count,
	    .rules = mon_table_count(policy->table),
	    .secrets = mon_table_protected_count(policy->table),
	    .fds = (uint32_t)run->fds.count,
	    .directory_must = run->directory != NULL,
	    .own_terminal = run->terminal.own,
	    .port_ops = run->port_ops,
	    .limits = policy->limits,
	    .like = run->terminal.like,
	};
	int copy = dup(fd);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	bool whole;

	if (!out) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	memcpy(head.fd, run->fds.fd, sizeof(head.fd));
	fwrite(&head, sizeof(head), 1, out);
	put_text(out, policy->name);
	put_text(out, run->name);
	put_text(out, run->directory ? run->directory : run->cwd);
	put_text(out, run->search);
	for (uint32_t i = 0; i < head.argc; i++)
		put_text(out, run->argv[i]);
	for (uint32_t i = 0; i < head.envc; i++)
		put_text(out, run->envp[i]);
	put_views(out, policy);
	put_rules(out, policy->table);
	whole = !ferror(out);
	return fclose(out) == 0 && whole;
}

/* ---- reading ---- */

struct reader {
	const char *at, *end;
	bool bad;
};

static void take(struct reader *r, void *out, size_t size)
{
	if ((size_t)(r->end - r->at) < size) {
		r->bad = true;
		memset(out, 0, size);
		return;
	}
	memcpy(out, r->at, size);
	r->at += size;
}

static const char *take_text(struct reader *r)
{
	const char *text = r->at, *nul = memchr(text, '\0', (size_t)(r->end - text));

	if (!nul) {
		r->bad = true;
		return "";
	}
	r->at = nul + 1;
	return text;
}

static bool is_proper(const char *path)
{
	for (const char *at = path; *at; at += strcspn(at + 1, "/") + 1)
		if (strcspn(at + 1, "/") > CD_NAME_MAX)
			return false;
	return cd_path_is_normal(path, strlen(path));
}

/* As names of hosts are: the space is called so. */
static bool is_name(const char *name)
{
	size_t n =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

	return n == strlen(name) && n < 64;
}

static char **take_words(struct reader *r, uint32_t count)
{
	char **words = count <= WORDS_MAX ? calloc(count + 1, sizeof(*words)) : NULL;

	for (uint32_t i = 0; words && i < count && !r->bad; i++)
		words[i] = (char *)take_text(r);
	return words;
}

static const char *take_views(struct reader *r, struct pol_policy *policy, uint32_t count)
{
	struct pol_view *views = count <= VIEWS_MAX ? calloc(count + 1, sizeof(*views)) : NULL;

	if (!views)
		return "it shows too much";
	policy->views = views;
	policy->view_count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct view_head head;

		take(r, &head, sizeof(head));
		views[i] = (struct pol_view){.kind = head.kind, .writable = head.writable};
		views[i].dest = take_text(r);
		views[i].from = take_text(r);
		views[i].source = take_text(r);
		views[i].pointer = take_text(r);
		if (!head.has_from)
			views[i].from = NULL;
		if (r->bad || head.kind > POL_VIEW_COW || !is_proper(views[i].dest) ||
		    (head.kind == POL_VIEW_PRIVATE) != !views[i].from ||
		    (views[i].from && !is_proper(views[i].from)))
			return "what it is to show has no proper name";
	}
	return NULL;
}

static const char *take_rules(struct reader *r, struct mon_builder *builder,
			      const struct head *head)
{
	const char *why = NULL;

	if (head->rules > RULES_MAX || head->secrets > SECRETS_MAX)
		return "it has too many rules";
	for (uint32_t i = 0; i < head->rules; i++) {
		struct rule_head rule_head;
		struct mon_rule rule;

		take(r, &rule_head, sizeof(rule_head));
		rule = (struct mon_rule){.verdict = rule_head.verdict, .ops = rule_head.ops};
		rule.pattern = take_text(r);
		rule.source = take_text(r);
		rule.pointer = take_text(r);
		if (r->bad || rule_head.verdict > CD_ALLOW || rule.ops & ~CD_OPS_ALL)
			return "a rule of it is cut off";
		if (mon_builder_add(builder, &rule, &why) != CD_OK)
			return why ? why : "out of memory";
	}
	for (uint32_t i = 0; i < head->secrets && !r->bad; i++)
		if (mon_builder_protect(builder, take_text(r), &why) != CD_OK)
			return why ? why : "out of memory";
	return NULL;
}

static const char *take_policy(struct reader *r, struct pol_policy *policy, const struct head *head)
{
	struct mon_builder *builder = mon_builder_new();
	const char *why = builder ? take_views(r, policy, head->views) : "out of memory";

	if (!why)
		why = take_rules(r, builder, head);
	if (!why && (r->bad || r->at != r->end))
		why = "it does not end where it should";
	if (!why && mon_builder_compile(builder, &policy->table) != CD_OK)
		why = "its rules are too many, or too wide";
	mon_builder_free(builder);
	return why;
}

static const char *take_fds(struct host_fds *fds, const struct head *head)
{
	if (head->fds > HOST_FDS_MAX)
		return "it passes too many descriptors on";
	fds->count = head->fds;
	for (size_t i = 0; i < fds->count; i++) {
		fds->fd[i] = head->fd[i];
		if (fds->fd[i] < 3 || fds->fd[i] > REQUEST_FD_MAX ||
		    (i && fds->fd[i] <= fds->fd[i - 1]))
			return "within a space --fd takes numbers from 3 to 255";
	}
	return NULL;
}

/* Of a bool that came as a byte, which may hold anything. */
static bool is_set(const bool *untrusted)
{
	unsigned char byte;

	memcpy(&byte, untrusted, 1);
	return byte != 0;
}

static const char *parse(struct run *run, const char *bytes, size_t size)
{
	struct reader r = {bytes, bytes + size, false};
	struct pol_policy *policy;
	struct head head;
	const char *why;

	take(&r, &head, sizeof(head));
	if (r.bad || head.version != VERSION || head.on_deny > POL_DENY_KILL ||
	    head.audit > POL_AUDIT_SYSCALLS)
		return "it is of another version of cordon";
	why = take_fds(&run->fds, &head);
	run->policy = policy = calloc(1, sizeof(*policy));
	if (!policy)
		return "out of memory";
	policy->on_deny = (enum pol_on_deny)head.on_deny;
	policy->audit = (enum pol_audit)head.audit;
	policy->limits = head.limits;
	policy->name = take_text(&r);
	run->name = take_text(&r);
	run->directory = take_text(&r);
	run->directory_must = head.directory_must;
	run->search = take_text(&r);
	run->argv = take_words(&r, head.argc);
	run->envp = take_words(&r, head.envc);
	run->terminal.own = head.own_terminal;
	run->port_ops = head.port_ops & CD_NESTER_ALL;
	run->terminal.like = head.like;
	run->terminal.like.has_modes = is_set(&head.like.has_modes);
	run->terminal.like.typed_unseen = is_set(&head.like.typed_unseen);
	if (why)
		return why;
	if (r.bad || !run->argv || !run->argv[0] || !run->envp || !is_name(run->name))
		return "it is cut off";
	if (!run->name[0])
		run->name = NULL;
	return take_policy(&r, policy, &head);
}

enum cd_status request_read(struct run *run, int fd, const char **why)
{
	struct stat st;
	char *bytes;
	size_t size = 0;
	ssize_t n = 0;

	*why = "it is no file";
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct head))
		return CD_EINVAL;
	*why = "it is too long";
	if (st.st_size > REQUEST_SIZE_MAX)
		return CD_EINVAL;
	bytes = malloc((size_t)st.st_size);
	if (!bytes)
		return CD_ENOMEM;
	/* Once: whoever asked may go on writing. */
	while (size < (size_t)st.st_size &&
	       ((n = pread(fd, bytes + size, (size_t)st.st_size - size, (off_t)size)) > 0 ||
		(n < 0 && errno == EINTR)))
		size += n > 0 ? (size_t)n : 0;
	*why = parse(run, bytes, size);
	return *why ? CD_EINVAL : CD_OK;
}
