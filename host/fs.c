/* What the handlers of the file system protocol share. */
#include "host/fs.h"

#include <errno.h>
#include <fcntl.h>

static struct cd_object path_object(const char *path, size_t len)
{
	return (struct cd_object){.kind = CD_OBJECT_PATH, .text = path, .len = len};
}

int host_decide_path(struct kern_border *border, const struct kern_message *m, uint64_t ops, const char *path,
		     size_t len)
{
	struct cd_object object = path_object(path, len);

	return kern_border_decide(border, m, ops, &object);
}

bool host_would_allow_path(const struct kern_border *border, const struct kern_message *m, uint64_t ops,
			   const char *path, size_t len)
{
	struct cd_object object = path_object(path, len);

	return kern_border_would_allow(border, m, ops, &object);
}

int host_note_absent(struct kern_border *border, const struct kern_message *m, uint64_t ops, const char *path,
		     size_t len, int error)
{
	struct cd_object object = path_object(path, len);

	/* Other errors (ENOTDIR, ELOOP, ENAMETOOLONG) are about the question, not about what the policy withholds. */
	if (len && (error == -ENOENT || error == -EACCES))
		kern_border_note_absent(border, m, ops, &object);
	return error;
}

int host_find(struct kern_border *border, const struct kern_message *m, unsigned flags, uint64_t ops,
	      struct host_object *object)
{
	int error = host_resolve(m, m->dir, m->path, flags, object);

	if (error)
		return host_note_absent(border, m, ops, object->path, object->path_len, error);
	if (object->anonymous)
		return object->own_fd ? 0 : -EACCES;
	return host_decide_path(border, m, ops, object->path, object->path_len);
}

int host_find_target(struct kern_border *border, const struct kern_message *m, unsigned flags, uint64_t ops,
		     struct host_object *object)
{
	int error;

	if (m->has_path)
		return host_find(border, m, flags, ops, object);
	object->fd = -1;
	error = host_resolve_fd(m, m->fd, object);
	if (error || object->anonymous)
		return error;
	return host_decide_path(border, m, ops, object->path, object->path_len);
}
