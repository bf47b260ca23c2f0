/* The command line's short form. */
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/policy/support.h"

#define allows(policy, question)                                                                   \
	cr_assert_eq(policy_verdict(policy, question), MON_ALLOW, "%s", question)
#define asks(policy, question)                                                                     \
	cr_assert_eq(policy_verdict(policy, question), MON_ASK, "%s", question)
#define denies(policy, question)                                                                   \
	cr_assert_eq(policy_verdict(policy, question), MON_DENY, "%s", question)

Test(flags, a_path_means_itself_and_all_below)
{
	struct pol_policy *policy = policy_of_flags("allow-read=/data", NULL);

	allows(policy, "fs.read /data");
	allows(policy, "fs.read /data/a/b");
	allows(policy, "fs.stat /data/a");
	denies(policy, "fs.read /data2");
	denies(policy, "fs.write /data/a");
	pol_policy_free(policy);
}

Test(flags, an_existing_file_means_itself_alone)
{
	char flag[160], question[160];
	const char *path = write_text("file", "x");
	struct pol_policy *policy;

	snprintf(flag, sizeof(flag), "allow-read=%s", path);
	policy = policy_of_flags(flag, NULL);
	snprintf(question, sizeof(question), "fs.read %s", path);
	allows(policy, question);
	strcat(question, "/below");
	denies(policy, question);
	pol_policy_free(policy);
}

Test(flags, values_are_separated_by_commas)
{
	struct pol_policy *policy = policy_of_flags(
	    "allow-read=/a,/b", "allow-net=a.example:1,10.0.0.1:2", "allow-env=X,Y*", NULL);

	allows(policy, "fs.read /a/x");
	allows(policy, "fs.read /b/x");
	allows(policy, "net.connect a.example:1");
	allows(policy, "net.send 10.0.0.1:2");
	cr_assert(pol_env_passes(policy, "X", 1));
	cr_assert(pol_env_passes(policy, "YY", 2));
	pol_policy_free(policy);
}

Test(flags, each_flag_grants_or_denies_its_operations)
{
	struct pol_policy *policy = policy_of_flags("allow-write=/w", "allow-run=/x",
						    "allow-exec=/e", "allow-listen=:80", NULL);

	allows(policy, "fs.write /w/a");
	allows(policy, "fs.create /w/a");
	allows(policy, "fs.remove /w/a");
	allows(policy, "fs.stat /w/a");
	denies(policy, "fs.read /w/a");
	allows(policy, "fs.exec /x/a");
	allows(policy, "fs.read /x/a");
	denies(policy, "fs.write /x/a");
	allows(policy, "fs.exec /e/a");
	allows(policy, "net.listen 0.0.0.0:80");
	denies(policy, "net.connect 10.0.0.1:80");
	pol_policy_free(policy);
	policy = policy_of_flags("allow=*:/**", "allow-net=:*", "allow-listen=:*", "deny-read=/r",
				 "deny-write=/w", "deny-run=/x", "deny-exec=/e",
				 "deny-net=10.0.0.1", NULL);
	denies(policy, "fs.read /r/a");
	allows(policy, "fs.stat /r/a");
	allows(policy, "fs.write /r/a");
	denies(policy, "fs.write /w/a");
	denies(policy, "fs.create /w/a");
	denies(policy, "fs.remove /w/a");
	allows(policy, "fs.read /w/a");
	denies(policy, "fs.exec /x/a");
	allows(policy, "fs.read /x/a");
	denies(policy, "fs.exec /e/a");
	denies(policy, "net.connect 10.0.0.1:1");
	denies(policy, "net.send 10.0.0.1:1");
	denies(policy, "net.listen 10.0.0.1:1");
	allows(policy, "net.connect 10.0.0.2:1");
	pol_policy_free(policy);
}

Test(flags, net_without_a_value_is_any_host)
{
	struct pol_policy *policy = policy_of_flags("allow-net", NULL);

	allows(policy, "net.connect 192.0.2.1:1");
	denies(policy, "net.listen 192.0.2.1:1");
	denies(policy, "net.connect unix:/x");
	pol_policy_free(policy);
}

