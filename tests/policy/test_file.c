/* The language: what a policy file says, and what is wrong with one. */
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cordon/limits.h"
#include "tests/policy/support.h"

#define allows(policy, question)                                                                   \
	cr_assert_eq(policy_verdict(policy, question), MON_ALLOW, "%s", question)
#define asks(policy, question)                                                                     \
	cr_assert_eq(policy_verdict(policy, question), MON_ASK, "%s", question)
#define denies(policy, question)                                                                   \
	cr_assert_eq(policy_verdict(policy, question), MON_DENY, "%s", question)

static const char full[] =
    "{\n"
    "  \"version\": 1,\n"
    "  \"name\": \"pdf-tool\",\n"
    "  \"extends\": [\"base\"],\n"
    "  \"allow\": {\n"
    "    \"fs.read\":     [\"${CWD}/**\"],\n"
    "    \"fs.write\":    [\"${CWD}/out/**\"],\n"
    "    \"net.connect\": [\"example.org:443\", \"10.0.0.0/8:8000-8999\", \"udp://1.1.1.1:53\"],\n"
    "    \"net.listen\":  [\"127.0.0.1:8080\"]\n"
    "  },\n"
    "  \"ask\":  { \"fs.read\": [\"${HOME}/Documents/**\"] },\n"
    "  \"deny\": { \"fs.*\": [\"${HOME}/work/.git/**\"] },\n"
    "  \"view\": {\n"
    "    \"/tmp\":  { \"private\": true },\n"
    "    \"/data\": { \"from\": \"/srv/data\", \"mode\": \"ro\" },\n"
    "    \"/deft\": { \"from\": \"/srv/data\" },\n"
    "    \"/rw\":   { \"from\": \"/srv/rw\", \"mode\": \"rw\" },\n"
    "    \"/src\":  { \"from\": \"${CWD}\", \"mode\": \"cow\" }\n"
    "  },\n"
    "  \"env\":    { \"pass\": [\"TERM\", \"LC_*\"], \"set\": { \"HOME\": \"${HOME}/x\" }, "
    "\"deny\": [\"LC_ALL\"] },\n"
    "  \"limits\": { \"memory\": \"512M\", \"processes\": 64, \"cpu_seconds\": 60, "
    "\"wall_seconds\": 300,\n"
    "              \"open_files\": 256, \"file_size\": \"1G\", \"tmp_size\": 4096 },\n"
    "  \"audit\":  \"all\",\n"
    "  \"on_deny\": \"hide\",\n"
    "  \"tests\":  [ { \"op\": \"fs.read\", \"path\": \"/etc/shadow\", \"expect\": \"deny\" },\n"
    "              { \"op\": \"net.connect\", \"address\": \"10.1.1.1:8000\", \"expect\": "
    "\"allow\" },\n"
    "              { \"op\": \"proc.signal\", \"name\": \"42\", \"expect\": \"deny\" } ]\n"
    "}\n";

Test(policy_file, says_everything_the_language_has)
{
	struct pol_policy *policy = policy_of(full);

	cr_assert_str_eq(policy->name, "pdf-tool");
	allows(policy, "fs.read /home/u/work/a");
	denies(policy, "fs.write /home/u/work/a");
	allows(policy, "fs.write /home/u/work/out/a");
	denies(policy, "fs.read /home/u/work/.git/config");
	denies(policy, "fs.stat /home/u/work/.git");
	asks(policy, "fs.read /home/u/Documents/a");
	allows(policy, "net.connect example.org:443");
	allows(policy, "net.connect udp://1.1.1.1:53");
	allows(policy, "net.listen 127.0.0.1:8080");
	allows(policy, "fs.exec /usr/bin/env");
	cr_assert_eq(policy->limits.memory, 512u << 20);
	cr_assert_eq(policy->limits.processes, 64);
	cr_assert_eq(policy->limits.cpu_seconds, 60);
	cr_assert_eq(policy->limits.wall_seconds, 300);
	cr_assert_eq(policy->limits.open_files, 256);
	cr_assert_eq(policy->limits.file_size, 1u << 30);
	cr_assert_eq(policy->limits.tmp_size, 4096);
	cr_assert_eq(policy->audit, POL_AUDIT_ALL);
	cr_assert_eq(policy->on_deny, POL_DENY_HIDE);
	cr_assert_eq(policy->test_count, 3);
	cr_assert_eq(pol_policy_test(policy, NULL, NULL), 0);
	pol_policy_free(policy);
}

