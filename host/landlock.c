/* Landlock. */
#include "host/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/confine.h"

#define FILE_RIGHTS                                                                                \
	(FILE_READ | FILE_WRITE | LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE | FS_IOCTL_DEV)
#define RULE_NET_PORT 2

enum cd_status host_rules_make(struct host_rules *rules, const struct host_rights *handled)
{
	const int abi = host_landlock_abi();
	size_t size = abi >= 6	 ? sizeof(*handled)
		      : abi >= 4 ? offsetof(struct host_rights, scoped)
				 : sizeof(handled->files);

	rules->files = handled->files;
	rules->fd = (int)syscall(SYS_landlock_create_ruleset, handled, size, 0);
	return rules->fd < 0 ? CD_ESYS : CD_OK;
}

enum cd_status host_rules_grant(const struct host_rules *rules, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights & rules->files,
						  .parent_fd = fd};
	struct stat st;

	if (!rule.allowed_access)
		return CD_OK;
	if (fstat(fd, &st))
		return CD_ESYS;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	if (!rule.allowed_access)
		return CD_OK;
	/* EBADFD: a pipe or socket, which Landlock does not restrict. */
	if (syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) &&
	    errno != EBADFD)
		return CD_ESYS;
	return CD_OK;
}

enum cd_status host_rules_grant_place(const struct host_rules *rules, const char *place,
				      uint64_t rights)
{
	int fd = open(place, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	enum cd_status status;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? CD_OK : CD_ESYS;
	status = host_rules_grant(rules, fd, rights);
	close(fd);
	return status;
}

enum cd_status host_rules_grant_inherited(const struct host_rules *rules, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	uint64_t rights = FS_IOCTL_DEV;

	if (flags < 0)
		return CD_OK;
	if ((flags & 3) != O_WRONLY)
		rights |= FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR;
	if ((flags & 3) != O_RDONLY)
		rights |= FILE_WRITE;
	return host_rules_grant(rules, fd, rights);
}

enum cd_status host_rules_grant_port(const struct host_rules *rules, uint16_t port)
{
	const struct {
		uint64_t rights, port;
	} rule = {NET_CONNECT_TCP, port};

	return syscall(SYS_landlock_add_rule, rules->fd, RULE_NET_PORT, &rule, 0) ? CD_ESYS : CD_OK;
}

enum cd_status host_rules_enter(const struct host_rules *rules, enum cd_status status)
{
	if (status == CD_OK && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
				syscall(SYS_landlock_restrict_self, rules->fd, 0)))
		status = CD_ESYS;
	close(rules->fd);
	return status;
}