Test(flags, the_general_flags_take_a_policys_pattern)
{
	struct pol_policy *policy = policy_of_flags(
	    "allow=fs.read:${HOME}/a,b", "ask=fs.*:/ask/**", "deny=fs.read:/ask/*/x",
	    "allow=net.connect:[::1]:80", "allow=proc.signal:1*", NULL);

	allows(policy, "fs.read /home/u/a,b");
	denies(policy, "fs.read /home/u/a,b/below");
	asks(policy, "fs.create /ask/x");
	denies(policy, "fs.read /ask/y/x");
	allows(policy, "net.connect [::1]:80");
	allows(policy, "proc.signal 12");
	pol_policy_free(policy);
}

Test(flags, relative_paths_begin_at_the_working_directory)
{
	struct pol_policy *policy =
	    policy_of_flags("allow-read=sub/x", "allow-write=.", "allow-run=./a/./b//c/", NULL);

	allows(policy, "fs.read /home/u/work/sub/x/y");
	allows(policy, "fs.write /home/u/work/new");
	allows(policy, "fs.exec /home/u/work/a/b/c");
	pol_policy_free(policy);
}

Test(flags, existing_paths_are_resolved_and_the_tail_is_kept)
{
	char flag[160], question[160], path[128];
	struct pol_policy *policy;

	snprintf(path, sizeof(path), "%s/real", test_dir());
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/link", test_dir());
	cr_assert_eq(symlink("real", path), 0);
	snprintf(flag, sizeof(flag), "allow-read=%s/link/new/deep", test_dir());
	policy = policy_of_flags(flag, NULL);
	snprintf(question, sizeof(question), "fs.read %s/real/new/deep/x", test_dir());
	allows(policy, question);
	pol_policy_free(policy);
	snprintf(flag, sizeof(flag), "allow-read=%s/link/../link/*.txt", test_dir());
	policy = policy_of_flags(flag, NULL);
	snprintf(question, sizeof(question), "fs.read %s/real/a.txt", test_dir());
	allows(policy, question);
	pol_policy_free(policy);
}

Test(flags, a_star_in_a_path_is_a_wildcard)
{
	struct pol_policy *policy =
	    policy_of_flags("allow-read=/data/*.txt", "allow-write=/out/**", NULL);
	struct mon_rule rule;

	allows(policy, "fs.read /data/a.txt");
	denies(policy, "fs.read /data/a.pdf");
	mon_table_rule(policy->table, 1, &rule);
	cr_assert_str_eq(rule.pattern, "/out/**");
	cr_assert_str_eq(rule.source, "command line");
	cr_assert_str_eq(rule.pointer, "--allow-write=/out/**");
	pol_policy_free(policy);
}

Test(flags, the_root_can_be_named)
{
	struct pol_policy *policy = policy_of_flags("allow-read=/", NULL);

	allows(policy, "fs.read /");
	allows(policy, "fs.read /etc/shadow");
	denies(policy, "fs.read /home/u/.ssh/id");
	pol_policy_free(policy);
}

Test(flags, naming_a_secret_grants_it)
{
	struct pol_policy *policy =
	    policy_of_flags("allow-read=/home/u", "allow-read=/home/u/.ssh", NULL);

	allows(policy, "fs.read /home/u/.ssh/id");
	denies(policy, "fs.read /home/u/.aws/credentials");
	pol_policy_free(policy);
}