static const struct pol_view *view_at(const struct pol_policy *policy, const char *dest)
{
	for (size_t i = 0; i < policy->view_count; i++) {
		if (strcmp(policy->views[i].dest, dest) == 0)
			return &policy->views[i];
	}
	cr_assert_fail("no view at %s", dest);
	return NULL;
}

Test(policy_file, views_have_their_kinds_and_origins)
{
	struct pol_policy *policy = policy_of(full);

	cr_assert_eq(view_at(policy, "/tmp")->kind, POL_VIEW_PRIVATE);
	cr_assert_null(view_at(policy, "/tmp")->from);
	cr_assert_eq(view_at(policy, "/data")->kind, POL_VIEW_BIND);
	cr_assert_not(view_at(policy, "/data")->writable);
	cr_assert_not(view_at(policy, "/deft")->writable);
	cr_assert(view_at(policy, "/rw")->writable);
	cr_assert_eq(view_at(policy, "/src")->kind, POL_VIEW_COW);
	cr_assert_str_eq(view_at(policy, "/src")->from, "/home/u/work");
	cr_assert_str_eq(view_at(policy, "/src")->pointer, "/view/~1src");
	cr_assert_eq(view_at(policy, "/dev/shm")->kind, POL_VIEW_PRIVATE);
	cr_assert_str_eq(view_at(policy, "/dev/shm")->source, "group:tmp");
	pol_policy_free(policy);
}

Test(policy_file, environment_passes_sets_and_denies)
{
	struct pol_policy *policy = policy_of(full);

	cr_assert(pol_env_passes(policy, "TERM", 4));
	cr_assert(pol_env_passes(policy, "LC_TIME", 7));
	cr_assert(pol_env_passes(policy, "PATH", 4));
	cr_assert_not(pol_env_passes(policy, "LC_ALL", 6));
	cr_assert_not(pol_env_passes(policy, "HOME", 4));
	cr_assert_not(pol_env_passes(policy, "TERMX", 5));
	cr_assert_not(pol_env_passes(policy, "SECRET", 6));
	cr_assert_eq(policy->env_set_count, 1);
	cr_assert_str_eq(policy->env_set[0], "HOME=/home/u/x");
	pol_policy_free(policy);
}

Test(policy_file, rules_know_where_they_came_from)
{
	struct pol_policy *policy =
	    policy_of("{\"version\": 1, \"allow\": {\"fs.read\": [\"/a\", \"/b\"]}}");
	struct mon_rule rule;

	cr_assert_eq(mon_table_count(policy->table), 2);
	mon_table_rule(policy->table, 1, &rule);
	cr_assert_str_eq(rule.pattern, "/b");
	cr_assert_str_eq(rule.pointer, "/allow/fs.read/1");
	cr_assert(strstr(rule.source, "/policy.json"));
	cr_assert_str_eq(policy->name, "policy");
	pol_policy_free(policy);
}

Test(policy_file, the_smallest_policy_allows_nothing)
{
	struct pol_policy *policy = policy_of("{\"version\": 1}");

	cr_assert_eq(mon_table_count(policy->table), 0);
	denies(policy, "fs.stat /");
	cr_assert_eq(policy->limits.memory, 0);
	cr_assert_eq(policy->audit, POL_AUDIT_DENIED);
	cr_assert_eq(policy->on_deny, POL_DENY_ERRNO);
	pol_policy_free(policy);
}

