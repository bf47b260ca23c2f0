/* The built-in groups. */
#include "policy/statement.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/policy/support.h"

#define allows(policy, question)                                                                   \
	cr_assert_eq(policy_verdict(policy, question), MON_ALLOW, "%s", question)
#define denies(policy, question)                                                                   \
	cr_assert_eq(policy_verdict(policy, question), MON_DENY, "%s", question)

static struct pol_policy *group(const char *name, const struct pol_vars *vars)
{
	struct pol_draft *draft = pol_draft_new(vars);
	struct pol_policy *policy;
	struct pol_error error;

	cr_assert_eq(pol_draft_group(draft, name, &error), CD_OK, "%s: %s: %s", name, error.pointer,
		     error.problem);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	pol_draft_free(draft);
	return policy;
}

Test(groups, each_is_a_valid_policy)
{
	size_t count = 0;

	for (; pol_groups[count].name; count++) {
		struct pol_policy *policy = group(pol_groups[count].name, &test_vars);

		cr_assert_gt(mon_table_count(policy->table), 0);
		cr_assert_str_eq(policy->name, pol_groups[count].name);
		pol_policy_free(policy);
	}
	cr_assert_geq(count, 9);
}

struct comparison {
	const struct pol_group *group;
	size_t count;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static enum cd_status compare_statement(void *context, const struct pol_statement *read,
					struct pol_error *error)
{
	struct comparison *comparison = context;
	const struct pol_statement *carried = &comparison->group->statements[comparison->count++];

	(void)error;
	cr_assert_leq(comparison->count, comparison->group->count);
	cr_assert(read->says == carried->says && read->choice == carried->choice &&
		      read->number == carried->number && same_text(read->text, carried->text) &&
		      same_text(read->value, carried->value) &&
		      same_text(read->pointer, carried->pointer),
		  "%s: statement %zu: %s", comparison->group->name, comparison->count, read->text);
	return CD_OK;
}

Test(groups, what_is_carried_is_what_the_text_says)
{
	for (const struct pol_group *group = pol_groups; group->name; group++) {
		struct comparison comparison = {group, 0};
		const struct pol_taker taker = {compare_statement, &comparison};
		struct pol_error error = {0};
		char source[64];

		snprintf(source, sizeof(source), "group:%s", group->name);
		cr_assert_str_eq(group->source, source);
		cr_assert_eq(
		    pol_read_document(source, group->text, strlen(group->text), &taker, &error),
		    CD_OK, "%s: %s", group->name, error.problem);
		cr_assert_eq(comparison.count, group->count, "%s", group->name);
	}
}

Test(groups, a_mistake_in_one_has_its_line)
{
	struct pol_draft *draft = pol_draft_new(&(struct pol_vars){.uid = 7});
	struct pol_error error;

	cr_assert_not_null(draft);
	cr_assert_eq(pol_draft_group(draft, "git", &error), CD_EINVAL);
	check_error(&error, 5, "/allow/fs.read/1", "${HOME} has no value", "");
	cr_assert_str_eq(error.file, "group:git");
	pol_draft_free(draft);
}

Test(groups, all_of_them_fit_together)
{
	struct pol_draft *draft = new_draft();
	struct pol_policy *policy;
	struct pol_error error;

	for (size_t i = 0; pol_groups[i].name; i++)
		cr_assert_eq(pol_draft_group(draft, pol_groups[i].name, &error), CD_OK, "%s",
			     error.problem);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK, "%s", error.problem);
	pol_policy_free(policy);
	pol_draft_free(draft);
}

Test(groups, an_unknown_one_gets_a_suggestion)
{
	struct pol_draft *draft = new_draft();
	struct pol_error error;

	cr_assert_eq(pol_draft_group(draft, "pyhton", &error), CD_EINVAL);
	cr_assert(strstr(error.remedy, "\"python\""));
	pol_draft_free(draft);
}