Test(flags, mounts_grant_what_they_mount)
{
	struct pol_policy *policy =
	    policy_of_flags("ro=/opt/ro", "rw=/opt/rw", "bind=/srv/a:/data",
			    "ro-bind=/srv/b:/etc/b", "tmpfs=/scratch", NULL);
	static const struct pol_view want[] = {
	    {POL_VIEW_BIND, false, "/opt/ro", "/opt/ro", "command line", "--ro=/opt/ro"},
	    {POL_VIEW_BIND, true, "/opt/rw", "/opt/rw", "command line", "--rw=/opt/rw"},
	    {POL_VIEW_BIND, true, "/data", "/srv/a", "command line", "--bind=/srv/a:/data"},
	    {POL_VIEW_BIND, false, "/etc/b", "/srv/b", "command line", "--ro-bind=/srv/b:/etc/b"},
	    {POL_VIEW_PRIVATE, false, "/scratch", NULL, "command line", "--tmpfs=/scratch"},
	};

	cr_assert_eq(policy->view_count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct pol_view *view = &policy->views[i];

		cr_assert_eq(view->kind, want[i].kind);
		cr_assert_eq(view->writable, want[i].writable);
		cr_assert_str_eq(view->dest, want[i].dest);
		cr_assert(want[i].from ? strcmp(view->from, want[i].from) == 0 : !view->from);
		cr_assert_str_eq(view->pointer, want[i].pointer);
	}
	allows(policy, "fs.exec /opt/ro/a");
	denies(policy, "fs.write /opt/ro/a");
	allows(policy, "fs.write /opt/rw/a");
	allows(policy, "fs.create /data/a");
	denies(policy, "fs.read /srv/a");
	allows(policy, "fs.read /etc/b");
	denies(policy, "fs.remove /etc/b/a");
	allows(policy, "fs.remove /scratch/a");
	pol_policy_free(policy);
}

Test(flags, a_mounted_file_is_granted_alone)
{
	char flag[160];
	struct pol_policy *policy;

	snprintf(flag, sizeof(flag), "ro-bind=%s:/etc/hosts", write_text("hosts", ""));
	policy = policy_of_flags(flag, NULL);
	allows(policy, "fs.read /etc/hosts");
	denies(policy, "fs.read /etc/hosts/x");
	pol_policy_free(policy);
}

Test(flags, flags_win_over_files_whatever_the_order)
{
	struct pol_draft *draft = new_draft();
	struct pol_policy *policy;
	struct pol_error error;

	cr_assert_eq(pol_draft_flag(draft, "limit", "memory=1G", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "audit", "syscalls", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "on-deny", "kill", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "setenv", "A=flag", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "tmpfs", "/v", &error), CD_OK);
	cr_assert_eq(
	    pol_draft_file(draft,
			   write_text("p.json",
				      "{\"version\": 1, \"limits\": {\"memory\": 1, \"processes\": "
				      "2}, \"audit\": \"all\", \"on_deny\": \"hide\","
				      "\"env\": {\"set\": {\"A\": \"file\", \"B\": \"file\"}}, "
				      "\"view\": {\"/v\": {\"from\": \"/x\"}}}"),
			   &error),
	    CD_OK);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	cr_assert_eq(policy->limits.memory, 1u << 30);
	cr_assert_eq(policy->limits.processes, 2);
	cr_assert_eq(policy->audit, POL_AUDIT_SYSCALLS);
	cr_assert_eq(policy->on_deny, POL_DENY_KILL);
	cr_assert_eq(policy->env_set_count, 2);
	cr_assert_str_eq(policy->env_set[0], "A=flag");
	cr_assert_eq(policy->view_count, 1);
	cr_assert_eq(policy->views[0].kind, POL_VIEW_PRIVATE);
	pol_policy_free(policy);
	pol_draft_free(draft);
}

Test(flags, the_environment_can_be_set_unset_and_denied)
{
	struct pol_policy *policy =
	    policy_of_flags("allow-env=A*,B", "setenv=S=", "setenv=T=x=y", "unsetenv=AX",
			    "unsetenv=T", "deny-env=AY*", NULL);

	cr_assert(pol_env_passes(policy, "AB", 2));
	cr_assert(pol_env_passes(policy, "B", 1));
	cr_assert_not(pol_env_passes(policy, "AX", 2));
	cr_assert_not(pol_env_passes(policy, "AYZ", 3));
	cr_assert_eq(policy->env_set_count, 1);
	cr_assert_str_eq(policy->env_set[0], "S=");
	pol_policy_free(policy);
}