Test(policy_file, variables_stand_for_their_values)
{
	struct pol_policy *policy =
	    policy_of("{\"version\": 1, \"allow\": {\"fs.read\": [\"${TMP}/x-${UID}/**\", "
		      "\"${PROGRAM}\"], \"net.connect\": [\"unix:/run/user/${UID}/s\"]}}");

	allows(policy, "fs.read /tmp/x-1000/a");
	allows(policy, "fs.read /opt/prog");
	allows(policy, "net.connect unix:/run/user/1000/s");
	pol_policy_free(policy);
}

Test(policy_file, two_dollars_keep_a_brace_from_being_a_variable)
{
	struct pol_policy *policy =
	    policy_of("{\"version\": 1, \"allow\": {\"fs.read\": [\"/a/$${HOME}\", "
		      "\"/b/$$${x}\", \"/c/$1$$\"]}}");

	allows(policy, "fs.read /a/${HOME}");
	allows(policy, "fs.read /b/$${x}");
	allows(policy, "fs.read /c/$1$$");
	pol_policy_free(policy);
}

static struct pol_draft *draft_with(struct pol_vars vars)
{
	struct pol_draft *draft = pol_draft_new(&vars);

	cr_assert_not_null(draft);
	return draft;
}

Test(policy_file, a_home_that_is_the_root_adds_no_second_slash)
{
	struct pol_draft *draft = draft_with((struct pol_vars){.home = "/"});
	struct pol_error error;

	cr_assert_eq(
	    pol_draft_file(
		draft,
		write_text(
		    "p",
		    "{\"version\": 1, \"allow\": {\"fs.read\": [\"${HOME}/x\", \"${HOME}\"]}}"),
		&error),
	    CD_OK, "%s", error.problem);
	pol_draft_free(draft);
}

Test(policy_file, variables_follow_symbolic_links)
{
	char link[128], home[128];
	struct pol_draft *draft;
	struct pol_policy *policy;
	struct pol_error error;

	snprintf(home, sizeof(home), "%s/real", test_dir());
	snprintf(link, sizeof(link), "%s/link", test_dir());
	cr_assert_eq(mkdir(home, 0700), 0);
	cr_assert_eq(symlink("real", link), 0);
	draft = draft_with((struct pol_vars){.home = link});
	cr_assert_eq(
	    pol_draft_file(
		draft,
		write_text("p", "{\"version\": 1, \"allow\": {\"fs.read\": [\"${HOME}/**\"]}}"),
		&error),
	    CD_OK);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	strcat(home, "/file");
	strcat(strcpy(link, "fs.read "), home);
	allows(policy, link);
	strcat(link, "/../.ssh");
	snprintf(link, sizeof(link), "fs.read %s/real/.ssh", test_dir());
	denies(policy, link);
	pol_policy_free(policy);
	pol_draft_free(draft);
}

static struct pol_error error_with(struct pol_vars vars, const char *text)
{
	struct pol_draft *draft = draft_with(vars);
	struct pol_error error;

	cr_assert_eq(pol_draft_file(draft, write_text("p.json", text), &error), CD_EINVAL);
	pol_draft_free(draft);
	return error;
}

Test(policy_file, a_variable_without_a_usable_value_is_an_error)
{
	static const char text[] = "{\"version\": 1, \"allow\": {\"fs.read\": [\"${HOME}/x\"]}}";
	struct pol_error error = error_with((struct pol_vars){.home = NULL}, text);

	check_error(&error, 1, "/allow/fs.read/0", "${HOME} has no value", "");
	error = error_with((struct pol_vars){.home = "/we*rd"}, text);
	check_error(&error, 1, "/allow/fs.read/0", "holds a \"*\"", "");
	error = error_with((struct pol_vars){.home = "relative"}, text);
	check_error(&error, 1, "/allow/fs.read/0", "${HOME} has no value", "");
}

/* --- errors: each with line, pointer, problem and remedy --- */

