/* Answers that are kept. */
#include "cli/remember.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cordon/limits.h"
#include "lib/files.h"
#include "policy/edit.h"

/* The lines that begin and end alike; what is between them differs. */
static void add_difference(const char *old, const char *new, struct cd_buf *out)
{
	size_t same = 0, old_len = strlen(old), new_len = strlen(new), end = 0;

	while (old[same] && old[same] == new[same])
		same++;
	while (same && old[same - 1] != '\n')
		same--;
	while (end < old_len - same && end < new_len - same &&
	       old[old_len - end - 1] == new[new_len - end - 1])
		end++;
	/* To the beginning of a line that is the same in both. */
	while (end && old[old_len - end - 1] != '\n')
		end--;
	for (int side = 0; side < 2; side++) {
		const char *at = (side ? new : old) + same;
		size_t left = (side ? new_len : old_len) - same - end;

		while (left) {
			size_t n = strcspn(at, "\n"), indent = strspn(at, " ");

			n = n < left ? n : left;
			cd_buf_str(out, side ? "+" : "-");
			indent = indent < n ? indent : n;
			cd_buf_add(out, at, indent); /* as it is, for once */
			cd_buf_visible(out, at + indent, n - indent);
			cd_buf_str(out, "\n");
			n += n < left;
			at += n;
			left -= n;
		}
	}
}

void remember_always(const char *path, enum cd_op op, const struct cd_object *object,
		     struct cd_buf *out)
{
	char pattern[CD_PATH_MAX + 64];
	struct pol_error error;
	struct cd_buf text;
	char *old = NULL, *new = NULL;
	size_t len;

	cd_buf_init(&text, pattern, sizeof(pattern));
	mon_advise_pattern(op, object, &text);
	if (!path || !text.len) {
		cd_buf_str(out,
			   "cordon: this cannot be written into a policy: it holds for this run\n");
		return;
	}
	if (!cd_file_read(path, CD_POLICY_SIZE_MAX, &old, &len)) {
		cd_buf_fmt(out, "cordon: cannot read the policy: %s: it holds for this run\n",
			   strerror(errno));
		return;
	}
	if (pol_amend(path, old, len, "always", op, pattern, &new, &error) != CD_OK) {
		cd_buf_str(out, "cordon: ");
		pol_error_text(&error, out);
		cd_buf_str(out, ": it holds for this run\n");
	} else if (!cd_file_replace(path, new, strlen(new))) {
		cd_buf_fmt(out, "cordon: cannot write the policy: %s: it holds for this run\n",
			   strerror(errno));
	} else {
		cd_buf_str(out, "cordon: ");
		cd_buf_visible(out, path, strlen(path));
		cd_buf_str(out, ":\n");
		add_difference(old, new, out);
	}
	free(old);
	free(new);
}