Test(flags, each_mistake_is_one_clear_error)
{
	static const struct {
		const char *name, *value, *problem, *remedy;
	} cases[] = {
	    {"allow-read", NULL, "value is missing", ""},
	    {"allow-read", "", "path is missing", ""},
	    {"allow-read", "/a,,/b", "path is missing", ""},
	    {"allow-read", "/nonexistent/../x", "\"..\"", ""},
	    {"allow-read", "/a**", "last component", ""},
	    {"allow-read", "/\xff", "UTF-8", ""},
	    {"allow-net", "", "empty", ""},
	    {"allow-net", "a:b:c", "brackets", ""},
	    {"allow-net", "10.0.0.1/8", "below its prefix", ""},
	    {"allow-env", "A=B", "not the name", ""},
	    {"allow", "fs.read", "not of this form", "OP:PATTERN"},
	    {"allow", "fs.raed:/x", "unknown operation", "fs.read"},
	    {"deny", "fs.read:x", "not absolute", ""},
	    {"bind", "/a", "not of this form", "SOURCE:DESTINATION"},
	    {"bind", ":/a", "not of this form", ""},
	    {"bind", "/a:", "not of this form", ""},
	    {"bind", "/a:/b/../c", "\"..\"", ""},
	    {"ro", "/a*", "\"*\"", ""},
	    {"tmpfs", "/a*", "\"*\"", ""},
	    {"setenv", "A", "not of this form", "NAME=VALUE"},
	    {"setenv", "=x", "not of this form", ""},
	    {"setenv", "A*=x", "not the name", ""},
	    {"unsetenv", "A=x", "not the name", ""},
	    {"limit", "memory", "not of this form", "NAME=VALUE"},
	    {"limit", "memry=1", "unknown limit", "memory"},
	    {"limit", "memory=1X", "not a size", ""},
	    {"limit", "memory=0", "is 0", ""},
	    {"limit", "processes=1K", "not a number", ""},
	    {"audit", "al", "unknown kind of audit", "\"all\""},
	    {"on-deny", "", "unknown answer", ""},
	    {"no-such-flag", "x", "no flag", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pol_error error = flag_error(cases[i].name, cases[i].value);
		char pointer[128];

		snprintf(pointer, sizeof(pointer), "--%s%s%s", cases[i].name,
			 cases[i].value ? "=" : "", cases[i].value ? cases[i].value : "");
		if (strcmp(cases[i].name, "no-such-flag") == 0)
			pointer[0] = '\0', strcpy(error.file, "-");
		check_error(&error, 0, pointer, cases[i].problem, cases[i].remedy);
	}
}

Test(flags, an_unknown_flag_is_told_from_a_bad_value)
{
	struct pol_draft *draft = new_draft();
	struct pol_error error;

	cr_assert_eq(pol_draft_flag(draft, "allow-everything", "x", &error), CD_ENOENT);
	cr_assert_eq(pol_draft_flag(draft, "audit", "x", &error), CD_EINVAL);
	pol_draft_free(draft);
}

Test(flags, every_listed_name_is_a_flag)
{
	size_t count = 0;

	for (; pol_flag_names[count]; count++) {
		struct pol_draft *draft = new_draft();
		struct pol_error error;

		cr_assert_neq(pol_draft_flag(draft, pol_flag_names[count], "\x01", &error),
			      CD_ENOENT, "%s", pol_flag_names[count]);
		pol_draft_free(draft);
	}
	cr_assert_geq(count, 20);
}

Test(flags, a_relative_path_needs_a_working_directory_that_can_be_named)
{
	static const char *const cwds[] = {NULL, "/odd*name"};

	for (size_t i = 0; i < 2; i++) {
		struct pol_draft *draft = pol_draft_new(&(struct pol_vars){.cwd = cwds[i]});
		struct pol_error error;

		cr_assert_eq(pol_draft_flag(draft, "allow-read", "x", &error), CD_EINVAL);
		cr_assert(strstr(error.problem, "working directory"));
		cr_assert_eq(pol_draft_flag(draft, "allow-read", "/x", &error), CD_OK);
		pol_draft_free(draft);
	}
}