static const struct {
	const char *text;
	unsigned line;
	const char *pointer, *problem, *remedy;
} mistakes[] = {
    /* shape */
    {"", 1, "", "near end of file", "close"},
    {"[]", 1, "", "this is a list [...]", "write an object"},
    {"{}", 1, "", "no \"version\"", "add \"version\": 1"},
    {"{\"version\": 2}", 1, "/version", "version", "write 1"},
    {"{\"version\": \"1\"}", 1, "/version", "a string, not a whole number", ""},
    {"{\"version\": 1.0}", 1, "/version", "a fraction", ""},
    {"{\n \"version\": 1,\n \"alow\": {}\n}", 3, "/alow", "unknown key \"alow\"", "\"allow\""},
    {"{\"version\": 1,\n\"zzzzzzzz\": 1}", 2, "/zzzzzzzz", "unknown key", "remove it"},
    {"{\"version\": 1,\n \"version\": 1}", 2, "", "duplicate", "once"},
    {"{\"version\": 1,\n \"allow\": {\"fs.read\": [],\n \"fs.read\": []}}", 3, "", "duplicate",
     "once"},
    {"{\"version\": 1", 1, "", "expected", "close"},
    {"{\"version\": 1,}", 1, "", "expected", "JSON"},
    {"{\"version\": 1} x", 1, "", "expected", "remove what follows"},
    {"{'version': 1}", 1, "", "expected", "JSON"},
    {"{\"version\": 99999999999999999999}", 1, "", "too big", "smaller"},
    {"{\"version\": 1, \"name\": \"a\\u0000b\"}", 1, "", "u0000", "NUL"},
    {"{\"version\": 1, \"a\\u0000b\": 1}", 1, "", "NUL", "NUL"},
    {"{\"version\": 1, \"name\": \"\xff\"}", 1, "", "0xff", "UTF-8"},
    {"{\"version\": 1, \"name\": \"\"}", 1, "/name", "1 to 255", ""},
    {"{\"version\": 1, \"name\": 3}", 1, "/name", "a whole number, not a string", ""},
    {"{\"version\": 1, \"name\": null}", 1, "/name", "null, not a string", ""},
    /* rules */
    {"{\"version\": 1, \"allow\": []}", 1, "/allow", "a list [...], not an object", ""},
    {"{\"version\": 1, \"allow\": {\n\"fs.raed\": []}}", 2, "/allow/fs.raed", "unknown operation",
     "\"fs.read\""},
    {"{\"version\": 1, \"allow\": {\"fs.read\": \"/x\"}}", 1, "/allow/fs.read",
     "a string, not a list", ""},
    {"{\"version\": 1, \"allow\": {\"fs.read\": [1]}}", 1, "/allow/fs.read/0",
     "a whole number, not a string", ""},
    {"{\"version\": 1, \"allow\": {\"fs.read\": [\n\"/ok\",\n\"usr\"]}}", 3, "/allow/fs.read/1",
     "not absolute", "begin it with /"},
    {"{\"version\": 1, \"deny\": {\"fs.read\": [\"\"]}}", 1, "/deny/fs.read/0", "empty", ""},
    {"{\"version\": 1, \"ask\": {\"fs.read\": [\"/a/../b\"]}}", 1, "/ask/fs.read/0", "\"..\"", ""},
    {"{\"version\": 1, \"allow\": {\"fs.read\": [\"/a//b\"]}}", 1, "/allow/fs.read/0",
     "empty component", ""},
    {"{\"version\": 1, \"allow\": {\"fs.read\": [\"/**/b\"]}}", 1, "/allow/fs.read/0",
     "last component", "only at the end"},
    {"{\"version\": 1, \"allow\": {\"fs.read\": [\"${HOEM}/b\"]}}", 1, "/allow/fs.read/0",
     "unknown variable ${HOEM}", "${HOME}"},
    {"{\"version\": 1, \"allow\": {\"fs.read\": [\"${HOME/b\"]}}", 1, "/allow/fs.read/0",
     "without \"}\"", "close"},
    {"{\"version\": 1, \"allow\": {\"net.connect\": [\"a:99999\"]}}", 1, "/allow/net.connect/0",
     "port", "host:443"},
    {"{\"version\": 1, \"allow\": {\"net.connect\": [\"http://a\"]}}", 1, "/allow/net.connect/0",
     "scheme", ""},
    {"{\"version\": 1, \"allow\": {\"proc.signal\": [\"a b\"]}}", 1, "/allow/proc.signal/0",
     "not a word", ""},
    /* view */
    {"{\"version\": 1, \"view\": {\"/x\": {}}}", 1, "/view/~1x", "either private or from", ""},
    {"{\"version\": 1, \"view\": {\"/x\": {\"private\": false}}}", 1, "/view/~1x/private",
     "only be true", ""},
    {"{\"version\": 1, \"view\": {\"/x\": {\"private\": true, \"from\": \"/y\"}}}", 1, "/view/~1x",
     "either private or from", ""},
    {"{\"version\": 1, \"view\": {\"/x\": {\"private\": true, \"mode\": \"ro\"}}}", 1, "/view/~1x",
     "either private or from", ""},
    {"{\"version\": 1, \"view\": {\"/x\": {\"from\": \"/y\", \"mode\": \"rx\"}}}", 1,
     "/view/~1x/mode", "unknown mode", "\"ro\""},
    {"{\"version\": 1, \"view\": {\"/x\": {\"from\": 1}}}", 1, "/view/~1x/from", "not a string",
     ""},
    {"{\"version\": 1, \"view\": {\"x\": {\"private\": true}}}", 1, "/view/x", "not absolute", ""},
    {"{\"version\": 1, \"view\": {\"/x/*\": {\"private\": true}}}", 1, "/view/~1x~1*", "\"*\"", ""},
    {"{\"version\": 1, \"view\": {\"/x\": {\"from\": \"y\"}}}", 1, "/view/~1x", "not absolute", ""},
    {"{\"version\": 1, \"view\": {\"/x~\": {\"form\": \"/y\"}}}", 1, "/view/~1x~0/form",
     "unknown key", "\"from\""},
    {"{\"version\": 1, \"view\": {\"/x\": 1}}", 1, "/view/~1x", "not an object", ""},
    /* env */
    {"{\"version\": 1, \"env\": {\"pass\": [\"A=B\"]}}", 1, "/env/pass/0", "not the name",
     "PREFIX*"},
    {"{\"version\": 1, \"env\": {\"pass\": [\"\"]}}", 1, "/env/pass/0", "not the name", ""},
    {"{\"version\": 1, \"env\": {\"pass\": [\"*A\"]}}", 1, "/env/pass/0", "not the name", ""},
    {"{\"version\": 1, \"env\": {\"set\": {\"A*\": \"x\"}}}", 1, "/env/set/A*", "not the name",
     "NAME"},
    {"{\"version\": 1, \"env\": {\"set\": {\"A\": 1}}}", 1, "/env/set/A", "not a string", ""},
    {"{\"version\": 1, \"env\": {\"sett\": {}}}", 1, "/env/sett", "unknown key", "\"set\""},
    /* limits */
    {"{\"version\": 1, \"limits\": {\"memroy\": 1}}", 1, "/limits/memroy", "unknown limit",
     "\"memory\""},
    {"{\"version\": 1, \"limits\": {\"memory\": -1}}", 1, "/limits/memory", "negative", ""},
    {"{\"version\": 1, \"limits\": {\"memory\": 0}}", 1, "/limits/memory", "is 0", "leave it out"},
    {"{\"version\": 1, \"limits\": {\"memory\": 1.5}}", 1, "/limits/memory", "a fraction", ""},
    {"{\"version\": 1, \"limits\": {\"memory\": \"512MB\"}}", 1, "/limits/memory", "not a size",
     "512M"},
    {"{\"version\": 1, \"limits\": {\"memory\": \"\"}}", 1, "/limits/memory", "not a size", ""},
    {"{\"version\": 1, \"limits\": {\"memory\": \"M\"}}", 1, "/limits/memory", "not a size", ""},
    {"{\"version\": 1, \"limits\": {\"memory\": \"-1M\"}}", 1, "/limits/memory", "not a size", ""},
    {"{\"version\": 1, \"limits\": {\"memory\": \"99999999999999999999\"}}", 1, "/limits/memory",
     "too large", ""},
    {"{\"version\": 1, \"limits\": {\"memory\": \"9999999999G\"}}", 1, "/limits/memory",
     "too large", ""},
    {"{\"version\": 1, \"limits\": {\"processes\": \"64\"}}", 1, "/limits/processes",
     "a string, not a whole number", ""},
    /* the rest */
    {"{\"version\": 1, \"audit\": \"none\"}", 1, "/audit", "unknown kind of audit",
     "docs/policy.md"},
    {"{\"version\": 1, \"audit\": \"denid\"}", 1, "/audit", "unknown kind of audit", "\"denied\""},
    {"{\"version\": 1, \"on_deny\": \"hid\"}", 1, "/on_deny", "unknown answer", "\"hide\""},
    {"{\"version\": 1, \"on_deny\": true}", 1, "/on_deny", "true, not a string", ""},
    {"{\"version\": 1, \"tests\": {}}", 1, "/tests", "not a list", ""},
    {"{\"version\": 1, \"tests\": [1]}", 1, "/tests/0", "not an object", ""},
    {"{\"version\": 1, \"tests\": [{}]}", 1, "/tests/0", "no \"op\"", ""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"fs.read\"}]}", 1, "/tests/0", "no \"expect\"", ""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"fs.*\", \"path\": \"/\", \"expect\": \"deny\"}]}", 1,
     "/tests/0/op", "one operation", ""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"fs.reed\", \"path\": \"/\", \"expect\": \"deny\"}]}",
     1, "/tests/0/op", "unknown operation", "\"fs.read\""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"fs.read\", \"path\": \"/\", \"expect\": \"denny\"}]}",
     1, "/tests/0/expect", "unknown verdict", "\"deny\""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"fs.read\", \"address\": \"/\", \"expect\": "
     "\"deny\"}]}",
     1, "/tests/0", "takes \"path\"", ""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"fs.read\", \"path\": \"x\", \"expect\": \"deny\"}]}",
     1, "/tests/0/path", "not the path of one object", ""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"net.send\", \"address\": \"a\", \"expect\": "
     "\"deny\"}]}",
     1, "/tests/0/address", "not the address", ""},
    {"{\"version\": 1, \"tests\": [{\"op\": \"fs.read\", \"path\": \"/\", \"pth\": \"/\", "
     "\"expect\": \"deny\"}]}",
     1, "/tests/0/pth", "unknown key", "\"path\""},
};

