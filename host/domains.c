/* The two Landlock domains of a space. */
#include "host/domains.h"

#include <stddef.h>

#include "host/confine.h"

/* No rule is ever added for the network: who is in such a domain connects and binds no TCP socket,
 * wherever it leads. The broker does. */
#define NETWORK (NET_BIND_TCP | NET_CONNECT_TCP)
/* No rule is ever added for them. */
#define MAKE_DEVICES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

/*
 * Not the reading of files: in the view is nothing but what was granted, so that one rule would
 * allow all of it, and Linux would look for that rule at each open. Not truncation either, for the
 * same price: it takes a mount that can be written to.
 */
static enum cd_status make_monitor(struct host_rules *rules, int abi)
{
	const struct host_rights handled = {.files = LANDLOCK_ACCESS_FS_READ_DIR | FILE_WRITE |
						     DIR_WRITE | LANDLOCK_ACCESS_FS_EXECUTE |
						     MAKE_DEVICES | (abi >= 5 ? FS_IOCTL_DEV : 0),
					    .network = NETWORK};

	/* The first one lets nobody under it move a file between directories, and it is the monitor
	 * who moves the program's. */
	return abi < 2 ? CD_OK : host_rules_make(rules, &handled);
}

/*
 * Not truncation, which Linux would look for at each open: natively it takes a descriptor that is
 * open for writing. Nor reading, where the whole view may be read: what Landlock does not know, it
 * does not look for.
 */
static enum cd_status make_program(struct host_rules *rules, int abi, bool reads_all)
{
	struct host_rights handled = {.files = (reads_all ? 0 : FILE_READ) |
					       LANDLOCK_ACCESS_FS_READ_DIR | FILE_WRITE |
					       DIR_WRITE | MAKE_DEVICES,
				      .network = NETWORK};

	if (abi < 2)
		handled.files &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	return abi < 1 ? CD_ENOSUP : host_rules_make(rules, &handled);
}

/* In the domain, if there is one. */
static enum cd_status grant(const struct host_rules *rules, int fd, uint64_t rights)
{
	return rules->fd < 0 ? CD_OK : host_rules_grant(rules, fd, rights);
}

/* The space's own message queues are files, to Landlock. */
static enum cd_status grant_queues(const struct host_domains *domains, int queues)
{
	const uint64_t rights = FILE_READ | FILE_WRITE;
	enum cd_status status;

	if (queues < 0)
		return CD_OK;
	status = grant(&domains->monitor, queues, rights);
	return status == CD_OK ? grant(&domains->program, queues, rights) : status;
}

enum cd_status host_domains_make(struct host_domains *domains, const struct cd_plan *plan,
				 bool settled, int queues)
{
	const int abi = host_landlock_abi();
	enum cd_status status;

	domains->monitor.fd = domains->program.fd = -1;
	status = make_monitor(&domains->monitor, abi);
	if (status == CD_OK && settled)
		status = make_program(&domains->program, abi, plan->reads_all);
	return status == CD_OK ? grant_queues(domains, queues) : status;
}

static uint64_t monitor_rights(const struct cd_mount *mount)
{
	/* As the rule for the whole view says; but Linux need not look further up. */
	uint64_t rights = LANDLOCK_ACCESS_FS_READ_DIR;

	if (!mount->writable && !mount->exec && !mount->dev)
		return 0;
	if (mount->writable)
		rights |= FILE_WRITE | DIR_WRITE;
	if (mount->exec)
		rights |= LANDLOCK_ACCESS_FS_EXECUTE;
	if (mount->dev)
		rights |= FS_IOCTL_DEV;
	return rights;
}

static uint64_t program_rights(const struct cd_mount *mount)
{
	static const struct {
		unsigned native;
		uint64_t rights;
	} table[] = {
	    {CD_NATIVE_READ, FILE_READ},
	    {CD_NATIVE_LIST, LANDLOCK_ACCESS_FS_READ_DIR},
	    {CD_NATIVE_WRITE, FILE_WRITE},
	    {CD_NATIVE_CREATE, LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR},
	    {CD_NATIVE_REMOVE, LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR},
	};
	uint64_t rights = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (mount->native & table[i].native)
			rights |= table[i].rights;
	return rights;
}

enum cd_status host_domains_grant(void *domains, const struct cd_mount *mount, int fd)
{
	const struct host_domains *d = domains;
	enum cd_status status = grant(&d->monitor, fd, monitor_rights(mount));

	return status == CD_OK ? grant(&d->program, fd, program_rights(mount)) : status;
}

enum cd_status host_domains_enter_monitor(struct host_domains *domains, const struct host_fds *fds,
					  int proc)
{
	const uint64_t look = FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR;
	const struct host_rules *rules = &domains->monitor;
	enum cd_status status = CD_OK;

	if (rules->fd < 0)
		return status;
	for (int fd = 0; status == CD_OK && fd <= 2; fd++)
		status = host_rules_grant_inherited(rules, fd);
	for (size_t i = 0; status == CD_OK && fds && i < fds->count; i++)
		status = host_rules_grant_inherited(rules, fds->fd[i]);
	/* Nothing is in the view but what was granted: one rule for reading says as much as one for
	 * each of its mounts. */
	if (status == CD_OK)
		status = host_rules_grant_place(rules, "/", look);
	if (status == CD_OK)
		status = host_rules_grant(rules, proc, look);
	return host_rules_enter(rules, status);
}

enum cd_status host_domains_enter_program(struct host_domains *domains)
{
	return domains->program.fd < 0 ? CD_OK : host_rules_enter(&domains->program, CD_OK);
}
