/* The view, planned. */
#include "cli/view.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "host/limits.h"
#include "host/resolver.h"
#include "lib/buf.h"
#include "refmon/plan.h"

/* What the view holds besides what rules grant. The texts live as long as the process. */
#define OWN_MOUNTS 6
static void add_own_mounts(const char *hostname, struct cd_mount *mounts)
{
	static char users[1024], groups[1024], hosts[512];
	const struct cd_mount own[OWN_MOUNTS] = {
	    {.kind = CD_MOUNT_TEXT, .dest = "/etc/passwd", .from = users},
	    {.kind = CD_MOUNT_TEXT, .dest = "/etc/group", .from = groups},
	    {.kind = CD_MOUNT_TEXT, .dest = "/etc/hosts", .from = hosts},
	    {.kind = CD_MOUNT_TEXT, .dest = "/etc/resolv.conf", .from = host_resolver_conf},
	    {.kind = CD_MOUNT_TEXT, .dest = "/etc/nsswitch.conf", .from = host_resolver_nsswitch},
	    {.kind = CD_MOUNT_DIR, .dest = "/proc"},
	};
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group = getgrgid(getegid());
	struct cd_buf text;

	memcpy(mounts, own, sizeof(own));
	cd_buf_init(&text, hosts, sizeof(hosts));
	host_resolver_hosts(hostname, &text);
	snprintf(users, sizeof(users), "%s:x:%u:%u::%s:%s\n%s", user ? user->pw_name : "user",
		 geteuid(), getegid(), user ? user->pw_dir : "/", user ? user->pw_shell : "/bin/sh",
		 geteuid() == 65534
		     ? ""
		     : "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
	snprintf(groups, sizeof(groups), "%s:x:%u:\n%s", group ? group->gr_name : "user", getegid(),
		 getegid() == 65534 ? "" : "nogroup:x:65534:\n");
}

static bool is_there(const struct pol_view *view)
{
	if (!view->from || access(view->from, F_OK) == 0)
		return true;
	cli_say("%s: %s: cannot show %s: %s", view->source, view->pointer, view->from,
		strerror(errno));
	return false;
}

static struct cd_mount mount_of(const struct pol_view *view, uint64_t size)
{
	static const enum cd_mount_kind kinds[] = {[POL_VIEW_BIND] = CD_MOUNT_BIND,
						   [POL_VIEW_PRIVATE] = CD_MOUNT_TMPFS,
						   [POL_VIEW_COW] = CD_MOUNT_COW};

	return (struct cd_mount){.kind = kinds[view->kind],
				 .dest = view->dest,
				 .from = view->from,
				 .writable = view->writable || view->kind != POL_VIEW_BIND,
				 .size = size};
}

struct cd_plan *cli_plan(const struct pol_policy *policy, const char *hostname)
{
	struct cd_mount *mounts = calloc(policy->view_count + OWN_MOUNTS, sizeof(*mounts));
	struct cd_plan *plan = NULL;
	enum cd_status status = mounts ? CD_OK : CD_ENOMEM;
	/* What is private is memory. Linux would let each have a half of the machine's. */
	uint64_t size = policy->limits.tmp_size ? policy->limits.tmp_size : host_tmp_default();
	bool there = true;

	if (status == CD_OK)
		add_own_mounts(hostname, mounts);
	for (size_t i = 0; status == CD_OK && there && i < policy->view_count; i++) {
		mounts[OWN_MOUNTS + i] = mount_of(&policy->views[i], size);
		there = is_there(&policy->views[i]);
	}
	if (status == CD_OK && there)
		status =
		    mon_plan_make(policy->table, mounts, OWN_MOUNTS + policy->view_count, &plan);
	if (status != CD_OK)
		cli_say("cannot plan the view: %s", cd_status_name(status));
	free(mounts);
	return plan;
}