Test(policy_file, each_mistake_is_one_clear_error)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct pol_error error = error_of(mistakes[i].text);

		cr_log_info("%s", mistakes[i].text);
		check_error(&error, mistakes[i].line, mistakes[i].pointer, mistakes[i].problem,
			    mistakes[i].remedy);
		cr_assert(strstr(error.file, "policy.json"));
	}
}

Test(policy_file, the_error_line_is_found_past_strings_that_look_like_json)
{
	struct pol_error error =
	    error_of("{\n\"name\": \"}]\\\",\\\\\",\n\"tests\":\n[\n],\n\"version\": 1,\n"
		     "\"env\": {\"set\": {\"A\": \"{[\"},\n\"p\\u0061ss\": [\n\"OK\",\n\"A=B\"]}}");

	check_error(&error, 10, "/env/pass/1", "not the name", "");
}

Test(policy_file, hostile_text_in_an_error_is_made_visible)
{
	struct pol_error error = error_of("{\"version\": 1, \"\\u001b[31m\\n\": 1}");
	char text[1024];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	pol_error_text(&error, &buf);
	cr_assert_not(strchr(text, '\x1b'));
	cr_assert_not(strchr(text, '\n'));
	cr_assert(strstr(text, "\\x1b[31m\\x0a"));
}