Test(groups, base_runs_the_systems_programs_and_shows_nothing_of_the_user)
{
	struct pol_policy *policy = group("base", &test_vars);

	allows(policy, "fs.exec /usr/bin/env");
	allows(policy, "fs.read /usr/lib/x86_64-linux-gnu/libc.so.6");
	allows(policy, "fs.exec /lib64/ld-linux-x86-64.so.2");
	allows(policy, "fs.read /etc/ld.so.cache");
	allows(policy, "fs.read /etc/java-17-openjdk/security/java.security");
	allows(policy, "fs.read /etc/passwd");
	allows(policy, "fs.write /dev/null");
	allows(policy, "fs.read /dev/urandom");
	allows(policy, "fs.write /dev/pts/3");
	allows(policy, "fs.stat /");
	allows(policy, "fs.stat /dev/kmsg");
	allows(policy, "fs.read /proc/self/maps");
	allows(policy, "fs.write /proc/42/oom_score_adj");
	allows(policy, "fs.create /tmp/x");
	allows(policy, "fs.remove /dev/shm/x");
	denies(policy, "fs.read /dev/kmsg");
	denies(policy, "fs.write /usr/bin/env");
	denies(policy, "fs.read /etc/shadow");
	denies(policy, "fs.read /etc/ssh/ssh_host_rsa_key");
	denies(policy, "fs.read /etc/ssl/private/key.pem");
	denies(policy, "fs.read /home/u/a");
	denies(policy, "fs.stat /home/u");
	denies(policy, "fs.read /root");
	denies(policy, "fs.read /var/log/syslog");
	denies(policy, "fs.read /run/user/1000");
	denies(policy, "fs.read /sys/kernel");
	denies(policy, "net.connect 192.0.2.1:443");
	denies(policy, "net.connect unix:/run/dbus/system_bus_socket");
	denies(policy, "space.create 1");
	cr_assert(pol_env_passes(policy, "PATH", 4));
	cr_assert(pol_env_passes(policy, "TERM", 4));
	cr_assert(pol_env_passes(policy, "LC_CTYPE", 8));
	cr_assert_not(pol_env_passes(policy, "HOME", 4));
	cr_assert_not(pol_env_passes(policy, "AWS_SECRET_ACCESS_KEY", 21));
	cr_assert_not(pol_env_passes(policy, "LD_PRELOAD", 10));
	cr_assert_eq(policy->view_count, 2);
	pol_policy_free(policy);
}

Test(groups, network_and_tls_are_separate)
{
	struct pol_policy *policy = group("network", &test_vars);

	allows(policy, "net.connect 192.0.2.1:443");
	allows(policy, "net.send 192.0.2.1:53");
	allows(policy, "fs.read /etc/resolv.conf");
	denies(policy, "net.listen 0.0.0.0:80");
	denies(policy, "net.connect unix:/run/x");
	denies(policy, "fs.read /etc/ssl/certs/ca.crt");
	pol_policy_free(policy);
	policy = group("tls", &test_vars);
	allows(policy, "fs.read /etc/ssl/certs/ca.crt");
	denies(policy, "fs.read /etc/ssl/private/key.pem");
	denies(policy, "net.connect 192.0.2.1:443");
	pol_policy_free(policy);
}

Test(groups, git_reads_the_users_configuration_and_not_the_credentials)
{
	struct pol_policy *policy = group("git", &test_vars);

	allows(policy, "fs.read /home/u/.gitconfig");
	allows(policy, "fs.read /home/u/.config/git/config");
	denies(policy, "fs.read /home/u/.git-credentials");
	denies(policy, "fs.read /home/u/.config/git/credentials");
	denies(policy, "fs.write /home/u/.gitconfig");
	pol_policy_free(policy);
}

Test(groups, secrets_denies_them_even_where_they_are_named)
{
	struct pol_draft *draft = new_draft();
	struct pol_policy *policy;
	struct pol_error error;

	cr_assert_eq(pol_draft_group(draft, "secrets", &error), CD_OK);
	cr_assert_eq(pol_draft_flag(draft, "allow-read", "/home/u/.ssh", &error), CD_OK);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	denies(policy, "fs.read /home/u/.ssh/id");
	pol_policy_free(policy);
	pol_draft_free(draft);
}

Test(groups, every_secret_is_protected_whether_or_not_the_group_is_named)
{
	static const char *const secrets[] = {".ssh/id_rsa",
					      ".gnupg/x",
					      ".aws/credentials",
					      ".kube/config",
					      ".docker/config.json",
					      ".netrc",
					      ".git-credentials",
					      ".npmrc",
					      ".local/share/keyrings/login.keyring",
					      ".mozilla/firefox/x/logins.json",
					      ".config/google-chrome/Default/Cookies",
					      ".config/google-chrome-beta/x",
					      ".bash_history",
					      ".zsh_history",
					      ".python_history",
					      ".bashrc",
					      ".zshrc",
					      ".profile",
					      ".config/fish/config.fish"};
	struct pol_policy *policy = policy_of_flags("allow=fs.*:/**", NULL);

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		char question[128];

		snprintf(question, sizeof(question), "fs.read /home/u/%s", secrets[i]);
		denies(policy, question);
		snprintf(question, sizeof(question), "fs.create /home/u/%s", secrets[i]);
		denies(policy, question);
	}
	allows(policy, "fs.read /home/u/Documents/x");
	allows(policy, "fs.read /home/u/.config/x");
	pol_policy_free(policy);
}

Test(groups, without_a_home_nothing_needs_protecting)
{
	struct pol_draft *draft = pol_draft_new(&(struct pol_vars){.uid = 7});
	struct pol_policy *policy;
	struct pol_error error;

	cr_assert_not_null(draft);
	cr_assert_eq(pol_draft_finish(draft, &policy, &error), CD_OK);
	for (uint32_t i = 0; i < mon_table_protected_count(policy->table); i++)
		cr_assert(strncmp(mon_table_protected(policy->table, i), "/run/user/7/", 12) == 0);
	pol_policy_free(policy);
	pol_draft_free(draft);
}