Test(policy_file, error_text_has_all_its_parts)
{
	struct pol_error error = {"a.json", 7, "/allow", "it is bad", "make it good"};
	char text[256];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	pol_error_text(&error, &buf);
	cr_assert_str_eq(text, "a.json:7: /allow: it is bad; make it good");
	error = (struct pol_error){.problem = "it is bad"};
	cd_buf_init(&buf, text, sizeof(text));
	pol_error_text(&error, &buf);
	cr_assert_str_eq(text, "it is bad");
}

static struct pol_error file_error(const char *path)
{
	struct pol_draft *draft = new_draft();
	struct pol_error error;

	cr_assert_neq(pol_draft_file(draft, path, &error), CD_OK);
	pol_draft_free(draft);
	return error;
}

Test(policy_file, a_depth_bomb_is_refused)
{
	enum { DEPTH = 100000 };
	char *text = malloc(2 * DEPTH);
	struct pol_error error;

	memset(text, '[', DEPTH);
	memset(text + DEPTH, ']', DEPTH);
	error = file_error(write_file("deep.json", text, 2 * DEPTH));
	check_error(&error, 1, "", "depth", "levels deep");
	memset(text, '[', 2 * DEPTH);
	error = file_error(write_file("deep.json", text, 2 * DEPTH));
	check_error(&error, 1, "", "depth", "levels deep");
	free(text);
}

Test(policy_file, a_nul_byte_in_the_text_is_refused)
{
	struct pol_error error = file_error(write_file("nul.json", "{\"version\": 1}\0", 15));

	cr_assert_eq(error.line, 1);
	error = file_error(write_file("nul.json", "{\"version\0\": 1}", 15));
	cr_assert_eq(error.line, 1);
	error = file_error(write_file("nul.json", "\0", 1));
	cr_assert_str_not_empty(error.problem);
}

Test(policy_file, a_file_over_the_size_bound_is_not_read)
{
	const char *path = write_text("big.json", "{\"version\": 1}");
	struct pol_error error;

	cr_assert_eq(truncate(path, CD_POLICY_SIZE_MAX + 1), 0);
	error = file_error(path);
	check_error(&error, 0, "", "larger than 4 MiB", "split");
}

Test(policy_file, only_a_regular_file_is_a_policy)
{
	char fifo[128], loop[128];
	struct pol_error error = file_error(test_dir());

	check_error(&error, 0, "", "not a regular file", "");
	snprintf(fifo, sizeof(fifo), "%s/fifo", test_dir());
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	error = file_error(fifo);
	check_error(&error, 0, "", "not a regular file", "");
	error = file_error("/dev/null");
	check_error(&error, 0, "", "not a regular file", "");
	snprintf(loop, sizeof(loop), "%s/loop", test_dir());
	cr_assert_eq(symlink("loop", loop), 0);
	error = file_error(loop);
	check_error(&error, 0, "", "symbolic links", "");
	error = file_error("/nonexistent/p.json");
	check_error(&error, 0, "", "No such file", "");
}

/* --- tests of policies --- */

struct reports {
	unsigned count;
	const struct pol_test *test;
	struct mon_decision got;
};

static void note_report(void *context, const struct pol_test *test, const struct mon_decision *got)
{
	struct reports *reports = context;

	reports->count++;
	reports->test = test;
	reports->got = *got;
}

Test(policy_file, a_failing_test_is_reported_with_what_was_decided)
{
	struct pol_policy *policy =
	    policy_of("{\"version\": 1, \"ask\": {\"fs.read\": [\"/a/**\"]}, \"tests\": ["
		      "{\"op\": \"fs.read\", \"path\": \"/a/b\", \"expect\": \"ask\"},"
		      "{\"op\": \"fs.read\", \"path\": \"/a/c\", \"expect\": \"allow\"},"
		      "{\"op\": \"fs.read\", \"path\": \"${HOME}\", \"expect\": \"deny\"}]}");
	struct reports reports = {0};

	cr_assert_eq(pol_policy_test(policy, note_report, &reports), 1);
	cr_assert_eq(reports.count, 1);
	cr_assert_str_eq(reports.test->object, "/a/c");
	cr_assert_str_eq(reports.test->pointer, "/tests/1");
	cr_assert_eq(reports.got.verdict, MON_ASK);
	cr_assert_eq(reports.got.rule, 0);
	pol_policy_free(policy);
}

Test(policy_file, freeing_nothing_is_allowed)
{
	pol_policy_free(NULL);
	pol_draft_free(NULL);
}
